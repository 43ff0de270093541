"""From the bytes on the wire to what a person sees, step by step: transfer encoding, character set, type.

Each step is data: what it is called, where it is defined, how much comes out of it, and a sample. Words for people:
`mime.step.KEY`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.message.anatomy import Node
from mailtutor.message.encodings import is_charset, to_text
from mailtutor.message.parameters import value_of
from mailtutor.message.transfer import KNOWN, decoded

# Octets that are shown of each step.
SAMPLE = 4096
# Octets of a text whose characters are counted.
_COUNTED = 4 * 1024 * 1024
_ENCODING_RFC = {
    "7bit": "RFC 2045 §6.2", "8bit": "RFC 6152", "binary": "RFC 3030", "base64": "RFC 2045 §6.8",
    "quoted-printable": "RFC 2045 §6.7",
}  # fmt: skip
_TYPE_RFC = {
    "text/plain": "RFC 2046 §4.1.3", "text/html": "RFC 2854", "text/calendar": "RFC 5545", "text": "RFC 2046 §4.1",
    "text/rfc822-headers": "RFC 6522 §4", "image": "RFC 2046 §4.2", "audio": "RFC 2046 §4.3", "video": "RFC 2046 §4.4",
    "application": "RFC 2046 §4.5", "application/octet-stream": "RFC 2046 §4.5.1",
    "application/pkcs7-signature": "RFC 8551", "application/pgp-signature": "RFC 3156 §5",
    "multipart": "RFC 2046 §5.1", "multipart/mixed": "RFC 2046 §5.1.3", "multipart/alternative": "RFC 2046 §5.1.4",
    "multipart/digest": "RFC 2046 §5.1.5", "multipart/related": "RFC 2387", "multipart/report": "RFC 6522",
    "multipart/signed": "RFC 1847", "message/rfc822": "RFC 2046 §5.2.1", "message/partial": "RFC 2046 §5.2.2",
    "message/external-body": "RFC 2046 §5.2.3", "message/delivery-status": "RFC 3464",
    "message/disposition-notification": "RFC 8098", "message": "RFC 2046 §5.2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """key: "raw", "transfer", "charset" or "type". name: the encoding, character set or type, untrusted. kind: which of
    them it is to the catalogue: `mime.KEY.KIND`.

    octets, characters: how much comes out, None where that is not counted. sample: how it begins.
    """

    key: str
    name: str
    kind: str
    rfc: str
    octets: int | None
    characters: int | None = None
    sample: bytes | str = b""
    is_ok: bool = True


def steps_of(node: Node, most: int | None = None) -> tuple[Step, ...]:
    """The steps of one part. Of a part with parts in it there is only the first and the last.

    most: what comes out is counted only of content that has no more octets than this.
    """
    part = node.part
    raw = part.raw[part.body : min(part.end, part.body + SAMPLE)]
    found = [Step("raw", "", "raw", "RFC 5322 §2.3", node.size, sample=raw)]
    if not node.children:
        found.append(_transfer(node, counts=most is None or node.size <= most))
    if node.is_text:
        found.append(_charset(node, _COUNTED if most is None else most))
    found.append(type_step(node))
    if node.type == "text/plain" and (value_of(node.parameters, "format") or "").lower() == "flowed":
        found.append(Step("type", "format=flowed", "flowed", "RFC 3676", None))
    return tuple(found)


def type_step(node: Node) -> Step:
    """What its type does."""
    kind = kind_of(node.type)
    return Step("type", node.type, kind, _TYPE_RFC.get(kind, "RFC 2046"), None)


def kind_of(type: str) -> str:
    """The type as the catalogue knows it: itself, else its first half, else "other"."""
    first = type.partition("/")[0]
    return type if type in _TYPE_RFC else first if first in _TYPE_RFC else "other"


def content_sample(node: Node, most: int = SAMPLE) -> bytes:
    """How the content begins once its transfer encoding is undone."""
    part = node.part
    # Quoted-printable needs three octets for one, base64 four for three, with line ends between.
    end = min(part.end, part.body + most * 4)
    return b"".join(decoded(part.raw, part.body, end, node.encoding))[:most]


def text_of(node: Node, most: int = SAMPLE) -> str:
    """How a text begins."""
    return to_text(content_sample(node, most), node.charset or "us-ascii")


def _transfer(node: Node, *, counts: bool) -> Step:
    part = node.part
    size = sum(map(len, decoded(part.raw, part.body, part.end, node.encoding))) if counts else None
    kind = node.encoding if node.encoding in KNOWN else "unknown"
    rfc = _ENCODING_RFC.get(node.encoding, "RFC 2045 §6.4")
    has_flaw = any(one.key in ("bad_base64", "cut_base64", "after_base64", "bad_quoted") for one in node.defects)
    is_ok = kind != "unknown" and not has_flaw
    return Step("transfer", node.encoding, kind, rfc, size, sample=content_sample(node), is_ok=is_ok)


def _charset(node: Node, most: int) -> Step:
    part = node.part
    name = node.charset
    is_known = is_charset(name)
    characters = None
    replaced = 0
    if node.size <= most:
        text = to_text(b"".join(decoded(part.raw, part.body, part.end, node.encoding)), name)
        characters, replaced = len(text), text.count("\N{REPLACEMENT CHARACTER}")
    kind = "known" if is_known else "unknown"
    return Step(
        "charset", name, kind, "RFC 2046 §4.1.2", None, characters, text_of(node), is_ok=is_known and not replaced
    )  # fmt: skip
