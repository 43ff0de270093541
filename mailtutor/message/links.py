"""Which parts a page names: `cid:` and the Content-ID of another part (RFC 2392, RFC 2387)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.encodings import to_text
from mailtutor.message.steps import content_sample
from mailtutor.message.transfer import IDENTITY

_CID = re.compile(rb"cid:([^\s\"'<>)]{1,500})", re.IGNORECASE)
# Octets of a page that are looked through, and links of it that are told.
_LIMIT = 256 * 1024
_LINKS = 200


@dataclass(frozen=True, slots=True)
class Link:
    """`raw[start:end]` names it, or the whole content of the page where that is encoded. target: None where no part has
    that Content-ID."""

    source: Node
    start: int
    end: int
    cid: str
    target: Node | None


def links(anatomy: Anatomy, page: Node) -> tuple[Link, ...]:
    """What a page of HTML names; nothing of a part of another type."""
    if page.type != "text/html":
        return ()
    named = {_content_id(node): node for node in reversed(anatomy.nodes) if _content_id(node)}
    start, end = page.part.body, page.part.end
    is_plain = page.encoding in IDENTITY
    content = page.part.raw[start : min(end, start + _LIMIT)] if is_plain else content_sample(page, _LIMIT)
    found = []
    for one in islice(_CID.finditer(content), _LINKS):
        cid = unquote(to_text(one[1], "utf-8"))
        span = (start + one.start(), start + one.end()) if is_plain else (start, end)
        found.append(Link(page, *span, cid, named.get(cid)))
    return tuple(found)


def _content_id(node: Node) -> str:
    return to_text((node.part.header.get("Content-ID") or b"")[:500].strip(b" <>"), "utf-8")
