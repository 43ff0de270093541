"""A service without a store: what the lab does with an IMAP engine's events, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.imap import events
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.flags import DELETED, SEEN, Flags, changed
from mailtutor.protocols.imap.mailbox import Wanted, listing, subscribed_listing
from mailtutor.protocols.imap.matching import Matcher
from mailtutor.protocols.imap.server import ImapServer, Opened
from mailtutor.protocols.imap.view import View
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import scram_keys

ARRIVED = datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(-timedelta(hours=7)))

KETCHUP = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
    b"From: Terry Gray <gray@cac.washington.edu>\r\n"
    b"Subject: Ketchup\r\n"
    b"To: imap@cac.washington.edu\r\n"
    b"Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
    b"\r\n"
    b"Do you like ketchup?\r\n"
)
PICKLES = b"From: alice@crepes.fr\r\nSubject: Pickles\r\n\r\nHow about pickles?\r\n"


@dataclass(frozen=True)
class Row:
    """What a view has to know of a message."""

    flags: Flags
    modseq: int = 1


@dataclass
class Box:
    """One mailbox."""

    messages: dict[int, tuple[Flags, datetime, bytes]] = field(default_factory=dict)
    uid_next: int = 1

    def add(self, content: bytes, flags: Flags = frozenset(), arrived: datetime = ARRIVED) -> int:
        uid = self.uid_next
        self.messages[uid] = (flags, arrived, content)
        self.uid_next += 1
        return uid

    @property
    def rows(self) -> dict[int, Flags]:
        return {uid: flags for uid, (flags, _, _) in self.messages.items()}

    @property
    def kept(self) -> dict[int, Row]:
        return {uid: Row(flags) for uid, flags in self.rows.items()}

    def mark(self, uid: int, flags: Flags) -> None:
        self.messages[uid] = (flags, *self.messages[uid][1:])


def inbox() -> Box:
    """Two messages, UIDs 4 and 7; the second has been read."""
    box = Box(uid_next=4)
    box.add(KETCHUP)
    box.uid_next = 7
    box.add(PICKLES, frozenset({SEEN}))
    return box


@dataclass
class World:
    """Bob's mailboxes, and one session's answers."""

    boxes: dict[str, Box] = field(default_factory=lambda: {"INBOX": inbox(), "friends": Box()})
    subscribed: set[str] = field(default_factory=lambda: {"INBOX"})
    view: View | None = None
    open: str = ""
    recent: tuple[int, ...] = ()
    closed: bool = False

    def settle(self, server: ImapServer) -> bytes:
        """Answers until nothing is asked; gives what the server said."""
        while (event := server.next_event()) is not NEED_DATA:
            if event is CLOSE:
                self.closed = True
                break
            try:
                self.answer(event, server)
            except RemoteProtocolError as wrong:
                server.refuse(wrong)
        return server.data_to_send()

    def happen(self, what: str, server: ImapServer) -> bytes:
        """Something happens elsewhere while the session waits: "arrive", "flag UID FLAG", "expunge UID"."""
        word, *rest = what.split()
        box = self.boxes["INBOX"]
        if word == "arrive":
            self.recent = (box.add(PICKLES),)
        elif word == "flag":
            box.mark(int(rest[0]), box.rows[int(rest[0])] | {rest[1]})
        else:
            del box.messages[int(rest[0])]
        if server.state == "idle":
            self.catch_up(server)
        return server.data_to_send()

    def catch_up(self, server: ImapServer) -> None:
        if self.view is not None:
            rows = self.boxes[self.open].kept
            gone = [uid for uid in self.view.uids if uid not in rows] if server.may_expunge else []
            server.notify(self.view.refresh(sorted(rows), rows, tuple(rows), gone, self.recent))

    def facts(self, uid: int) -> Facts:
        assert self.view is not None
        flags, arrived, content = self.boxes[self.open].messages[uid]
        return Facts(uid, flags, arrived, len(content), lambda: content, uid in self.view.recent)

    def box(self, name: str, reply: str = "NO.no_mailbox") -> Box:
        if name not in self.boxes:
            raise RemoteProtocolError(reply, mailbox=name)
        return self.boxes[name]

    def answer(self, event: object, server: ImapServer) -> None:
        match event:
            case AuthAttempted():
                right = event.username == "bob" and event.proves("hungry")
                server.reply("OK.login" if right else "NO.login")
            case events.SelectAsked():
                self.view = None
                box = self.box(event.mailbox)
                self.open, self.view = event.mailbox, View(sorted(box.rows), box.kept)
                unseen = next((n for n, flags in enumerate(box.rows.values(), 1) if SEEN not in flags), 0)
                opened = Opened(event.mailbox, 3857529045, box.uid_next, first_unseen=unseen)
                server.selected(self.view, opened, read_only=event.read_only)
            case events.CreateAsked():
                if event.mailbox in self.boxes:
                    raise RemoteProtocolError("NO.exists", mailbox=event.mailbox)
                self.boxes[event.mailbox] = Box()
                server.done()
            case events.DeleteAsked():
                self.box(event.mailbox)
                del self.boxes[event.mailbox]
                server.done()
            case events.RenameAsked():
                self.boxes[event.new_name] = self.box(event.mailbox)
                del self.boxes[event.mailbox]
                server.done()
            case events.SubscribeAsked():
                (self.subscribed.add if event.subscribed else self.subscribed.discard)(event.mailbox)
                server.done()
            case events.ListAsked():
                patterns = tuple(event.reference + pattern for pattern in event.patterns)
                wanted = Wanted(patterns, event.extended, event.selection, event.returns)
                found = (
                    subscribed_listing(self.subscribed, patterns[0], "/")
                    if event.subscribed
                    else listing(dict.fromkeys(self.boxes, ()), self.subscribed, wanted, "/")
                )
                for row in found:
                    server.listed(row)
                server.done()
            case events.StatusAsked():
                rows = self.box(event.mailbox).rows
                counts = {
                    "MESSAGES": len(rows),
                    "RECENT": 0,
                    "UIDNEXT": self.boxes[event.mailbox].uid_next,
                    "UIDVALIDITY": 3857529045,
                    "UNSEEN": sum(SEEN not in flags for flags in rows.values()),
                    "DELETED": sum(DELETED in flags for flags in rows.values()),
                    "SIZE": sum(len(content) for _, _, content in self.boxes[event.mailbox].messages.values()),
                    "HIGHESTMODSEQ": 1,
                }
                server.status(event.mailbox, {item: counts.get(item, 0) for item in event.items})
                server.done()
            case events.QuotaAsked():
                raise RemoteProtocolError("NO.no_quota")
            case events.QuotaRootAsked():
                self.box(event.mailbox)
                server.quota_root(event.mailbox, [])
                server.done()
            case events.TlsAsked():
                server.reply("NO.tls")
            case ScramKeysAsked():
                server.scram_keys(scram_keys("hungry", b"salt", 1))
            case events.AppendAsked():
                box = self.box(event.mailbox, "NO.try_create")
                uid = box.add(event.content, event.flags, event.arrived or ARRIVED)
                self.catch_up(server)
                server.appended(3857529045, uid)
            case events.CloseAsked():
                if event.expunge:
                    self._expunge(None)
                self.view = None
                server.done()
            case events.IdleBegun():
                server.reply("+.idle")
                self.catch_up(server)
            case events.IdleEnded():
                self.catch_up(server)
                server.reply(event.reply)
            case events.Polled():
                self.catch_up(server)
                server.done()
            case _:
                self.answer_about_messages(event, server)

    def answer_about_messages(self, event: object, server: ImapServer) -> None:
        view, box = self.view, self.boxes[self.open]
        assert view is not None
        match event:
            case events.FetchAsked():
                for number, uid in view.pick(event.messages, by_uid=event.by_uid):
                    seen_now = event.marks_seen and not server.read_only and SEEN not in box.rows[uid]
                    if seen_now:
                        box.mark(uid, view.told(uid, box.rows[uid] | {SEEN}) - {"\\Recent"})
                    server.fetched(number, self.facts(uid), event.items, flags_changed=seen_now)
            case events.StoreAsked():
                for number, uid in view.pick(event.messages, by_uid=event.by_uid):
                    box.mark(uid, changed(box.rows[uid], event.action, event.flags))
                    shown = view.told(uid, box.rows[uid])
                    if not event.silent:
                        server.flags(number, uid, shown)
            case events.SearchAsked():
                matcher = Matcher(event.key, largest_number=len(view), largest_uid=view.largest_uid, saved=view.saved)
                here = [(n, uid) for n, uid in enumerate(view.uids, 1) if uid in box.messages]
                found = [(n, uid) for n, uid in here if matcher.matches(n, self.facts(uid))]
                if "SAVE" in (event.returns or ()):
                    view.saved = tuple(uid for _, uid in found)
                self.catch_up(server)
                server.searched([uid if event.by_uid else n for n, uid in found])
                return
            case events.CopyAsked():
                target = self.box(event.mailbox, "NO.try_create")
                picked = view.pick(event.messages, by_uid=event.by_uid)
                pairs = [(uid, target.add(box.messages[uid][2], box.rows[uid])) for _, uid in picked]
                source, copies = [uid for uid, _ in pairs], [uid for _, uid in pairs]
                if event.move:
                    for uid in source:
                        del box.messages[uid]
                    server.moved(3857529046, source, copies)
                self.catch_up(server)
                if event.move:
                    server.expunged(1 if source else 0)
                else:
                    server.copied(3857529046, source, copies)
                return
            case events.ExpungeAsked():
                only = None
                if event.messages is not None:
                    only = {uid for _, uid in view.pick(event.messages, by_uid=True)}
                self._expunge(only)
            case _:
                raise AssertionError(event)
        self.catch_up(server)
        server.done()

    def _expunge(self, only: set[int] | None) -> None:
        box = self.boxes[self.open]
        for uid, flags in box.rows.items():
            if DELETED in flags and (only is None or uid in only):
                del box.messages[uid]
