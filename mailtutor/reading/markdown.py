"""A trace as Markdown (GitHub's, with tables): a table of lines and their meanings for each connection.

What was said stands as code, whose marks are longer than any run of the same in it; every other sign that Markdown or
HTML would obey is escaped.
"""

from __future__ import annotations

import re

from mailtutor.reading import retelling
from mailtutor.reading.dialogue import Dialogue
from mailtutor.text.catalogue import Words

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~&$])")


def markdown(dialogue: Dialogue, words: Words) -> str:
    """The whole document."""
    say = words
    parts = [say("export.markdown.client")]
    for connection, rows in retelling.runs(dialogue):
        lines = [
            f"## {escaped(retelling.head(connection))}",
            "",
            f"|   | {say('export.markdown.said')} | {say('export.markdown.meaning')} |",
            "|---|---|---|",
        ]
        last = ""
        for row in rows:
            meaning = retelling.meaning(row, connection.protocol, words)
            # The lines of a message all mean the same.
            told = "" if meaning == last and retelling.is_content(row) else meaning
            last = meaning
            lines.append(f"| {escaped(retelling.who(row))} | {code(retelling.said(row, words))} | {escaped(told)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    """Text as code in a table. It is one line."""
    runs = [len(run) for run in re.findall("`+", text)]
    marks = "`" * (max(runs, default=0) + 1)
    # One blank at both ends is taken away again, and needed beside a mark.
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    # A table ends its cells before it looks for code.
    return f"{marks}{pad}{text}{pad}{marks}".replace("|", "\\|")


def escaped(text: str) -> str:
    """Text that means only itself."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))
