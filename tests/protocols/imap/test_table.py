"""The table holds together, and everything in it is explained in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailtutor.errors import GrammarError
from mailtutor.protocols import imap
from mailtutor.protocols.imap import flags, grammar, table
from mailtutor.protocols.imap.fetch import ITEMS, MACROS
from mailtutor.protocols.imap.places import AFTER, ARGUMENTS, GROUPS, VALUES
from mailtutor.protocols.imap.search import SEARCH_KEYS
from mailtutor.protocols.imap.spans import (
    ATTRIBUTES,
    CODES,
    DATA_NAMES,
    LIST_OPTIONS,
    MODIFIERS,
    RESOURCES,
    RESULTS,
    SECTIONS,
    SORT_WORDS,
)
from mailtutor.protocols.imap.tokens import LiteralAwaited
from mailtutor.protocols.spec import Outcome
from mailtutor.text.catalogue import words

assert imap.__file__
SOURCES = sorted(Path(imap.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("verb", table.COMMANDS)
def test_every_example_is_a_line_one_can_type(verb: str) -> None:
    row = table.COMMANDS[verb]
    said = row.example.split(" ", 1)[-1]
    assert said.startswith(verb)
    arguments = said[len(verb) :].encode()
    if verb == "APPEND":
        with pytest.raises(LiteralAwaited) as awaited:
            row.parse(arguments)
        assert awaited.value.is_message
    else:
        assert row.parse(arguments) is not None


@pytest.mark.parametrize("verb", table.COMMANDS)
def test_every_row_is_legal_somewhere_and_answered_everywhere(verb: str) -> None:
    row = table.COMMANDS[verb]
    assert any(verb in moves for moves in table.MOVES.values())
    assert set(row.replies) <= set(table.TABLE.replies)
    for state in (table.NOT_AUTHENTICATED, table.AUTHENTICATED, table.SELECTED):
        if verb not in table.MOVES[state]:
            assert table.TABLE.misplaced(verb, state) in row.replies or verb == "DONE"
    assert not row.capability or row.capability in table.CAPABILITIES


def test_every_move_leads_to_a_state() -> None:
    for moves in table.MOVES.values():
        for verb, move in moves.items():
            assert verb in table.COMMANDS
            assert {move.ok, move.go_on or move.ok, move.fail or move.ok} <= set(table.STATES)


def test_every_reply_is_said_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name not in ("replies.py", "table.py"))
    services = Path(imap.__file__).parents[2] / "lab" / "services"
    code += "".join(path.read_text(encoding="utf-8") for path in services.glob("*.py"))
    in_order = {reply for row in table.COMMANDS.values() for reply in (*row.misplaced.values(), row.misplaced_else)}
    unsaid = [key for key in table.TABLE.replies if f'"{key}"' not in code and key not in in_order]
    # The lab's doors give it.
    assert unsaid == ["BYE.too_many_sessions"]


def test_a_command_not_understood_moves_nothing_but_out_of_its_own_state() -> None:
    assert table.after(table.SELECTED, "SELECT", "BAD") == table.SELECTED
    assert table.after(table.SELECTED, "SELECT", "NO") == table.AUTHENTICATED
    assert table.after(table.IDLE, "IDLE", "BAD") == table.SELECTED
    assert table.after(table.AUTHENTICATING, "AUTHENTICATE", "BAD") == table.NOT_AUTHENTICATED
    assert table.OUTCOMES["BYE"] is Outcome.REFUSED


def test_what_could_have_stood_there_is_explained() -> None:
    named: set[str] = set()
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        calls = re.findall(r"(?:cursor|self)\.(?:fail|space|need|atom|astring|string)\(([^()]*)\)", source)
        named |= {found[-1] for call in calls if (found := re.findall(r'"([a-z][a-z_0-9]+)"', call))}
    explained = {key.removeprefix("imap.expected.") for key in words("en").texts if key.startswith("imap.expected.")}
    assert named <= explained
    assert {"mailbox", "closing_quote", "end"} <= named


def test_a_grammar_error_says_where_and_what() -> None:
    with pytest.raises(GrammarError) as stop:
        grammar.fetch(b" 1 (FLAGS FROB)")
    assert (stop.value.at, stop.value.rule, stop.value.expected) == (10, "fetch-att", "imap.expected.fetch_item")
    with pytest.raises(GrammarError) as stop:
        grammar.select(b" a&b")
    assert (stop.value.at, stop.value.reply, stop.value.expected) == (1, "NO.bad_name", "imap.expected.mailbox_name")


# Places that name only where to look a word up, or whose words all have names of their own.
LOOKED_UP = {
    "search_key", "result_item", "modifier", "select_parameter", "create_parameter", "list_option", "list_return",
    "sort_criterion", "append_option", "matched", "counts", "resources", "*",
}  # fmt: skip


def test_every_name_a_span_can_have_is_explained() -> None:
    names = [f"imap.item.{name}" for name in (*ITEMS, *MACROS, *SECTIONS)]
    names += [f"imap.search.{key}" for key in (*SEARCH_KEYS, "RETURN", "CHARSET")]
    names += [f"imap.status.{item}" for item in grammar.STATUS_ITEMS]
    names += [f"imap.flag.{flag.strip(chr(92)).upper()}" for flag in (*flags.SYSTEM_FLAGS, flags.RECENT, "\\*")]
    names += [f"imap.code.{code}" for code in CODES]
    names += [f"imap.data.{name}" for name in DATA_NAMES]
    names += [f"imap.result.{word}" for word in RESULTS]
    names += [f"imap.sort.{word}" for word in SORT_WORDS]
    names += [f"imap.modifier.{word}" for word in MODIFIERS]
    names += [f"imap.option.{word}" for word in (*LIST_OPTIONS, "RETURN")]
    names += [f"imap.attribute.{word.strip(chr(92)).upper()}" for word in ATTRIBUTES]
    names += [f"imap.resource.{word}" for word in RESOURCES]
    places = {place.strip("(") for law in (ARGUMENTS, VALUES, GROUPS, AFTER) for row in law.values() for place in row}
    names += [f"imap.field.{place}" for place in places - LOOKED_UP]
    names += [f"imap.field.{field}" for field in re.findall(r'_FIELD \+ "(\w+)"', SPANS_SOURCE)]
    assert [name for name in names if f"{name}.what" not in words("zh")] == []


def test_every_command_that_takes_something_says_where_it_stands() -> None:
    alone = {verb for verb, row in table.COMMANDS.items() if row.syntax == verb}
    rest = {verb.removeprefix("UID ") for verb in table.COMMANDS.keys() - alone}
    assert rest <= ARGUMENTS.keys()


SPANS_SOURCE = (Path(imap.__file__).parent / "spans.py").read_text(encoding="utf-8")
