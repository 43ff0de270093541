"""Dialogues for the tests, written as RFC 1939 prints its examples.

    S: +OK hamburger.edu POP3 server ready
    C: USER bob
    ...

Each is run line by line, as one burst, byte by byte, and with the next line's first byte left over; the server must say
exactly what is printed. Then the printed dialogue is read by the observer, which must end where the server did.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.lines import Line, Source
from mailtutor.protocols.pop3 import Pop3Observer, events
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import scram_keys
from mailtutor.protocols.spec import Wording

FIRST = b"From: alice@crepes.fr\r\nSubject: ketchup\r\n\r\nDo you like ketchup?\r\nHow about pickles?\r\n"
SECOND = b"From: alice@crepes.fr\r\nSubject: dots\r\n\r\n.\r\n..two\r\nlast\r\n"

LOGIN = """
    S: +OK hamburger.edu POP3 server ready
    C: USER bob
    S: +OK now the password
    C: PASS hungry
    S: +OK maildrop has 2 messages (141 octets)
"""


@dataclass
class World:
    """What the lab's service would do: one user, his messages, and what may go wrong."""

    messages: list[bytes] = field(default_factory=lambda: [FIRST, SECOND])
    name: str = "bob"
    password: str = "hungry"
    uids: tuple[str, ...] = ("uid-1", "uid-2", "uid-3")
    refusal: str = ""
    lost: bool = False
    update_fails: bool = False
    removed: tuple[str, ...] | None = None

    def answer(self, event: object, server: Pop3Server) -> None:
        """Answers a server's question."""
        if isinstance(event, events.PasswordGiven | AuthAttempted):
            if isinstance(event, AuthAttempted):
                right = event.username == self.name and event.proves(self.password)
            else:
                right = (event.user, event.password) == (self.name, self.password)
            if self.refusal:
                server.reply(self.refusal)
            elif right:
                server.open_maildrop(
                    [events.Mail(uid, len(m)) for uid, m in zip(self.uids, self.messages, strict=False)]
                )
            else:
                server.reply("err.auth")
        elif isinstance(event, ScramKeysAsked):
            server.scram_keys(scram_keys(self.password, b"salt", 1))
        elif isinstance(event, events.TlsAsked):
            server.reply("err.tls_unavailable" if self.refusal else "ok.tls")
        elif isinstance(event, events.MessageWanted):
            if not server.utf8 and not self.messages[event.number - 1].partition(b"\r\n\r\n")[0].isascii():
                server.reply("err.utf8")
            elif self.lost:
                server.reply("err.gone")
            else:
                server.send_message(self.messages[event.number - 1])
        elif isinstance(event, events.MaildropClosed):
            self.removed = event.uids
            server.reply("err.not_removed" if self.update_fails else "ok.quit_update")
        else:
            raise AssertionError(event)


@dataclass
class Run:
    """What came of feeding a server."""

    said: bytes
    closed: bool
    state: str
    world: World


def serve(
    pieces: Iterator[bytes] | list[bytes], world: World, wording: Wording = Wording.EXTENDED, **settings: Any
) -> Run:
    """Greets, then feeds the pieces one after the other; TLS stands as soon as it is asked for. settings: as
    Pop3Server has them, `host` among them."""
    server = Pop3Server(settings.pop("host", "hamburger.edu"), wording=wording, **settings)
    server.greet()
    said = server.data_to_send()
    closed = False
    for piece in pieces:
        server.receive_data(piece)
        while (event := server.next_event()) is not NEED_DATA:
            if event is CLOSE:
                closed = True
                break
            if isinstance(event, StartTls):
                server.tls_started()
                continue
            world.answer(event, server)
        said += server.data_to_send()
    return Run(said, closed, server.state, world)


def turns(script: str) -> list[tuple[Source, bytes]]:
    """The lines of a printed dialogue. The script's indentation is not part of it."""
    found = []
    for line in filter(None, map(str.strip, script.splitlines())):
        assert line[:2] in ("S:", "C:"), line
        found.append((Source(line[0]), line[3:].encode() + b"\r\n"))
    return found


def _bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def _shifted(data: bytes) -> list[bytes]:
    """Every piece ends one byte into the next line."""
    lines = data.splitlines(keepends=True)
    cuts = [0]
    for line in lines:
        cuts.append(cuts[-1] + len(line))
    edges = [0, *[cut + 1 for cut in cuts[1:-1]], len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def check(
    script: str,
    world: Callable[[], World] = World,
    *,
    wording: Wording = Wording.EXTENDED,
    state: str = "transaction",
    **settings: Any,
) -> tuple[World, list[Line]]:
    """Runs a dialogue every way; gives the world after it and the lines the observer read."""
    said = turns(script)
    client = b"".join(raw for source, raw in said if source is Source.CLIENT)
    server = b"".join(raw for source, raw in said if source is Source.SERVER)
    for pieces in (client.splitlines(keepends=True), [client], _bytewise(client), _shifted(client)):
        run = serve(pieces, world(), wording, **settings)
        assert run.said == server
        assert run.state == state
    observer = Pop3Observer()
    lines = [line for source, raw in said for line in observer.observe(source, raw)]
    assert observer.state == state
    assert b"".join(line.raw for line in lines) == b"".join(raw for _, raw in said)
    return run.world, lines
