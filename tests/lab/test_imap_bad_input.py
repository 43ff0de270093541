"""What clients should not send, and mail nobody should have to read: refused with the reason, or answered, and the
session goes on."""

from __future__ import annotations

import asyncio

import pytest

from mailtutor.lab.driver import SEND_AT
from mailtutor.store import mailboxes
from tests.lab.house import House

# Literals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("announced", "reason"),
    [
        ("x APPEND INBOX {10485761}", "x NO ..."),
        ("x APPEND INBOX ~{99999999999999999}", "x NO ..."),
        ("x LOGIN {65537}", "x BAD"),
        ("x CREATE {65537}", "x BAD Literal too long: at most 65536 octets here"),
        ("x SEARCH SUBJECT {9999999999999999999}", "x BAD Literal too long: at most 65536 octets here"),
        ("x CREATE {99999999999999999999999999}", "x BAD"),
        ("x CREATE {-1}", "x BAD"),
        ("x CREATE {}", "x BAD"),
        ("x CREATE ~{3}", "x BAD"),
        ("x APPEND nowhere (\\Seen {3}", "x BAD"),
        ("x STATUS INBOX {3}", "x BAD"),
    ],
)
async def test_a_literal_that_is_too_large_is_refused_before_it_is_sent(
    house: House, announced: str, reason: str
) -> None:
    session = await house.session()
    (answer,) = await session.say(announced)
    assert answer.startswith(reason.removesuffix("...")), answer
    assert await session.say("y NOOP") == ["y OK NOOP completed"]


async def test_a_large_literal_that_comes_unasked_is_passed_over(house: House) -> None:
    session = await house.session()
    session.service.engine.message_limit = 1000
    (answer,) = await session.say("x APPEND INBOX {5000+}", "y NOOP\r\n" * 625)
    assert answer.startswith("x NO ")
    assert await session.say("z NOOP") == ["z OK NOOP completed"]


async def test_a_command_has_so_many_literals_and_no_more(house: House) -> None:
    session = await house.session(mailbox="")
    command = 'x LIST "" (' + " ".join(["{1+}\r\na"] * 101) + ")"
    answer = await session.say(command)
    assert answer[0].startswith("x BAD At most 100 literals")
    assert (await session.say("y NOOP"))[-1] == "y OK NOOP completed"


# Sets, dates, names ---------------------------------------------------------------------------------------------------


def counts(house: House) -> list[tuple[str, int, int, int]]:
    """What a change of any kind would change."""
    boxes = house.database.read(lambda db: mailboxes.all_of(db, "hamburger.edu", "bob"))
    return [(box.name, box.uid_next, box.highest_modseq, box.messages) for box in boxes]


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 0 UID",
        "FETCH 1:0 UID",
        "FETCH 1,,2 UID",
        "FETCH 1: UID",
        "FETCH -1 UID",
        "FETCH 4294967296 UID",
        "FETCH 99999999999999999999 UID",
        "FETCH 1:*: UID",
        "FETCH ** UID",
        "FETCH $,1 UID",
        "FETCH 2 UID",
        "FETCH * UID * UID",
        "FETCH 1 ()",
        "FETCH 1 (UID UID",
        "FETCH 1 BODY[1.HEADER.FIELDS ()]",
        "FETCH 1 BODY[0]",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[]<0.0>",
        "FETCH 1 BODY[]<5>",
        "FETCH 1 BODY[" + ".".join(["1"] * 101) + "]",
        "FETCH 1 (FLAGS) (CHANGEDSINCE)",
        "FETCH 1 (FLAGS) (CHANGEDSINCE -1)",
        "FETCH 1 (FLAGS) (CHANGEDSINCE 9223372036854775808)",
        "FETCH 1 (FLAGS) (UNCHANGEDSINCE 1)",
        "STORE 1 (UNCHANGEDSINCE) FLAGS (x)",
        "STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 2) FLAGS (x)",
        "STORE 1 FLAGS",
        "STORE 1 FLAGS (\\Unheard)",
        "STORE 1 FLAGS (\\Recent)",
        "STORE 1 *FLAGS (x)",
        "SEARCH",
        "SEARCH ON 32-Jan-2026",
        "SEARCH ON 30-Feb-2026",
        "SEARCH ON 1-Frob-2026",
        "SEARCH ON 1-Jan-0000",
        'SEARCH ON "1-Jan-2026',
        "SEARCH SINCE 2026-01-01",
        "SEARCH MODSEQ",
        'SEARCH MODSEQ "/flags/\\\\draft" some 1',
        "SEARCH LARGER -1",
        "SEARCH (ALL",
        "SEARCH " + "NOT " * 60 + "ALL",
        "SEARCH RETURN (ALL)",
        'APPEND INBOX "17-Jul-1996 02:44:25 +2500" {1+}\r\nx',
        'APPEND INBOX "17-Jul-1996 25:44:25 +0000" {1+}\r\nx',
        'APPEND INBOX "31-Jun-1996 02:44:25 +0000" {1+}\r\nx',
        "APPEND INBOX (\\Seen",
        "APPEND INBOX",
        "COPY 1",
        "MOVE 1",
        "UID MOVE x INBOX",
        "UID EXPUNGE",
        "GETQUOTAROOT",
        "STATUS INBOX ()",
        "STATUS INBOX MESSAGES",
        "EXAMINE INBOX (UNHEARD)",
        "SELECT INBOX ()",
        "CREATE a (USE (",
        "ENABLE (QRESYNC)",
        "UNSELECT now",
    ],
)
async def test_a_line_that_makes_no_sense_is_bad_and_nothing_happens(house: House, command: str) -> None:
    await house.deliver()
    session = await house.session()
    before = counts(house)
    answer = (await session.say(f"x {command}"))[-1]
    assert answer.startswith("x BAD "), answer
    assert len(answer) > len("x BAD ") + 5
    assert counts(house) == before
    assert await session.say("y NOOP") == ["y OK NOOP completed"]


@pytest.mark.parametrize("name", ["&Jjo", "&", "&AGE-", "&,-", "&Jjo-&Jjo-", "a&b"])
async def test_a_name_that_is_no_modified_utf_7_is_refused(house: House, name: str) -> None:
    session = await house.session()
    for command in (f"CREATE {name}", f'LIST "" {name}', f"COPY 1 {name}", f"GETQUOTAROOT {name}", f"SELECT {name}"):
        assert (await session.say(f"x {command}"))[-1].startswith("x NO "), command


async def test_more_keywords_than_are_kept_are_refused_and_none_is_set(house: House) -> None:
    await house.deliver()
    session = await house.session()
    some, more = (" ".join(f"k{n}" for n in range(first, first + 60)) for first in (0, 60))
    assert (await session.say(f"a STORE 1 +FLAGS.SILENT ({some})"))[-1] == "a OK STORE completed"
    refused = "NO [LIMIT] A message has at most 100 keywords"
    assert (await session.say(f"b STORE 1 +FLAGS.SILENT ({more})"))[-1] == f"b {refused}"
    assert (await session.say(f"c UID STORE 1 FLAGS ({some} {more})"))[-1] == f"c {refused}"
    assert (await session.say(f"d APPEND INBOX ({some} {more}) {{1+}}", "x"))[-1] == f"d {refused}"
    assert await session.say("e STORE 1 -FLAGS.SILENT (k0)", "f SEARCH KEYWORD k59 NOT KEYWORD k60") == [
        "e OK STORE completed", "* SEARCH 1", "f OK SEARCH completed",
    ]  # fmt: skip
    assert await session.say("g STATUS INBOX (MESSAGES)") == [
        "* STATUS INBOX (MESSAGES 1)", "g OK STATUS completed",
    ]  # fmt: skip


# Mail nobody should have to read --------------------------------------------------------------------------------------

EVERYTHING = "(FLAGS ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE BINARY.SIZE[1] BODY.PEEK[1.1.1.MIME] BODY.PEEK[HEADER])"


def nested(levels: int) -> bytes:
    """A multipart in a multipart in a multipart."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return head + b"\r\nhi\r\n" + b"".join(b"--b%d--\r\n" % n for n in reversed(range(levels)))


STRANGE = {
    "multiparts": nested(10_000),
    "messages": b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"\r\nhi\r\n",
    "one boundary": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 10_000,
    "empty parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 10_000,
    "parentheses": b"To: " + b"(" * 50_000 + b"\r\nFrom: " + b"<" * 50_000 + b"\r\n\r\n",
    "addresses": b"To: " + b"a@b, " * 20_000 + b"\r\n\r\n",
    "fields": b"X: y\r\n" * 50_000 + b"\r\n",
    "parameters": b"Content-Type: text/plain" + b"; a*0*=x" * 10_000 + b"\r\n\r\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?=C3?= " * 10_000 + b"\r\n\r\n",
    "a long field": b"Subject: " + b"re: [x] (fwd) " * 20_000 + b"\r\n\r\n",
    "nothing": b"",
    "line ends": b"\r\n" * 10_000,
    "octets": bytes(range(1, 256)) * 100,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRANGE)
async def test_a_strange_message_is_fetched_searched_and_sorted(house: House, kind: str) -> None:
    content = STRANGE[kind]
    session = await house.session(mailbox="")
    await session.say("e ENABLE UTF8=ACCEPT", "s SELECT INBOX")
    engine = session.service.engine

    async def say(data: bytes) -> bytes:
        engine.receive_data(data)
        await session.service.handle(engine.next_event())
        sent, session.sent = b"".join(session.sent) + engine.data_to_send(), []
        return sent

    assert b"\r\na OK " in await say(b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(content), content))
    for command in (
        f"FETCH 1 {EVERYTHING}",
        "FETCH 1 (BODYSTRUCTURE ENVELOPE)",
        f"FETCH 1 BODY.PEEK[{'.'.join(['1'] * 90)}]",
        "FETCH 1 BINARY.PEEK[1.1]",
        "SEARCH TEXT pickles SUBJECT x FROM a SENTSINCE 1-Jan-2020",
        "SORT (SUBJECT FROM TO CC DATE) UTF-8 ALL",
    ):
        answer = await say(f"x {command}\r\n".encode())
        assert answer.splitlines()[-1].startswith((b"x OK ", b"x NO ")), answer[-200:]
    assert b"n OK " in await say(b"n NOOP\r\n")


# A client that does not read ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("items", ["(FLAGS UID)", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"])
async def test_a_client_that_does_not_read_is_waited_for(house: House, items: str) -> None:
    content = b"From: alice@crepes.fr\r\nSubject: Pickles\r\n\r\nHow about pickles?\r\n"
    session = await house.session()

    def fill(db: object) -> None:
        box = mailboxes.find(db, "hamburger.edu", "bob", "INBOX")  # type: ignore[arg-type]
        assert box is not None
        for _ in range(10_000):
            mailboxes.append(db, box.id, content, (), 0.0)  # type: ignore[arg-type]

    house.database.write(fill).result()
    await session.say("a NOOP")
    reads = asyncio.Event()
    waits = asyncio.Event()
    engine = session.service.engine

    async def flush() -> None:
        waits.set()
        await reads.wait()
        session.sent.append(engine.data_to_send())

    session.flush = flush  # type: ignore[method-assign]
    engine.receive_data(f"b FETCH 1:* {items}\r\n".encode())
    task = asyncio.create_task(session.service.handle(engine.next_event()), name="answering")
    await waits.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()
    assert engine.unsent < SEND_AT + 500 * 1000
    # Others are served meanwhile.
    assert (await (await house.session()).say("c NOOP"))[-1] == "c OK NOOP completed"
    reads.set()
    await task
    session.sent.append(engine.data_to_send())
    answer = b"".join(session.sent)
    assert answer.count(b"\r\n* ") == 9_999
    assert answer.endswith(b"b OK FETCH completed\r\n")
