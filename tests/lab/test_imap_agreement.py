"""What IMAP sessions, the disk and the trace have to agree on, out of a real store, without sockets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from mailtutor.lab.hub import Hub
from mailtutor.store import mailboxes
from mailtutor.store.database import Then
from mailtutor.trace.events import AnyEvent, Appended, Expunged, Flagged, MailboxMade
from tests.lab.house import House

# What sessions of one mailbox have to agree on -------------------------------------------------------------------


async def test_idle_hears_on_when_the_mailbox_is_renamed(house: House) -> None:
    other = await house.session(mailbox="")
    await other.say("a CREATE old")
    watcher = await house.session(mailbox="old")
    assert await watcher.say("a IDLE") == ["+ idling"]
    await other.say("b RENAME old new", "c CREATE old")
    watcher.pokes = 0
    await other.say("d APPEND old {1+}", "x")
    assert watcher.pokes == 0
    await other.say("e APPEND new {1+}", "x")
    assert watcher.pokes
    assert watcher.wake() == ["* 1 EXISTS", "* 1 RECENT"]
    await watcher.say("DONE")
    await watcher.say("b STORE 1 +FLAGS (\\Seen)")
    (flagged,) = house.happened(Flagged)
    assert isinstance(flagged, Flagged)
    assert flagged.mailbox == "new"


async def test_no_message_is_recent_to_two_idle_sessions(house: House) -> None:
    watchers = [await house.session() for _ in range(3)]
    for watcher in watchers:
        await watcher.say("a IDLE")
    await house.deliver()
    assert [watcher.wake()[1] for watcher in watchers] == ["* 1 RECENT", "* 0 RECENT", "* 0 RECENT"]
    assert "* 0 RECENT" in await (await house.session(mailbox="")).say("b SELECT INBOX")
    assert await (await house.session(mailbox="")).say("b STATUS INBOX (RECENT)") == [
        "* STATUS INBOX (RECENT 0)",
        "b OK STATUS completed",
    ]


async def test_what_was_recent_is_not_so_again_for_the_next_lab(house: House) -> None:
    await house.deliver()
    await house.session()
    await house.deliver()
    house.hub = Hub()
    # The store's one writer has done by now what it was handed before this.
    await (await house.session(mailbox="")).say("a CREATE x")
    assert "* 1 RECENT" in await (await house.session(mailbox="")).say("b SELECT INBOX")


async def test_a_session_reads_only_what_has_changed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await house.deliver()
    one, other = await house.session(), await house.session()
    read: list[str] = []
    real = mailboxes._message

    def seen(row: tuple[int, int, float, str, int, int, int, int]) -> mailboxes.Message:
        read.append(str(row[0]))
        return real(row)

    monkeypatch.setattr(mailboxes, "_message", seen)
    await one.say("a STORE 2 +FLAGS (\\Deleted)", "b EXPUNGE")
    await house.deliver()
    read.clear()
    assert await other.say("c NOOP") == ["* 2 EXPUNGE", "* 5 EXISTS", "* 1 RECENT", "c OK NOOP completed"]
    assert read == ["6"]


async def test_a_session_that_slept_through_very_much_reads_all_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "REMEMBERED", 3)
    for _ in range(4):
        await house.deliver()
    one, other = await house.session(), await house.session()
    for uid in (1, 2, 3):
        await one.say(f"a UID STORE {uid} +FLAGS.SILENT (\\Deleted)", f"b UID EXPUNGE {uid}")
        await house.deliver()
    assert house.database.read(lambda db: db.execute("SELECT count(*) FROM expunged").fetchone()) < (3,)
    assert (await other.say("c NOOP"))[:4] == ["* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 4 EXISTS"]


async def test_a_message_come_and_gone_between_two_looks_is_no_news(house: House) -> None:
    one, other = await house.session(), await house.session()
    await house.deliver()
    await one.say("a NOOP", "b STORE 1 +FLAGS (\\Deleted)", "c EXPUNGE")
    assert await other.say("d NOOP") == ["d OK NOOP completed"]


# Names ------------------------------------------------------------------------------------------------------------


async def test_a_subscription_outlives_its_mailbox_and_may_come_before_it(house: House) -> None:
    session = await house.session(mailbox="")
    assert await session.say("a SUBSCRIBE news/today") == ["a OK SUBSCRIBE completed"]
    await session.say("b CREATE friends", "c SUBSCRIBE friends", "d DELETE friends")
    assert [line.split()[-1] for line in (await session.say('e LSUB "" "*"'))[:-1]] == [
        "INBOX",
        "friends",
        "news/today",
    ]
    assert [line.split()[-1] for line in (await session.say('f LIST "" "*"'))[:-1]] == ["INBOX"]
    await session.say("g UNSUBSCRIBE friends", "h UNSUBSCRIBE inbox", "i UNSUBSCRIBE never/was")
    assert await session.say('j LSUB "" "*"') == ['* LSUB () "/" news/today', "j OK LSUB completed"]


async def test_inbox_is_one_mailbox_in_any_case_of_letters_also_above_others(house: House) -> None:
    session = await house.session(mailbox="")
    await session.say("a CREATE inbox/work", "b CREATE Inbox/home/garden", "c SUBSCRIBE iNBOX/work")
    names = ["INBOX", "INBOX/home", "INBOX/home/garden", "INBOX/work"]
    assert [line.split()[-1] for line in (await session.say('d LIST "" "*"'))[:-1]] == names
    assert [line.split()[-1] for line in (await session.say("e LIST inbox/ %"))[:-1]] == ["INBOX/home", "INBOX/work"]
    assert (await session.say("f LSUB inBox/ work"))[0] == '* LSUB () "/" INBOX/work'
    assert (await session.say("g CREATE INBOX/WORK"))[0] == "g OK CREATE completed"
    assert (await session.say("h STATUS inbox/work (MESSAGES)"))[0] == "* STATUS INBOX/work (MESSAGES 0)"
    assert (await session.say("i APPEND inbox/work {1+}", "x"))[0].startswith("i OK")
    assert "* 1 EXISTS" in await session.say("j SELECT iNbOx/work")
    assert (await session.say("k COPY 1 inbox/home"))[0].startswith("k OK [COPYUID")
    assert await session.say("l RENAME inbox/home inboxes") == ["l OK RENAME completed"]
    assert await session.say("m DELETE inbox/work") == ["* 1 EXPUNGE", "m OK DELETE completed"]
    assert [line.split()[-1] for line in (await session.say('n LIST "" inbox*'))[:-1]] == [
        "INBOX",
        "INBOX/WORK",
        "inboxes",
        "inboxes/garden",
    ]


# The disk and the trace -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["-0700", "+0000", "+0545", "+1400", "-0030"])
async def test_a_date_comes_back_in_the_zone_it_was_given_in(house: House, zone: str) -> None:
    session = await house.session()
    await session.say(f'a APPEND INBOX "17-Jul-1996 02:44:25 {zone}" {{1+}}', "x")
    assert (await session.say("b FETCH 1 INTERNALDATE"))[0] == (
        f'* 1 FETCH (INTERNALDATE "17-Jul-1996 02:44:25 {zone}")'
    )
    assert await session.say("c SEARCH ON 17-Jul-1996") == ["* SEARCH 1", "c OK SEARCH completed"]


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("x CREATE a/b", [MailboxMade, MailboxMade]),
        ("x DELETE old", [MailboxMade]),
        ("x RENAME old new/er", [MailboxMade, MailboxMade]),
        ("x RENAME INBOX new", [MailboxMade, Expunged, Appended]),
        ("x APPEND old {1+}\r\ny", [Appended]),
        ("x COPY 1 old", [Appended]),
        ("x STORE 1 +FLAGS (\\Flagged)", [Flagged]),
        ("x FETCH 1 BODY[]", [Flagged]),
        ("x EXPUNGE", [Expunged]),
        ("x CLOSE", [Expunged]),
    ],
)
async def test_what_is_on_the_disk_is_in_the_trace_when_the_session_is_cut(
    house: House, monkeypatch: pytest.MonkeyPatch, command: str, kinds: list[type[AnyEvent]]
) -> None:
    await house.deliver()
    session, other = await house.session(), await house.session()
    await session.say("a CREATE old")
    if kinds == [Expunged]:
        await session.say("b STORE 1 +FLAGS (\\Deleted)")
    seen = len(house.log)
    handed_in: list[tuple[Callable[[sqlite3.Connection], object], Then]] = []
    real = house.database.submit

    written = asyncio.Event()

    def submit(loop: asyncio.AbstractEventLoop, job: Callable[[sqlite3.Connection], object], then: Then) -> None:
        handed_in.append((job, then))
        written.set()

    monkeypatch.setattr(house.database, "submit", submit)
    task = asyncio.create_task(session.say(command), name="to be cut")
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    other.pokes = 0
    told = asyncio.Event()
    house.log.subscribe(lambda n, _: told.set() if n + 1 == seen + len(kinds) else None)
    real(asyncio.get_running_loop(), *handed_in[0])
    await told.wait()
    assert [type(event) for event in house.log.since(seen)] == kinds
    assert other.pokes or kinds[0] is MailboxMade or "old" in command


async def test_an_append_to_a_mailbox_deleted_meanwhile_is_refused(house: House) -> None:
    session, other = await house.session(mailbox=""), await house.session(mailbox="")
    await session.say("a CREATE bin", "b SELECT bin")
    await other.say("c DELETE bin")
    assert await session.say("d APPEND bin {1+}", "x") == ["d NO [TRYCREATE] There is no mailbox bin; CREATE it first"]
    assert await session.say("e STORE 1 +FLAGS (\\Seen)") == [
        "e BAD There is no message 1: the mailbox has 0",
    ]


async def test_a_long_answer_leaves_message_by_message(house: House) -> None:
    session = await house.session()
    size = 100_000
    for number in range(5):
        await session.say(f"a{number} APPEND INBOX {{{size}+}}", "x" * size)
    engine = session.service.engine
    engine.receive_data(b"b FETCH 1:5 BODY.PEEK[]\r\n")
    longest = 0
    sent = 0

    async def flush() -> None:
        nonlocal longest, sent
        longest = max(longest, engine.unsent)
        sent += len(engine.data_to_send())

    session.flush = flush  # type: ignore[method-assign]
    await session.service.handle(engine.next_event())
    assert sent > 5 * size
    assert longest < 2 * size


async def test_a_message_expunged_while_others_are_sent_is_left_out(house: House) -> None:
    session, other = await house.session(), await house.session(mailbox="")
    size = 600_000
    for number in range(3):
        await other.say(f"a{number} APPEND INBOX {{{size}+}}", "x" * size)
    await session.say("a NOOP")
    await other.say("b SELECT INBOX")
    real = session.flush

    async def flush() -> None:
        await real()
        if session.flush is not real:
            session.flush = real  # type: ignore[method-assign]
            await other.say("c STORE 2 +FLAGS (\\Deleted)", "d EXPUNGE")

    session.flush = flush  # type: ignore[method-assign]
    said = await session.say("e FETCH 1:3 BODY.PEEK[]")
    assert [line.split()[1] for line in said if line.endswith(f"{{{size}}}")] == ["1", "3"]
    assert said[-1].startswith("e NO [EXPUNGEISSUED]")
