"""Parameters of Content-Type and Content-Disposition with their ranges of the bytes: continuations, character sets and
languages of RFC 2231."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mailtutor.message.encodings import to_text

_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SECTION = re.compile(r"(.+?)(?:\*(0|[1-9][0-9]{0,3}))?(\*)?")
_EXTENDED = re.compile(rb"([^']*)'([^']*)'(.*)", re.DOTALL)
# Values longer than this are read only so far, and so many sections.
_VALUE_LIMIT = 16384
_SECTIONS = 500


@dataclass(frozen=True, slots=True)
class Section:
    """`name=value` as it stands: the name is `raw[start:name_end]`, the value `raw[value_at:end]` (quotes included).

    number: of a continuation, else None. is_extended: percent-encoded.
    """

    start: int
    name_end: int
    value_at: int
    end: int
    number: int | None
    is_extended: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole parameter. name: in lower case. charset, language: of an extended one. has_gap: a section is missing."""

    name: str
    value: str
    charset: str
    language: str
    sections: tuple[Section, ...]
    has_gap: bool

    @property
    def steps(self) -> tuple[str, ...]:
        """The keys of what was done to get the value."""
        found = []
        if any(one.number is not None for one in self.sections):
            found.append("joined")
        if any(one.is_extended for one in self.sections):
            found.append("percent")
        return (*found, "charset") if self.charset else tuple(found)


def parameters(raw: bytes, start: int, end: int) -> tuple[Parameter, ...]:
    """The parameters in `raw[start:end]`, a field's value; in the order in which they first appear."""
    value = raw[start : min(end, start + _VALUE_LIMIT)].replace(b"\r", b" ").replace(b"\n", b" ")
    by_name: dict[str, list[Section]] = {}
    for count, found in enumerate(_PARAMETER.finditer(value)):
        if count >= _SECTIONS:
            break
        said = _ESCAPE.sub(rb"\1", found[2]) if found[2] is not None else found[3]
        split = _SECTION.fullmatch(found[1].decode("latin-1"))
        name, number, star = (split[1], split[2], split[3]) if split else (found[1].decode("latin-1"), None, None)
        value_at = found.start(2) - 1 if found[2] is not None else found.start(3)
        section = Section(
            start + found.start(1), start + found.end(1), start + value_at, start + found.end(),
            None if number is None else int(number), star is not None, said,
        )  # fmt: skip
        by_name.setdefault(name.lower(), []).append(section)
    return tuple(_whole(name, sections) for name, sections in by_name.items())


def value_of(found: tuple[Parameter, ...], name: str) -> str | None:
    """The value of the parameter of that name, None where there is none."""
    return next((one.value for one in found if one.name == name), None)


def _whole(name: str, sections: list[Section]) -> Parameter:
    """RFC 2231 §4.1: what is extended comes before what is plain, continuations are joined in the order of numbers."""
    numbered = sorted((one for one in sections if one.number is not None), key=lambda one: one.number or 0)
    plain = [one for one in sections if one.number is None]
    if not numbered:
        chosen = next((one for one in plain if one.is_extended), plain[0])
        numbered = [chosen]
    charset = language = ""
    pieces: list[bytes] = []
    has_gap = False
    for at, one in enumerate(numbered):
        has_gap = has_gap or (one.number is not None and one.number != at)
        data = one.value
        if one.is_extended:
            marked = _EXTENDED.fullmatch(data) if at == 0 else None
            if marked is not None:
                charset, language = marked[1].decode("latin-1"), marked[2].decode("latin-1")
                data = marked[3]
            data = unquote_to_bytes(data)
        pieces.append(data)
    return Parameter(name, to_text(b"".join(pieces), charset or "utf-8"), charset, language, tuple(sections), has_gap)
