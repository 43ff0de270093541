"""The student is the server; a real client hears only what was chosen."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from mailtutor.session import Session
from mailtutor.trace.events import Closed, FromServer
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.takeover import TakeoverScreen
from tests.tui.stage import paste_line, shown, stage, until

PARTS = ("relay", "submission", "pop3", "imap")


async def begin(pilot: Pilot[Any], app: TuiApp, session: Session, part: str) -> None:
    """Takes a part."""
    await until(pilot, lambda: session.is_running, "the lab")
    await pilot.press("v")
    await until(pilot, lambda: stage(app).control.is_asking, "the choice of a part")
    assert "predict" not in shown(app).splitlines()[-1]
    await pilot.press(*["down"] * PARTS.index(part), "enter")
    await until(pilot, lambda: stage(app).part is not None, "the part")


async def asked(pilot: Pilot[Any], app: TuiApp) -> bytes:
    """Waits until a reply is asked for; gives the line it is asked to."""
    part = stage(app).part
    assert part is not None
    await until(pilot, lambda: part.due is not None, "a reply that is due")
    assert part.due is not None
    return part.due.line.raw if part.due.line is not None else b""


async def choose(pilot: Pilot[Any], app: TuiApp, begins: str) -> None:
    """Chooses the first answer that begins so."""
    options = stage(app).control.question._options
    texts = [str(option.prompt) for option in options.options]
    options.highlighted = next(n for n, text in enumerate(texts) if text.removeprefix(f"{n + 1} ").startswith(begins))
    await pilot.press("enter")


async def play_on(pilot: Pilot[Any], app: TuiApp, told: str) -> None:
    """Gives the usual reply to everything, until the client has told what it made of it."""
    part = stage(app).part
    assert part is not None
    for _ in range(40):
        await until(pilot, lambda: part.due is not None or told in shown(app), f"the next line, or {told!r}")
        if told in shown(app):
            return
        await pilot.press("enter")
    raise AssertionError(shown(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize(("language", "told"), [("en", "takes the message for"), ("zh", "认为信已交出去")])
async def test_the_relay_hands_its_message_over_to_the_student(
    session: Session, size: tuple[int, int], language: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=size) as pilot:
        await begin(pilot, app, session, "relay")
        await play_on(pilot, app, told)
        assert [row.state for row in stage(app).viewpoint.live_world.queue.values()] == ["delivered"]


async def test_a_4xx_keeps_the_message_in_the_relays_queue(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, "relay")
        part = stage(app).part
        assert part is not None
        while not (await asked(pilot, app)).startswith(b"RCPT"):
            before = part.due
            await pilot.press("enter")
            await until(pilot, lambda before=before: part.due not in (None, before), "the next line")  # type: ignore[misc]
        await choose(pilot, app, "451")
        await play_on(pilot, app, "will try again")
        assert "451" in shown(app)


@pytest.mark.parametrize("begins", ["421", "Hang up"])
async def test_who_is_sent_away_at_the_door_will_come_again(session: Session, begins: str) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, "relay")
        await asked(pilot, app)
        await choose(pilot, app, begins)
        await play_on(pilot, app, "will try again")
        (row,) = stage(app).viewpoint.live_world.queue.values()
        assert row.state == "deferred"
        assert row.last_reply


async def test_alices_agent_is_refused_and_says_so(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, "submission")
        assert await asked(pilot, app) == b""
        await choose(pilot, app, "554")
        await play_on(pilot, app, "The client gave up")
        assert "554" in shown(app)


@pytest.mark.parametrize(("part", "told"), [("pop3", "bob: 1 message"), ("imap", "bob: 0 messages")])
async def test_bobs_agent_reads_what_the_student_says(session: Session, part: str, told: str) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, part)
        await play_on(pilot, app, told)


async def test_a_reply_of_ones_own_and_hanging_up(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await begin(pilot, app, session, "pop3")
        await asked(pilot, app)
        await choose(pilot, app, "Write a reply")
        await until(pilot, lambda: "as many lines" in shown(app), "the line to write")
        await paste_line(pilot, "+OK \\q")
        await until(pilot, lambda: "means nothing here" in shown(app), "what is wrong with it")
        stage(app).control.question.fill("")
        await paste_line(pilot, "+OK a server of my own")
        assert await asked(pilot, app) == b"USER bob\r\n"
        assert [event.data for event in session.log if isinstance(event, FromServer)] == [b"+OK a server of my own\r\n"]
        await choose(pilot, app, "Hang up")
        await until(pilot, lambda: "The client gave up" in shown(app), "what the client makes of it")
        assert [event.by for event in session.log if isinstance(event, Closed)] == ["server"]


async def test_esc_gives_the_part_back_and_the_server_answers_for_itself(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, "pop3")
        await asked(pilot, app)
        await choose(pilot, app, "Write a reply")
        await until(pilot, lambda: "as many lines" in shown(app), "the line to write")
        await pilot.press("escape")
        await until(pilot, lambda: "has connected" in shown(app), "the choice again")
        await pilot.press("escape")
        await until(pilot, lambda: stage(app).part is None and not session.due(), "the part given back")
        assert session.fetch("bob", "pop3", delete=False) == []


@pytest.mark.parametrize(("language", "told"), [("en", "What you are asked"), ("zh", "正在问你的问题")])
async def test_help_begins_with_what_is_asked(
    session: Session, language: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("v", "f1")
        await until(pilot, lambda: told in shown(app), "the help")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not stage(app).control.is_shown, "nothing asked any more")


@pytest.mark.parametrize(
    ("part", "written", "language", "told"),
    [
        ("imap", "hello", "en", "gave an answer that nobody can read: hello"),
        ("imap", "hello", "zh", "给出的应答谁也读不懂"),
        ("pop3", "hello", "zh", "给出的应答谁也读不懂"),
        ("submission", "hello", "zh", "不是 SMTP 应答：hello"),
        ("submission", "", "zh", "服务器关闭了连接"),
        ("relay", "", "zh", "服务器关闭了连接"),
    ],
)
async def test_what_no_client_understands_is_told_in_the_students_language(
    session: Session, part: str, written: str, language: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """written: the greeting; "" hangs up without one."""
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, part)
        await asked(pilot, app)
        await pilot.press("down" if written else "up", "enter")
        if written:
            await until(pilot, lambda: stage(app).control.question._input.has_focus, "the line")
            await paste_line(pilot, written)
        await until(pilot, lambda: told in shown(app), told)
        assert "not_an_answer" not in shown(app)


@pytest.mark.parametrize(("part", "digits", "begins"), [("submission", "421", b"421"), ("imap", "3", b"* BYE")])
async def test_digits_choose_the_reply_that_is_shown_and_send_nothing(
    session: Session, part: str, digits: str, begins: bytes
) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await begin(pilot, app, session, part)
        await asked(pilot, app)
        connections = len(stage(app).viewpoint.dialogue.connections)
        await pilot.press(*digits, "enter")
        await until(
            pilot,
            lambda: any(isinstance(event, FromServer) and event.data.startswith(begins) for event in session.log),
            "the reply",
        )
        assert len(stage(app).viewpoint.dialogue.connections) == connections


@pytest.mark.parametrize(("language", "own"), [("en", "Write a reply of my own"), ("zh", "自己写一个应答")])
async def test_while_a_reply_is_asked_for_no_letter_is_a_shortcut_and_none_is_offered(
    session: Session, language: str, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, app, session, "relay")
        await asked(pilot, app)
        await until(pilot, lambda: own in shown(app), "what can be answered")
        last = shown(app).rstrip().splitlines()[-1]
        assert "F8" in last
        assert "POP3" not in last
        await pilot.press("q", "space", "f", "left")
        assert stage(app).view == "wire"
        assert session.pace == "run"
        assert stage(app).control.is_asking
        await pilot.press("f10")
        assert stage(app).view == "bytes"


async def test_the_wire_shows_who_is_served_though_an_earlier_line_was_marked(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        for _ in range(2):
            session.fetch("bob", "pop3", delete=False)
        await until(pilot, lambda: len(stage(app).viewpoint.dialogue.connections) > 1, "two conversations")
        await pilot.press("up", "up", "[", "up")
        marked = stage(app).deck.pane
        assert marked is not None
        assert marked.lines.cursor is not None
        await begin(pilot, app, session, "pop3")
        await asked(pilot, app)
        await pilot.press("enter")
        assert await asked(pilot, app) == b"USER bob\r\n"
        pane, part = stage(app).deck.pane, stage(app).part
        assert pane is not None
        assert pane.connection is not None
        assert part is not None
        assert pane.connection.conn == part.conn
        assert pane.lines.cursor is None
        assert "C> USER bob" in shown(app)


@pytest.mark.parametrize(
    ("part", "language", "told"),
    [
        ("relay", "en", "keeps alice's mail, tries again"),
        ("submission", "en", "her mail is not sent"),
        ("pop3", "zh", "邮箱原样未动"),
    ],
)
async def test_esc_closes_the_view_first_then_tells_what_became_of_the_client(
    session: Session, part: str, language: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, app, session, part)
        await asked(pilot, app)
        await pilot.press("f10", "escape")
        assert stage(app).view == "wire"
        assert stage(app).part is not None
        assert stage(app).control.is_asking
        await pilot.press("escape")
        assert stage(app).part is None
        await until(pilot, lambda: told in shown(app).replace("\n ", " "), "what became of it")
        await pilot.press("escape")
        assert not stage(app).control.is_shown


async def test_a_521_is_about_the_host_and_the_relay_says_that_it_keeps_the_mail(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(200, 60)) as pilot:
        await begin(pilot, app, session, "relay")
        await asked(pilot, app)
        await pilot.press("5", "2", "1", "enter")
        await play_on(pilot, app, "Another host of the domain")
        (row,) = stage(app).viewpoint.live_world.queue.values()
        assert row.state == "deferred"
        assert row.last_reply.startswith("521")
        assert "do not repeat it unchanged" not in shown(app)
        assert "useless" not in shown(app)


async def test_to_take_over_elsewhere_is_to_hang_up_and_is_asked_first(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, app, session, "relay")
        await asked(pilot, app)
        app.screen.set_focus(None)
        screen = stage(app)
        await until(pilot, lambda: screen.deck.pane and screen.deck.pane.connection, "the conversation")
        screen.deck.go_to(next(iter(screen.viewpoint.connections())), 0)
        screen.action_take_over()
        await until(pilot, lambda: "crepes.fr waits for your reply: t again" in shown(app), "the question")
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen, "the part goes on")
        assert screen.part is not None
        screen.action_take_over()
        await until(pilot, lambda: "t again" in shown(app), "the question once more")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TakeoverScreen), "taken over")
        assert screen.part is None
