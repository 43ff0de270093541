"""What is printed for programs can be printed on a terminal too."""

from __future__ import annotations

import json

import pytest

from mailtutor.cli.output import head_text, print_json
from mailtutor.reading.dialogue import Dialogue, TlsRow
from mailtutor.reading.secured import headline
from mailtutor.text.catalogue import words
from mailtutor.trace.events import Endpoint, FromServer, Opened, TlsBegun


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


@pytest.mark.parametrize(
    ("client", "server", "told"),
    [
        (Endpoint("", "", 0), Endpoint("", "", 0), "# ? → ? smtp"),
        (Endpoint("", "", 0), Endpoint("", "127.0.0.3", 0), "# ? → 127.0.0.3 smtp (127.0.0.3)"),
        (Endpoint("", "10.0.0.1", 9), Endpoint("", "10.0.0.2", 25), "# 10.0.0.1:9 → 10.0.0.2:25 smtp (10.0.0.2:25)"),
        (Endpoint("crepes.fr", "", 0), Endpoint("hamburger.edu", "", 25), "# crepes.fr → hamburger.edu smtp (:25)"),
    ],
)
def test_who_speaks_is_told_as_far_as_it_is_known(client: Endpoint, server: Endpoint, told: str) -> None:
    dialogue = Dialogue()
    opened = Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=client, server=server)
    dialogue.take([opened, FromServer(t=0, at=0, conn=1, data=b"220 x\r\n")], 0)
    assert head_text(dialogue.connections[1]) == told


def test_tls_of_which_nothing_is_known_is_told_in_a_whole_sentence() -> None:
    dialogue = Dialogue()
    opened = Opened(
        t=0, at=0, conn=1, protocol="smtp", service="smtp", client=Endpoint("", "", 0), server=Endpoint("", "", 0)
    )
    dialogue.take([opened, TlsBegun(t=0, at=0, conn=1, version="TLS", cipher="")], 0)
    (row,) = dialogue.note_rows
    assert isinstance(row, TlsRow)
    assert [headline(row, words(language)) for language in ("en", "zh")] == ["TLS stands", "TLS 建立了"]
