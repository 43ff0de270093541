"""Answers what an IMAP server engine asks. A mailbox may be open in many sessions at once; each keeps its own view."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailtutor.errors import LocalProtocolError, RemoteProtocolError, StoreError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.driver import SEND_AT, Wire
from mailtutor.lab.faults import Faults
from mailtutor.lab.hub import Hub
from mailtutor.lab.logins import proven, scram_keys
from mailtutor.lab.plan import HostPlan
from mailtutor.lab.services.folders import DELIMITER, Folders
from mailtutor.lab.services.selection import Selection
from mailtutor.lab.tap import Recorder
from mailtutor.message.headers import parse_header
from mailtutor.protocols.imap import bulk, events, table
from mailtutor.protocols.imap.fetch import SECTION, FetchItem
from mailtutor.protocols.imap.flags import SEEN, changed
from mailtutor.protocols.imap.matching import Matcher
from mailtutor.protocols.imap.search import CHARSETS, mentions_modseq, mentions_numbers
from mailtutor.protocols.imap.sequence import SequenceSet, compressed
from mailtutor.protocols.imap.server import ImapServer, Security
from mailtutor.protocols.imap.sort import Sortable, in_order
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.spec import Wording
from mailtutor.store.mailboxes import Message

MECHANISMS = ("PLAIN", "SCRAM-SHA-256")
# After so many messages of one FETCH or SEARCH the other sessions get a turn.
_BATCH = 50
# The same where they are not taken apart.
_AT_ONCE = 500
# Octets of messages read from the store together.
_READ_AT_ONCE = 128 * 1024


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """What a session depends on besides its host's plan. tls: the door itself is TLS (port 993). faults: what is broken
    now. greeting: the key of what it begins with; BYE ends it."""

    faults: Faults
    tls: bool = False
    greeting: str = "OK.greeting"


class ImapService:
    """One session. wire: poked when the open mailbox changes, so that IDLE hears of it; flushed while a long answer is
    made."""

    def __init__(
        self,
        delivery: Delivery,
        recorder: Recorder,
        hub: Hub,
        clock: Clock,
        wire: Wire,
        wording: Wording,
        settings: ImapSettings,
    ) -> None:
        self.engine = ImapServer(
            delivery.plan.name,
            wording=wording,
            capabilities=_offered(delivery.plan, wording),
            delimiter=DELIMITER,
            greeting=settings.greeting,
            strict_7bit="strict-7bit" in delivery.plan.rules,
            security=Security(settings.tls, secrets.token_hex(12), "passwords-need-tls" in delivery.plan.rules),
        )
        self._faults = settings.faults
        self._delivery = delivery
        self._recorder = recorder
        self._hub = hub
        self._clock = clock
        self._wire = wire
        self._account: Folders | None = None
        self._opened: Selection | None = None

    def woken(self) -> None:
        """The open mailbox may have changed: said at once in IDLE, with the next command otherwise."""
        if self.engine.state == table.IDLE:
            self._tell_news()

    async def ended(self) -> None:
        """Stops watching."""
        self._leave()

    def answer(self, event: object) -> bool:
        """Nothing: the flow of large answers has to be waited for, whatever is asked."""
        return False

    async def handle(self, event: object) -> None:
        """Answers one event."""
        try:
            await self._answer(event)
        except RemoteProtocolError as wrong:
            self.engine.refuse(wrong)
        except StoreError:
            self.engine.reply("NO.unavailable")

    @property
    def _folders(self) -> Folders:
        if self._account is None:
            raise LocalProtocolError("nobody has logged in")
        return self._account

    @property
    def _selection(self) -> Selection:
        if self._opened is None:
            raise LocalProtocolError("no mailbox is open")
        return self._opened

    def _leave(self) -> None:
        if self._opened is not None:
            self._opened.leave()
            self._opened = None

    def _tell_news(self, *, numbers_stand: bool = False) -> None:
        """numbers_stand: the command spoke of message numbers, so that they must not move."""
        opened, engine = self._opened, self.engine
        if opened is None:
            return
        may_expunge = engine.may_expunge and not numbers_stand
        shared = opened.shares_news(may_expunge=may_expunge)
        key = (shared, engine.dialect) if shared is not None else None
        said = opened.told_before(key) if key is not None else None
        if said is not None:
            engine.tell(said)
            opened.catch_up()
            return
        rows, before = opened.view.rows, engine.unsent
        engine.notify(opened.news(may_expunge=may_expunge))
        if key is not None and opened.view.is_plain:
            opened.keep_told(key, rows, engine.said_since(before))

    def _warn(self) -> None:
        """Tells how far a client may trust the modification sequences it was just told: not beyond what it has not been
        told to be gone (RFC 7162 §3.2, §6)."""
        if self._opened is not None and self.engine.spoken.qresync and (agreed := self._opened.agreed_until):
            self.engine.limit_modseq(agreed)

    def _done(self) -> None:
        """Tells the news and that it worked."""
        self._tell_news()
        self.engine.done()

    async def _answer(self, event: object) -> None:
        if self._opened is not None and not isinstance(event, events.SelectAsked):
            self.engine.tell_modseq(self._opened.box.highest_modseq)
        match event:
            case AuthAttempted():
                await self._login(event)
            case ScramKeysAsked():
                self.engine.scram_keys(scram_keys(self._delivery, event.username))
            case events.TlsAsked():
                broken = self._faults.detail(self.engine.host, "no-tls") is not None
                self.engine.reply("NO.tls" if broken else "OK.tls")
            case events.SelectAsked():
                self._select(event)
            case events.Polled():
                self._done()
            case events.IdleBegun():
                self.engine.reply("+.idle")
                self._tell_news()
            case events.IdleEnded():
                self._tell_news()
                self.engine.reply(event.reply)
            case events.CloseAsked():
                if event.expunge:
                    await self._selection.expunge(None)
                self._leave()
                # Not the modification sequence: the client has not been told what is gone (RFC 7162 §3.2.8).
                self.engine.done()
            case events.FetchAsked():
                await self._fetch(event)
            case events.StoreAsked():
                await self._store(event)
            case events.SearchAsked():
                await self._search(event)
            case events.CopyAsked():
                await self._copy(event)
            case events.ExpungeAsked():
                await self._expunge(event)
            case _:
                await self._answer_about_mailboxes(event)

    # Who, and which mailbox -----------------------------------------------------------------------------------------

    async def _login(self, event: AuthAttempted) -> None:
        user = proven(self._delivery, event)
        if user is None:
            self.engine.reply("NO.login")
            return
        self._account = Folders(self._delivery, user.name, self._recorder, self._hub, self._clock)
        await self._account.ensure_inbox()
        self.engine.reply("OK.login")

    def _select(self, event: events.SelectAsked) -> None:
        self._leave()
        folders = self._folders
        box = folders.find(event.mailbox)
        # IMAP4rev2 has no \Recent (RFC 9051 appendix E).
        shows_recent = not self.engine.spoken.rev2
        opened = Selection(folders, box, self._wire.poke, read_only=event.read_only, shows_recent=shows_recent)
        self._opened = opened
        self.engine.selected(opened.view, opened.opened(event.resync), read_only=event.read_only)

    async def _answer_about_mailboxes(self, event: object) -> None:
        folders = self._folders
        match event:
            case events.ListAsked():
                for row in folders.listing(event):
                    self.engine.listed(row)
                    if event.status and row.exists:
                        box = folders.find(row.name)
                        self.engine.status(box.name, folders.counts(box, event.status))
            case events.StatusAsked():
                box = folders.find(event.mailbox)
                self.engine.status(box.name, folders.counts(box, event.items))
            case events.CreateAsked():
                await folders.create(event.mailbox, event.use)
            case events.DeleteAsked():
                await folders.delete(event.mailbox)
            case events.RenameAsked():
                await folders.rename(event.mailbox, event.new_name)
            case events.SubscribeAsked():
                await folders.subscribe(event.mailbox, subscribed=event.subscribed)
            case events.QuotaAsked():
                if event.root != folders.user:
                    raise RemoteProtocolError("NO.no_quota")
                self.engine.quota(folders.user, folders.quota())
            case events.QuotaRootAsked():
                self.engine.quota_root(folders.find(event.mailbox).name, [folders.user])
                self.engine.quota(folders.user, folders.quota())
            case events.AppendAsked():
                await self._append(event)
                return
            case _:
                raise LocalProtocolError(f"no answer to {event!r}")
        self._done()

    async def _append(self, event: events.AppendAsked) -> None:
        box, uid = await self._folders.append(event.mailbox, event.content, event.flags, event.arrived)
        self._tell_news()
        self.engine.appended(box.uid_validity, uid)

    # Messages -------------------------------------------------------------------------------------------------------

    async def _fetch(self, event: events.FetchAsked) -> None:
        opened, engine = self._selection, self.engine
        picked = opened.view.pick(event.messages, by_uid=event.by_uid)
        opened.load()
        since, all_there = event.changed_since, True
        if since is not None:
            if event.vanished:
                uids = compressed(opened.view.saved) if event.messages.saved else event.messages
                known = SequenceSet(tuple(uids.bounded(opened.box.uid_next)))
                engine.vanished(opened.vanished(events.Resync(opened.box.uid_validity, since, known)))
            # Before they are marked \Seen, which changes them.
            here = opened.rows(picked)
            all_there = len(here) == len(picked)
            newer = {row.uid for _, row in here if row.modseq > since}
            picked = [pair for pair in picked if pair[1] in newer]
        marked: set[int] = set()
        if event.marks_seen and not engine.read_only:
            marked, _ = await opened.store([uid for _, uid in picked], "add", frozenset({SEEN}))
        rows = opened.rows(picked)
        complete = all_there and len(rows) == len(picked)
        if bulk.is_narrow(event.items) and not marked:
            complete &= await self._fetch_narrow(event.items, rows)
        else:
            complete &= await self._fetch_whole(event.items, rows, marked)
        # A UID that is not there is passed over (RFC 3501 §6.4.8).
        self._finish(complete=complete or event.by_uid)

    async def _fetch_narrow(self, items: Sequence[FetchItem], rows: Sequence[tuple[int, Message]]) -> bool:
        """What needs no message taken apart, many in one go. False where some are gone."""
        opened, engine = self._selection, self.engine
        names = {item.name for item in items}
        complete = True
        for some in _stretches(rows, reads_all=SECTION in names):
            messages = [row for _, row in some]
            outlines = opened.outlines(messages) if names & bulk.OUTLINED else None
            contents = opened.contents(messages) if SECTION in names else None
            for known in (outlines, contents):
                if known is not None and not all(row.body_id in known for row in messages):
                    some = [pair for pair in some if pair[1].body_id in known]
                    messages, complete = [row for _, row in some], False
            if "FLAGS" in names:
                opened.tell_flags(messages)
            columns = opened.columns(messages, outlines or {}, contents or {})
            engine.tell(bulk.lines([number for number, _ in some], items, columns))
            await self._breathe()
        return complete

    async def _fetch_whole(
        self, items: Sequence[FetchItem], rows: Sequence[tuple[int, Message]], marked: set[int]
    ) -> bool:
        """Message by message, as fast as the client takes them, or a large mailbox would fill the memory. False where
        some are gone."""
        opened, engine = self._selection, self.engine
        tells_flags = FetchItem("FLAGS") in items
        reads_all = any(item.name == SECTION for item in items)
        complete = True
        for some in _stretches(rows):
            contents = opened.contents(row for _, row in some) if reads_all else {}
            for count, (number, row) in enumerate(some, 1):
                facts = opened.facts(row, contents.get(row.body_id))
                try:
                    engine.fetched(number, facts, items, flags_changed=row.uid in marked)
                except RemoteProtocolError as wrong:
                    if wrong.reply != "NO.gone":
                        raise
                    complete = False
                    continue
                if tells_flags or row.uid in marked:
                    opened.tell_flags([row])
                if engine.unsent >= SEND_AT or count % _BATCH == 0:
                    await self._breathe()
        return complete

    async def _breathe(self) -> None:
        """Sends what has gathered, and gives the other sessions a turn."""
        if self.engine.unsent >= SEND_AT:
            await self._wire.flush()
        await asyncio.sleep(0)

    async def _store(self, event: events.StoreAsked) -> None:
        opened, engine = self._selection, self.engine
        picked = opened.view.pick(event.messages, by_uid=event.by_uid)
        known = {uid: opened.view.known(uid) for _, uid in picked}
        uids = [uid for _, uid in picked]
        different, late = await opened.store(uids, event.action, event.flags, event.unchanged_since)
        rows = opened.rows(picked)
        left_alone = set(late)
        told = [pair for pair in rows if pair[1].uid not in left_alone]
        if event.silent:
            # The client works out the flags; where it cannot have known what they were, it has to be told later.
            action, flags = event.action, event.flags
            opened.tell_flags(row for _, row in told if changed(known[row.uid], action, flags) == row.flags)
            # The modification sequence is news, where it is spoken of (RFC 7162 §3.1.3).
            if not engine.spoken.condstore:
                told = []
            elif event.unchanged_since is None:
                told = [pair for pair in told if pair[1].uid in different]
        await self._fetch_narrow(engine.items_after_store(silent=event.silent), told)
        complete = event.by_uid or len(rows) == len(picked)
        if late:
            numbers = late if event.by_uid else [opened.view.number(uid) for uid in late]
            self._tell_news()
            self._warn()
            engine.reply("OK.modified" if complete else "NO.modified", set=str(compressed(sorted(numbers))))
        else:
            self._finish(complete=complete)

    async def _expunge(self, event: events.ExpungeAsked) -> None:
        only = None
        if event.messages is not None:
            only = {uid for _, uid in self._selection.view.pick(event.messages, by_uid=True)}
        modseq = await self._selection.expunge(only)
        self._tell_news()
        self.engine.expunged(modseq)

    def _finish(self, *, complete: bool) -> None:
        """Ends FETCH or STORE; messages another session has expunged are no fault of the client's (RFC 2180 §4.1)."""
        self._tell_news()
        self._warn()
        self.engine.reply("OK.completed" if complete else "NO.gone")

    async def _search(self, event: events.SearchAsked) -> None:
        opened = self._selection
        view = opened.view
        returns = event.returns or frozenset()
        if event.charset not in CHARSETS:
            # Whoever wanted the result saved has none now (RFC 5182 §2.1).
            view.saved = ()
            raise RemoteProtocolError("NO.bad_charset")
        opened.load()
        matcher = Matcher(event.key, largest_number=len(view), largest_uid=view.largest_uid, saved=view.saved)
        found: list[tuple[int, Message]] = []
        for count, (number, row) in enumerate(opened.rows(enumerate(view.uids, 1)), 1):
            try:
                if matcher.matches(number, opened.facts(row)):
                    found.append((number, row))
            except RemoteProtocolError:
                continue  # expunged while it was read: it matches nothing any more
            if count % _BATCH == 0:
                await asyncio.sleep(0)
        if event.criteria:
            found = await self._sorted(event, found)
        if "SAVE" in returns:
            view.saved = tuple(row.uid for _, row in _saved(found, returns))
        modseqs = [row.modseq for _, row in found] if mentions_modseq(event.key) else []
        self._tell_news(numbers_stand=mentions_numbers(event.key))
        self._warn()
        self.engine.searched([row.uid if event.by_uid else number for number, row in found], modseqs)

    async def _sorted(
        self, event: events.SearchAsked, found: Sequence[tuple[int, Message]]
    ) -> list[tuple[int, Message]]:
        opened = self._selection
        by_number = dict(found)
        ranked: list[Sortable] = []
        for some in _stretches(found):
            contents = opened.contents(row for _, row in some)
            for number, row in some:
                if row.body_id in contents:
                    header = parse_header(contents[row.body_id])
                    ranked.append(Sortable(number, opened.facts(row).arrived, row.size, header))
            await asyncio.sleep(0)
        return [(number, by_number[number]) for number in in_order(ranked, event.criteria)]

    async def _copy(self, event: events.CopyAsked) -> None:
        picked = self._selection.view.pick(event.messages, by_uid=event.by_uid)
        uids = [uid for _, uid in picked]
        validity, pairs, modseq = await self._selection.copy(
            uids, event.mailbox, move=event.move, all_of_them=not event.by_uid
        )
        here, there = [uid for uid, _ in pairs], [uid for _, uid in pairs]
        if event.move:
            self.engine.moved(validity, here, there)
            self._tell_news()
            self.engine.expunged(modseq)
        else:
            self._tell_news()
            self.engine.copied(validity, here, there)


def _offered(plan: HostPlan, wording: Wording) -> tuple[str, ...]:
    known = table.CLASSIC if wording is Wording.CLASSIC else plan.imap_offered
    return tuple(name for name in known if name in plan.imap_offered)


def _stretches(
    rows: Sequence[tuple[int, Message]], *, reads_all: bool = True
) -> Iterator[Sequence[tuple[int, Message]]]:
    """Messages to be answered together: some, and not too many octets where they are read."""
    start = octets = 0
    for at, (_, row) in enumerate(rows):
        if at > start and (at - start >= _AT_ONCE or octets + row.size > _READ_AT_ONCE):
            yield rows[start:at]
            start, octets = at, 0
        octets += row.size if reads_all else 0
    if start < len(rows):
        yield rows[start:]


def _saved(found: Sequence[tuple[int, Message]], returns: frozenset[str]) -> Sequence[tuple[int, Message]]:
    """What SAVE keeps: only the ends where only they were asked for (RFC 5182 §2.4)."""
    if returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX"} or not found:
        return found
    ends = ([found[0]] if "MIN" in returns else []) + ([found[-1]] if "MAX" in returns else [])
    return list(dict(ends).items())
