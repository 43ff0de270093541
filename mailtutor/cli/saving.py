"""Saves what came in a message: in the folder asked for and nowhere else, under a clean name, over nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailtutor.cli.output import print_json
from mailtutor.errors import MailtutorError
from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.message.file_names import clean_name, free_name
from mailtutor.message.transfer import decoded
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# How often another name is tried.
_TRIES = 1000


def save(anatomy: Anatomy, node: Node | None, folder: Path, say: Words, *, as_json: bool) -> int:
    """Writes the attachments, or that part; prints the name of each file."""
    wanted = [node] if node is not None else list(_attachments(anatomy))
    for one in wanted:
        path, octets = _write(one, folder)
        if as_json:
            print_json(
                {"event": "saved", "part": one.number, "path": str(path), "octets": octets, "wanted": one.file_name}
            )
            continue
        is_other = bool(one.file_name) and one.file_name != path.name
        print(
            say("cli.message.saved_as", name=visible(str(path)), octets=octets, wanted=visible(one.file_name[:80]))
            if is_other
            else say("cli.message.saved", name=visible(str(path)), octets=octets)
        )
    if not wanted and not as_json:
        print(say("cli.message.nothing_to_save"))
    return 0


def _attachments(anatomy: Anatomy) -> Iterator[Node]:
    """What says it is one, and what has a file name."""
    for node in anatomy.nodes:
        disposition = node.part.disposition
        is_attachment = disposition is not None and disposition[0] == b"ATTACHMENT"
        if (is_attachment or node.file_name) and not node.type.startswith("multipart/"):
            yield node


def _write(node: Node, folder: Path) -> tuple[Path, int]:
    name = clean_name(node.file_name, f"part-{node.number}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path, octets = _written_new(node, folder, name)
    except OSError as wrong:
        raise MailtutorError(
            "{path} cannot be written ({why})", "error.message.unsaved", path=folder / name, why=wrong
        ) from wrong
    return path, octets


def _written_new(node: Node, folder: Path, name: str) -> tuple[Path, int]:
    taken: set[str] = set()
    part = node.part
    # A message in a part may not be encoded; whatever it says, its octets are saved as they are.
    encoding = "" if node.children else node.encoding
    for _ in range(_TRIES):
        found = free_name(name, taken)
        try:
            # "x": a file, or a link to one, that is there is left alone.
            with (folder / found).open("xb") as file:
                return folder / found, sum(
                    file.write(piece) for piece in decoded(part.raw, part.body, part.end, encoding)
                )
        except FileExistsError:
            taken.add(found)
    raise FileExistsError(17, "File exists", str(folder / name))
