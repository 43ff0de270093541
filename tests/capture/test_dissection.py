"""Fields of a packet; scapy is loaded for nothing else."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from mailtutor.capture.container import Frame
from mailtutor.capture.dissection import dissected
from mailtutor.capture.layers import ETHERNET, RAW
from tests.capture.wire import datagram, smtp

pytestmark = pytest.mark.slow


def frame(data: bytes, link: int = RAW) -> Frame:
    """As captured."""
    return Frame(1, 0.0, link, data, len(data), 0)


def test_every_octet_belongs_to_a_layer_and_to_a_field() -> None:
    data = smtp().packets[3]
    fields = dissected(frame(data))
    layers = [field for field in fields if field.is_layer]
    assert [layer.name for layer in layers] == ["IP", "TCP", "data"]
    assert [layer.start for layer in layers] == [0, 20, 40]
    assert layers[-1].end == len(data)
    named = {at for field in fields if field.is_part for at in range(field.start, field.end)}
    assert named == set(range(40))
    found = {(field.layer, field.name): (field.start, field.end, field.value, field.bits) for field in fields}
    assert found["IP", "version"] == (0, 1, "4", "0-3")
    assert found["TCP", "seq"] == (24, 28, "5001", "")
    assert found["TCP", "flags"] == (32, 34, "PA", "7-15")


def test_ethernet_and_udp() -> None:
    data = bytes(12) + b"\x08\x00" + datagram(bytes.fromhex("0001010000010000000000000161000001 0001".replace(" ", "")))
    names = [field.name for field in dissected(frame(data, ETHERNET)) if field.is_layer]
    assert names[:3] == ["Ethernet", "IP", "UDP"]


def test_a_link_nobody_knows_is_data() -> None:
    (field,) = dissected(frame(b"\x01\x02", 9999))
    assert (field.name, field.start, field.end) == ("data", 0, 2)
    assert dissected(frame(b"")) == ()


def test_hostile_packets_raise_nothing() -> None:
    rng = random.Random(7)
    good = [smtp().packets[0], smtp().packets[9], datagram(bytes(40))]
    for _ in range(300):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = bytes(data[: rng.randrange(len(data) + 1)])
        for field in dissected(frame(cut, rng.choice((RAW, ETHERNET)))):
            assert 0 <= field.start <= field.end <= len(cut)
            assert field.value.isprintable()


def test_scapy_is_loaded_when_a_packet_is_taken_apart_and_not_before() -> None:
    code = """
import sys
from pathlib import Path
import mailtutor.tui.screens.lab, mailtutor.tui.screens.replay, mailtutor.capture.live, mailtutor.session
from mailtutor import paths
from mailtutor.capture.built import BuiltPackets
from mailtutor.capture.dissection import dissected
from mailtutor.trace.log import Log
from mailtutor.trace.transcript import parse
file = paths.content("transcripts") / "alice-bob.txt"
found = BuiltPackets(Log.of(parse(file.read_bytes(), file.name).events()))
found.read(1000)
frame = found.frame(3)
print("scapy" in sys.modules)
print(dissected(frame)[0].name)
print("scapy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "IP", "True"]
    assert done.stderr == ""
