"""The same ten pictures twice: as a page that bob's browser fetches, and as a mail that alice sends him."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

from mailtutor.lab import site
from mailtutor.lab.agents.browser import Fetched, browse
from mailtutor.lab.agents.sender import Submitted, submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.message.compose import FORMS, Attachment, compose
from mailtutor.trace.events import AnyEvent, Attempted, Closed, Delivered, Opened

_SUBJECT, _BODY = "Ten pictures", "What we cook with.\n"


def album() -> bytes:
    """The mail that carries the page's pictures."""
    return compose(
        sender=ALICE.address, recipients=[BOB.address], subject=_SUBJECT, body=_BODY, at=time.time(),
        message_id=f"{uuid4().hex[:16]}@{ALICE.domain}",
        attachments=[Attachment(name, octets) for name, octets in site.pictures().items()],
    )  # fmt: skip


async def open_page(lab: Lab, connections: int = 1) -> list[Fetched]:
    """Bob's browser opens it, as `browse` does. In the lab's loop."""
    return await browse(lab.directory, BOB.address, ALICE.domain, connections=connections)


async def send_pictures(lab: Lab) -> Submitted:
    """alice sends them; returns when her server has the mail. In the lab's loop."""
    return await submit(lab.directory, lab.plan, ALICE, [BOB.address], album(), lab.means)


async def send_forms(lab: Lab, text: str) -> None:
    """alice sends a text in every form there is, each when the one before was tried. In the lab's loop. Raises
    MailtutorError where her own server will not have one."""
    for form in FORMS:
        content = compose(
            sender=ALICE.address, recipients=[BOB.address], subject=text, body=f"{text}\n", at=time.time(),
            message_id=f"{uuid4().hex[:16]}@{ALICE.domain}", form=form,
        )  # fmt: skip
        await settled(lab, submit(lab.directory, lab.plan, ALICE, [BOB.address], content, lab.means), "smtp")


async def page_and_mail(lab: Lab, connections: int = 1) -> None:
    """Both, one after the other, until everybody has hung up: the mail is with bob, or its first attempt has failed. In
    the lab's loop."""
    await settled(lab, open_page(lab, connections), "http")
    await settled(lab, send_pictures(lab), "smtp")


async def settled(lab: Lab, work: Coroutine[Any, Any, object], protocol: str) -> None:
    """Does it, and waits until every connection of that protocol which was opened meanwhile is closed; what was sent by
    SMTP has been tried then."""
    talking: set[int] = set()
    news = asyncio.Event()
    tried = protocol != "smtp"

    def take(_: int, event: AnyEvent) -> None:
        nonlocal tried
        if isinstance(event, Opened) and event.protocol == protocol:
            talking.add(event.conn)
        elif isinstance(event, Closed):
            talking.discard(event.conn)
        elif isinstance(event, Delivered) or (isinstance(event, Attempted) and event.outcome != "delivered"):
            tried = True
        news.set()

    end = lab.log.subscribe(take)
    try:
        await work
        while talking or not tried:
            news.clear()
            await news.wait()
    finally:
        end()
