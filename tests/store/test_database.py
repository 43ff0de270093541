"""The store keeps its word."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.store import database as store
from mailtutor.store import mailboxes, progress, queue, schema
from mailtutor.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "x.sqlite3")
    yield opened
    opened.close()


def _inbox(database: Database) -> mailboxes.Mailbox:
    return database.write(lambda db: mailboxes.ensure(db, "h", "bob", "INBOX", 1000)).result()


def test_what_was_written_is_there_for_the_next_process(tmp_path: Path) -> None:
    first = Database(tmp_path / "x.sqlite3")
    box = _inbox(first)
    uid = first.write(lambda db: mailboxes.append(db, box.id, b"hello\r\n", ["\\Seen"], 5.0)).result()
    first.close()
    second = Database(tmp_path / "x.sqlite3")
    (message,) = second.read(lambda db: mailboxes.messages(db, box.id))
    assert (message.uid, message.size, message.flags, message.received_at) == (uid, 7, frozenset({"\\Seen"}), 5.0)
    assert second.read(lambda db: mailboxes.content(db, message.body_id)) == b"hello\r\n"
    second.close()


def test_a_job_that_fails_leaves_nothing_and_spoils_no_other(database: Database) -> None:
    box = _inbox(database)

    def broken(db: sqlite3.Connection) -> None:
        mailboxes.append(db, box.id, b"half", [], 0.0)
        raise ValueError("no")

    futures = [database.write(lambda db: mailboxes.append(db, box.id, b"ok", [], 0.0)) for _ in range(3)]
    failed = database.write(broken)
    futures += [database.write(lambda db: mailboxes.append(db, box.id, b"ok", [], 0.0)) for _ in range(3)]
    with pytest.raises(ValueError, match="no"):
        failed.result()
    assert [future.result() for future in futures] == [1, 2, 3, 4, 5, 6]
    assert len(database.read(lambda db: mailboxes.uids(db, box.id))) == 6


def test_who_writes_alone_writes_at_once_and_who_does_not_hands_in(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = _inbox(database)
    monkeypatch.setattr(store, "QUICK_S", 1e9)  # however slow the disk of the test is

    def one(db: sqlite3.Connection) -> int:
        return mailboxes.append(db, box.id, b"ok", [], 0.0)

    assert database.at_once(one) == 1
    busy, may_end = threading.Event(), threading.Event()

    def slow(db: sqlite3.Connection) -> None:
        busy.set()
        may_end.wait(20)

    writing = database.write(slow)
    assert busy.wait(20)
    assert database.at_once(one) is None
    handed_in = database.write(one)
    may_end.set()
    writing.result()
    assert handed_in.result() == 2
    assert database.read(lambda db: mailboxes.uids(db, box.id)) == [1, 2]


def test_what_fails_at_once_is_not_written_and_can_be_handed_in(database: Database) -> None:
    box = _inbox(database)

    def broken(db: sqlite3.Connection) -> None:
        mailboxes.append(db, box.id, b"half", [], 0.0)
        raise ValueError("no")

    assert database.at_once(broken) is None
    with pytest.raises(ValueError, match="no"):
        database.write(broken).result()
    assert database.read(lambda db: mailboxes.uids(db, box.id)) == []


def test_a_slow_disk_is_waited_for_by_the_writer_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    box = _inbox(database)
    monkeypatch.setattr(store, "QUICK_S", 0.0)

    def one(db: sqlite3.Connection) -> int:
        return mailboxes.append(db, box.id, b"ok", [], 0.0)

    monkeypatch.setattr(store, "RESPITE", 1e12)
    assert database.at_once(one) == 1
    assert database.at_once(one) is None
    assert database.write(one).result() == 2


def test_uids_are_never_reused(database: Database) -> None:
    box = _inbox(database)
    first = database.write(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)).result()
    database.write(lambda db: mailboxes.expunge(db, box.id, [first])).result()
    assert database.write(lambda db: mailboxes.append(db, box.id, b"b", [], 0.0)).result() == first + 1


def test_a_mailbox_made_anew_has_another_validity(database: Database) -> None:
    box = database.write(lambda db: mailboxes.create(db, "h", "bob", "x", 1000)).result()
    database.write(lambda db: mailboxes.delete(db, box.id)).result()
    again = database.write(lambda db: mailboxes.create(db, "h", "bob", "x", 1000)).result()
    assert again.uid_validity > box.uid_validity


def test_every_change_raises_the_modification_sequence(database: Database) -> None:
    box = _inbox(database)
    seen = [box.highest_modseq]

    def modseq() -> int:
        found = database.read(lambda db: mailboxes.by_id(db, box.id))
        assert found is not None
        return found.highest_modseq

    uid = database.write(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)).result()
    seen.append(modseq())
    database.write(lambda db: mailboxes.set_flags(db, box.id, {uid: ["\\Seen"]})).result()
    seen.append(modseq())
    changes = database.read(lambda db: mailboxes.changes(db, box.id, seen[1]))
    assert changes is not None
    assert [message.uid for message in changes.messages] == [uid]
    database.write(lambda db: mailboxes.expunge(db, box.id, [uid])).result()
    seen.append(modseq())
    assert seen == sorted(set(seen))


def test_a_body_lives_as_long_as_somebody_refers_to_it(database: Database) -> None:
    box = _inbox(database)
    other = database.write(lambda db: mailboxes.create(db, "h", "bob", "other", 1)).result()
    uid = database.write(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)).result()
    ((_, copied),) = database.write(lambda db: mailboxes.copy(db, box.id, [uid], other.id)).result()
    body = database.read(lambda db: mailboxes.messages(db, box.id))[0].body_id
    database.write(lambda db: mailboxes.expunge(db, box.id, [uid])).result()
    assert database.read(lambda db: mailboxes.content(db, body)) == b"a"
    database.write(lambda db: mailboxes.expunge(db, other.id, [copied])).result()
    with pytest.raises(KeyError):
        database.read(lambda db: mailboxes.content(db, body))


def test_the_queue_forgets_a_message_with_its_last_recipient(database: Database) -> None:
    envelope, recipients = queue.Envelope("a@b"), [queue.Recipient("c@d"), queue.Recipient("e@D")]
    queue_id = database.write(lambda db: queue.add(db, "h", envelope, recipients, b"x", 10.0)).result()
    assert [job.recipient for job in database.read(lambda db: queue.due(db, "h", "d", 10.0, 9))] == recipients
    database.write(lambda db: queue.defer(db, queue_id, "c@d", "451", 99.0)).result()
    assert [job.recipient for job in database.read(lambda db: queue.due(db, "h", "d", 10.0, 9))] == recipients[1:]
    database.write(lambda db: queue.finish(db, queue_id, "e@D")).result()
    assert database.read(lambda db: queue.next_due_after(db, "h", 10.0)) == 99.0
    database.write(lambda db: queue.finish(db, queue_id, "c@d")).result()
    assert database.read(lambda db: queue.count(db, "h")) == 0
    again = database.write(lambda db: queue.add(db, "h", envelope, recipients[:1], b"x", 10.0)).result()
    assert again != queue_id


def test_a_step_once_done_stays_done(database: Database) -> None:
    for result in ("wrong", "done", "wrong"):
        database.write(lambda db, r=result: progress.set_result(db, "l", "s", r, "answer", 1.0)).result()  # type: ignore[misc]
    assert database.read(progress.results) == {("l", "s"): ("done", "answer")}


@pytest.mark.parametrize("kind", ["garbage", "newer", "foreign", "damaged"])
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.sqlite3"
    if kind == "garbage":
        path.write_bytes(b"hello, this is not a database" * 50)
    else:
        Database(path).close()
        with sqlite3.connect(path) as db:
            if kind == "newer":
                db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
            elif kind == "foreign":
                db.execute("PRAGMA application_id=7")
        db.close()
        if kind == "damaged":
            data = bytearray(path.read_bytes())
            data[4096:8192] = b"\xff" * 4096
            path.write_bytes(data)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=str(path)):
        Database(path)
    assert path.read_bytes() == before


# Mailboxes ----------------------------------------------------------------------------------------------------------


def _append(database: Database, box: mailboxes.Mailbox, *flags: str) -> int:
    return database.write(lambda db: mailboxes.append(db, box.id, b"a", flags, 0.0)).result()


def test_changes_are_what_is_new_what_is_different_and_what_is_gone(database: Database) -> None:
    box = _inbox(database)
    one, two, three = (_append(database, box) for _ in range(3))
    everything = database.read(lambda db: mailboxes.changes(db, box.id, 0))
    assert everything is not None
    assert everything.whole
    assert [message.uid for message in everything.messages] == [one, two, three]
    since = everything.mailbox.highest_modseq
    nothing = database.read(lambda db: mailboxes.changes(db, box.id, since))
    assert nothing is not None
    assert (nothing.messages, nothing.gone, nothing.whole) == ([], [], False)
    database.write(lambda db: mailboxes.set_flags(db, box.id, {two: ["\\Seen"]})).result()
    database.write(lambda db: mailboxes.expunge(db, box.id, [one, 99])).result()
    four = _append(database, box)
    news = database.read(lambda db: mailboxes.changes(db, box.id, since))
    assert news is not None
    assert ([message.uid for message in news.messages], news.gone, news.whole) == ([two, four], [one], False)
    database.write(lambda db: mailboxes.delete(db, box.id)).result()
    assert database.read(lambda db: mailboxes.changes(db, box.id, since)) is None
    assert database.read(lambda db: db.execute("SELECT * FROM expunged").fetchall()) == []


def test_changes_are_found_without_looking_through_the_mailbox(database: Database) -> None:
    box = _inbox(database)
    plan = database.read(lambda db: db.execute(f"EXPLAIN QUERY PLAN {mailboxes.NEWS}", (box.id, 1, 1)).fetchall())
    steps = [row[3] for row in plan]
    assert "SEARCH message USING PRIMARY KEY (mailbox_id=? AND uid>?)" in steps
    assert "SEARCH message USING INDEX message_changed (mailbox_id=? AND modseq>?)" in steps


def test_a_number_of_a_body_never_means_another(database: Database) -> None:
    box, envelope = _inbox(database), queue.Envelope("a@b")
    used = set()
    for _ in range(3):
        uid = _append(database, box)
        used.add(database.read(lambda db: mailboxes.messages(db, box.id))[0].body_id)
        database.write(lambda db, uid=uid: mailboxes.expunge(db, box.id, [uid])).result()  # type: ignore[misc]
        queue_id = database.write(lambda db: queue.add(db, "h", envelope, [queue.Recipient("c@d")], b"x", 1.0)).result()
        used.add(database.read(lambda db: queue.due(db, "h", "d", 1.0, 9))[0].body_id)
        database.write(lambda db, queue_id=queue_id: queue.recall(db, "h", queue_id)).result()  # type: ignore[misc]
    assert len(used) == 6


def test_bytes_that_two_mailboxes_have_go_with_the_second(database: Database) -> None:
    box = _inbox(database)
    uid = _append(database, box)
    other = database.write(lambda db: mailboxes.create(db, "h", "bob", "other", 1)).result()
    database.write(lambda db: mailboxes.copy(db, box.id, [uid], other.id)).result()
    body = database.read(lambda db: mailboxes.messages(db, box.id))[0].body_id
    database.write(lambda db: mailboxes.delete(db, box.id)).result()
    assert database.read(lambda db: mailboxes.content(db, body)) == b"a"
    database.write(lambda db: mailboxes.delete(db, other.id)).result()
    assert database.read(lambda db: db.execute("SELECT count(*) FROM body").fetchone()) == (0,)


def test_removals_are_forgotten_in_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "REMEMBERED", 4)
    box = _inbox(database)
    for _ in range(20):
        uid = _append(database, box)
        database.write(lambda db, uid=uid: mailboxes.expunge(db, box.id, [uid])).result()  # type: ignore[misc]
    last = uid
    kept = database.read(lambda db: db.execute("SELECT modseq, uid FROM expunged ORDER BY modseq").fetchall())
    highest = kept[-1][0]
    assert kept == [(highest - 2, last - 1), (highest, last)]
    for behind, whole in ((3, False), (4, True)):
        changes = database.read(lambda db, since=highest - behind: mailboxes.changes(db, box.id, since))  # type: ignore[misc]
        assert changes is not None
        assert changes.whole == whole


def test_flags_are_counted_by_their_whole_names(database: Database) -> None:
    box = _inbox(database)
    first, second = _append(database, box, "\\Seen", "work"), _append(database, box, "workout", "\\Flagged")
    assert database.read(lambda db: mailboxes.flagged(db, box.id, "work")) == [first]
    assert database.read(lambda db: mailboxes.flagged(db, box.id, "\\Flagged")) == [second]
    assert database.read(lambda db: mailboxes.count(db, box.id)) == 2
    assert database.read(lambda db: mailboxes.count(db, box.id, without="\\Seen")) == 1
    assert database.read(lambda db: mailboxes.count_from(db, box.id, second)) == 1


def test_what_was_shown_stays_shown(database: Database) -> None:
    box = _inbox(database)
    for uid, recent_from in ((5, 5), (3, 5), (6, 6)):
        database.write(lambda db, uid=uid: mailboxes.shown_to(db, box.id, uid)).result()  # type: ignore[misc]
        found = database.read(lambda db: mailboxes.by_id(db, box.id))
        assert found is not None
        assert found.recent_from == recent_from


def test_subscriptions_belong_to_a_user_and_not_to_a_mailbox(database: Database) -> None:
    _inbox(database)
    database.write(lambda db: mailboxes.subscribe(db, "h", "bob", "nowhere", subscribed=True)).result()
    database.write(lambda db: mailboxes.subscribe(db, "h", "bob", "nowhere", subscribed=True)).result()
    assert database.read(lambda db: mailboxes.subscriptions(db, "h", "bob")) == {"INBOX", "nowhere"}
    assert database.read(lambda db: mailboxes.subscriptions(db, "h", "alice")) == set()
    database.write(lambda db: mailboxes.subscribe(db, "h", "bob", "nowhere", subscribed=False)).result()
    assert database.read(lambda db: mailboxes.subscriptions(db, "h", "bob")) == {"INBOX"}


def test_the_start_of_a_message_is_read_without_the_rest(database: Database) -> None:
    box = _inbox(database)
    database.write(lambda db: mailboxes.append(db, box.id, b"Subject: \0\xff\r\n\r\nrest", [], 0.0)).result()
    body = database.read(lambda db: mailboxes.messages(db, box.id))[0].body_id
    assert database.read(lambda db: mailboxes.start_of(db, body, 11)) == b"Subject: \0\xff"
    with pytest.raises(KeyError):
        database.read(lambda db: mailboxes.start_of(db, 99, 11))


def test_numbers_of_what_is_gone_never_come_to_mean_something_else(database: Database) -> None:
    box = database.write(lambda db: mailboxes.create(db, "h", "bob", "x", 1)).result()
    _append(database, box)
    body = database.read(lambda db: mailboxes.messages(db, box.id))[0].body_id
    database.write(lambda db: mailboxes.delete(db, box.id)).result()
    other = database.write(lambda db: mailboxes.create(db, "h", "alice", "y", 1)).result()
    _append(database, other)
    assert other.id > box.id
    assert database.read(lambda db: mailboxes.messages(db, other.id))[0].body_id > body
