"""A held line is changed or dropped by keyboard, and every view says so."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from mailtutor.reading.dialogue import TamperedRow
from mailtutor.session import Session
from mailtutor.trace.codec import decode, encode
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, lines, paste_line, shown, stage, until


async def held(pilot: Pilot[Any], session: Session, begin: bytes) -> None:
    """Steps until a line like this is held."""
    for _ in range(200):
        await until(pilot, session.held, "a held line")
        if session.held()[0].raw.startswith(begin):
            return
        before = session.held()
        session.step()
        await until(pilot, lambda before=before: session.held() != before, "the next one")  # type: ignore[misc]
    raise AssertionError(f"{begin!r} never came")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_command_written_anew_is_what_the_server_answers(
    session: Session, size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("space", "2")
        await held(pilot, session, b"USER")
        await until(pilot, lambda: "❚❚" in shown(app), "the held line on the screen")
        await until(
            pilot, lambda: {"en": "X drop", "zh": "X 丢弃"}[language] in shown(app), "the keys for it in the bar"
        )
        await pilot.press("E")
        panel = stage(app).control
        await until(pilot, lambda: panel.is_asking, "the line to be written")
        assert panel.question._input.value == "USER bob\\r\\n"
        panel.question.fill("")
        await paste_line(pilot, "USER \\q\\r\\n")
        await until(pilot, lambda: "\\q" in shown(app), "what is wrong with it")
        panel.question.fill("")
        await paste_line(pilot, "USER nobody\\r\\n")
        await until(pilot, lambda: "✎" in shown(app) and "USER nobody" in shown(app), "the new line in the pane")
        await pilot.press("r")
        await until(pilot, lambda: any(row.line.code == "-ERR" for row in lines(app)._rows), "the refusal")
        row = next(row for row in lines(app)._rows if isinstance(row, TamperedRow))
        lines(app).mark(list(lines(app)._rows).index(row))
        await until(pilot, lambda: "nobody␍␊" in shown(app), "what arrived, with its line end, and what that means")


async def test_a_dropped_reply_never_arrives_and_a_replay_says_so(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("space", "2")
        await held(pilot, session, b"+OK")
        await until(pilot, lambda: "❚❚" in shown(app), "the held line on the screen")
        await pilot.press("X")
        await until(pilot, lambda: "⊘" in shown(app), "the mark")
        events = [decode(encode(event)) for event in session.log]
    replay = TuiApp(FakeStage(), "replay", {"name": "dropped", "events": events, "step": True})
    async with replay.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: "dropped by hand" in shown(replay), "the row")
        await pilot.press("l")
        await until(pilot, lambda: "was dropped" in shown(replay), "the rung")


async def test_esc_leaves_the_line_as_it_is_and_without_one_a_sentence_says_what_to_do(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("E")
        await until(pilot, lambda: "No line is held" in shown(app), "the sentence")
        await pilot.press("space", "2")
        await until(pilot, lambda: "❚❚" in shown(app) and session.held(), "a held line")
        waiting = session.held()
        await pilot.press("E")
        await until(pilot, lambda: stage(app).control.is_asking, "the line to be written")
        await pilot.press("escape")
        await until(pilot, lambda: not stage(app).control.is_shown, "the panel gone")
        assert session.held() == waiting


async def test_of_several_the_line_of_the_connection_that_is_looked_at_is_meant() -> None:
    from mailtutor.protocols.lines import Source
    from tests.tui.stage import FakeHeld, opened

    first, second = FakeHeld(1, Source.CLIENT, b"QUIT\r\n"), FakeHeld(9, Source.CLIENT, b"NOOP\r\n")
    fake = FakeStage([*alice_bob()[:-1], opened(9, "bob", "hamburger.edu", "pop3")])
    fake.is_running, fake.pace, fake.waiting = True, "step", [first, second]
    app = TuiApp(fake, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "NOOP" in shown(app) or "QUIT" in shown(app), "what is held")
        stage(app).deck.choose(1)
        await pilot.press("X")
        await until(pilot, lambda: fake.waiting == [first], "the other one left")
