"""`mailtutor lessons`: the catalogue, and which facts of the course notes it teaches."""

from __future__ import annotations

import argparse
from pathlib import Path

from mailtutor.cli.output import print_json, tell_troubles
from mailtutor.cli.parser import language
from mailtutor.reading.visible import visible
from mailtutor.session import Session
from mailtutor.text.catalogue import words


def run(args: argparse.Namespace) -> int:
    """Prints the lessons, or with --coverage the rows and the lessons that cover them."""
    session = Session(lessons=Path(args.lessons) if args.lessons else None)
    catalogue = session.lessons
    tell_troubles(session.troubles)
    code = 1 if catalogue.problems else 0
    if args.coverage:
        rows = catalogue.coverage()
        if args.json:
            print_json({"rows": rows})
        else:
            for row, lessons in rows.items():
                print(visible(f"{row:4} {', '.join(lessons)}"))
        return code
    speak = language()
    say = words(speak)
    for lesson in catalogue.lessons:
        outline = lesson.outline
        title = lesson.prose(speak).title
        if args.json:
            print_json({"id": lesson.id, "title": title, "minutes": outline.minutes, "covers": list(outline.covers),
                        "needs": list(outline.needs), "steps": [step.id for step in lesson.steps]})  # fmt: skip
        else:
            minutes = say("cli.lessons.minutes", minutes=outline.minutes)
            print(visible(f"{lesson.number:2}  {title} · {minutes} · {' '.join(outline.covers)}"))
    return code
