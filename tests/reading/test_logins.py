"""A recorded login, said again in the form it had."""

from __future__ import annotations

import base64

import pytest

from mailtutor.protocols.sasl import mechanisms
from mailtutor.reading.dialogue import Row
from mailtutor.reading.redact import redacted
from mailtutor.reading.takeover import Retold, retold
from tests.reading.conversations import events, rows_of

USERS = {"bob": "pickles"}
MASKED, CLEAR = True, False


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def rows(protocol: str, *said: str, masked: bool) -> list[Row]:
    """said: lines, each after its "C: " or "S: ", without a line end."""
    turns = [(line[0], line[3:].encode().replace(b"|", b"\r\n") + b"\r\n") for line in said]
    happened = events(protocol, *turns)
    return rows_of(redacted(happened) if masked else happened)


def told(protocol: str, *said: str, masked: bool = MASKED) -> Retold:
    return retold(rows(protocol, *said, masked=masked), protocol, USERS, "bob")


def said(told: Retold) -> list[bytes]:
    return [turn.data for turn in told.turns]


LITERALS = ("S: * OK hi", "C: a1 LOGIN {4}", "S: + go", "C: bobb {6}", "S: + go", "C: secret", "S: a1 OK in")


def test_the_literals_of_a_masked_login_hold_what_is_known_and_count_right() -> None:
    assert said(told("imap", *LITERALS)) == [b"a1 LOGIN {3}\r\n", b"bob {7}\r\n", b"pickles\r\n"]
    unasked = told("imap", "S: * OK hi", "C: a1 LOGIN {4+}|bobb {6+}|secret", "S: a1 OK in")
    assert said(unasked) == [b"a1 LOGIN {3+}\r\nbob {7+}\r\npickles\r\n"]
    one = told("imap", "S: * OK hi", "C: a1 login bob {6}", "S: + go", "C: secret", "S: a1 OK in")
    assert said(one) == [b"a1 login bob {7}\r\n", b"pickles\r\n"]


def test_a_login_in_literals_can_be_broken_off_at_every_turn() -> None:
    for count, expected in ((2, [b"a1 LOGIN {4}\r\n"]), (4, [b"a1 LOGIN {3}\r\n", b"bob {7}\r\n"])):
        assert said(told("imap", *LITERALS[:count])) == expected
    # In clear, what was said is said.
    assert said(told("imap", *LITERALS[:4], masked=CLEAR)) == [b"a1 LOGIN {4}\r\n", b"bobb {6}\r\n"]


def test_a_quoted_password_is_one_word() -> None:
    quoted = told("imap", "S: * OK hi", 'C: a1 LOGIN "bob" "se cret"', "S: a1 OK in")
    assert said(quoted) == [b"a1 LOGIN bob pickles\r\n"]


@pytest.mark.parametrize(
    ("protocol", "begin", "asks"),
    [("smtp", "AUTH", "334"), ("pop3", "AUTH", "+"), ("imap", "a1 AUTHENTICATE", "+")],
)
def test_the_lines_of_a_masked_plain_and_login_are_encoded_anew(protocol: str, begin: str, asks: str) -> None:
    plain, name, password = b64("\0bob\0pickles"), b64("bob"), b64("pickles")
    hello = {"smtp": "220 hi", "pop3": "+OK hi", "imap": "* OK hi"}[protocol]
    asked = (f"S: {hello}", f"C: {begin} PLAIN", f"S: {asks} ", f"C: {b64('?bobb?secret')}")
    assert said(told(protocol, *asked)) == [f"{begin} PLAIN\r\n".encode(), f"{plain}\r\n".encode()]
    at_once = (f"S: {hello}", f"C: {begin} PLAIN {b64('?bobb?secret')}")
    assert said(told(protocol, *at_once)) == [f"{begin} PLAIN {plain}\r\n".encode()]
    if protocol == "imap":
        return  # our server speaks no LOGIN there
    login = (f"S: {hello}", f"C: {begin} LOGIN", f"S: {asks} {b64('Username:')}", f"C: {b64('bobb')}",
             f"S: {asks} {b64('Password:')}", f"C: {b64('secret')}")  # fmt: skip
    lines = [f"{begin} LOGIN\r\n".encode(), f"{name}\r\n".encode(), f"{password}\r\n".encode()]
    for count, expected in ((2, lines[:1]), (4, lines[:2]), (6, lines)):
        assert said(told(protocol, *login[:count])) == expected


def test_what_hangs_on_a_challenge_is_made_when_it_is_heard() -> None:
    cram = told("smtp", "S: 220 hi", "C: AUTH CRAM-MD5", f"S: 334 {b64('<1@x>')}", f"C: {b64('bob ' + 32 * '0')}")
    asked = b"<2@y>"
    response = cram.turns[1].spoken(b"334 " + base64.b64encode(asked))
    assert base64.b64decode(response) == mechanisms.cram_response("bob", "pickles", asked)
    assert cram.turns[1].spoken(b"334 ???") == cram.turns[1].data
    apop = told("pop3", "S: +OK <1@x>", "C: APOP bob 0123", "S: +OK in")
    assert apop.turns[0].spoken(b"+OK <1896.697170952@dbc.mtview.ca.us>").startswith(b"APOP bob ")
    assert apop.turns[0].spoken(b"+OK no timestamp here") == b"APOP bob ****\r\n"


def test_scram_is_proved_to_the_server_of_today() -> None:
    recorded = told(
        "imap", "S: * OK hi", "C: a1 AUTHENTICATE SCRAM-SHA-256", "S: + ", f"C: {b64('n,,n=bob,r=x')}",
        f"S: + {b64('r=xy,s=QSXC,i=4096')}", f"C: {b64('c=biws,r=xy,p=AAAA')}", f"S: + {b64('v=AAAA')}", "C: ",
        "S: a1 OK in",
    )  # fmt: skip
    server = mechanisms.ScramServer("of-today")
    server.client_first(base64.b64decode(recorded.turns[1].spoken(b"+ ")))
    asked = server.server_first(mechanisms.scram_keys("pickles", b"salt"))
    server.server_final(base64.b64decode(recorded.turns[2].spoken(b"+ " + base64.b64encode(asked))))
    assert recorded.turns[3].data == b"\r\n"


def test_what_was_refused_is_refused_again() -> None:
    pop3 = told("pop3", "S: +OK hi", "C: USER bob", "S: +OK", "C: PASS guess", "S: -ERR no")
    assert said(pop3) == [b"USER bob\r\n", b"PASS *******\r\n"]
    imap = told("imap", "S: * OK hi", "C: a1 LOGIN bob guess", "S: a1 NO no")
    assert said(imap) == [b'a1 LOGIN bob "*******"\r\n']
    smtp = told("smtp", "S: 220 hi", f"C: AUTH PLAIN {b64('?bob?guess')}", "S: 535 no")
    assert b"pickles" not in base64.b64decode(said(smtp)[0].split()[2])


def test_a_login_that_worked_elsewhere_works_here() -> None:
    told_here = told("pop3", "S: +OK hi", "C: USER kim", "S: +OK", "C: PASS 1234", "S: +OK", masked=CLEAR)
    assert said(told_here) == [b"USER bob\r\n", b"PASS pickles\r\n"]
    assert told_here.other_login
    token = told("smtp", "S: 220 hi", "C: AUTH XOAUTH2 abcd", "S: 235 in")
    assert said(token) == [f"AUTH PLAIN {b64(chr(0) + 'bob' + chr(0) + 'pickles')}\r\n".encode()]
    tagged = told("imap", "S: * OK hi", "C: a1 AUTHENTICATE XOAUTH2 abcd", "S: a1 OK in")
    assert said(tagged) == [b"a1 LOGIN bob pickles\r\n"]


def test_who_gave_the_login_up_gives_it_up_again() -> None:
    given_up = told("smtp", "S: 220 hi", "C: AUTH CRAM-MD5", f"S: 334 {b64('<1@x>')}", "C: *", "S: 501 given up")
    assert said(given_up) == [b"AUTH CRAM-MD5\r\n", b"*\r\n"]
    assert all(turn.proof is None for turn in given_up.turns)


def test_nobody_is_made_up_where_several_could_be_meant() -> None:
    recorded = rows("pop3", "S: +OK hi", "C: USER kim", "S: +OK", "C: PASS 1234", "S: +OK", masked=MASKED)
    assert said(retold(recorded, "pop3", {"a": "1", "b": "2"}, "kim")) == [b"USER kim\r\n", b"PASS ****\r\n"]
    address = rows("pop3", "S: +OK hi", "C: USER b@x", "S: +OK", "C: PASS 1234", "S: +OK", masked=MASKED)
    assert said(retold(address, "pop3", {"a": "1", "b": "2"})) == [b"USER b\r\n", b"PASS 2\r\n"]
