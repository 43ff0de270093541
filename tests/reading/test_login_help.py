"""Where the helper for AUTH begins: with what this person would say next."""

from __future__ import annotations

import pytest

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.escapes import meant
from mailtutor.reading.login_help import beginning
from mailtutor.trace.transcript import parse

BEGUN = "S: 220 x\nC: EHLO me\nS: 250 AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256\n"


@pytest.mark.parametrize(
    ("protocol", "said", "text", "line"),
    [
        ("smtp", BEGUN, "\\0bob\\0pickles", "AUTH PLAIN AGJvYgBwaWNrbGVz"),
        ("smtp", BEGUN + "C: AUTH PLAIN\nS: 334\n", "\\0bob\\0pickles", "AGJvYgBwaWNrbGVz"),
        ("smtp", BEGUN + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n", "bob", "Ym9i"),
        (
            "smtp",
            BEGUN + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: Ym9i\nS: 334 UGFzc3dvcmQ6\n",
            "pickles",
            "cGlja2xlcw==",
        ),
        ("smtp", BEGUN + "C: AUTH SCRAM-SHA-256\nS: 334\n", "", ""),
        (
            "imap",
            "S: * OK x\nC: a1 CAPABILITY\nS: a1 OK\n",
            "\\0bob\\0pickles",
            "a2 AUTHENTICATE PLAIN AGJvYgBwaWNrbGVz",
        ),
        ("pop3", "S: +OK x\n", "\\0bob\\0pickles", "AUTH PLAIN AGJvYgBwaWNrbGVz"),
    ],
)
def test_what_is_to_be_encoded_and_the_line_that_comes_of_it(protocol: str, said: str, text: str, line: str) -> None:
    dialogue = Dialogue()
    dialogue.take(parse(f"# protocol: {protocol}\n{said}".encode()).events()[:-1], 0)
    connection = dialogue.connections[1]
    begin = beginning(protocol, connection.state, connection.rows, "bob", "pickles")
    assert begin.text == text
    assert begin.line(meant(begin.text)) == line


def test_cram_md5_answers_the_challenge() -> None:
    dialogue = Dialogue()
    # The challenge and the answer of RFC 2195 §2.
    said = "C: AUTH CRAM-MD5\nS: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n"
    dialogue.take(parse(f"# protocol: smtp\n{BEGUN}{said}".encode()).events()[:-1], 0)
    connection = dialogue.connections[1]
    begin = beginning("smtp", connection.state, connection.rows, "tim", "tanstaaftanstaaf")
    assert begin.asked == b"<1896.697170952@postoffice.reston.mci.net>"
    assert begin.text == "tim b913a602c7eda7a495b4e6e7334d3890"
