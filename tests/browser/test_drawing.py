"""The exported drawing: it has a name and a description, nothing in it comes alive, its texts are as wide as meant."""

from __future__ import annotations

from pathlib import Path

from mailtutor.reading.drawing import drawing
from mailtutor.text.catalogue import words
from tests.browser.driver import Browser
from tests.browser.test_page import HOSTILE
from tests.reading.conversations import events

WIDTHS = """
return [...document.querySelectorAll('text[textLength]')].map(text =>
  Math.abs(text.getComputedTextLength() - Number(text.getAttribute('textLength'))));
"""


def test_a_drawing_of_a_hostile_trace_is_only_a_drawing(browser: Browser, tmp_path: Path) -> None:
    said = events("smtp", *zip("SCSC", HOSTILE, strict=True), ("S", "250 你好，世界\r\n".encode()))
    path = tmp_path / "drawing.svg"
    path.write_text(drawing(said, words("zh")), encoding="utf-8")
    browser.open(path)
    assert browser.run("return document.documentElement.nodeName") == "svg"
    assert browser.run("return document.querySelectorAll('script, a, image, foreignObject, use').length") == 0
    assert browser.run("return window.pwned === undefined")
    assert max(browser.run(WIDTHS)) < 1
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    assert any(role == "image" and "梯形图" in name for role, name in named)
    assert "你好，世界" in browser.run("return document.querySelector('desc').textContent")
    assert browser.complaints() == []
