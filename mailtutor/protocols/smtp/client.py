"""The client's side of an SMTP session.

    client = SmtpClient()
    client.receive_data(b"220 hamburger.edu\\r\\n")
    client.next_event()                              # ReplyReceived("", Reply(220 …))
    socket.sendall(client.hello("crepes.fr"))        # EHLO; after a 5yz answer say helo()

Methods give the bytes of a command and remember that an answer is due; `next_event` pairs answers with commands, so
commands may be sent in groups where the server offers PIPELINING. courier.py says all of it in the right order.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA, Signal
from mailtutor.protocols.lines import LineReader, stuff
from mailtutor.protocols.sasl import mechanisms as sasl
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.xtext import ascii_orcpt, to_orcpt, to_xtext
from mailtutor.protocols.spec import Outcome, Wording

_REPLY = re.compile(rb"([2-5][0-9][0-9])([ \-]?)([^\r\n]*)")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")
_KEYWORD = re.compile(r"([^ =]+)[ =]?(.*)")
_LINE_LIMIT = 4096
# Octets of one reply, all its lines together: far more than any server says, and no more than we keep.
_REPLY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServerReply:
    """A whole reply: its code and the words of each line."""

    code: str
    lines: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """What the first digit says."""
        return table.outcome_of(self.code)

    @property
    def status(self) -> str:
        """The enhanced status code it carries, or "" (RFC 2034)."""
        found = _STATUS.match(self.lines[-1]) if self.lines else None
        return found.group() if found else ""

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.lines)}".strip()


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """An answer. verb: the command it answers; "" for the greeting, "." for the end of a message."""

    verb: str
    reply: ServerReply


@dataclass(slots=True)
class SmtpClient:
    """One session. wording CLASSIC writes commands as the textbook does (`MAIL FROM: <…>`, no parameters)."""

    wording: Wording = Wording.EXTENDED
    extensions: dict[str, str] = field(default_factory=dict)
    state: str = table.CONNECT
    _due: deque[str] = field(default_factory=lambda: deque([""]))
    _lines: LineReader = field(default_factory=lambda: LineReader(_LINE_LIMIT))
    _partial: list[str] = field(default_factory=list)
    _partial_octets: int = 0
    _login: _Login | None = None

    # Who we are -------------------------------------------------------------------------------------------------

    def hello(self, name: str) -> bytes:
        """EHLO."""
        return self._command("EHLO", name)

    def helo(self, name: str) -> bytes:
        """HELO, for a server that does not know EHLO (RFC 5321 §3.2)."""
        return self._command("HELO", name)

    def starttls(self) -> bytes:
        """STARTTLS; after 220 begin TLS and say `tls_started`."""
        return self._command("STARTTLS")

    def tls_started(self) -> None:
        """TLS stands: what the server said in clear is forgotten, also what it said too early (RFC 3207 §4.2)."""
        if self.state != table.TLS:
            raise LocalProtocolError("TLS was not agreed on")
        self._lines = LineReader(_LINE_LIMIT)
        self._forget_partial()
        self.extensions = {}
        self.state = table.WAIT

    def mechanisms(self) -> tuple[str, ...]:
        """The login methods the server lists, in its order."""
        return tuple(self.extensions.get("AUTH", "").upper().split())

    def auth_plain(self, username: str, password: str) -> bytes:
        """AUTH PLAIN with its initial response (RFC 4616)."""
        return self.auth("PLAIN", username, password)

    def auth(self, mechanism: str, username: str, password: str, nonce: str = "") -> bytes:
        """AUTH; a 334 is answered with `respond`. nonce: for SCRAM, printable, new each time."""
        self._login = _Login(mechanism, username, password, nonce)
        initial = self._login.initial()
        response = "" if initial is None else " " + (b64encode(initial).decode() or "=")
        return self._command("AUTH", mechanism + response)

    def respond(self, challenge: ServerReply) -> bytes:
        """The answer to a 334; "*" where the challenge makes no sense, which ends the exchange with 501."""
        if self.state != table.AUTH or self._login is None:
            raise LocalProtocolError("no challenge to respond to")
        self._due.append("AUTH")
        try:
            response = self._login.respond(b64decode("".join(challenge.lines), validate=True))
        except (sasl.SaslError, ValueError):
            return b"*\r\n"
        return b64encode(response) + b"\r\n"

    # A message --------------------------------------------------------------------------------------------------

    def mail(
        self,
        sender: str,
        *,
        size: int = 0,
        body: str = "",
        utf8: bool = False,
        ret: str = "",
        envid: str = "",
        auth: str = "",
        release: str = "",
    ) -> bytes:
        """MAIL. Each parameter is said where it is given and the server offers its extension. auth: the address that
        first submitted the message. release: `HOLDFOR=seconds` or `HOLDUNTIL=date-time`."""
        offered = self.extensions
        eight_bit = "BINARYMIME" if body == "BINARYMIME" else "8BITMIME"
        said = (
            (f"SIZE={size}", size and "SIZE" in offered),
            (f"BODY={body}", body and eight_bit in offered),
            (f"AUTH={to_xtext(auth)}", auth and "AUTH" in offered),
            ("SMTPUTF8", utf8 and "SMTPUTF8" in offered),
            (f"RET={ret}", ret and "DSN" in offered),
            (f"ENVID={to_xtext(envid)}", envid and "DSN" in offered),
            (release, release and "FUTURERELEASE" in offered),
        )
        return self._path("MAIL", "FROM", sender, [text for text, wanted in said if wanted])

    def rcpt(self, recipient: str, *, notify: Collection[str] = (), original: str = "") -> bytes:
        """RCPT. notify: NEVER, or some of SUCCESS, FAILURE, DELAY. original: the address first written, or ORCPT's
        value as it came, `type;address`: that goes on unchanged (RFC 3461 §4.2)."""
        parameters = []
        if "DSN" in self.extensions:
            order = ("NEVER", "SUCCESS", "FAILURE", "DELAY")
            if notify:
                parameters.append("NOTIFY=" + ",".join(word for word in order if word in notify))
            if original:
                value = original if ";" in original else to_orcpt(original)
                parameters.append(f"ORCPT={value if 'SMTPUTF8' in self.extensions else ascii_orcpt(value)}")
        return self._path("RCPT", "TO", recipient, parameters)

    def data(self) -> bytes:
        """DATA."""
        return self._command("DATA")

    def message(self, content: bytes) -> bytes:
        """The message, dots stuffed, and its final dot; only after 354. content's lines end with CRLF."""
        if self.state != table.DATA:
            raise LocalProtocolError(f"a message cannot be sent in state {self.state}")
        self._due.append(table.END)
        return stuff(content)

    def bdat(self, chunk: bytes, *, last: bool) -> bytes:
        """BDAT and its octets (RFC 3030)."""
        self._due.append("BDAT" if last else table.CHUNK)
        return b"BDAT %d%b\r\n" % (len(chunk), b" LAST" if last else b"") + chunk

    # The rest ---------------------------------------------------------------------------------------------------

    def rset(self) -> bytes:
        """RSET."""
        return self._command("RSET")

    def noop(self) -> bytes:
        """NOOP."""
        return self._command("NOOP")

    def vrfy(self, word: str) -> bytes:
        """VRFY, with SMTPUTF8 where the server offers it."""
        return self._command("VRFY", word + (" SMTPUTF8" if "SMTPUTF8" in self.extensions else ""))

    def expn(self, word: str) -> bytes:
        """EXPN, with SMTPUTF8 where the server offers it."""
        return self._command("EXPN", word + (" SMTPUTF8" if "SMTPUTF8" in self.extensions else ""))

    def etrn(self, node: str) -> bytes:
        """ETRN (RFC 1985)."""
        return self._command("ETRN", node)

    def quit(self) -> bytes:
        """QUIT."""
        return self._command("QUIT")

    def limit(self, name: str) -> int:
        """What LIMITS says of RCPTMAX, MAILMAX or RCPTDOMAINMAX; 0 where it says nothing (RFC 9422)."""
        told = dict(word.partition("=")[::2] for word in self.extensions.get("LIMITS", "").upper().split())
        value = told.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else 0

    # Answers ----------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        if self.state != table.TLS:
            self._lines.feed(data)

    def next_event(self) -> ReplyReceived | Signal:
        """The next whole reply, or NEED_DATA. Raises RemoteProtocolError for what is no reply."""
        while self.state != table.TLS and (raw := self._lines.line()) is not None:
            found = _REPLY.match(raw)
            if found is None:
                raise RemoteProtocolError("client.not_a_reply", line=raw[:80].decode("ascii", "replace"))
            self._partial_octets += len(raw)
            if self._partial_octets > _REPLY_LIMIT:
                raise RemoteProtocolError("client.not_a_reply", line=f"a reply of more than {_REPLY_LIMIT} octets")
            self._partial.append(found[3].decode("utf-8", "replace"))
            if found[2] == b"-":
                continue
            reply = ServerReply(found[1].decode(), tuple(self._partial))
            self._forget_partial()
            verb = self._due.popleft() if self._due else ""
            self._move(verb, reply)
            return ReplyReceived("BDAT" if verb == table.CHUNK else verb, reply)
        return NEED_DATA

    def _forget_partial(self) -> None:
        self._partial.clear()
        self._partial_octets = 0

    @property
    def awaited(self) -> str:
        """The command whose answer is due next; "" for the greeting, and where none is due."""
        return self._due[0].partition(" ")[0] if self._due else ""

    def _move(self, verb: str, reply: ServerReply) -> None:
        if reply.code in table.CLOSING:
            self.state = table.CLOSED
        elif verb == "":
            self.state = table.WAIT if reply.outcome is Outcome.SUCCESS else self.state
        elif verb == "DATA" and reply.outcome is Outcome.GO_ON:
            # A server may say so although it took no recipient (RFC 2920 §3.1).
            self.state = table.DATA
        else:
            self.state = table.TABLE.after(self.state, verb, reply.outcome)
        if verb in ("EHLO", "HELO") and reply.outcome is Outcome.SUCCESS:
            self.extensions = {}
            for line in reply.lines[1:] if verb == "EHLO" else ():
                # "AUTH=LOGIN" is how some servers wrote it before there was a standard.
                found = _KEYWORD.match(line)
                if found is not None:
                    self.extensions.setdefault(found[1].upper(), found[2])

    def _path(self, verb: str, keyword: str, path: str, parameters: list[str]) -> bytes:
        space = " " if self.wording is Wording.CLASSIC else ""
        return self._command(verb, " ".join([f"{keyword}:{space}<{path}>", *parameters]))

    def _command(self, verb: str, arguments: str = "") -> bytes:
        line = f"{verb} {arguments}".rstrip()
        if "\r" in line or "\n" in line:
            raise LocalProtocolError(f"{verb} cannot carry a line end")
        self._due.append(verb)
        return line.encode() + b"\r\n"


class _Login:
    """The client's side of one AUTH exchange."""

    def __init__(self, mechanism: str, username: str, password: str, nonce: str) -> None:
        if mechanism not in sasl.MECHANISMS:
            raise LocalProtocolError(f"no such login method: {mechanism}")
        self._mechanism = mechanism
        self._username = username
        self._password = password
        self._scram = sasl.ScramClient(username, password, nonce)
        self._step = 0

    def initial(self) -> bytes | None:
        """What is sent with the command, or None where the server speaks first."""
        if self._mechanism == "PLAIN":
            return sasl.plain_response(self._username, self._password)
        return self._scram.first() if self._mechanism == "SCRAM-SHA-256" else None

    def respond(self, challenge: bytes) -> bytes:
        """Raises SaslError."""
        self._step += 1
        if self._mechanism == "CRAM-MD5" and self._step == 1:
            return sasl.cram_response(self._username, self._password, challenge)
        if self._mechanism == "LOGIN" and self._step <= 2:
            return (self._username if self._step == 1 else self._password).encode()
        if self._mechanism == "SCRAM-SHA-256" and self._step == 1:
            return self._scram.final(challenge)
        if self._mechanism == "SCRAM-SHA-256" and self._step == 2:
            self._scram.verify(challenge)
            return b""
        raise sasl.SaslError("one challenge too many")
