"""Our own messages: each is what its name says, and the standard library reads the same in it."""

from __future__ import annotations

import base64
import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest

from mailtutor.message.anatomy import Node, open_message
from mailtutor.message.beside import beside, envelope_of
from mailtutor.message.encodings import decode_words
from mailtutor.message.hops import path
from mailtutor.message.reports import read_report, said
from mailtutor.message.transfer import decoded
from mailtutor.reading.shelf import names, shelf_file
from mailtutor.text.catalogue import words
from tests.message.shelf import CHINESE, TRADITIONAL, picture, shelf

SHELF = shelf()
MAIL = ("multipart/mixed", "text/plain")
# Name → the types of its parts in order.
SHAPES = {
    "plain": ("text/plain",),
    "encoded-subject": ("text/plain",),
    "latin1-quoted": ("text/plain",),
    "utf8-base64": ("text/plain",),
    "gbk": ("text/plain",),
    "gb18030": ("text/plain",),
    "big5": ("text/plain",),
    "eight-bit": ("text/plain",),
    "smtputf8": ("text/plain",),
    "flowed": ("text/plain",),
    "calendar": ("text/calendar",),
    "old-forms": ("text/plain",),
    "alternative": ("multipart/alternative", "text/plain", "text/html"),
    "attachment": (*MAIL, "image/png"),
    "related": ("multipart/related", "text/html", "image/png"),
    "picture": ("image/png",),
    "sound": (*MAIL, "audio/wav"),
    "nested": (
        "multipart/mixed", "multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png",
        "text/csv",
    ),
    "forwarded": (*MAIL, "message/rfc822", "text/plain"),
    "digest": ("multipart/digest", "message/rfc822", "text/plain", "message/rfc822", "text/plain"),
    "signed": ("multipart/signed", "text/plain", "application/pgp-signature"),
    "file-name-2231": MAIL,
    "dsn": ("multipart/report", "text/plain", "message/delivery-status", "text/rfc822-headers"),
    "mdn": ("multipart/report", "text/plain", "message/disposition-notification"),
    "mailing-list": ("text/plain",),
    "long-path": ("text/plain",),
    "groups": ("text/plain",),
    "spoofed-from": ("text/plain",),
    "hidden-copy": ("text/plain",),
    "injection": ("text/plain",),
    "broken-base64": ("text/plain",),
    "never-closed": (*MAIL, "image/png"),
    "no-boundary": ("multipart/mixed",),
    "dangerous-name": (*MAIL, "application/octet-stream"),
    "wrong-charset": ("text/plain",),
    "unknown-words": ("text/plain",),
    "two-subjects": ("text/plain",),
    "odd-lines": ("text/plain",),
    "empty": ("text/plain",),
}  # fmt: skip
# Name → what is wrong with it; all others are sound.
DEFECTS = {
    "smtputf8": {"header_utf8"},
    "injection": {"injection"},
    "broken-base64": {"bad_base64", "cut_base64"},
    "never-closed": {"not_closed"},
    "no-boundary": {"no_boundary"},
    "dangerous-name": {"bad_name"},
    "wrong-charset": {"eight_bit", "bad_charset"},
    "unknown-words": {"bad_word", "unknown_encoding", "unknown_charset"},
    "two-subjects": {"twice", "no_field"},
    "odd-lines": {"long_line", "bare_cr", "bare_lf", "nul"},
    "empty": {"empty"},
}


def content(node: Node) -> bytes:
    return b"".join(decoded(node.part.raw, node.part.body, node.part.end, node.encoding))


def test_the_files_are_those_of_their_writer() -> None:
    assert len(SHELF) >= 25
    assert names() == sorted(SHELF)
    for name, octets in SHELF.items():
        file = shelf_file(name)
        assert file is not None
        assert file.read_bytes() == octets, name


def test_each_is_described_in_both_languages() -> None:
    for language in ("en", "zh"):
        described = {key.split(".")[1] for key in words(language).texts if key.startswith("shelf.")}
        assert described == set(SHELF)


def test_no_name_leads_out_of_the_shelf() -> None:
    assert [shelf_file(name) for name in ("../alice-bob", "/etc/passwd", "", "Plain", "plain.eml", "nobody")] == [
        None
    ] * 6


@pytest.mark.parametrize("name", sorted(SHELF))
def test_each_has_the_parts_and_the_defects_it_is_there_for(name: str) -> None:
    anatomy = open_message(SHELF[name])
    assert tuple(node.type for node in anatomy.nodes) == SHAPES[name]
    assert {defect.key for _, defect in anatomy.defects} == DEFECTS.get(name, set())


@pytest.mark.parametrize("name", sorted(set(SHELF) - set(DEFECTS) - {"old-forms"}))
def test_the_standard_library_reads_the_same(name: str) -> None:
    other = email.message_from_bytes(SHELF[name], policy=default)
    anatomy = open_message(SHELF[name])
    leaves = [node for node in anatomy.nodes if not node.children and node.type != "message/delivery-status"]
    theirs = [one for one in other.walk() if not one.is_multipart() or one.get_content_type() == "message/rfc822"]
    theirs = [one for one in theirs if not one.get_content_type().startswith("message/")]
    ours = [node for node in leaves if not node.type.startswith("message/")]
    # It reads the fields of a report as messages of their own.
    if name not in ("dsn", "mdn"):
        assert [one.get_content_type() for one in theirs] == [node.type for node in ours]
        for one, node in zip(theirs, ours, strict=True):
            assert isinstance(one, EmailMessage)
            assert one.get_payload(decode=True) == content(node)
            assert (one.get_filename() or "") == node.file_name
    subject = anatomy.root.part.header.get("Subject")
    assert other["Subject"] == decode_words(subject or b"")
    address = other["From"].addresses[0].addr_spec
    assert address.encode() in SHELF[name]


def test_the_chinese_letters_say_the_same_in_every_character_set() -> None:
    for name, charset, text in (
        ("utf8-base64", "utf-8", CHINESE), ("gbk", "gbk", CHINESE), ("gb18030", "gb18030", CHINESE + "𠮷\r\n"),
        ("big5", "big5", TRADITIONAL),
    ):  # fmt: skip
        root = open_message(SHELF[name]).root
        assert root.charset == charset
        assert content(root).decode(charset) == text
        assert decode_words(root.part.header.get("Subject") or b"") == text.splitlines()[0]


def test_the_picture_is_one_and_what_stands_around_the_parts_is_told() -> None:
    anatomy = open_message(SHELF["attachment"])
    assert content(anatomy.nodes[2]) == picture()
    around = [anatomy.raw[a:b] for a, b in filter(None, (anatomy.root.preamble, anatomy.root.epilogue))]
    assert [re.sub(rb"\s+", b" ", one) for one in around] == [
        b"This line is for programs that know no MIME.", b"And nobody shows this one. ",
    ]  # fmt: skip


def test_the_reports_say_whom_they_are_about() -> None:
    dsn = read_report(open_message(SHELF["dsn"]))
    assert dsn is not None
    assert [said(one, "Final-Recipient") for one in dsn.recipients] == ["nobody@hamburger.edu"]
    assert [said(one, "Diagnostic-Code")[:9] for one in dsn.recipients] == ["550 5.1.1"]
    mdn = read_report(open_message(SHELF["mdn"]))
    assert mdn is not None
    assert [said(one, "Original-Message-ID") for one in mdn.recipients] == ["<march-1@crepes.fr>"]
    assert read_report(open_message(SHELF["plain"])) is None


def test_a_report_is_read_even_where_its_fields_are_encoded() -> None:
    fields = b"Reporting-MTA: dns; crepes.fr\r\n\r\nFinal-Recipient: rfc822; bob@hamburger.edu\r\nAction: delayed\r\n"
    head = b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    found = read_report(open_message(head + base64.b64encode(fields)))
    assert found is not None
    assert (found.is_decoded, [said(one, "Action") for one in found.recipients]) == (True, ["delayed"])


def test_the_long_path_has_a_wait_and_a_clock_that_is_wrong() -> None:
    hops = path(open_message(SHELF["long-path"]).root.part.header)
    assert [hop.by for hop in hops] == ["crepes.fr", "filter.example.com", "mx.example.com", "hamburger.edu"]
    assert [hop.delay_s for hop in hops] == [None, 3.0, -58.0, 391.0]
    assert [hop.facts for hop in hops] == [("tls", "auth"), ("tls",), (), ("tls",)]
    assert [hop.is_linked for hop in hops] == [None, True, True, True]


def test_envelope_and_header_differ_where_they_should() -> None:
    found = {}
    for name in ("spoofed-from", "hidden-copy", "mailing-list", "plain"):
        header = open_message(SHELF[name]).root.part.header
        found[name] = [one.key for one in beside(header, *envelope_of(header))]
    assert found == {
        "spoofed-from": ["from_differs", "reply_elsewhere", "name_lies"],
        "hidden-copy": ["from_agrees", "hidden", "not_here"],
        "mailing-list": ["from_differs", "hidden", "not_here"],
        "plain": [],
    }
