"""What MAIL announces beside what the server has said it takes."""

from __future__ import annotations

import pytest

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.offers import weighed
from mailtutor.text.catalogue import words
from mailtutor.trace.transcript import parse


def _weighed(mail: str, *capabilities: str, language: str = "en", between: str = "") -> str:
    names = ["x", *capabilities]
    answer = [f"S: 250{' ' if name is names[-1] else '-'}{name}" for name in names]
    said = [
        "# protocol: smtp",
        "# client: a",
        "# server: b",
        "S: 220 b",
        "C: EHLO a",
        *answer,
        *between.splitlines(),
        f"C: {mail}",
    ]
    dialogue = Dialogue()
    dialogue.take(parse("\n".join([*said, ""]).encode()).events(), 0)
    rows = dialogue.connections[1].rows
    at = next(at for at, row in enumerate(rows) if row.line.verb == "MAIL")
    return weighed(rows[at].line, rows[:at], words(language))


@pytest.mark.parametrize("capability", ["SIZE 1000", "size 1000 "])
def test_a_message_that_fits_is_told_with_both_figures(capability: str) -> None:
    told = _weighed("MAIL FROM:<a@b> SIZE=999 BODY=8BITMIME", "HELP", capability)
    assert told == "The message has 999 octets; the server takes up to 1,000."


def test_a_message_that_is_too_large_is_told_before_it_is_refused() -> None:
    told = _weighed("MAIL FROM:<a@b> SIZE=10485761", "SIZE 10485760", "HELP", language="zh")
    assert "10,485,761" in told
    assert "会被拒收" in told


@pytest.mark.parametrize(
    ("mail", "capability"),
    [
        ("MAIL FROM:<a@b> SIZE=9", "SIZE"), ("MAIL FROM:<a@b> SIZE=9", "SIZE 0"), ("MAIL FROM:<a@b> SIZE=9", "HELP"),
        ("MAIL FROM:<a@b>", "SIZE 1000"), ("MAIL FROM:<a@b> SIZE=much", "SIZE 1000"),
        (f"MAIL FROM:<a@b> SIZE={'9' * 5000}", "SIZE 1000"), ("MAIL FROM:<a@b> SIZE=9", f"SIZE {'9' * 5000}"),
    ],
)  # fmt: skip
def test_where_nothing_is_said_nothing_is_told(mail: str, capability: str) -> None:
    assert _weighed(mail, capability) == ""
