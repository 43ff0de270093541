"""Who may log in at a host, whatever the protocol and the mechanism. Nobody logs in as Postmaster."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache

from mailtutor.lab.delivery import Delivery
from mailtutor.lab.plan import User
from mailtutor.protocols.sasl.exchange import AuthAttempted
from mailtutor.protocols.sasl.mechanisms import ScramKeys
from mailtutor.protocols.sasl.mechanisms import scram_keys as keys_of


def known(delivery: Delivery, username: str) -> User | None:
    """The user of that name, or `name@host`."""
    local, _, domain = username.partition("@")
    return delivery.named(local, domain)


def proven(delivery: Delivery, attempt: AuthAttempted) -> User | None:
    """The user who has shown that they know their password."""
    user = known(delivery, attempt.username)
    # Compared even where there is no such user, so that the answer takes as long.
    right = attempt.proves(user.password if user is not None else "")
    return user if right else None


def scram_keys(delivery: Delivery, username: str) -> ScramKeys:
    """What the server stores of a user's password (RFC 5802 §3)."""
    user = known(delivery, username)
    return _keys(delivery.plan.name, username.lower(), user.password if user is not None else None)


@lru_cache(maxsize=256)
def _keys(host: str, username: str, password: str | None) -> ScramKeys:
    """A name nobody has gets keys that fit no password, always the same, so that nobody can fish for names."""
    salt = hashlib.sha256(f"{host}\0{username}".encode()).digest()[:16]
    return keys_of(password if password is not None else secrets.token_hex(16), salt)
