"""A message opened: the tree of its parts, every one with a number, its ranges of the bytes, and what is wrong with it.

The tree is that of mime.py, which IMAP uses too; here it keeps what a part says it is, even where it could not be taken
apart. Spans, not copies: 25 MiB stay 25 MiB. Any bytes make a tree, and nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mailtutor.message.defects import Defect, body_defects, line_defects
from mailtutor.message.encodings import decode_words, to_text
from mailtutor.message.field_defects import header_defects
from mailtutor.message.mime import PART_LIMIT, Part, boundary_of, media_type, parse_message
from mailtutor.message.parameters import Parameter, parameters, value_of

WHOLE = "0"
_TYPE_LIMIT = 200


@dataclass(frozen=True)
class Node:
    """One part.

    number: as IMAP's BODY[…] counts them ("1.2"), "0" for the whole message, and with ".0" for a message in part.
    type: what it says it is, in small letters ("multipart/mixed"). is_message: it has the header of a whole message.
    preamble, epilogue: of a multipart, what stands before the first and after the last delimiter; None where nothing.
    """

    number: str
    depth: int
    part: Part
    type: str
    is_message: bool
    children: tuple[Node, ...]
    defects: tuple[Defect, ...]
    preamble: tuple[int, int] | None = None
    epilogue: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Octets of its content, still encoded."""
        return self.part.end - self.part.body

    @property
    def encoding(self) -> str:
        """Its transfer encoding in small letters."""
        return to_text(self.part.encoding, "us-ascii").lower()

    @property
    def is_text(self) -> bool:
        """Whether it is text of its own."""
        return self.type.startswith("text/") and not self.children

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of Content-Type."""
        return self._parameters(b"content-type")

    @cached_property
    def disposition_parameters(self) -> tuple[Parameter, ...]:
        """Of Content-Disposition."""
        return self._parameters(b"content-disposition")

    @property
    def charset(self) -> str:
        """The character set of a text, as it is named; the standard's where none is (RFC 2045 §5.2)."""
        return value_of(self.parameters, "charset") or ("us-ascii" if self.is_text else "")

    @property
    def file_name(self) -> str:
        """The name it travels under (RFC 2183 §2.3, else the older `name`), "" where it has none."""
        named = value_of(self.disposition_parameters, "filename")
        name = named if named is not None else value_of(self.parameters, "name") or ""
        # Not allowed in parameters (RFC 2047 §5), and often seen there.
        return decode_words(name.encode("utf-8", "replace")) if "=?" in name else name

    def _parameters(self, name: bytes) -> tuple[Parameter, ...]:
        field = next((one for one in self.part.header.fields if one.name == name), None)
        return parameters(self.part.raw, field.value_at, field.end) if field is not None else ()


@dataclass(frozen=True)
class Anatomy:
    """A message with all of its parts, outermost first, in the order of their bytes."""

    raw: bytes
    nodes: tuple[Node, ...]

    @property
    def root(self) -> Node:
        """The whole message."""
        return self.nodes[0]

    def find(self, number: str) -> Node | None:
        """The part of that number. A message of one part is its part 1, too (RFC 3501 §6.4.5)."""
        found = next((node for node in self.nodes if node.number == number), None)
        if found is None and (number == "1" or number.endswith(".1")):
            found = next((node for node in self.nodes if node.number == f"{number[:-1]}{WHOLE}"), None)
            return found if found is not None and found.is_message and not found.part.parts else None
        return found

    def at(self, offset: int) -> Node:
        """The innermost part that octet belongs to."""
        found = self.root
        for node in self.nodes:
            if node.part.start <= offset < node.part.end:
                found = node
        return found

    @property
    def defects(self) -> list[tuple[Node, Defect]]:
        """Everything that is wrong, and with which part."""
        return [(node, defect) for node in self.nodes for defect in node.defects]


def open_message(raw: bytes) -> Anatomy:
    """Takes a message apart. Its lines may end in CR LF, or in LF as files of some systems do."""
    is_lf_file = b"\n" in raw and b"\r\n" not in raw
    reader = _Reader(raw, is_lf_file)
    root = reader.node(parse_message(raw), WHOLE, 0, is_message=True)
    return Anatomy(raw, tuple(_walk(root)))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


class _Reader:
    def __init__(self, raw: bytes, is_lf_file: bool) -> None:
        self._raw = raw
        self._is_lf_file = is_lf_file
        self._made = 0

    def node(self, part: Part, number: str, depth: int, *, is_message: bool) -> Node:
        """The part with all that is in it."""
        self._made += 1
        kind, subtype, given = media_type(part.header.get("Content-Type"), (part.type, part.subtype))
        declared = to_text(kind + b"/" + subtype, "us-ascii").lower()[:_TYPE_LIMIT]
        prefix = number[: -len(WHOLE)].removesuffix(".") if is_message else number
        children = tuple(
            self.node(child, f"{prefix}.{n}".lstrip("."), depth + 1, is_message=False)
            for n, child in enumerate(part.parts, 1)
        )
        if part.message is not None:
            own = f"{prefix}.1".lstrip(".") if is_message else number
            children = (self.node(part.message, f"{own}.0", depth + 1, is_message=True),)
        preamble = epilogue = None
        if part.parts:
            first, last = part.delimiters[0], part.delimiters[-1]
            preamble = (part.body, first.start) if first.start > part.body else None
            epilogue = (last.end, part.end) if last.closes and last.end < part.end else None
        defects = [
            *self._lines(part, children, is_root=depth == 0),
            *header_defects(part.header, is_message=is_message, size=part.end - part.body),
            *self._structure(part, declared, boundary_of(given), depth),
        ]
        node = Node(number, depth, part, declared, is_message, children, (), preamble, epilogue)
        if not children:
            defects += body_defects(
                self._raw, part.body, part.end,
                encoding=node.encoding, charset=node.charset, is_text=node.is_text,
            )  # fmt: skip
        return Node(number, depth, part, declared, is_message, children, tuple(defects), preamble, epilogue)

    def _lines(self, part: Part, children: tuple[Node, ...], *, is_root: bool) -> Iterator[Defect]:
        if is_root and self._is_lf_file:
            at = self._raw.find(b"\n")
            yield Defect("lf_file", at, at + 1, count=self._raw.count(b"\n"))
        if part.encoding == b"BINARY" and not children:
            yield from line_defects(self._raw, part.start, part.body, is_lf_file=self._is_lf_file)
            return
        stop = part.end if not children else part.body
        yield from line_defects(self._raw, part.start, stop, is_lf_file=self._is_lf_file)

    def _structure(self, part: Part, declared: str, boundary: bytes, depth: int) -> Iterator[Defect]:
        here = (part.body, part.body)
        is_container = declared.startswith("multipart/") or declared == "message/rfc822"
        if is_container and part.encoding not in (b"7BIT", b"8BIT", b"BINARY"):
            yield Defect("encoded_multipart", *here, to_text(part.encoding, "us-ascii"))
        if not is_container or part.message is not None:
            return
        if part.parts:
            if not part.delimiters[-1].closes and len(part.delimiters) == len(part.parts):
                yield Defect("not_closed", part.end, part.end, to_text(boundary, "us-ascii"))
        elif part.is_limited and self._made >= PART_LIMIT:
            yield Defect("too_many_parts", *here, str(PART_LIMIT))
        elif part.is_limited:
            yield Defect("too_deep", *here, str(depth))
        elif not boundary:
            yield Defect("no_boundary", *here)
        else:
            yield Defect("no_delimiter", *here, to_text(boundary, "us-ascii"))
        if part.parts and len(part.delimiters) > len(part.parts) and not part.delimiters[-1].closes:
            yield Defect("too_many_parts", part.delimiters[-1].start, part.end, str(PART_LIMIT))
