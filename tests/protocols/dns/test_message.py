"""A datagram read and written; scapy reads and writes the same."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX

from mailtutor.errors import ProtocolError
from mailtutor.protocols.dns.message import Code, Message, Question, Record, Type, encode, parse

ASKED = Question("hamburger.edu", Type.MX)
ANSWER = Message(
    id=4711,
    questions=[ASKED],
    is_response=True,
    is_authoritative=True,
    answers=[
        Record("hamburger.edu", Type.MX, "mail.hamburger.edu", preference=10),
        Record("hamburger.edu", Type.MX, "mx2.hamburger.edu", preference=20),
    ],
    additional=[Record("mail.hamburger.edu", Type.A, "127.0.0.3"), Record("mx2.hamburger.edu", Type.AAAA, "::1")],
)


def test_an_answer_comes_back_as_it_went() -> None:
    got = parse(encode(ANSWER))
    assert [str(record) for record in got.records] == [
        "hamburger.edu 300 IN MX 10 mail.hamburger.edu",
        "hamburger.edu 300 IN MX 20 mx2.hamburger.edu",
        "mail.hamburger.edu 300 IN A 127.0.0.3",
        "mx2.hamburger.edu 300 IN AAAA ::1",
    ]
    assert (got.id, got.is_response, got.is_authoritative, got.code) == (4711, True, True, Code.NOERROR)
    assert list(got.questions) == [ASKED]


def test_scapy_reads_what_we_write() -> None:
    theirs = DNS(encode(ANSWER))
    assert (theirs.id, theirs.qr, theirs.aa, theirs.rcode, theirs.ancount, theirs.arcount) == (4711, 1, 1, 0, 2, 2)
    assert theirs.qd[0].qname == b"hamburger.edu."
    assert [(record.preference, record.exchange) for record in theirs.an] == [
        (10, b"mail.hamburger.edu."),
        (20, b"mx2.hamburger.edu."),
    ]
    assert [record.rdata for record in theirs.ar] == ["127.0.0.3", "::1"]


def test_we_read_what_scapy_writes() -> None:
    theirs = DNS(
        id=7,
        qr=1,
        rcode=0,
        qd=DNSQR(qname="a.example", qtype="MX"),
        an=[DNSRRMX(rrname="a.example", preference=5, exchange="m.a.example", ttl=60)],
        ar=[DNSRR(rrname="m.a.example", type="A", rdata="10.1.2.3", ttl=60)],
    )
    got = parse(bytes(theirs))
    assert [str(record) for record in got.records] == [
        "a.example 60 IN MX 5 m.a.example",
        "m.a.example 60 IN A 10.1.2.3",
    ]


def test_a_null_mx_is_a_dot() -> None:
    """RFC 7505 §3."""
    null = Message(1, [ASKED], is_response=True, answers=[Record("hamburger.edu", Type.MX, "", preference=0)])
    assert str(parse(encode(null)).answers[0]) == "hamburger.edu 300 IN MX 0 ."


def test_a_pointer_that_goes_round_is_refused() -> None:
    head = encode(Message(1, []))[:4] + bytes([0, 1, 0, 0, 0, 0, 0, 0])
    for name in (b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\xff"):
        with pytest.raises(ProtocolError, match=r"octet \d+"):
            parse(head + name + b"\0\x0f\0\x01")


@pytest.mark.parametrize("name", ["a" * 64, ".".join(["a" * 60] * 5), "例子.测试"])
def test_a_name_that_cannot_be_written_is_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match=name[:10]):
        encode(Message(1, [Question(name, Type.A)]))


@given(st.binary(max_size=80))
def test_no_datagram_makes_the_reader_fall(junk: bytes) -> None:
    for data in (junk, encode(ANSWER)[:12] + junk, encode(ANSWER)[: len(junk)] + junk):
        with contextlib.suppress(ProtocolError):  # nothing else
            parse(data)


labels = st.text(st.sampled_from("abcABC019-"), min_size=1, max_size=20)
names = st.lists(labels, max_size=6).map(".".join)


@given(st.lists(st.tuples(names, names, st.integers(0, 65535)), max_size=8))
def test_what_is_written_is_read_again(rows: list[tuple[str, str, int]]) -> None:
    answers = [Record(name, Type.MX, data, preference=number) for name, data, number in rows]
    got = parse(encode(Message(9, [ASKED], is_response=True, answers=answers)))
    lower = [(r.name.lower(), r.data.lower(), r.preference) for r in got.answers]
    assert lower == [(name.lower(), data.lower(), number) for name, data, number in rows]
