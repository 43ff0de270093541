"""The lines a server puts on top of a message: Received (RFC 5321 §4.4, RFC 3848) and Return-Path."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

# RFC 5321 §6.3: a message that has passed this many servers goes in circles.
HOP_LIMIT = 100
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


def return_path_line(sender: str) -> bytes:
    """What the last server writes: the envelope's sender, "" for the null path."""
    return f"Return-Path: <{sender}>\r\n".encode("utf-8", "replace")


def hops(message: bytes) -> int:
    """How many Received fields a message carries."""
    head, _, _ = message.partition(b"\r\n\r\n")
    return len(_RECEIVED.findall(head))
