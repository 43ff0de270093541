"""Watching a server that is not ours: the programs are somebody's own, and what they say passes through here."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from mailtutor.errors import Sentence
from mailtutor.lab.attach import Closure, placed
from mailtutor.lab.watch import Watch
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import ATTACH, bindings, elsewhere
from mailtutor.tui.contract import Held, Stage
from mailtutor.tui.screens.about import AboutScreen


class AttachScreen(AboutScreen):
    """The log of a watch, live. session: its log is the watch's, and no lab runs in it."""

    MODE = ATTACH
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ATTACH), *elsewhere(ATTACH)]

    def __init__(self, session: Stage, *, watch: Watch) -> None:
        super().__init__(session)
        self._watch = watch
        self.deck.tabs.invitation = "nobody_attach"

    def on_mount(self) -> None:
        """What could not be reached is told from now on."""

        def told(notice: Sentence) -> None:
            with contextlib.suppress(RuntimeError):  # the screen's loop has ended meanwhile
                self.call_later(self.tell, notice, severe=True)

        self._watch.tell = told

    def on_unmount(self) -> None:
        """Nobody reads it any more."""
        self._watch.tell = lambda notice: None

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """Everything passes at once: nobody's mail is held up."""
        return "", ()

    @property
    def doors_to_capture(self) -> Sequence[tuple[str, int]]:
        """Where programs connect."""
        return [self._watch.listens]

    def speak(self) -> None:
        """Draws the text beside the wire."""
        target = self._watch.target
        to = visible(placed(target.host, target.port))
        self.bar.title(self.words("screen.attach.title", to=to))
        here = placed(*self._watch.listens)
        parts = [self.words("screen.attach.about", listen=here, to=to, service=target.service.upper())]
        parts.append(self.words(f"screen.attach.tls.{self._watch.closure.value}"))
        if self._watch.closure is Closure.ENDED and self._watch.authority is not None:
            parts.append(self.words("screen.attach.trust", path=visible(str(self._watch.authority))))
        self.tell_about(*parts)

    def go_home(self) -> None:
        """Asks once while anybody is connected: leaving hangs up on them."""
        if not any(one.is_open for one in self.viewpoint.dialogue.connections.values()):
            super().go_home()
        else:
            self.leave_when_confirmed(self.words("screen.attach.confirm_leave"))
