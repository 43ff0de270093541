"""Widgets that show words, and the app that says in which language.

A change of language calls `speak` on every such widget, on every screen; nothing is built anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.app import App
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.reactive import reactive
from textual.widget import Widget

from mailtutor.text.catalogue import Words, words
from mailtutor.tui.widgets.notice import Notice


class SpeakingApp(App[int]):
    """An app with a current language ("en" or "zh"). own_keys: the student's, by action, where they are not the
    table's."""

    language: reactive[str] = reactive("en", init=False)
    own_keys: Mapping[str, str] = MappingProxyType({})

    @property
    def words(self) -> Words:
        """The words of the current language."""
        return words(self.language)

    @property
    def draws_ascii(self) -> bool:
        """Whether every sign is drawn in ASCII."""
        return False

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Says a sentence where nothing is covered by it: in the line for it on the topmost screen that has one. A
        toast would stand over text, and cut Chinese characters below its edges in two."""
        said = Content.from_markup(message).plain if markup else message
        for screen in reversed(self.screen_stack):
            for notice in screen.query(Notice):
                notice.tell(said, severity, self.NOTIFICATION_TIMEOUT if timeout is None else timeout)
                return


class Speaking(Widget):
    """A widget whose text follows the language."""

    words: Words = words("en")

    @property
    def own_keys(self) -> Mapping[str, str]:
        """As the app has them."""
        return self.app.own_keys if isinstance(self.app, SpeakingApp) else {}

    def on_mount(self) -> None:
        """Speaks the current language from the start, and every other one it is changed to."""
        if isinstance(self.app, SpeakingApp):
            self.watch(self.app, "language", self._language_changed)

    def _language_changed(self, language: str) -> None:
        self.words = words(language)
        self.speak()

    def speak(self) -> None:
        """Draws all text anew from `self.words`."""
        self.refresh(layout=True)
