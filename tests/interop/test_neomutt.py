"""neomutt at a terminal: a person opens INBOX, reads, flags, saves to another folder and quits.

What is on its screen is waited for before the next key is pressed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    IMAPS,
    SECOND,
    SEED,
    STARTTLS,
    WAYS,
    Way,
    changing,
    contents,
    flags,
    folders,
    lines,
    on_another_device,
    server,
    verbs,
)
from tests.interop.programs import LIMIT_S, MESSAGE, ca, path_of

_ESCAPES = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])")


class Terminal:
    """A program at a terminal of 30 lines."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self._keys, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._process = subprocess.Popen(
            [path_of(command[0]), *command[1:]], stdin=screen, stdout=screen, stderr=screen, env=env,
            start_new_session=True,
        )  # fmt: skip
        os.close(screen)
        self._written = b""

    def shows(self, pattern: str) -> None:
        """Waits until that has been written since the last key."""
        end = time.monotonic() + LIMIT_S
        while not re.search(pattern.encode(), _ESCAPES.sub(b"", self._written)):
            assert time.monotonic() < end, f"no {pattern} on the screen: {_ESCAPES.sub(b'', self._written)!r}"
            self._read(end)

    def matches(self, pattern: str) -> list[tuple[str, ...]]:
        """Everything of that kind that has been written since the last key."""
        written = _ESCAPES.sub(b"", self._written).decode("utf-8", "replace")
        return [found.groups() for found in re.finditer(pattern, written)]

    def press(self, keys: str) -> None:
        """Presses keys."""
        self._written = b""
        os.write(self._keys, keys.encode())

    def ends(self) -> int:
        """Waits for the end of the program; gives what it ends with."""
        end = time.monotonic() + LIMIT_S
        while self._process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {_ESCAPES.sub(b'', self._written)!r}"
            self._read(time.monotonic() + 0.1)
        return self._process.returncode

    def close(self) -> None:
        """Ends the program where it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(LIMIT_S)
        os.close(self._keys)

    def _read(self, end: float) -> None:
        ready, _, _ = select.select([self._keys], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return
        try:
            self._written += os.read(self._keys, 65536)
        except OSError:
            # The program has left the terminal.
            self._process.wait(LIMIT_S)


@contextmanager
def neomutt(lab: Lab, folder: Path, way: Way, *settings: str, password: str = BOB.password) -> Iterator[Terminal]:
    """neomutt with bob's INBOX open. settings: lines for its configuration."""
    address, port = server(lab, way)
    where = f"{way.service}://bob@{address}:{port}/"
    (folder / "muttrc").write_text(
        f'set folder="{where}" spoolfile="{where}INBOX" imap_pass="{password}"\n'
        f'set certificate_file="{ca(lab)}" ssl_usesystemcerts=no ssl_force_tls=yes ssl_starttls=yes\n'
        f'set from="bob@hamburger.edu" record="" postponed="" mbox="" history_file="" move=no\n'
        "set delete=yes quit=yes confirmappend=no confirmcreate=no wait_key=no mark_old=no sleep_time=0 beep=no\n"
        + "".join(f"{line}\n" for line in settings)
    )
    env = {**os.environ, "HOME": str(folder), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    terminal = Terminal("neomutt", "-n", "-F", f"{folder}/muttrc", env=env)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_person_reads_flags_saves_and_quits(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    with neomutt(lab, tmp_path, way) as screen:
        screen.shows("ketchup")
        screen.press("1\r\r")
        screen.shows("How about pickles")
        screen.press("q")
        screen.shows("ketchup")
        screen.press("F")
        screen.shows("!")
        screen.press("2\rs")
        screen.shows("Save to mailbox")
        screen.press("\x15=friends\r")
        screen.shows(r"friends|D ")
        screen.press("q")
        assert screen.ends() == 0
    assert folders(lab) == {"INBOX", "friends"}
    assert contents(lab) == [MESSAGE]
    assert flags(lab) == [{"\\Flagged", "\\Seen"}]
    assert contents(lab, "friends") == [SECOND]
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


@pytest.mark.parametrize("settings", [("set imap_condstore=yes",), ("set imap_condstore=yes", "set imap_qresync=yes")])
def test_neomutt_comes_back_and_learns_what_has_changed(
    open_lab: OpenLab, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    lab = open_lab(seed=SEED)
    (tmp_path / "cache").mkdir()
    kept = (f'set header_cache="{tmp_path}/cache"', *settings)
    with neomutt(lab, tmp_path, IMAPS, *kept) as screen:
        screen.shows("ketchup")
        screen.press("q")
        assert screen.ends() == 0
    on_another_device(lab, "SELECT INBOX", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "STORE 1 +FLAGS (\\Flagged)")
    before = len(verbs(lab, IMAPS))
    with neomutt(lab, tmp_path, IMAPS, *kept) as screen:
        screen.shows(r"!.*ketchup")
        screen.press("q")
        assert screen.ends() == 0
    assert changing(verbs(lab, IMAPS)[before:]) == []
    assert flags(lab) == [{"\\Flagged"}]
    asked = lines(lab, IMAPS)[before:]
    assert 'SELECT "INBOX" (CONDSTORE)' in asked
    # With QRESYNC it asks after the SELECT.
    assert any(line.endswith(" VANISHED)") for line in asked) == (len(settings) == 2)


def test_a_wrong_password_opens_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    with neomutt(lab, tmp_path, STARTTLS, password="ketchup") as screen:
        screen.shows("failed|Wrong user name")
    assert "SELECT" not in verbs(lab, STARTTLS)
