"""Answers what an IMAP server engine asks. A mailbox may be open in many sessions at once; each keeps its own view."""

from __future__ import annotations

import asyncio

from mailtutor.errors import LocalProtocolError, RemoteProtocolError, StoreError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.driver import SEND_AT, Wire
from mailtutor.lab.hub import Hub
from mailtutor.lab.services.folders import DELIMITER, Folders
from mailtutor.lab.services.selection import Selection
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.imap import events, table
from mailtutor.protocols.imap.fetch import FetchItem
from mailtutor.protocols.imap.flags import SEEN, Flags
from mailtutor.protocols.imap.matching import Matcher
from mailtutor.protocols.imap.server import ImapServer
from mailtutor.protocols.spec import Wording

# After so many messages of one FETCH or SEARCH the other sessions get a turn.
_BATCH = 50


class ImapService:
    """One session. wire: poked when the open mailbox changes, so that IDLE hears of it; flushed while a long answer is
    made. greeting: the key of what it begins with; BYE ends it."""

    def __init__(
        self,
        delivery: Delivery,
        recorder: Recorder,
        hub: Hub,
        clock: Clock,
        wire: Wire,
        wording: Wording,
        greeting: str = "OK.greeting",
    ) -> None:
        self.engine = ImapServer(delivery.plan.name, wording=wording, delimiter=DELIMITER, greeting=greeting)
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

    def _tell_news(self) -> None:
        if self._opened is not None:
            engine = self.engine
            engine.notify(self._opened.news(may_expunge=engine.may_expunge))

    def _done(self) -> None:
        """Tells the news and that it worked."""
        self._tell_news()
        self.engine.done()

    async def _answer(self, event: object) -> None:
        match event:
            case events.LoginAttempted():
                await self._login(event)
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

    async def _login(self, event: events.LoginAttempted) -> None:
        user = self._delivery.authenticated(event.username, event.password)
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
        opened = Selection(folders, box, self._wire.poke, read_only=event.read_only)
        self._opened = opened
        self.engine.selected(
            opened.view,
            uid_validity=opened.box.uid_validity,
            uid_next=opened.box.uid_next,
            keywords=opened.keywords,
            read_only=event.read_only,
        )

    async def _answer_about_mailboxes(self, event: object) -> None:
        folders = self._folders
        match event:
            case events.ListAsked():
                for row in folders.listing(event.reference, event.pattern, subscribed=event.subscribed):
                    self.engine.listed(row)
            case events.StatusAsked():
                box = folders.find(event.mailbox)
                self.engine.status(box.name, folders.counts(box, event.items))
            case events.CreateAsked():
                await folders.create(event.mailbox)
            case events.DeleteAsked():
                await folders.delete(event.mailbox)
            case events.RenameAsked():
                await folders.rename(event.mailbox, event.new_name)
            case events.SubscribeAsked():
                await folders.subscribe(event.mailbox, subscribed=event.subscribed)
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
        marked: set[int] = set()
        if event.marks_seen and not engine.read_only:
            marked = await opened.store([uid for _, uid in picked], "add", frozenset({SEEN}))
        tells_flags = FetchItem("FLAGS") in event.items
        complete = True
        for count, (number, uid) in enumerate(picked, 1):
            facts = opened.facts(uid)
            if facts is None:
                complete = False
                continue
            if tells_flags or uid in marked:
                opened.view.told(uid, facts.flags)
            try:
                engine.fetched(number, facts, flags_changed=uid in marked)
            except RemoteProtocolError:
                complete = False
                continue
            if engine.unsent >= SEND_AT:
                # Message by message as fast as the client takes them, or a large mailbox would fill the memory.
                await self._wire.flush()
            elif count % _BATCH == 0:
                await asyncio.sleep(0)
        self._finish(complete=complete)

    async def _store(self, event: events.StoreAsked) -> None:
        opened, engine = self._selection, self.engine
        picked = opened.view.pick(event.messages, by_uid=event.by_uid)
        await opened.store([uid for _, uid in picked], event.action, event.flags)
        complete = True
        for number, uid in picked:
            facts = opened.facts(uid)
            if facts is None:
                complete = False
                continue
            shown: Flags = opened.view.told(uid, facts.flags)
            if not event.silent:
                engine.flags(number, uid, shown)
        self._finish(complete=complete)

    async def _expunge(self, event: events.ExpungeAsked) -> None:
        only = None
        if event.messages is not None:
            only = {uid for _, uid in self._selection.view.pick(event.messages, by_uid=True)}
        await self._selection.expunge(only)
        self._done()

    def _finish(self, *, complete: bool) -> None:
        """Ends FETCH or STORE; messages another session has expunged are no fault of the client's (RFC 2180 §4.1)."""
        self._tell_news()
        self.engine.reply("OK.completed" if complete else "NO.gone")

    async def _search(self, event: events.SearchAsked) -> None:
        view = self._selection.view
        self._selection.load()
        matcher = Matcher(event.key, largest_number=len(view), largest_uid=view.largest_uid)
        found: list[int] = []
        for number, uid in enumerate(tuple(view.uids), 1):
            facts = self._selection.facts(uid)
            try:
                if facts is not None and matcher.matches(number, facts):
                    found.append(uid if event.by_uid else number)
            except RemoteProtocolError:
                continue  # expunged while it was read: it matches nothing any more
            if number % _BATCH == 0:
                await asyncio.sleep(0)
        self.engine.searched(found)
        self._done()

    async def _copy(self, event: events.CopyAsked) -> None:
        picked = self._selection.view.pick(event.messages, by_uid=event.by_uid)
        validity, pairs = await self._selection.copy([uid for _, uid in picked], event.mailbox)
        self._tell_news()
        self.engine.copied(validity, [here for here, _ in pairs], [there for _, there in pairs])
