"""Which protocol is spoken where: by the port (IANA's, and the lab's own friendly ones), else by the first words."""

from __future__ import annotations

import re
from types import MappingProxyType

# Port to protocol and service; the service tells whether TLS comes first.
PORTS = MappingProxyType(
    {
        25: ("smtp", "smtp"), 587: ("smtp", "submission"), 465: ("smtp", "smtps"),
        110: ("pop3", "pop3"), 995: ("pop3", "pop3s"), 143: ("imap", "imap"), 993: ("imap", "imaps"),
        2525: ("smtp", "smtp"), 2587: ("smtp", "submission"), 2465: ("smtp", "smtps"),
        2110: ("pop3", "pop3"), 2995: ("pop3", "pop3s"), 2143: ("imap", "imap"), 2993: ("imap", "imaps"),
        21: ("ftp", "ftp"), 80: ("http", "http"), 8025: ("http", "http"), 8080: ("http", "http"),
    }
)  # fmt: skip
# Services that begin with TLS.
SEALED = frozenset({"smtps", "pop3s", "imaps"})
# Service to its own port. That of FTP's data is another one each time.
OWN_PORTS = MappingProxyType({service: port for port, (_, service) in PORTS.items() if port < 1024} | {"dns": 53})
# The name server's: the standard one, and the lab's.
DNS_PORTS = frozenset({53, 2053})
# Octets of each side that are looked at before a connection counts as none of ours.
ENOUGH = 512
# Most a server says before the client has to speak.
_GREETINGS = (
    (re.compile(rb"(?i)\+OK\b|-ERR\b"), "pop3"),
    (re.compile(rb"(?i)\* (?:OK|PREAUTH|BYE)\b"), "imap"),
)
_SMTP_OR_FTP = re.compile(rb"(?:220|421|554)[ -]")
_CLIENTS = (
    (re.compile(rb"(?i)(?:EHLO|HELO|LHLO|MAIL FROM|RCPT TO)\b"), "smtp"),
    (re.compile(rb"(?i)[A-Za-z0-9.]{1,20} (?:CAPABILITY|LOGIN|AUTHENTICATE|STARTTLS|ID|SELECT|NOOP)\b"), "imap"),
    (re.compile(rb"(?i)(?:CAPA|STLS|APOP|UIDL|RETR \d+|STAT)\b"), "pop3"),
    (re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) \S+ HTTP/1\.[01]\r?\n"), "http"),
    (re.compile(rb"(?i)(?:PASV|EPSV|PORT [\d,]+|TYPE [AI])\b"), "ftp"),
    # Both of POP3 and FTP begin with it; POP3's server says +OK before.
    (re.compile(rb"(?i)USER \S+\r?\n"), "ftp"),
)


def by_words(client: bytes, server: bytes) -> str:
    """The protocol of a connection whose ends began so, "" where that cannot be told (yet)."""
    for pattern, protocol in _GREETINGS:
        if pattern.match(server):
            return protocol
    for pattern, protocol in _CLIENTS:
        if pattern.match(client):
            return protocol
    if client and _SMTP_OR_FTP.match(server):
        return "smtp"
    return ""
