"""Decides from what happened whether a step is done.

A check looks at the trace and the world, never at how something was typed: capitals and spaces do not matter, and a
real telnet in another window counts like our own console.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from mailtutor.acts import STUDENT
from mailtutor.course.delivered import messages, taken_on
from mailtutor.course.model import (
    Absence,
    AnyStep,
    Check,
    CommandPattern,
    ConnectionPattern,
    DevicePattern,
    FaultPattern,
    FlagsPattern,
    LookupPattern,
    MailboxPattern,
    MessagePattern,
    Predict,
    QueuePattern,
    ReplyPattern,
    TlsPattern,
    Type,
    Value,
)
from mailtutor.course.squeezed import contains, same, squeezed
from mailtutor.protocols.lines import Kind, Source
from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.reading.world import WAITING, Mail, World
from mailtutor.trace import events
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

WORLD_EVENTS: Mapping[str, type[events.Event]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        events.Queued, events.Attempted, events.Delivered, events.Bounced, events.Recalled, events.HeldBack,
        events.Released, events.Warned, events.MailboxMade, events.Appended, events.Flagged, events.Expunged,
        events.DeviceSynced, events.FaultSwitched, events.LineTampered, events.StepReached,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What happened since a step began, at event `start`, and how the world is now."""

    rows: Sequence[Row]
    events: Sequence[AnyEvent]
    connections: Mapping[int, Connection]
    world: World
    start: int = 0


def evidence_since(log: Log, dialogue: Dialogue, world: World, start: int) -> Evidence:
    """What the log holds from event `start` on; dialogue and world have read it to its end."""
    first = bisect_left(dialogue.rows, start, key=lambda row: row.n)
    return Evidence(dialogue.rows[first:], log.since(start), dialogue.connections, world, start)


def evidence_for(step: AnyStep, log: Log, dialogue: Dialogue, world: World, start: int) -> Evidence:
    """What counts for a step, of what has happened since event `start`. What is to be typed counts where the student
    said it, or a stranger's program such as telnet: the lab's own say the same lines of their own accord."""
    everything = evidence_since(log, dialogue, world, start)
    if not isinstance(step, (Type, Predict)):
        return everything
    by_hand = {number: one for number, one in dialogue.connections.items() if one.client.name in ("", STUDENT)}
    rows = [row for row in everything.rows if row.conn in by_hand]
    return replace(everything, rows=rows, connections=by_hand)


def met(checks: Sequence[Check], evidence: Evidence) -> tuple[bool, ...]:
    """For each check whether it is met. A step is done when all are."""
    return tuple(_is_met(check, evidence) for check in checks)


def kind_of(check: Check | Absence) -> str:
    """What a check is about: the key that is given, "command", "mailbox" … or "none"."""
    return next(name for name in check.__struct_fields__ if name != "times" and getattr(check, name) is not None)


def _is_met(check: Check, evidence: Evidence) -> bool:
    if check.none is not None:
        name = kind_of(check.none)
        return not _holds(name, getattr(check.none, name), evidence, 1)
    name = kind_of(check)
    return _holds(name, getattr(check, name), evidence, check.times)


def _holds(name: str, pattern: Any, evidence: Evidence, times: int) -> bool:
    if name in _FOUND:
        return sum(1 for _ in _FOUND[name](pattern, evidence)) >= times
    return _SO[name](pattern, evidence)


# What happened ----------------------------------------------------------------------------------------------------


def _commands(pattern: CommandPattern, evidence: Evidence) -> Iterable[Row]:
    # The dot that ends a message is said by the client too: verb = ".".
    return (
        row
        for row in evidence.rows
        if row.line.kind in (Kind.COMMAND, Kind.END)
        and row.line.source is Source.CLIENT
        and same(pattern.verb, row.line.verb)
        and contains(row.line.text, pattern.contains)
        and _on(evidence.connections.get(row.conn), pattern)
    )


def _replies(pattern: ReplyPattern, evidence: Evidence) -> Iterable[Row]:
    return (row for row in evidence.rows if _is_reply(row, pattern, evidence))


def _is_reply(row: Row, pattern: ReplyPattern, evidence: Evidence) -> bool:
    line = row.line
    if line.kind not in (Kind.REPLY, Kind.GREETING):
        return False
    answered = "greeting" if line.kind is Kind.GREETING else line.verb
    return (
        same(pattern.to, answered)
        and same(str(pattern.code), line.code)
        and same(pattern.outcome, line.outcome)
        and contains(line.text, pattern.contains)
        and _on(evidence.connections.get(row.conn), pattern)
    )


def _secured(pattern: TlsPattern, evidence: Evidence) -> Iterable[AnyEvent]:
    for event in evidence.events:
        wanted = isinstance(event, events.TlsFailed) if pattern.failed else isinstance(event, events.TlsBegun)
        if not wanted or not isinstance(event, (events.TlsFailed, events.TlsBegun)):
            continue
        version = event.version if isinstance(event, events.TlsBegun) else ""
        if same(pattern.version, version) and _on(evidence.connections.get(event.conn), pattern):
            yield event


def _lookups(pattern: LookupPattern, evidence: Evidence) -> Iterable[Row]:
    """The questions, each with what was answered to it."""
    for number, row in enumerate(evidence.rows):
        connection = evidence.connections.get(row.conn)
        if connection is None or connection.protocol != "dns" or row.line.kind is not Kind.COMMAND:
            continue
        if not same(pattern.type, row.line.verb) or not contains(row.line.text, pattern.name):
            continue
        if not (pattern.answer or pattern.code) or _is_answered(pattern, row, evidence.rows[number + 1 :]):
            yield row


def _is_answered(pattern: LookupPattern, asked: Row, later: Sequence[Row]) -> bool:
    code, records = "", []
    for row in later:
        if row.conn != asked.conn:
            continue
        if row.line.source is Source.CLIENT:
            break
        if row.line.kind is Kind.REPLY:
            code = row.line.code
        else:
            records.append(row.line.text)
    if not same(pattern.code, code):
        return False
    return not pattern.answer or any(contains(record, pattern.answer) for record in records)


def _messages(pattern: MessagePattern, evidence: Evidence) -> Iterable[object]:
    on = {number: one for number, one in evidence.connections.items() if _on(one, pattern)}
    return messages(pattern, on, evidence.start)


def _world_events(pattern: Mapping[str, Value], evidence: Evidence) -> Iterable[AnyEvent]:
    return (event for event in evidence.events if _is_event(event, pattern))


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


# How it is --------------------------------------------------------------------------------------------------------


def _connected(pattern: ConnectionPattern, evidence: Evidence) -> bool:
    """A connection that stood already counts where messages are asked for: what was taken on it since is looked at."""
    if pattern.closed:
        found: list[int] = [event.conn for event in evidence.events if isinstance(event, events.Closed)]
    elif pattern.messages:
        found = list(evidence.connections)
    else:
        found = [event.conn for event in evidence.events if isinstance(event, events.Opened)]
    fitting = [one for conn in found if (one := evidence.connections.get(conn)) is not None and _on(one, pattern)]
    if pattern.messages:
        fitting = [one for one in fitting if taken_on(one, evidence.start) >= pattern.messages]
    return bool(fitting) if pattern.count is None else len(fitting) == pattern.count


def _mailbox(pattern: MailboxPattern, evidence: Evidence) -> bool:
    user, _, host = pattern.user.partition("@")
    mails = evidence.world.mailboxes.get((host, user, pattern.mailbox))
    if pattern.count is None:
        return mails is not None and (
            not pattern.subject or any(_titled(one, pattern.subject) for one in mails.values())
        )
    return sum(_titled(one, pattern.subject) for one in (mails or {}).values()) == pattern.count


def _titled(mail: Mail, subject: str) -> bool:
    return not subject or squeezed(subject) == squeezed(mail.subject)


def _flags(pattern: FlagsPattern, evidence: Evidence) -> bool:
    user, _, host = pattern.user.partition("@")
    mails = evidence.world.mailboxes.get((host, user, pattern.mailbox), {})
    return any(
        _has(mail.flags, pattern.has) and not any(_has(mail.flags, (flag,)) for flag in pattern.lacks)
        for mail in mails.values()
        if _titled(mail, pattern.subject) and pattern.uid in (0, mail.uid)
    )


def _has(flags: Iterable[str], wanted: Iterable[str]) -> bool:
    held = {flag.casefold() for flag in flags}
    return all(flag.casefold() in held for flag in wanted)


def _queue(pattern: QueuePattern, evidence: Evidence) -> bool:
    fitting = [
        row
        for row in evidence.world.queue.values()
        if same(pattern.host, row.host)
        and row.state in WAITING
        and same(pattern.recipient, row.recipient)
        and (not pattern.subject or squeezed(pattern.subject) == squeezed(row.subject))
        and same(pattern.state, row.state)
        and row.attempts >= pattern.attempts
    ]
    return len(fitting) == pattern.count


def _device(pattern: DevicePattern, evidence: Evidence) -> bool:
    user, _, host = pattern.user.partition("@")
    told = evidence.world.devices.get((host, user, pattern.mailbox), {}).get(pattern.device)
    # A device that has done nothing yet knows nothing: that is no answer to what it knows.
    if told is None:
        return False
    fitting = [
        mail
        for mail in told.mails
        if (not pattern.subject or squeezed(pattern.subject) == squeezed(mail.subject))
        and same(pattern.holds, mail.holds)
        and _has(mail.flags, pattern.has)
        and (not pattern.pending or _has(mail.pending, (pattern.pending,)))
    ]
    plain = not (pattern.subject or pattern.holds or pattern.has or pattern.pending)
    return len(fitting) + (told.more if plain else 0) == pattern.count


def _fault(pattern: FaultPattern, evidence: Evidence) -> bool:
    broken = any(host == pattern.host and same(pattern.fault, kind) for host, kind in evidence.world.faults)
    return broken == pattern.on


def _on(
    connection: Connection | None,
    pattern: CommandPattern | ReplyPattern | ConnectionPattern | TlsPattern | MessagePattern,
) -> bool:
    return connection is not None and (
        same(getattr(pattern, "protocol", ""), connection.protocol)
        and same(pattern.service, connection.service)
        and same(pattern.server, connection.server.name)
        and same(getattr(pattern, "client", ""), connection.client.name)
    )


# Kinds of checks to where what they look for is found, as often as it happened; and to what says whether it is so.
_FOUND: Mapping[str, Callable[[Any, Evidence], Iterable[object]]] = MappingProxyType(
    {
        "command": _commands, "reply": _replies, "tls": _secured, "lookup": _lookups, "message": _messages,
        "event": _world_events,
    }
)  # fmt: skip
_SO: Mapping[str, Callable[[Any, Evidence], bool]] = MappingProxyType(
    {
        "connection": _connected, "mailbox": _mailbox, "flags": _flags, "queue": _queue, "device": _device,
        "fault": _fault,
    }
)  # fmt: skip
