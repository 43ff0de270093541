"""What teachers read about acts, checks and labs is all there is, and all of it can be written."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest

from mailtutor.acts import ACTS, NAMES, Written, listed
from mailtutor.course.groups import GROUPS
from mailtutor.course.model import Check, Lab, Outline
from mailtutor.paths import content

PAGES = ("README.md", "README.zh.md")
_BLOCK = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    """One of the two."""
    return (content("lessons") / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[dict[str, object]]:
    """The examples."""
    return [tomllib.loads(text) for text in _BLOCK.findall(page(name))]


@pytest.mark.parametrize("name", PAGES)
def test_every_example_can_be_written(name: str) -> None:
    labs, acts, checks = 0, set(), set()
    for block in blocks(name):
        if "do" in block:
            acts |= {type(act) for act in listed(msgspec.convert(block["do"], Written))}
        elif "check" in block:
            for check in msgspec.convert(block["check"], tuple[Check, ...]):
                checks |= {key for key in check.__struct_fields__ if key != "times" and getattr(check, key) is not None}
        else:
            lab = msgspec.convert(block, Lab)
            labs += 1
            assert set(block) == set(lab.__struct_fields__)
    assert labs == 1
    assert acts == set(ACTS.values())
    assert checks == set(Check.__struct_fields__) - {"times"}


@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_the_vocabulary_is_named(name: str) -> None:
    text = page(name)
    words = {*NAMES, *GROUPS, *Outline.__struct_fields__}
    for kind in ACTS.values():
        words |= set(kind.__struct_fields__)
    for field in msgspec.structs.fields(Check):
        words.add(field.name)
    assert {word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)} == set()


def test_both_pages_show_the_same() -> None:
    english, chinese = map(blocks, PAGES)
    assert english == chinese
