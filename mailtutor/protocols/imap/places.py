"""Where in a line a word stands: that decides what it is.

The places of a line come one after another; what stands in parentheses takes one place together. A place "(name" is
there only in parentheses, and left out otherwise. The last place stays for all that follow, and "*" at the end begins
from the front again. What is inside parentheses has places of its own where `GROUPS` or `AFTER` say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb'(?P<quoted>"(?:[^"\\\r\n]|\\.)*"?)|(?P<literal>~?\{\d+\+?\})|(?P<open>\()|(?P<close>\))'
    rb"|(?P<section>[A-Za-z0-9.]+\[[^\]\r\n]*\]?(?:<[\d.]+>)?)|(?P<word>[^ ()\r\n]+)"
)
_ESCAPE = re.compile(rb'\\(["\\])')

# What the client says, by verb; UID before it changes nothing.
ARGUMENTS = {
    "LOGIN": ("user", "password"),
    "AUTHENTICATE": ("mechanism", "credentials"),
    "ID": ("id_word",),
    "ENABLE": ("capability",),
    "SELECT": ("mailbox", "(select_parameter"),
    "EXAMINE": ("mailbox", "(select_parameter"),
    "CREATE": ("mailbox", "(create_parameter"),
    "DELETE": ("mailbox",),
    "RENAME": ("mailbox", "new_name"),
    "SUBSCRIBE": ("mailbox",),
    "UNSUBSCRIBE": ("mailbox",),
    "LIST": ("(list_option", "reference", "pattern", "list_return"),
    "LSUB": ("reference", "pattern"),
    "STATUS": ("mailbox", "status_item"),
    "GETQUOTA": ("quota_root",),
    "GETQUOTAROOT": ("mailbox",),
    "APPEND": ("mailbox", "append_option"),
    "SEARCH": ("search_key",),
    "SORT": ("(sort_criterion", "charset", "search_key"),
    "FETCH": ("sequence_set", "fetch_item", "(modifier"),
    "STORE": ("sequence_set", "(modifier", "store_action", "flag"),
    "COPY": ("sequence_set", "mailbox"),
    "MOVE": ("sequence_set", "mailbox"),
    "EXPUNGE": ("sequence_set",),
}
# What the server says, by the name of the data.
VALUES = {
    "SEARCH": ("search_result", "(result_item"),
    "SORT": ("search_result", "(result_item"),
    "ESEARCH": ("(correlator", "result_item"),
    "LIST": ("list_attribute", "delimiter", "mailbox", "(list_extra"),
    "LSUB": ("list_attribute", "delimiter", "mailbox"),
    "STATUS": ("mailbox", "(counts"),
    "FLAGS": ("flag",),
    "CAPABILITY": ("capability",),
    "ENABLED": ("capability",),
    "NAMESPACE": ("namespace",),
    "ID": ("id_word",),
    "VANISHED": ("(earlier", "uid_set"),
    "QUOTA": ("quota_root", "(resources"),
    "QUOTAROOT": ("mailbox", "quota_root"),
}
_MATCHED = ("matched_numbers", "matched_uids")
# Place → the places inside its parentheses, where they are others.
GROUPS = {
    "known_uids": _MATCHED,
    "matched": _MATCHED,
    "counts": ("status_item", "count", "*"),
    "resources": ("resource", "used", "limit", "*"),
    "correlator": ("correlator", "command_tag"),
    "list_extra": ("list_extra", "list_extra_value", "*"),
}
# Place and word → the places inside the parentheses that follow.
AFTER = {
    ("select_parameter", "QRESYNC"): ("uid_validity", "modseq", "known_uids", "(matched"),
    ("create_parameter", "USE"): ("list_attribute",),
    ("list_return", "RETURN"): ("list_option",),
    ("list_option", "STATUS"): ("status_item",),
    ("search_key", "RETURN"): ("result_item",),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece between spaces. kind: "word", "quoted", "literal" (its announcement), "section" (`BODY[...]`), "open" or
    "close"."""

    kind: str
    start: int
    end: int
    text: bytes

    @property
    def word(self) -> str:
        """In capitals, for looking it up."""
        return self.text.decode("ascii", "replace").upper()

    @property
    def content(self) -> bytes:
        """A quoted string without its quotes."""
        return _ESCAPE.sub(rb"\1", self.text.strip(b'"')) if self.kind == "quoted" else self.text


def tokens(raw: bytes, start: int) -> list[Token]:
    """The pieces of a line from `start` on."""
    return [
        Token(found.lastgroup or "", found.start(), found.end(), found.group()) for found in _TOKEN.finditer(raw, start)
    ]


class _Places:
    """The places on one level of parentheses, and how far they are taken."""

    def __init__(self, names: tuple[str, ...], at: int = 0) -> None:
        self._repeats = names[-1] == "*"
        self._names = names[:-1] if self._repeats else names
        self._at = at

    def take(self, *, is_group: bool) -> str:
        """The next place, for a word or for something in parentheses."""
        names = self._names
        at = self._at % len(names) if self._repeats else min(self._at, len(names) - 1)
        if not is_group:
            # Where the last one is left out, the one before it goes on.
            there = (place for place in range(at, len(names)) if not names[place].startswith("("))
            at = next(there, at - 1)
        self._at = at + 1
        return names[at].removeprefix("(")


def placed(found: list[Token], names: tuple[str, ...], *, goes_on: bool = False) -> Iterator[tuple[Token, str]]:
    """Every token that is no parenthesis, with its place. goes_on: the line follows a literal, so the first places have
    been taken."""
    levels = [_Places(names, len(names) - 1 if goes_on else 0)]
    inside: tuple[str, ...] = ()
    for token in found:
        if token.kind == "open":
            name = levels[-1].take(is_group=True)
            levels.append(_Places(inside or GROUPS.get(name, (name,))))
            inside = ()
        elif token.kind == "close":
            if len(levels) > 1:
                levels.pop()
        else:
            name = levels[-1].take(is_group=False)
            inside = AFTER.get((name, token.word), ())
            yield token, name
