"""Carries out the acts of `mailtutor.acts` in one running lab. In the lab's loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mailtutor import acts
from mailtutor.errors import MailtutorError, Sentence
from mailtutor.lab import site
from mailtutor.lab.agents import imap as imap_agent
from mailtutor.lab.agents import pop3 as pop3_agent
from mailtutor.lab.agents.devices import DOINGS, Devices
from mailtutor.lab.agents.sender import Submitted, Wishes, submit
from mailtutor.lab.faults import parsed
from mailtutor.lab.pictures import open_page, page_and_mail, send_forms, send_pictures
from mailtutor.lab.plan import ALICE, BOB, IMPLICIT_TLS, User
from mailtutor.lab.saying import say
from mailtutor.lab.verdict import GIVE_UP_S
from mailtutor.message.compose import Attachment, compose
from mailtutor.message.disposition import asks_for_receipt, receipt
from mailtutor.message.growth import grown, text_seed
from mailtutor.protocols.smtp.courier import Tls

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab

# Seconds between two looks at a queue, and how long something may take to get there.
_LOOK_S = 0.02
_PATIENCE_S = 5.0


class Doing:
    """One lab's people and machines."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def do(self, act: acts.AnyAct) -> str:
        """Gives a Sentence. Raises MailtutorError where it could not be done."""
        name = str(act.__struct_config__.tag)
        try:
            if name in DOINGS:
                return await Devices(self._lab, BOB).do(name)
            return await _WORKS[type(act)](self, act)
        except MailtutorError:
            raise
        except Exception as wrong:  # whoever wrote the act, a lesson or a student, must hear of it
            raise MailtutorError(
                "{act} could not be done: {why}", "error.act.undone", act=name, why=str(wrong) or type(wrong).__name__
            ) from wrong

    # Mail -----------------------------------------------------------------------------------------------------------

    async def send(self, act: acts.Send) -> str:
        """Every message of it; what its own server said to the last."""
        user = self._user(act.sender)
        to = [self._address(one) for one in act.to] or ([] if act.cc or act.bcc else [BOB.address])
        cc, bcc = [self._address(one) for one in act.cc], [self._address(one) for one in act.bcc]
        notify = tuple(word.upper() for word in act.notify)
        release = f"HOLDFOR={int(acts.seconds(act.at.removeprefix('+')))}" if act.at else ""
        wishes = Wishes(notify, act.ret.upper(), act.envid, release)
        reply = ""
        for number in range(1, act.times + 1):
            subject = f"{act.subject} ({number})" if act.times > 1 else act.subject
            try:
                content = compose(
                    sender=user.address, recipients=to, cc=cc, subject=subject, body=act.body, at=time.time(),
                    message_id=_message_id(user), attachments=[_file(one) for one in act.attach], html=act.html,
                    form=act.form, receipt=user.address if act.receipt else "",
                )  # fmt: skip
            except ValueError as wrong:
                raise _unwritten(wrong) from wrong
            done = await self._submit(user, [*to, *cc, *bcc], content, wishes, act)
            reply = done.reply
        return Sentence("{host}: {reply}", "act.sent", host=user.domain, reply=reply)

    async def _submit(
        self, user: User, recipients: list[str], content: bytes, wishes: Wishes, act: acts.Send
    ) -> Submitted:
        lab = self._lab
        plan = replace(lab.plan, tls=Tls(act.tls)) if act.tls else lab.plan
        return await submit(
            lab.directory, plan, user, recipients, content, lab.means, wishes=wishes, service=act.service
        )

    async def fetch(self, act: acts.Fetch) -> str:
        """How many messages there were."""
        contents = await self.read(self._user(act.user), act.service, delete=act.delete, tls=act.tls)
        name = self._user(act.user).name
        if len(contents) == 1:
            return Sentence("{user}: 1 message", "act.read_one", user=name)
        return Sentence("{user}: {count} messages", "act.read", user=name, count=len(contents))

    async def read(self, user: User, service: str, *, delete: bool, tls: str = "") -> list[bytes]:
        """Everything in INBOX, whole."""
        lab = self._lab
        when = Tls(tls) if tls else lab.plan.tls
        trust = lab.means.trusted() if when is not Tls.NEVER or service in IMPLICIT_TLS else None
        if service == "imap":
            return await imap_agent.download(lab.directory, user, delete=delete, trust=trust, tls=when)
        return await pop3_agent.download(lab.directory, user, delete=delete, trust=trust, tls=when, service=service)

    async def confirm(self, act: acts.Confirm) -> str:
        """A report from the empty address, as every report comes (RFC 8098 §3)."""
        user, lab = self._user(act.user), self._lab
        contents = await self.read(user, "imap", delete=False)
        asked = next((one for one in reversed(contents) if asks_for_receipt(one)), None)
        if asked is None:
            raise MailtutorError(
                "{user}: no message in INBOX asks whether it was read", "error.act.no_receipt", user=user.name
            )
        to = asks_for_receipt(asked)
        content = receipt(asked, reader=user.address, at=time.time(), message_id=_message_id(user))
        done = await submit(lab.directory, lab.plan, user, [to], content, lab.means, sender="")
        return Sentence("{host}: {reply}", "act.sent", host=user.domain, reply=done.reply)

    async def grow(self, act: acts.Grow) -> str:
        """A message with some of the fields of MIME."""
        seed = text_seed(act.text or acts.SendForms().text)
        content = grown(
            seed, act.stage, sender=ALICE.address, recipients=[BOB.address], at=time.time(),
            unique=_message_id(ALICE),
        )  # fmt: skip
        done = await self._submit(ALICE, [BOB.address], content, Wishes(), acts.Send())
        return Sentence("{host}: {reply}", "act.sent", host=ALICE.domain, reply=done.reply)

    # Pictures and forms ---------------------------------------------------------------------------------------------

    async def open_page(self, act: acts.OpenPage) -> str:
        """How much came of it."""
        found = await open_page(self._lab, act.connections)
        size = sum(len(one.content) for one in found)
        return Sentence(
            "{host}: a page and what it shows, {count} answers, {size} octets", "act.page", host=ALICE.domain,
            count=len(found), size=size,
        )  # fmt: skip

    async def send_pictures(self, _: acts.SendPictures) -> str:
        """The page's pictures in one mail."""
        done = await send_pictures(self._lab)
        return Sentence("{host}: {reply}", "act.sent", host=ALICE.domain, reply=done.reply)

    async def beside(self, _: acts.Beside) -> str:
        """The page, then the mail."""
        await page_and_mail(self._lab)
        return Sentence("the page and the mail are where they were to go", "act.beside")

    async def send_forms(self, act: acts.SendForms) -> str:
        """A text in every form there is."""
        await send_forms(self._lab, act.text)
        return Sentence("the same text was sent in four forms", "act.forms")

    # By hand --------------------------------------------------------------------------------------------------------

    async def say(self, act: acts.Say) -> str:
        """Lines on a connection of their own."""
        host, service = act.console.split()
        last = await say(self._lab, act.who, host, service, act.lines, stay=act.stay)
        return Sentence("{host}: {reply}", "act.sent", host=host, reply=last)

    async def etrn(self, act: acts.Etrn) -> str:
        """The server that was away asks for its mail."""
        lines = (f"EHLO {act.domain}", f"ETRN {act.domain}", "QUIT")
        return await self.say(acts.Say(console=f"{act.host} smtp", lines=lines, who=act.domain))

    # Servers, faults and time -----------------------------------------------------------------------------------------

    async def host_down(self, act: acts.HostDown) -> str:
        """Off."""
        self._check_host(act.host)
        await self._lab.switch(act.host, up=False, cut=act.cut)
        return Sentence("{host} is down", "act.down", host=act.host)

    async def host_up(self, act: acts.HostUp) -> str:
        """On."""
        self._check_host(act.host)
        await self._lab.switch(act.host, up=True)
        return Sentence("{host} is up", "act.up", host=act.host)

    async def fault(self, act: acts.Fault) -> str:
        """Broken, or mended."""
        host, kind, detail = parsed(act.what, tuple(self._lab.hosts))
        await self._lab.set_fault(host, kind, on=act.on, detail=detail)
        if act.on:
            return Sentence("{host}: {fault} is on", "act.fault_on", host=host, fault=kind)
        return Sentence("{host}: {fault} is off", "act.fault_off", host=host, fault=kind)

    async def mend(self, act: acts.Mend) -> str:
        """Whatever is broken."""
        for host, kind, detail in self._lab.faults.now_on():
            if act.host in ("", host):
                await self._lab.set_fault(host, kind, on=False, detail=detail)
        return Sentence("everything is mended", "act.mended")

    async def jump(self, act: acts.Jump) -> str:
        """On to the next try, or by a span; gives by how many seconds in all."""
        total = 0.0
        for _ in range(act.times):
            if act.by:
                total += self._lab.jump_by(acts.seconds(act.by))
            else:
                await self._something_due()
                total += await self._lab.jump()
            await self._tried()
        return Sentence("{seconds} seconds have passed", "act.jumped", seconds=round(total))

    async def speed(self, act: acts.Speed) -> str:
        """Of the lab's time."""
        self._lab.run_at(act.factor)
        return Sentence("the lab's time runs {factor} times as fast", "act.speed", factor=f"{act.factor:g}")

    async def five_days_away(self, act: acts.FiveDaysAway) -> str:
        """Until alice's server has had enough."""
        await self._lab.switch(BOB.domain, up=False)
        await self.send(acts.Send(subject=act.subject, body=act.body))
        await self._something_due()
        self._lab.jump_by(GIVE_UP_S)
        return Sentence("five days have passed", "act.five_days")

    # The queue --------------------------------------------------------------------------------------------------------

    async def flush(self, act: acts.Flush) -> str:
        """One queue, or all."""
        if act.host:
            self._check_host(act.host)
        for name, host in self._lab.hosts.items():
            if act.host in ("", name):
                await host.relay.flush()
        return Sentence("every queue tries again", "act.flushed")

    async def hold(self, act: acts.Hold) -> str:
        """Held back."""
        relay = self._relay(act.host)
        await self._with_waiting(act.host, act.subject, held=False, change=relay.hold)
        return Sentence("{host} holds a message back", "act.held", host=act.host)

    async def release(self, act: acts.Release) -> str:
        """Let go."""
        relay = self._relay(act.host)
        await self._with_waiting(act.host, act.subject, held=True, change=relay.release)
        return Sentence("{host} lets a message go on", "act.released", host=act.host)

    async def recall(self, act: acts.Recall) -> str:
        """Taken out."""
        relay = self._relay(act.host)
        await self._with_waiting(act.host, act.subject, held=None, change=relay.recall)
        return Sentence("a message was taken out of the queue of {host}", "act.recalled", host=act.host)

    async def _with_waiting(
        self, host: str, subject: str, *, held: bool | None, change: Callable[[str], Coroutine[Any, Any, bool]]
    ) -> None:
        """The oldest that fits; one that is on its way at this moment is waited for."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            fitting = [
                one for one in self._lab.waiting(host)
                if subject in ("", one.subject) and held in (None, one.is_held)
            ]  # fmt: skip
            if fitting and await change(fitting[0].queue_id):
                return
            if not fitting or time.monotonic() > end:
                raise MailtutorError("no such message waits at {host}", "error.act.nothing_waits", host=host)
            await asyncio.sleep(_LOOK_S)

    async def _something_due(self) -> None:
        """Once a message has been tried there is something to wait for: a queue tells nobody."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end and any(self._lab.waiting(name) for name in self._lab.hosts):
            if any([await self._lab.next_try(name) for name in self._lab.hosts]):
                return
            await asyncio.sleep(_LOOK_S)

    async def _tried(self) -> None:
        """What was due is under way, or was tried."""
        end = time.monotonic() + 1.0
        while time.monotonic() < end and any(self._lab.waiting(name) for name in self._lab.hosts):
            if any([await self._lab.next_try(name) > 0 for name in self._lab.hosts]):
                return
            await asyncio.sleep(_LOOK_S)

    # Names ------------------------------------------------------------------------------------------------------------

    def _user(self, name: str) -> User:
        try:
            return self._lab.plan.user(name)
        except KeyError as unknown:
            users = ", ".join(user.address for host in self._lab.plan.hosts for user in host.users)
            raise MailtutorError(
                "there is no user {user} here; there are {users}", "error.act.user", user=name, users=users
            ) from unknown

    def _address(self, name: str) -> str:
        return name if "@" in name else self._user(name).address

    def _check_host(self, name: str) -> None:
        if name not in self._lab.hosts:
            hosts = ", ".join(self._lab.hosts)
            raise MailtutorError("no host {host} here; there are: {hosts}", "error.fault.host", host=name, hosts=hosts)

    def _relay(self, host: str) -> Any:
        self._check_host(host)
        return self._lab.hosts[host].relay


def _message_id(user: User) -> str:
    return f"{uuid4().hex[:16]}@{user.domain}"


def _unwritten(wrong: ValueError) -> MailtutorError:
    why = wrong.args[0] if wrong.args and isinstance(wrong.args[0], Sentence) else str(wrong)
    return MailtutorError("the message cannot be written: {why}", "error.cli.unwritten", why=why)


def _file(one: acts.Attached) -> Attachment:
    if one.text:
        return Attachment(one.name, one.text.encode())
    if one.octets:
        # Octets that repeat after 251 look alike in no two lines of base64.
        return Attachment(one.name, bytes(at % 251 for at in range(one.octets)))
    pictures = site.pictures()
    if one.name not in pictures:
        raise MailtutorError(
            "{name} has neither text nor octets, and is none of the lab's pictures: {pictures}", "error.act.picture",
            name=one.name, pictures=", ".join(pictures),
        )  # fmt: skip
    return Attachment(one.name, pictures[one.name])


# Each act to the method that does it; what bob's devices do is in DOINGS.
_WORKS: Mapping[type, Callable[[Doing, Any], Coroutine[Any, Any, str]]] = MappingProxyType(
    {
        acts.Send: Doing.send, acts.Fetch: Doing.fetch, acts.Confirm: Doing.confirm, acts.Say: Doing.say,
        acts.Etrn: Doing.etrn, acts.HostDown: Doing.host_down, acts.HostUp: Doing.host_up, acts.Fault: Doing.fault,
        acts.Mend: Doing.mend, acts.Flush: Doing.flush, acts.Hold: Doing.hold, acts.Release: Doing.release,
        acts.Recall: Doing.recall, acts.Jump: Doing.jump, acts.Speed: Doing.speed,
        acts.FiveDaysAway: Doing.five_days_away, acts.OpenPage: Doing.open_page,
        acts.SendPictures: Doing.send_pictures, acts.Beside: Doing.beside, acts.SendForms: Doing.send_forms,
        acts.Grow: Doing.grow,
    }
)  # fmt: skip
