"""The server's side of an IMAP session.

    server = ImapServer("hamburger.edu")
    server.greet()
    server.receive_data(b"a1 LOGIN bob secret\\r\\n")
    server.next_event()                 # LoginAttempted("LOGIN", "bob", "secret")
    server.reply("OK.login")
    server.data_to_send()               # b"* OK [CAPABILITY ...a1 OK [CAPABILITY ..."

The table decides what is in order; the engine answers by itself whatever needs no knowledge of the world. An event is
answered by any number of untagged answers (`listed`, `fetched`, `notify`, ...) and one that ends the command: `done`,
`reply`, `refuse`, `selected`, `appended` or `copied`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailtutor import __version__
from mailtutor.errors import GrammarError, LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Speaker
from mailtutor.protocols.imap import answers, events, formats, table
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.fetch import FetchItem
from mailtutor.protocols.imap.flags import SYSTEM_FLAGS, Flags, ordered
from mailtutor.protocols.imap.intake import Intake
from mailtutor.protocols.imap.mailbox import Listing, encode_name
from mailtutor.protocols.imap.replies import REPLIES
from mailtutor.protocols.imap.sasl import plain_credentials
from mailtutor.protocols.imap.sequence import compressed
from mailtutor.protocols.imap.tokens import ATOM, TAG, LiteralAwaited
from mailtutor.protocols.imap.view import FlagsChanged, Gone, Notice, View
from mailtutor.protocols.lines import CRLF, bare_line_end
from mailtutor.protocols.spec import Wording

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
MESSAGE_LIMIT = 10 * 1024 * 1024


@dataclass(slots=True)
class _Command:
    """The command being read or answered. arguments: what followed the verb so far, literals included."""

    tag: bytes
    verb: str = ""
    arguments: bytearray = field(default_factory=bytearray)
    literals: int = 0


class ImapServer(Speaker):
    """One session. Every event of events.py is asked of the service but these: CapabilityAsked, LogoutAsked, IdGiven,
    NamespaceAsked, AuthenticateBegun, and LIST "" "" are answered here.

    host: the server's own name. capabilities: names of table.CAPABILITIES; a command of one that is left out is not
    offered. message_limit: octets of a message APPEND may bring. delimiter: between the levels of a mailbox name.
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
    ) -> None:
        super().__init__(table.CONNECT)
        self.host = host
        self.wording = wording
        self.capabilities = tuple(capabilities)
        self.message_limit = message_limit
        self.delimiter = delimiter
        self.greeting = greeting
        self.username = ""
        self.read_only = False
        self._intake = Intake(table.LINE_LIMIT)
        self._command: _Command | None = None
        self._mechanism = ""
        self._asked: object | None = None

    @property
    def may_expunge(self) -> bool:
        """Whether message numbers may move now (RFC 3501 §7.4.1): a command is answered, and it is none of FETCH,
        STORE, SEARCH."""
        return self._command is not None and self._command.verb not in table.NUMBERS_STAND

    def greet(self) -> None:
        """Says OK, or why not and that it is over (RFC 3501 §7.1.5)."""
        self._say(b"*", self.greeting, {})
        self._state = table.GREETINGS[REPLIES[self.greeting].code]

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        self._intake.feed(data)

    def next_event(self) -> object:
        """The next thing somebody else must answer, NEED_DATA, or CLOSE."""
        if self._asked is not None:
            raise LocalProtocolError(f"{type(self._asked).__name__} has not been answered yet")
        while self._state != table.LOGOUT and (raw := self._intake.line()) is not None:
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
        if isinstance(asked, events.LoginAttempted):
            fields.setdefault("username", asked.username)
            if REPLIES[key].code == "OK":
                self.username = asked.username
        self._finish(key, fields)

    def done(self) -> None:
        """It worked."""
        self.reply("OK.completed")

    def refuse(self, wrong: RemoteProtocolError) -> None:
        """Something the service found wrong, such as a message number that does not exist."""
        self.reply(wrong.reply, **wrong.fields)

    def selected(
        self, view: View, *, uid_validity: int, uid_next: int, keywords: Iterable[str] = (), read_only: bool = False
    ) -> None:
        """SELECT or EXAMINE worked: says what a client must know of the mailbox (RFC 3501 §6.3.1)."""
        flags = ordered({*SYSTEM_FLAGS, *keywords})
        self._out += answers.line(b"FLAGS", formats.flag_list(flags))
        self._out += answers.counted(len(view), b"EXISTS")
        self._out += answers.counted(len(view.recent), b"RECENT")
        if view.first_unseen:
            self._say(b"*", "OK.unseen", {"number": str(view.first_unseen)})
        self._say(b"*", "OK.uid_validity", {"uid_validity": str(uid_validity)})
        self._say(b"*", "OK.uid_next", {"uid_next": str(uid_next)})
        kept = "OK.no_permanent_flags" if read_only else "OK.permanent_flags"
        self._say(b"*", kept, {"flags": " ".join([*flags, "\\*"])})
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
            self.reply(
                "OK.copied",
                uid_validity=str(uid_validity),
                source=str(compressed(source)),
                destination=str(compressed(destination)),
            )
        else:
            self.done()

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

    # Untagged answers -----------------------------------------------------------------------------------------------

    def listed(self, row: Listing) -> None:
        """One mailbox of LIST or LSUB."""
        word = b"LSUB" if self._verb == "LSUB" else b"LIST"
        self._out += answers.listed(word, row, self.delimiter)

    def status(self, mailbox: str, counts: Mapping[str, int]) -> None:
        """What STATUS asked for."""
        self._out += answers.status(mailbox, counts)

    def searched(self, numbers: Iterable[int]) -> None:
        """What SEARCH found: message numbers, or UIDs for UID SEARCH."""
        self._out += answers.numbers(b"SEARCH", numbers)

    def fetched(self, number: int, facts: Facts, *, flags_changed: bool = False) -> None:
        """One message of FETCH. flags_changed: it has just become \\Seen, and the client has to be told."""
        assert isinstance(self._asked, events.FetchAsked)
        items = self._asked.items
        flags = FetchItem("FLAGS")
        if flags_changed and flags not in items:
            items = (*items, flags)
        self._out += answers.fetched(number, facts, items)

    def flags(self, number: int, uid: int, flags: Flags) -> None:
        """A message's flags are these now; \\Recent included where the session shows it."""
        self._out += answers.flags_of(number, flags, uid=uid if self._verb.startswith("UID ") else 0)

    def notify(self, notices: Iterable[Notice]) -> None:
        """What happened to the mailbox, as View.refresh says it. Raises LocalProtocolError for a Gone where numbers
        must not move."""
        for notice in notices:
            if isinstance(notice, Gone):
                if not self.may_expunge:
                    raise LocalProtocolError("EXPUNGE may not be said now")
                self._out += answers.counted(notice.number, b"EXPUNGE")
            elif isinstance(notice, FlagsChanged):
                self.flags(notice.number, notice.uid, notice.flags)
            else:
                self._out += answers.counted(notice.exists, b"EXISTS") + answers.counted(notice.recent, b"RECENT")

    # Commands -------------------------------------------------------------------------------------------------------

    @property
    def _verb(self) -> str:
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
            _check_octets(line)
            self._read_verb(command, line[found.end() :])
        else:
            self._check_line(raw)
            _check_octets(line)
            command.arguments += CRLF + self._intake.literal() + line
        try:
            event = table.COMMANDS[command.verb].parse(bytes(command.arguments))
        except LiteralAwaited as awaited:
            self._begin_literal(command, awaited)
            return None
        except GrammarError as wrong:
            wrong.fields.setdefault("syntax", f"tag {table.COMMANDS[command.verb].syntax}")
            raise
        return self._settle(event)

    def _check_line(self, raw: bytes) -> None:
        if self._intake.overlong:
            raise RemoteProtocolError("BAD.line_too_long", limit=str(table.LINE_LIMIT))
        wrong = bare_line_end(raw)
        if wrong:
            raise RemoteProtocolError("BAD.bare_lf" if wrong == "wire.bare_lf" else "BAD.bare_cr")

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
                raise RemoteProtocolError("BAD.syntax", syntax="tag UID FETCH|SEARCH|STORE|COPY|EXPUNGE ...")
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
            raise RemoteProtocolError("BAD.literal_plus")
        command.literals += 1
        self._intake.expect(awaited.size)

    def _settle(self, event: object) -> object | None:
        """Answers what needs no knowledge of the world; gives the event otherwise."""
        match event:
            case events.CapabilityAsked():
                self._out += answers.line(b"CAPABILITY", self._offered().encode("ascii"))
            case events.NamespaceAsked():
                self._out += answers.namespace(self.delimiter)
            case events.IdGiven():
                self._out += answers.identification({"name": "mailtutor", "version": __version__})
            case events.ListAsked(pattern=""):
                # A special request for the delimiter (RFC 3501 §6.3.8).
                self.listed(Listing("", ("\\Noselect",)))
            case events.LogoutAsked():
                self._say(b"*", "BYE.logout", {})
            case events.AuthenticateBegun():
                return self._begin_authentication(event)
            case events.LoginAttempted() if "LOGINDISABLED" in self.capabilities:
                raise RemoteProtocolError("NO.privacy")
            case events.CloseAsked(expunge=True) if self.read_only:
                return events.CloseAsked(expunge=False)
            case events.CreateAsked():
                return replace(event, mailbox=event.mailbox.removesuffix(self.delimiter))
            case _:
                return event
        self._finish("OK.completed", {})
        return None

    # Authentication (RFC 3501 §6.2.2) and IDLE (RFC 2177) -----------------------------------------------------------

    def _begin_authentication(self, begun: events.AuthenticateBegun) -> object | None:
        if f"AUTH={begun.mechanism}" not in self.capabilities:
            raise RemoteProtocolError("NO.mechanism", mechanism=begun.mechanism[:40])
        self._mechanism = begun.mechanism
        if begun.initial is None:
            self._finish("+.challenge", {"challenge": ""})
            return None
        if "SASL-IR" not in self.capabilities:
            raise RemoteProtocolError("BAD.no_initial_response")
        return plain_credentials(b"" if begun.initial == b"=" else begun.initial)

    def _read_response(self, raw: bytes) -> object | None:
        self._check_line(raw)
        response = raw.removesuffix(CRLF)
        if response == b"*":
            raise RemoteProtocolError("BAD.cancelled")
        return plain_credentials(response)

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
        names = self.capabilities
        if self.username:
            names = tuple(name for name in names if not name.startswith(table.ONLY_BEFORE_LOGIN))
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
        known = {"host": self.host, "verb": self._verb, "username": self.username}
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


def _check_octets(line: bytes) -> None:
    """What stands outside of literals is 7-bit text (RFC 3501 §9, CHAR)."""
    if b"\0" in line:
        raise RemoteProtocolError("BAD.nul")
    if not line.isascii():
        raise RemoteProtocolError("BAD.eight_bit")


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")


def _harmless(name: str, value: str) -> str:
    """A value for a reply's words: they are 7-bit text (RFC 3501 §9), and no line end may be smuggled in."""
    return encode_name(value).decode("ascii") if name == "mailbox" else _UNPRINTABLE.sub("?", value)
