"""Mailboxes out of a real store, by the examples of RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS), RFC 6154
(SPECIAL-USE), RFC 8438 (STATUS=SIZE), RFC 9208 (QUOTA) and RFC 6855 (UTF8=ACCEPT)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailtutor.protocols.imap import events
from tests.lab.house import House
from tests.lab.talk import put, talk

# The hierarchy of RFC 5258 §5, and what is subscribed in it.
FRUIT = """
    A: a1 CREATE Fruit/Apple
    A: a2 CREATE Fruit/Banana
    A: a3 CREATE Tofu
    A: a4 CREATE Vegetable/Broccoli
    A: a5 CREATE Vegetable/Corn
    A: a6 SUBSCRIBE Fruit/Banana
    A: a7 SUBSCRIBE Fruit/Peach
    A: a8 SUBSCRIBE Vegetable
    A: a9 SUBSCRIBE Vegetable/Broccoli
    S: ...
    S: a9 OK SUBSCRIBE completed
"""
# That of its ninth example.
NUMBERED = """
    A: a1 UNSUBSCRIBE INBOX
    S: a1 OK UNSUBSCRIBE completed
    A: a1 CREATE foo2/bar1
    A: a2 CREATE foo2/bar2
    A: a3 CREATE baz2/bar2
    A: a4 CREATE baz2/bar22
    A: a5 CREATE baz2/bar222
    A: a6 CREATE eps2/mamba
    A: a7 CREATE qux2/bar2
    A: a8 DELETE qux2
    A: b1 SUBSCRIBE foo2/bar1
    A: b2 SUBSCRIBE foo2/bar2
    A: b3 SUBSCRIBE baz2/bar2
    A: b4 SUBSCRIBE baz2/bar22
    A: b5 SUBSCRIBE baz2/bar222
    A: b6 SUBSCRIBE eps2
    A: b7 SUBSCRIBE eps2/mamba
    A: b8 SUBSCRIBE qux2/bar2
    S: ...
    S: b8 OK SUBSCRIBE completed
"""


async def lists(house: House, before: str, command: str, *rows: str) -> None:
    """`LIST` says these rows: `(\\attributes) name`, more after the name as it comes; attributes in any order."""
    await talk(house, before)
    said = await (await house.session(mailbox="")).say(f"x {command}")
    assert said[-1] == "x OK LIST completed"
    assert sorted(map(_row, said[:-1])) == sorted(_row(row.replace(") ", ') "/" ', 1)) for row in rows)


def _row(line: str) -> tuple[str, list[str]]:
    attributes, _, rest = line.removeprefix("* LIST ").removeprefix("(").partition(")")
    return rest, sorted(attributes.split())


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        (
            'LIST (SUBSCRIBED) "" "*"',
            [
                "(\\Subscribed) INBOX",
                "(\\Subscribed) Fruit/Banana",
                "(\\Subscribed \\NonExistent) Fruit/Peach",
                "(\\Subscribed) Vegetable",
                "(\\Subscribed) Vegetable/Broccoli",
            ],
        ),
        (
            'LIST () "" "%" RETURN (CHILDREN)',
            [
                "(\\HasNoChildren) INBOX",
                "(\\HasChildren) Fruit",
                "(\\HasNoChildren) Tofu",
                "(\\HasChildren) Vegetable",
            ],
        ),
        (
            'LIST (REMOTE) "" "%" RETURN (CHILDREN)',
            [
                "(\\HasNoChildren) INBOX",
                "(\\HasChildren) Fruit",
                "(\\HasNoChildren) Tofu",
                "(\\HasChildren) Vegetable",
            ],
        ),
        (
            'LIST (REMOTE SUBSCRIBED) "" "*"',
            [
                "(\\Subscribed) INBOX",
                "(\\Subscribed) Fruit/Banana",
                "(\\Subscribed \\NonExistent) Fruit/Peach",
                "(\\Subscribed) Vegetable",
                "(\\Subscribed) Vegetable/Broccoli",
            ],
        ),
        (
            'LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)',
            [
                "(\\Subscribed) INBOX",
                "() Fruit",
                "() Fruit/Apple",
                "(\\Subscribed) Fruit/Banana",
                "() Tofu",
                "(\\Subscribed) Vegetable",
                "(\\Subscribed) Vegetable/Broccoli",
                "() Vegetable/Corn",
            ],
        ),
        ('LIST "" ("INBOX" "Tofu" "Fruit/%")', ["() INBOX", "() Tofu", "() Fruit/Apple", "() Fruit/Banana"]),
        ('LIST Fruit/ ("A%" %a) RETURN ()', ["() Fruit/Apple", "() Fruit/Banana"]),
        ('LIST "" (Tofu T* %)', ["() INBOX", "() Fruit", "() Tofu", "() Vegetable"]),
        ('LIST (SUBSCRIBED) "" Vegetable/% RETURN (CHILDREN)', ["(\\Subscribed \\HasNoChildren) Vegetable/Broccoli"]),
        (
            'LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"',
            [
                "(\\Subscribed) INBOX",
                '() Fruit ("CHILDINFO" ("SUBSCRIBED"))',
                '(\\Subscribed) Vegetable ("CHILDINFO" ("SUBSCRIBED"))',
            ],
        ),
    ],
)
async def test_the_fruit_and_the_vegetables(house: House, command: str, rows: list[str]) -> None:
    await lists(house, FRUIT, command, *rows)


async def test_a_child_that_is_subscribed_to_is_told_with_its_parent(house: House) -> None:
    before = """
        A: a0 UNSUBSCRIBE INBOX
        A: a1 CREATE Foo/Bar
        A: a2 CREATE Foo/Baz
        A: a3 CREATE Moo
        A: a4 SUBSCRIBE Foo/Baz
        S: ...
    """
    command = 'LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"'
    await lists(house, before, 'LIST (SUBSCRIBED) "" "*"', "(\\Subscribed) Foo/Baz")
    await lists(house, "", 'LIST (SUBSCRIBED) "" "%"')
    await lists(house, "", command, '() Foo ("CHILDINFO" ("SUBSCRIBED"))')
    await lists(house, "A: b1 SUBSCRIBE Foo\nS: ...", command, '(\\Subscribed) Foo ("CHILDINFO" ("SUBSCRIBED"))')
    await lists(
        house,
        "A: c1 UNSUBSCRIBE Foo/Baz\nA: c2 SUBSCRIBE Moo\nS: ...",
        f"{command} RETURN (CHILDREN)",
        "(\\HasChildren \\Subscribed) Foo",
        "(\\HasNoChildren \\Subscribed) Moo",
    )
    await lists(
        house,
        "A: d1 UNSUBSCRIBE Foo\nA: d2 UNSUBSCRIBE Moo\nA: d3 DELETE Foo\nA: d4 SUBSCRIBE Foo/Baz\nS: ...",
        command,
        '(\\NonExistent) Foo ("CHILDINFO" ("SUBSCRIBED"))',
    )
    await lists(house, "A: e1 UNSUBSCRIBE Foo/Baz\nS: ...", command)


async def test_a_parent_is_told_of_children_whether_they_match_the_pattern_or_not(house: House) -> None:
    await lists(
        house,
        NUMBERED,
        'LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"',
        '() foo2 ("CHILDINFO" ("SUBSCRIBED"))',
        "(\\Subscribed) foo2/bar1",
        "(\\Subscribed) foo2/bar2",
        '() baz2 ("CHILDINFO" ("SUBSCRIBED"))',
        "(\\Subscribed) baz2/bar2",
        "(\\Subscribed) baz2/bar22",
        "(\\Subscribed) baz2/bar222",
        '(\\Subscribed) eps2 ("CHILDINFO" ("SUBSCRIBED"))',
        "(\\Subscribed) eps2/mamba",
        '(\\NonExistent) qux2 ("CHILDINFO" ("SUBSCRIBED"))',
        "(\\Subscribed) qux2/bar2",
    )
    said = await (await house.session(mailbox="")).say('x LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"')
    # What it may add, and should not: baz2 and qux2, all whose children are told of anyway.
    assert {
        '* LIST () "/" foo2 ("CHILDINFO" ("SUBSCRIBED"))',
        '* LIST (\\Subscribed) "/" foo2/bar2',
        '* LIST (\\Subscribed) "/" baz2/bar2',
        '* LIST (\\Subscribed) "/" baz2/bar22',
        '* LIST (\\Subscribed) "/" baz2/bar222',
        '* LIST (\\Subscribed) "/" eps2 ("CHILDINFO" ("SUBSCRIBED"))',
        '* LIST (\\Subscribed) "/" qux2/bar2',
    } <= set(said)


async def test_childinfo_does_not_mean_that_there_are_children(house: House) -> None:
    await lists(
        house,
        "A: a1 CREATE foo\nA: a2 SUBSCRIBE foo/bar\nS: ...",
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)',
        '(\\HasNoChildren) foo ("CHILDINFO" ("SUBSCRIBED"))',
    )
    await lists(house, "", 'LIST (SUBSCRIBED) "" "foo/*"', "(\\Subscribed \\NonExistent) foo/bar")


async def test_a_level_that_is_no_mailbox_is_shown_as_not_existing(house: House) -> None:
    before = "A: a1 CREATE music/rock\nA: a2 DELETE music\nS: ..."
    await lists(
        house,
        before,
        'LIST () "" % RETURN (CHILDREN)',
        "(\\HasNoChildren) INBOX",
        "(\\NonExistent \\HasChildren) music",
    )
    await lists(house, "", 'LIST "" (% music/rock)', "() INBOX", "(\\NonExistent) music", "() music/rock")


@pytest.mark.parametrize(
    "command",
    [
        'LIST (RECURSIVEMATCH) "" "*"',
        'LIST (REMOTE RECURSIVEMATCH) "" "*"',
        'LIST (UNHEARD-OF) "" "*"',
        'LIST (SUBSCRIBED) "" "*" RETURN (UNHEARD-OF)',
        'LIST (SUBSCRIBED "" "*"',
        'LIST "" ()',
        'LIST "" "*" RETURN CHILDREN',
        'LIST "" "*" RETURN (STATUS)',
        'LIST "" "*" RETURN (STATUS ())',
        'LIST "" "*" RETURN (STATUS (COLOUR))',
    ],
)
async def test_a_list_that_is_written_wrong_is_refused(house: House, command: str) -> None:
    assert (await (await house.session(mailbox="")).say(f"x {command}"))[0].startswith("x BAD ")


# LIST-STATUS, SPECIAL-USE, STATUS=SIZE -----------------------------------------------------------------------


async def test_list_tells_the_counts_of_what_exists(house: House) -> None:
    await talk(
        house,
        """
        N: 2
        A: a0 CREATE foo
        A: a1 CREATE bar/baz
        A: a2 DELETE bar
        A: a3 SUBSCRIBE foo/gone
        A: a4 APPEND foo (\\Seen) {1+}
        A: x
        S: ...
        A: a5 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
        S: * LIST () "/" INBOX
        S: * STATUS INBOX (MESSAGES 2 UNSEEN 2)
        S: * LIST (\\NonExistent) "/" bar
        S: * LIST () "/" foo
        S: * STATUS foo (MESSAGES 1 UNSEEN 0)
        S: a5 OK LIST completed
        A: a6 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
        S: * LIST (\\Subscribed) "/" INBOX
        S: * STATUS INBOX (MESSAGES 2)
        S: * LIST () "/" foo ("CHILDINFO" ("SUBSCRIBED"))
        S: * STATUS foo (MESSAGES 1)
        S: a6 OK LIST completed
        A: a7 LIST (SUBSCRIBED) "" * RETURN (STATUS (UIDNEXT SIZE) CHILDREN)
        S: * LIST (...) "/" INBOX
        S: * STATUS INBOX (UIDNEXT 3 SIZE 190)
        S: * LIST (...) "/" foo/gone
        S: a7 OK LIST completed
        """,
    )


async def test_a_mailbox_says_what_it_is_for(house: House) -> None:
    await talk(
        house,
        """
        A: a1 CREATE MySpecial (USE (\\Drafts \\Sent))
        S: a1 OK CREATE completed
        A: a2 CREATE Everything (USE (\\Frobnicated))
        S: a2 NO [USEATTR] ...
        A: a3 CREATE Other (USE (\\Drafts))
        S: a3 NO [USEATTR] ...
        A: a4 CREATE Trash
        S: a4 OK CREATE completed
        A: a5 CREATE ToDo (USE ())
        S: a5 OK CREATE completed
        A: a6 LIST "" "%"
        S: * LIST (\\HasNoChildren) "/" INBOX
        S: * LIST (\\HasNoChildren \\Drafts \\Sent) "/" MySpecial
        S: * LIST (\\HasNoChildren) "/" ToDo
        S: * LIST (\\HasNoChildren \\Trash) "/" Trash
        S: a6 OK LIST completed
        A: a7 LIST "" "%" RETURN (SPECIAL-USE)
        S: * LIST () "/" INBOX
        S: * LIST (\\Drafts \\Sent) "/" MySpecial
        S: * LIST () "/" ToDo
        S: * LIST (\\Trash) "/" Trash
        S: a7 OK LIST completed
        A: a8 LIST (SPECIAL-USE) "" "*"
        S: * LIST (\\Drafts \\Sent) "/" MySpecial
        S: * LIST (\\Trash) "/" Trash
        S: a8 OK LIST completed
        A: a9 RENAME MySpecial Work/Drafts
        S: a9 OK RENAME completed
        A: b1 LIST (SPECIAL-USE) "" "*" RETURN (SPECIAL-USE)
        S: * LIST (\\Trash) "/" Trash
        S: * LIST (\\Drafts \\Sent) "/" Work/Drafts
        S: b1 OK LIST completed
        A: b2 CREATE bad (USE \\Sent)
        S: b2 BAD ...
        A: b3 CREATE bad (USE (Sent))
        S: b3 BAD ...
        A: b4 LIST "" bad
        S: b4 OK LIST completed
        """,
    )


async def test_a_use_given_twice_is_kept_once(house: House) -> None:
    await talk(
        house,
        """
        A: a1 CREATE Out (USE (\\Sent \\sent))
        S: a1 OK CREATE completed
        A: a2 LIST (SPECIAL-USE) "" *
        S: * LIST (\\Sent) "/" Out
        S: a2 OK LIST completed
        """,
    )


async def test_recursivematch_goes_with_special_use(house: House) -> None:
    await talk(
        house,
        """
        A: a1 CREATE Projects/Sent (USE (\\Sent))
        S: ...
        A: a2 LIST (SPECIAL-USE RECURSIVEMATCH) "" "%"
        S: * LIST () "/" Projects ("CHILDINFO" ("SPECIAL-USE"))
        S: a2 OK LIST completed
        """,
    )


async def test_status_counts_octets_and_what_is_marked_deleted(house: House) -> None:
    for size in (10, 20, 30):
        await put(house, "x" * size)
    await talk(
        house,
        """
        A: a1 STATUS INBOX (MESSAGES SIZE DELETED)
        S: * STATUS INBOX (MESSAGES 3 SIZE 60 DELETED 0)
        S: a1 OK STATUS completed
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1,3 +FLAGS.SILENT (\\Deleted)
        S: ...
        A: a2 STATUS INBOX (DELETED SIZE)
        S: * STATUS INBOX (DELETED 2 SIZE 60)
        S: a2 OK STATUS completed
        B: b3 EXPUNGE
        S: ...
        A: a3 STATUS INBOX (DELETED SIZE UNSEEN UIDNEXT)
        S: * STATUS INBOX (DELETED 0 SIZE 20 UNSEEN 1 UIDNEXT 4)
        S: a3 OK STATUS completed
        """,
    )


# QUOTA -------------------------------------------------------------------------------------------------------


async def test_quota_tells_what_is_used_and_allowed(house: House) -> None:
    await put(house, "x" * 1025)
    await talk(
        house,
        """
        A: a1 GETQUOTAROOT INBOX
        S: * QUOTAROOT INBOX bob
        S: * QUOTA bob (STORAGE 2 1048576...)
        S: a1 OK GETQUOTAROOT completed
        A: a2 GETQUOTA "bob"
        S: * QUOTA bob (STORAGE 2 1048576...)
        S: a2 OK GETQUOTA completed
        A: a3 GETQUOTA "!partition/sda4"
        S: a3 NO [NONEXISTENT] ...
        A: a4 GETQUOTAROOT nowhere
        S: a4 NO [NONEXISTENT] ...
        A: a5 SETQUOTA bob (STORAGE 510)
        S: a5 BAD SETQUOTA is not offered here
        A: a6 GETQUOTA
        S: a6 BAD ...
        """,
    )


async def test_a_quota_resource_that_is_offered_is_told(house: House) -> None:
    """RFC 9208 §3.1: a server names in its capabilities the resources it handles."""
    session = await house.session(mailbox="")
    offered = {
        word.removeprefix("QUOTA=RES-") for word in (await session.say("a CAPABILITY"))[0].split() if "=RES-" in word
    }
    told = (await session.say("b GETQUOTAROOT INBOX"))[1].partition("(")[2].rstrip(")").split()
    assert set(told[::3]) == offered


async def test_status_tells_what_expunge_would_free(house: House) -> None:
    """RFC 9208 §4.1.4: DELETED-STORAGE comes with QUOTA=RES-STORAGE."""
    await put(house, "x" * 1025, options="(\\Deleted)")
    await put(house, "x" * 10)
    await talk(
        house,
        """
        A: a1 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
        S: * STATUS INBOX (MESSAGES 2 DELETED 1 DELETED-STORAGE ...)
        S: a1 OK STATUS completed
        """,
    )


async def test_what_does_not_fit_is_refused_and_changes_nothing(house: House) -> None:
    house.delivery.plan = replace(house.delivery.plan, quota_octets=1000)
    await talk(
        house,
        """
        A: a1 CREATE MEETING
        S: ...
        A: a2 APPEND INBOX (\\Seen) {6+}
        A: abcdef
        S: a2 OK [APPENDUID ...
        """,
    )
    await put(house, "x" * 600)
    session = await house.session()
    assert (await session.say("b APPEND INBOX {500+}", "x" * 500))[-1].startswith("b NO [OVERQUOTA] ")
    assert (await session.say("c COPY 1:2 MEETING"))[-1].startswith("c NO [OVERQUOTA] ")
    assert (await session.say("d COPY 1 MEETING"))[-1].startswith("d OK ")
    assert (await session.say("e MOVE 2 MEETING"))[-1].startswith("e OK ")
    assert (await session.say("f STATUS INBOX (MESSAGES SIZE)"))[0] == "* STATUS INBOX (MESSAGES 1 SIZE 6)"
    assert (await session.say("g STATUS MEETING (MESSAGES SIZE)"))[0] == "* STATUS MEETING (MESSAGES 2 SIZE 606)"


# UTF8=ACCEPT -------------------------------------------------------------------------------------------------


async def test_names_are_utf_8_for_one_and_utf_7_for_the_other(house: House) -> None:
    await talk(
        house,
        """
        A: a1 ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: a1 OK ENABLE completed
        A: a2 CREATE "用户/Übung & Co"
        S: a2 OK CREATE completed
        A: a3 SUBSCRIBE "用户/Übung & Co"
        S: ...
        A: a4 LIST "" "用户*"
        S: * LIST (\\HasChildren) "/" "用户"
        S: * LIST (\\HasNoChildren) "/" "用户/Übung & Co"
        S: a4 OK LIST completed
        B: b1 LIST "" "&dShiNw-*"
        S: * LIST (\\HasChildren) "/" &dShiNw-
        S: * LIST (\\HasNoChildren) "/" "&dShiNw-/&ANw-bung &- Co"
        S: b1 OK LIST completed
        B: b2 STATUS "&dShiNw-/&ANw-bung &- Co" (MESSAGES)
        S: * STATUS "&dShiNw-/&ANw-bung &- Co" (MESSAGES 0)
        S: b2 OK STATUS completed
        A: a5 LSUB "" "用户*"
        S: * LSUB () "/" "用户/Übung & Co"
        S: a5 OK LSUB completed
        A: a6 STATUS "nirgendwo ß" (MESSAGES)
        S: a6 NO [NONEXISTENT] ...
        A: a7 SELECT "用户"
        S: ...
        S: a7 OK [READ-WRITE] SELECT completed
        A: a8 APPEND "用户" {1+}
        A: x
        S: ...
        S: a8 OK [APPENDUID ...
        A: a9 UID MOVE 1 "用户/Übung & Co"
        S: ...
        S: a9 OK ...
        """,
    )


async def test_a_name_is_the_same_however_its_letters_are_put_together(house: House) -> None:
    apart = "u\N{COMBINING DIAERESIS}bung"
    await talk(
        house,
        f"""
        A: a1 ENABLE UTF8=ACCEPT
        S: ...
        A: a2 CREATE "{apart}"
        S: a2 OK CREATE completed
        A: a3 LIST "" "{apart[:2]}*"
        S: * LIST (\\HasNoChildren) "/" "\N{LATIN SMALL LETTER U WITH DIAERESIS}bung"
        S: a3 OK LIST completed
        A: a4 CREATE "\N{LATIN SMALL LETTER U WITH DIAERESIS}bung"
        S: a4 NO [ALREADYEXISTS] ...
        A: a5 SELECT "{apart}"
        S: ...
        S: a5 OK [READ-WRITE] SELECT completed
        """,
    )


async def test_octets_that_are_not_utf_8_are_refused(house: House) -> None:
    session = await house.session(mailbox="")
    await session.say("a ENABLE UTF8=ACCEPT")
    engine = session.service.engine
    for name in (b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\xaf"'):
        engine.receive_data(b"x CREATE " + name + b"\r\n")
        engine.next_event()
        assert engine.data_to_send().startswith(b"x BAD "), name


@pytest.mark.parametrize(
    "character",
    [
        *("\u0001", "\u001f", "\u007f"),
        *("\u0080", "\u0085", "\u009f", "\u2028", "\u2029"),
    ],
)
async def test_controls_and_line_separators_stand_in_no_name(house: House, character: str) -> None:
    """RFC 6855 §3."""
    session = await house.session(mailbox="")
    await session.say("a ENABLE UTF8=ACCEPT")
    engine = session.service.engine
    engine.receive_data(f'x CREATE "a{character}b"\r\n'.encode())
    if isinstance(event := engine.next_event(), events.CreateAsked):
        await session.service.handle(event)
    assert engine.data_to_send().split()[1] in (b"NO", b"BAD")


async def test_text_is_searched_as_utf_8_without_a_charset(house: House) -> None:
    await put(house, "Subject: Übung\nContent-Type: text/plain; charset=utf-8\n\nmuß\n")
    await talk(
        house,
        """
        A: a1 ENABLE UTF8=ACCEPT
        S: ...
        A: a2 SELECT INBOX
        S: ...
        A: a3 SEARCH SUBJECT "übung"
        S: * SEARCH 1
        S: a3 OK SEARCH completed
        A: a4 SEARCH CHARSET UTF-8 ALL
        S: a4 BAD ...
        A: a5 SEARCH RETURN (COUNT) BODY {4+}
        A: muß
        S: * ESEARCH (TAG "a5") COUNT 1
        S: a5 OK SEARCH completed
        """,
    )


async def test_a_header_in_utf_8_is_appended_only_by_who_has_agreed(house: House) -> None:
    await talk(
        house,
        """
        A: a1 APPEND INBOX UTF8 (~{17+}
        A: Subject: Übung
        A: )
        S: a1 BAD ...
        B: b1 ENABLE UTF8=ACCEPT
        S: ...
        B: b2 APPEND INBOX UTF8 (~{17+}
        B: Subject: Übung
        B: )
        S: b2 OK [APPENDUID ...
        B: b3 APPEND INBOX (\\Seen) UTF8 (~{3+}
        B: abc
        S: b3 BAD ...
        """,
    )


async def test_a_strict_server_refuses_a_header_in_utf_8_from_who_has_not_agreed(house: House) -> None:
    """RFC 6855 §4."""
    house.delivery.plan = replace(house.delivery.plan, rules=frozenset({"strict-7bit"}))
    await talk(
        house,
        """
        A: a1 APPEND INBOX {19+}
        A: Subject: Übung
        A:
        A:
        S: a1 NO ...
        """,
    )


async def test_a_body_of_8_bit_text_is_taken_from_anybody(house: House) -> None:
    await talk(
        house,
        """
        A: a1 APPEND INBOX {20+}
        A: Subject: x
        A:
        A: Übung
        S: a1 OK ...
        """,
    )
