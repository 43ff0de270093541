"""What a lesson is: the shape of `lesson.toml`.

Unknown keys are refused, so a slip of the pen is found when the lesson is loaded and not when a student reaches it.
Steps come in seven kinds. A step that shows or asks for traffic carries `check`: patterns over what happened since the
step began, all of which must be met. A step with an answer carries its `solution`, so that a test can play the lesson.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mailtutor.protocols.spec import Wording

Value = str | int | bool


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file in which every key is known."""


# Checks --------------------------------------------------------------------------------------------------------------


class CommandPattern(_Strict, frozen=True):
    """A command somebody gave. Empty fields match anything; capitals and spaces never matter.

    contains: texts the line holds. service: the door ("smtp", "pop3"). server: the host's name.
    """

    protocol: str = ""
    verb: str = ""
    contains: str | tuple[str, ...] = ()
    service: str = ""
    server: str = ""


class ReplyPattern(_Strict, frozen=True):
    """A reply somebody got. to: the verb it answers, "." for the end of a message, "greeting" for the greeting.

    code: "250", "+OK"; outcome: "success", "go-on", "try-later" or "refused".
    """

    protocol: str = ""
    to: str = ""
    code: str | int = ""
    outcome: str = ""
    contains: str | tuple[str, ...] = ()
    service: str = ""
    server: str = ""


class ConnectionPattern(_Strict, frozen=True):
    """A connection that was opened, or with `closed` one that ended, since the step began."""

    protocol: str = ""
    service: str = ""
    server: str = ""
    closed: bool = False


class MailboxPattern(_Strict, frozen=True):
    """How many messages a mailbox holds now. user: an address."""

    user: str
    count: int
    mailbox: str = "INBOX"


class Check(_Strict, frozen=True):
    """One pattern. Exactly one of the keys is given.

    event: a world event by its name (`event = "delivered"`) and any of its fields.
    """

    command: CommandPattern | None = None
    reply: ReplyPattern | None = None
    connection: ConnectionPattern | None = None
    mailbox: MailboxPattern | None = None
    event: dict[str, Value] | None = None

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a check has exactly one of {', '.join(self.__struct_fields__)}")


# Steps ---------------------------------------------------------------------------------------------------------------


class Step(_Strict, frozen=True, tag_field="kind"):
    """What every step has. id: also the name of its section in the texts."""

    id: str


class Read(Step, frozen=True, tag="read"):
    """Nothing to do but read."""


class Watch(Step, frozen=True, tag="watch"):
    """The lab acts; done when the trace shows it.

    do: "send" (alice's agent sends bob a message with this subject and body), "fetch" (bob's agent reads by POP3, with
    `delete` also deleting), what bob does on his laptop (POP3) or on his phone (IMAP), or what befalls the lab: bob's
    server goes down or up, or alice sends him a message and his server stays away for five days.
    """

    do: Literal[
        "send", "fetch", "laptop-pop3", "laptop-pop3-delete", "phone-sync", "phone-open", "phone-attachment",
        "phone-mark", "phone-archive", "phone-delete", "host-down", "host-up", "five-days-away",
    ]  # fmt: skip
    check: tuple[Check, ...]
    subject: str = ""
    body: str = ""
    delete: bool = False


class Do(Step, frozen=True, tag="do"):
    """The student acts anywhere in the tool. solution: the lab's actions that do it, named as in `watch`."""

    check: tuple[Check, ...]
    solution: tuple[Literal["send", "fetch"], ...]


class Type(Step, frozen=True, tag="type"):
    """The student types. console: host and service, "hamburger.edu smtp". fresh: begins with a new connection.

    solution: the lines to type, of which the last gets the reply the check wants.
    """

    console: str
    check: tuple[Check, ...]
    solution: tuple[str, ...]
    fresh: bool = False


class Ask(_Strict, frozen=True):
    """The replies to choose from."""

    code: tuple[str | int, ...]


class Predict(Step, frozen=True, tag="predict"):
    """A line goes out, its reply is held until the student says which code it will have.

    wrong: a choice, or "*" for any other, to the name of the text that answers it.
    """

    console: str
    type: str
    ask: Ask
    check: tuple[Check, ...]
    solution: str | int
    wrong: dict[str, str] = {}
    fresh: bool = False

    def __post_init__(self) -> None:
        if str(self.solution) not in self.choices:
            raise ValueError(f"solution {self.solution} is not one of the codes asked for")
        _check_wrong(self.wrong, self.choices)

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes, as text."""
        return tuple(map(str, self.ask.code))


class Quiz(Step, frozen=True, tag="quiz"):
    """A question.

    form: "choice" (one of `options`), "order" (`options` put in order) or "fill" (a word; `accept` lists other right
    ways to write it). An option's words stand in the texts (`:::option NAME`); without them it is shown as it is.
    """

    form: Literal["choice", "order", "fill"]
    solution: str | int | tuple[str, ...]
    options: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    wrong: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.form == "choice" and self.solution not in self.options:
            raise ValueError("solution is not one of the options")
        if self.form == "order" and (
            not isinstance(self.solution, tuple) or sorted(self.solution) != sorted(self.options)
        ):
            raise ValueError("solution is not the options put in order")
        if self.form == "fill" and (self.options or isinstance(self.solution, tuple)):
            raise ValueError("a fill-in has no options and one solution")
        if self.form == "choice":
            _check_wrong(self.wrong, self.options)


class Reflect(Step, frozen=True, tag="reflect"):
    """An open question; the answer goes into the lab report. words: fewer than these are not an answer."""

    words: int = 1


AnyStep = Read | Watch | Do | Type | Predict | Quiz | Reflect
# Kinds that are judged by traffic, and kinds that have a console.
WithCheck = Watch | Do | Type | Predict
WithConsole = Type | Predict


def _check_wrong(wrong: dict[str, str], choices: tuple[str, ...]) -> None:
    surplus = set(wrong) - set(choices) - {"*"}
    if surplus:
        raise ValueError(f"wrong names what is no choice: {', '.join(sorted(surplus))}")


# The lesson ----------------------------------------------------------------------------------------------------------


class Seed(_Strict, frozen=True):
    """A message that is there from the start: a file beside the lesson, with any line ends.

    size: octets it must have with CRLF line ends, where the lesson's text speaks of it.
    """

    user: str
    file: str
    mailbox: str = "INBOX"
    size: int = 0

    def __post_init__(self) -> None:
        if "/" in self.file or "\\" in self.file:
            raise ValueError("file is a name inside the lesson's folder")


class Lab(_Strict, frozen=True):
    """The lab a lesson wants. faults: what is broken from the start, as `--fault` takes it."""

    plan: Literal["crepes-and-hamburger"] = "crepes-and-hamburger"
    wording: Wording = Wording.EXTENDED
    seed: tuple[Seed, ...] = ()
    faults: tuple[str, ...] = ()


class Outline(_Strict, frozen=True):
    """The whole of `lesson.toml`.

    covers: rows of the course notes, "F9". needs: lessons to do first. minutes: about how long it takes.
    """

    id: str
    covers: tuple[str, ...]
    minutes: int
    step: tuple[AnyStep, ...]
    needs: tuple[str, ...] = ()
    lab: Lab = Lab()
