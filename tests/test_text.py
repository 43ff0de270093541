"""The two languages say the same things."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.text.catalogue import words

EN, ZH = words("en"), words("zh")


def test_both_languages_have_the_same_keys() -> None:
    assert set(EN.texts) == set(ZH.texts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_is_empty_but_those_that_are_so_in_both(language: str) -> None:
    other = ZH if language == "en" else EN
    assert [key for key, text in words(language).texts.items() if not text and other.texts[key]] == []


def test_texts_take_the_same_fields() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name} if re.search(r"\{\w+\}", text) else set()

    assert [key for key, text in EN.texts.items() if fields(text) != fields(ZH.texts[key])] == []


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_every_row_of_every_table_is_explained(protocol: str) -> None:
    table = PROTOCOLS[protocol].table
    wanted = [f"{protocol}.command.{verb}.{leaf}" for verb in table.commands for leaf in ("title", "what")]
    wanted += [f"{protocol}.reply.{key}.what" for key in table.replies]
    wanted += [f"{protocol}.state.{state}.what" for state in table.states]
    wanted += [f"{protocol}.capability.{name}.what" for name in table.capabilities]
    assert [key for key in wanted if key not in EN] == []


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_every_row_names_replies_and_states_that_exist(protocol: str) -> None:
    table = PROTOCOLS[protocol].table
    for verb, row in table.commands.items():
        assert set(row.replies) <= set(table.replies), verb
        for state in table.states:
            if table.moves.get(state) and verb not in table.moves[state] and state != "idle":
                assert table.misplaced(verb, state) in table.replies or not table.misplaced(verb, state), (verb, state)
