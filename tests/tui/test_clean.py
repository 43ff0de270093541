"""No field of any event is painted raw, in any view; and were one, it would not get as far as the terminal."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from rich.segment import Segment
from textual.color import Color

from mailtutor.trace import events as trace_events
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened
from mailtutor.tui.app import TuiApp
from mailtutor.tui.clean import CleanFilter
from tests.tui.stage import FakeStage, stage, until

EVIL = "\x1b]0;owned\x07\x9b31m\u202e"
CLASSES = sorted(
    {
        kind
        for kind in vars(trace_events).values()
        if isinstance(kind, type) and issubclass(kind, trace_events.Event) and kind is not trace_events.Event
    },
    key=lambda kind: kind.__name__,
)
OTHER_VIEWS = ("ladder", "queue", "meaning", "states", "devices", "mailboxes", "topology")


def filled(kind: Any, **fixed: Any) -> Any:
    """An event whose texts are all hostile."""
    hints = typing.get_type_hints(kind)
    given = {field.name: _value(hints[field.name]) for field in msgspec.structs.fields(kind)}
    return kind(**{**given, **{name: value for name, value in fixed.items() if name in given}})


def _value(hint: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is str:
        return EVIL
    if hint is bytes:
        return EVIL.encode()
    if hint in (int, float, bool):
        return hint(1)
    if origin is tuple:
        return (_value(inner[0]),)
    if origin in (typing.Union, types.UnionType):
        return _value(next(one for one in inner if one is not type(None)))
    assert isinstance(hint, type), f"an event has a field of a kind this test does not know: {hint}"
    assert issubclass(hint, msgspec.Struct), f"an event has a field of a kind this test does not know: {hint}"
    return filled(hint)


def conversation(protocol: str) -> Iterator[AnyEvent]:
    """A connection between hostile hosts, and everything else that can happen."""
    ends = Endpoint(f"c{EVIL}", EVIL, 40000), Endpoint(f"s{EVIL}", EVIL, 2525)
    yield Opened(t=0, at=0, conn=1, protocol=protocol, service=f"x{EVIL}", client=ends[0], server=ends[1])
    yield FromServer(t=1, at=1, conn=1, data=b"220 " + EVIL.encode() + b"\r\n")
    yield FromClient(t=2, at=2, conn=1, data=b"EHLO " + EVIL.encode() + b"\xff\r\n")
    yield FromServer(t=3, at=3, conn=1, data=b"250 " + EVIL.encode() + b"\r\n")
    for kind in CLASSES:
        if kind.__name__ not in ("Opened", "Closed", "FromClient", "FromServer"):
            yield filled(kind, t=4.0, at=4.0, conn=1, protocol=protocol)
    yield FromServer(t=5, at=5, conn=1, data=b"250 " + EVIL.encode() + b"\r\n")


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What widgets painted that had to be taken out."""
    found: list[str] = []
    apply = CleanFilter.apply

    def spy(self: CleanFilter, segments: list[Segment], background: Color) -> list[Segment]:
        clean = apply(self, segments, background)
        found.extend(one.text for one, other in zip(segments, clean, strict=True) if one.text != other.text)
        return clean

    monkeypatch.setattr(CleanFilter, "apply", spy)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("protocol", "language", "size"),
    [("smtp", "en", (80, 24)), ("smtp", "zh", (200, 60)), ("imap", "en", (200, 60)), ("pop3", "zh", (80, 24))],
)
async def test_no_view_paints_a_field_of_an_event_raw(
    raw: list[str], protocol: str, language: str, size: tuple[int, int]
) -> None:
    app = TuiApp(FakeStage(list(conversation(protocol))), "lab")
    async with app.run_test(size=size) as pilot:
        app.language = language
        await until(pilot, lambda: not stage(app).viewpoint.is_behind, "the trace")
        for view in dict.fromkeys((*OTHER_VIEWS, *stage(app).sheets)):
            stage(app).show_view(view)
            await pilot.pause()
            await pilot.press("down", "down", "enter")
        await pilot.press("escape", "escape", "up", "up", "i")
        await pilot.pause()
        assert stage(app).viewpoint.dialogue.connections
    assert raw == []


def test_what_a_widget_forgets_is_taken_out_and_the_rest_stays() -> None:
    segments = [Segment(f"a{EVIL}b"), Segment("bob 用户"), Segment("\x1b[?25l", control=[])]
    clean = CleanFilter().apply(segments, Color(0, 0, 0))
    assert [one.text for one in clean] == ["a]0;owned31mb", "bob 用户", "[?25l"]
