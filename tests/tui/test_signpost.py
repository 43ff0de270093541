"""No key is silent: where it does nothing it says what it does elsewhere, and nothing is lit that leads nowhere."""

from __future__ import annotations

import pytest
from textual.events import Key

from mailtutor.text.catalogue import words
from mailtutor.tui.actions import HOME, LAB, PLACES, of_mode
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.help import HelpScreen
from mailtutor.tui.signpost import signpost
from mailtutor.tui.widgets.prompt import CommandInput
from mailtutor.tui.widgets.question import Question
from tests.tui.stage import FakeStage, alice_bob, shown, stage, until
from tests.tui.test_deck import greeted


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_letter_that_does_something_somewhere_can_be_told_of(language: str) -> None:
    for place in PLACES:
        for action in of_mode(place):
            for key in action.keys.split(",") if action.keys else ():
                assert signpost(key, words(language), {})


def test_all_places_with_a_wire_are_named() -> None:
    told = signpost("l", words("en"), {})
    where = "lessons, the sandbox, practice, replays and while watching a server"
    assert told == f"l (ladder) does nothing here; it works in {where}."


@pytest.mark.parametrize(
    ("key", "told"),
    [("l", "l (ladder) does nothing here"), ("f", "faults in lessons"), ("1", "in the sandbox")],
)
async def test_at_home_a_key_says_where_it_works(key: str, told: str) -> None:
    app = TuiApp(FakeStage(), HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "SMTP by hand" in shown(app), "the lessons")
        await pilot.press(key)
        await until(pilot, lambda: told in shown(app), "where")


async def test_over_the_faults_a_key_of_the_sandbox_asks_for_esc_first() -> None:
    app = TuiApp(FakeStage(alice_bob()), LAB)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: "Break something" in shown(app), "the faults")
        await pilot.press("question_mark")
        await until(pilot, lambda: "? (explain) works when this list is closed" in shown(app), "the way")
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: stage(app).view == "meaning", "the explanation")


async def test_to_go_on_seeking_before_anything_was_sought_names_the_key() -> None:
    app = TuiApp(FakeStage(alice_bob()), LAB)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "/ searches, then n finds the next" in shown(app), "the key")


async def test_a_question_is_not_passed_over_and_the_bar_does_not_say_so() -> None:
    session = FakeStage(alice_bob())
    lesson = session.lessons.find("1")
    for step in lesson.steps[:1]:
        session.set_result(lesson.id, step.id, "done", "")
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.focused and app.focused.parent, Question), "the question")
        bar = shown(app).splitlines()[-1]
        assert "enter next" not in bar
        assert "h hint" in bar
        await pilot.press("n")
        await until(pilot, lambda: "/ searches" in shown(app), "what n does")


async def test_a_line_that_was_left_names_the_key_that_leads_back() -> None:
    app = TuiApp(FakeStage(alice_bob()), "practice")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, CommandInput), "the line")
        assert "goes back to this line" not in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "t goes back to this line" in shown(app), "the key")
        await pilot.press("t")
        await until(pilot, lambda: "goes back to this line" not in shown(app), "the line again")


async def test_help_names_the_key_of_what_has_none_of_its_own() -> None:
    app = TuiApp(FakeStage(), HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
        await until(pilot, lambda: "^p + name    The program in a minute" in shown(app), "the key")


async def test_numbers_of_connections_do_not_look_like_keys_in_ascii_either() -> None:
    app = TuiApp(FakeStage(alice_bob()), LAB, ascii=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "#1 crepes.fr" in shown(app), "the number")


async def test_a_key_before_a_question_is_seen_is_no_answer_and_two_are_one() -> None:
    answers: list[bool | None] = []
    app = TuiApp(FakeStage(), HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "SMTP by hand" in shown(app), "the lessons")
        home = app.screen
        question = ConfirmScreen("escape", "Sure?")
        app.push_screen(question, answers.append)
        question.on_key(Key("escape", None))
        assert answers == []
        await until(pilot, lambda: "Sure?" in shown(app) and question._is_seen, "the question")
        question.post_message(Key("escape", None))
        question.post_message(Key("escape", None))
        await until(pilot, lambda: app.screen is home, "the way back")
        await pilot.pause()
        assert answers == [True]
        assert app.screen is home


async def test_the_way_shows_where_bob_really_asks() -> None:
    app = TuiApp(FakeStage([*greeted(1, "bob@hamburger.edu", "crepes.fr", "http")]), LAB)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "◀─ bob ⌨ ━HTTP▶ crepes.fr" in shown(app), "an arrow to alice's server")


async def test_alice_who_reads_is_not_said_to_hand_in() -> None:
    app = TuiApp(FakeStage([*greeted(1, "alice@crepes.fr", "crepes.fr", "imap")]), LAB)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "alice ⌨ ━IMAP━▶ crepes.fr" in shown(app), "what she does")
