"""What the kernel saw of a lab: dumpcap listens on the loopback, tshark counts. Nothing of ours is asked."""

from __future__ import annotations

import select
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.programs import LIMIT_S, path_of, run

_REFUSED = ("permission", "not permitted", "don't have")


class Capture:
    """A file of packets, once the block that made it is left."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fields(self, wanted: str, names: Sequence[str], *, decode: Sequence[str] = ()) -> list[list[str]]:
        """A row for each packet that fits: its fields of these names. decode: what is spoken where, as -d takes it."""
        ways = [word for rule in decode for word in ("-d", rule)]
        shown = [word for name in names for word in ("-e", name)]
        done = run("tshark", "-n", "-r", str(self.file), *ways, "-Y", wanted, "-T", "fields", *shown)
        assert done.returncode == 0
        return [line.split("\t") for line in done.stdout.decode().splitlines()]


@contextmanager
def captured(file: Path, address: str, others: Sequence[str]) -> Iterator[Capture]:
    """Everything to and from these addresses while the block runs. Skips where nobody may capture here."""
    hosts = " or ".join(f"host {one}" for one in (address, *others))
    process = subprocess.Popen(
        [path_of("dumpcap"), "-i", "lo", "-f", hosts, "-w", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        said = _until_it_listens(process)
        if process.poll() is not None and any(word in said.lower() for word in _REFUSED):
            pytest.skip(f"nobody may capture packets here: {said.strip().splitlines()[0]}")
        assert process.poll() is None, said
        yield Capture(file)
        _until_written(file, address)
    finally:
        process.terminate()
        process.wait(LIMIT_S)
        process.stderr.close()


def _until_it_listens(process: subprocess.Popen[bytes]) -> str:
    """What it says until it names its file, or ends."""
    assert process.stderr is not None
    said, until = "", time.monotonic() + LIMIT_S
    while "File: " not in said and process.poll() is None and time.monotonic() < until:
        if select.select([process.stderr], [], [], 0.1)[0]:
            said += process.stderr.read1(4096).decode(errors="replace")  # type: ignore[attr-defined]
    if process.poll() is not None:
        said += process.stderr.read().decode(errors="replace")
    return said


def _until_written(file: Path, address: str) -> None:
    """A last packet of ours that is in the file has all those before it there, too."""
    mark = uuid.uuid4().bytes * 2
    until = time.monotonic() + LIMIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while mark not in file.read_bytes():
            assert time.monotonic() < until, "dumpcap writes nothing"
            sock.sendto(mark, (address, 9))
            select.select([], [], [], 0.1)
