"""A message explained: every part, piece, step and defect in words, safe to show.

The facts are those of `mailtutor.message`; here they get the words of a language. What came out of the message goes
through `visible`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.message import beside, defects, pieces
from mailtutor.message.anatomy import WHOLE, Node
from mailtutor.message.beside import Beside
from mailtutor.message.defects import Defect
from mailtutor.message.field_pieces import pieces_of
from mailtutor.message.headers import Field, Header
from mailtutor.message.hops import Hop
from mailtutor.message.links import Link
from mailtutor.message.pieces import Piece
from mailtutor.message.steps import Step
from mailtutor.reading.picture import Picture
from mailtutor.reading.statuses import status
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Octets of a value that are shown.
MOST = 400
# Pieces whose words have a meaning each: where in the catalogue.
_SAID = {"action": "action", "mdn_mode": "mdn", "mdn_sent": "mdn", "mdn_type": "mdn"}


@dataclass(frozen=True, slots=True)
class Told:
    """What something is called, what it means, and where that is defined."""

    title: str
    what: str
    rfc: str


@dataclass(frozen=True, slots=True)
class PieceTold:
    """A piece of a field. text: its octets; value: what they say once decoded, where that is something else."""

    piece: Piece
    text: str
    value: str
    told: Told


def tree_leads(root: Node) -> dict[str, str]:
    """The branches before each part in the drawing of the tree, by its number."""
    found = {root.number: ""}
    for child in root.children:
        _branch(child, "", root.children[-1] is child, found)
    return found


def _branch(node: Node, before: str, is_last: bool, found: dict[str, str]) -> None:
    found[node.number] = before + ("└─" if is_last else "├─")
    for child in node.children:
        _branch(child, before + ("  " if is_last else "│ "), node.children[-1] is child, found)


def summary(node: Node, words: Words) -> str:
    """A part in a few words: its type, character set, encoding, name, size."""
    name = f"“{visible(node.file_name[:80])}”" if node.file_name else ""
    charset = node.charset if node.is_text else ""
    encoding = "" if node.children else node.encoding
    facts = (node.type, charset, encoding, name, words("mime.part.octets", count=node.size))
    return " · ".join(visible(one[:80]) for one in facts if one)


def node_title(node: Node, words: Words) -> str:
    """What is said instead of a number."""
    if node.number == WHOLE:
        return words("mime.part.whole")
    return words("mime.part.inner") if node.is_message else node.number


def field_told(name: str, words: Words) -> Told:
    """A header field by its name in small letters; a field nobody knows is just its name."""
    key = f"header.{name}"
    return Told(words.get(f"{key}.name", name), words.get(f"{key}.what"), words.get(f"{key}.rfc"))


def pieces_told(header: Header, field: Field, words: Words) -> tuple[PieceTold, ...]:
    """The pieces of a field, explained."""
    return tuple(_piece(header.raw, one, words) for one in pieces_of(header, field))


def value_text(header: Header, field: Field) -> str:
    """The value of a field on one line, as far as it is shown."""
    return visible(header.value(field)[:MOST].replace(b"\t", b" "))


def _piece(raw: bytes, piece: Piece, words: Words) -> PieceTold:
    text = visible(raw[piece.start : min(piece.end, piece.start + MOST)])
    value = visible(piece.value[:MOST])
    if piece.key in ("parameter", "section"):
        # Said again only where it is another value than the one that can be read.
        value = "" if text.partition("=")[2].strip('"') == value else value
    key = f"mime.piece.{piece.key}"
    what = words(f"{key}.what")
    if piece.key == "parameter":
        name = raw[piece.start : piece.end].partition(b"=")[0].partition(b"*")[0].strip().decode("latin-1").lower()
        what = words.get(f"mime.parameter.{name}", words("mime.parameter.other"))
    elif piece.key in _SAID:
        what = words.get(f"mime.{_SAID[piece.key]}.{text.lower()}", what)
    elif piece.key == "status" and (code := status(text, words)) is not None:
        what = " ".join(filter(None, (what, f"{code.result} · {code.about}", code.detail and f"· {code.detail}")))
    told = Told(words(f"{key}.title"), what, pieces.RFC[piece.key])
    return PieceTold(piece, text, "" if value == text else value, told)


def defect_told(defect: Defect, words: Words) -> Told:
    """A defect: what it is and what it does."""
    key = f"mime.defect.{defect.key}"
    what = words(f"{key}.what", detail=visible(defect.detail))
    count = f" ×{defect.count}" if defect.count > 1 else ""
    return Told(words(f"{key}.title") + count, what, defects.RFC[defect.key])


def step_told(step: Step, words: Words) -> Told:
    """A step of decoding."""
    title = words(f"mime.step.{step.key}.title")
    name = visible(step.name[:80])
    return Told(f"{title}: {name}" if name else title, words(f"mime.{step.key}.{step.kind}"), step.rfc)


def step_size(step: Step, words: Words) -> str:
    """How much comes out of it."""
    if step.octets is not None:
        return words("mime.part.octets", count=step.octets)
    return words("mime.part.characters", count=step.characters) if step.characters is not None else ""


def hop_told(hop: Hop, number: int, words: Words) -> tuple[str, str]:
    """A hop in a line, and what is to be said of its time and its neighbours."""
    facts = [words(f"mime.hop.{name}") for name in hop.facts]
    if "tls" in hop.facts and hop.tls_version:
        facts[hop.facts.index("tls")] = hop.tls_version
    if hop.from_ and "tls" not in hop.facts:
        facts.append(words("mime.hop.plain"))
    address = f"[{hop.address}]" if hop.address and hop.address not in hop.from_ else ""
    named = [words(f"mime.hop.{key}", name=name) for key, name in (("from", f"{hop.from_} {address}".strip()),
             ("by", hop.by), ("with", hop.with_)) if name]  # fmt: skip
    line = f"{words('mime.hop.title', n=number)}: {', '.join([*named, *facts])}"
    said = [words("mime.hop.no_time")] if hop.at is None else [f"{hop.at:%Y-%m-%d %H:%M:%S %z}"]
    if hop.delay_s is not None:
        key = "delay" if hop.delay_s >= 0 else "backwards"
        said.append(words(f"mime.hop.{key}", delay=duration(abs(hop.delay_s))))
    if hop.is_linked is False:
        said.append(words("mime.hop.broken"))
    return visible(line), visible(" · ".join(said))


def link_told(link: Link, words: Words) -> str:
    """Which part a page names."""
    if link.target is None:
        return words("mime.link.nowhere")
    return words("mime.link.to", number=link.target.number, type=visible(link.target.type))


def beside_told(one: Beside, words: Words) -> Told:
    """What there is to see of envelope and header."""
    what = words(f"mime.beside.{one.key}", header=visible(one.header), envelope=visible(one.envelope))
    return Told("⚠" if one.key in beside.SUSPICIOUS else "·", what, beside.RFC[one.key])


def duration(seconds: float) -> str:
    """`1 d 2 h`, `3 min 5 s`: the two largest units."""
    left = round(seconds)
    found = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            found.append(f"{count} {name}")
    return " ".join(found[:2]) or "0 s"


def picture_told(picture: Picture | None, words: Words) -> tuple[str, ...]:
    """What there is to say of a picture, or why it cannot be shown. None: it is not decoded yet."""
    if picture is None:
        return (words("mime.picture.waits"),)
    size = {"width": picture.width, "height": picture.height}
    if picture.problem:
        return (words(f"mime.picture.{picture.problem}", **size),)
    facts = words("mime.picture.facts", format=picture.format, **size)
    if picture.is_animated:
        facts += f" · {words('mime.picture.animated')}"
    colours = " · ".join(f"{name} {share:.0%}" for name, share in picture.colours)
    return facts, words("mime.picture.colours", colours=colours)


def sample_lines(sample: bytes | str, most: int) -> Sequence[str]:
    """How something begins, line by line, each safe to show."""
    newline = b"\n" if isinstance(sample, bytes) else "\n"
    lines = sample.split(newline)  # type: ignore[arg-type]
    found = [visible(line[:MOST]) for line in lines[:most]]
    return [line.removesuffix("␍") for line in found]
