"""Mail that other programs have written: Maildir, mbox, .eml. Read one message at a time, changed never.

Of a folder only regular files are read: links may lead anywhere, and pipes may never end.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

from mailtutor.errors import Sentence
from mailtutor.message import mbox
from mailtutor.message.filed import flags_of, from_file, parse_keywords
from mailtutor.message.headers import parse_header
from mailtutor.store.shelf_names import DELIMITER, maildir_name, read

FORMS = ("maildir", "mbox", "eml")
# Octets of one message; what is larger is told, not read.
LIMIT = 64 * 1024 * 1024
# Octets of a line that are read at once.
_PIECE = 1024 * 1024
_FIELD = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")
_DIGITS = re.compile(r"([0-9]+)")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A mailbox, with or without messages. name: relative to what was read, "" for its top."""

    name: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A message of the shelf that was named last. content: with CRLF. received_at: None where nobody knows."""

    content: bytes
    flags: frozenset[str]
    received_at: float | None
    where: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, and why."""

    where: str
    why: Sentence | OSError


Item = Shelf | Filed | Unread


def form_of(path: Path) -> str:
    """Which of FORMS it is; "" where it looks like none. Raises OSError."""
    if not path.is_dir():
        # Of a pipe nothing is left to read once it has been looked at.
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as opened:
            return _form_of_file(path, opened.read(1000).removeprefix(_BOM))
    if _is_maildir(path) or any(_is_maildir(folder) for folder in _scan(path).folders):
        return "maildir"
    boxes = False
    for file in _files_below(path):
        if file.suffix.lower() == ".eml":
            return "eml"
        boxes = boxes or _is_mbox(file)
    return "mbox" if boxes else ""


def _form_of_file(path: Path, start: bytes) -> str:
    if start.lstrip(b"\r\n").startswith(b"From ") or not start:
        return "mbox"
    return "eml" if path.suffix.lower() == ".eml" or _FIELD.match(start) else ""


def items(path: Path, form: str) -> Iterator[Item]:
    """Everything that is there. form: of FORMS."""
    readers: dict[str, Callable[[Path], Iterator[Item]]] = {"maildir": _maildir, "mbox": _mboxes, "eml": _emls}
    return readers[form](path)


# Maildir ------------------------------------------------------------------------------------------------------------


def _is_maildir(folder: Path) -> bool:
    return all(os.path.isdir(part) and not part.is_symlink() for part in (folder / "cur", folder / "new"))


def _maildir(root: Path, name: str = "") -> Iterator[Item]:
    """A Maildir, its folders beginning with a dot (Maildir++), and those below it that are Maildirs themselves."""
    if _is_maildir(root):
        yield Shelf(name)
        yield from _messages(root)
    scanned = _scan(root, files=False)
    yield from scanned.problems
    for folder in scanned.folders:
        if folder.name.startswith("."):
            if not name and _is_maildir(folder):
                yield Shelf(maildir_name(folder.name))
                yield from _messages(folder)
        elif folder.name not in ("cur", "new", "tmp"):
            yield from _maildir(folder, _below(name, folder.name))


def _messages(folder: Path) -> Iterator[Item]:
    """tmp/ is somebody's unfinished work and is never read."""
    try:
        keywords = parse_keywords((folder / "dovecot-keywords").read_text("utf-8", "replace"))
    except OSError:
        keywords = {}
    found: list[Path] = []
    for part in ("new", "cur"):
        scanned = _scan(folder / part)
        yield from scanned.problems
        # A dot at the beginning hides what is not mail (NFS, macOS).
        found += [file for file in scanned.files if not file.name.startswith(".")]
    for file in sorted(found, key=_natural):
        yield _message(file, flags_of(file.name, keywords))


# .eml ---------------------------------------------------------------------------------------------------------------


def _emls(path: Path, name: str = "") -> Iterator[Item]:
    """One file, or those of a folder and of the folders in it."""
    if not path.is_dir():
        yield Shelf(name)
        yield _message(path, frozenset())
        return
    scanned = _scan(path, suffix=".eml")
    if scanned.files:
        yield Shelf(name)
    yield from scanned.problems
    for file in sorted(scanned.files, key=_natural):
        yield _message(file, frozenset())
    for folder in scanned.folders:
        yield from _emls(folder, _below(name, folder.name))


def _message(file: Path, flags: frozenset[str]) -> Item:
    """A file that is one message; its date is when it came."""
    try:
        with file.open("rb") as opened:
            facts = os.fstat(opened.fileno())
            raw = opened.read(LIMIT + 1) if facts.st_size <= LIMIT else b""
            if facts.st_size > LIMIT or len(raw) > LIMIT:
                return _too_large(str(file))
            content = from_file(raw.removeprefix(_BOM))
    except OSError as wrong:
        return Unread(str(file), wrong)
    return _filed(content, flags, facts.st_mtime, str(file))


# mbox ---------------------------------------------------------------------------------------------------------------


def _mboxes(path: Path, name: str = "") -> Iterator[Item]:
    """One file, or those of a folder and of the folders in it, as Thunderbird and Dovecot keep them."""
    if not path.is_dir():
        yield Shelf(name)
        yield from _entries(path)
        return
    scanned = _scan(path)
    yield from scanned.problems
    for file in sorted(scanned.files, key=_natural):
        if _is_mbox(file):
            yield Shelf(_below(name, file.name.removesuffix(".mbox")))
            yield from _entries(file)
    for folder in scanned.folders:
        yield from _mboxes(folder, _below(name, folder.name.removesuffix(".sbd")))


def _is_mbox(file: Path) -> bool:
    """By its name or its first word. One that cannot be read may be one: that is told when it is read."""
    try:
        with file.open("rb") as opened:
            return file.suffix == ".mbox" or opened.read(5) == b"From "
    except OSError:
        return file.suffix == ".mbox"


def _entries(file: Path) -> Iterator[Item]:
    number = 0
    try:
        with file.open("rb") as opened:
            for number, entry in enumerate(mbox.entries(iter(lambda: opened.readline(_PIECE), b""), LIMIT), 1):
                where = f"{file} ({number})"
                if entry.size > LIMIT:
                    yield _too_large(where)
                else:
                    yield _filed(entry.content, entry.flags, entry.received_at, where)
    except OSError as wrong:
        yield Unread(str(file), wrong)
    except mbox.NotMboxError:
        yield Unread(str(file), Sentence("no mbox: it does not begin with “From ”", "error.mailbox.no_mbox"))


# All ----------------------------------------------------------------------------------------------------------------


def _filed(content: bytes, flags: frozenset[str], received_at: float | None, where: str) -> Item:
    if not content:
        return Unread(where, Sentence("it is empty", "error.mailbox.empty"))
    return Filed(content, flags, _dated(content) if received_at is None else received_at, where)


def _dated(content: bytes) -> float | None:
    """What the message itself says of when it was written."""
    value = parse_header(content).get("Date")
    try:
        said = parsedate_to_datetime((value or b"").decode("ascii"))
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _too_large(where: str) -> Unread:
    return Unread(where, Sentence("larger than {limit} MiB", "error.mailbox.large", limit=LIMIT // (1024 * 1024)))


def _natural(file: Path) -> list[tuple[int, str]]:
    """`9.x` before `10.x`."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in _DIGITS.split(file.name)]


def _below(name: str, level: str) -> str:
    """The name of a mailbox below another; "" is the top."""
    return DELIMITER.join(filter(None, (name, read(level))))


@dataclass(slots=True)
class _Scanned:
    """What is in a folder; folders by name."""

    files: list[Path]
    folders: list[Path]
    problems: list[Unread]


def _scan(folder: Path, *, files: bool = True, suffix: str = "") -> _Scanned:
    """Looks into a folder. Only files of that suffix count; links are not followed."""
    found = _Scanned([], [], [])
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.folders.append(Path(entry.path))
                elif (not files or not entry.name.lower().endswith(suffix)) and not entry.is_dir():
                    continue
                elif entry.is_file(follow_symlinks=False):
                    found.files.append(Path(entry.path))
                else:
                    why = Sentence("neither a file nor a folder; a link is named itself", "error.mailbox.no_file")
                    found.problems.append(Unread(entry.path, why))
    except OSError as wrong:
        found.problems.append(Unread(str(folder), wrong))
    found.folders.sort()
    return found


def _files_below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                yield file
