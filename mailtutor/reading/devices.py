"""What each of a user's devices knows of a mailbox, beside what the server has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailtutor.reading.world import Mail, World
from mailtutor.trace.events import DeviceMail, DeviceSynced

# A user's devices, and how each reads: those that have not done so yet know nothing.
ROSTER = {"laptop": "pop3", "phone": "imap"}


class Sign(StrEnum):
    """How a device's message compares with the server's. OLDER: too long ago for the trace to say."""

    SAME = "="
    NEW = "+"
    GONE = "−"
    FLAGS = "✎"
    PENDING = "↑"
    OLDER = "…"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one device has of one message; mail is None where that is nothing."""

    sign: Sign
    mail: DeviceMail | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One message. mail: the server's, None where it is gone. cells: by device."""

    uid: int
    subject: str
    mail: Mail | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Shared:
    """One mailbox, newest message first. devices: name → what it said last, None where it never did."""

    host: str
    user: str
    mailbox: str
    devices: Mapping[str, DeviceSynced | None]
    lines: tuple[Line, ...]


def compared(world: World) -> list[Shared]:
    """Every mailbox some device has read."""
    return [_shared(key, world.mailboxes.get(key, {}), told) for key, told in world.devices.items()]


def _shared(key: tuple[str, str, str], mails: Mapping[int, Mail], told: Mapping[str, DeviceSynced]) -> Shared:
    devices = {name: told.get(name) for name in {**ROSTER, **told}}
    known = {name: _by_uid(event) for name, event in devices.items()}
    lines = []
    for uid in sorted(set(mails).union(*known.values()), reverse=True):
        mail = mails.get(uid)
        cells = {name: _cell(uid, mail, known[name], event) for name, event in devices.items()}
        subject = mail.subject if mail else next(cell.mail.subject for cell in cells.values() if cell.mail)
        lines.append(Line(uid, subject, mail, cells))
    return Shared(*key, devices, tuple(lines))


def _by_uid(event: DeviceSynced | None) -> dict[int, DeviceMail]:
    """A server of ours gives a message the unique-id UIDVALIDITY.UID in POP3; one that gives none has no place here."""
    mails = event.mails if event is not None else ()
    ends = ((mail.key.rpartition(".")[2], mail) for mail in mails)
    return {int(end): mail for end, mail in ends if end.isascii() and end.isdigit()}


def _cell(uid: int, mail: Mail | None, known: Mapping[int, DeviceMail], event: DeviceSynced | None) -> Cell:
    held = known.get(uid)
    if held is None:
        if event is not None and event.more and uid < min(known, default=0):
            return Cell(Sign.OLDER)
        return Cell(Sign.NEW if mail is not None else Sign.NOTHING)
    if mail is None:
        return Cell(Sign.GONE, held)
    if held.pending:
        return Cell(Sign.PENDING, held)
    differs = event is not None and event.protocol == "imap" and set(held.flags) != set(mail.flags)
    return Cell(Sign.FLAGS if differs else Sign.SAME, held)
