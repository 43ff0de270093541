"""A trace as JSON lines: a first line that names the format, then one event a line.

Bytes are written as text where they are UTF-8 (`"data"`), else as base64 (`"base64"`), so that a trace can be read,
searched and compared with ordinary tools and still comes back byte for byte. What a terminal would obey instead of
showing it, such as controls and what turns the direction of writing, stands as \\uXXXX.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mailtutor.errors import MailtutorError
from mailtutor.trace.events import AnyEvent, FromClient, FromServer, LineTampered

FORMAT = "mailtutor-trace"
VERSION = 1
# Of a line that is no event so many octets are shown.
_QUOTED = 60
HEADER = msgspec.json.encode({"event": "trace", "format": FORMAT, "version": VERSION})

_encoder = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(AnyEvent).decode


class _Said(msgspec.Struct, gc=False, omit_defaults=True):
    """Bytes from either side as they are written."""

    event: str
    t: float
    at: float
    conn: int
    data: str | None = None
    base64: bytes | None = None


_decode_said = msgspec.json.Decoder(_Said).decode
_SAID: dict[str, type[FromClient] | type[FromServer]] = {"client": FromClient, "server": FromServer}
_NAMES: dict[type[AnyEvent], str] = {kind: name for name, kind in _SAID.items()}
# What a line of these begins with, as it is written here; others write their keys in another order.
_SAID_HEADS = (b'{"event":"client"', b'{"event":"server"')


def printable(text: bytes) -> bytes:
    """JSON as it is printed: the same facts, every character that cannot be seen as \\uXXXX (RFC 8259 §7)."""
    if text.isascii() and b"\x7f" not in text:
        return text  # JSON escapes the other controls itself
    read = text.decode()
    return text if read.isprintable() else "".join(map(_shown, read)).encode()


def printable_lines(lines: bytes) -> bytes:
    """The same for whole lines of it."""
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    return b"".join(printable(line) + b"\n" for line in lines.splitlines())


def _shown(character: str) -> str:
    return character if character.isprintable() else _escaped(character)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def encode(event: AnyEvent) -> bytes:
    """One event as one line of JSON, without the line end."""
    return printable(_encoder.encode(_plain(event)))


def encode_lines(events: Iterable[AnyEvent | msgspec.Struct]) -> bytes:
    """Events as lines of JSON, with their line ends; and what else is told between them."""
    return printable_lines(_encoder.encode_lines([_plain(event) for event in events]))


def _plain(event: AnyEvent | msgspec.Struct) -> object:
    """What is encoded for an event."""
    kind = type(event)
    if kind is FromClient or kind is FromServer:  # nearly all of them
        name, data = _NAMES[kind], event.data  # type: ignore[union-attr]
        try:
            return _Said(name, event.t, event.at, event.conn, data.decode())  # type: ignore[union-attr]
        except UnicodeDecodeError:
            return _Said(name, event.t, event.at, event.conn, None, data)  # type: ignore[union-attr]
    return _readable(event) if isinstance(event, LineTampered) else event


def _readable(event: LineTampered) -> dict[str, Any]:
    """The same rule for both of its lines: `was` and `became`, or `was64` and `became64`."""
    plain: dict[str, Any] = {
        "event": "tampered",
        "t": event.t,
        "at": event.at,
        "conn": event.conn,
        "source": event.source,
    }
    for name, data in (("was", event.was), ("became", event.became)):
        try:
            plain[name] = data.decode()
        except UnicodeDecodeError:
            plain[f"{name}64"] = base64.b64encode(data).decode()
    return plain


def _number(plain: dict[str, Any], name: str) -> Any:
    """A number as JSON writes it. Not what merely reads as one: "1", "nan" and "inf" are texts."""
    if type(plain[name]) not in (int, float):
        raise ValueError(f"{name} is not a number")
    return plain[name]


def _facts(plain: dict[str, Any]) -> dict[str, Any]:
    """When it was, and on which connection."""
    return {
        "t": float(_number(plain, "t")),
        "at": float(_number(plain, "at")),
        "conn": int(_number(plain, "conn")),
    }


def _tampered(plain: dict[str, Any]) -> LineTampered:
    was, became = (
        plain[name].encode() if name in plain else base64.b64decode(plain[f"{name}64"], validate=True)
        for name in ("was", "became")
    )
    if plain["source"] not in ("client", "server"):
        raise ValueError("a line is the client's or the server's")
    return LineTampered(**_facts(plain), source=plain["source"], was=was, became=became)


def decode(line: bytes) -> AnyEvent:
    """One line back to its event. Raises MailtutorError where it is none of ours."""
    try:
        if line.startswith(_SAID_HEADS):
            said = _decode_said(line)
            octets = said.data.encode() if said.data is not None else said.base64
            if octets is not None:
                return _SAID[said.event](t=said.t, at=said.at, conn=said.conn, data=octets)
        plain = msgspec.json.decode(line)
        if isinstance(plain, dict) and plain.get("event") in ("client", "server"):
            data = plain["data"].encode() if "data" in plain else base64.b64decode(plain["base64"], validate=True)
            kind = FromClient if plain["event"] == "client" else FromServer
            return kind(**_facts(plain), data=data)
        if isinstance(plain, dict) and plain.get("event") == "tampered":
            return _tampered(plain)
        event: AnyEvent = _decode(line)
        return event
    except (
        msgspec.DecodeError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as wrong:
        raise _no_event(line, wrong) from wrong


def _no_event(line: bytes, why: Exception) -> MailtutorError:
    return MailtutorError(
        "this is not a trace event ({why}): {line!r}", "error.trace.event", why=why, line=line[:_QUOTED]
    )


def dump(events: Iterable[AnyEvent]) -> Iterator[bytes]:
    """A whole trace, line by line with line ends."""
    yield HEADER + b"\n"
    for event in events:
        yield encode(event) + b"\n"


def load(lines: Iterable[bytes], name: str = "trace") -> list[AnyEvent]:
    """Reads a trace back. Raises MailtutorError that names the line at fault.

    A last line that was cut off, as a killed program leaves it, is dropped.
    """
    events, wrong = load_readable(lines, name)
    if wrong is not None:
        raise wrong
    return events


def load_readable(lines: Iterable[bytes], name: str = "trace") -> tuple[list[AnyEvent], MailtutorError | None]:
    """The same for what may be broken: the events up to the line at fault, and the error that names it. Raises
    MailtutorError where it is no trace at all."""
    events: list[AnyEvent] = []
    for number, line in enumerate(lines, 1):
        if number == 1:
            _check_header(line, name)
        elif line.strip():
            try:
                events.append(decode(line))
            except MailtutorError as wrong:
                if not line.endswith(b"\n"):
                    break
                broken = MailtutorError(
                    "{name}, line {number}: {problem}", "error.file.at_line", name=name, number=number, problem=wrong
                )
                broken.__cause__ = wrong
                return events, broken
    return events, None


def _check_header(line: bytes, name: str) -> None:
    try:
        head = msgspec.json.decode(line)
    except msgspec.DecodeError:
        head = None
    except (UnicodeDecodeError, RecursionError) as wrong:
        raise MailtutorError(
            "{name}, line {number}: {problem}",
            "error.file.at_line",
            name=name,
            number=1,
            problem=_no_event(line, wrong),
        ) from wrong
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise MailtutorError(
            "{name} is not a mailtutor trace: its first line does not say so", "error.trace.foreign", name=name
        )
    if head.get("version") != VERSION:
        raise MailtutorError(
            "{name} was written by a newer mailtutor (format {version}); update to read it",
            "error.trace.newer",
            name=name,
            version=head.get("version"),
        )
