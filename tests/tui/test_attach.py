"""Watching somebody else's server on the screen."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.lab.attach import Closure, Target
from mailtutor.lab.watch import Watch
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from tests.cli.test_attach import _server, _talk
from tests.tui.stage import shown, stage, until
from tests.tui.terminal import Terminal


@contextmanager
def watching(
    port: int, *, closure: Closure = Closure.PASSED, folder: Path | None = None
) -> Iterator[tuple[TuiApp, Watch]]:
    """The screen in front of the server at this port."""
    watch = Watch(Target("127.0.0.1", port, "pop3", "pop3"), closure=closure, folder=folder)
    watch.start("127.0.0.1", 0)
    session = Session()
    session.log = watch.log
    try:
        yield TuiApp(session, "attach", {"watch": watch}), watch
    finally:
        watch.stop()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_passes_is_shown_and_explained(
    size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    say = words(language)
    with _server() as port, watching(port) as (app, watch):
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: say("screen.wire.nobody_attach") in shown(app), "where to connect")
            assert "{}:{}".format(*watch.listens) in shown(app)
            talk = threading.Thread(target=_talk, args=(watch.listens[1],))
            talk.start()
            await until(pilot, lambda: "QUIT" in shown(app), "the dialogue")
            talk.join(20)
            assert "RFC 1939" in shown(app)
            await pilot.press("N")
            await until(pilot, lambda: say("packet.origin.built") in shown(app), "its packets")
            await pilot.press("escape", "left", "left")
            await until(pilot, lambda: stage(app).viewpoint.is_wound_back, "the past")
            await pilot.press("b")
            await until(pilot, lambda: "0d 0a" in shown(app), "its octets")


async def test_a_server_that_is_not_there_is_told_on_the_screen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with watching(port) as (app, watch):
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause()
            with socket.create_connection(watch.listens) as sock:
                sock.settimeout(20)
                await until(pilot, lambda: f"127.0.0.1:{port} was not reached" in shown(app), "that")


async def test_leaving_asks_while_somebody_is_connected() -> None:
    with _server() as port, watching(port) as (app, watch):
        async with app.run_test(size=(120, 36)) as pilot:
            with socket.create_connection(watch.listens) as sock:
                await until(pilot, lambda: "+OK ready" in shown(app), "the greeting")
                await pilot.press("escape")
                await until(pilot, lambda: "hangs up on them" in shown(app), "the question")
                await pilot.press("x")
                await until(pilot, lambda: "hangs up on them" not in shown(app), "it stays")
                sock.sendall(b"QUIT\r\n")
                await until(pilot, lambda: "QUIT" in shown(app), "it goes on")
                # Heard to its end: who leaves before that resets the connection.
                sock.settimeout(20)
                while await asyncio.to_thread(sock.recv, 1024):
                    pass
            await until(pilot, lambda: not any(c.is_open for c in stage(app).viewpoint.connections()), "the end")
            await pilot.press("escape")
            await until(pilot, lambda: app._exit, "the end")
        assert app.return_code == 0


async def test_where_tls_ends_here_it_is_said_what_is_to_be_trusted(tmp_path: Path) -> None:
    with watching(1, closure=Closure.ENDED, folder=tmp_path) as (app, watch):
        async with app.run_test(size=(200, 60)) as pilot:
            await until(pilot, lambda: "Your program must trust this" in shown(app), "that")
            assert watch.authority is not None
            assert watch.authority.is_file()


@pytest.mark.slow
def test_on_a_terminal_attach_opens_the_screen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        listens = door.getsockname()[1]
    with _server() as port:
        where = ("--to", f"127.0.0.1:{port}", "--listen", f"127.0.0.1:{listens}", "--protocol", "pop3")
        with Terminal(tmp_path, "attach", *where, size=(120, 36)) as terminal:
            terminal.text(f"watching 127.0.0.1:{port}")
            _talk(listens)
            terminal.text("QUIT")
            terminal.press(b"\x11")
            assert terminal.ended() == 0
