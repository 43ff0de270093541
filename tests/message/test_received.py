"""What a server writes on top of a message."""

from __future__ import annotations

import pytest

from mailtutor.message.received import completed

DATE, MESSAGE_ID = b"Date: Thu, 01 Jan 1970 00:00:07 +0000\r\n", b"Message-ID: <7-1-1@crepes.fr>\r\n"
BODY = b"\r\nhi\r\n"


@pytest.mark.parametrize(
    ("content", "added"),
    [
        (b"From: alice@crepes.fr\r\n" + BODY, DATE + MESSAGE_ID),
        (b"dAtE: x\r\n" + BODY, MESSAGE_ID),
        (b"message-id: <x@y>\r\n" + BODY, DATE),
        (b"Date: x\r\nMessage-Id: <x@y>\r\n" + BODY, b""),
        (b"Subject: x\r\n\r\nDate: in the text\r\n", DATE + MESSAGE_ID),
        (BODY, DATE + MESSAGE_ID),
        (b"", DATE + MESSAGE_ID),
        (b"hi\r\n", DATE + MESSAGE_ID + b"\r\n"),
    ],
)
def test_a_message_handed_in_gets_what_it_lacks_on_top(content: bytes, added: bytes) -> None:
    assert completed(content, message_id="7-1-1@crepes.fr", at=7.5) == added + content
