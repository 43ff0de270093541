"""The examples of the standards, in their order, with our server's words: RFC 1939 §5-7 and §10, RFC 2449, 2595, 3206,
5034 and 6856."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mailtutor.protocols.pop3 import table
from mailtutor.protocols.sasl.exchange import AuthAttempted
from mailtutor.protocols.spec import Outcome
from tests.protocols.pop3.dialogue import World, check, serve

HEAD = b"From: a@example.org\r\nSubject: x\r\n\r\n"
# As big as those of RFC 1939.
FIRST = HEAD + b"x" * (120 - len(HEAD) - 2) + b"\r\n"
SECOND = HEAD + b"y" * (200 - len(HEAD) - 2) + b"\r\n"
LOGIN = """
    S: +OK dewey POP3 server ready
    C: USER mrose
    S: +OK now the password
    C: PASS secret
    S: +OK maildrop has 2 messages (320 octets)
"""
SHOWN = "\n".join(f"S: {line}" for line in FIRST.decode().splitlines())
SHOWN_SECOND = "\n".join(f"S: {line}" for line in SECOND.decode().splitlines())


def mrose() -> World:
    """mrose's maildrop."""
    uids = ("whqtswO00WBw418f9t5JxYwZ", "QhdPYR:00WBw1Ph7x7")
    return World([FIRST, SECOND], name="mrose", password="secret", uids=uids)


@pytest.mark.parametrize(
    "example",
    [
        """
        C: STAT
        S: +OK 2 320
        """,
        """
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: LIST 2
        S: +OK 2 200
        C: LIST 3
        S: -ERR no such message, only 2 messages in maildrop
        """,
        f"""
        C: RETR 1
        S: +OK 120 octets
        {SHOWN}
        S: .
        """,
        """
        C: DELE 1
        S: +OK message 1 deleted
        C: DELE 2
        S: +OK message 2 deleted
        C: DELE 2
        S: -ERR message 2 already deleted
        """,
        """
        C: NOOP
        S: +OK
        """,
        """
        C: DELE 1
        S: +OK message 1 deleted
        C: RSET
        S: +OK maildrop has 2 messages (320 octets)
        """,
        f"""
        C: TOP 1 10
        S: +OK top of message follows
        {SHOWN}
        S: .
        C: TOP 100 3
        S: -ERR no such message, only 2 messages in maildrop
        """,
        """
        C: UIDL
        S: +OK unique-id listing follows
        S: 1 whqtswO00WBw418f9t5JxYwZ
        S: 2 QhdPYR:00WBw1Ph7x7
        S: .
        C: UIDL 2
        S: +OK 2 QhdPYR:00WBw1Ph7x7
        C: UIDL 3
        S: -ERR no such message, only 2 messages in maildrop
        """,
    ],
    ids=["STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL"],
)
def test_each_command_of_the_transaction_state(example: str) -> None:
    check(LOGIN + example, mrose, host="dewey")


@pytest.mark.parametrize(
    ("marks", "left", "removed"),
    [("", "2 messages left", ()), ("C: DELE 1\nS: +OK message 1 deleted", "1 message left", (0,))],
)
def test_quit_says_what_is_left(marks: str, left: str, removed: tuple[int, ...]) -> None:
    farewell = f"C: QUIT\nS: +OK dewey POP3 server signing off ({left})"
    world, _ = check(f"{LOGIN}\n{marks}\n{farewell}", mrose, state="update", host="dewey")
    assert world.removed == tuple(world.uids[index] for index in removed)


def test_a_name_nobody_has_is_told_with_the_password_only() -> None:
    # §7 lets a server say "sorry, no mailbox for frated here", or +OK.
    check(
        """
        S: +OK dewey POP3 server ready
        C: USER frated
        S: +OK now the password
        C: PASS secret
        S: -ERR [AUTH] invalid user name or password
        C: USER mrose
        S: +OK now the password
        C: PASS secret
        S: +OK maildrop has 2 messages (320 octets)
        """,
        mrose,
        host="dewey",
    )


def test_apop_proves_what_the_standard_prints() -> None:
    check(
        """
        S: +OK dbc.mtview.ca.us POP3 server ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 1 message (120 octets)
        """,
        lambda: World([FIRST], name="mrose", password="tanstaaf"),
        host="dbc.mtview.ca.us",
        nonce="1896.697170952",
    )


def test_the_example_session() -> None:
    world, _ = check(
        f"""
        S: +OK dbc.mtview.ca.us POP3 server ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        {SHOWN}
        S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        {SHOWN_SECOND}
        S: .
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: +OK dbc.mtview.ca.us POP3 server signing off (maildrop empty)
        """,
        lambda: World([FIRST, SECOND], name="mrose", password="tanstaaf"),
        host="dbc.mtview.ca.us",
        nonce="1896.697170952",
        state="update",
    )
    assert world.removed == ("uid-1", "uid-2")


# RFC 2449 -----------------------------------------------------------------------------------------------------------


def _capabilities(**settings: object) -> list[str]:
    said = serve([b"CAPA\r\n"], World(), **settings).said.decode().splitlines()  # type: ignore[arg-type]
    assert said[1] == "+OK capability list follows"
    assert said[-1] == "."
    return said[2:-1]


def test_only_what_is_so_is_told() -> None:
    """RFC 2449 §6.5 and §6.7."""
    assert not [line for line in _capabilities() if line.startswith("LOGIN-DELAY")]
    assert "EXPIRE NEVER" in _capabilities()
    assert "LOGIN-DELAY 900" in _capabilities(login_delay_s=900)
    assert "EXPIRE 60" in _capabilities(expire_days=60)
    assert "EXPIRE 0" in _capabilities(expire_days=0)


def test_login_delay_is_told_with_its_code() -> None:
    """§8.1.1."""
    said = serve([b"USER bob\r\nPASS hungry\r\n"], _Delayed()).said.splitlines()
    assert said[-1] == b"-ERR [LOGIN-DELAY] wait 900 seconds between two logins"


class _Delayed(World):
    def answer(self, event: object, server: object) -> None:
        """Nobody may log in so soon."""
        server.reply("err.login_delay", seconds="900")  # type: ignore[attr-defined]


def test_expire_0_removes_at_quit_what_was_read_whole() -> None:
    world, _ = check(
        f"""
        {LOGIN}
        C: RETR 1
        S: +OK 120 octets
        {SHOWN}
        S: .
        C: TOP 2 0
        S: +OK top of message follows
        S: From: a@example.org
        S: Subject: x
        S:
        S: .
        C: RSET
        S: +OK maildrop has 2 messages (320 octets)
        C: QUIT
        S: +OK dewey POP3 server signing off (1 message left)
        """,
        mrose,
        state="update",
        expire_days=0,
        host="dewey",
    )
    assert world.removed == (world.uids[0],)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("IN-USE", Outcome.TRY_LATER),
        ("in-use", Outcome.TRY_LATER),
        ("SYS/TEMP", Outcome.TRY_LATER),
        ("SYS/TEMP/DISK", Outcome.TRY_LATER),
        ("LOGIN-DELAY", Outcome.TRY_LATER),
        ("SYS/PERM", Outcome.REFUSED),
        ("SYS", Outcome.REFUSED),
        ("AUTH", Outcome.REFUSED),
        ("", Outcome.REFUSED),
    ],
)
def test_codes_have_levels_and_no_case(code: str, outcome: Outcome) -> None:
    """§8, RFC 3206 §4."""
    assert table.outcome_of("-ERR", code) is outcome


def test_no_words_of_ours_look_like_a_code() -> None:
    """§6.4: with RESP-CODES, what begins with a bracket is one."""
    assert not [row.key for row in table.REPLIES.values() if row.phrase.startswith("[")]


def test_a_whole_session_may_come_in_one_piece() -> None:
    """§6.6."""
    client = b"USER mrose\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nLIST\r\nQUIT\r\n"
    run = serve([client], mrose(), host="dewey")
    assert run.closed
    assert run.world.removed == (run.world.uids[0],)
    assert run.said.endswith(
        b"\r\n+OK 1 message (200 octets)\r\n2 200\r\n.\r\n+OK dewey POP3 server signing off (1 message left)\r\n"
    )


# RFC 5034, 2595, 6856 -----------------------------------------------------------------------------------------------


def test_auth_plain_as_printed() -> None:
    """RFC 5034 §6: user test, password test."""
    world = World([FIRST], name="test", password="test")
    assert serve([b"AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=\r\n"], world, mechanisms=("PLAIN",)).state == "transaction"
    said = serve([b"AUTH PLAIN\r\n", b"dGVzdAB0ZXN0AHRlc3Q=\r\n"], world, mechanisms=("PLAIN",)).said.splitlines()
    assert said[1:] == [b"+ ", b"+OK maildrop has 1 message (120 octets)"]


def test_auth_alone_lists_the_mechanisms_and_leads_nowhere() -> None:
    check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: AUTH
        S: +OK mechanisms follow
        S: PLAIN
        S: CRAM-MD5
        S: .
        C: auth
        S: +OK mechanisms follow
        S: PLAIN
        S: CRAM-MD5
        S: .
        C: AUTH PLAIN =
        S: -ERR that is no base64 of what PLAIN says
        C: STAT
        S: -ERR log in first: USER, then PASS
        """,
        state="authorization",
        mechanisms=("PLAIN", "CRAM-MD5"),
    )
    strict = serve([b"AUTH\r\n"], World(), mechanisms=("PLAIN", "CRAM-MD5"), passwords_need_tls=True)
    assert strict.said.splitlines()[1:] == [b"+OK mechanisms follow", b"CRAM-MD5", b"."]


def test_after_a_login_there_is_no_other() -> None:
    """RFC 5034 §4; RFC 2595 §4 for STLS, RFC 6856 §2.1 for UTF8."""
    plain = b64encode(b"\0bob\0hungry")
    for line in (b"AUTH", b"AUTH PLAIN " + plain, b"STLS", b"UTF8", b"USER bob"):
        run = serve([b"AUTH PLAIN " + plain + b"\r\n" + line + b"\r\n"], World(), mechanisms=("PLAIN",))
        assert run.said.splitlines()[-1] == b"-ERR already logged in"
        assert run.state == "transaction"


def test_stls_forgets_what_was_said_before() -> None:
    """RFC 2595 §4: also that UTF8 was said."""
    letter = "Subject: 番茄酱\r\n\r\nhi\r\n".encode()
    run = serve([b"UTF8\r\nSTLS\r\n", b"USER bob\r\nPASS hungry\r\nRETR 1\r\n"], World([letter]))
    assert run.said.splitlines()[-1].startswith(b"-ERR [UTF8] ")


def test_the_digest_of_the_standard_is_no_other_password_s() -> None:
    stamp, digest = b"<1896.697170952@dbc.mtview.ca.us>", "c4c9334bac560ecc979e58001b3e22fb"
    attempt = AuthAttempted("APOP", "mrose", challenge=stamp, digest=digest)
    assert attempt.proves("tanstaaf")
    assert not attempt.proves("tanstaafl")
