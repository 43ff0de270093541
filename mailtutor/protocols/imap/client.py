"""The client's side of an IMAP session.

    client = ImapClient()
    client.receive_data(b"* OK IMAP4rev1 Service Ready\\r\\n")
    client.next_event()                               # Greeted(Status("OK", ...))
    socket.sendall(client.login("bob", "secret"))     # later: Completed("LOGIN", "a1", Status("OK", ...))

Methods give the bytes of a command to send now. Where the server has to agree first (a literal, an AUTHENTICATE
without SASL-IR), the rest comes with the event GoOn, to be sent then. With LITERAL+ nothing waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA, Signal
from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.flags import Flags, ordered
from mailtutor.protocols.imap.formats import date_time, flag_list, literal, mailbox_name, string
from mailtutor.protocols.imap.mailbox import encode_name
from mailtutor.protocols.imap.responses import (
    Completed,
    DataGiven,
    Event,
    GoOn,
    Greeted,
    Status,
    Told,
    not_an_answer,
    parse_data,
    parse_status,
)
from mailtutor.protocols.imap.sasl import plain_response
from mailtutor.protocols.lines import CRLF, LineReader

_LINE_LIMIT = 1024 * 1024
# A message a server wants to give us.
_LITERAL_LIMIT = 256 * 1024 * 1024
_ANNOUNCED = re.compile(rb"\{(\d{1,19})\}\r?\n\Z")
_SIGNS = {"set": "", "add": "+", "remove": "-"}


class ImapClient:
    """One session. capabilities: in capitals, as far as the server has told them."""

    def __init__(self) -> None:
        self.state = table.CONNECT
        self.capabilities: frozenset[str] = frozenset()
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

    def login(self, username: str, password: str) -> bytes:
        """LOGIN."""
        return self._command("LOGIN", string(username.encode()), string(password.encode()))

    def authenticate_plain(self, username: str, password: str) -> bytes:
        """AUTHENTICATE PLAIN (RFC 4616), at once where the server offers SASL-IR."""
        response = plain_response(username, password)
        if "SASL-IR" in self.capabilities:
            return self._command("AUTHENTICATE", b"PLAIN", response)
        sent = self._command("AUTHENTICATE", b"PLAIN")
        self._rest = [response + CRLF]
        return sent

    def list_mailboxes(self, reference: str = "", pattern: str = "*", *, subscribed: bool = False) -> bytes:
        """LIST, or LSUB."""
        arguments = [string(encode_name(name)) for name in (reference, pattern)]
        return self._command("LSUB" if subscribed else "LIST", *arguments)

    def create(self, mailbox: str) -> bytes:
        """CREATE."""
        return self._command("CREATE", mailbox_name(mailbox))

    def delete(self, mailbox: str) -> bytes:
        """DELETE."""
        return self._command("DELETE", mailbox_name(mailbox))

    def rename(self, mailbox: str, new_name: str) -> bytes:
        """RENAME."""
        return self._command("RENAME", mailbox_name(mailbox), mailbox_name(new_name))

    def status(self, mailbox: str, items: Iterable[str] = ("MESSAGES", "UNSEEN")) -> bytes:
        """STATUS."""
        return self._command("STATUS", mailbox_name(mailbox), b"(" + " ".join(items).encode() + b")")

    def select(self, mailbox: str, *, read_only: bool = False) -> bytes:
        """SELECT, or EXAMINE."""
        return self._command("EXAMINE" if read_only else "SELECT", mailbox_name(mailbox))

    def fetch(self, messages: str, items: str, *, by_uid: bool = False) -> bytes:
        """FETCH. messages: a sequence set ("1:*"). items: as the line has them ("(FLAGS ENVELOPE)")."""
        return self._command("UID FETCH" if by_uid else "FETCH", messages.encode(), items.encode())

    def fetch_headers(self, messages: str, *, by_uid: bool = False) -> bytes:
        """What a list of messages shows, and nothing that marks them \\Seen."""
        return self.fetch(messages, "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", by_uid=by_uid)

    def fetch_part(self, messages: str, section: str = "", *, peek: bool = True, by_uid: bool = False) -> bytes:
        """One section of a message ("" for all of it, "1", "HEADER"); \\Seen is set unless `peek`."""
        return self.fetch(messages, f"BODY{'.PEEK' if peek else ''}[{section}]", by_uid=by_uid)

    def store(self, messages: str, action: str, flags: Flags, *, silent: bool = False, by_uid: bool = False) -> bytes:
        """STORE. action: "set", "add" or "remove"."""
        name = f"{_SIGNS[action]}FLAGS{'.SILENT' if silent else ''}"
        verb = "UID STORE" if by_uid else "STORE"
        return self._command(verb, messages.encode(), name.encode(), b"(" + " ".join(ordered(flags)).encode() + b")")

    def copy(self, messages: str, mailbox: str, *, by_uid: bool = False) -> bytes:
        """COPY."""
        return self._command("UID COPY" if by_uid else "COPY", messages.encode(), mailbox_name(mailbox))

    def search(self, keys: str, *, by_uid: bool = False) -> bytes:
        """SEARCH. keys: as the line has them ("UNSEEN FROM alice")."""
        return self._command("UID SEARCH" if by_uid else "SEARCH", keys.encode())

    def expunge(self, uids: str = "") -> bytes:
        """EXPUNGE, or UID EXPUNGE of some."""
        return self._command("UID EXPUNGE", uids.encode()) if uids else self._command("EXPUNGE")

    def append(
        self, mailbox: str, content: bytes, flags: Flags = frozenset(), arrived: datetime | None = None
    ) -> bytes:
        """APPEND. content: a message whose lines end with CRLF."""
        arguments = [mailbox_name(mailbox)]
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
        if "LITERAL+" in self.capabilities:
            pieces = [b"".join(piece[:-3] + b"+}\r\n" for piece in pieces[:-1]) + pieces[-1]]
        self._pending[tag] = verb
        self._rest = pieces[1:]
        return pieces[0]

    # Answers --------------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        self._lines.feed(data)

    def next_event(self) -> Event | Signal:
        """The next whole response, or NEED_DATA. Raises RemoteProtocolError for what is none."""
        while True:
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

    def _whole(self) -> bytes:
        whole = bytes(self._response)
        self._response.clear()
        return whole

    def _read(self, raw: bytes) -> Event:
        if raw.startswith(b"+"):
            return self._go_on()
        tag, _, rest = raw.partition(b" ")
        status = parse_status(rest)
        if tag != b"*":
            return self._completed(tag.decode("ascii", "replace"), status, raw)
        if status is None:
            event = parse_data(rest)
            if isinstance(event, DataGiven) and event.name == "CAPABILITY":
                self._learn(value.decode("ascii", "replace") for value in event.values if isinstance(value, bytes))
            return event
        self._learn_from(status)
        if self.state == table.CONNECT:
            self.state = table.GREETINGS.get(status.code, self.state)
            return Greeted(status)
        if status.code == "BYE" and "LOGOUT" not in self._pending.values():
            self.state = table.LOGOUT
        return Told(status)

    def _go_on(self) -> GoOn:
        verb = next(reversed(self._pending.values()), "")
        if verb in ("AUTHENTICATE", "IDLE"):
            self.state = table.after(self.state, verb, "+")
        return GoOn(verb, self._rest.pop(0) if self._rest else b"")

    def _completed(self, tag: str, status: Status | None, raw: bytes) -> Completed:
        verb = self._pending.pop(tag, None)
        if status is None or verb is None or status.code not in ("OK", "NO", "BAD"):
            raise not_an_answer(raw)
        self._rest.clear()
        self._learn_from(status)
        self.state = table.after(self.state, verb, status.code)
        return Completed(verb, tag, status)

    def _learn_from(self, status: Status) -> None:
        name, rest = status.response
        if name == "CAPABILITY":
            self._learn(rest.split())

    def _learn(self, names: Iterable[str]) -> None:
        self.capabilities = frozenset(name.upper() for name in names)


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
