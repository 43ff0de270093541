"""The phases of POP3 and IMAP follow the state of the conversation."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.dialogue import Row
from mailtutor.reading.phase import PhaseTrack, phase_of, phases
from mailtutor.text.catalogue import words
from tests.reading.test_explain import spoken

IMAP = (
    (False, b"* OK ready\r\n"),
    (True, b"a1 LOGIN bob pickles\r\n"), (False, b"a1 OK in\r\n"),
    (True, b"a2 SELECT INBOX\r\n"), (False, b"* 2 EXISTS\r\n"), (False, b"a2 OK open\r\n"),
    (True, b"a3 IDLE\r\n"), (False, b"+ idling\r\n"), (True, b"DONE\r\n"), (False, b"a3 OK\r\n"),
    (True, b"a4 CLOSE\r\n"), (False, b"a4 OK\r\n"),
    (True, b"a5 NOOP\r\n"), (False, b"a5 OK\r\n"),
    (True, b"a6 LOGOUT\r\n"), (False, b"* BYE\r\n"), (False, b"a6 OK\r\n"),
)  # fmt: skip
POP3 = (
    (False, b"+OK ready\r\n"),
    (True, b"USER bob\r\n"), (False, b"+OK\r\n"),
    (True, b"PASS x\r\n"), (False, b"-ERR no\r\n"),
    (True, b"USER bob\r\n"), (False, b"+OK\r\n"),
    (True, b"PASS pickles\r\n"), (False, b"+OK in\r\n"),
    (True, b"STAT\r\n"), (False, b"+OK 2 1410\r\n"),
    (True, b"QUIT\r\n"), (False, b"+OK bye\r\n"),
)  # fmt: skip


def read(protocol: str, turns: tuple[tuple[bool, bytes], ...]) -> list[Row]:
    """The rows of a short dialogue."""
    return [Row(number, 0, 1, line) for number, line in enumerate(spoken(protocol, *turns))]


@pytest.mark.parametrize(
    ("protocol", "turns", "seen"),
    [
        ("imap", IMAP, ["not_authenticated", "authenticated", "selected", "authenticated", "logout"]),
        ("pop3", POP3, ["authorization", "transaction", "update"]),
    ],
)
def test_the_phase_is_the_states(protocol: str, turns: tuple[tuple[bool, bytes], ...], seen: list[str]) -> None:
    table, rows = PROTOCOLS[protocol].table, read(protocol, turns)
    found: list[str] = []
    growing: list[Row] = []
    track, whole = PhaseTrack(growing, table), PhaseTrack(rows, table)
    for count, row in enumerate(rows, 1):
        growing.append(row)
        here = track.at(count)
        assert whole.at(count) == here
        if not found or found[-1] != here:
            found.append(here)
    assert found == seen
    assert list(phases(table)) == list(dict.fromkeys(name for name in (*phases(table), *seen)))


def test_an_answer_belongs_where_it_leads() -> None:
    table, rows = PROTOCOLS["imap"].table, read("imap", IMAP)
    by_verb = {row.line.verb: phase_of(row.line, table) for row in rows if row.line.code}
    assert by_verb["LOGIN"] == "authenticated"
    assert by_verb["SELECT"] == "selected"
    assert by_verb["CLOSE"] == "authenticated"
    assert by_verb["NOOP"] == ""
    assert by_verb["LOGOUT"] == "logout"
    assert phase_of(rows[0].line, table) == "not_authenticated"
    pop3, table = read("pop3", POP3), PROTOCOLS["pop3"].table
    assert phase_of(pop3[4].line, table) == "authorization"
    assert phase_of(pop3[8].line, table) == "transaction"
    assert phase_of(pop3[-1].line, table) == "update"


@pytest.mark.parametrize(("protocol", "turns"), [("imap", IMAP), ("pop3", POP3)])
def test_the_phase_beside_an_answer_is_the_one_the_head_shows(
    protocol: str, turns: tuple[tuple[bool, bytes], ...]
) -> None:
    table, rows = PROTOCOLS[protocol].table, read(protocol, turns)
    track = PhaseTrack(rows, table)
    answers = [(index, phase_of(row.line, table)) for index, row in enumerate(rows) if row.line.outcome]
    assert [named for _, named in answers if named]
    assert all(named in ("", track.at(index + 1)) for index, named in answers)


def test_before_anything_was_said_it_is_the_first_phase() -> None:
    assert PhaseTrack([], PROTOCOLS["imap"].table).at(0) == "not_authenticated"


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_every_phase_has_words_in_both_languages(protocol: str) -> None:
    for name in phases(PROTOCOLS[protocol].table):
        assert f"screen.phase.{name}" in words("en"), name
        assert f"screen.phase.{name}" in words("zh"), name
