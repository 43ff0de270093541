"""Line ends of messages. What came by SMTP has CRLF only; IMAP's APPEND may bring anything."""

from __future__ import annotations

import re

_LINE_END = re.compile(rb"\r\n|\r|\n")


def with_crlf(message: bytes) -> bytes:
    """The message with every line ended by CRLF, the last one too, as POP3 sends and counts it (RFC 1939 §11)."""
    pairs = message.count(b"\r\n")
    if pairs != message.count(b"\n") or pairs != message.count(b"\r"):
        message = _LINE_END.sub(b"\r\n", message)
    return message if not message or message.endswith(b"\r\n") else message + b"\r\n"
