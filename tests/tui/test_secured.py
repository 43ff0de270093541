"""Where TLS begins or fails on a connection, as a row of its own."""

from __future__ import annotations

from mailtutor.reading.secured import reason
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer, TlsBegun, TlsFailed
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, lines, opened, shown, stage, until

STARTTLS: list[AnyEvent] = [
    opened(1, "alice@crepes.fr", "hamburger.edu"),
    FromServer(t=0, at=0, conn=1, data=b"220 hamburger.edu\r\n"),
    FromClient(t=0, at=0, conn=1, data=b"EHLO crepes.fr\r\n"),
    FromServer(t=0, at=0, conn=1, data=b"250-hamburger.edu\r\n250 STARTTLS\r\n"),
    FromClient(t=0, at=0, conn=1, data=b"STARTTLS\r\n"),
    FromServer(t=0, at=0, conn=1, data=b"220 2.0.0 Ready to start TLS\r\n"),
]
BEGUN = TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
FAILED = TlsFailed(t=0, at=0, conn=1, why="tlsv1 alert unknown ca")


def test_what_the_library_says_is_said_in_words_too() -> None:
    assert reason("tlsv1 alert unknown ca", words("en")).startswith("the client does not know who signed")
    assert reason("tlsv1 alert unknown ca", words("zh")).endswith("（tlsv1 alert unknown ca）")
    assert reason("no such words\x1b", words("en")) == "no such words␛"


async def test_tls_that_stands_has_a_row_with_version_and_cipher() -> None:
    app = TuiApp(FakeStage([*STARTTLS, BEGUN]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "⚿ TLS stands: TLSv1.3, cipher TLS_AES_256" in squeezed(app), "the row")
        await until(pilot, lambda: "Both sides have agreed on keys" in shown(app), "what it means")
        await pilot.press("left")
        await until(pilot, lambda: "TLS stands" not in shown(app), "the moment before")
        await pilot.press("g", "ctrl+l")
        await until(pilot, lambda: "⚿ TLS 建立了：TLSv1.3" in squeezed(app), "in Chinese")
        await pilot.press("up")
        await until(pilot, lambda: "220" in shown(app).split("TLS 建立了")[-1], "the line before it explained")
        assert "⚿: TLS 建立了" in lines(app).copied(everything=True)


async def test_tls_that_fails_says_why_and_what_it_means() -> None:
    app = TuiApp(FakeStage([*STARTTLS, FAILED, Closed(t=0, at=0, conn=1, by="client")]), "lab")
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: "TLS failed: the client does not know who signed" in shown(app), "the row")
        await until(pilot, lambda: "✘ nothing is encrypted" in shown(app), "its few words")
        await until(pilot, lambda: "nothing more is said on it" in shown(app), "what it means")
        await pilot.press("slash", *"signed", "enter")
        await until(pilot, lambda: lines(app).cursor is not None, "the row found by its words")


async def test_a_handshake_that_fails_before_anything_is_said_is_seen() -> None:
    app = TuiApp(FakeStage([*STARTTLS, opened(2, "bob@hamburger.edu", "hamburger.edu", "pop3")]), "lab")
    session = app.session
    async with app.run_test(size=(80, 24)) as pilot:
        session.log.append(FAILED.__class__(t=0, at=0, conn=2, why="tlsv1 alert unknown ca"))
        await until(pilot, lambda: "TLS failed" in shown(app), "the row")
        assert stage(app).deck.pane is not None
        assert "bob → hamburger.edu  POP3" in shown(app)


def squeezed(app: TuiApp) -> str:
    return " ".join(shown(app).split())
