"""Writes mailboxes for other programs: Maildir, mbox, .eml. What is half written is taken away again."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mailtutor.errors import MailtutorError
from mailtutor.message import mbox
from mailtutor.message.encodings import decode_words
from mailtutor.message.filed import info_of, is_keyword, keywords_text, to_lf
from mailtutor.message.headers import parse_header
from mailtutor.message.lines import with_crlf
from mailtutor.store.mailboxes import Mailbox, Message
from mailtutor.store.shelf_names import maildir_folder, tree_levels

# A colon is what the format says; Windows has none in names.
_SEPARATOR = "!" if os.name == "nt" else ":"
# dovecot-keywords has a letter for so many.
_MOST_KEYWORDS = 26
# What a file's name keeps of a subject.
_UNSAFE = re.compile(r"[^\w@+=,-]+")
_SUBJECT_LIMIT = 60

Letters = Iterable[tuple[Message, bytes]]


@dataclass(slots=True)
class Written:
    """messages: how many. without_flags: of them, those that lost a flag."""

    messages: int = 0
    without_flags: int = 0


@contextlib.contextmanager
def fresh(path: Path) -> Iterator[None]:
    """Sees to it that nothing is written over, and that nothing stays of what was not finished."""
    try:
        was_there = os.path.lexists(path)
        if was_there and not (path.is_dir() and not any(path.iterdir())):
            raise MailtutorError(
                "{path} is there already; name another with -o, or an empty folder", "error.mailbox.exists", path=path
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield
        except BaseException:
            _take_away(path, keep_folder=was_there)
            raise
    except OSError as wrong:
        raise MailtutorError(
            "{path} cannot be written ({why}); name another with -o", "error.mailbox.unwritable", path=path, why=wrong
        ) from wrong


def _take_away(path: Path, *, keep_folder: bool) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for inner in list(path.iterdir()) if keep_folder else [path]:
        shutil.rmtree(inner, ignore_errors=True) if inner.is_dir() else inner.unlink(missing_ok=True)


def write(form: str, path: Path, box: Mailbox, letters: Letters, *, alone: bool) -> Written:
    """One mailbox in a form of `sources.FORMS`. alone: `path` is for this one only, not for a store of many."""
    if form == "maildir":
        name = "" if alone else maildir_folder(box.name)
        return _maildir(path / name, box, letters, is_folder=bool(name))
    levels = [] if alone else tree_levels(box.name)
    if form == "eml":
        return _eml(path.joinpath(*levels), letters)
    return _mbox(path if alone else path.joinpath(*levels[:-1], levels[-1] + ".mbox"), letters)


def _maildir(folder: Path, box: Mailbox, letters: Letters, *, is_folder: bool) -> Written:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_folder:
        (folder / "maildirfolder").touch()
    done = Written()
    keywords: list[str] = []
    newest = 0
    for message, content in letters:
        raw = to_lf(content)
        new = [flag for flag in message.flags if is_keyword(flag) and flag.lower() != "$forwarded"]
        keywords += [flag for flag in new if flag not in keywords][: _MOST_KEYWORDS - len(keywords)]
        info, lost = info_of(message.flags, keywords)
        # Names in the order of the UIDs, though dates need not be.
        newest = max(newest, int(message.received_at))
        name = f"{newest}.U{message.uid}V{box.uid_validity}.{box.host},S={len(raw)},W={message.crlf_size}"
        _put(folder / "tmp" / name, raw, message.received_at)
        (folder / "tmp" / name).rename(folder / "cur" / f"{name}{_SEPARATOR}{info}")
        done.messages += 1
        done.without_flags += bool(lost)
    if keywords:
        (folder / "dovecot-keywords").write_text(keywords_text(keywords), encoding="ascii", newline="\n")
    return done


def _eml(folder: Path, letters: Letters) -> Written:
    folder.mkdir(parents=True, exist_ok=True)
    done = Written()
    for message, content in letters:
        subject = decode_words(parse_header(content).get("Subject") or b"")
        safe = _UNSAFE.sub("-", subject).strip("-")[:_SUBJECT_LIMIT]
        # Systems count octets.
        safe = safe.encode()[: 2 * _SUBJECT_LIMIT].decode("utf-8", "ignore").strip("-")
        _put(folder / f"{message.uid:06}{'-' if safe else ''}{safe}.eml", with_crlf(content), message.received_at)
        done.messages += 1
        done.without_flags += bool(message.flags)
    return done


def _mbox(file: Path, letters: Letters) -> Written:
    file.parent.mkdir(parents=True, exist_ok=True)
    done = Written()
    with _made(file) as opened:
        for message, content in letters:
            opened.write(mbox.written(content, message.flags, message.received_at))
            done.messages += 1
    return done


def _put(file: Path, content: bytes, received_at: float) -> None:
    """A new file that is as old as its message."""
    with _made(file) as opened:
        opened.write(content)
    # Not every system knows every year.
    with contextlib.suppress(OSError, OverflowError, ValueError):
        os.utime(file, (received_at, received_at))


def _made(file: Path) -> BinaryIO:
    """A new file, its owner's alone, as mail is."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb")
