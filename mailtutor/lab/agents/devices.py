"""bob's two devices as a face has them used: a laptop that reads by POP3, a phone that reads by IMAP.

Whatever a device does, the trace is told what it knows afterwards, also where the server was lost on the way.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mailtutor.errors import Sentence, StoreError
from mailtutor.lab.agents import offline, pop3
from mailtutor.lab.agents.cache import Cache, Letter
from mailtutor.lab.agents.offline import Synced, Wanted
from mailtutor.lab.delivery import summary
from mailtutor.lab.plan import BOB, User
from mailtutor.protocols.imap.flags import DELETED, SEEN
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.trace.events import DeviceMail, DeviceSynced

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab

LAPTOP, PHONE = "laptop", "phone"
INBOX, ARCHIVE = "INBOX", "Archive"
# So many messages the trace is told of, the newest.
MOST_TOLD = 100


class Devices:
    """A user's devices over one running lab. In the lab's loop."""

    def __init__(self, lab: Lab, user: User) -> None:
        self._lab = lab
        self._user = user
        self.laptop = pop3.Device(lab.folder, LAPTOP)
        self.phone = offline.Device(lab.folder, PHONE)

    async def do(self, doing: str) -> str:
        """One of DOINGS; gives a Sentence. Raises MailtutorError."""
        return await DOINGS[doing](self)

    # The laptop -----------------------------------------------------------------------------------------------------

    async def fetch(self, *, delete: bool) -> str:
        """The laptop fetches what it has not got by POP3, and leaves it on the server or not."""
        with self._told(self._laptop_mails, LAPTOP, pop3.PROTOCOL, lambda: "fetched"):
            contents = await pop3.synchronise(
                self.laptop, self._lab.directory, self._user, delete=delete, trust=self._trust, tls=self._lab.plan.tls
            )
        held = len(self.laptop.shelf(self._user).held)
        if delete:
            return Sentence(
                "laptop: {new} fetched by POP3, {held} on it, none left on the server", "act.laptop_deleted",
                new=len(contents), held=held,
            )  # fmt: skip
        return Sentence(
            "laptop: {new} fetched by POP3, {held} on it, nothing removed from the server", "act.laptop_kept",
            new=len(contents), held=held,
        )  # fmt: skip

    def _laptop_mails(self) -> Iterator[DeviceMail]:
        for key, held in self.laptop.shelf(self._user).held.items():
            sender, subject = summary(held.content)
            yield DeviceMail(key=key, holds="whole", sender=sender, subject=subject, size=len(held.content))

    # The phone, connected -------------------------------------------------------------------------------------------

    async def synchronise(self) -> str:
        """The phone and the server come into step: headers of what is new, and what was done offline."""
        return _synced(await self._connect("synchronised"))

    async def open(self) -> str:
        """The phone fetches the text of the newest message of which it has only the headers; it is read then."""
        return await self._read(text=True)

    async def attach(self) -> str:
        """The phone fetches the attachments of the newest message that has any it lacks."""
        return await self._read(text=False)

    async def _read(self, *, text: bool) -> str:
        def choose(cache: Cache) -> Wanted | None:
            for letter in _newest(cache):
                sections = letter.missing(text=text)
                if sections:
                    return Wanted(letter.uid, sections, seen=text)
            return None

        done = await self._connect("opened", choose)
        if not done.fetched:
            return _idle(self.phone.cache(self._user), "phone: it has all of every message on it", "act.phone_has_all")
        letter = done.fetched[0][0]
        size = sum(len(letter.bodies[section]) for _, section in done.fetched)
        return Sentence(
            "phone: {size} of {total} octets of “{subject}” fetched", "act.phone_opened",
            size=size, total=letter.size, subject=letter.subject,
        )  # fmt: skip

    async def _connect(self, step: str, choose: Callable[[Cache], Wanted | None] = lambda _: None) -> Synced:
        done = Synced()
        # Asked to open something, it may find that there is nothing to open.
        with self._told(
            self._phone_mails, PHONE, offline.PROTOCOL,
            lambda: step if step != "opened" or done.fetched else "synchronised", lambda: done.forgot,
        ):  # fmt: skip
            done = await offline.synchronise(
                self.phone, self._lab.directory, self._user, trust=self._trust, tls=self._lab.plan.tls, choose=choose
            )
        return done

    # The phone, without a connection --------------------------------------------------------------------------------

    async def mark(self) -> str:
        """Everything on the phone is marked as read, offline."""

        def unread(cache: Cache) -> list[Letter]:
            return [letter for letter in _newest(cache) if SEEN not in cache.shown_flags(letter)]

        return self._change(unread, add=frozenset({SEEN}))

    async def delete(self) -> str:
        """The newest message on the phone is deleted, offline."""
        return self._change(_first, add=frozenset({DELETED}))

    async def archive(self) -> str:
        """The newest message on the phone is put into another mailbox, offline."""
        return self._change(_first, to=ARCHIVE)

    def _change(self, choose: Callable[[Cache], Iterable[Letter]], **what: object) -> str:
        with self._told(self._phone_mails, PHONE, offline.PROTOCOL, lambda: "changed" if changed else "unchanged"):
            changed = self.phone.change(self._user, choose, **what)
        if not changed:
            return _idle(self.phone.cache(self._user), "phone: all of that is done already", "act.phone_done")
        return Sentence(
            "phone: {count} changed on it alone; the server hears of it when it synchronises", "act.phone_changed",
            count=len(changed),
        )  # fmt: skip

    def _phone_mails(self) -> tuple[DeviceMail, ...]:
        return self.phone.cache(self._user).mails()

    # Both -----------------------------------------------------------------------------------------------------------

    @property
    def _trust(self) -> ssl.SSLContext | None:
        return self._lab.means.trusted() if self._lab.plan.tls is not Tls.NEVER else None

    @contextmanager
    def _told(
        self,
        mails: Callable[[], Iterable[DeviceMail]],
        device: str,
        protocol: str,
        step: Callable[[], str],
        forgot: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Tells the trace what a device knows after what is done here."""
        said = "broken"
        try:
            yield
            said = step()
        finally:
            if said != "unchanged":
                self._tell(tuple(mails()), device, protocol, said, forgot=forgot())

    def _tell(
        self, known: tuple[DeviceMail, ...], device: str, protocol: str, step: str, *, forgot: bool = False
    ) -> None:
        self._lab.record(
            DeviceSynced, host=self._user.domain, user=self._user.name, device=device, protocol=protocol,
            mailbox=INBOX, step=step, mails=known[-MOST_TOLD:], more=max(0, len(known) - MOST_TOLD), forgot=forgot,
        )  # fmt: skip

    def remember(self) -> None:
        """Tells the trace what the devices have kept from an earlier run of the lab. One that cannot be read says so
        when it is used."""
        with suppress(StoreError):
            if fetched := tuple(self._laptop_mails()):
                self._tell(fetched, LAPTOP, pop3.PROTOCOL, "kept")
        with suppress(StoreError):
            if cached := self._phone_mails():
                self._tell(cached, PHONE, offline.PROTOCOL, "kept")


def remember(lab: Lab, user: User = BOB) -> None:
    """Tells the trace of a lab that starts what the user's devices know from before."""
    if (lab.folder / "devices").exists() and any(host.name == user.domain for host in lab.plan.hosts):
        Devices(lab, user).remember()


def _newest(cache: Cache) -> list[Letter]:
    """The newest first, without what its user has done away with."""
    letters = sorted(cache.letters.values(), key=lambda letter: -letter.uid)
    return [letter for letter in letters if not cache.is_leaving(letter)]


def _idle(cache: Cache, otherwise: str, key: str) -> Sentence:
    """Why nothing was to be done."""
    if not cache.letters:
        return Sentence("phone: there is no mail on it; synchronise it first", "act.phone_nothing")
    return Sentence(otherwise, key)


def _first(cache: Cache) -> list[Letter]:
    return _newest(cache)[:1]


def _synced(done: Synced) -> str:
    counts = {"new": done.new, "changed": done.changed, "gone": done.gone, "uploaded": done.uploaded}
    if done.forgot:
        return Sentence(
            "phone: the server's UIDVALIDITY is another one, so everything was forgotten; {new} new", "act.phone_anew",
            new=done.new,
        )  # fmt: skip
    if done.dropped:
        return Sentence(
            "phone: {new} new, {changed} changed, {gone} gone, {uploaded} sent up; {dropped} not deleted, for they"
            " were changed elsewhere meanwhile", "act.phone_dropped", **counts, dropped=done.dropped,
        )  # fmt: skip
    return Sentence(
        "phone: {new} new, {changed} changed, {gone} gone, {uploaded} sent up", "act.phone_synced", **counts
    )


DOINGS: dict[str, Callable[[Devices], Awaitable[str]]] = {
    "laptop-pop3": lambda devices: devices.fetch(delete=False),
    "laptop-pop3-delete": lambda devices: devices.fetch(delete=True),
    "phone-sync": Devices.synchronise,
    "phone-open": Devices.open,
    "phone-attachment": Devices.attach,
    "phone-mark": Devices.mark,
    "phone-delete": Devices.delete,
    "phone-archive": Devices.archive,
}
