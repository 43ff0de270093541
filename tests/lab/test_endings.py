"""Sessions a server ends of its own accord: it stops, or its client has kept it waiting too long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mailtutor.lab import driver
from mailtutor.lab.clock import ManualClock
from mailtutor.lab.driver import Conversation, Ending, Wire
from mailtutor.lab.gate import Gate, Pace
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import IDLE_S
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Recorder, Tap
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Speaker
from mailtutor.trace.events import Closed, Expunged, FromServer, Opened
from mailtutor.trace.log import Log
from tests.conftest import StartLab
from tests.lab.waiting import wait_for

HOST = "hamburger.edu"


class Client:
    """A connection that says lines and hears what comes, up to an end of it."""

    def __init__(self, lab: Lab, service: str) -> None:
        self._sock = socket.create_connection(lab.directory.doors[HOST, service], timeout=20)
        self._file = self._sock.makefile("rb")

    def say(self, *lines: str) -> bytes:
        """The last line of the answer to the last of these lines."""
        heard = b""
        for line in lines:
            self._sock.sendall(line.encode() + b"\r\n")
            heard = self.hear()
            while heard.startswith((b"* ", b"250-")):
                heard = self.hear()
        return heard

    def hear(self) -> bytes:
        """One line."""
        return self._file.readline()

    def last_words(self) -> bytes:
        """All that still comes before the server closes; b"" also where the connection broke."""
        try:
            return self._file.read()
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        self._file.close()
        self._sock.close()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    """Closed in the end, whatever happened."""
    made: list[Client] = []
    yield made
    for client in made:
        client.close()


def _come(clients: list[Client], lab: Lab, service: str) -> Client:
    client = Client(lab, service)
    clients.append(client)
    return client


def _three(clients: list[Client], lab: Lab) -> list[Client]:
    """A client of each protocol, in the middle of its session; IMAP's in IDLE."""
    smtp, pop3, imap = (_come(clients, lab, service) for service in ("smtp", "pop3", "imap"))
    for client in (smtp, pop3, imap):
        client.hear()
    assert smtp.say("EHLO x", "MAIL FROM:<a@b.c>").startswith(b"250")
    assert pop3.say("USER bob", "PASS pickles").startswith(b"+OK")
    assert imap.say("a LOGIN bob pickles", "b SELECT INBOX", "c IDLE").startswith(b"+")
    return [smtp, pop3, imap]


def test_a_server_that_is_shut_down_says_so_first(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab()
    smtp, pop3, imap = _three(clients, lab)
    lab.submit(lab.switch(HOST, up=False)).result()
    assert smtp.last_words().startswith(b"421 4.3.2 hamburger.edu ")
    assert pop3.last_words() == b""
    assert imap.last_words() == b"* BYE [UNAVAILABLE] hamburger.edu is shutting down\r\n"
    assert [event.by for event in lab.log if isinstance(event, Closed)] == ["server"] * 3


def test_a_lab_that_stops_says_so_first(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab()
    smtp, pop3, imap = _three(clients, lab)
    lab.stop()
    assert smtp.last_words().startswith(b"421 ")
    assert pop3.last_words() == b""
    assert imap.last_words().startswith(b"* BYE ")


def test_a_machine_whose_plug_is_pulled_says_nothing(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab()
    three = _three(clients, lab)
    lab.submit(lab.hosts[HOST].stop(cut=True)).result()
    assert [client.last_words() for client in three] == [b"", b"", b""]


def test_what_was_held_for_the_client_is_said_before_goodbye(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab()
    smtp = _come(clients, lab, "smtp")
    smtp.hear()
    lab.submit(_set_pace(lab, Pace.STEP)).result()
    imap = _come(clients, lab, "imap")
    wait_for(lab.log, lambda event: isinstance(event, Opened) and event.protocol == "imap")
    lab.submit(lab.switch(HOST, up=False)).result()
    assert smtp.last_words().startswith(b"421 ")
    greeting, goodbye = imap.last_words().splitlines()
    assert greeting.startswith(b"* OK ")
    assert goodbye.startswith(b"* BYE ")


# Time-outs: the clock stands still unless a test moves it ---------------------------------------------------------


def _advance(lab: Lab, seconds: float) -> None:
    async def advance() -> None:
        assert isinstance(lab.clock, ManualClock)
        lab.clock.advance(seconds)

    lab.submit(advance()).result()


async def _set_pace(lab: Lab, pace: Pace) -> None:
    lab._gate.set_pace(pace)


@pytest.mark.parametrize(
    ("service", "limit_s", "talk", "goodbye"),
    [
        ("smtp", 300, "NOOP", b"421 "),
        ("submission", 300, "NOOP", b"421 "),
        ("pop3", 600, "CAPA", b""),
        ("imap", 1800, "a NOOP", b"* BYE hamburger.edu waited too long for you\r\n"),
    ],
)
def test_a_silent_client_is_sent_away_in_time_and_not_before(
    start_lab: StartLab, clients: list[Client], service: str, limit_s: float, talk: str, goodbye: bytes
) -> None:
    lab = start_lab(clock=ManualClock())
    client = _come(clients, lab, service)
    client.hear()
    for _ in range(3):
        _advance(lab, limit_s - 1)
        answer = client.say(talk)
        while service == "pop3" and answer != b".\r\n":
            answer = client.hear()
        assert answer.startswith((b"250", b".", b"a OK"))
    _advance(lab, limit_s)
    assert client.last_words()[: len(goodbye) or 1] == goodbye
    (closed,) = wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert isinstance(closed, Closed)
    assert closed.by == "server"


def test_a_host_may_be_planned_less_patient(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab(clock=ManualClock())
    host = lab.hosts[HOST]
    host.plan = replace(host.plan, idle_s=IDLE_S | {"pop3": 5.0})
    lab.submit(lab.switch(HOST, up=False)).result()
    lab.submit(lab.switch(HOST, up=True)).result()
    pop3, imap = _come(clients, lab, "pop3"), _come(clients, lab, "imap")
    pop3.hear()
    imap.hear()
    _advance(lab, 5)
    assert pop3.last_words() == b""
    assert imap.say("a NOOP").startswith(b"a OK")


def test_idle_is_no_excuse_for_silence_and_news_are_no_answer(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab(clock=ManualClock())
    watcher, other = _come(clients, lab, "imap"), _come(clients, lab, "imap")
    for client in (watcher, other):
        client.hear()
        client.say("a LOGIN bob pickles", "b SELECT INBOX")
    assert watcher.say("c IDLE").startswith(b"+")
    _advance(lab, 1700)
    other._sock.sendall(b"d APPEND INBOX {1+}\r\nx\r\n")
    assert watcher.hear() == b"* 1 EXISTS\r\n"
    assert watcher.hear() == b"* 1 RECENT\r\n"
    _advance(lab, 100)
    assert watcher.last_words() == b"* BYE hamburger.edu waited too long for you\r\n"
    while not other.hear().startswith(b"d OK"):
        pass
    assert other.say("e NOOP").startswith(b"e OK")


def test_an_autologout_removes_nothing(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab(clock=ManualClock())
    imap, pop3 = _come(clients, lab, "imap"), _come(clients, lab, "pop3")
    imap.hear(), pop3.hear()
    imap.say("a LOGIN bob pickles")
    imap._sock.sendall(b"b APPEND INBOX {1+}\r\nx\r\n")
    assert imap.hear().startswith(b"b OK")
    assert pop3.say("USER bob", "PASS pickles", "DELE 1").startswith(b"+OK")
    _advance(lab, 600)
    assert pop3.last_words() == b""
    again = _come(clients, lab, "pop3")
    again.hear()
    assert again.say("USER bob", "PASS pickles", "STAT").startswith(b"+OK 1 ")
    assert not [event for event in lab.log if isinstance(event, Expunged)]


def test_a_line_held_at_the_gate_costs_the_client_no_time(start_lab: StartLab, clients: list[Client]) -> None:
    lab = start_lab(clock=ManualClock())
    lab.submit(_set_pace(lab, Pace.STEP)).result()
    pop3 = _come(clients, lab, "pop3")
    wait_for(lab.log, lambda event: isinstance(event, Opened))
    for _ in range(3):
        _advance(lab, 10_000)
    lab.submit(_set_pace(lab, Pace.RUN)).result()
    assert pop3.hear().startswith(b"+OK")
    _advance(lab, 599)
    assert pop3.say("USER bob").startswith(b"+OK")
    _advance(lab, 600)
    assert pop3.last_words() == b""


# The conversation alone: what a socket would make a matter of luck ------------------------------------------------


class Repeater(Speaker):
    """Answers each line with a lot; "bye" ends the session."""

    def __init__(self) -> None:
        super().__init__("talking")
        self._lines: list[bytes] = []

    def greet(self) -> None:
        self._out += b"hello\n"

    def receive_data(self, data: bytes) -> None:
        self._lines += data.splitlines()

    def next_event(self) -> object:
        while self._lines:
            line = self._lines.pop(0)
            if line == b"bye":
                self._state = "over"
            elif line.startswith(b"ask"):
                return line
            else:
                self._out += line * 1000 + b"\n"
        return CLOSE if self._eof or self._state == "over" else NEED_DATA

    def answer(self) -> None:
        self._out += b"answer\n"

    def shut_down(self) -> None:
        self._out += b"stopping\n"

    def time_out(self) -> None:
        self._out += b"too slow\n"


class RepeaterService:
    """Answers when it is told to."""

    wire: Wire

    def __init__(self) -> None:
        self.engine = Repeater()
        self.may_answer = asyncio.Event()
        self.times_ended = 0

    def answer(self, event: object) -> bool:
        return False

    async def handle(self, event: object) -> None:
        if event == b"ask in parts":
            for _ in range(3):
                self.engine.answer()
                await self.wire.flush()
            return
        await self.may_answer.wait()
        self.engine.answer()

    def woken(self) -> None:
        self.engine._out += b"news\n"

    async def ended(self) -> None:
        self.times_ended += 1


class Pipe(asyncio.Transport):
    """The other end of a stream, by hand. is_full: it takes no more, as when the client does not read."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self.written = b""
        self.is_full = False
        self.was_aborted = False
        stream.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        if self.is_full:
            self._stream.pause_writing()

    def close(self) -> None:
        if not self.is_full:
            asyncio.get_running_loop().call_soon(self._stream.connection_lost, None)

    def abort(self) -> None:
        self.was_aborted = True
        asyncio.get_running_loop().call_soon(self._stream.connection_lost, None)


class Talk:
    """A conversation with a repeater under way."""

    def __init__(self, pace: Pace = Pace.RUN) -> None:
        self.clock = ManualClock()
        self.log = Log()
        self.gate = Gate(self.clock)
        self.gate.set_pace(pace)
        self.stream = Stream()
        self.pipe = Pipe(self.stream)
        self.service = RepeaterService()
        tap = Tap(Recorder(self.log, self.clock), self.gate, "smtp", "smtp")
        self.service.wire = self.conversation = Conversation(self.stream, tap, self.clock)
        self.task = asyncio.create_task(self.conversation.serve(self.service), name="serving")

    def recorded(self) -> bytes:
        return b"".join(event.data for event in self.log if isinstance(event, FromServer))


async def _turns(count: int = 20) -> None:
    """Lets everything happen that waits for nobody."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_it_is_the_clients_turn_from_the_servers_last_word_on() -> None:
    talk = Talk()
    await _turns()
    assert (talk.pipe.written, talk.conversation.waiting_since) == (b"hello\n", 0.0)
    talk.clock.advance(10)
    talk.stream.poke()
    await _turns()
    assert (talk.pipe.written, talk.conversation.waiting_since) == (b"hello\nnews\n", 0.0)
    talk.stream.data_received(b"ask\n")
    await _turns()
    talk.clock.advance(10)
    assert talk.conversation.waiting_since is None
    talk.service.may_answer.set()
    await _turns()
    assert talk.conversation.waiting_since == 20.0
    talk.conversation.dismiss(Ending.IDLE)
    assert await talk.task == "server"
    assert talk.pipe.written.endswith(b"answer\ntoo slow\n")
    assert talk.recorded() == talk.pipe.written
    assert talk.service.times_ended == 1


async def test_news_and_a_command_at_once_are_both_heard() -> None:
    talk = Talk()
    await _turns()
    talk.stream.data_received(b"x\n")
    talk.stream.poke()
    await _turns()
    assert talk.pipe.written == b"hello\n" + b"x" * 1000 + b"\nnews\n"
    talk.task.cancel()


async def test_who_says_much_at_once_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "TURN", 4)
    talk = Talk()
    await _turns()
    talk.stream.data_received(b"x\n" * 10)
    grown = set()
    for _ in range(20):
        grown.add(len(talk.pipe.written))
        await asyncio.sleep(0)
    assert len(grown) >= 5
    assert talk.pipe.written == b"hello\n" + (b"x" * 1000 + b"\n") * 10
    talk.task.cancel()


async def test_a_client_that_does_not_read_is_cut_without_a_word() -> None:
    talk = Talk()
    await _turns()
    talk.clock.advance(5)
    talk.pipe.is_full = True
    talk.stream.data_received(b"x\n")
    await _turns()
    assert talk.conversation.waiting_since == 5.0
    talk.conversation.dismiss(Ending.IDLE)
    assert await talk.task == "server"
    assert talk.pipe.was_aborted
    assert b"too slow" not in talk.recorded()


async def test_a_client_that_does_not_take_the_last_words_is_cut_in_the_end() -> None:
    talk = Talk()
    await _turns()
    talk.stream.data_received(b"bye\n")
    assert await talk.task == "server"
    talk.pipe.is_full = True
    closing = asyncio.create_task(talk.conversation.close(), name="closing")
    await _turns()
    assert not closing.done()
    assert talk.conversation.waiting_since == 0.0
    talk.conversation.dismiss(Ending.IDLE)
    await closing
    assert talk.pipe.was_aborted


async def test_an_answer_under_way_comes_before_goodbye() -> None:
    talk = Talk()
    await _turns()
    talk.stream.data_received(b"ask\nask\n")
    await _turns()
    talk.conversation.dismiss(Ending.SHUTDOWN)
    await _turns()
    assert not talk.task.done()
    talk.service.may_answer.set()
    assert await talk.task == "server"
    assert talk.pipe.written == b"hello\nanswer\nstopping\n"


async def test_whoever_has_said_goodbye_is_not_sent_away_as_well() -> None:
    talk = Talk(Pace.STEP)
    await _turns()
    talk.gate.step()
    talk.stream.data_received(b"y\nbye\n")
    await _turns()
    for _ in range(2):
        talk.gate.step()
        await _turns()
    talk.gate.step()
    await _turns()
    assert await talk.task == "server"
    talk.conversation.dismiss(Ending.SHUTDOWN)
    assert talk.pipe.written == b"hello\n" + b"y" * 1000 + b"\n"


async def test_a_clients_line_held_at_the_gate_never_arrives_once_the_server_stops() -> None:
    talk = Talk(Pace.STEP)
    await _turns()
    talk.gate.step()
    talk.stream.data_received(b"y\n")
    await _turns()
    assert [held.raw for held in talk.gate.held()] == [b"y\n"]
    assert talk.conversation.waiting_since is None
    talk.conversation.dismiss(Ending.SHUTDOWN)
    assert await talk.task == "server"
    assert talk.pipe.written == b"hello\nstopping\n"
    assert talk.gate.held() == ()


async def test_an_answer_in_parts_waits_for_the_client_after_each() -> None:
    talk = Talk()
    await _turns()
    talk.pipe.is_full = True
    talk.stream.data_received(b"ask in parts\n")
    for parts in (1, 2):
        await _turns()
        assert talk.pipe.written == b"hello\n" + parts * b"answer\n"
        talk.stream.resume_writing()
    talk.pipe.is_full = False
    await _turns()
    assert talk.pipe.written == b"hello\nanswer\nanswer\nanswer\n"
    assert not talk.task.done()
    talk.task.cancel()


async def test_an_answer_in_parts_is_broken_off_when_the_client_does_not_read() -> None:
    talk = Talk()
    await _turns()
    talk.pipe.is_full = True
    talk.stream.data_received(b"ask in parts\n")
    await _turns()
    talk.conversation.dismiss(Ending.SHUTDOWN)
    assert await talk.task == "server"
    assert talk.pipe.was_aborted
    assert talk.recorded() == b"hello\nanswer\n"


async def test_a_connection_that_breaks_is_lost() -> None:
    talk = Talk()
    await _turns()
    talk.stream.connection_lost(ConnectionResetError())
    assert await talk.task == "lost"
    assert talk.service.times_ended == 1


async def test_a_client_that_left_is_no_ones_to_dismiss() -> None:
    talk = Talk()
    await _turns()
    talk.stream.eof_received()
    assert await talk.task == "client"
    assert talk.pipe.written == b"hello\n"
