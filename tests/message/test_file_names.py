"""Names under which attachments are saved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.file_names import clean_name, free_name


@pytest.mark.parametrize(
    ("wanted", "clean"),
    [
        ("menu.txt", "menu.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\evil.exe", "evil.exe"),
        ("a\x1b[31mb\n.txt", "a[31mb.txt"),
        ("nice\u202egnp.exe", "nicegnp.exe"),
        (".bashrc", "bashrc"),
        ("菜单.pdf", "菜单.pdf"),
        ("con.txt", "_con.txt"),
        ("a:b|c?.txt", "abc.txt"),
        ("..", "part"),
        ("", "part"),
        ("/", "part"),
        ("a.", "a"),
        ("x" * 300 + ".png", "x" * 200 + ".png"),
    ],
)
def test_nothing_harmful_is_left_of_a_name(wanted: str, clean: str) -> None:
    assert clean_name(wanted, "part") == clean


@given(st.text())
def test_any_name_becomes_one_of_a_file_in_the_folder(wanted: str) -> None:
    name = clean_name(wanted, "part")
    assert name
    assert not set(name) & set('/\\\0:*?"<>|')
    assert name not in (".", "..")
    assert name.isprintable()
    assert len(name.encode()) < 250


def test_a_name_that_is_taken_gets_a_number_before_its_suffix() -> None:
    assert free_name("a.txt", ()) == "a.txt"
    assert free_name("a.txt", {"a.txt", "a-2.txt"}) == "a-3.txt"
    assert free_name("a", {"a"}) == "a-2"
