"""A lab without sockets, clock or disk: our engines, two hosts, and a trace.

Enough to play a lesson's solutions and see whether its checks are met by what really would be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import Do, Predict, Type, Watch
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.pop3 import events as pop3
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.smtp import events as smtp
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.smtp.table import OFFERED
from mailtutor.protocols.spec import Wording
from mailtutor.reading.dialogue import Dialogue, dialogue_of
from mailtutor.reading.world import World
from mailtutor.trace.events import (
    Appended,
    Attempted,
    Bounced,
    Closed,
    Delivered,
    Endpoint,
    Expunged,
    FaultSwitched,
    FromClient,
    FromServer,
    MailboxMade,
    Opened,
    Queued,
)
from mailtutor.trace.log import Log

PASSWORD = "pickles"
SMTP_LINES = ["MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA"]
NOW: dict[str, Any] = {"t": 0.0, "at": 0.0}


@dataclass
class Call:
    """One connection to a host's service."""

    conn: int
    host: str
    engine: SmtpServer | Pop3Server
    user_mail: list[int] = field(default_factory=list)


class ToyLab:
    """alice at crepes.fr, bob at hamburger.edu."""

    def __init__(self, lesson: Lesson) -> None:
        self.log = Log()
        self.wording: Wording = lesson.outline.lab.wording
        self.inbox: dict[int, bytes] = {}
        # What waits at crepes.fr for a server that is down, and what alice was told of it.
        self.is_down = False
        self.waiting: list[tuple[str, str]] = []
        self.reports: list[bytes] = []
        self.next_uid = 1
        self.calls = 0
        self.console: dict[str, Call] = {}
        self.log.append(MailboxMade(**NOW, host="hamburger.edu", user="bob", mailbox="INBOX", change="created"))
        for seed in lesson.seeds:
            assert (seed.user, seed.mailbox) == ("bob@hamburger.edu", "INBOX")
            self.file(seed.content)

    # What a session does with a step ------------------------------------------------------------------------------

    def play(self, step: Watch | Do | Type | Predict) -> None:
        """Carries out a step's solution."""
        if isinstance(step, Watch):
            self.act(step.do, step.subject, step.body)
        elif isinstance(step, Do):
            for action in step.solution:
                self.act(action, "Hello", "Hello")
        else:
            lines = list(step.solution) if isinstance(step, Type) else [step.type]
            self.type(step.console, lines, fresh=step.fresh)

    def act(self, do: str, subject: str, body: str) -> None:
        """alice sends, bob fetches, or his server goes."""
        if do in ("host-down", "host-up"):
            self.is_down = do == "host-down"
            self.log.append(FaultSwitched(**NOW, host="hamburger.edu", fault="down", on=self.is_down))
        elif do == "send":
            self.send("crepes.fr", subject, body)
            self.hand_on(subject, body)
        elif do == "five-days-away":
            self.is_down = True
            self.act("send", subject, body)
            bob = "bob@hamburger.edu"
            self.log.append(Bounced(**NOW, host="crepes.fr", queue_id="Q1", recipient=bob, reason="given up"))
            self.reports.append(b"Subject: not delivered\r\n\r\nIt could not be delivered.\r\n")
            size = len(self.reports[-1])
            self.log.append(Appended(**NOW, host="crepes.fr", user="alice", mailbox="INBOX", uid=1, size=size))
        else:
            self.say("hamburger.edu", "pop3", ["USER bob", f"PASS {PASSWORD}", "LIST", "RETR 1", "QUIT"])

    def send(self, host: str, subject: str, body: str) -> None:
        """Somebody hands a message to a host."""
        message = [f"Subject: {subject}", "", *body.split("\n"), "."]
        self.say(host, "smtp", ["HELO crepes.fr", *SMTP_LINES, *message, "QUIT"])

    def hand_on(self, subject: str, body: str) -> None:
        """crepes.fr tries."""
        if self.is_down:
            self.waiting.append((subject, body))
            self.log.append(
                Attempted(
                    **NOW, host="crepes.fr", queue_id="Q1", recipient="bob@hamburger.edu", to_host="hamburger.edu",
                    outcome="deferred", reply="Connection refused", attempt=1, next_try_s=5.0,
                )
            )  # fmt: skip
        else:
            self.send("hamburger.edu", subject, body)

    def type(self, console: str, lines: Sequence[str], *, fresh: bool) -> None:
        """The student types."""
        if fresh and console in self.console:
            self.hang_up(self.console.pop(console))
        if console not in self.console:
            self.console[console] = self.dial(*console.split(" "))
        for line in lines:
            self.hear(self.console[console], line.encode() + b"\r\n")

    def reading(self) -> tuple[Dialogue, World]:
        """Everything so far, as the views read it."""
        world = World()
        world.take(self.log)
        return dialogue_of(self.log), world

    # The wire -----------------------------------------------------------------------------------------------------

    def say(self, host: str, service: str, lines: Sequence[str]) -> None:
        """A whole connection."""
        call = self.dial(host, service)
        for line in lines:
            self.hear(call, line.encode() + b"\r\n")

    def dial(self, host: str, service: str) -> Call:
        """Opens a connection."""
        self.calls += 1
        offered = frozenset({*OFFERED, "ETRN"})
        is_smtp = service == "smtp"
        engine = (
            SmtpServer(host, wording=self.wording, offered=offered)
            if is_smtp
            else Pop3Server(host, wording=self.wording)
        )
        call = Call(self.calls, host, engine)
        self.log.append(
            Opened(
                **NOW, conn=call.conn, protocol=service, service=service,
                client=Endpoint("", "", 0), server=Endpoint(host, "", 0),
            )
        )  # fmt: skip
        call.engine.greet()
        self.flush(call)
        return call

    def hang_up(self, call: Call) -> None:
        """The client is gone."""
        self.log.append(Closed(**NOW, conn=call.conn, by="client"))

    def hear(self, call: Call, data: bytes) -> None:
        """The server reads a line and answers."""
        self.log.append(FromClient(**NOW, conn=call.conn, data=data))
        call.engine.receive_data(data)
        while (event := call.engine.next_event()) is not NEED_DATA:
            if event is CLOSE:
                self.flush(call)
                self.log.append(Closed(**NOW, conn=call.conn, by="server"))
                self.console = {name: other for name, other in self.console.items() if other is not call}
                return
            self.answer(call, event)
        self.flush(call)

    def flush(self, call: Call) -> None:
        """What the server said."""
        if said := call.engine.data_to_send():
            self.log.append(FromServer(**NOW, conn=call.conn, data=said))

    # The world ----------------------------------------------------------------------------------------------------

    def answer(self, call: Call, event: object) -> None:
        """What the services would answer."""
        if isinstance(call.engine, SmtpServer):
            self.answer_smtp(call, call.engine, event)
        else:
            self.answer_pop3(call, call.engine, event)

    def answer_smtp(self, call: Call, engine: SmtpServer, event: object) -> None:
        """Bob is at hamburger.edu; crepes.fr takes mail for him into its queue."""
        match event:
            case smtp.QueueRunAsked():
                engine.reply("253.queue_counted", count=str(len(self.waiting)), node="hamburger.edu")
                for subject, body in self.waiting:
                    self.hand_on(subject, body)
                self.waiting.clear()
            case smtp.ClientNamed():
                engine.reply("250.hello")
            case smtp.SenderNamed():
                engine.reply("250.sender", path=str(event.path))
            case smtp.RecipientNamed():
                engine.reply("250.recipient", path=str(event.path))
            case smtp.DataBegun():
                engine.reply("354.go_on")
            case smtp.MessageReceived(content):
                if call.host == "hamburger.edu":
                    self.file(content)
                    uid, bob = self.next_uid - 1, "bob@hamburger.edu"
                    self.log.append(Delivered(**NOW, host=call.host, recipient=bob, mailbox="INBOX", uid=uid))
                else:
                    self.log.append(
                        Queued(
                            **NOW, host=call.host, queue_id="Q1", sender="alice@crepes.fr",
                            recipients=("bob@hamburger.edu",), size=len(content),
                        )
                    )  # fmt: skip
                engine.reply("250.accepted", queue_id="Q1")
            case _:
                raise AssertionError(event)

    def answer_pop3(self, call: Call, engine: Pop3Server, event: object) -> None:
        """Bob's maildrop."""
        match event:
            case pop3.PasswordGiven("alice", "baguette") if call.host == "crepes.fr":
                engine.open_maildrop([pop3.Mail(str(at), len(one)) for at, one in enumerate(self.reports)])
            case pop3.MessageWanted(number) if call.host == "crepes.fr":
                engine.send_message(self.reports[number - 1])
            case pop3.PasswordGiven("bob", password) if password == PASSWORD:
                call.user_mail = list(self.inbox)
                engine.open_maildrop([pop3.Mail(str(uid), len(self.inbox[uid])) for uid in call.user_mail])
            case pop3.PasswordGiven():
                engine.reply("err.auth")
            case pop3.MessageWanted(number):
                engine.send_message(self.inbox[call.user_mail[number - 1]])
            case pop3.MaildropClosed(numbers):
                for number in numbers:
                    uid = call.user_mail[number - 1]
                    del self.inbox[uid]
                    self.log.append(Expunged(**NOW, host=call.host, user="bob", mailbox="INBOX", uid=uid))
                engine.reply("ok.quit_update")
            case _:
                raise AssertionError(event)

    def file(self, content: bytes) -> None:
        """Puts a message into bob's INBOX."""
        self.inbox[self.next_uid] = content
        self.log.append(
            Appended(**NOW, host="hamburger.edu", user="bob", mailbox="INBOX", uid=self.next_uid, size=len(content))
        )
        self.next_uid += 1
