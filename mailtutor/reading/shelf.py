"""Our own messages, one of each shape. What each one shows: `shelf.NAME.shows`."""

from __future__ import annotations

import re
from pathlib import Path

from mailtutor import paths

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def names() -> list[str]:
    """Their names, in the order of the alphabet."""
    return sorted(file.stem for file in _folder().glob("*.eml"))


def shelf_file(name: str) -> Path | None:
    """The file of that name, None where there is none of ours."""
    file = _folder() / f"{name}.eml"
    return file if _NAME.fullmatch(name) and file.is_file() else None


def _folder() -> Path:
    return paths.content("transcripts") / "messages"
