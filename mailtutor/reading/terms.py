"""Words people use about mail that no protocol says: what can be looked up besides commands and replies.

A row is a word and where it is defined ("" where that is custom, not a standard). Its texts are `term.WORD` in the
catalogue: `name`, `what`, and `also`, other words for it with commas between; in every language.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from mailtutor.text.catalogue import LANGUAGES, Words, words

TERMS = MappingProxyType(
    {
        # Who and where
        "user-agent": "RFC 5598 §4.2",
        "mail-server": "RFC 5598 §4.3",
        "submission": "RFC 6409",
        "relay": "RFC 5321 §2.3.10",
        "envelope": "RFC 5321 §2.3.1",
        "null-sender": "RFC 5321 §4.5.5",
        "postmaster": "RFC 5321 §4.5.1",
        # The way
        "mx": "RFC 5321 §5.1",
        "backup-mx": "RFC 5321 §5.1",
        "null-mx": "RFC 7505",
        "nxdomain": "RFC 2308 §2.1",
        "servfail": "RFC 2308 §7.1",
        "smarthost": "",
        "loop": "RFC 5321 §6.3",
        # The queue
        "queue": "RFC 5321 §4.5.4.1",
        "active": "",
        "deferred": "RFC 5321 §4.5.4.1",
        "hold": "",
        "scheduled": "",
        "retry": "RFC 5321 §4.5.4.1",
        "flush": "RFC 1985",
        "recall": "",
        "bounce": "RFC 5321 §6.1",
        "double-bounce": "RFC 5321 §6.1",
        "backscatter": "",
        "report": "RFC 3464",
        "delay-warning": "RFC 3464 §2.3.3",
        "duplicate": "RFC 5321 §4.2.5",
        # Trust
        "greylisting": "RFC 6647",
        "open-relay": "RFC 5321 §7.1",
        "smuggling": "RFC 5321 §4.1.1.4",
        "dot-stuffing": "RFC 5321 §4.5.2",
        "tls": "RFC 3207",
        "implicit-tls": "RFC 8314 §3",
        "certificate": "RFC 7817",
        "opportunistic": "RFC 7435",
        "base64": "RFC 4648 §4",
        # Codes
        "reply-code": "RFC 5321 §4.2.1",
        "enhanced-code": "RFC 3463",
        # Words of the three protocols
        "octet": "RFC 5321 §2.3.1",
        "mailbox": "RFC 5321 §2.3.11",
        "maildrop": "RFC 1939 §3",
        "tag": "RFC 3501 §2.2.1",
        "flag": "RFC 3501 §2.3.2",
        "literal": "RFC 3501 §4.3",
        "handshake": "RFC 5321 §3.1",
        "resolver": "RFC 1034 §5",
    }
)


def terms_for(asked: str) -> Iterator[str]:
    """The terms a word stands for, whatever the language it is in."""
    wanted = _plain(asked)
    for term in TERMS:
        if wanted == _plain(term) or any(wanted in _names(term, words(language)) for language in LANGUAGES):
            yield term


def spellings() -> frozenset[str]:
    """Every word that stands for a term, in every language, as the catalogues write it."""
    found = set(TERMS)
    for language in LANGUAGES:
        say = words(language)
        for term in TERMS:
            found |= {name.strip() for name in (say.get(f"term.{term}.name"), *say.get(f"term.{term}.also").split(","))}
    return frozenset(found - {""})


def _names(term: str, say: Words) -> set[str]:
    also = say.get(f"term.{term}.also").split(",")
    return {_plain(name) for name in (say.get(f"term.{term}.name"), *also)} - {""}


def _plain(word: str) -> str:
    """Without what people leave out or put in: "Null-MX" is "null mx" is "nullmx"."""
    return "".join(character for character in word.casefold() if character.isalnum())
