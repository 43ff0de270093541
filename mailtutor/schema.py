"""What does not fit where somebody wrote a table, said in a sentence that has other languages.

msgspec says what is wrong with the kind of a value, in English alone; what our own classes find wrong (`__post_init__`)
is a Sentence already, in a ValueError.
"""

from __future__ import annotations

import re

from mailtutor.errors import Sentence

_PLACE = re.compile(r" - at `[^`]*`$")
_KIND = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?")
_LIMIT = re.compile(r"Expected `([^`]+)` (.+)")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_VALUE = re.compile(r"Invalid (?:enum )?value (.+)", re.DOTALL)

_ILLEGAL = re.compile(r"Illegal character (.+)")
# What tomllib says, word for word.
_TOML = {
    str(one): one
    for one in (
        Sentence("Cannot overwrite a value", "error.toml.overwrite"),
        Sentence("Expected '=' after a key in a key/value pair", "error.toml.equals"),
        Sentence("Expected ']' at the end of a table declaration", "error.toml.table_end"),
        Sentence("Expected ']]' at the end of an array declaration", "error.toml.array_end"),
        Sentence("Expected newline or end of document after a statement", "error.toml.rest"),
        Sentence("Invalid date or datetime", "error.toml.date"),
        Sentence("Invalid hex value", "error.toml.hex"),
        Sentence("Invalid initial character for a key part", "error.toml.key"),
        Sentence("Invalid statement", "error.toml.statement"),
        Sentence("Invalid value", "error.toml.value"),
        Sentence("Unclosed array", "error.toml.array"),
        Sentence("Unclosed inline table", "error.toml.inline"),
        Sentence("Unescaped '\\' in a string", "error.toml.escape"),
        Sentence("Unterminated string", "error.toml.string"),
    )
}


def no_toml(what: str) -> str:
    """What makes a text no TOML, as tomllib says it without the place: a Sentence wherever it is known."""
    if found := _ILLEGAL.fullmatch(what):
        return Sentence("Illegal character {character}", "error.toml.illegal", character=found[1])
    return _TOML.get(what, what)


def misfit(wrong: Exception) -> str:
    """What is wrong, without the place: a Sentence wherever it is known."""
    for one in (wrong, wrong.__cause__):
        if isinstance(one, ValueError) and one.args and isinstance(one.args[0], Sentence):
            return one.args[0]
    what = _PLACE.sub("", str(wrong))
    if found := _MISSING.fullmatch(what):
        return Sentence("Object missing required field `{name}`", "error.schema.missing", name=found[1])
    if found := _UNKNOWN.fullmatch(what):
        return Sentence("Object contains unknown field `{name}`", "error.schema.unknown", name=found[1])
    if found := _VALUE.fullmatch(what):
        return Sentence("Invalid value {value}", "error.schema.value", value=found[1])
    if found := _KIND.fullmatch(what):
        if found[2] is None:
            return Sentence("Expected `{wanted}`", "error.schema.wanted", wanted=found[1])
        return Sentence("Expected `{wanted}`, got `{found}`", "error.schema.kind", wanted=found[1], found=found[2])
    if found := _LIMIT.fullmatch(what):
        return Sentence("Expected `{wanted}` {limit}", "error.schema.limit", wanted=found[1], limit=found[2])
    return what
