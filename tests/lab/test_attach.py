"""A tap in front of somebody else's server: bytes, ends and resets pass as they came, and all of it is in the trace."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from mailtutor.errors import NetworkError, Sentence
from mailtutor.lab.attach import Attachment, Closure, Target, is_near
from mailtutor.lab.tls import Authority
from mailtutor.lab.watch import Watch
from mailtutor.trace.events import Ciphertext, Closed, FromClient, FromServer, Opened, TlsBegun, TlsFailed
from mailtutor.trace.log import Log

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def attached(
    peer: Peer, *, service: str = "smtp", closure: Closure = Closure.PASSED, folder: Path | None = None,
    closed: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[Attachment, tuple[str, int]]]:  # fmt: skip
    """A server that does what `peer` does, and a tap in front of it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError):
            await peer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=closed)
    port = server.sockets[0].getsockname()[1]
    protocol = {"smtps": "smtp", "imaps": "imap"}.get(service, service)
    attachment = Attachment(Log(), Target("127.0.0.1", port, protocol, service), closure=closure, folder=folder)
    try:
        yield attachment, await attachment.start("127.0.0.1", 0)
    finally:
        await attachment.stop()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def said(log: Log, kind: type[FromClient] | type[FromServer]) -> bytes:
    return b"".join(event.data for event in log if isinstance(event, kind))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - whoever is waited for tells nobody
            await asyncio.sleep(0.005)


def closed_by(log: Log) -> list[str]:
    return [event.by for event in log if isinstance(event, Closed)]


async def greets_and_echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    while line := await reader.readline():
        writer.write(b"250 " + line)
    writer.write(b"221 that was all\r\n")


async def test_what_is_said_passes_and_is_recorded() -> None:
    async with attached(greets_and_echoes) as (attachment, where):
        reader, writer = await asyncio.open_connection(*where)
        assert await reader.readline() == b"220 ready\r\n"
        writer.write(b"HELO x\r\n\xff\0\r\n")
        assert await reader.readline() == b"250 HELO x\r\n"
        assert await reader.readline() == b"250 \xff\0\r\n"
        # The client says no more, and still hears the rest.
        writer.write_eof()
        assert await reader.read() == b"221 that was all\r\n"
        writer.close()
        await until(lambda: closed_by(attachment.log))
        assert closed_by(attachment.log) == ["client"]
        assert said(attachment.log, FromClient) == b"HELO x\r\n\xff\0\r\n"
        assert said(attachment.log, FromServer) == b"220 ready\r\n250 HELO x\r\n250 \xff\0\r\n221 that was all\r\n"
        opened = next(iter(attachment.log))
        assert isinstance(opened, Opened)
        assert (opened.protocol, opened.server.port) == ("smtp", attachment.target.port)
        await until(lambda: not attachment.pairs)


async def test_a_reset_is_a_reset() -> None:
    started = asyncio.Event()
    broken: list[BaseException] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        try:
            await reader.read()
        except ConnectionError as wrong:
            broken.append(wrong)

    async with attached(peer) as (attachment, where):
        sock = socket.create_connection(where)
        sock.setblocking(False)
        await started.wait()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        await until(lambda: broken)
        assert isinstance(broken[0], ConnectionResetError)
        assert closed_by(attachment.log) == ["lost"]


async def test_who_reads_slowly_holds_up_who_writes() -> None:
    written = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        for _ in range(400):
            writer.write(b"x" * 65_536)
            written += 65_536
            await writer.drain()

    async with attached(peer) as (attachment, where):
        reader, writer = await asyncio.open_connection(*where, limit=1024)
        before = -1
        while before != written:
            before = written
            for _ in range(20):
                await asyncio.sleep(0.005)
        assert written < 400 * 65_536
        got = len(await reader.read(-1))
        assert got == 400 * 65_536
        writer.close()
        await until(lambda: closed_by(attachment.log))
        assert len(said(attachment.log, FromServer)) == got


async def test_a_server_that_is_not_there_is_named_and_the_client_let_go() -> None:
    notices: list[Sentence] = []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    attachment = Attachment(Log(), Target("127.0.0.1", port, "smtp", "smtp"), tell=notices.append)
    where = await attachment.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*where)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    assert "was not reached" in notices[0]
    assert closed_by(attachment.log) == ["lost"]
    with pytest.raises(NetworkError, match="cannot be listened on"):
        await Attachment(Log(), attachment.target).start(*where)
    await attachment.stop()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_is_said_before_the_server_is_reached_arrives_there(loop: str) -> None:
    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"%d" % len(await reader.read()))

    async def ask(where: tuple[str, int], *, at_once: bool) -> bytes:
        reader, writer = await asyncio.open_connection(*where)
        writer.write(b"x" * 300_000)
        if at_once:
            writer.write_eof()
        else:
            await writer.drain()
            writer.write(b"y" * 50)
            writer.write_eof()
        heard = await reader.read()
        writer.close()
        return heard

    async def talk() -> None:
        async with attached(counts) as (attachment, where):
            heard = await asyncio.gather(*(ask(where, at_once=bool(n % 2)) for n in range(30)))
            assert heard == 15 * [b"300050", b"300000"]
            # Whoever has left already is passed on as well.
            for _ in range(5):
                with socket.create_connection(where) as sock:
                    sock.sendall(b"QUIT\r\n")
            await until(lambda: len(closed_by(attachment.log)) == 35 and not attachment.pairs)
            assert said(attachment.log, FromServer).endswith(5 * b"6")
            assert len(said(attachment.log, FromClient)) == 15 * 600_050 + 5 * 6

    runner = asyncio.run if loop == "asyncio" else pytest.importorskip("uvloop").run
    runner(talk())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue of callers refuses them")
async def test_while_the_server_is_called_one_read_is_kept_and_the_rest_waits() -> None:
    # A server whose queue of callers is full: whoever calls now waits.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        where = deaf.getsockname()
        with socket.create_connection(where):
            attachment = Attachment(Log(), Target("127.0.0.1", where[1], "smtp", "smtp"))
            reader, writer = await asyncio.open_connection(*await attachment.start("127.0.0.1", 0))
            writer.transport.set_write_buffer_limits(0)
            writer.write(b"x" * 20_000_000)
            await until(lambda: any(pair._held for pair in attachment.pairs))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 0.1)
            assert not said(attachment.log, FromClient)
            await attachment.stop()
            # It was said, though nobody heard it.
            assert 0 < len(said(attachment.log, FromClient)) < 1_000_000
            assert closed_by(attachment.log) == ["lost"]
            assert not attachment.pairs
            with pytest.raises(ConnectionError):
                await reader.read()
            writer.close()


def starttls(context: ssl.SSLContext) -> Peer:
    """Offers STARTTLS and says inside what it was asked."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n")
        await writer.start_tls(context)
        await greets_and_echoes(reader, writer)

    return peer


async def _talk_in_tls(where: tuple[str, int], context: ssl.SSLContext, name: str) -> bytes:
    reader, writer = await asyncio.open_connection(*where)
    await reader.readline()
    writer.write(b"STARTTLS\r\n")
    assert await reader.readline() == b"220 go ahead\r\n"
    await writer.start_tls(context, server_hostname=name)
    heard = await reader.readline()
    writer.write(b"EHLO secret\r\n")
    heard += await reader.readline()
    writer.close()
    with suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()
    return heard


async def test_tls_passes_closed_and_its_hellos_are_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with attached(starttls(authority.server("mail.example"))) as (attachment, where):
        assert await _talk_in_tls(where, authority.client(), "mail.example") == b"220 ready\r\n250 EHLO secret\r\n"
        await until(lambda: closed_by(attachment.log))
        log = attachment.log
        begun = [event for event in log if isinstance(event, TlsBegun)]
        assert [(event.version, event.server_name) for event in begun] == [("TLSv1.3", "mail.example")]
        assert any(isinstance(event, Ciphertext) for event in log)
        assert said(log, FromClient) == b"STARTTLS\r\n"
        assert b"secret" not in said(log, FromServer)


async def test_tls_is_told_of_however_what_asks_for_it_comes(tmp_path: Path) -> None:
    """Some send every key as it is pressed."""
    authority = Authority(tmp_path)
    async with attached(starttls(authority.server("mail.example"))) as (attachment, where):
        reader, writer = await asyncio.open_connection(*where)
        await reader.readline()
        sent = bytearray()
        for part in (b"STAR", b"TTLS", b"\r\n"):
            writer.write(part)
            sent.extend(part)
            await until(lambda: said(attachment.log, FromClient) == sent)
        assert await reader.readline() == b"220 go ahead\r\n"
        await writer.start_tls(authority.client(), server_hostname="mail.example")
        assert await reader.readline() == b"220 ready\r\n"
        writer.close()
        with suppress(ssl.SSLError, ConnectionError):
            await writer.wait_closed()
        await until(lambda: closed_by(attachment.log))
        assert [event.server_name for event in attachment.log if isinstance(event, TlsBegun)] == ["mail.example"]
        assert said(attachment.log, FromClient) == b"STARTTLS\r\n"


async def test_tls_can_be_ended_here_and_begun_again(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    peer = starttls(Authority(theirs).server("mail.example"))
    async with attached(peer, closure=Closure.ENDED, folder=ours) as (attachment, where):
        assert attachment.authority is not None
        heard = await _talk_in_tls(where, attachment.authority.client(), "localhost")
        assert heard == b"220 ready\r\n250 EHLO secret\r\n"
        await until(lambda: closed_by(attachment.log))
        assert said(attachment.log, FromClient) == b"STARTTLS\r\nEHLO secret\r\n"
        kinds = [type(event).__name__ for event in attachment.log]
        assert kinds.index("TlsBegun") == 4
        # Whoever does not trust the lab's authority is not fooled.
        with pytest.raises(ssl.SSLCertVerificationError):
            await _talk_in_tls(where, ssl.create_default_context(), "localhost")
        await until(lambda: len(closed_by(attachment.log)) == 2)
        assert any(isinstance(event, TlsFailed) for event in attachment.log)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_whoever_is_ready_first_inside_tls_is_not_heard_in_clear(loop: str, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def talk() -> None:
        context = Authority(tmp_path).server("mail.example")

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 ready\r\n")
            await reader.readline()
            writer.write(b"220 go ahead\r\n")
            await writer.start_tls(context)
            heard.append(await reader.readline())
            writer.write(b"221 bye\r\n")

        async with attached(peer, closure=Closure.ENDED, folder=tmp_path) as (attachment, where):
            for _ in range(20):
                reader, writer = await asyncio.open_connection(*where)
                await reader.readline()
                writer.write(b"STARTTLS\r\n")
                await reader.readline()
                assert attachment.authority is not None
                await writer.start_tls(attachment.authority.client(), server_hostname="localhost")
                writer.write(b"PASS pickles\r\n")
                assert await reader.read() == b"221 bye\r\n"
                writer.close()

    runner = asyncio.run if loop == "asyncio" else pytest.importorskip("uvloop").run
    runner(talk())
    assert heard == 20 * [b"PASS pickles\r\n"]


def test_a_fault_in_a_conversation_is_told_and_writes_nothing_over_the_screen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Sentence] = []
    heard = threading.Event()

    def fail(wrong: Exception) -> None:
        raise wrong

    watch = Watch(Target("127.0.0.1", 9, "smtp", "smtp"))
    watch.tell = told.append
    watch.start("127.0.0.1", 0)
    try:
        for wrong in (ConnectionResetError("left in the handshake"), RuntimeError("ours")):
            watch._loop.call_soon_threadsafe(fail, wrong)
        watch._loop.call_soon_threadsafe(heard.set)
        assert heard.wait(20)
    finally:
        watch.stop()
    assert [str(one).startswith("defect: ") and "ours" in one for one in told] == [True]
    assert not caplog.records


async def test_a_door_where_tls_comes_first_can_be_read_too(tmp_path: Path) -> None:
    context = Authority(tmp_path).server("mail.example")
    for closure in Closure:
        async with attached(greets_and_echoes, service="smtps", closure=closure, folder=tmp_path, closed=context) as (
            attachment,
            where,
        ):
            name = "mail.example" if closure is Closure.PASSED else "localhost"
            trusting = Authority(tmp_path).client()
            reader, writer = await asyncio.open_connection(*where, ssl=trusting, server_hostname=name)
            assert await reader.readline() == b"220 ready\r\n"
            writer.write(b"HELO x\r\n")
            assert await reader.readline() == b"250 HELO x\r\n"
            writer.close()
            await until(lambda: closed_by(attachment.log))
            assert [type(event) for event in attachment.log].count(TlsBegun) == 1
            assert (said(attachment.log, FromClient) == b"HELO x\r\n") is (closure is Closure.ENDED)


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True), ("::1", True), ("192.168.1.4", True), ("10.0.0.1", True), ("fd00::1", True),
        ("8.8.8.8", False), ("2001:4860:4860::8888", False), ("example.org", False), ("localhost", True),
        # Python's "private" has more in it than RFC 1918.
        ("192.0.2.1", False), ("0.0.0.0", False), ("::ffff:10.0.0.1", True), ("::ffff:8.8.8.8", False),
    ],
)  # fmt: skip
def test_near_is_this_machine_and_private_networks(host: str, near: bool) -> None:
    assert is_near(host) is near
