"""QRESYNC out of a real store, by the examples of RFC 7162 §3.2 and §6."""

from __future__ import annotations

import pytest

from mailtutor.store import mailboxes
from tests.lab.house import House
from tests.lab.talk import talk


@pytest.mark.parametrize("names", ["QRESYNC", "QRESYNC CONDSTORE", "condstore qresync"])
async def test_qresync_brings_condstore_and_says_vanished(house: House, names: str) -> None:
    await talk(
        house,
        f"""
        N: 4
        A: a1 ENABLE {names}
        S: * ENABLED ...QRESYNC
        S: a1 OK ENABLE completed
        A: a2 SELECT INBOX
        S: ...
        A: a3 STORE 2,4 +FLAGS (\\Deleted)
        S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent) MODSEQ (6))
        S: * 4 FETCH (UID 4 FLAGS (\\Deleted \\Recent) MODSEQ (6))
        S: a3 OK STORE completed
        A: a4 EXPUNGE
        S: * VANISHED 2,4
        S: a4 OK [HIGHESTMODSEQ 7] EXPUNGE completed
        A: a5 EXPUNGE
        S: a5 OK EXPUNGE completed
        A: a6 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: * 1 FETCH (UID 1 MODSEQ (8))
        S: a6 OK STORE completed
        A: a7 UID EXPUNGE 1:3
        S: * VANISHED 1
        S: a7 OK [HIGHESTMODSEQ 9] UID EXPUNGE completed
        """,
    )


async def test_what_others_expunge_vanishes_for_one_and_is_expunged_for_the_other(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 SELECT INBOX
        S: ...
        B: b1 SELECT INBOX
        S: ...
        C: c1 SELECT INBOX
        S: ...
        A: a3 IDLE
        S: + idling
        C: c2 STORE 1,3 +FLAGS.SILENT (\\Deleted)
        S: c2 OK STORE completed
        C: c3 EXPUNGE
        S: * 1 EXPUNGE
        S: * 2 EXPUNGE
        S: c3 OK EXPUNGE completed
        W: A
        S: * VANISHED 1,3
        B: b2 NOOP
        S: * 1 EXPUNGE
        S: * 2 EXPUNGE
        S: b2 OK NOOP completed
        """,
    )


async def test_close_tells_no_modseq(house: House) -> None:
    """RFC 7162 §3.2.8: it might make the client lose changes it was not told of."""
    await talk(
        house,
        """
        N: 1
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 SELECT INBOX
        S: ...
        A: a3 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: ...
        A: a4 CLOSE
        S: a4 OK CLOSE completed
        """,
    )


async def test_qresync_has_to_be_enabled_first(house: House) -> None:
    await talk(
        house,
        """
        A: a1 SELECT INBOX (QRESYNC (1783252800 1))
        S: a1 BAD ...QRESYNC...
        A: a2 SELECT INBOX
        S: ...
        A: a3 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
        S: a3 BAD ...QRESYNC...
        A: a4 ENABLE QRESYNC
        S: a4 BAD ...
        A: a5 UNSELECT
        S: a5 OK UNSELECT completed
        A: a6 ENABLE QRESYNC
        S: * ENABLED QRESYNC
        S: a6 OK ENABLE completed
        A: a7 SELECT INBOX
        S: ...
        A: a8 FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
        S: a8 BAD ...
        A: a9 UID FETCH 1:* (FLAGS) (VANISHED)
        S: a9 BAD ...
        """,
    )


# UIDs 2, 3, 5 and 7: the first six came with modification sequences 2 to 7; 8: 2 is read; 9: three are marked; 10: 1
# and 4 are gone; 11: 6 is gone; 12: 7 has come.
HISTORY = """
    N: 6
    B: b1 SELECT INBOX
    S: ...
    B: b2 STORE 2 +FLAGS.SILENT (\\Seen)
    S: ...
    B: b3 STORE 1,4,6 +FLAGS.SILENT (\\Deleted)
    S: ...
    B: b4 UID EXPUNGE 1,4
    S: ...
    B: b5 UID EXPUNGE 6
    S: ...
    N: 1
    A: a1 ENABLE QRESYNC
    S: ...
"""


@pytest.mark.parametrize(
    ("remembered", "told"),
    [
        (
            "7",
            [
                "VANISHED (EARLIER) 1,4,6",
                "1 (UID 2 FLAGS (\\Seen) MODSEQ (8))",
                "4 (UID 7 FLAGS (\\Recent) MODSEQ (12))",
            ],
        ),
        ("9", ["VANISHED (EARLIER) 1,4,6", "4 (UID 7 FLAGS (\\Recent) MODSEQ (12))"]),
        ("10", ["VANISHED (EARLIER) 6", "4 (UID 7 FLAGS (\\Recent) MODSEQ (12))"]),
        ("12", []),
        ("7 1:4", ["VANISHED (EARLIER) 1,4", "1 (UID 2 FLAGS (\\Seen) MODSEQ (8))"]),
        ("7 3,5:6", ["VANISHED (EARLIER) 6"]),
        ("7 1:6 (1:3 1:3)", ["VANISHED (EARLIER) 1,4,6", "1 (UID 2 FLAGS (\\Seen) MODSEQ (8))"]),
        (
            "7 (1:2 1:2)",
            [
                "VANISHED (EARLIER) 1,4,6",
                "1 (UID 2 FLAGS (\\Seen) MODSEQ (8))",
                "4 (UID 7 FLAGS (\\Recent) MODSEQ (12))",
            ],
        ),
    ],
)
async def test_a_client_that_comes_back_is_told_what_it_missed(house: House, remembered: str, told: list[str]) -> None:
    lines = [f"S: * {line}" if line.startswith("VAN") else f"S: * {line.replace(' (', ' FETCH (', 1)}" for line in told]
    await talk(
        house,
        HISTORY
        + f"""
        A: a2 SELECT INBOX (QRESYNC (1783252800 {remembered}))
        S: * FLAGS (...)
        S: * 4 EXISTS
        S: * 1 RECENT
        S: * OK [UNSEEN 2] ...
        S: * OK [UIDVALIDITY 1783252800] ...
        S: * OK [UIDNEXT 8] ...
        S: * OK [PERMANENTFLAGS (...)] ...
        S: * OK [HIGHESTMODSEQ 12] ...
        """
        + "\n".join(lines)
        + """
        S: a2 OK [READ-WRITE] SELECT completed
        """,
    )


async def test_another_validity_makes_what_was_remembered_worthless(house: House) -> None:
    await talk(
        house,
        HISTORY
        + """
        A: a2 SELECT INBOX (QRESYNC (67890007 1 1:6))
        S: ...
        S: * OK [UIDVALIDITY 1783252800] ...
        S: * OK [UIDNEXT 8] ...
        S: * OK [PERMANENTFLAGS (...)] ...
        S: * OK [HIGHESTMODSEQ 12] ...
        S: a2 OK [READ-WRITE] SELECT completed
        """,
    )


@pytest.mark.parametrize(
    "parameter",
    [
        "1 0",
        "0 1",
        "1",
        "1 2 *",
        "1 2 1:*",
        "1 2 $",
        "1 2 0",
        "1 2 1:3 (1:3)",
        "1 2 1:3 (1:3 1:*)",
        "1 9223372036854775808",
    ],
)
async def test_a_parameter_that_is_wrong_opens_nothing(house: House, parameter: str) -> None:
    await talk(
        house,
        f"""
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 SELECT INBOX (QRESYNC ({parameter}))
        S: a2 BAD ...
        A: a3 CHECK
        S: a3 BAD CHECK needs a mailbox...
        """,
    )


async def test_sequence_matches_spare_what_is_known_where_the_server_has_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "REMEMBERED", 1)
    await talk(
        house,
        HISTORY
        + """
        A: a2 EXAMINE INBOX (QRESYNC (1783252800 2))
        S: ...
        S: * VANISHED (EARLIER) 1,4,6
        S: ...
        S: a2 OK [READ-ONLY] EXAMINE completed
        A: a3 EXAMINE INBOX (QRESYNC (1783252800 2 1:7 (1:3 2:3,5)))
        S: * OK [CLOSED] ...
        S: ...
        S: * VANISHED (EARLIER) 6
        S: ...
        S: a3 OK [READ-ONLY] EXAMINE completed
        A: a4 EXAMINE INBOX (QRESYNC (1783252800 2 2:5 (2 3)))
        S: * OK [CLOSED] ...
        S: ...
        S: * VANISHED (EARLIER) 4
        S: ...
        S: a4 OK [READ-ONLY] EXAMINE completed
        """,
    )


async def test_fetch_tells_what_has_vanished_before_it_tells_what_is_there(house: House) -> None:
    await talk(
        house,
        HISTORY
        + """
        A: a2 SELECT INBOX
        S: ...
        A: a3 UID FETCH 2:99 (FLAGS) (CHANGEDSINCE 7 VANISHED)
        S: * VANISHED (EARLIER) 4,6
        S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (8))
        S: * 4 FETCH (UID 7 FLAGS (\\Recent) MODSEQ (12))
        S: a3 OK UID FETCH completed
        A: a4 UID FETCH 1:* (FLAGS) (VANISHED CHANGEDSINCE 11)
        S: * 4 FETCH (UID 7 FLAGS (\\Recent) MODSEQ (12))
        S: a4 OK UID FETCH completed
        """,
    )


async def test_another_mailbox_closes_the_first(house: House) -> None:
    await talk(
        house,
        """
        A: a1 CREATE friends
        S: a1 OK CREATE completed
        A: a2 SELECT INBOX
        S: * FLAGS ...
        S: ...
        A: a3 SELECT friends
        S: * OK [CLOSED] ...
        S: ...
        S: a3 OK [READ-WRITE] SELECT completed
        A: a4 EXAMINE nowhere
        S: * OK [CLOSED] ...
        S: a4 NO ...
        A: a5 SELECT INBOX
        S: * FLAGS ...
        S: ...
        """,
    )


async def test_a_modseq_beyond_an_expunge_that_waits_comes_with_a_lower_highest_one(house: House) -> None:
    """RFC 7162 §3.2 and §6: whoever is cut off here would never learn that UID 1 is gone."""
    await talk(
        house,
        """
        N: 2
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 SELECT INBOX
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: ...
        A: a3 NOOP
        S: ...
        B: b3 EXPUNGE
        S: ...
        B: b4 STORE 1 +FLAGS.SILENT (\\Seen)
        S: ...
        A: a4 FETCH 2 (FLAGS MODSEQ)
        S: * 2 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (6))
        S: ...
        S: a4 OK [HIGHESTMODSEQ 4] FETCH completed
        A: a5 NOOP
        S: * VANISHED 1
        S: a5 OK ...
        """,
    )


async def test_nothing_vanishes_in_a_uid_search_with_message_numbers(house: House) -> None:
    """RFC 7162 §3.2.10.2."""
    await talk(
        house,
        """
        N: 3
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 SELECT INBOX
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b3 EXPUNGE
        S: ...
        A: a3 UID SEARCH 2:3 UNDELETED
        S: * SEARCH 2 3
        S: a3 OK ...
        A: a4 UID SEARCH UID 2:3
        S: * VANISHED 1
        S: * SEARCH 2 3
        S: a4 OK ...
        """,
    )


async def test_a_client_comes_back_after_a_restart(house: House) -> None:
    await talk(house, HISTORY)
    house.database.close()
    again = House(house.database.path.parent)
    try:
        await talk(
            again,
            """
            A: a1 ENABLE QRESYNC
            S: ...
            A: a2 SELECT INBOX (QRESYNC (1783252800 9 1:6))
            S: ...
            S: * OK [UIDVALIDITY 1783252800] ...
            S: * OK [UIDNEXT 8] ...
            S: * OK [PERMANENTFLAGS (...)] ...
            S: * OK [HIGHESTMODSEQ 12] ...
            S: * VANISHED (EARLIER) 1,4,6
            S: a2 OK [READ-WRITE] SELECT completed
            """,
        )
    finally:
        again.database.close()
