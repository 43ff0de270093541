"""What other programs write of their conversations, as events: recognised by what is in it, never by its name.

swaks, the debug output of Python's smtplib, poplib and imaplib, `openssl s_client`, telnet and nc on a terminal,
Postfix's `-v` log and Dovecot's rawlog; and mail in an mbox or by itself, as a delivery that is made up (its every
reply says so). Any bytes may come: what is not understood is passed over.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from mailtutor.reading.made_up import is_mail, is_mbox, made_up
from mailtutor.reading.retold import Teller
from mailtutor.reading.terminal import GREETINGS, S_CLIENT, TELNET, terminal
from mailtutor.trace.events import AnyEvent, Endpoint

# Octets in which it is looked for what a record is.
_LOOKED_AT = 64 * 1024
_NOBODY = Endpoint("", "", 0)


@dataclass(frozen=True, slots=True)
class Record:
    """What was recognised: the kind by its name in the catalogue (`cli.record`), and its events."""

    kind: str
    events: list[AnyEvent]


def read_record(data: bytes, beside: bytes = b"") -> Record | None:
    """A record of another program's; None where it is none that is known. beside: the other direction, where that is a
    file of its own (Dovecot's)."""
    head = data[:_LOOKED_AT]
    found: tuple[int, str, Callable[[bytes], list[AnyEvent]]] | None = None
    for kind, looks, read in _KINDS:
        at = looks(head)
        # What is recognised first is the record; the rest is said in it, such as one inside a message.
        if at is not None and (found is None or at < found[0]):
            found = at, kind, read
    if found is None:
        return None
    _, kind, read = found
    events = _rawlog(data, beside) if kind == "rawlog" else read(data)
    # Not one word of a conversation: it only looked like it.
    return Record(kind, events) if len(events) > 1 else None


def _where(pattern: re.Pattern[bytes]) -> Callable[[bytes], int | None]:
    def look(head: bytes) -> int | None:
        found = pattern.search(head)
        return found.start() if found is not None else None

    return look


def _at_start(looks: Callable[[bytes], object]) -> Callable[[bytes], int | None]:
    return lambda head: 0 if looks(head) else None


def _lines(data: bytes) -> Iterator[bytes]:
    """One after the other, with no line end. Only LF and CR LF end one."""
    return (line.removesuffix(b"\r") for line in data.split(b"\n"))


# swaks ----------------------------------------------------------------------------------------------------------------

_SWAKS = re.compile(rb"(?m)^(?:=== (?:Trying|Connected to) |<[-~]  \d{3}[ -])")
_SWAKS_TLS = re.compile(rb"=== TLS started with cipher ([^:]*):([^:]*)")
_SWAKS_MARKS = {
    b" -> ": True, b" ~> ": True, b"<-  ": False, b"<~  ": False, b"<** ": False, b"<~* ": False,
}  # fmt: skip


def _swaks(data: bytes) -> list[AnyEvent]:
    teller = Teller("smtp")
    trying = _NOBODY
    for line in _lines(data):
        if found := re.match(rb"=== Trying (\S{1,255}):(\d{1,5})\.\.\.", line):
            trying = Endpoint("", found[1].decode("ascii", "replace"), min(int(found[2]), 65535))
        elif line.startswith(b"=== Connected to "):
            teller.open(_NOBODY, trying)
        elif found := _SWAKS_TLS.match(line):
            teller.secured(*(part.decode("ascii", "replace") for part in found.groups()))
        elif line.startswith(b"=== Connection closed"):
            teller.close()
        elif line[:4] in _SWAKS_MARKS:
            teller.said(line[4:] + b"\r\n", from_client=_SWAKS_MARKS[line[:4]])
    teller.close()
    return teller.events


# Python's own ---------------------------------------------------------------------------------------------------------

_SMTPLIB = re.compile(rb"(?m)^(?:[\d:.]+ )?(?:send|reply): b?['\"]")
_POPLIB = re.compile(rb"(?m)^\*(?:cmd|put|get)\* b?['\"]")
_IMAPLIB = re.compile(rb"(?m)^ +\d\d:\d\d\.\d\d [<>] b?['\"]")
# Possessive: a message of megabytes is one literal, and every way back into it would be kept.
_LITERAL = re.compile(rb"b?'(?:[^'\\]|\\.)*+'|b?\"(?:[^\"\\]|\\.)*+\"")


def _value(text: bytes) -> bytes:
    """The octets of a literal as repr prints them; b"" where it is none."""
    found = _LITERAL.match(text)
    if found is None:
        return b""
    try:
        value = ast.literal_eval(found[0].decode("utf-8", "replace"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _smtplib(data: bytes) -> list[AnyEvent]:
    teller = Teller("smtp")
    last = b""
    for raw in _lines(data):
        line = re.sub(rb"^[\d:.]{8,20} ", b"", raw)
        if found := re.match(rb"connect: to \('([^']{0,255})', (\d{1,5})\)", line):
            teller.open(_NOBODY, Endpoint("", found[1].decode("ascii", "replace"), min(int(found[2]), 65535)))
        elif line.startswith(b"send: "):
            last = _value(line[6:])
            teller.said(last, from_client=True)
        elif line.startswith(b"reply: ") and (said := _value(line[7:])):
            teller.said(said, from_client=False)
            # The library says nothing of it, and goes on inside.
            if said.startswith(b"220 ") and last.upper().strip() == b"STARTTLS":
                teller.secured()
    teller.close()
    return teller.events


def _poplib(data: bytes) -> list[AnyEvent]:
    """With level 2 all of it; with level 1 only what the client says."""
    teller = Teller("pop3")
    has_both = re.search(rb"(?m)^\*put\* ", data) is not None
    for line in _lines(data):
        mark, _, value = line.partition(b" ")
        if mark == (b"*put*" if has_both else b"*cmd*") and _LITERAL.match(value):
            teller.said(_value(value) + b"\r\n", from_client=True)
        elif mark == b"*get*" and (said := _value(value)):
            teller.said(said, from_client=False)
    teller.close()
    return teller.events


def _imaplib(data: bytes) -> list[AnyEvent]:
    """Literals are told of by their size."""
    teller = Teller("imap")
    for line in _lines(data):
        found = re.match(rb" +\d\d:\d\d\.\d\d (?:([<>]) (.*)|(write|read) literal size (\d{1,12}))", line)
        if found is None:
            continue
        if found[1] and _LITERAL.match(found[2]):
            teller.said(_value(found[2]) + b"\r\n", from_client=found[1] == b">")
        elif found[3]:
            teller.missed(int(found[4]), from_client=found[3] == b"write")
            if found[3] == b"write":
                teller.said(b"\r\n", from_client=True)
    teller.close()
    return teller.events


# Servers' logs --------------------------------------------------------------------------------------------------------

_POSTFIX = re.compile(
    rb"postfix[^\s\[]{0,60}/(smtpd?|lmtp)\[(\d{1,10})\]: (?:([<>]) [^\[\s]{0,255}\[([^\]]{0,60})\](?::(\d{1,5}))?: (.*)"
    rb"|(disconnect) from )"
)


def _postfix(data: bytes) -> list[AnyEvent]:
    """With -v both smtpd and smtp write what is said; of a message only that it was."""
    tellers: dict[bytes, tuple[Teller, list[bytes]]] = {}
    events: list[AnyEvent] = []
    done = 0

    def finish(process: bytes) -> None:
        nonlocal done
        teller, _ = tellers.pop(process, (Teller(), []))
        teller.close()
        done = _joined(events, teller.events, done)

    for line in _lines(data):
        found = _POSTFIX.search(line)
        if found is None:
            continue
        process = found[2]
        if found[7]:
            finish(process)
            continue
        is_server = found[1] == b"smtpd"
        if process not in tellers:
            peer = Endpoint("", found[4].decode("ascii", "replace"), int(found[5] or 0) & 0xFFFF)
            teller = Teller("smtp")
            teller.open(*((peer, _NOBODY) if is_server else (_NOBODY, peer)))
            tellers[process] = teller, [b""]
        teller, last = tellers[process]
        from_client = (found[3] == b"<") is is_server
        if not from_client and last[0].startswith(b"354"):
            teller.said(b"(the message is not in the log)\r\n.\r\n", from_client=True)
        teller.said(found[6] + b"\r\n", from_client=from_client)
        last[0] = b"" if from_client else found[6]
    for process in list(tellers):
        finish(process)
    return events


def _joined(events: list[AnyEvent], more: list[AnyEvent], done: int) -> int:
    """Adds another connection's events behind those there are; gives how many connections there are then."""
    after = events[-1].t if events else 0.0
    events += [msgspec.structs.replace(event, conn=done + 1, t=after + event.t) for event in more]
    return done + 1


_RAWLOG = re.compile(rb"\A\d{9,11}\.\d{6} ")
_STAMPED = re.compile(rb"(?m)^(\d{9,11}\.\d{6}) (.*\n?)")
_OF_SERVERS = re.compile(rb"\A\d{9,11}\.\d{6} (?:\* |\+OK|-ERR|\d{3}[ -]|\S+ (?:OK|NO|BAD) )")


def _rawlog(data: bytes, beside: bytes) -> list[AnyEvent]:
    """Dovecot's rawlog: a file for each direction, a time before each line."""
    told = []
    for part in (data, beside):
        from_client = _OF_SERVERS.match(part) is None
        told += [(float(stamp), from_client, said) for stamp, said in _STAMPED.findall(part)]
    told.sort(key=lambda line: line[0])
    words = b"".join(said for _, _, said in told)[:_LOOKED_AT]
    teller = Teller("pop3" if re.search(rb"(?m)^(?:\+OK|-ERR|USER |CAPA\r?$|STAT\r?$)", words) else "imap")
    for at, from_client, said in told:
        teller.said(said, from_client=from_client, at=at)
    teller.close(at=told[-1][0] if told else None)
    return teller.events


_KINDS: tuple[tuple[str, Callable[[bytes], int | None], Callable[[bytes], list[AnyEvent]]], ...] = (
    ("swaks", _where(_SWAKS), _swaks),
    ("smtplib", _where(_SMTPLIB), _smtplib),
    ("poplib", _where(_POPLIB), _poplib),
    ("imaplib", _where(_IMAPLIB), _imaplib),
    ("postfix", _where(_POSTFIX), _postfix),
    ("rawlog", _where(_RAWLOG), lambda data: _rawlog(data, b"")),
    ("mbox", _at_start(is_mbox), made_up),
    ("eml", _at_start(is_mail), made_up),
    ("s_client", _where(S_CLIENT), terminal),
    ("telnet", _where(TELNET), terminal),
    ("nc", _at_start(GREETINGS.match), terminal),
)
