"""munpack and ripMIME beside our own reading of the same messages: the same parts, octet for octet, the same names.

Both write what they read as files and take line ends for their own, so these, and empty lines around the content, are
not compared; munpack wants lines of the system's. Left out are messages in messages (munpack writes them as a whole,
ripMIME takes them for more parts), single texts without an encoding (munpack passes them over), and broken base64, of
which each keeps as much as it likes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mailtutor.message.anatomy import open_message
from mailtutor.message.transfer import decoded
from tests.message.shelf import shelf

SHELF = shelf()
NAMES = (
    "latin1-quoted", "utf8-base64", "gbk", "gb18030", "big5", "alternative", "attachment", "related", "nested",
    "signed", "file-name-2231", "never-closed",
)  # fmt: skip
WITH_FILES = ("attachment", "related", "nested", "signed", "file-name-2231")


def comparable(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").strip()


def ours(name: str) -> list[tuple[str, bytes]]:
    """Names and contents of the parts that hold no others."""
    anatomy = open_message(SHELF[name])
    return [
        (node.file_name, comparable(b"".join(decoded(anatomy.raw, node.part.body, node.part.end, node.encoding))))
        for node in anatomy.nodes
        if not node.children
    ]


@pytest.mark.parametrize("name", NAMES)
def test_munpack_writes_the_same_parts(name: str, tmp_path: Path) -> None:
    letter, folder = tmp_path / "letter.eml", tmp_path / "parts"
    letter.write_bytes(SHELF[name].replace(b"\r\n", b"\n"))
    folder.mkdir()
    subprocess.run(["munpack", "-q", "-t", "-f", "-C", str(folder), str(letter)], check=True, capture_output=True)
    written = sorted(comparable(one.read_bytes()) for one in folder.iterdir())
    assert written == sorted(content for _, content in ours(name))


@pytest.mark.parametrize("name", WITH_FILES)
def test_ripmime_writes_the_same_files_under_the_same_names(name: str, tmp_path: Path) -> None:
    letter, folder = tmp_path / "letter.eml", tmp_path / "parts"
    letter.write_bytes(SHELF[name])
    folder.mkdir()
    subprocess.run(["ripmime", "-i", str(letter), "-d", str(folder)], check=True, capture_output=True)
    written = {one.name: comparable(one.read_bytes()) for one in folder.iterdir() if "textfile" not in one.name}
    assert written == {called: content for called, content in ours(name) if called}
