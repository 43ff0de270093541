"""neomutt, a descendant of mutt, beside our own reading of the shelf: the same parts in the same order, the same texts.

It is run at a terminal, opens a file with the one message and lists its attachments; then it writes a text decoded, as
its reader sees it. Left out are messages whose MIME is broken on purpose, of which each program makes what it likes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.message.anatomy import open_message
from mailtutor.message.encodings import decode_words
from mailtutor.message.steps import text_of
from mailtutor.message.transfer import decoded
from tests.interop.test_neomutt import Terminal
from tests.message.shelf import shelf

SHELF = shelf()
LISTED = (
    "plain", "latin1-quoted", "utf8-base64", "gbk", "gb18030", "big5", "eight-bit", "calendar", "alternative",
    "attachment", "related", "picture", "sound", "nested", "forwarded", "signed", "file-name-2231", "dsn", "mdn",
)  # fmt: skip
READ = ("plain", "encoded-subject", "latin1-quoted", "utf8-base64", "gbk", "gb18030", "big5", "eight-bit", "old-forms")


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Terminal]:
    """neomutt with a file that holds this one message."""
    box = folder / "box"
    box.write_bytes(b"From alice@crepes.fr Sun Mar  1 10:15:00 2026\n" + SHELF[name].replace(b"\r\n", b"\n") + b"\n")
    (folder / "muttrc").write_text(
        f'set folder="{folder}" spoolfile="{box}" record="" postponed="" mbox="" history_file="" move=no\n'
        "set quit=yes wait_key=no sleep_time=0 beep=no confirmappend=no confirmcreate=no read_only=yes\n"
        'set attach_format="part %n %m/%M %e %?d?<%d>&<>? ;" charset=utf-8 digest_collapse=no\n'
        'set print=yes print_decode=yes print_command="cat > printed"\n'
    )
    env = {**os.environ, "HOME": str(folder), "TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "100", "LINES": "30"}
    here = os.getcwd()
    os.chdir(folder)
    terminal = Terminal("neomutt", "-n", "-F", f"{folder}/muttrc", "-R", "-f", str(box), env=env)
    os.chdir(here)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("name", LISTED)
def test_it_lists_the_same_parts(name: str, tmp_path: Path) -> None:
    nodes = [one for one in open_message(SHELF[name]).nodes if not one.type.startswith("multipart/")]
    # The header of a message in a part is no part of its own; its text, where it is one, is.
    wanted = [f"{one.type} {one.encoding}" for one in nodes if one.number != "0" or not one.children]
    with opened(name, tmp_path) as screen:
        screen.shows(r"\b1 +[A-Z ]")
        screen.press("v")
        screen.shows(r"part \d+ \S+/\S+ \S+ <[^;]*;")
        last = open_message(SHELF[name]).nodes[-1].type
        screen.shows(re.escape(last))
        listed = [
            f"{kind.lower()} {encoding.lower()}" for kind, encoding in screen.matches(r"part \d+ (\S+/\S+) (\S+) <")
        ]
    assert [one for one in listed if not one.startswith("multipart/")] == wanted


@pytest.mark.parametrize("name", READ)
def test_a_reader_sees_the_same_subject_and_text(name: str, tmp_path: Path) -> None:
    root = open_message(SHELF[name]).root
    with opened(name, tmp_path) as screen:
        screen.shows(r"\b1 +[A-Z ]")
        screen.press("p")
        screen.shows("printed")
        screen.press("q")
        assert screen.ends() == 0
    seen = (tmp_path / "printed").read_text()
    subject = decode_words(root.part.header.get("Subject") or b"")
    assert " ".join(subject.split()) in " ".join(seen.split())
    assert len(b"".join(decoded(root.part.raw, root.part.body, root.part.end, root.encoding))) > 0
    assert " ".join(text_of(root).split()) in " ".join(seen.split())
