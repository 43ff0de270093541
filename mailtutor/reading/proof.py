"""What a client says before it waits, and what it can say only once it has heard what it is asked."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from mailtutor.protocols.lines import Kind, Line
from mailtutor.protocols.sasl import mechanisms

# The client's part of a SCRAM nonce: the server's own is new each time, and that is enough.
NONCE = "said-again"
_TIMESTAMP = re.compile(rb"<[^<>]+>")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose login it is to be."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What can be said only once the server's challenge is known. mechanism: CRAM-MD5, SCRAM-SHA-256 or APOP."""

    mechanism: str
    person: Person

    def answer(self, asked: bytes) -> bytes | None:
        """The whole line for what the server has said last; None where there is none."""
        name, password = self.person.name, self.person.password
        if self.mechanism == "APOP":
            timestamp = _TIMESTAMP.search(asked)
            if timestamp is None:
                return None
            digest = hashlib.md5(timestamp[0] + password.encode(), usedforsecurity=False).hexdigest()
            return f"APOP {name} {digest}\r\n".encode()
        try:
            challenge = b64decode(asked.rstrip().split(b" ", 1)[-1], validate=True)
            if self.mechanism == "CRAM-MD5":
                return b64encode(mechanisms.cram_response(name, password, challenge)) + b"\r\n"
            return b64encode(mechanisms.ScramClient(name, password, NONCE).final(challenge)) + b"\r\n"
        except (ValueError, mechanisms.SaslError):
            return None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client says before it waits.

    data: its bytes. said: its first line, to name it by. kind, verb: of that line. needs_go_on: it is said only because
    the server asked for it. is_answered: whether an answer is waited for. answer: the recorded one, where there is one.
    proof: what makes its bytes anew from what the server asks, `data` being only the recorded ones.
    """

    data: bytes
    said: bytes
    kind: Kind
    verb: str
    needs_go_on: bool
    is_answered: bool
    answer: Line | None = None
    proof: Proof | None = None

    def spoken(self, asked: bytes) -> bytes:
        """The bytes to be said. asked: the server's last answer."""
        proof = self.proof.answer(asked) if self.proof is not None else None
        return self.data if proof is None else proof
