"""IDLE (RFC 2177): the server speaks first, until DONE."""

from __future__ import annotations

import pytest

from tests.protocols.imap.dialogue import LOGIN, SELECT, check


def test_idle_hears_what_happens() -> None:
    check(
        SELECT
        + """
        C: a3 IDLE
        S: + idling
        N: arrive
        S: * 3 EXISTS
        S: * 1 RECENT
        N: flag 4 \\Flagged
        S: * 1 FETCH (FLAGS (\\Flagged))
        N: expunge 4
        S: * 1 EXPUNGE
        C: DONE
        S: a3 OK IDLE terminated
        C: a4 FETCH 2 UID
        S: * 2 FETCH (UID 8)
        S: a4 OK FETCH completed
        """
    )


def test_idle_needs_no_mailbox() -> None:
    check(
        LOGIN
        + """
        C: a2 IDLE
        S: + idling
        C: done
        S: a2 OK IDLE terminated
        """,
        state="authenticated",
    )


@pytest.mark.parametrize("line", ["a4 NOOP", "a4 DONE", "a4 NOOP {5+}\nC: hello"])
def test_anything_but_done_ends_idle_badly(line: str) -> None:
    check(
        SELECT
        + f"""
        C: a3 IDLE
        S: + idling
        C: {line}
        S: a3 BAD IDLE ends with DONE
        C: a5 NOOP
        S: a5 OK NOOP completed
        """
    )
