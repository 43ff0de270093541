"""The client: what it says, in which order, and what it makes of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.smtp.client import ReplyReceived, SmtpClient
from mailtutor.protocols.smtp.courier import Courier, Handed, Letter, LetterDone, Policy, Recipient, Tls, Weighed
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.table import EVERYTHING, OFFERED
from mailtutor.protocols.spec import Outcome, Wording
from tests.protocols.smtp.talk import Post, open_post

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")
BOB, CAROL, NOBODY = (Recipient(f"{name}@hamburger.edu") for name in ("bob", "carol", "nobody"))
TEXT = b"Subject: hi\r\n\r\n.hi\r\n"


def letter(*recipients: Recipient, content: bytes = TEXT, **more: object) -> Letter:
    return Letter("alice@crepes.fr", recipients or (BOB,), content, **more)  # type: ignore[arg-type]


class Run:
    """A courier and a server of ours, told everything each other says."""

    def __init__(self, post: Post, policy: Policy, *letters: Letter, size: int = 0) -> None:
        self.post = post
        self.courier = Courier(policy)
        self.wire: list[str] = []
        self.done: list[LetterDone] = []
        for each in letters:
            self.courier.send(each)
        self.courier.finish()
        said = post.settle()
        while True:
            for piece in [said[at : at + size] for at in range(0, len(said), size)] if size else [said]:
                self.courier.receive_data(piece)
                self._hear()
            sent = self.courier.data_to_send()
            self.wire += sent.decode("utf-8", "replace").splitlines()
            if not sent:
                break
            said = post.feed(sent)

    def _hear(self) -> None:
        while (event := self.courier.next_event()) not in (NEED_DATA, CLOSE):
            if isinstance(event, LetterDone):
                self.done.append(event)
            elif isinstance(event, StartTls):
                self.courier.tls_started()
                self.post.server.tls_started()
        self.over = event is CLOSE

    @property
    def handed(self) -> list[tuple[Outcome, str, str]]:
        return [(each.outcome, each.verb, each.status) for done in self.done for each in done.handed]


def _server(**settings: Any) -> Post:
    return open_post(greeted=False, **{"offered": EVERYTHING, "mechanisms": MECHANISMS, **settings})


POLICY = Policy("crepes.fr")
GOOD = (Outcome.SUCCESS, ".", "2.0.0")


@pytest.mark.parametrize("size", [0, 1, 5])
def test_letters_go_one_after_the_other_in_groups(size: int) -> None:
    run = Run(_server(), POLICY, letter(BOB, CAROL), letter(BOB), size=size)
    assert run.over
    assert run.handed == [GOOD] * 3
    assert run.post.accepted == [TEXT, TEXT]
    assert run.wire == [
        "EHLO crepes.fr", "MAIL FROM:<alice@crepes.fr> SIZE=20", "RCPT TO:<bob@hamburger.edu>",
        "RCPT TO:<carol@hamburger.edu>", "DATA", "Subject: hi", "", "..hi", ".",
        "MAIL FROM:<alice@crepes.fr> SIZE=20", "RCPT TO:<bob@hamburger.edu>", "DATA", "Subject: hi", "", "..hi", ".",
        "QUIT",
    ]  # fmt: skip


def test_a_classic_client_says_what_the_textbook_prints() -> None:
    run = Run(open_post(greeted=False, wording=Wording.CLASSIC), Policy("crepes.fr", Wording.CLASSIC), letter())
    assert run.wire[:4] == ["HELO crepes.fr", "MAIL FROM: <alice@crepes.fr>", "RCPT TO: <bob@hamburger.edu>", "DATA"]
    assert run.handed == [(Outcome.SUCCESS, ".", "")]


def test_a_refused_ehlo_is_followed_by_helo() -> None:
    run = Run(_server(offered=EVERYTHING - {"EHLO"}), POLICY, letter())
    assert run.wire[:3] == ["EHLO crepes.fr", "HELO crepes.fr", "MAIL FROM:<alice@crepes.fr>"]
    assert run.handed == [(Outcome.SUCCESS, ".", "")]


@pytest.mark.parametrize("offered", [EVERYTHING, EVERYTHING - {"PIPELINING"}])
def test_who_is_refused_does_not_keep_the_others_from_it(offered: frozenset[str]) -> None:
    run = Run(_server(offered=offered), POLICY, letter(NOBODY, BOB), letter(NOBODY), letter(BOB))
    refused = (Outcome.REFUSED, "RCPT", "5.1.1")
    assert run.handed == [refused, GOOD, refused, GOOD]
    assert run.post.accepted == [TEXT, TEXT]


def test_a_server_that_wants_a_message_for_nobody_gets_an_empty_one() -> None:
    courier = Courier(POLICY)
    courier.send(letter(NOBODY))
    courier.finish()
    for said in (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n", b"250 ok\r\n550 no\r\n354 go on\r\n"):
        courier.receive_data(said)
        while courier.next_event() is not NEED_DATA:
            pass
        sent = courier.data_to_send()
    assert sent == b".\r\n"
    courier.receive_data(b"554 nobody\r\n")
    done = courier.next_event()
    assert isinstance(done, LetterDone)
    assert [each.verb for each in done.handed] == ["RCPT"]


@pytest.mark.parametrize(
    ("stage", "key", "verb", "outcome"),
    [
        ("SenderNamed", "451.greylisted", "MAIL", Outcome.TRY_LATER),
        ("SenderNamed", "550.relaying", "MAIL", Outcome.REFUSED),
        ("RecipientNamed", "452.mailbox_full", "RCPT", Outcome.TRY_LATER),
        ("DataBegun", "554.refused", "DATA", Outcome.REFUSED),
        ("MessageReceived", "552.too_big", ".", Outcome.REFUSED),
        ("MessageReceived", "451.local", ".", Outcome.TRY_LATER),
        ("SenderNamed", "421.shutdown", "MAIL", Outcome.TRY_LATER),
        ("MessageReceived", "421.shutdown", ".", Outcome.TRY_LATER),
        ("ClientNamed", "421.shutdown", "", Outcome.TRY_LATER),
    ],
)
@pytest.mark.parametrize("offered", [EVERYTHING, EVERYTHING - {"PIPELINING"}])
def test_the_outcome_tells_which_command_decided(
    stage: str, key: str, verb: str, outcome: Outcome, offered: frozenset[str]
) -> None:
    post = _server(offered=offered)
    post.faults[stage] = key
    run = Run(post, POLICY, letter(), letter())
    assert run.over
    assert [each[0] for each in run.handed] == [outcome, outcome]
    assert run.handed[0][1] == verb


@pytest.mark.parametrize(
    ("greeting", "outcome"), [("421.busy", Outcome.TRY_LATER), ("554.no_service", Outcome.REFUSED)]
)
def test_a_server_that_does_not_want_us(greeting: str, outcome: Outcome) -> None:
    run = Run(_server(greeting=greeting), POLICY, letter())
    assert run.over
    assert run.wire == (["QUIT"] if greeting.startswith("554") else [])
    assert run.handed[0][:2] == (outcome, "")


def test_a_reply_without_end_is_not_kept() -> None:
    courier = Courier(POLICY)
    courier.send(letter())
    courier.receive_data(b"220 x\r\n")
    assert courier.next_event() is NEED_DATA
    line = b"250-" + b"x" * 1000 + b"\r\n"
    handed = [each for _ in range(100) for each in _until(courier, line)]
    assert [(each.outcome, "65536 octets" in each.text) for each in handed] == [(Outcome.TRY_LATER, True)]


def _until(courier: Courier, *said: bytes) -> list[Handed]:
    found: list[Handed] = []
    for each in said:
        courier.receive_data(each)
        while (event := courier.next_event()) not in (NEED_DATA, CLOSE):
            if isinstance(event, Weighed):
                continue
            assert isinstance(event, LetterDone)
            found += event.handed
    return found


@pytest.mark.parametrize(("said", "largest"), [(b"SIZE 1000", 1000), (b"SIZE", 0), (b"SIZE much", 0), (b"HELP", 0)])
def test_a_letter_is_weighed_before_anything_of_it_is_said(said: bytes, largest: int) -> None:
    courier = Courier(POLICY)
    courier.send(letter())
    courier.receive_data(b"220 x\r\n")
    assert courier.next_event() is NEED_DATA
    courier.data_to_send()
    courier.receive_data(b"250-x\r\n250 " + said + b"\r\n")
    assert courier.next_event() == Weighed(letter(), largest)
    assert courier.data_to_send() == b""
    assert courier.next_event() is NEED_DATA
    assert courier.data_to_send().startswith(b"MAIL FROM:")


def test_a_connection_lost_after_the_final_dot_is_told_apart() -> None:
    courier = Courier(POLICY)
    courier.send(letter())
    courier.send(letter())
    assert _until(courier, b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n") == []
    courier.receive_eof()
    handed = _until(courier, b"")
    assert [(each.outcome, each.verb, each.reply) for each in handed] == [
        (Outcome.TRY_LATER, ".", None),
        (Outcome.TRY_LATER, "", None),
    ]
    assert courier.next_event() is CLOSE


def test_what_is_no_reply_and_who_is_not_waited_for() -> None:
    courier = Courier(POLICY)
    courier.send(letter())
    (handed,) = _until(courier, b"HTTP/1.1 400 Bad Request\r\n")
    assert "HTTP" in handed.text
    courier = Courier(POLICY)
    courier.send(letter())
    courier.give_up("no answer")
    (handed,) = _until(courier, b"")
    assert (handed.outcome, handed.text) == (Outcome.TRY_LATER, "no answer")


# TLS and login ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tls", "offered", "key", "good"),
    [
        (Tls.NEVER, EVERYTHING, "", True), (Tls.OFFERED, EVERYTHING, "", True), (Tls.REQUIRED, EVERYTHING, "", True),
        (Tls.OFFERED, OFFERED, "", True), (Tls.REQUIRED, OFFERED, "", False),
        (Tls.OFFERED, EVERYTHING, "454.tls", True), (Tls.REQUIRED, EVERYTHING, "454.tls", False),
    ],
)  # fmt: skip
def test_tls_as_the_policy_says(tls: Tls, offered: frozenset[str], key: str, good: bool) -> None:
    post = _server(offered=offered)
    if key:
        post.faults["TlsAsked"] = key
    run = Run(post, Policy("crepes.fr", tls=tls), letter())
    assert run.post.server.tls == (tls is not Tls.NEVER and offered == EVERYTHING and not key)
    assert run.wire.count("EHLO crepes.fr") == (2 if run.post.server.tls else 1)
    assert (run.handed[0][0] is Outcome.SUCCESS) == good
    if not good:
        assert run.handed[0][2].endswith(".7.10")


def test_a_handshake_that_fails_ends_it() -> None:
    courier = Courier(Policy("x", tls=Tls.OFFERED))
    courier.send(letter())
    courier.receive_data(b"220 x\r\n")
    assert courier.next_event() is NEED_DATA
    courier.receive_data(b"250-x\r\n250 STARTTLS\r\n")
    assert courier.next_event() is NEED_DATA
    courier.receive_data(b"220 go\r\n250 injected\r\n")
    assert isinstance(courier.next_event(), StartTls)
    assert courier.next_event() is NEED_DATA
    courier.tls_failed("wrong certificate")
    done = courier.next_event()
    assert isinstance(done, LetterDone)
    assert (done.handed[0].outcome, done.handed[0].text) == (Outcome.TRY_LATER, "wrong certificate")


@pytest.mark.parametrize("mechanism", ["", *MECHANISMS])
def test_login(mechanism: str) -> None:
    policy = Policy("x", username="alice", password="baguette", mechanism=mechanism, nonce="C")
    run = Run(_server(auth_required=True), policy, letter())
    assert run.handed == [GOOD]
    assert run.wire[1].startswith(f"AUTH {mechanism or 'SCRAM-SHA-256'}")


def test_login_refused_or_impossible() -> None:
    wrong = Run(_server(), Policy("x", username="alice", password="?", nonce="C"), letter())
    assert wrong.handed == [(Outcome.REFUSED, "", "5.7.8")]
    without = Run(_server(mechanisms=()), Policy("x", username="alice", password="baguette"), letter())
    assert without.handed == [(Outcome.REFUSED, "", "5.7.4")]


def test_a_server_that_cannot_prove_itself_is_not_believed() -> None:
    client = SmtpClient()
    client.receive_data(b"220 x\r\n")
    client.next_event()
    client.auth("SCRAM-SHA-256", "user", "pencil", "abc")
    client.state = "ready"
    client.receive_data(b"334 cj1hYmNkZWYscz1jMkZzZEE9PSxpPTQwOTY=\r\n334 dj1BQUFB\r\n")
    for last in (False, True):
        event = client.next_event()
        assert isinstance(event, ReplyReceived)
        assert (client.respond(event.reply) == b"*\r\n") == last


# What a server must offer -----------------------------------------------------------------------------------------

CHINESE = "Subject: 你好\r\n\r\nhi\r\n".encode()
EIGHT_BIT = "Subject: hi\r\n\r\n你好\r\n".encode()


@pytest.mark.parametrize(
    ("content", "missing", "status"),
    [
        (CHINESE, "SMTPUTF8", "5.6.7"), (EIGHT_BIT, "8BITMIME", "5.6.3"), (b"a: b\r\n\r\n\0", "BINARYMIME", "5.6.3"),
        (b"a: b\r\n\r\n\0", "CHUNKING", "5.6.3"),
    ],
)  # fmt: skip
def test_what_the_server_cannot_carry_is_not_tried(content: bytes, missing: str, status: str) -> None:
    run = Run(_server(offered=EVERYTHING - {missing}), POLICY, letter(content=content), letter())
    assert run.handed == [(Outcome.REFUSED, "", status), GOOD]
    run = Run(_server(), POLICY, letter(content=content))
    assert run.handed[0][0] is Outcome.SUCCESS
    assert run.post.accepted == [content]


def test_a_message_too_big_is_not_tried() -> None:
    run = Run(_server(limits=Limits(size=10)), POLICY, letter())
    assert run.handed == [(Outcome.REFUSED, "", "5.3.4")]


def test_an_address_in_another_script_is_announced() -> None:
    run = Run(_server(), POLICY, letter(Recipient("鲍勃@hamburger.edu")))
    assert run.wire[1:3] == ["MAIL FROM:<alice@crepes.fr> SIZE=20 SMTPUTF8", "RCPT TO:<鲍勃@hamburger.edu>"]
    assert run.handed == [GOOD]


def test_reports_are_asked_for_where_the_server_sends_them() -> None:
    wanted = Recipient("bob@hamburger.edu", frozenset({"SUCCESS", "DELAY"}), "robert+x@hamburger.edu")
    for offered in (EVERYTHING, EVERYTHING - {"DSN"}):
        run = Run(_server(offered=offered), POLICY, letter(wanted, ret="HDRS", envid="q 1"))
        assert run.handed == [GOOD]
        assert run.wire[1:3] == (
            [
                "MAIL FROM:<alice@crepes.fr> SIZE=20 RET=HDRS ENVID=q+201",
                "RCPT TO:<bob@hamburger.edu> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;robert+2Bx@hamburger.edu",
            ]
            if offered == EVERYTHING
            else ["MAIL FROM:<alice@crepes.fr> SIZE=20", "RCPT TO:<bob@hamburger.edu>"]
        )


def test_chunks_of_the_size_asked_for() -> None:
    run = Run(_server(), Policy("x", chunk_size=8), letter())
    assert [line[line.index("BDAT") :] for line in run.wire if "BDAT" in line] == ["BDAT 8", "BDAT 8", "BDAT 4 LAST"]
    assert run.handed == [(Outcome.SUCCESS, "BDAT", "2.0.0")]
    assert run.post.accepted == [TEXT]


def test_an_empty_letter_in_chunks() -> None:
    run = Run(_server(), Policy("x", chunk_size=8), letter(content=b""))
    assert run.handed == [(Outcome.SUCCESS, "BDAT", "2.0.0")]


def test_a_chunk_refused_ends_the_letter_and_not_the_session() -> None:
    post = _server()
    post.faults["ChunkReceived"] = "452.no_room"
    run = Run(post, Policy("x", chunk_size=8), letter(), letter())
    assert run.handed == [(Outcome.TRY_LATER, "BDAT", "4.3.1")] * 2


def test_the_servers_limits_are_kept() -> None:
    run = Run(_server(limits=Limits(recipients=1)), POLICY, letter(BOB, CAROL))
    assert run.handed == [GOOD, GOOD]
    assert len(run.post.accepted) == 2
    run = Run(_server(limits=Limits(messages=1)), POLICY, letter(BOB), letter(CAROL))
    assert [each[0] for each in run.handed] == [Outcome.SUCCESS, Outcome.TRY_LATER]
    assert [each.left_over for done in run.done for each in done.handed] == [False, True]
    assert run.courier.is_full


# The commands by themselves ---------------------------------------------------------------------------------------


def test_commands_for_which_there_is_no_letter() -> None:
    client = SmtpClient()
    client.extensions = {"SMTPUTF8": "", "LIMITS": "RCPTMAX=20 MAILMAX=x"}
    assert client.vrfy("鲍勃") == "VRFY 鲍勃 SMTPUTF8\r\n".encode()
    assert client.expn("all") == b"EXPN all SMTPUTF8\r\n"
    assert client.etrn("@x.y") == b"ETRN @x.y\r\n"
    assert client.noop() == b"NOOP\r\n"
    assert (client.limit("RCPTMAX"), client.limit("MAILMAX"), client.limit("RCPTDOMAINMAX")) == (20, 0, 0)


def test_what_cannot_be_said_is_our_own_mistake() -> None:
    client = SmtpClient()
    with pytest.raises(LocalProtocolError):
        client.rcpt("bob@x>\r\nQUIT")
    with pytest.raises(LocalProtocolError):
        client.message(b"")
    with pytest.raises(LocalProtocolError):
        client.tls_started()
    with pytest.raises(LocalProtocolError):
        client.auth("KERBEROS_V4", "a", "b")
    with pytest.raises(LocalProtocolError):
        Courier(POLICY).send(Letter("a@b.c", (), b""))
