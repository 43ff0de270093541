"""Delivery status notifications: what a server tells the sender (RFC 3464 in a multipart/report of RFC 6522).

A report is about one message and one or more of its recipients, all with the same action. Where an address is not ASCII
the report is one of RFC 6533, and says so in its types.

The law: whatever the message was, its report is text any server takes. Its lines are short and end with CRLF, and 8-bit
octets stand only in a part that says so. What of the message cannot stand as it is (a bare CR or LF, a NUL, a line too
long, octets of no known character set) is encoded as quoted-printable where it is a header (RFC 6522 §4), and a whole
message of that kind is not given back: no encoding is allowed for message/rfc822 (RFC 2046 §5.2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from enum import StrEnum

from mailtutor.message.headers import parse_header


class Action(StrEnum):
    """What happened (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one recipient. status: the enhanced code ("5.1.1"). reason: the last reply, or what broke; said by
    a server where `from_server`. remote_host: the server that had a part in it, "" where none was asked (RFC 3464
    §2.3.5). original: `kind;address` as the sender first wrote it, decoded, "" where unknown."""

    recipient: str
    status: str
    reason: str = ""
    remote_host: str = ""
    from_server: bool = True
    original: str = ""


# Recipients a line of text names, and octets they may have; each has a block of its own further down.
_NAMED = 3
_NAMED_OCTETS = 400
# Octets of a reason that are told.
_REASON_OCTETS = 400
# Octets of an original address that are told: more than the 500 characters of RFC 3461 §4.2 once they are decoded, and
# few enough for a line.
_ADDRESS_OCTETS = 900
# Octets of a line without its CRLF (RFC 5322 §2.1.1), and of an encoded one (RFC 2045 §6.7).
_LINE_OCTETS = 998
_ENCODED_OCTETS = 75
# Octets of a header that are given back.
_HEADER_OCTETS = 64 * 1024
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
    international = not f"{sender}{''.join(fate.recipient + fate.original for fate in fates)}".isascii()
    if not international or sender.isascii():
        host = _ascii_host(host)
    boundary = f"report-{unique}"
    said, encoding = _for_people(action, host, fates, until)
    head = f"""From: Mail Delivery System <postmaster@{host}>
To: <{sender}>
Subject: {_subject(action, sender, fates)}
Date: {_date(at)}
Message-ID: <{unique}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: {encoding}

"""
    fields = "\n".join(
        [
            _message_fields(host, envid if international else _ascii(envid), arrived_at),
            *(_fields(action, fate, at, until, international=international) for fate in fates),
        ]
    )
    status = f"""
--{boundary}
Content-Type: message/{"global-delivery-status" if international else "delivery-status"}
Content-Transfer-Encoding: {_bits(fields)}

"""
    returned = _returned(original, whole=whole and action is Action.FAILED, international=international)
    text = head + said + "\n" + status + fields
    return _crlf(text + f"\n--{boundary}\n") + returned + _crlf(f"\n--{boundary}--\n")


def _subject(action: Action, sender: str, fates: Sequence[Fate]) -> str:
    subject = f"{_SUBJECTS[action]}: {_named(fates)}"
    # Who may not understand SMTPUTF8 gets a header without it (RFC 2047).
    is_plain = subject.isascii() or not sender.isascii()
    return subject if is_plain else Header(subject, "utf-8", header_name="Subject").encode()


def _for_people(action: Action, host: str, fates: Sequence[Fate], until: float) -> tuple[str, str]:
    """The part for people, and its transfer encoding."""
    words = [_SENTENCES[action].format(recipients=_named(fates)), *_reasons(fates)]
    if action not in (Action.DELIVERED, Action.RELAYED):
        words.append(f"{host} tries until {_date(until)}." if until else f"{host} will not try again.")
    said = "\n".join(words)
    if said.isascii():
        return said, "7bit"
    return quoted_printable(_crlf(said)).decode().replace("\r\n", "\n"), "quoted-printable"


def _reasons(fates: Sequence[Fate]) -> list[str]:
    """A line for each reason; whom it is about, where that is not all of them."""
    found: dict[str, list[Fate]] = {}
    for fate in fates:
        if fate.reason:
            found.setdefault(_cut(_one_line(fate.reason), _REASON_OCTETS), []).append(fate)
    return [
        f"The reason given: {reason}" if len(about) == len(fates) else f"The reason given for {_named(about)}: {reason}"
        for reason, about in found.items()
    ]


def _message_fields(host: str, envid: str, arrived_at: float) -> str:
    lines = [f"Original-Envelope-Id: {_cut(_one_line(envid), _REASON_OCTETS)}"] if envid else []
    return "\n".join([*lines, f"Reporting-MTA: dns; {host}", f"Arrival-Date: {_date(arrived_at)}", ""])


def _fields(action: Action, fate: Fate, at: float, until: float, *, international: bool) -> str:
    lines = []
    if fate.original:
        kind, _, address = fate.original.partition(";")
        lines.append(f"Original-Recipient: {kind}; {_cut(_one_line(address), _ADDRESS_OCTETS)}")
    kind = "rfc822" if fate.recipient.isascii() else "utf-8"
    lines += [f"Final-Recipient: {kind}; {fate.recipient}", f"Action: {action}", f"Status: {fate.status}"]
    if fate.remote_host:
        remote = _one_line(fate.remote_host)
        lines.append(f"Remote-MTA: dns; {remote if international else _ascii_host(remote)}")
    if fate.reason and fate.from_server:
        reason = _cut(_one_line(fate.reason), _REASON_OCTETS)
        # Only a report of RFC 6533 may say it in anything but ASCII.
        lines.append(f"Diagnostic-Code: smtp; {reason if international else _ascii(reason)}")
    lines.append(f"Last-Attempt-Date: {_date(at)}")
    if until:
        lines.append(f"Will-Retry-Until: {_date(until)}")
    return "\n".join([*lines, ""])


def _returned(original: bytes, *, whole: bool, international: bool) -> bytes:
    """The part that gives back what was sent."""
    if whole and _is_text(original):
        kind = "message/global" if international else "message/rfc822"
        return _crlf(f"Content-Type: {kind}\nContent-Transfer-Encoding: {_bits(original)}\n\n") + original
    return headers_part(original, international=international)


def headers_part(original: bytes, *, international: bool = False) -> bytes:
    """A part of a report that gives back only the header of a message: text/rfc822-headers (RFC 6522 §4), or
    message/global-headers (RFC 6533 §5) where that may be."""
    head = original[: min(parse_header(original[:_HEADER_OCTETS]).body, _HEADER_OCTETS)].removesuffix(b"\r\n")
    kind = "message/global-headers" if international else "text/rfc822-headers"
    encoding = _bits(head)
    if not _is_text(head) or not (head.isascii() or (international and _is_utf8(head))):
        encoding, head = "quoted-printable", quoted_printable(head)
    if head and not head.endswith(b"\r\n"):
        head += b"\r\n"
    return _crlf(f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n") + head


def quoted_printable(data: bytes) -> bytes:
    """Any octets as lines any server takes (RFC 2045 §6.7). CRLF stays a line end; a CR or LF alone is encoded."""
    lines: list[bytes] = []
    for line in data.split(b"\r\n"):
        lines.append(b"")
        for at, octet in enumerate(line):
            at_end = at == len(line) - 1
            plain = (0x21 <= octet <= 0x7E and octet != 0x3D) or (octet in b" \t" and not at_end)
            piece = bytes((octet,)) if plain else b"=%02X" % octet
            if len(lines[-1]) + len(piece) > _ENCODED_OCTETS:
                lines[-1] += b"="
                lines.append(b"")
            lines[-1] += piece
    return b"\r\n".join(lines)


def _is_text(data: bytes) -> bool:
    """Whether every server that takes 8-bit text takes this (RFC 5321 §2.3.8, §4.5.3.1.6; RFC 6152 §3)."""
    lines = data.split(b"\r\n")
    return not any(len(line) > _LINE_OCTETS or b"\r" in line or b"\n" in line or b"\0" in line for line in lines)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bits(content: str | bytes) -> str:
    return "7bit" if content.isascii() else "8bit"


def _named(fates: Sequence[Fate]) -> str:
    """The first recipients, and how many more there are."""
    named: list[str] = []
    for fate in fates[:_NAMED]:
        if named and len(", ".join([*named, fate.recipient]).encode()) > _NAMED_OCTETS:
            break
        named.append(fate.recipient)
    more = len(fates) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _cut(text: str, octets: int) -> str:
    return text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")


def _ascii_host(host: str) -> str:
    """A domain as the DNS has it (RFC 3492)."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return _ascii(host)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split())[:_LINE_OCTETS])


def _date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "replace")
