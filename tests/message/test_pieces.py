"""Header fields piece by piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.field_pieces import pieces_of
from mailtutor.message.headers import parse_header

NAMES = ("From", "Date", "Received", "Content-Type", "Content-Disposition", "Message-ID", "Subject", "Diagnostic-Code",
         "Disposition", "MIME-Version", "Status")  # fmt: skip


def pieces(field: bytes) -> list[tuple[str, str]]:
    """Key and octets of each piece, or what they say."""
    header = parse_header(field + b"\r\n\r\n")
    return [
        (one.key, one.value or header.raw[one.start : one.end].decode("latin-1"))
        for one in pieces_of(header, header.fields[0])
    ]


def test_addresses_groups_and_comments() -> None:
    assert pieces(b'To: Cooks: "Fry, Bob" <bob@hamburger.edu> (he\r\n fries), a@b.c;, <@x,@y:z@w>, <>') == [
        ("group_name", "Cooks"),
        ("display_name", '"Fry, Bob"'),
        ("local_part", "bob"),
        ("at_sign", "@"),
        ("domain", "hamburger.edu"),
        ("comment", "(he\r\n fries)"),
        ("local_part", "a"),
        ("at_sign", "@"),
        ("domain", "b.c"),
        ("group_end", ";"),
        ("route", "@x,@y"),
        ("local_part", "z"),
        ("at_sign", "@"),
        ("domain", "w"),
        ("null_path", "<>"),
    ]


def test_an_address_with_spaces_around_its_signs_is_one() -> None:
    assert pieces(b"To: bob . fry @ hamburger . edu") == [
        ("local_part", "bob . fry"),
        ("at_sign", "@"),
        ("domain", "hamburger . edu"),
    ]


def test_encoded_words_have_their_parts_and_lose_the_space_between_them() -> None:
    assert pieces(b"Subject: hi =?utf-8*fr?Q?=C3=A9t=C3=A9?=\r\n =?gbk?B?xOM=?= end") == [
        ("text", "hi"),
        ("encoded_word", "été"),
        ("word_charset", "utf-8"),
        ("word_language", "fr"),
        ("word_encoding", "Q"),
        ("word_content", "c3 a9 74 c3 a9"),
        ("encoded_word", "你"),
        ("word_charset", "gbk"),
        ("word_encoding", "B"),
        ("word_content", "c4 e3"),
        ("text", "end"),
    ]
    assert pieces(b"From: =?utf-8?Q?=C3=A9?= <a@b>")[:2] == [("display_name", "é"), ("encoded_word", "é")]


def test_a_date_field_by_field() -> None:
    assert pieces(b"Date: Thu,\r\n 12 Mar 2026 10:15:07 +0100 (noon,\r\n nearly)") == [
        ("day_name", "Thu"),
        ("day", "12"),
        ("month", "Mar"),
        ("year", "2026"),
        ("hour", "10"),
        ("minute", "15"),
        ("second", "07"),
        ("zone", "+0100"),
        ("comment", "(noon,\r\n nearly)"),
    ]
    assert pieces(b"Date: 1 Jan 99") == [("day", "1"), ("month", "Jan"), ("year", "99")]
    assert pieces(b"Date: tomorrow") == []


def test_the_clauses_of_received() -> None:
    found = pieces(
        b"Received: from a.example (b.example [192.0.2.1]) by c.example\r\n\tvia TCP with ESMTPS (TLS1.3) id 7"
        b"\r\n\tfor <bob@hamburger.edu>; Thu, 12 Mar 2026 10:15:07 +0000"
    )
    assert found[:8] == [
        ("received_from", "a.example"),
        ("received_info", "(b.example [192.0.2.1])"),
        ("received_by", "c.example"),
        ("received_via", "TCP"),
        ("received_with", "ESMTPS"),
        ("received_info", "(TLS1.3)"),
        ("received_id", "7"),
        ("received_for", "<bob@hamburger.edu>"),
    ]
    assert found[8] == ("day_name", "Thu")


def test_types_and_their_parameters() -> None:
    assert pieces(b"Content-Type: Text/Plain; charset=utf-8;\r\n\tname*0*=utf-8'fr'cr%C3%AApe; name*1=s") == [
        ("type", "Text"),
        ("subtype", "Plain"),
        ("parameter", "utf-8"),
        ("parameter", "crêpes"),
        ("section", "utf-8'fr'cr%C3%AApe"),
        ("section", "s"),
    ]
    assert pieces(b'Content-Disposition: inline; filename="a\\"b"') == [("disposition", "inline"), ("parameter", 'a"b')]


def test_identifiers_and_the_fields_of_reports() -> None:
    assert pieces(b"References: <a@b> <c>") == [("id_left", "a"), ("id_right", "b"), ("id_left", "c")]
    assert pieces(b"Final-Recipient: rfc822; bob@hamburger.edu") == [
        ("report_kind", "rfc822"),
        ("report_value", "bob@hamburger.edu"),
    ]
    assert pieces(b"Disposition: manual-action/MDN-sent-manually; displayed/error") == [
        ("mdn_mode", "manual-action"),
        ("mdn_sent", "MDN-sent-manually"),
        ("mdn_type", "displayed"),
        ("mdn_modifier", "error"),
    ]
    assert pieces(b"Status: 5.1.1 (no)") == [("status", "5.1.1")]
    assert pieces(b"MIME-Version: 1.0 (yes)") == [("version", "1.0")]
    assert pieces(b"Content-Transfer-Encoding: base64") == [("encoding", "base64")]


BITS = st.sampled_from(
    [b"=?utf-8?Q?", b"?=", b"<", b">", b"@", b":", b";", b",", b"(", b")", b'"', b"\\", b"\r\n ", b"from ", b"by ",
     b"1 Jan 2026", b"*0*=", b"a=b", b"a/b", b"'", b"%4", b"\xff\0"]
)  # fmt: skip


@given(st.sampled_from(NAMES), st.lists(st.one_of(BITS, st.binary(max_size=4)), max_size=30).map(b"".join))
def test_any_value_has_pieces_within_it(name: str, value: bytes) -> None:
    header = parse_header(name.encode() + b": " + value)
    for field in header.fields:
        for one in pieces_of(header, field):
            assert field.start <= one.start <= one.end <= field.end
