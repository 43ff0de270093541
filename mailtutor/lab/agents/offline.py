"""A user agent that works without a connection: an IMAP device with a cache, brought into step when it is connected.

The server tells what changed since the device was here last (QRESYNC, RFC 7162 §3.2.5); where it counts changes and
keeps no record of what is gone (CONDSTORE) the device asks for both; where it does neither, the flags of everything are
compared. Then headers of what is new, then what was done offline goes up, only to messages nobody has changed meanwhile
(UNCHANGEDSINCE). The cache is saved after each of these, so that a connection that breaks costs no more than its step.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mailtutor.lab.agents.cache import Cache, Letter, Wish, letter_of
from mailtutor.lab.agents.imap import Visit, refused, visiting
from mailtutor.lab.agents.memory import Memory
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import User
from mailtutor.protocols.imap.client import Known
from mailtutor.protocols.imap.flags import DELETED, RECENT
from mailtutor.protocols.imap.responses import Completed, Counted, Fetched, Found, Told, Vanished
from mailtutor.protocols.imap.sequence import compressed
from mailtutor.protocols.smtp.courier import Tls

PROTOCOL = "imap"
_HEADERS = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE"
# Messages asked for by one command: their UIDs have to fit into a line.
_AT_A_TIME = 200
# Octets of a set of UIDs that is told at SELECT; a longer one is left out, and the server says more than it has to.
_LONGEST_SET = 1000
# How often a change is tried again that somebody else's came before.
_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Device:
    """One of a user's machines. folder: the lab's. name: of letters and hyphens, such as "phone"."""

    folder: Path
    name: str

    @property
    def memory(self) -> Memory:
        """Where it keeps what it knows."""
        return Memory(self.folder, self.name)

    def cache(self, user: User) -> Cache:
        """What it knows; nothing where it was never connected. Raises StoreError for a file that cannot be read."""
        return self.memory.load(user, PROTOCOL, Cache) or Cache()

    def keep(self, user: User, cache: Cache) -> None:
        """Keeps it. Raises StoreError where it cannot be written."""
        self.memory.save(user, PROTOCOL, cache)

    def change(self, user: User, choose: Callable[[Cache], Iterable[Letter]], **what: object) -> list[Letter]:
        """Does something to messages without a connection; gives those it was done to. what: as of a Wish."""
        with self.memory.claimed(user, PROTOCOL):
            cache = self.cache(user)
            chosen = list(choose(cache))
            for letter in chosen:
                cache.wish(letter, **what)
            if chosen:
                self.keep(user, cache)
            return chosen


@dataclass(slots=True)
class Synced:
    """What came of a visit: so many messages that were new, had other flags, were gone; changes that went up, and those
    that were dropped because somebody else had changed the message. fetched: parts, with their messages. forgot: the
    cache was thrown away, for the server's UIDVALIDITY was another one."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    uploaded: int = 0
    dropped: int = 0
    forgot: bool = False
    fetched: list[tuple[Letter, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched of one message once the device is in step: sections. seen: its user reads it now."""

    uid: int
    sections: list[str]
    seen: bool = False


async def synchronise(
    device: Device,
    directory: Directory,
    user: User,
    *,
    trust: ssl.SSLContext | None = None,
    tls: Tls = Tls.REQUIRED,
    choose: Callable[[Cache], Wanted | None] = lambda _: None,
) -> Synced:
    """Brings a device's cache of INBOX and the server's INBOX into step. choose: what to fetch afterwards.

    Raises as `visiting`; what was settled before it broke is kept.
    """
    with device.memory.claimed(user, PROTOCOL):
        cache = device.cache(user)
        async with visiting(directory, user, trust, tls) as visit:
            work = _Resync(visit, cache)
            await work.pull()
            device.keep(user, cache)
            if cache.wishes:
                try:
                    await work.push()
                finally:
                    device.keep(user, cache)
            wanted = choose(cache)
            if wanted is not None:
                await work.fetch(wanted)
                device.keep(user, cache)
            await visit.ask(visit.client.logout())
        return work.done


class _Resync:
    """One visit to a mailbox of which the device has a cache."""

    def __init__(self, visit: Visit, cache: Cache) -> None:
        self._visit = visit
        self._client = visit.client
        self._cache = cache
        self.done = Synced()
        self._offered: frozenset[str] = frozenset()

    # Down -----------------------------------------------------------------------------------------------------------

    async def pull(self) -> None:
        """Opens the mailbox and takes in what has changed."""
        cache, client, ask = self._cache, self._client, self._visit.ask
        await ask(client.capability())
        self._offered = client.capabilities
        if {"QRESYNC", "ENABLE"} <= self._offered:
            await ask(client.enable("QRESYNC"))
        resyncs = "QRESYNC" in client.enabled
        known = None
        if resyncs and cache.modseq:
            there = str(compressed(sorted(cache.letters)))
            known = Known(cache.uid_validity, cache.modseq, there if len(there) <= _LONGEST_SET else "")
        told = await ask(client.select(cache.mailbox, condstore=self._counts and not resyncs, known=known))
        validity, modseq = _code(told, "UIDVALIDITY"), _code(told, "HIGHESTMODSEQ")
        if validity != cache.uid_validity:
            self.done.forgot = bool(cache.uid_validity)
            cache.forget()
        if known is not None and not self.done.forgot:
            new = self._take(told)
            # Of UIDs that were not named as known the server says nothing.
            if _exists(told) > len(cache.letters) + len(new):
                await self._headers(f"{max(cache.letters, default=0) + 1}:*")
        else:
            new = await self._compare(told, modseq)
        for uids in _chunks(new):
            await self._headers(str(compressed(uids)))
        # Last: as long as it is the old one, everything that came after that is told again.
        cache.uid_validity, cache.modseq = validity, modseq

    async def _compare(self, told: list[object], modseq: int) -> list[int]:
        """Finds out without the server's help what is new and gone; gives what is new."""
        cache, client, ask = self._cache, self._client, self._visit.ask
        there: set[int] = set()
        new: list[int] = []
        if _exists(told):
            if cache.modseq and modseq:
                new = self._take(await ask(client.fetch("1:*", "(FLAGS)", by_uid=True, changed_since=cache.modseq)))
                found = await ask(client.search("ALL", by_uid=True))
                there.update(*(one.numbers for one in found if isinstance(one, Found)))
                new = [uid for uid in new if uid in there]
            else:
                listed = await ask(client.fetch("1:*", "(FLAGS MODSEQ)" if modseq else "(FLAGS)", by_uid=True))
                new = self._take(listed)
                there.update(one.uid for one in listed if isinstance(one, Fetched))
        for uid in sorted(cache.letters.keys() - there):
            self._drop(uid)
        return new

    async def _headers(self, uids: str) -> None:
        items = f"({_HEADERS} MODSEQ)" if self._counts else f"({_HEADERS})"
        told = await self._visit.ask(self._client.fetch(uids, items, by_uid=True))
        for one in told:
            if isinstance(one, Fetched) and "ENVELOPE" in one.items and one.uid not in self._cache.letters:
                self._cache.letters[one.uid] = letter_of(one)
                self.done.new += 1
        self._take(told)

    def _take(self, told: Iterable[object]) -> list[int]:
        """Takes in flags, and what is gone; gives the UIDs that are not known."""
        cache, new = self._cache, dict[int, None]()
        for one in told:
            if isinstance(one, Vanished):
                for uid in one.of(sorted(cache.letters)):
                    self._drop(uid)
            elif isinstance(one, Fetched) and one.uid and one.uid not in cache.letters:
                new[one.uid] = None
            elif isinstance(one, Fetched) and one.uid:
                letter = cache.letters[one.uid]
                flags = letter.flags if one.flags is None else one.flags - {RECENT}
                self.done.changed += flags != letter.flags
                letter.flags, letter.modseq = flags, max(letter.modseq, one.modseq)
        return sorted(new)

    def _drop(self, uid: int) -> None:
        self.done.gone += self._cache.drop(uid)

    @property
    def _counts(self) -> bool:
        """Whether the server counts changes."""
        return bool({"CONDSTORE", "QRESYNC"} & self._offered)

    # Up -------------------------------------------------------------------------------------------------------------

    async def push(self) -> None:
        """Says what was done offline. A wish is over once it is done, or cannot be done any more. What the server tells
        of it is no news."""
        changed, gone = self.done.changed, self.done.gone
        for wish in tuple(self._cache.wishes):
            letter = self._cache.letters.get(wish.uid)
            if letter is None:
                continue  # gone, and its wishes with it
            if wish.to:
                is_over = await self._move(letter, wish.to)
            elif DELETED in wish.add:
                is_over = await self._delete(letter, wish)
            else:
                is_over = await self._flag(letter, wish)
            if is_over and wish in self._cache.wishes:
                self._cache.wishes.remove(wish)
        self.done.changed, self.done.gone = changed, gone

    async def _flag(self, letter: Letter, wish: Wish) -> bool:
        """Flags of others stay as they are, so a change that came before ours is no reason not to make ours."""
        for action, flags in (("add", wish.add - letter.flags), ("remove", wish.remove & letter.flags)):
            if not flags:
                continue
            for _ in range(_MOST_TRIES):
                if await self._store(letter, action, flags, letter.modseq):
                    break
                items = "(FLAGS MODSEQ)"
                self._take(await self._visit.ask(self._client.fetch(str(letter.uid), items, by_uid=True)))
            else:
                return False
        self.done.uploaded += 1
        return True

    async def _store(self, letter: Letter, action: str, flags: frozenset[str], modseq: int) -> bool:
        """Whether the flags were changed; not, where the message has changed since `modseq`."""
        store = self._client.store(
            str(letter.uid), action, flags, by_uid=True, unchanged_since=modseq if self._counts and modseq else None
        )
        done, told = await self._visit.attempt(store)
        self._take(told)
        if done.status.response[0] == "MODIFIED":
            return False
        if not done.worked and not self._came_too_late(letter, done):
            raise refused(done)
        return True

    def _came_too_late(self, letter: Letter, done: Completed) -> bool:
        """Whether somebody has just expunged the message (RFC 5530 §3): nothing is left to be done with it."""
        if done.status.response[0] != "EXPUNGEISSUED":
            return False
        self._drop(letter.uid)
        return True

    async def _delete(self, letter: Letter, wish: Wish) -> bool:
        """Deletes what is as the user saw it. Without UIDPLUS it is marked, and whoever expunges next removes it."""
        if not await self._store(letter, "add", frozenset({DELETED}), wish.modseq):
            self.done.dropped += 1
            return True
        if "UIDPLUS" in self._offered:
            self._take(await self._visit.ask(self._client.expunge(str(letter.uid))))
            self._cache.drop(letter.uid)
        self.done.uploaded += 1
        return True

    async def _move(self, letter: Letter, mailbox: str) -> bool:
        client, uid = self._client, str(letter.uid)
        say = client.move if "MOVE" in self._offered else client.copy
        done, told = await self._visit.attempt(say(uid, mailbox, by_uid=True))
        if done.status.response[0] == "TRYCREATE":
            await self._visit.ask(client.create(mailbox))
            done, told = await self._visit.attempt(say(uid, mailbox, by_uid=True))
        self._take(told)
        if self._came_too_late(letter, done):
            return True
        if not done.worked:
            raise refused(done)
        if "MOVE" not in self._offered:
            await self._delete(letter, Wish(letter.uid, letter.modseq))
        else:
            self._cache.drop(letter.uid)
            self.done.uploaded += 1
        return True

    # On demand ------------------------------------------------------------------------------------------------------

    async def fetch(self, wanted: Wanted) -> None:
        """Fetches parts of one message."""
        letter = self._cache.letters.get(wanted.uid)
        for section in wanted.sections if letter is not None else ():
            told = await self._visit.ask(
                self._client.fetch_part(str(wanted.uid), section, peek=not wanted.seen, by_uid=True)
            )
            changed = self.done.changed
            self._take(told)
            self.done.changed = changed
            for one in told:
                body = one.items.get(f"BODY[{section}]") if isinstance(one, Fetched) else None
                if isinstance(body, bytes) and letter is not None:
                    letter.bodies[section] = body
                    self.done.fetched.append((letter, section))


def _exists(told: Iterable[object]) -> int:
    """How many messages the mailbox has, among what SELECT told."""
    return next((one.number for one in told if isinstance(one, Counted) and one.name == "EXISTS"), 0)


def _code(told: Iterable[object], name: str) -> int:
    """The number of a response code among what SELECT told, 0 where it is not there."""
    found = (one.status.response for one in told if isinstance(one, Told))
    return next((int(rest) for code, rest in found if code == name and rest.isdigit()), 0)


def _chunks(uids: list[int]) -> Iterable[list[int]]:
    return (uids[at : at + _AT_A_TIME] for at in range(0, len(uids), _AT_A_TIME))
