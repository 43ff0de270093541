"""The events of a trace.

Every event has `t`, seconds on a monotonic clock that starts with the log, and `at`, seconds since 1970 on the wall.
Both are given by whoever records; nothing here looks at a clock.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", gc=False):
    """What every event has."""

    t: float
    at: float


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """One end of a connection. name: of the host in the lab ("crepes.fr"), or "" where it is not known."""

    name: str
    address: str
    port: int


# Wire events -----------------------------------------------------------------------------------------------------


class Opened(Event, frozen=True, tag="opened", gc=False):
    """A TCP connection was accepted.

    conn: its number in this trace. protocol: "smtp", "pop3", "imap". service: the door it came through
    ("smtp", "submission", "pop3s"). The client's name is known where one of our agents opened it.
    """

    conn: int
    protocol: str
    service: str
    client: Endpoint
    server: Endpoint


class FromClient(Event, frozen=True, tag="client", gc=False):
    """Bytes from the client to the server, as one read gave them."""

    conn: int
    data: bytes


class FromServer(Event, frozen=True, tag="server", gc=False):
    """Bytes from the server to the client, as one write took them."""

    conn: int
    data: bytes


class TlsBegun(Event, frozen=True, tag="tls", gc=False):
    """From here on the bytes were encrypted; the events hold what was inside."""

    conn: int
    version: str
    cipher: str
    # Whom the client asked for, where that was seen (RFC 6066 §3).
    server_name: str = ""


class TlsFailed(Event, frozen=True, tag="tls-failed", gc=False):
    """The TLS handshake came to nothing. why: what the server's library said of it, in a few words."""

    conn: int
    why: str


class Record(msgspec.Struct, frozen=True, gc=False):
    """One TLS record as anybody on the way sees it (RFC 8446 §5.1).

    type: its content type, 20 … 24; 0 for bytes that are no TLS. size: octets on the wire, its header included.
    head: the first of them.
    """

    type: int
    size: int
    head: bytes


class Ciphertext(Event, frozen=True, tag="ciphertext", gc=False):
    """TLS records that were whole on the wire by now, in one direction: what somebody sees who only listens. What was
    inside is in FromClient and FromServer: of a client's records after this event, of a server's before it."""

    conn: int
    from_client: bool
    records: tuple[Record, ...]


class Gap(Event, frozen=True, tag="gap", gc=False):
    """Octets of one direction that whoever captured has not seen, though the other end has. size: how many."""

    conn: int
    from_client: bool
    size: int


class Closed(Event, frozen=True, tag="closed", gc=False):
    """The connection ended. by: "client", "server", or "lost" when it broke."""

    conn: int
    by: str


# World events ----------------------------------------------------------------------------------------------------


class Queued(Event, frozen=True, tag="queued", gc=False):
    """A server took responsibility for a message that has to go on. conn: the connection that brought it, or 0.
    due_in_s: seconds of the lab's time until it may leave."""

    host: str
    queue_id: str
    sender: str
    recipients: tuple[str, ...]
    size: int
    conn: int = 0
    subject: str = ""
    due_in_s: float = 0.0


class Attempted(Event, frozen=True, tag="attempted", gc=False):
    """A server tried to hand a message on to `to_host`, for one recipient.

    outcome: "delivered", "deferred" or "refused". reply: the last line the other side said, or what broke.
    attempt: 1 for the first. next_try_s: seconds until it tries again, when deferred. conn: the connection, or 0.
    """

    host: str
    queue_id: str
    recipient: str
    to_host: str
    outcome: str
    reply: str
    attempt: int
    next_try_s: float = 0.0
    conn: int = 0


class Delivered(Event, frozen=True, tag="delivered", gc=False):
    """The receiving server filed a message into a user's mailbox."""

    host: str
    recipient: str
    mailbox: str
    uid: int
    conn: int = 0


class Bounced(Event, frozen=True, tag="bounced", gc=False):
    """A server gave up and told the sender (RFC 3464)."""

    host: str
    queue_id: str
    recipient: str
    reason: str


class Recalled(Event, frozen=True, tag="recalled", gc=False):
    """A message was taken out of the queue before it left."""

    host: str
    queue_id: str


class HeldBack(Event, frozen=True, tag="held", gc=False):
    """A message stays in the queue until somebody releases it."""

    host: str
    queue_id: str


class Released(Event, frozen=True, tag="released", gc=False):
    """A message that was held back may go on."""

    host: str
    queue_id: str


class Warned(Event, frozen=True, tag="warned", gc=False):
    """The sender was told that a message takes long (RFC 3464, Action: delayed). waited_s: how long by now."""

    host: str
    queue_id: str
    recipient: str
    waited_s: float


class MailboxMade(Event, frozen=True, tag="mailbox", gc=False):
    """A mailbox was created ("created"), deleted ("deleted") or renamed ("renamed", with `new_name`)."""

    host: str
    user: str
    mailbox: str
    change: str
    new_name: str = ""


class Appended(Event, frozen=True, tag="appended", gc=False):
    """A message came into a mailbox, from wherever. sender and subject are what a mailbox view shows of it."""

    host: str
    user: str
    mailbox: str
    uid: int
    size: int
    sender: str = ""
    subject: str = ""
    flags: tuple[str, ...] = ()


class Flagged(Event, frozen=True, tag="flagged", gc=False):
    """A message's flags are now these."""

    host: str
    user: str
    mailbox: str
    uid: int
    flags: tuple[str, ...]


class Expunged(Event, frozen=True, tag="expunged", gc=False):
    """A message is gone from a mailbox for good."""

    host: str
    user: str
    mailbox: str
    uid: int


class DeviceMail(msgspec.Struct, frozen=True, gc=False):
    """One message as a device knows it.

    key: what the device knows it by: its UID in IMAP, its unique-id in POP3. holds: "headers", "text" or "whole".
    flags: as the server told them last; POP3 has none. pending: what was done to it without a connection and the server
    does not know yet: "+\\Seen", "-\\Flagged", "delete", "move Archive".
    """

    key: str
    holds: str
    sender: str = ""
    subject: str = ""
    size: int = 0
    flags: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


class DeviceSynced(Event, frozen=True, tag="device", gc=False):
    """One of a user's devices has done something with its mail, and this is all it knows now.

    device: its name ("laptop"). protocol: "pop3" or "imap". step: what it did: "fetched", "synchronised", "opened",
    "changed" (without a connection), or "broken" where the server was lost on the way. mails: by arrival; `more` says
    how many older ones are left out. forgot: the server's UIDVALIDITY was another one, so the device began anew.
    """

    host: str
    user: str
    device: str
    protocol: str
    mailbox: str
    step: str
    mails: tuple[DeviceMail, ...] = ()
    more: int = 0
    forgot: bool = False


class FaultSwitched(Event, frozen=True, tag="fault", gc=False):
    """Something was broken on purpose, or mended. detail: what exactly, in the fault's own terms."""

    host: str
    fault: str
    on: bool
    detail: str = ""


class LineTampered(Event, frozen=True, tag="tampered", gc=False):
    """A line was taken out of the wire by hand before it went on. What passed instead, if anything, follows as bytes.

    source: "client" or "server", whose line it was. was: as it was said. became: as it went on; b"" where it was
    dropped.
    """

    conn: int
    source: str
    was: bytes
    became: bytes


class StepReached(Event, frozen=True, tag="step", gc=False):
    """The student reached a step of a lesson. result: "shown", "done", "wrong", "skipped"."""

    lesson: str
    step: str
    result: str


# A reader's own ----------------------------------------------------------------------------------------------------


class Bookmarked(Event, frozen=True, tag="bookmark", gc=False):
    """A reader marked a line. line: its number among the lines of its connection, from 0, where TLS began or failed
    counts as one. Only in saved traces, at their end."""

    conn: int
    line: int
    note: str = ""


WireEvent = Opened | FromClient | FromServer | TlsBegun | TlsFailed | Ciphertext | Gap | Closed
WorldEvent = (
    Queued
    | Attempted
    | Delivered
    | Bounced
    | Recalled
    | HeldBack
    | Released
    | Warned
    | MailboxMade
    | Appended
    | Flagged
    | Expunged
    | DeviceSynced
    | FaultSwitched
    | LineTampered
    | StepReached
    | Bookmarked
)
AnyEvent = WireEvent | WorldEvent
