"""What other programs write of their conversations, read as events."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtutor.protocols.lines import Kind, Source
from mailtutor.reading.dialogue import Dialogue, TlsRow
from mailtutor.reading.made_up import NAME
from mailtutor.reading.records import Record, read_record
from mailtutor.text.catalogue import words

SWAKS = b"""=== Trying 127.0.0.2:2587...
=== Connected to 127.0.0.2.
<-  220 crepes.fr ESMTP
 -> EHLO vm
<-  250-crepes.fr
<-  250 STARTTLS
 -> STARTTLS
<-  220 go
=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256
=== TLS peer DN="/CN=crepes.fr"
 ~> MAIL FROM:<alice@crepes.fr>
<~* 530 5.7.0 Authentication required
 ~> QUIT
<~  221 bye
=== Connection closed with remote host.
"""
SMTPLIB = rb"""connect: to ('127.0.0.2', 2587) None
reply: b'220 crepes.fr ESMTP\r\n'
reply: retcode (220); Msg: b'crepes.fr ESMTP'
send: 'ehlo [127.0.0.1]\r\n'
reply: b'250 it\'s me\r\n'
send: 'mail FROM:<a@b>\r\n'
reply: b'250 ok\r\n'
send: 'rcpt TO:<c@d>\r\n'
reply: b'250 ok\r\n'
send: 'data\r\n'
reply: b'354 go\r\n'
data: (354, b'go')
send: b'Subject: "x"\r\n\r\nreply: b\'250 no\'\r\n\xe4\xbd\xa0\r\n.\r\n'
reply: b'250 taken\r\n'
"""
POPLIB = rb"""*cmd* 'USER bob'
*put* b'USER bob'
*get* b'+OK\r\n'
*resp* b'+OK'
*cmd* 'LIST'
*put* b'LIST'
*get* b'+OK\r\n'
*get* b'1 489\r\n'
*get* b'.\r\n'
"""
IMAPLIB = rb"""  42:00.22 imaplib version 2.58
  42:00.22 < b'* OK IMAP4rev1 Service Ready'
  42:00.22 > b'OIAF0 APPEND INBOX {17}'
  42:00.22 < b'+ Ready'
  42:00.22 write literal size 17
  42:00.23 < b'OIAF0 OK done'
"""
TELNET = b"""Trying 127.0.0.1...
Connected to localhost.
Escape character is '^]'.
220 hi ESMTP
HELO x
250 hi
MAIL FROM:<a@b>
250 ok
RCPT TO:<c@d>
250 ok
DATA
354 go
Subject: x

250 not a reply
.
250 taken
QUIT
221 bye
Connection closed by foreign host.
"""
NC = b"+OK ready\r\nUSER bob\r\n+OK\r\nRETR 1\r\n+OK 10\r\nUSER in mail\r\n.\r\nQUIT\r\n+OK\r\n"
NC_IMAP = b"""* OK ready
a1 FETCH 1 (BODY[])
* 1 FETCH (BODY[] {13}
a2 LOGOUT

)
a1 OK done
a2 LOGOUT
* BYE bye
a2 OK bye
"""
S_CLIENT = b"""CONNECTED(00000003)
---
Certificate chain
 0 s:CN = x
---
New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384
Verify return code: 21 (unable to verify the first certificate)
---
* OK ready
a1 LOGIN bob pickles
a1 OK in
---
Post-Handshake New Session Ticket arrived:
SSL-Session:
    Session-ID: 00
    Verify return code: 21 (unable to verify the first certificate)
    Max Early Data: 0
---
read R BLOCK
a2 LOGOUT
* BYE bye
a2 OK bye
closed
"""
POSTFIX = b"".join(
    b"Nov 29 17:41:59 h postfix/smtpd[12]: %b\n" % line
    for line in (
        b"connect from unknown[127.0.0.1]", b"> unknown[127.0.0.1]: 220 h ESMTP Postfix",
        b"< unknown[127.0.0.1]: EHLO x", b"> unknown[127.0.0.1]: 250 h", b"< unknown[127.0.0.1]: QUIT",
        b"> unknown[127.0.0.1]: 221 bye",
        b"disconnect from unknown[127.0.0.1]", b"> unknown[127.0.0.1]: 220 h ESMTP Postfix",
    )
)  # fmt: skip
RAW_IN = b"1795974120.000002 a1 LOGIN bob pickles\r\n1795974121.000000 a2 LOGOUT\r\n"
RAW_OUT = b"1795974120.000001 * OK ready\r\n1795974120.500000 a1 OK in\r\n1795974121.500000 a2 OK bye\r\n"
EML = b"Received: from x\n\tby y\nFrom: Alice <alice@crepes.fr>\nTo: bob@hamburger.edu,\n c@d.example\n\n.hi\n\nbye\n"
MBOX = (
    b"From a@b Sat Jan  3 01:05:34 1996\nFrom: a@b\nTo: c@d\n\n>From me\n\n"
    b"From a@b Sat Jan  3 01:05:34 1996\nReturn-Path: <q@b>\nFrom: x@y\nDelivered-To: e@f\nTo: c@d\n\nlast\n\n"
)


def _read(data: bytes, beside: bytes = b"") -> tuple[Record, Dialogue]:
    record = read_record(data, beside)
    assert record is not None
    dialogue = Dialogue()
    dialogue.take(record.events, 0)
    return record, dialogue


def _said(dialogue: Dialogue) -> list[str]:
    return [f"{row.line.source.value}: {row.line.text.decode(errors='replace')}" for row in dialogue.rows]


KINDS = [
    ("swaks", SWAKS, "smtp", "S: 530 5.7.0 Authentication required"), ("smtplib", SMTPLIB, "smtp", "S: 250 it's me"),
    ("poplib", POPLIB, "pop3", "S: 1 489"), ("imaplib", IMAPLIB, "imap", "C: OIAF0 APPEND INBOX {17}"),
    ("telnet", TELNET, "smtp", "C: 250 not a reply"), ("nc", NC, "pop3", "S: USER in mail"),
    ("nc", NC_IMAP, "imap", "S: a2 LOGOUT"), ("s_client", S_CLIENT, "imap", "C: a1 LOGIN bob pickles"),
    ("postfix", POSTFIX, "smtp", "C: EHLO x"), ("rawlog", RAW_IN, "imap", "C: a1 LOGIN bob pickles"),
    ("eml", EML, "smtp", "C: RCPT TO:<c@d.example>"), ("mbox", MBOX, "smtp", "C: MAIL FROM:<q@b>"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "protocol", "line"), KINDS)
def test_it_is_recognised_by_what_is_in_it(kind: str, data: bytes, protocol: str, line: str) -> None:
    for form in (data, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
        record, dialogue = _read(form)
        assert record.kind == kind
        assert {one.protocol for one in dialogue.connections.values()} == {protocol}
        assert line in _said(dialogue)
        assert not [row for row in dialogue.rows if row.line.kind is Kind.UNKNOWN]
    assert all(f"cli.record.{kind}" in words(language) for language in ("en", "zh"))


def test_a_message_in_debug_output_is_the_messages_own_octets() -> None:
    _, dialogue = _read(SMTPLIB)
    data = [row.line.raw for row in dialogue.rows if row.line.kind is Kind.DATA]
    assert data == [b'Subject: "x"\r\n', b"\r\n", b"reply: b'250 no'\r\n", "你\r\n".encode()]
    assert next(iter(dialogue.connections.values())).server.port == 2587


def test_where_tls_begins_is_kept() -> None:
    for data in (SWAKS, S_CLIENT):
        (note,) = _read(data)[1].note_rows
        assert isinstance(note, TlsRow)
        assert (note.event.version, note.event.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")  # type: ignore[union-attr]


def test_of_s_client_only_the_conversation_is_taken() -> None:
    assert _said(_read(S_CLIENT)[1]) == [
        "S: * OK ready", "C: a1 LOGIN bob pickles", "S: a1 OK in", "C: a2 LOGOUT", "S: * BYE bye", "S: a2 OK bye"
    ]  # fmt: skip


def test_each_process_of_postfix_has_its_connections() -> None:
    _, dialogue = _read(POSTFIX)
    assert [len(one.rows) for one in dialogue.connections.values()] == [5, 1]


def test_both_directions_of_a_rawlog_are_put_in_order_by_their_times() -> None:
    for data, beside in ((RAW_IN, RAW_OUT), (RAW_OUT, RAW_IN)):
        said = _said(_read(data, beside)[1])
        assert said == ["S: * OK ready", "C: a1 LOGIN bob pickles", "S: a1 OK in", "C: a2 LOGOUT", "S: a2 OK bye"]


def test_a_made_up_delivery_says_so_in_every_reply() -> None:
    for data in (EML, MBOX):
        _, dialogue = _read(data)
        replies = [row.line.text for row in dialogue.rows if row.line.source is Source.SERVER]
        assert all(b"made up" in reply or NAME.encode() in reply for reply in replies)
    said = _said(_read(MBOX)[1])
    assert said.count("C: .") == 2
    assert "C: From me" in said
    assert "C: RCPT TO:<e@f>" in said
    assert "C: MAIL FROM:<q@b>" in said


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"hello\n", b"220", b"=== Trying x\n", b"From: only one field\n", b"\0" * 999]
)
def test_what_is_none_of_them_is_none(data: bytes) -> None:
    assert read_record(data) is None or data == b"220"


def test_a_literal_of_megabytes_takes_little_memory() -> None:
    data = b"send: 'data\\r\\n'\nsend: b'" + b"\\x41" * 500_000 + b"\\r\\n.\\r\\n'\n"
    tracemalloc.start()
    try:
        record, dialogue = _read(data)
        assert tracemalloc.get_traced_memory()[1] < 12 * len(data)
    finally:
        tracemalloc.stop()
    assert record.kind == "smtplib"
    assert dialogue.connections[1].bytes_from_client == 500_000 + len("\r\n.\r\n") + len("data\r\n")


def test_a_record_inside_a_message_is_a_part_of_the_message() -> None:
    inside = b"send: b'no'\n<-  250 no\n*get* b'no'\n=== Trying x\nEscape character is x\n"
    for kind, data in (("telnet", TELNET.replace(b"250 not a reply\n", inside)), ("eml", EML + inside)):
        assert _read(data)[0].kind == kind


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([line + b"\n" for _, data, _, _ in KINDS for line in data.split(b"\n")]),
    st.sampled_from(
        [
            b"send: b'\\",
            b"reply: b'\\x",
            b"send: '" + b"(" * 99,
            b"*get* b'\\N{x}'\n",
            b"  00:00.00 read literal size 9999999\n",
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([data for _, data, _, _ in KINDS]), st.lists(PIECES, max_size=12).map(b"".join), st.integers(0, 400)
)
def test_whatever_comes_is_read_without_an_error(data: bytes, more: bytes, cut: int) -> None:
    for hostile in (data[:cut] + more + data[cut:], more + data, more):
        record = read_record(hostile, more)
        if record is not None:
            Dialogue().take(record.events, 0)
            assert all(event.t >= 0 for event in record.events)
            assert len(record.events) < 4 * hostile.count(b"\n") + 4 * more.count(b"\n") + 40


def test_a_cr_alone_ends_no_line_of_an_mbox() -> None:
    stamp = b"From z@y Thu Nov 30 10:10:10 2023"
    record, dialogue = _read(stamp + b"\nFrom: a@b\nTo: c@d\n\nx\r" + stamp + b"\r\nend\n")
    assert record.kind == "mbox"
    assert sum(line.startswith("C: MAIL FROM") for line in _said(dialogue)) == 1
    # Its first line has one, too, and still begins the message.
    read_record(stamp + b"\r" + stamp[5:] + b"\nFrom: a@b\nTo: c@d\n\nx\n")


def test_lines_without_times_stand_apart_on_the_wall_too() -> None:
    """So that a capture made of them has them apart."""
    record, _ = _read(SWAKS)
    assert [event.at for event in record.events[:3]] == [0.0, 0.5, 1.0]
