"""The ten facts IMAP calls ENVELOPE (RFC 3501 §7.4.2): what a list of messages shows, read from the header alone.

Not to be confused with SMTP's envelope, which travels outside the message.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.message.address import Address, parse_addresses
from mailtutor.message.headers import Header

# Octets of an address field that are read: nobody writes to more people than that, and taking it apart takes time.
_ADDRESSES_LIMIT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """Values as they stand in the header, unfolded; None where the field is absent. An empty address list is absent."""

    date: bytes | None
    subject: bytes | None
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    in_reply_to: bytes | None
    message_id: bytes | None


def parse_envelope(header: Header) -> Envelope:
    """The envelope of a header. Sender and Reply-To default to From (RFC 3501 §7.4.2)."""

    def addresses(name: str) -> tuple[Address, ...]:
        return parse_addresses(b", ".join(header.all(name))[:_ADDRESSES_LIMIT])

    from_ = addresses("From")
    return Envelope(
        date=header.get("Date"),
        subject=header.get("Subject"),
        from_=from_,
        sender=addresses("Sender") or from_,
        reply_to=addresses("Reply-To") or from_,
        to=addresses("To"),
        cc=addresses("Cc"),
        bcc=addresses("Bcc"),
        in_reply_to=header.get("In-Reply-To"),
        message_id=header.get("Message-ID"),
    )
