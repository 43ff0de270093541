"""A trace as JSON lines can be read by people and programs, and does nothing to the terminal it is printed on."""

from __future__ import annotations

import msgspec
import pytest

from mailtutor.errors import MailtutorError
from mailtutor.trace.codec import decode, encode, load, printable
from mailtutor.trace.events import Bounced, FromServer

ODD = "a\x1b[31m\x7f \x9b31m \u202eevil\u2066 \u200b \ufeff \U000e0041 \u2028 b"


@pytest.mark.parametrize(
    "event",
    [
        FromServer(t=1, at=2, conn=3, data=ODD.encode()),
        FromServer(t=1, at=2, conn=3, data=b"\xff\x00"),
        Bounced(t=1, at=2, host=ODD, queue_id="q", recipient="鲍勃@hamburger.edu", reason=ODD),
    ],
)
def test_what_a_terminal_would_obey_is_escaped_and_comes_back(event: FromServer | Bounced) -> None:
    line = encode(event)
    assert line.decode().isprintable()
    assert decode(line) == event


def test_letters_of_every_script_stay_letters() -> None:
    assert printable('{"a":"鲍勃 é 🙂"}'.encode()) == '{"a":"鲍勃 é 🙂"}'.encode()
    assert msgspec.json.decode(printable(msgspec.json.encode(ODD))) == ODD


def test_a_line_nested_beyond_reason_is_no_event() -> None:
    with pytest.raises(MailtutorError, match="not a trace event"):
        decode(b'{"event":' + b"[" * 100_000)


@pytest.mark.parametrize("head", [b'{"a":' + b"[" * 100_000 + b"\n", b'{"format":"mailtutor-trace\xff","version":1}\n'])
def test_a_first_line_that_cannot_be_read_is_named_as_any_other(head: bytes) -> None:
    with pytest.raises(MailtutorError, match=r"x\.jsonl, line 1: this is not a trace event"):
        load([head], "x.jsonl")


@pytest.mark.parametrize("t", ['"inf"', '"nan"', '"1"', "1e999", "true", "null", "1" + "0" * 400])
@pytest.mark.parametrize(
    "line",
    [
        '{"event":"client","t":%s,"at":1,"conn":1,"data":"x"}',
        '{"t":1,"event":"client","at":%s,"conn":1,"data":"x"}',
        '{"event":"tampered","t":%s,"at":1,"conn":1,"source":"client","was":"x","became":"y"}',
        '{"t":%s,"at":1,"conn":1,"event":"server","data":"x"}',
    ],
)
def test_a_time_that_is_no_number_is_refused_in_whatever_order_the_keys_stand(line: str, t: str) -> None:
    with pytest.raises(MailtutorError, match="not a trace event"):
        decode((line % t).encode())


def test_keys_in_another_order_are_the_same_event() -> None:
    assert decode(b'{"data":"x","conn":3,"at":2,"t":1.5,"event":"server"}') == FromServer(
        t=1.5, at=2, conn=3, data=b"x"
    )


@pytest.mark.parametrize("conn", ['"1"', "true", "1e999"])
def test_nor_is_a_connection_that_is_no_number_taken(conn: str) -> None:
    with pytest.raises(MailtutorError, match="not a trace event"):
        decode(b'{"t":1,"at":1,"event":"server","data":"x","conn":' + conn.encode() + b"}")
