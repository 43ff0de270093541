"""Taking a client's place, in the lab that runs and in a fresh one."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from mailtutor import paths
from mailtutor.reading.redact import redacted
from mailtutor.session import Session
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer
from mailtutor.trace.transcript import parse
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.replay import ReplayScreen
from mailtutor.tui.screens.takeover import TakeoverScreen
from mailtutor.tui.widgets.prompt import Prompt
from tests.tui.stage import alice_bob, lines, opened, paste_line, shown, stage, until


async def mark(pilot: Pilot[Any], app: TuiApp, text: str) -> None:
    """Marks the first line with this text, in the pane that leads."""
    found = next(n for n, row in enumerate(lines(app)._rows) if text in row.line.raw.decode())
    lines(app).mark(found)
    await pilot.pause()


async def taken(pilot: Pilot[Any], app: TuiApp) -> TakeoverScreen:
    """Waits until everything is said again."""
    await until(pilot, lambda: isinstance(app.screen, TakeoverScreen), "the other screen")
    screen = app.screen
    assert isinstance(screen, TakeoverScreen)
    await until(pilot, lambda: screen.retelling is not None and screen.retelling.is_over, "everything said again")
    return screen


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_from_the_middle_of_a_message_in_a_transcript(session: Session, size: tuple[int, int]) -> None:
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=size) as pilot:
        await pilot.press("g")
        await mark(pilot, app, "Do you like ketchup?")
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert "taken over" in shown(app)
        assert "Every answer had the same code" in "".join(screen.about())
        await paste_line(pilot, "Mustard, then?")
        await paste_line(pilot, ".")
        connection = screen.connection
        assert connection is not None
        await until(pilot, lambda: connection.rows[-1].line.text.startswith(b"250"), "the message taken")
        await until(pilot, lambda: "queued" in shown(app) or "S< 250" in shown(app), "the answer on the screen")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "Esc again" in shown(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen), "the replay again")
        assert lines(app)._rows


async def test_from_a_live_run_on_a_new_connection_to_the_same_server(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("1")
        await until(pilot, lambda: any(row.line.raw.startswith(b"DATA") for row in _rows(app)), "a message")
        log = session.log
        await mark(pilot, app, "RCPT TO")
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert session.log is log
        connection = screen.connection
        assert connection is not None
        assert connection.rows[-1].line.verb == "RCPT"
        await paste_line(pilot, "RSET")
        await until(pilot, lambda: connection.rows[-1].line.verb == "RSET", "the answer")


async def test_in_practice_an_earlier_line_of_ones_own_is_gone_back_to(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        for line in ("HELO me", "MAIL FROM:<a@b.c>", "RCPT TO:<nobody@hamburger.edu>"):
            await paste_line(pilot, line)
        await until(pilot, lambda: "S< 550" in shown(app), "the refusal")
        await pilot.press("escape")
        await mark(pilot, app, "MAIL FROM")
        await pilot.press("T")
        screen = await taken(pilot, app)
        connection = screen.connection
        assert connection is not None
        assert connection.state == "mail"
        await paste_line(pilot, "RCPT TO:<bob@hamburger.edu>")
        await until(pilot, lambda: connection.state == "rcpt", "the other end of the story")


def _rows(app: TuiApp) -> list[Any]:
    pane = stage(app).deck.pane
    return list(pane.lines._rows) if pane is not None else []


async def test_a_saved_trace_with_a_masked_login_gets_the_labs_own(session: Session) -> None:
    session.start()
    session.fetch("bob", "pop3", delete=False)
    events: list[AnyEvent] = redacted(list(session.log))
    app = TuiApp(session, "replay", {"name": "saved", "events": events, "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await mark(pilot, app, "LIST")
        await pilot.press("t")
        screen = await taken(pilot, app)
        await until(pilot, lambda: "own password" in shown(app), "that it is told")
        assert screen.connection is not None
        assert screen.connection.state == "transaction"


async def test_another_answer_than_the_recorded_is_told_at_its_line(session: Session) -> None:
    events = [
        FromServer(t=e.t, at=e.at, conn=e.conn, data=e.data.replace(b"250 bob", b"450 bob"))
        if isinstance(e, FromServer)
        else e
        for e in alice_bob()
    ]
    app = TuiApp(session, "replay", {"name": "other", "events": events, "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+l", "g")
        await mark(pilot, app, "RCPT TO")
        await pilot.press("down", "t")
        screen = await taken(pilot, app)
        await until(pilot, lambda: "第一处不同" in shown(app), "the difference, in Chinese")
        assert any("450 bob" in part and "RCPT TO" in part for part in screen.about())


async def test_without_a_line_there_is_nothing_to_take_over(session: Session) -> None:
    app = TuiApp(session, "replay", {"name": "empty", "events": [], "step": True})
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "Nothing has been said yet" in shown(app), "the sentence")


@pytest.mark.parametrize(
    "turns",
    [
        # Recorded without its beginning: this time DATA is refused, and the message is not said.
        ((True, b"RCPT TO:<bob@hamburger.edu>\r\n"), (False, b"250 ok\r\n"), (True, b"DATA\r\n"),
         (False, b"354 go\r\n"), (True, b"hi\r\n")),
        # A client that was cut off inside a line.
        ((False, b"220 x\r\n"), (True, b"EHLO x\r\n"), (False, b"250 x\r\n"), (True, b"NOO")),
    ],
)  # fmt: skip
async def test_the_keyboard_is_handed_over_whatever_could_not_be_said(
    session: Session, turns: tuple[tuple[bool, bytes], ...]
) -> None:
    events: list[AnyEvent] = [opened(1, "crepes.fr", "hamburger.edu")]
    events += [(FromClient if of_client else FromServer)(t=0, at=0, conn=1, data=data) for of_client, data in turns]
    events.append(Closed(t=1, at=1, conn=1, by="lost"))
    app = TuiApp(session, "replay", {"name": "half", "events": events, "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: lines(app).row is not None, "the lines")
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert screen.retelling is not None
        assert not screen.retelling.left


def _transcript(name: str) -> list[AnyEvent]:
    return list(parse((paths.content("transcripts") / name).read_bytes()).events())


# A line of each conversation, and the state the fresh server has to be in after it.
LINES = {
    "smtp": ("MAIL FROM", "mail"),
    "pop3": ("LIST", "transaction"),
    "imap": ("INBOX", "selected"),
}


@pytest.mark.parametrize("origin", ["live", "saved"])
@pytest.mark.parametrize("protocol", LINES)
async def test_from_each_protocol_of_a_live_run_and_of_a_saved_trace(
    session: Session, origin: str, protocol: str
) -> None:
    line, state = LINES[protocol]
    if origin == "live":
        app = TuiApp(session, "lab")
    else:
        session.start()
        session.act("send").result(20)
        for fetched in ("pop3", "imap"):
            session.fetch("bob", fetched, delete=False)
        app = TuiApp(session, "replay", {"name": origin, "events": redacted(list(session.log)), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        if origin == "live":
            await until(pilot, lambda: session.is_running, "the sandbox's lab")
            await pilot.press({"smtp": "1", "pop3": "2", "imap": "3"}[protocol])
        else:
            await pilot.press("g")
        await until(pilot, lambda: choose(app, protocol, line), f"the conversation, {origin}")
        await mark(pilot, app, line)
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert screen.connection is not None
        assert screen.connection.protocol == protocol
        assert screen.connection.state == state
        assert "You have the keyboard" in "".join(screen.about())


def choose(app: TuiApp, protocol: str, line: str) -> bool:
    """Looks at the connection of that protocol once it has said the line."""
    connections = stage(app).viewpoint.dialogue.connections.values()
    found = [one for one in connections if one.protocol == protocol]
    said = [one for one in found if any(line in row.line.raw.decode("latin-1") for row in one.rows)]
    if said:
        stage(app).deck.hold_on_to(said[-1])
        stage(app).draw()
    return bool(said) and any(line in row.line.raw.decode("latin-1") for row in lines(app)._rows)


@pytest.mark.parametrize(("name", "line", "state"), [
    ("alice-bob.txt", "RCPT TO", "rcpt"), ("bob-pop3.txt", "retr 1", "transaction"),
])  # fmt: skip
async def test_from_a_printed_dialogue(session: Session, name: str, line: str, state: str) -> None:
    app = TuiApp(session, "replay", {"name": name, "events": _transcript(name), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await mark(pilot, app, line)
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert screen.connection is not None
        assert screen.connection.state == state


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_until_everything_is_said_again_the_keyboard_is_nobodys(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    yours, sent = {"en": ("You have the keyboard", "once more"), "zh": ("现在由你来输入", "又交了一遍")}[language]
    told: list[str] = []
    said_all = TakeoverScreen.about

    def about(screen: TakeoverScreen) -> list[str]:
        parts = said_all(screen)
        over = screen.retelling is not None and screen.retelling.is_over
        told.append(f"{over} {yours in ''.join(parts)}")
        return parts

    monkeypatch.setattr(TakeoverScreen, "about", about)
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await mark(pilot, app, ".\r\n")
        await pilot.press("t")
        screen = await taken(pilot, app)
        assert sent in "".join(screen.about())
    assert set(told) == {"False False", "True True"}


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_takes_over_after_the_goodbye_is_told_that_nothing_is_left_to_say(
    session: Session, size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=size) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: "S< 221" in shown(app), "the end")
        await pilot.press("t")
        over, yours = ("is over.", "You have the keyboard") if language == "en" else ("对话已经结束", "由你来输入")
        await until(pilot, lambda: over in shown(app), "that it is over")
        assert yours not in shown(app)


async def test_a_conversation_one_has_gone_on_with_is_not_cut_off_by_one_key(session: Session) -> None:
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g")
        await mark(pilot, app, "MAIL FROM")
        await pilot.press("t")
        screen = await taken(pilot, app)
        await paste_line(pilot, "NOOP")
        await until(pilot, lambda: screen.connection and screen.connection.rows[-1].line.verb == "NOOP", "gone on")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen, "still there")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, TakeoverScreen | ConfirmScreen), "the recording")


async def test_while_it_is_said_again_nothing_is_proposed_to_be_typed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[str] = []
    speak = Prompt.speak

    def spoken(prompt: Prompt) -> None:
        speak(prompt)
        screen = app.screen
        if isinstance(screen, TakeoverScreen) and (screen.retelling is None or not screen.retelling.is_over):
            proposed.append(f"{prompt.input.placeholder} {prompt._advice_text.display}")

    monkeypatch.setattr(Prompt, "speak", spoken)
    app = TuiApp(session, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g")
        await mark(pilot, app, "RCPT TO")
        await pilot.press("t")
        await taken(pilot, app)
        await until(pilot, lambda: "for example DATA" in shown(app), "the hint")
    assert set(proposed[1:]) <= {"connecting to the server … False", "what was said is being said again … False"}
