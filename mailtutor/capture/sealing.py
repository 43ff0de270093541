"""What was inside TLS, closed in TLS again: both ends of a connection that no network sees, with keys anybody may have.

Python's own TLS makes the records, so they are as real as any; only the certificate and the keys are of this moment.
"""

from __future__ import annotations

import re
import ssl
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_NAME = "mail.example"
# Of TLS 1.2, one that our certificate can always do.
_ANY_CIPHER = "ECDHE-ECDSA-AES256-GCM-SHA384"
_CIPHER_NAME = re.compile(r"[A-Z0-9-]{1,60}")
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


class Sealed:
    """A TLS connection between two ends in memory. version, cipher: as they were, where this Python can do them.
    server_name: whom the client asks for."""

    def __init__(self, version: str, cipher: str, server_name: str = "") -> None:
        with tempfile.NamedTemporaryFile(prefix="mailtutor-keys-", delete=False) as file:
            self._keys = Path(file.name)
        client, server = _contexts(version, cipher)
        client.keylog_filename = str(self._keys)
        self._wires = {True: (ssl.MemoryBIO(), ssl.MemoryBIO()), False: (ssl.MemoryBIO(), ssl.MemoryBIO())}
        self._ends = {
            True: _client(client, *self._wires[True], server_name),
            False: server.wrap_bio(*self._wires[False], server_side=True),
        }

    def handshake(self) -> Iterator[tuple[bool, bytes]]:
        """What the ends say to each other until both are ready: from the client or not, and the octets."""
        is_done = {True: False, False: False}
        for _ in range(20):
            for from_client, end in self._ends.items():
                try:
                    if not is_done[from_client]:
                        end.do_handshake()
                        is_done[from_client] = True
                    else:
                        end.read(0)
                except ssl.SSLWantReadError:
                    pass
                data = self._wires[from_client][1].read()
                if data:
                    self._wires[not from_client][0].write(data)
                    yield from_client, data
            if all(is_done.values()) and not self._ends[True].pending():
                break
        # The tickets of TLS 1.3 come with the first read.
        self._drain(True)

    def closed(self, data: bytes, *, from_client: bool) -> bytes:
        """The records that carry these octets."""
        left, end = memoryview(data), self._ends[from_client]
        while left:
            left = left[end.write(left) :]
        sealed = self._wires[from_client][1].read()
        self._wires[not from_client][0].write(sealed)
        self._drain(not from_client)
        return sealed

    def secrets(self) -> bytes:
        """The key log so far."""
        text = self._keys.read_bytes()
        self._keys.unlink(missing_ok=True)
        return text

    def _drain(self, at_client: bool) -> None:
        end = self._ends[at_client]
        try:
            while end.read(1 << 16):
                pass
        except ssl.SSLWantReadError:
            pass


@cache
def _authority() -> tuple[bytes, bytes]:
    """A certificate and its key, in PEM, for this process."""
    import trustme

    made = trustme.CA().issue_cert(_NAME)
    return b"".join(blob.bytes() for blob in made.cert_chain_pems), made.private_key_pem.bytes()


def _contexts(version: str, cipher: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Nobody is to be trusted here: both ends are ours, and the certificate is made for this file.
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with tempfile.NamedTemporaryFile(prefix="mailtutor-certificate-", suffix=".pem") as file:
        file.write(b"".join(_authority()))
        file.flush()
        server.load_cert_chain(file.name)
    wanted = _VERSIONS.get(version)
    for context in (client, server):
        if wanted is not None:
            context.minimum_version = context.maximum_version = wanted
        if wanted is ssl.TLSVersion.TLSv1_2:
            # The certificate is of elliptic curves, whatever the one was; a cipher that needs another cannot be done.
            name = cipher.replace("-RSA-", "-ECDSA-")
            context.set_ciphers(f"{name}:{_ANY_CIPHER}" if _CIPHER_NAME.fullmatch(name) else _ANY_CIPHER)
    return client, server


def _client(context: ssl.SSLContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, name: str) -> ssl.SSLObject:
    """The client's end. A name that is none of a host, as anybody can write into a hello, it does not ask for."""
    try:
        return context.wrap_bio(incoming, outgoing, server_hostname=name or None)
    except (ValueError, TypeError):
        return context.wrap_bio(incoming, outgoing)
