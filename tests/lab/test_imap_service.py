"""IMAP's answers out of a real store: two sessions of one user, without sockets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.lab.clock import ManualClock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.faults import Faults
from mailtutor.lab.hub import Hub
from mailtutor.lab.plan import textbook_plan
from mailtutor.lab.services.imap import ImapService
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.spec import Wording
from mailtutor.store import mailboxes
from mailtutor.store.database import Database, Then
from mailtutor.store.queue import Envelope
from mailtutor.trace.events import AnyEvent, Appended, Expunged, Flagged, MailboxMade
from mailtutor.trace.log import Log

MESSAGE = b"From: alice@crepes.fr\r\nSubject: Pickles\r\n\r\nHow about pickles?\r\n"
WALL = datetime(2026, 7, 5, 12, 0, tzinfo=UTC).timestamp()


class House:
    """A server's store and what its sessions share."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path / "mail.db")
        self.clock = ManualClock(WALL)
        self.log = Log()
        self.recorder = Recorder(self.log, self.clock)
        self.hub = Hub()
        plan = textbook_plan().host("hamburger.edu")
        self.delivery = Delivery(plan, self.database, self.recorder, self.hub, self.clock, Faults(self.clock))

    async def session(self, *, mailbox: str = "INBOX", read_only: bool = False) -> Session:
        """A session of bob's, logged in, with a mailbox open where one is named."""
        session = Session(self)
        await session.say("z1 LOGIN bob pickles")
        if mailbox:
            await session.say(f'z2 {"EXAMINE" if read_only else "SELECT"} "{mailbox}"')
        return session

    async def deliver(self) -> None:
        """A message arrives."""
        delivery = self.delivery
        await delivery.accept(delivery.filing(Envelope("alice@crepes.fr"), delivery.plan.users, (), MESSAGE))

    def happened(self, *kinds: type[AnyEvent]) -> list[AnyEvent]:
        """The world events of these kinds."""
        return [event for event in self.log if isinstance(event, kinds)]


class Session:
    """One session, fed by hand."""

    def __init__(self, house: House) -> None:
        self.pokes = 0
        self.sent: list[bytes] = []
        self.service = ImapService(house.delivery, house.recorder, house.hub, house.clock, self, Wording.EXTENDED)
        self.service.engine.greet()
        self.service.engine.data_to_send()

    def poke(self) -> None:
        self.pokes += 1

    async def flush(self) -> None:
        self.sent.append(self.service.engine.data_to_send())
        await asyncio.sleep(0)

    async def say(self, *lines: str) -> list[str]:
        """What the server answers to these lines."""
        engine = self.service.engine
        engine.receive_data("".join(line + "\r\n" for line in lines).encode())
        while (event := engine.next_event()) is not NEED_DATA and event is not CLOSE:
            await self.service.handle(event)
        self.sent.append(engine.data_to_send())
        said, self.sent = b"".join(self.sent), []
        return said.decode().splitlines()

    def wake(self) -> list[str]:
        """What the server says by itself once it is poked."""
        self.service.woken()
        return self.service.engine.data_to_send().decode().splitlines()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house, its store closed in the end."""
    made = House(tmp_path)
    yield made
    made.database.close()


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
        "b OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN ID] "
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
        "e NO [EXPUNGEISSUED] Some of these messages were expunged by somebody else",
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
    await session.say(*[line for n in range(120) for line in (f"a{n} APPEND INBOX {{1+}}", "x")])
    turns = 0

    async def wait_for_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(wait_for_turns(), name="other session")
    assert len(await session.say("b FETCH 1:* UID")) == 121
    assert turns > 0
    other.cancel()


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
    size = 70_000
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
