"""A message grown by one MIME field at a time (RFC 2045 §3): the octets stay the same, each field says more of them.

Its content is in base64 from the start, as a careful author writes it; without the fields nobody can know that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

# The five fields in the order in which they are added; "" is the message without any.
FIELDS = ("", "mime-version", "content-transfer-encoding", "content-type", "content-description", "content-id")
_SUBJECT = re.compile(r"Built up \((\w+)\), ([1-6]) of 6")


@dataclass(frozen=True, slots=True)
class Seed:
    """What is to be sent. kind: "text" or "picture", in the subject. type: the value of Content-Type."""

    kind: str
    content: bytes
    type: str
    description: str


def text_seed(text: str) -> Seed:
    """A text of the student's own."""
    return Seed("text", text.encode("utf-8", "replace"), "text/plain; charset=utf-8", "words from alice")


def picture_seed(content: bytes) -> Seed:
    """A PNG."""
    return Seed("picture", content, "image/png", "ketchup and a pickle")


def fields(seed: Seed, unique: str) -> tuple[str, ...]:
    """The line of each field, in the order of FIELDS."""
    return (
        "", "MIME-Version: 1.0", "Content-Transfer-Encoding: base64", f"Content-Type: {seed.type}",
        f"Content-Description: {seed.description}", f"Content-ID: <{seed.kind}-{unique}>",
    )  # fmt: skip


def subject(kind: str, stage: int) -> str:
    """By it the message is known again. stage: 0 without any MIME field, to 5 with all of them."""
    return f"Built up ({kind}), {stage + 1} of {len(FIELDS)}"


def stage_of(said: str) -> tuple[str, int] | None:
    """Kind and stage of such a subject."""
    found = _SUBJECT.fullmatch(said)
    return (found[1], int(found[2]) - 1) if found is not None else None


def grown(seed: Seed, stage: int, *, sender: str, recipients: Sequence[str], at: float, unique: str) -> bytes:
    """The message with the first `stage` fields. at: seconds since 1970. unique: an id no other message has,
    `left@domain`."""
    head = [
        f"From: {sender}", f"To: {', '.join(recipients)}", f"Subject: {subject(seed.kind, stage)}",
        f"Date: {format_datetime(datetime.fromtimestamp(at, UTC))}", f"Message-ID: <{unique}>",
        *fields(seed, unique)[1 : stage + 1],
    ]  # fmt: skip
    body = base64.encodebytes(seed.content).replace(b"\n", b"\r\n")
    return "".join(f"{line}\r\n" for line in (*head, "")).encode("utf-8") + body
