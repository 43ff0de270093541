"""Prints: one JSON object a line, or a dialogue as people read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TextIO

import msgspec

from mailtutor.cli.parser import language
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words, words
from mailtutor.text.telling import tell
from mailtutor.trace.codec import printable, printable_lines
from mailtutor.trace.events import Endpoint

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.style import Style

    from mailtutor.reading.picture import Picture

_COLOURS = {Outcome.SUCCESS: "32", Outcome.GO_ON: "36", Outcome.TRY_LATER: "33", Outcome.REFUSED: "31"}
_CLIENT_COLOUR = "1"
# Objects that are written together.
_AT_A_TIME = 500


def print_json(facts: object) -> None:
    """One object on one line, at once: a reader may be waiting for it."""
    sys.stdout.write(printable(msgspec.json.encode(facts)).decode() + "\n")
    sys.stdout.flush()


def print_objects(objects: Iterable[object]) -> None:
    """Many of them, as fast as they come: nobody waits for one in particular."""
    encode, write, left = msgspec.json.Encoder().encode_lines, sys.stdout.write, iter(objects)
    while some := list(islice(left, _AT_A_TIME)):
        write(printable_lines(encode(some)).decode())
    sys.stdout.flush()


def has_colour(stream: TextIO) -> bool:
    """Whether colours may be used (https://no-color.org)."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def coloured(picture: Picture) -> Iterator[str]:
    """The lines of a picture as coloured half blocks."""
    # Late: nobody waits for these who prints no picture.
    from PIL import Image
    from rich.color import ColorSystem
    from rich_pixels import HalfcellRenderer

    is_true = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    system = ColorSystem.TRUECOLOR if is_true else ColorSystem.EIGHT_BIT
    image = Image.frombytes("RGBA", (picture.columns, picture.rows), picture.pixels)
    line = ""
    for segment in HalfcellRenderer().render(image, None):
        if segment.text == "\n":
            yield line
            line = ""
        else:
            line += _in_colours(segment.text, segment.style, system) if segment.style else segment.text


def _in_colours(text: str, style: Style, system: ColorSystem) -> str:
    from rich.style import Style

    colour, ground = (one.downgrade(system) if one is not None else None for one in (style.color, style.bgcolor))
    # A style of its own: rich keeps the codes of the system that was asked for first.
    return Style(color=colour, bgcolor=ground).render(text, color_system=system)


def line_text(line: Line, *, colour: bool = False) -> str:
    """`C: …` or `S: …`, safe to print."""
    is_client = line.source is Source.CLIENT
    text = ("C: " if is_client else "S: ") + visible(line.text)
    shade = "" if not colour else _CLIENT_COLOUR if is_client else _COLOURS.get(line.outcome, "")
    return f"\x1b[{shade}m{text}\x1b[0m" if shade else text


def note_text(row: NoteRow, say: Words) -> str:
    """`* …`: what happened between two lines, and was said by nobody."""
    return f"* {visible(notes.headline(row, say))}"


def sealed_text(connection: Connection, say: Words) -> str:
    """A connection of which nothing is here but the middle of what was said in TLS."""
    return f"{head_text(connection)}\n* {say('cli.dissect.sealed')}"


def head_text(connection: Connection) -> str:
    """`# alice@crepes.fr → crepes.fr submission (127.0.0.2:2587)`; of what the record does not tell, `?` or nothing."""
    here, there = connection.server, connection.client
    place = f" ({_place(here)})" if here.address or here.port else ""
    return visible(f"# {there.name or _place(there)} → {here.name or _place(here)} {connection.service}{place}")


def _place(end: Endpoint) -> str:
    """Address and port, as far as they are known."""
    return (end.address + (f":{end.port}" if end.port else "")) or "?"


def print_dialogue(dialogue: Dialogue, say: Words) -> None:
    """Every line, and what happened between them, with a head line wherever the connection changes."""
    colour = has_colour(sys.stdout)
    last = 0
    for row in dialogue.told:
        if row.conn != last:
            print(("\n" if last else "") + head_text(dialogue.connections[row.conn]))
            last = row.conn
        print(note_text(row, say) if isinstance(row, NoteRow) else line_text(row.line, colour=colour))
    for connection in dialogue.connections.values():
        if connection.sealed and not connection.rows:
            print(("\n" if last else "") + sealed_text(connection, say))
            last = connection.conn
    sys.stdout.flush()


class RowFacts(msgspec.Struct, gc=False):
    """A line for JSON, its fields in their order. t: in seconds, to the microsecond. text: its bytes, read as UTF-8, an
    odd one as U+FFFD. frame: of a capture, the number of the frame that completed it."""

    conn: int
    t: float
    protocol: str
    source: Source
    kind: Kind
    text: str
    verb: str
    code: str
    outcome: Outcome
    before: str
    after: str
    frame: int | msgspec.UnsetType = msgspec.UNSET


def rows_facts(
    rows: Iterable[Row], protocols: Mapping[int, str], frames: Sequence[int] = ()
) -> Iterator[RowFacts | Mapping[str, object]]:
    """Rows for JSON. What nobody said is of the kind "note", its text is English, and the facts of it come last.

    protocols: by the number of the connection. frames: of a capture, by the number of the event.
    """
    n, t = -1, 0.0
    frame: int | msgspec.UnsetType = msgspec.UNSET
    for row in rows:
        if row.n != n:  # an event may be many lines
            n, t = row.n, round(row.t, 6)
            frame = frames[n] if frames else msgspec.UNSET
        line = row.line
        facts = RowFacts(
            row.conn, t, protocols[row.conn], line.source, line.kind, line.text.decode("utf-8", "replace"), line.verb,
            line.code, line.outcome, line.before, line.after, frame,
        )  # fmt: skip
        yield facts if type(row) is Row else _note_facts(facts, row)


def _note_facts(facts: RowFacts, row: Row) -> Mapping[str, object]:
    assert isinstance(row, NoteRow)
    told: dict[str, object] = msgspec.to_builtins(facts)
    return told | {"kind": "note", "text": notes.headline(row, words("en"))} | notes.facts(row)


def dialogue_facts(dialogue: Dialogue) -> list[RowFacts | Mapping[str, object]]:
    """Every line, and what happened between them, for JSON."""
    return list(rows_facts(dialogue.told, {conn: one.protocol for conn, one in dialogue.connections.items()}))


def columns(lines: Sequence[Sequence[str]]) -> None:
    """A table: columns as wide as the widest cell of each, counted as the terminal does."""
    from rich.cells import cell_len, set_cell_size  # late: --version prints, too

    cells = [[visible(cell) for cell in line] for line in lines]
    widths = [max(cell_len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        print("  ".join(set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())


def tell_troubles(troubles: Sequence[str]) -> None:
    """What is wrong and keeps nobody from going on, on stderr, a line each."""
    say = words(language())
    for trouble in troubles:
        print(f"mailtutor: {visible(tell(trouble, say))}", file=sys.stderr)
