"""`mailtutor send` and `mailtutor fetch`: alice's and bob's agents, with the dialogue they cause."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailtutor import paths
from mailtutor.cli.moment import release_of
from mailtutor.cli.options import options_of
from mailtutor.cli.output import dialogue_facts, print_dialogue, print_json
from mailtutor.cli.parser import language
from mailtutor.cli.serve import leaving
from mailtutor.errors import MailtutorError, Sentence, StoreError, UsageError
from mailtutor.lab.guest import Guest
from mailtutor.lab.ready import NAME, running_lab
from mailtutor.message.compose import Attachment
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.redact import redacted
from mailtutor.session import Session
from mailtutor.store.recording import Recording, open_trace
from mailtutor.text.catalogue import words
from mailtutor.text.recorded import renewed
from mailtutor.trace.events import Attempted, Closed, Delivered, Opened
from mailtutor.trace.log import Log

# How long a message may take from one server of this machine to the other.
DELIVERY_LIMIT_S = 30.0
_LATE = Sentence("still on its way", "error.cli.late")


def run(args: argparse.Namespace) -> int:
    """Sends or fetches; 0 when it was done."""
    if args.verb == "send":
        return _send(args)
    return _fetch(args)


def _send(args: argparse.Namespace) -> int:
    body = sys.stdin.read() if args.body == "-" else args.body
    attachments = [_attachment(name) for name in args.attach]
    release = release_of(args.at)
    recipients = [to if "@" in to else _address(to) for to in args.to]
    with _lab(args) as lab:
        arrived = Arrivals(lab.log, recipients) if isinstance(lab, Session) else None
        try:
            done = lab.send(
                args.sender,
                recipients,
                args.subject,
                body,
                attachments=attachments,
                html=args.html,
                release=release,
                form=args.encoding,
                weighed=None if args.json else _print_weight,
            )
        except KeyError as unknown:
            raise _no_user(args.sender, "--from") from unknown
        except MailtutorError:
            # What was said up to there tells more than the error.
            _print_said(args, lab)
            raise
        except ValueError as wrong:
            raise unwritten(wrong) from wrong
        failures = dict(done.refused)
        # What is sent later is not waited for; the queue keeps it, also when this lab ends.
        left = [recipient for recipient in recipients if recipient not in failures and not release]
        if arrived is not None:
            failures |= arrived.wait(left)
        elif isinstance(lab, Guest):
            failures |= lab.wait_for(left, DELIVERY_LIMIT_S)
        dialogue = said(lab.log, args)
        delivered = not failures and not release
        if args.json:
            plain = {recipient: str(reason) for recipient, reason in failures.items()}
            print_json({"event": "sent", "delivered": delivered, "scheduled": bool(release), "reply": done.reply,
                        "size": done.size, "largest": done.largest or None,
                        "failures": plain, "dialogue": dialogue_facts(dialogue)})  # fmt: skip
        else:
            print_dialogue(dialogue, words(language()))
    if failures:
        reasons = tuple(
            Sentence("{recipient}: {reason}", "error.cli.recipient", recipient=recipient, reason=reason)
            for recipient, reason in failures.items()
        )
        raise MailtutorError("not delivered: {reasons}", "error.cli.not_delivered", reasons=reasons)
    return 0


def _print_weight(size: int, largest: int) -> None:
    """Before the message is sent, or found too large to be."""
    key = "cli.send.size" if largest else "cli.send.size_alone"
    print(words(language())(key, size=f"{size:,}", largest=f"{largest:,}"), flush=True)


def _fetch(args: argparse.Namespace) -> int:
    with _lab(args) as lab:
        try:
            contents = lab.fetch(args.user, args.protocol, delete=args.delete)
        except KeyError as unknown:
            raise _no_user(args.user, "--user") from unknown
        except MailtutorError:
            _print_said(args, lab)
            raise
        dialogue = said(lab.log, args)
        if args.json:
            texts = [content.decode("utf-8", "replace") for content in contents]
            print_json({"event": "fetched", "messages": texts, "dialogue": dialogue_facts(dialogue)})
        else:
            print_dialogue(dialogue, words(language()))
    return 0


def _print_said(args: argparse.Namespace, lab: Session | Guest) -> None:
    if not args.json:
        dialogue = said(lab.log, args)
        print_dialogue(dialogue, words(language()))


def said(log: Log, args: argparse.Namespace) -> Dialogue:
    """All that was said, to be printed: passwords only where they are asked for."""
    events = list(log)
    dialogue = Dialogue()
    dialogue.take(events if args.with_passwords else redacted(events), 0)
    return dialogue


def unwritten(wrong: ValueError) -> UsageError:
    """What `compose` could not write."""
    why = wrong.args[0] if wrong.args and isinstance(wrong.args[0], Sentence) else str(wrong)
    return UsageError("the message cannot be written: {why}", "error.cli.unwritten", why=why)


def _no_user(name: str, flag: str) -> UsageError:
    return UsageError("there is no user {user}; {flag} takes alice or bob", "error.cli.no_user", user=name, flag=flag)


def _address(name: str) -> str:
    domains = {"alice": "crepes.fr", "bob": "hamburger.edu"}
    if name not in domains:
        raise UsageError(
            "{name} is not an address; write user@domain, for example bob@hamburger.edu",
            "error.cli.no_address",
            name=name,
        )
    return f"{name}@{domains[name]}"


def _attachment(name: str) -> Attachment:
    try:
        return Attachment(Path(name).name, Path(name).read_bytes())
    except OSError as wrong:
        raise UsageError(
            "{name} cannot be read ({why}); --attach takes a file", "error.cli.attachment", name=name, why=wrong
        ) from wrong


@contextlib.contextmanager
def _lab(args: argparse.Namespace) -> Iterator[Session | Guest]:
    """The lab to work in: the one --lab names, the one that runs in the data folder, or one of our own."""
    data = Path(args.data) if args.data else paths.lab_data()
    with contextlib.ExitStack() as stack:
        stack.enter_context(leaving())
        if args.lab:
            lab: Session | Guest = stack.enter_context(_guest(Path(args.lab), args))
        else:
            session = Session(data, tls=args.tls, options=options_of(args))
            try:
                session.start(classic=args.classic)
                stack.callback(session.stop)
                lab = session
            except StoreError:
                if not (data / NAME).is_file():
                    raise
                lab = stack.enter_context(_guest(data / NAME, args))
        if args.trace:
            keep_trace(stack, lab.log, args)
        yield lab


def _guest(ready: Path, args: argparse.Namespace) -> Guest:
    plan, directory, trusted = running_lab(ready, Tls(args.tls))
    return Guest(options_of(args).applied(plan), directory, trusted)


def keep_trace(stack: contextlib.ExitStack, log: Log, args: argparse.Namespace) -> None:
    """Writes what --trace asks for until the stack is left."""
    file = stack.enter_context(open_trace(Path(args.trace)))
    recording = Recording(log, file.write, secrets=args.with_passwords)
    stack.callback(recording.close)


class Arrivals:
    """Watches a log for what becomes of each recipient."""

    def __init__(self, log: Log, recipients: Sequence[str]) -> None:
        self._open = {recipient.lower() for recipient in recipients}
        self._talking: set[int] = set()
        self._failures: dict[str, str] = {}
        self._news = threading.Condition()
        log.subscribe(self._take)

    def _take(self, _: int, event: object) -> None:
        with self._news:
            if isinstance(event, Opened):
                self._talking.add(event.conn)
            elif isinstance(event, Closed):
                self._talking.discard(event.conn)
            elif isinstance(event, Delivered):
                self._open.discard(event.recipient.lower())
            elif isinstance(event, Attempted) and event.outcome != "delivered":
                self._failures[event.recipient] = renewed(event.reply)
                self._open.discard(event.recipient.lower())
            self._news.notify_all()

    def wait(self, recipients: Sequence[str]) -> dict[str, str]:
        """Until all of these are settled; the reason for each that did not arrive."""
        wanted = {recipient.lower() for recipient in recipients}
        with self._news:
            settled = self._news.wait_for(lambda: not (self._open & wanted), DELIVERY_LIMIT_S)
            # The servers still say goodbye to each other; that belongs to the dialogue.
            self._news.wait_for(lambda: not self._talking, DELIVERY_LIMIT_S)
        late = {} if settled else dict.fromkeys(self._open & wanted, _LATE)
        return self._failures | late
