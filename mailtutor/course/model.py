"""What a lesson is: the shape of `lesson.toml`.

Unknown keys are refused, so a slip of the pen is found when the lesson is loaded and not when a student reaches it.
Steps come in seven kinds. A step that shows or asks for traffic carries `check`: patterns over what happened since the
step began, all of which must be met. A step with an answer carries its `solution`, so that a test can play the lesson.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mailtutor.acts import AnyAct, Written, listed
from mailtutor.errors import Sentence
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
    """A connection that was opened, or with `closed` one that ended, since the step began.

    client: who opened it, as the trace names it ("crepes.fr", "bob@hamburger.edu"). messages: at least so many messages
    were taken on that one connection. count: exactly so many such connections there were, no fewer and no more.
    """

    protocol: str = ""
    service: str = ""
    server: str = ""
    client: str = ""
    closed: bool = False
    messages: int = 0
    count: int | None = None

    def __post_init__(self) -> None:
        if self.count == 0:
            raise ValueError(
                Sentence(
                    "count = 0 is met before anything happens; write {example}",
                    "error.schema.count_zero",
                    example="none = { connection = { … } }",
                )
            )
        if self.closed and (self.messages or self.count is not None):
            raise ValueError(Sentence("closed goes with neither messages nor count", "error.schema.closed"))


class MailboxPattern(_Strict, frozen=True):
    """How many messages a mailbox holds now, those with this subject where one is given; or, without a count, that the
    mailbox exists. user: an address."""

    user: str
    count: int | None = None
    mailbox: str = "INBOX"
    subject: str = ""


class FlagsPattern(_Strict, frozen=True):
    """A message in a mailbox now has all the flags of `has` and none of `lacks`. subject, uid: of which message; any
    where neither is given."""

    user: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    mailbox: str = "INBOX"
    subject: str = ""
    uid: int = 0

    def __post_init__(self) -> None:
        if not (self.has or self.lacks):
            raise ValueError(Sentence("say which flags the message has, or lacks", "error.schema.flags"))


class QueuePattern(_Strict, frozen=True):
    """How many copies of messages a host has in its queue now. recipient, subject, state: of which; state is "active",
    "scheduled", "deferred" or "held". attempts: each was tried at least so often."""

    host: str
    count: int
    recipient: str = ""
    subject: str = ""
    state: Literal["", "active", "scheduled", "deferred", "held"] = ""
    attempts: int = 0


class DevicePattern(_Strict, frozen=True):
    """How many messages one of bob's devices ("laptop", "phone") knows now.

    subject: of which messages. holds: "headers", "text" or "whole" is what it has of them. has: flags it knows them by.
    pending: what waits to be told to the server: "+\\Seen", "delete", "move Archive".
    """

    device: Literal["laptop", "phone"]
    count: int
    user: str = "bob@hamburger.edu"
    mailbox: str = "INBOX"
    subject: str = ""
    holds: Literal["", "headers", "text", "whole"] = ""
    has: tuple[str, ...] = ()
    pending: str = ""


class TlsPattern(_Strict, frozen=True):
    """TLS began on a connection, or with `failed` the handshake came to nothing. version: "TLSv1.3"."""

    protocol: str = ""
    service: str = ""
    server: str = ""
    client: str = ""
    version: str = ""
    failed: bool = False


class LookupPattern(_Strict, frozen=True):
    """A name was looked up. type: "MX", "A" …; answer: texts that stand in one record of the answer, such as
    "mail.hamburger.edu"; code: how the answer began, "NOERROR", "NXDOMAIN", "SERVFAIL"."""

    name: str = ""
    type: str = ""
    answer: str | tuple[str, ...] = ()
    code: str = ""


class FaultPattern(_Strict, frozen=True):
    """Whether something is broken on purpose now. fault: as `--fault` names it, "" for anything of that host."""

    host: str
    fault: str = ""
    on: bool = True


class MessagePattern(_Strict, frozen=True):
    """A whole message was taken by a server, or with `read` was fetched from one, since the step began.

    header: field → text its value holds, as written on the wire or decoded. contains: texts of header or body, as they
    crossed the wire; decoded: the same, in the text it decodes to. sender: of the envelope, "<>" for nobody; recipient:
    one of the envelope's. form: "8bit" where octets beyond ASCII crossed the wire, "7bit" where none did.
    """

    server: str = ""
    service: str = ""
    read: bool = False
    header: dict[str, str] = {}
    lacks: tuple[str, ...] = ()
    contains: str | tuple[str, ...] = ()
    decoded: str | tuple[str, ...] = ()
    sender: str = ""
    recipient: str = ""
    form: Literal["", "7bit", "8bit"] = ""


class _Pattern(_Strict, frozen=True):
    """What every check may be about; exactly one of the keys is given.

    event: a world event by its name (`event = "delivered"`) and any of its fields.
    """

    command: CommandPattern | None = None
    reply: ReplyPattern | None = None
    connection: ConnectionPattern | None = None
    mailbox: MailboxPattern | None = None
    flags: FlagsPattern | None = None
    queue: QueuePattern | None = None
    device: DevicePattern | None = None
    tls: TlsPattern | None = None
    lookup: LookupPattern | None = None
    fault: FaultPattern | None = None
    message: MessagePattern | None = None
    event: dict[str, Value] | None = None


class Absence(_Pattern, frozen=True):
    """What must not have happened since the step began, or not be so now."""

    def __post_init__(self) -> None:
        _exactly_one(self, Sentence("none", "error.schema.none"))


class Check(_Pattern, frozen=True):
    """One pattern. times: it must be found so often (of command, reply, tls, lookup, message, event).

    none: a pattern that must not be met at the moment all other checks of the step are. A step with `none` alone would
    be done before it began, so there is always another.
    """

    none: Absence | None = None
    times: int = 1

    def __post_init__(self) -> None:
        _exactly_one(self, Sentence("a check", "error.schema.check"))
        if self.times != 1 and not any(getattr(self, name) is not None for name in COUNTED):
            raise ValueError(Sentence("times goes with {names}", "error.schema.times_with", names=", ".join(COUNTED)))
        if self.times < 1:
            raise ValueError(Sentence("times is at least 1", "error.schema.times"))


# Kinds of checks that look for what happened; the others look at how the world is.
COUNTED = ("command", "reply", "tls", "lookup", "message", "event")


def _exactly_one(check: Absence | Check, what: str) -> None:
    kinds = [name for name in check.__struct_fields__ if name != "times"]
    if sum(getattr(check, name) is not None for name in kinds) != 1:
        raise ValueError(
            Sentence("{what} has exactly one of {names}", "error.schema.one", what=what, names=", ".join(kinds))
        )


# Steps ---------------------------------------------------------------------------------------------------------------


class Step(_Strict, frozen=True, tag_field="kind"):
    """What every step has. id: also the name of its section in the texts."""

    id: str


class Read(Step, frozen=True, tag="read"):
    """Nothing to do but read. reveals: as a Quiz has it."""

    reveals: bool = False


class Watch(Step, frozen=True, tag="watch"):
    """The lab acts; done when the trace shows it. do: acts of `mailtutor.acts`, done one after the other. An act that
    fails (a server is down, a user is unknown) is told and does not end the step: the checks alone decide. wrong_way:
    acts that must not get the step done, played by `lesson check` alone; a `none` needs them to show that it can fail.
    """

    do: Written
    check: tuple[Check, ...]
    wrong_way: Written = ()

    def __post_init__(self) -> None:
        listed(self.do)
        listed(self.wrong_way)

    @property
    def acts(self) -> tuple[AnyAct, ...]:
        """What is done."""
        return listed(self.do)

    @property
    def wrong_acts(self) -> tuple[AnyAct, ...]:
        """What does not do it."""
        return listed(self.wrong_way)


class Do(Step, frozen=True, tag="do"):
    """The student acts anywhere in the tool: mail, fault panel, queue, devices, clock. solution: acts that do it.
    wrong_way: as in Watch."""

    check: tuple[Check, ...]
    solution: Written
    wrong_way: Written = ()

    def __post_init__(self) -> None:
        if not listed(self.solution):
            raise ValueError(Sentence("a solution is at least one act", "error.schema.no_act"))
        listed(self.wrong_way)

    @property
    def acts(self) -> tuple[AnyAct, ...]:
        """What does it."""
        return listed(self.solution)

    @property
    def wrong_acts(self) -> tuple[AnyAct, ...]:
        """What does not do it."""
        return listed(self.wrong_way)


class Type(Step, frozen=True, tag="type"):
    """The student types. console: host and service, "hamburger.edu smtp". fresh: begins with a new connection.

    solution: the lines to type, of which the last gets the reply the check wants. wrong_way: lines that do not do it.
    """

    console: str
    check: tuple[Check, ...]
    solution: tuple[str, ...]
    wrong_way: tuple[str, ...] = ()
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
            raise ValueError(
                Sentence(
                    "solution {solution} is not one of the codes asked for",
                    "error.schema.predicted",
                    solution=self.solution,
                )
            )
        _check_wrong(self.wrong, self.choices)

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes, as text."""
        return tuple(map(str, self.ask.code))


class Quiz(Step, frozen=True, tag="quiz"):
    """A question.

    form: "choice" (one of `options`), "order" (`options` put in order) or "fill" (a word; `accept` lists other right
    ways to write it). An option's words stand in the texts (`:::option NAME`); without them it is shown as it is.
    reveals: with the right answer the student has named the cause: the lab's `secret_faults` are told from then on.
    """

    form: Literal["choice", "order", "fill"]
    solution: str | int | tuple[str, ...]
    options: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    wrong: dict[str, str] = {}
    reveals: bool = False

    def __post_init__(self) -> None:
        if self.form == "choice" and self.solution not in self.options:
            raise ValueError(Sentence("solution is not one of the options", "error.schema.choice"))
        if self.form == "order" and (
            not isinstance(self.solution, tuple) or sorted(self.solution) != sorted(self.options)
        ):
            raise ValueError(Sentence("solution is not the options put in order", "error.schema.order"))
        if self.form == "fill" and (self.options or isinstance(self.solution, tuple)):
            raise ValueError(Sentence("a fill-in has no options and one solution", "error.schema.fill"))
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
        raise ValueError(
            Sentence("wrong names what is no choice: {names}", "error.schema.wrong", names=", ".join(sorted(surplus)))
        )


# The lesson ----------------------------------------------------------------------------------------------------------


class Seed(_Strict, frozen=True):
    """A message that is there from the start: a file beside the lesson, with any line ends.

    user: an address, anybody's of the lab. mailbox: made where it is not INBOX. flags: it has, such as "\\Seen". size:
    octets it must have with CRLF line ends, where the lesson's text speaks of it.
    """

    user: str
    file: str
    mailbox: str = "INBOX"
    flags: tuple[str, ...] = ()
    size: int = 0

    def __post_init__(self) -> None:
        if "/" in self.file or "\\" in self.file:
            raise ValueError(Sentence("file is a name inside the lesson's folder", "error.schema.inside"))


class Lab(_Strict, frozen=True):
    """The lab a lesson wants, which ends with the lesson. Everything is spelled as on the command line.

    faults: what is broken from the start, as `--fault` takes it. secret_faults: the same, and nothing on the screen
    tells before a step that `reveals` is done, or the student opens the fault panel. limits, without, rules, lists,
    backups: as `--limit`, `--without`, `--rule`, `--list`, `--backup`. users: people beside alice and bob, as
    NAME@HOST=PASSWORD. auth, pipelining, tls: as the flags. speed: how much faster than the machine's the lab's time
    runs, 1 to 3600. receiver: "postfix+dovecot" where they can be started, and ours where not: the lesson must be right
    with both, and its checks ask only for what was said, for the mailbox view knows nothing of theirs.
    """

    plan: Literal["crepes-and-hamburger"] = "crepes-and-hamburger"
    wording: Wording = Wording.EXTENDED
    seed: tuple[Seed, ...] = ()
    faults: tuple[str, ...] = ()
    secret_faults: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    auth: Literal["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "best"] = "PLAIN"
    pipelining: bool = False
    tls: Literal["never", "offered", "required"] = "never"
    speed: float = 1.0
    receiver: Literal["own", "postfix+dovecot"] = "own"

    def __post_init__(self) -> None:
        if not 1 <= self.speed <= 3600:
            raise ValueError(
                Sentence("{name} is {least} to {most}", "error.schema.between", name="speed", least=1, most=3600)
            )


class Outline(_Strict, frozen=True):
    """The whole of `lesson.toml`.

    covers: rows of the course notes, "F9". group: the part of the course it belongs to, of GROUPS. needs: lessons to do
    first. minutes: about how long it takes.
    """

    id: str
    covers: tuple[str, ...]
    minutes: int
    step: tuple[AnyStep, ...]
    group: Literal["system", "smtp", "access", "messages", "security", "break-it", "final", "own"] = "own"
    needs: tuple[str, ...] = ()
    lab: Lab = Lab()
