"""`mailtutor message --save`: writes attachments, and says under which names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailtutor.cli.output import print_json
from mailtutor.message.anatomy import Anatomy, Node
from mailtutor.reading.visible import visible
from mailtutor.store.parts import save_part
from mailtutor.text.catalogue import Words


def save(anatomy: Anatomy, node: Node | None, folder: Path, say: Words, *, as_json: bool) -> int:
    """Writes the attachments, or that part; prints the name of each file."""
    wanted = [node] if node is not None else list(_attachments(anatomy))
    for one in wanted:
        path, octets = save_part(one, folder)
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
