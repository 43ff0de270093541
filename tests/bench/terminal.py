"""A program on a pseudo-terminal, as a person would start it: what it writes, and when."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType


class Terminal:
    """A context manager; the program is ended on leaving it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int = 120, lines: int = 40
    ) -> None:
        self.started = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], list(command), {**os.environ, **environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        until = time.perf_counter() + 5
        while time.perf_counter() < until and self.read(0.1) is not None:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)

    def read(self, wait_s: float) -> bytes | None:
        """What came within that time; None once the program has ended."""
        ready, _, _ = select.select([self._fd], [], [], wait_s)
        if not ready:
            return b""
        try:
            return os.read(self._fd, 65536) or None
        except OSError:
            return None

    def write(self, keys: bytes) -> None:
        """Presses keys."""
        os.write(self._fd, keys)

    def until(self, mark: bytes, limit_s: float = 20) -> float:
        """Seconds from the start until `mark` was on the screen. Raises TimeoutError."""
        seen = b""
        while time.perf_counter() - self.started < limit_s:
            data = self.read(0.05)
            if data is None:
                break
            seen += data
            if mark in seen:
                return time.perf_counter() - self.started
        raise TimeoutError(f"{mark!r} never came; the last was {seen[-200:]!r}")
