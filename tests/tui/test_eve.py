"""What Eve sees: the very lines without TLS, records with it."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.trace.events import AnyEvent, Ciphertext, FromClient, FromServer, Record, TlsBegun, TlsFailed
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, lines, opened, shown, stage, until

SIZES = [(80, 24), (120, 36), (200, 60)]


def client(data: bytes) -> FromClient:
    return FromClient(t=0, at=0, conn=1, data=data)


def server(data: bytes) -> FromServer:
    return FromServer(t=0, at=0, conn=1, data=data)


def sealed(*, from_client: bool, size: int = 72) -> Ciphertext:
    record = Record(23, size, bytes([23, 3, 3, 0, size - 5]) + b"\xc3" * 27)
    return Ciphertext(t=0, at=0, conn=1, from_client=from_client, records=(record,))


POP3: list[AnyEvent] = [
    opened(1, "bob@hamburger.edu", "hamburger.edu", "pop3"),
    server(b"+OK ready\r\n"), client(b"USER bob\r\n"), server(b"+OK\r\n"),
    client(b"PASS pickles\r\n"), server(b"+OK\r\n"),
]  # fmt: skip
UNDER_TLS: list[AnyEvent] = [
    opened(1, "alice@crepes.fr", "crepes.fr", "smtp"),
    sealed(from_client=True),
    TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="X"),
    server(b"220 crepes.fr\r\n"), sealed(from_client=False),
    sealed(from_client=True, size=55), client(b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_without_tls_she_reads_the_password(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(POP3), "lab")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("i")
        said = "reads everything, the login too" if language == "en" else "连登录也不例外"
        await until(pilot, lambda: said in "".join(shown(app).split("\n")), "the sentence")
        await until(
            pilot, lambda: "!  password: pickles" in shown(app).replace("口令", "password").replace("：", ": "), "it"
        )


@pytest.mark.parametrize("size", SIZES)
async def test_under_tls_she_sees_how_much_and_not_what(size: tuple[int, int]) -> None:
    app = TuiApp(FakeStage(UNDER_TLS), "lab")
    async with app.run_test(size=size) as pilot:
        await pilot.press("i")
        await until(pilot, lambda: "not a word of what" in shown(app), "the sentence")
        line = next(line for line in shown(app).splitlines() if "AUTH PLAIN" in line and "⚿" in line)
        assert "55 octets  17 03 03 00 32" in line
        assert line.index("55 octets") < line.index("⚿") < line.index("AUTH PLAIN")


async def test_the_cursor_is_the_one_of_the_wire_and_the_view_follows_the_moment() -> None:
    app = TuiApp(FakeStage(POP3), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("i", "up", "up")
        await until(pilot, lambda: lines(app).cursor == 2, "the line marked in its pane")
        await pilot.press("home")
        await until(pilot, lambda: lines(app).cursor == 0, "the first")
        await pilot.press("end")
        await until(pilot, lambda: lines(app).cursor is None, "the end followed")
        await pilot.press("left", "left")
        await until(pilot, lambda: "pickles" not in shown(app), "the moment before the password")
        await pilot.press("g", "escape")
        await until(pilot, lambda: stage(app).view == "wire", "the wire again")


async def test_tls_that_failed_and_a_trace_without_ciphertext_say_so() -> None:
    failed: list[AnyEvent] = [*POP3[:2], TlsFailed(t=0, at=0, conn=1, why="x")]
    app = TuiApp(FakeStage(failed), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("i")
        await until(pilot, lambda: "TLS came to nothing" in shown(app), "the sentence")
    old = [event for event in UNDER_TLS if not isinstance(event, Ciphertext)]
    app = TuiApp(FakeStage(old), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("i")
        await until(pilot, lambda: "recorded by an older version" in shown(app), "the remark")


async def test_a_replay_has_it_too() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "alice-bob", "events": alice_bob()})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g", "i")
        await until(pilot, lambda: "every byte crosses the wire as it was said" in " ".join(shown(app).split()), "it")


@pytest.mark.slow
async def test_a_real_connection_is_overheard() -> None:
    session = Session(tls="required")
    app = TuiApp(session, "lab")
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: session.is_running, "the lab")
            await pilot.press("1")
            await until(
                pilot, lambda: stage(app).viewpoint.live_world.count("hamburger.edu") == 1, "the mail delivered"
            )
            await until(pilot, lambda: "221 2.0.0 hamburger.edu" in shown(app), "the goodbye")
            await pilot.press("i", "home")
            await until(pilot, lambda: lines(app).cursor == 0, "the first line")
            await pilot.press("pagedown")
            await until(pilot, lambda: lines(app).cursor, "a page on")
            await pilot.press("pagedown")
            await until(pilot, lambda: "ClientHello" in shown(app), "the handshake")
            assert "until TLS stands" in shown(app)
    finally:
        session.stop()
