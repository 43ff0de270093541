"""What the screen remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.tui.settings import Settings, load, save, system_language


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "settings.json"
    save(file, Settings("zh", "mailtutor-light"))
    assert load(file) == Settings("zh", "mailtutor-light")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"language": "xx", "theme": 3}', "[" * 100_000])
def test_a_damaged_file_gives_the_defaults(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    file = tmp_path / "settings.json"
    file.write_text(content)
    assert load(file) == Settings("en")


@pytest.mark.parametrize(("locale", "language"), [("zh_CN.UTF-8", "zh"), ("en_GB.UTF-8", "en"), ("C", "en")])
def test_the_first_language_is_the_systems(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert system_language() == language
