"""How much a server takes: of a line, a message, a session. Every limit has a reply of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """One server's. 0 stands for no limit, but not for `size`.

    size: octets of a message (552). text_line: of a line in it, CRLF included (550). recipients: of one message (452).
    domains: different domains among the recipients of a session (452). messages: transactions of a session (421).
    errors: 5yz replies of a session (421). The command line's 512 octets are the table's.
    """

    size: int = 10 * 1024 * 1024
    text_line: int = 1000
    recipients: int = 1000
    domains: int = 0
    messages: int = 0
    errors: int = 100

    def keywords(self) -> str:
        """What LIMITS tells of them (RFC 9422 §3)."""
        told = {"RCPTMAX": self.recipients, "MAILMAX": self.messages, "RCPTDOMAINMAX": self.domains}
        return " ".join(f"{name}={value}" for name, value in told.items() if value)
