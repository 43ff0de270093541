"""Mail goes to other programs and comes back; what they wrote themselves is read."""

from __future__ import annotations

import mailbox as peer
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailtutor.errors import MailtutorError
from mailtutor.message.lines import with_crlf
from mailtutor.store import exchange, mailboxes, sources
from mailtutor.store.database import Database
from mailtutor.store.exchange import Imported, Importer, export
from mailtutor.store.shelf_names import inside, is_usable, maildir_folder, maildir_name, read, tree_levels
from mailtutor.store.sources import form_of, items

NOW = 1_600_000_000
OWNER = "hamburger.edu", "bob"
LETTER = b"Subject: pickles\r\n\r\nDo you like them?\r\n"

# Of each mailbox, by UID: content, flags, date.
Kept = dict[str, list[tuple[bytes, AbstractSet[str], float]]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "x.sqlite3")
    yield opened
    opened.close()


def _fill(database: Database, kept: Kept) -> None:
    def job(db: sqlite3.Connection) -> None:
        for name, letters in kept.items():
            box = mailboxes.ensure(db, *OWNER, name, NOW)
            for letter in letters:
                mailboxes.append(db, box.id, *letter)

    database.write(job).result()


def _kept(database: Database) -> Kept:
    def job(db: sqlite3.Connection) -> Kept:
        return {
            box.name: [
                (mailboxes.content(db, one.body_id), frozenset(one.flags), one.received_at)
                for one in mailboxes.messages(db, box.id)
            ]
            for box in mailboxes.all_of(db, *OWNER)
        }

    return database.read(job)


def _export(database: Database, form: str, path: Path, *names: str) -> dict[str, int]:
    boxes = database.read(lambda db: mailboxes.all_of(db, *OWNER))
    chosen = [box for box in boxes if not names or box.name in names]
    done = export(database, chosen, form, path, alone=bool(names))
    return {name: one.messages for name, one in done.items()}


def _import(database: Database, *paths: Path, form: str = "", base: str = "") -> Imported:
    importer = Importer(database, *OWNER, NOW)
    for path in paths:
        importer.take(items(path, form or form_of(path)), base)
    return importer.done


def _counts(done: Imported) -> dict[str, tuple[int, int]]:
    return {name: (one.added, one.known) for name, one in done.mailboxes.items()}


def _maildir(path: Path, files: dict[str, bytes], at: int = NOW) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
        os.utime(path / name, (at, at))
    return path


# There and back ------------------------------------------------------------------------------------------------------

LINES = st.sampled_from([b"From ", b">From x", b"\r\n", b"\r\n\r\n", b"Subject: x", b"\0", b"\xff", b"text", b" "])
CONTENTS = st.lists(LINES, max_size=8).map(lambda lines: b"A: b\r\n" + b"".join(lines))
FLAGS = st.frozensets(
    st.sampled_from(["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "$Forwarded", "$Junk", "b"])
)
LETTERS = st.lists(st.tuples(CONTENTS, FLAGS, st.integers(0, 2**32).map(float)), max_size=3)
ODD_LEVELS = st.sampled_from(["x.mbox", "y.sbd", "cur", ".."])
LEVELS = st.text(st.sampled_from('aZ.&é日𝄞:\\"<~ -'), min_size=1, max_size=5) | ODD_LEVELS
NAMES = st.lists(LEVELS, min_size=1, max_size=3).map("/".join) | st.just("INBOX/below")


@pytest.mark.slow
@pytest.mark.parametrize("form", sources.FORMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inbox=LETTERS, others=st.dictionaries(NAMES, LETTERS.filter(bool), max_size=3))
def test_what_is_exported_and_imported_is_the_same(
    form: str, inbox: list[tuple[bytes, AbstractSet[str], float]], others: Kept
) -> None:
    kept = {"INBOX": inbox, **others}
    with tempfile.TemporaryDirectory() as folder:
        first, second = Database(Path(folder, "a.sqlite3")), Database(Path(folder, "b.sqlite3"))
        try:
            _fill(first, kept)
            out = Path(folder, "out")
            _export(first, form, out)
            done = _import(second, out, form=form)
            again = _import(second, out, form=form)
            found = _kept(second)
        finally:
            first.close()
            second.close()
    assert (done.skipped, again.skipped) == (0, 0)
    assert not any(one.added for one in again.mailboxes.values())
    wanted = {
        name: [(with_crlf(content), flags if form != "eml" else frozenset(), at) for content, flags, at in letters]
        for name, letters in kept.items()
    }
    got = {name: [(with_crlf(content), *rest) for content, *rest in letters] for name, letters in found.items()}
    # Parents are made too, as IMAP's CREATE makes them.
    assert {name: letters for name, letters in got.items() if letters or name in wanted} == {
        name: letters for name, letters in wanted.items() if letters or name in got
    }
    if form != "eml":
        assert set(wanted) <= set(got)


@given(NAMES)
def test_a_name_is_found_again_in_folders_and_files(name: str) -> None:
    assert maildir_name(maildir_folder(name)) == name
    levels = tree_levels(name)
    assert "/".join(read(level) for level in levels) == name
    assert not any(level.startswith(".") or level.endswith((".mbox", ".sbd")) for level in levels)


def test_names_are_written_as_other_programs_write_them() -> None:
    assert maildir_folder("Archive/2026") == ".Archive.2026"
    assert maildir_folder("Entwürfe") == ".Entw&APw-rfe"
    assert maildir_folder("a.b") == ".a%2eb"
    assert maildir_folder("INBOX") == ""
    assert maildir_name(".Entwürfe.R&D") == "Entwürfe/R&D"
    assert inside("", "") == "INBOX"
    assert inside("", "Inbox/a") == "INBOX/a"
    assert inside("Old", "Sent") == "Old/Sent"
    assert not any(is_usable(name) for name in ("", "a//b", "a*", "\r", "x" * 256, "\udcff"))


def test_a_mailbox_is_written_alone_and_goes_where_it_is_told(database: Database, tmp_path: Path) -> None:
    _fill(
        database, {"INBOX": [(b"A: inbox\r\n\r\n", frozenset(), 1.0)], "Sent": [(LETTER, frozenset({"\\Seen"}), 2.0)]}
    )
    for form, name in (("maildir", "m"), ("mbox", "b"), ("eml", "e")):
        assert _export(database, form, tmp_path / name, "Sent") == {"Sent": 1}
        assert _counts(_import(database, tmp_path / name, base=f"Old/{form}")) == {f"Old/{form}": (1, 0)}
    assert set(_kept(database)) == {"INBOX", "Sent", "Old", "Old/maildir", "Old/mbox", "Old/eml"}
    subscribed = database.read(lambda db: mailboxes.subscriptions(db, *OWNER))
    assert subscribed == {"INBOX", "Old/maildir", "Old/mbox", "Old/eml"}


def test_eml_files_have_a_name_to_go_by(database: Database, tmp_path: Path) -> None:
    letters: list[tuple[bytes, AbstractSet[str], float]] = [
        (b"Subject: ../../etc: =?utf-8?q?=E8=AF=BE=E5=A0=82?= \x1b[0m\n\nx\n", frozenset({"\\Seen"}), 5.0),
        (b"no header", frozenset(), 6.0),
        (b"Subject: " + b"\xe8\xaf\xbe" * 200 + b"\r\n", frozenset(), 7.0),
    ]
    _fill(database, {"INBOX": letters})
    done = export(database, database.read(lambda db: mailboxes.all_of(db, *OWNER)), "eml", tmp_path / "e", alone=True)
    assert done["INBOX"].without_flags == 1
    names = sorted(path.name for path in (tmp_path / "e").iterdir())
    assert names[:2] == ["000001-etc-课堂-0m.eml", "000002.eml"]
    assert (tmp_path / "e" / names[0]).read_bytes().endswith(b"\r\n\r\nx\r\n")


def test_more_keywords_than_a_maildir_has_letters_for_are_told(database: Database, tmp_path: Path) -> None:
    _fill(database, {"INBOX": [(LETTER, frozenset({f"k{number}"}), 1.0) for number in range(28)]})
    done = export(
        database, database.read(lambda db: mailboxes.all_of(db, *OWNER)), "maildir", tmp_path / "m", alone=True
    )
    assert (done["INBOX"].messages, done["INBOX"].without_flags) == (28, 2)


# Again ---------------------------------------------------------------------------------------------------------------


def test_a_message_that_is_there_is_not_added_and_keeps_its_flags(database: Database, tmp_path: Path) -> None:
    _fill(database, {"INBOX": [(LETTER.replace(b"\r\n", b"\n"), frozenset({"\\Flagged"}), 5.0)]})
    letters = {"cur/1.a:2,S": LETTER, "cur/2.a:2,": LETTER.replace(b"pickles", b"ketchup")}
    source = _maildir(tmp_path / "m", letters)
    assert _counts(_import(database, source)) == {"INBOX": (1, 1)}
    first, second = _kept(database)["INBOX"]
    assert first[1:] == ({"\\Flagged"}, 5.0)
    assert second[0] == letters["cur/2.a:2,"]
    assert _counts(_import(database, source, source)) == {"INBOX": (0, 4)}


def test_a_message_that_is_there_twice_comes_twice_and_never_more(database: Database, tmp_path: Path) -> None:
    source = _maildir(tmp_path / "m", {"cur/1.a:2,S": LETTER, "cur/2.a:2,": LETTER})
    other = _maildir(tmp_path / "n", {"cur/1.a:2,S": LETTER})
    assert _counts(_import(database, other, source, other)) == {"INBOX": (2, 2)}
    assert _counts(_import(database, source)) == {"INBOX": (0, 2)}


def test_a_large_import_is_written_in_groups(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "GROUP", 3)
    file = tmp_path / "b"
    file.write_bytes(b"".join(b"From - Sat Jan 03 01:05:34 1996\nA: %d\n\n" % number for number in range(8)))
    box = database.write(lambda db: mailboxes.ensure(db, *OWNER, "INBOX", NOW)).result()
    taken = iter(items(file, "mbox"))

    def half() -> Iterator[sources.Item]:
        for _ in range(6):
            yield next(taken)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Importer(database, *OWNER, NOW).take(half())
    assert database.read(lambda db: mailboxes.count(db, box.id)) == 3
    assert _counts(_import(database, file)) == {"INBOX": (5, 3)}
    assert [content for content, *_ in _kept(database)["INBOX"]] == [b"A: %d\r\n" % number for number in range(8)]


# What others wrote ---------------------------------------------------------------------------------------------------


def test_pythons_maildir_is_read_and_reads_ours(database: Database, tmp_path: Path) -> None:
    theirs = peer.Maildir(tmp_path / "theirs", create=True)
    message = peer.MaildirMessage(LETTER)
    message.set_subdir("cur")
    message.set_flags("PRS")
    message.set_date(NOW)
    theirs.add(message)
    theirs.add_folder("Archive.2026").add(LETTER)
    assert _counts(_import(database, tmp_path / "theirs")) == {"INBOX": (1, 0), "Archive/2026": (1, 0)}
    assert _kept(database)["INBOX"] == [(LETTER, {"\\Seen", "\\Answered", "$Forwarded"}, NOW)]
    _export(database, "maildir", tmp_path / "ours")
    ours = peer.Maildir(tmp_path / "ours", create=False)
    (found,) = ours
    assert (found.as_bytes(), found.get_flags(), found.get_date()) == (LETTER.replace(b"\r\n", b"\n"), "PRS", NOW)
    assert sorted(ours.list_folders()) == ["Archive", "Archive.2026"]
    assert len(ours.get_folder("Archive.2026")) == 1


def test_pythons_mbox_is_read_and_reads_ours(database: Database, tmp_path: Path) -> None:
    theirs = peer.mbox(tmp_path / "theirs", create=True)
    message = peer.mboxMessage(LETTER + b"From me\r\n")
    message.set_flags("ROAF")
    message.set_from("alice@crepes.fr", (1996, 1, 3, 1, 5, 34, 2, 3, 0))
    theirs.add(message)
    theirs.add(LETTER)
    theirs.close()
    assert _counts(_import(database, tmp_path / "theirs")) == {"INBOX": (2, 0)}
    first, second = _kept(database)["INBOX"]
    assert first == (LETTER + b"From me\r\n", {"\\Seen", "\\Answered", "\\Flagged"}, 820631134)
    assert second[0] == LETTER
    _export(database, "mbox", tmp_path / "ours", "INBOX")
    ours = peer.mbox(tmp_path / "ours", create=False)
    letters = list(ours)
    found = letters[0]
    ours.close()
    assert (found.get_flags(), found.get_from()) == ("ROAF", "MAILER-DAEMON Wed Jan  3 01:05:34 1996")
    assert [each.get_payload() for each in letters] == ["Do you like them?\n>From me\n", "Do you like them?\n"]


def test_a_maildir_as_dovecot_keeps_it(database: Database, tmp_path: Path) -> None:
    root = _maildir(
        tmp_path / "m",
        {
            "cur/1700000009.M2P3.h,S=10,W=11:2,FSac": b"A: 9\n",
            "cur/1700000010.M2P3.h,S=10,W=11:2,Tz": b"A: 10\n",
            "new/1700000001.M2P3.h": b"A: 1\n",
            "tmp/1700000000.M2P3.h": b"A: half",
            "cur/.nfs0001": b"what",
            "dovecot-keywords": b"0 $Label1\n1 Junk\n2 NonJunk\nx\n99 y\n",
            "dovecot-uidlist": b"3 V1 N3\n",
            "subscriptions": b"Sent\n",
        },
    )
    _maildir(root / ".Sent", {"cur/1.h!2,S": b"A: sent\n"})
    _maildir(root / "below" / "deep", {"cur/1.h;2,R": b"A: deep\n"})
    (root / ".Sent" / "maildirfolder").touch()
    assert _import(database, root).skipped == 0
    kept = _kept(database)
    assert [(content, flags) for content, flags, _ in kept["INBOX"]] == [
        (b"A: 1\r\n", set()),
        (b"A: 9\r\n", {"\\Flagged", "\\Seen", "$Label1", "NonJunk"}),
        (b"A: 10\r\n", {"\\Deleted"}),
    ]
    assert [flags for _, flags, _ in kept["Sent"] + kept["below/deep"]] == [{"\\Seen"}, {"\\Answered"}]


def test_mailboxes_as_thunderbird_keeps_them(database: Database, tmp_path: Path) -> None:
    root = tmp_path / "Local Folders"
    (root / "Archives.sbd").mkdir(parents=True)
    one = b"From - Wed Jan 03 01:05:34 1996\r\nX-Mozilla-Status: 0001\r\nSubject: a\r\n\r\nx\r\n"
    for name in ("Inbox", "Archives.sbd/2026", "Trash.mbox"):
        (root / name).write_bytes(one)
    for name, content in (("Inbox.msf", b"// <!-- <mdb"), ("Drafts", b""), ("Empty.mbox", b"")):
        (root / name).write_bytes(content)
    done = _import(database, root)
    assert _counts(done) == {"Empty": (0, 0), "INBOX": (1, 0), "Trash": (1, 0), "Archives/2026": (1, 0)}
    assert _kept(database)["Archives/2026"] == [(b"Subject: a\r\n\r\nx\r\n", {"\\Seen"}, 820631134)]


def test_dates_come_from_the_message_where_its_file_has_none(database: Database, tmp_path: Path) -> None:
    dates = (b"Date: Wed, 3 Jan 1996 01:05:34 +0100", b"Date: Wed, 3 Jan 1996 01:05:34 -0000", b"Date: soon", b"A: b")
    (tmp_path / "b").write_bytes(b"".join(b"From \n%s\n\n" % date for date in dates))
    _import(database, tmp_path / "b")
    assert [at for _, _, at in _kept(database)["INBOX"]] == [820627534, 820631134, NOW, NOW]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.eml", b"\xef\xbb\xbfSubject: a\r\n\r\n", "eml"),
        ("a", b"Subject: a\n\n", "eml"),
        ("a", b"From me\n", "mbox"),
        ("a", b"", "mbox"),
        ("a.txt", b"dear bob,\n", ""),
        ("d/a.eml", b"x", "eml"),
        ("d/e/a", b"From - \n", "mbox"),
        ("d/e/a", b"x", ""),
        ("new/1", b"x", "maildir"),
        ("INBOX/new/1", b"x", "maildir"),
    ],
)
def test_what_it_is_is_seen_from_what_is_there(tmp_path: Path, name: str, content: bytes, form: str) -> None:
    file = tmp_path / "x" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    if form == "maildir":
        (file.parent.parent / "cur").mkdir()
    assert form_of(tmp_path / "x" if "/" in name else file) == form


def test_a_mark_of_utf8_is_no_part_of_the_message(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"\xef\xbb\xbfSubject: a\n\n")
    _import(database, tmp_path / "a.eml")
    assert [content for content, *_ in _kept(database)["INBOX"]] == [b"Subject: a\r\n\r\n"]


# What goes wrong -----------------------------------------------------------------------------------------------------


def _why(done: Imported) -> dict[str, str]:
    return {Path(one.where).name: str(one.why) for one in done.problems}


def test_what_cannot_be_read_is_told_and_the_rest_taken(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LIMIT", 1024)
    root = _maildir(tmp_path / "m", {"cur/1.a": LETTER, "cur/2.a": b"", "cur/3.a": b"x" * 1025, "new/4.a": LETTER})
    (root / "cur" / "5.a").symlink_to(root / "cur" / "1.a")
    os.mkfifo(root / "cur" / "6.a")
    (root / ".Linked").symlink_to(tmp_path)
    _maildir(root / ".a%2a", {"cur/1.a": LETTER})
    done = _import(database, root)
    assert _counts(done) == {"INBOX": (2, 0)}
    neither = "neither a file nor a folder; a link is named itself"
    name = "a mailbox cannot be called that: no %, *, // or control characters, at most 255 characters"
    assert _why(done) == {
        "2.a": "it is empty", "3.a": "larger than 0 MiB", "5.a": neither, "6.a": neither,
        ".Linked": neither, "a*": name,
    }  # fmt: skip
    assert done.skipped == len(done.problems)


def test_a_file_that_may_not_be_read_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _maildir(tmp_path / "m", {"cur/1.a": LETTER, "cur/2.a": LETTER})
    opened = Path.open

    def refused(path: Path, *rest: Any, **named: Any) -> Any:
        if path.name in ("1.a", "b"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)

    monkeypatch.setattr(Path, "open", refused)
    done = _import(database, root)
    assert (_counts(done), _why(done)) == ({"INBOX": (1, 0)}, {"1.a": "[Errno 13] Permission denied"})
    assert _why(_import(database, tmp_path / "b", form="mbox")) == {"b": "[Errno 13] Permission denied"}
    assert "missing" in _why(_import(database, tmp_path / "missing", form="maildir"))


def test_an_mbox_that_is_none_or_has_a_message_too_large_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LIMIT", 100)
    (tmp_path / "b").write_bytes(b"From - \nA: b\n\n" + b"x" * 101 + b"\n\nFrom - \nA: c\n\n")
    (tmp_path / "none").write_bytes(LETTER)
    done = _import(database, tmp_path / "b", tmp_path / "none", form="mbox")
    assert _counts(done) == {"INBOX": (1, 0)}
    assert _why(done) == {"b (1)": "larger than 0 MiB", "none": "no mbox: it does not begin with “From ”"}


def _one_letter(database: Database) -> None:
    _fill(database, {"INBOX": [(LETTER, frozenset(), 1.0)]})


def test_a_pipe_is_read_where_it_is_told_what_it_is(database: Database, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert form_of(pipe) == ""
    writer = threading.Thread(target=pipe.write_bytes, args=(b"From - \nA: b\n\n",))
    writer.start()
    assert _counts(_import(database, pipe, form="mbox")) == {"INBOX": (1, 0)}
    writer.join()


@pytest.mark.parametrize("form", sources.FORMS)
def test_nothing_is_written_over(database: Database, tmp_path: Path, form: str) -> None:
    _one_letter(database)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_bytes(b"mine")
    for path in (tmp_path / "out", tmp_path / "out" / "mine"):
        with pytest.raises(MailtutorError, match="is there already"):
            _export(database, form, path)
    assert (tmp_path / "out" / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("form", sources.FORMS)
@pytest.mark.parametrize("empty", [False, True])
def test_nothing_stays_of_an_export_that_failed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, empty: bool
) -> None:
    _one_letter(database)
    out = tmp_path / "new" / "out"
    if empty:
        out.mkdir(parents=True)

    def full(*_: object) -> Iterable[object]:
        yield database.read(lambda db: mailboxes.messages(db, 1))[0], LETTER
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exchange, "_letters", full)
    with pytest.raises(MailtutorError, match=r"cannot be written \(No space left on device\)"):
        _export(database, form, out)
    assert list(out.iterdir() if empty else out.parent.iterdir()) == []


def test_a_mailbox_alone_in_an_mbox_is_a_file_and_not_a_folder_that_is_there(
    database: Database, tmp_path: Path
) -> None:
    _one_letter(database)
    (tmp_path / "out").mkdir()
    with pytest.raises(MailtutorError, match="out"):
        _export(database, "mbox", tmp_path / "out", "INBOX")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 255, "信" * 90, "a/" + "b" * 253])
def test_a_name_too_long_for_a_file_is_cut_and_stays_another(name: str) -> None:
    other = name[:-1] + "y"
    for written in (maildir_folder, lambda name: "/".join(tree_levels(name))):
        assert max(map(len, written(name).split("/"))) <= 240
        assert written(name) != written(other)
