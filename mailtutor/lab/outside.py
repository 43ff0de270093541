"""Programs of somebody else's that the lab runs: found, started until they answer, ended.

Each runs under a warden, which ends it when mailtutor does, and in a folder that goes when the last of them has ended:
both wait for the end of a pipe, which comes whether mailtutor ends it or is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mailtutor.errors import MissingExtraError, NetworkError
from mailtutor.lab import warden

LIMIT_S = 30.0
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


def place(path: Path, mode: int, user: str, group: str | int) -> None:
    """A folder for the program that is this user, whatever our umask."""
    path.mkdir(exist_ok=True)
    shutil.chown(path, user, group)
    path.chmod(mode)


class Folder:
    """One that is gone, with all that is in it, once it is let go and no program runs that was started in it."""

    def __init__(self, prefix: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        self._keeper = subprocess.Popen(  # noqa: S603 - a name of our own
            ["/bin/sh", "-c", 'cat; exec rm -rf -- "$1"', "sh", str(self.path)], start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def hold(self) -> int:
        """A descriptor; while a program has it, the folder stays."""
        assert self._keeper.stdin is not None
        return self._keeper.stdin.fileno()

    def let_go(self) -> None:
        """Waits until it is gone, unless a program in it does not end."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(LIMIT_S)


class Program:
    """One that runs from `launch` to `end`, once. name: what it is called. folder: where it runs. log: the file it
    writes what happens into; what it says before it has one goes there, too."""

    def __init__(self, name: str, folder: Folder, log: Path) -> None:
        self.name, self.log = name, log
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._changing = threading.Lock()
        self._is_over = False
        log.touch(mode=0o600)  # it has who writes to whom

    def launch(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Starts it under a warden; not once it was told to end. Raises NetworkError."""
        with self._changing:
            if self._is_over:
                raise self.failed()
            try:
                with self.log.open("ab") as said:
                    self.process = subprocess.Popen(  # noqa: S603 - a program of the system, and names of our own
                        [sys.executable, "-I", "-S", warden.__file__, *command], start_new_session=True,
                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment,
                        pass_fds=[self._folder.hold],
                    )  # fmt: skip
            except OSError as wrong:
                raise self.failed(wrong.strerror or str(wrong)) from wrong

    def end(self) -> None:
        """Ends it and all it has started. From any thread, also while another one starts it."""
        with self._changing:
            self._is_over = True
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self._wait()

    def _wait(self) -> None:
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
