"""A message as a list one can walk: its parts, and what can be opened in each, down to the bits.

Every item is a range of the message's octets and says what they are; so a screen shows both ways, from the item to its
octets and from the octets to their item. What is not opened is not worked out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.beside import SUSPICIOUS, beside
from mailtutor.message.bits import decode, quoted
from mailtutor.message.headers import Field, Header
from mailtutor.message.hops import path
from mailtutor.message.links import links
from mailtutor.message.reports import read_report
from mailtutor.message.steps import steps_of, type_step
from mailtutor.reading.letter import (
    MOST,
    Told,
    beside_told,
    defect_told,
    field_told,
    hop_told,
    link_told,
    node_title,
    picture_told,
    pieces_told,
    sample_lines,
    step_size,
    step_told,
    summary,
    tree_leads,
    value_text,
)
from mailtutor.reading.picture import Picture, is_picture, shaded
from mailtutor.reading.spelling import characters_line, group_figure, group_line, padding_told, quoted_line
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Items of one kind at most; octets of a part whose decoded size is worked out.
_FIELDS, _ITEMS, _GROUPS, _COUNTED = 200, 200, 256, 256 * 1024
_SAMPLE_LINES = 40


@dataclass(frozen=True, slots=True)
class Item:
    """`raw[start:end]`, and what is said of it.

    id: to open and close it. kind: "part", "section", "field", "piece", "step", "text", "delimiter", "group", "hop",
    "beside", "suspicion", "defect", "pixels". number: of the part it belongs to. lead: what stands before its text.
    is_open: None where there is nothing to open. figure: lines that draw it. picture: what a line of pixels is of, and
    the upper one of the two rows it shows.
    """

    id: str
    kind: str
    number: str
    start: int
    end: int
    lead: str
    text: str
    told: Told
    is_open: bool | None = None
    figure: tuple[str, ...] = ()
    picture: tuple[Picture, int] | None = None


class Outline:
    """The list of one message. opened: the ids of what is open."""

    def __init__(
        self, anatomy: Anatomy, words: Words, sender: str | None = None, recipients: Collection[str] | None = None
    ) -> None:
        self.anatomy = anatomy
        self.opened = {"0", *(f"{node.number}:defects" for node in anatomy.nodes if node.defects)}
        self._words = words
        self._sender, self._recipients = sender, recipients
        self._leads = tree_leads(anatomy.root)
        # What was worked out already: lines of parts by their numbers, and the items of what is open by its id.
        self._known: dict[str, tuple[str, Told]] = {}
        self._inside: dict[str, list[Item]] = {}
        # Decoding takes its time, and is done elsewhere.
        self._pictures: dict[str, Picture] = {}
        self._asked: set[str] = set()
        self.items: list[Item] = []
        self.build()

    def speak(self, words: Words) -> None:
        """In another language."""
        self._words = words
        self._known = {}
        self.build()

    def turn(self, index: int) -> int:
        """Opens an item, or closes it; of one with nothing in it, closes what it is in. Gives where the mark goes."""
        item = self.items[index]
        wanted = item.id
        if item.is_open is None:
            wanted = next((one.id for one in reversed(self.items[:index]) if one.is_open and _is_in(item, one)), "")
            self.opened.discard(wanted)
        else:
            self.opened ^= {item.id}
        # The items of a section hold what is open in it.
        self._inside.pop(":".join(wanted.split(":")[:2]), None)
        self._build()
        return self.place(wanted)

    def place(self, id: str) -> int:
        """Where the item of that id stands; 0 where it is not in the list."""
        return next((n for n, one in enumerate(self.items) if one.id == id), 0)

    def reveal(self, offset: int) -> int:
        """Opens the part that octet is in, and gives the smallest item that holds it."""
        number = self.anatomy.at(offset).number
        if number not in self.opened:
            self.opened.add(number)
            self._build()
        holding = [n for n, one in enumerate(self.items) if one.start <= offset < one.end and one.kind != "defect"]
        return min(holding, key=lambda n: self.items[n].end - self.items[n].start, default=0)

    def next_defect(self, index: int) -> int | None:
        """The next defect after that item, else the first one; None where nothing is wrong. Opens it."""
        wrong = [node.number for node in self.anatomy.nodes if node.defects]
        self.opened |= {*wrong, *(f"{number}:defects" for number in wrong)}
        here = self.items[index].id if self.items else ""
        self._build()
        index = self.place(here)
        found = [n for n, one in enumerate(self.items) if one.kind == "defect"]
        return next((n for n in found if n > index), found[0] if found else None)

    def undecoded(self) -> list[Node]:
        """The parts whose pictures are wanted and to be given; each is named once."""
        ids = [id for id in self.opened if id.endswith(":picture") and id not in self._asked]
        self._asked.update(ids)
        found = (self.anatomy.find(id.removesuffix(":picture")) for id in ids)
        return [node for node in found if node is not None]

    def give(self, number: str, picture: Picture) -> None:
        """Gives the picture of a part."""
        self._pictures[number] = picture
        self._inside.pop(f"{number}:picture", None)
        self._build()

    def build(self) -> None:
        """Makes the list anew, whatever was opened meanwhile."""
        self._inside = {}
        self._build()

    def _build(self) -> None:
        self.items = []
        self._part(self.anatomy.root)

    # Items ------------------------------------------------------------------------------------------------------------

    def _part(self, node: Node) -> None:
        """Appends the part with all that is open in it."""
        part, add = node.part, self.items
        is_open = node.number in self.opened
        lead = self._leads[node.number]
        below = lead.replace("├─", "│ ").replace("└─", "  ")
        if node.number not in self._known:  # there may be thousands
            self._known[node.number] = self._part_told(node)
        text, told = self._known[node.number]
        add.append(Item(node.number, "part", node.number, part.start, part.end, lead, text, told, is_open))
        indent = below + ("│ " if node.children else "  ")
        if is_open:
            add.extend(self._sections(node, indent))
        delimiters = self._delimiters(node, indent, below + "  ") if is_open and node.children else []
        for count, child in enumerate(node.children):
            add.extend(delimiters[count : count + 1])
            self._part(child)
        if is_open:
            add.extend(delimiters[len(node.children) :])
            add.extend(self._around(node, "epilogue", below + "  "))

    def _part_told(self, node: Node) -> tuple[str, Told]:
        wrong = sum(not one.is_note for one in node.defects)
        text = f"{node.number}  {summary(node, self._words)}" + (f"  ✗{wrong}" if wrong else "")
        last = type_step(node)
        title = f"{node_title(node, self._words)}: {visible(node.type)}"
        return text, Told(title, step_told(last, self._words).what, last.rfc)

    def _sections(self, node: Node, indent: str) -> Iterator[Item]:
        part = node.part
        body = (part.body, part.end)
        if part.header.fields:
            yield from self._section(node, "header", (part.start, part.body), indent, self._fields(node, indent))
        if node.number == "0":
            hops = list(self._hops(node, indent))
            if hops:
                yield from self._section(node, "path", (part.start, part.body), indent, iter(hops))
            yield from self._section(node, "beside", (part.start, part.body), indent, self._beside(node, indent))
        if node.number == "0" or node.type.startswith("message/"):
            report = list(self._report(node, indent))
            if report:
                yield from self._section(node, "report", body, indent, iter(report))
        if not node.children:
            yield from self._section(node, "decode", body, indent, self._steps(node, indent))
            if is_picture(node):
                yield from self._section(node, "picture", body, indent, self._picture(node, indent))
            if links(self.anatomy, node):
                yield from self._section(node, "links", body, indent, self._links(node, indent))
            if node.encoding in ("base64", "quoted-printable"):
                yield from self._section(node, "bits", body, indent, self._bits(node, indent))
        if node.defects:
            yield from self._section(node, "defects", (part.start, part.end), indent, self._defects(node, indent))
        yield from self._around(node, "preamble", indent)

    def _section(
        self, node: Node, key: str, span: tuple[int, int], indent: str, inner: Iterator[Item]
    ) -> Iterator[Item]:
        id = f"{node.number}:{key}"
        is_open = id in self.opened
        title = self._words(f"mime.view.{key}")
        told = Told(title, self._words(f"mime.section.{key}"), "")
        yield Item(id, "section", node.number, *span, indent, title, told, is_open)
        if is_open:
            if id not in self._inside:
                self._inside[id] = list(inner)
            yield from self._inside[id]

    def _fields(self, node: Node, indent: str) -> Iterator[Item]:
        header = node.part.header
        for count, field in enumerate(header.fields[:_FIELDS]):
            id = f"{node.number}:header:{count}"
            name = visible(field.name[:80])
            if not name:
                text = visible(header.raw[field.start : min(field.end, field.start + MOST)])
                yield Item(id, "field", node.number, field.start, field.end, indent + "  ", text, Told("", "", ""))
                continue
            is_open = id in self.opened
            told = field_told(name, self._words)
            text = f"{told.title}: {value_text(header, field)}"
            yield Item(id, "field", node.number, field.start, field.end, indent + "  ", text, told, is_open)
            if is_open:
                for number, one in enumerate(pieces_told(header, field, self._words)[:_ITEMS]):
                    lead = f"{indent}    {'  ' if one.piece.is_part else ''}"
                    value = f" = {one.value}" if one.value else ""
                    yield Item(
                        f"{id}:{number}", "piece", node.number, one.piece.start, one.piece.end, lead,
                        f"{one.told.title}: {one.text}{value}", one.told,
                    )  # fmt: skip

    def _hops(self, node: Node, indent: str) -> Iterator[Item]:
        for number, hop in enumerate(path(node.part.header), 1):
            line, said = hop_told(hop, number, self._words)
            told = Told(line, said, "RFC 5321 §4.4")
            text = f"{line} · {said}"
            yield Item(f"0:path:{number}", "hop", "0", hop.field.start, hop.field.end, indent + "  ", text, told)

    def _beside(self, node: Node, indent: str) -> Iterator[Item]:
        span = (node.part.start, node.part.body)
        found = beside(node.part.header, self._sender, self._recipients)[:_ITEMS]
        for number, one in enumerate(found):
            told = beside_told(one, self._words)
            kind = "suspicion" if one.key in SUSPICIOUS else "beside"
            shown = Told(self._words("mime.view.beside"), told.what, told.rfc)
            yield Item(f"0:beside:{number}", kind, "0", *span, indent + "  ", f"{told.title} {told.what}", shown)
        if self._sender is None and self._recipients is None:
            what = self._words("mime.beside.unknown")
            told = Told(self._words("mime.view.beside"), what, "RFC 5321 §2.3.1")
            yield Item("0:beside:unknown", "beside", "0", *span, indent + "  ", f"· {what}", told)

    def _report(self, node: Node, indent: str) -> Iterator[Item]:
        report = read_report(self.anatomy)
        if report is None or node is not report.node:
            return
        body = (node.part.body, node.part.end)
        for count, group in enumerate(report.groups):
            about = "message" if count == 0 and report.kind == "dsn" else "recipient"
            told = Told(self._words(f"mime.report.{report.kind}"), "", "")
            id = f"{node.number}:report:{count}"
            text = self._words(f"mime.report.{about}")
            yield Item(id, "section", node.number, *_span(group.start, group.body, body, report.is_decoded),
                       indent + "  ", text, told)  # fmt: skip
            for number, field in enumerate(group.fields[:_FIELDS]):
                yield from self._report_field(
                    node, group, field, f"{id}:{number}", indent, is_decoded=report.is_decoded
                )

    def _report_field(
        self, node: Node, group: Header, field: Field, id: str, indent: str, *, is_decoded: bool
    ) -> Iterator[Item]:
        """A field of a report; opened, its pieces."""
        body = (node.part.body, node.part.end)
        told, pieces = field_told(visible(field.name[:80]), self._words), pieces_told(group, field, self._words)
        is_open = id in self.opened if pieces else None
        span = _span(field.start, field.end, body, is_decoded)
        text = f"{told.title}: {value_text(group, field)}"
        yield Item(id, "field", node.number, *span, indent + "    ", text, told, is_open)
        for number, one in enumerate(pieces[:_ITEMS] if is_open else ()):
            place = _span(one.piece.start, one.piece.end, body, is_decoded)
            text = f"{one.told.title}: {one.text} – {one.told.what}"
            yield Item(f"{id}:{number}", "piece", node.number, *place, indent + "      ", text, one.told)

    def _around(self, node: Node, key: str, indent: str) -> Iterator[Item]:
        """What stands before the first delimiter, or after the last one."""
        span = node.preamble if key == "preamble" else node.epilogue
        if span is not None:
            told = Told(self._words(f"mime.part.{key}"), "", "RFC 2046 §5.1.1")
            text = visible(node.part.raw[span[0] : min(span[1], span[0] + MOST)])
            yield Item(f"{node.number}:{key}", "text", node.number, *span, indent, text, told)

    def _delimiters(self, node: Node, indent: str, last_indent: str) -> list[Item]:
        """One before each child, and one behind the last where it is there."""
        id, say, count = f"{node.number}:delimiter", self._words, len(node.children)
        if id not in self._inside:
            rfc, what = "RFC 2046 §5.1.1", say("mime.section.delimiter")
            told = Told(say("mime.part.delimiter"), what, rfc)
            closing = Told(say("mime.part.closing"), what, rfc)
            raw = node.part.raw
            self._inside[id] = [
                Item(f"{id}:{n}", "delimiter", node.number, one.line, one.end, indent if n < count else last_indent,
                     visible(raw[one.line : min(one.end, one.line + MOST)]), closing if one.closes else told)
                for n, one in enumerate(node.part.delimiters)
            ]  # fmt: skip
        return self._inside[id]

    def _steps(self, node: Node, indent: str) -> Iterator[Item]:
        body = (node.part.body, node.part.end)
        for number, step in enumerate(steps_of(node, _COUNTED)):
            id = f"{node.number}:decode:{number}"
            told = step_told(step, self._words)
            size = step_size(step, self._words)
            text = f"{'→ ' if number else ''}{told.title}{f' ({size})' if size else ''}"
            kind = "step" if step.is_ok else "suspicion"
            is_open = id in self.opened if step.sample else None
            figure: tuple[str, ...] = ()
            if step.key == "charset" and isinstance(step.sample, str):
                figure = tuple(filter(None, [characters_line(step.sample, step.name)]))
            yield Item(id, kind, node.number, *body, indent + "  ", text, told, is_open, figure)
            if is_open:
                for line, shown in enumerate(sample_lines(step.sample, _SAMPLE_LINES)):
                    yield Item(f"{id}:{line}", "text", node.number, *body, indent + "    │ ", shown, told)

    def _picture(self, node: Node, indent: str) -> Iterator[Item]:
        body, id, picture = (node.part.body, node.part.end), f"{node.number}:picture", self._pictures.get(node.number)
        told = Told(self._words("mime.view.picture"), self._words("mime.section.picture"), "RFC 2046 §4.2")
        kind = "suspicion" if picture is not None and picture.problem else "text"
        for line, text in enumerate(picture_told(picture, self._words)):
            yield Item(f"{id}:told{line}", kind, node.number, *body, indent + "  ", text, told)
        for line, signs in enumerate(shaded(picture) if picture is not None else ()):
            assert picture is not None
            drawn = (picture, 2 * line)
            yield Item(f"{id}:{line}", "pixels", node.number, *body, indent + "  ", signs, told, picture=drawn)

    def _links(self, node: Node, indent: str) -> Iterator[Item]:
        for number, one in enumerate(links(self.anatomy, node)):
            what = link_told(one, self._words)
            told = Told(self._words("mime.view.links"), what, "RFC 2392")
            kind = "piece" if one.target is not None else "suspicion"
            text = f"cid:{visible(one.cid)} – {what}"
            yield Item(
                f"{node.number}:links:{number}", kind, node.number, one.start, one.end, indent + "  ", text, told
            )

    def _bits(self, node: Node, indent: str) -> Iterator[Item]:
        part, say = node.part, self._words
        stop = min(part.end, part.body + 4096)
        if node.encoding == "base64":
            for number, group in enumerate(islice(decode(part.raw, part.body, stop), _GROUPS)):
                told = Told(say("wire.base64_group.title"), padding_told(group, say) or say("wire.base64_group.what"),
                            "RFC 2045 §6.8")  # fmt: skip
                id = f"{node.number}:bits:{number}"
                yield Item(id, "group", node.number, group.start, group.end, indent + "  ", group_line(group), told,
                           figure=group_figure(group))  # fmt: skip
            return
        for number, one in enumerate(islice(quoted(part.raw, part.body, stop), _GROUPS)):
            told = Told(visible(part.raw[one.start : one.end]), say(f"mime.view.{one.kind}"), "RFC 2045 §6.7")
            text = quoted_line(part.raw, one, say)
            id = f"{node.number}:bits:{number}"
            yield Item(id, "group", node.number, one.start, one.end, indent + "  ", text, told)

    def _defects(self, node: Node, indent: str) -> Iterator[Item]:
        for number, one in enumerate(node.defects[:_ITEMS]):
            told = defect_told(one, self._words)
            text = f"{'·' if one.is_note else '✗'} {told.title} – {told.what}"
            id = f"{node.number}:defects:{number}"
            yield Item(id, "defect", node.number, one.start, one.end, indent + "  ", text, told)


def _span(start: int, end: int, body: tuple[int, int], is_decoded: bool) -> tuple[int, int]:
    """The place in the message; that of the whole part where its content had to be decoded."""
    return body if is_decoded else (start, end)


def _is_in(item: Item, other: Item) -> bool:
    """Whether one is something that was opened in the other."""
    return item.id.startswith(f"{other.id}:") or (other.kind == "part" and item.number == other.number)
