"""What a task of the practice console is: the shape of a file of `practice/`.

A task says what is to have happened, never how it is typed. All that it wants of a conversation has to be true of one
and the same connection to its door, whoever opened that: our console, telnet, a program. What it wants of the world
(mailboxes, queues) is looked for everywhere. A lab is started for each task, so nothing that happened before counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from mailtutor.course.lesson import SeedMessage
from mailtutor.course.model import Check, Seed
from mailtutor.errors import Sentence
from mailtutor.protocols.spec import Wording

TOPICS = ("smtp", "pop3", "imap", "mime")


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file in which every key is known."""


class PartPattern(_Strict, frozen=True):
    """A part of a message, or the whole where it has but one. Empty fields match anything; capitals never matter.

    type: "text/plain". encoding: "base64". charset, name: of its parameters. text: what its decoded text contains.
    begins: with what octets its decoded content begins, as `\\x47IF`. depth: in how many multiparts it is at least.
    """

    type: str = ""
    encoding: str = ""
    charset: str = ""
    name: str = ""
    text: str = ""
    begins: str = ""
    depth: int = 0


class MessagePattern(_Strict, frozen=True):
    """A message that was carried and taken. Each part named has to be another one.

    to: an address of the envelope. header: field → what it contains once encoded words are decoded; "" for anything.
    hides: addresses of the envelope that stand in no header field. line: a whole line of the message as it is
    delivered. seven_bit: whether it has to be ASCII. count: so many such messages on one connection.
    """

    to: str = ""
    header: dict[str, str] = {}
    hides: tuple[str, ...] = ()
    line: str = ""
    seven_bit: bool = False
    part: tuple[PartPattern, ...] = ()
    count: int = 1


class Saying(_Strict, frozen=True):
    """One thing of a solution that is no line at the task's own door.

    say: a line. raw: octets as `reading.escapes` spells them, with no line end added. on: another door, "crepes.fr
    pop3". hang_up: the connection is cut. hear: a line of the server's that is waited for before.
    """

    say: str = ""
    raw: str = ""
    on: str = ""
    hang_up: bool = False
    hear: str = ""


class Told(_Strict, frozen=True):
    """The words of a task in one language. hints: they unfold one by one, from a nudge to the answer."""

    title: str
    text: str
    hints: tuple[str, ...]


class TaskOutline(_Strict, frozen=True):
    """The whole of a file.

    on: the door, "hamburger.edu smtp". check: of what was said, and of TLS: on one connection; of mailboxes, queues and
    events: anywhere. heard: what lines of the server say there, also those it says unasked. never: what that connection
    may not have seen. message: what it has to have carried. together: so many commands have to have come in one piece.
    solution: what does it. wrong: what looks like it and is not enough, for the tests.
    """

    topic: Literal["smtp", "pop3", "imap", "mime"]
    on: str
    solution: tuple[str | Saying, ...]
    wrong: tuple[str | Saying, ...]
    en: Told
    zh: Told
    check: tuple[Check, ...] = ()
    heard: tuple[str, ...] = ()
    never: tuple[Check, ...] = ()
    message: MessagePattern | None = None
    together: int = 0
    seed: tuple[Seed, ...] = ()
    wording: Wording = Wording.EXTENDED
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.check or self.heard or self.message or self.together):
            raise ValueError(Sentence("nothing is checked", "error.lesson.no_check"))
        if len(self.on.split()) != 2:
            raise ValueError(
                Sentence("{name} is a host and a service, such as `hamburger.edu smtp`", "error.schema.door", name="on")
            )
        if len(self.en.hints) != len(self.zh.hints):
            raise ValueError(Sentence("en and zh have different numbers of hints", "error.schema.hints"))


@dataclass(frozen=True, slots=True)
class Task:
    """A task that has been loaded. id: the file's name without its number and ending; number: its place, from 1."""

    id: str
    number: int
    outline: TaskOutline
    seeds: tuple[SeedMessage, ...]

    @property
    def host(self) -> str:
        """Whose door it is at."""
        return self.outline.on.split()[0]

    @property
    def service(self) -> str:
        """Which door: "smtp", "submission", "pop3", "imap"."""
        return self.outline.on.split()[1]

    def told(self, language: str) -> Told:
        """Its words."""
        by_language: Mapping[str, Told] = {"zh": self.outline.zh}
        return by_language.get(language, self.outline.en)

    def lines(self) -> tuple[str, ...]:
        """The solution as it can be read: a line for each thing that is said, the door before it where that changes."""
        found: list[str] = []
        door = self.outline.on
        for one in self.outline.solution:
            saying = Saying(say=one) if isinstance(one, str) else one
            if (saying.on or self.outline.on) != door:
                door = saying.on or self.outline.on
                found.append(f"[{door}]")
            found.append("[F7]" if saying.hang_up else saying.raw or saying.say)
        return tuple(found)
