"""`HOST:PORT` on a command line, and whether somebody may look at who is there."""

from __future__ import annotations

import socket
import sys

from mailtutor.capture.ports import PORTS
from mailtutor.cli.parser import language
from mailtutor.errors import NetworkError, UsageError
from mailtutor.lab.attach import Target, is_near
from mailtutor.text.catalogue import words


def place_of(text: str, flag: str, *, any_port: bool = False) -> tuple[str, int]:
    """Host and port. any_port: 0 will do. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or len(port) > 5 or int(port) > 65_535 or not (any_port or int(port)):
        raise UsageError("{flag} wants HOST:PORT, not {text!r}", "error.attach.place", flag=flag, text=text)
    return host.strip("[]") or "127.0.0.1", int(port)


def target_of(text: str, flag: str, protocol: str, unknown: UsageError, *, anywhere: bool, ask: str) -> Target:
    """The server there. Who is neither here nor in a private network is asked about, but for `anywhere`.

    protocol: "" for what is usual at the port; `unknown` is raised where nothing is. Raises NetworkError for a name
    nobody knows, UsageError where the answer is no. ask: the key of the question.
    """
    host, port = place_of(text, flag)
    usual, service = PORTS.get(port, ("", ""))
    if protocol:
        service = service if usual == protocol else protocol
    if not (protocol or usual):
        raise unknown
    try:
        found = tuple(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError as wrong:
        raise NetworkError("{host} is not known ({why})", "error.attach.unknown", host=host, why=wrong) from wrong
    if not anywhere and not all(is_near(one) for one in found):
        _ask(host, ask)
    return Target(host, port, protocol or usual, service, found)


def _ask(host: str, key: str) -> None:
    """A server of somebody else's, out on the Internet, is not to be met by mistake."""
    say = words(language())
    if sys.stdin.isatty() and sys.stderr.isatty():
        print(say(key, host=host), end=" ", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes", "是"):
            return
    raise UsageError(
        "{host} is neither this machine nor in a private network; --anywhere if you may watch it",
        "error.attach.far", host=host,
    )  # fmt: skip
