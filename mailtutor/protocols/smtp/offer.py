"""What a server offers, and how it says so to EHLO (RFC 5321 §4.1.1.1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from mailtutor.protocols.sasl.mechanisms import PLAINTEXT
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.limits import Limits


@dataclass(frozen=True, slots=True)
class Offer:
    """One session's, which TLS may change. names: of `table.EVERYTHING`. mechanisms: of AUTH, in the order they are
    listed. plaintext_needs_tls: PLAIN and LOGIN only under TLS. began_at: seconds since 1970; 0 for no sending later.
    """

    names: Collection[str]
    limits: Limits
    mechanisms: tuple[str, ...]
    plaintext_needs_tls: bool
    began_at: float

    def has(self, capability: str) -> bool:
        """Whether a client may count on it."""
        if (capability == "AUTH" and not self.mechanisms) or (capability == "FUTURERELEASE" and not self.began_at):
            return False
        return capability in self.names and table.NEEDS.get(capability, capability) in self.names

    def mechanisms_now(self, *, tls: bool) -> tuple[str, ...]:
        """The mechanisms of AUTH that may be used on this line."""
        safe = tls or not self.plaintext_needs_tls
        return tuple(name for name in self.mechanisms if safe or name not in PLAINTEXT)

    def lines(self, *, tls: bool) -> str:
        """What EHLO lists, one keyword a line."""
        values = {
            "SIZE": str(self.limits.size), "AUTH": " ".join(self.mechanisms_now(tls=tls)),
            "LIMITS": self.limits.keywords(), "FUTURERELEASE": self.release_limits(),
        }  # fmt: skip
        told = (name for name in table.CAPABILITIES if self._tells(name, tls=tls))
        return "\n".join(f"{name} {values.get(name, '')}".rstrip() for name in told)

    def _tells(self, capability: str, *, tls: bool) -> bool:
        if capability == "STARTTLS" and tls:
            return False
        if capability == "AUTH" and not self.mechanisms_now(tls=tls):
            return False
        return self.has(capability) and (capability != "LIMITS" or bool(self.limits.keywords()))

    def release_limits(self) -> str:
        """How long a message may wait here, and until when (RFC 4865)."""
        latest = datetime.fromtimestamp(self.began_at + self.limits.release, UTC)
        return f"{self.limits.release} {latest:%Y-%m-%dT%H:%M:%SZ}"

    def line_limits(self) -> dict[str, int]:
        """How many octets a command's line may have, where it is not the usual: each parameter offered adds its own."""
        limits = {"AUTH": table.LONGEST_LINE}
        for verb, rows in table.PARAMETERS.items():
            limits[verb] = self.limits.line + sum(row.octets for row in rows.values() if self.has(row.capability))
        return limits
