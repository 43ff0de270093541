"""A message explained in words."""

from __future__ import annotations

import re

import pytest

from mailtutor.message import beside, defects, pieces
from mailtutor.message.anatomy import open_message
from mailtutor.message.defects import Defect
from mailtutor.message.hops import path
from mailtutor.message.steps import steps_of
from mailtutor.message.transfer import KNOWN
from mailtutor.reading.letter import (
    defect_told,
    duration,
    field_told,
    hop_told,
    node_title,
    pieces_told,
    step_told,
    summary,
    tree_leads,
)
from mailtutor.text.catalogue import words
from tests.message.shelf import shelf

EN = words("en")
SHELF = shelf()


def test_everything_that_can_be_told_has_words() -> None:
    wanted = [f"mime.defect.{key}.{leaf}" for key in defects.RFC for leaf in ("title", "what")]
    wanted += [f"mime.piece.{key}.{leaf}" for key in pieces.RFC for leaf in ("title", "what")]
    wanted += [f"mime.beside.{key}" for key in beside.RFC]
    wanted += [f"mime.transfer.{key}" for key in (*KNOWN, "unknown")]
    assert [key for key in wanted if key not in EN] == []


@pytest.mark.parametrize("name", sorted(SHELF))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_message_of_ours_is_explained_to_the_last_piece(name: str, language: str) -> None:
    say = words(language)
    anatomy = open_message(SHELF[name])
    said: list[str] = []
    for node in anatomy.nodes:
        said += [summary(node, say), node_title(node, say)]
        for step in steps_of(node):
            told = step_told(step, say)
            said += [told.title, told.what]
        for defect in node.defects:
            told = defect_told(defect, say)
            said += [told.title, told.what]
        for field in node.part.header.fields:
            for one in pieces_told(node.part.header, field, say):
                said += [one.text, one.value, one.told.title, one.told.what]
                assert one.told.rfc.startswith("RFC ")
    for number, hop in enumerate(path(anatomy.root.part.header), 1):
        said += hop_told(hop, number, say)
    assert [text for text in said if re.search(r"mime\.\w+\.|\x1b|[\r\n\0]", text)] == []


def test_the_tree_has_branches() -> None:
    anatomy = open_message(SHELF["nested"])
    assert [f"{lead}{number}" for number, lead in tree_leads(anatomy.root).items()] == [
        "0", "├─1", "│ ├─1.1", "│ │ ├─1.1.1", "│ │ └─1.1.2", "│ └─1.2", "└─2",
    ]  # fmt: skip


def test_a_part_in_a_few_words() -> None:
    part = open_message(SHELF["attachment"]).nodes[2]
    assert summary(part, EN) == "image/png · base64 · “ketchup.png” · 368 octets"
    assert [node_title(node, EN) for node in open_message(SHELF["forwarded"]).nodes] == [
        "the whole message", "1", "2", "the message in it",
    ]  # fmt: skip


def test_what_a_defect_is_about_is_made_visible() -> None:
    told = defect_told(Defect("bad_name", 0, 1, "a\x1b[31m", 2), EN)
    assert "a␛[31m" in told.what
    assert told.title.endswith("×2")


def test_a_hop_tells_of_clocks_and_of_security() -> None:
    hops = path(open_message(SHELF["long-path"]).root.part.header)
    told = [hop_told(hop, n, EN) for n, hop in enumerate(hops, 1)]
    assert told[0] == (
        "hop 1: from [127.0.0.1], by crepes.fr, with ESMTPSA, TLS, after a login",
        "2026-03-24 10:15:05 +0100",
    )
    assert told[2][0].endswith("in the clear")
    assert "58 s before the hop before: one of the clocks is wrong" in told[2][1]
    assert told[3][1].endswith("6 min 31 s after the hop before")


def test_a_field_nobody_knows_is_just_its_name() -> None:
    assert field_told("x-own", EN).title == "x-own"
    assert field_told("subject", EN).rfc == "RFC 5322 §3.6.5"


def test_a_duration_has_its_two_largest_units() -> None:
    assert [duration(seconds) for seconds in (0, 59.6, 61, 3600, 90061)] == [
        "0 s", "1 min", "1 min 1 s", "1 h", "1 d 1 h",
    ]  # fmt: skip
