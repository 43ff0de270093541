"""The server's side of one AUTH exchange: responses in, challenges and questions out (RFC 4954 §4)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.smtp import sasl
from mailtutor.protocols.smtp.events import AuthAttempted, ScramKeysAsked

Question = AuthAttempted | ScramKeysAsked


class AuthExchange:
    """One attempt with one mechanism. nonce: printable, new each time; host: whose challenge it is.

    `begin` and `respond` give base64 for a 334, or a question for the service. Both raise RemoteProtocolError.
    """

    def __init__(self, mechanism: str, nonce: str, host: str) -> None:
        self.mechanism = mechanism
        self._cram_challenge = f"<{nonce}@{host}>".encode()
        self._scram = sasl.ScramServer(nonce)
        self._name: str | None = None
        self._step = 0

    def begin(self, initial: bytes | None) -> str | Question:
        """The command itself, with its initial response if there was one."""
        if initial is not None:
            if self.mechanism == "CRAM-MD5":
                raise self._nonsense()  # the server speaks first
            return self.respond(initial)
        first = {"LOGIN": b"Username:", "CRAM-MD5": self._cram_challenge}
        return _based(first.get(self.mechanism, b""))

    def respond(self, line: bytes) -> str | Question:
        """The client's next line."""
        try:
            response = b64decode(line, validate=True)
            match self.mechanism:
                case "PLAIN":
                    acting_for, username, password = sasl.plain_fields(response)
                    return self._attempt(AuthAttempted("PLAIN", username, password, acting_for=acting_for))
                case "LOGIN":
                    return self._login(response.decode())
                case "CRAM-MD5":
                    username, digest = sasl.cram_fields(response)
                    return AuthAttempted("CRAM-MD5", username, challenge=self._cram_challenge, digest=digest)
                case _:
                    return self._respond_scram(response)
        except (binascii.Error, UnicodeDecodeError, sasl.SaslError):
            raise self._nonsense() from None

    def keys(self, keys: sasl.ScramKeys) -> str:
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
            if proof is None:
                raise RemoteProtocolError("535.wrong")
            # What comes with success comes as a challenge, which the client answers with nothing (RFC 4954 §4).
            return _based(proof)
        if response:
            raise sasl.SaslError("an answer where none was due")
        name, acting_for = self._scram.username, self._scram.acting_for
        return self._attempt(AuthAttempted(self.mechanism, name, proved=True, acting_for=acting_for))

    def _attempt(self, attempt: AuthAttempted) -> AuthAttempted:
        """Acting for somebody else is not offered."""
        if attempt.acting_for not in ("", attempt.username):
            raise RemoteProtocolError("535.wrong")
        return attempt

    def _nonsense(self) -> RemoteProtocolError:
        return RemoteProtocolError("501.auth_base64", mechanism=self.mechanism)


def _based(challenge: bytes) -> str:
    return b64encode(challenge).decode()
