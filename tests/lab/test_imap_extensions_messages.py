"""Messages out of a real store, by the examples of RFC 6851 (MOVE), RFC 3516 (BINARY), RFC 7888 (literals), RFC 5161
(ENABLE) and RFC 9051 (IMAP4rev2)."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from mailtutor.protocols.sasl.mechanisms import ScramClient
from tests.lab.house import House, Session
from tests.lab.talk import put, talk

# MOVE ---------------------------------------------------------------------------------------------------------


async def test_move_tells_the_new_uids_before_what_is_gone(house: House) -> None:
    await talk(
        house,
        """
        N: 4
        A: a1 CREATE foo
        S: ...
        A: a2 SELECT INBOX
        S: ...
        A: a3 STORE 2 +FLAGS.SILENT (\\Seen work)
        S: ...
        B: b1 SELECT INBOX
        S: ...
        A: a4 UID MOVE 2:3,99 foo
        S: * OK [COPYUID 1783252801 2:3 1:2] ...
        S: * 2 EXPUNGE
        S: * 2 EXPUNGE
        S: a4 OK UID MOVE completed
        B: b2 NOOP
        S: * 2 EXPUNGE
        S: * 2 EXPUNGE
        S: b2 OK NOOP completed
        A: a5 UID MOVE 2:3 foo
        S: a5 OK UID MOVE completed
        A: a6 SELECT foo
        S: ...
        A: a7 FETCH 1:* FLAGS
        S: * 1 FETCH (FLAGS (\\Seen \\Recent work))
        S: * 2 FETCH (FLAGS (\\Recent))
        S: a7 OK FETCH completed
        """,
    )


async def test_move_in_a_session_with_qresync(house: House) -> None:
    await talk(
        house,
        """
        N: 3
        A: a1 ENABLE QRESYNC
        S: ...
        A: a2 CREATE foo
        S: ...
        A: a3 SELECT INBOX
        S: ...
        A: a4 MOVE 1,3 foo
        S: * OK [COPYUID 1783252801 1,3 1:2] ...
        S: * VANISHED 1,3
        S: a4 OK [HIGHESTMODSEQ 5] MOVE completed
        """,
    )


async def test_what_cannot_be_moved_stays_where_it_is(house: House) -> None:
    await talk(
        house,
        """
        N: 2
        A: a1 CREATE foo
        S: ...
        A: a2 SELECT INBOX
        S: ...
        A: a3 MOVE 1 nowhere
        S: a3 NO [TRYCREATE] ...
        A: a4 MOVE 3 foo
        S: a4 BAD ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 2 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b3 EXPUNGE
        S: ...
        A: a5 MOVE 1:2 foo
        S: ...
        S: a5 NO [EXPUNGEISSUED] ...
        A: a6 STATUS foo (MESSAGES)
        S: * STATUS foo (MESSAGES 0)
        S: ...
        S: a6 OK STATUS completed
        A: a7 EXAMINE INBOX
        S: ...
        A: a8 MOVE 1 foo
        S: a8 NO ...
        A: a9 STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 1)
        S: a9 OK STATUS completed
        """,
    )


async def test_a_message_moved_to_where_it_is_has_a_new_uid(house: House) -> None:
    await talk(
        house,
        """
        N: 2
        A: a1 SELECT INBOX
        S: ...
        A: a2 MOVE 1 INBOX
        S: * OK [COPYUID 1783252800 1 3] ...
        S: * 1 EXPUNGE
        S: * 2 EXISTS
        S: ...
        S: a2 OK MOVE completed
        A: a3 FETCH 1:* UID
        S: * 1 FETCH (UID 2)
        S: * 2 FETCH (UID 3)
        S: a3 OK FETCH completed
        """,
    )


# BINARY -------------------------------------------------------------------------------------------------------

PARTS = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

M=C3=BCsli=
 mit Milch
--x
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAEC/w==
--x
Content-Type: application/x-odd
Content-Transfer-Encoding: x-unheard-of

odd
--x--
"""


async def test_binary_undoes_the_transfer_encoding(house: House) -> None:
    await put(house, PARTS)
    session = await house.session()
    engine = session.service.engine

    async def fetch(items: str) -> bytes:
        engine.receive_data(f"x FETCH 1 {items}\r\n".encode())
        await session.service.handle(engine.next_event())
        return engine.data_to_send()

    text = "Müsli mit Milch".encode()
    assert await fetch("BINARY.SIZE[1]") == b"* 1 FETCH (BINARY.SIZE[1] 16)\r\nx OK FETCH completed\r\n"
    assert await fetch("BINARY.PEEK[1]") == b"* 1 FETCH (BINARY[1] {16}\r\n" + text + b")\r\nx OK FETCH completed\r\n"
    assert b"BINARY[2] ~{4}\r\n\x00\x01\x02\xff)" in await fetch("BINARY.PEEK[2]")
    assert b"BINARY[2]<1> {2}\r\n\x01\x02)" in await fetch("BINARY.PEEK[2]<1.2>")
    assert b"BINARY.SIZE[2] 4)" in await fetch("BINARY.SIZE[2]")
    for item in ("BINARY.PEEK[3]", "BINARY.SIZE[3]"):
        assert (await fetch(item)).startswith(b"x NO [UNKNOWN-CTE] ")


async def test_binary_reads_and_peek_does_not(house: House) -> None:
    await put(house, PARTS)
    await talk(
        house,
        """
        A: a1 SELECT INBOX
        S: ...
        A: a2 FETCH 1 (BINARY.PEEK[1]<0.1> BINARY.SIZE[1])
        S: * 1 FETCH (BINARY[1]<0> {1}
        S: M BINARY.SIZE[1] ...)
        S: a2 OK FETCH completed
        A: a3 FETCH 1 (BINARY[1]<0.1>)
        S: * 1 FETCH (BINARY[1]<0> {1}
        S: M FLAGS (\\Seen \\Recent))
        S: a3 OK FETCH completed
        A: a4 FETCH 1 (BINARY.PEEK[9] BINARY.SIZE[9])
        S: * 1 FETCH (BINARY[9] NIL BINARY.SIZE[9] 0)
        S: a4 OK FETCH completed
        A: a5 FETCH 1 BINARY[TEXT]
        S: a5 BAD ...
        A: a6 FETCH 1 BINARY.SIZE[1]<0.1>
        S: a6 BAD ...
        A: a7 FETCH 1 BINARY[1.]
        S: a7 BAD ...
        """,
    )


async def test_size_is_what_the_same_fetch_brings(house: House) -> None:
    await put(house, PARTS)
    session = await house.session()
    engine = session.service.engine
    for part in ("", "1", "2"):
        engine.receive_data(f"x FETCH 1 (BINARY.SIZE[{part}] BINARY.PEEK[{part}])\r\n".encode())
        await session.service.handle(engine.next_event())
        data = engine.data_to_send()
        size = int(data.partition(b"BINARY.SIZE[%b] " % part.encode())[2].split()[0])
        assert b"BINARY[%b] {%d}\r\n" % (part.encode(), size) in data.replace(b"~{", b"{")


async def test_nul_comes_in_as_a_literal8_and_only_so(house: House) -> None:
    session = await house.session()
    assert (await session.say("a APPEND INBOX {6+}", "a: b\0c"))[-1].startswith("a BAD ")
    assert (await session.say("b APPEND INBOX ~{6+}", "a: b\0c"))[-1].startswith("b OK [APPENDUID ")
    assert (await session.say("c FETCH 1 RFC822.SIZE"))[0] == "* 1 FETCH (RFC822.SIZE 6)"
    engine = session.service.engine
    for item, says_nul in (("BODY.PEEK[]", False), ("BINARY.PEEK[]", True)):
        engine.receive_data(f"d FETCH 1 {item}\r\n".encode())
        await session.service.handle(engine.next_event())
        data = engine.data_to_send()
        assert (b"\0" in data) == (b"~{6}" in data) == says_nul


# ENABLE and literals ------------------------------------------------------------------------------------------


async def test_enable_says_what_it_has_switched_on(house: House) -> None:
    await talk(
        house,
        """
        A: a1 ENABLE CONDSTORE X-GOOD-IDEA
        S: * ENABLED CONDSTORE
        S: a1 OK ENABLE completed
        A: a2 ENABLE X-GOOD-IDEA IDLE
        S: * ENABLED
        S: a2 OK ENABLE completed
        A: a3 ENABLE
        S: a3 BAD ...
        A: a4 SELECT INBOX
        S: ...
        A: a5 ENABLE UTF8=ACCEPT
        S: a5 BAD ...
        A: a6 CLOSE
        S: ...
        A: a7 ENABLE utf8=accept
        S: * ENABLED UTF8=ACCEPT
        S: a7 OK ENABLE completed
        """,
    )


@pytest.mark.parametrize(
    ("name", "password", "answer"), [("bob", "pickles", "OK"), ("bob", "no", "NO"), ("eve", "x", "NO")]
)
async def test_scram_proves_what_the_house_knows(house: House, name: str, password: str, answer: str) -> None:
    """Who is not known there is not told so before the end."""
    session, client = Session(house), ScramClient(name, password, "rOprNGfwEbeRWgbNEkqO")
    (challenge,) = await session.say("a AUTHENTICATE SCRAM-SHA-256 " + b64encode(client.first()).decode())
    (last,) = await session.say(b64encode(client.final(b64decode(challenge.removeprefix("+ ")))).decode())
    if answer == "OK":
        client.verify(b64decode(last.removeprefix("+ ")))
        (last,) = await session.say("")
    assert last.startswith(f"a {answer} ")


# IMAP4rev2 ----------------------------------------------------------------------------------------------------

REV2 = """
    A: a0 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: a0 OK ENABLE completed
"""


async def test_select_in_rev2_lists_the_mailbox_and_tells_nothing_recent(house: House) -> None:
    await talk(
        house,
        REV2
        + """
        N: 2
        A: a1 SELECT inbox
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * 2 EXISTS
        S: * LIST () "/" INBOX
        S: * OK [UIDVALIDITY 1783252800] ...
        S: * OK [UIDNEXT 3] ...
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] ...
        S: * OK [HIGHESTMODSEQ 3] ...
        S: a1 OK [READ-WRITE] SELECT completed
        A: a2 CREATE blurdybloop
        S: ...
        A: a3 EXAMINE blurdybloop
        S: * OK [CLOSED] ...
        S: * FLAGS (...)
        S: * 0 EXISTS
        S: * LIST () "/" blurdybloop
        S: * OK [UIDVALIDITY 1783252801] ...
        S: * OK [UIDNEXT 1] ...
        S: * OK [PERMANENTFLAGS ()] ...
        S: ...
        S: a3 OK [READ-ONLY] EXAMINE completed
        """,
    )


async def test_search_in_rev2_is_answered_with_esearch(house: House) -> None:
    await put(house, "Content-Type: text/plain; charset=utf-8\n\nотпуск\n")
    await talk(
        house,
        REV2
        + """
        A: a1 SELECT INBOX
        S: ...
        A: a2 SEARCH TEXT "string not in mailbox"
        S: * ESEARCH (TAG "a2")
        S: a2 OK SEARCH completed
        A: a3 SEARCH CHARSET UTF-8 TEXT {12}
        A: отпуск
        S: + ...
        S: * ESEARCH (TAG "a3") ALL 1
        S: a3 OK SEARCH completed
        A: a4 UID SEARCH RETURN (MIN MAX) 1:5000
        S: * ESEARCH (TAG "a4") UID MIN 1 MAX 1
        S: a4 OK UID SEARCH completed
        """,
    )


async def test_news_in_rev2_come_without_recent_and_with_the_uid(house: House) -> None:
    """RFC 9051 §7.5.2: unsolicited FETCH carries the UID."""
    await talk(
        house,
        REV2
        + """
        N: 1
        A: a1 SELECT INBOX
        S: ...
        A: a2 IDLE
        S: + idling
        N: 1
        W: A
        S: * 2 EXISTS
        A: DONE
        S: a2 OK IDLE terminated
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 2 +FLAGS (\\Deleted)
        S: ...
        A: a3 NOOP
        S: * 2 FETCH (UID 2 FLAGS (\\Deleted...))
        S: a3 OK NOOP completed
        B: b3 EXPUNGE
        S: ...
        A: a4 NOOP
        S: * 2 EXPUNGE
        S: a4 OK NOOP completed
        """,
    )


async def test_flags_in_rev2_are_fetched_and_stored(house: House) -> None:
    await talk(
        house,
        REV2
        + """
        N: 2
        A: a1 SELECT INBOX
        S: ...
        A: a2 FETCH 1 (FLAGS UID)
        S: * 1 FETCH (FLAGS (...) UID 1)
        S: a2 OK FETCH completed
        A: a3 STORE 1:2 +FLAGS (\\Deleted)
        S: * 1 FETCH (...FLAGS (\\Deleted...)...)
        S: * 2 FETCH (...FLAGS (\\Deleted...)...)
        S: a3 OK STORE completed
        A: a4 UID EXPUNGE 2:9
        S: * 2 EXPUNGE
        S: a4 OK UID EXPUNGE completed
        """,
    )


async def test_names_in_rev2_are_utf_8(house: House) -> None:
    await talk(
        house,
        REV2
        + """
        A: a1 CREATE "Entwürfe & mehr"
        S: a1 OK CREATE completed
        A: a2 LIST "" "E*"
        S: * LIST (\\HasNoChildren) "/" "Entwürfe & mehr"
        S: a2 OK LIST completed
        A: a3 RENAME "Entwürfe & mehr" "&"
        S: a3 OK RENAME completed
        B: b1 LIST "" "&-"
        S: * LIST (\\HasNoChildren) "/" &-
        S: b1 OK LIST completed
        """,
    )


async def test_what_went_wrong_is_said_in_codes(house: House) -> None:
    await talk(
        house,
        REV2
        + """
        N: 1
        A: a1 CREATE this
        A: a2 CREATE that
        S: ...
        A: a3 RENAME this that
        S: a3 NO [ALREADYEXISTS] ...
        A: a4 CREATE "///////"
        S: a4 NO [CANNOT] ...
        A: a5 RENAME those that
        S: a5 NO [NONEXISTENT] ...
        A: a6 SELECT INBOX
        S: ...
        A: a7 COPY 1 nowhere
        S: a7 NO [TRYCREATE] ...
        A: a8 APPEND nowhere {1+}
        A: x
        S: a8 NO [TRYCREATE] ...
        A: a9 UID COPY 305:310 that
        S: a9 OK UID COPY completed
        """,
    )


async def test_the_words_of_the_last_session_of_the_standard(house: House) -> None:
    await put(
        house,
        "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\nFrom: Terry Gray <gray@cac.washington.edu>\n"
        "Subject: IMAP4rev2 WG mtg summary and minutes\nTo: imap@cac.washington.edu\n"
        "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
        "Message-Id: <B27397-0100000@cac.washington.edu>\nMIME-Version: 1.0\n"
        "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\n\nhi\n",
        options='(\\Seen) "17-Jul-1996 02:44:25 -0700"',
    )
    await talk(
        house,
        REV2
        + """
        A: a1 select inbox
        S: ...
        A: a2 fetch 1 full
        S: * 1 FETCH (FLAGS (\\Seen...) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE ... ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>") BODY ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 1))
        S: a2 OK FETCH completed
        A: a3 store 1 +flags \\deleted
        S: * 1 FETCH (...FLAGS (\\Deleted \\Seen...)...)
        S: a3 OK STORE completed
        A: a4 logout
        S: * BYE ...
        S: a4 OK LOGOUT completed
        """,  # noqa: E501  (a line of the protocol)
    )


@pytest.mark.parametrize("command", ["SEARCH ALL", "FETCH 1 UID", "STORE 1 FLAGS (x)"])
async def test_numbers_stand_still_in_rev2_too(house: House, command: str) -> None:
    await talk(
        house,
        REV2
        + f"""
        N: 2
        A: a1 SELECT INBOX
        S: ...
        B: b1 SELECT INBOX
        S: ...
        B: b2 STORE 1 +FLAGS.SILENT (\\Deleted)
        S: ...
        B: b3 EXPUNGE
        S: ...
        A: a2 {command}
        S: ...
        A: a3 NOOP
        S: * 1 EXPUNGE
        S: a3 OK NOOP completed
        """,
    )
