"""What the screen remembers between runs: language, theme and habits."""

from __future__ import annotations

import json
import locale
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mailtutor.text.catalogue import LANGUAGES


@dataclass(slots=True)
class Settings:
    """The remembered choices.

    theme: the name of one of `theme.THEMES`. ascii: frames and signs in ASCII. still: nothing moves by itself. toured:
    the tour has been shown.
    """

    language: str
    theme: str = "mailtutor-dark"
    ascii: bool = False
    still: bool = False
    toured: bool = False


def load(file: Path) -> Settings:
    """Reads the settings; a missing or damaged file gives the defaults, since nothing of value is in it."""
    settings = Settings(language=system_language())
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return settings
    if isinstance(saved, dict):
        if saved.get("language") in LANGUAGES:
            settings.language = saved["language"]
        if isinstance(saved.get("theme"), str):
            settings.theme = saved["theme"]
        for name in ("ascii", "still", "toured"):
            setattr(settings, name, saved.get(name) is True)
    return settings


def save(file: Path, settings: Settings) -> None:
    """Writes the settings, whole or not at all. Raises OSError where the folder cannot be written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    new.replace(file)


def system_language() -> str:
    """The language the system is set to, where we speak it; else English."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    if not named:
        named = locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"
