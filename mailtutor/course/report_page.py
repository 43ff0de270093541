"""A report as one HTML file, to be read, printed and handed in.

It has all it needs in it: the style, the pictures (as data), and the report's JSON, which `mailtutor grade` reads back.
Nothing runs and nothing is loaded: its Content-Security-Policy forbids scripts and all addresses. What a student or a
server wrote is text between tags, never a tag.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources

import msgspec

from mailtutor.course.report import LessonReport, Report, StepReport
from mailtutor.reading import retelling
from mailtutor.reading.dialogue import Connection, dialogue_of
from mailtutor.reading.marks import Bookmarks
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import AnyEvent, Bookmarked
from mailtutor.trace.log import Log

_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
# Lines of one dialogue that are shown.
_MOST_LINES = 400
# The JSON stands in a block of data, which a browser does not run.
DATA = "mailtutor-report"
_DATA = re.compile(rf'<script type="application/json" id="{DATA}">(.*?)</script>', re.DOTALL)
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_NUMBERS, _NUMBER = ("attempts", "hints", "spent"), ' class="number"'
_SIGNS = {"done": "✔", "skipped": "↷", "wrong": "✘", "open": "○"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a report shows besides its data.

    dialogues: (lesson, events). student: the name under which the student speaks in them. pictures: (caption, SVG).
    """

    dialogues: Sequence[tuple[str, Sequence[AnyEvent]]]
    student: str = ""
    pictures: Sequence[tuple[str, str]] = ()


def report_page(report: Report, shown: Shown, words: Words) -> str:
    """The whole file."""
    title = words("report.title", name=report.name) if report.name else words("report.title_unnamed")
    lessons = "\n".join(_lesson(lesson, words) for lesson in report.lessons) or _p(words("report.no_lesson"))
    return f"""<!doctype html>
<html lang="{_LANGUAGES.get(words.language, "en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_text(title)}</title>
<style>{_style()}</style>
</head>
<body>
<a class="skip" href="#lessons">{_text(words("report.skip"))}</a>
<header>
<h1>{_text(title)}</h1>
{_summary(report, words)}
</header>
<main>
<section aria-labelledby="lessons"><h2 id="lessons">{_text(words("report.lessons"))}</h2>
{lessons}
</section>
{_answers(report, words)}
{_predictions(report, words)}
{_tasks(report, words)}
{_dialogues(report, shown, words)}
{_pictures(shown, words)}
</main>
<script type="application/json" id="{DATA}">{_json(report)}</script>
</body>
</html>
"""


def data_in(page: str) -> str:
    """The JSON in a page; "" where there is none."""
    found = _DATA.search(page)
    return found[1] if found is not None else ""


@cache
def _style() -> str:
    return resources.files("mailtutor.course").joinpath("report.css").read_text(encoding="utf-8")


def _policy() -> str:
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"


def _json(report: Report) -> str:
    """No `<` is in it, so nothing in it can end the block it stands in."""
    return msgspec.json.encode(report).decode().replace("<", "\\u003c")


def _text(text: str) -> str:
    return escape(visible(" ".join(text.split())))


def _lines(text: str) -> str:
    """What somebody wrote, its lines kept."""
    return "\n".join(escape(visible(line)) for line in text.splitlines())


def _p(text: str) -> str:
    return f'<p class="quiet">{_text(text)}</p>'


def _span(seconds: float, words: Words) -> str:
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return words("report.hours", hours=hours, minutes=minutes) if hours else words("report.minutes", minutes=minutes)


def _summary(report: Report, words: Words) -> str:
    right = sum(guess.right for guess in report.predictions)
    facts = (
        ("made", time.strftime("%Y-%m-%d %H:%M", time.localtime(report.made_at))),
        ("lessons_done", words("report.of", some=report.lessons_done, all=report.lessons_in_all)),
        ("steps_done", str(report.steps_done)),
        ("tasks_done", words("report.of", some=len(report.tasks), all=report.tasks_in_all)),
        ("predicted", words("report.of", some=right, all=len(report.predictions))),
        ("spent", _span(report.spent_s, words)),
    )
    rows = "".join(f"<dt>{_text(words(f'report.{name}'))}</dt><dd>{_text(fact)}</dd>" for name, fact in facts)
    return f'<dl class="sum">{rows}</dl>'


def _lesson(lesson: LessonReport, words: Words) -> str:
    head = words("report.lesson", number=lesson.number, title=lesson.title)
    told = words("report.lesson_facts", done=lesson.done, total=len(lesson.steps), spent=_span(lesson.spent_s, words))
    columns = ("step", "result", "attempts", "hints", "spent")
    heads = "".join(
        f'<th scope="col"{_NUMBER if name in _NUMBERS else ""}>{_text(words(f"report.column.{name}"))}</th>'
        for name in columns
    )
    rows = "\n".join(_step(step, words) for step in lesson.steps)
    return f"""<section><h3>{_text(head)}</h3>
<p class="quiet">{_text(told)}</p>
<table><thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></section>"""


def _step(step: StepReport, words: Words) -> str:
    wrong = [attempt.said for attempt in step.attempts if attempt.result == "wrong" and attempt.said]
    tried = ""
    if wrong:
        tried = f'<br><span class="wrong">{_text(words("report.wrong_answers", answers=" · ".join(wrong)))}</span>'
    sign = _SIGNS.get(step.result, "○")
    result = words(f"report.result.{step.result}") if step.result in _SIGNS else step.result
    return (
        f"<tr><td>{_text(step.title)}{tried}</td>"
        f'<td class="{escape(step.result)}">{sign} {_text(result)}</td>'
        f'<td class="number">{len(step.attempts)}</td><td class="number">{step.hints}</td>'
        f'<td class="number">{_text(_span(step.spent_s, words))}</td></tr>'
    )


def _answers(report: Report, words: Words) -> str:
    written = [
        f"<h3>{_text(words('report.lesson', number=lesson.number, title=lesson.title))} · {_text(step.title)}</h3>"
        f"<blockquote>{_lines(step.answer)}</blockquote>"
        for lesson in report.lessons
        for step in lesson.steps
        if step.kind == "reflect" and step.answer
    ]
    return _section("answers", "\n".join(written), words)


def _section(name: str, inside: str, words: Words) -> str:
    if not inside:
        inside = _p(words(f"report.none.{name}"))
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{_text(words(f"report.{name}"))}</h2>\n{inside}</section>'
    )


def _predictions(report: Report, words: Words) -> str:
    titles = {lesson.id: words("report.lesson", number=lesson.number, title=lesson.title) for lesson in report.lessons}
    guesses = report.predictions
    rows = "".join(
        f"<tr><td>{_text(titles.get(guess.where, guess.where.upper()))}</td><td><code>{_text(guess.asked)}</code></td>"
        f"<td><code>{_text(guess.guessed)}</code></td><td><code>{_text(guess.came)}</code></td>"
        f'<td class="{"done" if guess.right else "wrong"}">{"✔" if guess.right else "✘"} '
        f"{_text(words('report.right' if guess.right else 'report.not_right'))}</td></tr>"
        for guess in guesses
    )
    if rows:
        columns = ("where", "asked", "guessed", "came", "result")
        heads = "".join(f'<th scope="col">{_text(words(f"report.column.{name}"))}</th>' for name in columns)
        rows = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return _section("predictions", rows, words)


def _tasks(report: Report, words: Words) -> str:
    items = "".join(f"<li>✔ {_text(task.title)}</li>" for task in report.tasks)
    return _section("tasks", f"<ul>{items}</ul>" if items else "", words)


def _dialogues(report: Report, shown: Shown, words: Words) -> str:
    titles = {lesson.id: words("report.lesson", number=lesson.number, title=lesson.title) for lesson in report.lessons}
    parts = []
    for lesson, events in shown.dialogues:
        told = "\n".join(_told(events, shown.student, words))
        if told:
            parts.append(f"<h3>{_text(titles.get(lesson, lesson))}</h3>\n{told}")
    return _section("dialogues", "\n".join(parts), words)


def _told(events: Sequence[AnyEvent], student: str, words: Words) -> Iterator[str]:
    """The conversations in which the student spoke, and those with a note of theirs."""
    dialogue = dialogue_of(Log.of(events))
    notes = Bookmarks(event for event in events if isinstance(event, Bookmarked))
    for connection in dialogue.connections.values():
        own = notes.of(connection.conn)
        if connection.client.name == student or own:
            yield _conversation(connection, own, words)


def _conversation(connection: Connection, notes: Mapping[int, str], words: Words) -> str:
    rows = []
    for number, row in enumerate(connection.rows[:_MOST_LINES]):
        who = retelling.who(row)
        meaning = "" if retelling.is_content(row) else retelling.meaning(row, connection.protocol, words)
        mark = ""
        if number in notes:
            mark = f'<br><strong class="mark">★ {_text(notes[number] or words("report.marked"))}</strong>'
        side = who if who in ("C", "S") else "N"
        by = _text(words(f"report.by.{side}"))
        rows.append(
            f'<tr class="{side}"><td><abbr title="{by}">{who}</abbr></td>'
            f'<td class="said">{escape(retelling.said(row, words))}</td><td>{_text(meaning)}{mark}</td></tr>'
        )
    if len(connection.rows) > _MOST_LINES:
        more = words("report.more_lines", count=len(connection.rows) - _MOST_LINES)
        rows.append(f'<tr><td></td><td colspan="2" class="quiet">{_text(more)}</td></tr>')
    return f"""<h4>{_text(retelling.head(connection))}</h4>
<table class="dialogue"><tbody>
{"".join(rows)}
</tbody></table>"""


def _pictures(shown: Shown, words: Words) -> str:
    figures = []
    for caption, svg in shown.pictures:
        data = base64.b64encode(_FONTS.sub("", svg).encode()).decode()
        figures.append(
            f'<figure><img alt="{_text(caption)}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{_text(caption)}</figcaption></figure>"
        )
    return _section("pictures", "\n".join(figures), words)
