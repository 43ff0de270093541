"""Datagrams as lines, and lines as parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.dns import DnsObserver, spans
from mailtutor.protocols.dns.message import Code, Message, Question, Record, Type, encode
from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.explain import explain
from mailtutor.text.catalogue import words
from tests.protocols.dns.test_message import ANSWER, ASKED


def test_a_question_and_its_answer_read_like_dig() -> None:
    observer = DnsObserver()
    question = observer.observe(Source.CLIENT, encode(Message(4711, [ASKED])))
    answer = observer.observe(Source.SERVER, encode(ANSWER))
    assert [line.text.decode() for line in (*question, *answer)] == [
        "MX? hamburger.edu",
        "NOERROR MX hamburger.edu (2)",
        "hamburger.edu 300 IN MX 10 mail.hamburger.edu",
        "hamburger.edu 300 IN MX 20 mx2.hamburger.edu",
        "mail.hamburger.edu 300 IN A 127.0.0.3",
        "mx2.hamburger.edu 300 IN AAAA ::1",
    ]
    assert [line.kind for line in answer] == [Kind.REPLY, *[Kind.DATA] * 4]
    assert [line.last for line in answer] == [False, False, False, False, True]
    assert b"".join(line.raw for line in answer) == encode(ANSWER)


def test_how_it_turned_out_is_told() -> None:
    for code, outcome in ((Code.NXDOMAIN, Outcome.REFUSED), (Code.SERVFAIL, Outcome.TRY_LATER)):
        (line,) = DnsObserver().observe(Source.SERVER, encode(Message(1, [ASKED], is_response=True, code=code)))
        assert (line.code, line.outcome, line.verb, line.last) == (code.name, outcome, "MX", True)


def test_the_parts_say_what_the_octets_mean() -> None:
    question, answer = encode(Message(4711, [ASKED])), encode(ANSWER)
    (asked,) = DnsObserver().observe(Source.CLIENT, question)
    head, first, *_ = DnsObserver().observe(Source.SERVER, answer)
    found = {span.key.removeprefix("dns.field."): span.value for span in spans(asked)}
    assert (found["id"], found["flags"], found["name"], found["type"]) == ("4711", "rd", "hamburger.edu", "MX")
    assert {span.value for span in spans(head)} >= {"qr aa rd ra", "NOERROR", "2"}
    found = {span.key.removeprefix("dns.field."): span.value for span in spans(first)}
    assert (found["ttl"], found["preference"], found["exchange"]) == ("300", "10", "mail")
    assert found["pointer"] == "12"


def test_every_part_is_explained_in_both_languages() -> None:
    lines = DnsObserver().observe(Source.SERVER, encode(ANSWER))
    for language in ("en", "zh"):
        for line in lines:
            told = explain(line, "dns", words(language))
            assert told.headline
            assert told.what
            assert told.pieces
            assert all(piece.name and piece.what for piece in told.pieces)


@given(st.binary(max_size=60))
def test_what_is_no_message_is_one_odd_line_of_all_its_bytes(junk: bytes) -> None:
    for source in Source:
        lines = DnsObserver().observe(source, junk)
        assert b"".join(line.raw for line in lines) == junk
        for line in lines:
            ends = [0]
            for span in spans(line):
                assert ends[-1] <= span.start <= span.end <= len(line.raw)
                ends.append(span.end)


def test_a_text_record_of_any_length_is_read() -> None:
    text = Record("a.example", Type.TXT, "v=spf1 " + "x" * 300)
    question = Question("a.example", Type.TXT)
    _, line = DnsObserver().observe(Source.SERVER, encode(Message(1, [question], is_response=True, answers=[text])))
    assert line.text.endswith(b"x" * 300)
