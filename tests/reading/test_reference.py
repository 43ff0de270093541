"""`explain` knows every word the tables, the servers and the screens can say."""

from __future__ import annotations

import re

import pytest

from mailtutor.lab.faults import KINDS
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.sasl.mechanisms import MECHANISMS
from mailtutor.protocols.smtp.parameters import PARAMETERS
from mailtutor.protocols.smtp.table import CAPABILITIES, TABLE
from mailtutor.reading.reference import Page, look_up
from mailtutor.reading.statuses import REGISTRY, status
from mailtutor.reading.terms import TERMS
from mailtutor.text.catalogue import words

LANGUAGES = ("en", "zh")
EN, ZH = words("en"), words("zh")
# What a page says where nothing better is known.
VAGUE = {language: words(language)("reply.enhanced.other") for language in LANGUAGES}


def kinds(word: str, protocol: str = "") -> list[str]:
    return [page.kind for page in look_up(word, EN, protocol)]


def page(word: str, kind: str) -> Page:
    return next(page for page in look_up(word, EN) if page.kind == kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_every_word_of_every_table_is_explained(protocol: str, language: str) -> None:
    table = PROTOCOLS[protocol].table
    asked = {*table.commands, *table.not_offered, *table.capabilities, *(row.code for row in table.replies.values())}
    asked |= {name for rows in table.parameters.values() for name in rows}
    for word in asked:
        pages = look_up(word, words(language), protocol)
        assert pages, word
        assert all(page.title and not page.title.startswith(("cli.", "smtp.")) for page in pages), word
        assert all(page.what for page in pages if page.kind != "header"), word


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_the_servers_say_is_explained_exactly(language: str) -> None:
    said = {reply.enhanced for reply in TABLE.replies.values() if reply.enhanced}
    assert said
    for code in said:
        (found,) = look_up(code, words(language))
        assert found.kind == "enhanced"
        assert found.what not in ("", VAGUE[language]), code
        assert any(label == "said_with" for label, _ in found.facts), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_registry_has_words(language: str) -> None:
    assert {f"reply.enhanced.detail.{code}" for code in REGISTRY} == {
        key for key in words(language).texts if key.startswith("reply.enhanced.detail.")
    }
    for code in REGISTRY:
        assert re.fullmatch(r"RFC \d{4}|IANA", REGISTRY[code])


def test_a_status_is_read_by_its_class_and_subject_where_no_list_has_it() -> None:
    found = status("5.7.999", EN)
    assert found is not None
    assert "5.7.0: other security status" in found.detail
    assert found.about == "about security or policy"
    assert [kinds(word) for word in ("4.7", "4.7.0", "X.1.1", "3.1.1", "5.1.1.1", "5.9.9")] == [
        ["enhanced"], ["enhanced"], ["enhanced"], [], [], ["enhanced"],
    ]  # fmt: skip


def test_every_code_the_standards_list_is_explained() -> None:
    listed = [key.partition(".")[2] for key in EN.texts if key.startswith("code.")]
    assert "556" in listed
    assert [code for code in listed if not look_up(code, EN)] == []


def test_what_comes_with_an_extension_is_not_called_one() -> None:
    for verb, rows in PARAMETERS.items():
        for name, row in rows.items():
            if name not in CAPABILITIES or name in TABLE.commands:
                assert page(name, "parameter").title == f"a parameter of {verb}"
                assert page(name, "parameter").rfc == row.rfc
    for name in CAPABILITIES:
        if name not in TABLE.commands:
            assert kinds(name, "smtp") == ["extension"]
    for name in MECHANISMS:
        assert "method" in kinds(name, "smtp")
    assert kinds("RCPTMAX") == ["limit"]
    assert kinds("7BIT") == ["value"]
    assert kinds("UIDPLUS", "imap") == ["capability"]
    assert kinds("AUTH", "smtp") == ["command", "parameter"]


def test_an_extension_names_what_it_brings() -> None:
    brought = dict(page("DSN", "extension").facts)["brings"]
    assert all(name in brought for name in ("RET", "ENVID", "NOTIFY", "ORCPT"))
    assert dict(page("CHUNKING", "extension").facts)["brings"] == "BDAT"
    assert dict(page("NOTIFY", "parameter").facts)["of_extension"] == "DSN"


def test_words_are_found_as_people_write_them() -> None:
    for asked in ("MAIL FROM:", "mail from", "rcpt to", "SIZE=1000", "Greylisting", "null MX", "Null-MX", "nullmx"):
        assert look_up(asked, EN), asked
    for asked in ("灰名单", "退信", "空 MX", "bounce", "backup mx"):
        assert look_up(asked, ZH), asked
        assert look_up(asked, EN), asked
    assert look_up("xyzzy", EN) == []
    assert kinds("587") == kinds("25") == ["term"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_has_its_words_and_every_text_its_term(language: str) -> None:
    say = words(language)
    assert {key.split(".")[1] for key in say.texts if key.startswith("term.")} == set(TERMS)
    for term in TERMS:
        assert say.get(f"term.{term}.name"), term
        assert say.get(f"term.{term}.what"), term
        assert "term" in [page.kind for page in look_up(term, say)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fault_is_explained(kind: str) -> None:
    for language in LANGUAGES:
        assert "fault" in [page.kind for page in look_up(kind, words(language))]


@pytest.mark.parametrize(
    "term",
    ["greylisting", "bounce", "DSN", "null MX", "backup MX", "deferred", "hold", "held", "smuggling", "open relay",
     "active", "scheduled", "flush", "recall", "queue", "retry", "envelope", "relay"],
)  # fmt: skip
def test_what_the_screens_speak_of_is_a_term(term: str) -> None:
    assert "term" in kinds(term)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("word", "facts", "rfc"),
    [
        ("ESMTP", [], "RFC 3848"),
        ("ESMTPSA", ["transmission_secured", "transmission_login"], "RFC 3848"),
        ("esmtpa", ["transmission_login"], "RFC 3848"),
        ("LMTPS", ["transmission_secured"], "RFC 3848"),
        ("UTF8SMTPSA", ["transmission_utf8", "transmission_secured", "transmission_login"], "RFC 6531 §4.3"),
        ("UTF8LMTP", ["transmission_utf8"], "RFC 6531 §4.3"),
    ],
)
def test_how_a_message_came_in_is_explained_letter_by_letter(
    word: str, facts: list[str], rfc: str, language: str
) -> None:
    found = next(page for page in look_up(word, words(language)) if page.kind == "transmission")
    assert (found.word, found.rfc, [label for label, _ in found.facts]) == (word.upper(), rfc, facts)
    assert not any("cli." in text for text in (found.title, found.what, *(text for _, text in found.facts)))


@pytest.mark.parametrize("word", ["SMTPS", "ESMTPAS", "UTF8ESMTP", "UTF8"])
def test_what_no_received_line_says_is_no_way_a_message_came_in(word: str) -> None:
    assert "transmission" not in kinds(word)


@pytest.mark.parametrize("word", ["maildrop", "octets", "literal", "tag", "flags", "mailbox", "handshake", "resolver"])
def test_the_words_of_the_three_protocols_are_terms(word: str) -> None:
    assert "term" in kinds(word)


def test_an_item_is_found_without_its_brackets() -> None:
    assert [found.word for found in look_up("BODY.PEEK", EN)] == ["BODY.PEEK[]"]


@pytest.mark.parametrize(("asked", "code"), [("BAD", "BAD"), ("+OK", "+OK"), ("-ERR", "-ERR"), ("err", "-ERR")])
def test_the_first_word_of_a_reply_is_explained_before_the_replies(asked: str, code: str) -> None:
    for say in (EN, ZH):
        first, *others = look_up(asked, say)
        assert (first.kind, first.word, first.what) == ("status", code, say(f"reply.status.{code}"))
        assert {found.kind for found in others} == {"reply"}


def test_a_commands_own_replies_come_first_and_those_of_a_broken_line_as_one() -> None:
    replies = dict(page("EXPUNGE", "command").facts)["replies"].splitlines()
    assert replies[0] == "OK EXPUNGE completed"
    assert replies[-1] == EN("reply.line_errors", codes="BAD")
    assert not any("<verb>" in reply or "Bare LF" in reply for reply in replies)
