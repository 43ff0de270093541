"""Doors behind which the student is the server: each reply waits until it is given."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from mailtutor.lab.driver import Conversation
from mailtutor.lab.gate import Gate
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Line
from mailtutor.protocols.played import PlayedServer


@dataclass(frozen=True, slots=True)
class Due:
    """A client waits for the student's reply. number: of the question, on this connection. line: what the client said;
    None for the greeting."""

    conn: int
    number: int
    protocol: str
    host: str
    line: Line | None
    state: str


class Played:
    """Which doors are played, and who waits there. `due` may be called from any thread."""

    def __init__(self, gate: Gate) -> None:
        self._doors: set[tuple[str, str]] = set()
        self._sessions: list[PlayedService] = []
        # While the student thinks, no client loses its patience.
        gate.ponders = lambda: bool(self.due())

    def plays(self, host: str, service: str) -> bool:
        """Whether the student answers at this door."""
        return (host, service) in self._doors

    def take(self, host: str, service: str) -> None:
        """From now on, whoever comes to this door."""
        self._doors.add((host, service))

    def give_back(self) -> None:
        """The servers answer for themselves again; who still waits for the student hears nothing more."""
        self._doors.clear()
        for session in list(self._sessions):
            session.say(None)

    def due(self) -> tuple[Due, ...]:
        """Who waits for a reply, the oldest connection first."""
        return tuple(due for session in list(self._sessions) if (due := session.due) is not None)

    def say(self, conn: int, data: bytes | None) -> None:
        """Says these bytes on a connection; None hangs up."""
        for session in self._sessions:
            if session.conn == conn:
                session.say(data)

    def came(self, session: PlayedService) -> None:
        """Somebody is there."""
        self._sessions.append(session)

    def left(self, session: PlayedService) -> None:
        """The session is over."""
        self._sessions.remove(session)


class PlayedService:
    """One session. Implements `driver.Service`."""

    def __init__(self, played: Played, host: str, protocol: str, conversation: Conversation) -> None:
        entry = PROTOCOLS[protocol]
        self._engine = PlayedServer(entry.table, entry.observer())
        self.conn = conversation.tap.conn
        self._played = played
        self._host = host
        self._protocol = protocol
        self._conversation = conversation
        self._said: deque[bytes | None] = deque()
        conversation.ponders = lambda: self._engine.asked is not None
        played.came(self)

    @property
    def engine(self) -> PlayedServer:
        """The session's engine."""
        return self._engine

    @property
    def due(self) -> Due | None:
        """What the client waits for; None while it is its turn, or a reply is on its way."""
        asked = self._engine.asked
        if asked is None or self._said:
            return None
        return Due(self.conn, asked.number, self._protocol, self._host, asked.line, self._engine.state)

    def say(self, data: bytes | None) -> None:
        """What the student says; None hangs up."""
        self._said.append(data)
        self._conversation.poke()

    def answer(self, event: object) -> bool:
        """There are no events: everything is asked of the student."""
        return True

    async def handle(self, event: object) -> None:
        """The same."""

    def woken(self) -> None:
        """The student has spoken."""
        while self._said:
            data = self._said.popleft()
            if data is None:
                self._engine.hang_up()
            else:
                self._engine.say(data)
        self._conversation.begin_turn()

    async def ended(self) -> None:
        """The session is over."""
        self._played.left(self)
