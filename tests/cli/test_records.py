"""`mailtutor replay FILE` where another program wrote the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor import paths
from mailtutor.capture import opening
from mailtutor.cli.dispatch import run
from mailtutor.errors import MailtutorError

TELNET = b"Escape character is '^]'.\n220 hi\nHELO x\n250 hi\nQUIT\n221 bye\n"
EML = b"From: a@b\nTo: c@d\nSubject: x\n\nhi\n"


@pytest.mark.parametrize(
    ("language", "data", "told", "shown"),
    [
        ("en", TELNET, "a telnet session", "C: HELO x"),
        ("zh", TELNET, "telnet 会话", "C: HELO x"),
        ("en", EML, "the delivery is made up", "C: RCPT TO:<c@d>"),
        ("zh", EML, "投递过程是虚构的", "C: RCPT TO:<c@d>"),
    ],
)
def test_it_is_printed_and_said_what_it_was_taken_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, data: bytes,
    told: str, shown: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    path = tmp_path / "a"
    path.write_bytes(data)
    assert run(["replay", str(path), "--plain"]) == 0
    printed = capsys.readouterr()
    assert told in printed.err
    assert shown in printed.out.splitlines()


def test_our_own_transcripts_stay_what_they_are() -> None:
    for path in paths.content("transcripts").glob("*.txt"):
        assert opening.read_recognised(path)[2] == ""


def test_of_a_file_that_is_too_long_the_beginning_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST", 60)
    path = tmp_path / "a"
    path.write_bytes(TELNET + b"x" * 100)
    events, wrong, kind = opening.read_recognised(path)
    assert (kind, len(events)) == ("telnet", 7)
    with pytest.raises(MailtutorError, match="too long"):
        opening.read_events(path)
    assert wrong is not None


def test_both_files_of_a_rawlog_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.in").write_bytes(b"1795974120.000002 a1 LOGOUT\r\n")
    (tmp_path / "a.out").write_bytes(b"1795974120.000001 * OK ready\r\n1795974120.500000 a1 OK out\r\n")
    for name in ("a.in", "a.out"):
        events, _, kind = opening.read_recognised(tmp_path / name)
        assert (kind, len(events)) == ("rawlog", 5)
