"""Compares what was said as people do: capitals and spaces never matter."""

from __future__ import annotations


def same(wanted: str, found: str) -> bool:
    """Whether a word is the one that is wanted; "" is any."""
    return not wanted or wanted.casefold() == found.casefold()


def contains(line: bytes, wanted: str | tuple[str, ...]) -> bool:
    """Whether a line holds all of these texts."""
    texts = (wanted,) if isinstance(wanted, str) else wanted
    said = squeezed(line.decode("utf-8", "replace"))
    return all(squeezed(text) in said for text in texts)


def squeezed(text: str) -> str:
    """`MAIL FROM: <a@b>` and `mail from:<A@B>` are the same line."""
    return "".join(text.casefold().split())
