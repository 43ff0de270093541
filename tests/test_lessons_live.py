"""Every lesson of ours against the lab it starts: real sockets, the checks the student is held to."""

from __future__ import annotations

import pytest

from mailtutor.course.lesson import Lesson
from mailtutor.course.loader import load_lessons
from mailtutor.paths import content
from mailtutor.proving import prove

LESSONS = load_lessons(content("lessons"), reviewed=False).lessons


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_a_lesson_can_be_done_and_nothing_in_it_is_done_by_itself(lesson: Lesson) -> None:
    assert [str(problem) for problem in prove(lesson)] == []
