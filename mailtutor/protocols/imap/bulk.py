"""FETCH of many messages at once, where nothing of them has to be taken apart: columns, then lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mailtutor.protocols.imap.fetch import SECTION, FetchItem, Section

# Item to how its value is written; the value is a number where it says %d, bytes otherwise.
_COLUMNS = {
    "FLAGS": b"FLAGS %b",
    "UID": b"UID %d",
    "RFC822.SIZE": b"RFC822.SIZE %d",
    "INTERNALDATE": b"INTERNALDATE %b",
    "MODSEQ": b"MODSEQ (%d)",
    "ENVELOPE": b"ENVELOPE %b",
    "BODYSTRUCTURE": b"BODYSTRUCTURE %b",
    SECTION: b"BODY[] %b",
}
_WHOLE = Section()
# The items that come from a message's outline.
OUTLINED = frozenset({"ENVELOPE", "BODYSTRUCTURE"})

# What gives the values of one item for a stretch of messages, in their order.
Column = Callable[[], Sequence[object]]


def is_narrow(items: Iterable[FetchItem]) -> bool:
    """Whether `lines` can write these items: of sections only BODY[], all of it."""
    return all(
        item.name in _COLUMNS and (item.name != SECTION or (item.section == _WHOLE and not item.count))
        for item in items
    )


def lines(numbers: Sequence[int], items: Sequence[FetchItem], columns: Mapping[str, Column]) -> bytes:
    """`* 12 FETCH (FLAGS (\\Seen) UID 14)` for each number; columns by item name."""
    template = b"* %d FETCH (" + b" ".join(_COLUMNS[item.name] for item in items) + b")\r\n"
    values = [columns[item.name]() for item in items]
    return b"".join([template % row for row in zip(numbers, *values, strict=True)])
