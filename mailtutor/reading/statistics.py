"""What a conversation costs: round trips, octets by what they are for, time by phase and by whom it was waited for.

Everything is counted from the lines of a connection up to some moment, so it is the same live, wound back and replayed.
There is no clock here: the time since the last line is not counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.reading.dialogue import Connection, NoteRow, TlsRow
from mailtutor.reading.phase import PhaseTrack

# What a line's octets are for: the message itself, wherever it goes, or talking about it.
_CONTENT = frozenset({Kind.DATA, Kind.LITERAL})


@dataclass(slots=True)
class Account:
    """Of one connection, or of several together.

    turns: how often the client spoke and the server answered; pipelining needs fewer for the same lines. commands,
    replies, content: octets. sealed: octets on the wire that only TLS needs; None where that was not recorded.
    client_s, server_s, tls_s: how long the client was waited for, the server, and both while they shook hands.
    phases: seconds in each phase.
    """

    lines: int = 0
    turns: int = 0
    commands: int = 0
    replies: int = 0
    content: int = 0
    sealed: int | None = 0
    client_s: float = 0.0
    server_s: float = 0.0
    tls_s: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def octets(self) -> int:
        """All of them, as far as they are known."""
        return self.commands + self.replies + self.content + (self.sealed or 0)

    @property
    def lasted_s(self) -> float:
        """From the opening to the last line."""
        return self.client_s + self.server_s + self.tls_s


@dataclass(slots=True)
class _Tally:
    """One connection counted up to `count` rows."""

    connection: Connection
    account: Account = field(default_factory=Account)
    count: int = 0
    t: float = 0.0
    last: Source | None = None
    track: PhaseTrack | None = None
    # Octets that were said inside TLS.
    inside: int = 0
    is_tls: bool = False

    def go_on(self, shown: int) -> None:
        """Counts up to row `shown`."""
        rows, account = self.connection.rows, self.account
        self.track = self.track or PhaseTrack(rows, PROTOCOLS[self.connection.protocol].table)
        for index in range(self.count, shown):
            row = rows[index]
            waited_s, self.t = max(0.0, row.t - self.t), row.t
            here = self.track.at(index + 1)
            account.phases[here] = account.phases.get(here, 0.0) + waited_s
            if isinstance(row, TlsRow):
                account.tls_s += waited_s
                self.is_tls = bool(self.connection.tls)
            if isinstance(row, NoteRow):
                continue
            self._say(row.line, waited_s)
        self.count = shown

    def _say(self, line: Line, waited_s: float) -> None:
        account, octets = self.account, len(line.raw)
        account.lines += 1
        self.inside += octets if self.is_tls else 0
        if line.kind in _CONTENT:
            account.content += octets
        elif line.source is Source.CLIENT:
            account.commands += octets
        else:
            account.replies += octets
        if line.source is Source.CLIENT:
            account.client_s += waited_s
        else:
            account.server_s += waited_s
            account.turns += self.last is Source.CLIENT
        self.last = line.source

    def seal(self, end: int) -> None:
        """What TLS adds up to event `end`: the records, less what was inside."""
        connection, account = self.connection, self.account
        if not connection.sealed:
            account.sealed = None if self.is_tls else 0
            return
        # A server's records follow the line they carry: they belong to the same moment.
        rows = connection.rows
        until = rows[self.count].n if self.count < len(rows) else connection.sealed[-1][0] + 1
        crossed = sum(
            record.size
            for n, event in connection.sealed[: bisect_left(connection.sealed, until, key=lambda pair: pair[0])]
            if n < end or not event.from_client
            for record in event.records
        )
        account.sealed = max(0, crossed - self.inside)


class Statistics:
    """Accounts of connections; what was counted once is not counted again as long as the moment moves on."""

    def __init__(self) -> None:
        self._tallies: dict[int, _Tally] = {}

    def account(self, connection: Connection, shown: int, end: int) -> Account:
        """Of the first `shown` rows of a connection, and of the ciphertext before event `end`."""
        tally = self._tallies.get(connection.conn)
        if tally is None or tally.connection is not connection or tally.count > shown:
            tally = self._tallies[connection.conn] = _Tally(connection, t=connection.opened_t)
        tally.go_on(shown)
        tally.seal(end)
        return tally.account


def total(accounts: Iterable[Account]) -> Account:
    """All of them together. Phases are a protocol's own, and not added up."""
    whole = Account()
    for one in accounts:
        whole.lines += one.lines
        whole.turns += one.turns
        whole.commands += one.commands
        whole.replies += one.replies
        whole.content += one.content
        whole.client_s += one.client_s
        whole.server_s += one.server_s
        whole.tls_s += one.tls_s
        whole.sealed = None if whole.sealed is None or one.sealed is None else whole.sealed + one.sealed
    return whole
