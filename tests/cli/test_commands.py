"""The command line as scripts meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from mailtutor.cli import main
from mailtutor.cli.moment import release_of
from mailtutor.cli.parser import VERBS
from mailtutor.paths import content
from mailtutor.store.files import write_trace
from mailtutor.text import catalogue
from mailtutor.trace.codec import HEADER, encode, load
from mailtutor.trace.events import (
    AnyEvent,
    Endpoint,
    FaultSwitched,
    FromClient,
    FromServer,
    LineTampered,
    Opened,
    TlsFailed,
)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


HEAVY = (
    "print(sorted({name.split('.')[0] for name in sys.modules} & {'textual', 'scapy', 'rich', 'asyncio', 'sqlite3'}))"
)


def test_version_loads_neither_textual_nor_scapy_nor_a_lab() -> None:
    script = "import sys; from mailtutor.cli import main; code = main(['--version']);" + HEAVY
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines() == ["mailtutor 0.1.0", "[]"]


def test_pure_rooms_load_no_screen_and_no_socket() -> None:
    rooms = ("reading.dialogue", "reading.redact", "reading.reference", "trace.codec", "message.dsn", "message.compose")
    script = "".join(f"import mailtutor.{room};" for room in rooms) + "import sys;" + HEAVY
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_command_has_help_with_an_example(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str, language: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    code, out, _ = _run(capsys, verb, "--help")
    assert code == 0
    assert f"mailtutor {verb}" in out
    assert "cli." not in out


def test_send_shows_both_hops_and_fetch_finds_the_mail(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "send", "--to", "bob", "--subject", "pickles", "--body", "hello")
    assert code == 0
    heads = [line.split(" (")[0] for line in out.splitlines() if line.startswith("#")]
    assert heads == [
        "# alice@crepes.fr → crepes.fr submission",
        "# crepes.fr → resolver dns",
        "# crepes.fr → hamburger.edu smtp",
    ]
    assert out.splitlines()[-1] == "S: 221 2.0.0 hamburger.edu closing connection"
    code, out, _ = _run(capsys, "fetch", "--protocol", "imap", "--json")
    found = json.loads(out)
    assert (code, len(found["messages"])) == (0, 1)
    assert "Subject: pickles" in found["messages"][0]
    code, out, _ = _run(capsys, "fetch", "--delete", "--json")
    assert len(json.loads(out)["messages"]) == 1
    code, out, _ = _run(capsys, "fetch", "--json")
    assert json.loads(out)["messages"] == []


def test_send_says_why_it_did_not_arrive(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "send", "--to", "nobody@hamburger.edu")
    assert code == 1
    assert err.startswith("mailtutor: not delivered: nobody@hamburger.edu: 550 5.1.1")


def test_send_later_leaves_the_message_in_the_queue(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "send", "--to", "bob", "--subject", "later", "--at", "+2h", "--json")
    sent = json.loads(out)
    assert (code, sent["delivered"], sent["scheduled"]) == (0, False, True)
    assert any("HOLDFOR=7200" in row["text"] for row in sent["dialogue"])
    assert not any("hamburger.edu closing" in row["text"] for row in sent["dialogue"])
    code, out, _ = _run(capsys, "fetch", "--json")
    assert json.loads(out)["messages"] == []


@pytest.mark.parametrize(
    ("written", "said"),
    [("+90s", "HOLDFOR=90"), ("2026-11-22T08:00+01:00", "HOLDUNTIL=2026-11-22T07:00:00Z"), ("", "")],
)
def test_a_time_is_said_as_smtp_has_it(written: str, said: str) -> None:
    assert release_of(written) == said


def test_send_carries_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "crêpe.bin").write_bytes(bytes(range(256)))
    code, _, _ = _run(capsys, "send", "--to", "bob", "--attach", str(tmp_path / "crêpe.bin"), "--body", "泡菜")
    assert code == 0
    _, out, _ = _run(capsys, "fetch", "--json")
    assert "Content-Disposition: attachment" in json.loads(out)["messages"][0]


def test_a_trace_has_no_passwords_unless_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kept, whole = tmp_path / "kept.jsonl", tmp_path / "whole.jsonl"
    _run(capsys, "fetch", "--trace", str(kept))
    _run(capsys, "fetch", "--trace", str(whole), "--with-passwords")
    assert b"pickles" not in kept.read_bytes()
    assert b"PASS pickles" in whole.read_bytes()
    with kept.open("rb") as file:
        assert len(load(file)) > 10
    code, out, _ = _run(capsys, "replay", str(kept), "--plain")
    assert code == 0
    assert "C: PASS *******" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate", "--x"], 2, ""),
        (["send"], 2, "--to"),
        (["send", "--to", "carol"], 2, "user@domain"),
        (["send", "--from", "carol", "--to", "bob"], 2, "no user carol"),
        (["send", "--to", "bob", "--at", "tea time"], 2, "no time; write +30m"),
        (["fetch", "--user", "carol"], 2, "no user carol"),
        (["fetch", "--lab", "nowhere.json"], 2, "cannot be read"),
        (["replay", "nothing-here"], 2, "alice-bob"),
        (["explain", "xyzzy"], 1, "xyzzy"),
        (["explain", "blah"], 1, "`mailtutor explain smtp` the"),
        (["explain", "greylistin"], 1, "greylisting"),
        (["explain", "RCTP"], 1, "RCPT"),
        (["serve", "--host", "192.0.2.1"], 3, "--host"),
        ([], 2, "--plain"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    got, _, err = _run(capsys, *arguments)
    assert got == code
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["send"], 2, "缺少：--to；用法见 `mailtutor send --help`"),
        (["send", "--to"], 2, "--to 后面要写一个值"),
        (["practice", "ftp"], 2, "protocol 不能是 'ftp'；可选 'smtp', 'pop3', 'imap'"),
        (["fetch", "--keep", "--delete"], 2, "--delete 和 --keep 不能一起用"),
        (["fetch", "--delete=now"], 2, "--delete 不带值，却写了 'now'"),
        (["replay", "alice-bob", "--speed", "fast"], 2, "--speed 要写数字，而不是 'fast'"),
        (["lab", "--frob"], 2, "看不懂：--frob"),
        (["fetch", "--l", "x"], 2, ""),
        (["send", "--to", "carol"], 2, "carol 不是地址"),
        (["send", "--from", "carol", "--to", "bob"], 2, "没有用户 carol；--from 可以是 alice 或 bob"),
        (["send", "--to", "nobody@hamburger.edu"], 1, "没有送达：nobody@hamburger.edu：550"),
        (["send", "--to", "bob", "--attach", "/nowhere"], 2, "/nowhere 读不了（没有这个文件或文件夹）"),
        (["replay", "nothing-here"], 2, "没有文件 nothing-here"),
        (["course", "77"], 2, "没有课程 '77'"),
    ],
)
def test_errors_are_said_in_chinese_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    got, _, err = _run(capsys, *arguments)
    assert got == code
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_in_chinese_has_no_words_of_argparse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    _, out, _ = _run(capsys, *filter(None, [verb]), "--help")
    assert out.startswith("用法:")
    for english in ("usage", "options:", "arguments:", "show this", "show program", "COMMAND"):
        assert english not in out


def test_a_name_with_escape_sequences_is_shown_as_symbols(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = _run(capsys, "replay", "\x1b]0;owned\x07")
    assert "\x1b" not in err
    assert "␛]0;owned␇" in err


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (["smtp", "RCPT"], "RFC 5321 §4.1.1.3"),
        (["451"], "4: not now"),
        (["252"], "Cannot verify"),
        (["5.7.1"], "policy"),
        (["PIPELINING"], "RFC 2920"),
        (["UIDL"], "RFC 1939"),
        (["received"], "RFC 5321 §4.4"),
        (["imap", "FETCH"], "RFC 3501"),
    ],
)
def test_explain(capsys: pytest.CaptureFixture[str], asked: list[str], meant: str) -> None:
    code, out, _ = _run(capsys, "explain", *asked)
    assert code == 0
    assert meant in out
    code, out, _ = _run(capsys, "explain", *asked, "--json")
    assert json.loads(out)["meanings"]


def test_explain_without_a_word_lists_what_can_be_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "explain")
    assert code == 0
    assert "\n  RCPT · envelope: to\n" in out
    assert "greylisting" in out
    code, out, _ = _run(capsys, "explain", "--json")
    listed = json.loads(out)["words"]
    assert {"group": "smtp", "word": "RCPT", "protocol": "smtp", "title": "envelope: to"} in listed


def test_explain_names_the_lessons_about_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "explain", "RCPT")
    assert "2 SMTP by hand" in out
    _, out, _ = _run(capsys, "explain", "pop3", "DELE", "--json")
    assert "03-push-then-pull" in json.loads(out)["lessons"]
    _, out, _ = _run(capsys, "explain", "TURN", "--json")
    assert json.loads(out)["lessons"] == []


def test_of_several_words_those_known_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "explain", "maildrop", "xyzzy", "mail", "from")
    assert code == 1
    assert "maildrop · " in out
    assert "MAIL · " in out
    assert "xyzzy" in err
    assert "maildrop" not in err
    code, out, err = _run(capsys, "explain", "tag", "flag")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_status_is_a_sentence_and_a_line_for_each_reply(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    _, out, _ = _run(capsys, "explain", "BAD")
    lines = out.splitlines()
    assert lines[0].startswith("BAD · ")
    assert lines[1] == catalogue.words(language)("reply.status.BAD")
    assert all(line.startswith("  BAD ") for line in lines[2:])
    assert "： " not in out


def test_replay_prints_a_broken_trace_up_to_the_break_and_says_where_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    head = b'{"event":"trace","format":"mailtutor-trace","version":1}\n'
    opened = (
        b'{"event":"opened","t":0,"at":0,"conn":1,"protocol":"smtp","service":"smtp",'
        b'"client":{"name":"a","address":"","port":1},"server":{"name":"b","address":"","port":25}}\n'
    )
    said = b'{"event":"server","t":1,"at":1,"conn":1,"data":"220 b\\r\\n"}\n'
    path = tmp_path / "broken.jsonl"
    path.write_bytes(head + opened + said + b'{"event":\n' + said)
    code, out, err = _run(capsys, "replay", str(path), "--plain")
    assert code == 1
    assert out.splitlines()[-1] == "S: 220 b"
    assert "line 4" in err


def test_replay_prints_the_transcript_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "replay", "alice-bob", "--plain")
    assert code == 0
    assert out.splitlines()[1:4] == [
        "S: 220 hamburger.edu",
        "C: HELO crepes.fr",
        "S: 250 Hello crepes.fr, pleased to meet you",
    ]
    _, out, _ = _run(capsys, "replay", "alice-bob", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["verb"] for row in rows if row["source"] == "C" and row["verb"]] == [
        "HELO", "MAIL", "RCPT", "DATA", ".", "QUIT",
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "title"), [("en", "Bob fetches his mail"), ("zh", "Bob 取信并删除")])
def test_replay_without_a_file_lists_our_own_and_how_to_open_them(
    language: str, title: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    code, _, err = _run(capsys, "replay")
    assert code == 2
    assert re.search(rf"  bob-pop3 +{re.escape(title)}", err)
    assert "mailtutor replay alice-bob --plain" in err


@pytest.mark.parametrize(("language", "head"), [("en", "Saved in this folder"), ("zh", "存在当前文件夹里的")])
def test_replay_without_a_file_lists_what_was_saved_here_and_opens_it_by_its_name(
    language: str, head: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    monkeypatch.chdir(tmp_path)
    _, _, err = _run(capsys, "replay")
    assert head not in err
    write_trace(tmp_path / "mine.jsonl", [FaultSwitched(t=0, at=0, host="crepes.fr", fault="down", on=True)])
    (tmp_path / "other.jsonl").write_text('{"a": 1}\n')
    for number in range(20):
        write_trace(tmp_path / f"old-{number}.jsonl", [])
        os.utime(tmp_path / f"old-{number}.jsonl", (1, 1))
    _, _, err = _run(capsys, "replay")
    assert head in err
    assert re.search(r"\n  mine\.jsonl  \d{4}-\d\d-\d\d \d\d:\d\d\n", err)
    assert "other.jsonl" not in err
    assert err.count("old-") == 19
    assert _run(capsys, "replay", "mine", "--json")[0] == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_doctor_prints_a_table_with_what_its_marks_mean(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    _, out, _ = _run(capsys, "doctor")
    lines = out.splitlines()
    assert lines[0].startswith("✔")
    assert "–" in lines[0]
    found = [line for line in lines if "127.0.0.2" in line or "3.11" in line or "3.12" in line or "3.13" in line]
    columns = {cell_len(line[: re.search(r"\d+\.\d+\.\d+", line).start()]) for line in found}  # type: ignore[union-attr]
    assert len(columns) == 1


def test_doctor_names_what_this_machine_allows(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "doctor", "--json")
    assert code == 0
    checks = {row["check"]: row["ok"] for row in json.loads(out)["findings"]}
    assert checks["python"]
    assert {"addresses", "ports", "low_ports", "capture", "terminal"} <= set(checks)


def test_lessons_are_listed_with_what_they_teach(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "lessons", "--json")
    assert code == 0
    listed = [json.loads(line) for line in out.splitlines()]
    assert [one["id"] for one in listed] == sorted(
        path.parent.name for path in content("lessons").glob("*/lesson.toml")
    )
    _, out, _ = _run(capsys, "lessons", "--coverage", "--json")
    rows = json.loads(out)["rows"]
    assert {(row, lesson) for row, lessons in rows.items() for lesson in lessons} == {
        (row, one["id"]) for one in listed for row in one["covers"]
    }


def test_a_refusal_of_pop3_is_a_word_and_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "explain", "-ERR")
    assert (code, out[:4]) == (0, "-ERR")


def _tampered(tmp_path: Path) -> Path:
    """A trace in which a command was changed, a reply dropped, and TLS came to nothing."""
    here, there = Endpoint("bob", "127.0.0.5", 4), Endpoint("hamburger.edu", "127.0.0.3", 2110)
    happened: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol="pop3", service="pop3", client=here, server=there),
        FromServer(t=0, at=0, conn=1, data=b"+OK hi\r\n"),
        LineTampered(t=0, at=0, conn=1, source="client", was=b"USER bob\r\n", became=b"USER \x1b[2Jeve\r\n"),
        FromClient(t=0, at=0, conn=1, data=b"USER \x1b[2Jeve\r\n"),
        LineTampered(t=0, at=0, conn=1, source="server", was=b"+OK\r\n", became=b""),
        TlsFailed(t=0, at=0, conn=1, why="unknown ca"),
    ]
    file = tmp_path / "tampered.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in (HEADER, *map(encode, happened))))
    return file


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["* C> USER bob was changed:", "* S> +OK was dropped", "* TLS failed"]),
        ("zh", ["* C> USER bob 被改成：", "* S> +OK 被丢弃", "* TLS"]),
    ],
)
def test_replay_prints_what_happened_between_the_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str, told: list[str]
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    code, out, _ = _run(capsys, "replay", str(_tampered(tmp_path)), "--plain")
    assert code == 0
    notes = [line for line in out.splitlines() if line.startswith("*")]
    assert [note for note, begins in zip(notes, told, strict=True) if not note.startswith(begins)] == []
    assert "\x1b" not in out
    lines = [line[:1] for line in out.splitlines()]
    assert lines == ["#", "S", "*", "C", "*", "*"]


def test_replay_names_it_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = _run(capsys, "replay", str(_tampered(tmp_path)), "--json")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row.get("note", row["kind"]) for row in rows] == [
        "greeting", "changed", "command", "dropped", "tls-failed",
    ]  # fmt: skip
    assert rows[1]["was"] == "USER bob\r\n"
    assert rows[3]["became"] == ""
    assert rows[4]["why"] == "unknown ca"
    assert {row["kind"] for row in rows if "note" in row} == {"note"}


@pytest.mark.parametrize("more", ["> NOTIFY=NEVER ORCPT=rfc822;x", "\r\nRCPT TO:<alice@crepes.fr>", ",eve@crepes.fr"])
def test_an_address_is_all_that_to_can_say(capsys: pytest.CaptureFixture[str], more: str) -> None:
    assert main(["send", "--to", f"bob@hamburger.edu{more}", "--body", "x"]) == 2
    told = capsys.readouterr()
    assert "is not an address" in told.err
    assert "RCPT" not in told.out


def test_what_is_too_large_is_told_with_its_size_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(9_000_000))
    assert main(["send", "--to", "bob", "--attach", str(large)]) == 1
    told = capsys.readouterr()
    first, *said = told.out.splitlines()
    assert first.startswith("* the message has 12,")
    assert first.endswith("its server takes up to 10,485,760")
    assert "MAIL FROM" not in "".join(said)
    assert "10485760" in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "--to", "bob", "--body", "x"],
        ["fetch", "--user", "bob"],
        ["fetch", "--user", "bob", "--protocol", "imap"],
    ],
)
def test_a_password_is_printed_only_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    secrets = ("AGFsaWNlAGJhZ3VldHRl", "pickles")
    for asked in ([], ["--json"]):
        assert main([*arguments, *asked]) == 0
        printed = capsys.readouterr().out
        assert "****" in printed
        assert not any(secret in printed for secret in secrets)
    assert main([*arguments, "--with-passwords"]) == 0
    printed = capsys.readouterr().out
    assert any(secret in printed for secret in secrets)
