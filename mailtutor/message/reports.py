"""Reports about a message, taken apart: delivery status (RFC 3464) and disposition, whether it was read (RFC 8098)."""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.encodings import to_text
from mailtutor.message.headers import Header, parse_header
from mailtutor.message.transfer import IDENTITY, decoded

_KINDS = {
    "message/delivery-status": "dsn",
    "message/global-delivery-status": "dsn",
    "message/disposition-notification": "mdn",
    "message/global-disposition-notification": "mdn",
}
# Octets of the part, and groups of fields, that are read.
_LIMIT = 256 * 1024
_GROUPS = 200


@dataclass(frozen=True)
class Report:
    """kind: "dsn" or "mdn". node: the part that a program reads. groups: its groups of fields; of a DSN the first is
    about the message and each other one about a recipient.

    The ranges of the groups are those of the message, unless the part had to be decoded first: then `is_decoded`.
    """

    kind: str
    node: Node
    groups: tuple[Header, ...]
    is_decoded: bool

    @property
    def recipients(self) -> tuple[Header, ...]:
        """The groups that are about a recipient."""
        return self.groups if self.kind == "mdn" else self.groups[1:]


def read_report(anatomy: Anatomy) -> Report | None:
    """The first report in a message, None where there is none."""
    for node in anatomy.nodes:
        kind = _KINDS.get(node.type)
        if kind is None:
            continue
        raw, at, end = anatomy.raw, node.part.body, min(node.part.end, node.part.body + _LIMIT)
        is_decoded = node.encoding not in IDENTITY
        if is_decoded:
            raw = b"".join(decoded(raw, at, end, node.encoding))
            at, end = 0, len(raw)
        groups: list[Header] = []
        while at < end and len(groups) < _GROUPS:
            group = parse_header(raw, at, end)
            at = group.body
            if group.fields:
                groups.append(group)
        return Report(kind, node, tuple(groups), is_decoded)
    return None


def said(group: Header, name: str) -> str:
    """A field of a group without its kind: `rfc822; bob@hamburger.edu` says bob@hamburger.edu."""
    value = to_text(group.get(name) or b"", "utf-8")
    before, semicolon, after = value.partition(";")
    return after.strip() if semicolon and " " not in before.strip() else value.strip()
