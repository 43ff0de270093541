"""The state diagram: drawn as of the cursor, legible at every size, in both languages."""

from __future__ import annotations

import pytest
from rich.cells import cell_len, set_cell_size

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.states import Standing, chart
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer, TlsBegun
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.canvas import Canvas
from mailtutor.tui.widgets.statechart import Detail, Labels, draw, measure
from tests.reading.test_phase import IMAP, POP3
from tests.tui.stage import FakeStage, alice_bob, opened, paste_line, shown, stage, until

SIZES = [(80, 24), (120, 36), (200, 60)]


def said(conn: int, protocol: str, turns: tuple[tuple[bool, bytes], ...]) -> list[AnyEvent]:
    """A conversation of bob's."""
    lines = [(FromClient if is_client else FromServer)(t=0, at=0, conn=conn, data=data) for is_client, data in turns]
    return [opened(conn, "bob", "hamburger.edu", protocol), *lines]


def replay(events: list[AnyEvent]) -> TuiApp:
    return TuiApp(FakeStage(), "replay", {"name": "x", "events": events, "step": True})


def test_a_chinese_character_takes_two_cells_of_the_canvas() -> None:
    canvas = Canvas()
    assert canvas.put(0, 1, "就绪│") == 6
    canvas.put(0, 8, "x", "bold")
    assert [line.plain for line in canvas.lines()] == [" 就绪│  x"]
    assert (canvas.width, canvas.height) == (9, 1)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("protocol", list(PROTOCOLS))
def test_every_state_can_be_the_present_one_and_then_only_it_is_marked(
    protocol: str, detail: Detail, language: str
) -> None:
    table = PROTOCOLS[protocol].table
    drawn, labels = chart(table), Labels(table, words(language))
    columns, rows = measure(drawn, labels, detail)
    for state in table.states:
        figure = draw(drawn, Standing(state), labels, detail)
        text = [line.plain for line in figure.canvas.lines()]
        assert f"║▶ {labels.state(state)}" in text[figure.here]
        assert sum(line.count("║▶") for line in text) == 1
        assert all(labels.state(other) in "\n".join(text) for other in table.states)
        assert (figure.canvas.width <= columns, figure.canvas.height <= rows) == (True, True)


def test_frames_align_where_names_are_chinese() -> None:
    table = PROTOCOLS["smtp"].table
    figure = draw(chart(table), Standing("ready"), Labels(table, words("zh")), Detail.FRAMES)
    lines = [line.plain for line in figure.canvas.lines()]
    edges = {cell_len(line[: line.rindex(end) + 1]) for line in lines for end in "┐┘╗╝║" if end in line}
    assert len(edges) == 1
    edge = edges.pop()
    assert all(set_cell_size(line, edge)[-1] in "│║┐┘╗╝" for line in lines if "HELO │" in line or "绪" in line[:12])


@pytest.mark.parametrize("size", SIZES)
async def test_the_present_state_is_framed_and_the_last_arrow_has_the_reply(size: tuple[int, int]) -> None:
    app = replay(alice_bob())
    async with app.run_test(size=size) as pilot:
        await pilot.press(*["right"] * 5, "S")
        await until(pilot, lambda: "║▶ sender named" in shown(app), "the state")
        screen = shown(app)
        assert "MAIL 250 ✔" in screen
        assert "ready ━ MAIL 250 ✔ ━▶ sender named" in screen
        assert "▸ RCPT  envelope: to → recipient named" in screen
        assert "QUIT  goodbye → closed" in screen


async def test_winding_shows_the_state_as_it_was_and_an_open_question() -> None:
    app = replay(alice_bob())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*["right"] * 5, "S")
        await until(pilot, lambda: "║▶ sender named" in shown(app), "the state")
        await pilot.press("left")
        await until(pilot, lambda: "MAIL has been said" in shown(app), "the question")
        assert "║▶ ready" in shown(app)
        await pilot.press("left", "left", "left")
        await until(pilot, lambda: "║▶ waiting for HELO" in shown(app), "the greeting")
        assert "✘ 503 MAIL RCPT DATA: " in shown(app)


async def test_the_marked_line_tells_which_moment_is_drawn() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        await pilot.press("S")
        await until(pilot, lambda: "║▶ closed" in shown(app) and "15/15" in shown(app), "the end")
        await pilot.press("up", "up")
        await until(pilot, lambda: "║▶ ready" in shown(app), "the state before it")
        assert 'ready: "." 250 ✔' in shown(app)


async def test_another_pane_has_another_diagram_and_escape_brings_the_wire_back() -> None:
    app = TuiApp(FakeStage([*alice_bob(), *said(7, "imap", IMAP[:6])]), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "║▶ selected" in shown(app), "IMAP")
        await pilot.press("d")
        await until(pilot, lambda: "║▶ closed" in shown(app), "SMTP")
        await pilot.press("escape")
        await until(pilot, lambda: "S< 221" in shown(app) and "║▶" not in shown(app), "the wire")


async def test_tls_is_agreed_on_aside_and_then_the_client_begins_anew() -> None:
    turns = (
        (False, b"220 a\r\n"), (True, b"EHLO b\r\n"), (False, b"250 STARTTLS\r\n"),
        (True, b"STARTTLS\r\n"), (False, b"220 go\r\n"),
    )  # fmt: skip
    session = FakeStage(said(1, "smtp", turns))
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "━STARTTLS 220 ✔━▶║▶ TLS begins ║" in shown(app), "the state aside")
        session.log.append(TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="x"))
        await until(pilot, lambda: "║▶ waiting for HELO" in shown(app), "the new beginning")
        assert "TLS begins ━ encrypted now ━▶ waiting for HELO" in shown(app)


async def test_an_earlier_connection_of_the_same_two_has_its_own_diagram() -> None:
    app = TuiApp(FakeStage([*said(1, "pop3", POP3[:9]), *said(2, "pop3", POP3[:3])]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "║▶ name given" in shown(app), "the newer one")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "║▶ TRANSACTION" in shown(app), "the older one")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "║▶ name given" in shown(app), "the newer one again")


async def test_a_cut_connection_is_drawn_past_update() -> None:
    events = [*said(1, "pop3", POP3[:-2]), Closed(t=0, at=0, conn=1, by="client")]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "TRANSACTION ━ connection ends ━▶ closed" in shown(app), "the end")
        assert "TRANSACTION: connection ends" in shown(app)
        assert "nothing was deleted" in shown(app)


async def test_an_answer_that_moves_nothing_goes_round_its_state() -> None:
    app = TuiApp(FakeStage(said(1, "imap", (*IMAP[:3], (True, b"b NOOP\r\n"), (False, b"b OK\r\n")))), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: shown(app).count("↺ NOOP OK ✔") == 2, "the loop, in the head and in the figure")


async def test_in_a_message_the_lone_dot_leads_on() -> None:
    app = replay(alice_bob())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*["right"] * 10, "S")
        await until(pilot, lambda: '"." → ready' in shown(app), "the way out")
        assert "You may say now" not in shown(app)


async def test_before_anybody_speaks_it_says_what_to_do() -> None:
    app = TuiApp(FakeStage(), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "Nobody has spoken yet." in shown(app), "the sentence")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "还没有人说话" in shown(app), "the sentence in Chinese")


async def test_while_a_reply_is_to_be_guessed_nothing_tells_it() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        stage(app).meaning.tells_no_answers = True
        await pilot.press("S", "up", "up")
        await until(pilot, lambda: "First say what the server will answer" in shown(app), "the request")
        assert "503" not in shown(app)


async def test_what_a_stranger_says_is_shown_as_symbols() -> None:
    turns = ((False, b"220 \x1b[31m\xff\r\n"), (True, b"\x1b]0;x\x07\r\n"), (False, b"500 \x9b no\r\n"))
    app = TuiApp(FakeStage(said(1, "smtp", turns)), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "║▶ waiting for HELO" in shown(app), "the state")
        assert not [character for character in shown(app) if ord(character) < 32 and character != "\n"]


async def test_while_a_line_is_typed_a_key_opens_it_and_typing_goes_on() -> None:
    app = TuiApp(FakeStage(), "practice")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "you → hamburger.edu" in shown(app), "the console")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "║▶ connecting" in shown(app), "the diagram")
        stage(app).viewpoint.log.append(FromServer(t=0, at=0, conn=1, data=b"220 ready\r\n"))
        await until(pilot, lambda: "║▶ waiting for HELO" in shown(app), "the greeting")
        await paste_line(pilot, "HELO crepes.fr")
        await until(pilot, lambda: "HELO has been said" in shown(app), "the command")


@pytest.mark.parametrize("size", SIZES)
async def test_the_many_commands_of_imap_are_all_named(size: tuple[int, int]) -> None:
    app = TuiApp(FakeStage(said(1, "imap", IMAP[:6])), "lab")
    async with app.run_test(size=size) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "║▶ selected" in shown(app), "the state")
        screen = shown(app)
        assert all(verb in screen for verb in ("FETCH", "IDLE", "CLOSE", "LOGOUT", "NOOP"))
