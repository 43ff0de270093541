"""Saves what came in a message: in the folder asked for and nowhere else, under a clean name, over nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailtutor.errors import MailtutorError
from mailtutor.message.anatomy import Node
from mailtutor.message.file_names import clean_name, free_name
from mailtutor.message.transfer import decoded

# How often another name is tried.
_TRIES = 1000


def save_part(node: Node, folder: Path) -> tuple[Path, int]:
    """Writes the content of a part, its transfer encoding undone, or a whole message of several parts as it is.

    Gives the file and its octets. The folder is made where it is not there. Raises MailtutorError.
    """
    name = name_of(node)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _written_new(node, folder, name)
    except OSError as wrong:
        raise MailtutorError(
            "{path} cannot be written ({why})", "error.message.unsaved", path=folder / name, why=wrong
        ) from wrong


def name_of(node: Node) -> str:
    """The name it is saved under where that is free."""
    if _is_whole(node):
        return f"message-{node.number}.eml"
    return clean_name(node.file_name, f"part-{node.number}")


def content_of(node: Node) -> Iterator[bytes]:
    """What is written, in pieces."""
    part = node.part
    # A message in a part may not be encoded; whatever it says, its octets are saved as they are.
    start, encoding = (part.start if _is_whole(node) else part.body), "" if node.children else node.encoding
    return decoded(part.raw, start, part.end, encoding)


def _is_whole(node: Node) -> bool:
    return node.is_message and bool(node.children)


def _written_new(node: Node, folder: Path, name: str) -> tuple[Path, int]:
    taken: set[str] = set()
    for _ in range(_TRIES):
        found = free_name(name, taken)
        try:
            # "x": a file, or a link to one, that is there is left alone.
            with (folder / found).open("xb") as file:
                return folder / found, sum(file.write(piece) for piece in content_of(node))
        except FileExistsError:
            taken.add(found)
    raise FileExistsError(17, "File exists", str(folder / name))
