"""Files as other programs leave them: with a mark of UTF-8 in front, or captured packets."""

from __future__ import annotations

from pathlib import Path

from mailtutor.store.files import read_events
from mailtutor.trace.codec import dump
from mailtutor.trace.events import FromServer


def test_a_trace_may_have_a_mark_of_utf_8_in_front(tmp_path: Path) -> None:
    events = [FromServer(t=1, at=1, conn=1, data=b"220 hi\r\n")]
    path = tmp_path / "windows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(dump(events)))
    assert read_events(path) == events


def test_a_dialogue_may_have_one_too(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbf# protocol: smtp\nS: 220 hi\n")
    assert any(isinstance(event, FromServer) for event in read_events(path))
