"""Somebody other than the student types lines at a door, each when the one before is answered. In the lab's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailtutor.errors import NetworkError
from mailtutor.lab.console import Console
from mailtutor.lab.gate import Pace
from mailtutor.lab.plan import IMPLICIT_TLS
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.dictation import Dictation
from mailtutor.reading.visible import visible

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab

# Seconds of silence, of the machine's time, after which nothing more is expected: of a door of TLS, where lines cannot
# be said, and of the others, where a fault may make a server slow.
TLS_LIMIT_S = 5.0
LIMIT_S = 30.0


async def say(lab: Lab, who: str, host: str, service: str, lines: Sequence[str], *, stay: bool) -> str:
    """Says them and gives the server's last line. stay: the connection is left open. Raises NetworkError when nobody
    answers, or the server hangs up before everything is said."""
    start = len(lab.log)
    news = asyncio.Event()
    # The trace is written in this loop, a moment before the client reads.
    end = lab.log.subscribe(lambda _, __: news.set())
    console = None
    try:
        console = await asyncio.to_thread(Console, lab, host, service, who)
        dialogue = Dialogue()
        dictation = Dictation(console, lines)
        while True:
            news.clear()
            dialogue.take(lab.log.since(max(start, dialogue.read_to)), max(start, dialogue.read_to))
            connection = dialogue.connections.get(console.conn)
            if dictation.go_on(connection):
                break
            if connection is not None and not connection.is_open:
                if dictation.is_said:
                    break
                raise NetworkError("the server has closed this connection; open a new one", "error.lab.hung_up")
            await _heard(lab, news, host, service)
        return _last(dialogue.connections.get(console.conn))
    finally:
        end()
        if console is not None and not stay:
            console.close()


async def _heard(lab: Lab, news: asyncio.Event, host: str, service: str) -> None:
    """Returns once something has happened. Raises NetworkError where nothing does for too long; a wire whose lines are
    let through by hand is waited for."""
    is_closed = service in IMPLICIT_TLS
    while True:
        try:
            await asyncio.wait_for(news.wait(), TLS_LIMIT_S if is_closed else LIMIT_S)
        except TimeoutError as wrong:
            if is_closed:
                raise NetworkError(
                    "{host} {service} hears nothing but TLS, and lines are said in clear; name a door that begins in"
                    " clear", "error.act.say_tls", host=host, service=service,
                ) from wrong  # fmt: skip
            if lab.pace is Pace.RUN:
                raise NetworkError(
                    "{host} {service} has said nothing for {seconds} seconds; the rest was not said",
                    "error.act.say_silent", host=host, service=service, seconds=round(LIMIT_S),
                ) from wrong  # fmt: skip
        else:
            return


def _last(connection: Connection | None) -> str:
    rows = connection.rows if connection is not None else []
    said = [row.line for row in rows if hasattr(row, "line") and row.line.source is Source.SERVER]
    return visible(said[-1].text.decode("utf-8", "replace").strip()) if said else ""
