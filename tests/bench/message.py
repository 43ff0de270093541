"""A message of 25 MiB with 50 parts: opened within a second, in under 150 MB, walked without holding up a frame.

What is measured runs in a process of its own: its memory is nobody else's. A frame may take 30 ms.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mailtutor.message.anatomy import open_message
from mailtutor.reading.outline import Outline
from mailtutor.text.catalogue import words
from mailtutor.tui.keeping import keep_what_is_loaded
from tests.bench.memory import resident_mb

PARTS = 50
PART_OCTETS = 380 * 1024
HEAD = b"From: alice@crepes.fr\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"


def large() -> bytes:
    """Fifty pictures."""
    content = base64.encodebytes(random.Random(1).randbytes(PART_OCTETS)).replace(b"\n", b"\r\n")
    part = b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * PARTS + b"--b--\r\n"


def many() -> bytes:
    """Ten thousand parts, one after the other."""
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000 + b"--b--\r\n"


def nested() -> bytes:
    """Ten thousand parts, one in the other."""
    levels = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000))
    return HEAD + b"".join(levels)


def measure(file: str) -> None:
    """Opens it, opens each of its first hundred parts in the list, and prints what that took."""
    raw = Path(file).read_bytes()
    start = time.perf_counter()
    anatomy = open_message(raw)
    opened = time.perf_counter() - start
    outline = Outline(anatomy, words("en"))
    keep_what_is_loaded()  # as the screen does
    slowest = 0.0
    for node in anatomy.nodes[:100]:
        for id in (node.number, f"{node.number}:header", f"{node.number}:decode", f"{node.number}:bits"):
            at = outline.place(id)
            start = time.perf_counter()
            outline.turn(at)
            slowest = max(slowest, time.perf_counter() - start)
    print(json.dumps([len(anatomy.nodes), opened, slowest, resident_mb(what="VmHWM")]))


def run() -> None:
    """Prints a line for each message."""
    with tempfile.TemporaryDirectory() as folder:
        for make in (large, many, nested):
            file = Path(folder) / f"{make.__name__}.eml"
            file.write_bytes(make())
            command = [sys.executable, "-c", f"from tests.bench.message import measure; measure({str(file)!r})"]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            parts, opened, slowest, memory = json.loads(said)
            print(
                f"message    {make.__name__:<7} {file.stat().st_size / 2**20:5.1f} MiB, {parts} parts: opened in "
                f"{opened * 1000:.0f} ms, slowest step of the walk {slowest * 1000:.1f} ms, {memory:.0f} MB at most"
            )
