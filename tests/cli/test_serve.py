"""`mailtutor serve` as a script starts it: its own process, its ready line, its signals."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from mailtutor.cli import main

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
