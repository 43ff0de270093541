"""CONDSTORE out of a real store, by the examples of RFC 7162 §3.1."""

from __future__ import annotations

import pytest

from tests.lab.house import House
from tests.lab.talk import talk

SELECTED = """
    S: * FLAGS (...)
    S: * {count} EXISTS
    S: * {recent} RECENT
    S: * OK [UNSEEN 1] ...
    S: * OK [UIDVALIDITY 1783252800] ...
    S: * OK [UIDNEXT {uid_next}] ...
    S: * OK [PERMANENTFLAGS (...)] ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
"""


def selected(count: int, recent: int, uid_next: int, modseq: int) -> str:
    """What SELECT INBOX says before its OK."""
    return SELECTED.format(count=count, recent=recent, uid_next=uid_next, modseq=modseq)


async def test_select_tells_the_highest_modseq_and_condstore_has_changes_told_with_theirs(house: House) -> None:
    await talk(
        house,
        f"""
        N: 2
        A: a1 SELECT INBOX (CONDSTORE)
        {selected(2, 2, 3, 3)}
        S: a1 OK [READ-WRITE] SELECT completed
        B: b1 SELECT INBOX
        {selected(2, 0, 3, 3)}
        S: b1 OK [READ-WRITE] SELECT completed
        B: b2 STORE 1 +FLAGS (\\Seen)
        S: * 1 FETCH (FLAGS (\\Seen))
        S: b2 OK STORE completed
        A: a2 FETCH 1:2 (MODSEQ)
        S: * 1 FETCH (MODSEQ (4))
        S: * 2 FETCH (MODSEQ (3))
        S: ...
        S: a2 OK FETCH completed
        A: a3 STATUS INBOX (UIDNEXT MESSAGES HIGHESTMODSEQ)
        S: ...
        S: * STATUS INBOX (UIDNEXT 3 MESSAGES 2 HIGHESTMODSEQ 4)
        S: a3 OK STATUS completed
        """,
    )


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1 (MODSEQ)",
        "FETCH 1 (FLAGS) (CHANGEDSINCE 1)",
        "SEARCH MODSEQ 1",
        "STORE 1 (UNCHANGEDSINCE 9) +FLAGS (\\Seen)",
        "STATUS INBOX (HIGHESTMODSEQ)",
    ],
)
async def test_the_first_word_of_modseqs_in_an_open_mailbox_switches_condstore_on(house: House, command: str) -> None:
    await talk(
        house,
        f"""
        N: 1
        A: a1 SELECT INBOX
        S: ...
        A: a2 {command}
        S: * OK [HIGHESTMODSEQ 2] ...
        S: ...
        S: a2 OK ...
        A: a3 {command}
        S: ...
        S: a3 OK ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS (\\Flagged)
        S: ...
        A: a4 NOOP
        S: * 1 FETCH (...MODSEQ (...))
        S: a4 OK NOOP completed
        """,
    )
    session = await house.session()
    assert not [line for line in await session.say(f"x {command}", f"y {command}") if "y OK [HIGHEST" in line]


async def test_told_twice_is_told_once(house: House) -> None:
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 FETCH 1 (MODSEQ)
        S: * 1 FETCH (MODSEQ (2))
        S: a2 OK FETCH completed
        """,
    )


async def test_a_conditional_store_leaves_alone_what_has_changed_meanwhile(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 2 +FLAGS.SILENT (work)
        S: b2 OK STORE completed
        A: a2 UID STORE 3,1 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)
        S: * 1 FETCH (UID 1 MODSEQ (6))
        S: * 3 FETCH (UID 3 MODSEQ (6))
        S: ...
        S: a2 OK UID STORE completed
        A: a3 STORE 1:3 (UNCHANGEDSINCE 5) -FLAGS.SILENT (work)
        S: ...
        S: * 2 FETCH (...MODSEQ (7))
        S: ...
        S: a3 OK [MODIFIED 1,3] ...
        A: a4 UID STORE 2 (UNCHANGEDSINCE 6) FLAGS (\\Flagged)
        S: a4 OK [MODIFIED 2] ...
        A: a5 STORE 2 (UNCHANGEDSINCE 7) FLAGS (\\Flagged)
        S: * 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (8))
        S: a5 OK STORE completed
        """,
    )


async def test_what_a_conditional_store_left_alone_is_told_with_the_next_command(house: House) -> None:
    """RFC 7162 §3.1.3, examples 9 and 10: at once, or with NOOP."""
    await house.deliver()
    one, other = await house.session(), await house.session()
    await one.say("a1 FETCH 1 (MODSEQ)")
    await other.say("b1 STORE 1 +FLAGS.SILENT (\\Deleted)")
    told = await one.say("a2 STORE 1 (UNCHANGEDSINCE 2) +FLAGS.SILENT (\\Flagged)", "a3 NOOP")
    assert [line for line in told if line.startswith("a2 OK [MODIFIED 1]")]
    assert [line for line in told if line.startswith("* 1 FETCH") and "\\Deleted" in line and "MODSEQ (3)" in line]


async def test_what_another_did_before_a_silent_store_is_told(house: House) -> None:
    """RFC 9051 §6.4.6: .SILENT keeps back what the client can work out by itself, and nothing else."""
    await house.deliver()
    one, other = await house.session(), await house.session()
    await other.say("b1 STORE 1 +FLAGS.SILENT (\\Flagged)")
    told = await one.say("a1 STORE 1 +FLAGS.SILENT (\\Deleted)", "a2 NOOP")
    assert [line for line in told if line.startswith("* 1 FETCH") and "\\Flagged \\Deleted" in line]


async def test_modseq_0_always_fails(house: House) -> None:
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX
        S: ...
        A: a2 STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)
        S: * OK [HIGHESTMODSEQ 2] ...
        S: a2 OK [MODIFIED 1] ...
        """,
    )


async def test_modified_comes_with_no_where_others_are_gone(house: House) -> None:
    await talk(
        house,
        """
        N: 4
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 2 +FLAGS.SILENT (work)
        S: ...
        B: b3 STORE 4 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b4 EXPUNGE
        S: ...
        A: a2 STORE 1:4 (UNCHANGEDSINCE 5) +FLAGS (\\Seen)
        S: ...
        S: a2 NO [MODIFIED 2] ...
        A: a3 NOOP
        S: ...
        S: * 4 EXPUNGE
        S: ...
        S: a3 OK NOOP completed
        """,
    )


async def test_a_message_named_twice_does_not_fail_the_second_time(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 2,1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)
        S: * 1 FETCH (...MODSEQ (5))
        S: * 2 FETCH (...MODSEQ (5))
        S: * 3 FETCH (...MODSEQ (5))
        S: a2 OK STORE completed
        """,
    )


async def test_a_flag_that_is_there_already_raises_nothing(house: House) -> None:
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 1 +FLAGS (\\Seen)
        S: ...
        A: a3 STORE 1 +FLAGS (\\Seen)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) MODSEQ (3))
        S: a3 OK STORE completed
        A: a4 STATUS INBOX (HIGHESTMODSEQ)
        S: * STATUS INBOX (HIGHESTMODSEQ 3)
        S: a4 OK STATUS completed
        """,
    )


async def test_a_conditional_store_that_succeeds_is_told_with_its_modseq_also_where_nothing_changed(
    house: House,
) -> None:
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 1 (UNCHANGEDSINCE 2) -FLAGS.SILENT (\\Seen)
        S: * 1 FETCH (UID 1 MODSEQ (2))
        S: a2 OK STORE completed
        """,
    )


async def test_changedsince_fetches_what_is_newer_and_adds_modseq(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 1 +FLAGS.SILENT (\\Seen)
        S: ...
        A: a3 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 3)
        S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) MODSEQ (5))
        S: * 3 FETCH (UID 3 FLAGS (\\Recent) MODSEQ (4))
        S: a3 OK UID FETCH completed
        A: a4 FETCH 1:* (UID) (CHANGEDSINCE 5)
        S: a4 OK FETCH completed
        """,
    )


async def test_changedsince_reads_only_what_is_newer(house: House) -> None:
    await talk(
        house,
        """
        N: 2
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 1 +FLAGS.SILENT (\\Flagged)
        S: ...
        A: a3 UID FETCH 1:* (BODY[TEXT]<0.1>) (CHANGEDSINCE 3)
        S: * 1 FETCH (UID 1 BODY[TEXT]<0> {1}
        S: H MODSEQ (5) FLAGS (\\Flagged \\Seen \\Recent))
        S: a3 OK UID FETCH completed
        A: a4 SEARCH SEEN
        S: * SEARCH 1
        S: a4 OK SEARCH completed
        """,
    )


async def test_condstore_switched_on_by_select_tells_nothing_of_the_mailbox_before(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 CREATE friends
        S: a1 OK CREATE completed
        A: a2 SELECT INBOX
        S: ...
        A: a3 SELECT friends (CONDSTORE)
        S: * OK [CLOSED] ...
        S: * FLAGS (...)
        S: * 0 EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY ...
        S: * OK [UIDNEXT 1] ...
        S: * OK [PERMANENTFLAGS (...)] ...
        S: * OK [HIGHESTMODSEQ 1] ...
        S: a3 OK [READ-WRITE] SELECT completed
        """,
    )


async def test_search_and_sort_for_modseqs_tell_the_highest_found(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 1 +FLAGS.SILENT (\\Seen)
        S: ...
        A: a3 SEARCH MODSEQ 4
        S: * SEARCH 1 3 (MODSEQ 5)
        S: a3 OK SEARCH completed
        A: a4 SEARCH MODSEQ "/flags/\\\\draft" all 4
        S: * SEARCH 1 3 (MODSEQ 5)
        S: a4 OK SEARCH completed
        A: a5 SEARCH OR NOT MODSEQ 4 LARGER 50000
        S: * SEARCH 2 (MODSEQ 3)
        S: a5 OK SEARCH completed
        A: a6 SEARCH MODSEQ 99
        S: * SEARCH
        S: a6 OK SEARCH completed
        A: a7 SEARCH RETURN (ALL) MODSEQ 4
        S: * ESEARCH (TAG "a7") ALL 1,3 MODSEQ 5
        S: a7 OK SEARCH completed
        A: a8 SORT (REVERSE ARRIVAL) UTF-8 MODSEQ 4
        S: * SORT 1 3 (MODSEQ 5)
        S: a8 OK SORT completed
        """,
    )


async def test_esearch_tells_the_modseq_of_what_it_names(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 STORE 2 +FLAGS.SILENT (\\Seen)
        S: ...
        A: a3 SEARCH RETURN (MIN) MODSEQ 1
        S: * ESEARCH (TAG "a3") MIN 1 MODSEQ 2
        S: a3 OK SEARCH completed
        A: a4 SEARCH RETURN (MAX) MODSEQ 1
        S: * ESEARCH (TAG "a4") MAX 3 MODSEQ 4
        S: a4 OK SEARCH completed
        A: a5 SEARCH RETURN (MIN MAX) MODSEQ 1
        S: * ESEARCH (TAG "a5") MIN 1 MAX 3 MODSEQ 4
        S: a5 OK SEARCH completed
        A: a6 SEARCH RETURN (MIN COUNT) MODSEQ 1
        S: * ESEARCH (TAG "a6") MIN 1 COUNT 3 MODSEQ 5
        S: a6 OK SEARCH completed
        """,
    )


async def test_changes_are_told_with_uid_and_modseq_once_condstore_is_on(house: House) -> None:
    """RFC 7162 §3.2.4: a server that offers QRESYNC does so for CONDSTORE clients, too."""
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS (work)
        S: ...
        A: a2 NOOP
        S: * 1 FETCH (UID 1 FLAGS (\\Recent work) MODSEQ (3))
        S: a2 OK NOOP completed
        A: a3 STORE 1 -FLAGS (work)
        S: * 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (4))
        S: a3 OK STORE completed
        A: a4 STORE 1 +FLAGS.SILENT (work)
        S: * 1 FETCH (UID 1 MODSEQ (5))
        S: a4 OK STORE completed
        """,
    )


async def test_reading_tells_uid_and_modseq_once_condstore_is_on(house: House) -> None:
    await talk(
        house,
        """
        N: 1
        A: a1 SELECT INBOX (CONDSTORE)
        S: ...
        A: a2 FETCH 1 (BODY[TEXT]<0.1>)
        S: * 1 FETCH (BODY[TEXT]<0> {1}
        S: H ...)
        S: a2 OK FETCH completed
        """.replace("H ...)", "H...UID 1...MODSEQ (3)...)"),
    )
