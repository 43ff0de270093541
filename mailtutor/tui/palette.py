"""The palette's list: the actions in the order of their table, found by the word on the bar or by the sentence."""

from __future__ import annotations

from textual.command import DiscoveryHit, Hit, Hits, Provider

from mailtutor.tui.widgets.speaking import SpeakingApp

# What a match in the sentence counts beside one in the word.
_IN_SENTENCE = 0.5


class ActionsProvider(Provider):
    """Offers what the app lists."""

    async def discover(self) -> Hits:
        """All of it."""
        for title, sentence, command, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(title, command, help=sentence)

    async def search(self, query: str) -> Hits:
        """What fits; where nothing does, that."""
        matcher = self.matcher(query)
        found = False
        for title, sentence, command, _ in self.app.get_system_commands(self.screen):
            # By its own name, too: `ladder` in any language.
            name = getattr(command, "__name__", "").removeprefix("action_")
            score = max(matcher.match(title), _IN_SENTENCE * max(matcher.match(sentence), matcher.match(name)))
            if score > 0:
                found = True
                yield Hit(score, matcher.highlight(title), command, help=sentence)
        if not found and isinstance(self.app, SpeakingApp):
            yield Hit(1.0, self.app.words("screen.palette.nothing"), _nothing)


def _nothing() -> None:
    """There is nothing to be done."""
