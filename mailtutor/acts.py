"""What the people and machines of a lab can be told to do: one table, data alone.

Lessons write these acts (`do`, `solution`), `mailtutor run --plain` reads them from the student, `lab.acts` carries
them out. An act is its name, where nothing need be said of it, or a table with the name under `act`:

    do = "send"
    do = { act = "fault", what = "hamburger.edu:mailbox-full" }
    do = ["host-down", { act = "send", subject = "Are you there?" }]

To add one: a class here and in AnyAct, and the method of the same name in `lab.acts`. The docstring's first sentence is
what teachers read of it in `lessons/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mailtutor.errors import Sentence

ALICE, BOB = "alice", "bob"
# What a connection that the student types on is called in the trace; a stranger's program has no name there.
STUDENT = "you"
# Where alice's server and bob's stand, as every lab has them.
SENDING_HOST, RECEIVING_HOST = "crepes.fr", "hamburger.edu"
_UNITS = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86400})
MOST_TIMES = 50
# Of a file that is made up: more than any server of the lab takes by itself.
MOST_OCTETS = 50_000_000


def seconds(text: str) -> float:
    """How long "90s", "2h" or "5d" is. Raises ValueError."""
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not number.isdecimal() or len(number) > 9 or not 0 < int(number) * unit <= 3650 * 86400:
        raise ValueError(
            Sentence("{text!r} is no span of time; write 90s, 15m, 2h or 5d", "error.schema.span", text=text)
        )
    return float(int(number) * unit)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            Sentence(
                "{name} is one of {known}, not {value!r}",
                "error.schema.one_of",
                name=name,
                known=", ".join(word for word in known if word),
                value=value,
            )
        )


def _check_tls(value: str) -> None:
    _one_of("tls", value, ("", "never", "offered", "required"))


def _check_times(value: int) -> None:
    if not 1 <= value <= MOST_TIMES:
        raise ValueError(
            Sentence("{name} is {least} to {most}", "error.schema.between", name="times", least=1, most=MOST_TIMES)
        )


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    """What every act is."""


class Attached(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that goes with a message: its text, or so many octets made up, or else the lab's picture of that name
    ("crepe.png" is one of ten)."""

    name: str
    text: str = ""
    octets: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.octets <= MOST_OCTETS:
            raise ValueError(
                Sentence(
                    "{name} is {least} to {most}", "error.schema.between", name="octets", least=0, most=MOST_OCTETS
                )
            )


class Send(Act, frozen=True, tag="send"):
    """A user's agent writes a message and hands it to its own server.

    sender: alice or bob, or another user of the lab. to: addresses; bob's where nobody is named. cc, bcc: the same;
    bcc stands in the envelope alone. form: how a text beyond ASCII is written, "base64", "quoted-printable", "8bit" or
    "utf8". html: the body is HTML. notify: when the sender wants a report (RFC 3461), of "success", "failure", "delay",
    or "never"; ret: "full" or "hdrs"; envid: the sender's own mark. receipt: asks bob's agent to say that it was read
    (RFC 8098). at: when the server may send it on, "+2h" of the lab's time (RFC 4865). times: so many messages, one
    after the other, numbered where there is more than one. tls: "never", "offered" or "required"; the lab's where
    nothing is said. service: the door, "submission" or "smtps".
    """

    sender: str = ALICE
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = "Ketchup?"
    body: str = "Do you like ketchup?\nHow about pickles?\n"
    attach: tuple[Attached, ...] = ()
    form: str = ""
    html: bool = False
    notify: tuple[str, ...] = ()
    ret: str = ""
    envid: str = ""
    receipt: bool = False
    at: str = ""
    times: int = 1
    tls: str = ""
    service: str = "submission"

    def __post_init__(self) -> None:
        _one_of("form", self.form, ("", "base64", "quoted-printable", "8bit", "utf8"))
        _one_of("ret", self.ret, ("", "full", "hdrs"))
        for word in self.notify:
            _one_of("notify", word, ("success", "failure", "delay", "never"))
        _one_of("service", self.service, ("submission", "smtps"))
        _check_tls(self.tls)
        _check_times(self.times)
        if self.at:
            seconds(self.at.removeprefix("+"))


class Fetch(Act, frozen=True, tag="fetch"):
    """A user's agent reads everything in INBOX, by POP3 or IMAP, and with `delete` removes it from the server.

    service: the door, "pop3", "pop3s" or "imap". tls: "never", "offered" or "required"; the lab's where nothing is
    said.
    """

    user: str = BOB
    service: str = "pop3"
    delete: bool = False
    tls: str = ""

    def __post_init__(self) -> None:
        _one_of("service", self.service, ("pop3", "pop3s", "imap"))
        _check_tls(self.tls)


class Confirm(Act, frozen=True, tag="confirm-reading"):
    """bob's agent says that the newest message which asks for it was read (an MDN, RFC 8098)."""

    user: str = BOB


class Say(Act, frozen=True, tag="say"):
    """Somebody dials a door and says these lines, each when the one before is answered; `who` is named in the trace.

    console: host and service, "crepes.fr smtp". stay: the connection is left open.
    """

    console: str
    lines: tuple[str, ...]
    who: str = ""
    stay: bool = False

    def __post_init__(self) -> None:
        if len(self.console.split()) != 2:
            raise ValueError(
                Sentence(
                    "{name} is a host and a service, such as `hamburger.edu smtp`", "error.schema.door", name="console"
                )
            )


class Etrn(Act, frozen=True, tag="etrn"):
    """bob's server, which was away, dials alice's and has it send what waits for it (RFC 1985)."""

    host: str = SENDING_HOST
    domain: str = RECEIVING_HOST


class HostDown(Act, frozen=True, tag="host-down"):
    """A server is switched off; with `cut` its plug is pulled, so that it says no goodbye."""

    host: str = RECEIVING_HOST
    cut: bool = False


class HostUp(Act, frozen=True, tag="host-up"):
    """A server is switched on again."""

    host: str = RECEIVING_HOST


class Fault(Act, frozen=True, tag="fault"):
    """Something is broken on purpose, or with `on = false` mended; written as `--fault` takes it."""

    what: str
    on: bool = True


class Mend(Act, frozen=True, tag="mend"):
    """Everything that is broken is mended, of one host or of all."""

    host: str = ""


class Flush(Act, frozen=True, tag="flush"):
    """A server, or all, try at once what waits in their queue."""

    host: str = ""


class Hold(Act, frozen=True, tag="hold"):
    """The oldest message that waits, or the oldest with that subject, is held back."""

    host: str = SENDING_HOST
    subject: str = ""


class Release(Act, frozen=True, tag="release"):
    """The oldest message that is held back, or the oldest with that subject, may go on."""

    host: str = SENDING_HOST
    subject: str = ""


class Recall(Act, frozen=True, tag="recall"):
    """The oldest message that waits, or the oldest with that subject, is taken out of the queue."""

    host: str = SENDING_HOST
    subject: str = ""


class Jump(Act, frozen=True, tag="jump"):
    """The lab's time moves on: to the next thing a queue waits for, or by `by` ("90s", "2h", "5d")."""

    by: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        if self.by:
            seconds(self.by)
        _check_times(self.times)


class Speed(Act, frozen=True, tag="speed"):
    """The lab's time runs so many times as fast as the machine's: 1 to 3600."""

    factor: float

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= 3600:
            raise ValueError(
                Sentence("{name} is {least} to {most}", "error.schema.between", name="factor", least=1, most=3600)
            )


class FiveDaysAway(Act, frozen=True, tag="five-days-away"):
    """bob's server goes down, alice sends him a message, and hers tries for five days until it gives up."""

    subject: str = "Ketchup?"
    body: str = "Do you like ketchup?\nHow about pickles?\n"


class LaptopKeep(Act, frozen=True, tag="laptop-pop3"):
    """bob's laptop fetches by POP3 what it has not got, and leaves it on the server."""


class LaptopDelete(Act, frozen=True, tag="laptop-pop3-delete"):
    """bob's laptop fetches by POP3 and deletes what it fetched from the server."""


class PhoneSync(Act, frozen=True, tag="phone-sync"):
    """bob's phone comes into step with the server by IMAP: headers of what is new, and what was done offline."""


class PhoneOpen(Act, frozen=True, tag="phone-open"):
    """bob's phone fetches the text of the newest message of which it has only the headers; it is read then."""


class PhoneAttachment(Act, frozen=True, tag="phone-attachment"):
    """bob's phone fetches the attachments of the newest message that has any it lacks."""


class PhoneMark(Act, frozen=True, tag="phone-mark"):
    """On bob's phone everything is marked as read, without a connection."""


class PhoneArchive(Act, frozen=True, tag="phone-archive"):
    """On bob's phone the newest message is put into Archive, without a connection."""


class PhoneDelete(Act, frozen=True, tag="phone-delete"):
    """On bob's phone the newest message is deleted, without a connection."""


class OpenPage(Act, frozen=True, tag="open-page"):
    """bob's browser opens the page of crepes.fr and its ten pictures, on so many connections."""

    connections: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= 8:
            raise ValueError(
                Sentence("{name} is {least} to {most}", "error.schema.between", name="connections", least=1, most=8)
            )


class SendPictures(Act, frozen=True, tag="send-pictures"):
    """alice sends bob the ten pictures of the page as one mail."""


class Beside(Act, frozen=True, tag="beside"):
    """bob opens the page, then alice sends its pictures as a mail."""


class SendForms(Act, frozen=True, tag="send-forms"):
    """alice sends bob the same text in base64, quoted-printable, 8bit and UTF-8."""

    text: str = "你好，bob！今晚吃可丽饼吗？"


class Grow(Act, frozen=True, tag="grow"):
    """alice sends bob a message with the first `stage` of the MIME fields, 0 for none."""

    stage: int
    text: str = ""


AnyAct = (
    Send | Fetch | Confirm | Say | Etrn | HostDown | HostUp | Fault | Mend | Flush | Hold | Release | Recall | Jump
    | Speed | FiveDaysAway | LaptopKeep | LaptopDelete | PhoneSync | PhoneOpen | PhoneAttachment | PhoneMark
    | PhoneArchive | PhoneDelete | OpenPage | SendPictures | Beside | SendForms | Grow
)  # fmt: skip
# Acts that go by a shorter name, which says how they are meant.
SHORT: Mapping[str, AnyAct] = MappingProxyType(
    {
        "fetch-pop3": Fetch(),
        "fetch-pop3-delete": Fetch(delete=True),
        "fetch-imap": Fetch(service="imap"),
        "alice-imap": Fetch(user=ALICE, service="imap"),
        "open-page-wide": OpenPage(connections=4),
    }
)
ACTS: Mapping[str, type[AnyAct]] = MappingProxyType({str(kind.__struct_config__.tag): kind for kind in AnyAct.__args__})
NAMES = (*ACTS, *SHORT)
# As a lesson writes them: one act or several.
Written = str | AnyAct | tuple[str | AnyAct, ...]


def named(name: str) -> AnyAct:
    """The act of that name, with nothing more said of it. Raises ValueError that lists what there is."""
    if name in SHORT:
        return SHORT[name]
    kind = ACTS.get(name)
    if kind is None:
        raise ValueError(
            Sentence("no act {name!r}; there are {names}", "error.schema.act", name=name, names=", ".join(NAMES))
        )
    if wanted := _required(kind):
        needed = ", ".join(f"{field} = …" for field in wanted)
        raise ValueError(
            Sentence(
                "act {name!r} needs more: {example}",
                "error.schema.act_needs",
                name=name,
                example=f"{{ act = {name!r}, {needed} }}",
            )
        )
    return msgspec.convert({"act": name}, kind)


def listed(written: Written) -> tuple[AnyAct, ...]:
    """The acts a lesson names. Raises ValueError."""
    several = written if isinstance(written, tuple) else (written,)
    return tuple(named(one) if isinstance(one, str) else one for one in several)


def _required(kind: type[AnyAct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.required)
