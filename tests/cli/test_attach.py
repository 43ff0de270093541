"""`mailtutor attach` as people and scripts meet it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.capture.opening import read_events
from mailtutor.cli import main
from mailtutor.cli.place import place_of, target_of
from mailtutor.errors import UsageError
from mailtutor.lab.attach import placed
from mailtutor.trace.events import FromClient


@contextmanager
def _server() -> Iterator[int]:
    """Says what a mail server says, to one client."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            sock, _ = door.accept()
            with sock, sock.makefile("rb") as lines:
                sock.sendall(b"+OK ready\r\n")
                for line in lines:
                    sock.sendall(b"+OK\r\n")
                    if line == b"QUIT\r\n":
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1]
        thread.join(20)


@contextmanager
def _attach(port: int, home: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "mailtutor", "attach", "--to", f"127.0.0.1:{port}", "--protocol", "pop3"]
    env = {"MAILTUTOR_HOME": str(home), "MAILTUTOR_LANG": "en", "PATH": ""}
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _talk(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as lines:
        assert lines.readline() == b"+OK ready\r\n"
        for said in (b"USER bob\r\n", b"PASS pickles\r\n", b"QUIT\r\n"):
            sock.sendall(said)
            assert lines.readline() == b"+OK\r\n"


@pytest.mark.slow
def test_the_dialogue_is_printed_while_it_is_held_without_the_password(tmp_path: Path) -> None:
    with _server() as port, _attach(port, tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = process.stderr.readline().decode()
        assert ready.startswith("Connect to 127.0.0.1:")
        assert f"it goes on to 127.0.0.1:{port} (pop3)" in ready
        _talk(int(ready.split("Connect to 127.0.0.1:")[1].split(":")[0]))
        printed = [process.stdout.readline().decode().rstrip("\n") for _ in range(8)]
        assert printed[1:] == [
            "S: +OK ready", "C: USER bob", "S: +OK", "C: PASS *******", "S: +OK", "C: QUIT", "S: +OK",
        ]  # fmt: skip
    assert process.returncode == 0


@pytest.mark.slow
def test_programs_are_told_where_it_listens_and_every_event(tmp_path: Path) -> None:
    trace = tmp_path / "mine.jsonl"
    with _server() as port, _attach(port, tmp_path, "--json", "--with-passwords", "--trace", str(trace)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["event"], ready["to"], ready["protocol"]) == ("ready", f"127.0.0.1:{port}", "pop3")
        _talk(int(ready["listen"].rpartition(":")[2]))
        seen: list[dict[str, object]] = []
        while not seen or seen[-1]["event"] != "closed":
            seen.append(json.loads(process.stdout.readline()))
        assert [one["event"] for one in seen[:3]] == ["opened", "server", "client"]
    said = b"".join(event.data for event in read_events(trace) if isinstance(event, FromClient))
    assert said == b"USER bob\r\nPASS pickles\r\nQUIT\r\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--to", "8.8.8.8:25"], 2, "--anywhere"),
        (["--to", "127.0.0.1:9"], 2, "--protocol"),
        (["--to", "127.0.0.1"], 2, "HOST:PORT"),
        (["--to", "127.0.0.1:0"], 2, "HOST:PORT"),
        (["--to", "127.0.0.1:25", "--listen", "203.0.113.9:2525"], 3, "cannot be listened on"),
        (["--to", "nowhere.invalid:25"], 3, "is not known"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["attach", *arguments]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("port", ["²", "٣³", "9" * 5000, "65536", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(UsageError, match="wants HOST:PORT"):
        place_of(f"localhost:{port}", "--to")


@pytest.mark.slow
def test_a_door_that_is_open_to_others_is_said_to_be(tmp_path: Path) -> None:
    with _server() as port, _attach(port, tmp_path, "--listen", "0.0.0.0:0", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"Not only this machine: whoever reaches it may connect")
        _talk(int(json.loads(process.stdout.readline())["listen"].rpartition(":")[2]))


@pytest.mark.parametrize(("host", "written"), [("::1", "[::1]:25"), ("127.0.0.1", "127.0.0.1:25")])
def test_a_place_is_written_as_it_is_read(host: str, written: str) -> None:
    assert placed(host, 25) == written
    assert place_of(written, "--to") == (host, 25)


def test_a_name_is_called_at_the_addresses_that_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def known(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.9", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    target = target_of("mail.example:25", "--to", "smtp", UsageError("?"), anywhere=False, ask="")
    assert target.addresses == ("127.0.0.9", "127.0.0.1")
    assert asked == ["mail.example"]
