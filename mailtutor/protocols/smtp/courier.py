"""Carries letters over one connection: everything a client says, in the right order, as the server allows.

    courier = Courier(Policy("crepes.fr", tls=Tls.OFFERED))
    courier.send(Letter("alice@crepes.fr", (Recipient("bob@hamburger.edu"),), b"Subject: hi\\r\\n\\r\\nhi\\r\\n"))
    courier.finish()                            # QUIT when all is sent
    courier.receive_data(b"220 hamburger.edu\\r\\n")
    courier.next_event()                        # NEED_DATA, CLOSE, StartTls, Weighed or LetterDone
    courier.data_to_send()                      # b"EHLO crepes.fr\\r\\n"

What is said when is written as one conversation (`_talk` and below): it stops wherever an answer is due and goes on
with it. What a server cannot carry is not tried: the outcome says so, as if the server had refused it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from mailtutor.errors import LocalProtocolError, RemoteProtocolError, Sentence
from mailtutor.message.seven_bit import NoSevenBitError, seven_bit
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Signal, StartTls
from mailtutor.protocols.sasl import mechanisms as sasl
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.client import ReplyReceived, ServerReply, SmtpClient
from mailtutor.protocols.smtp.needs import Load, Needs
from mailtutor.protocols.spec import Outcome, Wording

# Why we end a conversation ourselves.
_CLOSED = Sentence("the server closed the connection", "error.delivery.closed")
_SHAKEN_OFF = Sentence("the TLS handshake failed", "error.delivery.tls")
_NO_TLS = Sentence("TLS is required and the server does not offer it", "error.delivery.no_tls")
_NO_LOGIN = Sentence("the server offers no login method we know", "error.delivery.no_login")


class Tls(StrEnum):
    """When to use STARTTLS."""

    NEVER = "never"
    OFFERED = "offered"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a client behaves. name: said in EHLO. mechanism: "" for the best both sides know. nonce: for SCRAM, new for
    each connection. chunk_size: octets of a BDAT; 0 uses BDAT only where DATA cannot carry the message. lax_8bit: sends
    8-bit octets also to a server that does not offer 8BITMIME, as many programs do."""

    name: str
    wording: Wording = Wording.EXTENDED
    tls: Tls = Tls.NEVER
    username: str = ""
    password: str = ""
    mechanism: str = ""
    nonce: str = ""
    pipelining: bool = True
    chunk_size: int = 0
    lax_8bit: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who receives; notify and original as `SmtpClient.rcpt` has them."""

    address: str
    notify: Collection[str] = ()
    original: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its envelope. body, utf8: as its sender declared it, "" and False where he did not; needs.py says
    what comes of that. release: when the server may send it on, as `SmtpClient.mail` has it. mark: the caller's own,
    untouched."""

    sender: str
    recipients: tuple[Recipient, ...]
    content: bytes
    body: str = ""
    utf8: bool = False
    ret: str = ""
    envid: str = ""
    release: str = ""
    mark: object = None


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one recipient. verb: the command that decided it, or whose answer never came ("." may mean that
    the server has the message all the same); "" for the connection before the letter, or ourselves. reply: the
    server's, None where it was never asked. status: enhanced code, "" where nobody said one. left_over: nothing was
    tried, for the connection had carried all it may (RFC 9422 §4.1): there is room on the next."""

    recipient: Recipient
    outcome: Outcome
    verb: str
    reply: ServerReply | None
    status: str
    text: str
    left_over: bool = False


@dataclass(frozen=True, slots=True)
class LetterDone:
    """A letter is settled: one entry a recipient, in their order."""

    letter: Letter
    handed: tuple[Handed, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A letter's turn has come, and nothing of it is said yet. largest: octets of a message the server takes, 0 where
    it does not say (RFC 1870 §4)."""

    letter: Letter
    largest: int


class _Wait(Enum):
    """Why the conversation stands still."""

    REPLY = "a reply"
    WORK = "a letter"
    TLS = "the handshake"
    TURN = "whoever wants to know of a letter before it is sent"


class _Over(Exception):  # noqa: N818  (how a conversation ends early)
    """Nothing more can be sent on this connection."""

    def __init__(
        self, outcome: Outcome, text: str, reply: ServerReply | None = None, status: str = "", verb: str = ""
    ) -> None:
        super().__init__(text)
        self.verb = verb
        self.outcome = outcome
        self.text = text
        self.reply = reply
        self.status = status or (reply.status if reply else "")


_Step = _Wait | StartTls | Weighed | LetterDone
_Talk = Generator[_Step, ReplyReceived | None, None]
_Asking = Generator[_Step, ReplyReceived | None, ServerReply]


class Courier:
    """One connection. `client` is the engine underneath; extensions and state are read there."""

    def __init__(self, policy: Policy, *, tls: bool = False) -> None:
        self.policy = policy
        self.client = SmtpClient(policy.wording)
        self.tls = tls
        self.authenticated = False
        self._letters: deque[Letter] = deque()
        self._finishing = self._eof = False
        self._sent = 0
        self._out = bytearray()
        self._talking: _Talk = self._talk()
        self._step: _Step | None = next(self._talking)

    # The driver's side ------------------------------------------------------------------------------------------

    def send(self, letter: Letter) -> None:
        """One more letter for this connection."""
        if not letter.recipients:
            raise LocalProtocolError("a letter without recipients")
        self._letters.append(letter)

    def finish(self) -> None:
        """No more letters will come: QUIT after the last."""
        self._finishing = True

    @property
    def is_full(self) -> bool:
        """Whether the server takes no more messages on this connection (RFC 9422 §4.1, MAILMAX)."""
        return 0 < self.client.limit("MAILMAX") <= self._sent

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        self.client.receive_data(data)

    def receive_eof(self) -> None:
        """The server has closed."""
        self._eof = True

    def data_to_send(self) -> bytes:
        """Bytes for the server, and empties the outgoing buffer."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def tls_started(self) -> None:
        """TLS stands."""
        self.client.tls_started()
        self.tls = True
        self._resume(None)

    def tls_failed(self, why: str = _SHAKEN_OFF) -> None:
        """No handshake, no letter: those left are for another time."""
        self._break_off(why, "4.7.5")

    def give_up(self, why: str) -> None:
        """The server is not waited for any longer."""
        if self._step is not None:
            self._break_off(why)

    def next_event(self) -> StartTls | Weighed | LetterDone | Signal:
        """A letter whose turn has come, one that is settled, an order to begin TLS, NEED_DATA, or CLOSE
        when nothing is left to say."""
        while True:
            step = self._step
            if step is None:
                return CLOSE
            if step is _Wait.REPLY:
                try:
                    event = self.client.next_event()
                except RemoteProtocolError as wrong:
                    line = wrong.fields.get("line", "")
                    self._break_off(Sentence("not an SMTP reply: {line}", "error.delivery.not_smtp", line=line))
                    continue
                if isinstance(event, ReplyReceived):
                    self._resume(event)
                elif self._eof:
                    self._break_off(_CLOSED)
                else:
                    return NEED_DATA
            elif step is _Wait.TURN or (step is _Wait.WORK and (self._letters or self._finishing)):
                self._resume(None)
            elif isinstance(step, _Wait):
                if not self._eof:
                    return NEED_DATA
                self._break_off(_CLOSED)
            elif isinstance(step, StartTls):
                self._step = _Wait.TLS
                return step
            elif isinstance(step, Weighed):
                self._step = _Wait.TURN
                return step
            else:
                self._resume(None)
                return step

    def _resume(self, answer: ReplyReceived | None) -> None:
        try:
            self._step = self._talking.send(answer)
        except StopIteration:
            self._step = None

    def _break_off(self, text: str, status: str = "4.4.2") -> None:
        try:
            over = _Over(Outcome.TRY_LATER, text, status=status, verb=self.client.awaited)
            self._step = self._talking.throw(over)
        except StopIteration:
            self._step = None

    # The conversation -------------------------------------------------------------------------------------------

    def _talk(self) -> _Talk:
        try:
            yield from self._introduce()
            while True:
                if not self._letters:
                    if self._finishing:
                        break
                    yield _Wait.WORK
                    continue
                yield LetterDone(self._letters[0], (yield from self._carry(self._letters[0])))
                self._letters.popleft()
            yield from self._ask(self.client.quit(), last=True)
        except _Over as over:
            while self._letters:
                letter = self._letters.popleft()
                yield LetterDone(letter, tuple(_settled(each, "", over) for each in letter.recipients))
            if over.reply is not None and self.client.state != table.CLOSED:
                yield from self._part()

    def _part(self) -> _Talk:
        """A last QUIT to a server that would not have us; its answer is of no importance."""
        try:
            yield from self._ask(self.client.quit(), last=True)
        except _Over:
            return

    def _ask(self, command: bytes, *, last: bool = False) -> _Asking:
        self._out += command
        return (yield from self._answer(last=last))

    def _answer(self, *, last: bool = False) -> _Asking:
        event = yield _Wait.REPLY
        assert event is not None
        if event.reply.code in ("421", "521") and not last:
            raise _Over(event.reply.outcome, str(event.reply), event.reply, verb=event.verb)
        return event.reply

    def _introduce(self) -> _Talk:
        greeting = yield from self._answer()
        _need(greeting)
        yield from self._hello()
        if self.policy.tls is not Tls.NEVER and not self.tls:
            yield from self._begin_tls()
        if self.policy.username:
            yield from self._authenticate()

    def _hello(self) -> _Talk:
        reply = None
        if self.policy.wording is Wording.EXTENDED:
            reply = yield from self._ask(self.client.hello(self.policy.name))
        if reply is None or reply.outcome is Outcome.REFUSED:
            reply = yield from self._ask(self.client.helo(self.policy.name))
        _need(reply)

    def _begin_tls(self) -> _Talk:
        reply = None
        if "STARTTLS" in self.client.extensions:
            reply = yield from self._ask(self.client.starttls())
            if reply.outcome is Outcome.SUCCESS:
                yield StartTls()
                yield from self._hello()
                return
        if self.policy.tls is Tls.REQUIRED:
            # X.7.10: encryption needed. A server that merely cannot now may be able to later.
            outcome = reply.outcome if reply is not None else Outcome.REFUSED
            status = "4.7.10" if outcome is Outcome.TRY_LATER else "5.7.10"
            raise _Over(outcome, str(reply) if reply else _NO_TLS, reply, status)

    def _authenticate(self) -> _Talk:
        offered = self.client.mechanisms()
        wanted = [self.policy.mechanism] if self.policy.mechanism else sasl.MECHANISMS
        mechanism = next((name for name in wanted if name in offered), "")
        if not mechanism:
            raise _Over(Outcome.REFUSED, _NO_LOGIN, status="5.7.4")
        policy = self.policy
        reply = yield from self._ask(self.client.auth(mechanism, policy.username, policy.password, policy.nonce))
        while reply.outcome is Outcome.GO_ON:
            reply = yield from self._ask(self.client.respond(reply))
        _need(reply)
        self.authenticated = True

    # A letter ---------------------------------------------------------------------------------------------------

    def _carry(self, letter: Letter) -> Generator[_Step, ReplyReceived | None, tuple[Handed, ...]]:
        """The letter in as many transactions as the server's RCPTMAX makes of it."""
        said = self.client.extensions.get("SIZE", "")
        yield Weighed(letter, int(said) if said.isascii() and said.isdigit() else 0)
        needs = self._needs(letter)
        if needs.is_too_wide and not letter.sender:
            # A report has nobody it could go back to: it is converted rather than lost (RFC 6152 §3).
            letter = _narrowed(letter)
            needs = self._needs(letter)
        if needs.obstacle is not None:
            over = _Over(Outcome.REFUSED, needs.obstacle.text, status=needs.obstacle.status)
            return tuple(_settled(each, "", over) for each in letter.recipients)
        most = self.client.limit("RCPTMAX") or len(letter.recipients)
        found: list[Handed] = []
        for start in range(0, len(letter.recipients), most):
            some = letter.recipients[start : start + most]
            if self.is_full:
                full = _Over(Outcome.TRY_LATER, _full(self._sent), status="4.7.0")
                found += [replace(_settled(each, "", full), left_over=True) for each in some]
                continue
            self._sent += 1
            before = len(found)
            try:
                yield from self._transact(letter, some, needs, found)
            except _Over as over:
                told = {id(each.recipient) for each in found[before:]}
                rest = [each for each in letter.recipients[start:] if id(each) not in told]
                found += [_settled(each, over.verb, over) for each in rest]
                self._letters.popleft()
                yield LetterDone(letter, _in_order(letter, found))
                raise
        return _in_order(letter, found)

    def _needs(self, letter: Letter) -> Needs:
        addresses = [letter.sender, *(each.address for each in letter.recipients)]
        load = Load(letter.content, addresses, letter.body, letter.utf8, letter.release, self.policy.lax_8bit)
        return Needs(load, self.client.extensions)

    def _transact(self, letter: Letter, some: Sequence[Recipient], needs: Needs, found: list[Handed]) -> _Talk:
        """MAIL, RCPT and the content, in one group where the server takes groups (RFC 2920)."""
        client = self.client
        chunked = needs.is_binary or (self.policy.chunk_size > 0 and "CHUNKING" in client.extensions)
        mail = client.mail(
            letter.sender, size=len(letter.content), body=needs.body, utf8=needs.utf8, ret=letter.ret,
            envid=letter.envid, release=letter.release,
        )  # fmt: skip
        grouped = self.policy.pipelining and "PIPELINING" in client.extensions
        self._out += mail
        if grouped:
            for each in some:
                self._out += client.rcpt(each.address, notify=each.notify, original=each.original)
            if not chunked:
                self._out += client.data()
        begun = yield from self._answer()
        if begun.outcome is not Outcome.SUCCESS and not grouped:
            found += [_replied(each, "MAIL", begun) for each in some]
            return
        accepted = []
        for each in some:
            if not grouped:
                self._out += client.rcpt(each.address, notify=each.notify, original=each.original)
            reply = yield from self._answer()
            if begun.outcome is not Outcome.SUCCESS:
                found.append(_replied(each, "MAIL", begun))
            elif reply.outcome is Outcome.SUCCESS:
                accepted.append(each)
            else:
                found.append(_replied(each, "RCPT", reply))
        if chunked:
            done = yield from self._send_chunks(letter, accepted, found)
        else:
            done = yield from self._send_data(letter, accepted, found, asked=grouped)
        if not done and begun.outcome is Outcome.SUCCESS:
            yield from self._ask(client.rset())

    def _send_data(
        self, letter: Letter, accepted: Sequence[Recipient], found: list[Handed], *, asked: bool
    ) -> Generator[_Step, ReplyReceived | None, bool]:
        """DATA and the message; whether the transaction is over. asked: DATA was sent with the group."""
        if not asked and not accepted:
            return False
        if not asked:
            self._out += self.client.data()
        reply = yield from self._answer()
        if reply.outcome is not Outcome.GO_ON:
            found += [_replied(each, "DATA", reply) for each in accepted]
            return False
        # The server waits for a message even where it took no recipient: it gets an empty one (RFC 2920 §3.1).
        reply = yield from self._ask(self.client.message(letter.content if accepted else b""))
        found += [_replied(each, table.END, reply) for each in accepted]
        return True

    def _send_chunks(
        self, letter: Letter, accepted: Sequence[Recipient], found: list[Handed]
    ) -> Generator[_Step, ReplyReceived | None, bool]:
        """The message by BDAT; whether the transaction is over."""
        if not accepted:
            return False
        size = self.policy.chunk_size or len(letter.content) or 1
        starts = range(0, len(letter.content), size) or range(1)
        for start in starts:
            last = start == starts[-1]
            reply = yield from self._ask(self.client.bdat(letter.content[start : start + size], last=last))
            if reply.outcome is not Outcome.SUCCESS or last:
                found += [_replied(each, "BDAT", reply) for each in accepted]
                return reply.outcome is Outcome.SUCCESS
        raise AssertionError("there is always a last chunk")


def _narrowed(letter: Letter) -> Letter:
    """The letter with ASCII octets only, where there is such a form of it."""
    try:
        return replace(letter, content=seven_bit(letter.content), body="")
    except NoSevenBitError:
        return letter


def _need(reply: ServerReply) -> None:
    if reply.outcome is not Outcome.SUCCESS:
        raise _Over(reply.outcome, str(reply), reply)


def _full(sent: int) -> Sentence:
    return Sentence("the server takes {count} messages a connection", "error.delivery.full", count=sent)


def _settled(recipient: Recipient, verb: str, over: _Over) -> Handed:
    return Handed(recipient, over.outcome, verb, over.reply, over.status, over.text)


def _replied(recipient: Recipient, verb: str, reply: ServerReply) -> Handed:
    """Only 354 lets a message follow DATA; a server that says 2yz there has taken nothing."""
    taken = reply.outcome is Outcome.SUCCESS and verb in (table.END, "BDAT")
    refused = reply.outcome is Outcome.REFUSED
    outcome = Outcome.SUCCESS if taken else Outcome.REFUSED if refused else Outcome.TRY_LATER
    return Handed(recipient, outcome, verb, reply, reply.status, str(reply))


def _in_order(letter: Letter, found: Sequence[Handed]) -> tuple[Handed, ...]:
    by_recipient = {id(each.recipient): each for each in found}
    return tuple(by_recipient[id(each)] for each in letter.recipients)
