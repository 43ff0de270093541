"""The SMTP observer reads what others said."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.smtp import SmtpObserver, spans
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.spec import Outcome
from tests.protocols.smtp.talk import Post


def _watched(chunks: list[bytes]) -> list[tuple[Source, bytes]]:
    """What crosses the wire when our server is fed these chunks."""
    post = Post(SmtpServer("hamburger.edu", mechanisms=("PLAIN", "LOGIN")))
    post.server.greet()
    wire = [(Source.SERVER, post.server.data_to_send())]
    for chunk in chunks:
        wire.append((Source.CLIENT, chunk))
        wire.append((Source.SERVER, post.feed(chunk)))
    return wire


def _read(wire: list[tuple[Source, bytes]]) -> list[tuple[str, str, str, str]]:
    observer = SmtpObserver()
    lines = [line for source, data in wire for line in observer.observe(source, data)]
    lines += observer.finish()
    return [(line.source.value, line.kind.value, line.verb, line.code) for line in lines]


def test_an_end_that_only_this_server_takes_for_one_is_known_by_its_answer() -> None:
    post = Post(SmtpServer("hamburger.edu", accept_bare_lf=True))
    post.server.greet()
    wire = [(Source.SERVER, post.server.data_to_send())]
    for said in (
        b"HELO x\n",
        b"MAIL FROM:<a@b.c>\n",
        b"RCPT TO:<bob@hamburger.edu>\n",
        b"DATA\n",
        b"hi\n.\n",
        b"QUIT\n",
    ):
        wire += [(Source.CLIENT, said), (Source.SERVER, post.feed(said))]
    assert _read(wire)[-5:] == [
        ("C", "data", "", ""),
        ("C", "data", "", ""),
        ("S", "reply", ".", "250"),
        ("C", "command", "QUIT", ""),
        ("S", "reply", "QUIT", "221"),
    ]


def test_a_greeting_is_no_answer_to_a_client_that_did_not_wait_for_it() -> None:
    wire = [
        (Source.CLIENT, b"EHLO crepes.fr\r\n"),
        (Source.SERVER, b"220-hamburger.edu\r\n220 wait your turn\r\n"),
        (Source.SERVER, b"250-hamburger.edu\r\n250 STARTTLS\r\n"),
        (Source.CLIENT, b"STARTTLS\r\n"),
        (Source.SERVER, b"220 go ahead\r\n"),
    ]
    assert _read(wire) == [
        ("C", "command", "EHLO", ""),
        ("S", "greeting", "", "220"),
        ("S", "greeting", "", "220"),
        ("S", "reply", "EHLO", "250"),
        ("S", "reply", "EHLO", "250"),
        ("C", "command", "STARTTLS", ""),
        ("S", "reply", "STARTTLS", "220"),
    ]


@pytest.mark.parametrize(("code", "state"), [("554", "barred"), ("421", "closed"), ("521", "closed")])
def test_a_refusal_in_the_greeting_is_no_answer_either(code: str, state: str) -> None:
    observer = SmtpObserver()
    observer.observe(Source.CLIENT, b"EHLO crepes.fr\r\n")
    refused = observer.observe(Source.SERVER, code.encode() + b" no\r\n")
    assert [(line.kind, line.verb) for line in refused] == [(Kind.GREETING, "")]
    assert observer.state == state


def test_a_whole_session_reads_as_it_was_meant() -> None:
    wire = _watched(
        [b"HELO x\r\n", b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<bob@hamburger.edu>\r\n", b"DATA\r\n", b"hi\r\n..\r\n",
         b".\r\n", b"QUIT\r\n"]
    )  # fmt: skip
    assert _read(wire) == [
        ("S", "greeting", "", "220"),
        ("C", "command", "HELO", ""),
        ("S", "reply", "HELO", "250"),
        ("C", "command", "MAIL", ""),
        ("S", "reply", "MAIL", "250"),
        ("C", "command", "RCPT", ""),
        ("S", "reply", "RCPT", "250"),
        ("C", "command", "DATA", ""),
        ("S", "reply", "DATA", "354"),
        ("C", "data", "", ""),
        ("C", "data", "", ""),
        ("C", "end", ".", ""),
        ("S", "reply", ".", "250"),
        ("C", "command", "QUIT", ""),
        ("S", "reply", "QUIT", "221"),
    ]


def test_replies_to_pipelined_commands_find_their_commands() -> None:
    group = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<no@x.y>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n"
    wire = _watched([b"EHLO x\r\n", group])
    replies = [(verb, code) for source, kind, verb, code in _read(wire) if kind == "reply" and verb != "EHLO"]
    assert replies == [("MAIL", "250"), ("RCPT", "550"), ("RCPT", "250"), ("DATA", "354")]


def test_a_message_sent_without_waiting_for_354_is_still_a_message() -> None:
    wire = _watched([b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nQUIT\r\n.\r\nQUIT\r\n"])
    kinds = [(kind, verb) for source, kind, verb, _ in _read(wire) if source == "C"]
    assert kinds[-3:] == [("data", ""), ("end", "."), ("command", "QUIT")]


def test_after_a_refused_data_the_client_is_still_giving_commands() -> None:
    wire = _watched([b"HELO x\r\n", b"DATA\r\n", b"NOOP\r\n"])
    assert _read(wire)[-2:] == [("C", "command", "NOOP", ""), ("S", "reply", "NOOP", "250")]


def test_a_client_alone_is_read_to_its_end() -> None:
    said = b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<b@c.d>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n"
    kinds = [kind for _, kind, _, _ in _read([(Source.CLIENT, said)])]
    assert kinds == ["command"] * 4 + ["data", "end", "command"]


def test_a_session_joined_in_the_middle_finds_its_state() -> None:
    observer = SmtpObserver()
    observer.observe(Source.CLIENT, b"RCPT TO:<bob@hamburger.edu>\r\n")
    observer.observe(Source.SERVER, b"250 ok\r\n")
    assert observer.state == "rcpt"


def test_what_was_cut_off_is_shown_as_cut() -> None:
    observer = SmtpObserver()
    observer.observe(Source.SERVER, b"220 x\r\n")
    observer.observe(Source.CLIENT, b"HELO cre")
    (line,) = observer.finish()
    assert (line.raw, line.oddity) == (b"HELO cre", "wire.cut")


def test_a_421_closes_whatever_was_asked() -> None:
    observer = SmtpObserver()
    observer.observe(Source.SERVER, b"220 x\r\n")
    (line,) = observer.observe(Source.SERVER, b"421 going down\r\n")
    assert (line.after, line.outcome) == ("closed", Outcome.TRY_LATER)


def test_a_password_is_marked_secret_and_shown_decoded() -> None:
    observer = SmtpObserver()
    observer.observe(Source.SERVER, b"220 x\r\n")
    (line,) = observer.observe(Source.CLIENT, b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n")
    secrets = [span for span in spans(line) if span.secret]
    assert line.raw[secrets[0].start : secrets[-1].end] == b"AGFsaWNlAGJhZ3VldHRl"
    assert all(a.end == b.start for a, b in pairwise(secrets))
    assert [(span.key, span.value) for span in secrets] == [
        ("smtp.field.username", "alice"),
        ("smtp.field.password", "baguette"),
    ]


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (
            b"MAIL FROM: <alice@crepes.fr> SIZE=5\r\n",
            ["verb", "from_keyword", "space_after_colon", "open_bracket", "local_part", "at_sign", "domain",
             "close_bracket", "SIZE", "crlf"],
        ),
        (
            b'RCPT TO:<"b@c"@x.y> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@x.y WHAT=1\r\n',
            ["verb", "to_keyword", "open_bracket", "local_part", "at_sign", "domain", "close_bracket", "NOTIFY",
             "ORCPT", "parameter", "crlf"],
        ),
        (b"BDAT 10 LAST\r\n", ["verb", "chunk_size", "last", "crlf"]),
        (b"ETRN @hamburger.edu\r\n", ["verb", "node_kind", "node", "crlf"]),
        (b"VRFY bob SMTPUTF8\r\n", ["verb", "user", "SMTPUTF8", "crlf"]),
        (b"AUTH XOAUTH2 dXNlcj1h\r\n", ["verb", "mechanism", "credentials", "crlf"]),
        (b"AUTH PLAIN =\r\n", ["verb", "PLAIN", "empty_response", "crlf"]),
        (b"MAIL FROM:<>\r\n", ["verb", "from_keyword", "null_path", "crlf"]),
        (b"HELO crepes.fr\n", ["verb", "client_name", "bare_lf"]),
        (b"AUTH LOGIN\r\n", ["verb", "LOGIN", "crlf"]),
    ],
)  # fmt: skip
def test_a_command_is_taken_apart(raw: bytes, names: list[str]) -> None:
    observer = SmtpObserver()
    (line,) = observer.observe(Source.CLIENT, raw)
    assert [span.key.rpartition(".")[2] for span in spans(line)] == names


def _lines(*wire: tuple[Source, bytes]) -> list[Line]:
    observer = SmtpObserver()
    return [line for source, data in wire for line in observer.observe(source, data)] + observer.finish()


C, S = Source.CLIENT, Source.SERVER
GREETED = ((S, b"220 x\r\n"), (C, b"EHLO y\r\n"), (S, b"250-x\r\n250-AUTH PLAIN X-OWN\r\n250 SIZE 99\r\n"))


def _names(line: Line) -> list[str]:
    return [span.key.rpartition(".")[2] for span in spans(line)]


def test_extensions_are_named() -> None:
    lines = _lines(*GREETED)
    assert _names(lines[3]) == ["code", "more_follows", "AUTH", "PLAIN", "extension_value", "crlf"]
    assert _names(lines[4]) == ["code", "SIZE", "extension_value", "crlf"]


SCRAM = [
    (b"n,,n=user,r=abc", ["scram_header", "username", "scram_nonce"]),
    (b"c=biws,r=abcdef,p=cHJvb2Y=", ["scram_header", "scram_nonce", "scram_proof"]),
    (b"user 0123456789abcdef0123456789abcdef", ["username", "cram_digest"]),
    (b"alice", ["credentials"]),
]


@pytest.mark.parametrize(("response", "names"), SCRAM)
def test_the_fields_of_a_login_are_found_by_what_they_look_like(response: bytes, names: list[str]) -> None:
    line = _lines(*GREETED, (C, b"AUTH X\r\n"), (S, b"334 \r\n"), (C, b64encode(response) + b"\r\n"))[-1]
    assert line.kind is Kind.CONTINUATION
    assert _names(line) == [*names, "crlf"]
    assert all(span.secret for span in spans(line)[:-1])


@pytest.mark.parametrize(
    ("challenge", "names"),
    [
        (b"Username:", ["asks_username"]),
        (b"Password:", ["asks_password"]),
        (b"<1.2@h>", ["cram_challenge"]),
        (b"r=abcdef,s=c2FsdA==,i=4096", ["scram_nonce", "scram_salt", "scram_iterations"]),
        (b"v=c2ln", ["scram_signature"]),
        (b"what?", ["challenge"]),
    ],
)
def test_challenges_are_named(challenge: bytes, names: list[str]) -> None:
    line = _lines(*GREETED, (C, b"AUTH X\r\n"), (S, b"334 " + b64encode(challenge) + b"\r\n"))[-1]
    assert _names(line) == ["code", *names, "crlf"]


def test_a_chunk_is_no_command_whatever_it_holds() -> None:
    chunk = b"QUIT\r\n.\r\n\x00half"
    lines = _lines(
        *GREETED, (C, b"MAIL FROM:<a@b.c>\r\nRCPT TO:<b@c.d>\r\n"), (S, b"250 ok\r\n250 ok\r\n"),
        (C, b"BDAT %d\r\n" % len(chunk) + chunk[:5]), (C, chunk[5:] + b"BDAT 0 LAST\r\nQUIT\r\n"),
        (S, b"250 more\r\n250 done\r\n221 bye\r\n"),
    )  # fmt: skip
    assert b"".join(line.raw for line in lines if line.kind is Kind.LITERAL) == chunk
    replies = [(line.verb, line.after) for line in lines if line.source is S][-3:]
    assert replies == [("BDAT", "bdat"), ("BDAT", "ready"), ("QUIT", "closed")]


RECORD = b"\x16\x03\x01\x00\x05hello"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_after_starttls_there_are_records(size: int) -> None:
    sent = RECORD + b"\x17\x03\x03\x00\x02hi\x17\x03"
    pieces = [(C, sent[at : at + size]) for at in range(0, len(sent), size)]
    lines = _lines(*GREETED, (C, b"STARTTLS\r\n"), (S, b"220 go\r\n"), *pieces)[-3:]
    assert [line.kind for line in lines] == [Kind.CIPHERTEXT] * 3
    assert [line.oddity for line in lines] == ["", "", "wire.cut"]
    assert _names(lines[0]) == ["tls_type", "tls_version", "tls_length", "ciphertext"]


def test_after_starttls_text_is_read_where_the_records_were_opened() -> None:
    lines = _lines(*GREETED, (C, b"STARTTLS\r\n"), (S, b"220 go\r\n"), (C, b"EHLO y\r\n"), (S, b"250 x\r\n"))
    assert [(line.verb, line.after) for line in lines[-3:]] == [
        ("STARTTLS", "tls"),
        ("EHLO", "wait"),
        ("EHLO", "ready"),
    ]


def test_what_was_sent_in_clear_behind_starttls_is_named() -> None:
    lines = _lines(*GREETED, (C, b"STARTTLS\r\nMAIL FROM:<evil@b.c>\r\n"), (S, b"220 go\r\n"))
    assert (lines[-1].oddity, lines[-1].kind) == ("smtp.oddity.discarded", Kind.UNKNOWN)


def test_a_354_although_every_recipient_was_refused_begins_a_message() -> None:
    group = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<b@c.d>\r\nDATA\r\n"
    lines = _lines(*GREETED, (C, group), (S, b"250 a\r\n550 b\r\n354 c\r\n"), (C, b".\r\n"), (S, b"554 none\r\n"))
    assert [line.kind for line in lines[-2:]] == [Kind.END, Kind.REPLY]


WIRE = st.lists(
    st.tuples(
        st.sampled_from(list(Source)),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from(
                [
                    b"DATA\r\n", b"354 go\r\n", b".\r\n", b"AUTH PLAIN\r\n", b"334 \r\n", b"250-a\r\n", b"\r", b"\n",
                    b"BDAT 9\r\n", b"BDAT 3 LAST\r\n", b"STARTTLS\r\n", b"220 go\r\n", b"\x16\x03\x01\x00\x02",
                ]
            ),
        ),
    ),
    max_size=20,
)  # fmt: skip


@given(WIRE)
def test_no_traffic_raises_and_no_byte_is_lost(wire: list[tuple[Source, bytes]]) -> None:
    observer = SmtpObserver()
    lines = [line for source, data in wire for line in observer.observe(source, data)] + observer.finish()
    for side in Source:
        assert b"".join(line.raw for line in lines if line.source is side) == b"".join(
            data for source, data in wire if source is side
        )
    for line in lines:
        found = spans(line)
        assert all(a.end <= b.start for a, b in pairwise(found))
        assert line.kind in Kind


@given(st.binary(max_size=200), st.integers(1, 5))
def test_a_server_never_raises_and_says_the_same_however_the_bytes_are_cut(data: bytes, size: int) -> None:
    whole, cut = Post(SmtpServer("x")), Post(SmtpServer("x"))
    for post in (whole, cut):
        post.server.greet()
    said = whole.feed(data)
    assert said == b"".join(cut.feed(data[at : at + size]) for at in range(0, len(data), size)) or not data


def test_who_skims_gets_a_message_together_and_its_end_alone() -> None:
    observer = SmtpObserver()
    observer.skims = True
    wire = [
        *GREETED,
        (C, b"DATA\r\n"),
        (S, b"354 go\r\n"),
        (C, b"a\r\n.\nb\r\nhal"),
        (C, b"f\r\n.\r\nBDAT 3\r\na\nbQUIT\r\n"),
    ]
    lines = [line for source, data in wire for line in observer.observe(source, data)]
    assert [(line.kind, line.raw) for line in lines[-6:]] == [
        (Kind.DATA, b"a\r\n.\nb\r\n"),
        (Kind.DATA, b"half\r\n"),
        (Kind.END, b".\r\n"),
        (Kind.COMMAND, b"BDAT 3\r\n"),
        (Kind.LITERAL, b"a\nb"),
        (Kind.COMMAND, b"QUIT\r\n"),
    ]


def test_who_skims_knows_the_end_only_a_careless_server_takes_for_one() -> None:
    observer = SmtpObserver()
    observer.skims = True
    wire = [*GREETED, (C, b"DATA\r\n"), (S, b"354 go\r\n"), (C, b"hi\n.\nQU"), (S, b"250 ok\r\n"), (C, b"IT\r\n")]
    lines = [line for source, data in wire for line in observer.observe(source, data)]
    assert [(line.kind, line.verb) for line in lines[-2:]] == [(Kind.REPLY, "."), (Kind.COMMAND, "QUIT")]
