"""What a key does elsewhere: said where it does nothing, so that no key is silent."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from mailtutor.text.catalogue import Words
from mailtutor.tui.actions import PLACES, WIRES, of_mode, readable


def signpost(key: str, words: Words, own_keys: Mapping[str, str]) -> str:
    """A sentence that names what the key does and where; "" where it does nothing anywhere."""
    places: dict[str, list[str]] = {}
    for place in PLACES:
        for action in of_mode(place, own_keys):
            if key in action.keys.split(","):
                places.setdefault(action.id, []).append(place)
    told = [(words(f"screen.action.{name}.label"), _where(found, words)) for name, found in places.items()]
    if not told:
        return ""
    if len(told) == 1:
        label, where = told[0]
        return words("screen.elsewhere.told", pressed=readable(key), label=label, where=where)
    each = [words("screen.elsewhere.one", label=label, where=where) for label, where in told]
    return words("screen.elsewhere.several", pressed=readable(key), each=_joined("also", each, words))


def _where(places: Sequence[str], words: Words) -> str:
    """Four places with a wire are named as one."""
    if set(places) >= WIRES:
        places = ["wires", *(place for place in places if place not in WIRES)]
    return _joined("and", [words(f"screen.elsewhere.{place}") for place in places], words)


def _joined(joint: str, parts: Sequence[str], words: Words) -> str:
    return functools.reduce(lambda one, other: words(f"screen.elsewhere.{joint}", one=one, other=other), parts)
