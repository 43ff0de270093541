"""A session without a lab, made from a transcript; and how a test waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot

from mailtutor import paths
from mailtutor.acts import AnyAct
from mailtutor.course.lesson import Lesson
from mailtutor.course.loader import Catalogue, load_lessons
from mailtutor.course.task_loader import Tasks, load_tasks
from mailtutor.lab.attach import Target
from mailtutor.lab.plan import ALICE, BOB, SeedMail, User
from mailtutor.message.growth import Seed
from mailtutor.protocols.lines import Source
from mailtutor.spelling import spelling
from mailtutor.trace.events import (
    AnyEvent,
    Endpoint,
    FaultSwitched,
    FromClient,
    FromServer,
    HeldBack,
    LineTampered,
    Opened,
    Recalled,
    Released,
    StepReached,
)
from mailtutor.trace.log import Log
from mailtutor.trace.transcript import parse
from mailtutor.tui.app import TuiApp
from mailtutor.tui.contract import Due
from mailtutor.tui.screens.stage import StageScreen
from mailtutor.tui.widgets.lines import WireLines

T = TypeVar("T")
LESSONS = 7


@dataclass
class FakeHost:
    """A server that is only a name."""

    name: str
    address: str
    users: tuple[User, ...]
    ports: Mapping[str, int] = field(default_factory=lambda: {"smtp": 2525, "pop3": 2110})


@dataclass
class FakeHeld:
    """A line at the gate."""

    conn: int
    source: Source
    raw: bytes
    is_predicted: bool = False


class FakeConsole:
    """Nobody listens; what is said is in the log."""

    is_open = True

    def __init__(self, log: Log, conn: int) -> None:
        self.conn = conn
        self._log = log

    def send(self, line: str) -> None:
        """Says a line."""
        self.say(line.encode() + b"\r\n")

    def say(self, data: bytes) -> None:
        """Says these bytes."""
        self._log.append(FromClient(t=0, at=0, conn=self.conn, data=data))

    def close(self) -> None:
        """Stops listening."""
        self.is_open = False


class FakeStage:
    """What the screen needs of a session. Implements `mailtutor.tui.contract.Stage`."""

    def __init__(self, events: Sequence[AnyEvent] = ()) -> None:
        self.log = Log()
        self.notices: list[str] = []
        self.troubles: list[str] = []
        self.hosts = (FakeHost("crepes.fr", "127.0.0.2", (ALICE,)), FakeHost("hamburger.edu", "127.0.0.3", (BOB,)))
        self.is_running = False
        self.pace = "run"
        self.waiting: list[FakeHeld] = []
        self.acts: list[str] = []
        self.speed = 1.0
        self.wall = 1000.0
        self.next_event_s = 0.0
        self.is_on_its_way = False
        self.done: dict[tuple[str, str], tuple[str, str]] = {}
        self.noted: list[tuple[str, str, str, str]] = []
        self.student = ""
        for event in events:
            self.log.append(event)

    @property
    def doors(self) -> Sequence[tuple[str, int]]:
        """Those of the hosts."""
        return [(host.address, port) for host in self.hosts for port in host.ports.values()]

    def start(self, *, classic: bool = False, seed: Sequence[SeedMail] = (), faults: Sequence[str] = ()) -> None:
        """Runs at once; the log stays the same."""
        self.is_running = True

    def start_lesson(self, lesson: Lesson) -> None:
        """The same."""
        self.start()

    def reveal(self) -> Future[None]:
        """Notes it."""
        self.acts.append("reveal")
        return done(None)

    def stop(self) -> None:
        """Runs no more."""
        self.is_running = False

    def end_lab(self) -> None:
        """The same: there is nothing else in it."""
        self.stop()

    def pace_of(self, conn: int) -> str:
        """The same for all."""
        return self.pace

    def set_pace(self, pace: str, conn: int = 0) -> None:
        """Changes the pace."""
        self.pace = pace

    def step(self, conn: int = 0) -> None:
        """Lets one line through."""
        if self.waiting:
            held = self.waiting.pop(0)
            kind = FromClient if held.source is Source.CLIENT else FromServer
            self.log.append(kind(t=0, at=0, conn=held.conn, data=held.raw))

    def held(self) -> Sequence[FakeHeld]:
        """What waits."""
        return tuple(self.waiting)

    def change(self, held: FakeHeld, became: bytes) -> None:
        """Lets another line through."""
        self.waiting.remove(held)
        side = "client" if held.source is Source.CLIENT else "server"
        self.log.append(LineTampered(t=0, at=0, conn=held.conn, source=side, was=held.raw, became=became))
        if became:
            kind = FromClient if held.source is Source.CLIENT else FromServer
            self.log.append(kind(t=0, at=0, conn=held.conn, data=became))

    def play(self, host: str, service: str) -> None:
        """Nobody comes."""

    def play_no_more(self) -> None:
        """Nobody has come."""

    def due(self) -> Sequence[Due]:
        """Nobody waits."""
        return ()

    def say(self, conn: int, data: bytes | None) -> None:
        """Nobody hears it."""

    def hold_replies(self, service: str) -> None:
        """Nobody replies."""

    def let_replies(self, service: str) -> None:
        """Nobody replies."""

    def hold_next(self, conn: int = 0) -> None:
        """Nobody replies."""

    def let_next(self) -> None:
        """Nobody replies."""

    def set_fault(self, host: str, kind: str, *, on: bool, detail: str = "") -> Future[None]:
        """Breaks nothing, but the log says so."""
        self.log.append(FaultSwitched(t=0, at=self.wall, host=host, fault=kind, on=on, detail=detail))
        return done(None)

    def run_at(self, speed: float) -> None:
        """Notes it."""
        self.speed = speed

    def jump(self) -> Future[float]:
        """By as much as the test wants."""
        self.wall += self.next_event_s
        return done(self.next_event_s)

    def hold(self, host: str, queue_id: str) -> Future[bool]:
        """The log says so."""
        self.log.append(HeldBack(t=0, at=self.wall, host=host, queue_id=queue_id))
        return done(True)

    def release(self, host: str, queue_id: str) -> Future[bool]:
        """The log says so."""
        self.log.append(Released(t=0, at=self.wall, host=host, queue_id=queue_id))
        return done(True)

    def recall(self, host: str, queue_id: str) -> Future[bool]:
        """The log says so, unless the message is on its way."""
        if not self.is_on_its_way:
            self.log.append(Recalled(t=0, at=self.wall, host=host, queue_id=queue_id))
        return done(not self.is_on_its_way)

    def flush(self, host: str) -> Future[int]:
        """Notes it."""
        self.acts.append(f"flush {host}")
        return done(1)

    def act(self, action: str, *, subject: str = "", body: str = "") -> Future[str]:
        """Notes what was asked for."""
        self.acts.append(action)
        return done("fine")

    def do(self, act: AnyAct) -> Future[str]:
        """Notes what was asked for, by its name."""
        self.acts.append(spelling(act).split()[0])
        return done("fine")

    def grow(self, seed: Seed, stage: int) -> Future[str]:
        """Notes what was asked for."""
        self.acts.append(f"grow {seed.kind} {stage}")
        return done("fine")

    def send(self, sender: str, recipients: Sequence[str], subject: str, body: str) -> object:
        """Notes it."""
        self.acts.append("send")
        return None

    def fetch(self, user: str, protocol: str, *, delete: bool) -> list[bytes]:
        """Notes it."""
        self.acts.append("fetch")
        return []

    def dial(self, target: Target) -> FakeConsole:
        """Nobody is there."""
        raise NotImplementedError

    def console(self, host: str, service: str) -> FakeConsole:
        """A new connection."""
        conn = 1 + max((e.conn for e in self.log if isinstance(e, Opened)), default=0)
        self.log.append(opened(conn, "you", host, service))
        return FakeConsole(self.log, conn)

    @cached_property
    def lessons(self) -> Catalogue:
        """The first of the real ones: a screen must not look another way for each that is added."""
        return Catalogue(load_lessons(paths.content("lessons"), reviewed=False).lessons[:LESSONS])

    @cached_property
    def tasks(self) -> Tasks:
        """Ours."""
        return load_tasks(paths.content("practice"))

    def results(self) -> dict[tuple[str, str], tuple[str, str]]:
        """What was kept."""
        return dict(self.done)

    def set_result(self, lesson: str, step: str, result: str, answer: str = "") -> None:
        """Keeps it."""
        self.done[lesson, step] = (result, answer)

    def note(self, lesson: str, step: str, kind: str, said: str = "") -> None:
        """Written down."""
        self.noted.append((lesson, step, kind, said))

    def keep_dialogue(self, lesson: str, events: Iterable[AnyEvent]) -> None:
        """Counted."""
        self.noted.append((lesson, "", "dialogue", str(len(list(events)))))

    def keep_picture(self, lesson: str, step: str, svg: str) -> Path:
        """Written down."""
        assert svg.startswith("<svg")
        self.noted.append((lesson, step, "picture", ""))
        return Path("picture.svg")

    def student_name(self) -> str:
        """Whose report it is."""
        return self.student

    def name_student(self, name: str) -> None:
        """From now on it is theirs."""
        self.student = name

    def write_report(self, path: Path, language: str) -> None:
        """Written down."""
        self.noted.append(("", "", "report", path.name))

    def reached(self, lesson: str, step: str, result: str) -> None:
        """The log says so."""
        self.log.append(StepReached(t=0, at=self.wall, lesson=lesson, step=step, result=result))

    def forget(self, lesson: str, step: str = "") -> None:
        """Forgets a lesson, or one step of it."""
        self.done = {key: value for key, value in self.done.items() if key[0] != lesson or step not in ("", key[1])}


def done(result: T) -> Future[T]:
    """What is finished already."""
    future: Future[T] = Future()
    future.set_result(result)
    return future


def opened(conn: int, client: str, server: str, service: str = "smtp") -> Opened:
    """A connection begins."""
    protocol = "smtp" if service == "submission" else service
    return Opened(
        t=0, at=0, conn=conn, protocol=protocol, service=service,
        client=Endpoint(client, "127.0.0.4", 40000 + conn), server=Endpoint(server, "127.0.0.3", 25),
    )  # fmt: skip


def alice_bob() -> list[AnyEvent]:
    """The textbook's dialogue."""
    return list(parse((paths.content("transcripts") / "alice-bob.txt").read_bytes()).events())


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Waits until something is so; fails by naming it, and with the screen as it then is."""
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"never happened: {what}\n{shown(pilot.app)}")


def shown(app: App[Any]) -> str:
    """The whole screen as text, a line a row."""
    width, height = app.size
    screen = app.screen
    rows = screen._compositor.render_strips(app.size)
    return "\n".join(strip.text[:width].rstrip() for strip in rows[:height])


def stage(app: TuiApp) -> StageScreen:
    """The screen in front, which has a wire."""
    assert isinstance(app.screen, StageScreen)
    return app.screen


def lines(app: TuiApp) -> WireLines:
    """The lines of the pane that leads."""
    pane = stage(app).deck.pane
    assert pane is not None
    return pane.lines


async def type_line(pilot: Pilot[Any], line: str) -> None:
    """Types a line as a student does, key by key, and presses Enter."""
    names = {" ": "space", ".": "full_stop", ":": "colon", "<": "less_than_sign", ">": "greater_than_sign", "@": "at"}
    await pilot.press(*(names.get(character, character) for character in line), "enter")


async def paste_line(pilot: Pilot[Any], line: str) -> None:
    """Pastes a line and presses Enter: the same for the screen, and quicker."""
    pilot.app.post_message(Paste(line))
    await pilot.press("enter")
