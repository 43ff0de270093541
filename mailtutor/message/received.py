"""The lines a server puts on top of a message: Received (RFC 5321 §4.4, RFC 3848), Return-Path, and what is missing in
a message that its author hands in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from mailtutor.message.headers import parse_header

# RFC 5321 §6.3: a message that has passed this many servers goes in circles.
HOP_LIMIT = 100
_RETURN_PATH = re.compile(rb"^return-path[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n", re.IGNORECASE | re.MULTILINE)
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)


def received_line(
    *, client: str, address: str, host: str, protocol: str, queue_id: str, at: float, recipient: str = ""
) -> bytes:
    """One folded Received field. protocol: "SMTP", "ESMTP", "ESMTPA". recipient: named only when there is one, so that
    nobody learns of the others."""
    literal = f"IPv6:{address}" if ":" in address else address
    lines = [f"Received: from {client or 'unknown'} ([{literal}])", f"\tby {host} with {protocol} id {queue_id}"]
    if recipient:
        lines.append(f"\tfor <{recipient}>")
    return ("\r\n".join(lines) + f";\r\n\t{_date(int(at))}\r\n").encode("utf-8", "replace")


@lru_cache(maxsize=16)
def _date(at: int) -> str:
    """RFC 5322 §3.3. Many messages come in the same second."""
    return format_datetime(datetime.fromtimestamp(at, UTC))


def completed(content: bytes, *, message_id: str, at: float) -> bytes:
    """A message as a submission server passes it on: with Date and Message-ID where its author left them out (RFC 6409
    §8.2, §8.3; RFC 5321 §6.4). Text without any header gets the empty line that makes it a body.

    message_id: without its brackets. at: seconds since 1970. The From of a message is its author's own: none is added.
    """
    # Text without a header is not read through for one.
    first = parse_header(content, 0, content.find(b"\n") + 1).fields
    is_text = bool(first) and not first[0].name
    given = set() if is_text else {field.name for field in parse_header(content).fields}
    missing = [
        line
        for name, line in (
            (b"date", f"Date: {_date(int(at))}\r\n"), (b"message-id", f"Message-ID: <{message_id}>\r\n"),
        )
        if name not in given
    ]  # fmt: skip
    return "".join(missing).encode("utf-8", "replace") + (b"\r\n" if is_text else b"") + content


def return_path_line(sender: str) -> bytes:
    """What the last server writes: the envelope's sender, "" for the null path."""
    return f"Return-Path: <{sender}>\r\n".encode("utf-8", "replace")


def without_return_path(message: bytes) -> bytes:
    """The message without the Return-Path fields it came with: only the last server may write one (RFC 5321 §4.4)."""
    end = message.find(b"\r\n\r\n")
    body = end + 2 if end >= 0 else len(message)
    # Far quicker than the pattern, and nearly always enough.
    if b"return-path" not in message[:body].lower() or _RETURN_PATH.search(message, 0, body) is None:
        return message
    return _RETURN_PATH.sub(b"", message[:body]) + message[body:]


def is_in_circles(message: bytes) -> bool:
    """Whether a message has passed so many servers, each with its Received field, that it must go in circles."""
    head = message[: message.find(b"\r\n\r\n") + 1 or len(message)]
    return head.lower().count(b"received") >= HOP_LIMIT and len(_RECEIVED.findall(head)) >= HOP_LIMIT
