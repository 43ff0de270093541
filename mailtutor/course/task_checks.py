"""Decides whether a task is done: by what crossed one connection to its door, and by how the world is then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailtutor.course.checks import Evidence, evidence_since, kind_of, met
from mailtutor.course.model import Check
from mailtutor.course.task import MessagePattern, PartPattern, Task
from mailtutor.message.anatomy import Anatomy, Node, open_message
from mailtutor.message.encodings import decode_words
from mailtutor.message.steps import content_sample, text_of
from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.carried import TAKES_IN, Cargo, Carried
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.escapes import meant
from mailtutor.reading.world import World
from mailtutor.trace.log import Log

# What a check can be about that is true of one connection.
_SAID = frozenset({"command", "reply", "connection", "tls", "message"})
# A door, and those that lead to the same with TLS from the first octet.
_SAME_DOOR = {"submission": ("submission", "smtps"), "pop3": ("pop3", "pop3s"), "imap": ("imap", "imaps")}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a task is. met: of everything it wants, on the connection that came nearest. is_spoilt: that one saw what
    it may not have seen."""

    met: tuple[bool, ...]
    is_spoilt: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return all(self.met) and not self.is_spoilt


def standing(task: Task, log: Log, dialogue: Dialogue, world: World) -> Standing:
    """How far a task is; dialogue and world have read the log to its end."""
    outline = task.outline
    everything = evidence_since(log, dialogue, world, log.first)
    said = tuple(check for check in outline.check if _is_said(check))
    around = met(tuple(check for check in outline.check if not _is_said(check)), everything)
    wants = len(said) + len(outline.heard) + (outline.message is not None) + bool(outline.together)
    if not wants:
        return Standing(around)
    here = [
        Standing(
            (*_on_connection(task, said, connection, everything), *around), _is_spoilt(task, connection, everything)
        )
        for connection in dialogue.connections.values()
        if is_at(task, connection)
    ]
    nothing = Standing((*(False,) * wants, *around))
    return max((nothing, *here), key=lambda one: (one.is_done, sum(one.met), not one.is_spoilt))


def is_at(task: Task, connection: Connection) -> bool:
    """Whether a connection goes to the task's door."""
    doors = _SAME_DOOR.get(task.service, (task.service,))
    return connection.server.name == task.host and connection.service in doors


def _is_said(check: Check) -> bool:
    """Whether it is about a conversation, and not about the world."""
    return kind_of(check.none if check.none is not None else check) in _SAID


def _of(connection: Connection, everything: Evidence) -> Evidence:
    events = [event for event in everything.events if getattr(event, "conn", 0) == connection.conn]
    return replace(everything, rows=connection.rows, events=events)


def _is_spoilt(task: Task, connection: Connection, everything: Evidence) -> bool:
    return any(met(task.outline.never, _of(connection, everything)))


def _on_connection(task: Task, said: tuple[Check, ...], connection: Connection, everything: Evidence) -> Iterator[bool]:
    outline = task.outline
    yield from met(said, _of(connection, everything))
    for text in outline.heard:
        lines = (row.line.text for row in connection.rows if row.line.source is Source.SERVER)
        yield any(text.encode() in line for line in lines)
    if outline.message is not None:
        pattern = outline.message
        yield sum(_is_message(message, pattern) for message in taken_messages(connection)) >= pattern.count
    if outline.together:
        pieces = Counter(
            row.n
            for row in connection.rows
            if row.line.source is Source.CLIENT and row.line.kind in (Kind.COMMAND, Kind.END)
        )
        yield max(pieces.values(), default=0) >= outline.together


def taken_messages(connection: Connection) -> Iterator[Carried]:
    """The messages a client brought on a connection, as far as the server said that it took them."""
    cargo = Cargo(connection)
    cargo.read()
    for number, block in enumerate(cargo.blocks):
        if block.verb not in TAKES_IN:
            continue
        answers = (
            row.line
            for row in connection.rows[block.last + 1 :]
            if row.line.source is Source.SERVER and row.line.kind is Kind.REPLY and row.line.last
        )
        answer = next(answers, None)
        if answer is not None and answer.outcome is Outcome.SUCCESS:
            yield cargo.message(number, len(connection.rows))


def _is_message(message: Carried, pattern: MessagePattern) -> bool:
    recipients = [one.casefold() for one in message.recipients or ()]
    if pattern.to and pattern.to.casefold() not in recipients:
        return False
    if pattern.seven_bit and not message.raw.isascii():
        return False
    if pattern.line and pattern.line.encode() not in message.raw.split(b"\r\n"):
        return False
    anatomy = open_message(message.raw)
    header = anatomy.root.part.header
    for name, wanted in pattern.header.items():
        value = header.get(name)
        if value is None or wanted.casefold() not in decode_words(value).casefold():
            return False
    named = message.raw[: anatomy.root.part.body].decode("utf-8", "replace").casefold()
    for address in pattern.hides:
        if address.casefold() not in recipients or address.casefold() in named:
            return False
    return _has_parts(anatomy, pattern.part)


def _has_parts(anatomy: Anatomy, wanted: tuple[PartPattern, ...]) -> bool:
    """Whether each pattern has a part of its own."""
    left = list(anatomy.nodes)
    for pattern in wanted:
        found = next((node for node in left if _is_part(node, pattern)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _is_part(node: Node, pattern: PartPattern) -> bool:
    return (
        pattern.type.casefold() in ("", node.type)
        and pattern.encoding.casefold() in ("", node.encoding)
        and pattern.charset.casefold() in ("", node.charset.casefold())
        and pattern.name.casefold() in ("", node.file_name.casefold())
        and (not pattern.text or pattern.text in text_of(node))
        and (not pattern.begins or content_sample(node).startswith(meant(pattern.begins)))
        and node.depth >= pattern.depth
    )
