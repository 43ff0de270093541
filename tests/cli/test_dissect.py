"""`mailtutor dissect`, `export`, and `replay` of captures, as people and scripts meet them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mailtutor.cli import main
from mailtutor.cli.export import FORMS
from tests.capture.wire import Wire, pcap, smtp

WHOLE = pcap(smtp().packets)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "mail.pcap"
    path.write_bytes(WHOLE)
    return path


def test_dissect_prints_the_dialogue_and_counts(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dissect", str(capture)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:3] == [
        "# 10.0.0.1:40000 → 10.0.0.2:25 smtp (10.0.0.2:25)", "S: 220 hamburger.edu ESMTP", "C: HELO crepes.fr",
    ]  # fmt: skip
    assert err == "32 frames, 1 connection of ours\n"


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="pipes have no names here")
def test_dissect_reads_from_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, WHOLE)
    os.close(theirs)
    try:
        assert main(["dissect", f"/dev/fd/{ours}"]) == 0
    finally:
        os.close(ours)
    assert capsys.readouterr().err == "32 frames, 1 connection of ours\n"


def test_dissect_names_the_frame_of_each_line_for_programs(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dissect", str(capture), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    helo = next(line for line in lines if line["verb"] == "HELO")
    assert (helo["text"], helo["frame"], helo["protocol"]) == ("HELO crepes.fr", 6, "smtp")


def test_of_a_broken_capture_what_can_be_read_comes_first(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    capture.write_bytes(WHOLE[:-700])
    assert main(["dissect", str(capture)]) == 1
    out, err = capsys.readouterr()
    assert "C: HELO crepes.fr" in out
    assert "is broken at octet" in err
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    assert main(["replay", str(capture), "--plain"]) == 1
    assert "字节处损坏" in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xd4\xc3\xb2\xa1", b"\x1f\x8b\x08\0 no"])
def test_what_is_no_capture_is_named(capture: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    capture.write_bytes(data)
    assert main(["dissect", str(capture)]) == 1
    assert "mail.pcap" in capsys.readouterr().err
    assert main(["dissect", str(capture.parent / "nowhere.pcap")]) == 2


def test_a_key_log_without_secrets_is_refused(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = capture.parent / "keys"
    keys.write_text("# nothing\n")
    assert main(["dissect", str(capture), "--keys", str(keys)]) == 1
    assert "holds no TLS secret" in capsys.readouterr().err


def test_a_capture_is_kept_as_a_trace_and_becomes_a_capture_again(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, again = capture.parent / "mail.jsonl", capture.parent / "again.pcapng"
    assert main(["dissect", str(capture), "--trace", str(trace)]) == 0
    assert main(["export", str(trace), "-o", str(again)]) == 0
    assert capsys.readouterr().err.endswith("packets, built from the record\n")
    for path in (trace, again):
        assert main(["replay", str(path), "--plain"]) == 0
        assert "C: MAIL FROM:<alice@crepes.fr>" in capsys.readouterr().out
    assert main(["export", str(trace), "-o", str(again)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_export_prints_what_is_text_and_asks_what_it_is_to_be(
    capture: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["export", "alice-bob", "--to", "text"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"# crepes.fr")
    assert main(["export", "alice-bob", "--to", "json"]) == 0
    assert json.loads(capfdbinary.readouterr().out.splitlines()[0])["text"] == "220 hamburger.edu"
    assert main(["export", "alice-bob", "--to", "pcap"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"\xd4\xc3\xb2\xa1")
    assert main(["export", "alice-bob"]) == 2
    assert b"--to" in capfdbinary.readouterr().err


def test_what_could_not_be_finished_leaves_no_half_file(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMS, "pcap", full)
    out = capture.parent / "half.pcap"
    assert main(["export", "alice-bob", "-o", str(out)]) == 1
    assert "half.pcap cannot be written (No space left on device); give another" in capsys.readouterr().err
    assert not out.exists()


def test_what_was_let_go_for_want_of_room_is_told(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = [
        packet
        for number in range(4)
        for packet in Wire(client=(b"\x0a\0\0\x01", 50_000 + number)).open().say(False, b"220 hi\r\n").packets
    ]
    capture.write_bytes(pcap(packets))
    monkeypatch.setattr("mailtutor.capture.reading.MOST_CONNECTIONS", 2)
    assert main(["dissect", str(capture)]) == 0
    assert "2 let go before their end" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["dissect", "replay"])
def test_of_the_middle_of_tls_it_is_said_that_it_cannot_be_read(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = Wire(server=(b"\x0a\x00\x00\x02", 993))
    for _ in range(2):
        wire.say(True, b"\x17\x03\x03\x00\x05" + b"\xff" * 5)
    path = tmp_path / "middle.pcap"
    path.write_bytes(pcap(wire.packets))
    assert main([verb, str(path), *(["--plain"] if verb == "replay" else [])]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "# 10.0.0.1:40000 → 10.0.0.2:993 imaps (10.0.0.2:993)",
        "* in TLS, and its beginning is not here: what was said cannot be read",
    ]
