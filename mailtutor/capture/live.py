"""Packets while they cross an interface of this machine, where that is permitted: Linux's packet sockets (packet(7)).

Only what this machine sends and receives is seen (no promiscuous mode), only the ports that are asked for (the kernel
filters), and on the loopback, where every packet passes twice, each of them once.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mailtutor.capture.container import Frame
from mailtutor.capture.layers import ETHERNET
from mailtutor.errors import NetworkError, UsageError

_ALL = 0x0003
_OUTGOING = 4
_SNAP = 262_144
# Octets the kernel keeps while we are busy, where it lets us ask for so many.
_ROOM = 16 * 1024 * 1024
_SOL_PACKET, _STATISTICS = 263, 6
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS = 26, 35
_BESIDE = 128
# Classic BPF (linux/filter.h): codes of what the filter needs.
_LD_B, _LD_H, _LD_H_X, _LDX_IP, _EQ, _SET, _RET = 0x30, 0x28, 0x48, 0xB1, 0x15, 0x45, 0x06
_LONGEST_JUMP = 255
# Interfaces whose packets come with an Ethernet header: ARPHRD_ETHER and ARPHRD_LOOPBACK.
_ETHERNET_KINDS = frozenset({1, 772})


def interfaces() -> list[str]:
    """The names of this machine's interfaces."""
    return [name for _, name in socket.if_nameindex()]


def port_filter(ports: Iterable[int]) -> bytes:
    """A kernel filter that lets pass TCP and UDP from or to these ports, of IPv4 and IPv6, and all fragments: which
    ports theirs are only the first of them tells. As `struct sock_filter`s."""
    wanted = sorted(set(ports))
    # Instructions by what comes behind them; jumps are counted at the end.
    tests = [("eq", port, "accept", "next") for port in wanted]
    program: list[tuple[str, int, int, str, str]] = []

    def add(code: int, value: int, yes: str = "", no: str = "", label: str = "") -> None:
        program.append((label, code, value, yes, no))

    add(_LD_H, 12)
    add(_EQ, 0x86DD, "six", "four?")
    add(_EQ, 0x0800, "four", "drop", "four?")
    add(_LD_B, 23, label="four")
    add(_EQ, 6, "whole?", "udp?")
    add(_EQ, 17, "whole?", "drop", "udp?")
    add(_LD_H, 20, label="whole?")
    add(_SET, 0x1FFF, "accept", "ports")
    add(_LDX_IP, 14, label="ports")
    for at in (14, 16):
        add(_LD_H_X, at)
        for _, port, yes, no in tests:
            add(_EQ, port, yes, no)
    add(_RET, 0)
    add(_LD_B, 20, label="six")
    add(_EQ, 44, "accept", "tcp6?")
    add(_EQ, 6, "ports6", "udp6?", "tcp6?")
    add(_EQ, 17, "ports6", "drop", "udp6?")
    add(_LD_H, 54, label="ports6")
    for at in (0, 56):
        if at:
            add(_LD_H, at)
        for _, port, yes, no in tests:
            add(_EQ, port, yes, no)
    add(_RET, 0, label="drop")
    add(_RET, _SNAP, label="accept")
    places = {label: at for at, (label, *_) in enumerate(program) if label}
    out = b""
    for at, (_, code, value, yes, no) in enumerate(program):
        jumps = [places.get(label, at + 1) - at - 1 if label else 0 for label in (yes, no)]
        if max(jumps) > _LONGEST_JUMP:
            raise UsageError("so many ports are too many for the kernel's filter", "error.capture.many_ports")
        out += struct.pack("HBBI", code, *jumps, value)
    return out


class Sniffer:
    """Listens at one interface. A context manager. Raises UsageError where there is no such interface or system,
    NetworkError where it is not permitted."""

    def __init__(self, interface: str, ports: Sequence[int]) -> None:
        self.interface = interface
        self._filter = port_filter(ports)
        self._sock: socket.socket | None = None
        self._number = 0
        self._missed = 0

    def __enter__(self) -> Sniffer:
        if sys.platform != "linux":
            raise UsageError(
                "live capture works on Linux only; capture with Wireshark and open the file with dissect",
                "error.capture.system",
            )
        if self.interface not in interfaces():
            raise UsageError(
                "there is no interface {name}; there are: {names}", "error.capture.interface_unknown",
                name=self.interface, names=", ".join(interfaces()),
            )  # fmt: skip
        if _kind(self.interface) not in _ETHERNET_KINDS:
            raise UsageError(
                "{name} is no Ethernet; capture it with Wireshark and open the file with dissect",
                "error.capture.interface_kind", name=self.interface,
            )  # fmt: skip
        try:
            self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as wrong:
            raise NetworkError(
                "this needs the right to see packets (CAP_NET_RAW): run it with sudo; or capture with Wireshark and"
                " open the file with dissect", "error.capture.not_permitted",
            ) from wrong  # fmt: skip
        try:
            self._attach(self._filter)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._sock.bind((self.interface, _ALL))
        except OSError as wrong:
            self._sock.close()
            raise NetworkError(
                "{name} cannot be captured ({why})", "error.capture.interface_refused", name=self.interface, why=wrong
            ) from wrong
        return self

    def __exit__(self, *_: object) -> None:
        if self._sock is not None:
            self._sock.close()

    def fileno(self) -> int:
        """For `select`."""
        assert self._sock is not None
        return self._sock.fileno()

    @property
    def missed(self) -> int:
        """Packets that came too fast, and were not seen."""
        if self._sock is not None and self._sock.fileno() >= 0:
            found = self._sock.getsockopt(_SOL_PACKET, _STATISTICS, 8)
            self._missed += struct.unpack("II", found)[1]  # the kernel begins anew each time
        return self._missed

    def waiting(self) -> Iterator[Frame]:
        """The packets that have come and not been taken yet."""
        assert self._sock is not None
        while True:
            try:
                data, beside, _, (_, _, kind, *_) = self._sock.recvmsg(_SNAP, _BESIDE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as wrong:
                raise NetworkError(
                    "{name} cannot be captured any more ({why})", "error.capture.interface_gone", name=self.interface,
                    why=wrong,
                ) from wrong  # fmt: skip
            if kind == _OUTGOING and _kind(self.interface) == 772:
                continue  # on the loopback it comes in, too
            self._number += 1
            yield Frame(self._number, _moment(beside), ETHERNET, data, len(data), 0)

    def _attach(self, program: bytes) -> None:
        """The filter, before the first packet (SO_ATTACH_FILTER of socket(7))."""
        assert self._sock is not None
        kept = ctypes.create_string_buffer(program)
        shown: Any = struct.pack("HL", len(program) // 8, ctypes.addressof(kept))
        self._sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, shown)


def _moment(beside: Sequence[tuple[int, int, bytes]]) -> float:
    """When the kernel saw a packet (SO_TIMESTAMPNS of socket(7)), in seconds since 1970."""
    for level, kind, value in beside:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(value) >= 16:
            seconds, part = struct.unpack_from("qq", value)
            return float(seconds + part / 1e9)
    return time.time()


def _kind(interface: str) -> int:
    """What the kernel says it is (ARPHRD_*); an Ethernet where it does not say."""
    try:
        return int(Path("/sys/class/net", interface, "type").read_text())
    except (OSError, ValueError):
        return 1
