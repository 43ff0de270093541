"""Builds messages as a user agent does (RFC 5322, MIME). The time and the ids are arguments."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError, MessageError
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from mailtutor.errors import Sentence
from mailtutor.message.address import is_addr_spec
from mailtutor.message.disposition import ASKS
from mailtutor.message.headers import parse_header

# How text beyond ASCII can be written: as ASCII in two ways, as 8-bit octets with a header of ASCII (8BITMIME), and as
# they are in the header, too (SMTPUTF8, RFC 6532).
BASE64, QUOTED, EIGHT_BIT, UTF8 = "base64", "quoted-printable", "8bit", "utf8"
FORMS = (BASE64, QUOTED, EIGHT_BIT, UTF8)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with the message."""

    name: str
    content: bytes


def compose(
    *,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    body: str,
    at: float,
    message_id: str,
    cc: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    html: bool = False,
    form: str = "",
    receipt: str = "",
) -> bytes:
    """A whole message with CRLF line ends, 7-bit where `form` is not one of the two others.

    recipients, cc: those the header names; others are the envelope's alone. receipt: the address that wants to be told
    when it was read (RFC 8098). at: seconds since 1970. message_id: without angle brackets. html: the body is HTML; a
    plain part goes with it only where the caller gives one. form: of the text, of FORMS; "" for the shorter of the
    7-bit ones. An address beyond ASCII has the header in UTF-8, whatever the form: encoded words have no place in it
    (RFC 2047 §5, RFC 6532). What is no character is written as "?". Raises ValueError, with a Sentence where the reason
    is known, for what is no address, and for a header value that holds a line end or cannot be written.
    """
    for address in (sender, *recipients, *cc, *filter(None, (receipt,))):
        if not is_addr_spec(address):
            raise ValueError(Sentence("{name} is not an address", "error.compose.address", name=address))
    is_wide = form == UTF8 or not all(address.isascii() for address in (sender, *recipients, *cc))
    # The library's own choice would be 8bit, which not every server takes.
    message = EmailMessage(policy=SMTPUTF8 if is_wide else SMTP.clone(cte_type="8bit" if form == EIGHT_BIT else "7bit"))
    body = _characters(body)
    _set(message, "From", sender)
    if recipients or not cc:
        _set(message, "To", ", ".join(recipients) or "undisclosed-recipients:;")
    if cc:
        _set(message, "Cc", ", ".join(cc))
    _set(message, "Subject", _characters(subject))
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = f"<{message_id}>"
    if receipt:
        _set(message, ASKS, receipt)
    kind = "html" if html else "plain"
    if form:
        encoding = EIGHT_BIT if form == UTF8 else form
        message.set_content(body, subtype=kind, charset="utf-8", cte=encoding)
    else:
        message.set_content(body, subtype=kind)
    for attachment in attachments:
        name = _characters(attachment.name)
        _look_for_line_ends(Sentence("the file name", "error.compose.file_name"), name)
        guessed, packed = mimetypes.guess_type(name)
        # A message inside a message may not be in base64 (RFC 2046 §5.2.1); as plain octets it travels safely.
        if guessed is None or packed is not None or guessed.startswith("message/"):
            guessed = "application/octet-stream"
        main, _, sub = guessed.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)
    return _written(message)


def _written(message: EmailMessage) -> bytes:
    """The message, if it has the fields that were asked for and no other: the library folds some values so that a piece
    of them begins a line of its own."""
    try:
        raw = message.as_bytes()
    except (MessageError, AttributeError, IndexError) as wrong:
        raise ValueError(str(wrong)) from wrong
    if [field.name for field in parse_header(raw).fields] != [name.lower().encode() for name in message]:
        raise ValueError("a field cannot be folded into lines")
    return raw


def _characters(text: str) -> str:
    """The text, without what UTF-8 has no octets for: what a shell or a file system gave may be no text."""
    return text.encode("utf-8", "replace").decode()


def _look_for_line_ends(name: str, value: str) -> None:
    if "\r" in value or "\n" in value:
        raise ValueError(Sentence("{field} cannot have a line end in it", "error.compose.line_end", field=name))


def _set(message: EmailMessage, name: str, value: str) -> None:
    _look_for_line_ends(name, value)
    try:
        message[name] = value
    # What the library's parser trips over: "0@[" is enough.
    except (HeaderParseError, AttributeError, IndexError) as wrong:
        raise ValueError(f"{name} cannot be {value!r}") from wrong
