"""A message opened: numbers, ranges, defects, and bounds."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.anatomy import Node, open_message
from mailtutor.message.mime import DEPTH_LIMIT, PART_LIMIT
from tests.message.shelf import shelf

HEAD = b"From: a@example.com\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
SHELF = sorted(shelf().values())


def keys(raw: bytes) -> list[str]:
    return [defect.key for _, defect in open_message(raw).defects]


def body(head: bytes, text: bytes) -> bytes:
    return HEAD + head + b"\r\n\r\n" + text


def test_numbers_are_those_of_imap() -> None:
    nested = open_message(shelf()["nested"])
    assert [node.number for node in nested.nodes] == ["0", "1", "1.1", "1.1.1", "1.1.2", "1.2", "2"]
    forwarded = open_message(shelf()["forwarded"])
    assert [node.number for node in forwarded.nodes] == ["0", "1", "2", "2.0"]
    assert forwarded.find("2.1") is forwarded.nodes[3]
    plain = open_message(shelf()["plain"])
    assert plain.find("1") is plain.find("0") is plain.root
    assert [plain.find(number) for number in ("2", "1.1", "", "x")] == [None] * 4
    inside = open_message(b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nX: y\r\n\r\n")
    assert [node.number for node in inside.nodes] == ["0", "1.0", "1.1.0"]


def test_an_octet_belongs_to_the_innermost_part() -> None:
    raw = shelf()["nested"]
    anatomy = open_message(raw)
    assert anatomy.at(raw.index(b"<p>")).number == "1.1.2"
    assert anatomy.at(raw.index(b"ketchup,2.50")).number == "2"
    assert anatomy.at(0).number == "0"
    assert anatomy.at(raw.index(b"--outer\r\n")).number == "0"


def test_what_is_wrong_with_a_multipart_is_named() -> None:
    mixed = b"Content-Type: multipart/mixed"
    assert keys(body(mixed, b"x")) == ["no_boundary"]
    assert keys(body(mixed + b"; boundary=b", b"--c\r\n")) == ["no_delimiter"]
    assert keys(body(mixed + b"; boundary=b", b"--b\r\n\r\nx")) == ["not_closed"]
    assert keys(body(mixed + b"; boundary=b\r\nContent-Transfer-Encoding: base64", b"--b\r\n\r\n--b--")) == [
        "encoded_multipart"
    ]
    assert keys(HEAD + b"Content-Type: nonsense\r\n\r\n") == ["bad_type"]
    assert keys(HEAD.replace(b"MIME-Version: 1.0\r\n", b"Content-Type: text/plain\r\n\r\n")) == ["no_mime_version"]


def test_what_is_wrong_with_content_is_named_and_placed() -> None:
    base64 = b"Content-Transfer-Encoding: base64"
    assert keys(body(base64, b"AAAA\r\n")) == []
    assert keys(body(base64, b"AA=A\r\n")) == ["after_base64", "cut_base64"]
    assert keys(body(base64, b"AAA\r\n")) == ["cut_base64"]
    raw = body(base64, b"AA!AA?A\r\n")
    (node, defect), _ = open_message(raw).defects
    assert (node.number, defect.key, defect.start, defect.count) == ("0", "bad_base64", raw.index(b"!"), 2)
    quoted = b"Content-Transfer-Encoding: quoted-printable"
    assert keys(body(quoted, b"=41=\r\n= \r\nb=e4")) == ["bad_charset"]
    assert keys(body(quoted, b"a=4\r\nb=")) == ["bad_quoted"]
    assert keys(body(b"Content-Transfer-Encoding: 8bit", b"\xe4")) == ["bad_charset"]
    assert keys(body(b"Content-Type: text/plain; charset=latin1", b"\xe4")) == ["eight_bit"]
    assert keys(body(b"Content-Type: text/plain; charset=unicode_escape", b"x")) == ["unknown_charset"]
    raw = body(b"Content-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset=utf-8", b"abc\xe4\xb8x")
    ((_, defect),) = open_message(raw).defects
    assert (defect.key, defect.start) == ("bad_charset", raw.index(b"\xe4"))


def test_a_line_is_too_long_from_its_999th_octet_on() -> None:
    assert keys(body(b"X: y", b"x" * 998 + b"\r\n" + b"x" * 998)) == []
    raw = body(b"X: y", b"x" * 998 + b"\r\n" + b"y" * 999 + b"\r\n" + b"z" * 1500)
    ((_, defect),) = open_message(raw).defects
    assert (defect.key, defect.start, defect.detail, defect.count) == ("long_line", raw.index(b"yy"), "999", 2)


def test_a_file_with_unix_lines_is_told_so_once_and_read_all_the_same() -> None:
    anatomy = open_message(shelf()["nested"].replace(b"\r\n", b"\n"))
    assert [(defect.key, defect.is_note) for _, defect in anatomy.defects] == [("lf_file", True)]
    assert len(anatomy.nodes) == 7


def test_the_first_line_of_an_mbox_is_no_fault() -> None:
    assert keys(b"From alice Mon Mar  2 10:00:00 2026\r\n" + HEAD + b"\r\n") == ["mbox_line"]


def test_depth_and_number_are_bounded_and_told() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 10_000
    anatomy = open_message(raw)
    assert len(anatomy.nodes) == DEPTH_LIMIT + 1
    assert "too_deep" in [defect.key for defect in anatomy.nodes[-1].defects]
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 10_000
    anatomy = open_message(raw)
    assert len(anatomy.nodes) == PART_LIMIT
    assert [defect.key for defect in anatomy.root.defects][-1] == "too_many_parts"
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000))
    assert "too_deep" in keys(raw)


def check(nodes: Iterable[Node], size: int) -> None:
    for node in nodes:
        part = node.part
        assert 0 <= part.start <= part.body <= part.end <= size
        for start, end in (one for one in (node.preamble, node.epilogue) if one):
            assert part.body <= start < end <= part.end
        for line in part.delimiters:
            assert part.body <= line.start <= line.line < line.end <= part.end
        for defect in node.defects:
            assert part.start <= defect.start <= defect.end <= part.end
            assert defect.count > 0


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message of the shelf with pieces cut out, doubled, or replaced."""
    raw = bytearray(draw(st.sampled_from(SHELF)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.binary(max_size=6),
                st.just(bytes(raw[at:end]) * 2),
                st.sampled_from(
                    [b"\r\n", b"\n", b"\x1b[31m", b"=?utf-8?Q?=1B?=", b"--b\r\n", b"\0", b'"', b"(", b"=", b";"]
                ),
            )
        )
        raw[at:end] = piece
    return bytes(raw)


@given(mutated())
def test_whatever_the_bytes_there_is_a_tree_within_them(raw: bytes) -> None:
    anatomy = open_message(raw)
    check(anatomy.nodes, len(raw))
    assert len({node.number for node in anatomy.nodes}) == len(anatomy.nodes)
    for node in anatomy.nodes:
        assert anatomy.find(node.number) is node


def test_a_size_that_is_larger_than_what_came_is_named_and_any_other_is_not() -> None:
    def named(size: str) -> list[str]:
        head = f"From: a@b\r\nDate: Sun, 29 Nov 2026 17:00:00 +0000\r\nContent-Disposition: attachment; size={size}\r\n"
        told = open_message(head.encode() + b"\r\nhello").defects
        return [defect.detail for _, defect in told if defect.key == "bad_size"]

    assert named("1073741824") == ["1073741824"]
    assert named("6") == ["6"]
    assert [len(detail) for detail in named("9" * 1_000_000)] == [80]
    for size in ("5", "3", "0", "-1", "much", '""', "²"):
        assert named(size) == []
