"""The program on a pseudo-terminal that is its controlling one: what it writes, and how it takes keys, sizes and
signals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

LIMIT_S = 30.0


class Terminal:
    """A context manager around `mailtutor ARGUMENTS`; written: all it has written so far."""

    def __init__(self, home: Path, *arguments: str, size: tuple[int, int] = (80, 24)) -> None:
        self._ours, theirs = pty.openpty()
        self._resize(*size)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailtutor", *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), start_new_session=True,
            env={
                **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
                "MAILTUTOR_HOME": str(home), "MAILTUTOR_LANG": "en", "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
            },
        )  # fmt: skip
        self.modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.written = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        for end in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(end)

    def press(self, keys: bytes) -> None:
        """Types."""
        os.write(self._ours, keys)

    def resize(self, columns: int, lines: int) -> None:
        """Another size; the kernel says so to the program."""
        self._resize(columns, lines)

    def _resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, is_so: Callable[[bytes], bool], what: str) -> bytes:
        """Reads until what came since the call makes `is_so` true; gives it. Fails by naming it."""
        start, end = len(self.written), time.monotonic() + LIMIT_S
        while not is_so(self.written[start:]):
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"never happened: {what}; the last was {self.written[-300:]!r}")
            self.written += os.read(self._ours, 65536)
        return self.written[start:]

    def text(self, mark: str) -> bytes:
        """Reads until this stands on the screen."""
        return self.until(lambda seen: mark.encode() in seen, mark)

    def ended(self) -> int:
        """Reads to the end; gives the exit code."""
        while self.process.poll() is None:
            ready, _, _ = select.select([self._ours], [], [], 0.1)
            if ready:
                self.written += os.read(self._ours, 65536)
        while select.select([self._ours], [], [], 0)[0]:
            self.written += os.read(self._ours, 65536)
        return self.process.wait(LIMIT_S)

    def modes_now(self) -> list[object]:
        """How the terminal is set."""
        return termios.tcgetattr(self._theirs)
