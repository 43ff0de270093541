"""The server's side of an IMAP session.

    server = ImapServer("hamburger.edu")
    server.greet()
    server.receive_data(b"a1 LOGIN bob secret\\r\\n")
    server.next_event()                 # AuthAttempted("LOGIN", "bob", "secret")
    server.reply("OK.login")
    server.data_to_send()               # b"* OK [CAPABILITY ...a1 OK [CAPABILITY ..."

The table decides what is in order; the engine answers by itself whatever needs no knowledge of the world. An event is
answered by any number of untagged answers (`listed`, `fetched`, `notify`, ..., telling.py) and one that ends the
command: `done`, `reply`, `refuse`, `selected`, `appended`, `copied` or `expunged`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailtutor import __version__
from mailtutor.errors import GrammarError, LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.imap import answers, events, formats, table
from mailtutor.protocols.imap.extensions import SWITCHES, needed, turns_on_condstore
from mailtutor.protocols.imap.flags import SYSTEM_FLAGS, ordered
from mailtutor.protocols.imap.intake import Intake
from mailtutor.protocols.imap.mailbox import Listing, encode_name
from mailtutor.protocols.imap.replies import REPLIES
from mailtutor.protocols.imap.sequence import compressed
from mailtutor.protocols.imap.telling import Telling
from mailtutor.protocols.imap.tokens import ATOM, TAG, LiteralAwaited, Utf8
from mailtutor.protocols.imap.view import Notice, View
from mailtutor.protocols.lines import CRLF, bare_line_end
from mailtutor.protocols.sasl.exchange import AuthAttempted, Exchange, Question, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import PLAINTEXT, ScramKeys
from mailtutor.protocols.spec import Wording

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
# Octets of a wrong line that are said back, and the commands whose arguments are not.
_SHOWN = 40
_SECRET = frozenset({"LOGIN", "AUTHENTICATE"})
MESSAGE_LIMIT = 10 * 1024 * 1024


@dataclass(slots=True)
class _Command:
    """The command being read or answered. arguments: what followed the verb so far, literals included."""

    tag: bytes
    verb: str = ""
    arguments: bytearray = field(default_factory=bytearray)
    literals: int = 0


@dataclass(frozen=True, slots=True)
class Security:
    """How a session may log in. tls: the connection is TLS from its first byte (port 993). nonce: printable and new
    for each session; SCRAM needs it. passwords_need_tls: no password in clear (LOGINDISABLED, RFC 3501 §6.2.3)."""

    tls: bool = False
    nonce: str = ""
    passwords_need_tls: bool = False


_OPEN = Security()


@dataclass(frozen=True, slots=True)
class Opened:
    """What SELECT tells of a mailbox (RFC 3501 §6.3.1).

    keywords: flags people have made up. first_unseen: a message number, 0 for none. vanished: UIDs that are gone, and
    changed: flags that are others, since the client was last here (RFC 7162 §3.2.5).
    """

    name: str
    uid_validity: int
    uid_next: int
    modseq: int = 1
    keywords: frozenset[str] = frozenset()
    first_unseen: int = 0
    vanished: Sequence[int] = ()
    changed: Sequence[Notice] = ()


class ImapServer(Telling):
    """One session. Every event of events.py is asked of the service but these: CapabilityAsked, LogoutAsked, IdGiven,
    NamespaceAsked, EnableAsked, AuthenticateBegun, LoginGiven (asked as AuthAttempted), LIST "" "" are answered here.
    STARTTLS that is granted becomes an order of `next_event`, StartTls.

    host: the server's own name. capabilities: names of table.CAPABILITIES; a command of one that is left out is not
    offered. strict_7bit: UTF-8 in the header of a message only where it is agreed on. message_limit: octets of a
    message APPEND may bring. delimiter: between the levels of a mailbox name.
    """

    def __init__(
        self,
        host: str,
        *,
        wording: Wording = Wording.EXTENDED,
        capabilities: Sequence[str] = table.OFFERED,
        message_limit: int = MESSAGE_LIMIT,
        delimiter: str = "/",
        greeting: str = "OK.greeting",
        security: Security = _OPEN,
        strict_7bit: bool = False,
    ) -> None:
        super().__init__(table.CONNECT, delimiter, resyncs="QRESYNC" in capabilities)
        self.host = host
        self.wording = wording
        self.capabilities = tuple(capabilities)
        self.message_limit = message_limit
        self.greeting = greeting
        self.username = ""
        self.read_only = False
        self.tls = security.tls
        self._security = security
        self._strict_7bit = strict_7bit
        self._attempts = 0
        self._auth: Exchange | None = None
        self._order: StartTls | None = None
        self._intake = Intake(table.LINE_LIMIT)
        self._command: _Command | None = None
        self._asked: object | None = None
        self._owes_modseq = False
        self._modseq_limit = 0

    def greet(self) -> None:
        """Says OK, or why not and that it is over (RFC 3501 §7.1.5)."""
        names = [name for name in self._offered().split() if name in table.IN_GREETING or name.startswith("AUTH=")]
        self._say(b"*", self.greeting, {"capabilities": " ".join(names)})
        self._state = table.GREETINGS[REPLIES[self.greeting].code]

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        if self._state != table.TLS:
            self._intake.feed(data)

    def tls_started(self) -> None:
        """TLS stands."""
        if self._state != table.TLS:
            raise LocalProtocolError("TLS was not asked for")
        self.tls = True
        self._state = table.NOT_AUTHENTICATED

    def tls_failed(self) -> None:
        """The handshake failed: there is no way back to clear text."""
        self._state = table.LOGOUT

    def next_event(self) -> object:
        """The next thing somebody else must answer, NEED_DATA, or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{type(self._asked).__name__} has not been answered yet")
        if self._order is not None:
            order, self._order = self._order, None
            return order
        while self._state not in (table.LOGOUT, table.TLS) and (raw := self._intake.line()) is not None:
            try:
                event = _READERS.get(self._state, ImapServer._read_command)(self, raw)
            except RemoteProtocolError as wrong:
                self._intake.refuse(raw)
                self._finish(wrong.reply, wrong.fields)
                continue
            if event is not None:
                self._asked = event
                return event
        return CLOSE if self._eof or self._state == table.LOGOUT else NEED_DATA

    # Answers that end a command -----------------------------------------------------------------------------------

    def reply(self, key: str, **fields: str) -> None:
        """Answers the event last given. Raises LocalProtocolError when nothing was asked."""
        if self._asked is None:
            raise LocalProtocolError(f"nothing was asked that {key} could answer")
        asked, self._asked = self._asked, None
        key = self._limited(key, fields)
        if isinstance(asked, AuthAttempted):
            fields.setdefault("username", asked.username)
            if REPLIES[key].code == "OK":
                self.username = asked.username
        if key == "OK.tls":
            # What came in clear behind the command must not be heard once TLS stands.
            self._order = StartTls(self._intake.rest())
        self._finish(key, fields)

    def done(self) -> None:
        """It worked."""
        self.reply("OK.completed")

    def _limited(self, key: str, fields: dict[str, str]) -> str:
        """The reply that tells `limit_modseq`; before it, in a line of its own, where it has a code already."""
        limit, self._modseq_limit = self._modseq_limit, 0
        if not limit:
            return key
        fields["modseq"] = str(limit)
        if key == "OK.completed":
            return "OK.expunged"
        self._say(b"*", "OK.highest_modseq", fields)
        return key

    def refuse(self, wrong: RemoteProtocolError) -> None:
        """Something the service found wrong, such as a message number that does not exist."""
        self.reply(wrong.reply, **wrong.fields)

    def scram_keys(self, keys: ScramKeys) -> None:
        """Answers ScramKeysAsked."""
        if self._auth is None or not isinstance(self._asked, ScramKeysAsked):
            raise LocalProtocolError("no keys were asked for")
        self.reply("+.challenge", challenge=self._auth.keys(keys))

    def selected(self, view: View, opened: Opened, *, read_only: bool = False) -> None:
        """SELECT or EXAMINE worked: says what a client must know of the mailbox (RFC 3501 §6.3.1, RFC 9051 §6.3.2)."""
        flags = ordered({*SYSTEM_FLAGS, *opened.keywords})
        self._out += answers.line(b"FLAGS", formats.flag_list(flags))
        self._out += answers.counted(len(view), b"EXISTS")
        if self.spoken.rev2:
            self.listed(Listing(opened.name))
        else:
            self._out += answers.counted(len(view.recent), b"RECENT")
            if opened.first_unseen:
                self._say(b"*", "OK.unseen", {"number": str(opened.first_unseen)})
        self._say(b"*", "OK.uid_validity", {"uid_validity": str(opened.uid_validity)})
        self._say(b"*", "OK.uid_next", {"uid_next": str(opened.uid_next)})
        kept = "OK.no_permanent_flags" if read_only else "OK.permanent_flags"
        self._say(b"*", kept, {"flags": " ".join([*flags, "\\*"])})
        if "CONDSTORE" in self.capabilities or "QRESYNC" in self.capabilities:
            self._say(b"*", "OK.highest_modseq", {"modseq": str(opened.modseq)})
        self._owes_modseq = False
        self.vanished(opened.vanished)
        self.notify(opened.changed)
        self.read_only = read_only
        self.reply("OK.read_only" if read_only else "OK.read_write")

    def appended(self, uid_validity: int, uid: int) -> None:
        """APPEND worked; with UIDPLUS the client learns the UID (RFC 4315 §3)."""
        if "UIDPLUS" in self.capabilities:
            self.reply("OK.appended", uid_validity=str(uid_validity), uid=str(uid))
        else:
            self.done()

    def copied(self, uid_validity: int, source: Sequence[int], destination: Sequence[int]) -> None:
        """COPY worked. source and destination: the UIDs here and there, in the same order; both empty when nothing
        was named that exists."""
        if "UIDPLUS" in self.capabilities and source:
            self.reply("OK.copied", **_pairs(uid_validity, source, destination))
        else:
            self.done()

    def moved(self, uid_validity: int, source: Sequence[int], destination: Sequence[int]) -> None:
        """MOVE worked: said before the messages are told to be gone (RFC 6851 §4.3). Ended by `expunged`."""
        if "UIDPLUS" in self.capabilities and source:
            self._say(b"*", "OK.moved", _pairs(uid_validity, source, destination))

    def expunged(self, modseq: int) -> None:
        """EXPUNGE, CLOSE or MOVE worked. modseq: the mailbox's highest now, 0 when nothing was removed; a client that
        resynchronises has to know (RFC 7162 §3.2.8)."""
        if self.spoken.qresync and modseq:
            self.reply("OK.expunged", modseq=str(modseq))
        else:
            self.done()

    def searched(self, found: Sequence[int], modseqs: Sequence[int] = ()) -> None:
        """What SEARCH or SORT found: message numbers, or UIDs where the command has UID before it, in order. modseqs:
        their modification sequences, where MODSEQ was searched for."""
        asked = self._asked
        assert isinstance(asked, events.SearchAsked)
        returns = asked.returns
        if asked.criteria:
            self._out += answers.numbers(b"SORT", found, max(modseqs, default=0))
        elif returns is None and not self.spoken.rev2:
            self._out += answers.numbers(b"SEARCH", found, max(modseqs, default=0))
        elif returns != frozenset({"SAVE"}) and self._command is not None:
            returns = returns or frozenset({"ALL"})
            # Only of what is told (RFC 7162 §3.1.10).
            ends = [at for at, name in ((0, "MIN"), (-1, "MAX")) if name in returns] if modseqs else []
            highest = max((modseqs[at] for at in ends) if not returns & {"ALL", "COUNT"} else modseqs, default=0)
            self._out += answers.esearch(self._command.tag, found, returns, by_uid=asked.by_uid, modseq=highest)
        self.done()

    def limit_modseq(self, modseq: int) -> None:
        """What the tagged OK of this command says of the highest modification sequence: not beyond what the client
        knows (RFC 7162 §3.2.9)."""
        self._modseq_limit = modseq

    def tell_modseq(self, modseq: int) -> None:
        """The mailbox's highest modification sequence, where a command has just switched CONDSTORE on with a mailbox
        open (RFC 7162 §3.1.2.1); nothing otherwise."""
        if self._owes_modseq:
            self._owes_modseq = False
            self._say(b"*", "OK.highest_modseq", {"modseq": str(modseq)})

    def shut_down(self) -> None:
        """Says BYE and ends the session, whatever was asked (RFC 3501 §7.1.5)."""
        self._leave("BYE.shutdown")

    def time_out(self) -> None:
        """The same for a client that was silent for too long (RFC 3501 §5.4)."""
        self._leave("BYE.idle")

    def _leave(self, key: str) -> None:
        self._asked = None
        self._say(b"*", key, {})
        self._state = table.LOGOUT

    # Commands -------------------------------------------------------------------------------------------------------

    @property
    def verb(self) -> str:
        """The command being answered, "" between commands."""
        return self._command.verb if self._command else ""

    def _read_command(self, raw: bytes) -> object | None:
        line = raw[: table.LINE_LIMIT].removesuffix(b"\n").removesuffix(b"\r")
        command = self._command
        if command is None:
            found = TAG.match(line)
            if found is None:
                self._check_line(raw)
                raise RemoteProtocolError("BAD.tag" if line.strip() else "BAD.empty")
            command = self._command = _Command(found.group())
            self._check_line(raw)
            self._check_octets(line)
            self._read_verb(command, line[found.end() :])
        else:
            self._check_line(raw)
            self._check_octets(line)
            command.arguments += CRLF + self._intake.literal() + line
        try:
            arguments = bytes(command.arguments)
            event = table.COMMANDS[command.verb].parse(Utf8(arguments) if self.spoken.utf8 else arguments)
        except LiteralAwaited as awaited:
            self._begin_literal(command, awaited)
            return None
        except GrammarError as wrong:
            wrong.fields.setdefault("syntax", f"tag {table.COMMANDS[command.verb].syntax}")
            wrong.fields.setdefault("wrong", _wrong(command, wrong))
            raise
        return self._settle(event)

    def _check_line(self, raw: bytes) -> None:
        if self._intake.overlong:
            raise RemoteProtocolError("BAD.line_too_long", limit=str(table.LINE_LIMIT))
        wrong = bare_line_end(raw)
        if wrong:
            raise RemoteProtocolError("BAD.bare_lf" if wrong == "wire.bare_lf" else "BAD.bare_cr")

    def _check_octets(self, line: bytes) -> None:
        """What stands outside of literals is 7-bit text (RFC 3501 §9, CHAR), where UTF-8 is not agreed on."""
        if b"\0" in line:
            raise RemoteProtocolError("BAD.nul")
        if not self.spoken.utf8 and not line.isascii():
            raise RemoteProtocolError("BAD.eight_bit")

    def _read_verb(self, command: _Command, rest: bytes) -> None:
        """Finds the command's row. A wrong order is said before a wrong argument."""
        found = ATOM.match(rest, 1)
        if not rest.startswith(b" ") or found is None:
            is_verb = command.tag.decode("ascii").upper() in table.COMMANDS
            raise RemoteProtocolError("BAD.tag_missing" if is_verb else "BAD.no_command", tag=_text(command.tag))
        verb, end = _text(found.group()).upper(), found.end()
        if verb == "UID":
            second = ATOM.match(rest, end + 1) if rest[end : end + 1] == b" " else None
            if second is None:
                syntax = "tag UID FETCH|SEARCH|SORT|STORE|COPY|MOVE|EXPUNGE ..."
                raise RemoteProtocolError("BAD.syntax", syntax=syntax, wrong="no command")
            verb, end = f"UID {_text(second.group()).upper()}", second.end()
        row = table.COMMANDS.get(verb)
        if row is None or (row.capability and row.capability not in self.capabilities):
            self._unknown(command, verb)
        elif verb not in table.MOVES[self._state]:
            raise RemoteProtocolError(table.TABLE.misplaced(verb, self._state), verb=verb)
        elif verb in table.CHANGES and self.read_only:
            raise RemoteProtocolError("NO.read_only")
        command.verb = verb
        command.arguments += rest[end:]

    def _unknown(self, command: _Command, verb: str) -> None:
        if verb in table.COMMANDS or verb in table.NOT_OFFERED:
            raise RemoteProtocolError("BAD.not_offered", verb=verb)
        # "LOGIN bob secret" without a tag: the verb was taken for the tag.
        if command.tag.decode("ascii").upper() in table.COMMANDS:
            raise RemoteProtocolError("BAD.tag_missing", tag=_text(command.tag))
        raise RemoteProtocolError("BAD.unknown", verb=verb[:40])

    def _begin_literal(self, command: _Command, awaited: LiteralAwaited) -> None:
        """Lets the client send the literal it announced, or refuses it before it is sent."""
        if awaited.is_message and awaited.size > self.message_limit:
            raise RemoteProtocolError("NO.too_big", limit=str(self.message_limit))
        if not awaited.is_message and awaited.size > table.LITERAL_LIMIT:
            raise RemoteProtocolError("BAD.literal_too_long", limit=str(table.LITERAL_LIMIT))
        if command.literals >= table.LITERALS_LIMIT:
            raise RemoteProtocolError("BAD.too_many_literals", limit=str(table.LITERALS_LIMIT))
        if awaited.synchronising:
            self._say(b"", "+.literal", {})
        elif "LITERAL+" not in self.capabilities:
            if not {"LITERAL-", "IMAP4rev2"}.intersection(self.capabilities):
                raise RemoteProtocolError("BAD.literal_plus")
            if awaited.size > table.LITERAL_MINUS_LIMIT:
                raise RemoteProtocolError("BAD.literal_minus", limit=str(table.LITERAL_MINUS_LIMIT))
        command.literals += 1
        self._intake.expect(awaited.size)

    def _settle(self, event: object) -> object | None:
        """Answers what needs no knowledge of the world; gives the event otherwise."""
        self._check_offered(event)
        match event:
            case events.CapabilityAsked():
                self._out += answers.line(b"CAPABILITY", self._offered().encode("ascii"))
            case events.NamespaceAsked():
                self._out += answers.namespace(self.delimiter)
            case events.IdGiven():
                self._out += answers.identification({"name": "mailtutor", "version": __version__})
            case events.EnableAsked():
                self._enable(event.names)
            case events.ListAsked(patterns=("",), extended=False):
                # A special request for the delimiter (RFC 3501 §6.3.8).
                self.listed(Listing("", ("\\Noselect",)))
            case events.LogoutAsked():
                self._say(b"*", "BYE.logout", {})
            case events.TlsAsked() if self.tls:
                raise RemoteProtocolError("BAD.in_tls")
            case events.AuthenticateBegun():
                return self._begin_authentication(event)
            case events.LoginGiven():
                self._check_secrecy("LOGIN")
                return AuthAttempted("LOGIN", event.username, event.password)
            case events.SelectAsked() if self._state == table.SELECTED:
                # What comes from here on is about the other mailbox (RFC 7162 §3.2.11).
                self._say(b"*", "OK.closed", {})
                return event
            case events.CloseAsked(expunge=True) if self.read_only:
                return events.CloseAsked(expunge=False)
            case events.CreateAsked():
                return replace(event, mailbox=event.mailbox.removesuffix(self.delimiter))
            case _:
                return event
        self._finish("OK.completed", {})
        return None

    def _check_offered(self, event: object) -> None:
        """Refuses what only an extension gives that is not offered, or not switched on."""
        for group in needed(event):
            if not any(name in self.capabilities for name in group):
                raise RemoteProtocolError("BAD.need_capability", capability=group[0])
        match event:
            case events.SelectAsked(resync=events.Resync()) | events.FetchAsked(vanished=True):
                if not self.spoken.qresync:
                    raise RemoteProtocolError("BAD.need_enable", capability="QRESYNC")
            case events.AppendAsked(utf8=True) if not self.spoken.accepts_utf8:
                raise RemoteProtocolError("BAD.need_enable", capability="UTF8=ACCEPT")
            case events.AppendAsked(utf8=False, content=content) if not self._takes_header(content):
                raise RemoteProtocolError("NO.utf8_header")
            case events.SearchAsked(criteria=(), charset=named) if named and self.spoken.accepts_utf8:
                raise RemoteProtocolError("BAD.charset")
        if turns_on_condstore(event) and not self.spoken.condstore:
            self.spoken.condstore = True
            self._owes_modseq = self._state == table.SELECTED

    def _takes_header(self, content: bytes) -> bool:
        """Whether a message may come as it is. UTF-8 in its header would have to be agreed on (RFC 6855 §4); mail that
        has come otherwise is older than that rule, so nobody insists who was not told to."""
        if not self._strict_7bit or self.spoken.accepts_utf8:
            return True
        return content.partition(b"\r\n\r\n")[0].isascii()

    def _enable(self, names: Sequence[str]) -> None:
        """Names that are not known or not offered are passed over (RFC 5161 §3.1)."""
        wanted = {name.upper() for name in names}
        found = [name for name in SWITCHES if name.upper() in wanted and name in self.capabilities]
        for name in found:
            self.spoken.enable(name)
        self._out += answers.line(b"ENABLED", *(name.encode("ascii") for name in found))

    # Authentication (RFC 3501 §6.2.2) and IDLE (RFC 2177) -----------------------------------------------------------

    def _check_secrecy(self, mechanism: str) -> None:
        if "LOGINDISABLED" in self.capabilities and mechanism == "LOGIN":
            raise RemoteProtocolError("NO.privacy")
        if self._hides_passwords and mechanism in PLAINTEXT:
            raise RemoteProtocolError("NO.need_tls")

    @property
    def _hides_passwords(self) -> bool:
        return self._security.passwords_need_tls and not self.tls

    def _begin_authentication(self, begun: events.AuthenticateBegun) -> object | None:
        if f"AUTH={begun.mechanism}" not in self.capabilities:
            raise RemoteProtocolError("NO.mechanism", mechanism=begun.mechanism[:40])
        self._check_secrecy(begun.mechanism)
        if begun.initial is not None and "SASL-IR" not in self.capabilities:
            raise RemoteProtocolError("BAD.no_initial_response")
        self._attempts += 1
        nonce = f"{self._security.nonce}.{self._attempts}"
        self._auth = Exchange(begun.mechanism, nonce, self.host, nonsense="BAD.base64", denied="NO.login")
        return self._authenticate(self._auth.begin(b"" if begun.initial == b"=" else begun.initial))

    def _authenticate(self, step: str | Question) -> object | None:
        if isinstance(step, str):
            self._finish("+.challenge", {"challenge": step})
            return None
        return step

    def _read_response(self, raw: bytes) -> object | None:
        self._check_line(raw)
        response = raw.removesuffix(CRLF)
        if response == b"*":
            raise RemoteProtocolError("BAD.cancelled")
        assert self._auth is not None
        return self._authenticate(self._auth.respond(response))

    def _read_done(self, raw: bytes) -> object | None:
        try:
            self._check_line(raw)
            if raw.removesuffix(CRLF).upper().rstrip(b" ") == b"DONE":
                return events.IdleEnded("OK.idle")
            raise RemoteProtocolError("BAD.expected_done")
        except RemoteProtocolError as wrong:
            self._intake.refuse(raw)
            return events.IdleEnded(wrong.reply)

    # Lines out ------------------------------------------------------------------------------------------------------

    def _offered(self) -> str:
        """What CAPABILITY lists: before login all of it, afterwards what is still of use."""
        names = [name for name in self.capabilities if not (self.tls and name == "STARTTLS")]
        if self.username:
            names = [name for name in names if not name.startswith(table.ONLY_BEFORE_LOGIN)]
        elif self._hides_passwords:
            names = [name for name in names if name.removeprefix("AUTH=") not in PLAINTEXT]
            names += [] if "LOGINDISABLED" in names else ["LOGINDISABLED"]
        return " ".join(names)

    def _finish(self, key: str, fields: Mapping[str, str]) -> None:
        """The tagged reply, or the "+" that keeps the command going; moves as the table says."""
        command = self._command
        self._say(command.tag if command else b"*", key, fields)
        code = REPLIES[key].code
        if code != "+":
            self._command = None
        if command is not None:
            self._state = table.after(self._state, command.verb, code)

    def _say(self, tag: bytes, key: str, fields: Mapping[str, str]) -> None:
        row = REPLIES[key]
        known = {"host": self.host, "verb": self.verb, "username": self.username}
        known |= {"capabilities": self._offered(), "limit": str(table.LINE_LIMIT)}
        filled = {name: _harmless(name, value) for name, value in (known | dict(fields)).items()}
        words = " ".join(row.words(self.wording, filled))
        code = f"[{row.enhanced.format_map(filled)}] " if row.enhanced else ""
        start = b"+ " if row.code == "+" else tag + b" " + row.code.encode("ascii") + b" "
        self._out += start + (code + words).encode("ascii") + CRLF


_READERS = {
    table.AUTHENTICATING: ImapServer._read_response,
    table.IDLE: ImapServer._read_done,
    table.IDLE_AUTHENTICATED: ImapServer._read_done,
}


def _wrong(command: _Command, wrong: GrammarError) -> str:
    """What of a line was not understood; not what may be a password."""
    rest = bytes(command.arguments[wrong.at : wrong.at + _SHOWN]).split(b"\r\n")[0]
    if not rest.strip():
        return f"{wrong.rule} is missing"
    return f"no {wrong.rule}" if command.verb in _SECRET else f"no {wrong.rule}: {_text(rest).strip()}"


def _pairs(uid_validity: int, source: Sequence[int], destination: Sequence[int]) -> dict[str, str]:
    """COPYUID's numbers (RFC 4315 §3)."""
    return {
        "uid_validity": str(uid_validity),
        "source": str(compressed(source)),
        "destination": str(compressed(destination)),
    }


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")


def _harmless(name: str, value: str) -> str:
    """A value for a reply's words: they are 7-bit text (RFC 3501 §9), and no line end may be smuggled in."""
    return encode_name(value).decode("ascii") if name == "mailbox" else _UNPRINTABLE.sub("?", value)
