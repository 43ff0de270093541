"""Programs of somebody else's that the lab runs: found, started until they answer, ended by their id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from mailtutor.errors import MissingExtraError, NetworkError

LIMIT_S = 20.0
_LOOK_S = 0.05
# Debian keeps some out of everybody's PATH.
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin"
# Lines of what a program wrote down that are told where it failed.
_TOLD = 3


def program(name: str) -> str:
    """Where it is. Raises MissingExtraError."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_PLACES}")
    if found is None:
        raise MissingExtraError(
            "{name} is not installed; on Debian: apt-get install postfix dovecot-imapd dovecot-pop3d",
            "error.receiver.missing", name=name,
        )  # fmt: skip
    return found


def check_permitted() -> None:
    """Raises MissingExtraError where real servers cannot be run."""
    if sys.platform != "linux":
        raise MissingExtraError("real servers run in the lab on Linux only", "error.receiver.system")
    for name in ("postfix", "dovecot"):
        program(name)
    if os.geteuid() != 0:
        raise MissingExtraError(
            "Postfix starts for root alone; run this with sudo, or without --receiver", "error.receiver.root"
        )


def obstacle() -> MissingExtraError | None:
    """Why real servers cannot be run here; None where they can."""
    try:
        check_permitted()
    except MissingExtraError as missing:
        return missing
    return None


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class Program:
    """One that runs until `end`. name: what it is called. log: the file it writes what happens into."""

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        """Ends it and all it has started."""
        raise NotImplementedError

    def wait(self) -> None:
        """Until it has ended; who does not is killed."""
        assert self.process is not None
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def failed(self, why: str = "") -> NetworkError:
        """What it has written down at last."""
        if not why and self.log.is_file():
            why = self.log.read_text(errors="replace")
        told = " | ".join(why.strip().splitlines()[-_TOLD:]) or "?"
        return NetworkError("{name} did not start ({why})", "error.receiver.failed", name=self.name, why=told)


def wait_until_it_answers(started: Program, port: int = 0) -> None:
    """Another program tells nobody when it is ready, so it is called. Raises NetworkError."""
    assert started.process is not None
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port or started.port), timeout=1).close()
        except OSError as wrong:
            if started.process.poll() is not None or time.monotonic() > end:
                raise started.failed() from wrong
            time.sleep(_LOOK_S)
        else:
            return
