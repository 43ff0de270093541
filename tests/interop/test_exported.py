"""swaks as `export --to swaks` writes it: the message arrives as it was recorded."""

from __future__ import annotations

import os
import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest

from mailtutor.lab.plan import BOB
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.redact import redacted
from mailtutor.reading.swaks import swaks
from mailtutor.text.catalogue import words
from mailtutor.trace.events import Delivered
from tests.interop.conftest import OpenLab
from tests.interop.programs import LIMIT_S, body, ca, delivered, fields, mailbox, said
from tests.lab.waiting import wait_for

# What a shell, printf or swaks might obey.
CONTENT = (
    b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: $(id) `id` 'it\"s' !! %s %TO_ADDRESS% \\n\r\n\r\n"
    b"-n\r\n.dotted\r\n..\r\nFrom me\r\n\t\xe4\xbd\xa0\x7f\x01 \\\r\n'; touch here; '\r\n"
)


@pytest.mark.parametrize("is_secure", [False, True])
def test_swaks_sends_the_recorded_message(open_lab: OpenLab, tmp_path: Path, is_secure: bool) -> None:
    lab = open_lab()
    with smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=10) as client:
        if is_secure:
            context = ssl.create_default_context(cafile=str(ca(lab)))
            context.check_hostname = False
            client.starttls(context=context)
        client.login("alice", "baguette")
        client.sendmail("alice@crepes.fr", ["bob@hamburger.edu", "o'brien@hamburger.edu"], CONTENT, ["BODY=8BITMIME"])
    delivered(lab)
    dialogue = Dialogue()
    dialogue.take(redacted(list(lab.log)), 0)
    text = swaks(list(dialogue.connections.values()), words("en"))
    folder = tmp_path / "shell"
    folder.mkdir()
    done = subprocess.run(
        ["sh", "-c", text], cwd=folder, env={**os.environ, "MAIL_PASSWORD": "baguette"}, capture_output=True,
        timeout=LIMIT_S, check=False,
    )  # fmt: skip
    print(text, (done.stdout + done.stderr).decode(errors="replace"))
    assert done.returncode == 0
    assert not list(folder.iterdir())
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.recipient == BOB.address, count=2)
    first, second = mailbox(lab, BOB)
    assert body(first) == body(second) != b""
    assert fields(first, "Subject") == fields(second, "Subject")
    commands = [line.upper() for line in said(lab, "submission") if line[:4].upper() in ("MAIL", "RCPT")]
    assert "RCPT TO:<O'BRIEN@HAMBURGER.EDU>" in commands[3:]
