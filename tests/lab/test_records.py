"""TLS records told apart in a stream of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.lab.records import Framing
from mailtutor.reading.sealed import KEPT, KEPT_OF_HANDSHAKE

HELLO = b"\x16\x03\x01\x0b\xb8" + b"h" * 3000
DATA = b"\x17\x03\x03\x01\x00" + b"d" * 256
EMPTY = b"\x17\x03\x03\x00\x00"


@given(st.lists(st.integers(1, 4000), max_size=20))
def test_records_are_the_same_however_the_bytes_come(cuts: list[int]) -> None:
    framing, wire, found = Framing(), HELLO + DATA + EMPTY + DATA, []
    for size in [*cuts, len(wire)]:
        found += framing.feed(wire[:size])
        wire = wire[size:]
    assert [(record.type, record.size) for record in found] == [(22, 3005), (23, 261), (23, 5), (23, 261)]
    assert [len(record.head) for record in found] == [KEPT_OF_HANDSHAKE, KEPT, 5, KEPT]
    assert found[0].head == HELLO[:KEPT_OF_HANDSHAKE]


def test_what_is_no_tls_is_kept_as_it_came_and_never_taken_for_tls_again() -> None:
    framing = Framing()
    (said,) = framing.feed(b"USER bob\r\n")
    assert (said.type, said.size, said.head) == (0, 10, b"USER bob\r\n")
    (more,) = framing.feed(HELLO)
    assert (more.type, more.size, len(more.head)) == (0, len(HELLO), KEPT)


def test_a_record_longer_than_any_may_be_is_no_tls() -> None:
    framing = Framing()
    assert framing.feed(b"\x17\x03\x03") == []
    (found,) = framing.feed(b"\xff\xff" + b"x" * 100)
    assert (found.type, found.size) == (0, 105)
