"""Taking a client's place: what it said up to a line is said again, then the keyboard is the student's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.lab.plan import SERVICES
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.takeover import Difference, handed_over
from mailtutor.reading.visible import visible
from mailtutor.reading.wording import is_textbook
from mailtutor.tui.contract import Console, Host, Stage
from mailtutor.tui.retelling import Retelling, door, said_to
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.practice import SENDER, SERVER, PracticeScreen
from mailtutor.tui.widgets.prompt import Prompt
from mailtutor.tui.widgets.wire import called


@dataclass(frozen=True, slots=True)
class Taken:
    """The client whose place is taken. rows: what was said up to the line. is_live: it spoke in the lab that runs."""

    connection: Connection
    rows: Sequence[Row]
    is_live: bool


class TakeoverScreen(PracticeScreen):
    """Practice that begins in the middle."""

    def __init__(self, session: Stage, taken: Taken) -> None:
        super().__init__(session, protocol=door(taken.connection))
        self._taken = taken
        self.retelling: Retelling | None = None
        self._said_gone = False

    @property
    def protocol(self) -> str:
        """What is spoken at the door."""
        return SERVICES[self.service][0]

    @property
    def host(self) -> Host | None:
        """The server of the same name; where this lab has none, the one whose business it would be."""
        hosts = self.session.hosts
        if len(hosts) <= SERVER:
            return None
        usual = hosts[SENDER if self.service == "submission" else SERVER]
        return next((host for host in hosts if host.name == self._taken.connection.server.name), usual)

    def begin(self) -> None:
        """The lab that runs, or a fresh one."""
        self.keybar.hide("protocol", "tasks")
        if self._taken.is_live:
            self.lab_ready()
        else:
            self.start_lab(classic=is_textbook(self._taken.connection), seed=self.letters())

    def connected(self, service: str, console: Console) -> None:
        """A connection is there: begins to say what was said."""
        self.retelling = Retelling(console, said_to(self.host, self._taken.connection, self._taken.rows))
        super().connected(service, console)
        self.speak()

    def after_beat(self, rows: Sequence[Row]) -> None:
        """Says the next turn."""
        super().after_beat(rows)
        retelling = self.retelling
        if self._is_gone != self._said_gone:
            self.speak()
        if retelling is None or retelling.is_over:
            return
        told = retelling.first_difference
        left = retelling.left
        if retelling.go_on(self.connection) or retelling.first_difference is not told or retelling.left != left:
            self.speak()
            self.prompt.wait_for(self.awaited)

    @property
    def _is_gone(self) -> bool:
        """Whether everything was said, and nothing more can be: one of the two has said goodbye."""
        if self.retelling is None or not self.retelling.is_over:
            return False
        state = self.connection.state if self.connection is not None else ""
        return not self._is_open or not PROTOCOLS[self.protocol].table.moves.get(state)

    @property
    def awaited(self) -> str:
        """What is said again comes first."""
        is_saying = self.retelling is not None and not self.retelling.is_over
        return "saying" if is_saying else super().awaited

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Nothing is typed into what is being said."""
        if self.retelling is not None and not self.retelling.is_over:
            event.prevent_default()
            self.prompt.put_back(event.line)

    def go_home(self) -> None:
        """Asks once where a conversation that the student has gone on with would be cut off."""
        retelling, connection = self.retelling, self.connection
        said = connection.bytes_from_client if connection is not None and self._is_open else 0
        if retelling is None or said <= retelling.said_octets:
            super().go_home()
            return

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                super(TakeoverScreen, self).go_home()

        self.app.push_screen(ConfirmScreen("escape", self.words("control.takeover.confirm_leave")), answered)

    def action_protocol(self) -> None:
        """There is one door only."""
        self.tell(self.words("control.takeover.one_door"))

    def action_tasks(self) -> None:
        """The conversation that was taken over goes on."""
        self.tell(self.words("practice.tasks.taken_over"))

    # Words --------------------------------------------------------------------------------------------------------

    def speak(self) -> None:
        """Draws the text beside the wire."""
        super().speak()
        self.bar.title(self.words("control.takeover.title", protocol=self.service.upper()))

    def about(self) -> list[str]:
        """Whose place it is, what was said again, and what came of it."""
        connection, host = self._taken.connection, self.host
        key = "live" if self._taken.is_live else "fresh"
        server = host.name if host is not None else visible(connection.server.name)
        retelling = self.retelling
        is_over = retelling is not None and retelling.is_over
        self._said_gone = self._is_gone
        stage = f"gone_{key}" if self._said_gone else key if is_over else f"saying_{key}"
        lead = f"control.takeover.{stage}"
        parts = [self.words(lead, client=called(connection.client), server=server)]
        if host is not None and connection.server.name != host.name:
            parts.append(self.words("control.takeover.stand_in", server=called(connection.server), host=host.name))
        if retelling is None:
            return parts
        parts += self._came_of_it(retelling)
        if is_over and self.connection is not None and handed_over(self.connection.rows):
            parts.append(self.words(f"control.takeover.sent_again_{key}", server=server))
        return [*reversed(parts[1:]), parts[0]] if self.has_class("-narrow") else parts

    def _came_of_it(self, retelling: Retelling) -> list[str]:
        parts = []
        if not retelling.is_over:
            parts.append(self.words("control.takeover.saying", count=retelling.left))
        if retelling.first_difference is not None:
            parts.append(self._differs(retelling.first_difference))
        elif retelling.is_over:
            parts.append(self.words("control.takeover.same", count=len(retelling.retold.turns)))
        if retelling.left_out:
            parts.append(self.words("control.takeover.left_out", count=retelling.left_out))
        if retelling.retold.other_login:
            parts.append(self.words("control.takeover.other_login"))
        return parts

    def _differs(self, found: Difference) -> str:
        recorded, live = _code(found.recorded.text), _code(found.live.text)
        if not found.said:
            return self.words("control.takeover.greeting_differs", recorded=recorded, live=live)
        return self.words("control.takeover.differs", said=_code(found.said), recorded=recorded, live=live)


def _code(raw: bytes) -> str:
    """Bytes as they stand between backticks."""
    return visible(raw).replace("`", "'")
