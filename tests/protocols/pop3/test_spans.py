"""Lines taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.lines import Line, Source
from mailtutor.protocols.pop3 import Pop3Observer, spans
from mailtutor.text.catalogue import words


def named(line: Line) -> list[tuple[str, bytes]]:
    """The last part of each name, with the bytes it names."""
    return [(span.key.rpartition(".")[2], line.raw[span.start : span.end]) for span in spans(line)]


def client(raw: bytes) -> Line:
    """A command."""
    [line] = Pop3Observer().observe(Source.CLIENT, raw)
    return line


def answers(command: bytes, said: bytes) -> list[Line]:
    """The answer to a command."""
    observer = Pop3Observer()
    observer.observe(Source.SERVER, b"+OK\r\n")
    observer.observe(Source.CLIENT, command)
    return observer.observe(Source.SERVER, said)


def test_a_command_has_a_verb_arguments_and_an_end() -> None:
    assert named(client(b"TOP 1 10\r\n")) == [
        ("verb", b"TOP"), ("message_number", b"1"), ("line_count", b"10"), ("crlf", b"\r\n"),
    ]  # fmt: skip


def test_what_is_too_much_or_unknown_is_named_so() -> None:
    assert named(client(b"STAT now\n")) == [("verb", b"STAT"), ("surplus", b"now"), ("bare_lf", b"\n")]
    assert named(client(b"+garbage\r\n")) == [("crlf", b"\r\n")]


@pytest.mark.parametrize(
    ("raw", "secret"),
    [
        (b"PASS hungry  bear \r\n", b"hungry  bear "),
        (b"pass x\n", b"x"),
        (b"APOP bob c4c9334bac560ecc979e58001b3e22fb\r\n", b"c4c9334bac560ecc979e58001b3e22fb"),
        (b"AUTH PLAIN AGJvYgBodW5ncnk=\r\n", b"AGJvYgBodW5ncnk="),
    ],
)
def test_passwords_are_secret(raw: bytes, secret: bytes) -> None:
    line = client(raw)
    assert [line.raw[span.start : span.end] for span in spans(line) if span.secret] == [secret]


def test_a_password_cut_off_in_the_middle_is_secret() -> None:
    observer = Pop3Observer()
    observer.observe(Source.CLIENT, b"PASS hung")
    [line] = observer.finish()
    assert [line.raw[span.start : span.end] for span in spans(line) if span.secret] == [b"hung"]


def test_an_answer_to_a_challenge_is_secret() -> None:
    observer = Pop3Observer()
    observer.observe(Source.SERVER, b"+OK\r\n")
    observer.observe(Source.CLIENT, b"AUTH PLAIN\r\n")
    [challenge] = observer.observe(Source.SERVER, b"+ \r\n")
    [answer] = observer.observe(Source.CLIENT, b"AGJvYgBodW5ncnk=\r\n")
    assert named(challenge)[0] == ("challenge", b"+")
    assert spans(answer)[0].secret
    [empty] = Pop3Observer().observe(Source.CLIENT, b"\r\n")
    assert named(empty) == [("crlf", b"\r\n")]


@pytest.mark.parametrize(
    ("command", "said", "found"),
    [
        (b"STAT\r\n", b"+OK 2 320\r\n", [("ok", b"+OK"), ("count", b"2"), ("total_size", b"320")]),
        (
            b"LIST 2\r\n",
            b"+OK 2 200 more\r\n",
            [("ok", b"+OK"), ("message_number", b"2"), ("size", b"200"), ("words", b" more")],
        ),
        (b"UIDL 1\r\n", b"+OK 1 a-b\r\n", [("ok", b"+OK"), ("message_number", b"1"), ("uid", b"a-b")]),
        (b"LIST\r\n", b"+OK 2 320\r\n", [("ok", b"+OK"), ("words", b"2 320")]),
        (b"NOOP\r\n", b"+OK\r\n", [("ok", b"+OK")]),
        (b"PASS x\r\n", b"-ERR [IN-USE]\r\n", [("err", b"-ERR"), ("response_code", b"[IN-USE]")]),
        (
            b"PASS x\r\n",
            b"-ERR [IN-USE] busy\r\n",
            [("err", b"-ERR"), ("response_code", b"[IN-USE]"), ("words", b"busy")],
        ),
    ],
)
def test_a_status_line_is_taken_apart(command: bytes, said: bytes, found: list[tuple[str, bytes]]) -> None:
    [line] = answers(command, said)
    assert named(line) == [*found, ("crlf", b"\r\n")]


def test_listings_are_taken_apart() -> None:
    lines = answers(b"LIST\r\n", b"+OK\r\n1 120\r\nwhat\r\n.\r\n")
    assert [named(line)[:-1] for line in lines[1:]] == [
        [("message_number", b"1"), ("size", b"120")],
        [],
        [("end_dot", b".")],
    ]


def test_message_lines_show_their_stuffed_dot() -> None:
    lines = answers(b"RETR 1\r\n", b"+OK\r\nSubject: x\r\n\r\n..hidden\r\n.\r\n")
    assert [named(line)[:-1] for line in lines[1:-1]] == [
        [("header_name", b"Subject:"), ("message_text", b" x")],
        [],
        [("stuffed_dot", b"."), ("message_text", b".hidden")],
    ]


def test_capabilities_are_named_each_by_its_own() -> None:
    lines = answers(b"CAPA\r\n", b"+OK\r\nEXPIRE NEVER\r\nX-OWN\r\n.\r\n")
    assert named(lines[1])[:-1] == [("EXPIRE", b"EXPIRE"), ("capability_parameter", b"NEVER")]
    assert named(lines[2])[:-1] == [("capability", b"X-OWN")]


@given(st.lists(st.tuples(st.sampled_from(Source), st.binary(max_size=40).map(lambda data: data + b"\r\n"))))
def test_spans_lie_in_order_inside_their_line_and_have_words(said: list[tuple[Source, bytes]]) -> None:
    observer = Pop3Observer()
    lines = [line for source, data in said for line in observer.observe(source, data)]
    for line in lines:
        at = 0
        for span in spans(line):
            assert at <= span.start < span.end <= len(line.raw)
            at = span.end
            if span.key.startswith("pop3."):
                assert f"{span.key}.what" in words("en")
