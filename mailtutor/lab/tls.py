"""TLS: the lab's certificate authority, and TLS over a stream of bytes.

Every lab has an authority of its own, made by trustme and kept in the lab's folder (`ca.pem`), so that a student's mail
program can be told to trust it. `Tls` turns what crosses the wire into what is inside and back; who moves the bytes is
the stream's business, so both can be shown.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import ssl
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import trustme

CA_NAME = "ca.pem"
_KEY_NAME = "ca.key"
_RECORD_OCTETS = 64 * 1024


class Certificate(StrEnum):
    """What certificate a server shows: its own, or one with something wrong about it."""

    GOOD = "good"
    OTHER_NAME = "other-name"
    EXPIRED = "expired"
    SELF_MADE = "self-made"


class TlsError(Exception):
    """The handshake failed. The message is what the library said, in few words; reason: its name for it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Trusted:
    """An authority of which only the certificate is known: enough to check what servers show."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._trusting: ssl.SSLContext | None = None

    def client(self) -> ssl.SSLContext:
        """Trusts this authority and nobody else, and looks at the name. Raises OSError, where the file is gone."""
        if self._trusting is None:
            self._trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._trusting.load_verify_locations(self.path)
        return self._trusting


class Authority(Trusted):
    """Signs the lab's certificates. folder: where it is kept; reading `ca.pem` is enough to trust it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / CA_NAME)
        self._ca = _kept(folder)
        self._servers: dict[tuple[str, Certificate], ssl.SSLContext] = {}

    def server(
        self, name: str, others: Sequence[str] = (), certificate: Certificate = Certificate.GOOD
    ) -> ssl.SSLContext:
        """What a server shows for itself. others: more names and addresses it is reached by."""
        context = self._servers.get((name, certificate))
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._issue(name, others, certificate).configure_cert(context)
            self._servers[name, certificate] = context
        return context

    def pem(self, name: str, others: Sequence[str] = ()) -> bytes:
        """The same for a program that is not ours: key and certificates. Whoever keeps it keeps it secret."""
        issued = self._issue(name, others, Certificate.GOOD)
        return issued.private_key_pem.bytes() + b"".join(part.bytes() for part in issued.cert_chain_pems)

    def _issue(self, name: str, others: Sequence[str], certificate: Certificate) -> trustme.LeafCert:
        match certificate:
            case Certificate.OTHER_NAME:
                return self._ca.issue_cert(f"other.{name}", common_name=f"other.{name}"[:64])
            case Certificate.EXPIRED:
                day = datetime.timedelta(days=1)
                now = datetime.datetime.now(datetime.UTC)
                return self._ca.issue_cert(
                    name, *others, common_name=name[:64], not_before=now - 30 * day, not_after=now - day
                )
            case Certificate.SELF_MADE:
                return trustme.CA(organization_name="nobody you know").issue_cert(name, *others, common_name=name[:64])
            case _:
                return self._ca.issue_cert(name, *others, common_name=name[:64], organization_name="mailtutor")


def unchecked() -> ssl.SSLContext:
    """A client that takes any certificate: what servers do among themselves (RFC 7435 §3). It keeps out who only
    listens, not who stands in between."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _kept(folder: Path) -> trustme.CA:
    """The folder's authority; a new one where there is none, or none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return trustme.CA.from_pem((folder / CA_NAME).read_bytes(), (folder / _KEY_NAME).read_bytes())
    ca = trustme.CA(organization_name="mailtutor lab")
    descriptor = os.open(folder / _KEY_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(ca.private_key_pem.bytes())
    (folder / CA_NAME).write_bytes(ca.cert_pem.bytes())
    return ca


class Tls:
    """One side of a TLS connection, without a socket: feed what came, send what `pull` gives.

    name: of the server, for a client. Raises TlsError from `feed` and `begin` when the other side cannot be talked to.
    """

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, name: str = "") -> None:
        self._came, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._came, self._leaving, server_side=server_side, server_hostname=name or None
        )
        self.is_open = False
        self.is_over = False

    def begin(self) -> None:
        """Says hello, where it is our turn."""
        self._shake()

    def feed(self, data: bytes) -> bytes:
        """Takes bytes from the wire; gives what was inside."""
        self._came.write(data)
        if not self.is_open:
            self._shake()
            if not self.is_open:
                return b""
        inside = bytearray()
        try:
            while piece := self._object.read(_RECORD_OCTETS):
                inside += piece
            self.is_over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_over = True
        except ssl.SSLError as wrong:
            raise _said(wrong) from wrong
        return bytes(inside)

    def wrap(self, data: bytes) -> None:
        """Puts bytes inside; `pull` then gives what crosses the wire."""
        self._object.write(data)

    def pull(self) -> bytes:
        """What has to cross the wire now."""
        return self._leaving.read()

    def end(self) -> None:
        """Says that nothing more will come (RFC 8446 §6.1)."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()

    @property
    def version(self) -> str:
        """ "TLSv1.3"."""
        return self._object.version() or ""

    @property
    def cipher(self) -> str:
        """ "TLS_AES_256_GCM_SHA384"."""
        found = self._object.cipher()
        return found[0] if found is not None else ""

    def _shake(self) -> None:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as wrong:
            raise _said(wrong) from wrong
        self.is_open = True


def _said(wrong: ssl.SSLError) -> TlsError:
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return TlsError("CERTIFICATE_VERIFY_FAILED", wrong.verify_message)
    reason = wrong.reason or type(wrong).__name__
    return TlsError(reason, reason.replace("_", " ").lower())
