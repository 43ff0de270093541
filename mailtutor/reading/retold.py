"""Puts together the events of a record that somebody else's program made: who said what, one after the other.

Such records have no times, or only some, so events stand half a second apart, as those of a transcript do.
"""

from __future__ import annotations

from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Gap, Opened, TlsBegun

STEP_S = 0.5


class Teller:
    """The events of one record. A connection is begun with `open`, or with the first words of a given protocol."""

    def __init__(self, protocol: str = "") -> None:
        self.events: list[AnyEvent] = []
        self.protocol = protocol
        self._conn = 0
        self._is_open = False
        self._at = 0.0

    def _now(self, at: float | None = None) -> dict[str, float]:
        if at is not None:
            self._at = self._at or at
            return {"t": max(0.0, at - self._at), "at": at}
        after_s = len(self.events) * STEP_S
        return {"t": after_s, "at": after_s}

    def open(self, client: Endpoint, server: Endpoint, at: float | None = None) -> None:
        """A new connection; the one before it has ended."""
        self.close()
        self._conn += 1
        self._is_open = True
        self.events.append(
            Opened(
                conn=self._conn, protocol=self.protocol, service=self.protocol, client=client, server=server,
                **self._now(at),
            )
        )  # fmt: skip

    def said(self, data: bytes, *, from_client: bool, at: float | None = None) -> None:
        """What one side said."""
        if not self._is_open:
            self.open(Endpoint("", "", 0), Endpoint("", "", 0), at)
        kind = FromClient if from_client else FromServer
        self.events.append(kind(conn=self._conn, data=data, **self._now(at)))

    def missed(self, size: int, *, from_client: bool) -> None:
        """Octets that the record tells of and does not have."""
        if self._is_open and size > 0:
            self.events.append(Gap(conn=self._conn, from_client=from_client, size=size, **self._now()))

    def secured(self, version: str = "TLS", cipher: str = "") -> None:
        """TLS begins."""
        if not self._is_open:
            self.open(Endpoint("", "", 0), Endpoint("", "", 0))
        now = self._now()
        self.events.append(TlsBegun(conn=self._conn, version=version, cipher=cipher, t=now["t"], at=now["at"]))

    def close(self, by: str = "client", at: float | None = None) -> None:
        """The connection has ended, where there is one."""
        if self._is_open:
            self._is_open = False
            self.events.append(Closed(conn=self._conn, by=by, **self._now(at)))
