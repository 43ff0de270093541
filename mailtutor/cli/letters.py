"""Prints a message, a part of it, or its bare octets. Everything out of the message is safe to print."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from mailtutor.cli.output import coloured, has_colour
from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.beside import beside
from mailtutor.message.bits import decode, quoted
from mailtutor.message.defects import Defect
from mailtutor.message.hops import path
from mailtutor.message.links import links
from mailtutor.message.reports import read_report
from mailtutor.message.steps import Step, steps_of
from mailtutor.reading.letter import (
    MOST,
    PieceTold,
    beside_told,
    defect_told,
    duration,
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
from mailtutor.reading.picture import is_picture, read_picture, shaded
from mailtutor.reading.spelling import group_line, quoted_line
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Of each kind so many are printed; --json has all of them.
# Pieces of a report that mean more than they say.
_TELLING = frozenset({"action", "status", "mdn_mode", "mdn_sent", "mdn_type", "mdn_modifier"})
_PARTS, _FIELDS, _PIECES, _DEFECTS, _SAMPLES, _GROUPS = 200, 60, 40, 40, 12, 6


def print_message(
    name: str, anatomy: Anatomy, sender: str | None, recipients: Collection[str] | None, say: Words
) -> None:
    """The tree, the header of the whole, the way it took, what is wrong, and how each part is decoded."""
    head = say("mime.part.octets", count=len(anatomy.raw))
    _print([f"# {visible(name)} · {head}"])
    _section("parts", _tree(anatomy, say), say)
    _section("header", _header(anatomy.root, say), say)
    _section("report", _report(anatomy, say), say)
    _section("links", _links(anatomy, say), say)
    _section("path", _path(anatomy, say), say)
    _section("beside", _beside(anatomy, sender, recipients, say), say)
    _section("defects", _defects(anatomy, say) or [f"  {say('mime.view.no_defects')}"], say)
    _section("decode", _decoding(anatomy, say), say)
    sys.stdout.flush()


def print_part(node: Node, say: Words, *, ascii: bool = False) -> None:
    """One part: its header piece by piece, each step of its decoding with a sample, and what is seen of a picture.

    ascii: signs of ASCII stand for a picture even where colours may be used."""
    _print([f"# {node_title(node, say)} · {summary(node, say)}"])
    _section("header", _header(node, say, in_full=True), say)
    _section("defects", [f"  ✗ {_defect(node, one, say)}" for one in node.defects], say)
    lines: list[str] = []
    for step in steps_of(node):
        lines += [f"  {_step(step, say)}", f"    {step_told(step, say).what}"]
        lines += [f"    │ {line}" for line in sample_lines(step.sample, _SAMPLES)] if step.sample else []
    _section("decode", lines, say)
    _section("picture", list(_picture(node, say, ascii=ascii)), say)
    _section("group", list(_spelled(node, say)), say)
    sys.stdout.flush()


def print_raw(node: Node) -> None:
    """The octets of a part, each line with its place in the message."""
    raw, at, end = node.part.raw, node.part.start, node.part.end
    while at < end:
        stop = raw.find(b"\n", at, end) + 1 or end
        print(f"{at:>8}  {visible(raw[at:stop])}")
        at = stop


def _section(key: str, lines: list[str], say: Words) -> None:
    if lines:
        title = say(f"mime.view.{key}")
        _print(["", f"\x1b[1m{title}\x1b[0m" if has_colour(sys.stdout) else title, *lines])


def _print(lines: list[str]) -> None:
    print("\n".join(lines))


def _tree(anatomy: Anatomy, say: Words) -> list[str]:
    leads = tree_leads(anatomy.root)
    lines = [
        f"  {leads[node.number]}{node.number}  {summary(node, say)}"
        + (f"  ✗{len(node.defects)}" if any(not one.is_note for one in node.defects) else "")
        for node in anatomy.nodes[:_PARTS]
    ]
    return [*lines, *_more(len(anatomy.nodes) - _PARTS, say)]


def _header(node: Node, say: Words, *, in_full: bool = False) -> list[str]:
    """Each field with what it is, and its pieces: one after the other, or in full each on a line with what it is."""
    header, lines = node.part.header, []
    for field in header.fields[:_FIELDS]:
        if not field.name:
            lines.append(f"  ✗ {visible(header.raw[field.start : min(field.end, field.start + MOST)])}")
            continue
        told = field_told(visible(field.name), say)
        lines.append(f"  {told.title}: {value_text(header, field)}")
        if told.what:
            lines.append(f"      {told.what} [{told.rfc}]")
        pieces = pieces_told(header, field, say)
        # A value that is nothing but text has been shown.
        shown = [] if len(pieces) == 1 and pieces[0].piece.key == "text" else list(pieces[:_PIECES])
        if in_full:
            lines += [f"      {'  ' if one.piece.is_part else ''}{_piece(one)} – {one.told.what}" for one in shown]
        elif shown:
            whole = [one for one in shown if not one.piece.is_part and one.piece.key != "at_sign"]
            lines.append("      → " + " · ".join(map(_piece, whole)))
        lines += _more(len(pieces) - _PIECES, say)
    return [*lines, *_more(len(header.fields) - _FIELDS, say)]


def _piece(one: PieceTold) -> str:
    return f"{one.told.title}: {one.text}" + (f" = {one.value}" if one.value else "")


def _report(anatomy: Anatomy, say: Words) -> list[str]:
    report = read_report(anatomy)
    if report is None:
        return []
    lines = [f"  {say(f'mime.report.{report.kind}')}"]
    for number, group in enumerate(report.groups):
        about = "message" if number == 0 and report.kind == "dsn" else "recipient"
        lines.append(f"  {say(f'mime.report.{about}')}")
        for field in group.fields[:_FIELDS]:
            told = field_told(visible(field.name), say)
            rfc = f" [{told.rfc}]" if told.rfc else ""
            lines.append(f"    {told.title}: {value_text(group, field)}")
            lines += [f"        {told.what}{rfc}"] if told.what else []
            said = [one for one in pieces_told(group, field, say) if one.piece.key in _TELLING]
            lines += [f"        → {one.text} – {one.told.what}" for one in said]
    return lines


def _path(anatomy: Anatomy, say: Words) -> list[str]:
    hops = path(anatomy.root.part.header)
    lines: list[str] = []
    for number, hop in enumerate(hops, 1):
        line, said = hop_told(hop, number, say)
        lines += [f"  {line}", f"      {said}"]
    if len(hops) > 1 and hops[0].at and hops[-1].at:
        lines.append(f"  {say('mime.hop.whole', delay=duration((hops[-1].at - hops[0].at).total_seconds()))}")
    return lines


def _links(anatomy: Anatomy, say: Words) -> list[str]:
    found = [(node, one) for node in anatomy.nodes for one in links(anatomy, node)]
    return [f"  {node.number}  cid:{visible(one.cid)} – {link_told(one, say)}" for node, one in found[:_PARTS]]


def _beside(anatomy: Anatomy, sender: str | None, recipients: Collection[str] | None, say: Words) -> list[str]:
    found = [beside_told(one, say) for one in beside(anatomy.root.part.header, sender, recipients)]
    lines = [f"  {one.title} {one.what} [{one.rfc}]" for one in found[:_DEFECTS]]
    unknown = [f"  · {say('mime.beside.unknown')}"] if sender is None and recipients is None else []
    return [*lines, *unknown]


def _defects(anatomy: Anatomy, say: Words) -> list[str]:
    found = anatomy.defects
    lines = []
    for node, defect in found[:_DEFECTS]:
        lines += [f"  {'·' if defect.is_note else '✗'} {_defect(node, defect, say)}"]
        lines += [f"      {defect_told(defect, say).what}"]
    return [*lines, *_more(len(found) - _DEFECTS, say)]


def _defect(node: Node, defect: Defect, say: Words) -> str:
    told = defect_told(defect, say)
    return say("cli.message.line", number=node.number, at=defect.start, title=told.title, rfc=told.rfc)


def _decoding(anatomy: Anatomy, say: Words) -> list[str]:
    """A line for each part that has content of its own."""
    leaves = [node for node in anatomy.nodes if not node.children]
    lines = [f"  {node.number}  " + " → ".join(_step(one, say) for one in steps_of(node)) for node in leaves[:_PARTS]]
    return [*lines, *_more(len(leaves) - _PARTS, say)]


def _step(step: Step, say: Words) -> str:
    size = step_size(step, say)
    return f"{'' if step.is_ok else '✗ '}{step_told(step, say).title}{f' ({size})' if size else ''}"


def _picture(node: Node, say: Words, *, ascii: bool) -> Iterator[str]:
    """What there is to say of it, then its lines."""
    if not is_picture(node):
        return
    picture = read_picture(node)
    yield from (f"  {line}" for line in picture_told(picture, say))
    if picture.problem:
        return
    lines = shaded(picture) if ascii or not has_colour(sys.stdout) else coloured(picture)
    yield from (f"  {line}" for line in lines)


def _spelled(node: Node, say: Words) -> Iterator[str]:
    """The first groups of its encoding, where it has any."""
    part = node.part
    stop = min(part.end, part.body + MOST)
    if node.children:
        return
    if node.encoding == "base64":
        for count, group in enumerate(decode(part.raw, part.body, stop)):
            if count < _GROUPS:
                yield f"  {group_line(group)}"
    elif node.encoding == "quoted-printable":
        for count, one in enumerate(quoted(part.raw, part.body, stop)):
            if count < _GROUPS * 2:
                yield f"  {quoted_line(part.raw, one, say)}"


def _more(count: int, say: Words) -> list[str]:
    return [f"  … {say('mime.view.more', count=count)}"] if count > 0 else []
