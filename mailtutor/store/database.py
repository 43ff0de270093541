"""One file: opened, checked, and written by one thread.

Writers hand in functions. The thread takes all that wait, runs them in one transaction and commits once: durability
costs one sync per group, not one per message. A future is done when the commit is on the disk. Where a function fails,
the group is run again with a savepoint around each, so that it spoils only itself: a function may be run twice, and
must do nothing but read and write the file.

Who writes alone may also write at once, in its own thread: to hand over and to be told takes longer than a good disk
does.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mailtutor.errors import StoreError
from mailtutor.store import schema

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
# Told of the result, or of the error (then the result is None).
Then = Callable[[Any, Exception | None], None]
# What to do, and who asked: a Future, or (loop, Then).
_Job = tuple[Callable[[sqlite3.Connection], Any], Any]
# Who asked, the result, the error.
_Done = tuple[Any, Any, Exception | None]

# Jobs in one commit: enough to hide the sync, few enough that nobody waits long for the group.
GROUP = 256
# Where commits at once usually take longer than this, seconds, there is none for that many times as long as the last
# one took: whoever waits for a slow disk in a loop waits seldom.
QUICK_S = 0.01
RESPITE = 20
# Pages of the write-ahead log at which they are brought to their places in the file: whoever commits then waits for two
# more syncs and for what is written, so not at every thousand; 16 MiB are written again soon after a crash.
WAL_PAGES = 4000
# How much one commit changes what is usual: a machine that was busy elsewhere for a moment has no slow disk.
_WEIGHT = 0.2


class Database:
    """An open file. Raises StoreError, the file untouched, when it is damaged, newer than this program or not ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_folder(path.parent)
        self._reader = _open(path)
        self._reading = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._ending = threading.Lock()
        # For whoever writes now; the writer's thread, or one that writes at once.
        self._db = _connect(path)
        # For whoever writes at once: in a loop nobody waits for another process.
        self._quick = _connect(path, timeout_s=0)
        self._writing = threading.Lock()
        self._usual_s = self._slow_until = 0.0
        self._writer = threading.Thread(target=self._write_all, name="mailtutor store", daemon=True)
        self._writer.start()

    def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `job` on what has been committed, in this thread. Raises StoreError when the file cannot be read."""
        with self._reading:
            try:
                return job(self._reader)
            except sqlite3.Error as wrong:
                raise StoreError(
                    "{path} cannot be read: {why}", "error.store.unreadable", path=self.path, why=wrong
                ) from wrong

    def write(self, job: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Has `job` run and committed. The future gives its result, or the error it raised with nothing written."""
        future: Future[T] = Future()
        if not self._hand_in((job, future)):
            future.set_exception(StoreError("{path} is closed", "error.store.closed", path=self.path))
        return future

    def submit(self, loop: asyncio.AbstractEventLoop, job: Callable[[sqlite3.Connection], Any], then: Then) -> None:
        """As `write`, for a caller in a loop: `then(result, error)` is called there.

        The loop is woken once for all that one commit wrote; a future for each would wake it for each.
        """
        if not self._hand_in((job, (loop, then))):
            loop.call_soon(then, None, StoreError("{path} is closed", "error.store.closed", path=self.path))

    def _hand_in(self, job: _Job) -> bool:
        """False once the file is closed: what came behind the end would never be written, nor anybody told."""
        with self._ending:
            if not self._closed:
                self._jobs.put(job)
            return not self._closed

    def at_once(self, job: Callable[[sqlite3.Connection], T]) -> T | None:
        """Runs `job` and commits it here and now. None, and nothing written, where others write, the disk has been slow
        or something goes wrong: then hand it in."""
        began = time.monotonic()
        if began < self._slow_until or not self._jobs.empty() or not self._writing.acquire(blocking=False):
            return None
        try:
            if self._closed:
                return None
            self._quick.execute("BEGIN IMMEDIATE")
            try:
                result = job(self._quick)
                self._quick.execute("COMMIT")
            except Exception:  # whatever it is, it comes again where it can be told
                self._quick.execute("ROLLBACK")
                return None
            return result
        except sqlite3.Error:
            return None
        finally:
            self._writing.release()
            self._took(began, time.monotonic())

    def _took(self, began: float, now: float) -> None:
        """A commit at once took that long."""
        self._usual_s += (min(now - began, 4 * QUICK_S) - self._usual_s) * _WEIGHT
        if self._usual_s >= QUICK_S:
            self._slow_until = now + RESPITE * (now - began)

    def close(self) -> None:
        """Writes what was handed in, then closes the file."""
        with self._ending:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._writer.join()
        with self._writing:
            self._db.close()
            self._quick.close()
        with self._reading:
            self._reader.close()

    def _write_all(self) -> None:
        while (group := self._next_group()) is not None:
            # Who has given up waiting meanwhile gets nothing written; who is left can give up no more.
            wanted = [
                (job, asker)
                for job, asker in group
                if not isinstance(asker, Future) or asker.set_running_or_notify_cancel()
            ]
            if wanted:
                with self._writing:
                    done = _commit_group(self._db, wanted)
                _answer(done)

    def _next_group(self) -> list[_Job] | None:
        first = self._jobs.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            group.append(job)
        return group


def make_folder(folder: Path) -> None:
    """Makes a folder where it is missing. Raises StoreError that says what to do."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise StoreError(
            "{folder} cannot be used as a folder ({why}); name another with --data",
            "error.store.folder_unusable",
            folder=folder,
            why=wrong,
        ) from wrong


def _commit_group(db: sqlite3.Connection, group: list[_Job]) -> list[_Done]:
    done: list[_Done]
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            done = [(asker, job(db), None) for job, asker in group]
        except Exception as wrong:  # whose fault it was is seen the second time
            if not db.in_transaction:
                raise sqlite3.OperationalError(str(wrong)) from wrong  # a full disk: all of it is undone already
            db.execute("ROLLBACK")
            db.execute("BEGIN IMMEDIATE")
            done = [_apart(db, job, asker) for job, asker in group]
        db.execute("COMMIT")
    except sqlite3.Error as wrong:
        if db.in_transaction:
            db.execute("ROLLBACK")
        failure = StoreError("the store could not write: {why}", "error.store.not_written", why=wrong)
        done = [(asker, None, failure) for _, asker in group]
    return done


def _apart(db: sqlite3.Connection, job: Callable[[sqlite3.Connection], Any], asker: Any) -> _Done:
    """Runs one job of a group in which one has failed."""
    db.execute("SAVEPOINT job")
    try:
        done: _Done = asker, job(db), None
    except Exception as wrong:  # whatever a job raises belongs to who handed it in
        if not db.in_transaction:
            raise
        db.execute("ROLLBACK TO job")
        done = asker, None, _told(wrong)
    db.execute("RELEASE job")
    return done


def _told(wrong: Exception) -> Exception:
    """What the asker hears: the file's troubles in our words, what a job may expect (a name that is taken) as it is."""
    if not isinstance(wrong, sqlite3.Error) or isinstance(wrong, sqlite3.IntegrityError):
        return wrong
    return StoreError("the store could not write: {why}", "error.store.not_written", why=wrong)


def _answer(done: Sequence[_Done]) -> None:
    """Tells everybody; a loop is woken once."""
    in_loops: dict[asyncio.AbstractEventLoop, list[tuple[Then, Any, Exception | None]]] = {}
    for asker, result, error in done:
        if not isinstance(asker, Future):
            in_loops.setdefault(asker[0], []).append((asker[1], result, error))
        elif error is None:
            asker.set_result(result)
        else:
            asker.set_exception(error)
    for loop, answers in in_loops.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever asked
            loop.call_soon_threadsafe(_call_all, loop, answers)


def _call_all(loop: asyncio.AbstractEventLoop, answers: list[tuple[Then, Any, Exception | None]]) -> None:
    for then, result, error in answers:
        try:
            then(result, error)
        except Exception as wrong:  # a defect of one who asked must not keep the others waiting
            loop.call_exception_handler({"message": "what was written could not be told", "exception": wrong})


def _connect(path: Path, timeout_s: float = 10) -> sqlite3.Connection:
    # Autocommit: transactions are begun and ended in words, in one place.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=timeout_s)
    db.execute("PRAGMA synchronous=FULL")
    db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    db.execute("PRAGMA foreign_keys=ON")
    return db


def _open(path: Path) -> sqlite3.Connection:
    db = None
    try:
        db = _connect(path)
        _check(db, path)
        db.execute("PRAGMA journal_mode=WAL")
        if not _has_tables(db):
            _create(db)
        _bring_along(db)
        for statement in schema.INDEXES:
            db.execute(statement)
        return db
    except sqlite3.Error as wrong:
        if db is not None:
            db.close()
        raise unopened(path, wrong) from wrong
    except StoreError:
        if db is not None:
            db.close()
        raise


def unopened(path: Path, wrong: sqlite3.Error) -> StoreError:
    """What kept a file from being opened. Only a damaged one is to be moved away: most others are sound, and can be
    opened again once nobody holds them, or there is room."""
    code = _code(wrong)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            "{path} is held by another program; it was left as it is. End that one and try again", "error.store.busy",
            path=path,
        )  # fmt: skip
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            "no room is left on the disk for {path}; it was left as it is. Make room and try again", "error.store.full",
            path=path,
        )  # fmt: skip
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY):
        return StoreError(
            "{path} cannot be opened for reading and writing ({why}); it was left as it is. See to whom it and its"
            " folder belong, or name another folder", "error.store.forbidden", path=path, why=wrong,
        )  # fmt: skip
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PROTOCOL):
        return StoreError(
            "the disk does not let {path} be read and written ({why}); it was left as it is. Make room, or name a"
            " folder that is on no network drive", "error.store.disk", path=path, why=wrong,
        )  # fmt: skip
    return StoreError(
        "{path} cannot be used: {why}. It was left as it is; move it away, or name another folder with --data",
        "error.store.unusable",
        path=path,
        why=wrong,
    )


def is_damaged(wrong: StoreError) -> bool:
    """Whether a file could not be opened because of what is in it, so that a sound copy helps."""
    cause = wrong.__cause__
    is_broken = isinstance(cause, sqlite3.Error) and _code(cause) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return is_broken or wrong.sentence.key == "error.store.damaged"


def _code(wrong: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the module itself complains."""
    return int(getattr(wrong, "sqlite_errorcode", 0)) & 0xFF


def _check(db: sqlite3.Connection, path: Path) -> None:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if not _has_tables(db) and application in (0, schema.APPLICATION_ID):
        return
    if application != schema.APPLICATION_ID:
        raise StoreError(
            "{path} is a database of another program; name another folder with --data", "error.store.foreign", path=path
        )
    if version > schema.VERSION:
        raise StoreError(
            "{path} was written by a newer mailtutor (schema {version}); update, or use another --data",
            "error.store.newer",
            path=path,
            version=version,
        )
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StoreError(
            "{path} is damaged; it was left as it is. Move it away, or name another folder with --data",
            "error.store.damaged",
            path=path,
        )


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _bring_along(db: sqlite3.Connection) -> None:
    """Changes a file an older version has written into one of today, all of it or nothing."""
    if int(db.execute("PRAGMA user_version").fetchone()[0]) == schema.VERSION:
        return
    db.execute("PRAGMA foreign_keys=OFF")  # no effect within a transaction, so before it
    db.execute("BEGIN IMMEDIATE")
    try:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        for number in range(version, schema.VERSION):
            for statement in schema.STEPS[number]:
                db.execute(statement)
        db.execute(f"PRAGMA user_version={schema.VERSION}")
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:  # a full disk: all of it is undone already
            db.execute("ROLLBACK")
        raise
    finally:
        db.execute("PRAGMA foreign_keys=ON")


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    # Another process may have been quicker between the look and the lock.
    if not _has_tables(db):
        for statement in schema.STATEMENTS:
            db.execute(statement)
        db.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={schema.VERSION}")
    db.execute("COMMIT")
