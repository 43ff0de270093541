"""Files as other programs leave them: with a mark of UTF-8 in front, or captured packets."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.store.files import read_events
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell
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


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        ("a1b2c3d4", "pcap"), ("d4c3b2a1", "pcap"), ("a1b23c4d", "pcap"), ("4d3cb2a1", "pcap"), ("0a0d0d0a", "pcapng"),
    ],
)  # fmt: skip
def test_of_captured_packets_it_is_said_that_they_cannot_be_opened_yet(tmp_path: Path, magic: str, kind: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes.fromhex(magic) + bytes(20))
    with pytest.raises(MailtutorError, match=rf"x is a capture \({kind}\)") as raised:
        read_events(path)
    assert "抓包文件" in tell(raised.value, words("zh"))
