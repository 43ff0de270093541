"""TLS as it was captured: the hellos are read (RFC 8446 §4.1), the rest stays closed unless a key log opens it.

A key log is what browsers, curl and Python write when SSLKEYLOGFILE is set: one secret a line (RFC 9850). With it
TLS 1.2 and 1.3 of the AEAD suites are opened; of others, and after octets that are missing, nothing is.
"""

from __future__ import annotations

import re
import struct
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailtutor.protocols.ciphertext import RecordReader

CHANGE, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
_CLIENT_HELLO, _SERVER_HELLO, _FINISHED, _KEY_UPDATE = 1, 2, 20, 24
_SERVER_NAME, _VERSIONS = 0, 43
_VERSION_NAMES = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
_HEAD = 5
_RECORDS = (b"\x14", b"\x15", b"\x16", b"\x17")
# A hello is longer than one record at most by a few; what claims more lies.
_LONGEST_HELLO = 128 * 1024
# Secrets that are kept; a connection has five at most.
MOST_SECRETS = 200_000
_GCM, _CHACHA, _OTHER = "gcm", "chacha", ""


@dataclass(frozen=True, slots=True)
class _Suite:
    """name: OpenSSL's. seal: how its records are closed. key: octets."""

    name: str
    seal: str = _OTHER
    key: int = 0
    hash: str = "sha256"


# What servers and clients of these years choose (https://www.iana.org/assignments/tls-parameters).
_SUITES = {
    0x1301: _Suite("TLS_AES_128_GCM_SHA256", _GCM, 16),
    0x1302: _Suite("TLS_AES_256_GCM_SHA384", _GCM, 32, "sha384"),
    0x1303: _Suite("TLS_CHACHA20_POLY1305_SHA256", _CHACHA, 32),
    0x009C: _Suite("AES128-GCM-SHA256", _GCM, 16),
    0x009D: _Suite("AES256-GCM-SHA384", _GCM, 32, "sha384"),
    0x009E: _Suite("DHE-RSA-AES128-GCM-SHA256", _GCM, 16),
    0x009F: _Suite("DHE-RSA-AES256-GCM-SHA384", _GCM, 32, "sha384"),
    0xC02B: _Suite("ECDHE-ECDSA-AES128-GCM-SHA256", _GCM, 16),
    0xC02C: _Suite("ECDHE-ECDSA-AES256-GCM-SHA384", _GCM, 32, "sha384"),
    0xC02F: _Suite("ECDHE-RSA-AES128-GCM-SHA256", _GCM, 16),
    0xC030: _Suite("ECDHE-RSA-AES256-GCM-SHA384", _GCM, 32, "sha384"),
    0xCCA8: _Suite("ECDHE-RSA-CHACHA20-POLY1305", _CHACHA, 32),
    0xCCA9: _Suite("ECDHE-ECDSA-CHACHA20-POLY1305", _CHACHA, 32),
    0xCCAA: _Suite("DHE-RSA-CHACHA20-POLY1305", _CHACHA, 32),
    0x002F: _Suite("AES128-SHA"), 0x0035: _Suite("AES256-SHA"),
    0x003C: _Suite("AES128-SHA256"), 0x003D: _Suite("AES256-SHA256"),
    0xC009: _Suite("ECDHE-ECDSA-AES128-SHA"), 0xC00A: _Suite("ECDHE-ECDSA-AES256-SHA"),
    0xC013: _Suite("ECDHE-RSA-AES128-SHA"), 0xC014: _Suite("ECDHE-RSA-AES256-SHA"),
    0xC027: _Suite("ECDHE-RSA-AES128-SHA256"), 0xC028: _Suite("ECDHE-RSA-AES256-SHA384", hash="sha384"),
}  # fmt: skip


# Octets that are looked at of a line that may ask for TLS.
LONGEST_ASKING = 200
# What a client says before it: a tag of IMAP's may stand in front.
_ASKS = re.compile(rb"(?i)(?:[^ \r\n]+ )?(?:STARTTLS|STLS|AUTH TLS)\r?\n\Z")


def asks_for_tls(said: bytes) -> bool:
    """Whether what a client said last asks for TLS (RFC 3207, RFC 2595, RFC 4217)."""
    return (
        said[-5:].rstrip().upper().endswith(b"TLS")
        and _ASKS.search(said, max(0, len(said) - LONGEST_ASKING)) is not None
    )


def begins_tls(said: bytes) -> bool:
    """Whether these octets begin a record of any version there is (RFC 8446 §5.1), as far as they go."""
    return said[:1] in _RECORDS and said[1:2] in (b"", b"\x03")


class KeyLog:
    """The secrets of a key log by label and client random. What is no secret in it is passed over, and of very many the
    last are kept."""

    def __init__(self, texts: Iterable[bytes] = ()) -> None:
        self._secrets: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()
        for text in texts:
            self.add(text)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def add(self, text: bytes) -> None:
        """More of it, in NSS format."""
        for line in text.splitlines():
            parts = line.split()
            if len(parts) == 3 and not line.startswith(b"#"):
                try:
                    random, secret = bytes.fromhex(parts[1].decode("ascii")), bytes.fromhex(parts[2].decode("ascii"))
                except ValueError:
                    continue
                self._secrets[(parts[0], random)] = secret
                if len(self._secrets) > MOST_SECRETS:
                    self._secrets.popitem(last=False)

    def get(self, label: str, random: bytes) -> bytes:
        """A secret, b"" where it is not there."""
        return self._secrets.get((label.encode(), random), b"")


@dataclass(frozen=True, slots=True)
class Begun:
    """The hellos were exchanged. server_name: whom the client asked for (RFC 6066 §3), "" where it did not say."""

    version: str
    cipher: str
    server_name: str


@dataclass(slots=True)
class Seen:
    """What a piece of one direction brought. records: whole records. begun: the server has chosen. inside: what was
    in them, for who has the keys. is_open: whether anything could be opened at all."""

    records: list[bytes] = field(default_factory=list)
    begun: Begun | None = None
    inside: list[bytes] = field(default_factory=list)


class _Keys:
    """Opens the records of one direction (RFC 5246 §6.2.3.3, RFC 8446 §5.2)."""

    def __init__(self, suite: _Suite, key: bytes, iv: bytes, *, is_13: bool) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

        self._cipher = AESGCM(key) if suite.seal == _GCM else ChaCha20Poly1305(key)
        self._iv = iv
        self._is_13 = is_13
        self._explicit = suite.seal == _GCM and not is_13
        self._number = 0

    def opened(self, record: bytes) -> bytes:
        """What a record holds. Raises ValueError where it does not fit."""
        from cryptography.exceptions import InvalidTag

        head, body = record[:_HEAD], record[_HEAD:]
        number = struct.pack("!Q", self._number)
        self._number += 1
        if self._explicit:
            nonce, body = self._iv + body[:8], body[8:]
        else:
            nonce = bytes(a ^ b for a, b in zip(self._iv, number.rjust(12, b"\0"), strict=True))
        beside = head if self._is_13 else number + head[:3] + struct.pack("!H", max(0, len(body) - 16))
        try:
            return self._cipher.decrypt(nonce, body, beside)
        except InvalidTag as wrong:
            raise ValueError("this record was closed with another key") from wrong


@dataclass(slots=True)
class _Side:
    """One direction. closed: its records are encrypted from here on. left: a part of a handshake message."""

    reader: RecordReader = field(default_factory=RecordReader)
    left: bytearray = field(default_factory=bytearray)
    is_closed: bool = False
    keys: _Keys | None = None
    secret: bytes = b""


class Tunnel:
    """One connection from where TLS begins. secrets: what opens it, where anything does."""

    def __init__(self, secrets: KeyLog) -> None:
        self._log = secrets
        self._sides = {True: _Side(), False: _Side()}
        self._random = b""
        self._server_random = b""
        self._name = ""
        self._suite: _Suite | None = None
        self._is_13 = False
        # Nothing can be opened any more: octets are missing, or the keys do not fit.
        self.is_lost = not secrets

    def feed(self, data: bytes, *, from_client: bool) -> Seen:
        """What these octets completed."""
        seen = Seen()
        for record in self._sides[from_client].reader.feed(data):
            seen.records.append(record)
            try:
                self._record(record, seen, from_client=from_client)
            except (ValueError, IndexError, struct.error):
                self.is_lost = True
        return seen

    def missed(self, *, from_client: bool) -> bytes:
        """Octets are missing: a record can begin anywhere now. What there was of one is given."""
        self.is_lost = True
        return self._sides[from_client].reader.rest()

    def _record(self, record: bytes, seen: Seen, *, from_client: bool) -> None:
        side, kind, body = self._sides[from_client], record[0], record[_HEAD:]
        if kind == CHANGE and not self._is_13:
            side.is_closed = True
            side.keys = self._keys_12(from_client=from_client)
        elif side.keys is not None and kind in (APPLICATION, HANDSHAKE, ALERT) and not self.is_lost:
            kind, body = self._opened(side, kind, record)
            if kind == APPLICATION and body:
                seen.inside.append(body)
            elif kind == HANDSHAKE:
                self._handshake(side, body, seen, from_client=from_client)
        elif kind == HANDSHAKE and not side.is_closed:
            self._handshake(side, body, seen, from_client=from_client)

    def _opened(self, side: _Side, kind: int, record: bytes) -> tuple[int, bytes]:
        assert side.keys is not None
        inner = side.keys.opened(record)
        if not self._is_13:
            return kind, inner
        inner = inner.rstrip(b"\0")
        return (inner[-1], inner[:-1]) if inner else (0, b"")

    # The handshake --------------------------------------------------------------------------------------------------

    def _handshake(self, side: _Side, body: bytes, seen: Seen, *, from_client: bool) -> None:
        left = side.left
        left += body
        while len(left) >= 4:
            size = 4 + int.from_bytes(left[1:4], "big")
            if size > _LONGEST_HELLO:
                raise ValueError("no handshake message is that long")
            if len(left) < size:
                return
            kind, message = left[0], bytes(left[4:size])
            del left[:size]
            if kind == _CLIENT_HELLO and from_client:
                self._client_hello(message)
            elif kind == _SERVER_HELLO and not from_client:
                seen.begun = self._server_hello(message) or seen.begun
            elif kind == _FINISHED and self._is_13:
                self._use(side, "TRAFFIC_SECRET_0", from_client=from_client)
            elif kind == _KEY_UPDATE and self._is_13 and self._suite is not None:
                self._turn(side, _expanded(side.secret, "traffic upd", _HASHES[self._suite.hash], self._suite.hash))

    def _client_hello(self, message: bytes) -> None:
        self._random = message[2:34]
        at = 35 + message[34]
        at += 2 + int.from_bytes(message[at : at + 2], "big")
        at += 1 + message[at]
        for kind, value in _extensions(message[at:]):
            if kind == _SERVER_NAME and len(value) > 5:
                self._name = value[5 : 5 + int.from_bytes(value[3:5], "big")].decode("ascii", "replace")

    def _server_hello(self, message: bytes) -> Begun | None:
        version, random = int.from_bytes(message[:2], "big"), message[2:34]
        at = 35 + message[34]
        chosen = int.from_bytes(message[at : at + 2], "big")
        for kind, value in _extensions(message[at + 3 :]):
            if kind == _VERSIONS:
                version = int.from_bytes(value[:2], "big")
        if random == _RETRY:
            return None
        self._server_random = random
        self._suite = _SUITES.get(chosen, _Suite(f"0x{chosen:04X}"))
        self._is_13 = version == 0x0304
        if self._is_13:
            for from_client, side in self._sides.items():
                side.is_closed = True
                self._use(side, "HANDSHAKE_TRAFFIC_SECRET", from_client=from_client)
        return Begun(_VERSION_NAMES.get(version, f"0x{version:04X}"), self._suite.name, self._name)

    # Keys -----------------------------------------------------------------------------------------------------------

    def _use(self, side: _Side, label: str, *, from_client: bool) -> None:
        """From the next record on."""
        who = "CLIENT" if from_client else "SERVER"
        secret = self._log.get(f"{who}_{label}", self._random)
        if secret and self._suite is not None and self._suite.seal:
            self._turn(side, secret)
        else:
            side.keys, self.is_lost = None, True

    def _turn(self, side: _Side, secret: bytes) -> None:
        """To keys made of a secret (RFC 8446 §7.3)."""
        assert self._suite is not None
        side.secret = secret
        key = _expanded(secret, "key", self._suite.key, self._suite.hash)
        side.keys = _Keys(self._suite, key, _expanded(secret, "iv", 12, self._suite.hash), is_13=True)

    def _keys_12(self, *, from_client: bool) -> _Keys | None:
        """RFC 5246 §6.3."""
        master = self._log.get("CLIENT_RANDOM", self._random)
        suite = self._suite
        if not master or suite is None or not suite.seal:
            self.is_lost = True
            return None
        iv = 4 if suite.seal == _GCM else 12
        block = _prf(master, b"key expansion" + self._server_random + self._random, 2 * (suite.key + iv), suite.hash)
        which = 0 if from_client else 1
        key = block[which * suite.key :][: suite.key]
        return _Keys(suite, key, block[2 * suite.key + which * iv :][:iv], is_13=False)


_HASHES = {"sha256": 32, "sha384": 48}
# SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def _extensions(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while at + 4 <= len(raw):
        kind, size = int.from_bytes(raw[at : at + 2], "big"), int.from_bytes(raw[at + 2 : at + 4], "big")
        yield kind, raw[at + 4 : at + 4 + size]
        at += 4 + size


def _expanded(secret: bytes, label: str, length: int, hash: str) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 §7.1)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    name = b"tls13 " + label.encode()
    info = struct.pack("!HB", length, len(name)) + name + b"\0"
    kind = hashes.SHA384() if hash == "sha384" else hashes.SHA256()
    return HKDFExpand(kind, length, info).derive(secret)


def _prf(secret: bytes, seed: bytes, length: int, hash: str) -> bytes:
    """P_hash (RFC 5246 §5)."""
    import hashlib
    import hmac

    kind = getattr(hashlib, hash)
    found, a = b"", seed
    while len(found) < length:
        a = hmac.new(secret, a, kind).digest()
        found += hmac.new(secret, a + seed, kind).digest()
    return found[:length]
