"""A trace as JSON lines can be read by people and programs, and does nothing to the terminal it is printed on."""

from __future__ import annotations

import msgspec
import pytest

from mailtutor.errors import MailtutorError
from mailtutor.trace.codec import decode, encode, printable
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
