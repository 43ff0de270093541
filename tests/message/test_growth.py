"""A message grown by one MIME field at a time: the standard library reads in each stage what we read."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from mailtutor.message.anatomy import open_message
from mailtutor.message.encodings import decode_words
from mailtutor.message.growth import FIELDS, Seed, fields, grown, picture_seed, stage_of, subject, text_seed
from mailtutor.reading.growth import our_picture, seen, seen_told
from mailtutor.text.catalogue import words
from tests.message.media import bottle

TEXT = "你好，Bob!"


def stage(seed: Seed, number: int) -> bytes:
    return grown(
        seed, number, sender="alice@crepes.fr", recipients=["bob@hamburger.edu"], at=1_772_000_000.0,
        unique="7@crepes.fr",
    )  # fmt: skip


@pytest.mark.parametrize("seed", [text_seed(TEXT), picture_seed(bottle())], ids=["text", "picture"])
def test_each_stage_has_one_field_more_and_the_same_body(seed: Seed) -> None:
    bodies = set()
    for number in range(len(FIELDS)):
        raw = stage(seed, number)
        header, _, body = raw.partition(b"\r\n\r\n")
        bodies.add(body)
        lines = header.decode().split("\r\n")
        assert lines[5:] == list(fields(seed, "7@crepes.fr")[1 : number + 1])
        assert [line.partition(":")[0].lower() for line in lines[5:]] == list(FIELDS[1 : number + 1])
        assert stage_of(decode_words(lines[2].removeprefix("Subject: ").encode())) == (seed.kind, number)
    assert len(bodies) == 1


def test_what_a_receiver_makes_of_a_text() -> None:
    made = [seen(stage(text_seed(TEXT), number)) for number in range(len(FIELDS))]
    assert [one.key for one in made] == ["encoded", "encoded", "rubbish", "text", "text", "text"]
    assert (made[0].sample, made[3].sample) == ("5L2g5aW977yMQm9iIQ==", TEXT)
    assert [len(one.named) for one in made] == [0, 0, 0, 0, 1, 2]
    assert "5L2g5aW977yMQm9iIQ==" in seen_told(made[0], words("en"))
    assert "<text-7@crepes.fr>" in seen_told(made[5], words("zh"))


def test_what_a_receiver_makes_of_a_picture() -> None:
    made = [seen(stage(our_picture(), number)) for number in range(len(FIELDS))]
    assert [one.key for one in made] == ["encoded", "encoded", "rubbish", "picture", "picture", "picture"]
    assert made[3].picture is not None
    assert (made[3].picture.width, made[3].picture.height) == (24, 20)
    assert seen(stage(picture_seed(b"no picture"), 3)).key == "nothing"


def test_the_standard_library_reads_the_same() -> None:
    for number in range(len(FIELDS)):
        raw = stage(text_seed(TEXT), number)
        theirs = email.message_from_bytes(raw, policy=default)
        assert isinstance(theirs, EmailMessage)
        ours = open_message(raw).root
        assert theirs.get_content_type() == ours.type
        assert (theirs.get("Content-Transfer-Encoding") or "7bit") == ours.encoding
        payload = theirs.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert (TEXT.encode() in payload) == (number >= 2)


def test_what_is_no_stage_of_ours_is_none() -> None:
    assert stage_of(subject("text", 5)) == ("text", 5)
    for said in ("", "Built up (text), 7 of 6", "Re: Built up (text), 1 of 6"):
        assert stage_of(said) is None


def test_a_text_of_any_characters_is_sent_whole() -> None:
    made = seen(stage(text_seed("\x1b[31mred\r\nSubject: hidden\r\n"), 3))
    assert "\x1b" not in made.sample
    raw = stage(text_seed("\r\nSubject: hidden\r\n"), 5)
    assert [*open_message(raw).root.part.header.all("Subject")] == [b"Built up (text), 6 of 6"]
