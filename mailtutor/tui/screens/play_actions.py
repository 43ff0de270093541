"""Being the server: a client of the lab speaks, and the student chooses each reply."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType

from mailtutor.errors import MailtutorError
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.escapes import meant
from mailtutor.reading.repertoire import Possible, possible
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.text.recorded import recorded
from mailtutor.text.telling import tell
from mailtutor.tui.contract import Due
from mailtutor.tui.screens.gate_actions import GateActions
from mailtutor.tui.widgets.controls import ControlPanel
from mailtutor.tui.widgets.wire import called

# Who can be played to: the door the student stands behind (its host by number, its service), and what sets its client
# going.
PARTS = MappingProxyType(
    {
        "relay": (1, "smtp", "send"),
        "submission": (0, "submission", "send"),
        "pop3": (1, "pop3", "fetch-pop3"),
        "imap": (1, "imap", "fetch-imap"),
    }
)
OWN, HANG_UP = "own", "hang-up"


@dataclass(slots=True)
class Part:
    """The part the student plays. due: the reply that is asked for now. answered: (connection, question) that was
    answered last: the lab may not have heard it yet. conn: who was spoken to. is_writing: a reply of the student's own
    is being written."""

    name: str
    host: str
    service: str
    due: Due | None = None
    answers: tuple[Possible, ...] = ()
    answered: tuple[int, int] = (0, 0)
    conn: int = 0
    is_writing: bool = False


class PlayActions(GateActions):
    """A screen on which a server can be played."""

    def __init__(self) -> None:
        super().__init__()
        self.part: Part | None = None
        self._is_casting = False

    @property
    def is_attending(self) -> bool:
        """Whether something is waited for that no event tells of."""
        return self.part is not None

    def let_go(self) -> bool:
        """Esc closes the view that stands over the wire, takes back a reply that is being written, or ends the part."""
        if self.part is not None and self.view != "wire":
            self.show_view(self.view)
            return True
        if self.part is not None and self.part.is_writing:
            self.part.is_writing, self.part.due = False, None
            self.beat()
            return True
        if self._is_casting:
            self._is_casting = False
            self.keybar.hide()
        if self.part is not None and self.control.is_shown:
            was_heard = self._client_of(self.part) is not None
            self._end_part()
            if was_heard:  # what became of the client stays to be read
                return True
        return super().let_go()

    def step_aside(self) -> None:
        """Before another screen comes to the front: nothing waits for an answer on this one."""
        if self._is_casting:
            self._is_casting = False
            self.keybar.hide()
        self.forget_prediction()
        if self.part is not None:
            self._end_part()

    def action_predict(self) -> None:
        """Who gives the replies has nothing to predict."""
        if self.part is not None:
            self.tell(self.words("control.play.busy"))
        else:
            super().action_predict()

    def action_play_server(self) -> None:
        """Chooses whom to be the server of; asked for again, the servers answer for themselves."""
        if self.part is not None:
            self._end_part()
        elif self.may_change_world():
            self.forget_prediction()
            self._is_casting = True
            self.keybar.hide("predict")
            self.control.ask(lambda words: words("control.play.whom"), "choice", self._parts)

    def _parts(self, words: Words) -> list[tuple[str, str]]:
        hosts = [host.name for host in self.session.hosts]
        return [(name, words(f"control.play.part.{name}", host=hosts[number])) for name, (number, *_) in PARTS.items()]

    def _end_part(self) -> None:
        """The servers answer for themselves; says what that means for a client that is hung up on."""
        part, self.part = self.part, None
        assert part is not None
        self.keybar.hide()
        client = self._client_of(part)
        self.session.play_no_more()
        if client is None:
            self.control.tell(lambda words: words("control.play.ended"))
        else:
            key, name = f"control.play.hung_up.{self._fate(part, client)}", called(client.client)
            self.control.tell(lambda words: words(key, client=name, host=part.host))
        self.focus_typing()

    def served(self) -> str | None:
        """Who waits for the student's replies now; None where nobody does."""
        client = self._client_of(self.part) if self.part is not None else None
        return called(client.client) if client is not None else None

    def _client_of(self, part: Part) -> Connection | None:
        """The conversation that is going on with the student; None where there is none."""
        connection = self.viewpoint.dialogue.connections.get(part.conn)
        return connection if connection is not None and connection.is_open else None

    def _fate(self, part: Part, client: Connection) -> str:
        """What becomes of the client's business when nobody answers any more: the word for it."""
        if part.service not in ("smtp", "submission"):
            return part.service
        is_settled = any(row.line.verb == "QUIT" for row in client.rows)
        return "settled" if is_settled else part.name

    def on_control_panel_decided(self, event: ControlPanel.Decided) -> None:
        """A part was chosen, or a reply."""
        if self._is_casting:
            self._is_casting = False
            self._begin_part(event.answer)
        elif self.part is not None and self.part.due is not None:
            self._reply(self.part, self.part.due, event.answer)

    def _begin_part(self, name: str) -> None:
        number, service, act = PARTS[name]
        part = self.part = Part(name, self.session.hosts[number].name, service)
        if self.session.pace == "step":
            self.session.set_pace("run")  # whose every reply waits for the student needs no gate besides
        self.session.play(part.host, service)
        self.control.tell(lambda words: words("control.play.waiting", host=part.host, service=service.upper()))
        self.focus_typing()
        work = self.session.act(act)
        if name == "relay":
            # What alice's own server said is no business of the part; what becomes of the relay's attempt is.
            self.when_done(work, lambda _: None)
            return
        work.add_done_callback(lambda done: self._client_done(part, done))

    def _client_done(self, part: Part, done: Future[str]) -> None:
        """Called in the lab's thread."""
        if not done.cancelled():
            with contextlib.suppress(RuntimeError):  # the screen's loop has ended meanwhile
                self.call_later(self._client_told, part, done.exception() or done.result())

    def _client_told(self, part: Part, said: object) -> None:
        """What the agent made of it."""
        if self.part is part and self.is_attached:
            key = "control.play.failed" if isinstance(said, BaseException) else "control.play.worked"
            self.control.tell(lambda words: words(key, said=_plain(tell(said, words))))
            self._rest(part)

    def _rest(self, part: Part) -> None:
        part.due, part.answers, part.is_writing = None, (), False
        self.focus_typing()

    # Replying ---------------------------------------------------------------------------------------------------------

    def attend(self) -> None:
        """Asks for the reply that is due."""
        super().attend()
        part = self.part
        if part is None:
            return
        due = next((due for due in self.session.due() if (due.conn, due.number) != part.answered), None)
        connection = self.viewpoint.dialogue.connections.get(due.conn if due is not None else part.conn)
        if connection is None:
            return
        if due is not None and due != part.due and not part.is_writing:
            self._ask_reply(part, due, connection)
        elif due is None and part.due is not None:
            self._rest(part)
            self.control.tell(lambda words: words("control.play.left"))
        if due is None and part.conn and not connection.is_open and self._tell_attempt(part, connection):
            part.conn = 0

    def _ask_reply(self, part: Part, due: Due, connection: Connection) -> None:
        part.due, part.conn = due, due.conn
        logs_in = part.service == "submission"
        answers = part.answers = tuple(possible(due.line, due.state, due.protocol, due.host, logs_in=logs_in))
        self.viewpoint.go(None)
        self.deck.hold_on_to(connection)
        client, said = called(connection.client), _plain(due.line.text.decode("utf-8", "replace") if due.line else "")
        key = "control.play.asked" if due.line is not None else "control.play.greet"

        def choices(words: Words) -> list[tuple[str, str]]:
            told = [(str(n), _told(answer, due.protocol, words)) for n, answer in enumerate(answers)]
            # Second, where it is seen on the smallest screen.
            own = (OWN, words("control.play.own"))
            return [*told[:1], own, *told[1:], (HANG_UP, words("control.play.hang_up"))]

        self.control.ask(lambda words: words(key, client=client, said=said, host=due.host), "reply", choices)

    def _reply(self, part: Part, due: Due, answer: str) -> None:
        if part.is_writing:
            try:
                data = meant(answer)
            except MailtutorError as wrong:
                self.tell(wrong, severe=True)
                return
            self.session.say(due.conn, data if data.endswith(b"\n") else data + b"\r\n")
        elif answer == OWN:
            part.is_writing = True
            self.control.ask(lambda words: words("control.play.write"), "edit", line="")
            return
        else:
            self.session.say(due.conn, None if answer == HANG_UP else part.answers[int(answer)].data)
        part.answered = (due.conn, due.number)
        self._rest(part)
        self.control.tell(lambda words: words("control.play.said"))
        self.beat()

    def _tell_attempt(self, part: Part, connection: Connection) -> bool:
        """What the relay has made of it: what stands in its queue. False while that is not known yet."""
        if part.name != "relay":
            return True
        tried = [row for row in self.viewpoint.live_world.queue.values() if row.host == connection.client.name]
        row = max(tried, key=lambda row: (row.queued_t, row.tried_at), default=None)
        if row is None or row.state == "active":
            return row is None
        said, host = row.last_reply, visible(row.host)
        # A refusal that is kept for later was about the host, before any recipient was named.
        has_named = any(one.line.verb == "RCPT" for one in connection.rows)
        is_of_host = row.state == "deferred" and said.startswith("5") and not has_named
        key = f"control.play.queue.{'deferred_host' if is_of_host else row.state}"
        self.control.tell(lambda words: words(key, host=host, reply=_plain(recorded(said, words))))
        return True


def _told(answer: Possible, protocol: str, words: Words) -> str:
    meaning = words.get(f"{protocol}.reply.{answer.key}.what")
    return f"{answer.first.decode('utf-8', 'replace')}   {meaning}"


def _plain(text: str) -> str:
    """Text as it stands between backticks."""
    return visible(text).replace("`", "'")
