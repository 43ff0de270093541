"""Between the lab and a server it runs: `python warden.py COMMAND…` runs it for as long as somebody holds our standard
input open.

However mailtutor ends, killed too, the kernel closes what it held; so no server outlives it. A program of its own, in
a session of its own: what ends mailtutor does not end this. It imports the standard library alone, to start at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

# Seconds a server that was told to end may take.
_LIMIT_S = 10.0


def main(command: Sequence[str]) -> int:
    """Runs it until standard input ends or it does; gives its exit code. What it has started ends with it."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the lab's
    threading.Thread(target=_end_with_our_holder, args=(server,), daemon=True).start()
    code = server.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    return code


def _end_with_our_holder(server: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1):
        pass
    server.terminate()
    try:
        server.wait(_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
