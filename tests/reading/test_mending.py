"""What the coach says to type keeps what the student typed, and throws nothing away unasked."""

from __future__ import annotations

import hashlib

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.coach import advise, advise_text, completions, is_about_nothing, likely_next, way_to
from mailtutor.reading.dialogue import Row
from mailtutor.reading.examples import example, next_tag
from mailtutor.text.catalogue import Words, words
from tests.reading.test_coach import read

EN, ZH = words("en"), words("zh")
POP3, IMAP = PROTOCOLS["pop3"].table, PROTOCOLS["imap"].table
LOGGED_IN = ((False, b"* OK hi\r\n"), (True, b"A009 LOGIN bob pickles\r\n"), (False, b"A009 OK in\r\n"))


@pytest.mark.parametrize(
    ("typed", "better"),
    [
        (r"a5 STORE 1 FLAGS \seeen", r"a5 STORE 1 FLAGS \Seen"),
        (r"a5 STORE 1 \Seen", r"a5 STORE 1 +FLAGS \Seen"),
        (r"a5 STORE 1 +FLAG (\Seen)", r"a5 STORE 1 +FLAGS (\Seen)"),
        (r"a5 STORE", r"a5 STORE 1 +FLAGS (\Seen)"),
        ("a8 SEARCH ketchup", "a8 SEARCH TEXT ketchup"),
        ("a8 SEARCH hot dog", 'a8 SEARCH TEXT "hot dog"'),
        ("a8 SEARCH UNSEN", "a8 SEARCH UNSEEN"),
        ("a8 SEARCH SUBJCT hi", "a8 SEARCH SUBJECT hi"),
        ("a6 FETCH 1 FULL BODY[]", "a6 FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODY[])"),
        ("a6 FETCH 1 FLAGS ENVELOPE", "a6 FETCH 1 (FLAGS ENVELOPE)"),
        ("a6 FETCH 1 BODY[", "a6 FETCH 1 BODY[]"),
        ("a6 FETCH 1 BODY.PEEK", "a6 FETCH 1 BODY.PEEK[]"),
        ("a6 FETCH 1 SUBJECT", "a6 FETCH 1 ENVELOPE"),
        ("a6 FETCH 1", "a6 FETCH 1 (FLAGS ENVELOPE)"),
        ("a6 FECTH 1 FLAGS", "a6 FETCH 1 FLAGS"),
        ("a6 UID FECTH 1 FLAGS", "a6 UID FETCH 1 FLAGS"),
        ("a6 SELECT my box", 'a6 SELECT "my box"'),
        ("a6 COPY 1", "a6 COPY 1 friends"),
    ],
)
def test_a_line_of_imap_is_mended_where_it_was_not_understood(typed: str, better: str) -> None:
    assert advise(typed.encode(), "imap", "selected", EN).example == better
    assert advise(better.encode(), "imap", "selected", EN).is_right


@pytest.mark.parametrize(
    ("protocol", "state", "typed", "better"),
    [
        ("smtp", "ready", "MAIL FROM a@b.c", "MAIL FROM:<a@b.c>"),
        ("smtp", "ready", "MAIL TO:<a@b.c>", "MAIL FROM:<a@b.c>"),
        ("smtp", "ready", "MIAL FROM:<a@b.c>", "MAIL FROM:<a@b.c>"),
        ("smtp", "mail", "RCPT TO:<bob", "RCPT TO:<bob@hamburger.edu>"),
        ("smtp", "rcpt", "DATA now", "DATA"),
        ("pop3", "transaction", "RETR one", "RETR 1"),
        ("pop3", "transaction", "TOP 1", "TOP 1 0"),
        ("pop3", "transaction", "DELE  1", "DELE 1"),
    ],
)
def test_lines_of_the_others_are_mended_too(protocol: str, state: str, typed: str, better: str) -> None:
    assert advise(typed.encode(), protocol, state, EN).example == better


@pytest.mark.parametrize(
    ("protocol", "state", "typed"),
    [
        ("pop3", "transaction", "DELE"), ("pop3", "transaction", "DELE x"), ("imap", "selected", "a1 DELETE"),
        ("imap", "selected", r"a1 STORE +FLAGS (\Deleted)"), ("imap", "selected", "a1 STORE 1 FLAGS"),
        ("imap", "selected", "DELETE 1"), ("imap", "selected", "a1 EXPUNGED"),
    ],
)  # fmt: skip
def test_nothing_the_student_did_not_type_throws_mail_away(protocol: str, state: str, typed: str) -> None:
    better = advise(typed.encode(), protocol, state, EN).example.upper()
    assert not any(word in better for word in ("DELE", "EXPUNGE", "CLOSE"))


def test_a_flag_all_but_typed_is_mended() -> None:
    assert advise(rb"a5 STORE 1 FLAGS \deletd", "imap", "selected", EN).example == r"a5 STORE 1 FLAGS \Deleted"


def test_the_example_has_the_next_free_tag() -> None:
    rows = read("imap", *LOGGED_IN)
    assert next_tag(rows) == "A010"
    assert next_tag(rows[:1]) == "a1"
    assert next_tag(read("imap", (False, b"* OK\r\n"), (True, b"x NOOP\r\n"))) == "x1"
    assert likely_next(IMAP, "authenticated", rows=rows) == "A010 SELECT INBOX"
    assert advise(b"SELECT INBOX", "imap", "authenticated", EN, (), rows).example == "A010 SELECT INBOX"
    assert advise(b"x7 FETCH 1 FLAGS", "imap", "authenticated", EN, (), rows).example == "x7 SELECT INBOX"
    assert "A010 SELECT INBOX" in completions("SEL", "imap", "authenticated", rows)


def test_after_each_step_the_example_is_the_natural_next() -> None:
    found = [likely_next(IMAP, state).split()[1] for state in ("not_authenticated", "authenticated", "selected")]
    assert found == ["LOGIN", "SELECT", "FETCH"]


def test_the_way_leads_through_what_can_be_typed() -> None:
    assert way_to("LIST", POP3, "authorization") == ("USER", "PASS")
    assert advise(b"LIST", "pop3", "authorization", EN).example == "USER bob"


def test_a_digest_is_computed_from_this_greeting_or_not_given() -> None:
    stamped = read("pop3", (False, b"+OK ready <1.2@hamburger.edu>\r\n"))
    digest = hashlib.md5(b"<1.2@hamburger.edu>pickles", usedforsecurity=False).hexdigest()
    assert example("APOP", POP3, stamped) == f"APOP bob {digest}"
    assert advise(b"APOP bob", "pop3", "authorization", EN, (), stamped).example == f"APOP bob {digest}"
    assert example("APOP", POP3, read("pop3", (False, b"+OK ready\r\n"))) == ""
    assert advise(b"APOP bob", "pop3", "authorization", EN).example == ""
    assert completions("APOP", "pop3", "authorization") == ()


@pytest.mark.parametrize("say", [EN, ZH])
@pytest.mark.parametrize(
    ("protocol", "state", "line", "named", "instead"),
    [
        ("smtp", "ready", b"RETR 1", "POP3", "MAIL FROM:<alice@crepes.fr>"),
        ("smtp", "ready", b"PASS x", "POP3", "MAIL FROM:<alice@crepes.fr>"),
        ("smtp", "ready", b"a1 LOGIN bob x", "IMAP", "MAIL FROM:<alice@crepes.fr>"),
        ("imap", "not_authenticated", b"EHLO me", "SMTP", "a1 LOGIN bob pickles"),
        ("imap", "selected", b"a1 RETR 1", "POP3", "a3 FETCH 1 (FLAGS ENVELOPE)"),
        ("imap", "selected", b"QUIT", "SMTP / POP3", "a9 LOGOUT"),
        ("pop3", "transaction", b"DELETE 1", "IMAP", "STAT"),
    ],
)
def test_a_command_of_another_protocol_is_named(
    say: Words, protocol: str, state: str, line: bytes, named: str, instead: str
) -> None:
    advice = advise(line, protocol, state, say)
    assert (advice.problem, advice.example) == ("elsewhere", instead)
    assert named in advice.headline
    assert "F6" in advice.headline


def test_a_tag_may_be_any_word() -> None:
    assert advise(b"HELO NOOP", "imap", "selected", EN).is_right


@pytest.mark.parametrize("say", [EN, ZH])
def test_in_idle_a_wrong_line_is_judged_and_outside_it_done_is(say: Words) -> None:
    wrong = advise_text(b"NOOP", "imap", "idle", say)
    tagged = advise_text(b"a9 DONE", "imap", "idle", say)
    right = advise_text(b"DONE", "imap", "idle", say)
    assert wrong is not None
    assert tagged is not None
    assert right is not None
    assert (wrong.headline, wrong.example) == (
        say("reply.coach.idle"),
        "",
    )  # any line ends IDLE: DONE would come too late
    assert (tagged.headline, tagged.example) == (say("reply.coach.idle_tagged"), "")
    assert right.is_right
    for line in (b"DONE", b"a9 DONE"):
        late = advise(line, "imap", "selected", say)
        assert (late.problem, late.headline) == ("not-idle", say("reply.coach.not_idle"))
        assert "IDLE" not in late.example


@pytest.mark.parametrize("say", [EN, ZH])
def test_what_is_right_but_may_not_be_meant_is_spoken_of(say: Words) -> None:
    assert r"\Seen" in advise(b"a1 STORE 1 +FLAGS Seen", "imap", "selected", say).hint
    assert not advise(rb"a1 STORE 1 +FLAGS (\Seen mine)", "imap", "selected", say).hint
    assert "EXPUNGE" in advise(b"a1 DELETE 1", "imap", "selected", say).hint
    assert not advise(b"a1 DELETE friends", "imap", "selected", say).hint


def login(protocol: str, said: bytes, answer: bytes) -> list[Row]:
    greeting = {"pop3": b"+OK\r\n", "imap": b"* OK\r\n", "smtp": b"220 h\r\n"}[protocol]
    hello = ((True, b"EHLO me\r\n"), (False, b"250 h\r\n")) if protocol == "smtp" else ()
    return read(protocol, (False, greeting), *hello, (True, said), (False, answer))


@pytest.mark.parametrize("say", [EN, ZH])
@pytest.mark.parametrize(
    ("protocol", "before", "state", "said", "answer", "again"),
    [
        ("pop3", "authorization", "authenticating", b"AUTH PLAIN\r\n", b"+ \r\n", "AUTH PLAIN AGJvYgBwaWNrbGVz"),
        ("imap", "not_authenticated", "authenticating", b"a1 AUTHENTICATE PLAIN\r\n", b"+ \r\n",
         "a2 AUTHENTICATE PLAIN AGJvYgBwaWNrbGVz"),
        ("smtp", "ready", "auth", b"AUTH PLAIN\r\n", b"334 \r\n", "AUTH PLAIN AGJvYgBwaWNrbGVz"),
    ],
)  # fmt: skip
def test_in_a_login_the_lines_are_judged(
    say: Words, protocol: str, before: str, state: str, said: bytes, answer: bytes, again: str
) -> None:
    rows = login(protocol, said, answer)
    assert rows[-1].line.after == state
    plain = advise_text(b"bob pickles", protocol, state, say, rows)
    short = advise_text(b"Ym9i", protocol, state, say, rows)
    assert plain is not None
    assert short is not None
    assert (plain.problem, plain.headline) == ("login", say("screen.coach.no_base64"))
    # The wrong line has ended the login: a new one takes what was meant.
    assert plain.example == again
    assert advise(again.encode(), protocol, before, say).is_right
    assert plain.expected == say("screen.typing.login.PLAIN")
    assert short.headline == say("screen.coach.no_plain", said="bob")
    for right in (b"AGJvYgBwaWNrbGVz", b"*"):
        advice = advise_text(right, protocol, state, say, rows)
        assert advice is not None
        assert advice.is_right


def test_login_asks_for_name_and_then_password() -> None:
    asked = login("smtp", b"AUTH LOGIN\r\n", b"334 UGFzc3dvcmQ6\r\n")
    advice = advise_text(b"pickles?", "smtp", "auth", EN, asked)
    assert advice is not None
    assert advice.expected == EN("screen.typing.login.LOGIN-password")
    assert advice.example == "AUTH LOGIN"


def test_no_message_of_a_uid_is_no_error() -> None:
    asked = ((False, b"* OK\r\n"), (True, b"a1 UID FETCH 99 FLAGS\r\n"))
    nothing = read("imap", *asked, (False, b"a1 OK done\r\n"))
    something = read("imap", *asked, (False, b"* 1 FETCH (UID 99 FLAGS ())\r\na1 OK done\r\n"))
    refused = read("imap", *asked, (False, b"a1 BAD no\r\n"))
    assert is_about_nothing(b"a1 UID FETCH 99 FLAGS", nothing, 1)
    assert not is_about_nothing(b"a1 UID FETCH 99 FLAGS", something, 1)
    assert not is_about_nothing(b"a1 UID FETCH 99 FLAGS", refused, 1)
