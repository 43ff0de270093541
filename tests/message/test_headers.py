"""Header fields as ranges of bytes."""

from __future__ import annotations

import pytest

from mailtutor.message.headers import parse_header

RAW = b"From: a\r\nSubject: one\r\n\ttwo\r\nX-A : 1\r\nx-a:2\r\nno field here\r\n\r\nbody: not a field\r\n"


def test_fields_are_found_in_any_case_and_unfolded() -> None:
    header = parse_header(RAW)
    assert header.get("subject") == b"one\ttwo"
    assert list(header.all("X-A")) == [b"1", b"2"]
    assert header.get("body") is None
    assert RAW[header.body :] == b"body: not a field\r\n"


def test_a_subset_keeps_order_and_bytes() -> None:
    header = parse_header(RAW)
    assert header.subset([b"x-A", b"FROM"]) == b"From: a\r\nX-A : 1\r\nx-a:2\r\n\r\n"
    assert header.subset([b"x-a", b"from"], others=True) == b"Subject: one\r\n\ttwo\r\nno field here\r\n\r\n"
    assert header.subset([b"none"]) == b"\r\n"


@pytest.mark.parametrize(
    ("raw", "names", "body"),
    [
        (b"", [], 0),
        (b"\r\n", [], 2),
        (b"\n", [], 1),
        (b"a: b", [b"a"], 4),
        (b"a: b\nc: d\n\nrest", [b"a", b"c"], 11),
        (b" folded first\r\na: b\r\n", [b"", b"a"], 21),
        (b"a:\r\n \r\n\r\n", [b"a"], 9),
        (b":\r\n\xff: x\r\n", [b"", b""], 9),
    ],
)
def test_nothing_is_refused(raw: bytes, names: list[bytes], body: int) -> None:
    header = parse_header(raw)
    assert [field.name for field in header.fields] == names
    assert header.body == body
