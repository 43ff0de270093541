"""What a face may have the lab's people and machines do: send, fetch, break a server, mind its queue, move the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from uuid import uuid4

from msgspec.structs import replace

from mailtutor.acts import AnyAct, FiveDaysAway, Send, named
from mailtutor.errors import Sentence
from mailtutor.lab.agents.browser import Fetched
from mailtutor.lab.agents.sender import OnWeighed, Submitted, Wishes, submit
from mailtutor.lab.doing import Doing
from mailtutor.lab.lab import Lab
from mailtutor.lab.pictures import open_page, page_and_mail
from mailtutor.lab.plan import ALICE, BOB, User
from mailtutor.message.compose import Attachment, compose
from mailtutor.message.growth import Seed, grown


class Acts:
    """Over one running lab; from any thread."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def do(self, act: AnyAct) -> Future[str]:
        """Has an agent or a host do something; the future gives a Sentence, or raises MailtutorError."""
        return self._lab.submit(Doing(self._lab).do(act))

    def act(self, action: str, *, subject: str = "", body: str = "") -> Future[str]:
        """The act of that name; subject and body where it has any. Raises ValueError for another."""
        act = named(action)
        if isinstance(act, (Send, FiveDaysAway)):
            act = replace(act, subject=subject or act.subject, body=body or act.body)
        return self.do(act)

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
        return self._lab.submit(Doing(self._lab).read(self._lab.plan.user(user), protocol, delete=delete)).result()

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

    def reveal(self) -> Future[None]:
        """As `Lab.reveal`."""
        return self._lab.submit(self._lab.reveal())

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
