"""What can be done with the marked part of a message: save it, and hear it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.screen import Screen
from textual.worker import get_current_worker

from mailtutor.errors import MailtutorError
from mailtutor.message.anatomy import Node
from mailtutor.reading.visible import visible
from mailtutor.store.parts import content_of, name_of, save_part
from mailtutor.text.catalogue import Words
from mailtutor.tui.sound import Playing, player_for

# Octets of a sound that is handed to a program.
_MOST = 64 * 1024 * 1024


class PartActions:
    """words: those of the current language. tell: says a sentence or an error. ask: asks for a line, with a value that
    stands in it at first."""

    def __init__(
        self,
        screen: Screen[None],
        words: Callable[[], Words],
        tell: Callable[[object], None],
        ask: Callable[[str, Callable[[str], None], str], None],
    ) -> None:
        self._screen = screen
        self._words = words
        self._tell = tell
        self._ask = ask
        self.playing = Playing()

    def save(self, node: Node | None) -> None:
        """Asks for a folder and saves the part there."""
        if node is None:
            self._tell(self._words()("screen.message.no_part"))
            return
        question = self._words()("screen.message.ask_folder", number=node.number, name=visible(name_of(node)))
        self._ask(question, lambda given: self._save(node, given.strip() or "."), ".")

    def _save(self, node: Node, folder: str) -> None:
        self._screen.run_worker(
            lambda: self._written(node, Path(folder).expanduser().absolute()), group="saving", thread=True
        )

    def _written(self, node: Node, folder: Path) -> None:
        try:
            path, octets = save_part(node, folder)
        except MailtutorError as wrong:
            self._later(wrong)
            return
        self._later(self._words()("cli.message.saved", name=visible(str(path)), octets=octets))

    def play(self, node: Node | None) -> None:
        """Plays the part, where it is a sound and the machine has a program for it; pressed again, it stops."""
        if self.playing.stop():
            return
        if node is None or not node.type.startswith("audio/") or node.size > _MOST:
            self._tell(self._words()("screen.message.no_sound"))
            return
        player = player_for(node.type)
        if not player:
            self._tell(self._words()("screen.message.no_player", type=visible(node.type)))
            return
        self._tell(self._words()("screen.message.plays", player=Path(player).name))
        self._screen.run_worker(lambda: self._played(player, node), group="sound", thread=True, exclusive=True)

    def _played(self, player: str, node: Node) -> None:
        try:
            code = self.playing.play(player, node.type, content_of(node))
        except OSError as wrong:
            self._later(self._words()("screen.message.unplayed", player=Path(player).name, why=str(wrong)))
            return
        # What ends by a signal was stopped by the student.
        if code > 0:
            why = self._words()("screen.message.exit", code=code)
            self._later(self._words()("screen.message.unplayed", player=Path(player).name, why=why))

    def _later(self, said: object) -> None:
        if not get_current_worker().is_cancelled:
            self._screen.app.call_from_thread(self._tell, said)
