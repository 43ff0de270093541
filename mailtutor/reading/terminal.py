"""What stood on a terminal while somebody spoke to a mail server by hand: telnet, nc, `openssl s_client`.

Both sides' lines stand among each other, without a mark. Whose a line is tells what it looks like, and what was said
before it: a reply has its code, a message lasts until its dot. Where the typed lines are missing, as in what was piped
to a file, only the server's are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailtutor.reading.retold import Teller
from mailtutor.trace.events import AnyEvent, Endpoint

# Lines between the verdict on a certificate and the dashes.
_FEW = 8
TELNET = re.compile(rb"(?m)^Escape character is ")
S_CLIENT = re.compile(rb"(?m)^(?:CONNECTED\([0-9A-Fa-f]+\)|depth=\d+ )")
GREETINGS = re.compile(rb"(?:220[ -]|\+OK|\* (?:OK|PREAUTH) )")
# What s_client says itself, by the line.
_NOISE = re.compile(
    rb"(?:depth=\d|verify (?:error|return|depth)|Can't use SSL|CONNECTED\(|Connecting to |DONE$|closed$|read R BLOCK"
    rb"|write W BLOCK|RENEGOTIATING$|read:errno=|Post-Handshake |SSL_connect:|Connection closed by foreign host"
    rb"|Trying |Connected to |Escape character is |Warning: Reading )"
)
_CIPHER = re.compile(rb"(?m)^New, (\S{1,40}), Cipher is (\S{1,80})")
_PROTOCOLS = {b"2": "smtp", b"+": "pop3", b"*": "imap"}
_REPLY = re.compile(rb"\d{3}(?:[ -]|$)")
_STATUS = re.compile(rb"(?:\+OK|-ERR)(?: |$)")
_POP3_COMMAND = re.compile(rb"(?i)(?:USER|PASS|APOP|STAT|LIST|RETR|DELE|NOOP|RSET|QUIT|TOP|UIDL|CAPA|AUTH|STLS)(?: |$)")
_POP3_LINES = re.compile(rb"(?i)(?:RETR|TOP) |(?:LIST|UIDL|CAPA|AUTH) *$")
_IMAP_SERVER = re.compile(rb"(?:\* |\+(?: |$)|[^\s*+]+ (?:OK|NO|BAD)(?: |$))")
_IMAP_LITERAL = re.compile(rb"\{(\d{1,9})\+?\}$")


def terminal(data: bytes) -> list[AnyEvent]:
    """The conversation that is on it; none where nobody speaks a protocol of mail."""
    # A terminal puts a CR before each LF, behind the one that was there.
    lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    sealed = _CIPHER.search(data)
    is_sealed = S_CLIENT.search(data) is not None
    said = list(_conversation(lines, is_block=sealed is not None))
    start = next((n for n, line in enumerate(said) if GREETINGS.match(line)), None)
    if start is None:
        # With -starttls s_client hears the greeting itself.
        start = next((n for n, line in enumerate(said) if _REPLY.match(line)), len(said))
    said = said[start:]
    if not said:
        return []
    teller = Teller(_PROTOCOLS.get(said[0][:1], "smtp"))
    teller.open(Endpoint("", "", 0), _server(data))
    if is_sealed:
        names = [part.decode("ascii", "replace") for part in sealed.groups()] if sealed is not None else ["TLS", ""]
        teller.secured(*names)
    sides = {"smtp": _smtp, "pop3": _pop3, "imap": _imap}[teller.protocol](said)
    for line, from_client in zip(said, sides, strict=True):
        teller.said(line + b"\r\n", from_client=from_client)
    teller.close("server")
    return teller.events


def _server(data: bytes) -> Endpoint:
    found = re.search(rb"(?m)^(?:Trying ([0-9A-Fa-f.:]{3,45}?)\.\.\.|Connected to ([^\s]{1,255}?)\.?\r?$)", data)
    return (
        Endpoint("", (found[1] or found[2]).decode("ascii", "replace"), 0) if found is not None else Endpoint("", "", 0)
    )


def _conversation(lines: Sequence[bytes], *, is_block: bool) -> Iterator[bytes]:
    """The lines that either side said. is_block: s_client tells of certificate and session first, and later of each
    session ticket, between lines of dashes."""
    is_telling = is_block
    count = len(lines)
    verified = -_FEW
    for n, line in enumerate(lines):
        if line == b"---":
            # What it tells of a session ends a few lines behind its verdict.
            is_telling = n - verified > _FEW if is_telling else _tells(lines, n)
        elif is_telling:
            verified = n if line.lstrip().startswith(b"Verify return code") else verified
        elif not _NOISE.match(line) and (line or n < count - 1):
            yield line


def _tells(lines: Sequence[bytes], at: int) -> bool:
    return at + 1 < len(lines) and lines[at + 1].startswith(b"Post-Handshake ")


def _smtp(said: Sequence[bytes]) -> Iterator[bool]:
    ends = {n for n, line in enumerate(said) if line == b"."}
    last_end = max(ends, default=-1)
    is_message = False
    for n, line in enumerate(said):
        if is_message:
            yield True
            is_message = line != b"."
            continue
        is_reply = _REPLY.match(line) is not None
        is_message = is_reply and line.startswith(b"354") and last_end > n
        yield not is_reply


def _pop3(said: Sequence[bytes]) -> Iterator[bool]:
    asked, is_many = b"", False
    for line in said:
        if is_many:
            yield False
            is_many = line != b"."
        elif _STATUS.match(line):
            yield False
            is_many = line.startswith(b"+OK") and _POP3_LINES.match(asked) is not None
            asked = b""
        else:
            is_command = _POP3_COMMAND.match(line) is not None
            asked = line if is_command else asked
            yield is_command


def _imap(said: Sequence[bytes]) -> Iterator[bool]:
    left, from_client = 0, False
    for line in said:
        if left > 0:
            left -= len(line) + 2
        else:
            # What stands behind a literal goes on the line before it.
            from_client = from_client if left < 0 else _IMAP_SERVER.match(line) is None
            left = 0
        yield from_client
        if left <= 0:
            literal = _IMAP_LITERAL.search(line)
            left = int(literal[1]) if literal is not None else 0
