"""The client's side of an IMAP session.

    client = ImapClient()
    client.receive_data(b"* OK IMAP4rev1 Service Ready\\r\\n")
    client.next_event()                               # Greeted(Status("OK", ...))
    socket.sendall(client.login("bob", "secret"))     # later: Completed("LOGIN", "a1", Status("OK", ...))

Methods give the bytes of a command to send now. Where the server has to agree first (a literal, an AUTHENTICATE
without SASL-IR), the rest comes with the event GoOn, to be sent then. With LITERAL+ nothing waits, with LITERAL- no
short literal.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA, Signal
from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.flags import Flags, ordered
from mailtutor.protocols.imap.formats import date_time, flag_list, literal, mailbox_name, string
from mailtutor.protocols.imap.mailbox import encode_name
from mailtutor.protocols.imap.responses import (
    Completed,
    DataGiven,
    Enabled,
    Event,
    GoOn,
    Greeted,
    Status,
    Told,
    not_an_answer,
    parse_data,
    parse_status,
)
from mailtutor.protocols.lines import CRLF, LineReader
from mailtutor.protocols.sasl.mechanisms import SaslError, ScramClient, plain_response

_LINE_LIMIT = 1024 * 1024
# A message a server wants to give us.
_LITERAL_LIMIT = 256 * 1024 * 1024
_ANNOUNCED = re.compile(rb"\{(\d{1,19})\}\r?\n\Z")
_SIGNS = {"set": "", "add": "+", "remove": "-"}
_UTF8 = frozenset({"UTF8=ACCEPT", "IMAP4REV2"})
# With one of these a short literal need not wait (RFC 7888 §5, RFC 9051 §4.3).
_SHORT_LITERALS = frozenset({"LITERAL-", "IMAP4REV2"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a client remembers of a mailbox when it opens it again (QRESYNC, RFC 7162 §3.2.5): UIDVALIDITY, the highest
    modification sequence, and the UIDs it has ("1:9,12"), "" for whatever there may be."""

    uid_validity: int
    modseq: int
    uids: str = ""


class ImapClient:
    """One session. capabilities: in capitals, as far as the server has told them. enabled: what ENABLE has switched on,
    in capitals."""

    def __init__(self) -> None:
        self.state = table.CONNECT
        self.capabilities: frozenset[str] = frozenset()
        self.enabled: frozenset[str] = frozenset()
        self._scram: _Scram | None = None
        self._pending: dict[str, str] = {}
        self._count = 0
        self._rest: list[bytes] = []
        self._lines = LineReader(_LINE_LIMIT)
        # The response being read, and what is left of the literal in it.
        self._response = bytearray()
        self._left = 0

    # Commands -------------------------------------------------------------------------------------------------------

    def capability(self) -> bytes:
        """CAPABILITY."""
        return self._command("CAPABILITY")

    def noop(self) -> bytes:
        """NOOP."""
        return self._command("NOOP")

    def logout(self) -> bytes:
        """LOGOUT."""
        return self._command("LOGOUT")

    def id(self, **facts: str) -> bytes:
        """ID: who we are, in a few words; NIL without any (RFC 2971)."""
        pairs = [string(text.encode()) for pair in facts.items() for text in pair]
        return self._command("ID", b"(" + b" ".join(pairs) + b")" if pairs else b"NIL")

    def starttls(self) -> bytes:
        """STARTTLS. Once it is completed: the handshake, then `tls_started`."""
        return self._command("STARTTLS")

    def login(self, username: str, password: str) -> bytes:
        """LOGIN."""
        return self._command("LOGIN", string(username.encode()), string(password.encode()))

    def authenticate_plain(self, username: str, password: str) -> bytes:
        """AUTHENTICATE PLAIN (RFC 4616), at once where the server offers SASL-IR."""
        response = b64encode(plain_response(username, password))
        if "SASL-IR" in self.capabilities:
            return self._command("AUTHENTICATE", b"PLAIN", response)
        sent = self._command("AUTHENTICATE", b"PLAIN")
        self._rest = [response + CRLF]
        return sent

    def authenticate_scram(self, username: str, password: str, nonce: str) -> bytes:
        """AUTHENTICATE SCRAM-SHA-256 (RFC 7677): the password is never said, and the server has to prove that it knows
        it, too. nonce: printable, without a comma, new each time."""
        scram = ScramClient(username, password, nonce)
        first = b64encode(scram.first())
        if "SASL-IR" in self.capabilities:
            sent = self._command("AUTHENTICATE", b"SCRAM-SHA-256", first)
        else:
            sent = self._command("AUTHENTICATE", b"SCRAM-SHA-256")
            self._rest = [first + CRLF]
        self._scram = _Scram(scram)
        return sent

    def enable(self, *names: str) -> bytes:
        """ENABLE (RFC 5161)."""
        return self._command("ENABLE", *(name.encode() for name in names))

    def namespace(self) -> bytes:
        """NAMESPACE (RFC 2342)."""
        return self._command("NAMESPACE")

    def list_mailboxes(self, reference: str = "", pattern: str = "*", *, subscribed: bool = False) -> bytes:
        """LIST, or LSUB."""
        encode = str.encode if self._speaks_utf8 else encode_name
        arguments = [string(encode(name)) for name in (reference, pattern)]
        return self._command("LSUB" if subscribed else "LIST", *arguments)

    def create(self, mailbox: str) -> bytes:
        """CREATE."""
        return self._command("CREATE", self._name(mailbox))

    def delete(self, mailbox: str) -> bytes:
        """DELETE."""
        return self._command("DELETE", self._name(mailbox))

    def rename(self, mailbox: str, new_name: str) -> bytes:
        """RENAME."""
        return self._command("RENAME", self._name(mailbox), self._name(new_name))

    def status(self, mailbox: str, items: Iterable[str] = ("MESSAGES", "UNSEEN")) -> bytes:
        """STATUS. items: also HIGHESTMODSEQ, SIZE, DELETED where the server has them."""
        return self._command("STATUS", self._name(mailbox), b"(" + " ".join(items).encode() + b")")

    def getquota(self, root: str = "") -> bytes:
        """GETQUOTA of a quota root (RFC 9208 §4.1.1)."""
        return self._command("GETQUOTA", string(root.encode()))

    def getquotaroot(self, mailbox: str) -> bytes:
        """GETQUOTAROOT: the quota roots of a mailbox, and their quotas."""
        return self._command("GETQUOTAROOT", self._name(mailbox))

    def select(
        self, mailbox: str, *, read_only: bool = False, condstore: bool = False, known: Known | None = None
    ) -> bytes:
        """SELECT, or EXAMINE. condstore: flags are told with their modification sequence from now on. known: what the
        client has already; QRESYNC must be enabled."""
        verb = "EXAMINE" if read_only else "SELECT"
        if known is not None:
            facts = " ".join(filter(None, (str(known.uid_validity), str(known.modseq), known.uids)))
            return self._command(verb, self._name(mailbox), f"(QRESYNC ({facts}))".encode())
        return self._command(verb, self._name(mailbox), *([b"(CONDSTORE)"] if condstore else []))

    def fetch(
        self, messages: str, items: str, *, by_uid: bool = False, changed_since: int = 0, vanished: bool = False
    ) -> bytes:
        """FETCH. messages: a sequence set ("1:*"). items: as the line has them ("(FLAGS ENVELOPE)"). changed_since:
        only what has a higher modification sequence. vanished: and what is gone since then; of UID FETCH where QRESYNC
        is enabled (RFC 7162 §3.2.6)."""
        verb = "UID FETCH" if by_uid else "FETCH"
        arguments = [messages.encode(), items.encode()]
        if changed_since or vanished:
            arguments.append(f"(CHANGEDSINCE {changed_since}{' VANISHED' if vanished else ''})".encode())
        return self._command(verb, *arguments)

    def fetch_headers(self, messages: str, *, by_uid: bool = False) -> bytes:
        """What a list of messages shows, and nothing that marks them \\Seen."""
        return self.fetch(messages, "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", by_uid=by_uid)

    def fetch_part(self, messages: str, section: str = "", *, peek: bool = True, by_uid: bool = False) -> bytes:
        """One section of a message ("" for all of it, "1", "HEADER"); \\Seen is set unless `peek`."""
        return self.fetch(messages, f"BODY{'.PEEK' if peek else ''}[{section}]", by_uid=by_uid)

    def store(
        self,
        messages: str,
        action: str,
        flags: Flags,
        *,
        silent: bool = False,
        by_uid: bool = False,
        unchanged_since: int | None = None,
    ) -> bytes:
        """STORE. action: "set", "add" or "remove". unchanged_since: not of a message that has a higher modification
        sequence; those are told with MODIFIED (RFC 7162 §3.1.3)."""
        name = f"{_SIGNS[action]}FLAGS{'.SILENT' if silent else ''}"
        verb = "UID STORE" if by_uid else "STORE"
        unchanged = [] if unchanged_since is None else [f"(UNCHANGEDSINCE {unchanged_since})".encode()]
        listed = b"(" + " ".join(ordered(flags)).encode() + b")"
        return self._command(verb, messages.encode(), *unchanged, name.encode(), listed)

    def copy(self, messages: str, mailbox: str, *, by_uid: bool = False) -> bytes:
        """COPY."""
        return self._command("UID COPY" if by_uid else "COPY", messages.encode(), self._name(mailbox))

    def move(self, messages: str, mailbox: str, *, by_uid: bool = False) -> bytes:
        """MOVE (RFC 6851)."""
        return self._command("UID MOVE" if by_uid else "MOVE", messages.encode(), self._name(mailbox))

    def search(self, keys: str, *, by_uid: bool = False, returns: Sequence[str] | None = None) -> bytes:
        """SEARCH. keys: as the line has them ("UNSEEN FROM alice"). returns: what is wanted of the result ("COUNT"),
        none of them for ALL (RFC 4731)."""
        return self._command("UID SEARCH" if by_uid else "SEARCH", *_returning(returns), keys.encode())

    def sort(
        self,
        criteria: str,
        keys: str = "ALL",
        *,
        charset: str = "UTF-8",
        by_uid: bool = False,
        returns: Sequence[str] | None = None,
    ) -> bytes:
        """SORT (RFC 5256). criteria: as the line has them ("REVERSE DATE"). returns: as in `search`."""
        verb = "UID SORT" if by_uid else "SORT"
        return self._command(verb, *_returning(returns), f"({criteria})".encode(), charset.encode(), keys.encode())

    def expunge(self, uids: str = "") -> bytes:
        """EXPUNGE, or UID EXPUNGE of some."""
        return self._command("UID EXPUNGE", uids.encode()) if uids else self._command("EXPUNGE")

    def append(
        self, mailbox: str, content: bytes, flags: Flags = frozenset(), arrived: datetime | None = None
    ) -> bytes:
        """APPEND. content: a message whose lines end with CRLF."""
        arguments = [self._name(mailbox)]
        if flags:
            arguments.append(flag_list(flags))
        if arrived is not None:
            arguments.append(date_time(arrived))
        return self._command("APPEND", *arguments, literal(content))

    def close(self) -> bytes:
        """CLOSE: expunges silently."""
        return self._command("CLOSE")

    def unselect(self) -> bytes:
        """UNSELECT: leaves the mailbox as it is."""
        return self._command("UNSELECT")

    def idle(self) -> bytes:
        """IDLE; ended by `done`."""
        return self._command("IDLE")

    def done(self) -> bytes:
        """DONE."""
        if "DONE" not in table.MOVES[self.state]:
            raise LocalProtocolError("DONE is said only in IDLE")
        return b"DONE\r\n"

    def _command(self, verb: str, *arguments: bytes) -> bytes:
        if self._rest:
            raise LocalProtocolError(f"{verb} cannot be said inside another command")
        self._count += 1
        tag = f"a{self._count}"
        pieces = _pieces(b" ".join([tag.encode(), verb.encode(), *arguments]) + CRLF)
        pieces = self._joined(pieces)
        self._scram = None
        self._pending[tag] = verb
        self._rest = pieces[1:]
        return pieces[0]

    def _joined(self, pieces: list[bytes]) -> list[bytes]:
        """The pieces of a command with those put together between which nobody has to wait (RFC 7888 §3, §5)."""
        waits_not = -1
        if "LITERAL+" in self.capabilities:
            waits_not = _LITERAL_LIMIT
        elif self.capabilities & _SHORT_LITERALS:
            waits_not = table.LITERAL_MINUS_LIMIT
        found = [pieces[0]]
        for before, piece in pairwise(pieces):
            announced = _ANNOUNCED.search(before)
            assert announced is not None
            if int(announced[1]) <= waits_not:
                found[-1] = found[-1][:-3] + b"+}\r\n" + piece
            else:
                found.append(piece)
        return found

    def _name(self, mailbox: str) -> bytes:
        return mailbox_name(mailbox, utf8=self._speaks_utf8)

    @property
    def _speaks_utf8(self) -> bool:
        return bool(self.enabled & _UTF8)

    # Answers --------------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        self._lines.feed(data)

    def tls_started(self) -> None:
        """TLS stands: what was said in clear behind the answer to STARTTLS must not be heard, nor what was offered
        before it (RFC 3501 §6.2.1)."""
        if self.state != table.TLS:
            raise LocalProtocolError("TLS was not agreed on")
        self._lines.rest()
        self.capabilities = frozenset()
        self.state = table.NOT_AUTHENTICATED

    def next_event(self) -> Event | Signal:
        """The next whole response, or NEED_DATA. Raises RemoteProtocolError for what is none."""
        while self.state != table.TLS:
            if self._left:
                got = self._lines.take(self._left)
                self._response += got
                self._left -= len(got)
                if self._left:
                    return NEED_DATA
            raw = self._lines.line()
            if raw is None:
                return NEED_DATA
            if self._lines.overlong:
                raise not_an_answer(raw)
            is_first = not self._response
            self._response += raw
            # Only data carries literals; the words of a status may end with anything.
            if is_first and (not raw.startswith(b"* ") or parse_status(raw[2:]) is not None):
                return self._read(self._whole())
            announced = _ANNOUNCED.search(raw, max(0, len(raw) - 32))
            if announced is None:
                return self._read(self._whole())
            self._left = int(announced[1])
            if self._left + len(self._response) > _LITERAL_LIMIT:
                raise RemoteProtocolError("client.literal_too_long", limit=str(_LITERAL_LIMIT))
        return NEED_DATA

    def _whole(self) -> bytes:
        whole = bytes(self._response)
        self._response.clear()
        return whole

    def _read(self, raw: bytes) -> Event:
        if raw.startswith(b"+"):
            return self._go_on(raw[1:].strip())
        tag, _, rest = raw.partition(b" ")
        status = parse_status(rest)
        if tag != b"*":
            return self._completed(tag.decode("ascii", "replace"), status, raw)
        if status is None:
            event = parse_data(rest)
            if isinstance(event, DataGiven) and event.name == "CAPABILITY":
                self._learn(value.decode("ascii", "replace") for value in event.values if isinstance(value, bytes))
            elif isinstance(event, Enabled):
                self.enabled |= event.names
            return event
        self._learn_from(status)
        if self.state == table.CONNECT:
            self.state = table.GREETINGS.get(status.code, self.state)
            return Greeted(status)
        if status.code == "BYE" and "LOGOUT" not in self._pending.values():
            self.state = table.LOGOUT
        return Told(status)

    def _go_on(self, challenge: bytes) -> GoOn:
        verb = next(reversed(self._pending.values()), "")
        if verb in ("AUTHENTICATE", "IDLE"):
            self.state = table.after(self.state, verb, "+")
        if self._scram is not None and not self._rest:
            return GoOn(verb, self._scram.answer(challenge))
        return GoOn(verb, self._rest.pop(0) if self._rest else b"")

    def _completed(self, tag: str, status: Status | None, raw: bytes) -> Completed:
        verb = self._pending.pop(tag, None)
        if status is None or verb is None or status.code not in ("OK", "NO", "BAD"):
            raise not_an_answer(raw)
        self._rest.clear()
        if self._scram is not None and verb == "AUTHENTICATE":
            if status.code == "OK" and not self._scram.is_proven:
                # Whoever does not know the password and says OK all the same is not our server.
                raise not_an_answer(raw)
            self._scram = None
        self._learn_from(status)
        self.state = table.after(self.state, verb, status.code)
        return Completed(verb, tag, status)

    def _learn_from(self, status: Status) -> None:
        name, rest = status.response
        if name == "CAPABILITY":
            self._learn(rest.split())

    def _learn(self, names: Iterable[str]) -> None:
        self.capabilities = frozenset(name.upper() for name in names)


class _Scram:
    """The client's part in an exchange that the server leads. is_proven: the server knows the password."""

    def __init__(self, scram: ScramClient) -> None:
        self._scram = scram
        self._is_final = False
        self.is_proven = False

    def answer(self, challenge: bytes) -> bytes:
        """The line that answers a challenge; `*`, which breaks off, to one that makes no sense (RFC 3501 §6.2.2)."""
        try:
            said = b64decode(challenge, validate=True)
            if not self._is_final:
                self._is_final = True
                return b64encode(self._scram.final(said)) + CRLF
            self._scram.verify(said)
        except (SaslError, ValueError):
            return b"*" + CRLF
        self.is_proven = True
        return CRLF


def _returning(returns: Sequence[str] | None) -> list[bytes]:
    return [] if returns is None else [f"RETURN ({' '.join(returns)})".encode()]


def _pieces(command: bytes) -> list[bytes]:
    """A command cut after each line that announces a literal: there the client has to wait."""
    pieces: list[bytes] = []
    start = at = 0
    while (end := command.find(CRLF, at) + 2) > 1:
        announced = _ANNOUNCED.search(command, max(at, end - 32), end)
        if announced is None:
            break
        pieces.append(command[start:end])
        start = end
        at = end + int(announced[1])
    pieces.append(command[start:])
    return pieces
