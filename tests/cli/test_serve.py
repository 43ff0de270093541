"""`mailtutor serve` as a script starts it: its own process, its ready line, its signals."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from mailtutor.cli import main
from mailtutor.cli.serve import Notices
from mailtutor.errors import Sentence
from mailtutor.store.recording import WAITING_LIMIT
from mailtutor.trace.codec import load

pytestmark = pytest.mark.slow


class Server:
    """A serving process; `ready` is its first line."""

    def __init__(self, *arguments: str, data: Path) -> None:
        command = [sys.executable, "-m", "mailtutor", "serve", "--json", "--data", str(data), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        self.out: IO[bytes] = self.process.stdout
        self.ready = json.loads(self.out.readline())

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Sends a signal; gives the exit code and what was said on standard error."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err.decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(data=tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=20)


def _door(server: Server, host: str, service: str) -> tuple[str, int]:
    facts = server.ready["hosts"][host]
    return facts["address"], facts[service]


def test_the_ready_line_has_what_the_contract_names(server: Server) -> None:
    assert server.ready["event"] == "ready"
    assert set(server.ready["hosts"]) == {"crepes.fr", "hamburger.edu"}
    doors = {"address", "smtp", "submission", "smtps", "pop3", "pop3s", "imap", "imaps", "http"}
    assert all(set(host) == doors for host in server.ready["hosts"].values())
    assert server.ready["users"]["bob@hamburger.edu"]["username"] == "bob"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_cleanly_and_the_mail_is_kept(tmp_path: Path, number: int) -> None:
    server = Server(data=tmp_path / "data")
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10) as smtp:
        smtp.sendmail("a@example.org", ["bob@hamburger.edu"], "Subject: kept\r\n\r\nhello\r\n")
        code, err = server.end(number)
        smtp.close()
    assert code == 0
    # Other tests may hold the friendly ports meanwhile; nothing else may be said.
    assert [line for line in err.splitlines() if "ports taken by another program" not in line] == []
    again = Server(data=tmp_path / "data")
    appended = [json.loads(line) for line in (again.out.readline() for _ in range(3))]
    assert [event["subject"] for event in appended if event["event"] == "appended"] == ["kept"]
    again.end()


def test_a_kill_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    server = Server(data=tmp_path / "data")
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10) as smtp:
        smtp.sendmail("a@example.org", ["bob@hamburger.edu"], "Subject: kept\r\n\r\nhello\r\n")
        server.end(signal.SIGKILL)
        smtp.close()
    again = Server(data=tmp_path / "data")
    appended = [json.loads(line) for line in (again.out.readline() for _ in range(3))]
    assert [event["subject"] for event in appended if event["event"] == "appended"] == ["kept"]
    again.end()


def test_every_trace_event_is_a_line_of_json(server: Server) -> None:
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10) as smtp:
        smtp.noop()
    server.process.send_signal(signal.SIGTERM)
    out, _ = server.process.communicate(timeout=20)
    events = [json.loads(line) for line in out.splitlines()]
    assert {"opened", "client", "server", "closed"} <= {event["event"] for event in events}


def test_send_uses_the_lab_that_runs_in_the_folder(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["send", "--to", "bob", "--subject", "guest", "--data", str(tmp_path / "data"), "--json"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["delivered"] is True
    (tmp_path / "ready").write_text(json.dumps(server.ready))
    assert main(["fetch", "--lab", str(tmp_path / "ready"), "--json"]) == 0
    assert "Subject: guest" in json.loads(capsys.readouterr().out)["messages"][0]


def test_a_lab_can_begin_broken(tmp_path: Path) -> None:
    server = Server("--fault", "hamburger.edu:busy=greeting", "--fault", "crepes.fr:slow", data=tmp_path / "data")
    switched: list[dict[str, str]] = []
    while len(switched) < 2:
        event = json.loads(server.out.readline())
        switched += [event] if event["event"] == "fault" else []
    assert [(event["host"], event["fault"], event["detail"]) for event in switched] == [
        ("hamburger.edu", "busy", "greeting"),
        ("crepes.fr", "slow", "0.5"),
    ]
    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10)
    assert server.end()[0] == 0


def test_what_its_servers_are_like_is_told_on_the_command_line(tmp_path: Path) -> None:
    server = Server(
        "--limit", "hamburger.edu:size=1M", "--limit", "recipients=150", "--without", "hamburger.edu:SMTPUTF8",
        "--rule", "hamburger.edu:tls-required", "--list", "hamburger.edu:students=bob,alice",
        "--backup", "crepes.fr:hamburger.edu", data=tmp_path / "data",
    )  # fmt: skip
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10) as smtp:
        smtp.ehlo("x")
        assert smtp.esmtp_features["size"] == str(1 << 20)
        assert smtp.esmtp_features["limits"] == "RCPTMAX=150"
        assert not smtp.has_extn("smtputf8")
        assert smtp.mail("a@example.org")[0] == 530
    with smtplib.SMTP(*_door(server, "crepes.fr", "smtp"), timeout=10) as smtp:
        smtp.ehlo("x")
        assert smtp.has_extn("smtputf8")
        assert smtp.esmtp_features["limits"] == "RCPTMAX=150"
        smtp.mail("a@example.org")
        assert smtp.rcpt("bob@hamburger.edu")[0] == 250
    assert server.end()[0] == 0


@pytest.mark.parametrize("verb", ["serve", "lab"])
@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--limit", "speed=1", "there are: line, text-line, size"),
        ("--limit", "size=big", "such as size=10M"),
        ("--without", "XCLIENT", "there are: 8BITMIME"),
        ("--rule", "kind", "there are: tls-required"),
        ("--list", "students", "NAME=ADDRESS"),
        ("--backup", "hamburger.edu", "HOST:DOMAIN"),
        ("--auth", "GSSAPI", "choose from 'PLAIN'"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line_with_those_that_are_right(
    verb: str, flag: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, flag, value]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_send_logs_in_and_pipelines_as_it_is_told(server: Server, tmp_path: Path) -> None:
    arguments = ["send", "--to", "bob", "--auth", "CRAM-MD5", "--pipelining", "--trace", str(tmp_path / "t")]
    assert main([*arguments, "--data", str(tmp_path / "data")]) == 0
    with (tmp_path / "t").open("rb") as file:
        said = [getattr(event, "data", b"") for event in load(file)]
    assert any(piece.startswith(b"AUTH CRAM-MD5") for piece in said)
    assert any(piece.startswith(b"MAIL") and b"RCPT" in piece for piece in said)


@pytest.mark.parametrize("verb", ["serve", "lab"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [("hamburger.edu:nonsense", "there are: down"), ("ham:down", "hamburger.edu"), ("busy=lunch", "greeting")],
)
def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(
    verb: str, fault: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--fault", fault]) == 2
    assert said in capsys.readouterr().err


def test_a_second_lab_in_the_same_folder_is_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--data", str(tmp_path / "data")]) == 1
    assert "another mailtutor" in capsys.readouterr().err


def test_a_file_that_is_none_of_ours_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "data" / "lab.sqlite3"
    file.parent.mkdir()
    file.write_bytes(b"not a database at all" * 100)
    assert main(["serve", "--data", str(tmp_path / "data")]) == 1
    assert "left as it is" in capsys.readouterr().err
    assert file.read_bytes() == b"not a database at all" * 100


def test_a_reader_that_stops_reading_keeps_nobody_from_ending(server: Server) -> None:
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=10) as smtp:
        for _ in range(300):
            smtp.sendmail("a@example.org", ["bob@hamburger.edu"], "Subject: x\r\n\r\n" + "hello\r\n" * 100)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


LINE = b"x" * 998 + b"\r\n"


def _resident(process: int) -> int:
    """Octets a process has in memory."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_a_reader_that_is_stuck_holds_up_nobody_and_is_told_what_it_missed(server: Server) -> None:
    before = _resident(server.process.pid)
    with smtplib.SMTP(*_door(server, "hamburger.edu", "smtp"), timeout=30) as smtp:
        smtp.sendmail("a@example.org", ["bob@hamburger.edu"], "hello")
        smtp.mail("a@example.org")
        smtp.rcpt("bob@hamburger.edu")
        smtp.putcmd("data")
        smtp.getreply()
        assert smtp.sock is not None
        smtp.sock.sendall(LINE * (16 * WAITING_LIMIT // len(LINE)) + b".\r\n")
        assert smtp.getreply()[0] == 552
        assert _resident(server.process.pid) - before < 32 * 1024 * 1024
        lines: list[dict[str, object]] = []
        missed = threading.Event()

        def read() -> None:
            for line in server.out:
                lines.append(json.loads(line))
                if lines[-1]["event"] == "missed":
                    missed.set()

        reading = threading.Thread(target=read)
        reading.start()
        while not missed.wait(0.05):
            smtp.noop()  # what it missed is told before the next event
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    reading.join(20)
    assert server.process.stderr is not None
    assert b"events were left out" in server.process.stderr.read()


def test_notices_are_said_as_they_come_and_wait_for_nobody(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    notices = Notices()
    notices.tell("defect: \x1b[2J")
    notices.tell(Sentence("still on its way", "error.cli.late"))
    notices.close()
    assert capfd.readouterr().err == "mailtutor: defect: ␛[2J\nmailtutor: 还在路上\n"
    reader, writer = os.pipe()
    stuck = Notices()
    monkeypatch.setattr(stuck, "_out", writer)
    for _ in range(1000):
        stuck.tell("x" * 1000)
    stuck.close()  # nobody reads, and yet it ends
    os.close(reader)
