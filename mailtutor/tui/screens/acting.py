"""What alice and bob do in a lesson: what a step shows, slowly, and what the student has them do."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.acts import RECEIVING_HOST, AnyAct, Fetch, OpenPage, Send, SendPictures, named
from mailtutor.tui.contract import Stage
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

    def have_done(self, acts: Sequence[AnyAct]) -> None:
        """Has acts done one after the other, while the screen goes on; what one could not do is told, and the next is
        done all the same."""

        def work() -> None:
            trouble: Exception | None = None
            for act in acts:
                try:
                    self.session.do(act).result()
                except Exception as wrong:  # the next is done all the same
                    trouble = trouble or wrong
            if trouble is not None:
                raise trouble

        def over(_: object = None) -> None:
            self.is_busy = False

        def failed() -> None:
            over()
            self.slow.end()
            self.paced()

        self.in_lab(work, over, failed)

    def _have(self, act: AnyAct) -> None:
        if self.may_act():
            self.have_done([act])

    def action_run(self) -> None:
        """Lets lines pass at once, also those of a step that is watched."""
        super().action_run()
        self.slow.end()
        self.paced()

    def action_send(self) -> None:
        """alice sends, as in the sandbox."""
        self._have(Send(subject=self.words("screen.lesson.subject"), body=self.words("screen.lesson.body")))

    def action_fetch_pop3(self) -> None:
        """bob fetches by POP3."""
        self._have(Fetch())

    def action_fetch_imap(self) -> None:
        """bob reads by IMAP."""
        self._have(Fetch(service="imap"))

    def action_alice_imap(self) -> None:
        """alice reads by IMAP: what comes back to her, too."""
        self._have(Fetch(user="alice", service="imap"))

    def action_open_page(self) -> None:
        """bob's browser opens the page of crepes.fr."""
        self._have(OpenPage())

    def action_send_pictures(self) -> None:
        """alice sends the same pictures by mail."""
        self._have(SendPictures())

    def action_host_down(self) -> None:
        """Switches hamburger.edu off, or on again."""
        is_down = (RECEIVING_HOST, "down") in self.viewpoint.live_faults
        self._have(named("host-up" if is_down else "host-down"))

    def action_flush(self) -> None:
        """Has every queue try at once."""
        self._have(named("flush"))
