"""The table agrees with itself and with the words for people."""

from __future__ import annotations

import pytest

from mailtutor.errors import GrammarError
from mailtutor.protocols.pop3 import TABLE, grammar, table
from mailtutor.protocols.spec import Command
from mailtutor.text.catalogue import words


def _parses(row: Command, arguments: bytes) -> bool:
    try:
        row.parse(arguments)
    except GrammarError:
        return False
    return True


def test_every_move_is_a_command_between_states() -> None:
    for state, moves in TABLE.moves.items():
        assert state in TABLE.states
        for verb, move in moves.items():
            assert verb in TABLE.commands
            assert {move.ok, move.fail or move.ok} <= set(TABLE.states)


def test_every_command_has_an_answer_where_it_is_not_legal() -> None:
    for verb, row in TABLE.commands.items():
        for state in set(TABLE.states) - {table.CONNECT, table.AUTHENTICATING, table.TLS} - table.OVER:
            if verb not in TABLE.moves[state]:
                assert TABLE.misplaced(verb, state) in row.replies


def test_every_reply_is_used_and_exists() -> None:
    used = {key for row in TABLE.commands.values() for key in row.replies}
    greetings = {"ok.greeting", "ok.greeting_stamped", "err.too_many_sessions"}
    assert used | greetings | {"err.unknown", "err.not_offered"} == set(TABLE.replies)


def test_examples_follow_their_own_grammar() -> None:
    for verb, row in TABLE.commands.items():
        assert row.example.startswith(verb)
        row.parse(row.example[len(verb) :].encode())


def test_a_grammar_error_says_where_it_stopped_and_what_was_expected() -> None:
    with pytest.raises(GrammarError) as caught:
        grammar.top(b" 1 x")
    assert (caught.value.at, caught.value.rule) == (3, "number of lines")
    assert caught.value.expected == "pop3.expected.line_count"


WRONG = [
    (verb, arguments)
    for verb, row in TABLE.commands.items()
    for arguments in (b"", b" ", b"  x y z", b" 1 2 3", b" -1", b" 1 x")
    if not _parses(row, arguments)
]


@pytest.mark.parametrize(("verb", "arguments"), WRONG)
def test_every_grammar_error_has_words_for_what_was_expected(verb: str, arguments: bytes) -> None:
    with pytest.raises(GrammarError) as stop:
        TABLE.commands[verb].parse(arguments)
    assert stop.value.reply in TABLE.commands[verb].replies
    assert stop.value.expected in words("en")
    assert 0 <= stop.value.at <= len(arguments)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_in_the_table_has_words(language: str) -> None:
    text = words(language)
    wanted = {f"pop3.command.{verb}.{part}" for verb in TABLE.commands for part in ("title", "what")}
    wanted |= {f"pop3.reply.{key}.what" for key in TABLE.replies}
    wanted |= {f"pop3.state.{state}.what" for state in TABLE.states}
    wanted |= {f"pop3.oddity.{name}.what" for name in ("no_status", "unanswered")}
    wanted |= {f"pop3.capability.{tag}.what" for tag in TABLE.capabilities}
    assert sorted(wanted - set(text.texts)) == []
