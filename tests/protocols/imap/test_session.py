"""Login, capabilities and the end of a session, as dialogues."""

from __future__ import annotations

import pytest

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.server import ImapServer
from mailtutor.protocols.sasl.exchange import AuthAttempted
from mailtutor.protocols.spec import Wording
from tests.protocols.imap.dialogue import LOGIN, SELECT, check
from tests.protocols.imap.world import World


def test_a_session_reads_as_the_rfc_prints_it() -> None:
    check(
        SELECT
        + """
        C: a3 FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)
        S: * 1 FETCH (FLAGS () INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 209)
        S: a3 OK FETCH completed
        C: a4 FETCH 1 BODY[HEADER.FIELDS (Subject From)]
        S: * 1 FETCH (BODY[HEADER.FIELDS (Subject From)] {64}
        S: From: Terry Gray <gray@cac.washington.edu>
        S: Subject: Ketchup
        S:
        S:  FLAGS (\\Seen))
        S: a4 OK FETCH completed
        C: a5 STORE 1 +FLAGS (\\Deleted)
        S: * 1 FETCH (FLAGS (\\Deleted \\Seen))
        S: a5 OK STORE completed
        C: a6 EXPUNGE
        S: * 1 EXPUNGE
        S: a6 OK EXPUNGE completed
        C: a7 LOGOUT
        S: * BYE IMAP4rev1 Server logging out
        S: a7 OK LOGOUT completed
        """,
        state="logout",
    )


def test_classic_changes_only_words() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ...
        C: a1 NOOP
        S: a1 OK NOOP completed
        C: a2 LOGIN bob wrong
        S: a2 NO [AUTHENTICATIONFAILED] LOGIN failed
        """,
        state="not_authenticated",
        server=lambda: ImapServer("hamburger.edu", wording=Wording.CLASSIC, capabilities=table.CLASSIC),
    )


def test_capabilities_shrink_after_login() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ IDLE ID] ...
        C: a1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN ID
        S: a1 OK CAPABILITY completed
        C: a2 login "bob" "hungry"
        S: a2 OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN ID] ...
        """,
        state="authenticated",
        server=lambda: ImapServer("hamburger.edu", capabilities=table.CLASSIC),
    )


def test_a_wrong_password_is_a_no() -> None:
    check(
        """
        S: * OK ...
        C: a1 LOGIN bob wrong
        S: a1 NO [AUTHENTICATIONFAILED] Wrong user name or password
        """,
        state="not_authenticated",
    )


def test_login_takes_literals() -> None:
    check(
        """
        S: * OK ...
        C: a1 LOGIN {3}
        S: + Ready for literal data
        C: bob {6}
        S: + Ready for literal data
        C: hungry
        S: a1 OK ...
        """,
        state="authenticated",
    )


def test_login_takes_literals_nobody_waits_for() -> None:
    check(
        """
        S: * OK ...
        C: a1 LOGIN {3+}
        C: bob {6+}
        C: hungry
        S: a1 OK ...
        """,
        state="authenticated",
    )


def test_plain_with_and_without_an_initial_response() -> None:
    check(
        """
        S: * OK ...
        C: a1 AUTHENTICATE PLAIN
        S: +␠
        C: AGJvYgB3cm9uZw==
        S: a1 NO [AUTHENTICATIONFAILED] Wrong user name or password
        C: a2 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=
        S: a2 OK ...
        """,
        state="authenticated",
    )


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("*", "BAD AUTHENTICATE cancelled"),
        ("no base64!", "BAD That is not base64 of what PLAIN sends"),
        ("Ym9i", "BAD That is not base64 of what PLAIN sends"),
        ("YWxpY2UAYm9iAGh1bmdyeQ==", "NO [AUTHENTICATIONFAILED] Wrong user name or password"),
    ],
)
def test_a_response_that_leads_nowhere_goes_back_to_the_start(response: str, answer: str) -> None:
    check(
        f"""
        S: * OK ...
        C: a1 AUTHENTICATE PLAIN
        S: +␠
        C: {response}
        S: a1 {answer}
        C: a2 LOGIN bob hungry
        S: a2 OK ...
        """,
        state="authenticated",
    )


def test_other_mechanisms_are_refused() -> None:
    check(
        """
        S: * OK ...
        C: a1 AUTHENTICATE CRAM-MD5
        S: a1 NO Mechanism CRAM-MD5 is not offered
        """,
        state="not_authenticated",
    )


def test_without_sasl_ir_an_initial_response_is_bad() -> None:
    check(
        """
        S: * OK ...
        C: a1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=
        S: a1 BAD Wait for + ...
        """,
        state="not_authenticated",
        server=lambda: ImapServer("hamburger.edu", capabilities=("IMAP4rev1", "AUTH=PLAIN")),
    )


def test_logindisabled_refuses_login_before_the_password_is_tried() -> None:
    check(
        """
        S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ...
        C: a1 LOGIN bob hungry
        S: a1 NO [PRIVACYREQUIRED] Not before the connection is encrypted
        """,
        state="not_authenticated",
        server=lambda: ImapServer("hamburger.edu", capabilities=("IMAP4rev1", "LOGINDISABLED")),
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SELECT INBOX", "SELECT needs a login first"),
        ("FETCH 1 FLAGS", "FETCH needs a login first"),
        ("IDLE", "IDLE needs a login first"),
        ("APPEND INBOX {5}", "APPEND needs a login first"),
        ("DONE", "DONE ends IDLE, and nothing else; it has no tag"),
    ],
)
def test_before_login_mail_is_out_of_reach(command: str, answer: str) -> None:
    check(
        f"""
        S: * OK ...
        C: a1 {command}
        S: a1 BAD {answer}
        """,
        state="not_authenticated",
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("LOGIN bob hungry", "You are logged in already"),
        ("AUTHENTICATE PLAIN", "You are logged in already"),
        ("FETCH 1 FLAGS", "FETCH needs a mailbox: SELECT one first"),
        ("CLOSE", "CLOSE needs a mailbox: SELECT one first"),
        ("uid fetch 1 FLAGS", "UID FETCH needs a mailbox: SELECT one first"),
    ],
)
def test_after_login_some_commands_are_too_late_and_some_too_early(command: str, answer: str) -> None:
    check(LOGIN + f"C: a2 {command}\nS: a2 BAD {answer}", state="authenticated")


def test_id_and_namespace_need_nobody() -> None:
    check(
        LOGIN
        + """
        C: a2 ID ("name" "telnet" "version" NIL)
        S: * ID ("name" "mailtutor" "version" ...
        S: a2 OK ID completed
        C: a3 ID NIL
        S: * ID ("name" ...
        S: a3 OK ID completed
        C: a4 NAMESPACE
        S: * NAMESPACE (("" "/")) NIL NIL
        S: a4 OK NAMESPACE completed
        """,
        state="authenticated",
    )


def test_what_is_not_offered_is_bad() -> None:
    check(
        LOGIN
        + """
        C: a2 ENABLE CONDSTORE
        S: a2 BAD ENABLE is not offered here
        C: a3 IDLE
        S: a3 BAD IDLE is not offered here
        C: a4 FROBNICATE
        S: a4 BAD Command not recognized: FROBNICATE
        C: a5 UID FROBNICATE 1
        S: a5 BAD Command not recognized: UID FROBNICATE
        C: a6 UID
        S: a6 BAD Syntax: tag UID FETCH|SEARCH|SORT|STORE|COPY|MOVE|EXPUNGE ... (no command)
        """,
        state="authenticated",
        server=lambda: ImapServer("hamburger.edu", capabilities=("IMAP4rev1",)),
    )


def test_logout_closes_and_what_follows_is_not_read() -> None:
    world, server = World(), ImapServer("hamburger.edu")
    server.greet()
    server.data_to_send()
    server.receive_data(b"a1 LOGOUT\r\na2 NOOP\r\n")
    assert world.settle(server) == b"* BYE IMAP4rev1 Server logging out\r\na1 OK LOGOUT completed\r\n"
    assert world.closed


def test_shutting_down_says_bye_whatever_was_asked() -> None:
    server = ImapServer("hamburger.edu")
    server.greet()
    server.receive_data(b"a1 LOGIN bob hungry\r\n")
    assert isinstance(server.next_event(), AuthAttempted)
    server.data_to_send()
    server.shut_down()
    assert server.data_to_send() == b"* BYE [UNAVAILABLE] hamburger.edu is shutting down\r\n"
    assert server.next_event() is CLOSE


def test_a_client_that_is_silent_too_long_is_told_in_idle_and_in_the_middle_of_a_literal() -> None:
    for said in (b"a1 LOGIN bob hungry\r\na2 IDLE\r\n", b"a1 LOGIN {3}\r\nb"):
        server, world = ImapServer("hamburger.edu"), World()
        server.greet()
        server.receive_data(said)
        world.settle(server)
        server.time_out()
        assert server.data_to_send() == b"* BYE hamburger.edu waited too long for you\r\n"
        server.receive_data(b"b\r\nDONE\r\na3 NOOP\r\n")
        assert server.next_event() is CLOSE
        assert server.data_to_send() == b""


def test_nothing_is_given_before_the_last_question_is_answered() -> None:
    server = ImapServer("hamburger.edu")
    server.greet()
    with pytest.raises(LocalProtocolError):
        server.reply("OK.login")
    server.receive_data(b"a1 LOGIN bob hungry\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError):
        server.next_event()


def test_a_line_without_its_end_is_forgotten_when_the_client_leaves() -> None:
    server = ImapServer("hamburger.edu")
    server.greet()
    server.receive_data(b"a1 LOGIN bob hungry")
    assert server.next_event() is NEED_DATA
    server.receive_eof()
    assert server.next_event() is CLOSE


def test_words_from_the_client_cannot_break_a_reply() -> None:
    check(
        LOGIN
        + """
        C: a2 SELECT &AA0ACg-
        S: a2 NO [NONEXISTENT] There is no mailbox &AA0ACg-
        C: a3 SELECT Entw&APw-rfe
        S: a3 NO [NONEXISTENT] There is no mailbox Entw&APw-rfe
        """,
        state="authenticated",
    )
