"""The log and its file form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import MailtutorError
from mailtutor.trace.codec import decode, dump, encode, load
from mailtutor.trace.events import AnyEvent, Appended, FromClient, FromServer
from mailtutor.trace.log import Log


def _said(text: bytes, t: float = 1.0) -> FromClient:
    return FromClient(t=t, at=t, conn=1, data=text)


def test_events_are_numbered_as_they_come_and_subscribers_hear_of_them() -> None:
    log = Log()
    heard: list[int] = []
    end = log.subscribe(lambda n, _: heard.append(n))
    assert [log.append(_said(b"x")) for _ in range(3)] == [0, 1, 2]
    end()
    log.append(_said(b"y"))
    assert heard == [0, 1, 2]
    assert len(log.since(2)) == 2
    assert log.since(1, 3) == [_said(b"x"), _said(b"x")]


def test_a_subscriber_may_ask_for_a_pause_until_it_leaves() -> None:
    log = Log()
    waiting: list[AnyEvent] = []
    end = log.subscribe(lambda _, event: waiting.append(event), lambda conn: conn == 1 and len(waiting) > 1)
    log.subscribe(lambda _, __: None)
    assert not log.is_behind(1)
    for _ in range(2):
        log.append(_said(b"x"))
    assert log.is_behind(1)
    assert not log.is_behind(2)
    end()
    assert not log.is_behind(1)


def test_a_full_log_drops_the_oldest_and_keeps_its_numbers() -> None:
    log = Log(keep_bytes=100_000)
    for number in range(1000):
        log.append(_said(b"%04d" % number * 100))
    assert len(log) == 1000
    assert log.first > 700
    assert log[999] == _said(b"0999" * 100)
    assert log.since(0)[0] == log[log.first]
    with pytest.raises(IndexError):
        log[0]


@given(st.binary(max_size=100), st.booleans())
def test_bytes_come_back_as_they_were(data: bytes, client: bool) -> None:
    event: AnyEvent = (FromClient if client else FromServer)(t=1.5, at=2.5, conn=3, data=data)
    assert decode(encode(event)) == event


def test_a_trace_is_read_back_whole() -> None:
    events: list[AnyEvent] = [
        _said("泡菜\r\n".encode()),
        Appended(t=1, at=2, host="h", user="u", mailbox="INBOX", uid=1, size=2, flags=("\\Seen",)),
    ]
    assert load(dump(events)) == events


def test_a_cut_last_line_is_dropped_and_a_broken_one_is_named() -> None:
    lines = list(dump([_said(b"a"), _said(b"b")]))
    assert load([*lines[:2], lines[2][:10]]) == [_said(b"a")]
    with pytest.raises(MailtutorError, match=r"x\.jsonl, line 2"):
        load([lines[0], b'{"event":"nonsense"}\n', lines[2]], "x.jsonl")


@pytest.mark.parametrize("head", [b"hello\n", b"{}\n", b'{"format":"mailtutor-trace","version":99}\n'])
def test_a_file_of_another_kind_or_a_newer_one_is_refused(head: bytes) -> None:
    with pytest.raises(MailtutorError):
        load([head])
