"""Dialogues for the tests, written as RFC 3501 prints its examples.

    C: a1 LOGIN bob hungry
    S: a1 OK ...
    N: arrive                    something happens elsewhere (World.happen)

"..." at the end of a server's line stands for whatever follows, "␠" for a space nobody would see. Each dialogue is
run turn by turn, byte by byte, in pieces that end inside lines and, where nothing happens elsewhere, all at once; the
server must say what is printed. What was said is then read by the observer, which must end where the server did and
lose no byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mailtutor.protocols.imap import ImapObserver
from mailtutor.protocols.imap.server import ImapServer
from mailtutor.protocols.lines import Kind, Line, Source
from tests.protocols.imap.world import World

Turn = tuple[str, bytes]
Said = list[tuple[Source, bytes]]

LOGIN = """
    S: * OK [CAPABILITY IMAP4rev1...
    C: a1 LOGIN bob hungry
    S: a1 OK [CAPABILITY IMAP4rev1...
"""
SELECT = (
    LOGIN
    + """
    C: a2 SELECT INBOX
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] Message 1 is first unseen
    S: * OK [UIDVALIDITY 3857529045] UIDs valid
    S: * OK [UIDNEXT 8] Predicted next UID
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] These flags are kept
    S: * OK [HIGHESTMODSEQ 1]...
    S: a2 OK [READ-WRITE] SELECT completed
"""
)


def turns(script: str) -> list[Turn]:
    """The script as turns: consecutive lines of one side together."""
    found: list[Turn] = []
    for line in filter(None, (line.strip() for line in script.splitlines())):
        side, text = line[:2], line[3:].replace("␠", " ").encode()
        assert side in ("S:", "C:", "N:"), line
        data = text if side == "N:" else text + b"\r\n"
        if found and found[-1][0] == side != "N:":
            found[-1] = (side, found[-1][1] + data)
        else:
            found.append((side, data))
    return found


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def bytewise(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def in_sevens(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 7] for at in range(0, len(data), 7))


def play(script: list[Turn], world: World, server: ImapServer, cut: Callable[[bytes], Iterator[bytes]]) -> Said:
    """Runs the client's turns; gives everything said, in order."""
    server.greet()
    said: Said = [(Source.SERVER, server.data_to_send())]
    for side, data in script:
        if side == "N:":
            said.append((Source.SERVER, world.happen(data.decode(), server)))
        elif side == "C:":
            for piece in cut(data):
                server.receive_data(piece)
                said += [(Source.CLIENT, piece), (Source.SERVER, world.settle(server))]
    return [(source, data) for source, data in said if data]


def observed(said: Said) -> tuple[ImapObserver, list[Line]]:
    """What the observer makes of it."""
    observer = ImapObserver()
    return observer, [line for source, data in said for line in observer.observe(source, data)]


def joined(said: Said, source: Source) -> bytes:
    """One side's bytes."""
    return b"".join(data for side, data in said if side is source)


def check(
    script: str,
    *,
    state: str = "selected",
    world: Callable[[], World] = World,
    server: Callable[[], ImapServer] = lambda: ImapServer("hamburger.edu"),
) -> tuple[World, list[Line]]:
    """Runs a dialogue every way; gives the world after it and the lines the observer read."""
    parts = turns(script)
    wanted = b"".join(data for side, data in parts if side == "S:")
    pattern = re.compile(b"(?s:" + re.escape(wanted).replace(rb"\.\.\.", rb"[^\r\n]*") + b")")
    ways = [(parts, whole), (parts, bytewise), (parts, in_sevens)]
    if not any(side == "N:" for side, _ in parts):
        burst = b"".join(data for side, data in parts if side == "C:")
        ways.append(([("C:", burst)], whole))
    for script_, cut in ways:
        engine, after = server(), world()
        said = play(script_, after, engine, cut)
        heard = joined(said, Source.SERVER)
        assert pattern.fullmatch(heard), heard.decode("utf-8", "replace")
        assert engine.state == state
        if len(script_) > 1:
            observer, lines = observed(said)
            assert observer.state == state
            for source in Source:
                assert b"".join(line.raw for line in lines if line.source is source) == joined(said, source)
            assert not [line for line in lines if line.kind is Kind.UNKNOWN]
    return after, observed(play(parts, world(), server(), whole))[1]
