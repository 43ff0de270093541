"""The drawing of a trace: what comes out of the trace is text in it, and all of it is said in words, too."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtutor import paths
from mailtutor.reading.drawing import MOST, cells, drawing
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed
from mailtutor.trace.transcript import parse
from tests.reading.conversations import events
from tests.reading.test_exports import traces

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {_SVG + name for name in ("svg", "title", "desc", "style", "line", "text", "g", "path", "circle")}
_OUTCOMES = {"", "client", "server", "success", "go-on", "try-later", "refused"}


def _ketchup() -> list[AnyEvent]:
    file = paths.content("transcripts") / "alice-bob.txt"
    return list(parse(file.read_bytes(), file.name).events())


@settings(max_examples=200, deadline=None)
@given(traces(), st.sampled_from(["en", "zh"]))
def test_no_element_and_no_attribute_comes_out_of_a_trace(happened: list[AnyEvent], language: str) -> None:
    tree = ET.fromstring(drawing(happened, words(language)))  # noqa: S314 - our own
    for node in tree.iter():
        assert node.tag in _ELEMENTS
        assert not any(name.startswith("on") or "href" in name for name in node.attrib)
        if node.tag == _SVG + "g":
            assert node.get("class", "") in _OUTCOMES
        for name in ("x", "y", "x1", "x2", "y1", "y2", "textLength"):
            assert float(node.get(name, "0")) >= 0


def test_every_line_is_an_arrow_and_is_said_in_words() -> None:
    tree = ET.fromstring(drawing(_ketchup(), words("en")))  # noqa: S314 - our own
    told = tree.findtext(_SVG + "desc") or ""
    assert "crepes.fr → hamburger.edu: C: HELO crepes.fr" in told
    assert "hamburger.edu → crepes.fr: S: 221 hamburger.edu closing connection" in told
    assert "crepes.fr → hamburger.edu: C: message, 42 octets, 2 lines" in told
    # Opened, greeted, five times asked and answered, the message between, closed.
    assert len(tree.findall(_SVG + "g")) == 1 + 1 + 5 * 2 + 1 + 2 + 1


def test_a_wide_character_takes_two_cells() -> None:
    assert [cells(text) for text in ("abc", "你好", "e\u0301", "")] == [3, 4, 1, 0]
    text = drawing(events("smtp", ("S", "220 你好\r\n".encode())), words("zh"))
    assert f'textLength="{(len("S: 220 ") + 4) * 7.2:.1f}" lengthAdjust="spacingAndGlyphs"' in text


def test_a_connection_that_was_lost_has_a_cross() -> None:
    lost = [*events("smtp", ("S", b"220 hi\r\n")), Closed(t=1, at=1, conn=1, by="lost")]
    assert words("en")("screen.ladder.lost") in drawing(lost, words("en"))
    assert "l10 10m0 -10l-10 10" in drawing(lost, words("en"))
    assert "l10 10m0 -10l-10 10" not in drawing(_ketchup(), words("en"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_of_a_long_trace_the_beginning_is_drawn(language: str) -> None:
    talk = [("C", b"NOOP\r\n"), ("S", b"250 ok\r\n")] * MOST
    text = drawing(events("smtp", ("S", b"220 hi\r\n"), *talk), words(language))
    assert text.count("<g") == MOST
    assert words(language)("export.svg.more", count=MOST + 2) in text  # one to open, one to greet
