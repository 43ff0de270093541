"""No field that composes a message makes another field, another part or another recipient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.anatomy import open_message
from mailtutor.message.compose import Attachment, compose

HARMLESS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}
# Whatever ends a line, in ASCII or beyond it, and then a field.
ENDS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r\n\r\n", "\0")
FIELDS = ("sender", "recipient", "subject", "message_id", "body", "attachment")


def composed(**given: str) -> bytes:
    told = {
        "sender": "alice@crepes.fr", "recipient": "bob@hamburger.edu", "subject": "Hi", "message_id": "1@crepes.fr",
        "body": "Hello", "attachment": "a.txt", **given,
    }  # fmt: skip
    return compose(
        sender=told["sender"], recipients=[told["recipient"]], subject=told["subject"], body=told["body"],
        message_id=told["message_id"], at=1_772_000_000.0, attachments=[Attachment(told["attachment"], b"x")],
    )  # fmt: skip


def check(raw: bytes) -> None:
    anatomy = open_message(raw)
    names = [field.name.decode() for field in anatomy.root.part.header.fields]
    assert set(names) <= HARMLESS
    assert len(names) == len(set(names))
    # The third is what its file name says that it is.
    assert [node.type for node in anatomy.nodes[:2]] == ["multipart/mixed", "text/plain"]
    assert [node.depth for node in anatomy.nodes] == [0, 1, 1]
    for node in anatomy.nodes[1:]:
        inner = {field.name.decode() for field in node.part.header.fields}
        assert inner <= {"content-type", "content-transfer-encoding", "content-disposition", "mime-version"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_line_end_in_a_field_makes_no_field(field: str, end: str) -> None:
    try:
        raw = composed(**{field: f"a{end}Bcc: eve@example.com{end}{end}--===\r\nContent-Type: text/html"})
    except ValueError:
        assert field != "body"
        return
    check(raw)


@given(
    st.sampled_from([one for one in FIELDS if one != "message_id"]),  # that one is never a person's
    st.text(st.one_of(st.sampled_from("\r\n\t =?:;\"'<>@,()\\"), st.characters()), max_size=40),
)
def test_no_text_makes_a_field(field: str, text: str) -> None:
    try:
        raw = composed(**{field: text})
    except (ValueError, UnicodeEncodeError):
        return
    check(raw)
