"""How a client proves who it is (RFC 4954): PLAIN (4616), LOGIN, CRAM-MD5 (2195), SCRAM-SHA-256 (5802, 7677).

Both sides, as pure functions and small exchanges. Nothing here makes a random number: nonces come in from outside, so
that the same bytes in give the same bytes out. Responses and challenges are the bytes inside the base64.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from base64 import b64decode, b64encode
from dataclasses import dataclass

# Best first: what a client takes when it may choose. The first two never show the password.
MECHANISMS = {
    "SCRAM-SHA-256": "RFC 7677, RFC 5802",
    "CRAM-MD5": "RFC 2195",
    "PLAIN": "RFC 4616",
    "LOGIN": "draft-murchison-sasl-login",
}
PLAINTEXT = frozenset({"PLAIN", "LOGIN"})
ITERATIONS = 4096
_CRAM = re.compile(rb"(.+) ([0-9A-Fa-f]{32})", re.DOTALL)
_CLIENT_FIRST = re.compile(
    r"(?P<gs2>[ny],(?:a=(?P<acting>[^,]*))?,)(?P<bare>n=(?P<name>[^,]+),r=(?P<nonce>[!-+\--~]+)(?:,.*)?)"
)
_CLIENT_FINAL = re.compile(
    r"(?P<without>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[!-+\--~]+)(?:,.*)?),p=(?P<proof>[A-Za-z0-9+/=]+)"
)
_SERVER_FIRST = re.compile(
    r"r=(?P<nonce>[!-+\--~]+),s=(?P<salt>[A-Za-z0-9+/=]+),i=(?P<iterations>[1-9][0-9]{0,6})(?:,.*)?"
)
# A server that asks for more work than this is not trusted with it.
_MOST_ITERATIONS = 1_000_000


class SaslError(Exception):
    """A response or challenge that makes no sense in its mechanism."""


class Unproven(SaslError):  # noqa: N818  (a verdict on a response that makes sense)
    """A response that makes sense and proves nothing."""


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What a server stores of a password: enough to check a proof, not enough to make one (RFC 5802 §3)."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


def plain_response(username: str, password: str) -> bytes:
    """`NUL authcid NUL passwd`."""
    return f"\0{username}\0{password}".encode()


def plain_fields(response: bytes) -> tuple[str, str, str]:
    """authzid, authcid, password. Raises SaslError."""
    try:
        parts = response.decode().split("\0")
    except UnicodeDecodeError:
        raise SaslError("not UTF-8") from None
    if len(parts) != 3 or not parts[1]:
        raise SaslError("not three fields")
    return parts[0], parts[1], parts[2]


def cram_digest(password: str, challenge: bytes) -> str:
    """HMAC-MD5 of the challenge under the password, in hexadecimal."""
    return hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()


def cram_response(username: str, password: str, challenge: bytes) -> bytes:
    """`user SP digest`."""
    return f"{username} {cram_digest(password, challenge)}".encode()


def cram_fields(response: bytes) -> tuple[str, str]:
    """Username and digest. Raises SaslError."""
    found = _CRAM.fullmatch(response)
    if found is None:
        raise SaslError("not a name and a digest")
    try:
        return found[1].decode(), found[2].decode()
    except UnicodeDecodeError:
        raise SaslError("not UTF-8") from None


def scram_keys(password: str, salt: bytes, iterations: int = ITERATIONS) -> ScramKeys:
    """What the server keeps of a password."""
    salted = _salted(password, salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    return ScramKeys(salt, iterations, stored, _mac(salted, b"Server Key"))


class ScramServer:
    """The server's side of one SCRAM-SHA-256 exchange. nonce: its own part, printable, new each time."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._keys: ScramKeys | None = None
        self._bare = self._gs2 = self._server_first = ""
        self.username = self.acting_for = ""

    def client_first(self, response: bytes) -> None:
        """Takes `n,,n=user,r=nonce`; `username` is known after it. Raises SaslError; Unproven where the client insists
        on a channel binding, which is not offered (RFC 5802 §6)."""
        first = _decoded(response)
        if first.startswith("p="):
            raise Unproven("a channel binding was asked for")
        found = _CLIENT_FIRST.fullmatch(first)
        if found is None:
            raise SaslError("not a client-first-message")
        self._gs2, self._bare = found["gs2"], found["bare"]
        self._nonce = found["nonce"] + self._nonce
        self.username = _unescaped(found["name"])
        self.acting_for = _unescaped(found["acting"] or "")

    def server_first(self, keys: ScramKeys) -> bytes:
        """`r=…,s=…,i=…`."""
        self._keys = keys
        self._server_first = f"r={self._nonce},s={b64encode(keys.salt).decode()},i={keys.iterations}"
        return self._server_first.encode()

    def server_final(self, response: bytes) -> bytes:
        """`v=…`. Raises SaslError for what is no client-final-message, and Unproven where the nonce, the channel
        binding or the proof is not right (RFC 5802 §5.1)."""
        found = _CLIENT_FINAL.fullmatch(_decoded(response))
        if found is None:
            raise SaslError("not a client-final-message")
        if found["nonce"] != self._nonce or _unbased(found["binding"]) != self._gs2.encode():
            raise Unproven("not the client-final-message of this exchange")
        assert self._keys is not None
        signed = f"{self._bare},{self._server_first},{found['without']}".encode()
        proof = _unbased(found["proof"])
        signature = _mac(self._keys.stored_key, signed)
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=False))
        right = len(proof) == len(signature) and hmac.compare_digest(
            hashlib.sha256(client_key).digest(), self._keys.stored_key
        )
        if not right:
            raise Unproven("the proof is wrong")
        return b"v=" + b64encode(_mac(self._keys.server_key, signed))


class ScramClient:
    """The client's side. nonce: its own part, printable, new each time."""

    def __init__(self, username: str, password: str, nonce: str) -> None:
        self._password = password
        self._nonce = nonce
        name = username.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={nonce}"
        self._expected = b""

    def first(self) -> bytes:
        """`n,,n=user,r=nonce`."""
        return f"n,,{self._bare}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The proof, for the server's `r=…,s=…,i=…`. Raises SaslError."""
        text = _decoded(challenge)
        found = _SERVER_FIRST.fullmatch(text)
        if found is None or not found["nonce"].startswith(self._nonce) or found["nonce"] == self._nonce:
            raise SaslError("not a server-first-message for our nonce")
        iterations = int(found["iterations"])
        if iterations > _MOST_ITERATIONS:
            raise SaslError("too many iterations")
        salted = _salted(self._password, _unbased(found["salt"]), iterations)
        client_key = _mac(salted, b"Client Key")
        without = f"c={b64encode(b'n,,').decode()},r={found['nonce']}"
        signed = f"{self._bare},{text},{without}".encode()
        signature = _mac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._expected = b"v=" + b64encode(_mac(_mac(salted, b"Server Key"), signed))
        return f"{without},p={b64encode(proof).decode()}".encode()

    def verify(self, challenge: bytes) -> None:
        """Whether the server knows the password, too. Raises SaslError."""
        if not self._expected or not hmac.compare_digest(challenge, self._expected):
            raise SaslError("the server could not prove that it knows the password")


def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", unicodedata.normalize("NFKC", password).encode(), salt, iterations)


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _decoded(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise SaslError("not UTF-8") from None


def _unbased(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise SaslError("not base64") from None


def _unescaped(name: str) -> str:
    if re.search(r"=(?!2C|3D)", name):
        raise SaslError("a name with = that is not =2C or =3D")
    return name.replace("=2C", ",").replace("=3D", "=")
