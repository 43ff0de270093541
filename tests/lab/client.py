"""A client that says what it is told and keeps what it hears, for servers on real sockets."""

from __future__ import annotations

import socket

from mailtutor.lab.lab import Lab

LIMIT_S = 20.0
DATA = ("EHLO x", "MAIL FROM:<a@example.org>", "RCPT TO:<bob@hamburger.edu>", "DATA")


class Client:
    """A context manager over one connection to a door of a lab."""

    def __init__(self, lab: Lab, host: str = "hamburger.edu", service: str = "smtp") -> None:
        self.sock = socket.create_connection(lab.directory.doors[host, service], LIMIT_S)
        self._lines = self.sock.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.sock.close()

    def hear(self) -> str:
        """The next reply, all its lines; "" at the end."""
        heard = ""
        while line := self._lines.readline().decode():
            heard += line
            if line[3:4] != "-":
                break
        return heard

    def say(self, *lines: str) -> str:
        """Says them one after the other; gives the reply to the last."""
        heard = ""
        for line in lines:
            self.sock.sendall(line.encode() + b"\r\n")
            heard = self.hear()
        return heard
