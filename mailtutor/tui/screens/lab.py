"""The sandbox: send, fetch, break, and watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from mailtutor.errors import MailtutorError
from mailtutor.lab.plan import BOB
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import GROWTH, LAB, bindings, elsewhere, of_mode
from mailtutor.tui.contract import Held, Stage
from mailtutor.tui.screens.about import AboutScreen
from mailtutor.tui.widgets.growth import GrowthView

_ACTS = (
    "send", "fetch_pop3", "fetch_imap", "alice_imap", "open_page", "send_pictures", "faults", "queue", "mailboxes",
    "jump", "clock_faster",
)  # fmt: skip
# Characters of a text of the student's own that is sent.
_LONGEST = 1000


class LabScreen(AboutScreen):
    """A lab without a lesson."""

    MODE = LAB
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LAB), *elsewhere(LAB)]

    def __init__(self, session: Stage, *, classic: bool = False, view: str = "") -> None:
        """view: the one it begins with, where that is not the wire."""
        super().__init__(session)
        self._classic = classic
        self._begins_with = view
        self._failure: MailtutorError | None = None
        self.growth = GrowthView(id=GROWTH)
        self.sheets[GROWTH] = self.growth
        self.deck.tabs.invitation = "nobody_send"

    def below(self) -> ComposeResult:
        """What taking hold of the wire asks."""
        yield self.control

    def on_mount(self) -> None:
        """Starts the lab after the first paint."""
        self.keybar.light("send")
        self.call_after_refresh(self.start_lab, classic=self._classic)
        if self._begins_with:
            self.call_after_refresh(self.show_view, self._begins_with)

    def lab_failed(self, wrong: MailtutorError) -> None:
        """Stays on the screen: nothing can be done here until it is mended."""
        self._failure = wrong
        super().lab_failed(wrong)
        self.bar.note(f"✘ {self.words('screen.lab.no_hosts')}")
        self.deck.tabs.invitation = "nobody_runs"
        self.deck.tabs.refresh()
        self.draw()
        self.speak()

    def lab_ready(self) -> None:
        """Now the doors are known."""
        self._failure = None
        self.bar.note("")
        self.deck.tabs.invitation = "nobody_send"
        self.deck.tabs.refresh()
        # A lab that failed before had no pace: nothing else may be said for a while that would draw it.
        self.draw_around()
        self.speak()

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """Where nothing runs there is no pace."""
        return ("", ()) if self._failure is not None else super().gate

    def speak(self) -> None:
        """Draws the text beside the wire."""
        self.bar.title(self.words("screen.lab.title"))
        parts = [self.words("screen.lab.about"), self._keys(), self._doors()]
        if self._failure is not None:
            parts = [f"✘ {visible(tell(self._failure, self.words))}", self.words("screen.lab.try_again")]
        self.tell_about(*parts)

    def _keys(self) -> str:
        return "\n".join(
            f"- **{action.key(while_typing=False)}** {self.words(f'screen.action.{action.id}.what')}"
            for action in of_mode(LAB, self.own_keys)
            if action.id in _ACTS
        )

    def _doors(self) -> str:
        if not self.session.hosts:
            return self.words("screen.lab.starting")
        lines = [self.words("screen.lab.doors")]
        for host in self.session.hosts:
            ports = ", ".join(f"{service} {port}" for service, port in host.ports.items())
            lines.append(f"- **{host.name}** {host.address}: {ports}")
            lines += [f"- {user.address} · `{user.password}`" for user in host.users]
        return "\n".join(lines)

    def go_home(self) -> None:
        """Asks once where something would be gone."""
        if not self.session.is_running or not self.viewpoint.dialogue.connections:
            super().go_home()
        else:
            self.leave_when_confirmed(self.words("screen.lab.confirm_leave"))

    def action_send(self) -> None:
        """alice sends bob a message."""
        self.keybar.light("fetch_pop3")
        self._act("send")

    def action_fetch_pop3(self) -> None:
        """bob fetches by POP3."""
        self.keybar.light("")
        self._act("fetch-pop3")

    def action_fetch_imap(self) -> None:
        """bob reads by IMAP."""
        self._act("fetch-imap")

    def action_alice_imap(self) -> None:
        """alice reads by IMAP: what comes back to her, too."""
        self._act("alice-imap")

    def action_open_page(self) -> None:
        """bob's browser opens the page of crepes.fr."""
        self._act("open-page")

    def action_send_pictures(self) -> None:
        """alice sends the same pictures by mail."""
        self._act("send-pictures")

    def action_host_down(self) -> None:
        """Switches hamburger.edu off, or on again."""
        is_down = (BOB.domain, "down") in self.viewpoint.live_faults
        self._act("host-up" if is_down else "host-down")

    def action_flush(self) -> None:
        """Has every queue try at once."""
        self._act("flush")

    # A message grown field by field -----------------------------------------------------------------------------------

    def action_growth(self) -> None:
        """The stages of a message, and what a receiver makes of each."""
        self.show_view(GROWTH)

    def action_growth_send(self) -> None:
        """alice sends the marked stage."""
        if self.may_change_world():
            self.when_done(self.session.grow(self.growth.seed, self.growth.stage), self._grown)

    def _grown(self, said: str) -> None:
        self.tell(self.words("growth.sent", reply=tell(said, self.words)))
        self.growth.sent()

    def action_growth_other(self) -> None:
        """A picture instead of the text, or the text again."""
        self.growth.turn()

    def action_growth_own(self) -> None:
        """A text of the student's own."""
        self.ask(self.words("growth.ask"), lambda text: self.growth.take(text[:_LONGEST]), self.growth.text)

    def action_message(self) -> None:
        """Of what is grown, the marked stage as it arrived."""
        place = self.growth.place if self.view == GROWTH else None
        if place is not None:
            self.deck.mark(*place)
        super().action_message()

    def _act(self, action: str) -> None:
        if not self.session.is_running:
            if self._failure is not None:
                self.start_lab(classic=self._classic)
            self.tell(self.words("screen.lab.begins"))
            return
        self.when_done(self.session.act(action), lambda done: self._acted(action, done))

    def _acted(self, action: str, said: str) -> None:
        self.tell(self.words(f"screen.lab.done.{action}", result=tell(said, self.words)))
