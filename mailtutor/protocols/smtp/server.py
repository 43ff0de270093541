"""The server's side of an SMTP session.

    server = SmtpServer("hamburger.edu")
    server.greet()
    server.receive_data(b"HELO crepes.fr\\r\\n")
    server.next_event()                 # ClientNamed("crepes.fr", extended=False)
    server.reply("250.hello")
    server.data_to_send()               # b"220 hamburger.edu ...250 ..."

The table decides what is in order; the engine answers by itself whatever needs no knowledge of the world.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from mailtutor.errors import GrammarError, LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.lines import LineReader, bare_line_end
from mailtutor.protocols.smtp import events, table
from mailtutor.protocols.smtp.body import BodyReader
from mailtutor.protocols.spec import Outcome, Wording

_VERB = re.compile(rb"[A-Za-z][A-Za-z0-9\-]*")
_NOT_ASCII = re.compile(rb"[^\x20-\x7e\r\n]")
_BODIES = ("7BIT", "8BITMIME")
RECIPIENT_LIMIT = 1000
# No command has a longer name.
_LONGEST_WORD = 8


def outcome_of(code: str) -> Outcome:
    """What the first digit of a reply code says (RFC 5321 §4.2.1)."""
    return {"2": Outcome.SUCCESS, "3": Outcome.GO_ON, "4": Outcome.TRY_LATER, "5": Outcome.REFUSED}.get(
        code[:1], Outcome.NONE
    )


class SmtpServer:
    """One session. Events that need the world: ClientNamed, SenderNamed, RecipientNamed, MessageReceived,
    AuthAttempted, VerifyAsked; each is answered with `reply`.

    host: the server's own name. size_limit: octets of a message. mechanisms: AUTH mechanisms offered, none for no AUTH.
    """

    def __init__(
        self,
        host: str,
        *,
        wording: Wording = Wording.EXTENDED,
        size_limit: int = 10 * 1024 * 1024,
        mechanisms: tuple[str, ...] = (),
        auth_required: bool = False,
    ) -> None:
        self.host = host
        self.wording = wording
        self.size_limit = size_limit
        self.mechanisms = mechanisms
        self.auth_required = auth_required
        self.client_name = ""
        self.extended = False
        self.username = ""
        self.sender: events.SenderNamed | None = None
        self.recipients: list[events.RecipientNamed] = []
        self._state = table.CONNECT
        self._lines = LineReader(table.LONGEST_LINE)
        self._out = bytearray()
        self._asked: tuple[str, object] | None = None
        self._body: BodyReader | None = None
        self._auth: _AuthExchange | None = None
        self._eof = False

    @property
    def state(self) -> str:
        """The state of the table we are in."""
        return self._state

    def greet(self) -> None:
        """Says 220."""
        self._say("220.ready")
        self._state = table.WAIT

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        self._lines.feed(data)

    def receive_eof(self) -> None:
        """The client is gone; a message without its final dot is forgotten."""
        self._eof = True

    @property
    def unsent(self) -> int:
        """Octets that `data_to_send` would give."""
        return len(self._out)

    def data_to_send(self) -> bytes:
        """Bytes for the client, and empties the outgoing buffer."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def next_event(self) -> object:
        """The next thing somebody else must answer, NEED_DATA, or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{self._asked[0]} has not been answered yet")
        while self._state != table.CLOSED:
            if self._state == table.DATA:
                event = self._read_message()
            else:
                raw = self._lines.line()
                if raw is None:
                    break
                event = self._read_auth(raw) if self._state == table.AUTH else self._read_command(raw)
            if event is not None:
                return event
        return CLOSE if self._eof or self._state == table.CLOSED else NEED_DATA

    def reply(self, key: str, **fields: str) -> None:
        """Answers the event last given. Raises LocalProtocolError when nothing was asked."""
        if self._asked is None:
            raise LocalProtocolError(f"nothing was asked that {key} could answer")
        verb, event = self._asked
        self._asked = None
        outcome = outcome_of(table.REPLIES[key].code)
        if outcome is Outcome.SUCCESS:
            self._accept(event)
        if verb == table.END:
            self._forget()
        self._say(key, **fields)
        self._state = table.TABLE.after(self._state, verb, outcome)

    # What the client may have done ------------------------------------------------------------------------------

    def _accept(self, event: object) -> None:
        if isinstance(event, events.ClientNamed):
            self.client_name, self.extended = event.name, event.extended
            self._forget()
        elif isinstance(event, events.SenderNamed):
            self.sender, self.recipients = event, []
        elif isinstance(event, events.RecipientNamed):
            self.recipients.append(event)
        elif isinstance(event, events.AuthAttempted):
            self.username = event.username

    def _forget(self) -> None:
        self.sender, self.recipients, self._body = None, [], None

    def _ask(self, verb: str, event: object) -> object:
        self._asked = (verb, event)
        return event

    # Commands ---------------------------------------------------------------------------------------------------

    def _read_command(self, raw: bytes) -> object | None:
        line = raw.rstrip(b"\r\n")
        found = _VERB.match(line)
        verb = found.group().decode().upper() if found else ""
        try:
            self._check_line(raw, verb)
            if verb not in table.COMMANDS or (verb == "EHLO" and self.wording is Wording.CLASSIC):
                self._refuse_verb(verb, line)
                return None
            arguments = line[len(verb) :]
            if arguments and not arguments.startswith(b" "):
                raise RemoteProtocolError("500.unknown", verb=_named(line))
            event = self._parse(verb, arguments)
            return self._settle(verb, event)
        except RemoteProtocolError as refused:
            self._say(refused.reply, **refused.fields)
            return None

    def _check_line(self, raw: bytes, verb: str) -> None:
        limit = table.LINE_LIMITS.get(verb, table.LINE_LIMIT)
        if self._lines.overlong or len(raw) > limit:
            raise RemoteProtocolError("500.line_too_long", limit=str(limit))
        wrong = bare_line_end(raw)
        if wrong:
            raise RemoteProtocolError("500.bare_lf" if wrong == "wire.bare_lf" else "500.bare_cr")
        if _NOT_ASCII.search(raw):
            raise RemoteProtocolError("500.not_ascii")

    def _refuse_verb(self, verb: str, line: bytes) -> None:
        if verb in table.NOT_OFFERED and self.wording is Wording.EXTENDED:
            raise RemoteProtocolError("502.not_offered", verb=verb)
        if not line.strip():
            raise RemoteProtocolError("500.empty")
        raise RemoteProtocolError("500.unknown", verb=_named(line))

    def _parse(self, verb: str, arguments: bytes) -> object:
        row = table.COMMANDS[verb]
        # A wrong order is said before a wrong argument: the first is what the student has to mend first.
        if verb not in table.MOVES[self._state]:
            raise RemoteProtocolError(table.TABLE.misplaced(verb, self._state), verb=verb)
        try:
            return row.parse(arguments)
        except GrammarError as wrong:
            wrong.fields.setdefault("syntax", row.syntax)
            raise

    def _settle(self, verb: str, event: object) -> object | None:
        """Answers what needs no knowledge of the world; gives the event otherwise."""
        match event:
            case events.Nothing():
                self._done(verb, "250.noop")
            case events.Reset():
                self._forget()
                self._done(verb, "250.reset")
            case events.Quit():
                self._done(verb, "221.closing")
            case events.DataBegun():
                self._body = BodyReader(self.size_limit)
                self._done(verb, "354.go_on")
            case events.HelpAsked():
                self._help(verb, event)
            case events.AuthBegun():
                return self._begin_auth(event)
            case _:
                self._check_parameters(event)
                return self._ask(verb, event)
        return None

    def _done(self, verb: str, key: str, **fields: str) -> None:
        self._say(key, **fields)
        self._state = table.TABLE.after(self._state, verb, outcome_of(table.REPLIES[key].code))

    def _help(self, verb: str, event: events.HelpAsked) -> None:
        if not event.verb:
            known = [name for name in table.COMMANDS if name != "AUTH" or self.mechanisms]
            text = "Commands: " + " ".join(known) + "\nHELP verb shows how one is written"
            self._done(verb, "214.help", text=text)
        elif event.verb in table.COMMANDS:
            row = table.COMMANDS[event.verb]
            self._done(verb, "214.help", text=f"{row.syntax} ({row.rfc})")
        else:
            raise RemoteProtocolError("504.no_help", verb=event.verb[:40])

    def _check_parameters(self, event: object) -> None:
        if isinstance(event, events.SenderNamed):
            if self.auth_required and not self.username:
                raise RemoteProtocolError("530.need_auth")
            self._check_mail_parameters(event.parameters)
        elif isinstance(event, events.RecipientNamed):
            for name in event.parameters:
                raise RemoteProtocolError("555.parameter", parameter=name)
            if len(self.recipients) >= RECIPIENT_LIMIT:
                raise RemoteProtocolError("452.too_many_recipients")

    def _check_mail_parameters(self, parameters: Mapping[str, str]) -> None:
        for name, value in parameters.items():
            if not self.extended or name not in ("SIZE", "BODY", "AUTH"):
                raise RemoteProtocolError("555.parameter", parameter=name)
            if name == "AUTH" and not self.mechanisms:
                raise RemoteProtocolError("555.parameter", parameter=name)
            if name == "SIZE" and not (value.isdigit() and len(value) <= 20):
                raise RemoteProtocolError("501.parameter_value", parameter=name)
            if name == "BODY" and value.upper() not in _BODIES:
                raise RemoteProtocolError("501.parameter_value", parameter=name)
            if name == "AUTH" and not value:
                raise RemoteProtocolError("501.parameter_value", parameter=name)
        if int(parameters.get("SIZE", "0")) > self.size_limit:
            raise RemoteProtocolError("552.too_big", limit=str(self.size_limit))

    # The message ------------------------------------------------------------------------------------------------

    def _read_message(self) -> object | None:
        body = self._body
        assert body is not None
        rest = body.feed(self._lines.rest())
        if rest is None:
            return NEED_DATA if not self._eof else CLOSE
        self._lines.feed(rest)
        refused = body.refusal()
        self._asked = (table.END, None)
        if refused is not None:
            self.reply(refused.reply, **refused.fields)
            return None
        return self._ask(table.END, events.MessageReceived(body.content()))

    # Authentication (RFC 4954) ----------------------------------------------------------------------------------

    def _begin_auth(self, event: events.AuthBegun) -> object | None:
        if not self.mechanisms or not self.extended:
            raise RemoteProtocolError("502.not_offered", verb="AUTH")
        if self.username:
            raise RemoteProtocolError("503.authenticated")
        if event.mechanism not in self.mechanisms:
            raise RemoteProtocolError("504.mechanism", mechanism=event.mechanism)
        self._auth = _AuthExchange(event.mechanism)
        if event.initial is None:
            self._done("AUTH", "334.challenge", challenge=self._auth.challenge())
            return None
        return self._auth_step(event.initial)

    def _read_auth(self, raw: bytes) -> object | None:
        response = raw.rstrip(b"\r\n")
        if self._lines.overlong:
            self._done("AUTH", "500.auth_line_too_long", limit=str(table.LONGEST_LINE))
        elif response == b"*":
            self._done("AUTH", "501.auth_cancelled")
        elif bare_line_end(raw):
            self._done("AUTH", "500.bare_lf" if bare_line_end(raw) == "wire.bare_lf" else "500.bare_cr")
        else:
            try:
                return self._auth_step(response)
            except RemoteProtocolError as refused:
                self._done("AUTH", refused.reply, **refused.fields)
        return None

    def _auth_step(self, response: bytes) -> object | None:
        assert self._auth is not None
        known = self._auth.respond(response)
        if known is None:
            self._done("AUTH", "334.challenge", challenge=self._auth.challenge())
            return None
        return self._ask("AUTH", known)

    # Replies ----------------------------------------------------------------------------------------------------

    def _say(self, key: str, **fields: str) -> None:
        row = table.REPLIES[key]
        lines = row.words(self.wording, {"host": self.host, "client": self.client_name, **fields})
        # Enhanced codes are for clients that saw them offered (RFC 2034 §3), so not before EHLO.
        enhanced = f"{row.enhanced} " if row.enhanced and self.extended and self.wording is Wording.EXTENDED else ""
        for index, text in enumerate(lines):
            mark = " " if index == len(lines) - 1 else "-"
            self._out += f"{row.code}{mark}{enhanced}{text}".rstrip(" ").encode("utf-8", "surrogateescape")
            if row.code == "334" and not text:
                self._out += b" "  # RFC 4954 §4: 334 SP, even for an empty challenge
            self._out += b"\r\n"

    def extensions(self) -> str:
        """What EHLO lists, one keyword a line (RFC 5321 §4.1.1.1)."""
        lines = ["PIPELINING", f"SIZE {self.size_limit}", "8BITMIME"]
        if self.mechanisms:
            lines.append("AUTH " + " ".join(self.mechanisms))
        return "\n".join([*lines, "ENHANCEDSTATUSCODES", "HELP"])


def _named(line: bytes) -> str:
    """The word that is no command, where it looks like one. A password sent out of place is not said back."""
    word = line.split(b" ")[0]
    return word.decode() if len(word) <= _LONGEST_WORD and _VERB.fullmatch(word) else "not a word of SMTP"


class _AuthExchange:
    """PLAIN (RFC 4616) and LOGIN, up to the name and password."""

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self._said: list[str] = []

    def challenge(self) -> str:
        """The next challenge, in base64."""
        if self.mechanism == "PLAIN":
            return ""
        return base64.b64encode(b"Password:" if self._said else b"Username:").decode()

    def respond(self, response: bytes) -> events.AuthAttempted | None:
        """Takes a response; None when another challenge is due. Raises RemoteProtocolError for nonsense."""
        try:
            text = base64.b64decode(response, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise RemoteProtocolError("501.auth_base64", mechanism=self.mechanism) from None
        if self.mechanism == "PLAIN":
            # authzid NUL authcid NUL passwd; acting for somebody else is not offered.
            parts = text.split("\0")
            if len(parts) != 3 or not parts[1]:
                raise RemoteProtocolError("501.auth_base64", mechanism=self.mechanism)
            if parts[0] not in ("", parts[1]):
                raise RemoteProtocolError("535.wrong")
            return events.AuthAttempted(self.mechanism, parts[1], parts[2])
        self._said.append(text)
        if len(self._said) < 2:
            return None
        return events.AuthAttempted(self.mechanism, self._said[0], self._said[1])
