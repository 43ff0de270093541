"""The page of a trace: what comes out of the trace is text in it, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtutor.reading import retelling
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.page import MOST, page
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent
from tests.reading.conversations import events
from tests.reading.test_exports import traces

_OURS = {
    "html": {"lang"}, "meta": {"charset", "http-equiv", "content", "name"}, "a": {"class", "href"},
    "div": {"class", "id", "tabindex", "role", "aria-label", "hidden", "aria-live", "aria-atomic"},
    "button": {"type", "id", "data-play", "data-pause"}, "label": {"for"}, "select": {"id"},
    "option": {"value", "selected"}, "output": {"id"}, "span": {"class"}, "section": {"aria-labelledby"}, "h2": {"id"},
    "li": {"class", "data-t"}, "abbr": {"class", "title"}, "code": {"translate", "dir"}, "p": {"class"},
    "aside": {"aria-labelledby"},
}  # fmt: skip
_BARE = set("head title style script body header h1 main ol details summary dl dt dd".split())  # noqa: SIM905
_VALUES = re.compile(
    r"(?:client|server|note)(?: (?:success|go-on|try-later|refused))?|who|said|meaning|rfc|replay|keys|skip"
    r"|head-\d+|\d+\.\d{6}"
)


class _Reader(HTMLParser):
    """What elements and attributes there are; the text of every code element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.codes: list[str] = []
        self.others: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self._open.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "code":
            self.codes[-1] += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def _read(happened: Sequence[AnyEvent], language: str) -> tuple[Dialogue, str, _Reader]:
    dialogue = Dialogue()
    dialogue.take(happened, 0)
    text = page(dialogue, words(language))
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return dialogue, text, reader


@settings(max_examples=200, deadline=None)
@given(traces(), st.sampled_from(["en", "zh"]))
def test_no_element_and_no_attribute_comes_out_of_a_trace(happened: list[AnyEvent], language: str) -> None:
    dialogue, text, reader = _read(happened, language)
    fixed = {value for _, attributes in _read([], language)[2].tags for value in attributes.values()}
    for tag, attributes in reader.tags:
        assert tag in _OURS or tag in _BARE
        assert set(attributes) <= _OURS.get(tag, set())
        for name, value in attributes.items():
            assert value in fixed or name in ("title", "translate", "dir") or _VALUES.fullmatch(value or "")
    assert not reader.others
    assert reader.codes == [retelling.said(row, words(language)) for row in dialogue.told]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)


def test_its_policy_names_its_own_style_and_script() -> None:
    _, text, reader = _read(events("smtp", ("S", b"220 hi\r\n")), "en")
    policy = next(str(one["content"]) for tag, one in reader.tags if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("language", ["en", "zh"])
def test_of_a_long_message_only_the_beginning_is_in_the_page(language: str) -> None:
    talk = [
        ("S", b"220 hi\r\n"),
        ("C", b"HELO x\r\n"),
        ("S", b"250 x\r\n"),
        ("C", b"MAIL FROM:<a@b>\r\n"),
        ("S", b"250 x\r\n"),
    ]
    talk += [("C", b"RCPT TO:<c@d>\r\n"), ("S", b"250 x\r\n"), ("C", b"DATA\r\n"), ("S", b"354 x\r\n")]
    talk += [("C", b"line\r\n" * (MOST + 34) + b".\r\n"), ("S", b"250 x\r\n")]
    _, text, reader = _read(events("smtp", *talk), language)
    assert reader.codes.count("line") == MOST
    assert words(language)("export.page.more", count=34) in text
    assert reader.codes[-2:] == [".", "250 x"]
