"""Words of the glossary lead to the lessons that are about them."""

from __future__ import annotations

import pytest

from mailtutor.course.loader import load_lessons
from mailtutor.course.mentions import Mentions
from mailtutor.paths import content
from mailtutor.reading.glossary import glossary
from mailtutor.text.catalogue import LANGUAGES, words

MENTIONS = Mentions(load_lessons(content("lessons")).lessons)


def lessons(word: str, protocol: str, language: str = "en") -> list[str]:
    entry = next(one for one in glossary(words(language)) if (one.word, one.protocol) == (word, protocol))
    return [lesson.id for lesson in MENTIONS.of(entry)]


@pytest.mark.parametrize(
    ("word", "protocol", "lesson"),
    [
        ("RCPT", "smtp", "02-smtp-by-hand"),
        ("DELE", "pop3", "03-push-then-pull"),
        ("ETRN", "smtp", "04-when-the-receiver-is-away"),
    ],
)
def test_a_command_leads_to_the_lesson_in_which_it_is_typed(word: str, protocol: str, lesson: str) -> None:
    assert lesson in lessons(word, protocol)


def test_a_command_of_another_protocol_is_another_one() -> None:
    assert "03-push-then-pull" not in lessons("DELE", "ftp")


def test_a_term_leads_to_the_lesson_that_names_it_whatever_the_language() -> None:
    by_language = [lessons(words(language)("term.queue.name"), "", language) for language in LANGUAGES]
    assert by_language[0] == by_language[1]
    assert "04-when-the-receiver-is-away" in by_language[0]
