"""What the standard's examples say of commands and literals before any mailbox is looked at (RFC 9051 §4.3, §7.6;
RFC 7888; RFC 5161). The rest of its examples is in tests/lab, out of a real store."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.server import ImapServer
from tests.protocols.imap.dialogue import LOGIN, SELECT, check

MINUS = tuple({"LITERAL+": "LITERAL-"}.get(name, name) for name in table.OFFERED)
NEITHER = ("IMAP4rev1", "AUTH=PLAIN", "IDLE")


def offering(*capabilities: str, message_limit: int = 1000) -> ImapServer:
    return ImapServer("hamburger.edu", capabilities=capabilities, message_limit=message_limit)


# Literals -------------------------------------------------------------------------------------------------------------


def test_a_login_in_literals_waits_for_each() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1...
        C: A001 LOGIN {3}
        S: + Ready for literal data
        C: bob {6}
        S: + Ready for literal data
        C: hungry
        S: A001 OK [CAPABILITY...
        C: A044 BLURDYBLOOP {102856}
        S: A044 BAD Command not recognized: BLURDYBLOOP
        """,
        state="authenticated",
    )


def test_a_login_in_literals_nobody_waits_for() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1...
        C: A001 LOGIN {3+}
        C: bob {6+}
        C: hungry
        S: A001 OK [CAPABILITY...
        """,
        state="authenticated",
    )


def test_an_empty_literal_is_an_empty_string() -> None:
    check(
        LOGIN
        + """
        C: a2 LIST {0+}
        C:  {0+}
        C:
        S: * LIST (\\Noselect) "/" ""
        S: a2 OK LIST completed
        C: a3 LIST "" {0}
        S: + Ready for literal data
        C:
        S: * LIST (\\Noselect) "/" ""
        S: a3 OK LIST completed
        """,
        state="authenticated",
    )


def test_literal_minus_takes_4096_octets_and_no_more() -> None:
    """RFC 7888 §5: TOOBIG says why, and what was sent anyway is not read as commands."""
    check(
        LOGIN
        + f"""
        C: a2 APPEND nowhere {{4096+}}
        C: {"x" * 4096}
        S: a2 NO [TRYCREATE]...
        C: a3 APPEND nowhere {{4097+}}
        C: a4 LOGOUT{"x" * 4087}
        S: a3 BAD [TOOBIG]...
        C: a5 APPEND nowhere {{4097}}
        S: + Ready for literal data
        C: {"x" * 4097}
        S: a5 NO [TRYCREATE]...
        """,
        state="authenticated",
        server=lambda: offering(*MINUS, message_limit=10_000),
    )


def test_where_no_such_literal_is_offered_it_is_refused_and_passed_over() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1...
        C: a1 LOGIN {3+}
        C: bob {6+}
        C: hungry
        S: a1 BAD...
        C: a2 LOGIN bob hungry
        S: a2 OK...
        """,
        state="authenticated",
        server=lambda: offering(*NEITHER),
    )


@pytest.mark.parametrize("size", ["1001", "999999999999"])
def test_a_message_that_is_too_large_is_refused_before_it_is_sent(size: str) -> None:
    check(
        LOGIN
        + f"""
        C: a2 APPEND INBOX (\\Seen) {{{size}}}
        S: a2 NO [TOOBIG]...
        C: a3 APPEND INBOX UTF8 (~{{{size}}}
        S: a3 NO [TOOBIG]...
        C: a4 NOOP
        S: a4 OK NOOP completed
        """,
        state="authenticated",
        server=lambda: offering(*table.OFFERED),
    )


# In order and out of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [verb for verb, row in table.COMMANDS.items() if row.capability])
def test_a_command_of_an_extension_needs_its_capability(verb: str) -> None:
    row = table.COMMANDS[verb]
    server = offering("IMAP4rev1")
    server.greet()
    server.receive_data(row.example.encode() + b"\r\n")
    server.next_event()
    said = server.data_to_send().splitlines()[-1]
    assert said.split()[1] == b"BAD", said


@pytest.mark.parametrize(
    "command",
    [
        "SELECT INBOX (CONDSTORE)",
        "EXAMINE INBOX (QRESYNC (1 1))",
        "STATUS INBOX (SIZE)",
        "STATUS INBOX (HIGHESTMODSEQ)",
        'LIST (SUBSCRIBED) "" *',
        'LIST "" (a b)',
        'LIST "" * RETURN (CHILDREN)',
        'LIST "" * RETURN (STATUS (MESSAGES))',
        "CREATE x (USE (\\Sent))",
        "APPEND INBOX UTF8 (~{1+}\r\nx)",
        "APPEND INBOX ~{1+}\r\nx",
        "ENABLE CONDSTORE",
        "GETQUOTAROOT INBOX",
    ],
)
def test_what_an_extension_adds_to_a_command_needs_its_capability(command: str) -> None:
    script = "".join(f"\n        C: {line}" for line in f"a2 {command}".split("\r\n"))
    check(
        LOGIN + script + "\n        S: a2 BAD...",
        state="authenticated",
        server=lambda: offering("IMAP4rev1", "LITERAL+"),
    )


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1 MODSEQ",
        "FETCH 1 (FLAGS) (CHANGEDSINCE 1)",
        "FETCH 1 BINARY[1]",
        "STORE 1 (UNCHANGEDSINCE 1) FLAGS (x)",
        "SEARCH RETURN () ALL",
        "SEARCH MODSEQ 1",
        "SORT (DATE) UTF-8 ALL",
        "MOVE 1 friends",
        "UID EXPUNGE 1",
        "UNSELECT",
    ],
)
def test_so_does_what_it_adds_where_a_mailbox_is_open(command: str) -> None:
    before = "\n".join(line for line in SELECT.splitlines() if "HIGHESTMODSEQ" not in line)
    check(before + f"\n        C: a3 {command}\n        S: a3 BAD...", server=lambda: offering("IMAP4rev1", "LITERAL+"))


def test_enable_comes_between_login_and_select() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1...
        C: a0 ENABLE CONDSTORE
        S: a0 BAD...
        C: a1 LOGIN bob hungry
        S: a1 OK...
        C: a2 ENABLE CONDSTORE X-GOOD-IDEA
        S: * ENABLED CONDSTORE
        S: a2 OK ENABLE completed
        C: a3 ENABLE ENABLE
        S: * ENABLED
        S: a3 OK ENABLE completed
        """,
        state="authenticated",
    )


def test_capabilities_name_both_revisions_and_never_both_literals() -> None:
    assert {"IMAP4rev1", "IMAP4rev2"} <= set(table.OFFERED)
    assert not {"LITERAL+", "LITERAL-"} <= set(table.OFFERED)
