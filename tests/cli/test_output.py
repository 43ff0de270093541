"""What is printed for programs can be printed on a terminal too."""

from __future__ import annotations

import json

import pytest

from mailtutor.cli.output import print_json


def test_json_has_no_character_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"text": "a\x1b[2J\x9b2J\x7f \u202ereversed\u202c 鲍勃 \U000e0001", "n": 1}
    print_json(facts)
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert out[:-1].isprintable()
    assert "\\u009b" in out
    assert "\\u202e" in out
    assert "鲍勃" in out
    assert json.loads(out) == facts
