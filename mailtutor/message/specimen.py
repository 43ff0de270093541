"""A text or a file of the student's own as a message: in every character set and encoding, to be taken apart like any
other."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from mailtutor.message.dsn import quoted_printable

# Characters of a text and octets of a file that are taken.
LONGEST_TEXT, LARGEST_FILE = 1000, 1024 * 1024
# The last two hold Chinese only in other characters, or none at all: what has no room for the text is told.
_WAYS = (
    ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("utf-8", "8bit"), ("gbk", "base64"),
    ("gbk", "quoted-printable"), ("gb18030", "base64"), ("big5", "base64"), ("iso-8859-1", "quoted-printable"),
)  # fmt: skip
_WORD_CHARACTERS, _NAME_CHARACTERS = 40, 40


@dataclass(frozen=True, slots=True)
class Specimen:
    """missing: the character sets the text cannot be written in, each with the first character it has not."""

    raw: bytes
    missing: tuple[tuple[str, str], ...] = ()


def of_text(text: str, at: float) -> Specimen:
    """The text once for each way to send it, as subject (encoded words) and as a file name (RFC 2231).

    at: seconds since 1970.
    """
    parts: list[bytes] = []
    missing: dict[str, str] = {}
    for charset, encoding in _WAYS:
        try:
            octets = _crlf(text).encode(charset)
        except UnicodeEncodeError as lacking:
            missing[charset] = lacking.object[lacking.start : lacking.start + 1]
            continue
        parts.append(_part(f"text/plain; charset={charset}", octets, encoding, f"{charset}, {encoding}"))
    name = quote(" ".join(text.split())[:_NAME_CHARACTERS], safe="")
    note = f"attachment; filename*=utf-8''{name}.txt"
    parts.append(_part("application/octet-stream", text.encode(), "base64", "a file of that name", note))
    return Specimen(_message(" ".join(text.split())[:_WORD_CHARACTERS], parts, at), tuple(missing.items()))


def of_file(name: str, content: bytes, at: float) -> Specimen:
    """A file in base64 and in quoted-printable. name: without its folder."""
    note = f"attachment; filename*=utf-8''{quote(name, safe='')}"
    parts = [
        _part("application/octet-stream", content, encoding, encoding, note)
        for encoding in ("base64", "quoted-printable")
    ]
    return Specimen(_message(" ".join(name.split())[:_WORD_CHARACTERS], parts, at))


def encoded_words(text: str, charset: str = "utf-8") -> str:
    """The text as a header field carries it (RFC 2047), words of 75 characters at most, a line each."""
    plain = " ".join(text.split())
    is_plain = plain.isascii() and plain.isprintable()
    return plain if is_plain else Header(plain, charset, header_name="Subject").encode()


def _message(subject: str, parts: list[bytes], at: float) -> bytes:
    written = encoded_words(subject).replace("\n", "\r\n")
    head = [
        "From: you@crepes.fr", "To: you@crepes.fr", f"Subject: {written}",
        f"Date: {format_datetime(datetime.fromtimestamp(at, UTC))}", "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=another-way", "", "",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"".join(b"--another-way\r\n" + one for one in parts) + b"--another-way--\r\n"


def _part(type: str, octets: bytes, encoding: str, description: str, disposition: str = "") -> bytes:
    head = [f"Content-Type: {type}", f"Content-Transfer-Encoding: {encoding}", f"Content-Description: {description}"]
    head += [f"Content-Disposition: {disposition}"] if disposition else []
    match encoding:
        case "base64":
            body = base64.encodebytes(octets).replace(b"\n", b"\r\n")
        case "quoted-printable":
            body = quoted_printable(octets) + b"\r\n"
        case _:
            body = octets + b"\r\n"
    return "\r\n".join([*head, "", ""]).encode() + body


def _crlf(text: str) -> str:
    return "\r\n".join(text.splitlines())
