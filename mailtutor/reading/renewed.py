"""What is another one in every run and tells nothing: dates, ids, challenges, boundaries.

Two dialogues are compared without it; where nothing else differs, they say the same.
"""

from __future__ import annotations

import re

_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = rb"\d\d:\d\d(?::\d\d)?"
_RENEWED = re.compile(
    rb"|".join(
        (
            # Dates: RFC 5322 §3.3, IMAP's date-time (RFC 3501 §9), RFC 3339 §5.6.
            rb"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), {0,3})?\b\d{1,2} " + _MONTH + rb" \d{4} " + _CLOCK
            + rb"(?: [+-]\d{4})?",
            rb"\b\d{1,2}-" + _MONTH + rb"-\d{4} " + _CLOCK + rb" [+-]\d{4}",
            rb"\b\d{4}-\d\d-\d\dT" + _CLOCK + rb"(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?",
            # Message-IDs and POP3's timestamp: names no person has.
            rb"<(?=[^@<>]{0,99}\d[^@<>]{0,99}\d)[\w.$+=/-]{10,99}@",
            # What a server files a message under: in Received, in its reply, in its mailbox.
            rb"\b(?:id|queued as) (?=[\w.-]{0,99}\d)[\w.-]+",
            rb"\(Q\d+\)",
            rb"\b(?:UIDVALIDITY|HIGHESTMODSEQ|MODSEQ) \(?\d+",
            rb"\b[0-9a-f]{16,}\b",
            # Where one part of a message ends (RFC 2046 §5.1.1).
            rb"\bboundary=\S+",
            rb"\A--(?=\S*[\d=])\S{6,}\Z",
        )
    ),
    re.IGNORECASE,
)  # fmt: skip
# A server's challenge in base64.
_CHALLENGE = re.compile(rb"\A(334|\+) [A-Za-z0-9+/]{16,}={0,2}\Z")


def lasting(text: bytes) -> bytes:
    """A line without what is renewed: equal for two lines that differ in nothing else."""
    return _CHALLENGE.sub(rb"\1 \0", _RENEWED.sub(b"\0", text))
