"""Message disposition notifications: a reader's agent says that a message was displayed (RFC 8098).

Who wants to know asks in the header, `Disposition-Notification-To`; whether it is told is the reader's choice. The
answer is a multipart/report whose second part is for programs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from mailtutor.message.address import is_addr_spec
from mailtutor.message.headers import parse_header

ASKS = "Disposition-Notification-To"


def asks_for_receipt(raw: bytes) -> str:
    """The address that wants to be told when the message is read, "" where nobody asks."""
    asked = parse_header(raw).get(ASKS)
    address = parseaddr(asked.decode("utf-8", "replace"))[1] if asked else ""
    return address if is_addr_spec(address) else ""


def receipt(raw: bytes, *, reader: str, at: float, message_id: str) -> bytes:
    """The notification that `reader` has displayed a message. at: seconds since 1970. message_id: of the notification,
    without angle brackets. The message must ask for it."""
    header = parse_header(raw)
    original = _plain(header.get("Message-ID"))
    subject = _plain(header.get("Subject"))
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = reader
    message["To"] = asks_for_receipt(raw)
    try:
        message["Subject"] = f"Read: {subject}"
    except (MessageError, ValueError):  # what stood there is no subject
        message["Subject"] = "Read"
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = f"<{message_id}>"
    message.set_content(f"The message {original} to {reader} has been displayed on a screen.\nThat is no promise that"
                        " anybody has read or understood it.\n")  # fmt: skip
    message.add_attachment(
        "".join(f"{line}\r\n" for line in (
            f"Reporting-UA: {reader.rpartition('@')[2]}; mailtutor", f"Final-Recipient: rfc822; {reader}",
            f"Original-Message-ID: {original}", "Disposition: manual-action/MDN-sent-manually; displayed",
        )),
        subtype="plain",
    )  # fmt: skip
    part = list(message.iter_parts())[1]
    part.replace_header("Content-Type", "message/disposition-notification")
    del part["Content-Disposition"]
    message.replace_header("Content-Type", "multipart/report")
    message.set_param("report-type", "disposition-notification")
    message.set_boundary(f"mdn-{message_id.partition('@')[0]}")
    return message.as_bytes()


def _plain(value: bytes | None) -> str:
    return " ".join((value or b"").decode("ascii", "replace").split())
