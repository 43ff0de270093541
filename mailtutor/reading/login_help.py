"""What a login has to say, before it is base64: where a helper begins that shows how octets become letters."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.sasl.mechanisms import cram_response, plain_response
from mailtutor.reading.coach import takes_commands
from mailtutor.reading.dialogue import Row
from mailtutor.reading.escapes import spelled
from mailtutor.reading.examples import next_tag
from mailtutor.reading.login_lines import LOGINS, challenge_of, mechanism_of


@dataclass(frozen=True, slots=True)
class Beginning:
    """mechanism: whose line it is. asked: what the server asked, decoded; b"" for nothing. text: what is to be encoded,
    as `escapes` spells it. lead: what stands before the base64 in the line."""

    mechanism: str
    asked: bytes
    text: str
    lead: str = ""

    def line(self, data: bytes) -> str:
        """The line that says these octets."""
        return self.lead + b64encode(data).decode()


def beginning(protocol: str, state: str, rows: Sequence[Row], name: str, password: str) -> Beginning:
    """What this person would say next: in a login already begun, else to begin one with PLAIN (RFC 4616)."""
    plain = spelled(plain_response(name, password)).replace("\\x00", "\\0")
    if takes_commands(protocol, state) or not LOGINS & set(PROTOCOLS[protocol].table.legal(state)):
        lead = f"{next_tag(rows)} AUTHENTICATE PLAIN " if protocol == "imap" else "AUTH PLAIN "
        return Beginning("PLAIN", b"", plain, lead)
    mechanism, asked = mechanism_of(rows), challenge_of(rows)
    if mechanism == "LOGIN":
        return Beginning(mechanism, asked, spelled((password if b"assw" in asked else name).encode()))
    if mechanism == "CRAM-MD5":
        return Beginning(mechanism, asked, spelled(cram_response(name, password, asked)))
    return Beginning(mechanism, asked, plain if mechanism == "PLAIN" else "")
