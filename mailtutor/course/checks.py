"""Decides from what happened whether a step is done.

A check looks at the trace and the world, never at how something was typed: capitals and spaces do not matter, and a
real telnet in another window counts like our own console.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mailtutor.course.model import (
    Check,
    CommandPattern,
    ConnectionPattern,
    MailboxPattern,
    ReplyPattern,
    Value,
)
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.reading.world import World
from mailtutor.trace import events
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

WORLD_EVENTS: Mapping[str, type[events.Event]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        events.Queued, events.Attempted, events.Delivered, events.Bounced, events.Recalled, events.MailboxMade,
        events.Appended, events.Flagged, events.Expunged, events.DeviceSynced, events.FaultSwitched, events.StepReached,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What happened since a step began, and how the world is now."""

    rows: Sequence[Row]
    events: Sequence[AnyEvent]
    connections: Mapping[int, Connection]
    world: World


def evidence_since(log: Log, dialogue: Dialogue, world: World, start: int) -> Evidence:
    """What the log holds from event `start` on; dialogue and world have read it to its end."""
    first = bisect_left(dialogue.rows, start, key=lambda row: row.n)
    return Evidence(dialogue.rows[first:], log.since(start), dialogue.connections, world)


def met(checks: Sequence[Check], evidence: Evidence) -> tuple[bool, ...]:
    """For each check whether it is met. A step is done when all are."""
    return tuple(_is_met(check, evidence) for check in checks)


def _is_met(check: Check, evidence: Evidence) -> bool:
    if check.command is not None:
        return any(_is_command(row, check.command, evidence) for row in evidence.rows)
    if check.reply is not None:
        return any(_is_reply(row, check.reply, evidence) for row in evidence.rows)
    if check.connection is not None:
        return any(_is_connection(event, check.connection, evidence) for event in evidence.events)
    if check.mailbox is not None:
        return _holds(check.mailbox, evidence.world)
    assert check.event is not None
    return any(_is_event(event, check.event) for event in evidence.events)


def _is_command(row: Row, pattern: CommandPattern, evidence: Evidence) -> bool:
    # The dot that ends a message is said by the client too: verb = ".".
    if row.line.kind not in (Kind.COMMAND, Kind.END) or row.line.source != "C":
        return False
    return (
        _same(pattern.verb, row.line.verb)
        and _contains(row.line.text, pattern.contains)
        and _on(evidence.connections.get(row.conn), pattern)
    )


def _is_reply(row: Row, pattern: ReplyPattern, evidence: Evidence) -> bool:
    line = row.line
    if line.kind not in (Kind.REPLY, Kind.GREETING):
        return False
    answered = "greeting" if line.kind is Kind.GREETING else line.verb
    return (
        _same(pattern.to, answered)
        and _same(str(pattern.code), line.code)
        and _same(pattern.outcome, line.outcome)
        and _contains(line.text, pattern.contains)
        and _on(evidence.connections.get(row.conn), pattern)
    )


def _is_connection(event: AnyEvent, pattern: ConnectionPattern, evidence: Evidence) -> bool:
    wanted = events.Closed if pattern.closed else events.Opened
    return isinstance(event, wanted) and _on(evidence.connections.get(event.conn), pattern)


def _on(connection: Connection | None, pattern: CommandPattern | ReplyPattern | ConnectionPattern) -> bool:
    return connection is not None and (
        _same(pattern.protocol, connection.protocol)
        and _same(pattern.service, connection.service)
        and _same(pattern.server, connection.server.name)
    )


def _holds(pattern: MailboxPattern, world: World) -> bool:
    user, _, host = pattern.user.partition("@")
    return len(world.mailboxes.get((host, user, pattern.mailbox), {})) == pattern.count


def _is_event(event: AnyEvent, pattern: Mapping[str, Value]) -> bool:
    if not isinstance(event, WORLD_EVENTS[str(pattern["event"])]):
        return False
    held = msgspec.structs.asdict(event)
    return all(_equal(held[name], value) for name, value in pattern.items() if name != "event")


def _equal(held: object, wanted: Value) -> bool:
    if isinstance(held, tuple):
        return any(_equal(one, wanted) for one in held)
    if isinstance(held, str):
        return held.casefold() == str(wanted).casefold()
    return held == wanted


def _same(wanted: str, found: str) -> bool:
    return not wanted or wanted.casefold() == found.casefold()


def _contains(line: bytes, wanted: str | tuple[str, ...]) -> bool:
    texts = (wanted,) if isinstance(wanted, str) else wanted
    said = _squeezed(line.decode("utf-8", "replace"))
    return all(_squeezed(text) in said for text in texts)


def _squeezed(text: str) -> str:
    """`MAIL FROM: <a@b>` and `mail from:<A@B>` are the same line."""
    return "".join(text.casefold().split())
