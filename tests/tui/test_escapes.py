"""Nothing that comes off a wire or out of a file is obeyed by the terminal.

A trace is hostile in every field it has; the program shows it in a real terminal, view by view. What it writes is taken
apart: every escape sequence must be of a shape that the program needs by itself, and none of the hostile bytes may be
among what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

from mailtutor.reading.visible import visible
from mailtutor.trace.codec import dump
from mailtutor.trace.events import (
    AnyEvent,
    Appended,
    Attempted,
    Bounced,
    Closed,
    Endpoint,
    FaultSwitched,
    FromClient,
    FromServer,
    Opened,
    Queued,
    TlsBegun,
    TlsFailed,
)
from tests.tui.terminal import Terminal

_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?P<private>[<-?]?)[0-9;:]*(?P<between>[ -/]*)(?P<final>[@-~])"
    rb"|\](?P<command>[0-9]+);[^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|(?P<short>[=>78]|[()][0-9A-B]))"
)
# What Textual says to a terminal: colours and styles, cursor, clearing, modes, questions about the terminal.
_FINALS = frozenset(b"mHJKhlpctqu")
# The pointer's shape. Titles (0, 2), links (8) and clipboards (52) are not touched here.
_COMMANDS = frozenset({"OSC 22"})

EVIL = (
    "\x1b]0;owned\x07", "\x1b]52;c;b3duZWQ=\x07", "\x1b[31mred", "\x1b[2J\x1b[H", "\x9b31m", "\x9d0;owned\x9c", "\x1bc",
    "\x1bP$q\x1b\\", "\x07\x08\x0b\x0e\x0f\x7f\x00", "‮evil⁦‏", "​‍﻿⁠", "[@click=app.quit]x[/]", "[bold red]x[/bold red]",
    "e\u0301\u0301\u0301", "用户" * 40, "a\rb", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
)  # fmt: skip
_NEVER = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x80-\x9f]")


def hostile() -> Iterator[AnyEvent]:
    """Every kind of event, every field of text as bad as it can be."""
    for conn, evil in enumerate(EVIL, 1):
        end = Endpoint(f"h{evil}", "127.0.0.2", 40000), Endpoint(f"s{evil}", "127.0.0.3", 2525)
        yield Opened(t=conn, at=0, conn=conn, protocol="smtp", service="smtp", client=end[0], server=end[1])
        raw = evil.encode("utf-8", "surrogatepass")
        yield FromServer(t=conn, at=0, conn=conn, data=b"220 " + raw + b"\r\n")
        yield FromClient(
            t=conn, at=0, conn=conn, data=b"EHLO " + raw + b"\r\n" + raw + b"\n" + "用户".encode("gbk") + b"\r\n"
        )
        yield FromServer(t=conn, at=0, conn=conn, data=b"250 " + b"\xff\xfe\x80\x9b" + raw + b"\r\n")
        yield Queued(
            t=conn, at=0, host=f"s{evil}", queue_id=f"Q{evil}", sender=evil, recipients=(evil,), size=1, subject=evil
        )
        yield Attempted(
            t=conn, at=0, host=f"s{evil}", queue_id=f"Q{evil}", recipient=evil, to_host=evil, outcome="deferred",
            reply=evil, attempt=1, next_try_s=5,
        )  # fmt: skip
        yield Bounced(t=conn, at=0, host=f"s{evil}", queue_id=f"Q{evil}", recipient=evil, reason=evil)
        yield Appended(
            t=conn, at=0, host=f"s{evil}", user=evil, mailbox=evil, uid=1, size=3, sender=evil, subject=evil,
            flags=(evil,),
        )  # fmt: skip
        yield FaultSwitched(t=conn, at=0, host=f"s{evil}", fault="down", on=True, detail=evil)
        if conn % 2:
            yield TlsBegun(t=conn, at=0, conn=conn, version=evil, cipher=evil)
        else:
            yield TlsFailed(t=conn, at=0, conn=conn, why=evil)
        yield Closed(t=conn, at=0, conn=conn, by="client")
    yield FromClient(t=99, at=0, conn=1, data=b"\x1b[31m" * 200_000 + b"\r\n")


def taken_apart(written: bytes) -> tuple[set[str], str]:
    """The shapes of all escape sequences, and the text between them."""
    shapes = set()
    for found in _SEQUENCE.finditer(written):
        if found["final"] is not None:
            shapes.add((found["private"] + found["between"] + found["final"]).decode())
        elif found["command"] is not None:
            shapes.add(f"OSC {found['command'].decode()}")
    return shapes, _SEQUENCE.sub(b"", written).decode()


@pytest.mark.slow
def test_a_terminal_obeys_nothing_that_a_hostile_trace_says(tmp_path: Path) -> None:
    trace = tmp_path / "hostile.jsonl"
    trace.write_bytes(b"".join(dump(hostile())))
    with Terminal(tmp_path, "replay", str(trace), "--step", size=(120, 36)) as terminal:
        terminal.text("replay")
        terminal.press(b"g")
        terminal.text("live")
        for key in (b"q", b"m", b"l", b"S", b"?", b"b", b"e", b"'"):
            terminal.press(key)
            terminal.until(lambda seen: len(seen) > 200, "a view")
        terminal.press(b"\x1b")
        for _ in range(len(EVIL)):
            terminal.press(b"[")
        terminal.press(b"\x1b[A\x1b[A\x1b[A")
        terminal.until(lambda seen: len(seen) > 200, "another line")
        terminal.press(b"q")
        terminal.until(lambda _: b"owned" in terminal.written, "what the trace says")
        terminal.press(b"\x11")
        assert terminal.ended() == 0
    shapes, text = taken_apart(terminal.written)
    assert {shape[-1] for shape in shapes if not shape.startswith("OSC")} <= {chr(final) for final in _FINALS}
    assert {shape for shape in shapes if shape.startswith("OSC")} <= _COMMANDS
    assert "\x1b" not in text
    assert set(re.findall("[\x00-\x1f\x7f]", text)) <= {"\r", "\n"}
    assert not _NEVER.findall(text)
    assert "owned" in text  # it was there to be seen


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_what_is_made_visible_holds_nothing_a_terminal_obeys(data: bytes | str) -> None:
    shown = visible(data)
    assert not re.search("[\x00-\x1f\x7f]", shown)
    assert not _NEVER.findall(shown)
