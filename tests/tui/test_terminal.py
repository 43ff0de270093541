"""The program on a real terminal: it starts, is resized, is told to end, and the terminal goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

from tests.tui.terminal import Terminal  # noqa: E402 - only where there are any


@pytest.mark.slow
def test_a_terminal_that_goes_without_a_signal_ends_the_program(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    # Not its controlling terminal: no SIGHUP comes when it goes.
    process = subprocess.Popen(
        [sys.executable, "-m", "mailtutor"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "MAILTUTOR_HOME": str(tmp_path), "MAILTUTOR_LANG": "en", "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    try:
        seen, until = b"", time.monotonic() + 30
        while b"mailtutor" not in seen and time.monotonic() < until:
            seen += os.read(ours, 65536)
        assert b"mailtutor" in seen
        os.close(ours)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.slow
def test_it_starts_and_ends_by_a_key_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.text("1 of 6")  # the tour, the first time
        terminal.press(b"\x1b")
        terminal.text("SMTP by hand")
        terminal.press(b"\x11")
        assert terminal.ended() == 0
        assert terminal.modes_now() == terminal.modes
        assert terminal.written.rindex(b"\x1b[?1049l") > terminal.written.rindex(b"\x1b[?1049h")
        assert terminal.written.rindex(b"\x1b[?25h") > terminal.written.rindex(b"\x1b[?25l")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_puts_the_terminal_back_and_stops_the_lab(tmp_path: Path, number: signal.Signals) -> None:
    with Terminal(tmp_path, "lab") as terminal:
        terminal.text("◆")  # the lab has begun to write its history
        terminal.process.send_signal(number)
        assert terminal.ended() == 0
        assert terminal.modes_now() == terminal.modes
        assert terminal.written.rindex(b"\x1b[?1049l") > terminal.written.rindex(b"\x1b[?1049h")
    assert not (tmp_path / "lab" / "ready.json").exists()


@pytest.mark.slow
def test_any_size_is_borne(tmp_path: Path) -> None:
    with Terminal(tmp_path, "lab", size=(120, 36)) as terminal:
        terminal.text("◆")
        for size in ((1, 1), (2, 60), (300, 1), (59, 15), (60, 14)):
            terminal.resize(*size)
            terminal.until(bool, "another picture")
        terminal.resize(80, 24)
        terminal.text("alice")
        terminal.press(b"1")
        terminal.text("221")
        terminal.press(b"\x11")
        assert terminal.ended() == 0
