"""A trace as command lines of swaks, the mail administrator's test client (SMTP only): one for each message.

A message goes in by a pipe and unchanged: `--data -` with `--no-data-fixup`, as it was said, with its doubled dots and
its end, written by `printf` with every octet that is not plain as a backslash and three digits. Each argument is one
word of the shell (`shlex.quote`), behind the `=` of its option, so that none can be an option of its own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.retellable import Conversation, conversations
from mailtutor.text.catalogue import Words

_PATH = re.compile(
    rb"(?:MAIL +FROM|RCPT +TO): *<?((?:\"(?:[^\"\\]|\\.)*\"|[^>\s\"])*)>?(.*)", re.IGNORECASE | re.DOTALL
)
_CHUNK = re.compile(rb"BDAT[^\n]*\n", re.IGNORECASE)
_END = b".\r\n"
# What printf and the shell between two ' take as it is.
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b"%\\'!")


@dataclass(slots=True)
class _Transaction:
    """One message on its way in."""

    sender: bytes
    recipients: list[bytes] = field(default_factory=list)
    data: bytes = b""
    has_parameters: bool = False


def swaks(connections: Sequence[Connection], words: Words) -> str:
    """A file for the shell. Without a message in it there are only its remarks."""
    told = [one for one in conversations(connections) if one.protocol == "smtp"]
    commands: list[str] = []
    has_parameters = has_tls = False
    for one in told:
        for transaction in _transactions(one):
            commands.append(_command(one, transaction))
            has_parameters |= transaction.has_parameters
            has_tls |= one.has_tls
    remarks = words("export.swaks.head").splitlines()
    remarks += [words("export.swaks.parameters")] if has_parameters else []
    remarks += [words("export.swaks.verify")] if has_tls else []
    return "\n".join(["#!/bin/sh", *(f"# {line}" for line in remarks), *commands]) + "\n"


def _transactions(one: Conversation) -> Iterator[_Transaction]:
    """The messages that were handed in whole, whatever came of them."""
    now: _Transaction | None = None
    for turn in (said.turn for said in one.said):
        if turn.kind is Kind.COMMAND and turn.verb in ("MAIL", "RCPT"):
            found = _PATH.match(turn.said)
            if found is None:
                continue
            if turn.verb == "MAIL":
                now = _Transaction(found[1])
            elif now is not None:
                now.recipients.append(found[1])
            if now is not None:
                now.has_parameters |= bool(found[2].strip())
        elif now is not None and turn.verb == "BDAT":
            now.data += _CHUNK.sub(b"", turn.data, count=1)
            if turn.said.upper().rstrip().endswith(b"LAST"):
                now.data = _stuffed(now.data)
                yield now
                now = None
        elif now is not None and turn.kind in (Kind.DATA, Kind.END) and turn.data.endswith(_END):
            now.data = turn.data
            yield now
            now = None


def _stuffed(message: bytes) -> bytes:
    """What came in chunks, as DATA would say it (RFC 5321 §4.5.2)."""
    lines = message if message.endswith(b"\r\n") else message + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + _END


def _command(one: Conversation, transaction: _Transaction) -> str:
    """`printf '…' | swaks …`, on one line."""
    hello = next((said.turn.said for said in one.said if said.turn.verb in ("EHLO", "HELO")), b"")
    options = [
        _option("server", one.host.encode()), f"--port={one.port}", _option("from", transaction.sender or b"<>"),
        _option("to", b",".join(transaction.recipients)),
    ]  # fmt: skip
    name = hello[5:].strip()
    options += [_option("helo", name)] if name else []
    options += ["--protocol=SMTP"] if hello[:4].upper() == b"HELO" else []
    options += ["--tls-on-connect"] if one.is_sealed else ["--tls"] if one.has_tls else []
    mechanism = _mechanism(one)
    if mechanism:
        user = _option("auth-user", one.user.encode()) if one.user else '--auth-user="$MAIL_USER"'
        options += [f"--auth={mechanism}", user, '--auth-password="$MAIL_PASSWORD"']
    # swaks says the line end behind the dot itself. It takes data without a line end for the name of a file.
    data = transaction.data.removesuffix(b"\r\n")
    data = data if b"\n" in data else b"\r\n" + data
    return f"printf {_printf(data)} | swaks {' '.join(options)} --data=- --no-data-fixup"


def _mechanism(one: Conversation) -> str:
    """How the client logged in, as far as swaks knows it."""
    for said in one.said:
        words = said.turn.said.upper().split()
        if said.turn.verb == "AUTH" and words[1:2] in ([b"PLAIN"], [b"LOGIN"], [b"CRAM-MD5"]):
            return words[1].decode()
    return ""


def _option(name: str, value: bytes) -> str:
    """One word of the shell. A NUL cannot be in one."""
    return f"--{name}=" + shlex.quote(value.replace(b"\0", b"").decode("utf-8", "surrogateescape"))


def _printf(data: bytes) -> str:
    """A format that printf writes as these octets."""
    octets = "".join(chr(octet) if octet in _PLAIN else _escaped(octet) for octet in data)
    # A format that begins with a dash would be an option.
    return f"'{chr(92)}055{octets[1:]}'" if octets.startswith("-") else f"'{octets}'"


def _escaped(octet: int) -> str:
    return {0x0D: "\\r", 0x0A: "\\n", 0x25: "%%"}.get(octet, f"\\{octet:03o}")
