"""What alice and bob do in a lesson: what a step shows, slowly, and what the student has them do."""

from __future__ import annotations

from mailtutor.tui.contract import Stage
from mailtutor.tui.rehearsal import perform
from mailtutor.tui.screens.stage import StageScreen
from mailtutor.tui.unhurried import Unhurried


class ActingScreen(StageScreen):
    """A screen whose agents act when they are told to."""

    def __init__(self, session: Stage) -> None:
        super().__init__(session)
        self.slow = Unhurried(session)
        # Whether an agent is at work.
        self.is_busy = False

    def may_act(self) -> bool:
        """Whether the student may have the agents act now."""
        return self.session.is_running

    def paced(self) -> None:
        """Called when the wire has another pace."""

    def is_talking(self, since: int) -> bool:
        """Whether a connection is still open that was opened at event `since` or later."""
        connections = self.viewpoint.dialogue.connections.values()
        return any(connection.is_open and connection.opened_n >= since for connection in connections)

    def have_done(self, do: str, subject: str = "", body: str = "", *, delete: bool = False) -> None:
        """Has an agent do something, named as in `perform`, while the screen goes on."""

        def over(_: object = None) -> None:
            self.is_busy = False

        def failed() -> None:
            over()
            self.slow.end()
            self.paced()

        self.in_lab(lambda: perform(self.session, do, subject, body, delete=delete), over, failed)

    def action_run(self) -> None:
        """Lets lines pass at once, also those of a step that is watched."""
        super().action_run()
        self.slow.end()
        self.paced()

    def action_send(self) -> None:
        """alice sends, as in the sandbox."""
        if self.may_act():
            self.have_done("send", self.words("screen.lesson.subject"), self.words("screen.lesson.body"))

    def action_fetch_pop3(self) -> None:
        """bob fetches by POP3."""
        if self.may_act():
            self.have_done("fetch-pop3")

    def action_fetch_imap(self) -> None:
        """bob reads by IMAP."""
        if self.may_act():
            self.have_done("fetch-imap")
