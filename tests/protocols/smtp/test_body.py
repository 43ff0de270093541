"""What ends a message, for a careful server and for a careless one, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.smtp.body import BodyReader

PARTS = st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n", b"\n.\n"]), max_size=12)


def _read(data: bytes, cuts: list[int], *, bare_lf: bool) -> tuple[bytes, bytes | None]:
    """The content, and what was left behind the end; None where there was none."""
    body = BodyReader(1000, bare_lf=bare_lf)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in zip(places, [*places[1:], len(data)], strict=True):
        rest = body.feed(data[start:end])
        if rest is not None:
            return body.content, rest + data[end:]
    return b"", None


@given(PARTS, st.lists(st.integers(0, 40), max_size=6), st.booleans())
def test_any_cutting_gives_the_same(parts: list[bytes], cuts: list[int], bare_lf: bool) -> None:
    data = b"".join(parts)
    assert _read(data, cuts, bare_lf=bare_lf) == _read(data, [], bare_lf=bare_lf)


@pytest.mark.parametrize(
    ("data", "content", "rest"),
    [
        (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
        (b"a\n.\nQUIT\n", b"a\r\n", b"QUIT\n"),
        (b"a\n.\r\nQUIT\n", b"a\r\n", b"QUIT\n"),
        (b"a\r\n.\nQUIT\n", b"a\r\n", b"QUIT\n"),
        (b".\n", b"", b""),
        (b"a\n..\nb\n.\n", b"a\r\n.\r\nb\r\n", b""),
        (b"a\n\n.\n", b"a\r\n\r\n", b""),
    ],
)
def test_a_careless_server_takes_a_bare_lf_for_the_end_of_a_line(data: bytes, content: bytes, rest: bytes) -> None:
    assert _read(data, [], bare_lf=True) == (content, rest)


@pytest.mark.parametrize("data", [b"a\n.\n", b"a\n.\r\n", b"a\r\n.\n", b".\n", b"a\r.\r"])
def test_a_careful_one_does_not(data: bytes) -> None:
    assert _read(data, [], bare_lf=False) == (b"", None)
    body = BodyReader(1000)
    assert body.feed(data + b"\r\n.\r\n") == b""
    with pytest.raises(RemoteProtocolError):
        body.check(1000)


def test_what_is_too_big_for_a_careless_server_is_thrown_away_too() -> None:
    body = BodyReader(100, bare_lf=True)
    for _ in range(1000):
        assert body.feed(b"x" * 50 + b"\n") is None
    assert len(body._buffer) < 1000
    assert body.feed(b".\nNOOP\n") == b"NOOP\n"
    with pytest.raises(RemoteProtocolError) as wrong:
        body.check(1000)
    assert wrong.value.reply == "552.too_big"
