"""The server's side of a POP3 session.

    server = Pop3Server("hamburger.edu")
    server.greet()
    server.receive_data(b"USER bob\\r\\nPASS hungry\\r\\n")
    server.next_event()                                   # PasswordGiven("bob", "hungry")
    server.open_maildrop([Mail("uid-1", 498), Mail("uid-2", 912)])
    server.data_to_send()                                 # b"+OK hamburger.edu POP3 server ready...+OK...+OK..."

The table decides what is in order. Once the maildrop is known the engine answers by itself all but three questions:
is this the password, give me this message, remove these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Speaker
from mailtutor.protocols.lines import LineReader, stuff_lines
from mailtutor.protocols.pop3 import events, grammar, table
from mailtutor.protocols.spec import Wording

_Question = TypeVar("_Question")
_UID = re.compile(r"[\x21-\x7e]{1,70}")


class Pop3Server(Speaker):
    """One session. Events that need the world: PasswordGiven, MessageWanted, MaildropClosed; how each is answered
    stands with it in events.py.

    host: the server's own name. greeting: key of the reply to the connection itself; a refusal ends it. A connection
    that ends before QUIT gives no MaildropClosed: nothing is removed (RFC 1939 §6).
    """

    def __init__(self, host: str, *, wording: Wording = Wording.EXTENDED, greeting: str = "ok.greeting") -> None:
        super().__init__(table.CONNECT)
        self.host = host
        self.wording = wording
        self.greeting = greeting
        self.user = ""
        self._lines = LineReader(table.LINE_LIMIT)
        self._asked: tuple[str, object] | None = None
        self._mails: tuple[events.Mail, ...] = ()
        self._deleted: set[int] = set()

    def greet(self) -> None:
        """Says +OK, or why not and that it is over."""
        self._say(self.greeting)
        self._state = table.GREETINGS[table.REPLIES[self.greeting].code]

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        self._lines.feed(data)

    def next_event(self) -> object:
        """PasswordGiven, MessageWanted, MaildropClosed, NEED_DATA or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{self._asked[0]} has not been answered yet")
        while self._state not in table.OVER:
            raw = self._lines.line()
            if raw is None:
                return CLOSE if self._eof else NEED_DATA
            event = self._read(raw)
            if event is not None:
                return event
        return CLOSE

    # Answers from the world ---------------------------------------------------------------------------------------

    def open_maildrop(self, mails: Sequence[events.Mail]) -> None:
        """The password was right: these are the messages, in their order for the whole session."""
        self._answered(events.PasswordGiven)
        bad = [mail for mail in mails if not _UID.fullmatch(mail.uid) or mail.size < 0]
        if bad:
            raise LocalProtocolError(f"not a unique-id and a size: {bad[0]}")
        self._mails = tuple(mails)
        self._done("PASS", "ok.maildrop")

    def send_message(self, content: bytes) -> None:
        """The whole message asked for, with CRLF line ends; for TOP the engine cuts it."""
        event = self._answered(events.MessageWanted)
        if event.lines is None:
            self._done("RETR", "ok.message", size=str(len(content)))
        else:
            content = grammar.top_of(content, event.lines)
            self._done("TOP", "ok.top")
        self._out += stuff_lines(content)

    def reply(self, key: str, **fields: str) -> None:
        """Answers the event last given with a line of its own. Raises LocalProtocolError when nothing was asked, or
        when the command cannot get this reply."""
        if self._asked is None:
            raise LocalProtocolError(f"nothing was asked that {key} could answer")
        verb, event = self._asked
        if key not in table.COMMANDS[verb].replies:
            raise LocalProtocolError(f"{key} is no reply to {verb}")
        self._asked = None
        if isinstance(event, events.MessageWanted):
            fields.setdefault("number", str(event.number))
        self._done(verb, key, **fields)

    def _answered(self, kind: type[_Question]) -> _Question:
        if self._asked is None or not isinstance(self._asked[1], kind):
            raise LocalProtocolError(f"{kind.__name__} was not asked")
        event = self._asked[1]
        self._asked = None
        return event

    # What the client says -----------------------------------------------------------------------------------------

    def _read(self, raw: bytes) -> object | None:
        verb = grammar.verb_of(raw)
        try:
            said = self._understood(verb, raw)
        except RemoteProtocolError as refused:
            syntax = table.COMMANDS[verb].syntax if verb in table.COMMANDS else ""
            self._say(refused.reply, verb=verb, syntax=syntax, limit=str(table.LINE_LIMIT), **refused.fields)
            return None
        try:
            question = self._answer(verb, said)
        except RemoteProtocolError as refused:
            self._done(verb, refused.reply, **refused.fields)
            return None
        if question is not None:
            self._asked = (verb, question)
        return question

    def _understood(self, verb: str, raw: bytes) -> object:
        fault = grammar.line_fault(raw, overlong=self._lines.overlong)
        if fault:
            raise RemoteProtocolError(fault)
        row = table.COMMANDS.get(verb)
        if row is None:
            raise RemoteProtocolError("err.not_offered" if verb in table.NOT_OFFERED else "err.unknown")
        if verb not in table.MOVES[self._state]:
            raise RemoteProtocolError(table.TABLE.misplaced(verb, self._state))
        return row.parse(raw.removesuffix(b"\r\n")[len(verb) :])

    def _answer(self, verb: str, said: object) -> object | None:
        """Answers, or gives the question for the world."""
        match said:
            case events.UserNamed(name):
                # Whether there is such a user is not told before the password (RFC 1939 §7 allows it).
                self.user = name
                self._done(verb, "ok.user")
            case events.PasswordSent(password):
                return events.PasswordGiven(self.user, password)
            case events.CapabilitiesAsked():
                self._done(verb, "ok.capabilities")
                self._send_lines(_capability_lines())
            case events.CountAsked():
                self._done(verb, "ok.count")
            case events.ListAsked(None):
                self._done(verb, "ok.list")
                self._send_lines([f"{number} {self._mail(number).size}" for number in self._left()])
            case events.ListAsked(int(number)):
                self._done(verb, "ok.list_one", number=str(number), size=str(self._mail(number).size))
            case events.UidsAsked(None):
                self._done(verb, "ok.uids")
                self._send_lines([f"{number} {self._mail(number).uid}" for number in self._left()])
            case events.UidsAsked(int(number)):
                self._done(verb, "ok.uid_one", number=str(number), uid=self._mail(number).uid)
            case events.MessageAsked(number, lines):
                return events.MessageWanted(number, self._mail(number).uid, lines)
            case events.DeletionAsked(number):
                self._mail(number)
                self._deleted.add(number)
                self._done(verb, "ok.deleted", number=str(number))
            case events.Reset():
                self._deleted.clear()
                self._done(verb, "ok.reset")
            case events.Nothing():
                self._done(verb, "ok.noop")
            case events.Quit() if self._state == table.TRANSACTION:
                numbers = tuple(sorted(self._deleted))
                return events.MaildropClosed(numbers, tuple(self._mails[number - 1].uid for number in numbers))
            case events.Quit():
                self._done(verb, "ok.quit")
        return None

    # The maildrop -------------------------------------------------------------------------------------------------

    def _left(self) -> list[int]:
        """The numbers of the messages not marked as deleted."""
        return [number for number in range(1, len(self._mails) + 1) if number not in self._deleted]

    def _mail(self, number: int) -> events.Mail:
        """Message `number`. Raises RemoteProtocolError for one that does not exist or is marked as deleted."""
        if not 1 <= number <= len(self._mails):
            raise RemoteProtocolError("err.no_such_message")
        if number in self._deleted:
            raise RemoteProtocolError("err.deleted", number=str(number))
        return self._mails[number - 1]

    # Replies ------------------------------------------------------------------------------------------------------

    def _done(self, verb: str, key: str, /, **fields: str) -> None:
        """Says the reply and makes the move it means."""
        row = table.REPLIES[key]
        self._say(key, **fields)
        self._state = table.TABLE.after(self._state, verb, table.outcome_of(row.code, row.enhanced))

    def _say(self, key: str, /, **fields: str) -> None:
        row = table.REPLIES[key]
        left = self._left()
        known = {
            "host": self.host,
            "count": str(len(left)),
            "messages": _messages(len(left)),
            "octets": str(sum(self._mails[number - 1].size for number in left)),
            "left": f"{_messages(len(left))} left" if left else "maildrop empty",
        }
        [words] = row.words(self.wording, known | fields)
        # Response codes came with RFC 2449; the textbook's server is older.
        code = f"[{row.enhanced}]" if row.enhanced and self.wording is Wording.EXTENDED else ""
        self._out += " ".join(part for part in (row.code, code, words) if part).encode() + b"\r\n"

    def _send_lines(self, lines: Sequence[str]) -> None:
        self._out += stuff_lines("".join(f"{line}\r\n" for line in lines).encode())


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _capability_lines() -> list[str]:
    return [f"{tag} {table.CAPABILITY_PARAMETERS.get(tag, '')}".rstrip() for tag in table.CAPABILITIES]
