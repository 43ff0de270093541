"""The tree of a message's parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.mime import DEPTH_LIMIT, PART_LIMIT, Part, parse_message

MIXED = (
    b'Content-Type: multipart/mixed; boundary="b (1)"; x=y\r\n\r\n'
    b"preamble\r\n"
    b"--b (1)\r\n"
    b"\r\n"
    b"Hello\r\n"
    b"--b (1) \r\n"
    b'Content-Type: Image/PNG; name="a\\"b.png"; (comment) size=3\r\n'
    b"Content-Transfer-Encoding: base64 (really)\r\n"
    b"Content-Disposition: attachment; filename=x.png\r\n"
    b"\r\n"
    b"AAAA\r\n"
    b"--b (1)x\r\n"
    b"--b (1)--\r\n"
    b"epilogue\r\n"
)


def test_parts_lie_between_the_boundaries() -> None:
    root = parse_message(MIXED)
    assert (root.type, root.subtype, root.parameters) == (
        b"MULTIPART",
        b"MIXED",
        ((b"BOUNDARY", b"b (1)"), (b"X", b"y")),
    )
    text, image = root.parts
    assert (text.type, text.subtype, text.content, text.lines, text.charset) == (
        b"TEXT",
        b"PLAIN",
        b"Hello",
        1,
        "US-ASCII",
    )
    assert (image.type, image.subtype, image.encoding) == (b"IMAGE", b"PNG", b"BASE64")
    assert image.parameters == ((b"NAME", b'a"b.png'), (b"SIZE", b"3"))
    assert image.content == b"AAAA\r\n--b (1)x"
    assert image.disposition == (b"ATTACHMENT", ((b"FILENAME", b"x.png"),))
    assert text.disposition is None


def test_a_message_in_a_message_has_parts_of_its_own() -> None:
    head = b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
    inner = head + b"--i\r\n\r\na\r\n--i\r\n\r\nb\r\n--i--"
    raw = b"Content-Type: multipart/digest; boundary=o\r\n\r\n--o\r\n\r\n" + inner + b"\r\n--o--\r\n"
    (forwarded,) = parse_message(raw).parts
    assert (forwarded.type, forwarded.subtype) == (b"MESSAGE", b"RFC822")
    assert forwarded.message is not None
    assert [part.content for part in forwarded.message.parts] == [b"a", b"b"]
    assert forwarded.content == inner


def test_a_multipart_that_cannot_be_taken_apart_is_text() -> None:
    for raw in (
        b"Content-Type: multipart/mixed\r\n\r\nhello",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nhello",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n",
        b"Content-Type: multipart/mixed; boundary=x",
    ):
        assert (parse_message(raw).type, parse_message(raw).parts) == (b"TEXT", ())


def test_a_missing_end_and_empty_parts_are_borne() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n\r\nlast"
    assert [part.content for part in parse_message(raw).parts] == [b"", b"last"]
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x"
    assert [part.content for part in parse_message(raw).parts] == [b"one", b""]


def test_a_type_that_cannot_be_read_is_text() -> None:
    for value in (b"", b"nonsense", b"text", b"/", b"text/plain/x", b"a b/c"):
        assert parse_message(b"Content-Type: " + value + b"\r\n\r\n").type == b"TEXT"


def depth(part: Part) -> int:
    below = [*part.parts, *([part.message] if part.message else [])]
    return 1 + max(map(depth, below), default=0)


def test_depth_is_bounded() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 500
    assert depth(parse_message(raw)) == DEPTH_LIMIT + 1
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500))
    assert depth(parse_message(raw)) <= DEPTH_LIMIT + 1


def count(part: Part) -> int:
    return 1 + sum(map(count, part.parts)) + (count(part.message) if part.message else 0)


def test_the_number_of_parts_is_bounded() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * (PART_LIMIT * 2)
    assert count(parse_message(raw)) <= PART_LIMIT + 1


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: ",
        b'; boundary="',
        b"\r\n",
        b"\n",
        b"--b",
        b"--b--",
        b"\r\n--b\r\n",
        b'"',
        b"\\",
        b"(",
        b"\0\xff",
        b" ",
        b"x: y",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=40).map(b"".join))
def test_any_bytes_make_a_tree_within_them(raw: bytes) -> None:
    def check(part: Part, start: int, end: int) -> None:
        assert start <= part.start <= part.body <= part.end <= end
        assert part.lines >= 0
        assert part.disposition is None or part.disposition[0]
        for child in part.parts:
            check(child, part.body, part.end)
        if part.message:
            check(part.message, part.body, part.end)

    check(parse_message(raw), 0, len(raw))
