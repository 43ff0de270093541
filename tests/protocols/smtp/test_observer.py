"""The SMTP observer reads what others said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.lines import Kind, Source
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
    (secret,) = [span for span in spans(line) if span.secret]
    assert line.raw[secret.start : secret.end] == b"AGFsaWNlAGJhZ3VldHRl"
    assert secret.value == "\0alice\0baguette"


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (
            b"MAIL FROM: <alice@crepes.fr> SIZE=5\r\n",
            ["verb", "from_keyword", "space_after_colon", "open_bracket", "local_part", "at_sign", "domain",
             "close_bracket", "parameter", "crlf"],
        ),
        (b"MAIL FROM:<>\r\n", ["verb", "from_keyword", "null_path", "crlf"]),
        (b"HELO crepes.fr\n", ["verb", "client_name", "bare_lf"]),
        (b"AUTH LOGIN\r\n", ["verb", "mechanism", "crlf"]),
    ],
)  # fmt: skip
def test_a_command_is_taken_apart(raw: bytes, names: list[str]) -> None:
    observer = SmtpObserver()
    (line,) = observer.observe(Source.CLIENT, raw)
    assert [span.key.rpartition(".")[2] for span in spans(line)] == names


WIRE = st.lists(
    st.tuples(
        st.sampled_from(list(Source)),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from(
                [b"DATA\r\n", b"354 go\r\n", b".\r\n", b"AUTH PLAIN\r\n", b"334 \r\n", b"250-a\r\n", b"\r", b"\n"]
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
