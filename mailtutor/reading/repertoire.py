"""What a server may answer to a line, as its protocol's table has it: for somebody who plays the server.

Each answer is written out as it would cross the wire. What a real server would know (which mail there is, what it is
called) is the textbook's: one short letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import CRLF, Line
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp import table as smtp
from mailtutor.protocols.smtp.replies import fitting
from mailtutor.protocols.spec import Reply, Table, Wording
from mailtutor.reading.explain import is_about_line

_PATH = re.compile(rb"<([^<>]*)>")
_ROOM = 400
_LETTER = b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: Ketchup?\r\n\r\nDo you like ketchup?\r\n"
_UID = "whqtswO00WBw418f9t5JxYwZ"
_OFFERED = "SIZE 10485760\n8BITMIME\nENHANCEDSTATUSCODES"
_GREETINGS = {
    "smtp": [key for key in smtp.UNASKED if smtp.REPLIES[key].code in ("220", "421", "521", "554")],
    "pop3": ["ok.greeting", "err.too_many_sessions"],
    "imap": ["OK.greeting", "BYE.too_many_sessions"],
}
# Of several 421 one is enough to choose from.
_ALIKE = frozenset({"421.idle", "421.too_many_errors"})
# Words in a line that has an argument; of POP3, what answers only a line without one.
_WITH_ARGUMENT = 2
_WHOLE = {"LIST": "ok.list", "UIDL": "ok.uids"}
# Of IMAP: what stands beside an answer and is none; and the data some answers come with.
_BESIDE = frozenset(
    {
        "OK.greeting", "OK.closed", "OK.highest_modseq", "OK.unseen", "OK.uid_validity", "OK.uid_next",
        "OK.permanent_flags", "OK.no_permanent_flags",
    }
)  # fmt: skip
_DATA = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1",
    "SELECT": "* 0 EXISTS\n* 0 RECENT\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    "EXAMINE": "* 0 EXISTS\n* 0 RECENT\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    "LIST": '* LIST () "/" INBOX',
    "SEARCH": "* SEARCH",
    "LOGOUT": "* BYE IMAP4rev1 Server logging out",
}


@dataclass(frozen=True, slots=True)
class Possible:
    """One answer. key: of the table's reply; the words on it are `PROTOCOL.reply.KEY.what`. data: as it is said."""

    key: str
    data: bytes

    @property
    def first(self) -> bytes:
        """Its first line, to know it by."""
        return self.data.split(CRLF)[0]


class _Facts(dict[str, str]):
    """What a reply is filled with; of what is not known it says nothing."""

    def __missing__(self, key: str) -> str:
        return "1" if key.startswith(("uid", "modseq", "number", "exists", "source", "destination", "set")) else ""


def possible(line: Line | None, state: str, protocol: str, host: str, *, logs_in: bool = False) -> list[Possible]:
    """The answers to `line` (None: the greeting) in `state`, the usual first. logs_in: the door offers AUTH."""
    table = PROTOCOLS[protocol].table
    keys = list(dict.fromkeys(_keys(line, state, table)))
    facts = _facts(line, table, host)
    write = {"smtp": _smtp, "pop3": _pop3, "imap": _imap}[protocol]
    if logs_in:
        facts["extensions"] += "\nAUTH PLAIN"
    return [Possible(key, write(table.replies[key], facts, line)) for key in keys if key in table.replies]


def _keys(line: Line | None, state: str, table: Table) -> Iterable[str]:
    if line is None:
        return _GREETINGS[table.protocol]
    if table.protocol == "imap" and not line.last:
        return ["+.literal", "NO.unavailable", "BAD.literal_too_long"]
    if line.verb == smtp.END:
        return [key for key in table.commands["DATA"].replies if not key.startswith(("354", "503"))]
    row = table.commands.get(line.verb)
    if row is None:
        return [key for key in ("500.unknown", "502.not_offered", "err.unknown", "BAD.unknown") if key in table.replies]
    other = "_one" if len(line.text.split()) < _WITH_ARGUMENT else _WHOLE.get(line.verb, "")
    usual = [key for key in row.replies if not is_about_line(key) and key not in _BESIDE | _ALIKE]
    usual = [key for key in usual if table.protocol != "pop3" or not (other and key.endswith(other))]
    if table.protocol == "imap":
        usual = sorted(usual, key=lambda key: not key.startswith(("OK", "+")))
    out_of_order = {*row.misplaced.values(), row.misplaced_else}
    if line.verb in table.moves.get(state, {}):
        return [key for key in usual if key not in out_of_order]
    return [key for key in (table.misplaced(line.verb, state), *usual) if key]


def _facts(line: Line | None, table: Table, host: str) -> _Facts:
    text = line.text if line is not None else b""
    words = text.decode("utf-8", "replace").split()
    path = _PATH.search(text)
    row = table.commands.get(line.verb) if line is not None else None
    return _Facts(
        host=host, verb=line.verb if line is not None else "", client=words[-1] if words else "",
        path=path[1].decode("utf-8", "replace") if path else words[-1] if words else "", extensions=_OFFERED,
        queue_id="Q1", username="alice", mechanism="PLAIN", reason="by decision of who plays the server", limit="1000",
        messages="1 message", octets=str(len(_LETTER)), count="1", size=str(len(_LETTER)), uid=_UID,
        number=words[1] if len(words) > 1 else "1", syntax=row.syntax if row is not None else "", seconds="60",
        capabilities="IMAP4rev1", mailbox=words[-1] if words else "", parameter=words[-1] if words else "",
        left="1 message left",
    )  # fmt: skip


def _smtp(row: Reply, facts: _Facts, line: Line | None) -> bytes:
    said = fitting(row, Wording.EXTENDED, facts, _ROOM)
    # The code of RFC 3463 stands after the reply's, in no greeting and in no answer to EHLO (RFC 2034 §4).
    coded = f"{row.enhanced} " if row.enhanced and line is not None and line.verb not in ("EHLO", "HELO") else ""
    joints = ["-"] * (len(said) - 1) + [" "]
    return _bytes(f"{row.code}{joint}{coded}{words}" for joint, words in zip(joints, said, strict=True))


def _pop3(row: Reply, facts: _Facts, line: Line | None) -> bytes:
    words = row.phrase.format_map(facts)
    code = f"[{row.enhanced}]" if row.enhanced else ""
    said = [" ".join(part for part in (row.code, code, words) if part)]
    if row.code == "+":
        said = [f"+ {words}"]
    verb = line.verb if line is not None else ""
    has_argument = line is not None and len(line.text.split()) > 1
    if row.code != "+OK" or not pop3.has_lines(verb, has_argument=has_argument):
        return _bytes(said)
    body = {"LIST": f"1 {len(_LETTER)}", "UIDL": f"1 {_UID}", "CAPA": "USER\nTOP\nUIDL"}.get(verb)
    lines = body.split("\n") if body else _LETTER.decode().split("\r\n")[:-1]
    return _bytes([*said, *lines, "."])


def _imap(row: Reply, facts: _Facts, line: Line | None) -> bytes:
    words = row.phrase.format_map(facts)
    code = f"[{row.enhanced.format_map(facts)}]" if row.enhanced else ""
    if row.code == "+":
        return _bytes([f"+ {words}"])
    tag = line.text.split(b" ")[0].decode("utf-8", "replace") if line is not None else "*"
    verb = line.verb if line is not None else ""
    data = _DATA.get(verb, "").split("\n") if row.code == "OK" and verb in _DATA else []
    return _bytes([*data, " ".join(part for part in (tag, row.code, code, words) if part)])


def _bytes(lines: Iterable[str] | Sequence[str]) -> bytes:
    return b"".join(line.encode("utf-8", "replace") + CRLF for line in lines)
