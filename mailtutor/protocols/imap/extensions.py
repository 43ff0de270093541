"""What a session has agreed on beyond the bare protocol (ENABLE, RFC 5161), and what a command asks for that only an
extension gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailtutor.protocols.imap import events
from mailtutor.protocols.imap.fetch import BINARY, BINARY_SIZE
from mailtutor.protocols.imap.search import mentions_modseq

# What ENABLE can switch on.
SWITCHES = ("CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4rev2")
_CONDSTORE = ("CONDSTORE", "QRESYNC")
_STATUS = {
    "SIZE": ("STATUS=SIZE", "IMAP4rev2"),
    "HIGHESTMODSEQ": _CONDSTORE,
    "DELETED": ("IMAP4rev2", "QUOTA=RES-MESSAGE"),
    "DELETED-STORAGE": ("QUOTA=RES-STORAGE",),
}


@dataclass(slots=True)
class Spoken:
    """What is switched on. condstore: flags are told with their modification sequence (RFC 7162 §3.1.2). qresync:
    EXPUNGE is said as VANISHED (§3.2.10). utf8: names and quoted strings are UTF-8, because of accepts_utf8 (RFC 6855)
    or of rev2 (RFC 9051)."""

    condstore: bool = False
    qresync: bool = False
    utf8: bool = False
    accepts_utf8: bool = False
    rev2: bool = False

    def enable(self, name: str) -> None:
        """Switches on what SWITCHES calls `name`."""
        match name:
            case "CONDSTORE":
                self.condstore = True
            case "QRESYNC":
                self.condstore = self.qresync = True
            case "UTF8=ACCEPT":
                self.utf8 = self.accepts_utf8 = True
            case _:
                self.rev2 = self.utf8 = True


def needed(event: object) -> Iterator[tuple[str, ...]]:
    """For each thing a command asks for: the capabilities of which one has to be offered."""
    match event:
        case events.SelectAsked():
            if event.condstore:
                yield _CONDSTORE
            if event.resync is not None:
                yield ("QRESYNC",)
        case events.CreateAsked(use=use) if use:
            yield ("CREATE-SPECIAL-USE",)
        case events.ListAsked(extended=True):
            yield ("LIST-EXTENDED", "IMAP4rev2")
            if event.status:
                yield ("LIST-STATUS", "IMAP4rev2")
            if "SPECIAL-USE" in event.selection | event.returns:
                yield ("SPECIAL-USE", "IMAP4rev2")
            yield from _status(event.status)
        case events.StatusAsked():
            yield from _status(event.items)
        case events.SearchAsked():
            if event.returns is not None:
                yield ("ESEARCH", "IMAP4rev2")
                if "SAVE" in event.returns:
                    yield ("SEARCHRES", "IMAP4rev2")
            if mentions_modseq(event.key):
                yield _CONDSTORE
        case events.FetchAsked():
            names = {item.name for item in event.items}
            if event.changed_since is not None or "MODSEQ" in names:
                yield _CONDSTORE
            if event.vanished:
                yield ("QRESYNC",)
            if names & {BINARY, BINARY_SIZE}:
                yield ("BINARY", "IMAP4rev2")
        case events.StoreAsked(unchanged_since=int()):
            yield _CONDSTORE
        case events.AppendAsked():
            if event.binary:
                yield ("BINARY", "UTF8=ACCEPT", "IMAP4rev2")
            if event.utf8:
                yield ("UTF8=ACCEPT",)


def _status(items: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (_STATUS[item] for item in items if item in _STATUS)


def turns_on_condstore(event: object) -> bool:
    """Whether a command is one of those that enable CONDSTORE by being said (RFC 7162 §3.1)."""
    match event:
        case events.SelectAsked():
            return event.condstore
        case events.StatusAsked():
            return "HIGHESTMODSEQ" in event.items
        case events.FetchAsked():
            return event.changed_since is not None or any(item.name == "MODSEQ" for item in event.items)
        case events.StoreAsked():
            return event.unchanged_since is not None
        case events.SearchAsked():
            return mentions_modseq(event.key)
        case _:
            return False
