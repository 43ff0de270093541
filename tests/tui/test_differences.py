"""Comparing conversations on the screen and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailtutor.cli import main
from mailtutor.store.files import write_trace
from mailtutor.trace.events import AnyEvent, Closed
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, lines, opened, shown, stage, until
from tests.tui.test_filters import said

GREETED = (b"220 hamburger.edu\r\n", b"HELO crepes.fr\r\n", b"250 hi\r\n", b"MAIL FROM:<a@b>\r\n", b"250 ok\r\n")
TWO: list[AnyEvent] = [
    opened(1, "crepes.fr", "hamburger.edu"),
    *said(1, *GREETED, b"RCPT TO:<bob@x>\r\n", b"250 fine\r\n"),
    Closed(t=0, at=0, conn=1, by="client"),
    opened(2, "crepes.fr", "hamburger.edu"),
    *said(2, *GREETED, b"RCPT TO:<eve@x>\r\n", b"550 nobody\r\n", b"QUIT\r\n", b"221 bye\r\n"),
]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_first_difference_is_marked_and_told(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(TWO), "lab")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("D")
        told = "left 550 refused, right 250 accepted" if language == "en" else "左边 550 拒绝，右边 250 接受"
        await until(pilot, lambda: told in " ".join(shown(app).split()), "the first difference")
        marked = next(line for line in shown(app).splitlines() if "▌" in line)
        assert "S< 550 nobody" in marked
        assert "S< 250 fine" in marked
        assert "≠" in marked
        assert next(line for line in shown(app).splitlines() if "eve@x" in line).count("≈") == 1
        signs = [line.index("=") for line in shown(app).splitlines() if "C> HELO" in line]
        assert signs
        assert "SMTP 2/2" in shown(app)
        assert "SMTP 1/2" in shown(app)
        # The number that is told is to be seen before the line.
        assert " 7 S< 550 nobody" in marked.replace("▌", " ")


async def test_the_keys_go_from_difference_to_difference_and_mark_the_line_in_the_wire() -> None:
    app = TuiApp(FakeStage(TWO), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: "where they part" in shown(app), "the comparison")
        await pilot.press("x")
        await until(pilot, lambda: "C> QUIT" in next(x for x in shown(app).splitlines() if "▌" in x), "only left")
        assert lines(app).cursor == 7
        await pilot.press("home")
        await until(pilot, lambda: lines(app).cursor == 0, "the first line")
        await pilot.press("x")
        await until(pilot, lambda: lines(app).cursor == 5, "the other address")
        await pilot.press("g", *["left"] * 3)
        await until(pilot, lambda: "550" not in shown(app), "before the refusal")
        await pilot.press("D")
        await until(pilot, lambda: stage(app).view == "wire", "the wire again")


async def test_there_may_be_nothing_to_compare_with_until_a_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    write_trace(path, TWO)
    app = TuiApp(FakeStage(TWO[:9]), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: "nothing to compare with yet" in shown(app), "the sentence")
        await pilot.press("f")
        await until(pilot, lambda: stage(app).asked.input.has_focus, "the question")
        stage(app).asked.input.value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: "other: crepes.fr→hamburger.edu SMTP 1/2" in shown(app), "the file's first")
        await until(pilot, lambda: "word for word" in shown(app), "no difference")
        stage(app).set_focus(stage(app).differences.ledger)
        await pilot.press("o")
        await until(pilot, lambda: "left 250 accepted, right 550 refused" in shown(app), "its second")
        await pilot.press("f")
        await until(pilot, lambda: stage(app).asked.input.has_focus, "the question")
        stage(app).asked.input.value = "/nowhere"
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be read" in shown(app), "the reason")


async def test_a_replay_begins_with_the_comparison_it_was_asked_for() -> None:
    where = {"name": "x", "events": alice_bob(), "other": ("two", TWO)}
    app = TuiApp(FakeStage(), "replay", where)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "two: crepes.fr→hamburger.edu" in shown(app), "the other trace")
        assert "where they part" in shown(app)


def test_the_command_line_compares_and_tells_by_its_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    write_trace(one, TWO[:9])
    write_trace(two, TWO[9:])
    assert main(["replay", str(one), "--compare", str(two), "--plain"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "  S: 220 hamburger.edu"
    assert out[-5:-2] == ["+ C: RCPT TO:<eve@x>", "- S: 250 fine", "+ S: 550 nobody"]
    assert main(["replay", str(one), "--compare", str(one), "--json"]) == 0
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {fact["what"] for fact in facts} == {"same"}
    assert main(["replay", str(one), "--compare", "bob-pop3", "--plain"]) == 2
    assert "in the same protocol" in capsys.readouterr().err


async def test_the_same_hosts_at_the_same_door_are_compared_first() -> None:
    events: list[AnyEvent] = []
    ends = (("crepes.fr", "hamburger.edu"), ("alice", "crepes.fr"), ("crepes.fr", "hamburger.edu"))
    for conn, (client, server) in enumerate(ends, 1):
        events += [opened(conn, client, server), *said(conn, *GREETED), Closed(t=0, at=0, conn=conn, by="client")]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: "SMTP 2/2" in shown(app) and "SMTP 1/2" in shown(app), "the first and the third")
        await pilot.press("o")
        await until(pilot, lambda: "alice→crepes.fr SMTP" in shown(app), "the second, when it is asked for")


async def test_replies_of_the_same_code_part_where_one_has_a_line_more() -> None:
    begun = (b"220 hi\r\n", b"EHLO me\r\n")
    two = [
        opened(1, "crepes.fr", "hamburger.edu"), *said(1, *begun, b"250-one\r\n250 SIZE\r\n"),
        opened(2, "crepes.fr", "hamburger.edu"), *said(2, *begun, b"250-two\r\n250-DSN\r\n250 SIZE\r\n"),
    ]  # fmt: skip
    app = TuiApp(FakeStage(two), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: "only left says S< 250-DSN" in " ".join(shown(app).split()), "what differs")
