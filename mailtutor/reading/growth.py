"""What a receiver makes of a message that is grown field by field, as of a moment of the trace."""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.message.anatomy import Anatomy, open_message
from mailtutor.message.growth import FIELDS, Seed, picture_seed
from mailtutor.message.steps import text_of
from mailtutor.message.transfer import decoded
from mailtutor.reading.picture import Picture, is_picture, read_picture
from mailtutor.reading.shelf import shelf_file
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

_SHOWN = 60
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Seen:
    """What is seen of a message. key: "encoded" (the characters of base64 as if they were the text), "rubbish" (octets
    in a character set that is not theirs), "text", "picture" or "nothing".

    sample: how the text begins, safe to show. picture: where it is one. named: "description" and "id", as far as they
    are given, with what they say.
    """

    key: str
    sample: str
    picture: Picture | None
    named: tuple[tuple[str, str], ...]
    raw: bytes


def seen(raw: bytes) -> Seen:
    """Of a message as it arrived; what its fields say is what is done."""
    anatomy = open_message(raw)
    root = anatomy.root
    named = tuple(
        (key, visible(value[:_SHOWN]))
        for key, name in (("description", "Content-Description"), ("id", "Content-ID"))
        for value in root.part.header.all(name)
    )
    if is_picture(root):
        picture = read_picture(root, 24, 20)
        return Seen("nothing" if picture.problem else "picture", "", picture, named, raw)
    text = text_of(root, 240)
    sample = visible(" ".join(text.split())[:_SHOWN])
    return Seen(_key(anatomy, text), sample, None, named, raw)


def _key(anatomy: Anatomy, text: str) -> str:
    root = anatomy.root
    if root.encoding != "base64":
        return "encoded"
    return "rubbish" if _REPLACEMENT in text or any(not one.isprintable() and not one.isspace() for one in text) else (
        "text"
    )  # fmt: skip


def seen_told(one: Seen, words: Words) -> str:
    """What a receiver makes of it, in a sentence."""
    told = words(f"growth.sees.{one.key}", sample=one.sample)
    return " ".join([told, *(words(f"growth.named.{key}", value=value) for key, value in one.named)])


def field_key(stage: int) -> str:
    """Of what the field of a stage says: `growth.field.KEY`."""
    return FIELDS[stage] or "none"


def our_picture() -> Seed:
    """That of our own message with a picture."""
    file = shelf_file("picture")
    part = open_message(file.read_bytes() if file is not None else b"").root.part
    return picture_seed(b"".join(decoded(part.raw, part.body, part.end, "base64")))
