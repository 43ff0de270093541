"""Finds a text by its key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")


class Words:
    """The texts of one language.

    Keys are the path through the TOML tables, joined by dots; a quoted TOML key with dots in it stays as it is. A file
    is named after the first part of its keys, and read when the first of them is asked for.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._folder = resources.files("mailtutor.text") / language
        self._files: dict[str, dict[str, str]] = {}

    @property
    def texts(self) -> dict[str, str]:
        """Every text of every file."""
        names = sorted(file.name.removesuffix(".toml") for file in self._folder.iterdir())
        return {key: text for name in names for key, text in self.file(name).items()}

    def __contains__(self, key: str) -> bool:
        return key in self.file(key.partition(".")[0])

    def __call__(self, key: str, **fields: object) -> str:
        """The text of `key`, its `{fields}` filled in; the key itself where there is none, to be seen and mended."""
        text = self.file(key.partition(".")[0]).get(key)
        if text is None:
            return key
        return text.format_map(fields) if fields else text

    def get(self, key: str, default: str = "") -> str:
        """The text of `key`, or `default`."""
        return self.file(key.partition(".")[0]).get(key, default)

    def file(self, name: str) -> dict[str, str]:
        """The texts of one file, by their whole keys; none where there is no such file."""
        if name not in self._files:
            texts: dict[str, str] = {}
            file = self._folder / f"{name}.toml"
            if name.isidentifier() and file.is_file():
                _flatten(tomllib.loads(file.read_text(encoding="utf-8")), "", texts)
            self._files[name] = texts
        return self._files[name]


@cache
def words(language: str) -> Words:
    """The catalogue of "en" or "zh"; any other language gets English."""
    return Words(language if language in LANGUAGES else "en")


def _flatten(table: Mapping[str, Any], prefix: str, into: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, Mapping):
            _flatten(value, f"{prefix}{key}.", into)
        else:
            into[prefix + key] = str(value).strip()
