"""Where files live. Nothing here creates anything; whoever writes makes the folder first."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The per-user folder: MAILTUTOR_HOME, or the system's usual place for application data."""
    override = os.environ.get("MAILTUTOR_HOME")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_data_path  # late: `mailtutor --version` needs no folder

    return user_data_path("mailtutor", appauthor=False)


def lab_data() -> Path:
    """The lab's folder when `--data` names none."""
    return home() / "lab"


def progress_file() -> Path:
    """Where the student's progress is kept."""
    return home() / "progress.sqlite3"


def keepsakes() -> Path:
    """What the student's report shows besides progress: dialogues of lessons, pictures of the screen."""
    return home() / "report"


def settings_file() -> Path:
    """Where the language and the theme are remembered."""
    return home() / "settings.json"


def keys_file() -> Path:
    """Where the student writes down keys of their own."""
    return home() / "keys.toml"


def copied_file() -> Path:
    """Where the last thing that was copied is, for terminals without a clipboard."""
    return home() / "copied.txt"


def content(kind: str) -> Path:
    """The folder of `lessons`, `transcripts` or `pages`: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "content" / kind
    return installed if installed.is_dir() else package.parent / kind
