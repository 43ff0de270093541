"""`mailtutor beside`: the figures it prints are those of what really crossed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailtutor.cli import main
from mailtutor.lab import site
from mailtutor.lab.options import Options
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.ways import ways
from mailtutor.session import Session
from mailtutor.trace.codec import load
from mailtutor.trace.events import FromClient, FromServer, Opened


def _facts(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, object]]:
    assert main(["beside", "--json", *arguments]) == 0
    found: dict[str, dict[str, object]] = json.loads(capsys.readouterr().out)["ways"]
    return found


def test_ten_pictures_go_both_ways(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace = tmp_path / "beside.jsonl"
    found = _facts(capsys, "--connections", "2", "--delay", "100", "--trace", str(trace))
    page, mail, file = found["page"], found["mail"], found["file"]
    size = sum(map(len, site.pictures().values()))
    assert page["octets_before"] == page["octets_encoded"] == mail["octets_before"] == size
    assert int(str(mail["octets_encoded"])) > size * 4 / 3
    assert (page["push"], mail["push"]) == (False, True)
    assert (page["in_band"], mail["in_band"], file["in_band"]) == (True, True, False)
    assert (page["connections"], mail["connections"]) == (2, 2)
    assert (page["units"], mail["units"]) == (11, 1)
    # Handshake and page, then another handshake and five pictures.
    assert (page["round_trips"], page["wait_s"]) == (8, 1.6)
    events = load(trace.read_bytes().splitlines(keepends=True))
    crossed = {"http": 0, "smtp": 0}
    protocol = {}
    for event in events:
        if isinstance(event, Opened):
            protocol[event.conn] = event.protocol
        elif isinstance(event, (FromClient, FromServer)) and protocol[event.conn] in crossed:
            crossed[protocol[event.conn]] += len(event.data)
    assert crossed == {"http": page["octets"], "smtp": mail["octets"]}
    # Saved and read again it gives the same.
    dialogue = Dialogue()
    dialogue.take(events, 0)
    assert {kind: way.trips for kind, way in ways(dialogue).items()} == {
        kind: found[kind]["round_trips"] for kind in ("page", "mail")
    }


@pytest.mark.parametrize(("language", "band"), [("en", "out of band"), ("zh", "带外")])
def test_the_table_says_it_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, band: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    assert main(["beside", "--dialogue"]) == 0
    out = capsys.readouterr().out
    assert "GET /egg.png HTTP/1.1" in out
    assert "MAIL FROM:<alice@crepes.fr>" in out
    assert band in out
    assert "ways." not in out
    assert "\x1b" not in out


@pytest.mark.parametrize("wrong", [["--delay", "-1"], ["--delay", "nan"], ["--connections", "0"], ["--delay", "x"]])
def test_a_wrong_number_is_answered_in_one_line(capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    assert main(["beside", *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_one_text_in_four_forms_meets_servers_that_take_all_and_those_that_do_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "你好，bob！"
    assert main(["beside", "--text", text, "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(told) == 12
    by_case = {(one["form"], tuple(one["without"])): one for one in told}
    for (form, without), one in by_case.items():
        first, *rest = one["hops"]
        arrives = form in ("base64", "quoted-printable") or not without or (form == "8bit" and len(without) == 1)
        assert bool(one["failures"]) is not arrives, (form, without)
        assert len(rest) == arrives
        assert first["offered"] == ["8BITMIME", "SMTPUTF8"]
        # The octets of the text and its line end, whatever they were written as.
        assert all(hop["text"] == len(text.encode()) + 2 for hop in one["hops"] if hop["encoding"] != "base64")
        assert first["is_ascii"] is (form in ("base64", "quoted-printable"))
        assert first["declared"] == {
            "8bit": ["BODY=8BITMIME"],
            "utf8": ["BODY=8BITMIME", "SMTPUTF8"],
        }.get(form, [])
    sizes = {form: one["hops"][0]["body"] for (form, without), one in by_case.items() if not without}
    assert sizes["8bit"] == sizes["utf8"] < sizes["base64"] < sizes["quoted-printable"]


@pytest.mark.parametrize("text", ["a\r\nBcc: eve@x", "\udcff", "x" * 3000])
def test_any_text_may_be_sent(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["beside", "--text", text]) == 0
    out = capsys.readouterr().out
    assert "quoted-printable" in out
    assert "Traceback" not in out


def test_a_message_larger_than_its_server_takes_is_not_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    lab = Session(tmp_path / "lab", options=Options(limits=["crepes.fr:size=2K"]))
    lab.start()
    try:
        picture = tmp_path / "crepe.png"
        picture.write_bytes(site.pictures()["crepe.png"])
        ready = str(tmp_path / "lab" / "ready.json")
        assert main(["send", "--to", "bob", "--body", "小", "--lab", ready]) == 0
        assert "服务器最多收 2,048 字节" in capsys.readouterr().out.splitlines()[0]
        assert main(["send", "--to", "bob", "--attach", str(picture), "--lab", ready]) == 1
        said = capsys.readouterr()
        assert "服务器最多收 2048 字节，而这封信有" in said.err
        assert "MAIL FROM" not in said.out
    finally:
        lab.stop()


@pytest.mark.slow
def test_what_a_server_cannot_take_is_told_in_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    assert main(["beside", "--text", "你好"]) == 0
    printed = capsys.readouterr().out
    assert "服务器不提供 SMTPUTF8" in printed
    assert "does not offer" not in printed
