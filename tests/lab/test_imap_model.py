"""Any commands of several sessions, held against a model: what each client counts along, the store, and what a client
that comes back with QRESYNC ends with, are always the same.

A client here knows nothing but what it is told: EXISTS, EXPUNGE and VANISHED move its message numbers, FETCH tells it
flags, and the modification sequence it remembers is worked out as RFC 7162 §6 says.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailtutor.protocols.imap.sequence import compressed
from mailtutor.store import mailboxes
from tests.lab.house import House, Session

Flags = frozenset[str]
BOXES = ("INBOX", "Other")
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "work")
SEEN, DELETED = "\\Seen", "\\Deleted"
# What each client has switched on.
KINDS = ("", "CONDSTORE", "QRESYNC")

_COUNTED = re.compile(r"\* (\d+) (EXISTS|EXPUNGE|RECENT)")
_FETCH = re.compile(r"\* (\d+) FETCH \((.*)")
_VANISHED = re.compile(r"\* VANISHED (\(EARLIER\) )?(\S+)")
_HIGHEST = re.compile(r"\S+ OK \[HIGHESTMODSEQ (\d+)\]")
_MODIFIED = re.compile(r"\S+ (?:OK|NO) \[MODIFIED (\S+)\]")


def members(text: str) -> list[int]:
    """`1:3,7` → 1, 2, 3, 7."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


def whole(lines: Iterable[str]) -> list[str]:
    """The lines with those put together that a literal stands in."""
    found: list[str] = []
    for line in lines:
        if found and found[-1].endswith("}"):
            found[-1] += line
        else:
            found.append(line)
    return found


@dataclass
class Box:
    """What the mailbox holds by rights. modseqs: as the store had them last."""

    messages: dict[int, Flags] = field(default_factory=dict)
    uid_next: int = 1
    validity: int = 0
    modseqs: dict[int, int] = field(default_factory=dict)
    highest: int = 1

    def add(self, flags: Flags) -> int:
        self.messages[self.uid_next] = flags
        self.uid_next += 1
        return self.uid_next - 1


@dataclass
class Remembered:
    """What a client keeps of a mailbox it has left."""

    validity: int
    modseq: int
    uids: list[int]
    flags: dict[int, Flags]
    horizon: int


@dataclass
class Client:
    """One session as its client sees it."""

    kind: str
    session: Session
    mailbox: str = ""
    read_only: bool = False
    idle: bool = False
    uids: list[int] = field(default_factory=list)
    flags: dict[int, Flags] = field(default_factory=dict)
    # No UID above this one has been counted.
    horizon: int = 0
    saved: list[int] = field(default_factory=list)
    modseq: int = 0
    heard: list[int] = field(default_factory=list)
    modified: list[int] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    memory: dict[str, Remembered] = field(default_factory=dict)

    def leave(self) -> None:
        if self.mailbox and self.kind == "QRESYNC":
            self.memory[self.mailbox] = Remembered(0, self.modseq, self.uids, self.flags, self.horizon)
        self.mailbox, self.uids, self.flags, self.saved, self.horizon = "", [], {}, [], 0


Action = Callable[["Model", Client], Coroutine[Any, Any, None]]


class Model:
    """The house, its clients, and what ought to be."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.boxes = {name: Box() for name in BOXES}
        self.clients: list[Client] = []

    async def begin(self) -> None:
        for kind in KINDS:
            self.clients.append(await self.login(Client(kind, await self.house.session(mailbox=""))))
        await self.clients[0].session.say("a CREATE Other")
        self.look()

    async def login(self, client: Client) -> Client:
        client.session = await self.house.session(mailbox="")
        if client.kind:
            await client.session.say(f"e ENABLE {client.kind}")
        return client

    # The store ------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """The store holds what it ought to; its modification sequences have grown where something has changed, and
        nowhere else."""
        for name, box in self.boxes.items():
            found = self.house.database.read(lambda db, name=name: mailboxes.find(db, "hamburger.edu", "bob", name))  # type: ignore[misc]
            assert found is not None
            rows = self.house.database.read(lambda db, box_id=found.id: mailboxes.messages(db, box_id))  # type: ignore[misc]
            assert {row.uid: row.flags for row in rows} == box.messages
            assert found.uid_next == box.uid_next
            assert (found.messages, found.octets) == (len(rows), sum(row.size for row in rows))
            assert found.uid_validity == box.validity or not box.validity
            now = {row.uid: row.modseq for row in rows}
            for uid, modseq in now.items():
                assert modseq == box.modseqs.get(uid) or modseq > box.highest
            assert found.highest_modseq >= max([box.highest, *now.values()])
            if now != box.modseqs:
                assert found.highest_modseq > box.highest
            box.validity, box.modseqs, box.highest = found.uid_validity, now, found.highest_modseq

    # What a client is told ------------------------------------------------------------------------------------------

    async def say(self, client: Client, command: str, *more: str) -> str:
        """Has a client say something and hear the answer; gives the tagged status."""
        return self.hear(client, await client.session.say(f"t {command}", *more), command)

    def hear(self, client: Client, lines: Iterable[str], command: str = "") -> str:
        status = ""
        client.heard, client.modified, client.found, client.fetched = [], [], [], []
        told = 0
        numbers_stand = command.split(" ")[0] in ("FETCH", "STORE", "SEARCH", "SORT")
        for line in whole(lines):
            if counted := _COUNTED.fullmatch(line):
                if counted[2] == "EXISTS":
                    self.grow(client, int(counted[1]))
                elif counted[2] == "EXPUNGE":
                    assert client.kind != "QRESYNC"
                    assert not numbers_stand
                    self.forget(client, client.uids[int(counted[1]) - 1])
            elif vanished := _VANISHED.fullmatch(line):
                assert client.kind == "QRESYNC"
                assert vanished[1] or not numbers_stand
                for uid in members(vanished[2]):
                    assert vanished[1] or uid in client.uids
                    if uid in client.uids:
                        self.forget(client, uid)
            elif fetch := _FETCH.match(line):
                self.hear_fetch(client, int(fetch[1]), fetch[2])
            elif line.startswith(("* SEARCH", "* ESEARCH")):
                client.found = searched(line)
            elif line.startswith("t "):
                status = line.split(" ")[1]
                if modified := _MODIFIED.match(line):
                    client.modified = members(modified[1])
            if highest := _HIGHEST.match(line):
                told = int(highest[1])
        if status:
            client.modseq = told or max([client.modseq, *client.heard])
        return status

    def grow(self, client: Client, exists: int) -> None:
        new = [uid for uid in self.boxes[client.mailbox].messages if uid > client.horizon]
        client.uids += new
        client.horizon = max([client.horizon, *new])
        assert len(client.uids) == exists

    def forget(self, client: Client, uid: int) -> None:
        assert uid not in self.boxes[client.mailbox].messages
        client.uids.remove(uid)
        client.flags.pop(uid, None)
        client.saved = [other for other in client.saved if other != uid]

    def hear_fetch(self, client: Client, number: int, items: str) -> None:
        uid = client.uids[number - 1]
        client.fetched.append(uid)
        if found := re.search(r"UID (\d+)", items):
            assert int(found[1]) == uid, (number, client.uids)
        if found := re.search(r"FLAGS \(([^)]*)\)", items):
            client.flags[uid] = frozenset(found[1].split()) - {"\\Recent"}
        if found := re.search(r"MODSEQ \((\d+)\)", items):
            client.heard.append(int(found[1]))

    def up_to_date(self, client: Client) -> None:
        """The client sees what there is."""
        messages = self.boxes[client.mailbox].messages
        assert client.uids == list(messages)
        assert client.flags.items() <= messages.items()

    def wake(self) -> None:
        """Who waits in IDLE and was poked hears the news."""
        for client in self.clients:
            if client.idle and client.session.pokes:
                client.session.pokes = 0
                # Until DONE no command has ended, so nothing is remembered of its modification sequences.
                self.hear(client, client.session.wake())
                self.up_to_date(client)

    # Commands -------------------------------------------------------------------------------------------------------

    async def do(self, who: int, action: Action) -> None:
        client = self.clients[who]
        if client.idle:
            client.idle = False
            assert self.hear(client, await client.session.say("DONE")) in ("OK", "")
            self.up_to_date(client)
        await action(self, client)
        self.look()
        self.wake()

    def picked(self, client: Client, picks: Picks) -> tuple[str, list[int]]:
        """A set as it is written, and the UIDs it names."""
        if picks.saved:
            return "$", list(client.saved)
        uids = [client.uids[pick % len(client.uids)] for pick in picks.places] if client.uids else []
        uids = sorted(set(uids))
        if picks.by_uid:
            # One that never was is passed over.
            return str(compressed([*uids, 999])), uids
        return str(compressed(client.uids.index(uid) + 1 for uid in uids)), uids


def searched(line: str) -> list[int]:
    if line.startswith("* SEARCH"):
        return [int(word) for word in line.split()[2:] if word.isdigit()]
    found = re.search(r" ALL (\S+)", line)
    return members(found[1]) if found else []


@dataclass(frozen=True)
class Picks:
    """Which messages: places in the client's list, or `$`."""

    places: tuple[int, ...]
    by_uid: bool
    saved: bool

    @property
    def verb(self) -> str:
        return "UID " if self.by_uid else ""


@dataclass(frozen=True)
class Append:
    box: str
    flags: Flags

    async def __call__(self, model: Model, client: Client) -> None:
        model.boxes[self.box].add(self.flags)
        written = " ".join(sorted(self.flags))
        assert await model.say(client, f"APPEND {self.box} ({written}) {{1+}}", "x") == "OK"


@dataclass(frozen=True)
class Select:
    box: str
    read_only: bool
    resync: str
    looks: bool

    async def __call__(self, model: Model, client: Client) -> None:
        client.leave()
        box = model.boxes[self.box]
        verb = "EXAMINE" if self.read_only else "SELECT"
        known = client.memory.get(self.box)
        client.mailbox, client.read_only = self.box, self.read_only
        if known is not None and self.resync:
            await self.resynchronise(model, client, known)
            return
        client.modseq = 0
        assert await model.say(client, f"{verb} {self.box}") == "OK"
        client.horizon = max(client.horizon, box.uid_next - 1)
        if self.looks:
            assert await model.say(client, "FETCH 1:* (UID FLAGS)") == ("OK" if client.uids else "BAD")
        model.up_to_date(client)

    async def resynchronise(self, model: Model, client: Client, known: Remembered) -> None:
        """What is remembered, less what has vanished, and what is told of the others: all there is."""
        box = model.boxes[self.box]
        verb = "EXAMINE" if self.read_only else "SELECT"
        parameters = [str(box.validity), str(known.modseq)]
        if known.uids and self.resync != "all":
            parameters.append(str(compressed(known.uids)))
        if known.uids and self.resync == "matched":
            numbers = compressed(range(1, len(known.uids) + 1))
            parameters.append(f"({numbers} {compressed(known.uids)})")
        lines = await client.session.say(f"t {verb} {self.box} (QRESYNC ({' '.join(parameters)}))")
        assert lines[-1].startswith("t OK"), lines
        uids, flags = set(known.uids), dict(known.flags)
        for line in lines:
            if vanished := _VANISHED.fullmatch(line):
                assert vanished[1]
                uids -= set(members(vanished[2]))
            elif fetch := _FETCH.match(line):
                uid = int(re.search(r"UID (\d+)", fetch[2])[1])  # type: ignore[index]
                assert list(box.messages)[int(fetch[1]) - 1] == uid
                uids.add(uid)
                flags[uid] = frozenset(re.search(r"FLAGS \(([^)]*)\)", fetch[2])[1].split()) - {"\\Recent"}  # type: ignore[index]
            elif highest := _HIGHEST.match(line):
                client.modseq = int(highest[1])
        if self.resync != "all":
            # It asked for news of what it had; the new ones are above.
            uids |= {uid for uid in box.messages if uid > known.horizon}
        client.uids, client.horizon = sorted(uids), box.uid_next - 1
        client.flags = {uid: flags[uid] for uid in uids if uid in flags}
        model.up_to_date(client)


@dataclass(frozen=True)
class Leave:
    command: str

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.mailbox:
            return
        if self.command == "drop":
            # The connection is gone, and nothing was said.
            await client.session.service.ended()
            client.leave()
            await model.login(client)
            return
        box = model.boxes[client.mailbox]
        if self.command == "CLOSE" and not client.read_only:
            for uid in [uid for uid, flags in box.messages.items() if DELETED in flags]:
                del box.messages[uid]
        lines = await client.session.say(f"t {self.command}")
        assert lines == [f"t OK {self.command} completed"]
        client.leave()


@dataclass(frozen=True)
class Noop:
    command: str

    async def __call__(self, model: Model, client: Client) -> None:
        if self.command == "IDLE" and client.mailbox:
            client.session.pokes = 0
            client.idle = True
            model.hear(client, await client.session.say("t IDLE"))
            model.up_to_date(client)
        elif client.mailbox:
            assert await model.say(client, "NOOP") == "OK"
            model.up_to_date(client)


@dataclass(frozen=True)
class Store:
    picks: Picks
    action: str
    flags: Flags
    silent: bool
    unchanged: int | None

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.mailbox:
            return
        box = model.boxes[client.mailbox]
        words, uids = model.picked(client, self.picks)
        if not words:
            return
        since = None if self.unchanged is None else max(0, box.highest - self.unchanged)
        modifier = "" if since is None else f"(UNCHANGEDSINCE {since}) "
        silent = ".SILENT" if self.silent else ""
        flags = " ".join(sorted(self.flags))
        late = [uid for uid in uids if since is not None and box.modseqs.get(uid, 0) > since]
        here = [uid for uid in uids if uid in box.messages and uid not in late]
        if not client.read_only:
            for uid in here:
                box.messages[uid] = self.changed(box.messages[uid])
                if self.silent and uid in client.flags:
                    client.flags[uid] = self.changed(client.flags[uid])
        numbers = [uid if self.picks.by_uid else client.uids.index(uid) + 1 for uid in late]
        status = await model.say(
            client, f"{self.picks.verb}STORE {words} {modifier}{self.action}FLAGS{silent} ({flags})"
        )
        if client.read_only:
            assert status == "NO"
            return
        # A UID that is not there is passed over (RFC 3501 §6.4.8); a number that names nothing any more is not.
        assert status == ("OK" if self.picks.by_uid or len(here) + len(late) == len(uids) else "NO")
        assert client.modified == sorted(numbers)
        if not self.silent:
            assert set(here) <= set(client.fetched) | (set(here) - set(client.uids))

    def changed(self, before: Flags) -> Flags:
        match self.action:
            case "+":
                return before | self.flags
            case "-":
                return before - self.flags
            case _:
                return self.flags


@dataclass(frozen=True)
class Expunge:
    picks: Picks | None

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.mailbox:
            return
        box = model.boxes[client.mailbox]
        command, among = "EXPUNGE", set(box.messages)
        if self.picks is not None:
            words, uids = model.picked(client, self.picks)
            command, among = f"UID EXPUNGE {words}", set(uids)
        if not client.read_only:
            for uid in [uid for uid in among if DELETED in box.messages.get(uid, ())]:
                del box.messages[uid]
        assert await model.say(client, command) == ("NO" if client.read_only else "OK")
        if not client.read_only:
            model.up_to_date(client)


@dataclass(frozen=True)
class Copy:
    picks: Picks
    verb: str
    box: str

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.mailbox:
            return
        source, target = model.boxes[client.mailbox], model.boxes[self.box]
        words, uids = model.picked(client, self.picks)
        if not words:
            return
        possible = not (client.read_only and self.verb == "MOVE")
        if self.picks.by_uid:
            uids = [uid for uid in uids if uid in source.messages]
        else:
            possible &= all(uid in source.messages for uid in uids)
        if possible:
            for uid in uids:
                target.add(source.messages[uid])
            if self.verb == "MOVE":
                for uid in uids:
                    del source.messages[uid]
        status = await model.say(client, f"{self.picks.verb}{self.verb} {words} {self.box}")
        assert status == ("OK" if possible else "NO")


@dataclass(frozen=True)
class Fetch:
    picks: Picks | None
    items: str
    since: int | None

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.uids:
            return
        box = model.boxes[client.mailbox]
        words, uids = ("1:*", client.uids) if self.picks is None else model.picked(client, self.picks)
        if not words:
            return
        by_uid = "" if self.picks is None else self.picks.verb
        uids, here = list(uids), [uid for uid in uids if uid in box.messages]
        if "BODY[" in self.items and not client.read_only:
            for uid in here:
                box.messages[uid] |= {SEEN}
        modifier = ""
        if self.since is not None and "BODY[" not in self.items:
            since = max(0, box.highest - self.since)
            modifier = f" (CHANGEDSINCE {since})"
            here = [uid for uid in here if box.modseqs[uid] > since]
        before = list(client.uids)
        status = await model.say(client, f"{by_uid}FETCH {words} {self.items}{modifier}")
        complete = all(uid in box.messages for uid in uids)
        assert status == ("OK" if complete or by_uid else "NO")
        # The rest are news; so is what has gone since.
        assert [uid for uid in client.fetched if uid in here and uid in before][: len(here)] == here


@dataclass(frozen=True)
class Search:
    key: str
    returns: str
    by_uid: bool

    async def __call__(self, model: Model, client: Client) -> None:
        if not client.mailbox:
            return
        box = model.boxes[client.mailbox]
        if self.key == "$":
            wanted = set(client.saved)
        else:
            wanted = {uid for uid, flags in box.messages.items() if self.key == "ALL" or DELETED in flags}
        fits = [(number, uid) for number, uid in enumerate(client.uids, 1) if uid in wanted and uid in box.messages]
        verb = "UID SEARCH" if self.by_uid else "SEARCH"
        if "SAVE" in self.returns:
            client.saved = [uid for _, uid in fits]
        assert await model.say(client, f"{verb} {self.returns}{self.key}") == "OK"
        if self.returns != "RETURN (SAVE) ":
            assert client.found == [uid if self.by_uid else number for number, uid in fits]


some_flags = st.frozensets(st.sampled_from(FLAGS), max_size=2)
some_picks = st.builds(
    Picks,
    st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.sampled_from([False] * 4 + [True]),
)
uid_picks = st.builds(
    Picks, st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple), st.just(True), st.just(False)
)
boxes = st.sampled_from(["INBOX", "INBOX", "Other"])
behind = st.none() | st.integers(0, 6)
ACTIONS = st.one_of(
    st.builds(Append, boxes, some_flags),
    st.builds(Append, boxes, st.just(frozenset({DELETED}))),
    st.builds(
        Select,
        boxes,
        st.sampled_from([False, False, False, True]),
        st.sampled_from(["", "all", "known", "matched"]),
        st.booleans(),
    ),
    st.builds(Leave, st.sampled_from(["drop", "drop", "CLOSE", "UNSELECT"])),
    st.builds(Noop, st.sampled_from(["NOOP", "IDLE"])),
    st.builds(Store, some_picks, st.sampled_from(["+", "+", "-", ""]), some_flags, st.booleans(), behind),
    st.builds(Store, some_picks, st.just("+"), st.just(frozenset({DELETED})), st.booleans(), st.none()),
    st.builds(Expunge, st.none() | uid_picks),
    st.builds(Copy, some_picks, st.sampled_from(["COPY", "MOVE"]), boxes),
    st.builds(
        Fetch,
        st.none() | some_picks,
        st.sampled_from(["FLAGS", "(UID FLAGS)", "(UID FLAGS MODSEQ)", "BODY[TEXT]"]),
        behind,
    ),
    st.builds(
        Search,
        st.sampled_from(["ALL", "DELETED", "$"]),
        st.sampled_from(["", "RETURN (SAVE) ", "RETURN (ALL SAVE) "]),
        st.booleans(),
    ),
)
STEPS = st.lists(st.tuples(st.integers(0, len(KINDS) - 1), ACTIONS), max_size=30)


async def run(steps: list[tuple[int, Action]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            model = Model(house)
            await model.begin()
            for _ in range(3):
                await model.do(0, Append("INBOX", frozenset()))
            for who in range(len(KINDS)):
                await model.do(who, Select("INBOX", False, "", True))
            for who, action in steps:
                await model.do(who, action)
            for who in range(len(KINDS)):
                await model.do(who, Fetch(None, "(UID FLAGS)", None))
                await model.do(who, Noop("NOOP"))
                await model.do(who, Leave("drop"))
                for box in BOXES:
                    await model.do(who, Select(box, False, "all", True))
        finally:
            house.database.close()


FIRST = Picks((0,), by_uid=False, saved=False)
DELETE_FIRST = Store(FIRST, "+", frozenset({DELETED}), silent=False, unchanged=None)


@pytest.mark.slow
@given(STEPS, st.sampled_from([mailboxes.REMEMBERED, 3]))
# Left alone by a conditional STORE, and told later.
@example([(1, DELETE_FIRST), (0, Store(FIRST, "+", frozenset(), False, 1)), (0, Noop("NOOP"))], mailboxes.REMEMBERED)
# What another session did before a silent STORE is told later.
@example(
    [(0, DELETE_FIRST), (1, Store(FIRST, "+", frozenset({SEEN}), True, None)), (1, Noop("NOOP"))], mailboxes.REMEMBERED
)
# A modification sequence above that of an expunge that could not be told yet.
@example(
    [(0, DELETE_FIRST), (0, Leave("CLOSE")), (2, Fetch(None, "BODY[TEXT]", None)), (2, Leave("drop"))],
    mailboxes.REMEMBERED,
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_clients_count_along_is_what_there_is(steps: list[tuple[int, Action]], remembered: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Few: removals are forgotten, and whole mailboxes read anew.
        patch.setattr(mailboxes, "REMEMBERED", remembered)
        asyncio.run(run(steps))
