"""Every word of the glossary can be looked up, in both languages, and is found as a student would type it."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.glossary import GROUPS, glossary
from mailtutor.text.catalogue import LANGUAGES, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_has_a_page_with_a_meaning(language: str) -> None:
    say = words(language)
    for entry in glossary(say):
        pages = entry.pages(say)
        assert pages, entry
        assert pages[0].what or pages[0].facts or pages[0].title, entry


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_have_a_name_and_every_command_of_every_table_is_there(language: str) -> None:
    say = words(language)
    listed = glossary(say)
    assert {entry.group for entry in listed} == set(GROUPS)
    assert all(f"glossary.group.{group}" in say for group in GROUPS)
    for name in ("smtp", "pop3", "imap"):
        verbs = {entry.word for entry in listed if entry.protocol == name}
        assert verbs >= set(PROTOCOLS[name].table.commands)


def test_a_term_is_found_in_either_language() -> None:
    for language in LANGUAGES:
        found = [entry for entry in glossary(words(language)) if entry.is_like("greylist")]
        assert any("greylisting" in entry.names for entry in found)
        assert any(entry.is_like("灰名单") for entry in glossary(words(language)))


def test_a_code_is_explained_in_general_before_what_our_servers_say_with_it() -> None:
    say = words("en")
    entry = next(one for one in glossary(say) if one.word == "250" and one.group == "code")
    kinds = [page.kind for page in entry.pages(say)]
    assert kinds[0] != "reply"
    assert "reply" in kinds
