"""The exported page: played, stepped through, read aloud, printed, and without a script."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mailtutor import paths
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.transcript import parse
from tests.browser.conftest import Show
from tests.browser.driver import Browser
from tests.reading.conversations import events

LINES = 15
POSITION = "return document.getElementById('position').textContent"
TOLD = "return document.getElementById('told').textContent"
SHOWN = "return [...document.querySelectorAll('li')].filter(li => getComputedStyle(li).visibility === 'visible').length"
# The contrast of each piece of text with what it stands on (WCAG 2.2 §1.4.3), the least of all.
CONTRAST = """
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
const ground = node => {
  for (; node; node = node.parentElement) {
    const found = numbers(getComputedStyle(node).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return null;
};
let least = 100;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || node.closest('script, option')) continue;
  const [a, b] = [light(numbers(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
  least = Math.min(least, (a + .05) / (b + .05));
}
return least;
"""


def _ketchup() -> Sequence[AnyEvent]:
    file = paths.content("transcripts") / "alice-bob.txt"
    return parse(file.read_bytes(), file.name).events()


def _step(browser: Browser) -> tuple[int, int]:
    at, _, count = str(browser.run(POSITION)).partition(" / ")
    return int(at), int(count)


def test_it_is_stepped_through_by_buttons_and_by_keys(show: Show) -> None:
    browser = show(_ketchup())
    assert _step(browser) == (1, LINES)
    assert browser.run(SHOWN) == 1
    browser.click("#next")
    assert "HELO crepes.fr" in browser.run(TOLD)
    assert browser.run("return document.activeElement.id") == "next"
    browser.press("right", "right")
    assert _step(browser) == (4, LINES)
    assert "MAIL FROM: <alice@crepes.fr>" in browser.run(TOLD)
    assert browser.run("return document.querySelectorAll('[aria-current=step]').length") == 1
    browser.press("left")
    browser.click("#back")
    assert _step(browser) == (2, LINES)
    browser.press("end")
    assert _step(browser) == (LINES, LINES)
    assert browser.run(SHOWN) == LINES
    browser.press("home")
    assert _step(browser) == (1, LINES)
    assert browser.complaints() == []


def test_it_plays_to_the_end_and_stops_where_it_is_told(show: Show) -> None:
    browser = show(_ketchup())
    browser.run("const speed = document.getElementById('speed'); speed.value = '8'; document.body.focus()")
    browser.press("space")
    assert "Pause" in browser.run("return document.getElementById('play').textContent")
    browser.wait("return document.getElementById('position').textContent.startsWith('4 ')")
    browser.press("space")
    stopped = _step(browser)
    assert "Play" in browser.run("return document.getElementById('play').textContent")
    browser.click("#play")
    browser.wait(f"return document.getElementById('position').textContent === '{LINES} / {LINES}'")
    assert stopped < (LINES, LINES)
    browser.wait("return document.getElementById('play').textContent.includes('Play')")
    browser.click("#play")
    assert _step(browser)[0] < LINES


def test_space_on_a_button_is_the_buttons(show: Show) -> None:
    browser = show(_ketchup())
    browser.press("tab", "tab", "tab", "tab", "tab")
    assert browser.run("return document.activeElement.id") == "next"
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("space")
    assert _step(browser) == (2, LINES)
    assert "Play" in browser.run("return document.getElementById('play').textContent")


@pytest.mark.parametrize(("language", "tag", "name"), [("en", "en", "What it means"), ("zh", "zh-Hans", "含义")])
def test_it_can_be_read_aloud(show: Show, language: str, tag: str, name: str) -> None:
    browser = show(_ketchup(), language)
    assert browser.run("return document.documentElement.lang") == tag
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]}
    roles = [role for role, _ in named]
    assert {"main", "banner", "group", "complementary", "heading", "list", "listitem", "button", "status"} <= {*roles}
    assert ("complementary", name) in named
    assert all(label for role, label in named if role in ("button", "combobox", "region"))
    assert browser.run("return document.getElementById('told').getAttribute('aria-live')") == "polite"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_text_stands_out_from_its_ground(show: Show, scheme: str) -> None:
    browser = show(_ketchup())
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.press("end")
    assert 4.5 <= browser.run(CONTRAST) < 21


def test_who_wants_no_motion_gets_none(show: Show) -> None:
    browser = show(_ketchup())
    look = "return getComputedStyle(document.documentElement).scrollBehavior"
    assert browser.run(look) == "smooth"
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    assert browser.run(look) == "auto"


def test_on_paper_all_of_it_stands_with_its_meanings(show: Show) -> None:
    browser = show(_ketchup())
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.run(SHOWN) == LINES
    displays = "return [...document.querySelectorAll('li .meaning')].map(told => getComputedStyle(told).display)"
    assert set(browser.run(displays)) == {"block"}
    assert browser.run("return getComputedStyle(document.querySelector('.replay')).display") == "none"


def test_on_a_narrow_screen_nothing_goes_out_at_the_side(show: Show) -> None:
    browser = show(events("smtp", ("S", b"220 " + b"x" * 900 + b"\r\n"), ("C", b"EHLO x\r\n")))
    browser.ask("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=False)
    assert browser.run("return document.documentElement.scrollWidth") <= 320


def test_without_a_script_it_is_a_list_to_read(show: Show, browser: Browser) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    show(_ketchup())
    nodes = [node for node in browser.ask("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    roles = [node["role"]["value"] for node in nodes]
    told = " ".join(node.get("name", {}).get("value", "") for node in nodes)
    assert roles.count("listitem") == LINES
    assert "button" not in roles
    assert "HELO crepes.fr" in told
    assert "The server speaks first" in told


HOSTILE = (
    b"220 </code><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\r\n",
    b'EHLO " onmouseover="window.pwned=1" x=\'\r\n',
    b"250 ]]>--></style></script><svg onload=window.pwned=1><a href=javascript:alert(1)>x</a>\r\n",
    b"MAIL FROM:<\xe2\x80\xae&lt;b&gt;&#60;b&#62;\x1b[31m\x00>\r\n",
)


def test_nothing_in_a_trace_comes_alive(show: Show) -> None:
    browser = show(events("smtp", *zip("SCSC", HOSTILE, strict=True)))
    browser.press("right", "right", "right", "end")
    browser.run("document.querySelectorAll('li, code').forEach(n => n.dispatchEvent(new MouseEvent('mouseover')))")
    assert browser.run("return window.pwned === undefined")
    assert (
        browser.run("return document.querySelectorAll('img, svg, a:not(.skip), li script, [onmouseover]').length") == 0
    )
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert "<script>window.pwned=1</script>" in browser.run("return document.querySelector('li code').textContent")
    assert browser.complaints() == []


def test_its_policy_lets_nothing_else_in(show: Show) -> None:
    browser = show(_ketchup())
    browser.run("""
        const script = document.createElement('script');
        script.textContent = 'window.pwned = 1';
        document.body.append(script);
        const image = new Image();
        image.src = 'http://127.0.0.1:9/x.png';
        document.body.append(image);
    """)
    browser.wait("return true")
    assert browser.run("return window.pwned === undefined")
    assert len([told for told in browser.complaints() if "Content Security Policy" in told]) == 2
