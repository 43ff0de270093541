"""Captures that were damaged on purpose, two hundred thousand of them: every one is read, or refused in words."""

from __future__ import annotations

import random

import pytest

from mailtutor.capture.container import CaptureError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.redact import redacted
from tests.capture.wire import SERVER, SESSION, Wire, pcap, read

# About ten minutes.
ROUNDS = 200_000


def _damaged(chance: random.Random) -> bytes:
    wire = Wire(server=(SERVER[0], chance.choice((25, 110, 143, 21, 80, 465, 60_025)))).open()
    for from_client, line in SESSION:
        wire.say(from_client, line, mss=chance.choice((1, 5, 1460)))
    packets = wire.close().packets
    if chance.random() < 0.5:
        chance.shuffle(packets)
    data = bytearray(pcap(packets, link=chance.choice((0, 1, 101, 113, 276))))
    for _ in range(chance.randrange(40)):
        at = chance.randrange(24, len(data) - 4)
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case _:
                other = chance.randrange(len(data) - 4)
                data[at : at + 4] = data[other : other + 4]
    return bytes(data)


def _read(seed: int) -> None:
    try:
        events = read(_damaged(random.Random(seed))).events
    except CaptureError:
        return
    dialogue = Dialogue()
    dialogue.take(events, 0)
    redacted(events)


@pytest.mark.parametrize("part", range(4))
def test_some_damaged_captures_are_read(part: int) -> None:
    for seed in range(part * 250, part * 250 + 250):
        _read(seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_thousand_damaged_captures_are_read() -> None:
    for seed in range(1000, ROUNDS):
        _read(seed)
