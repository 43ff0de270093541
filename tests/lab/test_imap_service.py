"""IMAP's answers out of a real store: two sessions of one user, without sockets."""

from __future__ import annotations

import asyncio

import pytest

from mailtutor.errors import StoreError
from mailtutor.store.database import Then
from mailtutor.trace.events import Appended, Expunged, Flagged, MailboxMade
from tests.lab.house import House, Session


async def test_inbox_is_there_from_the_first_login(house: House) -> None:
    session = await house.session(mailbox="")
    assert await session.say('a LIST "" "*"') == [
        '* LIST (\\HasNoChildren) "/" INBOX',
        "a OK LIST completed",
    ]
    assert len(house.happened(MailboxMade)) == 1
    assert (await session.say("b LOGOUT"))[-1] == "b OK LOGOUT completed"


async def test_a_wrong_password_opens_nothing(house: House) -> None:
    session = Session(house)
    assert await session.say("a LOGIN bob baguette") == ["a NO [AUTHENTICATIONFAILED] Wrong user name or password"]
    assert await session.say("b AUTHENTICATE PLAIN AGJvYgBwaWNrbGVz") == [
        "b OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS "
        "SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE UIDPLUS MOVE UNSELECT ESEARCH SEARCHRES SORT CONDSTORE QRESYNC "
        "BINARY QUOTA QUOTA=RES-STORAGE UTF8=ACCEPT] "
        "AUTHENTICATE completed, welcome bob"
    ]


async def test_what_arrived_is_recent_to_the_first_that_sees_it(house: House) -> None:
    await house.deliver()
    watcher = await house.session(mailbox="", read_only=True)
    assert "* 1 RECENT" in await watcher.say("a EXAMINE INBOX")
    first = await house.session(mailbox="")
    assert "* 1 RECENT" in await first.say("a SELECT INBOX")
    second = await house.session(mailbox="")
    assert "* 0 RECENT" in await second.say("a SELECT INBOX")
    assert await first.say("b FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Recent))", "b OK FETCH completed"]
    assert await second.say("b FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS ())", "b OK FETCH completed"]


async def test_reading_marks_seen_for_every_session(house: House) -> None:
    await house.deliver()
    one, other = await house.session(), await house.session()
    answer = await one.say("a FETCH 1 BODY[TEXT]")
    assert answer[0] == "* 1 FETCH (BODY[TEXT] {20}"
    assert answer[-2] == " FLAGS (\\Seen \\Recent))"
    assert other.pokes
    assert await other.say("a NOOP") == ["* 1 FETCH (FLAGS (\\Seen))", "a OK NOOP completed"]
    assert await one.say("b FETCH 1 BODY[TEXT]<0.3>") == [
        "* 1 FETCH (BODY[TEXT]<0> {3}",
        "How)",
        "b OK FETCH completed",
    ]
    assert [event.flags for event in house.happened(Flagged)] == [("\\Seen",)]  # type: ignore[union-attr]


async def test_looking_marks_nothing(house: House) -> None:
    await house.deliver()
    session = await house.session(read_only=True)
    await session.say("a FETCH 1 BODY[]")
    assert house.happened(Flagged) == []
    assert await session.say("b CLOSE") == ["b OK CLOSE completed"]


async def test_flags_are_kept_and_told(house: House) -> None:
    await house.deliver()
    one, other = await house.session(), await house.session()
    assert await one.say("a STORE 1 +FLAGS (\\Flagged work)") == [
        "* 1 FETCH (FLAGS (\\Flagged \\Recent work))",
        "a OK STORE completed",
    ]
    assert await one.say("b STORE 1 -FLAGS.SILENT (\\Flagged)") == ["b OK STORE completed"]
    assert await other.say("a CHECK") == ["* 1 FETCH (FLAGS (work))", "a OK CHECK completed"]
    assert "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)" in await other.say("c SELECT INBOX")
    assert await other.say("d SEARCH KEYWORD WORK") == ["* SEARCH 1", "d OK SEARCH completed"]


async def test_idle_tells_at_once(house: House) -> None:
    session = await house.session()
    assert session.wake() == []
    assert await session.say("a IDLE") == ["+ idling"]
    await house.deliver()
    assert session.pokes
    assert session.wake() == ["* 1 EXISTS", "* 1 RECENT"]
    await (await house.session()).say("x STORE 1 FLAGS (\\Deleted)", "y EXPUNGE")
    assert session.wake() == ["* 1 EXPUNGE"]
    assert await session.say("DONE") == ["a OK IDLE terminated"]


async def test_what_another_session_expunged_is_gone_only_when_it_may_be_told(house: House) -> None:
    for _ in range(3):
        await house.deliver()
    one, other = await house.session(), await house.session()
    await one.say("a STORE 1 +FLAGS (\\Deleted)", "b EXPUNGE")
    assert await other.say("a FETCH 1:3 UID") == [
        "* 2 FETCH (UID 2)",
        "* 3 FETCH (UID 3)",
        "a NO [EXPUNGEISSUED] Some of these messages were expunged by somebody else",
    ]
    assert await other.say("b SEARCH ALL") == ["* SEARCH 2 3", "b OK SEARCH completed"]
    assert (await other.say("c STORE 1 +FLAGS (\\Seen)"))[-1].startswith("c NO [EXPUNGEISSUED]")
    assert (await other.say("d COPY 1:2 INBOX"))[-1].startswith("d NO [EXPUNGEISSUED]")
    assert await other.say("e UID FETCH 1:* UID") == [
        "* 2 FETCH (UID 2)",
        "* 3 FETCH (UID 3)",
        "* 1 EXPUNGE",
        "e OK UID FETCH completed",
    ]
    assert await other.say("f FETCH 1 UID") == ["* 1 FETCH (UID 2)", "f OK FETCH completed"]


async def test_copies_keep_flags_and_date(house: House) -> None:
    session = await house.session()
    arrived = '"17-Jul-1996 02:44:25 -0700"'
    await session.say(f"a APPEND INBOX (\\Seen work) {arrived} {{4+}}", "a: b", "")
    assert await session.say("b COPY 1 Sent") == ["b NO [TRYCREATE] There is no mailbox Sent; CREATE it first"]
    await session.say("c CREATE Sent")
    (copied,) = await session.say("d COPY 1 Sent")
    assert copied.startswith("d OK [COPYUID ")
    assert copied.endswith(" 1 1] COPY completed")
    assert "* 1 RECENT" in await session.say("e SELECT Sent")
    assert await session.say("f FETCH 1 (FLAGS INTERNALDATE)") == [
        '* 1 FETCH (FLAGS (\\Seen \\Recent work) INTERNALDATE "17-Jul-1996 02:44:25 -0700")',
        "f OK FETCH completed",
    ]
    assert await session.say("g UID COPY 99 Sent") == ["g OK UID COPY completed"]
    assert len(house.happened(Appended)) == 2


async def test_append_to_the_open_mailbox_is_seen_there(house: House) -> None:
    session = await house.session()
    answer = await session.say("a APPEND INBOX {4+}", "a: b")
    assert answer[:2] == ["* 1 EXISTS", "* 1 RECENT"]
    assert answer[2].startswith("a OK [APPENDUID ")
    assert await session.say("b FETCH 1 INTERNALDATE") == [
        '* 1 FETCH (INTERNALDATE " 5-Jul-2026 12:00:00 +0000")',
        "b OK FETCH completed",
    ]
    assert await session.say("c APPEND nowhere {4+}", "a: b") == [
        "c NO [TRYCREATE] There is no mailbox nowhere; CREATE it first"
    ]


async def test_uid_expunge_and_close_remove_what_they_should(house: House) -> None:
    for _ in range(3):
        await house.deliver()
    session = await house.session()
    await session.say("a STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert await session.say("b UID EXPUNGE 2,9") == ["* 2 EXPUNGE", "b OK UID EXPUNGE completed"]
    assert await session.say("c CLOSE") == ["c OK CLOSE completed"]
    assert await session.say("d STATUS INBOX (MESSAGES UIDNEXT)") == [
        "* STATUS INBOX (MESSAGES 0 UIDNEXT 4)",
        "d OK STATUS completed",
    ]
    assert [event.uid for event in house.happened(Expunged)] == [2, 1, 3]  # type: ignore[union-attr]


async def test_status_counts(house: House) -> None:
    await house.deliver()
    session = await house.session(mailbox="")
    (line, _) = await session.say("a STATUS INBOX (MESSAGES RECENT UNSEEN UIDNEXT)")
    assert line == "* STATUS INBOX (MESSAGES 1 RECENT 1 UNSEEN 1 UIDNEXT 2)"
    assert (await session.say("b STATUS nowhere (MESSAGES)"))[0].startswith("b NO [NONEXISTENT]")


async def test_mailboxes_come_with_those_above_and_stay_without(house: House) -> None:
    session = await house.session(mailbox="")
    await session.say("a CREATE work/2026/may")
    assert [line.split()[-1] for line in (await session.say('b LIST "" "work*"'))[:-1]] == [
        "work",
        "work/2026",
        "work/2026/may",
    ]
    assert await session.say("c DELETE work/2026") == ["c OK DELETE completed"]
    assert await session.say('d LIST "" work/%') == [
        '* LIST (\\Noselect \\HasChildren) "/" work/2026',
        "d OK LIST completed",
    ]
    assert (await session.say("e DELETE work/2026"))[0].startswith("e NO [CANNOT]")
    assert (await session.say("f SELECT work/2026"))[0].startswith("f NO [NONEXISTENT]")
    assert await session.say("g RENAME work job") == ["g OK RENAME completed"]
    assert [line.split()[-1] for line in (await session.say('h LIST "" "job*"'))[:-1]] == [
        "job",
        "job/2026",
        "job/2026/may",
    ]
    assert await session.say("i RENAME job job/old") == ["i OK RENAME completed"]
    assert [line.split()[-1] for line in (await session.say('j LIST "" "*"'))[:-1]] == [
        "INBOX",
        "job",
        "job/old",
        "job/old/2026",
        "job/old/2026/may",
    ]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("CREATE inbox", "NO [CANNOT] INBOX is always there"),
        ('CREATE ""', "NO [CANNOT] A mailbox name is not empty"),
        ("CREATE a//b", "NO [CANNOT]"),
        ('CREATE "a%"', "NO [CANNOT]"),
        ("CREATE &AAo-", "NO [CANNOT]"),
        ("CREATE " + "x" * 256, "NO [CANNOT]"),
        ("CREATE old", "NO [ALREADYEXISTS]"),
        ("DELETE INBOX", "NO [CANNOT]"),
        ("DELETE nowhere", "NO [NONEXISTENT]"),
        ("RENAME nowhere x", "NO [NONEXISTENT]"),
        ("RENAME old INBOX", "NO [CANNOT]"),
        ("RENAME old older", "NO [ALREADYEXISTS]"),
        ("RENAME INBOX old", "NO [ALREADYEXISTS]"),
        ("RENAME old a//b", "NO [CANNOT]"),
        ('SUBSCRIBE "a//b"', "NO [CANNOT]"),
    ],
)
async def test_what_cannot_be_done_to_mailboxes(house: House, command: str, answer: str) -> None:
    session = await house.session(mailbox="")
    await session.say("a CREATE old", "b CREATE older")
    assert (await session.say(f"c {command}"))[0].startswith(f"c {answer}")


async def test_renaming_inbox_moves_its_mail(house: House) -> None:
    await house.deliver()
    session, other = await house.session(mailbox=""), await house.session()
    assert await session.say("a RENAME INBOX archive/2026") == ["a OK RENAME completed"]
    assert (await session.say("b STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 0)"
    assert (await session.say("c STATUS archive/2026 (MESSAGES)"))[0] == "* STATUS archive/2026 (MESSAGES 1)"
    assert await other.say("a NOOP") == ["* 1 EXPUNGE", "a OK NOOP completed"]


async def test_subscriptions_are_kept(house: House) -> None:
    session = await house.session(mailbox="")
    await session.say("a CREATE friends", "b UNSUBSCRIBE friends")
    assert await session.say('c LSUB "" "*"') == ['* LSUB () "/" INBOX', "c OK LSUB completed"]
    await session.say("d SUBSCRIBE friends")
    assert len(await session.say('e LSUB "" "*"')) == 3


async def test_a_mailbox_deleted_while_open_is_an_empty_one(house: House) -> None:
    one, other = await house.session(mailbox=""), await house.session(mailbox="")
    await one.say("a CREATE bin", "b APPEND bin {1+}", "x", "c SELECT bin")
    await other.say("a DELETE bin")
    assert await one.say("d NOOP") == ["* 1 EXPUNGE", "d OK NOOP completed"]


async def test_a_store_that_fails_is_said_and_the_session_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(loop: asyncio.AbstractEventLoop, _: object, then: Then) -> None:
        loop.call_soon(then, None, StoreError("disk full"))

    session = await house.session()
    monkeypatch.setattr(house.database, "submit", full)
    assert await session.say("a APPEND INBOX {1+}", "x") == [
        "a NO [UNAVAILABLE] Local error, nothing was done; try again later"
    ]
    assert await session.say("b NOOP") == ["b OK NOOP completed"]


async def test_nobody_watches_when_the_session_has_ended(house: House) -> None:
    session = await house.session()
    await session.service.ended()
    await session.service.ended()
    await house.deliver()
    assert session.pokes == 0


async def test_a_fetch_of_many_messages_lets_others_in_between(house: House) -> None:
    session = await house.session()
    await session.say(*[line for n in range(1200) for line in (f"a{n} APPEND INBOX {{1+}}", "x")])
    turns = 0

    async def wait_for_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(wait_for_turns(), name="other session")
    assert len(await session.say("b FETCH 1:* UID")) == 1201
    assert turns > 0
    other.cancel()
