"""An agent's visit to a lab that runs in another process: only its own side of the wire can be seen from here."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from uuid import uuid4

from mailtutor.errors import Sentence
from mailtutor.lab.agents import imap as imap_agent
from mailtutor.lab.agents import pop3 as pop3_agent
from mailtutor.lab.agents.sender import OnWeighed, Submitted, Wishes, submit
from mailtutor.lab.carrier import Means
from mailtutor.lab.clock import LabClock
from mailtutor.lab.directory import Directory
from mailtutor.lab.gate import Gate
from mailtutor.lab.plan import Plan
from mailtutor.lab.tap import Recorder, Tap
from mailtutor.lab.tls import Trusted
from mailtutor.lab.watched import WatchedDirectory
from mailtutor.message.compose import Attachment, compose
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.trace.log import Log

LOOK_AGAIN_S = 0.2


class Guest:
    """The same `send` and `fetch` as a session, over somebody else's lab. A context manager."""

    def __init__(self, plan: Plan, directory: Directory, trusted: Trusted | None) -> None:
        self.plan = plan
        self.log = Log()
        clock = LabClock()
        recorder, gate = Recorder(self.log, clock), Gate(clock)
        self._means = Means(clock, gate, trusted)
        self._directory = WatchedDirectory(directory, lambda protocol, service: Tap(recorder, gate, protocol, service))
        self._unseen = directory
        self._loop = asyncio.new_event_loop()
        self._message_id = ""

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.close()

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
        """As `Session.send`."""
        user = self.plan.user(sender)
        self._message_id = f"{uuid4().hex[:16]}@{user.domain}"
        content = compose(
            sender=user.address, recipients=recipients, subject=subject, body=body, at=time.time(),
            message_id=self._message_id, attachments=attachments, html=html, form=form,
        )  # fmt: skip
        wishes = Wishes(release=release)
        return self._loop.run_until_complete(
            submit(self._directory, self.plan, user, recipients, content, self._means, wishes=wishes, weighed=weighed)
        )

    def fetch(self, user: str, protocol: str, *, delete: bool) -> list[bytes]:
        """As `Session.fetch`."""
        trust = self._means.trusted() if self.plan.tls is not Tls.NEVER else None
        reader, tls = self.plan.user(user), self.plan.tls
        return self._loop.run_until_complete(
            pop3_agent.download(self._directory, reader, delete=delete, trust=trust, tls=tls)
            if protocol == "pop3"
            else imap_agent.download(self._directory, reader, delete=delete, trust=trust, tls=tls)
        )

    def wait_for(self, recipients: Sequence[str], limit_s: float) -> dict[str, str]:
        """Looks into the recipients' mailboxes until the message last sent is there; the reason for each where it is
        not. Mailboxes of other labs cannot be looked into: their recipients are taken as delivered."""
        left = []
        for recipient in recipients:
            try:
                left.append(self.plan.user(recipient))
            except KeyError:
                continue
        until = time.monotonic() + limit_s
        while left and time.monotonic() < until:
            left = [user for user in left if not self._loop.run_until_complete(
                imap_agent.holds(self._unseen, user, self._message_id)
            )]  # fmt: skip
            if left:
                threading.Event().wait(LOOK_AGAIN_S)
        return {user.address: Sentence("still on its way", "error.cli.late") for user in left}
