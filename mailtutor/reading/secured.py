"""How it is told that TLS stands on a connection, or came to nothing. Words: `screen.tls` in the catalogue."""

from __future__ import annotations

from mailtutor.reading.dialogue import TlsRow
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import TlsBegun

MARK = "⚿"


def headline(row: TlsRow, words: Words) -> str:
    """One line: the version and the cipher where the record has them, or why there is none."""
    event = row.event
    if isinstance(event, TlsBegun):
        if not event.cipher:  # as in the debug output of Python's libraries
            return words("screen.tls.begun.bare")
        key, name = ("named", visible(event.server_name)) if event.server_name else ("line", "")
        facts = {"version": visible(event.version), "cipher": visible(event.cipher), "name": name}
        return words(f"screen.tls.begun.{key}", **facts)
    return words("screen.tls.failed.line", why=reason(event.why, words))


def reason(why: str, words: Words) -> str:
    """What the library said, in words where there are any; its own words stay beside them, to be looked up."""
    library = visible(why)
    said = words.get(f"screen.tls.why.{_key(why)}")
    return words("screen.tls.reason", said=said, library=library) if said else library


def gloss(row: TlsRow, words: Words) -> str:
    """The few words beside the line."""
    return words(f"screen.tls.{name(row)}.gloss")


def what(row: TlsRow, words: Words) -> str:
    """What it means for the conversation."""
    return words(f"screen.tls.{name(row)}.what")


def stands(row: TlsRow) -> bool:
    """Whether the handshake came through."""
    return isinstance(row.event, TlsBegun)


def name(row: TlsRow) -> str:
    """ "begun" or "failed"."""
    return "begun" if stands(row) else "failed"


def facts(row: TlsRow) -> dict[str, object]:
    """The same for programs."""
    event = row.event
    if isinstance(event, TlsBegun):
        named = {"server_name": event.server_name} if event.server_name else {}
        return {"version": event.version, "cipher": event.cipher, **named}
    return {"why": event.why}


def _key(why: str) -> str:
    """OpenSSL's words as a key: those after `alert`, which tells who complained, count alone."""
    return "_".join(why.lower().rpartition("alert ")[2].split())
