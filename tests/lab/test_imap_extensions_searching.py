"""Searching and sorting out of a real store, by the examples of RFC 4731 (ESEARCH), RFC 5182 (SEARCHRES) and RFC 5256
(SORT)."""

from __future__ import annotations

import pytest

from tests.lab.house import House
from tests.lab.talk import put, talk

# UIDs 2 to 5; all but the second, UID 3, are flagged.
FLAGGED = """
    N: 5
    A: a1 SELECT INBOX
    S: ...
    A: a2 STORE 1 +FLAGS.SILENT (\\Deleted)
    S: ...
    A: a3 EXPUNGE
    S: * 1 EXPUNGE
    S: a3 OK EXPUNGE completed
    A: a4 STORE 1,3:4 +FLAGS.SILENT (\\Flagged)
    S: a4 OK STORE completed
"""


# ESEARCH ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SEARCH RETURN (MIN COUNT) FLAGGED", 'ESEARCH (TAG "x") MIN 1 COUNT 3'),
        ("SEARCH RETURN () FLAGGED", 'ESEARCH (TAG "x") ALL 1,3:4'),
        ("SEARCH RETURN (ALL) FLAGGED", 'ESEARCH (TAG "x") ALL 1,3:4'),
        ("SEARCH RETURN (MIN) UNFLAGGED", 'ESEARCH (TAG "x") MIN 2'),
        ("UID SEARCH RETURN (MIN MAX) 1:4", 'ESEARCH (TAG "x") UID MIN 2 MAX 5'),
        ("UID SEARCH RETURN (ALL) FLAGGED", 'ESEARCH (TAG "x") UID ALL 2,4:5'),
        ("SEARCH RETURN (COUNT) FLAGGED", 'ESEARCH (TAG "x") COUNT 3'),
        ("SEARCH RETURN (COUNT) ANSWERED", 'ESEARCH (TAG "x") COUNT 0'),
        ("SEARCH RETURN (MIN MAX ALL) ANSWERED", 'ESEARCH (TAG "x")'),
        ("UID SEARCH RETURN (MIN) ANSWERED", 'ESEARCH (TAG "x") UID'),
        ("search return (min max) charset utf-8 all", 'ESEARCH (TAG "x") MIN 1 MAX 4'),
        ("SEARCH FLAGGED", "SEARCH 1 3 4"),
    ],
)
async def test_search_returns_what_was_asked_for(house: House, command: str, answer: str) -> None:
    await talk(house, f"{FLAGGED}\nA: x {command}\nS: * {answer}\nS: x OK ... completed")


@pytest.mark.parametrize("options", ["(MEDIAN)", "(ALL", "ALL", "((ALL))"])
async def test_return_options_nobody_knows_are_refused(house: House, options: str) -> None:
    await talk(house, f"{FLAGGED}\nA: x SEARCH RETURN {options} ALL\nS: x BAD ...")


# SEARCHRES --------------------------------------------------------------------------------------------------


async def test_what_was_saved_is_a_set_of_messages(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994
        S: b1 OK SEARCH completed
        A: b2 FETCH $ (UID FLAGS)
        S: * 1 FETCH (UID 2 FLAGS (\\Flagged \\Recent))
        S: * 3 FETCH (UID 4 FLAGS (\\Flagged \\Recent))
        S: * 4 FETCH (UID 5 FLAGS (\\Flagged \\Recent))
        S: b2 OK FETCH completed
        A: b3 UID SEARCH UID $ SMALLER 4096
        S: * SEARCH 2 4 5
        S: b3 OK UID SEARCH completed
        A: b4 UID SEARCH $ UID 3:4
        S: * SEARCH 4
        S: b4 OK UID SEARCH completed
        A: b5 SEARCH CHARSET UTF-8 (OR $ 1:2) TEXT {7+}
        A: pickles
        S: * SEARCH 1 2 3 4
        S: b5 OK SEARCH completed
        A: b6 CREATE Junk
        S: b6 OK CREATE completed
        A: b7 UID COPY $ Junk
        S: b7 OK [COPYUID ... 2,4:5 1:3] UID COPY completed
        A: b8 STORE $ +FLAGS.SILENT (\\Deleted)
        S: b8 OK STORE completed
        A: b9 UID EXPUNGE $
        S: * 1 EXPUNGE
        S: * 2 EXPUNGE
        S: * 2 EXPUNGE
        S: b9 OK UID EXPUNGE completed
        A: c1 FETCH $ UID
        S: c1 OK FETCH completed
        A: c2 UID MOVE $ Junk
        S: c2 OK UID MOVE completed
        """,
    )


async def test_pipelined_commands_mean_the_result_of_the_first(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (SAVE) FLAGGED
        A: b2 FETCH $ UID
        A: b3 SEARCH RETURN (SAVE) UNFLAGGED
        A: b4 SEARCH RETURN (ALL) $
        S: b1 OK SEARCH completed
        S: * 1 FETCH (UID 2)
        S: * 3 FETCH (UID 4)
        S: * 4 FETCH (UID 5)
        S: b2 OK FETCH completed
        S: b3 OK SEARCH completed
        S: * ESEARCH (TAG "b4") ALL 2
        S: b4 OK SEARCH completed
        """,
    )


async def test_nothing_found_is_a_set_that_names_nothing(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 CREATE "Other Messages"
        S: b1 OK CREATE completed
        A: b2 SEARCH RETURN (SAVE) SINCE 28-Oct-2036
        S: b2 OK SEARCH completed
        A: b3 COPY $ "Other Messages"
        S: b3 OK COPY completed
        A: b4 STORE $ +FLAGS (\\Seen)
        S: b4 OK STORE completed
        A: b5 SEARCH $
        S: * SEARCH
        S: b5 OK SEARCH completed
        A: b6 SEARCH NOT $
        S: * SEARCH 1 2 3 4
        S: b6 OK SEARCH completed
        """,
    )


async def test_saved_and_told_are_what_was_asked_for(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (ALL SAVE) FLAGGED
        S: * ESEARCH (TAG "b1") ALL 1,3:4
        S: b1 OK SEARCH completed
        A: b2 SEARCH $
        S: * SEARCH 1 3 4
        S: b2 OK SEARCH completed
        A: b3 SEARCH RETURN (SAVE MIN) FLAGGED
        S: * ESEARCH (TAG "b3") MIN 1
        S: b3 OK SEARCH completed
        A: b4 SEARCH $
        S: * SEARCH 1
        S: b4 OK SEARCH completed
        A: b5 SEARCH RETURN (MAX SAVE MIN) FLAGGED
        S: * ESEARCH (TAG "b5") MIN 1 MAX 4
        S: b5 OK SEARCH completed
        A: b6 SEARCH $
        S: * SEARCH 1 4
        S: b6 OK SEARCH completed
        A: b7 SEARCH RETURN (MAX SAVE MIN COUNT) FLAGGED
        S: * ESEARCH (TAG "b7") MIN 1 MAX 4 COUNT 3
        S: b7 OK SEARCH completed
        A: b8 SEARCH $
        S: * SEARCH 1 3 4
        S: b8 OK SEARCH completed
        """,
    )


async def test_what_is_saved_stays_where_a_search_does_not_save(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (SAVE) FLAGGED
        S: ...
        A: b2 SEARCH RETURN (ALL) UNFLAGGED
        S: ...
        A: b3 SEARCH RETURN (SAVE) NONSENSE
        S: b3 BAD ...
        A: b4 SEARCH CHARSET KOI8-R ALL
        S: b4 NO [BADCHARSET ...
        A: b5 SEARCH $
        S: * SEARCH 1 3 4
        S: b5 OK SEARCH completed
        A: b6 EXAMINE INBOX
        S: ...
        A: b7 SEARCH $
        S: * SEARCH
        S: b7 OK SEARCH completed
        """,
    )


async def test_a_search_that_would_save_and_cannot_leaves_nothing_saved(house: House) -> None:
    """RFC 5182 §2.1."""
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (SAVE) FLAGGED
        S: b1 OK SEARCH completed
        A: b2 SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3000:3021) TEXT {4+}
        A: XXXX
        S: b2 NO [BADCHARSET ...
        A: b3 SEARCH $
        S: * SEARCH
        S: b3 OK SEARCH completed
        """,
    )


async def test_what_others_expunge_leaves_what_was_saved(house: House) -> None:
    await talk(
        house,
        FLAGGED
        + """
        A: b1 SEARCH RETURN (SAVE) ALL
        S: b1 OK SEARCH completed
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 2 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b3 EXPUNGE
        S: ...
        A: b2 SEARCH RETURN (COUNT) $
        S: * ESEARCH (TAG "b2") COUNT 3
        S: b2 OK SEARCH completed
        A: b3 NOOP
        S: * 2 EXPUNGE
        S: b3 OK NOOP completed
        A: b4 UID FETCH $ FLAGS
        S: * 1 FETCH (UID 2 FLAGS (...))
        S: * 2 FETCH (UID 4 FLAGS (...))
        S: * 3 FETCH (UID 5 FLAGS (...))
        S: b4 OK UID FETCH completed
        """,
    )


# SORT -------------------------------------------------------------------------------------------------------


async def letters(house: House) -> None:
    """Five messages that differ in everything SORT looks at."""
    for sender, to, cc, subject, date, arrived in (
        ("bob@b", "z@x", "c@x", "Re: Apples", "Mon, 1 Jan 2001 00:01:32 +0000", "05"),
        ("alice@z", "y@x", "", "[list] apples (fwd)", "Sun, 31 Dec 2000 16:01:33 -0800", "04"),
        ("Carol <carol@a>", "x@x", "a@x", "Pears", "nonsense", "03"),
        ("alice@a", "", "b@x", "", "Sat, 30 Dec 2000 00:00:00 +0000", "02"),
        ("dave@d", "w@x", "", "=?utf-8?q?fwd:_bananas?=", "Tue, 2 Jan 2001 00:00:00 +0000", "01"),
    ):
        fields = [f"From: {sender}", f"Date: {date}", f"Subject: {subject}"]
        fields += [f"To: {to}"] if to else []
        fields += [f"Cc: {cc}"] if cc else []
        body = "x" * int(arrived)
        await put(house, "\n".join([*fields, "", body, ""]), options=f'"{arrived}-Jan-2001 12:00:00 +0000"')


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SORT (SUBJECT) UTF-8 ALL", "4 1 2 5 3"),
        ("SORT (REVERSE SUBJECT) UTF-8 ALL", "3 5 1 2 4"),
        ("SORT (SUBJECT REVERSE DATE) UTF-8 ALL", "4 2 1 5 3"),
        ("SORT (DATE) UTF-8 ALL", "4 1 2 5 3"),
        ("SORT (ARRIVAL) US-ASCII ALL", "5 4 3 2 1"),
        ("SORT (REVERSE ARRIVAL) US-ASCII ALL", "1 2 3 4 5"),
        ("SORT (FROM) UTF-8 ALL", "2 4 1 3 5"),
        ("SORT (FROM REVERSE ARRIVAL) UTF-8 ALL", "2 4 1 3 5"),
        ("SORT (TO) UTF-8 ALL", "4 5 3 2 1"),
        ("SORT (CC) UTF-8 ALL", "2 5 3 4 1"),
        ("SORT (SUBJECT) US-ASCII TEXT apples", "1 2"),
        ('SORT (SUBJECT) US-ASCII TEXT "not in mailbox"', ""),
        ("UID SORT (ARRIVAL) UTF-8 2:4", "4 3 2"),
        ("SORT (reverse date) utf-8 UID 3:*", "5 3 4".replace("5 3 4", "3 5 4")),
    ],
)
async def test_sort_orders_what_it_finds(house: House, command: str, answer: str) -> None:
    await letters(house)
    await talk(house, f"A: a1 SELECT INBOX\nS: ...\nA: x {command}\nS: * {f'SORT {answer}'.strip()}\nS: x OK ...")


async def test_sort_by_size_goes_by_octets(house: House) -> None:
    for size in (30, 10, 20, 10):
        await put(house, "x" * size)
    await talk(
        house,
        """
        A: a1 SELECT INBOX
        S: ...
        A: a2 SORT (SIZE) UTF-8 ALL
        S: * SORT 2 4 3 1
        S: a2 OK SORT completed
        A: a3 SORT (REVERSE SIZE) UTF-8 ALL
        S: * SORT 1 3 2 4
        S: a3 OK SORT completed
        """,
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SORT (SUBJECT) KOI8-R ALL", "NO [BADCHARSET"),
        ("SORT () UTF-8 ALL", "BAD"),
        ("SORT (REVERSE) UTF-8 ALL", "BAD"),
        ("SORT (REVERSE REVERSE DATE) UTF-8 ALL", "BAD"),
        ("SORT (COLOUR) UTF-8 ALL", "BAD"),
        ("SORT (DATE) UTF-8", "BAD"),
        ("SORT (DATE) ALL", "NO"),
        ("SORT SUBJECT UTF-8 ALL", "BAD"),
        ("UID SORT (SUBJECT)", "BAD"),
    ],
)
async def test_what_cannot_be_sorted_is_refused(house: House, command: str, answer: str) -> None:
    said = await (await house.session()).say(f"x {command}")
    assert said[0].startswith(f"x {answer}") or (answer == "NO" and said[0].startswith("x BAD"))


async def test_nothing_is_expunged_while_sort_is_answered(house: House) -> None:
    await talk(
        house,
        """
        N: 2
        A: a1 SELECT INBOX
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b3 EXPUNGE
        S: ...
        A: a2 SORT (ARRIVAL) UTF-8 ALL
        S: * SORT 2
        S: a2 OK SORT completed
        A: a3 UID SORT (ARRIVAL) UTF-8 ALL
        S: * 1 EXPUNGE
        S: * SORT 2
        S: a3 OK UID SORT completed
        """,
    )
