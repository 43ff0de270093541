"""A trace as a drawing (SVG 1.1): the ladder, a column for every host, time downward, an arrow for what was said.

One file without script, font or link; light or dark as its reader is. Whoever cannot see it has title and desc, which
say all of it. Every text is fitted to as many cells as it has (`textLength`), so that Chinese has its width whatever
the font. What comes out of a trace is text between tags (`html.escape`), never a tag or an attribute.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

from mailtutor.protocols.spec import Outcome
from mailtutor.reading import ladder, notes
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow
from mailtutor.reading.ladder import LANDMARKS, Ladder, Landmark, Rung, Sort, host
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import AnyEvent, Attempted, Bounced, Closed, Delivered, Opened, Queued

# Rungs that are drawn.
MOST = 1500
# Pixels: a cell of text, a rung, between two columns, above the first rung, at the sides.
_CELL, _RUNG, _GAP, _HEAD, _SIDE = 7.2, 34, 400, 64, 110
# Cells of a text that are drawn at least, where an arrow is short; octets of a line that are looked at.
_LEAST, _LOOKED_AT = 20, 2000
_OUTCOMES = {
    Outcome.SUCCESS: "success", Outcome.GO_ON: "go-on", Outcome.TRY_LATER: "try-later", Outcome.REFUSED: "refused",
}  # fmt: skip
_STYLE = """
svg { background: #ffffff; font: 12px ui-monospace, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace; }
text { fill: #1b1b1f; } .life { stroke: #b5b5c0; } .host { font-weight: 700; font-size: 13px; }
.a { stroke: currentColor; fill: none; stroke-width: 1.5; } .tip { fill: currentColor; } g { color: #5a5a64; }
g text { fill: currentColor; } .time { fill: #5a5a64; }
.dashed { stroke-dasharray: 6 4; } .dotted { stroke-dasharray: 2 3; }
.client { color: #0b4f9e; } .server { color: #7a3300; } .success { color: #116329; } .go-on { color: #0b5c6b; }
.try-later { color: #7a5200; } .refused { color: #a3121f; }
@media (prefers-color-scheme: dark) {
  svg { background: #16161a; } text { fill: #ececf1; } g { color: #a9a9b6; } .time { fill: #a9a9b6; }
  .life { stroke: #45454f; } .client { color: #8ec2ff; } .server { color: #ffb98a; } .success { color: #7fdd9a; }
  .go-on { color: #7fd6e6; } .try-later { color: #f0c674; } .refused { color: #ff9aa2; }
}
"""


def drawing(events: Sequence[AnyEvent], words: Words) -> str:
    """The whole file."""
    dialogue = Dialogue()
    dialogue.take(events, 0)
    rungs = Ladder()
    rungs.read(dialogue, [(n, event) for n, event in enumerate(events) if isinstance(event, LANDMARKS)])
    drawn = rungs.rungs[:MOST]
    names = ladder.columns(dialogue.connections.values())
    places = {name: _SIDE + _GAP * n for n, name in enumerate(names)}
    width = 2 * _SIDE + _GAP * max(1, len(names) - 1)
    left_out = len(rungs.rungs) - len(drawn)
    height = _HEAD + _RUNG * (len(drawn) + bool(left_out)) + 24
    told = [_told(rungs, rung, words) for rung in drawn]
    lines = [f"{_way(rungs, rung)} {text}" for rung, (text, _) in zip(drawn, told, strict=True)]
    more = words("export.svg.more", count=left_out) if left_out else ""
    title = words("export.svg.title", hosts=" – ".join(visible(name) for name in names))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" xml:lang="{words.language}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(chr(10).join([*lines, more]).strip())}</desc>',
        f"<style>{_STYLE}</style>",
        *(_column(name, at, height) for name, at in places.items()),
    ]
    for number, (rung, (text, style)) in enumerate(zip(drawn, told, strict=True)):
        parts.append(_rung(rungs, rung, text, style, places, _HEAD + _RUNG * number))
    if more:
        parts.append(_text(more, width / 2, height - 24, width - 2 * _SIDE))
    return "\n".join([*parts, "</svg>", ""])


def cells(text: str) -> int:
    """How many cells a text takes: two for what is wide, none for what stands on the character before it (UAX 11)."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def _cut(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    used, kept = 1, ""
    for one in text:
        used += cells(one)
        if used > room:
            break
        kept += one
    return kept + "…"


def _text(text: str, at: float, y: float, room: float, kind: str = "") -> str:
    """A text around a place, in as many pixels at most."""
    shown = _cut(text, max(_LEAST, int(room / _CELL)))
    length = cells(shown) * _CELL
    style = f' class="{kind}"' if kind else ""
    fit = f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"' if length else ""
    return (
        f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="middle"{style}{fit} xml:space="preserve">{escape(shown)}</text>'
    )


def _column(name: str, at: int, height: int) -> str:
    return (
        f'<line class="life" x1="{at}" y1="{_HEAD - 26}" x2="{at}" y2="{height - 12}"/>\n'
        f"{_text(visible(name), at, _HEAD - 34, 2 * _SIDE - 10, 'host')}"
    )


def _ends(connection: Connection, rung: Rung) -> tuple[str, str]:
    both = host(connection.client), host(connection.server)
    return both if rung.from_client else both[::-1]


def _way(rungs: Ladder, rung: Rung) -> str:
    connection = rungs.connection(rung)
    if connection is None or rung.sort is Sort.WORLD:
        return f"{_clock(rung.t)}:"
    start, end = (visible(name) for name in _ends(connection, rung))
    return f"{_clock(rung.t)}: {start} → {end}:"


def _told(rungs: Ladder, rung: Rung, words: Words) -> tuple[str, str]:
    """What is written at a rung, and the class of its colour."""
    connection, row = rungs.connection(rung), rungs.row(rung)
    if rung.sort is Sort.WORLD:
        return _world(rung.event, words)
    if connection is not None and isinstance(rung.event, Opened):
        who = visible(host(connection.client))
        return words("screen.ladder.opens", who=who, port=connection.server.port), ""
    if connection is not None and isinstance(rung.event, Closed):
        if rung.event.by == "lost":
            return words("screen.ladder.lost"), "refused"
        end = connection.client if rung.event.by == "client" else connection.server
        return words("screen.ladder.closes", who=visible(host(end))), ""
    if row is None:
        return "", ""
    if isinstance(row, NoteRow):
        return f"{notes.mark(row)} {visible(notes.headline(row, words))}", "refused" if notes.is_trouble(row) else ""
    side = "client" if rung.from_client else "server"
    if rung.sort is Sort.MAIL:
        count = words("screen.ladder.line") if rung.lines == 1 else words("screen.ladder.lines", count=rung.lines)
        told = words("screen.ladder.mail", octets=rung.octets, lines=count)
    else:
        told = visible(row.line.text[:_LOOKED_AT])
        told += f" (+{rung.count - 1})" if rung.count > 1 else ""
    return f"{row.line.source.value}: {told}", _OUTCOMES.get(row.line.outcome, side)


def _clock(t: float) -> str:
    """A time since the first event: a lab needs milliseconds, a person seconds."""
    return f"{t * 1000:.1f} ms" if t < 1 else f"{t:.2f} s" if t < 1e6 else f"{t:.0e} s"


def _world(event: Landmark | None, words: Words) -> tuple[str, str]:
    if isinstance(event, Queued):
        return words("screen.ladder.queued", id=visible(event.queue_id)), ""
    if isinstance(event, Delivered):
        who, mailbox = visible(event.recipient), visible(event.mailbox)
        return words("screen.ladder.delivered", who=who, mailbox=mailbox), "success"
    if isinstance(event, Attempted):
        kind = "refused" if event.outcome == "refused" else "later"
        told = words(f"screen.ladder.{kind}", reply=visible(event.reply[:_LOOKED_AT]))
        return told, "refused" if kind == "refused" else "try-later"
    return words("screen.ladder.bounced"), "refused"


def _rung(rungs: Ladder, rung: Rung, text: str, style: str, places: dict[str, int], y: int) -> str:
    time = f'<text class="time" x="6" y="{y + 4}">{_clock(rung.t)}</text>'
    kind = f' class="{style}"' if style else ""
    connection = rungs.connection(rung)
    event = rung.event
    if isinstance(event, (Queued, Delivered, Attempted, Bounced)):
        at = places.get(event.host, _SIDE)
        dot = f'<circle class="tip" cx="{at}" cy="{y}" r="4"/>'
        return f"<g{kind}>{time}{dot}{_text(text, at, y - 7, _GAP - 40)}</g>"
    if connection is None:
        return f"<g{kind}>{time}</g>"
    start, end = (places.get(name, _SIDE) for name in _ends(connection, rung))
    if start == end:
        return f"<g{kind}>{time}{_text(text, start, y - 5, _GAP - 40)}</g>"
    step = 1 if end > start else -1
    body = {Sort.SAID: "", Sort.MAIL: "", Sort.QUERY: " dotted"}.get(rung.sort, " dashed")
    arrow = f'<path class="a{body}" d="M{start} {y}H{end - 8 * step}"/>'
    if rung.sort is Sort.MAIL:
        arrow += f'<path class="a" d="M{start} {y + 3}H{end - 8 * step}"/>'
    if isinstance(event, Closed) and event.by == "lost":
        arrow += f'<path class="a" d="M{end - 12} {y - 5}l10 10m0 -10l-10 10"/>'
    elif rung.sort is not Sort.NOTE:
        arrow += f'<path class="tip" d="M{end} {y}l{-10 * step} -5v10z"/>'
    return f"<g{kind}>{time}{arrow}{_text(text, (start + end) / 2, y - 5, abs(end - start) - 30)}</g>"
