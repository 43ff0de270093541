"""Which conversations of a trace can be said again by a client of its own, and what has to be said: the part that the
exports for developers share (`scripts`, `swaks`).

A server that hands mail on does so by itself when it is given the mail again, so what it said as a client is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailtutor.protocols.lines import Kind
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Connection, GapRow, NoteRow, TlsRow
from mailtutor.reading.logins import login_length
from mailtutor.reading.proof import Turn
from mailtutor.reading.takeover import retold
from mailtutor.trace.events import TlsBegun

PORTS = {
    ("smtp", False): 25, ("smtp", True): 465, ("pop3", False): 110, ("pop3", True): 995, ("imap", False): 143,
    ("imap", True): 993,
}  # fmt: skip
_TLS_VERBS = frozenset({"STARTTLS", "STLS"})
_SENDER = re.compile(rb"(?i)MAIL +FROM: *<([^@>\"]*)@")
_STARS = re.compile(rb"\*{2,}")
# Whose response hangs on the server's challenge, so that the recorded one is worth nothing.
_PROVING = frozenset({"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"})


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the client's.

    mechanism: of the login it belongs to ("PASS", "LOGIN" of IMAP's, "APOP", or SASL's), where its words must be made
    anew; "" where they are said as they are. step: which response of that login it is, from 0. begins_tls: TLS begins
    once it is answered.
    """

    turn: Turn
    mechanism: str = ""
    step: int = 0
    begins_tls: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection's client. greeting: the code the server greeted with, "" where that is not in the trace. user: who
    it was, as far as the trace tells. is_sealed: TLS from the first octet on. is_torn: octets are missing in the trace.
    """

    conn: int
    protocol: str
    host: str
    name: str
    port: int
    user: str
    greeting: str
    said: tuple[Said, ...]
    is_sealed: bool = False
    is_torn: bool = False

    @property
    def has_tls(self) -> bool:
        """Whether TLS begins at some time."""
        return self.is_sealed or any(said.begins_tls for said in self.said)


def conversations(connections: Sequence[Connection]) -> list[Conversation]:
    """Those of mail's protocols that a client began, in the order of their beginnings. Where there are only servers, as
    in a printed dialogue between two of them, the one that opened counts for a client."""
    spoken = [connection for connection in connections if connection.protocol in ("smtp", "pop3", "imap")]
    servers = {connection.server.name for connection in connections if connection.server.name}
    of_people = [connection for connection in spoken if connection.client.name not in servers]
    return [_conversation(connection) for connection in of_people or spoken]


def _conversation(connection: Connection) -> Conversation:
    rows = connection.rows
    begun = [row for row in rows if isinstance(row, TlsRow) and isinstance(row.event, TlsBegun)]
    is_sealed = bool(begun) and rows[0] is begun[0]
    user = connection.client.name.partition("@")[0] if "@" in connection.client.name else ""
    told = retold([row for row in rows if not isinstance(row, NoteRow)], connection.protocol, {}, user)
    end = connection.server
    return Conversation(
        connection.conn,
        connection.protocol,
        end.address or end.name or "localhost",
        end.name,
        end.port or PORTS[connection.protocol, is_sealed],
        _named(told.turns) or user or _sending(told.turns),
        told.greeting.code if told.greeting is not None else "",
        tuple(_said([_own_answer(turn) for turn in told.turns], has_tls=bool(begun) and not is_sealed)),
        is_sealed,
        any(isinstance(row, GapRow) for row in rows),
    )


def _own_answer(turn: Turn) -> Turn:
    """Printed dialogues leave answers out; another command's is none."""
    answer = turn.answer
    if answer is None or turn.kind is not Kind.COMMAND or answer.verb in ("", turn.verb):
        return turn
    return replace(turn, answer=None)


def _named(turns: Sequence[Turn]) -> str:
    """Whom a login names in clear."""
    for turn in turns:
        words = turn.said.split()
        if turn.verb == "USER" and len(words) == 2:
            return words[1].decode("utf-8", "replace")
        if turn.verb == "LOGIN" and turn.kind is Kind.COMMAND and len(words) > 2 and words[2][:1] not in (b"{", b"*"):
            return words[2].strip(b'"').decode("utf-8", "replace")
    return ""


def _sending(turns: Sequence[Turn]) -> str:
    """Who sends most likely has the name of the address it sends from."""
    found = next((_SENDER.match(turn.said) for turn in turns if turn.verb == "MAIL"), None)
    return found[1].decode("utf-8", "replace") if found is not None else ""


def _said(turns: Sequence[Turn], *, has_tls: bool) -> list[Said]:
    found: list[Said] = []
    while len(found) < len(turns):
        at = len(found)
        length = login_length(turns[at:])
        if length:
            found += _login(turns[at : at + length])
            continue
        turn = turns[at]
        worked = turn.answer is not None and turn.answer.outcome is Outcome.SUCCESS
        found.append(Said(turn, begins_tls=has_tls and worked and turn.verb in _TLS_VERBS))
    return found


def _login(login: Sequence[Turn]) -> list[Said]:
    """A login that worked, and whose words are masked or worth nothing a second time, is to be made anew."""
    first, answer = login[0], login[-1].answer
    as_it_was = [Said(turn) for turn in login]
    if answer is not None and answer.outcome is Outcome.REFUSED:
        return as_it_was
    if first.verb in ("USER", "PASS"):
        is_masked = _STARS.fullmatch(login[-1].said[5:].strip()) is not None
        return [*as_it_was[:-1], Said(login[-1], "PASS" if is_masked else "")]
    if first.verb == "APOP":
        return [Said(first, "APOP")]
    if first.verb == "LOGIN":
        is_masked = any(_STARS.search(turn.data) for turn in login)
        return [Said(turn, "LOGIN*" if is_masked else "", n) for n, turn in enumerate(login)]
    return _sasl(login)


def _sasl(login: Sequence[Turn]) -> list[Said]:
    words = login[0].said.upper().split()
    at = next((n for n, word in enumerate(words) if word in (b"AUTH", b"AUTHENTICATE")), 0)
    mechanism = words[at + 1].decode("ascii", "replace") if len(words) > at + 1 else ""
    has_initial = len(words) > at + 2
    found = []
    for n, turn in enumerate(login):
        is_response = n > 0 or has_initial
        response = turn.said.split()[-1] if turn.said.split() else b""
        is_anew = is_response and response != b"*" and (mechanism in _PROVING or _STARS.fullmatch(response) is not None)
        found.append(Said(turn, mechanism if is_anew else "", n if has_initial else n - 1))
    return found
