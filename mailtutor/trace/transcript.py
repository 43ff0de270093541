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
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailtutor.errors import MailtutorError, Sentence
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened, WireEvent

_META = re.compile(r"#\s*([A-Za-z][A-Za-z0-9._-]*)\s*:\s*(.*?)\s*")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[\\rtn]|$|.)")
_SIMPLE = {"\\": b"\\", "r": b"\r", "t": b"\t", "n": b"\n"}
_SHORT = {"\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of one side, with its line end as it crossed the wire."""

    from_client: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Transcript:
    """One connection as text.

    meta: what the head says, keys in small letters. Known keys: title (and title.zh …), protocol, service, client,
    server, port, closed ("client", "server" or "lost").
    """

    turns: tuple[Turn, ...]
    meta: dict[str, str] = field(default_factory=dict)

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
        return head + "".join(_printed(turn) + "\n" for turn in self.turns)

    def events(self, *, conn: int = 1, t: float = 0.0, at: float = 0.0, step_s: float = 0.5) -> list[WireEvent]:
        """The connection as events, one a turn, `step_s` seconds apart from trace time `t` and wall time `at` on."""
        client = Endpoint(self.meta.get("client", ""), "", 0)
        server = Endpoint(self.meta.get("server", ""), "", int(self.meta.get("port", "0")))
        service = self.meta.get("service", self.protocol)
        found: list[WireEvent] = [
            Opened(t=t, at=at, conn=conn, protocol=self.protocol, service=service, client=client, server=server)
        ]
        for index, turn in enumerate(self.turns, 1):
            said = FromClient if turn.from_client else FromServer
            found.append(said(t=t + index * step_s, at=at + index * step_s, conn=conn, data=turn.data))
        end_s = (len(self.turns) + 1) * step_s
        found.append(Closed(t=t + end_s, at=at + end_s, conn=conn, by=self.meta.get("closed", "server")))
        return found


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
    # Not splitlines(): it also cuts at characters that are part of a line here (U+0085, U+2028).
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.removesuffix("\r")
        where = _Place(name, number)
        if line[:2] in ("C:", "S:"):
            turns.append(Turn(line[0] == "C", _unescaped(line[2:].removeprefix(" "), where)))
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
    return Transcript(tuple(turns), meta)


def transcript_of(events: Iterable[AnyEvent], conn: int) -> Transcript:
    """One connection of a trace. Raises MailtutorError when the trace does not have its beginning."""
    opened: Opened | None = None
    closed = ""
    runs: list[tuple[bool, bytearray]] = []
    for event in events:
        if isinstance(event, Opened) and event.conn == conn:
            opened = event
        elif isinstance(event, (FromClient, FromServer)) and event.conn == conn:
            from_client = isinstance(event, FromClient)
            if not runs or runs[-1][0] != from_client:
                runs.append((from_client, bytearray()))
            runs[-1][1].extend(event.data)
        elif isinstance(event, Closed) and event.conn == conn:
            closed = event.by
    if opened is None:
        raise MailtutorError(
            "this trace has no connection {conn}; choose one it lists", "error.trace.no_connection", conn=conn
        )
    meta = {
        "protocol": opened.protocol,
        "service": opened.service,
        "client": opened.client.name or opened.client.address,
        "server": opened.server.name or opened.server.address,
        "port": str(opened.server.port),
        "closed": closed,
    }
    turns = [Turn(from_client, line) for from_client, run in runs for line in _LINE.findall(run)]
    return Transcript(tuple(turns), {key: value for key, value in meta.items() if value})


def _put(meta: dict[str, str], key: str, value: str, where: _Place) -> None:
    if key == "port" and not re.fullmatch(r"\d{1,5}", value):
        raise where.error(Sentence("port is a number, not {value!r}", "error.trace.port", value=value))
    if key == "closed" and value not in ("client", "server", "lost"):
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
    side = "C:" if turn.from_client else "S:"
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
