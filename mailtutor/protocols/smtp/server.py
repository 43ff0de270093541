"""The server's side of an SMTP session.

    server = SmtpServer("hamburger.edu")
    server.greet()
    server.receive_data(b"HELO crepes.fr\\r\\n")
    server.next_event()                 # ClientNamed("crepes.fr", extended=False)
    server.reply("250.hello")
    server.data_to_send()               # b"220 hamburger.edu ...250 ..."

The table decides what is in order; the engine answers by itself whatever needs no knowledge of the world. Any reply of
the table may be given to any question, so a fault is an answer like another.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from mailtutor.errors import GrammarError, LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Speaker, StartTls
from mailtutor.protocols.lines import LineReader, bare_line_end
from mailtutor.protocols.sasl.exchange import AuthAttempted, Exchange, Question, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import ScramKeys
from mailtutor.protocols.smtp import checks, events, grammar, table
from mailtutor.protocols.smtp.body import BodyReader, ChunkReader, check_header, check_text
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.offer import Offer
from mailtutor.protocols.smtp.replies import LONGEST_REPLY, filled, fitting
from mailtutor.protocols.spec import Outcome, Wording

_VERB = re.compile(rb"[A-Za-z][A-Za-z0-9\-]*")
_NOT_ASCII = re.compile(rb"[^\x20-\x7e\r\n]")
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS = {"wire.bare_lf": "500.bare_lf", "wire.bare_cr": "500.bare_cr"}
# No command has a longer name.
_LONGEST_WORD = 8
# Commands whose arguments may hold UTF-8 where SMTPUTF8 is offered (RFC 6531 §3.2).
_UTF8 = frozenset({"MAIL", "RCPT", "VRFY", "EXPN"})
# How the lines begin that are said again and again, and what they mean is remembered up to so many octets.
_COMMON = frozenset({b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT"})
_REMEMBERED = 128
# Extensions whose command exists only for a client that said EHLO.
_AFTER_EHLO = frozenset({"STARTTLS", "AUTH", "CHUNKING", "ETRN"})
# What a server that insists on TLS still answers without it (RFC 3207 §4).
_BEFORE_TLS = frozenset({"NOOP", "EHLO", "STARTTLS", "QUIT"})
# Where nothing is read any more.
_DEAF = frozenset({table.CLOSED, table.TLS})
# The words of 1982 that have a capability today.
_CLASSIC = frozenset({"HELP", "EXPN"})


class _Said(NamedTuple):
    """A line of the client's, taken apart: its verb in capitals, "" where it has none. wrong_end: whether something is
    wrong with its line end. is_command: whether the verb is one, and nothing but a space follows it. is_extra: one that
    not every server offers. event: what it means, where nothing is wrong with it."""

    line: bytes
    verb: str
    arguments: bytes
    wrong_end: bool
    is_ascii: bool
    is_command: bool
    is_extra: bool
    event: object


def _taken_apart(raw: bytes) -> _Said:
    line = raw.rstrip(b"\r\n")
    found = _VERB.match(line)
    verb = found.group().decode().upper() if found else ""
    arguments = line[len(verb) :]
    row = table.COMMANDS.get(verb)
    is_command = row is not None and (not arguments or arguments.startswith(b" "))
    is_ascii = _NOT_ASCII.search(raw) is None
    event = None
    if row is not None and is_command and is_ascii:
        with contextlib.suppress(GrammarError):  # it is said when its turn has come
            event = row.parse(arguments)
    is_extra = row is not None and bool(row.capability)
    return _Said(line, verb, arguments, bool(bare_line_end(raw)), is_ascii, is_command, is_extra, event)


# Who sends much mail says the same few lines again and again.
_known = lru_cache(maxsize=1024)(_taken_apart)

# What every reply says, by its key.
_OUTCOME = {key: table.outcome_of(row.code) for key, row in table.REPLIES.items()}
_CLOSING = frozenset(key for key, row in table.REPLIES.items() if row.code in table.CLOSING)
_ACCEPTED = frozenset({Outcome.SUCCESS, Outcome.GO_ON})


class SmtpServer(Speaker):
    """One session. Events that need the world: ClientNamed, TlsAsked, AuthAttempted, ScramKeysAsked, SenderNamed,
    RecipientNamed, DataBegun, ChunkReceived, MessageReceived, VerifyAsked, ExpandAsked, QueueRunAsked; each is
    answered with `reply`, ScramKeysAsked with `scram_keys`. `StartTls` is an order for the driver.

    host: the server's own name. offered: names of `table.EVERYTHING`; what is not among them is answered as if it were
    not implemented. mechanisms: of AUTH, in the order they are listed; none for no AUTH. tls: TLS stands already.
    nonce: printable, of this session alone; challenges are made of it, for the engine makes no random numbers.
    greeting: key of the reply to the connection itself. auth_required: MAIL needs AUTH (530). tls_required: nearly
    everything needs STARTTLS (530). plaintext_needs_tls: PLAIN and LOGIN only under TLS (538). strict_7bit: 8-bit
    octets need BODY=8BITMIME (554). accept_bare_lf: LF alone ends a line, too, as with the old servers that let mail be
    smuggled in. now: seconds since 1970 when the session began; 0 where there is no sending later (FUTURERELEASE).
    """

    def __init__(
        self,
        host: str,
        *,
        wording: Wording = Wording.EXTENDED,
        offered: Collection[str] = table.OFFERED,
        limits: Limits | None = None,
        mechanisms: tuple[str, ...] = (),
        tls: bool = False,
        nonce: str = "nonce",
        greeting: str = "220.ready",
        auth_required: bool = False,
        tls_required: bool = False,
        plaintext_needs_tls: bool = False,
        strict_7bit: bool = False,
        accept_bare_lf: bool = False,
        now: float = 0.0,
    ) -> None:
        super().__init__(table.CONNECT)
        self.host = host
        self.wording = wording
        self.offered = frozenset(offered) & (_CLASSIC if wording is Wording.CLASSIC else table.EVERYTHING)
        self.limits = limits or Limits()
        self.mechanisms = mechanisms
        self.tls = tls
        self.greeting = greeting
        self.auth_required = auth_required
        self.tls_required = tls_required
        self.strict_7bit = strict_7bit
        self.accept_bare_lf = accept_bare_lf
        self.offer = Offer(self.offered, self.limits, mechanisms, plaintext_needs_tls, now)
        self.errors = self.messages = 0
        self.client_name = self.username = ""
        self.extended = False
        self.sender: events.SenderNamed | None = None
        self.recipients: list[events.RecipientNamed] = []
        self._nonce = nonce
        self._attempts = 0
        self.domains: set[str] = set()
        self._line_limits = self.offer.line_limits()
        self._lines = LineReader(table.LONGEST_LINE)
        self._asked: tuple[str, object] | None = None
        self._order: StartTls | None = None
        self._body: BodyReader | None = None
        self._chunks: ChunkReader | None = None
        self._in_chunk = False
        self._auth: Exchange | None = None

    # The driver's side ------------------------------------------------------------------------------------------

    def greet(self) -> None:
        """Says 220, or why not."""
        code = table.REPLIES[self.greeting].code
        self._state = table.WAIT if table.outcome_of(code) is Outcome.SUCCESS else table.BARRED
        self._say(self.greeting)

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        if self._state != table.TLS:
            self._lines.feed(data)

    def tls_started(self) -> None:
        """TLS stands: whatever was known of the client is forgotten, and it has to say EHLO again (RFC 3207 §4.2)."""
        if self._state != table.TLS:
            raise LocalProtocolError("TLS was not asked for")
        self.tls, self.extended = True, False
        self.client_name = self.username = ""
        self._forget()
        self._state = table.WAIT

    def tls_failed(self) -> None:
        """The handshake failed: there is no way back to clear text."""
        self._state = table.CLOSED

    def shut_down(self) -> None:
        """The server is going down: 421, whatever the client was saying (RFC 5321 §3.8)."""
        self._leave("421.shutdown")

    def time_out(self) -> None:
        """The client was silent for too long."""
        self._leave("421.idle")

    def _leave(self, key: str) -> None:
        self._asked = None
        if self._state in (table.CLOSED, table.TLS):
            self._state = table.CLOSED
        else:
            self._say(key)

    # The service's side -----------------------------------------------------------------------------------------

    def next_event(self) -> object:
        """The next thing somebody else must answer, an order, NEED_DATA, or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{self._asked[0]} has not been answered yet")
        if self._order is not None:
            order, self._order = self._order, None
            return order
        while self._state not in _DEAF:
            event = self._read()
            if event is NEED_DATA:
                break
            if event is not None:
                return event
        return CLOSE if self._eof or self._state == table.CLOSED else NEED_DATA

    def reply(self, key: str, /, **fields: str) -> None:
        """Answers the event last given. Raises LocalProtocolError when nothing was asked."""
        if self._asked is None:
            raise LocalProtocolError(f"nothing was asked that {key} could answer")
        verb, event = self._asked
        self._asked = None
        if _OUTCOME[key] in _ACCEPTED:
            self._accept(event)
        self._done(verb, key, **fields)

    def scram_keys(self, keys: ScramKeys) -> None:
        """Answers ScramKeysAsked."""
        if self._asked is None or self._auth is None or not isinstance(self._asked[1], ScramKeysAsked):
            raise LocalProtocolError("nobody asked for SCRAM keys")
        self._asked = None
        self._done("AUTH", "334.challenge", challenge=self._auth.keys(keys))

    @property
    def is_in_message(self) -> bool:
        """Whether the client's next octets belong to a message."""
        return self._state == table.DATA or self._in_chunk

    def extensions(self) -> str:
        """What EHLO lists, one keyword a line (RFC 5321 §4.1.1.1)."""
        return self.offer.lines(tls=self.tls)

    def offers(self, capability: str) -> bool:
        """Whether a client may count on it now."""
        return self.offer.has(capability)

    # What the client may have done ------------------------------------------------------------------------------

    def _accept(self, event: object) -> None:
        match event:
            case events.SenderNamed():
                self.sender, self.recipients = event, []
                self.messages += 1
            case events.RecipientNamed():
                self.recipients.append(event)
                self.domains.add(event.path.domain.lower())
            case events.DataBegun():
                self._body = BodyReader(self.limits.size, bare_lf=self.accept_bare_lf)
            case events.ClientNamed():
                self.client_name, self.extended = event.name, event.extended
                self._forget()
            case AuthAttempted():
                self.username = event.username
            case events.TlsAsked():
                # What came in clear behind the command must not be heard once TLS stands.
                self._order = StartTls(self._lines.rest())

    def _forget(self) -> None:
        self.sender, self.recipients, self._body, self._chunks = None, [], None, None

    def _ask(self, verb: str, event: object) -> object:
        self._asked = (verb, event)
        return event

    def _done(self, verb: str, key: str, /, **fields: str) -> None:
        """Answers `verb` and moves on."""
        outcome = _OUTCOME[key]
        self._state = table.TABLE.after(self._state, verb, outcome)
        if self._state == table.READY:
            self._forget()
        if outcome is not Outcome.GO_ON:
            self._auth = None
        self._say(key, **fields)

    # Commands ---------------------------------------------------------------------------------------------------

    def _read(self) -> object | None:
        """One step: an event, None when the engine has answered by itself, NEED_DATA."""
        if self._in_chunk:
            return self._read_chunk()
        if self._state == table.DATA:
            return self._read_message()
        raw = self._lines.line()
        if raw is None:
            return NEED_DATA
        return self._read_auth(raw) if self._state == table.AUTH else self._read_command(raw)

    def _read_command(self, raw: bytes) -> object | None:
        # What is remembered is remembered for long, so nothing that could hold a password.
        is_common = len(raw) <= _REMEMBERED and raw[:4].upper() in _COMMON
        said = _known(raw) if is_common else _taken_apart(raw)
        verb = said.verb
        try:
            self._check_line(raw, said)
            if not said.is_command:
                self._refuse_verb(said)
            if said.is_extra or self.tls_required:
                self._check_offered(verb)
            # A wrong order is said before a wrong argument: the first is what the student has to mend first.
            if verb not in table.MOVES[self._state]:
                raise RemoteProtocolError(table.TABLE.misplaced(verb, self._state), verb=verb)
            return self._settle(verb, said.event or self._parse(verb, said.arguments))
        except RemoteProtocolError as refused:
            chunk = grammar.announced_chunk(raw)
            if chunk is not None:
                self._begin_chunk(chunk, refused)
            else:
                self._say(refused.reply, **refused.fields)
            return None

    def _check_line(self, raw: bytes, said: _Said) -> None:
        limit = self._line_limits.get(said.verb, self.limits.line)
        if self._lines.overlong or len(raw) > limit:
            key = "500.auth_line_too_long" if said.verb == "AUTH" else "500.line_too_long"
            raise RemoteProtocolError(key, limit=str(limit))
        if said.wrong_end and (wrong := self._wrong_end(raw)):
            raise RemoteProtocolError(_LINE_ENDS[wrong])
        if not said.is_ascii:
            self._check_utf8(raw, said.verb)

    def _wrong_end(self, raw: bytes) -> str:
        wrong = bare_line_end(raw)
        return "" if wrong == "wire.bare_lf" and self.accept_bare_lf else wrong

    def _check_utf8(self, raw: bytes, verb: str) -> None:
        if verb not in _UTF8 or not self.extended or not self.offers("SMTPUTF8"):
            raise RemoteProtocolError("500.not_ascii")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("500.not_utf8") from None
        if _CONTROL.search(text):
            raise RemoteProtocolError("500.not_ascii")

    def _refuse_verb(self, said: _Said) -> None:
        if said.verb in table.NOT_OFFERED and self.wording is Wording.EXTENDED:
            raise RemoteProtocolError("502.not_offered", verb=said.verb)
        if not said.line.strip():
            raise RemoteProtocolError("500.empty")
        raise RemoteProtocolError("500.unknown", verb=_named(said.line))

    def _check_offered(self, verb: str) -> None:
        """A command nobody was offered is one we do not have (RFC 5321 §4.2.4)."""
        if self._state == table.BARRED:
            return
        capability = table.COMMANDS[verb].capability
        unheard = capability in _AFTER_EHLO and self.client_name and not self.extended
        if capability and (not self.offers(capability) or unheard):
            if self.wording is Wording.CLASSIC:
                raise RemoteProtocolError("500.unknown", verb=verb)
            raise RemoteProtocolError("502.not_offered", verb=verb)
        if self.tls_required and not self.tls and verb not in _BEFORE_TLS:
            raise RemoteProtocolError("530.need_tls")
        if verb == "STARTTLS" and self.tls:
            raise RemoteProtocolError("503.in_tls")

    def _parse(self, verb: str, arguments: bytes) -> object:
        try:
            return table.COMMANDS[verb].parse(arguments)
        except GrammarError as wrong:
            wrong.fields.setdefault("syntax", table.COMMANDS[verb].syntax)
            raise

    def _settle(self, verb: str, event: object) -> object | None:
        """Answers what needs no knowledge of the world; gives the event otherwise."""
        match event:
            case events.SenderNamed() | events.RecipientNamed() | events.DataBegun():
                checks.check(event, self)
                return self._ask(verb, event)
            case events.Nothing():
                self._done(verb, "250.noop")
            case events.Reset():
                self._forget()
                self._done(verb, "250.reset")
            case events.Quit():
                self._done(verb, "221.closing")
            case events.HelpAsked():
                self._help(verb, event)
            case events.AuthBegun():
                return self._begin_auth(event)
            case events.ChunkAnnounced():
                self._begin_chunk(event)
            case _:
                checks.check(event, self)
                return self._ask(verb, event)
        return None

    def _help(self, verb: str, event: events.HelpAsked) -> None:
        known = [name for name, row in table.COMMANDS.items() if not row.capability or self.offers(row.capability)]
        if not event.verb:
            text = "Commands: " + " ".join(known) + "\nHELP verb shows how one is written"
            self._done(verb, "214.help", text=text)
        elif event.verb in known:
            row = table.COMMANDS[event.verb]
            parameters = (
                f"\n{each.syntax} ({each.rfc})"
                for each in table.PARAMETERS.get(event.verb, {}).values()
                if self.offers(each.capability)
            )
            text = f"{row.syntax} ({row.rfc}){''.join(parameters)}"
            self._done(verb, "214.help", text=text.replace("§", "section "))
        else:
            raise RemoteProtocolError("504.no_help", verb=event.verb[:40])

    # The message ------------------------------------------------------------------------------------------------

    def _read_message(self) -> object | None:
        body = self._body
        assert body is not None
        if not len(self._lines):
            return NEED_DATA
        rest = body.feed(self._lines.rest())
        if rest is None:
            return NEED_DATA
        self._lines.feed(rest)
        self._asked = (table.END, None)
        try:
            body.check(self.limits.text_line)
            check_header(body.content, self.limits)
            return self._message_received(table.END, body.content, chunked=False)
        except RemoteProtocolError as refused:
            self.reply(refused.reply, **refused.fields)
            return None

    def _message_received(self, verb: str, content: bytes, *, chunked: bool) -> object:
        sender = self.sender
        assert sender is not None
        if self.strict_7bit and sender.body in ("", "7BIT") and not content.isascii():
            raise RemoteProtocolError("554.eight_bit")
        return self._ask(verb, events.MessageReceived(content, sender, tuple(self.recipients), chunked))

    def _begin_chunk(self, chunk: events.ChunkAnnounced, refusal: RemoteProtocolError | None = None) -> None:
        """BDAT: its octets follow whatever we think of it, so they are swallowed before it is refused."""
        self._chunks = self._chunks or ChunkReader(self.limits.size)
        self._chunks.begin(chunk.size, last=chunk.last, refusal=refusal)
        self._in_chunk = True

    def _read_chunk(self) -> object | None:
        chunks = self._chunks
        assert chunks is not None
        chunks.feed(self._lines.take(chunks.left))
        if chunks.left:
            return NEED_DATA
        self._in_chunk = False
        verb = "BDAT" if chunks.last else table.CHUNK
        self._asked = (verb, None)
        try:
            if chunks.refusal is not None:
                raise chunks.refusal
            if not chunks.last:
                return self._ask(verb, events.ChunkReceived(chunks.size, chunks.total))
            content = chunks.content()
            assert self.sender is not None
            if self.sender.body != "BINARYMIME":
                check_text(content, self.limits.text_line)
            check_header(content, self.limits)
            return self._message_received(verb, content, chunked=True)
        except RemoteProtocolError as refused:
            self.reply(refused.reply, **refused.fields)
            return None

    # Authentication (RFC 4954) ----------------------------------------------------------------------------------

    def _begin_auth(self, event: events.AuthBegun) -> object | None:
        if self.username:
            raise RemoteProtocolError("503.authenticated")
        if event.mechanism not in self.mechanisms:
            raise RemoteProtocolError("504.mechanism", mechanism=event.mechanism)
        if event.mechanism not in self.offer.mechanisms_now(tls=self.tls):
            raise RemoteProtocolError("538.need_tls", mechanism=event.mechanism)
        self._attempts += 1
        self._auth = Exchange(
            event.mechanism,
            f"{self._nonce}.{self._attempts}",
            self.host,
            nonsense="501.auth_base64",
            denied="535.wrong",
            unwanted="501.auth_no_initial",
        )
        return self._auth_next(self._auth.begin(event.initial))

    def _read_auth(self, raw: bytes) -> object | None:
        response = raw.rstrip(b"\r\n")
        wrong = self._wrong_end(raw)
        if self._lines.overlong:
            self._done("AUTH", "500.auth_line_too_long", limit=str(table.LONGEST_LINE))
        elif wrong:
            self._done("AUTH", _LINE_ENDS[wrong])
        elif response == b"*":
            self._done("AUTH", "501.auth_cancelled")
        else:
            assert self._auth is not None
            try:
                return self._auth_next(self._auth.respond(response))
            except RemoteProtocolError as refused:
                self._done("AUTH", refused.reply, **refused.fields)
        return None

    def _auth_next(self, step: str | Question) -> object | None:
        if isinstance(step, str):
            self._done("AUTH", "334.challenge", challenge=step)
            return None
        return self._ask("AUTH", step)

    # Replies ----------------------------------------------------------------------------------------------------

    def _say(self, key: str, /, **fields: str) -> None:
        if _OUTCOME[key] is Outcome.REFUSED and self._state != table.CLOSED:
            self.errors += 1
            if self.limits.errors and self.errors > self.limits.errors:
                key = "421.too_many_errors"
        # Enhanced codes are for clients that saw them offered (RFC 2034 §3), so not before EHLO.
        shown = self.extended and "ENHANCEDSTATUSCODES" in self.offered
        facts = (("host", self.host), ("client", self.client_name), *fields.items())
        self._out += _written(key, self.wording, facts, enhanced=shown)
        if key in _CLOSING:
            self._state = table.CLOSED


@lru_cache(maxsize=1024)
def _written(key: str, wording: Wording, facts: tuple[tuple[str, str], ...], *, enhanced: bool) -> bytes:
    """A reply's lines; a server says the same few again and again, too."""
    row = table.REPLIES[key]
    if (only := filled(row, wording, facts, enhanced=enhanced)) is not None:
        return only
    code = f"{row.enhanced} " if row.enhanced and enhanced else ""
    # A challenge is base64 that must come whole (RFC 4954 §4 gives it a limit of its own).
    room = LONGEST_REPLY - len(f"{row.code} {code}\r\n") if row.code != "334" else table.LONGEST_LINE
    words = fitting(row, wording, dict(facts), room)
    # A server without extensions has nothing to say after its greeting.
    lines = words[:-1] if len(words) > 1 and not words[-1] else words
    out = bytearray()
    for index, text in enumerate(lines):
        mark = " " if index == len(lines) - 1 else "-"
        out += f"{row.code}{mark}{code}{text}".rstrip(" ").encode("utf-8", "surrogateescape")
        if row.code == "334" and not text:
            out += b" "  # RFC 4954 §4: 334 SP, even for an empty challenge
        out += b"\r\n"
    return bytes(out)


def _named(line: bytes) -> str:
    """The word that is no command, where it looks like one. A password sent out of place is not said back."""
    word = line.split(b" ")[0]
    return word.decode() if len(word) <= _LONGEST_WORD and _VERB.fullmatch(word) else "not a word of SMTP"
