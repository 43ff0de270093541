"""A report says what a student did, however it was written down, and a page of it is text that nothing can break."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from mailtutor.course.grading import columns, row, statements
from mailtutor.course.loader import load_lessons
from mailtutor.course.report import LONGEST_GAP_S, Record, Report, report, spent_s
from mailtutor.course.report_page import Shown, data_in, report_page
from mailtutor.course.task_loader import load_tasks
from mailtutor.paths import content
from mailtutor.store.progress import Entry
from mailtutor.text.catalogue import LANGUAGES, words
from mailtutor.trace.events import AnyEvent, Bookmarked, Opened
from tests.tui.stage import alice_bob

LESSONS = load_lessons(content("lessons")).lessons
TASKS = load_tasks(content("practice")).all
LESSON, STEP = "02-smtp-by-hand", "data-too-early"
NASTY = "</script><b>\x1b[31m & “quoted”\nsecond line"


def entry(at: float, kind: str, said: str = "", *, lesson: str = LESSON, step: str = STEP) -> Entry:
    return Entry(at, lesson, step, kind, said)


JOURNAL = [
    entry(100, "shown"),
    entry(130, "hint"),
    entry(140, "guessed", "354"),
    entry(140, "wrong", "354"),
    entry(150, "guessed", "503"),
    entry(160, "done"),
    entry(161, "shown", step="receiver"),
    entry(161 + 7200, "left", step="receiver"),
    entry(9000, "done", lesson="practice", step=TASKS[0].id),
]
RESULTS = {
    (LESSON, STEP): ("done", ""),
    ("03-push-then-pull", "who-deletes"): ("done", NASTY),
    ("practice", TASKS[0].id): ("done", ""),
    ("predictions", "0001"): ("right", "smtp RCPT 250 250"),
    ("predictions", "0002"): ("wrong", "pop3 DELE +OK -ERR"),
}


def made(language: str = "en", name: str = "Ada") -> Report:
    return report(Record(RESULTS, JOURNAL), LESSONS, TASKS, name=name, language=language, now=10_000.0)


def test_attempts_hints_and_time_are_counted_for_the_step_they_belong_to() -> None:
    lesson = next(one for one in made().lessons if one.id == LESSON)
    step = next(one for one in lesson.steps if one.id == STEP)
    assert [(one.result, one.said) for one in step.attempts] == [("wrong", "354"), ("done", "")]
    assert (step.result, step.hints, step.spent_s) == ("done", 1, 61.0)
    assert all(one.result == "open" for one in lesson.steps if one.id != STEP)


def test_a_long_silence_counts_as_a_short_one() -> None:
    assert spent_s(JOURNAL)[LESSON, "receiver"] == LONGEST_GAP_S


def test_a_clock_that_was_set_back_takes_no_time_away() -> None:
    assert spent_s([entry(100, "shown"), entry(50, "done")]) == {(LESSON, STEP): 0.0}


def test_lessons_nobody_has_begun_are_not_told_of() -> None:
    assert [lesson.id for lesson in made().lessons] == [LESSON, "03-push-then-pull"]
    assert made().lessons_in_all == len(LESSONS)


def test_of_a_prediction_the_first_answer_counts() -> None:
    told = [(guess.where, guess.guessed, guess.came, guess.right) for guess in made().predictions]
    assert told == [(LESSON, "354", "503", False), ("smtp", "250", "250", True), ("pop3", "+OK", "-ERR", False)]


class _Text(HTMLParser):
    """What a reader sees, and every tag there is."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += " ".join(value or "" for name, value in attrs if name in ("alt", "title"))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> _Text:
    parser = _Text()
    parser.feed(page)
    return parser


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_holds_everything_and_nothing_that_was_written_is_markup(language: str) -> None:
    page = report_page(
        made(language, name=NASTY), Shown([], "you", [(NASTY, "<svg>@font-face { x }</svg>")]), words(language)
    )
    seen = read(page)
    assert "b" not in seen.tags
    assert seen.tags.count("script") == 1  # the data
    assert "\x1b" not in page
    assert "second line" in seen.text
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "default-src 'none'" in page


def test_the_data_in_a_page_is_the_report() -> None:
    report_ = made(name=NASTY)
    assert msgspec.json.decode(data_in(report_page(report_, Shown([]), words("en"))), type=Report) == report_
    assert data_in("<html>nothing</html>") == ""


def by(name: str) -> list[AnyEvent]:
    """The textbook's dialogue, its client called so."""
    return [
        msgspec.structs.replace(event, client=msgspec.structs.replace(event.client, name=name))
        if isinstance(event, Opened)
        else event
        for event in alice_bob()
    ]


def test_dialogues_of_the_student_are_shown_with_their_notes_and_others_are_not() -> None:
    note = Bookmarked(t=1, at=1, conn=1, line=3, note="here it says <who>")
    own = report_page(made(), Shown([(LESSON, [*by("you"), note])], "you"), words("en"))
    assert "MAIL FROM: &lt;alice@crepes.fr&gt;" in own
    assert "★ here it says &lt;who&gt;" in own
    assert (
        "MAIL FROM"
        not in report_page(made(), Shown([(LESSON, by("crepes.fr"))], "you"), words("en")).split("</style>")[1]
    )
    marked = report_page(made(), Shown([(LESSON, [*by("crepes.fr"), note])], "you"), words("en"))
    assert "MAIL FROM" in marked


def test_a_class_is_a_row_for_each_with_the_lessons_anybody_began() -> None:
    ada = made()
    names = columns([ada])
    assert names[:2] == ["name", "made"]
    assert names[-2:] == [LESSON, "03-push-then-pull"]
    told = row(ada)
    assert (told["name"], told["steps_done"], told["tasks_done"], told["hints"], told["wrong_attempts"]) == (
        "Ada",
        2,
        1,
        1,
        1,
    )
    assert (told["predictions_right"], told["predictions"], told["minutes"]) == (1, 3, round(made().spent_s / 60))


def test_every_attempt_is_a_statement() -> None:
    found = list(statements(made()))
    assert [one["verb"]["display"]["en"] for one in found] == ["attempted", "completed"]
    assert found[0]["result"] == {"success": False, "response": "354"}
    assert found[0]["object"]["id"].endswith(f"lessons/{LESSON}/steps/{STEP}")
    assert all(one["actor"]["name"] == "Ada" and one["timestamp"].endswith("+00:00") for one in found)
