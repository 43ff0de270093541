"""What the course home needs before its first paint, and what it must not wait for."""

from __future__ import annotations

import subprocess
import sys

_LATER = (
    "mailtutor.protocols.smtp",
    "mailtutor.protocols.imap",
    "mailtutor.lab.",
    "scapy",
    "cryptography",
    "uvicorn",
    "starlette",
)


def test_the_home_is_painted_before_protocols_and_the_lab_are_loaded() -> None:
    code = (
        "import sys, mailtutor.cli.screen, mailtutor.session, mailtutor.tui.app, mailtutor.tui.screens.home;"
        f"print([name for name in sys.modules if name.startswith({_LATER!r})])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
