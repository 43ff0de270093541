"""The law of SMTP: states, commands, moves and replies.

A command that has no move in a state is out of order there: that is the only place order is decided. What is said in
reply is a key of `REPLIES`; the words of the textbook stand beside today's.
"""

from __future__ import annotations

from mailtutor.protocols.smtp import grammar
from mailtutor.protocols.spec import Command, Move, Reply, Table

CONNECT = "connect"
WAIT = "wait"
READY = "ready"
MAIL = "mail"
RCPT = "rcpt"
DATA = "data"
AUTH = "auth"
CLOSED = "closed"

STATES = (CONNECT, WAIT, READY, AUTH, MAIL, RCPT, DATA, CLOSED)

# "." is the end of the message: it gets a reply as a command does.
END = "."

_ANY_TIME = ("NOOP", "HELP", "VRFY")


def _stay(state: str) -> dict[str, Move]:
    return {verb: Move(state) for verb in _ANY_TIME} | {"QUIT": Move(CLOSED)}


MOVES = {
    CONNECT: {},
    WAIT: {"HELO": Move(READY), "EHLO": Move(READY), "RSET": Move(WAIT)} | _stay(WAIT),
    READY: {
        "HELO": Move(READY),
        "EHLO": Move(READY),
        "AUTH": Move(READY, go_on=AUTH),
        "MAIL": Move(MAIL),
        "RSET": Move(READY),
    }
    | _stay(READY),
    AUTH: {"AUTH": Move(READY, go_on=AUTH, fail=READY)},
    MAIL: {"HELO": Move(READY), "EHLO": Move(READY), "RCPT": Move(RCPT), "RSET": Move(READY)} | _stay(MAIL),
    RCPT: {
        "HELO": Move(READY),
        "EHLO": Move(READY),
        "RCPT": Move(RCPT),
        "DATA": Move(READY, go_on=DATA),
        "RSET": Move(READY),
    }
    | _stay(RCPT),
    DATA: {END: Move(READY, fail=READY)},
    CLOSED: {},
}

REPLIES = {
    reply.key: reply
    for reply in (
        Reply("220.ready", "220", "{host} ESMTP mailtutor", "{host}"),
        Reply("221.closing", "221", "{host} closing connection", None, "2.0.0"),
        Reply("250.hello", "250", "{host} Hello {client}", "Hello {client}, pleased to meet you"),
        Reply("250.extensions", "250", "{host} Hello {client}\n{extensions}"),
        Reply("250.sender", "250", "{path} ... Sender ok", None, "2.1.0"),
        Reply("250.recipient", "250", "{path} ... Recipient ok", None, "2.1.5"),
        Reply(
            "250.accepted",
            "250",
            "Message accepted for delivery ({queue_id})",
            "Message accepted for delivery",
            "2.0.0",
        ),
        Reply("250.reset", "250", "Forgotten: no sender, no recipients", "Reset state", "2.0.0"),
        Reply("250.noop", "250", "OK", None, "2.0.0"),
        Reply("250.user", "250", "<{path}>", None, "2.1.5"),
        Reply("252.cannot_verify", "252", "Cannot verify {path} here; a message would be tried", None, "2.5.2"),
        Reply("214.help", "214", "{text}", None, "2.0.0"),
        Reply("235.authenticated", "235", "Authenticated as {username}", None, "2.7.0"),
        Reply("334.challenge", "334", "{challenge}"),
        Reply("354.go_on", "354", 'Enter mail, end with "." on a line by itself'),
        Reply("421.shutdown", "421", "{host} Service not available, closing transmission channel", None, "4.3.2"),
        Reply("450.greylisted", "450", "Try again later: first time we hear of {path}", None, "4.2.0"),
        Reply("451.local", "451", "Local error, nothing was accepted; try again later", None, "4.3.0"),
        Reply(
            "452.too_many_recipients",
            "452",
            "Too many recipients; send the rest in another message",
            None,
            "4.5.3",
        ),
        Reply("452.mailbox_full", "452", "Mailbox of {path} is full", None, "4.2.2"),
        Reply("500.unknown", "500", "Command not recognized: {verb}", "Command unrecognized", "5.5.2"),
        Reply("500.empty", "500", "An empty line is not a command", "Command unrecognized", "5.5.2"),
        Reply("500.line_too_long", "500", "Line too long: at most {limit} octets with its CRLF", None, "5.5.2"),
        Reply("500.auth_line_too_long", "500", "Line too long: at most {limit} octets with its CRLF", None, "5.5.6"),
        Reply("500.bare_lf", "500", "Bare LF: a line ends with CR LF (with nc, use nc -C)", None, "5.5.2"),
        Reply("500.bare_cr", "500", "Bare CR inside a line: CR stands only before LF", None, "5.5.2"),
        Reply("500.not_ascii", "500", "Commands are 7-bit ASCII without control characters", None, "5.5.2"),
        Reply("501.syntax", "501", "Syntax: {syntax}", None, "5.5.4"),
        Reply("501.path_too_long", "501", "Path too long: 64 octets before the @, 255 after it", None, "5.1.3"),
        Reply("501.parameter_value", "501", "Bad value of parameter {parameter}", None, "5.5.4"),
        Reply("501.auth_cancelled", "501", "Authentication cancelled", None, "5.7.0"),
        Reply("501.auth_base64", "501", "That is not base64 of what {mechanism} sends", None, "5.5.2"),
        Reply("502.not_offered", "502", "{verb} is not offered here", "Command not implemented", "5.5.1"),
        Reply("503.need_hello", "503", "Say HELO or EHLO first", "Need HELO", "5.5.1"),
        Reply("503.need_mail", "503", "Need MAIL before {verb}", "Need MAIL before {verb}", "5.5.1"),
        Reply(
            "503.need_rcpt",
            "503",
            "Need RCPT before DATA: nobody to deliver to",
            "Need RCPT (recipient)",
            "5.5.1",
        ),
        Reply(
            "503.sender_given",
            "503",
            "Sender already given; RSET starts over",
            "Sender already specified",
            "5.5.1",
        ),
        Reply("503.authenticated", "503", "Already authenticated", None, "5.5.1"),
        Reply("503.in_transaction", "503", "Not inside a mail transaction", None, "5.5.1"),
        Reply("504.mechanism", "504", "Mechanism {mechanism} is not offered", None, "5.5.4"),
        Reply("504.no_help", "504", "No help on {verb}; HELP alone lists the commands", None, "5.5.4"),
        Reply("530.need_auth", "530", "Authentication required", None, "5.7.0"),
        Reply("535.wrong", "535", "Wrong user name or password", None, "5.7.8"),
        Reply("550.no_such_user", "550", "{path} ... User unknown", None, "5.1.1"),
        Reply("550.not_content", "550", "Message refused: {reason}", None, "5.6.0"),
        Reply("550.relaying", "550", "{path} ... Relaying denied", None, "5.7.1"),
        Reply("552.too_big", "552", "Message too big: at most {limit} octets", None, "5.3.4"),
        Reply("553.not_yours", "553", "{username} may not send as {path}", None, "5.7.1"),
        Reply("554.loop", "554", "Too many hops: this message goes in circles", None, "5.4.6"),
        Reply("555.parameter", "555", "Parameter not recognized: {parameter}", None, "5.5.4"),
    )
}

_SYNTAX = ("500.line_too_long", "500.bare_lf", "500.bare_cr", "500.not_ascii", "501.syntax")
_BEFORE_HELLO = {WAIT: "503.need_hello"}

COMMANDS = {
    row.verb: row
    for row in (
        Command(
            "HELO", "HELO domain", grammar.helo, "RFC 5321 §4.1.1.1", "HELO crepes.fr", "handshake",
            ("250.hello", *_SYNTAX),
        ),
        Command(
            "EHLO", "EHLO domain", grammar.ehlo, "RFC 5321 §4.1.1.1", "EHLO crepes.fr", "handshake",
            ("250.extensions", "502.not_offered", *_SYNTAX),
        ),
        Command(
            "AUTH", "AUTH mechanism [initial-response]", grammar.auth, "RFC 4954 §4", "AUTH PLAIN", "handshake",
            (
                "235.authenticated", "334.challenge", "501.auth_base64", "501.auth_cancelled", "504.mechanism",
                "500.auth_line_too_long",
                "535.wrong", "502.not_offered", "503.authenticated", *_SYNTAX,
            ),
            misplaced=_BEFORE_HELLO, misplaced_else="503.in_transaction", capability="AUTH",
        ),
        Command(
            "MAIL", "MAIL FROM:<address> [parameters]", grammar.mail, "RFC 5321 §4.1.1.2",
            "MAIL FROM:<alice@crepes.fr>", "transfer",
            (
                "250.sender", "503.need_hello", "503.sender_given", "530.need_auth", "552.too_big", "553.not_yours",
                "555.parameter", "501.parameter_value", "501.path_too_long", *_SYNTAX,
            ),
            misplaced=_BEFORE_HELLO, misplaced_else="503.sender_given",
        ),
        Command(
            "RCPT", "RCPT TO:<address>", grammar.rcpt, "RFC 5321 §4.1.1.3", "RCPT TO:<bob@hamburger.edu>",
            "transfer",
            (
                "250.recipient", "503.need_mail", "550.no_such_user", "550.relaying", "450.greylisted",
                "452.mailbox_full", "452.too_many_recipients", "555.parameter", "501.path_too_long", *_SYNTAX,
            ),
            misplaced=_BEFORE_HELLO, misplaced_else="503.need_mail",
        ),
        Command(
            "DATA", "DATA", grammar.data, "RFC 5321 §4.1.1.4", "DATA", "transfer",
            ("354.go_on", "503.need_mail", "503.need_rcpt", *_SYNTAX),
            misplaced={WAIT: "503.need_hello", MAIL: "503.need_rcpt"}, misplaced_else="503.need_mail",
        ),
        Command(
            "RSET", "RSET", grammar.rset, "RFC 5321 §4.1.1.5", "RSET", "transfer", ("250.reset", *_SYNTAX),
        ),
        Command(
            "NOOP", "NOOP", grammar.noop, "RFC 5321 §4.1.1.9", "NOOP", "handshake", ("250.noop", *_SYNTAX),
        ),
        Command(
            "VRFY", "VRFY user", grammar.vrfy, "RFC 5321 §4.1.1.6", "VRFY bob", "handshake",
            ("250.user", "252.cannot_verify", "550.no_such_user", *_SYNTAX),
        ),
        Command(
            "HELP", "HELP [verb]", grammar.help_, "RFC 5321 §4.1.1.8", "HELP MAIL", "handshake",
            ("214.help", "504.no_help", *_SYNTAX),
        ),
        Command(
            "QUIT", "QUIT", grammar.quit_, "RFC 5321 §4.1.1.10", "QUIT", "close", ("221.closing", *_SYNTAX),
        ),
    )
}  # fmt: skip

# Known to the standards, not spoken here: 502, not 500 (RFC 5321 §4.2.4).
NOT_OFFERED = frozenset({"EXPN", "SEND", "SOML", "SAML", "TURN", "ETRN", "BDAT", "STARTTLS", "ATRN", "BURL"})

# Octets a command line may have with its CRLF (RFC 5321 §4.5.3.1.4; SIZE, BODY and AUTH= lengthen MAIL, RFC 4954 §4
# allows 12288 for AUTH).
LINE_LIMIT = 512
LINE_LIMITS = {"MAIL": 512 + 26 + 17 + 500, "AUTH": 12288}
LONGEST_LINE = 12288

CAPABILITIES = {
    "PIPELINING": "RFC 2920",
    "SIZE": "RFC 1870",
    "8BITMIME": "RFC 6152",
    "AUTH": "RFC 4954",
    "ENHANCEDSTATUSCODES": "RFC 2034",
    "HELP": "RFC 5321 §4.1.1.8",
}

TABLE = Table(
    protocol="smtp",
    port=25,
    rfc="RFC 5321",
    states=STATES,
    initial=CONNECT,
    state_names={
        CONNECT: "connect", WAIT: "wait for HELO", READY: "ready", AUTH: "authenticating", MAIL: "MAIL",
        RCPT: "RCPT", DATA: "DATA", CLOSED: "closed",
    },
    commands=COMMANDS,
    replies=REPLIES,
    moves=MOVES,
    capabilities=CAPABILITIES,
    not_offered=NOT_OFFERED,
)  # fmt: skip
