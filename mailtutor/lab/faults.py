"""What can be broken on purpose: a table, and what is broken now.

A fault is lab state: anyone may switch it while the lab runs, the trace tells, and services look here before they
answer. To add one: a row in KINDS, its words (`fault.KIND` in the catalogue), and the place that heeds it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mailtutor.errors import UsageError
from mailtutor.lab.clock import Clock
from mailtutor.lab.tls import Certificate
from mailtutor.lab.zone import TROUBLES
from mailtutor.protocols.lines import Source

# Where in an SMTP session a fault may strike: "data" is DATA or the first BDAT; "end" is after the final dot or the
# last BDAT, for a cut when the message is on the disk already.
STAGES = ("greeting", "hello", "mail", "rcpt", "data", "end")
# In the middle of a message: where only a line can break, for nobody says anything there.
BODY = "body"
# A client that comes back after this long is no spammer's program (RFC 6647 §5): seconds of the lab's time.
GREYLIST_S = 10.0
# Seconds a line takes on a slow line, unless another number is given.
SLOW_S = 0.5
LONGEST_SLOW_S = 60.0
# How long TCP waits for the other side to confirm a segment before it sends it again, at first; twice as long each
# time it is lost again (RFC 6298 §2.1, §5.5).
RETRANSMIT_S = 1.0
MOST_LOSSES = 5
# Octets of one segment, as over Ethernet.
SEGMENT = 1460


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to break a host. reply: the key of what the server says instead. details: what may be chosen, the usual
    first; empty for none, "number" for a number of seconds."""

    name: str
    reply: str = ""
    details: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("down"),
            Kind("port-closed", details=("smtp", "submission", "pop3", "imap")),
            Kind("busy", "421.busy", STAGES),
            Kind("greylisting", "451.greylisted", ("rcpt", "mail", "data", "end")),
            Kind("local-error", "451.local", ("end", "mail", "rcpt", "data")),
            Kind("mailbox-full", "452.mailbox_full", ("rcpt", "end")),
            Kind("too-big", "552.too_big", ("mail", "end")),
            Kind("unknown-user", "550.no_such_user", ("rcpt", "end")),
            Kind("refused", "554.refused", ("end", "mail", "rcpt", "data")),
            Kind("no-ehlo", "550.ehlo_refused"),
            Kind("no-tls", "454.tls"),
            Kind("certificate", details=tuple(one.value for one in Certificate if one is not Certificate.GOOD)),
            Kind("cut", details=("end", *STAGES[:-1], BODY)),
            Kind("slow", details=("number", str(SLOW_S))),
            Kind("lossy", details=("30%", "10%", "60%")),
            Kind("clock-skew", details=("number", "-86400")),
            Kind("dns", details=TROUBLES),
        )
    }
)
_STAGED = frozenset({"busy", "local-error", "mailbox-full", "too-big", "unknown-user", "refused"})


@dataclass(slots=True)
class Faults:
    """A lab's faults: (host, kind) → detail. From the loop's thread only, but for `now_on`."""

    clock: Clock
    on: dict[tuple[str, str], str] = field(default_factory=dict)
    _heard: dict[tuple[str, str, str, str], float] = field(default_factory=dict)

    def now_on(self) -> tuple[tuple[str, str, str], ...]:
        """(host, kind, detail), in the order they were switched on; from any thread."""
        return tuple((host, kind, detail) for (host, kind), detail in list(self.on.items()))

    def switch(self, host: str, kind: str, *, on: bool, detail: str = "") -> None:
        """Breaks something, or mends it. The detail must be `checked`."""
        if on:
            self.on[host, kind] = detail
        else:
            self.on.pop((host, kind), None)
            if kind == "greylisting":
                self._heard = {key: at for key, at in self._heard.items() if key[0] != host}

    def detail(self, host: str, kind: str) -> str | None:
        """A fault's detail; None where it is off."""
        return self.on.get((host, kind))

    def number(self, host: str, kind: str) -> float:
        """A fault's number; 0 where it is off."""
        return float(self.on.get((host, kind), 0))

    def reply(self, host: str, stage: str) -> str:
        """The key of what the server says at this stage instead of what is true; "" where nothing is broken."""
        for (at, kind), detail in self.on.items():
            if at == host and kind in _STAGED and detail == stage:
                return KINDS[kind].reply
        return ""

    def cuts(self, host: str, stage: str) -> bool:
        """Whether the connection is to break here."""
        return self.on.get((host, "cut")) == stage

    def greylists(self, host: str, stage: str, client: str, sender: str, recipient: str) -> bool:
        """Whether this client is to come again later: it is new, or too soon back. recipient: "" where none is named
        yet."""
        if self.on.get((host, "greylisting")) != stage:
            return False
        now = self.clock.wall()
        first = self._heard.setdefault((host, client, sender, recipient), now)
        return now - first < GREYLIST_S

    def loss(self, host: str) -> float:
        """Of the segments that cross the host's line, the part that is lost: 0 to 1."""
        return int(self.on.get((host, "lossy"), "0%").rstrip("%")) / 100


class Link:
    """What one connection crosses to its host: a sound line, a slow or a lossy one; it may change while it stands.

    TCP loses no byte: a segment that is lost is sent again after a pause, which is all that anybody sees of it. What
    one side says without a word of the other's shares segments. Which are lost, the seed decides.
    """

    def __init__(self, faults: Faults, host: str, seed: int) -> None:
        self._faults = faults
        self._host = host
        self._chance = random.Random(f"{host} {seed}")  # noqa: S311 - a broken line, not a secret
        self._last: Source | None = None
        self._octets = 0

    @property
    def is_sound(self) -> bool:
        """Whether whatever is said is there at once, and whole: what breaks in the middle of a message is not."""
        on, host = self._faults.on, self._host
        return not on or not ((host, "slow") in on or (host, "lossy") in on or self._faults.cuts(host, BODY))

    def crossing_s(self, source: Source, octets: int) -> float:
        """Seconds of the machine's time the next line takes. octets: its length."""
        return self._faults.number(self._host, "slow") + self._retransmitting_s(source, octets)

    def _retransmitting_s(self, source: Source, octets: int) -> float:
        goes_along = source is self._last and self._octets + octets <= SEGMENT
        self._last, self._octets = source, self._octets + octets if goes_along else octets
        loss = self._faults.loss(self._host)
        if goes_along or not loss:
            return 0.0
        losses = 0
        while losses < MOST_LOSSES and self._chance.random() < loss:
            losses += 1
        return RETRANSMIT_S * float(2**losses - 1)


def checked(kind: str, detail: str = "") -> str:
    """The detail as the fault takes it, the usual one where none is given. Raises UsageError that lists what there
    is."""
    row = KINDS.get(kind)
    if row is None:
        raise UsageError("no fault {kind}; there are: {kinds}", "error.fault.kind", kind=kind, kinds=", ".join(KINDS))
    if not row.details:
        if detail:
            raise UsageError("fault {kind} takes no detail", "error.fault.no_detail", kind=kind)
        return ""
    if row.details[0] == "number":
        return _number(kind, detail or row.details[1])
    if detail and detail not in row.details:
        choices = ", ".join(row.details)
        raise UsageError(
            "fault {kind} takes one of {choices}, not {detail}", "error.fault.detail", kind=kind, choices=choices,
            detail=detail,
        )  # fmt: skip
    return detail or row.details[0]


def _number(kind: str, detail: str) -> str:
    try:
        number = float(detail)
        if not math.isfinite(number) or (kind == "slow" and not 0 < number <= LONGEST_SLOW_S):
            raise ValueError(detail)
        return str(number)
    except ValueError as wrong:
        raise UsageError(
            "fault {kind} takes a number of seconds, not {detail}", "error.fault.number", kind=kind, detail=detail
        ) from wrong


def parsed(text: str, hosts: tuple[str, ...]) -> tuple[str, str, str]:
    """`HOST:KIND[=DETAIL]`, or `KIND[=DETAIL]` for the last host: (host, kind, detail). Raises UsageError."""
    before, _, detail = text.partition("=")
    host, colon, kind = before.rpartition(":")
    if not colon:
        host = hosts[-1]
    if host not in hosts:
        raise UsageError(
            "no host {host} here; there are: {hosts}", "error.fault.host", host=host, hosts=", ".join(hosts)
        )
    return host, kind, checked(kind, detail)


def choices() -> Iterator[tuple[str, str]]:
    """Every kind with every detail it may have, for lists and completion."""
    for kind in KINDS.values():
        details = [one for one in kind.details if one != "number"] or [""]
        yield from ((kind.name, detail) for detail in details)
