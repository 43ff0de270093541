"""The server's side of a POP3 session.

    server = Pop3Server("hamburger.edu")
    server.greet()
    server.receive_data(b"USER bob\\r\\nPASS hungry\\r\\n")
    server.next_event()                                   # PasswordGiven("bob", "hungry")
    server.open_maildrop([Mail("uid-1", 498), Mail("uid-2", 912)])
    server.data_to_send()                                 # b"+OK hamburger.edu POP3 server ready...+OK...+OK..."

The table decides what is in order. Once the maildrop is known the engine answers by itself all but a few questions:
is this the password, may TLS begin, give me this message, remove these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Speaker, StartTls
from mailtutor.protocols.lines import LineReader, stuff_lines
from mailtutor.protocols.pop3 import events, grammar, table
from mailtutor.protocols.sasl.exchange import AuthAttempted, Exchange, Question, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import PLAINTEXT, ScramKeys
from mailtutor.protocols.spec import Wording

_Question = TypeVar("_Question")
_UIDS = re.compile(r"(?:[\x21-\x7e]{1,70}\n)*")


class Pop3Server(Speaker):
    """One session. Events that need the world: PasswordGiven, AuthAttempted, ScramKeysAsked, TlsAsked, MessageWanted,
    MaildropClosed; how each is answered stands with it. `StartTls` is an order for the driver.

    host: the server's own name. greeting: key of the reply to the connection itself; a refusal ends it. offered: of
    `table.OFFERED`; what is not among it is answered as not offered. mechanisms: of AUTH, as they are listed. tls: TLS
    stands already. nonce: printable, of this session alone: the greeting's timestamp and challenges are made of it;
    without one there is no APOP. passwords_need_tls: what shows the password is refused without TLS (RFC 8314 §4.1).
    login_delay_s: seconds between two logins, as CAPA tells; 0 for none. expire_days: how long mail is kept at least,
    as CAPA tells; None for ever. 0: what was read is removed at QUIT as if it were marked (RFC 2449 §6.7).

    A connection that ends before QUIT gives no MaildropClosed: nothing is removed (RFC 1939 §6).
    """

    def __init__(
        self,
        host: str,
        *,
        wording: Wording = Wording.EXTENDED,
        greeting: str = "ok.greeting",
        offered: Collection[str] = table.OFFERED,
        mechanisms: tuple[str, ...] = (),
        tls: bool = False,
        nonce: str = "",
        passwords_need_tls: bool = False,
        login_delay_s: int = 0,
        expire_days: int | None = None,
    ) -> None:
        super().__init__(table.CONNECT)
        self.host = host
        self.wording = wording
        self.greeting = greeting
        self.offered = frozenset(offered) & (table.CLASSIC if wording is Wording.CLASSIC else table.OFFERED)
        self.mechanisms = mechanisms
        self.tls = tls
        self.utf8 = False
        self.user = ""
        self._stamp = f"<{nonce}@{host}>"
        self._nonce = nonce
        self._attempts = 0
        self._passwords_need_tls = passwords_need_tls
        self._login_delay_s = login_delay_s
        self._expire_days = expire_days
        self._auth: Exchange | None = None
        self._order: StartTls | None = None
        self._lines = LineReader(table.RESPONSE_LIMIT)
        self._asked: tuple[str, object] | None = None
        self._mails: tuple[events.Mail, ...] = ()
        self._deleted: set[int] = set()
        self._read_whole: set[int] = set()
        # Of the messages not marked as deleted.
        self._octets = 0

    def greet(self) -> None:
        """Says +OK, with the timestamp where APOP is offered; or why not, and that it is over."""
        stamped = self.greeting == "ok.greeting" and self.offers("APOP")
        self._say("ok.greeting_stamped" if stamped else self.greeting, stamp=self._stamp)
        self._state = table.GREETINGS[table.REPLIES[self.greeting].code]

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        if self._state != table.TLS:
            self._lines.feed(data)

    def tls_started(self) -> None:
        """TLS stands: whoever the client said it was is forgotten (RFC 2595 §4)."""
        if self._state != table.TLS:
            raise LocalProtocolError("TLS was not asked for")
        self.tls, self.user, self.utf8 = True, "", False
        self._state = table.AUTHORIZATION

    def tls_failed(self) -> None:
        """The handshake failed: there is no way back to clear text."""
        self._state = table.CLOSED

    def next_event(self) -> object:
        """An event of those above, an order, NEED_DATA or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{self._asked[0]} has not been answered yet")
        if self._order is not None:
            order, self._order = self._order, None
            return order
        while self._state not in table.OVER and self._state != table.TLS:
            raw = self._lines.line()
            if raw is None:
                break
            event = self._read_response(raw) if self._state == table.AUTHENTICATING else self._read(raw)
            if event is not None:
                return event
        return CLOSE if self._eof or self._state in table.OVER else NEED_DATA

    # Answers from the world ---------------------------------------------------------------------------------------

    def open_maildrop(self, mails: Sequence[events.Mail]) -> None:
        """The password was right: these are the messages, in their order for the whole session."""
        verb, event = self._asked or ("", None)
        if not isinstance(event, (events.PasswordGiven, AuthAttempted)):
            raise LocalProtocolError("nobody has logged in")
        self._asked = None
        uids = "".join([f"{mail.uid}\n" for mail in mails])
        if not _UIDS.fullmatch(uids) or uids.count("\n") != len(mails):
            raise LocalProtocolError("a unique-id has 1 to 70 printable characters")
        self._mails = tuple(mails)
        self._octets = sum(mail.size for mail in mails)
        self._done(verb, "ok.maildrop")

    def scram_keys(self, keys: ScramKeys) -> None:
        """Answers ScramKeysAsked."""
        self._answered(ScramKeysAsked)
        assert self._auth is not None
        self._done("AUTH", "go_on.challenge", challenge=self._auth.keys(keys))

    def send_message(self, content: bytes) -> None:
        """The whole message asked for, with CRLF line ends; for TOP the engine cuts it."""
        event = self._answered(events.MessageWanted)
        if event.lines is None:
            self._read_whole.add(event.number)
            self._done("RETR", "ok.message", size=str(len(content)))
        else:
            content = grammar.top_of(content, event.lines)
            self._done("TOP", "ok.top")
        if content.startswith(b".") or b"\r\n." in content or not content.endswith(b"\r\n"):
            self._out += stuff_lines(content)
        else:
            self._out += content
            self._out += b".\r\n"

    def reply(self, key: str, **fields: str) -> None:
        """Answers the event last given with a line of its own. Raises LocalProtocolError when nothing was asked, or
        when the command cannot get this reply."""
        if self._asked is None:
            raise LocalProtocolError(f"nothing was asked that {key} could answer")
        verb, event = self._asked
        if key not in table.COMMANDS[verb].replies:
            raise LocalProtocolError(f"{key} is no reply to {verb}")
        self._asked = None
        if key == "ok.tls":
            # What came in clear behind the command must not be heard once TLS stands.
            self._order = StartTls(self._lines.rest())
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
            return self._ask(verb, self._answer(verb, said))
        except RemoteProtocolError as refused:
            self._done(verb, refused.reply, **refused.fields)
            return None

    def _ask(self, verb: str, question: object | None) -> object | None:
        if question is not None:
            self._asked = (verb, question)
        return question

    def _understood(self, verb: str, raw: bytes) -> object:
        fault = grammar.line_fault(raw, overlong=self._lines.overlong or len(raw) > table.LINE_LIMIT)
        if fault:
            raise RemoteProtocolError(fault)
        row = table.COMMANDS.get(verb)
        if row is None:
            raise RemoteProtocolError("err.not_offered" if verb in table.NOT_OFFERED else "err.unknown")
        if row.capability and not self.offers(row.capability):
            raise RemoteProtocolError("err.not_offered")
        if verb not in table.MOVES[self._state]:
            raise RemoteProtocolError(table.TABLE.misplaced(verb, self._state))
        return row.parse(raw.removesuffix(b"\r\n")[len(verb) :])

    def _answer(self, verb: str, said: object) -> object | None:
        """Answers, or gives the question for the world."""
        match said:
            case events.UserNamed(name):
                # Whether there is such a user is not told before the password (RFC 1939 §7 allows it).
                self._check_secrecy()
                self.user = name
                self._done(verb, "ok.user")
            case events.PasswordSent(password):
                return events.PasswordGiven(self.user, password)
            case events.ApopGiven(name, digest):
                return AuthAttempted("APOP", name, challenge=self._stamp.encode(), digest=digest)
            case events.AuthBegun():
                return self._begin_auth(said)
            case events.TlsAsked():
                if self.tls:
                    raise RemoteProtocolError("err.in_tls")
                return said
            case events.Utf8Asked():
                self.utf8 = True
                self._done(verb, "ok.utf8")
            case events.CapabilitiesAsked():
                self._done(verb, "ok.capabilities")
                self._send_lines(self._capability_lines())
            case events.CountAsked():
                self._done(verb, "ok.count")
            case events.MechanismsAsked():
                self._say("ok.mechanisms")
                self._send_lines(self._usable())
            case events.ListAsked(None):
                self._done(verb, "ok.list")
                self._send_lines([f"{number} {mail.size}" for number, mail in self._left()])
            case events.ListAsked(int(number)):
                self._done(verb, "ok.list_one", number=str(number), size=str(self._mail(number).size))
            case events.UidsAsked(None):
                self._done(verb, "ok.uids")
                self._send_lines([f"{number} {mail.uid}" for number, mail in self._left()])
            case events.UidsAsked(int(number)):
                self._done(verb, "ok.uid_one", number=str(number), uid=self._mail(number).uid)
            case events.MessageAsked(number, lines):
                return events.MessageWanted(number, self._mail(number).uid, lines)
            case events.DeletionAsked(number):
                self._mark([number])
                self._done(verb, "ok.deleted", number=str(number))
            case events.Reset():
                self._deleted.clear()
                self._octets = sum(mail.size for mail in self._mails)
                self._done(verb, "ok.reset")
            case events.Nothing():
                self._done(verb, "ok.noop")
            case events.Quit() if self._state == table.TRANSACTION:
                if self._expire_days == 0:
                    self._mark(self._read_whole - self._deleted)
                numbers = tuple(sorted(self._deleted))
                return events.MaildropClosed(numbers, tuple(self._mails[number - 1].uid for number in numbers))
            case events.Quit():
                self._done(verb, "ok.quit")
        return None

    # Logging in ---------------------------------------------------------------------------------------------------

    def offers(self, capability: str) -> bool:
        """Whether a client may count on it."""
        missing = {"SASL": not self.mechanisms, "APOP": not self._nonce}
        return capability in self.offered and not missing.get(capability)

    def _check_secrecy(self, mechanism: str = "PLAIN") -> None:
        if self._passwords_need_tls and not self.tls and mechanism in PLAINTEXT:
            raise RemoteProtocolError("err.need_tls")

    def _begin_auth(self, begun: events.AuthBegun) -> object | None:
        if begun.mechanism not in self.mechanisms:
            raise RemoteProtocolError("err.mechanism", mechanism=begun.mechanism)
        self._check_secrecy(begun.mechanism)
        self._attempts += 1
        nonce = f"{self._nonce}.{self._attempts}"
        self._auth = Exchange(begun.mechanism, nonce, self.host, nonsense="err.base64", denied="err.auth")
        return self._auth_next(self._auth.begin(begun.initial))

    def _read_response(self, raw: bytes) -> object | None:
        response = raw.rstrip(b"\r\n")
        fault = grammar.line_fault(raw, overlong=self._lines.overlong)
        assert self._auth is not None
        try:
            if fault:
                raise RemoteProtocolError(fault, limit=str(table.RESPONSE_LIMIT))
            if response == b"*":
                raise RemoteProtocolError("err.cancelled")
            return self._ask("AUTH", self._auth_next(self._auth.respond(response)))
        except RemoteProtocolError as refused:
            self._done("AUTH", refused.reply, **refused.fields)
            return None

    def _auth_next(self, step: str | Question) -> object | None:
        if isinstance(step, str):
            self._done("AUTH", "go_on.challenge", challenge=step)
            return None
        return step

    # The maildrop -------------------------------------------------------------------------------------------------

    def _left(self) -> Iterable[tuple[int, events.Mail]]:
        """The messages not marked as deleted, with their numbers."""
        numbered = enumerate(self._mails, 1)
        return [one for one in numbered if one[0] not in self._deleted] if self._deleted else numbered

    def _mark(self, numbers: Iterable[int]) -> None:
        """Marks messages as deleted. Raises RemoteProtocolError as `_mail`."""
        for number in numbers:
            self._octets -= self._mail(number).size
            self._deleted.add(number)

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
        left = len(self._mails) - len(self._deleted)
        fields |= {
            "host": self.host,
            "count": str(left),
            "messages": _messages(left),
            "octets": str(self._octets),
            "left": f"{_messages(left)} left" if left else "maildrop empty",
        }
        [words] = row.words(self.wording, fields)
        # Response codes came with RFC 2449; the textbook's server is older.
        code = f"[{row.enhanced}]" if row.enhanced and self.wording is Wording.EXTENDED else ""
        said = " ".join(part for part in (row.code, code, words) if part)
        # RFC 5034 §4: "+ ", even before an empty challenge.
        self._out += (f"{said} " if said == "+" else said).encode() + b"\r\n"

    def _usable(self) -> list[str]:
        """The mechanisms a client may log in by here and now."""
        return [name for name in self.mechanisms if self.tls or not self._passwords_need_tls or name not in PLAINTEXT]

    def _capability_lines(self) -> list[str]:
        usable = self._usable()
        values = {**table.CAPABILITY_PARAMETERS, "SASL": " ".join(usable), "LOGIN-DELAY": str(self._login_delay_s)}
        if self._expire_days is not None:
            values["EXPIRE"] = str(self._expire_days)
        hidden = {
            "STLS": self.tls, "SASL": not usable, "LOGIN-DELAY": not self._login_delay_s,
            "USER": self._passwords_need_tls and not self.tls,
        }  # fmt: skip
        told = (tag for tag in table.CAPABILITIES if self.offers(tag) and not hidden.get(tag))
        return [f"{tag} {values.get(tag, '')}".rstrip() for tag in told]

    def _send_lines(self, lines: Sequence[str]) -> None:
        """None of ours begins with a dot."""
        self._out += "\r\n".join([*lines, ".", ""]).encode()


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
