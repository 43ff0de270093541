"""What the coach knows of the lines of a login already begun (AUTH of SMTP and POP3, AUTHENTICATE of IMAP): each is
base64 of what the mechanism wants next, and a lone * gives up (RFC 4954 §4, RFC 5034 §4, RFC 3501 §6.2.2)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Row
from mailtutor.reading.smtp_lines import Trouble
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

LOGINS = frozenset({"AUTH", "AUTHENTICATE"})
_MECHANISM = re.compile(rb"(?:AUTH|AUTHENTICATE) +([A-Za-z0-9_\-]+)", re.IGNORECASE)
_RFC = {"smtp": "RFC 4954 §4", "pop3": "RFC 5034 §4", "imap": "RFC 3501 §6.2.2"}


def wanted(rows: Sequence[Row], words: Words) -> str:
    """What the next line of the login has to say, in words."""
    said = mechanism_of(rows)
    if said == "LOGIN":
        said = "LOGIN-password" if b"assw" in challenge_of(rows) else "LOGIN-name"
    return words.get(f"screen.typing.login.{said}") or words("screen.typing.login.other")


def login_trouble(raw: bytes, protocol: str, rows: Sequence[Row], words: Words) -> Trouble | None:
    """Why a line of a login cannot be right: it is no base64, or not what PLAIN says (RFC 4616 §2)."""
    said, line = mechanism_of(rows), raw.strip()
    rfc, expected = _RFC[protocol], wanted(rows, words)
    try:
        value = b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return Trouble(0, words("screen.coach.no_base64"), expected, "base64", rfc, _encoded(line, said))
    parts = value.split(b"\0")
    if said == "PLAIN" and (len(parts) != 3 or not parts[1] or not parts[2]):
        headline = words("screen.coach.no_plain", said=visible(value))
        return Trouble(0, headline, expected, "message", "RFC 4616 §2", _encoded(value, said))
    return None


def _encoded(text: bytes, mechanism: str) -> str:
    """How the login would begin with what the student meant, encoded: his own words, never anybody else's."""
    if mechanism == "LOGIN":
        return mechanism
    parts = [part for part in re.split(rb"[\0 ]+|\\0", text) if part]
    if mechanism == "PLAIN" and len(parts) == 2:
        encoded = b64encode(b"\0" + b"\0".join(parts)).decode()
        return f"{mechanism} {encoded}"
    return ""


def mechanism_of(rows: Sequence[Row]) -> str:
    """The mechanism of the login that was begun last, in capitals; "" where there is none."""
    for row in reversed(rows):
        line = row.line
        if line.source is Source.CLIENT and line.kind is Kind.COMMAND and line.verb in LOGINS:
            found = _MECHANISM.search(line.raw)
            return found[1].decode().upper() if found is not None else ""
    return ""


def challenge_of(rows: Sequence[Row]) -> bytes:
    """What the server asked last, decoded; b"" where it cannot be read."""
    for row in reversed(rows):
        if row.line.source is Source.SERVER:
            asks = row.line.outcome is Outcome.GO_ON or row.line.kind is Kind.CONTINUATION
            asked = row.line.text.split(b" ", 1)[-1] if asks else b""
            try:
                return b64decode(asked, validate=True)
            except (binascii.Error, ValueError):
                return b""
    return b""
