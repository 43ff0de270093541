"""Mailboxes: their names, LIST, STATUS, making, renaming, opening, APPEND."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap.mailbox import (
    Listing,
    MailboxNameError,
    Wanted,
    decode_name,
    encode_name,
    listing,
    matches,
    normal,
    subscribed_listing,
)
from mailtutor.protocols.imap.server import ImapServer
from tests.protocols.imap.dialogue import LOGIN, SELECT, check
from tests.protocols.imap.world import Box, World


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("R&D", b"R&-D"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("发件箱", b"&U9FO9nux-"),
        ("😀", b"&2D3eAA-"),
    ],
)
def test_names_travel_in_modified_utf_7(name: str, wire: bytes) -> None:
    assert encode_name(name) == wire
    assert decode_name(wire) == name


@pytest.mark.parametrize("wire", [b"&", b"a&b", b"&AGE-", b"&U9F-", b"&!!!-", b"\xc3\xbc", b"&APw-&APw-", b"&2D0-"])
def test_a_name_has_only_one_right_spelling(wire: bytes) -> None:
    with pytest.raises(MailboxNameError):
        decode_name(wire)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "a/b/c", True),
        ("%", "a", True),
        ("%", "a/b", False),
        ("a/%", "a/b", True),
        ("a/%/c", "a/b/c", True),
        ("%/%", "a/b/c", False),
        ("a*c", "a/b/c", True),
        ("inbox", "INBOX", True),
        ("In%", "INBOX", True),
        ("friends", "Friends", False),
        ("", "a", False),
        ("a", "ab", False),
        ("*a*a*a*a*a*a*b", "a" * 200, False),
        ("%%%%a", "bca", True),
        ("*" * 2000, "a", False),
    ],
)
def test_patterns_match(pattern: str, name: str, *, fits: bool) -> None:
    assert matches(pattern, name, "/") is fits


def test_a_parent_that_is_no_mailbox_is_shown_where_the_client_walks_down() -> None:
    names = {"INBOX", "work/2026/may", "work/2026"}

    def listed(pattern: str) -> list[Listing]:
        return listing(dict.fromkeys(names, ()), (), Wanted((pattern,)), "/")

    assert listed("%") == [
        Listing("INBOX", ("\\HasNoChildren",)),
        Listing("work", ("\\Noselect", "\\HasChildren"), exists=False),
    ]
    assert listed("work/%") == [Listing("work/2026", ("\\HasChildren",))]
    assert subscribed_listing(names, "%", "/")[1] == Listing("work", ("\\Noselect",))
    assert [row.name for row in listed("*")] == ["INBOX", "work", "work/2026", "work/2026/may"]
    assert [row.name for row in subscribed_listing(names, "*", "/")] == [
        "INBOX",
        "work/2026",
        "work/2026/may",
    ]


def test_list_and_lsub() -> None:
    check(
        LOGIN
        + """
        C: a2 LIST "" ""
        S: * LIST (\\Noselect) "/" ""
        S: a2 OK LIST completed
        C: a3 LIST "" *
        S: * LIST (\\HasNoChildren) "/" INBOX
        S: * LIST (\\HasNoChildren) "/" friends
        S: a3 OK LIST completed
        C: a4 LSUB "" "%"
        S: * LSUB () "/" INBOX
        S: a4 OK LSUB completed
        C: a5 SUBSCRIBE friends
        S: a5 OK SUBSCRIBE completed
        C: a6 UNSUBSCRIBE inbox
        S: a6 OK UNSUBSCRIBE completed
        C: a7 LSUB fri {4}
        S: + Ready for literal data
        C: ends
        S: * LSUB () "/" friends
        S: a7 OK LSUB completed
        C: a8 LIST "" &
        S: a8 NO [CANNOT] That is no mailbox name: write it in modified UTF-7
        """,
        state="authenticated",
    )


def test_mailboxes_are_made_renamed_and_deleted() -> None:
    world, _ = check(
        LOGIN
        + """
        C: a2 CREATE "with space/"
        S: a2 OK CREATE completed
        C: a3 CREATE friends
        S: a3 NO [ALREADYEXISTS] Mailbox friends exists already
        C: a4 RENAME "with space" &U9FO9nux-
        S: a4 OK RENAME completed
        C: a5 DELETE friends
        S: a5 OK DELETE completed
        C: a6 DELETE friends
        S: a6 NO [NONEXISTENT] There is no mailbox friends
        C: a7 LIST "" "*"
        S: * LIST (\\HasNoChildren) "/" INBOX
        S: * LIST (\\HasNoChildren) "/" &U9FO9nux-
        S: a7 OK LIST completed
        """,
        state="authenticated",
    )
    assert set(world.boxes) == {"INBOX", "发件箱"}


def test_status_gives_the_items_in_the_order_asked() -> None:
    check(
        LOGIN
        + """
        C: a2 STATUS inbox (unseen MESSAGES UIDNEXT UIDVALIDITY RECENT UNSEEN)
        S: * STATUS INBOX (UNSEEN 1 MESSAGES 2 UIDNEXT 8 UIDVALIDITY 3857529045 RECENT 0)
        S: a2 OK STATUS completed
        C: a3 STATUS INBOX ()
        S: a3 BAD Syntax: tag STATUS mailbox (items) (no ...
        C: a4 STATUS INBOX (MESSAGES COLOUR)
        S: a4 BAD Syntax: tag STATUS mailbox (items) (no ...
        C: a5 STATUS nowhere (MESSAGES)
        S: a5 NO [NONEXISTENT] There is no mailbox nowhere
        """,
        state="authenticated",
    )


def test_examine_opens_for_reading_only() -> None:
    world, _ = check(
        LOGIN
        + """
        C: a2 EXAMINE INBOX
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * 2 EXISTS
        S: * 0 RECENT
        S: * OK [UNSEEN 1] Message 1 is first unseen
        S: * OK [UIDVALIDITY 3857529045] UIDs valid
        S: * OK [UIDNEXT 8] Predicted next UID
        S: * OK [PERMANENTFLAGS ()] No permanent flags permitted
        S: * OK [HIGHESTMODSEQ 1]...
        S: a2 OK [READ-ONLY] EXAMINE completed
        C: a3 STORE 1 +FLAGS \\Seen
        S: a3 NO This mailbox is open read-only: SELECT it to change it
        C: a4 EXPUNGE
        S: a4 NO This mailbox is open read-only: SELECT it to change it
        C: a5 FETCH 2 BODY[TEXT]
        S: * 2 FETCH (BODY[TEXT] {20}
        S: How about pickles?
        S: )
        S: a5 OK FETCH completed
        C: a6 FETCH 1 RFC822.TEXT
        S: * 1 FETCH (RFC822.TEXT {22}
        S: Do you like ketchup?
        S: )
        S: a6 OK FETCH completed
        C: a7 CLOSE
        S: a7 OK CLOSE completed
        """,
        state="authenticated",
    )
    assert not world.boxes["INBOX"].rows[4]


def test_a_select_that_fails_closes_what_was_open() -> None:
    check(
        SELECT
        + """
        C: a3 SELECT nowhere
        S: * OK [CLOSED] Previous mailbox is now closed
        S: a3 NO [NONEXISTENT] There is no mailbox nowhere
        """,
        state="authenticated",
    )


def test_a_select_that_is_not_understood_does_not() -> None:
    check(
        SELECT
        + "C: a3 SELECT\nS: a3 BAD Syntax: tag SELECT mailbox [(CONDSTORE | QRESYNC (...))] (mailbox is missing)",
        state="selected",
    )


def test_an_empty_mailbox_has_no_first_unseen() -> None:
    check(
        LOGIN
        + """
        C: a2 SELECT friends
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * 0 EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY 3857529045] UIDs valid
        S: * OK [UIDNEXT 1] Predicted next UID
        S: * OK [PERMANENTFLAGS (...
        S: * OK [HIGHESTMODSEQ 1]...
        S: a2 OK [READ-WRITE] SELECT completed
        C: a3 FETCH 1:* FLAGS
        S: a3 BAD There is no message 1: the mailbox has 0
        C: a4 UID FETCH 1:* FLAGS
        S: a4 OK UID FETCH completed
        C: a5 SEARCH ALL
        S: * SEARCH
        S: a5 OK SEARCH completed
        """
    )


def test_append_waits_for_the_literal_and_tells_the_uid() -> None:
    world, _ = check(
        SELECT
        + """
        C: a3 APPEND inbox (\\Seen work) "17-Jul-1996 02:44:25 -0700" {14}
        S: + Ready for literal data
        C: Subject: x
        C:
        C:
        S: * 3 EXISTS
        S: * 0 RECENT
        S: a3 OK [APPENDUID 3857529045 8] APPEND completed
        C: a4 APPEND friends {3+}
        C: a
        C: b
        S: a4 BAD Syntax: tag APPEND mailbox [(flags)] ["date-time"] {octets} (no ...
        C: a5 APPEND friends {6+}
        C: a
        C: b
        C:
        S: a5 OK [APPENDUID 3857529045 1] APPEND completed
        """
    )
    assert world.boxes["INBOX"].rows[8] == {"\\Seen", "work"}
    assert world.boxes["INBOX"].messages[8][2] == b"Subject: x\r\n\r\n"
    assert world.boxes["friends"].messages[1][2] == b"a\r\nb\r\n"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("nowhere {1+}", "NO [TRYCREATE] There is no mailbox nowhere; CREATE it first"),
        ("INBOX (\\Recent) {1+}", "BAD \\Recent is set by the server alone"),
        ("INBOX (\\Frobbed) {1+}", "BAD \\Frobbed is no flag; ..."),
        ('INBOX "32-Jul-1996 02:44:25 -0700" {1+}', "BAD Syntax: tag APPEND ..."),
        ('INBOX "17-Jul-1996 02:44:25 -9900" {1+}', "BAD Syntax: tag APPEND ..."),
        ('INBOX " 1-Jan-0001 00:00:00 +0100" {1+}', "BAD Syntax: tag APPEND ..."),
        ('INBOX "x" {1+}', "BAD Syntax: tag APPEND ..."),
    ],
)
def test_append_refuses(arguments: str, answer: str) -> None:
    world, _ = check(LOGIN + f"C: a2 APPEND {arguments}\nC: x\nS: a2 {answer}", state="authenticated")
    assert len(world.boxes["INBOX"].messages) == 2


def test_a_literal_holds_no_nul() -> None:
    server, world = ImapServer("hamburger.edu"), World()
    server.greet()
    server.receive_data(b"a0 LOGIN bob hungry\r\na1 APPEND INBOX {3+}\r\na\0b\r\n")
    assert world.settle(server).endswith(b"a1 BAD NUL may stand nowhere, not even in a literal\r\n")


def test_unselect_leaves_deleted_messages_and_close_does_not() -> None:
    deleted = Box()
    deleted.add(b"x", frozenset({"\\Deleted"}))
    for verb, left in (("UNSELECT", 1), ("CLOSE", 0)):
        world, _ = check(
            LOGIN
            + f"""
            C: a2 SELECT bin
            S: * FLAGS (...
            S: * 1 EXISTS
            S: * 0 RECENT
            S: * OK [UNSEEN 1] ...
            S: * OK [UIDVALIDITY ...
            S: * OK [UIDNEXT ...
            S: * OK [PERMANENTFLAGS ...
            S: * OK [HIGHESTMODSEQ ...
            S: a2 OK [READ-WRITE] SELECT completed
            C: a3 {verb}
            S: a3 OK {verb} completed
            """,
            state="authenticated",
            world=lambda: World({"bin": Box(dict(deleted.messages), 2)}),
        )
        assert len(world.boxes["bin"].messages) == left


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("inbox", "INBOX"),
        ("iNbOx/a", "INBOX/a"),
        ("inbox/inbox", "INBOX/inbox"),
        ("inboxes/a", "inboxes/a"),
        ("a/inbox", "a/inbox"),
        ("", ""),
    ],
)
def test_inbox_is_written_in_capitals_wherever_it_is_the_first_level(name: str, kept: str) -> None:
    assert normal(name, "/") == kept


def test_without_levels_only_the_whole_name_is_inbox() -> None:
    assert normal("Inbox") == "INBOX"
    assert normal("inbox/a") == "inbox/a"


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("inbox", "INBOX", True),
        ("Inbox/%", "INBOX/a", True),
        ("inbox/A", "INBOX/a", False),
        ("inb%", "INBOX", True),
        ("inb*", "INBOX/a", True),
        ("inbox*", "INBOXES", False),
        ("inbox/a/inbox", "INBOX/a/INBOX", False),
    ],
)
def test_a_pattern_meets_inbox_in_any_case_of_letters(pattern: str, name: str, *, fits: bool) -> None:
    assert matches(pattern, name, "/") == fits
