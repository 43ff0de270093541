"""The program on a real terminal that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")


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
