"""Everything an SMTP server can say, once. A reply's explanation is `smtp.reply.KEY` in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from mailtutor.protocols.spec import Reply, Wording

_ROWS = (
    # Coming and going
    Reply("220.ready", "220", "{host} ESMTP mailtutor", "{host}"),
    Reply("220.tls", "220", "Go ahead: begin TLS now", None, "2.0.0"),
    Reply("221.closing", "221", "{host} closing connection", None, "2.0.0"),
    Reply("421.shutdown", "421", "{host} Service not available, closing transmission channel", None, "4.3.2"),
    Reply("421.idle", "421", "{host} Nothing heard for too long, closing connection", None, "4.4.2"),
    Reply("421.busy", "421", "{host} Too many connections, try again later", None, "4.3.2"),
    Reply("421.too_many_sessions", "421", "{host} Too many connections from your address", None, "4.7.0"),
    Reply("421.too_many_errors", "421", "{host} Too many errors, closing connection", None, "4.7.0"),
    Reply("421.too_many_messages", "421", "{host} At most {limit} messages a connection; call again", None, "4.7.0"),
    Reply("454.tls", "454", "TLS not available for now", None, "4.7.0"),
    Reply("521.no_mail", "521", "{host} does not accept mail", None, "5.3.2"),
    Reply("554.no_service", "554", "{host} No SMTP service here", None, "5.3.2"),
    # Done
    Reply("250.hello", "250", "{host} Hello {client}", "Hello {client}, pleased to meet you"),
    Reply("250.extensions", "250", "{host} Hello {client}\n{extensions}"),
    Reply("250.sender", "250", "{path} ... Sender ok", None, "2.1.0"),
    Reply("250.recipient", "250", "{path} ... Recipient ok", None, "2.1.5"),
    Reply("251.recipient", "251", "User not local; will forward to <{path}>", None, "2.1.5"),
    Reply(
        "250.accepted", "250", "Message accepted for delivery ({queue_id})", "Message accepted for delivery", "2.0.0"
    ),
    Reply("250.chunk", "250", "{size} octets received, {total} so far", None, "2.0.0"),
    Reply("250.reset", "250", "Forgotten: no sender, no recipients", "Reset state", "2.0.0"),
    Reply("250.noop", "250", "OK", None, "2.0.0"),
    Reply("250.user", "250", "<{path}>", None, "2.1.5"),
    Reply("250.list", "250", "{members}", None, "2.1.5"),
    Reply("250.queue_started", "250", "OK, queuing for node {node} started", None, "2.0.0"),
    Reply("251.queue_empty", "251", "OK, no messages waiting for node {node}", None, "2.0.0"),
    Reply("252.queue_pending", "252", "OK, pending messages for node {node} started", None, "2.0.0"),
    Reply("253.queue_counted", "253", "OK, {count} pending messages for node {node} started", None, "2.0.0"),
    Reply("252.cannot_verify", "252", "Cannot verify {path} here; a message would be tried", None, "2.5.2"),
    Reply("252.cannot_expand", "252", "{path} is a list, but its members are not told", None, "2.5.2"),
    Reply("214.help", "214", "{text}", None, "2.0.0"),
    Reply("235.authenticated", "235", "Authenticated as {username}", None, "2.7.0"),
    # Go on
    Reply("334.challenge", "334", "{challenge}"),
    Reply("354.go_on", "354", 'Enter mail, end with "." on a line by itself'),
    # Not now
    Reply("450.greylisted", "450", "Try again later: first time we hear of {path}", None, "4.2.0"),
    Reply("450.mailbox_busy", "450", "Mailbox of {path} is busy, try again later", None, "4.2.0"),
    Reply("451.greylisted", "451", "Greylisted: try again in a while", None, "4.7.1"),
    Reply("451.local", "451", "Local error, nothing was accepted; try again later", None, "4.3.0"),
    Reply(
        "452.too_many_recipients", "452", "Too many recipients; send the rest in another message", None, "4.5.3"
    ),
    Reply("452.too_many_domains", "452", "Recipients of too many domains; at most {limit} here", None, "4.5.3"),
    Reply("452.mailbox_full", "452", "Mailbox of {path} is full", None, "4.2.2"),
    Reply("452.no_room", "452", "Not enough room on the disk now", None, "4.3.1"),
    Reply("454.auth", "454", "Authentication is out of order for now", None, "4.7.0"),
    Reply("458.queue_failed", "458", "Unable to queue messages for node {node}", None, "4.3.0"),
    Reply("459.node_refused", "459", "Node {node} not allowed: {reason}", None, "4.7.1"),
    # Not understood
    Reply("500.unknown", "500", "Command not recognized: {verb}", "Command unrecognized", "5.5.2"),
    Reply("500.empty", "500", "An empty line is not a command", "Command unrecognized", "5.5.2"),
    Reply("500.line_too_long", "500", "Line too long: at most {limit} octets with its CRLF", None, "5.5.2"),
    Reply("500.auth_line_too_long", "500", "Line too long: at most {limit} octets with its CRLF", None, "5.5.6"),
    Reply("500.bare_lf", "500", "Bare LF: a line ends with CR LF (with nc, use nc -C)", None, "5.5.2"),
    Reply("500.bare_cr", "500", "Bare CR inside a line: CR stands only before LF", None, "5.5.2"),
    Reply("500.not_ascii", "500", "Commands are 7-bit ASCII without control characters", None, "5.5.2"),
    Reply("500.not_utf8", "500", "That is not UTF-8", None, "5.5.2"),
    Reply("501.syntax", "501", "Syntax: {syntax}", None, "5.5.4"),
    Reply("501.path_too_long", "501", "Path too long: 64 octets before the @, 255 after it", None, "5.1.3"),
    Reply("501.parameter_value", "501", "Bad value of parameter {parameter}; write {syntax}", None, "5.5.4"),
    Reply("501.auth_cancelled", "501", "Authentication cancelled", None, "5.7.0"),
    Reply("501.auth_no_initial", "501", "{mechanism}: the server speaks first; AUTH without a response", None, "5.7.0"),
    Reply("501.auth_base64", "501", "That is not base64 of what {mechanism} sends", None, "5.5.2"),
    Reply("502.not_offered", "502", "{verb} is not offered here", "Command not implemented", "5.5.1"),
    # Out of order
    Reply("503.need_hello", "503", "Say HELO or EHLO first", "Need HELO", "5.5.1"),
    Reply("503.need_mail", "503", "Need MAIL before {verb}", "Need MAIL before {verb}", "5.5.1"),
    Reply("503.need_rcpt", "503", "Need RCPT before {verb}: nobody to deliver to", "Need RCPT (recipient)", "5.5.1"),
    Reply("503.sender_given", "503", "Sender already given; RSET starts over", "Sender already specified", "5.5.1"),
    Reply("503.authenticated", "503", "Already authenticated", None, "5.5.1"),
    Reply("503.in_transaction", "503", "Not inside a mail transaction", None, "5.5.1"),
    Reply("503.in_tls", "503", "TLS is on already", None, "5.5.1"),
    Reply("503.chunks_begun", "503", "The message is coming in chunks: BDAT until LAST, or RSET", None, "5.5.1"),
    Reply("503.need_bdat", "503", "BODY=BINARYMIME goes by BDAT, not by DATA", None, "5.5.1"),
    Reply("503.no_service", "503", "No SMTP service here; only QUIT", None, "5.5.1"),
    # Refused
    Reply("504.mechanism", "504", "Mechanism {mechanism} is not offered", None, "5.5.4"),
    Reply("504.no_help", "504", "No help on {verb}; HELP alone lists the commands", None, "5.5.4"),
    Reply("530.need_auth", "530", "Authentication required", None, "5.7.0", then="AUTH"),
    Reply("530.need_tls", "530", "Must issue a STARTTLS command first", None, "5.7.0", then="STARTTLS"),
    Reply("535.wrong", "535", "Wrong user name or password", None, "5.7.8", then="AUTH"),
    Reply(
        "538.need_tls", "538", "{mechanism} shows the password: only under TLS here", None, "5.7.11", then="STARTTLS"
    ),
    Reply("550.ehlo_refused", "550", "EHLO refused", None, "5.7.1"),
    Reply("550.no_such_user", "550", "{path} ... User unknown", None, "5.1.1"),
    Reply("550.no_such_list", "550", "{path} is not a mailing list", None, "5.1.1"),
    Reply("550.not_content", "550", "Message refused: {reason}", None, "5.6.0"),
    Reply("550.bare_line_end", "550", "Message refused: a bare CR or LF; lines end with CR LF", None, "5.6.0"),
    Reply("550.nul", "550", "Message refused: a NUL octet", None, "5.6.0"),
    Reply("550.text_line_too_long", "550", "Message refused: a line of more than {limit} octets", None, "5.6.0"),
    Reply("550.relaying", "550", "{path} ... Relaying denied", None, "5.7.1"),
    Reply("551.user_not_local", "551", "User not local; please try <{path}>", None, "5.1.6"),
    Reply("552.too_big", "552", "Message too big: at most {limit} octets", None, "5.3.4"),
    Reply("552.header_too_big", "552", "Header too big: at most {limit} octets", None, "5.3.4"),
    Reply("552.too_many_fields", "552", "Header too long: at most {limit} fields", None, "5.3.4"),
    Reply("552.mailbox_full", "552", "Mailbox of {path} is full and will stay so", None, "5.2.2"),
    Reply("553.not_yours", "553", "{username} may not send as {path}", None, "5.7.1"),
    Reply("553.need_smtputf8", "553", "An address that is not ASCII needs the parameter SMTPUTF8", None, "5.6.7"),
    Reply("553.utf8_reply", "553", "The answer needs UTF-8: ask with the parameter SMTPUTF8", None, "5.6.8"),
    Reply("553.ambiguous", "553", "Ambiguous; possibilities are\n{possibilities}", None, "5.1.4"),
    Reply("554.eight_bit", "554", "Message has 8-bit octets, announced as 7-bit", None, "5.6.3"),
    Reply("554.loop", "554", "Too many hops: this message goes in circles", None, "5.4.6"),
    Reply("554.refused", "554", "Transaction failed: {reason}", None, "5.0.0"),
    Reply("555.parameter", "555", "Parameter not recognized: {parameter}", None, "5.5.4"),
)  # fmt: skip

REPLIES = {row.key: row for row in _ROWS}

# After these the server closes, whatever was asked (RFC 5321 §3.8, RFC 7504 §3).
CLOSING = frozenset({"221", "421", "521"})

_ELLIPSIS = "..."
# Octets a reply line may have, its line end included (RFC 5321 §4.5.3.1.5).
LONGEST_REPLY = 512
# Of a character in UTF-8.
_MOST_OCTETS = 4


class _Facts(dict[str, str]):
    """What a reply is filled with. A fault may be any reply at any stage: where it misses a fact it says less."""

    def __missing__(self, key: str) -> str:
        return ""


@lru_cache(maxsize=1024)
def _shape(row: Reply, wording: Wording, *, enhanced: bool) -> str:
    """A reply of one line as a template."""
    code = f"{row.enhanced} " if row.enhanced and enhanced else ""
    return f"{row.code} {code}{row.template(wording)}"


def filled(row: Reply, wording: Wording, facts: Iterable[tuple[str, str]], *, enhanced: bool) -> bytes | None:
    """A reply that is one line, and none too long: what nearly all are. None for the others."""
    text = _shape(row, wording, enhanced=enhanced).format_map(_Facts(facts)).rstrip(" ")
    if "\n" in text or len(text) * _MOST_OCTETS > LONGEST_REPLY - 2 or row.code == "334":
        return None
    return text.encode("utf-8", "surrogateescape") + b"\r\n"


def fitting(row: Reply, wording: Wording, facts: Mapping[str, str], room: int) -> list[str]:
    """The lines of a reply's words, none with more than `room` octets of UTF-8 (RFC 5321 §4.5.3.1.5).

    What is too long is what a client said and the reply repeats: the longest fact is cut, between characters, so that
    the reply's own words stay. A fact of several lines is cut at the end of each.
    """
    lines = row.words(wording, _Facts(facts))
    if all(len(line) * _MOST_OCTETS <= room for line in lines):
        return lines
    excess = max(map(_octets, lines)) - room
    if excess > 0:
        used = {name: value for name, value in facts.items() if "\n" not in value}
        longest = max(used, key=lambda name: (f"{{{name}}}" in row.phrase, _octets(used[name])), default="")
        if longest and _octets(used[longest]) > excess + len(_ELLIPSIS):
            kept = _cut(used[longest], _octets(used[longest]) - excess - len(_ELLIPSIS)) + _ELLIPSIS
            lines = row.words(wording, _Facts({**facts, longest: kept}))
    return [_cut(line, room) for line in lines]


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _cut(text: str, room: int) -> str:
    """As many whole characters as `room` octets hold."""
    octets = text.encode("utf-8", "surrogateescape")
    return text if len(octets) <= room else octets[: max(0, room)].decode("utf-8", "ignore")
