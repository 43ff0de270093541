"""`mailtutor message` as people and scripts meet it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings

from mailtutor.cli import main
from tests.message.shelf import picture, shelf
from tests.message.test_anatomy import mutated

SHELF = shelf()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["message", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.eml"
    path.write_bytes(SHELF["dangerous-name"])
    return path


def test_the_shelf_is_listed_with_what_each_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, "--shelf")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == sorted(SHELF)
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    _, out, _ = run(capsys, "--shelf", "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert Path(listed[0]["file"]).read_bytes() == SHELF[listed[0]["name"]]
    assert "multipart" in next(one["shows"] for one in listed if one["name"] == "nested")


def test_a_message_is_printed_with_its_tree_path_and_defects(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "nested")
    assert (code, err) == (0, "")
    assert "│ │ └─1.1.2  text/html" in out
    assert "nothing is wrong" in out
    assert "1  cid:ketchup-15@crepes.fr – names part 2, image/png" in run(capsys, "related")[1]
    code, out, _ = run(capsys, "spoofed-from")
    assert "⚠ The display name looks like an address, alice@crepes.fr; the real one is winner@example.net." in out
    code, out, _ = run(capsys, "never-closed")
    assert (code, "The closing line --b-- is missing" in out) == (0, True)


def test_a_part_is_printed_step_by_step_with_its_bits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "utf8-base64", "--part", "1")
    assert code == 0
    assert "e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g" in out
    assert "│ 你好，鲍勃！" in out
    _, out, _ = run(capsys, "latin1-quoted", "--part", "0")
    assert "=EA → ea  (one octet as = and two hexadecimal digits)" in out


def test_raw_prints_each_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "dangerous-name", "--part", "2", "--raw")
    at = SHELF["dangerous-name"].index(b'Content-Disposition: attachment; filename="../')
    assert f'{at:>8}  Content-Disposition: attachment; filename="../../etc/pass␛[31mwd"␍␊' in out


def test_json_has_spans_that_point_at_the_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "attachment", "--json")
    facts = json.loads(out)
    raw = SHELF["attachment"]
    assert (code, facts["message"], facts["octets"]) == (0, "attachment", len(raw))
    whole, text, image = facts["parts"]
    assert raw[slice(*text["body"])] == b"See what I found."
    assert [raw[slice(*one)] for one in whole["delimiters"]] == [
        b"--cut-here\r\n",
        b"--cut-here\r\n",
        b"--cut-here--\r\n",
    ]
    subject = next(one for one in whole["fields"] if one["name"] == "subject")
    assert raw[slice(*subject["span"])] == b"Subject: The ketchup\r\n"
    assert raw[slice(*subject["pieces"][0]["span"])] == b"The ketchup"
    assert (image["name"], image["steps"][1]["octets"]) == ("ketchup.png", len(picture()))
    _, out, _ = run(capsys, "attachment", "--json", "--part", "2")
    assert json.loads(out)["part"] == image


def test_json_of_a_report_a_path_and_an_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "related", "--json")
    assert [(one["part"], one["names"]) for one in json.loads(out)["links"]] == [("1", "2")]
    _, out, _ = run(capsys, "dsn", "--json")
    report = json.loads(out)["report"]
    assert (report["kind"], report["part"], len(report["groups"])) == ("dsn", "2", 2)
    _, out, _ = run(
        capsys, "long-path", "--json", "--envelope-from", "<x@example.com>", "--envelope-to", "y@example.com"
    )
    facts = json.loads(out)
    assert [hop["delay_s"] for hop in facts["path"]] == [None, 3, -58, 391]
    assert facts["envelope"]["sender"] == "x@example.com"
    assert [one["key"] for one in facts["envelope"]["differences"]] == ["from_differs", "hidden", "not_here"]


def test_a_message_comes_from_standard_input_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Subject: hi\n\nthere\n")))
    code, out, _ = run(capsys, "-", "--json")
    assert code == 0
    assert [one["key"] for one in json.loads(out)["parts"][0]["defects"]] == ["lf_file", "missing", "missing"]


def test_attachments_are_saved_under_clean_names_and_over_nothing(
    capsys: pytest.CaptureFixture[str], letter: Path
) -> None:
    folder = letter.parent / "deep" / "folder"
    code, out, _ = run(capsys, str(letter), "--save", str(folder))
    assert code == 0
    assert "pass[31mwd" in out
    assert "\x1b" not in out
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("pass[31mwd", b"boo")]
    run(capsys, str(letter), "--save", str(folder))
    assert sorted(file.name for file in folder.iterdir()) == ["pass[31mwd", "pass[31mwd-2"]
    assert sorted(file.name for file in letter.parent.iterdir()) == ["deep", "letter.eml"]


def test_a_link_with_the_name_of_an_attachment_is_not_followed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "ketchup.png").symlink_to(tmp_path / "elsewhere")
    code, out, _ = run(capsys, "attachment", "--save", str(tmp_path), "--json")
    saved = json.loads(out)
    assert (code, Path(saved["path"]).name, saved["octets"]) == (0, "ketchup-2.png", len(picture()))
    assert Path(saved["path"]).read_bytes() == picture()
    assert not (tmp_path / "elsewhere").exists()


def test_any_part_can_be_saved_and_there_may_be_nothing_to_save(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "gbk", "--part", "0", "--save", str(tmp_path))
    assert (tmp_path / "part-0").read_bytes().decode("gbk").startswith("你好")
    assert run(capsys, "plain", "--save", str(tmp_path))[:2] == (0, "no attachments\n")
    (tmp_path / "file").touch()
    code, _, err = run(capsys, "attachment", "--save", str(tmp_path / "file"))
    assert (code, err.count("\n"), "cannot be written" in err) == (1, 1, True)


def test_what_is_not_there_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for arguments, code, words in (
        ([], 2, "name a message"),
        (["nobody\x1b[31m"], 2, "there is no message nobody␛[31m; our own are: alternative"),
        (["plain", "--part", "7"], 2, "there is no part 7; there are: 0"),
        ([str(tmp_path)], 1, "cannot be read"),
        (["plain", "--screen"], 2, "no terminal here"),
        (["--shelf", "--screen"], 2, "no terminal here"),
        (["--text", "x", "--screen"], 2, "no terminal here"),
        (["--octets", __file__, "--screen"], 2, "no terminal here"),
        (["--octets", str(tmp_path), "--screen"], 1, "cannot be read"),
        (["--text", "x" * 1001, "--screen"], 2, "--text takes up to 1000"),
        (["--build-up", "--screen"], 2, "--screen opens a message"),
        (["--text", "x" * 1001], 2, "--text takes up to 1000"),
    ):
        found, out, err = run(capsys, *arguments)
        assert (found, out, err.count("\n"), words in err) == (code, "", 1, True), err


def test_a_text_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--text", "你é")
    assert code == 0
    assert "big5        has no é" in out
    assert "c3 a9" in out
    _, out, _ = run(capsys, "--text", "你", "--json")
    facts = json.loads(out)
    assert facts["base64"] == [
        {"octets": "e4bda0", "bits": "111001001011110110100000", "sixes": [57, 11, 54, 32], "characters": "5L2g"}
    ]
    assert [one["written"] for one in facts["quoted"]] == ["=E4", "=BD", "=A0"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mutated())
def test_whatever_the_message_no_escape_byte_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    for more in ((), ("--part", "0"), ("--raw",), ("--json",)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code, out, err = run(capsys, "-", *more)
        assert (code, err) == (0, "")
        # A space is seen for what it is, be it narrow, wide or one that holds two words together.
        assert [one for one in out if not one.isprintable() and one != "\n" and category(one) != "Zs"] == []


def test_a_picture_is_told_of_and_drawn_in_signs_where_there_are_no_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "picture", "--part", "1")
    assert code == 0
    assert "PNG, 24 × 20 pixels" in out
    assert "main colours: #f6f1e4 60%" in out
    assert "  @@@@@@@**++@@@@@@@@@@@@@\n" in out
    assert "\x1b" not in out


def test_a_picture_is_drawn_in_colours_where_there_are_some(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtutor.cli.letters.has_colour", lambda _: True)
    for name, seen in (("truecolor", "48;2;246;241;228"), ("", "48;5;")):
        monkeypatch.setenv("COLORTERM", name)
        assert seen in run(capsys, "picture", "--part", "1")[1]
    assert "▄" not in run(capsys, "picture", "--part", "1", "--ascii")[1]


@pytest.mark.slow
def test_a_message_is_built_up_field_by_field_through_a_lab(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--build-up", "你好", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [one["sees"] for one in told] == ["encoded", "encoded", "rubbish", "text", "text", "text"]
    assert (told[0]["sample"], told[3]["sample"]) == ("5L2g5aW9", "你好")
    assert all(" 250 " in one["reply"] for one in told)
    assert told[5]["id"].startswith("<text-")
    code, out, _ = run(capsys, "--build-up", "picture")
    assert code == 0
    assert "→ It shows the picture." in out
    assert "@@@@@@@**++@@@@@@@@@@@@@" in out
    assert run(capsys, "--build-up", "x" * 2000)[0] == 2


def test_a_text_is_spelled_as_header_fields_carry_it_and_a_file_bit_by_bit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = run(capsys, "--text", "你好")[1]
    assert "=?utf-8?b?5L2g5aW9?=" in out
    assert "filename*=utf-8''%E4%BD%A0%E5%A5%BD" in out
    file = tmp_path / "own.bin"
    file.write_bytes(b"\xe4\xbd\xa0!")
    code, out, _ = run(capsys, "--octets", str(file))
    assert code == 0
    assert "own.bin: 4 octets" in out
    assert "e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g" in out
    assert "2 = fill the group" in out
    told = json.loads(run(capsys, "--octets", str(file), "--json")[1])
    assert told["on_the_wire"] == {"base64": 10, "quoted": 10}
    assert [one["characters"] for one in told["base64"]] == ["5L2g", "IQ=="]
    assert run(capsys, "--octets", str(tmp_path / "none"))[0] == 1
