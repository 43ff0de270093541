"""A text and a file of the student's own as messages: the standard library reads them back."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.anatomy import open_message
from mailtutor.message.specimen import encoded_words, of_file, of_text

AT = 1_772_000_000.0
TEXT = "你好，鲍勃！\n六点吃饭。"


def parts(raw: bytes) -> list[EmailMessage]:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return [one for one in message.iter_parts() if isinstance(one, EmailMessage)]


def test_the_text_is_there_once_for_each_way_and_what_cannot_hold_it_is_named() -> None:
    own = of_text(TEXT, AT)
    *texts, file = parts(own.raw)
    ways = [(one.get_content_charset(), one["Content-Transfer-Encoding"]) for one in texts]
    assert ways == [
        ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("utf-8", "8bit"), ("gbk", "base64"),
        ("gbk", "quoted-printable"), ("gb18030", "base64"),
    ]  # fmt: skip
    assert {one.get_content().strip().replace("\r\n", "\n") for one in texts} == {TEXT}
    assert own.missing == (("big5", "鲍"), ("iso-8859-1", "你"))
    assert file.get_filename() == "你好，鲍勃！ 六点吃饭。.txt"
    assert file.get_content() == TEXT.encode()
    assert email.message_from_bytes(own.raw, policy=default)["Subject"] == "你好，鲍勃！ 六点吃饭。"


def test_western_and_traditional_texts_have_sets_of_their_own() -> None:
    assert of_text("Crêpes", AT).missing == (("big5", "ê"),)
    assert of_text("鮑勃你好", AT).missing == (("iso-8859-1", "鮑"),)


def test_nothing_is_wrong_with_it_but_what_its_ways_are_known_for() -> None:
    assert {defect.key for _, defect in open_message(of_text(TEXT, AT).raw).defects} == set()


def test_a_file_comes_back_from_both_encodings() -> None:
    content = bytes(range(256)) + b"\r\n= end"
    first, second = parts(of_file("名字 a.bin", content, AT).raw)
    assert first.get_content() == content
    assert second.get_payload(decode=True) == content
    assert first.get_filename() == "名字 a.bin"


@given(st.text(max_size=200))
def test_no_text_makes_a_field_or_a_part_of_its_own(text: str) -> None:
    sound = text.encode("utf-8", "ignore").decode()
    anatomy = open_message(of_text(sound, AT).raw)
    names = [field.name for field in anatomy.root.part.header.fields]
    assert names == [b"from", b"to", b"subject", b"date", b"mime-version", b"content-type"]
    kinds = {node.type for node in anatomy.nodes}
    assert kinds <= {"multipart/mixed", "text/plain", "application/octet-stream"}
    for line in encoded_words(sound).splitlines():
        assert len(line) < 999
        assert line.isprintable()
