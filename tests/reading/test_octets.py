"""Every octet of every line is explained, in both languages, and by somebody's standard."""

from __future__ import annotations

import pytest

from mailtutor import paths
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Line, Source
from mailtutor.reading.dialogue import Dialogue, TlsRow
from mailtutor.reading.octets import MOST_GROUPS, Field, fields
from mailtutor.text.catalogue import words
from mailtutor.trace.transcript import parse

EN = words("en")


def observed(protocol: str, *said: bytes) -> list[Line]:
    """Server first, then in turn."""
    observer = PROTOCOLS[protocol].observer()
    found: list[Line] = []
    for number, data in enumerate(said):
        found += observer.observe(Source.CLIENT if number % 2 else Source.SERVER, data)
    return found


SMTP = (
    b"220 x ESMTP\r\n", b"EHLO a\r\n", b"250-x\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n",
    b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n", b"235 2.7.0 ok\r\n", b"MAIL FROM:<a@b> SIZE=10\r\n", b"250 ok\r\n",
    b"RCPT TO:<c@d>\r\n", b"250 ok\r\n", b"DATA\r\n", b"354 go\r\n", b"To: c\r\n\r\n..x\r\n.\r\n", b"250 ok\r\n",
    b"\xff\x00 what\r\n", b"500 what?\r\n", b"AUTH LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n", b"YWxpY2U=\r\n",
)  # fmt: skip
POP3 = (
    b"+OK x <1.2@h>\r\n", b"USER bob\r\n", b"+OK\r\n", b"PASS p\r\n", b"+OK\r\n", b"RETR 1\r\n",
    b"+OK 10 octets\r\nTo: c\r\n\r\n..x\r\n.\r\n",
)  # fmt: skip
IMAP = (
    b"* OK [CAPABILITY IMAP4rev2] x\r\n", b"a1 LOGIN bob {7}\r\n", b"+ go\r\n", b"pickles\r\n", b"a1 OK in\r\n",
    b"a2 SELECT INBOX\r\n", b"* FLAGS (\\Seen \\Deleted)\r\n* 1 EXISTS\r\na2 OK [READ-WRITE] x\r\n",
    b"a3 FETCH 1 (FLAGS BODY[])\r\n", b"* 1 FETCH (FLAGS (\\Seen) BODY[] {5}\r\nhello)\r\na3 OK x\r\n",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("protocol", "said"), [("smtp", SMTP), ("pop3", POP3), ("imap", IMAP)])
def test_no_octet_is_left_out(protocol: str, said: tuple[bytes, ...], language: str) -> None:
    for line in observed(protocol, *said):
        found = fields(line, protocol, words(language))
        whole = [field for field in found if not field.is_part]
        assert [field.start for field in whole] == [0, *(field.end for field in whole)][:-1], line
        assert whole[-1].end == len(line.raw), line
        assert all(field.name and field.what and field.rfc.startswith("RFC ") for field in found), (line, found)
        for field in found:
            if field.is_part:
                assert any(one.start <= field.start < one.end for one in whole)


def test_our_transcripts_are_explained_whole() -> None:
    for path in paths.content("transcripts").glob("*.txt"):
        dialogue = Dialogue()
        dialogue.take(parse(path.read_bytes()).events(), 0)
        for row in dialogue.rows:
            assert not isinstance(row, TlsRow)
            found = [field for field in fields(row.line, dialogue.connections[1].protocol, EN) if not field.is_part]
            assert sum(field.end - field.start for field in found) == len(row.line.raw)


def parts(line: Line, protocol: str) -> list[Field]:
    return [field for field in fields(line, protocol, EN) if field.is_part]


def test_a_code_is_taken_apart_and_base64_is_undone_once() -> None:
    greeting, *_ = observed("smtp", *SMTP)
    assert [(part.start, part.text) for part in parts(greeting, "smtp")] == [(0, "2"), (1, "2"), (2, "0")]
    login = next(line for line in observed("smtp", *SMTP) if line.raw.startswith(b"AUTH PLAIN"))
    groups = parts(login, "smtp")
    assert [group.text for group in groups] == ["AGFs", "aWNl", "AGJh", "Z3Vl", "dHRl"]
    assert groups[0].value == "00 61 6c  ␀al"
    assert {group.rfc for group in groups} == {"RFC 4648 §4"}
    values = [field.value for field in fields(login, "smtp", EN) if field.value and not field.is_part]
    assert values == ["alice", "baguette"]
    name = observed("smtp", *SMTP)[-1]
    assert [group.text for group in parts(name, "smtp")] == ["YWxp", "Y2U="]


def test_dots_line_ends_and_tags_have_their_sections() -> None:
    def rfc(protocol: str, said: tuple[bytes, ...], name: str) -> set[str]:
        return {
            field.rfc
            for line in observed(protocol, *said)
            for field in fields(line, protocol, EN)
            if field.name == name
        }

    assert rfc("smtp", SMTP, "CR LF") == {"RFC 5321 §2.3.8"}
    assert rfc("smtp", SMTP, "stuffed dot") == {"RFC 5321 §4.5.2"}
    assert rfc("pop3", POP3, "stuffed dot") == {"RFC 1939 §3"}
    assert rfc("imap", IMAP, EN("imap.field.tag.title")) == {"RFC 9051 §2.2.1"}
    assert rfc("imap", IMAP, EN("imap.field.literal.title")) == {"RFC 9051 §4.3"}


def test_a_long_secret_is_not_listed_for_ever() -> None:
    import base64

    secret = base64.b64encode(b"\0alice\0" + b"x" * 3000)
    (line,) = observed("smtp", b"220 x\r\n", b"AUTH PLAIN " + secret[:8000] + b"\r\n")[1:]
    assert len(parts(line, "smtp")) <= MOST_GROUPS
