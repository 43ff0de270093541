"""Reading conversations somebody else had."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap import ImapObserver
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from tests.protocols.imap.dialogue import SELECT, check


def read(script: str) -> tuple[ImapObserver, list[Line]]:
    """Lines of "C: ..." and "S: ..." through an observer."""
    observer = ImapObserver()
    lines = []
    for text in filter(None, (line.strip() for line in script.splitlines())):
        lines += observer.observe(Source(text[0]), text[3:].encode() + b"\r\n")
    return observer, lines


def test_each_line_knows_what_it_is_and_where_it_leads() -> None:
    _, lines = read(
        """
        S: * OK IMAP4rev1 Service Ready
        C: a1 login bob hungry
        S: a1 OK LOGIN completed
        C: a2 SELECT INBOX
        S: * 18 EXISTS
        S: * OK [UNSEEN 17] Message 17 is the first unseen message
        S: a2 OK [READ-WRITE] SELECT completed
        C: a3 LOGOUT
        S: * BYE server terminating connection
        S: a3 OK LOGOUT completed
        """
    )
    rows = [(line.kind, line.verb, line.code, line.outcome, line.before, line.after) for line in lines]
    none, good = Outcome.NONE, Outcome.SUCCESS
    assert rows == [
        (Kind.GREETING, "", "OK", good, "connect", "not_authenticated"),
        (Kind.COMMAND, "LOGIN", "", none, "not_authenticated", "not_authenticated"),
        (Kind.REPLY, "LOGIN", "OK", good, "not_authenticated", "authenticated"),
        (Kind.COMMAND, "SELECT", "", none, "authenticated", "authenticated"),
        (Kind.UNTAGGED, "EXISTS", "", none, "authenticated", "authenticated"),
        (Kind.UNTAGGED, "", "OK", none, "authenticated", "authenticated"),
        (Kind.REPLY, "SELECT", "OK", good, "authenticated", "selected"),
        (Kind.COMMAND, "LOGOUT", "", none, "selected", "selected"),
        (Kind.UNTAGGED, "", "BYE", Outcome.NONE, "selected", "selected"),
        (Kind.REPLY, "LOGOUT", "OK", good, "selected", "logout"),
    ]


def test_answers_find_their_commands_by_tag() -> None:
    _, lines = read(
        """
        S: * PREAUTH welcome
        C: a1 NOOP
        C: a2 SELECT x
        C: a3 LIST "" *
        S: a2 NO no such mailbox
        S: a3 OK done
        S: a1 OK done
        S: a9 OK whatever that was
        """
    )
    assert [line.verb for line in lines if line.kind is Kind.REPLY] == ["SELECT", "LIST", "NOOP", ""]
    assert lines[0].after == "authenticated"


def test_a_literal_is_given_line_by_line() -> None:
    _, lines = check(
        SELECT
        + """
        C: a3 FETCH 2 (BODY.PEEK[] UID)
        S: * 2 FETCH (BODY[] {63}
        S: From: alice@crepes.fr
        S: Subject: Pickles
        S:
        S: How about pickles?
        S:  UID 7)
        S: a3 OK FETCH completed
        C: a4 APPEND friends {11}
        S: + Ready for literal data
        C: a: b
        C:
        C: c
        C:
        S: a4 OK [APPENDUID 3857529045 1] APPEND completed
        """
    )
    fetched = lines[14:20]
    assert [(line.kind, line.last) for line in fetched] == [
        (Kind.UNTAGGED, False),
        *[(Kind.LITERAL, False)] * 4,
        (Kind.UNTAGGED, True),
    ]
    assert {line.verb for line in fetched} == {"FETCH"}
    appended = lines[21:]
    assert [(line.source, line.kind, line.last) for line in appended] == [
        (Source.CLIENT, Kind.COMMAND, False),
        (Source.SERVER, Kind.CONTINUATION, True),
        *[(Source.CLIENT, Kind.LITERAL, False)] * 3,
        (Source.CLIENT, Kind.COMMAND, True),
        (Source.SERVER, Kind.REPLY, True),
    ]
    assert {line.verb for line in appended} == {"APPEND"}


def test_a_literal_may_end_in_the_middle_of_a_line_and_hold_anything() -> None:
    observer = ImapObserver()
    client = b"a1 APPEND x {7+}\r\na2 NOOP\r\na3 NOOP\r\n"
    lines = observer.observe(Source.CLIENT, client)
    assert [(line.kind, line.raw) for line in lines] == [
        (Kind.COMMAND, b"a1 APPEND x {7+}\r\n"),
        (Kind.LITERAL, b"a2 NOOP"),
        (Kind.COMMAND, b"\r\n"),
        (Kind.COMMAND, b"a3 NOOP\r\n"),
    ]


def test_a_literal_refused_does_not_come() -> None:
    observer, lines = read(
        """
        S: * OK ready
        C: a1 LOGIN bob hungry
        S: a1 OK in
        C: a2 APPEND x {100}
        S: a2 NO [TOOBIG] no
        C: a3 NOOP
        S: a3 OK done
        """
    )
    assert [line.kind for line in lines[-2:]] == [Kind.COMMAND, Kind.REPLY]
    assert lines[-1].verb == "NOOP"
    assert observer.state == "authenticated"


def test_words_that_look_like_a_literal_are_none() -> None:
    _, lines = read("S: * OK ready {5}\nS: * 3 EXISTS")
    assert [line.kind for line in lines] == [Kind.GREETING, Kind.UNTAGGED]


def test_login_data_are_a_continuation() -> None:
    observer, lines = read(
        """
        S: * OK ready
        C: a1 AUTHENTICATE PLAIN
        S: +
        C: AGJvYgBodW5ncnk=
        S: a1 OK in
        """
    )
    assert [line.kind for line in lines[2:4]] == [Kind.CONTINUATION, Kind.CONTINUATION]
    assert (lines[3].verb, lines[3].before) == ("AUTHENTICATE", "authenticating")
    assert observer.state == "authenticated"


def test_idle_is_a_state() -> None:
    observer, lines = read(
        """
        S: * PREAUTH in
        C: a1 IDLE
        S: + idling
        C: DONE
        S: a1 OK done
        """
    )
    assert [(line.verb, line.before, line.after) for line in lines[2:]] == [
        ("IDLE", "authenticated", "idle_authenticated"),
        ("DONE", "idle_authenticated", "idle_authenticated"),
        ("IDLE", "idle_authenticated", "authenticated"),
    ]
    assert observer.state == "authenticated"


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("C: x7 UID FETCH 1:* FLAGS\nS: * 1 FETCH (UID 3 FLAGS ())\nS: x7 OK done", "selected"),
        ("S: * 5 EXISTS", "selected"),
        ('C: x7 LIST "" *\nS: x7 OK done', "authenticated"),
        ("C: x7 NOOP\nS: x7 OK done", "connect"),
        ("C: x7 LOGIN a b\nS: x7 NO no", "connect"),
        ("C: x7 XYZZY\nS: x7 OK done", "connect"),
        ("C: x7 IDLE\nS: + waiting", "idle_authenticated"),
        ("S: * BYE too many of you", "logout"),
        ("S: * OK hello\nS: * BYE autologout", "logout"),
    ],
)
def test_a_session_seen_from_the_middle_is_read_as_far_as_it_tells(script: str, state: str) -> None:
    assert read(script)[0].state == state


def test_half_a_session_still_hides_its_login_data() -> None:
    _, lines = read("C: a1 AUTHENTICATE PLAIN\nC: AGJvYgBodW5ncnk=\nC: a2 NOOP")
    assert [line.kind for line in lines] == [Kind.COMMAND, Kind.CONTINUATION, Kind.COMMAND]


def test_a_reply_to_nobody_and_lines_that_are_none() -> None:
    _, lines = read("S: * OK hi\nS: what?\nC: \nC: ***\nS: * 5")
    assert [line.kind for line in lines] == [
        Kind.GREETING,
        Kind.UNKNOWN,
        Kind.COMMAND,
        Kind.COMMAND,
        Kind.UNKNOWN,
    ]


def test_oddities_are_named() -> None:
    observer = ImapObserver()
    lines = observer.observe(Source.CLIENT, b"a1 NOOP\na2 N\rOOP\r\na3 " + b"x" * 1024 * 1024 + b"\r\n")
    assert [line.oddity for line in lines] == ["wire.bare_lf", "wire.bare_cr", "wire.overlong"]


def test_what_was_cut_off_is_given_at_the_end() -> None:
    observer = ImapObserver()
    assert len(observer.observe(Source.CLIENT, b"a1 APPEND x {20+}\r\nhalf of")) == 1
    assert observer.observe(Source.SERVER, b"a1 O") == []
    rest = observer.finish()
    assert [(line.kind, line.raw, line.oddity) for line in rest] == [
        (Kind.LITERAL, b"half of", "wire.cut"),
        (Kind.UNKNOWN, b"a1 O", "wire.cut"),
    ]
    assert observer.state == "logout"


def test_commands_nobody_answers_are_forgotten_at_last() -> None:
    observer = ImapObserver()
    for number in range(1500):
        observer.observe(Source.CLIENT, b"a%d NOOP\r\n" % number)
    (line,) = observer.observe(Source.SERVER, b"a0 OK done\r\n")
    assert line.verb == ""


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (b"a1 APPEND x {6+}\r\na\r\nb\r\n\r\n", "command literal command"),
        (b"a1 LOGIN bob {6+}\r\na\r\nb\r\n\r\n", "command literal literal command"),
        # Whose tag was forgotten: what follows may be a password.
        (b"LOGIN APPEND x {6+}\r\na\r\nb\r\n\r\n", "command literal literal command"),
    ],
)
def test_who_skims_gets_a_message_together_and_a_login_line_by_line(said: bytes, kinds: str) -> None:
    observer = ImapObserver()
    observer.skims = True
    assert " ".join(line.kind.value for line in observer.observe(Source.CLIENT, said)) == kinds


STARTTLS = """
    S: * OK ready
    C: a1 STARTTLS
    S: a1 OK Begin TLS negotiation now
"""
RECORD = b"\x16\x03\x01\x00\x02ab"


def test_what_follows_starttls_are_records_where_nobody_sees_inside() -> None:
    observer, lines = read(STARTTLS)
    assert (lines[-1].before, lines[-1].after) == ("not_authenticated", "tls")
    records = observer.observe(Source.CLIENT, RECORD) + observer.observe(Source.SERVER, RECORD[:4])
    assert [(line.kind, line.raw, line.after) for line in records] == [(Kind.CIPHERTEXT, RECORD, "tls")]
    assert [(line.kind, line.oddity) for line in observer.finish()] == [(Kind.CIPHERTEXT, "wire.cut")]


def test_what_is_inside_tls_is_read_where_it_is_seen() -> None:
    observer, lines = read(
        STARTTLS
        + """
        C: a2 LOGIN bob hungry
        S: a2 OK in
        """
    )
    assert [(line.before, line.after) for line in lines[3:]] == [
        ("not_authenticated", "not_authenticated"),
        ("not_authenticated", "authenticated"),
    ]
    assert observer.state == "authenticated"


def test_starttls_refused_changes_nothing() -> None:
    assert read("S: * OK ready\nC: a1 STARTTLS\nS: a1 BAD not now")[0].state == "not_authenticated"


@pytest.mark.parametrize("piece", [b"a2 APPEND x {100+}\r\nhalf", b"a2 LOGIN {3+}\r\nbob hun", b"a2 NOOP\r\na3 NO"])
def test_what_was_said_in_clear_behind_starttls_is_not_mixed_with_what_comes_inside(piece: bytes) -> None:
    observer = ImapObserver()
    observer.observe(Source.SERVER, b"* OK ready\r\n")
    said = observer.observe(Source.CLIENT, b"a1 STARTTLS\r\n" + piece)
    observer.observe(Source.SERVER, b"a1 OK go\r\n")
    cut, command = said_inside = observer.observe(Source.CLIENT, b"b1 CAPABILITY\r\n")
    assert cut.oddity == "wire.cut"
    assert (command.kind, command.verb, command.oddity) == (Kind.COMMAND, "CAPABILITY", "")
    assert b"".join(line.raw for line in said + said_inside) == b"a1 STARTTLS\r\n" + piece + b"b1 CAPABILITY\r\n"
    (late,) = observer.observe(Source.SERVER, b"a2 OK done\r\n")
    assert late.verb == ""


def test_a_server_that_answers_starttls_and_goes_on_in_one_piece() -> None:
    observer = ImapObserver()
    observer.observe(Source.CLIENT, b"a1 STARTTLS\r\n")
    lines = observer.observe(Source.SERVER, b"a1 OK go\r\n" + RECORD)
    assert [line.kind for line in lines] == [Kind.REPLY, Kind.CIPHERTEXT]


def test_binary_literals_are_followed() -> None:
    observer = ImapObserver()
    client = observer.observe(Source.CLIENT, b"a1 APPEND x ~{3+}\r\na\0b\r\na2 FETCH 1 BINARY[1]\r\n")
    assert [line.kind for line in client] == [Kind.COMMAND, Kind.LITERAL, Kind.COMMAND, Kind.COMMAND]
    server = observer.observe(Source.SERVER, b"* 1 FETCH (BINARY[1] ~{4}\r\n\0)\r\n)\r\n* OK hello\r\n")
    assert [line.kind for line in server] == [Kind.UNTAGGED, Kind.LITERAL, Kind.UNTAGGED, Kind.UNTAGGED]


def test_a_login_of_many_steps_stays_a_login() -> None:
    observer, lines = read(
        """
        S: * OK ready
        C: a1 AUTHENTICATE SCRAM-SHA-256
        S: +
        C: biwsbj1ib2I=
        S: + cj14eQ==
        C: Yz1iaXdz
        S: + dj0x
        C:
        S: a1 OK in
        """
    )
    assert [line.kind for line in lines[2:8]] == [Kind.CONTINUATION] * 6
    assert observer.state == "authenticated"


def test_vanished_tells_that_a_mailbox_is_open() -> None:
    assert read("S: * VANISHED 3:7")[0].state == "selected"
