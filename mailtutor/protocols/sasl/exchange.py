"""The server's side of one login: responses in, challenges and questions out.

Both are the bytes in base64, as SMTP (RFC 4954 §4), POP3 (RFC 5034 §4) and IMAP (RFC 3501 §6.2.2) carry them.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.sasl import mechanisms


@dataclass(frozen=True, slots=True)
class AuthAttempted:
    """The client has shown who it is; the service says whether it is right.

    password: of PLAIN and LOGIN. challenge and digest: of CRAM-MD5, and of POP3's APOP (RFC 1939 §7). proved: SCRAM,
    where the engine has checked the proof against the stored keys already. acting_for: an authorization identity that
    is not the user's own name.
    """

    mechanism: str
    username: str
    password: str = ""
    challenge: bytes = b""
    digest: str = ""
    proved: bool = False
    acting_for: str = ""

    def proves(self, password: str) -> bool:
        """Whether this is what somebody says who knows `password`."""
        if self.mechanism in mechanisms.PLAINTEXT:
            return hmac.compare_digest(self.password.encode("utf-8", "replace"), password.encode())
        if self.mechanism == "CRAM-MD5":
            expected = mechanisms.cram_digest(password, self.challenge)
            return hmac.compare_digest(self.digest.lower().encode("utf-8", "replace"), expected.encode())
        if self.mechanism == "APOP":
            digest = hashlib.md5(self.challenge + password.encode(), usedforsecurity=False).hexdigest()
            return hmac.compare_digest(self.digest.encode("utf-8", "replace"), digest.encode())
        return self.proved


@dataclass(frozen=True, slots=True)
class ScramKeysAsked:
    """SCRAM needs what the server stores for this user; answer with `scram_keys`, also for a user nobody knows."""

    username: str


Question = AuthAttempted | ScramKeysAsked


class Exchange:
    """One attempt with one mechanism. nonce: printable, new each time; host: whose challenge it is. nonsense and
    denied: the protocol's replies to a response that makes no sense, and to one that proves nothing. unwanted: to an
    initial response where the server speaks first (RFC 4954 §4); "" for `nonsense`.

    `begin` and `respond` give a challenge in base64, or a question for the service. Both raise RemoteProtocolError.
    """

    def __init__(
        self, mechanism: str, nonce: str, host: str, *, nonsense: str, denied: str, unwanted: str = ""
    ) -> None:
        self.mechanism = mechanism
        self._host = host
        self._replies = nonsense, denied, unwanted or nonsense
        self._cram_challenge = f"<{nonce}@{host}>".encode()
        self._scram = mechanisms.ScramServer(nonce)
        self._name: str | None = None
        self._step = 0

    def begin(self, initial: bytes | None) -> str | Question:
        """The command itself, with its initial response if there was one."""
        if initial is not None:
            if self.mechanism == "CRAM-MD5":
                raise RemoteProtocolError(self._replies[2], mechanism=self.mechanism)  # the server speaks first
            return self.respond(initial)
        first = {"LOGIN": b"Username:", "CRAM-MD5": self._cram_challenge}
        return _based(first.get(self.mechanism, b""))

    def respond(self, line: bytes) -> str | Question:
        """The client's next line."""
        try:
            response = b64decode(line, validate=True)
            match self.mechanism:
                case "PLAIN":
                    acting_for, username, password = mechanisms.plain_fields(response)
                    return self._attempt(AuthAttempted("PLAIN", username, password, acting_for=acting_for))
                case "LOGIN":
                    return self._login(response.decode())
                case "CRAM-MD5":
                    username, digest = mechanisms.cram_fields(response)
                    return AuthAttempted("CRAM-MD5", username, challenge=self._cram_challenge, digest=digest)
                case _:
                    return self._respond_scram(response)
        except mechanisms.Unproven:
            raise RemoteProtocolError(self._replies[1]) from None
        except (binascii.Error, UnicodeDecodeError, mechanisms.SaslError):
            raise self._nonsense() from None

    def keys(self, keys: mechanisms.ScramKeys) -> str:
        """The answer to ScramKeysAsked."""
        return _based(self._scram.server_first(keys))

    def _login(self, text: str) -> str | Question:
        if self._name is None:
            self._name = text
            return _based(b"Password:")
        return AuthAttempted("LOGIN", self._name, text)

    def _respond_scram(self, response: bytes) -> str | Question:
        self._step += 1
        if self._step == 1:
            self._scram.client_first(response)
            return ScramKeysAsked(self._scram.username)
        if self._step == 2:
            proof = self._scram.server_final(response)
            # What comes with success comes as a challenge, which the client answers with nothing (RFC 4954 §4).
            return _based(proof)
        if response:
            raise mechanisms.SaslError("an answer where none was due")
        name, acting_for = self._scram.username, self._scram.acting_for
        return self._attempt(AuthAttempted(self.mechanism, name, proved=True, acting_for=acting_for))

    def _attempt(self, attempt: AuthAttempted) -> AuthAttempted:
        """Acting for somebody else is not offered; `alice` and `alice@HOST` are the same person."""
        if attempt.acting_for and self._person(attempt.acting_for) != self._person(attempt.username):
            raise RemoteProtocolError(self._replies[1])
        return attempt

    def _person(self, name: str) -> str:
        return name.lower().removesuffix(f"@{self._host.lower()}")

    def _nonsense(self) -> RemoteProtocolError:
        return RemoteProtocolError(self._replies[0], mechanism=self.mechanism)


def _based(challenge: bytes) -> str:
    return b64encode(challenge).decode()
