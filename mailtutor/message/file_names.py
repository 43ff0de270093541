"""Names under which what came in a message may be saved: nobody's path, nobody's control characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Container

# Octets of a name most file systems take, with room for a number.
_OCTETS = 200
_SUFFIX_OCTETS = 20
# What some system takes for something else than a character of a name.
_SPECIAL = frozenset('<>:"|?*')
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})


def clean_name(wanted: str, otherwise: str) -> str:
    """The last part of `wanted` without what could do harm; `otherwise` where nothing is left."""
    last = wanted.replace("\\", "/").rpartition("/")[2]
    kept = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", last) if _is_fit(one))
    # A dot in front hides a file, one at the end is dropped by some systems.
    kept = kept.strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if not stem or len(suffix.encode()) > _SUFFIX_OCTETS:
        stem, dot, suffix = kept, "", ""
    stem = stem.encode("utf-8", "ignore")[:_OCTETS].decode("utf-8", "ignore")
    if not stem:
        return otherwise
    return f"{'_' if stem.partition('.')[0].lower() in _DEVICES else ''}{stem}{dot}{suffix}"


def free_name(name: str, taken: Container[str]) -> str:
    """The name, with a number before its suffix where it is taken."""
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    return found


def _is_fit(character: str) -> bool:
    # Cc controls, Cf reorders or hides, Cs is no character, Zl and Zp end a line.
    return character not in _SPECIAL and unicodedata.category(character) not in {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }
