"""Practice: a real connection to a real server, typed by hand, with a coach who reads along."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from mailtutor.course.task import Task
from mailtutor.errors import MailtutorError
from mailtutor.lab.plan import SERVICES, SeedMail
from mailtutor.protocols.spec import Wording
from mailtutor.reading.coach import Advice, advise, advise_text, expects_command
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.escapes import meant
from mailtutor.reading.login_help import beginning
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import PRACTICE, bindings, elsewhere, of_mode
from mailtutor.tui.contract import Console, Host, Stage
from mailtutor.tui.screens.base64 import Base64Screen
from mailtutor.tui.screens.stage import StageScreen
from mailtutor.tui.screens.tasks import FREE, TasksScreen
from mailtutor.tui.taskdesk import TaskDesk, done_before
from mailtutor.tui.widgets.prompt import Prompt
from mailtutor.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from mailtutor.lab.attach import Target

SENDER, SERVER = 0, 1  # crepes.fr, where alice hands in her mail; hamburger.edu, where bob's mailbox is
# The doors in the order they are turned to: service → host.
DOORS = {"smtp": SERVER, "submission": SENDER, "pop3": SERVER, "imap": SERVER}


class PracticeScreen(StageScreen):
    """The wire, and a prompt under it. protocol: the door to begin with, by the name of its service. task: what is to
    be done there, which may be at another one. far: a server that is not of the lab, to begin with."""

    MODE = PRACTICE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PRACTICE), *elsewhere(PRACTICE)]
    DEFAULT_CSS = """
    PracticeScreen.-short #meaning { height: 8; }
    PracticeScreen.-short.-view-meaning #meaning { height: 1fr; }
    PracticeScreen.-narrow #meaning { display: none; }
    PracticeScreen.-narrow.-away #side { display: none; }
    PracticeScreen.-narrow #side { max-height: 6; }
    PracticeScreen.-narrow.-task #side { max-height: 8; }
    PracticeScreen.-narrow.-view-meaning #meaning, PracticeScreen.-narrow.-view-bytes #meaning { display: block; }
    """

    def __init__(
        self, session: Stage, *, protocol: str = "smtp", task: Task | None = None, far: Target | None = None
    ) -> None:
        super().__init__(session)
        # A server of somebody else's, and whether it is the one that is practised on now.
        self.far = far
        self._is_far = far is not None
        self.service = task.service if task is not None else protocol
        self.desk = TaskDesk(session, task) if task is not None else None
        self.prompt = Prompt(id="prompt")
        self.prompt.tells_time = True
        self._text = Prose(id="text")
        self.console: Console | None = None
        self._is_new = False
        self._is_unfolded = False
        # Whether the line waits that was typed when the server had gone.
        self._kept = False
        # Whether a server is still being asked for a connection, or will be as soon as there is one.
        self._is_connecting = True

    @property
    def protocol(self) -> str:
        """What is spoken at the door."""
        return self.far.protocol if self.far is not None and self._is_far else SERVICES[self.service][0]

    @property
    def host(self) -> Host | None:
        """Whose door it is; None as long as there is no lab. A task's own door may be another host's than usual."""
        if self._is_far:
            return None
        if self.desk is not None and self.service == self.desk.task.service:
            return next((host for host in self.session.hosts if host.name == self.desk.task.host), None)
        number = DOORS[self.service]
        return self.session.hosts[number] if len(self.session.hosts) > number else None

    def side(self) -> ComposeResult:
        """What to try."""
        yield self._text

    def below(self) -> ComposeResult:
        """What taking hold of the wire asks, and where to type."""
        yield self.control
        yield self.prompt

    def on_mount(self) -> None:
        """Begins after the first paint."""
        self.set_class(self.desk is not None, "-task")
        self.prompt.input.focus()
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Starts the lab: as the task wants it, or with bob's two letters."""
        if self.desk is None:
            self.start_lab(seed=self.letters())
            return
        task = self.desk.task
        seed = [SeedMail(mail.user, mail.content, mail.mailbox) for mail in task.seeds]
        self.start_lab(classic=task.outline.wording is Wording.CLASSIC, seed=seed, faults=task.outline.faults)

    def lab_ready(self) -> None:
        """Connects."""
        self.speak()
        self._connect()

    def speak(self) -> None:
        """Draws the text beside the wire."""
        self.bar.title(self.words("screen.practice.title", protocol=self._door.upper()))
        parts = [*self.about(), self.words("screen.practice.how")] if self.desk is None else self.about()
        host = self.host
        if self.far is not None and self._is_far:
            place = visible(self.far.host)
            parts.append(self.words("practice.far.door", host=place, port=self.far.port, service=self.far.service))
        if host is not None:
            port = host.ports.get(self.service, 0)
            door = self.words("screen.practice.door", host=host.name, address=host.address, port=port)
            parts.append("  ".join([door, *(f"`{user.name}` · `{user.password}`" for user in host.users)]))
            if self.desk is not None:
                command = f"telnet {host.address} {port}"
                parts.append(self.words("practice.task.telnet", command=command))
        self._text.show("\n\n".join(parts), dense=self.has_class("-narrow"))

    def about(self) -> list[str]:
        """What this is, before what is the same everywhere."""
        if self._is_far:
            return [self.words("practice.far.about")]
        if self.desk is not None:
            return self.desk.text(self.words, newest_first=self.has_class("-narrow"))
        return [self.words(f"screen.practice.{self.service}")]

    def on_resize(self) -> None:
        """Few lines are used another way."""
        self.speak()
        self._fold_coach()

    def _fold_coach(self) -> None:
        """Where there are but few lines the dialogue has them, not the coach."""
        is_small = self.has_class("-narrow") and self.has_class("-short")
        key = next(action.key(while_typing=True) for action in of_mode(PRACTICE, self.own_keys) if action.id == "coach")
        self.keybar.need_not(*(() if is_small else ("coach",)), *(() if self.desk is not None else ("hint",)))
        self.prompt.fold(key if is_small and not self._is_unfolded else "")

    def action_hint(self) -> None:
        """One more hint of the task; after the solution all of them go."""
        if self.desk is None:
            key = next(one.key(while_typing=True) for one in of_mode(PRACTICE, self.own_keys) if one.id == "tasks")
            self.tell(self.words("practice.task.no_hints", pressed=key))
            return
        self.desk.more()
        self.speak()
        self.call_after_refresh(self._show_hint)

    def _show_hint(self) -> None:
        """The newest hint is seen where it stands below the others."""
        if self.desk is not None and self.desk.hints and not self.has_class("-narrow"):
            hints = len(self.desk.task.told(self.words.language).hints)
            key, number = ("hint", self.desk.hints) if self.desk.hints <= hints else ("solution", 0)
            self._text.scroll_to_block(self.words(f"practice.task.{key}", number=number))

    def action_coach(self) -> None:
        """Everything the coach says, also on a small screen; or what matters again."""
        self._is_unfolded = not self._is_unfolded
        self._fold_coach()

    def _connect(self) -> None:
        dial = self._dial()
        if not self.session.is_running or dial is None:
            return
        if self.console is not None:
            self.console.close()
        door = self._door
        self._is_connecting = True
        self.in_lab(dial, lambda console: self.connected(door, console), self._unconnected)

    def _dial(self) -> Callable[[], Console] | None:
        """What opens a connection to the door; None as long as there is no lab."""
        far, host, service = self.far, self.host, self.service
        if far is not None and self._is_far:
            return lambda: self.session.dial(far)
        return (lambda: self.session.console(host.name, service)) if host is not None else None

    @property
    def _door(self) -> str:
        """What the door is called: the service, or where it is."""
        return f"{self.far.host}:{self.far.port}" if self.far is not None and self._is_far else self.service

    def _unconnected(self) -> None:
        """Nobody answers; the student may try again."""
        self._is_connecting = False
        self.console = None
        self.beat()

    def lab_failed(self, wrong: MailtutorError) -> None:
        """There is nobody to connect to."""
        super().lab_failed(wrong)
        self._unconnected()

    def connected(self, service: str, console: Console) -> None:
        """A connection is there."""
        if service != self._door:  # the student has turned to another one meanwhile
            console.close()
            return
        self.console, self._is_new, self._is_connecting = console, True, False
        self.prompt.advise(None)
        if self._kept:
            self._kept = False
            self.prompt.tell(self.words("screen.typing.kept"))
        self.prompt.input.focus()
        self.beat()

    @property
    def connection(self) -> Connection | None:
        """The one that is typed into."""
        return self.viewpoint.dialogue.connections.get(self.console.conn) if self.console is not None else None

    @property
    def _state(self) -> str:
        return self.connection.state if self.connection is not None else ""

    @property
    def _is_open(self) -> bool:
        """Whether lines can still be said. The trace may know of the end before the console does."""
        connection = self.connection
        return self.console is not None and self.console.is_open and (connection is None or connection.is_open)

    def after_beat(self, rows: Sequence[Row]) -> None:
        """The prompt knows where the conversation is; a new conversation leads, whoever else speaks in the lab."""
        if self._is_new and self.connection is not None:
            self._is_new = False
            self.deck.hold_on_to(self.connection)
            self.draw()
        self.prompt.wait_for(self.awaited)
        if self.connection is not None:
            residents = tuple(user.name for user in self.host.users) if self.host is not None else ()
            self.prompt.follow(self.connection, is_open=self._is_open, residents=residents)
        else:
            self.prompt.at(self.protocol, "", is_open=self._is_open)
        if self.desk is not None and self.session.is_running and self.desk.look(self.viewpoint):
            self.speak()
            if self.desk.is_done:
                self.tell(self.words("practice.task.done_now"))

    @property
    def awaited(self) -> str:
        """What comes before the student may type: the word for it, or ""."""
        return "connecting" if self._is_connecting else ""

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Judges the line, and sends it whatever the judgement: the server's own answer is the lesson."""
        if self.console is None or not self._is_open:
            self._say_later(event.line)
            return
        if self.prompt.is_raw:
            self._say_raw(event.line)
            return
        rows = self.connection.rows if self.connection is not None else []
        self._return()
        judged = expects_command(self.protocol, self._state, rows)
        line = event.line.encode("utf-8", "surrogateescape")
        if judged:
            advice: Advice | None = advise(line, self.protocol, self._state, self.words, self.prompt.offers, rows)
        else:
            advice = advise_text(line, self.protocol, self._state, self.words, rows)
        self.prompt.advise(advice, event.line, len(rows))
        try:
            self.console.send(event.line)
        except MailtutorError as wrong:
            self.prompt.tell(tell(wrong, self.words))

    def _return(self) -> None:
        """Now, and the end of the dialogue: the answer must be seen, whatever was looked at before."""
        self.viewpoint.go(None)
        if self.deck.pane is not None:
            self.deck.pane.lines.action_follow()

    def _say_raw(self, written: str) -> None:
        """Sends the octets that were written, and nothing else."""
        assert self.console is not None
        self._return()
        try:
            data = meant(written)
            if data:
                self.console.say(data)
        except MailtutorError as wrong:
            self.prompt.put_back(written)
            self.prompt.tell(visible(tell(wrong, self.words)))
            return
        self.prompt.advise(None)
        self.prompt.tell(self.words("practice.raw.sent", octets=len(data)))

    def _say_later(self, line: str) -> None:
        """Nobody listens: connects anew. What was typed stays in the line, for it was meant for the server that has
        gone; Enter says it to this one."""
        self.prompt.put_back(line)
        if self.session.is_running and not self._is_connecting:
            self._kept = bool(line)
            self._connect()

    @property
    def conn_to_predict(self) -> int:
        """What the student is told is what the student predicts."""
        return self.console.conn if self.console is not None else 0

    def focus_typing(self) -> None:
        """Back to the line."""
        self.prompt.input.focus()

    def action_console(self) -> None:
        """Goes to where lines are typed."""
        self.prompt.input.focus()

    def action_reconnect(self) -> None:
        """A new connection."""
        if self.session.is_running:
            self._connect()

    def action_protocol(self) -> None:
        """The next door."""
        services = tuple(DOORS)
        if self._is_far:
            self._is_far, self.service = False, services[0]
        elif self.far is not None and self.service == services[-1]:
            self._is_far = True
        else:
            self.service = services[(services.index(self.service) + 1) % len(services)]
        self.speak()
        self.action_reconnect()

    def action_raw(self) -> None:
        """Octets or lines."""
        typed = next(action for action in of_mode(PRACTICE, self.own_keys) if action.id == "raw")
        self.prompt.type_raw("" if self.prompt.is_raw else typed.key(while_typing=True))
        self.prompt.input.focus()

    def action_base64(self) -> None:
        """Helps with the login that is due, or to begin one."""
        users = self.host.users if self.host is not None else ()
        name, password = (users[0].name, users[0].password) if users else ("", "")
        rows = self.connection.rows if self.connection is not None else []
        begin = beginning(self.protocol, self._state, rows, name, password)

        def made(line: str | None) -> None:
            if line is not None:
                self.prompt.put_back(line)
            self.prompt.input.focus()

        self.app.push_screen(Base64Screen(begin), made)

    def action_tasks(self) -> None:
        """The list of tasks; what is chosen there begins with fresh servers."""
        current, hints = (self.desk.task.id, self.desk.hints) if self.desk is not None else ("", 0)
        screen = TasksScreen(self.session.tasks.all, done_before(self.session), current, hints)

        def chosen(name: str | None) -> None:
            if self.desk is not None and (name in (None, current)):
                self.desk.hints = screen.unfolded.get(current, 0)
                self.speak()
            if name is not None and name != current and (name != FREE or self.desk is not None):
                self._turn_to(None if name == FREE else self.session.tasks.find(name), screen.unfolded.get(name, 0))
            elif name == current and self.desk is not None and self.desk.is_done:
                self._turn_to(self.desk.task, 0)

        self.app.push_screen(screen, chosen)

    def _turn_to(self, task: Task | None, hints: int) -> None:
        """Another task, or none."""
        if self.console is not None:
            self.console.close()
            self.console = None
        self.desk = TaskDesk(self.session, task) if task is not None else None
        self._is_far = False
        if self.desk is not None:
            self.service, self.desk.hints = self.desk.task.service, hints
        self.set_class(self.desk is not None, "-task")
        self._fold_coach()
        self._is_connecting = True
        self.prompt.advise(None)
        self.speak()
        self.begin()

    def on_unmount(self) -> None:
        """Hangs up."""
        if self.console is not None:
            with contextlib.suppress(RuntimeError):  # the lab may be ending at this moment
                self.console.close()
