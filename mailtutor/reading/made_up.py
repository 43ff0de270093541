"""Mail in a file as the delivery it might have come by. Nobody recorded that: names and replies say it is made up."""

from __future__ import annotations

import re

from mailtutor.message.mbox import date_of
from mailtutor.protocols.lines import stuff
from mailtutor.reading.retold import Teller
from mailtutor.trace.events import AnyEvent, Endpoint

NAME = "made-up.example"
_MOST_RECIPIENTS = 100
_ADDRESS = re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
_FIELD = re.compile(rb"(?i)\A(?:Return-Path|Received|Date|From|To|Cc|Subject|Message-ID|MIME-Version|Delivered-To):")
# A CR alone ends none.
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_ANY_FIELD = re.compile(rb"\A[!-9;-~]{1,100}:")


def is_mbox(data: bytes) -> bool:
    """Whether it begins as an mbox does."""
    return data.startswith(b"From ") and date_of(data.split(b"\n", 1)[0].rstrip(b"\r")) is not None


def is_mail(data: bytes) -> bool:
    """Whether it begins with a message's header: each line a field or its continuation, two at least known."""
    known = 0
    for number, line in enumerate(data.split(b"\n")):
        line = line.rstrip(b"\r")
        if not line:
            break
        if line[:1] in (b" ", b"\t") and number:
            continue
        if not _ANY_FIELD.match(line):
            return False
        known += _FIELD.match(line) is not None
    return known > 1


def made_up(data: bytes) -> list[AnyEvent]:
    """One connection that delivers every message."""
    teller = Teller("smtp")
    teller.open(Endpoint("made-up", "", 0), Endpoint(NAME, "", 25))

    def say(line: bytes, answer: bytes) -> None:
        teller.said(line, from_client=True)
        teller.said(answer, from_client=False)

    teller.said(
        f"220 {NAME} this delivery is made up: only the message is from the file\r\n".encode(), from_client=False
    )
    say(b"EHLO made-up\r\n", f"250 {NAME}\r\n".encode())
    for message in _messages(data):
        sender, recipients = _envelope(message)
        say(b"MAIL FROM:<" + sender + b">\r\n", b"250 made up\r\n")
        for recipient in recipients:
            say(b"RCPT TO:<" + recipient + b">\r\n", b"250 made up\r\n")
        say(b"DATA\r\n", b"354 made up\r\n")
        say(stuff(_with_crlf(message)), b"250 made up\r\n")
    say(b"QUIT\r\n", b"221 made up\r\n")
    teller.close()
    return teller.events


def _messages(data: bytes) -> list[bytes]:
    if not is_mbox(data):
        return [data]
    parts: list[list[bytes]] = []
    for line in _LINE.findall(data):
        if line.startswith(b"From ") and date_of(line.rstrip(b"\r\n")) is not None:
            parts.append([])
        else:
            # What was put in front of a line that would begin a message (mboxrd).
            parts[-1].append(re.sub(rb"\A>(>*From )", rb"\1", line))
    # The empty line behind a message is the file's.
    return [re.sub(rb"\r?\n\Z", b"", b"".join(part), count=1) for part in parts]


def _with_crlf(message: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", message)


def _envelope(message: bytes) -> tuple[bytes, list[bytes]]:
    """Who it may have been from and for, by what its header says."""
    head = re.sub(rb"\r?\n[ \t]+", b" ", re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0][: 256 * 1024])
    found: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b":")
        found.setdefault(name.strip().lower(), []).extend(_ADDRESS.findall(value))
    sender = next((found[name][0] for name in (b"return-path", b"sender", b"from") if found.get(name)), b"")
    names = [b"delivered-to"] if found.get(b"delivered-to") else [b"to", b"cc"]
    recipients = list(dict.fromkeys(one for name in names for one in found.get(name, ())))[:_MOST_RECIPIENTS]
    return sender, recipients or [b"somebody@" + NAME.encode()]
