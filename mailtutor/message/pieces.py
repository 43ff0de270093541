"""What the bytes of a header field are, piece by piece. Words for people: `mime.piece.KEY`.

Every piece is a range of the message's own bytes, so that a screen can show both ways: from the byte to its meaning and
from the meaning to its bytes. What stands between the pieces has no meaning of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailtutor.message.encoded_words import encoded_words

# Key → where it is defined.
RFC: Mapping[str, str] = {
    "text": "RFC 5322 §2.2.1",
    "encoded_word": "RFC 2047 §2",
    "word_charset": "RFC 2047 §2",
    "word_language": "RFC 2231 §5",
    "word_encoding": "RFC 2047 §4",
    "word_content": "RFC 2047 §4",
    "display_name": "RFC 5322 §3.4",
    "comment": "RFC 5322 §3.2.2",
    "route": "RFC 5322 §4.4",
    "local_part": "RFC 5322 §3.4.1",
    "at_sign": "RFC 5322 §3.4.1",
    "domain": "RFC 5322 §3.4.1",
    "group_name": "RFC 5322 §3.4",
    "group_end": "RFC 5322 §3.4",
    "null_path": "RFC 5321 §3.6.3",
    "day_name": "RFC 5322 §3.3",
    "day": "RFC 5322 §3.3",
    "month": "RFC 5322 §3.3",
    "year": "RFC 5322 §3.3",
    "hour": "RFC 5322 §3.3",
    "minute": "RFC 5322 §3.3",
    "second": "RFC 5322 §3.3",
    "zone": "RFC 5322 §3.3",
    "id_left": "RFC 5322 §3.6.4",
    "id_right": "RFC 5322 §3.6.4",
    "received_from": "RFC 5321 §4.4",
    "received_info": "RFC 5321 §4.4",
    "received_by": "RFC 5321 §4.4",
    "received_via": "RFC 5321 §4.4",
    "received_with": "RFC 3848",
    "received_id": "RFC 5321 §4.4",
    "received_for": "RFC 5321 §4.4",
    "type": "RFC 2045 §5.1",
    "subtype": "RFC 2045 §5.1",
    "parameter": "RFC 2045 §5.1",
    "section": "RFC 2231 §3",
    "disposition": "RFC 2183 §2",
    "encoding": "RFC 2045 §6.1",
    "version": "RFC 2045 §4",
    "description": "RFC 2045 §8",
    "report_kind": "RFC 3464 §2.1.2",
    "report_value": "RFC 3464 §2.1.2",
    "action": "RFC 3464 §2.3.3",
    "status": "RFC 3464 §2.3.4",
    "mdn_mode": "RFC 8098 §3.2.6",
    "mdn_sent": "RFC 8098 §3.2.6",
    "mdn_type": "RFC 8098 §3.2.6",
    "mdn_modifier": "RFC 8098 §3.2.6",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """`raw[start:end]`. value: what it says once decoded, where that is something else; untrusted.

    is_part: it is a part of the piece before it.
    """

    key: str
    start: int
    end: int
    value: str = ""
    is_part: bool = False


def unfolded(raw: bytes, start: int, end: int) -> bytes:
    """A value with spaces for its line ends: every other octet stays where it is."""
    return raw[start:end].replace(b"\r", b" ").replace(b"\n", b" ")


def word_pieces(raw: bytes, start: int, end: int, *, is_part: bool = False) -> Iterator[Piece]:
    """The encoded words of free text, each with its parts, and the text between them."""
    at = start
    for word in encoded_words(raw, start, end):
        if not word.is_joined and raw[at : word.start].strip():
            yield _text(raw, at, word.start, is_part=is_part)
        yield Piece("encoded_word", word.start, word.end, word.text, is_part)
        charset_at = word.start + 2
        yield Piece("word_charset", charset_at, charset_at + len(word.charset), is_part=True)
        if word.language:
            yield Piece("word_language", charset_at + len(word.charset) + 1, word.charset_end, is_part=True)
        yield Piece("word_encoding", word.encoding_at, word.encoding_at + 1, is_part=True)
        yield Piece("word_content", word.content, word.end - 2, word.octets.hex(" "), is_part=True)
        at = word.end
    if at < end and raw[at:end].strip():
        yield _text(raw, at, end, is_part=is_part)


def _text(raw: bytes, start: int, end: int, *, is_part: bool) -> Piece:
    text = raw[start:end]
    start += len(text) - len(text.lstrip())
    return Piece("text", start, start + len(text.strip()), is_part=is_part)
