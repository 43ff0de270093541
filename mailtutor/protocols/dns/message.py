"""One DNS message as it crosses the wire (RFC 1035 §4): read from a datagram, and made into one.

Every record remembers which octets of the datagram it stood in. Reading never trusts a length or a pointer: a name's
pointers must go backwards (§4.1.4), so they end.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from mailtutor.errors import ProtocolError

HEADER_OCTETS = 12
LONGEST_NAME = 255
LONGEST_LABEL = 63
# Without EDNS no answer is longer (RFC 1035 §2.3.4).
LONGEST_DATAGRAM = 512
CLASS_IN = 1
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_QUESTION = struct.Struct("!HH")
_POINTER = 0xC0
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _WANTED, _AVAILABLE = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


class Type(IntEnum):
    """What is asked for (RFC 1035 §3.2.2; AAAA: RFC 3596 §2.1)."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28


class Code(IntEnum):
    """How it turned out (RFC 1035 §4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A name, without the dot at its end, and the number of a type."""

    name: str
    type: int

    @property
    def type_name(self) -> str:
        """`MX`, or `TYPE99` where we have no name for it (RFC 3597 §5)."""
        return type_name(self.type)


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record. preference: of an MX. data: an address, a name, a text; hex digits for other types.

    start and end: its octets in the datagram it was read from.
    """

    name: str
    type: int
    data: str
    ttl: int = 300
    preference: int = 0
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        """As a zone file has it."""
        data = f"{self.preference} {self.data or '.'}" if self.type == Type.MX else self.data
        return f"{self.name or '.'} {self.ttl} IN {type_name(self.type)} {data}"


@dataclass(frozen=True, slots=True)
class Message:
    """A query or its answer. code: a number of `Code`. question_end: where the records begin in the datagram."""

    id: int
    questions: Sequence[Question]
    is_response: bool = False
    is_authoritative: bool = False
    is_truncated: bool = False
    code: int = Code.NOERROR
    answers: Sequence[Record] = ()
    authority: Sequence[Record] = ()
    additional: Sequence[Record] = ()
    question_end: int = field(default=HEADER_OCTETS, compare=False)

    @property
    def records(self) -> tuple[Record, ...]:
        """Those of all three sections."""
        return (*self.answers, *self.authority, *self.additional)


def type_name(number: int) -> str:
    """A type's mnemonic."""
    return Type(number).name if number in Type.__members__.values() else f"TYPE{number}"


def code_name(number: int) -> str:
    """A response code's mnemonic."""
    return Code(number).name if number in Code.__members__.values() else f"RCODE{number}"


def encode(message: Message) -> bytes:
    """The datagram. Raises ProtocolError for a name or an address that cannot be written."""
    flags = _RESPONSE | _AVAILABLE | message.code if message.is_response else 0
    flags |= _WANTED
    flags |= _AUTHORITATIVE if message.is_authoritative else 0
    flags |= _TRUNCATED if message.is_truncated else 0
    counts = (len(message.questions), len(message.answers), len(message.authority), len(message.additional))
    writer = _Writer(bytearray(_HEADER.pack(message.id, flags, *counts)))
    for question in message.questions:
        writer.name(question.name)
        writer.out += _QUESTION.pack(question.type, CLASS_IN)
    for record in message.records:
        writer.record(record)
    return bytes(writer.out)


def parse(datagram: bytes) -> Message:
    """A datagram, taken apart. Raises ProtocolError that says at which octet it stopped."""
    if len(datagram) < HEADER_OCTETS:
        raise _wrong(len(datagram), "the header has twelve octets")
    number, flags, asked, *counts = _HEADER.unpack_from(datagram)
    reader = _Reader(datagram, HEADER_OCTETS)
    questions = [reader.question() for _ in range(asked)]
    question_end = reader.at
    sections = [[reader.record() for _ in range(count)] for count in counts]
    return Message(
        id=number,
        questions=questions,
        is_response=bool(flags & _RESPONSE),
        is_authoritative=bool(flags & _AUTHORITATIVE),
        is_truncated=bool(flags & _TRUNCATED),
        code=flags & 0xF,
        answers=sections[0],
        authority=sections[1],
        additional=sections[2],
        question_end=question_end,
    )


class _Writer:
    """Writes names once and points back to them after that."""

    def __init__(self, out: bytearray) -> None:
        self.out = out
        self._seen: dict[tuple[str, ...], int] = {}

    def name(self, name: str) -> None:
        labels = tuple(label for label in name.split(".") if label)
        if sum(len(label) + 1 for label in labels) + 1 > LONGEST_NAME:
            raise ProtocolError(f"{name}: a name has at most {LONGEST_NAME} octets")
        for index in range(len(labels)):
            rest = tuple(label.lower() for label in labels[index:])
            if rest in self._seen:
                self.out += struct.pack("!H", _POINTER << 8 | self._seen[rest])
                return
            if len(self.out) < _POINTER << 6:
                self._seen[rest] = len(self.out)
            self._label(labels[index], name)
        self.out.append(0)

    def _label(self, label: str, name: str) -> None:
        try:
            octets = label.encode("ascii")
        except UnicodeEncodeError as wrong:
            raise ProtocolError(f"{name}: a name in the DNS is ASCII; write it in its xn-- form") from wrong
        if len(octets) > LONGEST_LABEL:
            raise ProtocolError(f"{name}: a label has at most {LONGEST_LABEL} octets")
        self.out.append(len(octets))
        self.out += octets

    def record(self, record: Record) -> None:
        self.name(record.name)
        at = len(self.out)
        self.out += _RECORD.pack(record.type, CLASS_IN, record.ttl, 0)
        self._data(record)
        struct.pack_into("!H", self.out, at + 8, len(self.out) - at - _RECORD.size)

    def _data(self, record: Record) -> None:
        if record.type in (Type.A, Type.AAAA):
            self.out += ipaddress.ip_address(record.data).packed
        elif record.type == Type.MX:
            self.out += struct.pack("!H", record.preference)
            self.name(record.data)
        elif record.type in (Type.NS, Type.CNAME, Type.PTR):
            self.name(record.data)
        elif record.type == Type.TXT:
            octets = record.data.encode()
            for start in range(0, len(octets) or 1, 255):
                piece = octets[start : start + 255]
                self.out += bytes([len(piece)]) + piece
        else:
            self.out += bytes.fromhex(record.data)


class _Reader:
    def __init__(self, datagram: bytes, at: int) -> None:
        self._datagram = datagram
        self.at = at

    def question(self) -> Question:
        name = self.name()
        number, _ = _QUESTION.unpack(self._take(_QUESTION.size))
        return Question(name, number)

    def record(self) -> Record:
        start = self.at
        name = self.name()
        number, _, ttl, length = _RECORD.unpack(self._take(_RECORD.size))
        end = self.at + length
        if end > len(self._datagram):
            raise _wrong(self.at, f"a record says it has {length} octets")
        preference, data = self._data(number, end)
        self.at = end
        return Record(name, number, data, ttl, preference, start, end)

    def name(self) -> str:
        """A name from here on; its pointers are followed, `at` goes on behind it."""
        labels, at, before, after = [], self.at, self.at, 0
        length = 0
        while True:
            size = self._octet(at)
            if size >= _POINTER:
                target = (size & 0x3F) << 8 | self._octet(at + 1)
                after = after or at + 2
                if target >= before:
                    raise _wrong(at, "a pointer must go back")
                at = before = target
                continue
            if size > LONGEST_LABEL:
                raise _wrong(at, f"a label has at most {LONGEST_LABEL} octets")
            at += 1
            if size == 0:
                break
            if at + size > len(self._datagram):
                raise _wrong(at, f"a label says it has {size} octets")
            labels.append(_readable(self._datagram[at : at + size]))
            length += size + 1
            if length > LONGEST_NAME:
                raise _wrong(at, f"a name has at most {LONGEST_NAME} octets")
            at += size
        self.at = after or at
        return ".".join(labels)

    def _data(self, number: int, end: int) -> tuple[int, str]:
        octets = self._datagram[self.at : end]
        if (number, len(octets)) in ((Type.A, 4), (Type.AAAA, 16)):
            return 0, str(ipaddress.ip_address(octets))
        if number == Type.MX and len(octets) > 2:
            self.at += 2
            return int.from_bytes(octets[:2], "big"), self.name()
        if number in (Type.NS, Type.CNAME, Type.PTR) and octets:
            return 0, self.name()
        if number == Type.TXT:
            texts = []
            while octets:
                texts.append(octets[1 : 1 + octets[0]])
                octets = octets[1 + octets[0] :]
            return 0, b"".join(texts).decode("utf-8", "replace")
        return 0, octets.hex()

    def _octet(self, at: int) -> int:
        if at >= len(self._datagram):
            raise _wrong(at, "the datagram ends inside a name")
        return self._datagram[at]

    def _take(self, count: int) -> bytes:
        octets = self._datagram[self.at : self.at + count]
        if len(octets) < count:
            raise _wrong(len(self._datagram), "the datagram ends inside a record")
        self.at += count
        return octets


def _readable(label: bytes) -> str:
    """A label as text; a dot or what is no ASCII in it as in a zone file (RFC 1035 §5.1)."""
    return "".join(chr(octet) if 0x21 <= octet <= 0x7E and octet not in b".\\" else f"\\{octet:03d}" for octet in label)


def _wrong(at: int, why: str) -> ProtocolError:
    return ProtocolError(f"no DNS message: {why} (octet {at})")
