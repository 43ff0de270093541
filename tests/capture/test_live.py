"""Packets seen while they cross the loopback; without the right to see any, that is said."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.capture.live import Sniffer, port_filter
from mailtutor.capture.opening import dissected
from mailtutor.cli import main
from mailtutor.errors import NetworkError, UsageError
from mailtutor.trace.events import Closed, FromClient
from tests.capture.wire import CLIENT, SERVER, Wire, datagram, smtp


def _passes(program: bytes, frame: bytes) -> bool:
    """What the kernel does with a filter: the few instructions that ours has."""
    steps = [struct.unpack_from("HBBI", program, at) for at in range(0, len(program), 8)]
    at = a = x = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x06:
            return bool(value)
        if code in (0x15, 0x45):
            at += yes if (a == value if code == 0x15 else a & value) else no
        elif code == 0xB1:
            x = 4 * (frame[value] & 15)
        else:
            place = value + (x if code == 0x48 else 0)
            size = 1 if code == 0x30 else 2
            if place + size > len(frame):
                return False
            a = int.from_bytes(frame[place : place + size], "big")


def _ethernet(packet: bytes) -> bytes:
    return bytes(12) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet


def test_the_filter_lets_pass_the_ports_that_were_asked_for_either_way() -> None:
    program = port_filter([25, 53, 143])
    six = Wire((bytes(15) + b"\x01", 4000), (bytes(15) + b"\x02", 143)).open()
    wanted = [*smtp().packets, *six.packets, datagram(b"x"), datagram(b"x", answer=True)]
    assert all(_passes(program, _ethernet(packet)) for packet in wanted)
    others = Wire(CLIENT, (SERVER[0], 22)).open().packets
    others += Wire((bytes(15) + b"\x01", 4000), (bytes(15) + b"\x02", 22)).open().packets
    assert not any(_passes(program, _ethernet(packet)) for packet in others)
    assert not _passes(program, bytes(12) + b"\x08\x06" + bytes(40))
    piece = bytearray(others[0])
    piece[6:8] = b"\x00\x10"  # a later fragment: nobody knows whose
    assert _passes(program, _ethernet(bytes(piece)))
    with pytest.raises(UsageError, match="too many"):
        port_filter(range(1, 400))


def _permitted() -> None:
    try:
        with Sniffer("lo", [25]):
            pass
    except NetworkError as wrong:
        pytest.skip(str(wrong))


@contextmanager
def _listening(port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "mailtutor", "capture", "--port", str(port), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"lo" in process.stderr.readline()
        yield process


def _talk(door: socket.socket, said: Sequence[bytes]) -> None:
    """A client and a server that speak POP3 to each other."""

    def serve() -> None:
        sock, _ = door.accept()
        with sock, sock.makefile("rb") as lines:
            sock.sendall(b"+OK ready\r\n")
            for _ in lines:
                sock.sendall(b"+OK\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    with socket.create_connection(door.getsockname()) as sock, sock.makefile("rb") as lines:
        lines.readline()
        for line in said:
            sock.sendall(line)
            lines.readline()
    thread.join(20)


@pytest.mark.slow
def test_what_crosses_the_loopback_is_told_once_and_kept(tmp_path: Path) -> None:
    _permitted()
    path = tmp_path / "mail.pcapng"
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with _listening(port, "--write", str(path), "--json") as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event"] == "ready"
            _talk(door, [b"USER bob\r\n", b"PASS pickles\r\n", b"QUIT\r\n"])
            seen: list[dict[str, object]] = []
            while not seen or seen[-1]["event"] != "closed":
                seen.append(json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    assert [one.get("data") for one in seen if one["event"] == "client"] == [
        "USER bob\r\n", "PASS *******\r\n", "QUIT\r\n",
    ]  # fmt: skip
    reading = dissected(path)
    assert reading.problem is None
    said = [event.data for event in reading.events if isinstance(event, FromClient)]
    assert said == [b"USER bob\r\n", b"PASS pickles\r\n", b"QUIT\r\n"]
    assert [event.by for event in reading.events if isinstance(event, Closed)] == ["client"]


@pytest.mark.slow
def test_it_ends_after_as_many_packets_as_were_asked_for(tmp_path: Path) -> None:
    _permitted()
    with socket.create_server(("127.0.0.1", 0)) as door, _listening(door.getsockname()[1], "--count", "6") as process:
        _talk(door, [b"QUIT\r\n"])
        out, err = process.communicate(timeout=20)
        assert b"S: +OK ready" in out
        assert b"packets" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", "nowhere9"], "there is no interface nowhere9; there are: lo"),
        (["--port", "0"], "from 1 to 65535"),
        (["--count", "-1"], "no less than 1"),
        (["--count", "0"], "no less than 1"),
    ],
)
def test_what_cannot_be_captured_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["capture", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_the_right_to_see_packets_it_is_said_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError

    monkeypatch.setattr("mailtutor.capture.live.socket.socket", refuse)
    assert main(["capture"]) == 3
    assert "CAP_NET_RAW" in capsys.readouterr().err
