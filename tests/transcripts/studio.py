"""Records one scene: a lab whose clock stands still, somebody who types, and what is to be the same every time."""

from __future__ import annotations

import builtins
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from mailtutor.lab.clock import ManualClock
from mailtutor.lab.console import Console
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import STANDARD_PORTS, Plan, SeedMail, textbook_plan
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.escapes import meant
from mailtutor.trace.events import Event, FromServer, Opened
from mailtutor.trace.transcript import Transcript, Turn, transcript_of
from tests.hand import Hand

# Monday, when alice writes her letters.
NOW = datetime(2026, 10, 5, 16, 0, tzinfo=UTC).timestamp()
# What differs from run to run, and something of the same length instead.
_VARYING = (
    (re.compile(rb"127\.0\.\d\."), b"127.0.0."),
    (re.compile(rb"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])"), b"1f2e3d4c5b6a798897a6b5c4"),
    (re.compile(rb"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])"), b"1f2e3d4c5b6a7988"),
)
_CIPHER = ("TLSv1.3", "TLS_AES_256_GCM_SHA384")


@dataclass(frozen=True, slots=True)
class Scene:
    """One transcript. en, zh: its title. play: what is done. options: what the servers are like. seed: bob's mail.
    service: the only door of which it tells; all for "". is_cut: the first connection ends as a line does that is cut,
    whether or not its last octets were still on their way."""

    name: str
    en: str
    zh: str
    play: Callable[[Studio], None]
    options: Options = field(default_factory=Options)
    service: str = ""
    is_cut: bool = False
    seed: tuple[bytes, ...] = ()


class Studio:
    """A running lab, and hands to type in it."""

    def __init__(self, lab: Lab, clock: ManualClock) -> None:
        self.lab = lab
        self.hand = Hand(lab.log)
        self._clock = clock

    def console(self, door: str, name: str) -> Console:
        """A connection of somebody's to a door: "hamburger.edu smtp"."""
        host, service = door.split()
        console = Console(self.lab, host, service, name)
        self.hand.wait(lambda: console.conn, f"{name} connected")
        return console

    def type(self, console: Console, *lines: str) -> None:
        """Types lines, each when the one before has been answered, and waits for the last answer."""
        for line in lines:
            self.hand.say(console, line.encode() + b"\r\n")
        self.hand.wait_for_turn(console)

    def octets(self, console: Console, written: str) -> None:
        """Says octets as they are, and waits for the answer."""
        self.hand.say(console, meant(written))
        self.hand.wait_for_turn(console)

    def leave(self, console: Console, *lines: str) -> None:
        """Types, and waits until the server has hung up."""
        self.type(console, *lines)
        self.hand.wait(lambda: self.hand.is_closed(console), "the goodbye")

    def fault(self, host: str, kind: str, *, on: bool, detail: str = "") -> None:
        """Breaks something, or mends it."""
        self.lab.submit(self.lab.set_fault(host, kind, on=on, detail=detail)).result(20)

    def pass_time(self, seconds: float) -> None:
        """Moves the lab's time on."""
        self.lab.call(lambda: self._clock.advance(seconds))

    def all_closed(self) -> None:
        """Waits until every mail connection so far has ended."""
        self.hand.wait(lambda: not any(one.is_open for one in self._connections()), "the end of all connections")

    def closed(self, number: int) -> None:
        """Waits until one of them has, by its place in the order they were opened."""
        self.hand.wait(lambda: not self._connections()[number].is_open, "the end of a connection")

    def _connections(self) -> list[Connection]:
        self.hand.catch_up()
        return [one for one in self.hand.dialogue.connections.values() if one.protocol != "dns"]

    def hears(self, console: Console, beginning: bytes) -> None:
        """Waits until the server has said a line of its own accord."""

        def heard() -> bool:
            self.hand.catch_up()
            rows = self.hand.dialogue.connections[console.conn].rows
            return any(row.line.text.startswith(beginning) for row in rows)

        self.hand.wait(heard, repr(beginning))

    def request(self, console: Console, *lines: str) -> str:
        """Asks by HTTP, and waits for the whole answer; gives its ETag."""

        def said() -> bytes:
            return b"".join(
                event.data for event in self.lab.log if isinstance(event, FromServer) and event.conn == console.conn
            )

        before = len(said())
        console.say("\r\n".join([*lines, "", ""]).encode())

        def answered() -> bool:
            head, end, body = said()[before:].partition(b"\r\n\r\n")
            size = re.search(rb"(?i)content-length: *(\d+)", head)
            return bool(end) and len(body) >= (int(size[1]) if size is not None else 0)

        self.hand.wait(answered, lines[0])
        tag = re.search(rb"(?i)etag: *(\S+)", said()[before:])
        return tag[1].decode() if tag is not None else ""

    def wait_for(self, kind: builtins.type[Event], count: int = 1) -> None:
        """Waits until so many events of a kind have happened."""
        self.hand.wait(
            lambda: sum(isinstance(event, kind) for event in self.lab.log) >= count, f"{count} {kind.__name__}"
        )


def record(scene: Scene) -> str:
    """Plays a scene; gives the text of its transcript."""
    with _studio(scene) as studio:
        scene.play(studio)
        events = list(studio.lab.log)
    conns = [
        event.conn
        for event in events
        if isinstance(event, Opened) and event.protocol != "dns" and scene.service in ("", event.service)
    ]
    recorded = transcript_of(events, *conns)
    head = {"title": scene.en, "title.zh": scene.zh, "recorded": "make transcripts"}
    if scene.is_cut:
        head["closed"] = "lost"
    return _settled(replace(recorded, meta=head | recorded.meta | head)).text()


@contextmanager
def _studio(scene: Scene) -> Iterator[Studio]:
    clock = ManualClock(NOW)
    with tempfile.TemporaryDirectory(prefix="mailtutor-") as folder:
        seed = tuple(SeedMail("bob@hamburger.edu", content) for content in scene.seed)
        lab = Lab(_elsewhere(scene.options.applied(textbook_plan(seed=seed))), Path(folder), clock=clock)
        lab.start()
        try:
            yield Studio(lab, clock)
        finally:
            lab.stop()


def _elsewhere(plan: Plan) -> Plan:
    """The plan at addresses that no lab next door has, and as long: sizes of messages hang on it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 9 + 1

    def moved(address: str) -> str:
        return address.replace("127.0.0.", f"127.0.{worker}.")

    hosts = tuple(replace(host, address=moved(host.address)) for host in plan.hosts)
    agents = {user: moved(address) for user, address in plan.agent_addresses.items()}
    return replace(plan, hosts=hosts, agent_addresses=agents)


def _settled(found: Transcript) -> Transcript:
    """The same without what differs from run to run."""
    meta = dict(found.meta)
    for key in [key for key in meta if key.split(".")[0] == "port"]:
        meta[key] = str(STANDARD_PORTS[meta[key.replace("port", "service")]])
    for key in [key for key in meta if key.split(".")[0] == "client"]:
        meta[key] = _replaced(meta[key].encode()).decode()
    turns = tuple(Turn(turn.from_client, _replaced(turn.data), turn.conn) for turn in found.turns)
    marks = tuple(replace(mark, tls=_CIPHER) if mark.tls is not None else mark for mark in found.marks)
    return Transcript(turns, meta, marks)


def _replaced(data: bytes) -> bytes:
    for pattern, instead in _VARYING:
        data = pattern.sub(instead, data)
    return data


def letter(*lines: str) -> Sequence[str]:
    """What is typed after RCPT."""
    return ("DATA", *lines, ".")
