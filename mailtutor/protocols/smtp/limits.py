"""How much a server takes: of a line, a message, a session. Every limit has a reply of its own."""

from __future__ import annotations

from dataclasses import dataclass

# The limits of a header as they are named on the command line: name → field, most, example.
HEADER_LIMITS = {
    "header": ("header", 1 << 30, "64K"),
    "header-fields": ("header_fields", 1_000_000, "200"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """One server's. 0 stands for no limit, but not for `size` and the lines.

    size: octets of a message (552). line: of a command, CRLF included, to which every parameter offered adds its own
    (500). text_line: of a line in a message, CRLF included (550). recipients: of one message (452). domains: different
    domains among the recipients of a session (452). messages: transactions of a session (421). errors: 5yz replies of a
    session (421); generous, for beginners type by hand. release: seconds a message may wait before it is sent, where
    its sender asks for that (501). header, header_fields: octets and fields of a message's header (552), counted once,
    at the end of the message. sessions: of one client's address at a time, by each protocol (421; POP3 and IMAP have
    words of their own); whoever answers the door counts them, for an engine knows one session only.

    None is below what RFC 5321 §4.5.3.1 asks for: 64 K of a message, lines of 512 and 1000 octets, 100 recipients.
    """

    size: int = 10 * 1024 * 1024
    line: int = 512
    text_line: int = 1000
    recipients: int = 1000
    domains: int = 0
    messages: int = 0
    errors: int = 100
    release: int = 3 * 24 * 3600
    header: int = 256 * 1024
    header_fields: int = 1000
    sessions: int = 1000

    def keywords(self) -> str:
        """What LIMITS tells of them (RFC 9422 §3)."""
        told = {"RCPTMAX": self.recipients, "MAILMAX": self.messages, "RCPTDOMAINMAX": self.domains}
        return " ".join(f"{name}={value}" for name, value in told.items() if value)
