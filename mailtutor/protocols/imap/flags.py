"""Flags (RFC 3501 §2.3.2): the five a client may set, the one it may not, and keywords."""

from __future__ import annotations

from collections.abc import Iterable

from mailtutor.protocols.imap.tokens import Cursor

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
SEEN = "\\Seen"
DELETED = "\\Deleted"
RECENT = "\\Recent"

Flags = frozenset[str]

_CANONICAL = {flag.upper(): flag for flag in SYSTEM_FLAGS}


def ordered(flags: Iterable[str]) -> list[str]:
    """Flags as they are written out: the system's in the RFC's order, then keywords."""
    rank = {flag: n for n, flag in enumerate((*SYSTEM_FLAGS, RECENT))}
    return sorted(flags, key=lambda flag: (rank.get(flag, len(rank)), flag.lower()))


def changed(current: Flags, action: str, flags: Flags) -> Flags:
    """The flags after STORE (RFC 3501 §6.4.6). action: "set", "add" or "remove". A keyword is the same in any case of
    letters (§9), and stays as it was first written."""
    if not any(flag[:1] != "\\" for flag in flags):
        return current | flags if action == "add" else current - flags if action == "remove" else flags
    known = {flag.lower(): flag for flag in current}
    named = {flag.lower(): known.get(flag.lower(), flag) for flag in sorted(flags)}
    match action:
        case "add":
            return current | frozenset(named.values())
        case "remove":
            return current - frozenset(named.values())
        case _:
            return frozenset(named.values())


def parse_flag(cursor: Cursor) -> str:
    """One flag a client may set: `\\Seen` and its like in any case of letters, or a keyword."""
    start = cursor.at
    if not cursor.word(b"\\"):
        return cursor.atom("flag", "flag")
    name = "\\" + cursor.atom("flag", "flag")
    canonical = _CANONICAL.get(name.upper())
    if canonical is None:
        # \Recent is the server's to give; other names with a backslash are reserved (RFC 3501 §2.3.2).
        cursor.at = start
        reply = "BAD.recent" if name.upper() == RECENT.upper() else "BAD.flag"
        cursor.fail("flag", "settable_flag", reply, flag=name)
    return canonical


def parse_flag_list(cursor: Cursor) -> Flags:
    """`( *flag )`."""
    return frozenset(cursor.listed("flag-list", lambda: parse_flag(cursor), may_be_empty=True))
