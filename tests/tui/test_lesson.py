"""A lesson, played as a student plays it."""

from __future__ import annotations

import pytest

from mailtutor.course.model import Quiz, Reflect, Type
from mailtutor.lab import gate
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from mailtutor.tui.widgets.folding import fold
from mailtutor.tui.widgets.prose import prose
from tests.tui.playing import lesson_screen, play, play_step
from tests.tui.stage import FakeStage, alice_bob, opened, paste_line, shown, stage, until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow for a student is quick for a test."""
    monkeypatch.setattr(gate, "SLOW_S", 0.002)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["1", "2", "3"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_lesson_can_be_played_from_start_to_end_with_the_keyboard(
    session: Session, lesson: str, size: tuple[int, int]
) -> None:
    screen = await play(session, lesson, size)
    results = session.results()
    assert all(results[screen.lesson.id, step.id][0] == "done" for step in screen.lesson.steps)


@pytest.mark.slow
async def test_a_lesson_taken_up_in_the_middle_brings_the_console_to_where_it_was(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit", "sender", "data-too-early"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        assert screen.step.id == "recipient"
        await until(pilot, lambda: screen.desk.is_ready and screen.desk.console, "the earlier lines said again")
        await play_step(pilot, app)


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "step"), [("1", "bob-looks"), ("2", "message"), ("2", "goodbye"), ("3", "push")])
async def test_a_lesson_taken_up_does_again_what_the_steps_before_did(session: Session, lesson: str, step: str) -> None:
    found = session.lessons.find(lesson)
    for earlier in found.steps:
        if earlier.id == step:
            break
        session.set_result(found.id, earlier.id, "done")
    app = TuiApp(session, "lesson", {"lesson": lesson})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        assert screen.step.id == step
        await until(pilot, lambda: screen._is_begun, "the steps before done again")
        await until(pilot, lambda: screen.desk.is_ready, "the console where it was")
        await pilot.pause(0.2)
        assert not screen.is_done
        await play_step(pilot, app)


@pytest.mark.slow
async def test_what_agents_say_does_not_pass_for_what_the_student_is_to_type(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit", "sender", "data-too-early", "recipient"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the student's turn")
        await pilot.press("escape", "1")
        await pilot.pause(0.5)
        assert not screen.is_done


@pytest.mark.slow
async def test_leaving_while_the_wire_is_held_neither_hangs_nor_fails(session: Session) -> None:
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the first step")
        await pilot.press("space")
        await until(pilot, lambda: session.pace == "step", "the wire held")
        await pilot.press("enter")
        await until(pilot, lambda: "held: space" in shown(app), "how it goes on")
        log = session.log
        await pilot.press("R", "R")
        await until(pilot, lambda: session.log is not log and screen._is_begun, "a new lab")
        await pilot.pause(0.3)
        assert all(told.severity != "error" for told in screen.notice._told), screen.notice.sentences


@pytest.mark.slow
async def test_a_wrong_prediction_is_answered_and_the_reply_stays_held(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit", "sender"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(120, 36)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen.has_class("-asking"), "the question")
        await until(pilot, lambda: session.held(), "the reply at the gate")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "✘" in str(screen._feedback[1]), "the answer to a wrong answer")
        assert "354 would mean" in shown(app)
        assert session.held()
        assert "S< ???" in shown(app)
        assert "503 " not in str(screen.meaning._text.content)
        waiting = session.held()
        await pilot.press("f8", "f8")
        assert session.held() == waiting, "the wire's own keys do not tell the answer either"
        assert "bad sequence" not in shown(app).casefold()
        assert not screen.is_done


async def test_from_home_enter_opens_the_first_lesson() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "start lesson 1" in shown(app), "the lessons")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LessonScreen), "the lesson")
        assert "Step 1 of" in shown(app)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("lesson", ["1", "2", "3"])
async def test_on_a_small_screen_what_asks_is_seen_whole_from_its_beginning(
    lesson: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(), "lesson", {"lesson": lesson})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await pilot.pause()
        for index, step in enumerate(screen.lesson.steps):
            if not isinstance(step, (Quiz, Reflect, Type)):
                continue
            screen.index = index
            screen._show_step()
            await pilot.pause()
            text = screen._text
            asked = [block for block in prose(screen.lesson.section(language, step.id).body) if block.content.plain]
            lines = [line for block in asked for line in fold(block, text.size.width).plain.split("\n")]
            await until(pilot, lambda: all(line.strip() in shown(app) for line in lines), step.id)  # noqa: B023
            assert text.scroll_offset.y == 0, step.id


async def test_on_a_small_screen_a_mark_says_where_the_rest_is() -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        screen.index = [step.id for step in screen.lesson.steps].index("message")
        screen._show_step()
        await until(pilot, lambda: "more text ▼" in shown(app), "the mark")
        await pilot.press("f3")
        await until(pilot, lambda: "▲" in shown(app), "the hint")
        assert screen._text.scroll_offset.y == screen._text.max_scroll_y


async def test_a_wrong_word_is_cleared_away() -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        screen.index = [step.id for step in screen.lesson.steps].index("two-stores")
        screen._show_step()
        await pilot.pause()
        await paste_line(pilot, "mailbox")
        await until(pilot, lambda: "✘" in screen._feedback[1], "the judgement")
        assert not screen.question._input.value


async def test_hints_unfold_and_end_with_the_solution() -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "2"})
    async with app.run_test(size=(120, 36)) as pilot:
        screen = lesson_screen(app)
        screen.index = 1
        screen._show_step()
        hints = len(screen.lesson.section("en", screen.step.id).hints)
        await pilot.press(*["f3"] * (hints + 1))
        await pilot.pause()
        assert "A solution:" in shown(app)
        assert "R starts this" in shown(app)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_hint_of_many_lines_has_a_line_for_each_and_is_seen_from_its_beginning(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(), "lesson", {"lesson": "5"})
    async with app.run_test(size=(80, 24)) as pilot:
        at_step(lesson_screen(app), "by-hand")
        await pilot.press("f3", "f3", "f3")
        await until(pilot, lambda: words(language)("screen.lesson.hint", number=3) in shown(app), "the last hint")
        rows = [row.strip() for row in shown(app).splitlines()]
        for line in ("HELO crepes.fr", "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA"):
            assert f"• {line}" in rows


async def test_the_language_changes_everything_at_once_and_is_remembered() -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "1"})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "Step 1 of" in shown(app)
        await pilot.press("ctrl+l")
        await pilot.pause()
        screen = shown(app)
        assert "第 1 步" in screen
        assert stage(app).session.lessons.find("1").prose("zh").title in screen
        assert "Press Enter" not in screen
    again = TuiApp(FakeStage(), "home")
    assert again.settings.language == "zh"


async def test_starting_over_forgets_the_lesson() -> None:
    session = FakeStage()
    session.set_result("01-who-is-who", session.lessons.find("1").steps[0].id, "done")
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert lesson_screen(app).index == 1
        await pilot.press("R")
        await until(pilot, lambda: "Press R again" in shown(app), "the question")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, LessonScreen), "the lesson")
        assert lesson_screen(app).index == 1
        await pilot.press("R")
        await until(pilot, lambda: "Press R again" in shown(app), "the question")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, LessonScreen), "the lesson")
        await until(pilot, lambda: lesson_screen(app).index == 0, "the first step")
        assert not session.results()


def at_step(screen: LessonScreen, name: str) -> None:
    """Turns to a step as if those before it were done."""
    screen.index = [step.id for step in screen.lesson.steps].index(name)
    screen._show_step()


async def test_a_step_that_is_watched_is_slow_and_one_key_hurries_it() -> None:
    session = FakeStage()
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the step")
        await pilot.press("enter")
        assert session.pace == "slow"
        assert "Slowly, so that you can read along" in shown(app)
        assert screen.keybar.lit == "run"
        await pilot.press("r")
        assert session.pace == "run"
        assert "Slowly" not in shown(app)


@pytest.mark.parametrize("pace", ["step", "slow"])
async def test_a_pace_the_student_has_chosen_is_left_alone(pace: str) -> None:
    session = FakeStage()
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the step")
        await pilot.press("space" if pace == "step" else "s", "enter")
        assert session.pace == pace
        assert "Slowly" not in shown(app)
        screen._finish()
        screen.beat()
        assert session.pace == pace


@pytest.mark.slow
async def test_after_a_step_that_was_watched_the_wire_runs_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces: list[str] = []
    set_pace = session.set_pace

    def noted(pace: str) -> None:
        paces.append(pace)
        set_pace(pace)

    monkeypatch.setattr(session, "set_pace", noted)
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the first step")
        await pilot.press("enter")
        await until(pilot, lambda: screen.is_done, "the step done")
        await until(pilot, lambda: paces == ["slow", "run"], "the pace as it was")


@pytest.mark.slow
async def test_going_on_ends_the_slow_pace_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the first step")
        monkeypatch.setattr(gate, "SLOW_S", 3600.0)
        await pilot.press("enter")
        await until(pilot, lambda: session.pace == "slow", "the slow pace")
        screen._finish()
        await pilot.press("enter")
        await until(pilot, lambda: session.pace == "run", "the pace as it was")
        assert screen.index == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_right_answer_is_told_why_it_is_right(language: str, size: tuple[int, int]) -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "1"})
    async with app.run_test(size=size) as pilot:
        screen = lesson_screen(app)
        if language == "zh":
            await pilot.press("ctrl+l")
        at_step(screen, "where-is-it")
        await pilot.pause()
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: screen.is_done, "the step done")
        await pilot.pause()
        why = screen.lesson.section(language, "where-is-it").right
        assert "".join(f"✔ {why}".split()) in "".join(shown(app).replace("│", "").split())
        await pilot.press("enter")
        assert screen.step.id == "six-steps"


async def test_a_sentence_of_the_lab_does_not_cover_the_question() -> None:
    app = TuiApp(FakeStage(), "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = lesson_screen(app)
        at_step(screen, "six-steps")
        await pilot.pause()
        asked = shown(app).split("\n")[-10:]
        screen.tell("x" * 100)
        await until(pilot, lambda: "xxx" in shown(app), "the sentence")
        seen = shown(app).split("\n")
        assert all(line in seen for line in asked[:-2])  # the timeline makes room for it


async def test_a_letter_on_its_way_is_not_sent_twice() -> None:
    session = FakeStage()
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the step")
        await pilot.press("enter")
        await until(pilot, lambda: session.acts == ["send"] and not screen.is_busy, "the letter handed in")
        session.log.append(opened(1, "crepes.fr", "hamburger.edu"))
        await until(pilot, lambda: screen.is_talking(screen._begun), "the servers talking")
        await pilot.press("enter")
        await pilot.pause()
        assert session.acts == ["send"]
        assert not screen.is_busy


@pytest.mark.slow
async def test_what_is_typed_is_seen_whatever_leg_was_looked_at(session: Session) -> None:
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await play_step(pilot, app)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: lesson_screen(app).index == 1, "the step that is typed")
        await until(pilot, lambda: "you→hamburger.edu" in shown(app) and "S< 220" in shown(app), "the greeting")
        stranger = session.console("crepes.fr", "imap", "alice@crepes.fr")
        await until(pilot, lambda: "imap" in {leg[2] for leg in stage(app).deck._legs}, "another leg")
        stage(app).deck.choose([leg[2] for leg in stage(app).deck._legs].index("imap"))
        await until(pilot, lambda: "S< * OK" in shown(app), "the other leg in front")
        lesson_screen(app).prompt.input.focus()
        await paste_line(pilot, "NOOP")
        await until(pilot, lambda: "C> NOOP" in shown(app), "the typed line")
        stranger.close()


@pytest.mark.slow
async def test_a_line_typed_after_the_goodbye_is_kept_for_the_new_connection(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit", "sender", "data-too-early"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the student's turn")
        await paste_line(pilot, "QUIT")
        await until(pilot, lambda: screen.desk.console and not screen.desk.console.is_open, "the goodbye")
        await paste_line(pilot, "RCPT TO:<bob@hamburger.edu>")
        await until(pilot, lambda: screen.desk.is_ready and screen.desk.console.is_open, "a new connection")  # type: ignore[union-attr]
        assert screen.prompt.input.value == "RCPT TO:<bob@hamburger.edu>"
        await until(pilot, lambda: "Enter says it here" in shown(app), "what became of the line")
        await pilot.press("enter")
        await until(pilot, lambda: screen.is_done, "the step done")


@pytest.mark.slow
async def test_a_step_that_wants_several_things_says_how_many_are_there(session: Session) -> None:
    for step in ("who-are-you",):
        session.set_result("10-pop3-three-states", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "10"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the student's turn")
        await paste_line(pilot, "USER bob")
        await until(pilot, lambda: "now the password" in shown(app), "the answer")
        await paste_line(pilot, "PASS pickles")
        await until(pilot, lambda: "◐ 1 of the 2" in shown(app), "what there is")
        await paste_line(pilot, "CAPA")
        await until(pilot, lambda: screen.is_done, "the step done")
        assert "◐" not in shown(app)


async def test_an_act_that_breaks_is_told_and_the_next_can_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeStage()
    app = TuiApp(session, "lesson", {"lesson": "1"})
    tried: list[object] = []

    def broken(act: object) -> None:
        tried.append(act)
        raise ValueError("a sum of nothing")

    monkeypatch.setattr(session, "do", broken)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun, "the step")
        await pilot.press("enter")
        await until(pilot, lambda: "a sum of nothing" in shown(app), "what went wrong")
        assert not screen.is_busy
        await pilot.press("enter")
        await until(pilot, lambda: len(tried) == 2, "a second try")


async def test_while_an_answer_is_typed_page_up_and_down_scroll_the_dialogue() -> None:
    session = FakeStage(alice_bob())
    app = TuiApp(session, "lesson", {"lesson": "1"})
    async with app.run_test(size=(80, 24)) as pilot:
        at_step(lesson_screen(app), "two-stores")
        await until(pilot, lambda: lesson_screen(app).question._input.has_focus, "the line for the answer")
        assert "S< 220" not in shown(app)
        await pilot.press(*["pageup"] * 20)
        await until(pilot, lambda: "S< 220" in shown(app), "the beginning")
        await pilot.press(*["pagedown"] * 20)
        await until(pilot, lambda: "S< 221" in shown(app), "the end")


@pytest.mark.slow
async def test_a_line_that_is_typed_while_the_beginning_is_looked_at_brings_its_answer(session: Session) -> None:
    session.set_result("02-smtp-by-hand", "see-it", "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = lesson_screen(app)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the student's turn")
        for _ in range(6):
            await paste_line(pilot, "NOOP")
        await until(pilot, lambda: shown(app).count("C> NOOP") > 1 and "S< 220" not in shown(app), "a full pane")
        await pilot.press(*["pageup"] * 9)
        await until(pilot, lambda: "S< 220" in shown(app), "the beginning")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "S< 250 " in shown(app) and "S< 220" not in shown(app), "the answer")
