"""The tables of queue and mailboxes."""

from __future__ import annotations

from rich.cells import cell_len

from mailtutor.tui.widgets.sheet import table

HEAD = ["server", "from", "state"]
ROW = ["crepes.fr", "alice.with.a.long.name@crepes.fr", "waiting"]


def test_what_is_cut_ends_with_a_mark_and_everything_fits() -> None:
    lines = table(HEAD, [ROW], width=36).plain.split("\n")
    assert all(cell_len(line) <= 36 for line in lines)
    assert "alice.with" in lines[1]
    assert "…" in lines[1]
    assert lines[1].endswith("waiting")


def test_a_table_with_room_is_not_cut() -> None:
    assert table(HEAD, [ROW], width=80).plain.split("\n")[1].split() == ROW


def test_a_note_is_folded_and_stands_there_whole() -> None:
    note = "last answer: 451 4.7.1 come back later, this server does not know you yet"
    lines = table(HEAD, [ROW], notes=[note], width=40).plain.split("\n")
    assert all(cell_len(line) <= 40 for line in lines)
    assert " ".join(" ".join(lines[2:]).replace("↳", "").split()) == note


def test_wide_characters_are_cut_by_their_cells() -> None:
    lines = table(["主题"], [["酸黄瓜" * 20]], width=30).plain.split("\n")
    assert cell_len(lines[1]) <= 30
    assert lines[1].endswith("…")


def test_without_a_width_nothing_is_squeezed() -> None:
    assert "…" not in table(HEAD, [ROW]).plain
