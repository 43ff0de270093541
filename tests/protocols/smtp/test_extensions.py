"""The extensions, as dialogues."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.lines import Source
from mailtutor.protocols.sasl import mechanisms as sasl
from mailtutor.protocols.smtp import SmtpObserver, events
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.replies import REPLIES, fitting
from mailtutor.protocols.smtp.table import EVERYTHING, OFFERED
from mailtutor.protocols.smtp.xtext import from_xtext, to_xtext
from mailtutor.protocols.spec import Wording
from tests.protocols.smtp.talk import Post, open_post, pieces

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")


def _post(**settings: Any) -> Post:
    post = open_post(**{"offered": EVERYTHING, "mechanisms": MECHANISMS, "nonce": "N", **settings})
    post.feed(b"EHLO crepes.fr\r\n")
    return post


def _codes(said: bytes) -> list[bytes]:
    return [line[:3] for line in said.splitlines() if line[3:4] == b" "]


# What is offered --------------------------------------------------------------------------------------------------


def test_ehlo_lists_exactly_what_is_offered() -> None:
    post = open_post(offered=EVERYTHING, mechanisms=("PLAIN",), limits=Limits(recipients=5, messages=2, domains=3))
    assert [line[4:] for line in post.feed(b"EHLO x\r\n").decode().splitlines()[1:]] == [
        "PIPELINING", "SIZE 10485760", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN", "ETRN", "EXPN",
        "STARTTLS", "AUTH PLAIN", "LIMITS RCPTMAX=5 MAILMAX=2 RCPTDOMAINMAX=3", "ENHANCEDSTATUSCODES", "HELP",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", sorted(EVERYTHING - {"EHLO"}))
def test_what_is_not_offered_is_not_listed(missing: str) -> None:
    post = open_post(offered=EVERYTHING - {missing}, mechanisms=MECHANISMS)
    assert missing not in post.feed(b"EHLO x\r\n").decode().replace("-", " ").split()


@pytest.mark.parametrize(
    ("capability", "line"),
    [
        ("STARTTLS", "STARTTLS"), ("AUTH", "AUTH PLAIN"), ("CHUNKING", "BDAT 0 LAST"), ("ETRN", "ETRN x.y"),
        ("EXPN", "EXPN all"), ("HELP", "HELP"), ("EHLO", "EHLO x"),
    ],
)  # fmt: skip
def test_a_command_not_offered_is_not_implemented(capability: str, line: str) -> None:
    post = open_post(offered=EVERYTHING - {capability}, mechanisms=MECHANISMS)
    post.feed(b"EHLO x\r\n" if capability != "EHLO" else b"HELO x\r\n")
    assert post.feed(line.encode() + b"\r\n")[:3] == b"502"


@pytest.mark.parametrize(
    ("capability", "line"),
    [
        ("SIZE", "MAIL FROM:<a@b.c> SIZE=1"), ("8BITMIME", "MAIL FROM:<a@b.c> BODY=8BITMIME"),
        ("BINARYMIME", "MAIL FROM:<a@b.c> BODY=BINARYMIME"), ("AUTH", "MAIL FROM:<a@b.c> AUTH=<>"),
        ("SMTPUTF8", "MAIL FROM:<a@b.c> SMTPUTF8"), ("DSN", "MAIL FROM:<a@b.c> RET=HDRS"),
        ("DSN", "MAIL FROM:<a@b.c> ENVID=x"),
    ],
)  # fmt: skip
def test_a_parameter_not_offered_is_not_recognized(capability: str, line: str) -> None:
    post = _post(offered=EVERYTHING - {capability})
    said = post.feed(line.encode() + b"\r\n")
    assert said.startswith(b"555 5.5.4")
    assert _post().feed(line.encode() + b"\r\n").startswith(b"250")


def test_extensions_are_for_those_who_said_ehlo() -> None:
    post = open_post(offered=EVERYTHING, mechanisms=MECHANISMS)
    said = post.feed(b"HELO x\r\nSTARTTLS\r\nAUTH PLAIN\r\nETRN x.y\r\nMAIL FROM:<a@b.c> SIZE=1\r\n")
    assert _codes(said) == [b"250", b"502", b"502", b"502", b"555"]


def test_enhanced_codes_are_left_out_where_they_are_not_offered() -> None:
    assert _post(offered=OFFERED - {"ENHANCEDSTATUSCODES"}).feed(b"NOOP\r\n") == b"250 OK\r\n"


def test_help_explains_a_verb_with_the_parameters_offered() -> None:
    said = _post(offered=OFFERED | {"DSN"}).feed(b"HELP RCPT\r\n").decode()
    assert "RCPT TO:<address>" in said
    assert "NOTIFY=" in said
    assert "RFC 3461" in said
    assert b"504" in _post(offered=OFFERED).feed(b"HELP ETRN\r\n")


# STARTTLS ---------------------------------------------------------------------------------------------------------


def test_after_tls_nothing_is_known() -> None:
    post = _post()
    assert post.feed(b"STARTTLS\r\nMAIL FROM:<evil@b.c>\r\n") == b"220 2.0.0 Go ahead: begin TLS now\r\n"
    assert [order.discarded for order in post.orders] == [b"MAIL FROM:<evil@b.c>\r\n"]
    assert post.feed(b"RSET\r\n") == b""
    post.server.tls_started()
    assert post.server.state == "wait"
    assert post.feed(b"MAIL FROM:<a@b.c>\r\n").startswith(b"503")
    assert b"STARTTLS" not in post.feed(b"EHLO x\r\n")
    assert post.feed(b"STARTTLS\r\n").startswith(b"503")


def test_starttls_takes_no_argument_and_belongs_before_a_message() -> None:
    post = _post()
    assert post.feed(b"STARTTLS now\r\n").startswith(b"501")
    assert post.feed(b"MAIL FROM:<a@b.c>\r\nSTARTTLS\r\n").splitlines()[-1].startswith(b"503")


def test_a_server_that_wants_tls_says_so_to_everything_else() -> None:
    post = open_post(offered=EVERYTHING, tls_required=True)
    said = post.feed(b"HELO x\r\nEHLO x\r\nNOOP\r\nMAIL FROM:<a@b.c>\r\nRSET\r\nSTARTTLS\r\n")
    assert _codes(said) == [b"530", b"250", b"250", b"530", b"530", b"220"]
    post.server.tls_started()
    assert _codes(post.feed(b"EHLO x\r\nMAIL FROM:<a@b.c>\r\n")) == [b"250", b"250"]


def test_a_failed_handshake_ends_the_session() -> None:
    post = _post()
    post.feed(b"STARTTLS\r\n")
    post.server.tls_failed()
    post.settle()
    assert post.closed


def test_tls_nobody_asked_for_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        _post().server.tls_started()


# AUTH -------------------------------------------------------------------------------------------------------------


def test_cram_md5_as_in_rfc_2195() -> None:
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert sasl.cram_response("tim", "tanstaaftanstaaf", challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_scram_as_in_rfc_7677() -> None:
    client = sasl.ScramClient("user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    assert client.first() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    final = client.final(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert final == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    client.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def _login(post: Post, mechanism: str, password: str) -> bytes:
    say = post.feed
    if mechanism == "PLAIN":
        return say(b"AUTH PLAIN " + b64encode(f"\0alice\0{password}".encode()) + b"\r\n")
    if mechanism == "LOGIN":
        say(b"AUTH LOGIN\r\n" + b64encode(b"alice") + b"\r\n")
        return say(b64encode(password.encode()) + b"\r\n")
    if mechanism == "CRAM-MD5":
        assert say(b"AUTH CRAM-MD5\r\n") == b"334 " + b64encode(b"<N.1@hamburger.edu>") + b"\r\n"
        return say(b64encode(sasl.cram_response("alice", password, b"<N.1@hamburger.edu>")) + b"\r\n")
    client = sasl.ScramClient("alice", password, "C")
    server_first = say(b"AUTH SCRAM-SHA-256 " + b64encode(client.first()) + b"\r\n")
    said = say(b64encode(client.final(_challenge(server_first))) + b"\r\n")
    if said.startswith(b"334"):
        client.verify(_challenge(said))
        said = say(b"\r\n")
    return said


def _challenge(line: bytes) -> bytes:
    assert line.startswith(b"334 ")
    return b64decode(line[4:].strip())


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_lets_in_who_knows_the_password(mechanism: str) -> None:
    assert _login(_post(), mechanism, "baguette").startswith(b"235 2.7.0")
    post = _post()
    assert _login(post, mechanism, "croissant").startswith(b"535 5.7.8")
    assert post.server.state == "ready"
    assert post.feed(b"NOOP\r\n").startswith(b"250")


@pytest.mark.parametrize(
    ("command", "responses", "code"),
    [
        (b"AUTH CRAM-MD5 YWxpY2U=", [], b"501"),
        (b"AUTH SCRAM-SHA-256", [b"nonsense"], b"501"),
        (b"AUTH SCRAM-SHA-256 " + b64encode(b"p=tls-unique,,n=a,r=b"), [], b"535"),
        (b"AUTH SCRAM-SHA-256 " + b64encode(b"n,,n=alice,r=C"), [b64encode(b"c=biws,r=other,p=AAAA")], b"535"),
        (b"AUTH SCRAM-SHA-256 " + b64encode(b"n,,n=alice,r=C"), [b64encode(b"c=eSws,r=CN.1,p=AAAA")], b"535"),
        (b"AUTH SCRAM-SHA-256 " + b64encode(b"n,,n=alice,r=C"), [b64encode(b"c=biws,r=CN.1,p=AAAA")], b"535"),
        (b"AUTH SCRAM-SHA-256 " + b64encode(b"n,,n=alice,r=C"), [b"*"], b"501"),
        (b"AUTH PLAIN " + b64encode(b"carol\0alice\0baguette"), [], b"535"),
        (b"AUTH PLAIN =", [], b"501"),
    ],
)
def test_a_login_that_makes_no_sense(command: bytes, responses: list[bytes], code: bytes) -> None:
    post = _post()
    said = post.feed(command + b"\r\n")
    for response in responses:
        assert said.startswith(b"334")
        said = post.feed(response + b"\r\n")
    assert said[:3] == code
    assert post.feed(b"NOOP\r\n").startswith(b"250")


def test_plaintext_only_under_tls_where_the_server_wants_it() -> None:
    post = open_post(offered=EVERYTHING, mechanisms=MECHANISMS, plaintext_needs_tls=True)
    assert b"AUTH CRAM-MD5 SCRAM-SHA-256\r\n" in post.feed(b"EHLO x\r\n")
    assert post.feed(b"AUTH PLAIN\r\n").startswith(b"538 5.7.11")
    assert b"AUTH PLAIN LOGIN" in open_post(
        offered=EVERYTHING, mechanisms=MECHANISMS, plaintext_needs_tls=True, tls=True
    ).feed(b"EHLO x\r\n")


# BDAT -------------------------------------------------------------------------------------------------------------

ENVELOPE = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\n"
BINARY = b"MAIL FROM:<a@b.c> BODY=BINARYMIME\r\nRCPT TO:<bob@hamburger.edu>\r\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_make_a_message_however_they_are_cut(size: int) -> None:
    sent = ENVELOPE + b"BDAT 7\r\n.\r\n.\r\n\rBDAT 3\r\n\nhiBDAT 2 LAST\r\n\r\nNOOP\r\n"
    post = _post()
    said = b"".join(post.feed(sent[at : at + size]) for at in range(0, len(sent), size))
    assert _codes(said) == [b"250"] * 6
    assert post.accepted == [b".\r\n.\r\n\r\nhi\r\n"]
    assert post.received[0].chunked


def test_a_binary_message_may_hold_anything() -> None:
    post = _post()
    post.feed(BINARY + b"BDAT 6\r\n\x00\n\r\xff.\r" + b"BDAT 0 LAST\r\n")
    assert post.accepted == [b"\x00\n\r\xff.\r"]


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        (b"BDAT 4\r\nQUITNOOP\r\n", [b"503", b"250"]),
        (b"MAIL FROM:<a@b.c>\r\nBDAT 4 LAST\r\nQUITNOOP\r\n", [b"250", b"503", b"250"]),
        (ENVELOPE + b"BDAT x\r\nNOOP\r\n", [b"250", b"250", b"501", b"250"]),
        (ENVELOPE + b"BDAT x\r\nBDAT 2 LAST\r\nhi", [b"250", b"250", b"501", b"250"]),
        (ENVELOPE + b"BDAT 6 LATS\r\nQUIT\r\nNOOP\r\n", [b"250", b"250", b"501", b"250"]),
        (ENVELOPE + b"BDAT 6 LAST\nQUIT\r\nNOOP\r\n", [b"250", b"250", b"500", b"250"]),
        (ENVELOPE + b"BDAT 6 " + b" " * 600 + b"\r\nQUIT\r\nNOOP\r\n", [b"250", b"250", b"500", b"250"]),
        (b"BDAT 6 \xc3\xa9\r\nQUIT\r\nNOOP\r\n", [b"500", b"250"]),
        (b"HELO x\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", [b"250", b"502", b"250"]),
        (ENVELOPE + b"BDAT 2\r\nhiMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\n", [b"250"] * 3 + [b"503"] * 2),
        (ENVELOPE + b"BDAT 2\r\nhiRSET\r\nBDAT 4 LAST\r\nQUITNOOP\r\n", [b"250"] * 4 + [b"503", b"250"]),
        (ENVELOPE + b"BDAT 3\r\na\nbBDAT 0 LAST\r\nBDAT 0 LAST\r\n", [b"250"] * 3 + [b"550", b"503"]),
        (ENVELOPE + b"BDAT 0 LAST\r\n" + ENVELOPE, [b"250"] * 5),
        (ENVELOPE + b"BDAT 90\r\n" + b"x" * 90 + b"BDAT 20\r\n" + b"QUIT" * 5 + b"BDAT 1 LAST\r\nQNOOP\r\n",
         [b"250"] * 3 + [b"552", b"503", b"250"]),
    ],
)  # fmt: skip
def test_a_refused_chunk_is_swallowed(sent: bytes, codes: list[bytes]) -> None:
    post = _post(limits=Limits(size=100))
    assert _codes(post.feed(sent)) == codes
    assert not post.closed


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"a\0b\r\n"])
def test_text_in_chunks_is_held_to_the_rules_of_text(body: bytes) -> None:
    post = _post()
    assert _codes(post.feed(ENVELOPE + b"BDAT %d LAST\r\n" % len(body) + body))[-1] == b"550"


# Addresses in any script, reports ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<爱丽丝@例子.cn> SMTPUTF8", "250"),
        ("MAIL FROM:<爱丽丝@例子.cn>", "553 5.6.7"),
        ("MAIL FROM:<alice@crepes.fr> SMTPUTF8", "250"),
        ("MAIL FROM:<alice@crepes.fr> SMTPUTF8=1", "501"),
        ('MAIL FROM:<"爱 丽"@crepes.fr> SMTPUTF8', "250"),
        ("MAIL FROM:<a\u0085b@crepes.fr> SMTPUTF8", "500"),
        ("VRFY 鲍勃 SMTPUTF8", "550"),
        ("VRFY 鲍勃", "553 5.6.8"),
        ("EXPN 学生 SMTPUTF8", "550"),
        ("EHLO 例子.cn", "500"),
        ("NOOP 你好", "500"),
    ],
)
def test_utf8(line: str, code: str) -> None:
    assert _post().feed(line.encode() + b"\r\n").decode().startswith(code)


def test_a_recipient_in_another_script_needs_the_senders_word() -> None:
    rcpt = "RCPT TO:<鲍勃@hamburger.edu>\r\n".encode()
    assert _post().feed(b"MAIL FROM:<a@b.c>\r\n" + rcpt).splitlines()[-1].startswith(b"553 5.6.7")
    assert _post().feed(b"MAIL FROM:<a@b.c> SMTPUTF8\r\n" + rcpt).splitlines()[-1].startswith(b"250")


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
def test_utf8_is_strict(raw: bytes) -> None:
    assert _post().feed(b"MAIL FROM:<" + raw + b"@b.c> SMTPUTF8\r\n").startswith(b"500")


@pytest.mark.parametrize(
    ("parameters", "right"),
    [
        ("NOTIFY=NEVER", True), ("NOTIFY=SUCCESS,FAILURE,DELAY", True), ("NOTIFY=never", True),
        ("NOTIFY=NEVER,DELAY", False), ("NOTIFY=DELAY,DELAY", False), ("NOTIFY=SOMETIMES", False), ("NOTIFY", False),
        ("ORCPT=rfc822;bob+2Bx@hamburger.edu", True), ("ORCPT=bob@hamburger.edu", False), ("ORCPT=rfc822;", False),
        ("ORCPT=rfc822;bob+2x@hamburger.edu", False), ("ORCPT=utf-8;\\x{9C8D}@hamburger.edu", True),
        ("NOTIFY=DELAY ORCPT=rfc822;a@b.c", True), ("RET=FULL", None), ("SIZE=1", None),
    ],
)  # fmt: skip
def test_what_may_be_said_of_a_recipient(parameters: str, right: bool | None) -> None:
    post = _post()
    post.feed(b"MAIL FROM:<a@b.c>\r\n")
    said = post.feed(f"RCPT TO:<bob@hamburger.edu> {parameters}\r\n".encode())
    assert said.startswith(b"555 5.5.4" if right is None else b"250" if right else b"501 5.5.4")


@pytest.mark.parametrize(
    ("parameters", "right"),
    [("RET=FULL", True), ("RET=hdrs", True), ("RET=ALL", False), ("ENVID=a+2Bb", True), ("ENVID=a+b", False),
     (f"ENVID={'x' * 101}", False), ("AUTH=a+3Db@c.d", True), ("AUTH=+", False)],
)  # fmt: skip
def test_what_may_be_said_of_a_message(parameters: str, right: bool) -> None:
    said = _post().feed(f"MAIL FROM:<a@b.c> {parameters}\r\n".encode())
    assert said.startswith(b"250" if right else b"501 5.5.4")


def test_the_envelope_comes_with_the_message() -> None:
    post = _post()
    post.feed(
        b"MAIL FROM:<a@b.c> RET=HDRS ENVID=q+2B1 BODY=8bitmime SIZE=9\r\n"
        b"RCPT TO:<bob@hamburger.edu> NOTIFY=delay,SUCCESS ORCPT=rfc822;b+2Bc@d.e\r\nDATA\r\nhi\r\n.\r\n"
    )
    (message,) = post.received
    assert message.sender is not None
    sender = message.sender
    assert (sender.ret, sender.envid, sender.body, sender.size, sender.utf8) == ("HDRS", "q+1", "8BITMIME", 9, False)
    (recipient,) = message.recipients
    assert recipient.notify == frozenset({"DELAY", "SUCCESS"})
    assert post.server.sender is None


@given(st.text(max_size=50))
def test_xtext_comes_back(text: str) -> None:
    assert from_xtext(to_xtext(text)) == text


# Endings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [b"", b"MAIL FROM:<a@b.c>\r\n", ENVELOPE + b"DATA\r\nhalf", ENVELOPE + b"BDAT 9\r\nhalf"]
)
def test_a_server_that_leaves_says_why(said: bytes) -> None:
    for leave, start in (("shut_down", b"421 4.3.2"), ("time_out", b"421 4.4.2")):
        post = _post()
        post.feed(said)
        getattr(post.server, leave)()
        assert post.settle().startswith(start)
        assert post.closed
        getattr(post.server, leave)()
        assert post.settle() == b""


def test_a_question_left_open_does_not_keep_a_server_from_leaving() -> None:
    server = _post().server
    server.receive_data(b"MAIL FROM:<a@b.c>\r\n")
    assert isinstance(server.next_event(), events.SenderNamed)
    server.shut_down()
    assert server.data_to_send().startswith(b"421")


# However the bytes come ---------------------------------------------------------------------------------------------

TRICKS = [
    b"EHLO x\r\n", ENVELOPE, BINARY, b"DATA\r\n", b".\r\n", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n",
    b"\r\r\n.\r\n", b"BDAT 5\r\n", b"BDAT 3 LAST\r\n", b"QUIT\r\n", b"RSET\r\n", b"AUTH LOGIN\r\n", b"AUTH PLAIN\r\n",
    b"AUTH CRAM-MD5\r\n", b"*\r\n", b"YWxpY2U=\r\n", "鲍".encode(), b"\r", b"\n", b"\0", b"x" * 600, b"HELP\r\n", b"..",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(TRICKS), st.binary(max_size=8)), max_size=25), st.integers(1, 7))
def test_any_cutting_gives_the_same_events_and_the_same_bytes(sent: list[bytes], size: int) -> None:
    data = b"".join(sent)
    whole, cut = _post(), _post()
    said = whole.feed(data)
    assert said == b"".join(cut.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert whole.seen == cut.seen
    assert whole.server.state == cut.server.state


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"a", b"MAIL FROM:<e@v.l>"]), max_size=30))
def test_nothing_but_the_real_end_ends_a_message(sent: list[bytes]) -> None:
    stream = b"x" + b"".join(sent) + b"\r\n.\r\n"
    text = stream[: stream.find(b"\r\n.\r\n") + 2]
    is_text = text.count(b"\r") == text.count(b"\n") == text.count(b"\r\n")
    post = _post()
    post.feed(ENVELOPE + b"DATA\r\n")
    assert _codes(post.feed(stream))[0] == (b"250" if is_text else b"550")
    assert post.accepted == ([text.replace(b"\r\n.", b"\r\n")] if is_text else [])


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_octets_of_a_chunk_refused_for_want_of_tls_are_no_commands(size: int) -> None:
    post = _post(tls_required=True)
    said = b"".join(post.feed(piece) for piece in pieces(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", size))
    assert _codes(said) == [b"530", b"250"]
    assert not post.closed


@pytest.mark.parametrize(
    "line",
    [b"BDAT 6", b"BDAT 6 LAST", b"BDAT 6 LATS", b"BDAT 6LAST", b"BDAT x", b"BDAT", b"BDAT 6  last  ", b"BDAT 6 \r6",
     b"bdat 6 \xff", b"BDAT  6 " + b" " * 700, b"BDAT 99999999999999999999"],
)  # fmt: skip
@pytest.mark.parametrize("before", [b"", b"MAIL FROM:<a@b.c>\r\n", ENVELOPE])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_server_and_observer_agree_on_what_is_a_chunk(line: bytes, before: bytes, end: bytes) -> None:
    post, observer = open_post(greeted=False, offered=EVERYTHING), SmtpObserver()
    observer.observe(Source.SERVER, post.server.data_to_send())
    for said in (b"EHLO x\r\n", before, line + end + b"NOOP\r\nRSET\r\n", b"NOOP\r\n"):
        observer.observe(Source.CLIENT, said)
        observer.observe(Source.SERVER, post.feed(said))
        assert observer.state == post.server.state


# Logins that go wrong, by their codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (b"AUTH CRAM-MD5 eA==", b"501 5.7.0 CRAM-MD5"),
        (b"AUTH PLAIN !!!", b"501 5.5.2 "),
        (b"AUTH PLAIN ====", b"501 5.5.2 "),
        (b"AUTH PLAIN " + b"A" * 12300, b"500 5.5.6 "),
        (b"AUTH PLAIN YWxp ZQ==", b"501 5.5.4 "),
    ],
)
def test_what_is_wrong_with_a_login_has_its_own_code(command: bytes, said: bytes) -> None:
    assert _post().feed(command + b"\r\n").startswith(said)


@pytest.mark.parametrize("acting_for", [b"alice", b"alice@hamburger.edu", b"Alice@Hamburger.EDU"])
def test_who_acts_for_herself_may_write_her_whole_address(acting_for: bytes) -> None:
    assert _post().feed(b"AUTH PLAIN " + b64encode(acting_for + b"\0alice\0baguette") + b"\r\n")[:3] == b"235"


@pytest.mark.parametrize("acting_for", [b"carol@hamburger.edu", b"alice@crepes.fr"])
def test_nobody_acts_for_somebody_else(acting_for: bytes) -> None:
    assert _post().feed(b"AUTH PLAIN " + b64encode(acting_for + b"\0alice\0baguette") + b"\r\n")[:3] == b"535"


# Replies that repeat what was said ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"VRFY " + b"b" * 480, b" ... User unknown"),
        (b"VRFY " + "鲍".encode() * 150 + b" SMTPUTF8", b" ... User unknown"),
        (b"ETRN " + b"node." * 98 + b"edu", b" started"),
        (b"MAIL FROM:<a@b.c> " + b"X" * 900 + b"=1", b"..."),
    ],
)
def test_no_line_of_a_reply_is_longer_than_512_octets(said: bytes, kept: bytes) -> None:
    post = _post(limits=Limits(line=1000))
    lines = post.feed(said + b"\r\n").splitlines(keepends=True)
    assert all(len(line) <= 512 and line.decode() for line in lines)
    assert kept in lines[-1]


def test_a_fact_of_many_lines_is_cut_in_each() -> None:
    rows = fitting(REPLIES["250.list"], Wording.EXTENDED, {"members": "é" * 300 + "\nbob"}, 501)
    assert rows == ["é" * 250, "bob"]


# Whom VRFY means ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b'VRFY "bob"', "bob"),
        (b"VRFY Bob <bob@hamburger.edu>", "bob@hamburger.edu"),
        (b'VRFY "Bob <bob@hamburger.edu>"', "bob@hamburger.edu"),
        (b'VRFY "bob"@hamburger.edu', "bob@hamburger.edu"),
        (b'VRFY "bob" SMTPUTF8', "bob"),
        (b'VRFY ""', '""'),
        (b"VRFY <>", "<>"),
        (b'EXPN "students"', "students"),
        (b"EXPN Sam Q. Smith", "Sam Q. Smith"),
    ],
)
def test_quotes_and_brackets_change_nobodys_name(said: bytes, word: str) -> None:
    post = _post()
    post.feed(said + b"\r\n")
    event = post.seen[-1]
    assert isinstance(event, events.VerifyAsked | events.ExpandAsked)
    assert event.word == word


# Headers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nC: 3\r\n", b"250"),
        (b"A: 1\r\n 2:\r\n 3:\r\nB: 2\r\n\r\n", b"250"),
        (b"A: 1\r\nB: 2\r\nC: 3\r\n\r\n", b"552"),
        (b"A: 1\r\nB: 2\r\nC: 3\r\n", b"552"),
        (b"A: " + b"1" * 100 + b"\r\n\r\n", b"552"),
        (b"no header: at all, only text of some length\r\n" * 3, b"250"),
        (b"\r\nA: 1\r\nB: 2\r\nC: 3\r\n", b"250"),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
def test_a_header_has_limits_of_its_own(message: bytes, code: bytes, chunked: bool) -> None:
    post = _post(limits=Limits(header=80, header_fields=2))
    carried = b"BDAT %d LAST\r\n" % len(message) + message if chunked else b"DATA\r\n" + message + b".\r\n"
    said = post.feed(ENVELOPE + carried + b"NOOP\r\n").splitlines()
    assert said[-2][:3] == code
    assert said[-2].startswith(b"552 5.3.4 Header") or code == b"250"
    assert said[-1][:3] == b"250"


def test_without_limits_a_header_may_be_anything() -> None:
    post = _post(limits=Limits(header=0, header_fields=0))
    assert b"250 2.0.0 Message" in post.feed(ENVELOPE + b"DATA\r\n" + b"A: 1\r\n" * 2000 + b".\r\n")
