"""The coach says what was understood, where it stopped, which rule, and what to type."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.coach import (
    advise,
    answer_to,
    completions,
    expects_command,
    likely_next,
    takes_commands,
    way_to,
)
from mailtutor.reading.dialogue import Dialogue, Row, TlsRow
from mailtutor.reading.explain import next_verbs
from mailtutor.reading.offers import offered
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened, TlsBegun
from tests.reading.test_explain import spoken

EN = words("en")
SMTP = PROTOCOLS["smtp"].table


def test_a_right_line_needs_no_correction() -> None:
    advice = advise(b"helo crepes.fr", "smtp", "wait", EN)
    assert advice.is_right
    assert advice.verb == "HELO"


def test_a_mistyped_verb_is_answered_with_the_nearest_one() -> None:
    advice = advise(b"MIAL FROM:<alice@crepes.fr>", "smtp", "ready", EN)
    assert advice.problem == "unknown"
    assert "MAIL" in advice.headline
    assert advice.example == "MAIL FROM:<alice@crepes.fr>"


def test_a_word_like_no_verb_is_answered_with_what_is_possible() -> None:
    advice = advise(b"xyzzy", "smtp", "wait", EN)
    assert advice.problem == "unknown"
    assert "HELO" in advice.path
    assert advice.example == "HELO crepes.fr"


def test_a_command_too_early_names_the_way_to_it() -> None:
    advice = advise(b"DATA", "smtp", "wait", EN)
    assert advice.problem == "too-early"
    assert advice.path == ("HELO", "MAIL", "RCPT", "DATA")
    assert advice.example == "HELO crepes.fr"


def test_wrong_arguments_are_shown_where_they_stop_making_sense() -> None:
    advice = advise(b"MAIL FROM:alice", "smtp", "ready", EN)
    assert advice.problem == "grammar"
    assert (advice.understood, advice.rest) == ("MAIL FROM:", "alice")
    assert advice.rule == "Reverse-path"
    assert advice.expected == EN("smtp.expected.open_bracket")
    assert advice.rfc == "RFC 5321 §4.1.1.2"


def test_a_line_that_ends_too_soon_is_called_unfinished() -> None:
    advice = advise(b"RCPT TO:<bob@", "smtp", "mail", EN)
    assert advice.headline == EN("screen.coach.unfinished", verb="RCPT")
    assert advice.rest == ""


def test_an_empty_line_is_answered_with_a_first_step() -> None:
    assert advise(b"  ", "pop3", "authorization", EN).example.startswith("USER")


@pytest.mark.parametrize("raw", [b"HELO \x1b[2J", b"HELO caf\xc3\xa9", b"NOOP \x00"])
def test_bytes_that_are_no_ascii_text_are_named_and_never_passed_on(raw: bytes) -> None:
    advice = advise(raw, "smtp", "wait", EN)
    assert advice.problem == "control"
    assert "\x1b" not in advice.rest
    assert "\x00" not in advice.rest


def test_an_imap_line_without_a_tag_is_told_so() -> None:
    assert advise(b"LOGIN bob pickles", "imap", "not-authenticated", EN).problem == "no-tag"


def test_imap_commands_are_read_behind_their_tag() -> None:
    table = PROTOCOLS["imap"].table
    state = next(state for state in table.states if "LOGIN" in table.moves[state])
    assert advise(b"a1 LOGIN bob pickles", "imap", state, EN).is_right
    selected = next(state for state in table.states if "UID FETCH" in table.moves[state])
    assert advise(b"a2 uid fetch 1:* (FLAGS)", "imap", selected, EN).verb == "UID FETCH"


def test_completion_gives_only_what_is_legal_now() -> None:
    assert completions("m", "smtp", "ready") == ("MAIL FROM:<alice@crepes.fr>",)
    assert completions("m", "smtp", "wait") == ()
    assert completions("", "smtp", "mail")[0].startswith(("HELO", "EHLO"))


def test_completion_keeps_the_students_own_tag() -> None:
    table = PROTOCOLS["imap"].table
    state = next(state for state in table.states if "LOGIN" in table.moves[state])
    assert all(line.startswith("x9 LOG") for line in completions("x9 lo", "imap", state))


@pytest.mark.parametrize(("state", "verb"), [("wait", "HELO"), ("ready", "MAIL"), ("mail", "RCPT"), ("rcpt", "DATA")])
def test_the_likely_next_line_leads_on(state: str, verb: str) -> None:
    assert likely_next(SMTP, state).split()[0] == verb


def test_of_two_lines_that_lead_on_the_wanted_one_is_taken() -> None:
    assert likely_next(SMTP, "wait", "EHLO").startswith("EHLO")
    assert likely_next(SMTP, "mail", "EHLO").startswith("RCPT")


def test_there_is_no_way_to_what_is_legal_or_never_legal() -> None:
    assert way_to("HELO", SMTP, "wait") == ()
    assert way_to("MAIL", SMTP, "closed") == ()


def test_lines_of_a_message_are_no_commands() -> None:
    assert not takes_commands("smtp", "data")
    assert takes_commands("smtp", "ready")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_example_of_every_table_is_right_where_it_is_legal(protocol: str, language: str) -> None:
    table = PROTOCOLS[protocol].table
    for state in table.states:
        for verb in table.legal(state):
            advice = advise(table.commands[verb].example.encode(), protocol, state, words(language))
            assert advice.is_right or not takes_commands(protocol, state), (state, verb, advice)


@pytest.mark.parametrize(
    ("protocol", "state", "line", "verb"),
    [
        ("smtp", "ready", b"turn", "TURN"),
        ("smtp", "ready", b"SOML FROM:<a@b.c>", "SOML"),
        ("pop3", "authorization", b"LANG de", "LANG"),
        ("pop3", "authorization", b"RPOP bob", "RPOP"),
        ("imap", "selected", b"a1 UID THREAD 1 x", "UID THREAD"),
    ],
)
def test_a_command_no_server_here_offers_is_still_a_command(protocol: str, state: str, line: bytes, verb: str) -> None:
    advice = advise(line, protocol, state, EN)
    assert (advice.problem, advice.verb) == ("not-offered", verb)
    assert advice.headline == EN("reply.coach.not_offered", verb=verb)


@pytest.mark.parametrize("line", [b"HELO x", b"DELETE 1", b"DLEE 1", b"HELP"])
def test_nothing_is_deleted_on_a_guess(line: bytes) -> None:
    assert "DELE" not in advise(line, "pop3", "transaction", EN).example


def test_far_words_are_no_near_misses() -> None:
    assert advise(b"HULLO x", "pop3", "transaction", EN).headline == EN("screen.coach.unknown", word="HULLO", verb="")


def test_in_idle_only_done_is_understood() -> None:
    assert advise(b"done", "imap", "idle", EN).is_right
    advice = advise(b"a1 NOOP", "imap", "idle", EN)
    assert (advice.problem, advice.syntax, advice.example) == ("idle", "DONE", "")
    assert advice.headline == EN("reply.coach.idle")


def test_a_missing_colon_is_missed_where_it_belongs() -> None:
    advice = advise(b"MAIL FROM alice@x", "smtp", "ready", EN)
    assert (advice.understood, advice.expected) == ("MAIL FROM", EN("smtp.expected.colon"))


def read(protocol: str, *turns: tuple[bool, bytes]) -> list[Row]:
    """The rows of a short dialogue; True is the client."""
    return [Row(number, 0, 1, line) for number, line in enumerate(spoken(protocol, *turns))]


def test_the_lines_of_a_literal_are_no_commands() -> None:
    greeting, login = (False, b"* OK ready\r\n"), (True, b"a1 LOGIN {3}\r\n")
    go_on, name, rest = (False, b"+ go on\r\n"), (True, b"bob"), (True, b" {7}\r\n")
    after = ((False, b"+ go on\r\n"), (True, b"pickles\r\n"), (False, b"a1 OK in\r\n"))

    def expects(*turns: tuple[bool, bytes]) -> bool:
        return expects_command("imap", "not_authenticated", read("imap", *turns))

    assert expects(greeting)
    assert not expects(greeting, login)
    assert not expects(greeting, login, go_on)
    assert not expects(greeting, login, go_on, name)
    assert not expects(greeting, login, go_on, name, rest)
    assert expects(greeting, login, go_on, name, rest, *after)


def test_a_literal_that_was_refused_is_not_awaited() -> None:
    turns = ((False, b"* OK\r\n"), (True, b"a1 LOGIN {9999999}\r\n"), (False, b"a1 NO too big\r\n"))
    assert expects_command("imap", "not_authenticated", read("imap", *turns))


def test_what_the_server_tells_in_between_changes_nothing() -> None:
    turns = ((False, b"* OK\r\n"), (True, b"a1 LOGIN {3}\r\n"), (False, b"+ go\r\n"), (False, b"* OK still here\r\n"))
    assert not expects_command("imap", "not_authenticated", read("imap", *turns))


def test_the_answer_to_a_line_is_the_servers_last_word_on_it() -> None:
    rows = read(
        "smtp",
        (False, b"220 h\r\n"), (True, b"EHLO me\r\n"), (False, b"250-h\r\n250 SIZE\r\n"),
        (True, b"MAIL FROM:<a@b>\r\n"), (False, b"250 ok\r\n"),
        (True, b"RCPT TO:<c@d>\r\n"), (False, b"550 no such user\r\n"),
    )  # fmt: skip
    found = answer_to(b"EHLO me", rows, 1)
    assert found is not None
    assert found.text == b"250 SIZE"
    refused = answer_to(b"RCPT TO:<c@d>", rows, 4)
    assert refused is not None
    assert refused.outcome is Outcome.REFUSED
    assert answer_to(b"RCPT TO:<c@d>", rows[:-1], 4) is None
    assert answer_to(b"QUIT", rows, 1) is None


def test_a_long_word_nobody_knows_is_not_repeated_whole() -> None:
    assert len(advise(b"x" * 300, "smtp", "wait", EN).headline) < 100


def _rows(*said: tuple[str, bytes]) -> list[Row]:
    nobody = Endpoint("", "", 0)
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=nobody, server=nobody),
        *((FromClient if who == "C" else FromServer)(t=1, at=1, conn=1, data=data) for who, data in said),
    ]
    dialogue = Dialogue()
    dialogue.take(events, 0)
    return dialogue.connections[1].rows


GREETED = ("S", b"220 x\r\n")
EHLO = (("C", b"EHLO me\r\n"), ("S", b"250-x Hello me\r\n250-STARTTLS\r\n250-auth PLAIN LOGIN\r\n250 CHUNKING\r\n"))


def _possible(*said: tuple[str, bytes]) -> list[str]:
    rows = _rows(GREETED, *said)
    found = next_verbs(SMTP, rows[-1].line.after, EN, offered(rows))
    return [verb.verb for verb in found if verb.refusal is None]


def test_what_the_server_offered_is_possible_and_what_it_did_not_is_not_named() -> None:
    assert {"STARTTLS", "AUTH"} <= set(_possible(*EHLO))
    assert not {"ETRN", "EXPN", "BDAT"} & set(_possible(*EHLO))
    assert not {"STARTTLS", "AUTH", "ETRN"} & set(_possible(("C", b"HELO me\r\n"), ("S", b"250 x\r\n")))
    given = (("C", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"), ("S", b"250 a\r\n250 b\r\n"))
    assert {"DATA", "BDAT"} <= set(_possible(*EHLO, *given))


def test_an_offer_ends_with_the_next_answer_to_ehlo_with_a_login_and_with_tls() -> None:
    assert offered(_rows(GREETED, *EHLO)) >= {"STARTTLS", "AUTH", "CHUNKING"}
    again = (("C", b"EHLO me\r\n"), ("S", b"250-x\r\n250 ETRN\r\n"))
    assert offered(_rows(GREETED, *EHLO, *again)) & {"STARTTLS", "AUTH", "ETRN"} == {"ETRN"}
    logged_in = (("C", b"AUTH PLAIN AGEAYQ==\r\n"), ("S", b"235 ok\r\n"))
    assert "AUTH" not in offered(_rows(GREETED, *EHLO, *logged_in))
    assert offered(_rows(GREETED, *EHLO, ("C", b"HELO me\r\n"), ("S", b"250 x\r\n"))) == frozenset()
    rows = _rows(GREETED, *EHLO)
    begun = TlsBegun(t=2, at=2, conn=1, version="TLSv1.3", cipher="c")
    assert offered([*rows, TlsRow(0, 2, 1, rows[-1].line, begun)]) == frozenset()


def test_who_types_starttls_is_told_beforehand_that_the_console_shakes_hands() -> None:
    for say in (EN, words("zh")):
        advice = advise(b"STARTTLS", "smtp", "ready", say)
        assert advice.is_right
        assert "EHLO" in advice.note
    assert not advise(b"NOOP", "smtp", "ready", EN).note
