"""The slow pace at which the student watches: taken when the agents begin, given back when they are through."""

from __future__ import annotations

from mailtutor.tui.contract import Stage


class Unhurried:
    """A pace that is only borrowed. What the student chooses meanwhile stays as it is."""

    def __init__(self, session: Stage) -> None:
        self._session = session
        self.is_on = False

    def begin(self) -> None:
        """Slows a wire that runs; one that is slow or held already is left to the student."""
        if self._session.pace == "run":
            self._session.set_pace("slow")
            self.is_on = True

    def end(self) -> None:
        """Lets the wire run again, unless it is held by now."""
        if self.is_on and self._session.pace == "slow":
            self._session.set_pace("run")
        self.is_on = False
