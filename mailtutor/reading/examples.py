"""Lines to type: the tables' examples, made to fit the conversation they would be said in.

IMAP's get the next free tag. A line that has to be computed is given only where this conversation has what it is
computed from. None throws mail away unless the student has typed that himself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row

# What throws mail away is never offered as the line to type where the student has not typed it.
DESTRUCTIVE = frozenset({"DELE", "DELETE", "EXPUNGE", "UID EXPUNGE", "CLOSE"})
# Logins nobody types from memory: the way to what comes after them leads through a name and a password.
COMPUTED = frozenset({"APOP", "AUTH", "AUTHENTICATE"})
# What stands for an example of the table that would mark mail for removal.
_HARMLESS = {"STORE": "a3 STORE 1 +FLAGS (\\Seen)"}
_TAGGED = re.compile(rb"([^\s(){%*\"\\+]+) +([A-Za-z]+)")
_NUMBERED = re.compile(r"(.*?)(\d+)")
# The timestamp of a greeting (RFC 1939 §7): a message identifier.
_STAMP = re.compile(rb"<[^<>\s]+@[^<>\s]+>")


def example(verb: str, table: Table, rows: Sequence[Row] = (), tag: str = "") -> str:
    """A line that says `verb`; "" where none can be known to work. rows: the conversation so far. tag: IMAP's, where
    it shall not be the next free one."""
    line = _HARMLESS.get(verb, table.commands[verb].example)
    if verb == "APOP":
        return _apop(table, rows)
    return tagged(line, table, tag or (next_tag(rows) if rows else ""))


def tagged(line: str, table: Table, tag: str) -> str:
    """An example of the table with another tag; as it is where it has none or `tag` is empty."""
    first, _, rest = line.partition(" ")
    return f"{tag} {rest}" if table.protocol == "imap" and tag and rest and first not in table.commands else line


def next_tag(rows: Sequence[Row]) -> str:
    """The tag that follows the last one the client gave: a3 after a2, A010 after A009."""
    for row in reversed(rows):
        line = row.line
        found = _TAGGED.match(line.raw) if line.source is Source.CLIENT and line.kind is Kind.COMMAND else None
        if found is not None and line.verb and found[2].decode().upper() == line.verb.split(" ")[0]:
            last = found[1].decode("ascii", "replace")
            number = _NUMBERED.fullmatch(last)
            return f"{number[1]}{int(number[2]) + 1:0{len(number[2])}}" if number is not None else f"{last}1"
    return "a1"


def _apop(table: Table, rows: Sequence[Row]) -> str:
    """APOP for this greeting, with the name and the password of the table's USER and PASS."""
    greeting = next((row.line.raw for row in rows if row.line.kind is Kind.GREETING), b"")
    stamp = _STAMP.search(greeting)
    if stamp is None:
        return ""
    user, password = (table.commands[verb].example.partition(" ")[2] for verb in ("USER", "PASS"))
    digest = hashlib.md5(stamp.group() + password.encode(), usedforsecurity=False).hexdigest()
    return f"APOP {user} {digest}"
