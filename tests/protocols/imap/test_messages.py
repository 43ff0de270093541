"""Messages: numbers and UIDs, flags, FETCH, SEARCH, COPY, EXPUNGE, as dialogues."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap.server import ImapServer
from tests.protocols.imap.dialogue import SELECT, check


def asked(command: str, *answers: str) -> None:
    """One command in the inbox of two messages (UIDs 4 and 7)."""
    check(SELECT + f"C: a3 {command}\n" + "\n".join(f"S: {answer}" for answer in answers))


def test_the_envelope_of_the_rfc() -> None:
    people = '(("Terry Gray" NIL "gray" "cac.washington.edu"))'
    asked(
        "FETCH 1 ENVELOPE",
        '* 1 FETCH (ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "Ketchup" '
        f'{people} {people} {people} ((NIL NIL "imap" "cac.washington.edu")) NIL NIL NIL '
        '"<B27397-0100000@cac.washington.edu>"))',
        "a3 OK FETCH completed",
    )


def test_fast_all_and_full_are_macros() -> None:
    fast = 'FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 63'
    alice = '((NIL NIL "alice" "crepes.fr"))'
    envelope = f'ENVELOPE (NIL "Pickles" {alice} {alice} {alice} NIL NIL NIL NIL NIL)'
    body = 'BODY ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 20 1)'
    asked("FETCH 2 fast", f"* 2 FETCH ({fast})", "a3 OK FETCH completed")
    asked("FETCH 2 ALL", f"* 2 FETCH ({fast} {envelope})", "a3 OK FETCH completed")
    asked("FETCH 2 FULL", f"* 2 FETCH ({fast} {envelope} {body})", "a3 OK FETCH completed")


def test_uid_fetch_always_tells_the_uid() -> None:
    asked(
        "UID FETCH 5:* FLAGS",
        "* 2 FETCH (UID 7 FLAGS (\\Seen))",
        "a3 OK UID FETCH completed",
    )
    asked("UID FETCH 7 (FLAGS UID)", "* 2 FETCH (FLAGS (\\Seen) UID 7)", "a3 OK UID FETCH completed")
    asked("UID FETCH 99:* UID", "* 2 FETCH (UID 7)", "a3 OK UID FETCH completed")
    asked("UID FETCH 1,5,99 FLAGS", "a3 OK UID FETCH completed")


def test_a_number_that_does_not_exist_is_bad() -> None:
    asked("FETCH 3 FLAGS", "a3 BAD There is no message 3: the mailbox has 2")
    asked("FETCH 1:5 FLAGS", "a3 BAD There is no message 5: the mailbox has 2")
    asked("STORE 9 FLAGS ()", "a3 BAD There is no message 9: the mailbox has 2")
    asked("COPY 0 friends", "a3 BAD Syntax: tag COPY messages mailbox (no nz-number: 0 friends)")


def test_a_range_may_be_backwards_and_overlap() -> None:
    asked("FETCH *:1,2,1:* UID", "* 1 FETCH (UID 4)", "* 2 FETCH (UID 7)", "a3 OK FETCH completed")


def test_peek_leaves_seen_alone_and_body_does_not() -> None:
    check(
        SELECT
        + """
        C: a3 FETCH 1 BODY.PEEK[TEXT]<0.6>
        S: * 1 FETCH (BODY[TEXT]<0> {6}
        S: Do you)
        S: a3 OK FETCH completed
        C: a4 FETCH 1 FLAGS
        S: * 1 FETCH (FLAGS ())
        S: a4 OK FETCH completed
        C: a5 FETCH 1 RFC822.HEADER
        S: * 1 FETCH (RFC822.HEADER {187}
        S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
        S: From: Terry Gray <gray@cac.washington.edu>
        S: Subject: Ketchup
        S: To: imap@cac.washington.edu
        S: Message-Id: <B27397-0100000@cac.washington.edu>
        S:
        S: )
        S: a5 OK FETCH completed
        C: a6 UID FETCH 4 (BODY[TEXT]<7.100> BODY[3])
        S: * 1 FETCH (UID 4 BODY[TEXT]<7> {15}
        S: like ketchup?
        S:  BODY[3] NIL FLAGS (\\Seen))
        S: a6 OK UID FETCH completed
        C: a7 FETCH 1 BODY[TEXT]<99.1>
        S: * 1 FETCH (BODY[TEXT]<99> {0}
        S: )
        S: a7 OK FETCH completed
        """
    )


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1",
        "FETCH FLAGS",
        "FETCH 1 ()",
        "FETCH 1 (ALL)",
        "FETCH 1 FLAGS UID",
        "FETCH 1 (FLAGS",
        "FETCH 1 BODY[",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[0]",
        "FETCH 1 BODY[HEADER.FIELDS]",
        "FETCH 1 BODY[HEADER.FIELDS ()]",
        "FETCH 1 BODY[1.]",
        "FETCH 1 BODY[TEXT]<0>",
        "FETCH 1 BODY[TEXT]<0.0>",
        "FETCH 1 BODY[TEXT]<1.2",
        "FETCH 4294967296 FLAGS",
        "FETCH 1: FLAGS",
        "FETCH 1,, FLAGS",
        "FETCH $1 FLAGS",
        "STORE 1 FLAGS",
        "STORE 1 =FLAGS (\\Seen)",
        "STORE 1 +FLAGS.LOUD (\\Seen)",
        "STORE 1 FLAGS (\\Seen",
        "SEARCH",
        "SEARCH FROM",
        "SEARCH OR SEEN",
        "SEARCH (SEEN",
        "SEARCH ()",
        "SEARCH BEFORE 31-Feb-2026",
        "SEARCH ON 1-Foo-2026",
        "SEARCH LARGER x",
        "SEARCH FROB",
        "COPY 1",
        "UID EXPUNGE",
        "BODY",
    ],
)
def test_nonsense_is_bad(command: str) -> None:
    asked(command, "a3 BAD ...")


def test_parts_deeper_than_any_message_are_bad_or_nil() -> None:
    asked("FETCH 2 BODY[1.2.3.4]", "* 2 FETCH (BODY[1.2.3.4] NIL)", "a3 OK FETCH completed")
    asked(f"FETCH 2 BODY[{'.'.join('1' * 200)}]", "a3 BAD ...")


def test_store_sets_adds_and_removes() -> None:
    check(
        SELECT
        + """
        C: a3 STORE 1:2 +FLAGS (\\Flagged work)
        S: * 1 FETCH (FLAGS (\\Flagged work))
        S: * 2 FETCH (FLAGS (\\Flagged \\Seen work))
        S: a3 OK STORE completed
        C: a4 STORE 2 -FLAGS work
        S: * 2 FETCH (FLAGS (\\Flagged \\Seen))
        S: a4 OK STORE completed
        C: a5 UID STORE 7 flags ()
        S: * 2 FETCH (UID 7 FLAGS ())
        S: a5 OK UID STORE completed
        C: a6 STORE 1 FLAGS.SILENT \\deleted \\SEEN
        S: a6 OK STORE completed
        C: a7 FETCH 1 FLAGS
        S: * 1 FETCH (FLAGS (\\Deleted \\Seen))
        S: a7 OK FETCH completed
        C: a8 STORE 1 +FLAGS (\\Recent)
        S: a8 BAD \\Recent is set by the server alone
        C: a9 UID STORE 99 +FLAGS (\\Seen)
        S: a9 OK UID STORE completed
        """
    )


def test_copy_tells_the_uids_with_uidplus_only() -> None:
    asked("COPY 1:2 friends", "a3 OK [COPYUID 3857529046 4,7 1:2] COPY completed")
    asked("UID COPY 99 friends", "a3 OK UID COPY completed")
    asked("COPY 1 nowhere", "a3 NO [TRYCREATE] There is no mailbox nowhere; CREATE it first")
    check(
        SELECT
        + """
        C: a3 COPY 1 friends
        S: a3 OK COPY completed
        C: a4 APPEND friends {1+}
        C: x
        S: a4 BAD ...
        C: a5 APPEND friends {1}
        S: + Ready for literal data
        C: x
        S: a5 OK APPEND completed
        """,
        server=lambda: ImapServer("hamburger.edu", capabilities=("IMAP4rev1", "CONDSTORE")),
    )


def test_expunge_counts_down_as_it_goes() -> None:
    check(
        SELECT
        + """
        C: a3 STORE 1:2 +FLAGS.SILENT \\Deleted
        S: a3 OK STORE completed
        C: a4 UID EXPUNGE 99
        S: a4 OK UID EXPUNGE completed
        C: a5 EXPUNGE
        S: * 1 EXPUNGE
        S: * 1 EXPUNGE
        S: a5 OK EXPUNGE completed
        """
    )


def test_uid_expunge_takes_only_what_it_names() -> None:
    check(
        SELECT
        + """
        C: a3 STORE 1:2 +FLAGS.SILENT \\Deleted
        S: a3 OK STORE completed
        C: a4 UID EXPUNGE 7
        S: * 2 EXPUNGE
        S: a4 OK UID EXPUNGE completed
        """
    )


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("ALL", "1 2"),
        ("SEEN", "2"),
        ("UNSEEN", "1"),
        ("NOT SEEN", "1"),
        ("FROM alice", "2"),
        ("TO imap SUBJECT ketchup", "1"),
        ("OR SEEN SUBJECT ketchup", "1 2"),
        ("(UNSEEN FROM gray)", "1"),
        ("2", "2"),
        ("*", "2"),
        ("1:* UID 7", "2"),
        ("UID 1:5", "1"),
        ("99", ""),
        ("BODY PICKLES", "2"),
        ("TEXT pickles", "2"),
        ("BODY gray", ""),
        ("TEXT gray", "1"),
        ('HEADER message-id ""', "1"),
        ("HEADER X-None x", ""),
        ("SENTON 17-Jul-1996", "1"),
        ('SINCE "17-Jul-1996"', "1 2"),
        ("BEFORE 17-Jul-1996", ""),
        ("LARGER 63", "1"),
        ("SMALLER 64", "2"),
        ("KEYWORD work", ""),
        ("UNKEYWORD work", "1 2"),
        ("NEW", ""),
        ("OLD", "1 2"),
        ("CHARSET UTF-8 SUBJECT ketchup", "1"),
        ("CHARSET us-ascii SUBJECT ketchup", "1"),
    ],
)
def test_search(keys: str, found: str) -> None:
    asked(f"SEARCH {keys}", f"* SEARCH {found}".rstrip(), "a3 OK SEARCH completed")


def test_uid_search_gives_uids() -> None:
    asked("UID SEARCH ALL", "* SEARCH 4 7", "a3 OK UID SEARCH completed")


def test_an_unknown_charset_is_refused_with_those_we_know() -> None:
    asked("SEARCH CHARSET KOI8-R ALL", "a3 NO [BADCHARSET (US-ASCII UTF-8)] Character set not known here")


def test_keys_nested_without_end_are_refused() -> None:
    asked("SEARCH " + "NOT " * 300 + "ALL", "a3 BAD Search keys nested too deep")
    asked("SEARCH " + "(" * 300, "a3 BAD Search keys nested too deep")


def test_others_changes_wait_for_a_command_that_may_tell_them() -> None:
    check(
        SELECT
        + """
        N: expunge 4
        C: a3 SEARCH UNSEEN UNDELETED UNFLAGGED 2
        S: * SEARCH
        S: a3 OK SEARCH completed
        C: a4 NOOP
        S: * 1 EXPUNGE
        S: a4 OK NOOP completed
        N: arrive
        N: flag 7 \\Flagged
        C: a5 CHECK
        S: * 2 EXISTS
        S: * 1 RECENT
        S: * 1 FETCH (FLAGS (\\Flagged \\Seen))
        S: a5 OK CHECK completed
        C: a6 FETCH 2 FLAGS
        S: * 2 FETCH (FLAGS (\\Recent))
        S: a6 OK FETCH completed
        """
    )
