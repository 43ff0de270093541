"""A recording in a process of its own: what is said is passed on by one processor while another writes down what was
said, and where there is only one, the wire comes first.

Here are both ends. Events go to the other process as frames, and it says of each when it is done, so that a recording
that is behind holds up whoever fills it, as in recording.py. It ends when its frames do: a killed program leaves all
that it has handed on.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

import mailtutor
from mailtutor.errors import Sentence
from mailtutor.store.recording import CLOSE_LIMIT_S, Follower
from mailtutor.store.scribe import Scribe, Told
from mailtutor.trace.log import Log

# Of a frame: its octets, and those of the events in it as they are counted.
_HEAD = struct.Struct("<IQ")
# Seconds a process that is gone may take to have said why.
_LAST_WORDS_S = 2.0


class Status(msgspec.Struct, array_like=True):
    """What the other process says, a line each time. written: octets of events that are done with now. hidden: events
    that it has not told (`Scribe.hidden`). errno, why: what kept it from writing on. is_over: that this is the last."""

    written: int = 0
    hidden: int = 0
    errno: int = 0
    why: str = ""
    is_over: bool = False


class Elsewhere(Follower):
    """Follows a log for a process that `write_down`s it. module: of ours, which the process runs with the number of the
    descriptor `out` and then `arguments`. Raises OSError where it cannot be started."""

    def __init__(self, log: Log, module: str, out: int, *arguments: str) -> None:
        self._process = _started(module, out, arguments)
        assert self._process.stdin is not None
        self._frames = self._process.stdin
        self._encode = msgspec.msgpack.Encoder().encode
        self._status = Status()
        self._hears = threading.Thread(target=self._hear, name="mailtutor recording's end", daemon=True)
        super().__init__(log)

    @property
    def _hidden(self) -> int:
        return self._status.hidden

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """As of any: what is not written in time is given up, and the process with it."""
        super().close(limit_s)
        if self._abandoned:
            self._process.kill()
            self._thread.join(_LAST_WORDS_S)
        self._hears.join(_LAST_WORDS_S)
        with contextlib.suppress(OSError):  # what it did not take
            self._frames.close()

    def _run(self) -> None:
        self._hears.start()
        super()._run()

    def _hand_on(self, events: list[Told], cost: int) -> None:
        frame = self._encode(events)
        try:
            self._frames.write(_HEAD.pack(len(frame), cost) + frame)
            self._frames.flush()
        except BrokenPipeError:
            self._hears.join(_LAST_WORDS_S)  # it has said why
            if self.failed is None:
                raise

    def _finish(self) -> None:
        try:
            self._frames.close()
        finally:
            self._hears.join()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        decode = msgspec.json.Decoder(Status).decode
        with self._process.stdout as lines:
            for line in lines:
                self._status = said = decode(line)
                if said.why:
                    self.failed = self.failed or OSError(said.errno, said.why)
                self._written += said.written
        self._process.wait()
        if not self._status.is_over:
            self.failed = self.failed or Sentence("the program that writes it has ended", "error.trace.writer_ended")


def _started(module: str, out: int, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    home = str(Path(mailtutor.__file__).parent.parent)
    # By a number of its own: the process's standard output is ours to hear.
    passed = os.dup(out)
    try:
        # Not from the folder we happen to be in (-P), and nothing typed to end us ends it.
        return subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-P", "-m", module, str(passed), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(passed,), process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))},
        )  # fmt: skip
    finally:
        os.close(passed)


def write_down(
    frames: IO[bytes], tell: Callable[[Status], object], hand_out: Callable[[Sequence[Told]], object], *, secrets: bool
) -> None:
    """The other end. hand_out: does with what may leave what is to be done; may raise OSError."""
    scribe, decode = Scribe(secrets=secrets), msgspec.msgpack.Decoder(list[Told]).decode
    try:
        while len(head := frames.read(_HEAD.size)) == _HEAD.size:
            size, cost = _HEAD.unpack(head)
            frame = frames.read(size)
            if len(frame) < size:
                break  # who sent it was killed
            hand_out(scribe.take(decode(frame)))
            tell(Status(cost, scribe.hidden))
        hand_out(scribe.finish())
        tell(Status(hidden=scribe.hidden, is_over=True))
    except OSError as wrong:
        tell(Status(hidden=scribe.hidden, errno=wrong.errno or 0, why=wrong.strerror or str(wrong), is_over=True))
