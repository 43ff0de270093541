"""Files of an older version, files in trouble, and what has to survive a restart."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailtutor.errors import StoreError
from mailtutor.store import mailboxes, queue, schema
from mailtutor.store.database import Database

# The tables of version 1, as they were written.
VERSION_1 = """
CREATE TABLE body (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content BLOB NOT NULL
);
CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL DEFAULT 1,
    highest_modseq INTEGER NOT NULL DEFAULT 1,
    recent_from INTEGER NOT NULL DEFAULT 1,
    UNIQUE (host, user, name)
);
CREATE TABLE subscription (
    host TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (host, user, name)
) WITHOUT ROWID;
CREATE TABLE message (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    body_id INTEGER NOT NULL REFERENCES body (id),
    size INTEGER NOT NULL,
    crlf_size INTEGER NOT NULL,
    received_at REAL NOT NULL,
    zone_min INTEGER NOT NULL DEFAULT 0,
    flags TEXT NOT NULL DEFAULT '',
    modseq INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (mailbox_id, uid)
) WITHOUT ROWID;
CREATE INDEX message_body ON message (body_id);
CREATE INDEX message_modseq ON message (mailbox_id, modseq);
CREATE TABLE expunged (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, modseq, uid)
) WITHOUT ROWID;
CREATE TABLE validity (last INTEGER NOT NULL);
INSERT INTO validity VALUES (0);
CREATE TABLE queued (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    sender TEXT NOT NULL,
    body_id INTEGER NOT NULL REFERENCES body (id),
    queued_at REAL NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL DEFAULT '',
    utf8 INTEGER NOT NULL DEFAULT 0,
    ret TEXT NOT NULL DEFAULT '',
    envid TEXT NOT NULL DEFAULT ''
);
CREATE TABLE queued_recipient (
    queued_id INTEGER NOT NULL REFERENCES queued (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at REAL NOT NULL,
    last_reply TEXT NOT NULL DEFAULT '',
    tried_at REAL NOT NULL DEFAULT 0,
    notify TEXT NOT NULL DEFAULT '',
    orcpt TEXT NOT NULL DEFAULT '',
    warned INTEGER NOT NULL DEFAULT 0,
    scheduled REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (queued_id, address)
) WITHOUT ROWID;
CREATE TABLE progress (
    lesson TEXT NOT NULL,
    step TEXT NOT NULL,
    result TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL,
    PRIMARY KEY (lesson, step)
) WITHOUT ROWID;
"""
# What version 2 added to it.
VERSION_2 = """
ALTER TABLE mailbox ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN special_use TEXT NOT NULL DEFAULT '';
CREATE TABLE outline (
    body_id INTEGER PRIMARY KEY REFERENCES body (id) ON DELETE CASCADE,
    envelope BLOB NOT NULL,
    structure BLOB NOT NULL
);
UPDATE mailbox SET messages = 3, octets = 2 WHERE id = 1;
INSERT INTO outline VALUES (2, x'65', x'73');
INSERT INTO body VALUES (9, 'gone');
DELETE FROM body WHERE id = 9;
INSERT INTO queued VALUES (7, 'h', '', 4, 10.0, 0, '', 0, '', '');
DELETE FROM queued WHERE id = 7;
PRAGMA user_version = 2;
"""
MESSAGE = b"From: alice@crepes.fr\r\nSubject: Pickles\r\n\r\nHow about pickles?\r\n"


def write_version_1(path: Path) -> None:
    """Bob's INBOX with UIDs 2, 3 and 5 (the highest modification sequence is 9), an empty mailbox of his, one of
    alice's, and a queued message that shares its bytes with UID 5."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
        db.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version=1")
        db.execute("PRAGMA journal_mode=WAL")
        db.executemany("INSERT INTO body VALUES (?, ?)", [(1, MESSAGE), (2, MESSAGE * 2), (3, b"\0\xff"), (4, b"")])
        db.executemany(
            "INSERT INTO mailbox VALUES (?, 'h', ?, ?, ?, ?, ?, ?)",
            [
                (1, "bob", "INBOX", 1000, 7, 9, 4),
                (2, "bob", "Sent", 1001, 1, 1, 1),
                (3, "alice", "INBOX", 1002, 2, 2, 1),
            ],
        )
        db.execute("UPDATE validity SET last = 1002")
        db.executemany(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (1, 2, 1, len(MESSAGE), len(MESSAGE), 837593065.0, -420, "\\Seen work", 8),
                (1, 3, 2, 2 * len(MESSAGE), 2 * len(MESSAGE), 5.0, 0, "", 4),
                (1, 5, 3, 2, 4, 6.0, 0, "\\Deleted", 6),
                (3, 1, 4, 0, 0, 7.0, 0, "", 2),
            ],
        )
        db.executemany("INSERT INTO expunged VALUES (1, ?, ?)", [(7, 1), (7, 4), (9, 6)])
        db.executemany("INSERT INTO subscription VALUES ('h', 'bob', ?)", [("INBOX",), ("gone/by",)])
        db.execute("INSERT INTO queued VALUES (1, 'h', 'alice@crepes.fr', 3, 10.0, 0, '', 0, '', '')")
        db.execute("INSERT INTO queued_recipient VALUES (1, 'bob@Hamburger.edu', 1, 20.0, '451', 10.0, '', '', 0, 0)")
        db.execute("INSERT INTO progress VALUES ('l', 's', 'done', 'answer', 1.0)")
        db.commit()


def structure(path: Path) -> dict[str, list[tuple[str, str, int, object, int]]]:
    """Table or index → its columns, without their places: those that were added stand at the end."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
        return {name: sorted(row[1:] for row in db.execute(f"PRAGMA table_info({name})")) for name in names}


def boxes(database: Database, user: str = "bob") -> dict[str, mailboxes.Mailbox]:
    return {box.name: box for box in database.read(lambda db: mailboxes.all_of(db, "h", user))}


# Older and newer files ------------------------------------------------------------------------------------------------


def test_mail_of_version_1_is_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    with closing(Database(path)) as database:
        assert boxes(database) == {
            "INBOX": mailboxes.Mailbox(1, "h", "bob", "INBOX", 1000, 7, 9, 4, 3, 3 * len(MESSAGE) + 2, ""),
            "Sent": mailboxes.Mailbox(2, "h", "bob", "Sent", 1001, 1, 1, 1, 0, 0, ""),
        }
        assert boxes(database, "alice")["INBOX"].messages == 1
        first, second, third = database.read(lambda db: mailboxes.messages(db, 1))
        assert first == mailboxes.Message(
            2, len(MESSAGE), 837593065.0, frozenset({"\\Seen", "work"}), 8, 1, len(MESSAGE), -420
        )
        contents = [database.read(lambda db, row=row: mailboxes.content(db, row.body_id)) for row in (second, third)]  # type: ignore[misc]
        assert contents == [MESSAGE * 2, b"\0\xff"]
        changes = database.read(lambda db: mailboxes.changes(db, 1, 6))
        assert changes is not None
        assert ([row.uid for row in changes.messages], sorted(changes.gone), changes.whole) == ([2], [1, 4, 6], False)
        assert database.read(lambda db: mailboxes.subscriptions(db, "h", "bob")) == {"INBOX", "gone/by"}
        assert [
            job.recipient.address for job in database.read(lambda db: queue.due(db, "h", "hamburger.edu", 30.0, 9))
        ] == ["bob@Hamburger.edu"]


def test_a_file_of_version_1_becomes_what_is_made_today(tmp_path: Path) -> None:
    write_version_1(tmp_path / "old.sqlite3")
    Database(tmp_path / "old.sqlite3").close()
    Database(tmp_path / "new.sqlite3").close()
    assert structure(tmp_path / "old.sqlite3") == structure(tmp_path / "new.sqlite3")
    before = (tmp_path / "old.sqlite3").read_bytes()
    Database(tmp_path / "old.sqlite3").close()
    assert (tmp_path / "old.sqlite3").read_bytes() == before


def test_counts_go_on_from_what_version_1_had(tmp_path: Path) -> None:
    write_version_1(tmp_path / "x.sqlite3")
    with closing(Database(tmp_path / "x.sqlite3")) as database:
        uid = database.write(lambda db: mailboxes.append(db, 1, b"12345", [], 0.0)).result()
        assert uid == 7
        database.write(lambda db: mailboxes.move(db, 1, [3, 5], 2)).result()
        found = boxes(database)
        assert (found["INBOX"].messages, found["INBOX"].octets) == (2, len(MESSAGE) + 5)
        assert (found["Sent"].messages, found["Sent"].octets) == (2, 2 * len(MESSAGE) + 2)
        assert found["INBOX"].highest_modseq > 9
        assert database.write(lambda db: mailboxes.create(db, "h", "bob", "new", 5)).result().uid_validity > 1002
        for box in found.values():
            rows = database.read(lambda db, box=box: mailboxes.messages(db, box.id))  # type: ignore[misc]
            assert (box.messages, box.octets) == (len(rows), sum(row.size for row in rows))


@pytest.mark.parametrize("statement", [0, 2, 4])
def test_a_step_that_fails_half_way_leaves_version_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    steps = list(schema.STEPS[1])
    steps.insert(statement, "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(schema, "STEPS", {1: tuple(steps)})
    before = structure(path)
    with pytest.raises(StoreError, match="nowhere"):
        Database(path)
    assert structure(path) == before
    monkeypatch.undo()
    with closing(Database(path)) as database:
        assert boxes(database)["INBOX"].messages == 3


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_2)
    return path


def test_what_version_2_had_is_there_and_nothing_refers_to_nothing(version_2: Path) -> None:
    with closing(Database(version_2)) as database:
        rows = database.read(lambda db: mailboxes.messages(db, 1))
        assert [(row.uid, row.modseq, " ".join(sorted(row.flags))) for row in rows] == [
            (2, 8, "\\Seen work"),
            (3, 4, ""),
            (5, 6, "\\Deleted"),
        ]
        assert database.read(lambda db: mailboxes.outlines(db, [2])) == {2: (b"e", b"s")}
        assert database.read(lambda db: mailboxes.content(db, 2)) == MESSAGE * 2
        assert database.read(lambda db: db.execute("PRAGMA foreign_key_check").fetchall()) == []
        assert database.read(lambda db: db.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]
        assert database.read(lambda db: db.execute("PRAGMA foreign_keys").fetchall()) == [(1,)]


def test_numbers_version_2_had_given_are_not_given_again(version_2: Path) -> None:
    with closing(Database(version_2)) as database:
        database.write(lambda db: mailboxes.append(db, 2, b"new", [], 1.0)).result()
        assert database.read(lambda db: mailboxes.messages(db, 2))[0].body_id == 10
        envelope = queue.Envelope("a@b")
        assert (
            database.write(lambda db: queue.add(db, "h", envelope, [queue.Recipient("c@d")], b"x", 1.0)).result()
            == "Q8"
        )


def test_bytes_that_the_queue_of_version_2_shares_stay_as_long_as_either_needs_them(version_2: Path) -> None:
    with closing(Database(version_2)) as database:
        database.write(lambda db: mailboxes.expunge(db, 1, [5])).result()
        assert database.read(lambda db: mailboxes.content(db, 3)) == b"\0\xff"
        assert database.write(lambda db: queue.recall(db, "h", "Q1")).result()
        with pytest.raises(KeyError):
            database.read(lambda db: mailboxes.content(db, 3))


def test_what_changed_under_version_2_is_told_of(version_2: Path) -> None:
    with closing(Database(version_2)) as database:
        changes = database.read(lambda db: mailboxes.changes(db, 1, 7))
        assert changes is not None
        assert [row.uid for row in changes.messages] == [2]
        database.write(lambda db: mailboxes.set_flags(db, 1, {3: ["\\Seen"]})).result()
        changes = database.read(lambda db: mailboxes.changes(db, 1, 8))
        assert changes is not None
        assert [row.uid for row in changes.messages] == [3]


@pytest.mark.slow
def test_two_processes_may_bring_it_along_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    code = (
        "import sys; from pathlib import Path; from mailtutor.store.database import Database;"
        " Database(Path(sys.argv[1])).close()"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    assert [other.wait(30) for other in others] == [0, 0, 0]
    with closing(Database(path)) as database:
        assert boxes(database)["INBOX"].messages == 3


def test_a_newer_file_is_refused_with_its_version_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"newer mailtutor .schema {schema.VERSION + 1}") as refused:
        Database(path)
    assert refused.value.sentence.key == "error.store.newer"
    assert path.read_bytes() == before


# Files in trouble -----------------------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process writes to the file and does not come to an end."""
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN IMMEDIATE');"
        " print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        yield
        assert other.stdin is not None
        other.stdin.close()


def connect_with(monkeypatch: pytest.MonkeyPatch, *pragmas: str, mode: str = "") -> None:
    """Has the store open files in another way."""
    real = sqlite3.connect

    def connect(path: Path, **given: Any) -> sqlite3.Connection:
        name = f"file:{path}?mode={mode}" if mode else path
        db: sqlite3.Connection = real(name, **(given | {"timeout": 0.05, "uri": bool(mode)}))
        for pragma in pragmas:
            db.execute(f"PRAGMA {pragma}")
        return db

    monkeypatch.setattr(sqlite3, "connect", connect)


def test_what_cannot_be_written_while_another_process_writes_is_said_and_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite3"
    connect_with(monkeypatch)
    with closing(Database(path)) as database:
        box = database.write(lambda db: mailboxes.ensure(db, "h", "bob", "INBOX", 1)).result()
        with locked(path):
            assert database.at_once(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)) is None
            with pytest.raises(StoreError, match="locked") as refused:
                database.write(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)).result()
            assert refused.value.sentence.key == "error.store.not_written"
            assert database.read(lambda db: mailboxes.uids(db, box.id)) == []
        assert database.write(lambda db: mailboxes.append(db, box.id, b"a", [], 0.0)).result() == 1


def test_an_old_file_another_process_writes_to_is_refused_and_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    connect_with(monkeypatch)
    with locked(path), pytest.raises(StoreError, match="held by another") as refused:
        Database(path)
    assert refused.value.sentence.key == "error.store.busy"
    with closing(Database(path)) as database:
        assert boxes(database)["INBOX"].messages == 3


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "x.sqlite3")) as database:
        box = database.write(lambda db: mailboxes.ensure(db, "h", "bob", "INBOX", 1)).result()
        database.write(lambda db: mailboxes.append(db, box.id, MESSAGE, [], 0.0)).result()
        database.write(lambda db: db.execute("PRAGMA max_page_count=1").fetchone()).result()
        with pytest.raises(StoreError, match="full") as refused:
            database.write(lambda db: mailboxes.append(db, box.id, b"x" * 1_000_000, [], 0.0)).result()
        assert refused.value.sentence.key == "error.store.not_written"
        found = boxes(database)["INBOX"]
        assert (found.messages, found.octets, found.uid_next) == (1, len(MESSAGE), 2)
        database.write(lambda db: db.execute("PRAGMA max_page_count=1000000").fetchone()).result()
        assert database.write(lambda db: mailboxes.append(db, box.id, b"x" * 1_000_000, [], 0.0)).result() == 2


def test_an_old_file_on_a_full_disk_stays_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    before = structure(path)
    connect_with(monkeypatch, "max_page_count=1")
    with pytest.raises(StoreError, match="no room") as refused:
        Database(path)
    assert refused.value.sentence.key == "error.store.full"
    monkeypatch.undo()
    assert structure(path) == before
    with closing(Database(path)) as database:
        assert boxes(database)["INBOX"].messages == 3


@pytest.mark.parametrize("old", [False, True])
def test_a_file_that_may_not_be_written_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool) -> None:
    path = tmp_path / "x.sqlite3"
    if old:
        write_version_1(path)
    else:
        Database(path).close()
    before = path.read_bytes()
    connect_with(monkeypatch, mode="ro")
    with pytest.raises(StoreError, match="readonly") as refused, closing(Database(path)) as database:
        database.write(lambda db: mailboxes.ensure(db, "h", "bob", "INBOX", 1)).result()
    assert refused.value.sentence.key in ("error.store.forbidden", "error.store.not_written")
    assert path.read_bytes() == before


@pytest.mark.parametrize("page", [1, 2, 3, 5])
def test_a_damaged_old_file_is_refused_and_left_as_it_is(tmp_path: Path, page: int) -> None:
    path = tmp_path / "x.sqlite3"
    write_version_1(path)
    data = bytearray(path.read_bytes())
    data[page * 4096 : page * 4096 + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(StoreError, match=str(path)):
        Database(path)
    assert path.read_bytes() == data


# A restart ------------------------------------------------------------------------------------------------------------


def test_what_clients_remember_of_a_mailbox_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with closing(Database(path)) as database:
        box = database.write(lambda db: mailboxes.ensure(db, "h", "bob", "INBOX", 1000)).result()
        for _ in range(4):
            database.write(lambda db: mailboxes.append(db, box.id, MESSAGE, [], 0.0)).result()
        since = boxes(database)["INBOX"].highest_modseq
        database.write(lambda db: mailboxes.set_flags(db, box.id, {1: ["\\Seen"]})).result()
        database.write(lambda db: mailboxes.expunge(db, box.id, [2, 4])).result()
        before = boxes(database)["INBOX"]
        deleted = database.write(lambda db: mailboxes.create(db, "h", "bob", "old", 2000)).result()
        database.write(lambda db: mailboxes.delete(db, deleted.id)).result()
    with closing(Database(path)) as database:
        after = boxes(database)["INBOX"]
        assert after == before
        assert (after.uid_validity, after.uid_next, after.highest_modseq) == (1000, 5, since + 2)
        changes = database.read(lambda db: mailboxes.changes(db, box.id, since))
        assert changes is not None
        assert ([row.uid for row in changes.messages], changes.gone) == ([1], [2, 4])
        assert database.write(lambda db: mailboxes.append(db, box.id, MESSAGE, [], 0.0)).result() == 5
        again = database.write(lambda db: mailboxes.create(db, "h", "bob", "old", 1)).result()
        assert again.uid_validity > deleted.uid_validity
