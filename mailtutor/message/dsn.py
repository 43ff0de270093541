"""Delivery status notifications: what a server tells the sender (RFC 3464 in a multipart/report of RFC 6522).

A report is about one message and one or more of its recipients, all with the same action. Where an address is not ASCII
the report is one of RFC 6533, and says so in its types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum


class Action(StrEnum):
    """What happened (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one recipient. status: the enhanced code ("5.1.1"). reason: the last reply, or what broke; said by
    a server where `from_server`. original: `kind;address` as the sender first wrote it, "" where unknown."""

    recipient: str
    status: str
    reason: str = ""
    remote_host: str = ""
    from_server: bool = True
    original: str = ""


# Recipients a line of text names; each has a block of its own further down.
_NAMED = 3
_SUBJECTS = {
    Action.FAILED: "Undelivered mail",
    Action.DELAYED: "Delayed mail",
    Action.DELIVERED: "Delivered mail",
    Action.RELAYED: "Relayed mail",
}
_SENTENCES = {
    Action.FAILED: "Your message could not be delivered to {recipients}.",
    Action.DELAYED: "Your message has not reached {recipients} yet. There is nothing you need to do.",
    Action.DELIVERED: "Your message is in the mailbox of {recipients}.",
    Action.RELAYED: "Your message for {recipients} went on to a server that sends no reports: this is the last you hear"
    " of it.",
}


def report(
    action: Action,
    *,
    host: str,
    sender: str,
    fates: Sequence[Fate],
    original: bytes,
    at: float,
    unique: str,
    arrived_at: float,
    envid: str = "",
    whole: bool = False,
    until: float = 0.0,
) -> bytes:
    """A report to `sender`.

    original: the message as it is; its header goes with the report, and where `whole` all of it (only for a failure:
    RFC 3461 §6.2). at, arrived_at: seconds since 1970. unique: an id no other message has. until: when the server gives
    up, for a delay; 0 where it will not try again.
    """
    named = [fate.recipient for fate in fates[:_NAMED]]
    more = len(fates) - len(named)
    recipients = ", ".join(named) + (f" and {more} more" if more else "")
    international = not f"{sender}{''.join(fate.recipient for fate in fates)}".isascii()
    boundary = f"report-{unique}"
    words = [_SENTENCES[action].format(recipients=recipients)]
    words += [f"The reason given: {_one_line(fate.reason)}" for fate in fates if fate.reason]
    words.append(f"{host} tries until {_date(until)}." if until else f"{host} will not try again.")
    if action in (Action.DELIVERED, Action.RELAYED):
        words.pop()
    head = f"""From: Mail Delivery System <postmaster@{host}>
To: <{sender}>
Subject: {_SUBJECTS[action]}: {recipients}
Date: {_date(at)}
Message-ID: <{unique}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

"""
    status = f"""
--{boundary}
Content-Type: message/{"global-delivery-status" if international else "delivery-status"}

"""
    fields = [_message_fields(host, envid, arrived_at)]
    fields += [_fields(action, fate, at, until) for fate in fates]
    returned = _returned(original, whole=whole and action is Action.FAILED, international=international)
    text = head + "\n".join(words) + "\n" + status + "\n".join(fields)
    return _crlf(text + f"\n--{boundary}\n") + returned + _crlf(f"\n--{boundary}--\n")


def _message_fields(host: str, envid: str, arrived_at: float) -> str:
    lines = [f"Original-Envelope-Id: {_one_line(envid)}"] if envid else []
    return "\n".join([*lines, f"Reporting-MTA: dns; {host}", f"Arrival-Date: {_date(arrived_at)}", ""])


def _fields(action: Action, fate: Fate, at: float, until: float) -> str:
    lines = []
    if fate.original:
        kind, _, address = fate.original.partition(";")
        lines.append(f"Original-Recipient: {kind}; {_one_line(address)}")
    kind = "rfc822" if fate.recipient.isascii() else "utf-8"
    lines += [f"Final-Recipient: {kind}; {fate.recipient}", f"Action: {action}", f"Status: {fate.status}"]
    if fate.remote_host:
        lines.append(f"Remote-MTA: dns; {_one_line(fate.remote_host)}")
    if fate.reason and fate.from_server:
        lines.append(f"Diagnostic-Code: smtp; {_one_line(fate.reason)}")
    lines.append(f"Last-Attempt-Date: {_date(at)}")
    if until:
        lines.append(f"Will-Retry-Until: {_date(until)}")
    return "\n".join([*lines, ""])


def _returned(original: bytes, *, whole: bool, international: bool) -> bytes:
    """The part that gives back what was sent."""
    if whole:
        kind = "message/global" if international else "message/rfc822"
        encoding = "" if original.isascii() else "Content-Transfer-Encoding: 8bit\n"
        return _crlf(f"Content-Type: {kind}\n{encoding}\n") + original
    head, _, _ = original.partition(b"\r\n\r\n")
    kind = "message/global-headers" if international else "text/rfc822-headers"
    encoding = "" if head.isascii() else "Content-Transfer-Encoding: 8bit\n"
    return _crlf(f"Content-Type: {kind}\n{encoding}\n") + head + b"\r\n"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split())[:400])


def _date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "replace")
