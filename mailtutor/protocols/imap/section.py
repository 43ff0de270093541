"""BODY[section]: which bytes of a message it names (RFC 3501 §6.4.5)."""

from __future__ import annotations

from mailtutor.message.mime import Part
from mailtutor.protocols.imap.fetch import Section


def find_part(root: Part, path: tuple[int, ...]) -> Part | None:
    """The part a path of numbers names; None when there is none.

    A message that is no multipart has one part, 1, which is its body. Numbers go on inside an attached message.
    """
    part: Part | None = None
    holder: Part | None = root
    for number in path:
        if holder is None or number > max(1, len(holder.parts)):
            return None
        part = holder.parts[number - 1] if holder.parts else holder
        # What the next number would count: the parts of a multipart, or of the message attached here.
        holder = part if part.parts else part.message
    return part


def section_bytes(root: Part, section: Section) -> bytes | None:
    """The bytes a section names; None (NIL) when the message has no such part."""
    if not section.path:
        return _message_text(root, section)
    part = find_part(root, section.path)
    if part is None:
        return None
    if not section.text:
        return part.content
    if section.text == "MIME":
        return part.raw[part.start : part.body]
    # HEADER and TEXT under a number are those of the message attached there.
    return None if part.message is None else _message_text(part.message, section)


def _message_text(message: Part, section: Section) -> bytes:
    match section.text:
        case "HEADER":
            return message.raw[message.start : message.body]
        case "TEXT":
            return message.content
        case "HEADER.FIELDS":
            return message.header.subset(section.names)
        case "HEADER.FIELDS.NOT":
            return message.header.subset(section.names, others=True)
        case _:
            return message.raw[message.start : message.end]
