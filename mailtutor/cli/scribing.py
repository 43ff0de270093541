"""Run by `store.elsewhere` in a process of its own: writes the events that come on standard input to a descriptor, as
lines of JSON (`json`) or as people read them (`text`). `secrets` leaves passwords in."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence

import msgspec

from mailtutor.cli.lines import Lines
from mailtutor.store.elsewhere import Status, write_down
from mailtutor.store.scribe import Missed, Told
from mailtutor.trace.codec import encode_lines

# How much this makes way for whoever speaks (nice(1)).
_MAKES_WAY = 10
# It ends when its input does; and who writes to a terminal in front of another program is not to be stopped.
_DEAF_TO = (signal.SIGINT, signal.SIGHUP, signal.SIGTTOU)


def main(out: str, form: str, *more: str) -> None:
    """Writes until standard input ends. out: the descriptor's number."""
    with contextlib.suppress(OSError):
        os.nice(_MAKES_WAY)
    for name in _DEAF_TO:
        signal.signal(name, signal.SIG_IGN)
    gc.freeze()
    encode, status = msgspec.json.Encoder().encode, sys.stdout.buffer

    def tell(what: Status) -> None:
        status.write(encode(what) + b"\n")
        status.flush()

    hand_out = _as_json(int(out)) if form == "json" else _as_text(int(out))
    # Who started us may be gone.
    with contextlib.suppress(BrokenPipeError):
        write_down(sys.stdin.buffer, tell, hand_out, secrets="secrets" in more)


def _as_json(out: int) -> Callable[[Sequence[Told]], None]:
    def write(told: Sequence[Told]) -> None:
        lines = encode_lines(told)
        while lines:
            lines = lines[os.write(out, lines) :]

    return write


def _as_text(out: int) -> Callable[[Sequence[Told]], None]:
    lines = Lines(open(out, "w", encoding="utf-8", errors="replace"))  # noqa: SIM115 - to the end

    def write(told: Sequence[Told]) -> None:
        lines.tell([event for event in told if not isinstance(event, Missed)])

    return write


if __name__ == "__main__":
    main(*sys.argv[1:])
