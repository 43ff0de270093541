"""The same for programs: a message as plain dicts and lists, for JSON. Spans are `[start, end]` in octets of it."""

from __future__ import annotations

from collections.abc import Collection

from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.beside import beside
from mailtutor.message.defects import RFC
from mailtutor.message.field_pieces import pieces_of
from mailtutor.message.headers import Field, Header
from mailtutor.message.hops import path
from mailtutor.message.links import links
from mailtutor.message.reports import read_report
from mailtutor.message.steps import steps_of
from mailtutor.reading.letter import defect_told
from mailtutor.text.catalogue import Words

Facts = dict[str, object]
# Octets of a value, and fields of a part, that are given.
_MOST = 4096
_FIELDS = 1000


def message_facts(anatomy: Anatomy, sender: str | None, recipients: Collection[str] | None, words: Words) -> Facts:
    """The whole message."""
    root = anatomy.root
    report = read_report(anatomy)
    return {
        "octets": len(anatomy.raw),
        "parts": [part_facts(node, words) for node in anatomy.nodes],
        "path": [
            {
                "from": hop.from_, "address": hop.address, "by": hop.by, "via": hop.via, "with": hop.with_,
                "id": hop.id, "for": hop.for_, "at": hop.at.isoformat() if hop.at else None, "delay_s": hop.delay_s,
                "linked": hop.is_linked, "facts": hop.facts, "span": [hop.field.start, hop.field.end],
            }
            for hop in path(root.part.header)
        ],
        "envelope": {
            "sender": sender,
            "recipients": None if recipients is None else list(recipients),
            "differences": [
                {"key": one.key, "header": one.header, "envelope": one.envelope}
                for one in beside(root.part.header, sender, recipients)
            ],
        },
        "links": [
            {
                "part": node.number, "span": [one.start, one.end], "cid": one.cid,
                "names": one.target.number if one.target is not None else None,
            }
            for node in anatomy.nodes
            for one in links(anatomy, node)
        ],
        "report": None
        if report is None
        else {
            "kind": report.kind,
            "part": report.node.number,
            "groups": [[_name_and_value(group, field) for field in group.fields] for group in report.groups],
        },
    }  # fmt: skip


def part_facts(node: Node, words: Words) -> Facts:
    """One part."""
    part = node.part
    return {
        "number": node.number,
        "depth": node.depth,
        "type": node.type,
        "charset": node.charset,
        "encoding": node.encoding,
        "name": node.file_name,
        "header": [part.start, part.body],
        "body": [part.body, part.end],
        "preamble": node.preamble,
        "epilogue": node.epilogue,
        "delimiters": [[one.line, one.end] for one in part.delimiters],
        "fields": [_field(part.header, field) for field in part.header.fields[:_FIELDS]],
        "parameters": [
            {"name": one.name, "value": one.value, "charset": one.charset, "language": one.language}
            for one in (*node.parameters, *node.disposition_parameters)
        ],
        "steps": [
            {
                "key": one.key, "name": one.name, "rfc": one.rfc, "octets": one.octets, "characters": one.characters,
                "ok": one.is_ok,
            }
            for one in steps_of(node)
        ],
        "defects": [
            {
                "key": one.key, "span": [one.start, one.end], "count": one.count, "detail": one.detail,
                "what": defect_told(one, words).what, "rfc": RFC[one.key],
            }
            for one in node.defects
        ],
    }  # fmt: skip


def _field(header: Header, field: Field) -> Facts:
    return {
        **_name_and_value(header, field),
        "span": [field.start, field.end],
        "value_at": field.value_at,
        "pieces": [
            {"key": one.key, "span": [one.start, one.end], "value": one.value} for one in pieces_of(header, field)
        ],
    }


def _name_and_value(header: Header, field: Field) -> Facts:
    name = field.name.decode("ascii", "replace")
    return {"name": name, "value": header.value(field)[:_MOST].decode("utf-8", "replace")}
