"""Dialogues as text: what a book prints, and what a person can write, read and compare.

    # title: Bob reads his mail
    # protocol: pop3
    # client: bob
    # server: hamburger.edu
    C: list
    S: 1 498

Each line stands for its text with CRLF at the end. What is not ordinary text is written visibly, with a backslash:
`\\xNN` for a byte, `\\r`, `\\t`, `\\\\` for the backslash itself. A line that ends in `\\n` had a bare LF; one that
ends in a single backslash had no line end: it was cut off, or the other side spoke before it was whole. Lines with `#`
before the first turn are metadata (`# key: value`), later ones are remarks; blank lines mean nothing.

A dialogue may need more than one connection, as FTP's does. Those after the first have a number, behind the keys of
their own head and in their turns; `+2` is where the second opens (else before its first turn), `-2` where it closes
(else at the end). `-1` closes the first before others go on:

    # protocol: ftp
    # protocol.2: ftp_data
    C: RETR crepes.png
    S: 150 here it comes
    S2: (picture)
    -2
    S: 226 done

`* TLS TLSv1.3 TLS_AES_256_GCM_SHA384` is where a connection went on inside TLS, `*2 TLS …` for a further one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from mailtutor.errors import MailtutorError, Sentence
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun, WireEvent

_TURN = re.compile(r"([CS])([2-9]|[1-9]\d)?:")
_MARK = re.compile(r"([+-])([1-9]\d?)[ \t]*")
_TLS = re.compile(r"\*([2-9]|[1-9]\d)?[ \t]+TLS(?:[ \t]+(\S+))?(?:[ \t]+(\S+))?[ \t]*")
# What the head can say of a connection after the first.
_NUMBERED = re.compile(r"(protocol|service|client|server|port|closed)\.([2-9]|[1-9]\d)")
_META = re.compile(r"#\s*([A-Za-z][A-Za-z0-9._-]*)\s*:\s*(.*?)\s*")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[\\rtn]|$|.)")
_SIMPLE = {"\\": b"\\", "r": b"\r", "t": b"\t", "n": b"\n"}
_SHORT = {"\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of one side, with its line end as it crossed the wire. conn: 1, or a further connection's number."""

    from_client: bool
    data: bytes
    conn: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A further connection opens, or one closes, before turn number `before` (from 0). tls: it does neither but goes on
    inside TLS, of this version and cipher."""

    before: int
    conn: int
    opens: bool
    tls: tuple[str, str] | None = None

    def text(self) -> str:
        """The line a file holds."""
        if self.tls is not None:
            return " ".join([f"*{self.conn if self.conn > 1 else ''}", "TLS", *filter(None, map(_word, self.tls))])
        return f"{'+' if self.opens else '-'}{self.conn}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """One connection as text, or a few that belong together.

    meta: what the head says, keys in small letters. Known keys: title (and title.zh …), protocol, service, client,
    server, port, closed ("client", "server" or "lost"); all but the title also as "port.2" for further connections.
    marks: where those open and close, and where TLS begins.
    """

    turns: tuple[Turn, ...]
    meta: dict[str, str] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    @property
    def protocol(self) -> str:
        """The protocol's name, "smtp"; "" where the head does not say."""
        return self.meta.get("protocol", "")

    def title(self, language: str = "en") -> str:
        """The title in this language, else in English, else ""."""
        return self.meta.get(f"title.{language}") or self.meta.get("title", "")

    def text(self) -> str:
        """The transcript as a file holds it."""
        head = "".join(f"# {key}: {_one_line(value)}\n" for key, value in self.meta.items())
        marks = dict.fromkeys(range(len(self.turns) + 1), "")
        for mark in self.marks:
            marks[mark.before] += f"{mark.text()}\n"
        return (
            head
            + "".join(f"{marks[n]}{_printed(turn)}\n" for n, turn in enumerate(self.turns))
            + marks[len(self.turns)]
        )

    def events(self, *, conn: int = 1, t: float = 0.0, at: float = 0.0, step_s: float = 0.5) -> list[WireEvent]:
        """The connections as events, one a turn or a mark, `step_s` seconds apart from trace time `t` and wall time
        `at` on. conn: the number the first gets; the others follow."""
        found: list[WireEvent] = []
        is_open: dict[int, bool] = {}
        marks: dict[int, list[Mark]] = {}
        for mark in self.marks:
            marks.setdefault(mark.before, []).append(mark)

        def step(number: int, event: Callable[[float, float, int], WireEvent]) -> None:
            after_s = len(found) * step_s
            found.append(event(t + after_s, at + after_s, conn + number - 1))

        def opened(number: int) -> None:
            is_open[number] = True
            step(number, lambda t, at, conn: self._opened(number, t, at, conn))

        def closed(number: int) -> None:
            is_open[number] = False
            by = self._head("closed", number) or "server"
            step(number, lambda t, at, conn: Closed(t=t, at=at, conn=conn, by=by))

        def secured(number: int, version: str, cipher: str) -> None:
            if not is_open.get(number):
                opened(number)
            step(number, lambda t, at, conn: TlsBegun(t=t, at=at, conn=conn, version=version, cipher=cipher))

        opened(1)
        for index in range(len(self.turns) + 1):
            for mark in marks.get(index, ()):
                if mark.tls is not None:
                    secured(mark.conn, *mark.tls)
                elif is_open.get(mark.conn, False) is not mark.opens and (mark.opens or mark.conn in is_open):
                    (opened if mark.opens else closed)(mark.conn)
            if index < len(self.turns):
                turn = self.turns[index]
                if not is_open.get(turn.conn):
                    opened(turn.conn)
                said = FromClient if turn.from_client else FromServer
                step(turn.conn, lambda t, at, conn: said(t=t, at=at, conn=conn, data=turn.data))  # noqa: B023 - called at once
        for number in sorted((number for number, here in is_open.items() if here), reverse=True):
            closed(number)
        return found

    def _opened(self, number: int, t: float, at: float, conn: int) -> Opened:
        protocol = self._head("protocol", number)
        return Opened(
            t=t,
            at=at,
            conn=conn,
            protocol=protocol,
            service=self._head("service", number) or protocol,
            client=Endpoint(self._head("client", number) or self.meta.get("client", ""), "", 0),
            server=Endpoint(
                self._head("server", number) or self.meta.get("server", ""), "", int(self._head("port", number) or "0")
            ),
        )

    def _head(self, key: str, number: int) -> str:
        """What the head says of one connection."""
        return self.meta.get(key if number == 1 else f"{key}.{number}", "")


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of a file, counted from 1."""

    name: str
    number: int

    def error(self, problem: Sentence) -> MailtutorError:
        """What is wrong there."""
        return MailtutorError(
            "{name}, line {number}: {problem}",
            "error.file.at_line",
            name=self.name,
            number=self.number,
            problem=problem,
        )


def parse(data: bytes, name: str = "transcript") -> Transcript:
    """Reads a transcript. Raises MailtutorError that names file and line and says what to do."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        number = data.count(b"\n", 0, wrong.start) + 1
        where = _Place(name, number)
        raise where.error(Sentence("not UTF-8; save the file as UTF-8 text", "error.file.not_utf8")) from wrong
    meta: dict[str, str] = {}
    turns: list[Turn] = []
    marks: list[Mark] = []
    # Not splitlines(): it also cuts at characters that are part of a line here (U+0085, U+2028).
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.removesuffix("\r")
        where = _Place(name, number)
        if turn := _TURN.match(line):
            conn = int(turn[2] or "1")
            if conn > 1 and f"protocol.{conn}" not in meta:
                raise where.error(_unnamed(conn))
            turns.append(Turn(turn[1] == "C", _unescaped(line[turn.end() :].removeprefix(" "), where), conn))
        elif tls := _TLS.fullmatch(line):
            if tls[1] and f"protocol.{tls[1]}" not in meta:
                raise where.error(_unnamed(int(tls[1])))
            marks.append(Mark(len(turns), int(tls[1] or "1"), False, (tls[2] or "", tls[3] or "")))
        elif (mark := _MARK.fullmatch(line)) and line.strip() != "+1":
            if mark[2] != "1" and f"protocol.{mark[2]}" not in meta:
                raise where.error(_unnamed(int(mark[2])))
            marks.append(Mark(len(turns), int(mark[2]), mark[1] == "+"))
        elif line.startswith("#"):
            found = _META.fullmatch(line)
            if found is not None and not turns:
                _put(meta, found[1].lower(), found[2], where)
        elif line.strip():
            raise where.error(
                Sentence("a line starts with C: (client), S: (server) or # (remark)", "error.trace.line_start")
            )
    if not meta.get("protocol"):
        raise _Place(name, 1).error(
            Sentence("no protocol given; add a first line such as `# protocol: smtp`", "error.trace.no_protocol")
        )
    return Transcript(tuple(turns), meta, tuple(marks))


def transcript_of(events: Iterable[AnyEvent], *conns: int) -> Transcript:
    """Connections of a trace, the first of them from its beginning. Raises MailtutorError when the trace does not have
    the beginning of one."""
    numbers = {conn: number for number, conn in enumerate(conns, 1)}
    opened: dict[int, Opened] = {}
    closed: dict[int, str] = {}
    # What is said by one side without a break, and the marks between.
    runs: list[_Run | Mark] = []
    for event in events:
        number = numbers.get(getattr(event, "conn", 0), 0)
        if not number:
            continue
        if isinstance(event, Opened):
            opened[number] = event
            if number > 1:
                runs.append(Mark(0, number, True))
        elif isinstance(event, (FromClient, FromServer)):
            _say(runs, number, event.data, from_client=isinstance(event, FromClient))
        elif isinstance(event, TlsBegun):
            runs.append(Mark(0, number, False, (event.version, event.cipher)))
        elif isinstance(event, Closed):
            closed[number] = event.by
            runs.append(Mark(0, number, False))
    for conn, number in numbers.items():
        if number not in opened:
            raise MailtutorError(
                "this trace has no connection {conn}; choose one it lists", "error.trace.no_connection", conn=conn
            )
    # Whatever is still open at the end closes there.
    while runs and isinstance(runs[-1], Mark) and not runs[-1].opens and runs[-1].tls is None:
        runs.pop()
    turns: list[Turn] = []
    marks: list[Mark] = []
    for run in runs:
        if isinstance(run, Mark):
            marks.append(replace(run, before=len(turns)))
        else:
            turns += [Turn(run.from_client, line, run.conn) for line in _LINE.findall(run.data)]
    meta: dict[str, str] = {}
    for number in numbers.values():
        meta |= _head_of(opened[number], closed.get(number, ""), "" if number == 1 else f".{number}")
    return Transcript(tuple(turns), meta, tuple(marks))


@dataclass(slots=True)
class _Run:
    """What one side says on one connection before anything else happens there."""

    conn: int
    from_client: bool
    data: bytearray


def _say(runs: list[_Run | Mark], conn: int, data: bytes, *, from_client: bool) -> None:
    last = runs[-1] if runs else None
    if isinstance(last, _Run) and (last.conn, last.from_client) == (conn, from_client):
        last.data.extend(data)
    else:
        runs.append(_Run(conn, from_client, bytearray(data)))


def _head_of(opened: Opened, closed: str, behind: str) -> dict[str, str]:
    """What the head says of a connection; behind: what its keys end in."""
    found = {
        "protocol": opened.protocol,
        "service": opened.service,
        "client": opened.client.name or opened.client.address,
        "server": opened.server.name or opened.server.address,
        "port": str(opened.server.port),
        "closed": closed,
    }
    return {f"{key}{behind}": value for key, value in found.items() if value}


def _word(text: str) -> str:
    """A word of a line, whatever a trace says it is."""
    return re.sub(r"[^!-~]", "?", text)


def _unnamed(conn: int) -> Sentence:
    return Sentence(
        "connection {number} has no protocol; add a line such as `# protocol.{number}: ftp_data` to the head",
        "error.trace.no_protocol_of",
        number=conn,
    )


def _put(meta: dict[str, str], key: str, value: str, where: _Place) -> None:
    numbered = _NUMBERED.fullmatch(key)
    plain = numbered[1] if numbered else key
    if plain == "port" and not re.fullmatch(r"\d{1,5}", value):
        raise where.error(Sentence("port is a number, not {value!r}", "error.trace.port", value=value))
    if plain == "closed" and value not in ("client", "server", "lost"):
        raise where.error(
            Sentence("closed is client, server or lost, not {value!r}", "error.trace.closed", value=value)
        )
    meta[key] = value


def _unescaped(text: str, where: _Place) -> bytes:
    found = bytearray()
    at = 0
    end = b"\r\n"
    for escape in _ESCAPE.finditer(text):
        found += text[at : escape.start()].encode()
        at = escape.end()
        what = escape[1]
        if what == "":
            end = b""
        elif what in _SIMPLE:
            found += _SIMPLE[what]
            if what == "n":
                if at < len(text):
                    raise where.error(
                        Sentence(
                            "\\n stands only at the end of a line; start a new line after it", "error.trace.line_end"
                        )
                    )
                end = b""
        elif len(what) == 3:
            found.append(int(what[1:], 16))
        else:
            raise where.error(
                Sentence(
                    "\\{what} means nothing; write \\\\ for a backslash, \\xNN for a byte",
                    "error.trace.escape",
                    what=what,
                )
            )
    found += text[at:].encode()
    return bytes(found) + end


def _one_line(value: str) -> str:
    """A head's value cannot become a turn, whatever a trace says a host is called."""
    return "".join(character if character.isprintable() else "?" for character in value)


def _printed(turn: Turn) -> str:
    side = f"{'C' if turn.from_client else 'S'}{turn.conn if turn.conn > 1 else ''}:"
    if turn.data.endswith(b"\r\n"):
        body, end = turn.data[:-2], ""
    elif turn.data.endswith(b"\n"):
        body, end = turn.data[:-1], "\\n"
    else:
        body, end = turn.data, "\\"
    text = "".join(_escaped(body)) + end
    if text.endswith(" "):
        text = text[:-1] + "\\x20"  # editors take spaces at the end away
    return f"{side} {text}" if text else side


def _escaped(data: bytes) -> Iterator[str]:
    for character in data.decode("utf-8", "surrogateescape"):
        if character in _SHORT:
            yield _SHORT[character]
        elif character.isprintable():
            yield character
        else:
            yield "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
