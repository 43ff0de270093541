"""One browser for all, and the page of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.page import page
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent
from tests.browser.driver import Browser

Show = Callable[..., Browser]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens the page of these events: `show(events, "zh")`."""

    def opened(events: Sequence[AnyEvent], language: str = "en") -> Browser:
        dialogue = Dialogue()
        dialogue.take(events, 0)
        path = tmp_path / "page.html"
        path.write_text(page(dialogue, words(language)), encoding="utf-8")
        browser.open(path)
        return browser

    yield opened
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    browser.ask("Emulation.clearDeviceMetricsOverride")
