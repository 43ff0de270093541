"""A trace as one HTML file: the dialogue with what each line means beside it, and a replay of it.

The file has all it needs in it and asks for nothing else: its Content-Security-Policy allows this style and this
script, named by their hashes (CSP 3 §2.3), and forbids the rest. Without a script it is a list to read and to print;
the script only marks, hides and clones what is there. What comes out of a trace is text between tags (`html.escape`),
never a tag, an attribute or part of the script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib import resources

from mailtutor.protocols.spec import Outcome
from mailtutor.reading import retelling
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row
from mailtutor.reading.explain import Explanation
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Of a message, or of other data, so many lines are in the page.
MOST = 200
# Characters of a line that are in the page.
_LONGEST = 4000
_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
_OUTCOMES = {
    Outcome.SUCCESS: "success", Outcome.GO_ON: "go-on", Outcome.TRY_LATER: "try-later", Outcome.REFUSED: "refused",
}  # fmt: skip
_SPEEDS = ("0.5", "1", "2", "4", "8")


def page(dialogue: Dialogue, words: Words) -> str:
    """The whole file."""
    runs = list(retelling.runs(dialogue))
    title = words("export.page.title", what=retelling.head(runs[0][0])) if runs else words("export.page.empty")
    sections = "\n".join(_section(number, connection, rows, words) for number, (connection, rows) in enumerate(runs, 1))
    return f"""<!doctype html>
<html lang="{_LANGUAGES.get(words.language, "en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_text(title)}</title>
<style>{_asset("page.css")}</style>
</head>
<body>
<a class="skip" href="#dialogue">{_text(words("export.page.skip"))}</a>
<header>
<h1>{_text(title)}</h1>
<p>{_text(words("export.page.what"))}</p>
</header>
{_controls(words)}
<main>
<div id="dialogue" tabindex="-1">
{sections}
</div>
<aside aria-labelledby="told-head">
<h2 id="told-head">{_text(words("export.page.meaning"))}</h2>
<div id="told" aria-live="polite" aria-atomic="true"></div>
</aside>
</main>
<script>{_asset("page.js")}</script>
</body>
</html>
"""


@cache
def _asset(name: str) -> str:
    return resources.files("mailtutor.reading").joinpath(name).read_text(encoding="utf-8")


def _policy() -> str:
    """Nothing from anywhere, and no style and no script but these two."""
    style, script = (
        base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() for name in ("page.css", "page.js")
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(text: str) -> str:
    return escape(visible(" ".join(text.split())))


def _controls(words: Words) -> str:
    """The replay's own; shown by the script, without which they would do nothing."""

    def button(name: str, sign: str) -> str:
        label = words(f"export.page.{name}")
        return f'<button type="button" id="{name}">{sign} {_text(label)}</button>'

    say = {name: _text(words(f"export.page.{name}")) for name in ("play", "pause", "speed", "keys", "controls")}
    speeds = "".join(f'<option value="{one}"{" selected" if one == "1" else ""}>×{one}</option>' for one in _SPEEDS)
    play = (
        f'<button type="button" id="play" data-play="▶ {say["play"]}" '
        f'data-pause="❚❚ {say["pause"]}">▶ {say["play"]}</button>'
    )
    return f"""<div class="replay" role="group" aria-label="{say["controls"]}" hidden>
{button("first", "⇤")}
{button("back", "←")}
{play}
{button("next", "→")}
{button("last", "⇥")}
<label for="speed">{say["speed"]}</label>
<select id="speed">{speeds}</select>
<output id="position"></output>
<span class="keys">{say["keys"]}</span>
</div>"""


def _section(number: int, connection: Connection, rows: Sequence[Row], words: Words) -> str:
    items = "\n".join(_items(connection, rows, words))
    return f"""<section aria-labelledby="head-{number}">
<h2 id="head-{number}">{_text(retelling.head(connection))}</h2>
<ol>
{items}
</ol>
</section>"""


def _items(connection: Connection, rows: Sequence[Row], words: Words) -> Iterator[str]:
    content = 0
    for row in rows:
        was, content = content, content + 1 if retelling.is_content(row) else 0
        if content <= MOST:
            yield _item(row, connection.protocol, words)
        if was > MOST and not content:
            yield _left_out(row.t, was - MOST, words)
    if content > MOST:
        yield _left_out(rows[-1].t, content - MOST, words)


def _left_out(t: float, count: int, words: Words) -> str:
    told = _text(words("export.page.more", count=count))
    return (
        f'<li class="note" data-t="{t:.6f}"><div class="said"><span class="who">*</span> <span>{told}</span></div>'
        f'<div class="meaning"></div></li>'
    )


def _item(row: Row, protocol: str, words: Words) -> str:
    who = retelling.who(row)
    side = {"C": "client", "S": "server"}.get(who, "note")
    outcome = "" if isinstance(row, NoteRow) else _OUTCOMES.get(row.line.outcome, "")
    said = retelling.said(row, words)
    said = said if len(said) <= _LONGEST else said[:_LONGEST] + "…"
    by = _text(words(f"export.page.by.{side}"))
    return (
        f'<li class="{side}{" " + outcome if outcome else ""}" data-t="{row.t:.6f}">'
        f'<div class="said"><abbr class="who" title="{by}">{who}</abbr> '
        f'<code translate="no" dir="ltr">{escape(said)}</code></div>'
        f'<div class="meaning">{_meaning(row, protocol, words)}</div></li>'
    )


def _meaning(row: Row, protocol: str, words: Words) -> str:
    found = retelling.explained(row, protocol, words)
    told = f"<p>{_text(retelling.meaning(row, protocol, words))}</p>"
    if found is None or retelling.is_content(row):
        return told
    parts = _parts(found)
    rfc = f'<p class="rfc">{_text(found.rfc)}</p>' if found.rfc else ""
    oddity = f"<p>{_text(found.oddity)}</p>" if found.oddity else ""
    more = f"<details><summary>{_text(words('export.page.parts'))}</summary>{parts}</details>" if parts else ""
    return told + oddity + more + rfc


def _parts(found: Explanation) -> str:
    """What the pieces of the line and the digits of its code mean."""
    pairs = [(f"{piece.text} – {piece.name}" if piece.name else piece.text, piece.what) for piece in found.pieces]
    pairs += [(digit.text, digit.what) for digit in (*found.digits, *found.enhanced)]
    told = "".join(
        f"<dt>{_text(name[:_LONGEST])}</dt><dd>{_text(what[:_LONGEST])}</dd>" for name, what in pairs if what
    )
    return f"<dl>{told}</dl>" if told else ""
