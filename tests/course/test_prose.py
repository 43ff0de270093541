"""The texts of a lesson."""

from __future__ import annotations

import pytest

from mailtutor.course.problem import LessonError
from mailtutor.course.prose import Note, read_prose

TEXT = """# SMTP by hand

What it is about.

## say-hello
**Introduce yourself**

First line.

Second line with `code`.

:::hint
small
:::

:::hint
bigger,
two lines
:::

:::right
It is
so.
:::

:::wrong too-early
Because.
:::

:::option push
pushes
:::

:::notes
The notes.
---
The standard.
:::

After the blocks.

## next
**Next**
"""


def test_a_file_has_a_title_an_introduction_and_sections() -> None:
    prose = read_prose(TEXT, "text.en.md")
    assert prose.title == "SMTP by hand"
    assert prose.about == "What it is about."
    assert list(prose.sections) == ["say-hello", "next"]


def test_a_section_has_all_its_parts() -> None:
    section = read_prose(TEXT.replace("\n", "\r\n"), "text.en.md").sections["say-hello"]
    assert section.title == "Introduce yourself"
    assert section.line == 5
    assert section.body.startswith("First line.\n\nSecond line")
    assert section.body.endswith("After the blocks.")
    assert section.hints == ["small", "bigger,\ntwo lines"]
    assert section.right == "It is\nso."
    assert section.wrong == {"too-early": "Because."}
    assert section.options == {"push": "pushes"}
    assert section.notes == [Note("The notes.", "The standard.")]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("## a\n**A**\n", 1, "no title"),
        ("# T\n## a\nplain\n", 3, "begins with its title"),
        ("# T\n## a\n\n", 2, "is empty"),
        ("# T\n## a\n**A**\n## a\n**A**\n", 4, "a second section"),
        ("# T\n## a\n**A**\n:::tip\nx\n:::\n", 4, "begins no block"),
        ("# T\n## a\n**A**\n:::hint now\nx\n:::\n", 4, "begins no block"),
        ("# T\n## a\n**A**\n:::wrong\nx\n:::\n", 4, "begins no block"),
        ("# T\n## a\n**A**\n:::\n", 4, "begins no block"),
        ("# T\n## a\n**A**\n:::hint\nx\n", 4, "has no end"),
        ("# T\n## a\n**A**\n:::hint\nx\n## b\n**B**\n:::\n", 4, "has no end"),
        ("# T\n## a\n**A**\n:::hint\n:::\n", 4, "an empty block"),
        ("# T\n## a\n**A**\n:::notes\nx\n:::\n", 4, "need one line `---`"),
        ("# T\n## a\n**A**\n:::right\n1\n:::\n:::right\n2\n:::\n", 7, "a second block `:::right`"),
        ("# T\n## a\n**A**\n:::wrong x\n1\n:::\n:::wrong x\n2\n:::\n", 7, "a second block"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(LessonError, match=problem) as caught:
        read_prose(text, "text.en.md")
    assert str(caught.value).startswith(f"text.en.md, line {line}: ")


def test_words_for_the_screen_and_without_one_stand_in_one_line() -> None:
    text = "# T\nA\n## one\n**Look**\nNow [[press `b`||read on]], [[and look||]]please.\n:::hint\n[[a||b]]\n:::\n"
    here, there = read_prose(text, "x"), read_prose(text, "x", plain=True)
    assert here.sections["one"].body == "Now press `b`, and lookplease."
    assert there.sections["one"].body == "Now read on, please."
    assert (here.sections["one"].hints, there.sections["one"].hints) == (["a"], ["b"])
    with pytest.raises(LessonError) as wrong:
        read_prose("# T\n## one\n**Look**\nNow [[press b|| here\n]]", "x")
    assert "x:4" in str(wrong.value) or wrong.value.line == 4
