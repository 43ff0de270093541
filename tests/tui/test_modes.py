"""Home, sandbox, practice and replay, used as a student uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.reading.redact import redacted
from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.home import HomeScreen
from mailtutor.tui.screens.lab import LabScreen
from mailtutor.tui.screens.practice import PracticeScreen
from mailtutor.tui.screens.replay import ReplayScreen
from tests.tui.stage import FakeStage, alice_bob, lines, paste_line, shown, stage, type_line, until


@pytest.mark.slow
async def test_one_key_sends_a_mail_and_its_whole_way_is_seen(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("1")
        await until(pilot, lambda: stage(app).viewpoint.live_world.count("hamburger.edu") == 1, "the mail delivered")
        await until(pilot, lambda: "crepes.fr→hamburger.edu" in shown(app), "the second leg")
        await pilot.press("2")
        await until(pilot, lambda: "bob→hamburger.edu POP3" in shown(app), "bob's leg")
        await until(pilot, lambda: "signing off" in shown(app), "the end of his session")
        await pilot.press("m")
        await until(pilot, lambda: "▣ bob@hamburger.edu  INBOX  (1)" in shown(app), "his mailbox")
        await pilot.press("q")
        await until(pilot, lambda: "✔ delivered" in shown(app), "the queue's history")


@pytest.mark.slow
async def test_a_server_that_is_off_leaves_the_mail_in_the_queue(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("4")
        await until(pilot, lambda: "switched off" in shown(app), "the server off")
        await pilot.press("1", "q")
        await until(pilot, lambda: "↻ waiting" in shown(app), "the mail waiting")
        await pilot.press("4")
        await until(pilot, lambda: "is back" in shown(app), "the server on")
        await pilot.press("5")
        await until(pilot, lambda: "✔ delivered" in shown(app), "the mail delivered")


@pytest.mark.slow
async def test_a_lab_whose_folder_is_in_use_says_so_promises_nothing_and_may_be_tried_again(tmp_path: Path) -> None:
    first, second = Session(tmp_path), Session(tmp_path)
    first.start()
    app = TuiApp(second, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: shown(app).count("another mailtutor uses") == 2, "the reason, told and kept")
        assert "no hosts run" in shown(app)
        assert "live" not in shown(app)
        assert "Press 1: alice" not in shown(app)
        first.stop()
        await pilot.press("1")
        await until(pilot, lambda: "Press 1: alice" in shown(app), "the lab, now that there is room for it")
        assert "live" in shown(app)
        assert "no hosts run" not in shown(app)

        # Nothing more may be heard of for a while: the bar is right without it.
        screen = app.screen
        assert isinstance(screen, LabScreen)
        screen.lab_failed(MailtutorError("There is no room."))
        assert "live" not in screen.bar.render().plain
        screen.lab_ready()
        assert "live" in screen.bar.render().plain
    second.stop()


@pytest.mark.slow
async def test_practice_answers_a_wrong_line_and_the_real_server_does_too(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220 hamburger.edu" in shown(app), "the greeting")
        await type_line(pilot, "MIAL")
        await until(pilot, lambda: "S< 500" in shown(app), "the server's answer")
        assert "Did you mean MAIL?" in shown(app)
        await paste_line(pilot, "DATA")
        await until(pilot, lambda: "HELO → MAIL → RCPT → DATA" in shown(app), "the way there")
        await paste_line(pilot, "HELO crepes.fr")
        await until(pilot, lambda: "S< 250" in shown(app), "the greeting answered")
        await paste_line(pilot, "MAIL FROM:alice")
        await until(pilot, lambda: "MAIL FROM:▲alice" in shown(app), "the place it stopped")
        await pilot.press("m", "tab", "enter")
        await until(pilot, lambda: "Sender ok" in shown(app), "the completed line accepted")
        await pilot.press("up", "up")
        screen = app.screen
        assert isinstance(screen, PracticeScreen)
        assert screen.prompt.input.value == "MAIL FROM:alice"


@pytest.mark.slow
async def test_the_coach_gives_the_server_the_last_word(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220 hamburger.edu" in shown(app), "the greeting")
        for line in ("HELO crepes.fr", "MAIL FROM:<alice@crepes.fr>"):
            await paste_line(pilot, line)
        await until(pilot, lambda: "✔ MAIL is right: envelope: from" in shown(app), "a line that was taken")
        await paste_line(pilot, "RCPT TO:<nobody@hamburger.edu>")
        refused = "✘ RCPT: correct as written, but the server refused it: 550"
        await until(pilot, lambda: refused in shown(app), "a line that was not")
        assert "✔ RCPT" not in shown(app)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "写得没错，但服务器拒绝了：550" in shown(app), "the same in Chinese")


@pytest.mark.slow
async def test_a_long_line_leaves_the_coach_on_the_screen(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220 hamburger.edu" in shown(app), "the greeting")
        await paste_line(pilot, "HELO crepes.fr")
        await paste_line(pilot, "MAIL FROM:alice" + "x" * 400)
        await until(pilot, lambda: "S< 501" in shown(app), "the server's answer")
        for advice in ("MAIL FROM:▲alicexxx", "…", "MAIL FROM:<address>", "type MAIL FROM:<alice@crepes.fr>"):
            assert advice in shown(app)


@pytest.mark.slow
async def test_a_literal_is_not_judged_as_a_command(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "imap"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Service Ready" in shown(app), "the greeting")
        await paste_line(pilot, "a1 LOGIN bob {7}")
        await until(pilot, lambda: "the literal you have announced" in shown(app), "the server waiting for it")
        await paste_line(pilot, "pickles")
        await until(pilot, lambda: "S< a1 OK" in shown(app), "the login")
        assert "✘" not in shown(app)
        assert "type a command" in shown(app)


@pytest.mark.slow
async def test_what_the_agents_did_is_said_in_chinese(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("ctrl+l")
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("1")
        await until(pilot, lambda: "crepes.fr：250" in shown(app), "the mail sent")
        await pilot.press("2")
        await until(pilot, lambda: "封信" in shown(app), "the mail fetched")


@pytest.mark.slow
async def test_practice_changes_the_protocol_and_connects_again(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await pilot.press("f6")
        await until(pilot, lambda: "S< 220 crepes.fr" in shown(app), "the submission port's greeting")
        await pilot.press("f6")
        await until(pilot, lambda: "S< +OK" in shown(app), "POP3's greeting")
        stranger = session.console("crepes.fr", "imap", "alice@crepes.fr")  # room for one pane: it must stay
        await until(pilot, lambda: "④ IMAP ●" in shown(app), "the stranger")
        assert "S< +OK" in shown(app)
        stranger.close()
        await paste_line(pilot, "QUIT")
        await until(pilot, lambda: "not connected; Enter connects" in shown(app), "the connection closed")
        await pilot.press("enter")
        await until(pilot, lambda: "2/2" in shown(app), "a new connection")


async def test_a_replay_plays_by_itself_steps_back_and_plays_to_the_end() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "alice-bob", "events": alice_bob(), "speed": 64.0})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "■ the end" in shown(app), "the end")
        assert "221 hamburger.edu closing connection" in shown(app)
        await pilot.press("left")
        await until(pilot, lambda: "paused 64×" in shown(app), "a line back")
        assert "221 hamburger.edu" not in shown(app)
        await pilot.press("minus")
        await until(pilot, lambda: "paused 32×" in shown(app), "half the speed")
        await pilot.press("space")
        await until(pilot, lambda: "■ the end" in shown(app), "the end again")


async def test_a_recording_without_a_conversation_cannot_be_said_again_and_tells_so() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "empty", "events": [], "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("v")
        await until(pilot, lambda: "nothing to say to a live" in " ".join(shown(app).split()), "a sentence")


@pytest.mark.slow
async def test_the_recorded_dialogue_comes_out_of_the_live_server_word_for_word(session: Session) -> None:
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("v")
        await until(pilot, lambda: "7 of 7 recorded answers" in shown(app), "the comparison")
        assert "≠" not in shown(app).split("= the same")[0]
        await pilot.press("escape")
        await until(pilot, lambda: "7 of 7" not in shown(app), "the recording again")
        assert isinstance(app.screen, ReplayScreen)


@pytest.mark.slow
async def test_a_recording_of_the_students_own_is_said_to_a_server_of_the_same_kind(session: Session) -> None:
    session.start()
    session.send("alice@crepes.fr", ["bob@hamburger.edu"], "Hi", "How are you?\n")
    events = redacted(session.log.read(0, len(session.log)))
    session.stop()
    app = TuiApp(session, "replay", {"name": "mine", "events": events, "step": True})
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.press("v")
        await until(pilot, lambda: " of 23 recorded answers" in shown(app), "the comparison")
        assert "23 of 23 recorded answers" in shown(app)
        assert "S< 235 2.7.0 Authenticated as alice" in shown(app)
        assert [line for line in shown(app).splitlines() if "≠" in line and "AUTH PLAIN ***" not in line] == []


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_home_names_lessons_minutes_progress_and_the_next_key(size: tuple[int, int]) -> None:
    session = FakeStage()
    session.set_result("01-who-is-who", session.lessons.find("1").steps[0].id, "done")
    app = TuiApp(session, "home")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "press Enter" in shown(app), "the lessons")
        lesson = session.lessons.find("1")
        assert f"{lesson.outline.minutes} min · 1/{len(lesson.steps)}" in shown(app)
        await until(pilot, lambda: "Who is who" in shown(app).replace("Who is who", "", 1), "what the lesson is about")


async def test_home_leads_on_to_the_first_lesson_that_is_not_finished() -> None:
    session = FakeStage()
    for step in session.lessons.find("1").steps:
        session.set_result("01-who-is-who", step.id, "done")
    app = TuiApp(session, "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "start lesson 2" in shown(app), "what is next")
        session.set_result("02-smtp-by-hand", "see-it", "done")
        screen = app.screen
        assert isinstance(screen, HomeScreen)
        screen.speak()
        await until(pilot, lambda: "continue lesson 2" in shown(app), "what goes on")
        await pilot.press("up")
        await until(pilot, lambda: "look at lesson 1 again" in shown(app), "what Enter does now")


async def test_escape_leads_home_from_a_mode_and_from_there_out_when_it_is_meant() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "home")
        await pilot.press("escape")
        await until(pilot, lambda: "Leave mailtutor?" in shown(app), "the question")
        await pilot.press("down")
        await until(pilot, lambda: "Leave mailtutor?" not in shown(app), "the course again")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app._exit, "the end")


async def test_on_a_small_screen_the_text_unfolds_and_folds_again() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        await pilot.press("w")
        await until(
            pilot, lambda: "Try it from another window" in shown(app) and "C> QUIT" not in shown(app), "the text alone"
        )
        await pilot.press("w")
        await until(pilot, lambda: "C> QUIT" in shown(app), "the wire again")


async def test_the_whole_explanation_and_the_bytes_have_their_views() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        lines(app).focus()
        await pilot.press("up", "question_mark")
        await until(pilot, lambda: "The server may answer" in shown(app), "the whole explanation")
        await pilot.press("b")
        await until(pilot, lambda: "51 55 49 54 0d 0a" in shown(app), "the bytes")
