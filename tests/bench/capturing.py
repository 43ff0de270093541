"""Captures and taps: packets a second from a capture to the lines of its dialogues, beside tshark; mail a second
through `attach`, beside no tap and mitmproxy's (in reverse tcp mode, where MITMDUMP names it or it is installed).

In turns, pinned to one core each; medians of ratios.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mailtutor.capture.writing import Builder, write_pcap
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened

PACKETS, ROUNDS, MESSAGES = 200_000, 5, 3000
_FIELDS = (
    "frame.number", "frame.time_epoch", "tcp.stream", "tcp.srcport", "smtp.req.command", "smtp.response.code",
    "pop.request.command", "pop.response.indicator", "imap.request", "imap.response",
)  # fmt: skip
_BODY = (
    b"From: a@example.org\r\nSubject: a message\r\n\r\n"
    + b"A line of text, about seventy octets long, as people write them.\r\n" * 12
)
_READ = """
import gc, resource, sys, time
from pathlib import Path
from mailtutor.capture.opening import dissected
from mailtutor.reading.dialogue import Dialogue
gc.freeze(); gc.disable()
start = time.perf_counter()
reading = dissected(Path(sys.argv[1]))
dialogue = Dialogue()
dialogue.take(reading.events, 0)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, len(dialogue.rows))
"""


def _smtp() -> Iterator[tuple[bool, bytes]]:
    yield False, b"220 mx.example.org ESMTP\r\n"
    yield True, b"EHLO client.example.org\r\n"
    yield False, b"250-mx.example.org\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
    for asked, answer in (
        (b"MAIL FROM:<a@example.org>\r\n", b"250 2.1.0 Ok\r\n"), (b"RCPT TO:<b@example.net>\r\n", b"250 2.1.5 Ok\r\n"),
        (b"DATA\r\n", b"354 go on\r\n"), (_BODY + b".\r\n", b"250 2.0.0 Ok\r\n"), (b"QUIT\r\n", b"221 bye\r\n"),
    ):  # fmt: skip
        yield True, asked
        yield False, answer


def _pop3() -> Iterator[tuple[bool, bytes]]:
    yield False, b"+OK ready\r\n"
    for asked, answer in (
        (b"USER u\r\n", b"+OK\r\n"), (b"PASS secret\r\n", b"+OK in\r\n"), (b"STAT\r\n", b"+OK 1 %d\r\n" % len(_BODY)),
        (b"RETR 1\r\n", b"+OK\r\n" + _BODY + b".\r\n"), (b"DELE 1\r\n", b"+OK\r\n"), (b"QUIT\r\n", b"+OK bye\r\n"),
    ):  # fmt: skip
        yield True, asked
        yield False, answer


def _imap() -> Iterator[tuple[bool, bytes]]:
    yield False, b"* OK [CAPABILITY IMAP4rev1] ready\r\n"
    fetched = b"* 1 FETCH (FLAGS () UID 1 BODY[] {%d}\r\n%s)\r\na3 OK done\r\n" % (len(_BODY), _BODY)
    for asked, answer in (
        (b"a1 LOGIN u secret\r\n", b"a1 OK in\r\n"),
        (b"a2 SELECT INBOX\r\n", b"* 1 EXISTS\r\n* 0 RECENT\r\na2 OK [READ-WRITE] done\r\n"),
        (b"a3 FETCH 1 (FLAGS UID BODY.PEEK[])\r\n", fetched), (b"a5 LOGOUT\r\n", b"* BYE out\r\na5 OK bye\r\n"),
    ):  # fmt: skip
        yield True, asked
        yield False, answer


def _events(packets: int) -> Iterator[AnyEvent]:
    """Whole sessions of all three protocols, until there are about so many packets."""
    count = conn = 0
    while count < packets:
        conn += 1
        service, speak = (("smtp", _smtp), ("pop3", _pop3), ("imap", _imap))[conn % 3]
        ends = Endpoint("", "10.0.0.1", 1024 + conn % 60_000), Endpoint("", "10.0.0.2", 0)
        at = 1.7e9 + count / 5000
        yield Opened(t=0, at=at, conn=conn, protocol=service, service=service, client=ends[0], server=ends[1])
        for from_client, data in speak():
            yield (FromClient if from_client else FromServer)(t=0, at=at, conn=conn, data=data)
            count += 2
        yield Closed(t=0, at=at, conn=conn, by="client")
        count += 6


def _pinned(command: Sequence[str], core: int = 0) -> list[str]:
    has_cores = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core), *command] if has_cores else list(command)


def _reading(folder: Path) -> None:
    path = folder / "big.pcap"
    with path.open("wb") as file:
        packets = write_pcap(file, Builder().packets(list(_events(PACKETS))))
    fields = [part for name in _FIELDS for part in ("-e", name)]
    tshark = ["tshark", "-n", "-r", str(path), "-Y", "smtp||pop||imap", "-T", "fields", *fields]
    ratios, rates, peaks = [], [], []
    for _ in range(ROUNDS):
        done = subprocess.run(_pinned([sys.executable, "-c", _READ, str(path)]), check=True, capture_output=True)
        taken, peak, _ = done.stdout.split()
        start = time.perf_counter()
        subprocess.run(_pinned(tshark), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs = time.perf_counter() - start
        ratios.append(theirs / float(taken))
        rates.append(packets / float(taken))
        peaks.append(int(peak))
    start = time.perf_counter()
    command = [sys.executable, "-m", "mailtutor", "dissect", str(path), "--json"]
    subprocess.run(_pinned(command), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    whole = packets / (time.perf_counter() - start)
    print(
        f"captures: {packets} packets to dialogue lines, {statistics.median(rates):.0f} a second,"
        f" {statistics.median(ratios):.2f} times tshark (goal 2), {max(peaks)} MiB at most (goal 280);"
        f" dissect --json, from its start to its last line, {whole:.0f} a second"
    )


@contextmanager
def _running(command: Sequence[str], port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ready: it has said so, or its port answers."""
    process = subprocess.Popen(_pinned(command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        while port:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{command[0]} did not start") from None
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _throughput(port: int) -> float:
    load = ["smtp-source", "-d", "-s", "10", "-m", str(MESSAGES), "-l", "1024", "-f", "a@example.org"]
    start = time.perf_counter()
    subprocess.run(_pinned([*load, "-t", "b@example.org", f"127.0.0.1:{port}"], 1), check=True, timeout=120)
    return MESSAGES / (time.perf_counter() - start)


def _attached(folder: Path) -> None:
    sink, mitm = _free(), _free()
    with ExitStack() as stack:
        stack.enter_context(_running(["smtp-sink", "-u", "root", f"127.0.0.1:{sink}", "100"], sink))
        to = f"127.0.0.1:{sink}"
        command = [sys.executable, "-m", "mailtutor", "attach", "--to", to, "--protocol", "smtp", "--json"]
        ours = stack.enter_context(_running(command))
        assert ours.stdout is not None
        port = int(json.loads(ours.stdout.readline())["listen"].rpartition(":")[2])
        _swallow(ours)
        doors = {"direct": sink, "ours": port}
        program = os.environ.get("MITMDUMP") or shutil.which("mitmdump")
        if program:
            proxy = [program, "-q", "--mode", f"reverse:tcp://{to}", "--listen-host", "127.0.0.1", "-p", str(mitm)]
            stack.enter_context(_running(proxy, mitm))
            doors["mitmproxy"] = mitm
        rates: dict[str, list[float]] = {name: [] for name in doors}
        for _ in range(ROUNDS):
            for name, door in doors.items():
                rates[name].append(_throughput(door))
    _tell_attached(rates)


def _swallow(process: subprocess.Popen[bytes]) -> None:
    """Reads what it prints, as whoever watches does."""

    def read() -> None:
        assert process.stdout is not None
        while process.stdout.read(1 << 16):
            pass

    threading.Thread(target=read, daemon=True).start()


def _tell_attached(rates: dict[str, list[float]]) -> None:
    def ratio(other: str) -> float:
        return statistics.median(a / b for a, b in zip(rates["ours"], rates[other], strict=True))

    beside = f", {ratio('mitmproxy'):.1f} times mitmproxy (goal 10)" if "mitmproxy" in rates else ""
    print(
        "captures: mail through attach, every event printed with passwords blanked,"
        f" {statistics.median(rates['ours']):.0f} a second,"
        f" {ratio('direct'):.2f} of direct (goal 0.3){beside}"
    )


def run() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        for tool, measure in (("tshark", _reading), ("smtp-source", _attached)):
            _measured(tool, measure, Path(folder))


def _measured(tool: str, measure: Callable[[Path], None], folder: Path) -> None:
    if shutil.which(tool):
        measure(folder)
    else:
        print(f"captures: needs {tool}")
