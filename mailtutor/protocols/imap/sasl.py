"""SASL PLAIN (RFC 4616): one response that holds everything."""

from __future__ import annotations

import base64
import binascii

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.imap.events import LoginAttempted


def plain_response(username: str, password: str) -> bytes:
    """What a client sends, in base64."""
    return base64.b64encode(f"\0{username}\0{password}".encode())


def plain_credentials(response: bytes) -> LoginAttempted:
    """`authzid NUL authcid NUL passwd` out of base64. Raises RemoteProtocolError for nonsense."""
    try:
        parts = base64.b64decode(response, validate=True).decode().split("\0")
    except (binascii.Error, UnicodeDecodeError):
        raise RemoteProtocolError("BAD.base64", mechanism="PLAIN") from None
    if len(parts) != 3 or not parts[1]:
        raise RemoteProtocolError("BAD.base64", mechanism="PLAIN")
    acting_for, username, password = parts
    if acting_for not in ("", username):
        # Nobody may act for somebody else here.
        raise RemoteProtocolError("NO.login")
    return LoginAttempted("PLAIN", username, password)
