"""The same pictures on their way as a page, as a mail, as a file: HTTP, SMTP and FTP beside each other, in numbers.

A *way* is what it took to bring something whole from where it was to who wanted it: one *leg* for each pair of hosts
that talked, and on a leg one connection or several. The newest page, the newest message that brings files
(without one the newest) and the newest file are looked for, as of some moment; everything is counted from the lines of
the trace, so it is the same live and replayed.

Round trips are those somebody has to wait for until the last octet is there and confirmed: TCP's handshake, a greeting,
every turn of question and answer. What goes on at the same time is waited for once. There is no time in this: the
seconds are `trips` times there and back, at whatever delay a reader chooses. Name lookups are left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from mailtutor import paths
from mailtutor.message.encodings import from_transfer_encoding
from mailtutor.message.mime import Part, parse_message
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.reading.carried import Cargo
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row, TlsRow
from mailtutor.trace.transcript import parse

PAGE, MAIL, FILE = "page", "mail", "file"
# Of each protocol's connections the newest are looked through.
MOST_CONNECTIONS = 200
# Parts of a message that are looked at.
_MOST_PARTS = 1000
_DATA_CONNECTION = "ftp_data"
_number = attrgetter("n")


@dataclass(frozen=True, slots=True)
class Strand:
    """Connections between two hosts that are used alike. opener, other: who opened them, and to whom. has_talk: whether
    commands and replies went over them. flow: where content went, "out" from who opened, "in" to them, "" for nowhere.
    """

    opener: str
    other: str
    has_talk: bool
    flow: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Leg:
    """What two hosts said to each other. client: who opened the first connection; server: the other.

    strands: the connections. commands, replies: how many, header fields of HTTP not counted apart. talk, content:
    octets about it, and of it. trips: as the module has them. is_push: whether who opened the first also gave.
    """

    client: str
    server: str
    protocol: str
    strands: tuple[Strand, ...]
    commands: int
    replies: int
    talk: int
    content: int
    trips: int
    is_push: bool

    @property
    def connections(self) -> int:
        """How many."""
        return sum(strand.count for strand in self.strands)

    @property
    def in_band(self) -> bool:
        """Whether words go over the connections that content goes over."""
        return all(strand.has_talk for strand in self.strands if strand.flow)

    @property
    def giver(self) -> str:
        """Who had it."""
        return self.client if self.is_push else self.server


@dataclass(frozen=True, slots=True)
class Way:
    """kind: PAGE, MAIL or FILE. units: what the files came in: responses, messages, data connections.

    files: pictures and other files that came along. before, after: their octets as they are, and as they crossed the
    wire on one leg.
    """

    kind: str
    legs: tuple[Leg, ...]
    units: int
    files: int
    before: int
    after: int

    @property
    def connections(self) -> int:
        """All of them."""
        return sum(leg.connections for leg in self.legs)

    @property
    def in_band(self) -> bool:
        """As a leg has it."""
        return all(leg.in_band for leg in self.legs)

    @property
    def is_push(self) -> bool:
        """Whether on every leg who opens gives."""
        return all(leg.is_push for leg in self.legs)

    @property
    def trips(self) -> int:
        """One leg after the other, for mail is stored before it is forwarded."""
        return sum(leg.trips for leg in self.legs)

    @property
    def octets(self) -> int:
        """All that crossed, both ways, on all legs."""
        return sum(leg.talk + leg.content for leg in self.legs)

    @property
    def growth(self) -> float:
        """How much more the files became on the wire: 0 for not at all, 0.37 for base64."""
        return self.after / self.before - 1 if self.before else 0.0

    def wait_s(self, delay_s: float) -> float:
        """How long the round trips take where an octet needs `delay_s` from one side to the other."""
        return self.trips * 2 * delay_s


# What a message is known by, and the octets of each of its files: decoded, and as it travels.
_Message = tuple[tuple[bytes, bytes], list[tuple[int, int]]]
# By connection and the last row of it: what was read once needs no second look.
Memory = dict[tuple[int, int], _Message]


def ways(dialogue: Dialogue, end: int | None = None, memory: Memory | None = None) -> dict[str, Way]:
    """The newest of each kind there is, by kind. end: the number of the first event that is not looked at. memory: of
    this dialogue, for who asks again and again."""
    seen = [_Said(one, end) for one in dialogue.connections.values() if end is None or one.opened_n < end]
    found = {PAGE: _page(seen), MAIL: _mail(seen, {} if memory is None else memory), FILE: _file(seen)}
    return {kind: way for kind, way in found.items() if way is not None}


def recorded_file() -> Way:
    """The way of a file in our own recording, for no lab of ours has an FTP server."""
    dialogue = Dialogue()
    recording = paths.content("transcripts") / "ftp-passive.txt"
    dialogue.take(parse(recording.read_bytes(), recording.name).events(), 0)
    return ways(dialogue)[FILE]


class _Said:
    """A connection up to some moment. start: the first row that belongs to the way; 0 with the handshake before it."""

    def __init__(self, connection: Connection, end: int | None, start: int = 0) -> None:
        rows = connection.rows
        self.connection = connection
        self.end = end
        self.start = start
        self.shown = len(rows) if end is None else bisect_left(rows, end, key=_number)

    @property
    def rows(self) -> Iterator[Row]:
        """What was said, the notes between too."""
        return (self.connection.rows[at] for at in range(self.start, self.shown))

    @property
    def lines(self) -> Iterator[Line]:
        return (row.line for row in self.rows if not isinstance(row, NoteRow))

    def begun_at(self, start: int) -> _Said:
        return _Said(self.connection, self.end, start)

    @property
    def pair(self) -> frozenset[str]:
        """Between whom."""
        return frozenset({_name(self, Source.CLIENT), _name(self, Source.SERVER)})


def _name(said: _Said, side: Source) -> str:
    end = said.connection.client if side is Source.CLIENT else said.connection.server
    return end.name or end.address


def _newest(seen: Sequence[_Said], *protocols: str) -> list[_Said]:
    return [one for one in seen if one.connection.protocol in protocols][-MOST_CONNECTIONS:]


# A page ---------------------------------------------------------------------------------------------------------------


def _page(seen: Sequence[_Said]) -> Way | None:
    talked = _newest(seen, "http")
    for at in range(len(talked) - 1, -1, -1):
        start = _last_page(talked[at])
        if start is None:
            continue
        first = talked[at].begun_at(start)
        same = [one for one in talked[at + 1 :] if one.pair == first.pair]
        bodies = [body for one in (first, *same) for body in _bodies(one)]
        files = [size for is_page, size in bodies if not is_page]
        return Way(PAGE, (_leg([first, *same]),), len(bodies), len(files), sum(files), sum(files))
    return None


def _last_page(said: _Said) -> int | None:
    """The row of the last request that a page answered; 0 where it was the first, for all before it led there."""
    asked = found = None
    waiting: deque[int] = deque()
    is_first = True
    for index in range(said.shown):
        row = said.connection.rows[index]
        if isinstance(row, NoteRow):
            continue
        line = row.line
        if line.source is Source.CLIENT and line.kind is Kind.COMMAND:
            waiting.append(0 if is_first else index)
            is_first = False
        elif line.kind is Kind.REPLY and line.code[:1] != "1":
            asked = waiting.popleft() if waiting else None
        elif line.source is Source.SERVER and line.kind is Kind.CONTINUATION and _is_page(line):
            found = asked if asked is not None else found
    return found


def _is_page(line: Line) -> bool:
    name, _, value = line.raw.partition(b":")
    return name.lower() == b"content-type" and value.strip().lower().startswith(b"text/html")


def _bodies(said: _Said) -> Iterator[tuple[bool, int]]:
    """Of each answer with a body: whether it is a page, and its octets."""
    size, page = 0, False
    for line in said.lines:
        if line.source is Source.CLIENT:
            continue
        if line.kind is Kind.REPLY:
            if size:
                yield page, size
            size, page = 0, False
        elif line.kind is Kind.CONTINUATION:
            page = page or _is_page(line)
        elif line.kind is Kind.LITERAL:
            size += len(line.raw)
    if size:
        yield page, size


# A mail ---------------------------------------------------------------------------------------------------------------


def _mail(seen: Sequence[_Said], memory: Memory) -> Way | None:
    """The newest message that brings files, else the newest, on every connection of SMTP that carried it."""
    talked = _newest(seen, "smtp")
    for said in talked:
        place = said.connection.conn, said.shown
        if place not in memory:
            memory[place] = _carried(said)
    messages = [memory[said.connection.conn, said.shown] for said in talked]
    sent = [message for message in reversed(messages) if message != _NOTHING]
    newest = next((message for message in sent if message[1]), sent[0] if sent else None)
    if newest is None:
        return None
    legs = [said for said, message in zip(talked, messages, strict=True) if message == newest]
    before, after = (sum(size[at] for size in newest[1]) for at in (0, 1))
    return Way(MAIL, tuple(_leg([leg]) for leg in legs), 1, len(newest[1]), before, after)


_NOTHING: _Message = ((b"", b""), [])


def _carried(said: _Said) -> _Message:
    """The last message a connection has carried."""
    cargo = Cargo(said.connection)
    cargo.read()
    known = [number for number, block in enumerate(cargo.blocks) if block.last < said.shown]
    if not known:
        return _NOTHING
    message = parse_message(cargo.message(known[-1], said.shown).raw)
    # Who has neither is known by being a message.
    named = message.header.get("Message-ID") or b"?", message.header.get("Date") or b""
    return named, list(_files(message))


def _files(message: Part) -> Iterator[tuple[int, int]]:
    """Octets of each part that is no text, decoded and as it travels."""
    waiting, looked = [message], 0
    while waiting and looked < _MOST_PARTS:
        part = waiting.pop()
        looked += 1
        waiting += reversed(part.parts)
        if not part.parts and part.message is None and part.type not in (b"TEXT", b"MULTIPART"):
            encoding = part.encoding.decode("ascii", "replace")
            yield len(from_transfer_encoding(part.content, encoding)), len(part.content)


# A file ---------------------------------------------------------------------------------------------------------------


def _file(seen: Sequence[_Said]) -> Way | None:
    talked = _newest(seen, "ftp", _DATA_CONNECTION)
    control = next((one for one in reversed(talked) if one.connection.protocol == "ftp"), None)
    if control is None:
        return None
    opened = control.connection.opened_n
    same = [one for one in talked if one.pair == control.pair and one.connection.opened_n > opened]
    files = [size for one in same if (size := sum(len(line.raw) for line in one.lines))]
    if not files:
        return None
    return Way(FILE, (_leg([control, *same]),), len(files), len(files), sum(files), sum(files))


# A leg ----------------------------------------------------------------------------------------------------------------


def _leg(parts: Sequence[_Said]) -> Leg:
    first = parts[0]
    client, server = _name(first, Source.CLIENT), _name(first, Source.SERVER)
    given = dict.fromkeys((client, server), 0)
    commands = replies = talk = 0
    strands: dict[Strand, int] = {}
    for part in parts:
        sizes = dict.fromkeys(Source, 0)
        said = 0
        for line in part.lines:
            if _is_content(line, part.connection.protocol):
                sizes[line.source] += len(line.raw)
                continue
            said += len(line.raw)
            commands += line.source is Source.CLIENT and line.kind is Kind.COMMAND
            replies += line.source is Source.SERVER and line.last and line.kind in (Kind.REPLY, Kind.GREETING)
        talk += said
        for side, size in sizes.items():
            given[_name(part, side)] += size
        flow = "" if not any(sizes.values()) else "out" if sizes[Source.CLIENT] > sizes[Source.SERVER] else "in"
        strand = Strand(_name(part, Source.CLIENT), _name(part, Source.SERVER), bool(said), flow)
        strands[strand] = strands.get(strand, 0) + 1
    return Leg(
        client, server, first.connection.protocol, tuple(replace(one, count=n) for one, n in strands.items()),
        commands, replies, talk, sum(given.values()), _trips(parts), given[client] > given[server],
    )  # fmt: skip


def _is_content(line: Line, protocol: str) -> bool:
    # In HTTP a line of data only says how long the next chunk is.
    return line.kind is Kind.LITERAL or (line.kind is Kind.DATA and protocol != "http")


def _trips(parts: Sequence[_Said]) -> int:
    """Round trips one after the other until the last octet is there and confirmed."""
    stop = _confirmed(parts)
    tracks: list[list[int]] = []
    bases: list[int] = []
    control = next((at for at, part in enumerate(parts) if part.connection.protocol != _DATA_CONNECTION), 0)
    for part in parts:
        opened = part.connection.opened_n
        if part.connection.protocol == _DATA_CONNECTION and tracks and part is not parts[control]:
            # Words wait for it: its handshake is theirs.
            tracks[control] = sorted([*tracks[control], opened])
            bases.append(0)
            tracks.append([])
            continue
        # Whoever opens another connection has waited for all that was said before.
        bases.append(max((base + _count(track, opened) for base, track in zip(bases, tracks, strict=True)), default=0))
        tracks.append([*([] if part.start else [opened]), *_turns(part.rows)])
    return max(base + _count(track, stop + 1) for base, track in zip(bases, tracks, strict=True))


def _count(track: Iterable[int], end: int) -> int:
    return sum(n < end for n in track)


def _turns(rows: Iterable[Row]) -> Iterator[int]:
    """The events at which a round trip ended: a greeting, an answer, a handshake of TLS."""
    last = None
    for row in rows:
        if isinstance(row, TlsRow):
            # TLS 1.3 needs one, those before it two (RFC 8446 §2).
            yield from [row.n] * (1 if "1.3" in row.line.text.decode("ascii", "replace") else 2)
        if isinstance(row, NoteRow):
            continue
        if row.line.source is Source.SERVER and last is not Source.SERVER:
            yield row.n
        last = row.line.source


def _confirmed(parts: Sequence[_Said]) -> int:
    """The event with which the last octet of content is where it is wanted, and its sender knows."""
    rows = [(row, part.connection.protocol) for part in parts for row in part.rows if not isinstance(row, NoteRow)]
    end = max((row.n for row, protocol in rows if _is_content(row.line, protocol)), default=0)
    answers = (
        row.n
        for row, protocol in rows
        if row.n >= end and row.line.source is Source.SERVER and (protocol != _DATA_CONNECTION)
    )
    return min(answers, default=end)
