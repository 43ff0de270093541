"""`mailtutor mailbox` as scripts and administrators meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailtutor import paths
from mailtutor.cli import main
from mailtutor.store.lock import Lock

LETTERS = b"".join(
    b"From - Wed Jan 03 01:05:34 1996\nStatus: RO\nSubject: %d\n\nhello\n\n" % number for number in range(3)
)


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["mailbox", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    file = tmp_path / "bob.mbox"
    file.write_bytes(LETTERS)
    return file


@pytest.mark.parametrize("verb", ["import", "export"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_have_help_with_an_example(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str, language: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    code, out, _ = _run(capsys, verb, "--help")
    assert code == 0
    assert out.count(f"mailtutor mailbox {verb}") == 2
    assert "cli." not in out


def test_what_is_imported_is_served_and_exported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mbox: Path
) -> None:
    assert _run(capsys, "import", "--user", "bob", mbox) == (0, "INBOX: 3 added, 0 there already\n", "")
    assert _run(capsys, "import", "--user", "bob@hamburger.edu", mbox) == (0, "INBOX: 0 added, 3 there already\n", "")
    assert main(["fetch", "--user", "bob", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["messages"]) == 3
    out = tmp_path / "out"
    assert _run(capsys, "export", "--user", "bob", "--all", "--to", "maildir", "-o", out) == (
        0,
        "INBOX: 3 messages\n",
        "",
    )
    assert len(list((out / "cur").iterdir())) == 3
    code, said, _ = _run(capsys, "export", "--user", "bob", "--to", "eml", "-o", tmp_path / "eml")
    assert code == 0
    assert said.splitlines()[1:] == ["3 messages lost flags that files of this kind have no place for"]


def test_json_is_one_object(capsys: pytest.CaptureFixture[str], tmp_path: Path, mbox: Path) -> None:
    (tmp_path / "empty.eml").touch()
    paths_ = (mbox, tmp_path / "empty.eml")
    code, out, err = _run(capsys, "import", "--user", "alice", "--mailbox", "Old", "--from", "mbox", *paths_, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "event": "imported", "user": "alice@crepes.fr", "added": 3, "known": 0, "skipped": 0, "problems": [],
        "mailboxes": {"Old": {"added": 3, "known": 0}},
    }  # fmt: skip
    target = tmp_path / "x"
    code, out, _ = _run(capsys, "export", "--user", "alice", "--mailbox", "Old", "--to", "eml", "-o", target, "--json")
    assert json.loads(out) == {
        "event": "exported", "user": "alice@crepes.fr", "to": "eml", "path": str(target), "messages": 3,
        "mailboxes": {"Old": 3}, "without_flags": 3,
    }  # fmt: skip


def test_what_could_not_be_read_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.eml").touch()
    (tmp_path / "5.eml").write_bytes(b"Subject: a\n\n")
    code, out, err = _run(capsys, "import", "--user", "bob", tmp_path)
    assert (code, out) == (1, "INBOX: 1 added, 0 there already\n")
    first = "; ".join(f"{tmp_path / f'{number}.eml'}: it is empty" for number in range(3))
    assert err == f"mailtutor: 5 not imported: {first}; and 2 more\n"
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    code, out, err = _run(capsys, "import", "--user", "bob", tmp_path, "--json")
    assert (code, len(json.loads(out)["problems"])) == (1, 5)
    assert "有 5 处没有导入" in err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["import", "--user", "eve", "{mbox}"], 2, "there is no user eve; --user takes alice or bob"),
        (["import", "--user", "bob", "{tmp}/none"], 1, "none cannot be read (No such file or directory)"),
        (["import", "--user", "bob", "{tmp}/text"], 2, "say which it is with --from"),
        (["import", "--user", "bob", "{tmp}", "--from", "eml"], 1, "there is no eml in"),
        (["import", "--user", "bob", "{mbox}", "--mailbox", "a*"], 2, "a*: a mailbox cannot be called that"),
        (["export", "--user", "bob", "--to", "mbox", "-o", "x"], 1, "no lab has kept its mail in"),
        (["export", "--user", "bob", "--to", "mbox"], 2, "missing: -o/--output"),
        (["export", "--user", "bob", "--to", "mbox", "-o", "x", "--all", "--mailbox", "a"], 2, "exclude each other"),
        ([], 2, "missing: COMMAND"),
    ],
)
def test_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mbox: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "text").write_bytes(b"dear bob,\n")
    given = [argument.format(mbox=mbox, tmp=tmp_path) for argument in arguments]
    found, out, err = _run(capsys, *given)
    assert (found, out, len(err.splitlines())) == (code, "", 1)
    assert told in err


def test_a_mailbox_that_is_not_there_is_told_with_those_that_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mbox: Path
) -> None:
    _run(capsys, "import", "--user", "bob", mbox, "--mailbox", "Old")
    code, _, err = _run(capsys, "export", "--user", "bob", "--to", "mbox", "-o", tmp_path / "x")
    assert (code, err) == (1, "mailtutor: bob@hamburger.edu has no mailbox INBOX; there are: Old\n")


@pytest.mark.parametrize("verb", [["import"], ["export", "--to", "mbox", "-o"]])
def test_a_folder_a_lab_runs_in_is_left_alone(capsys: pytest.CaptureFixture[str], mbox: Path, verb: list[str]) -> None:
    _run(capsys, "import", "--user", "bob", mbox)
    lock = Lock(paths.lab_data() / "lab.lock")
    try:
        code, _, err = _run(capsys, verb[0], "--user", "bob", *verb[1:], mbox)
    finally:
        lock.release()
    assert code == 1
    assert err.startswith("mailtutor: another mailtutor uses the folder")
    assert mbox.read_bytes() == LETTERS
