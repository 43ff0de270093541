"""Names under the parts of a line."""

from __future__ import annotations

from mailtutor.reading.explain import Piece
from mailtutor.reading.octets import Field
from mailtutor.tui.widgets.diagram import diagram, dump


def piece(start: int, text: str, name: str) -> Piece:
    return Piece(start, start + len(text.encode()), text, name, "")


def drawn(pieces: list[Piece], width: int = 60) -> list[str]:
    lines = diagram(pieces, width)
    assert lines is not None
    return ["".join(text for text, _ in runs) for runs in lines]


def test_names_share_a_line_where_they_do_not_meet() -> None:
    assert drawn([piece(0, "250", "code"), piece(4, "all is well", "words")]) == [
        "250 all is well",
        "─┬─ ─────┬─────",
        " code    words",
    ]


def test_a_name_that_would_meet_the_next_one_goes_below_with_a_stem() -> None:
    assert drawn([piece(0, "TO", "who receives"), piece(2, ":", "colon")]) == [
        "TO:",
        "┬─┬",
        "│ colon",
        "who receives",
    ]


def test_wide_characters_count_as_two_cells() -> None:
    assert drawn([piece(0, "你好", "词")]) == ["你好", "─┬──", " 词"]


def test_what_does_not_fit_is_not_drawn() -> None:
    assert diagram([piece(0, "x" * 30, "name")], 20) is None
    assert diagram([piece(0, "x", "a very long name")], 10) is None
    assert diagram([], 10) is None


def test_bytes_are_dumped_with_the_end_of_the_line_before() -> None:
    lines = dump(b"pickles?\r\n", b".\r\n", [Field(0, 1, ".", "end", "", "")]).plain.split("\n")
    assert lines[0].endswith("pickles?␍␊")
    assert "0d 0a" in lines[0]
    assert lines[1].startswith("0000  2e 0d 0a ")
    assert lines[1].endswith(".␍␊")


def test_bytes_that_are_no_ascii_are_one_cell_each() -> None:
    assert dump(b"", b"\xe4\xbd\xa0\x1b\x7f", []).plain.endswith("···␛␡")


def test_of_a_long_line_the_rows_around_the_chosen_part_are_dumped() -> None:
    raw = bytes(range(256)) * 4
    rows = dump(b"", raw, [], chosen=Field(512, 600, "", "", "", ""), most=3).plain.split("\n")
    assert [row[:4] for row in rows] == ["01f0", "0200", "0210"]
    assert [row[:4] for row in dump(b"", raw, [], most=2).plain.split("\n")] == ["0000", "0010"]
    assert dump(b"", b"", [], most=2).plain == ""
