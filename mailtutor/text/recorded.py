"""What a trace keeps of our own words: they are English there, and are said in the language of whoever reads.

A reply that a server gave is its own and stays as it is. Why an attempt ended without one is ours (`error.delivery`),
and so is why nobody could be reached.
"""

from __future__ import annotations

import re
from functools import cache

from mailtutor.errors import Sentence
from mailtutor.text.catalogue import Words, words
from mailtutor.text.telling import tell

_OURS = ("error.delivery.", "error.lab.no_answer", "error.lab.no_tls", "error.lab.tls", "error.system.")
_FIELD = re.compile(r"\{(\w+)\}")


def recorded(said: str, words: Words) -> str:
    """The sentence in the language of `words`; what is none of ours as it is."""
    return said if words.language == "en" else tell(renewed(said), words)


def renewed(said: str) -> str:
    """The Sentence it once was, which can be said in any language; what is none of ours as it is."""
    for key, pattern in _patterns():
        found = pattern.fullmatch(said)
        if found is not None:
            fields = {name: renewed(value) for name, value in found.groupdict().items()}
            return Sentence(words("en")(key), key, **fields)
    return said


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each English sentence, to be recognised by; those with more words of their own first."""
    ours = {key: text for key, text in words("en").file("error").items() if key.startswith(_OURS)}
    ordered = sorted(ours.items(), key=lambda item: len(_FIELD.sub("", item[1])), reverse=True)
    return tuple((key, re.compile(_expression(text), re.DOTALL)) for key, text in ordered)


def _expression(text: str) -> str:
    """Only what somebody said, and why, may be of several words."""
    parts = _FIELD.split(text)
    fields = {part: ".*" if part in ("reply", "line", "why") else r"\S+" for part in parts[1::2]}
    return "".join(f"(?P<{part}>{fields[part]})" if at % 2 else re.escape(part) for at, part in enumerate(parts))
