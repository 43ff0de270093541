"""Conversations in HTTP as lines, and lines as parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.http import HttpObserver, spans
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.explain import explain
from mailtutor.text.catalogue import words

C, S = Source.CLIENT, Source.SERVER
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\r\n\x00\n\x01"
GET = b"GET /cat.jpg HTTP/1.1\r\nHost: hamburger.edu\r\nAccept: image/*\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab\r\n\r\n3;x=y\r\nc\nd\r\n0\r\nX-Sum: 7\r\n\r\n"
Said = tuple[Source, bytes]


def read(*said: Said, skims: bool = False) -> list[Line]:
    observer = HttpObserver()
    observer.skims = skims
    return [line for source, data in said for line in observer.observe(source, data)] + observer.finish()


def told(lines: list[Line]) -> list[tuple[str, str, bytes]]:
    return [(line.source, line.kind, line.text) for line in lines]


def test_a_request_and_its_response_are_told_apart_line_by_line() -> None:
    assert told(read((C, GET), (S, OK))) == [
        ("C", "command", b"GET /cat.jpg HTTP/1.1"),
        ("C", "continuation", b"Host: hamburger.edu"),
        ("C", "continuation", b"Accept: image/*"),
        ("C", "end", b""),
        ("S", "reply", b"HTTP/1.1 200 OK"),
        ("S", "continuation", b"Content-Type: image/jpeg"),
        ("S", "continuation", b"Content-Length: %d" % len(PICTURE)),
        ("S", "end", b""),
        ("S", "literal", b"ff d8 ff e0 00 10 4a 46 49 46 0d 0a 00 0a 01"),
    ]


def test_a_persistent_connection_carries_many_and_each_answer_names_its_request() -> None:
    lines = read((C, GET + GET.replace(b"GET", b"HEAD")), (S, OK + OK.removesuffix(PICTURE)), (C, GET), (S, CHUNKED))
    answers = [line for line in lines if line.kind is Kind.REPLY]
    assert [(line.verb, line.code, line.outcome) for line in answers] == [
        ("GET", "200", Outcome.SUCCESS),
        ("HEAD", "200", Outcome.SUCCESS),
        ("GET", "200", Outcome.SUCCESS),
    ]
    assert not [line for line in lines if line.kind is Kind.UNKNOWN]


def test_chunks_and_their_trailer_are_not_taken_for_content() -> None:
    lines = read((C, GET), (S, CHUNKED))
    assert b"".join(line.raw for line in lines if line.kind is Kind.LITERAL) == b"ab\r\nc\nd"
    sizes = [span.value for line in lines for span in spans(line) if span.key == "http.field.chunk_size"]
    assert sizes == ["4", "3", "0"]
    assert told(lines)[-2:] == [("S", "continuation", b"X-Sum: 7"), ("S", "end", b"")]


def test_a_body_without_a_length_goes_on_to_the_end_of_the_connection() -> None:
    lines = read((C, GET), (S, b"HTTP/1.0 200 OK\r\n\r\none\r\nHTTP/1.1 200 OK\r\ntwo"))
    assert [line.text for line in lines if line.kind is Kind.LITERAL] == [b"one", b"HTTP/1.1 200 OK", b"two"]
    assert [line.oddity for line in lines if line.oddity] == []


def test_a_body_that_was_cut_off_is_called_so() -> None:
    assert read((C, GET), (S, OK[:-2] + b"x"))[-1].oddity == "wire.cut"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (b"100", Outcome.GO_ON),
        (b"204", Outcome.SUCCESS),
        (b"302", Outcome.GO_ON),
        (b"304", Outcome.SUCCESS),
        (b"404", Outcome.REFUSED),
        (b"500", Outcome.REFUSED),
        (b"503", Outcome.TRY_LATER),
    ],
)
def test_the_code_tells_how_it_turned_out(code: bytes, outcome: Outcome) -> None:
    (line,) = [line for line in read((C, GET), (S, b"HTTP/1.1 " + code + b"\r\n\r\n")) if line.code]
    assert (line.code.encode(), line.outcome) == (code, outcome)


def test_after_a_change_of_protocols_nothing_is_read_as_http() -> None:
    asked = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
    lines = read((C, asked), (S, b"HTTP/1.1 101 Go\r\nUpgrade: chat\r\n\r\n"), (C, b"GET / HTTP/1.1\r\n"), (S, b"hi"))
    assert told(lines)[-2:] == [("C", "literal", b"GET / HTTP/1.1"), ("S", "literal", b"hi")]


def test_half_a_session_is_read_from_where_it_begins() -> None:
    lines = read((S, b"\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    assert [(line.kind, line.code) for line in lines] == [
        (Kind.UNKNOWN, ""),
        (Kind.CONTINUATION, ""),
        (Kind.END, ""),
        (Kind.LITERAL, ""),
        (Kind.REPLY, "404"),
        (Kind.CONTINUATION, ""),
        (Kind.END, ""),
    ]


def test_two_lengths_are_named_as_a_trap_and_the_next_request_is_found() -> None:
    trap = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    lines = read((C, trap + GET))
    assert [line.oddity for line in lines if line.kind is Kind.END] == ["http.oddity.broken_head", ""]
    assert [line.verb for line in lines if line.kind is Kind.COMMAND] == ["POST", "GET"]


@pytest.mark.parametrize("field", [b"Authorization: Basic Ym9iOng=", b"cookie:a=b", b" folded secret"])
def test_what_proves_who_somebody_is_counts_as_a_secret(field: bytes) -> None:
    line = next(line for line in read((C, GET[:-2] + field + b"\r\n\r\n")) if line.text == field)
    assert [field[span.start : span.end] for span in spans(line) if span.secret] in (
        [b"Basic Ym9iOng="],
        [b"a=b"],
        [b" folded secret"],
    )


def test_every_line_of_a_conversation_is_explained_in_both_languages() -> None:
    for language in ("en", "zh"):
        for line in read((C, GET), (S, CHUNKED), (C, GET), (S, OK)):
            said = explain(line, "http", words(language))
            assert said.headline
            assert said.what
            assert all(piece.name and not piece.name.startswith("http.") for piece in said.pieces)
            assert said.rfc.startswith("RFC 911")


def test_the_digits_of_a_code_are_explained_as_http_means_them() -> None:
    line = next(line for line in read((C, GET), (S, b"HTTP/1.1 404 No\r\n\r\n")) if line.code)
    digits = explain(line, "http", words("en")).digits
    assert [(digit.text, "client's fault" in digit.what) for digit in digits] == [("4", True), ("04", False)]


_PIECES = st.sampled_from(
    [GET, OK, CHUNKED, b"HTTP/1.1 ", b"\r\n", b"\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
     b"hello", b"Transfer-Encoding: chunked\r\n", b"ff\r\n", b"0\r\n\r\n", b": \r\n",
     b"HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n",
     b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n",
     b"Content-Length: 99999999999999999999\r\n"]
)  # fmt: skip
_TURNS = st.lists(st.tuples(st.sampled_from([C, S]), st.one_of(_PIECES, st.binary(max_size=30))), max_size=12)


def test_a_body_that_is_no_text_is_shown_by_its_first_octets_and_not_cut_into_lines() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 5
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(picture)
    for cut in (1, 100, len(picture)):
        said = [(Source.CLIENT, b"GET / HTTP/1.1\r\n\r\n"), (Source.SERVER, head)]
        said += [(Source.SERVER, picture[at : at + cut]) for at in range(0, len(picture), cut)]
        body = [line for line in read(*said) if line.kind is Kind.LITERAL]
        assert b"".join(line.raw for line in body) == picture
        assert [(line.text, len(line.raw)) for line in body] == [
            (b"89 50 4e 47 0d 0a 1a 0a 00 01 02 03 04 05 06 07 \xe2\x80\xa6 (1024)", 1024),
            (b"f8 f9 fa fb fc fd fe ff 00 01 02 03 04 05 06 07 \xe2\x80\xa6 (264)", 264),
        ]


def test_a_body_that_is_text_keeps_its_lines_whatever_it_is_called() -> None:
    for kind in (b"text/html", b"application/json; charset=utf-8", b"application/atom+xml", b"image/svg+xml"):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 4\r\n\r\n" % kind
        body = [line for line in read((Source.SERVER, head + b"a\nb\n")) if line.kind is Kind.LITERAL]
        assert [line.text for line in body] == [b"a", b"b"]


@given(_TURNS, st.data())
def test_however_the_bytes_are_cut_the_lines_are_the_same_and_none_is_lost(
    turns: list[Said], data: st.DataObject
) -> None:
    cut: list[Said] = []
    for source, said in turns:
        at = data.draw(st.integers(0, len(said)))
        cut += (
            [(source, said[:at]), (source, said[at:])]
            if data.draw(st.booleans())
            else [(source, said[i : i + 1]) for i in range(len(said))]
        )
    whole, pieces = read(*turns), read(*cut)
    for side in Source:
        assert [line for line in whole if line.source is side] == [line for line in pieces if line.source is side]
        assert b"".join(line.raw for line in whole if line.source is side) == b"".join(
            s for who, s in turns if who is side
        )
    for line in whole:
        ends = [0]
        for span in spans(line):
            assert ends[-1] <= span.start <= span.end <= len(line.raw)
            ends.append(span.end)


@given(_TURNS)
def test_who_skims_hears_the_same_said_around_the_bodies(turns: list[Said]) -> None:
    def around(lines: list[Line]) -> list[Line]:
        return [line for line in lines if line.kind is not Kind.LITERAL]

    assert around(read(*turns)) == around(read(*turns, skims=True))
