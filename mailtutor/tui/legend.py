"""The one table of the signs on the screen; the help lists them with their words, `screen.legend.NAME`."""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.protocols.lines import Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.notes import CHANGED, DROPPED, MISSED
from mailtutor.tui.widgets.bar import PACES
from mailtutor.tui.widgets.ends import CLOSE, OPEN
from mailtutor.tui.widgets.packets import SIGNS
from mailtutor.tui.widgets.painter import FLAG, MARKS, SYMBOLS


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign as it is drawn, and the name of its words."""

    drawn: str
    name: str


WHO = (
    Sign(MARKS[Source.CLIENT].strip(), "client"),
    Sign(MARKS[Source.SERVER].strip(), "server"),
    Sign("▌", "marked"),
    Sign(PACES["step"], "held"),
)
OUTCOMES = (
    Sign(SYMBOLS[Outcome.SUCCESS], "accepted"),
    Sign(SYMBOLS[Outcome.GO_ON], "go_on"),
    Sign(SYMBOLS[Outcome.TRY_LATER], "later"),
    Sign(SYMBOLS[Outcome.REFUSED], "refused"),
    Sign("!", "odd"),
)
HOSTS = (
    Sign("⌨", "agent"),
    Sign("✉", "queue"),
    Sign("▣", "mailbox"),
    Sign("●", "open"),
    Sign("○", "quiet"),
    Sign("⇥", "closed"),
    Sign("⚿", "secured"),
    Sign(f"{CHANGED} {DROPPED}", "tampered"),
    Sign(MISSED, "missed"),
)
TIME = (
    Sign("C S", "said"),
    Sign("◆", "changed"),
    Sign("†", "broken"),
    Sign("|", "ended"),
    Sign(f"{PACES['run']} {PACES['slow']}", "pace"),
)
LINES = (
    Sign(FLAG, "flag"),
    Sign("▽", "filtered"),
    Sign(f"{OPEN}.{CLOSE}", "dot"),
    Sign("▸ ▾", "opens"),
    Sign("✗ ⚠", "wrong"),
)
PACKETS = (*(Sign(sign, f"packet_{name}") for sign, name in SIGNS.values()),)
LEGEND = (*WHO, *OUTCOMES, *HOSTS, *TIME, *LINES, *PACKETS)
