"""The glossary: every word that can be looked up, in groups, from the tables and the catalogue.

Nothing is written here: a word is a row of a protocol's table, a text of the catalogue, or a term of `terms`. What it
means is `reference.look_up`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.reference import Page, look_up
from mailtutor.reading.statuses import status
from mailtutor.reading.terms import TERMS
from mailtutor.text.catalogue import LANGUAGES, Words, words

# Of a page only this kind belongs to the group, where a word has several meanings.
_TERM, _CODE, _ENHANCED, _HEADER, _FAULT = "term", "code", "enhanced", "header", "fault"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word to look up.

    group: one of GROUPS. protocol: in which it means this, "" where that is no matter. title: what it is in a few
    words, "" where the word says it. names: how a text may write it, in every language, in small letters.
    """

    group: str
    word: str
    protocol: str
    title: str
    names: frozenset[str]

    def pages(self, say: Words) -> list[Page]:
        """What it means, here only: in general first, then each of our servers' replies."""
        kinds = _KINDS.get(self.group)
        found = [page for page in look_up(self.word, say, self.protocol) if kinds is None or page.kind in kinds]
        return sorted(found, key=lambda page: page.kind == "reply")

    def is_like(self, wanted: str) -> bool:
        """Whether a student who types this may mean it."""
        wanted = wanted.casefold()
        return wanted in f"{self.word} {self.title}".casefold() or any(wanted in name for name in self.names)


_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _TERM: ("term",), _HEADER: ("header",), _FAULT: ("fault",), _ENHANCED: ("enhanced",),
        _CODE: ("code", "status", "reply"),
    }
)  # fmt: skip


def _entry(group: str, word: str, protocol: str, title: str) -> Entry:
    return Entry(group, word, protocol, title, frozenset({word.casefold()}))


def _terms(say: Words) -> Iterator[Entry]:
    for term in TERMS:
        names = frozenset(words(language)(f"term.{term}.name").casefold() for language in LANGUAGES)
        yield Entry(_TERM, say(f"term.{term}.name"), "", say.get(f"term.{term}.also"), names)


def _protocol(name: str) -> Callable[[Words], Iterator[Entry]]:
    def entries(say: Words) -> Iterator[Entry]:
        table = PROTOCOLS[name].table
        for verb in table.commands:
            yield _entry(name, verb, name, say.get(f"{name}.command.{verb}.title"))
        for capability in table.capabilities:
            if capability not in table.commands:
                yield _entry(name, capability, name, say("glossary.offered"))

    return entries


def _codes(say: Words) -> Iterator[Entry]:
    for key in say.file("code"):
        code = key.partition(".")[2]
        yield _entry(_CODE, code, "smtp", say(key))


def _enhanced(say: Words) -> Iterator[Entry]:
    said = {reply.enhanced for reply in PROTOCOLS["smtp"].table.replies.values()}
    for code in sorted(said, key=lambda text: [int(part) for part in text.split(".") if part.isdigit()]):
        found = status(code, say)
        if found is not None:
            yield _entry(_ENHANCED, code, "smtp", found.detail or found.about)


def _headers(say: Words) -> Iterator[Entry]:
    for key in say.file("header"):
        if key.endswith(".name") and f"{key.removesuffix('name')}what" in say:
            yield _entry(_HEADER, say(key), "", say.get(f"{key.removesuffix('name')}rfc"))


def _faults(say: Words) -> Iterator[Entry]:
    for key in say.file("fault"):
        if key.endswith(".title") and key.count(".") == 2 and f"{key.removesuffix('title')}what" in say:
            yield _entry(_FAULT, key.split(".")[1], "", say(key))


_SOURCES: Mapping[str, Callable[[Words], Iterator[Entry]]] = MappingProxyType(
    {
        _TERM: _terms, "smtp": _protocol("smtp"), "pop3": _protocol("pop3"), "imap": _protocol("imap"),
        _CODE: _codes, _ENHANCED: _enhanced, _HEADER: _headers, "dns": _protocol("dns"), "http": _protocol("http"),
        "ftp": _protocol("ftp"), _FAULT: _faults,
    }
)  # fmt: skip
GROUPS = tuple(_SOURCES)


def glossary(say: Words) -> list[Entry]:
    """Every word, group by group, in the order of the tables."""
    return [entry for source in _SOURCES.values() for entry in source(say)]
