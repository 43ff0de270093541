"""Dialogues of several IMAP sessions of bob's over a real store, written as the RFCs print theirs.

    N: 3                         so many messages arrive in INBOX
    A: a1 SELECT INBOX           what the client of session A says; a session is logged in when it first speaks
    S: * 3 EXISTS                what the server answers to it, to the line
    W: A                         session A waits in IDLE and is woken

"..." stands for any text within a line; a line "S: ..." alone for any lines. Client lines one after another are sent
together, so that what follows `{5+}` is the literal.
"""

from __future__ import annotations

import re

from tests.lab.house import House, Session


async def talk(house: House, script: str) -> None:
    """Runs a dialogue; the server must say what is printed."""
    sessions: dict[str, Session] = {}
    heard: list[str] = []
    said: tuple[str, list[str]] = ("", [])
    wanted: list[str] = []

    async def finish() -> None:
        nonlocal heard, said, wanted
        who, lines = said
        if lines:
            if who not in sessions:
                sessions[who] = await house.session(mailbox="")
            heard = await sessions[who].say(*lines)
        if lines or wanted:
            assert _fits(wanted, heard), "\n".join([f"{who}: {line}" for line in lines] + heard)
        heard, said, wanted = [], ("", []), []

    for line in filter(None, (line.strip() for line in script.splitlines())):
        side, text = line[0], line[3:]
        assert line[1] == ":", line
        if side == "S":
            wanted.append(text)
            continue
        if wanted or said[0] != side or side in "NW":
            await finish()
        if side == "N":
            for _ in range(int(text)):
                await house.deliver()
        elif side == "W":
            heard = sessions[text].wake()
        else:
            said = side, [*said[1], text]
    await finish()


def _fits(wanted: list[str], heard: list[str]) -> bool:
    lines = [
        "(?:[^\n]*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", "[^\n]*") + "\n" for line in wanted
    ]
    return re.fullmatch("".join(lines), "".join(line + "\n" for line in heard)) is not None


async def put(house: House, content: str, *, mailbox: str = "INBOX", options: str = "") -> None:
    """Appends a message, its lines ended as Python ends them. options: flags and date."""
    octets = content.replace("\n", "\r\n")
    session = await house.session(mailbox="")
    await session.say("e ENABLE UTF8=ACCEPT")
    answer = await session.say(f"p APPEND {mailbox} {options} {{{len(octets.encode())}+}}".replace("  ", " "), octets)
    assert answer[-1].startswith("p OK"), answer
