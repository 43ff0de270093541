"""The report a server sends when it gives up on a message (RFC 3464, RFC 6522)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def bounce(
    *, host: str, sender: str, recipient: str, reason: str, status: str, original: bytes, at: float, unique: str
) -> bytes:
    """A multipart/report to `sender` about one recipient.

    reason: the last reply or what broke. status: the enhanced code ("5.1.1"). unique: an id no other message has.
    The original's header goes with it, not its body.
    """
    date = format_datetime(datetime.fromtimestamp(at, UTC))
    boundary = f"report-{unique}"
    head, _, _ = original.partition(b"\r\n\r\n")
    reason = " ".join(reason.split())[:400] or "no reason was given"
    text = f"""From: Mail Delivery System <postmaster@{host}>
To: <{sender}>
Subject: Undelivered mail: {recipient}
Date: {date}
Message-ID: <{unique}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Your message could not be delivered to {recipient}.
The reason given: {reason}
{host} will not try again.

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}
Arrival-Date: {date}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {reason}

--{boundary}
Content-Type: text/rfc822-headers

"""
    end = f"\n--{boundary}--\n"
    return _crlf(text) + head + b"\r\n" + _crlf(end)


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "replace")
