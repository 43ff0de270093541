"""Our own lessons: complete in both languages, short, with hints, and their solutions meet their checks."""

from __future__ import annotations

import re

import pytest

from mailtutor.course.answers import judge
from mailtutor.course.lesson import LANGUAGES, Lesson
from mailtutor.course.loader import load_lessons
from mailtutor.course.model import Predict, Quiz, Type
from mailtutor.paths import content

LESSONS = load_lessons(content("lessons")).lessons
# The notes' vocabulary differs; a teacher can read a step's text in half a minute.
WORDS = {"en": 120, "zh": 200}
# Lines to type, one after the other in one paragraph.
RUN_ON = re.compile(r"(?:`[^`]+`(?:, |、)){3}")


def lesson_and_language() -> list[tuple[Lesson, str]]:
    """Every lesson in every language."""
    return [(lesson, language) for lesson in LESSONS for language in LANGUAGES]


def name_of(value: Lesson | str) -> str:
    """A test's name."""
    return value if isinstance(value, str) else value.id


def length(text: str, language: str) -> int:
    """English words, or Chinese characters. The sign of a list is no word."""
    text = re.sub(r"^- ", "", text, flags=re.MULTILINE)
    return len(text.split()) if language == "en" else len(re.findall(r"[\u3400-\u9fff]", text))


@pytest.mark.parametrize(("lesson", "language"), lesson_and_language(), ids=name_of)
def test_texts_are_short(lesson: Lesson, language: str) -> None:
    for name, section in lesson.prose(language).sections.items():
        assert length(section.body, language) <= WORDS[language], name
        for hint in section.hints:
            assert length(hint, language) <= WORDS[language] // 3, name


@pytest.mark.parametrize(("lesson", "language"), lesson_and_language(), ids=name_of)
def test_chinese_is_chinese_and_english_is_not(lesson: Lesson, language: str) -> None:
    for section in lesson.prose(language).sections.values():
        text = section.title + section.body + "".join(section.hints) + "".join(section.wrong.values())
        text = re.sub(r"`[^`]*`", "", text)  # what is typed is the same in every language
        chinese = len(re.findall(r"[\u3400-\u9fff]", text))
        # A lesson on addresses quotes some, in either language.
        assert chinese > len(text) / 5 if language == "zh" else chinese < len(text) / 20, (section.title, chinese)


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_what_is_asked_has_three_hints_and_an_answer_to_every_wrong_choice(lesson: Lesson) -> None:
    assert 6 <= len(lesson.steps) <= 10
    for step in lesson.steps:
        section = lesson.section("en", step.id)
        if isinstance(step, (Type, Predict, Quiz)):
            assert len(section.hints) == 3, step.id
        choices = step.choices if isinstance(step, Predict) else step.options if isinstance(step, Quiz) else ()
        if isinstance(step, Predict) or (isinstance(step, Quiz) and step.form == "choice"):
            for choice in choices:
                judgement = judge(step, choice)
                assert judgement.right or judgement.wrong, (step.id, choice)


@pytest.mark.parametrize(("lesson", "language"), lesson_and_language(), ids=name_of)
def test_a_hint_of_several_lines_to_type_gives_each_its_own(lesson: Lesson, language: str) -> None:
    for name, section in lesson.prose(language).sections.items():
        assert not any(RUN_ON.search(hint) for hint in section.hints), name


@pytest.mark.parametrize(("lesson", "language"), lesson_and_language(), ids=name_of)
def test_a_right_answer_is_told_why_it_is_right(lesson: Lesson, language: str) -> None:
    for step in lesson.steps:
        if isinstance(step, (Predict, Quiz)):
            why = lesson.section(language, step.id).right
            assert 0 < length(why, language) <= WORDS[language] // 3, step.id


def test_every_lesson_belongs_to_a_part_of_the_course() -> None:
    for lesson in LESSONS:
        assert lesson.outline.group != "own", lesson.id


def test_every_row_of_the_course_notes_is_taught_but_those_that_need_user_agents_and_web_mail() -> None:
    later = {"F5", "F45", "F47"}
    taught = {row for lesson in LESSONS for row in lesson.outline.covers}
    assert taught == {f"F{number}" for number in range(1, 48)} - later
