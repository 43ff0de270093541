"""A page and the parts it names."""

from __future__ import annotations

import base64

from mailtutor.message.anatomy import open_message
from mailtutor.message.links import links
from tests.message.shelf import shelf

PAGE = b'<img src="cid:a%20b@x.example"> <img src=CID:nobody@x.example>'


def related(encoding: bytes, page: bytes) -> bytes:
    return (
        b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + page + b"\r\n--b\r\nContent-Type: image/png\r\n"
        b"Content-ID: <a b@x.example>\r\n\r\n--b--"
    )


def test_a_page_names_its_picture_by_its_content_id() -> None:
    anatomy = open_message(shelf()["related"])
    (link,) = links(anatomy, anatomy.nodes[1])
    assert (link.cid, link.target) == ("ketchup-15@crepes.fr", anatomy.nodes[2])
    assert anatomy.raw[link.start : link.end] == b"cid:ketchup-15@crepes.fr"
    assert links(anatomy, anatomy.nodes[2]) == ()


def test_a_name_nobody_has_leads_nowhere_and_percent_is_undone() -> None:
    anatomy = open_message(related(b"8bit", PAGE))
    assert [(one.cid, one.target) for one in links(anatomy, anatomy.nodes[1])] == [
        ("a b@x.example", anatomy.nodes[2]), ("nobody@x.example", None),
    ]  # fmt: skip


def test_an_encoded_page_is_read_and_its_place_is_all_of_it() -> None:
    anatomy = open_message(related(b"base64", base64.b64encode(PAGE)))
    first, _ = links(anatomy, anatomy.nodes[1])
    assert (first.target, anatomy.raw[first.start : first.end]) == (anatomy.nodes[2], base64.b64encode(PAGE))
