"""What a face may have the lab's people and machines do: send, fetch, break a server, mind its queue, move the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from mailtutor.errors import Sentence
from mailtutor.lab.agents import imap as imap_agent
from mailtutor.lab.agents import pop3 as pop3_agent
from mailtutor.lab.agents.browser import Fetched
from mailtutor.lab.agents.devices import DOINGS, Devices
from mailtutor.lab.agents.sender import OnWeighed, Submitted, Wishes, submit
from mailtutor.lab.clock import LabClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.pictures import open_page, page_and_mail, send_forms, send_pictures
from mailtutor.lab.plan import ALICE, BOB, User
from mailtutor.lab.verdict import GIVE_UP_S
from mailtutor.message.compose import Attachment, compose
from mailtutor.message.growth import Seed, grown
from mailtutor.protocols.smtp.courier import Tls

# Beyond ASCII, and short enough to be read in the bytes.
_TEXT = "你好，bob！今晚吃可丽饼吗？"
# Connections of a browser in a hurry.
MANY = 4
# Seconds between two looks at a queue.
_LOOK_S = 0.02
_SUBJECT = "Ketchup?"
_BODY = "Do you like ketchup?\nHow about pickles?\n"


class Acts:
    """Over one running lab; from any thread."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def act(self, action: str, *, subject: str = "", body: str = "") -> Future[str]:
        """Has an agent or a host do something; the future gives a Sentence, or raises MailtutorError.

        Actions: "send" (with this subject and body, or the textbook's), "fetch-pop3", "fetch-pop3-delete", "fetch-
        imap", "alice-imap", "open-page" (bob's browser, on one connection), "open-page-wide" (on several), "send-
        pictures" (those of the page), "beside" (page and mail, one after the other), "send-forms" (a Chinese text in
        four forms), "host-down", "host-up", "flush", "five-days-away" (alice sends while bob's server is down for so
        long), and what bob does on his devices, as in `DOINGS`. Raises KeyError for another.
        """
        if action in DOINGS:
            return self._lab.submit(Devices(self._lab, BOB).do(action))
        works: dict[str, Callable[[], Coroutine[Any, Any, str]]] = {
            "send": lambda: self._send(subject or _SUBJECT, body or _BODY),
            "fetch-pop3": lambda: self._read(BOB, "pop3", delete=False),
            "fetch-pop3-delete": lambda: self._read(BOB, "pop3", delete=True),
            "fetch-imap": lambda: self._read(BOB, "imap", delete=False),
            "alice-imap": lambda: self._read(ALICE, "imap", delete=False),
            "send-pictures": self._send_pictures,
            "open-page": lambda: self._open_page(1),
            "open-page-wide": lambda: self._open_page(MANY),
            "beside": self._beside,
            "send-forms": self._send_forms,
            "host-down": lambda: self._switch(up=False),
            "host-up": lambda: self._switch(up=True),
            "flush": self._flush,
            "five-days-away": lambda: self._five_days_away(subject or _SUBJECT, body or _BODY),
        }
        return self._lab.submit(works[action]())

    def grow(self, seed: Seed, stage: int) -> Future[str]:
        """alice sends bob a message with so many MIME fields; the future gives a Sentence, or raises MailtutorError."""
        content = grown(
            seed, stage, sender=ALICE.address, recipients=[BOB.address], at=time.time(),
            unique=f"{uuid4().hex[:16]}@{ALICE.domain}",
        )  # fmt: skip
        return self._lab.submit(self._hand_in(content))

    async def _hand_in(self, content: bytes) -> str:
        done = await self._submit(ALICE, [BOB.address], content)
        return Sentence("{host}: {reply}", "act.sent", host=ALICE.domain, reply=done.reply)

    async def _send(self, subject: str, body: str) -> str:
        return await self._hand_in(_message(ALICE, [BOB.address], subject, body))

    async def _read(self, user: User, protocol: str, *, delete: bool) -> str:
        contents = await self._fetch(user, protocol, delete=delete)
        if len(contents) == 1:
            return Sentence("{user}: 1 message", "act.read_one", user=user.name)
        return Sentence("{user}: {count} messages", "act.read", user=user.name, count=len(contents))

    async def _send_pictures(self) -> str:
        done = await send_pictures(self._lab)
        return Sentence("{host}: {reply}", "act.sent", host=ALICE.domain, reply=done.reply)

    async def _open_page(self, connections: int) -> str:
        found = await open_page(self._lab, connections)
        size = sum(len(one.content) for one in found)
        return Sentence(
            "{host}: a page and what it shows, {count} answers, {size} octets",
            "act.page",
            host=ALICE.domain,
            count=len(found),
            size=size,
        )

    async def _send_forms(self) -> str:
        await send_forms(self._lab, _TEXT)
        return Sentence("the same text was sent in four forms", "act.forms")

    async def _beside(self) -> str:
        await page_and_mail(self._lab)
        return Sentence("the page and the mail are where they were to go", "act.beside")

    async def _switch(self, *, up: bool) -> str:
        await self._lab.switch(BOB.domain, up=up)
        if up:
            return Sentence("{host} is up", "act.up", host=BOB.domain)
        return Sentence("{host} is down", "act.down", host=BOB.domain)

    async def _five_days_away(self, subject: str, body: str) -> str:
        """bob's server goes down, alice sends, and her server tries until it gives up."""
        await self._lab.switch(BOB.domain, up=False)
        await self._send(subject, body)
        # Once it has been tried for the first time there is something to wait for.
        while not await self._lab.next_try(ALICE.domain):  # noqa: ASYNC110 - a queue tells nobody
            await asyncio.sleep(_LOOK_S)
        if isinstance(self._lab.clock, LabClock):
            self._lab.clock.jump(GIVE_UP_S)
        return Sentence("five days have passed", "act.five_days")

    async def _flush(self) -> str:
        await self._lab.flush()
        return Sentence("every queue tries again", "act.flushed")

    def send(
        self,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        body: str,
        *,
        attachments: Sequence[Attachment] = (),
        html: bool = False,
        release: str = "",
        form: str = "",
        weighed: OnWeighed | None = None,
    ) -> Submitted:
        """A user's agent sends; returns when the user's own server has taken the message.

        release: when that server may send it on, as a Letter has it; "" for at once. form: as `compose` has it.
        weighed: as `submit` has it; called from the lab's thread. Raises MailtutorError when it is refused,
        KeyError for an unknown user.
        """
        user = self._lab.plan.user(sender)
        content = _message(user, recipients, subject, body, attachments=attachments, html=html, form=form)
        return self._lab.submit(self._submit(user, recipients, content, Wishes(release=release), weighed)).result()

    def fetch(self, user: str, protocol: str, *, delete: bool) -> list[bytes]:
        """A user's agent reads everything in INBOX; gives the messages whole."""
        return self._lab.submit(self._fetch(self._lab.plan.user(user), protocol, delete=delete)).result()

    def browse(self, connections: int = 1) -> list[Fetched]:
        """Bob's browser opens the page; gives it and its pictures. Raises as `agents.browser.browse`."""
        return self._lab.submit(open_page(self._lab, connections)).result()

    def page_and_mail(self, connections: int = 1) -> None:
        """The same pictures as a page and as a mail; returns when both are where they were to go."""
        self._lab.submit(page_and_mail(self._lab, connections)).result()

    # Over a queue ---------------------------------------------------------------------------------------------------

    def hold(self, host: str, queue_id: str) -> Future[bool]:
        """Keeps a queued message from being tried; False where it is not there any more."""
        return self._lab.submit(self._lab.hosts[host].relay.hold(queue_id))

    def release(self, host: str, queue_id: str) -> Future[bool]:
        """Lets a held message go on; False where it is not there any more."""
        return self._lab.submit(self._lab.hosts[host].relay.release(queue_id))

    def recall(self, host: str, queue_id: str) -> Future[bool]:
        """Takes a message out of the queue; False where it is not there any more, or on its way at this moment."""
        return self._lab.submit(self._lab.hosts[host].relay.recall(queue_id))

    def flush(self, host: str) -> Future[int]:
        """Has a host try everything that waits there now; gives for how many recipients."""
        return self._lab.submit(self._lab.hosts[host].relay.flush())

    # Over faults and time -------------------------------------------------------------------------------------------

    def set_fault(self, host: str, kind: str, *, on: bool, detail: str = "") -> Future[None]:
        """As `Lab.set_fault`."""
        return self._lab.submit(self._lab.set_fault(host, kind, on=on, detail=detail))

    def jump(self) -> Future[float]:
        """As `Lab.jump`."""
        return self._lab.submit(self._lab.jump())

    async def _submit(
        self,
        user: User,
        recipients: Sequence[str],
        content: bytes,
        wishes: Wishes | None = None,
        weighed: OnWeighed | None = None,
    ) -> Submitted:
        lab = self._lab
        return await submit(
            lab.directory, lab.plan, user, recipients, content, lab.means, wishes=wishes, weighed=weighed
        )

    async def _fetch(self, user: User, protocol: str, *, delete: bool) -> list[bytes]:
        lab = self._lab
        trust = lab.means.trusted() if lab.plan.tls is not Tls.NEVER else None
        if protocol == "pop3":
            return await pop3_agent.download(lab.directory, user, delete=delete, trust=trust, tls=lab.plan.tls)
        return await imap_agent.download(lab.directory, user, delete=delete, trust=trust, tls=lab.plan.tls)


def _message(
    user: User,
    recipients: Sequence[str],
    subject: str,
    body: str,
    *,
    attachments: Sequence[Attachment] = (),
    html: bool = False,
    form: str = "",
) -> bytes:
    return compose(
        sender=user.address, recipients=recipients, subject=subject, body=body, at=time.time(),
        message_id=f"{uuid4().hex[:16]}@{user.domain}", attachments=attachments, html=html, form=form,
    )  # fmt: skip
