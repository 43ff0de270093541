"""Clients of the memory benchmark, in a process of their own: `python -m tests.bench.flood data|drip ADDRESS PORT …`.

data OCTETS [long|short|header]: one message of that many octets, as fast as the server takes it, of the longest lines,
of the shortest, or of header fields only; prints the last reply.
drip COUNT SECONDS: so many connections, each sending a byte in so many seconds; prints "ready" once all stand.
"""

from __future__ import annotations

import random
import selectors
import socket
import sys
import time
from typing import IO

PIECE = 250 * 1000
LINES = {"long": b"x" * 998 + b"\r\n", "short": b"..\r\n", "header": b"X-Field: some words\r\n"}
HEAD = (b"EHLO flood", b"MAIL FROM:<a@example.org>", b"RCPT TO:<bob@hamburger.edu>", b"DATA")


def data(door: tuple[str, int], octets: int, kind: str = "long") -> None:
    """Prints what a message of `octets` was answered."""
    piece = LINES[kind] * (PIECE // len(LINES[kind]))
    with socket.create_connection(door, 60) as sock, sock.makefile("rb") as replies:
        _reply(replies)
        for line in HEAD:
            sock.sendall(line + b"\r\n")
            _reply(replies)
        sock.settimeout(600)
        for _ in range(octets // len(piece)):
            sock.sendall(piece)
        sock.sendall(b".\r\n")
        print(_reply(replies).decode().strip(), flush=True)
        sock.sendall(b"QUIT\r\n")
        _reply(replies)


def _reply(replies: IO[bytes]) -> bytes:
    while (line := replies.readline())[3:4] == b"-":
        pass
    return line


def drip(door: tuple[str, int], count: int, seconds: float) -> None:
    """Holds connections that say next to nothing, until it is killed."""
    poll = selectors.DefaultSelector()
    socks = []
    for _ in range(count):
        sock = socket.create_connection(door, 60)
        sock.setblocking(False)
        poll.register(sock, selectors.EVENT_READ)
        socks.append(sock)
    print("ready", flush=True)
    due = [(time.monotonic() + random.random() * seconds, sock) for sock in socks]
    while True:
        due.sort(key=lambda one: one[0])
        at, sock = due[0]
        for key, _ in poll.select(max(0.0, at - time.monotonic())):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.recv(4096)
        if time.monotonic() >= at:
            sock.send(b"N")
            due[0] = (at + seconds, sock)


if __name__ == "__main__":
    where = (sys.argv[2], int(sys.argv[3]))
    if sys.argv[1] == "data":
        data(where, int(sys.argv[4]), *sys.argv[5:])
    else:
        drip(where, int(sys.argv[4]), float(sys.argv[5]))
