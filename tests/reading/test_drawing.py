"""The drawing of a trace: what comes out of the trace is text in it, and all of it is said in words, too."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtutor import paths
from mailtutor.reading.drawing import MOST, cells, drawing
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Attempted, Bounced, Closed, Delivered, Queued, TlsBegun
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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_becomes_of_a_message_stands_at_its_host(language: str) -> None:
    say = words(language)
    where: dict[str, Any] = {"host": "hamburger.edu", "t": 2.0, "at": 2.0}
    happened: list[AnyEvent] = [
        *events("smtp", ("S", b"220 hi\r\n"), ("C", b"STARTTLS\r\n"), ("S", b"220 go\r\n")),
        TlsBegun(t=1, at=1, conn=1, version="TLSv1.3", cipher="X"),
        Queued(queue_id="<Q1>", sender="a@b", recipients=("c@d",), size=1, **where),
        Delivered(recipient="c@d", mailbox="INBOX", uid=1, **where),
        *(
            Attempted(
                queue_id="Q1", recipient="c@d", to_host="x", outcome=outcome, reply="451 & no", attempt=1, **where
            )
            for outcome in ("refused", "deferred")
        ),
        Bounced(queue_id="Q1", recipient="c@d", reason="x", **where),
    ]  # fmt: skip
    tree = ET.fromstring(drawing(happened, say))  # noqa: S314 - our own
    texts = [node.text or "" for node in tree.iter(_SVG + "text")]
    assert say("screen.ladder.queued", id="<Q1>") in texts
    assert say("screen.ladder.delivered", who="c@d", mailbox="INBOX") in texts
    assert say("screen.ladder.refused", reply="451 & no") in texts
    assert say("screen.ladder.later", reply="451 & no") in texts
    assert say("screen.ladder.bounced") in texts
    assert len(tree.findall(f".//{_SVG}circle")) == 5
    assert any("TLSv1.3" in text for text in texts)


def test_what_is_too_long_for_its_arrow_is_cut() -> None:
    text = drawing(events("smtp", ("S", b"220 " + "好".encode() * 200 + b"\r\n")), words("en"))
    assert "好…</text>" in text
    assert "好" * 200 in text.partition("</desc>")[0]
