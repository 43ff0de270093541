"""The law of SMTP: states, commands, moves and replies.

A command that has no move in a state is out of order there: that is the only place order is decided. What is said in
reply is a key of `REPLIES`; the words of the textbook stand beside today's.
"""

from __future__ import annotations

from mailtutor.protocols.sasl import mechanisms as sasl
from mailtutor.protocols.smtp import grammar
from mailtutor.protocols.smtp.parameters import PARAMETERS
from mailtutor.protocols.smtp.replies import CLOSING, REPLIES
from mailtutor.protocols.spec import Command, Move, Outcome, Table

__all__ = ["CLOSING", "COMMANDS", "MOVES", "PARAMETERS", "REPLIES", "TABLE"]

CONNECT = "connect"
WAIT = "wait"
TLS = "tls"
READY = "ready"
MAIL = "mail"
RCPT = "rcpt"
DATA = "data"
BDAT = "bdat"
AUTH = "auth"
BARRED = "barred"
CLOSED = "closed"

STATES = (CONNECT, WAIT, TLS, READY, AUTH, MAIL, RCPT, DATA, BDAT, BARRED, CLOSED)

# "." is the end of the message: it gets a reply as a command does.
END = "."
# A BDAT that is not the last leads elsewhere than the one that is. What went wrong with either forgets the message, so
# that chunks sent without waiting for the answer come out of order, one refusal each.
CHUNK = "BDAT chunk"

_ANY_TIME = ("NOOP", "HELP", "VRFY", "EXPN")
# What the first digit of a reply code says (RFC 5321 §4.2.1).
_OUTCOMES = {"2": Outcome.SUCCESS, "3": Outcome.GO_ON, "4": Outcome.TRY_LATER, "5": Outcome.REFUSED}


def outcome_of(code: str) -> Outcome:
    """What the first digit of a reply code says (RFC 5321 §4.2.1)."""
    return _OUTCOMES.get(code[:1], Outcome.NONE)


def _stay(state: str) -> dict[str, Move]:
    return {verb: Move(state) for verb in _ANY_TIME} | {"QUIT": Move(CLOSED)}


MOVES = {
    CONNECT: {},
    WAIT: {"HELO": Move(READY), "EHLO": Move(READY), "RSET": Move(WAIT)} | _stay(WAIT),
    # Nothing is a command until TLS stands; then the server knows nothing any more (RFC 3207 §4.2).
    TLS: {},
    READY: {
        "HELO": Move(READY),
        "EHLO": Move(READY),
        "STARTTLS": Move(TLS),
        "AUTH": Move(READY, go_on=AUTH),
        "ETRN": Move(READY),
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
        "BDAT": Move(READY, fail=READY),
        CHUNK: Move(BDAT, fail=READY),
        "RSET": Move(READY),
    }
    | _stay(RCPT),
    DATA: {END: Move(READY, fail=READY)},
    BDAT: {
        "HELO": Move(READY),
        "EHLO": Move(READY),
        "BDAT": Move(READY, fail=READY),
        CHUNK: Move(BDAT, fail=READY),
        "RSET": Move(READY),
    }
    | _stay(BDAT),
    # The server greeted with 554: it waits for QUIT only (RFC 5321 §3.1).
    BARRED: {"QUIT": Move(CLOSED)},
    CLOSED: {},
}

_SYNTAX = ("500.line_too_long", "500.bare_lf", "500.bare_cr", "500.not_ascii", "500.not_utf8", "501.syntax")
_ALWAYS = (*_SYNTAX, "421.shutdown", "421.idle", "421.too_many_errors", "530.need_tls", "503.no_service")
_NOT_HERE = ("502.not_offered", "500.unknown")
_BARRED = {BARRED: "503.no_service"}
_BEFORE_HELLO = {WAIT: "503.need_hello", **_BARRED}
_ONCE_SENT = {**_BEFORE_HELLO, BDAT: "503.chunks_begun"}
_DISK = ("452.no_room", "451.local")
_CONTENT = (
    "552.too_big", "552.header_too_big", "552.too_many_fields", "550.bare_line_end", "550.nul",
    "550.text_line_too_long", "550.not_content", "554.eight_bit", "554.loop", "554.refused", "552.mailbox_full",
    "452.mailbox_full", "451.greylisted", *_DISK,
)  # fmt: skip

COMMANDS = {
    row.verb: row
    for row in (
        Command(
            "HELO", "HELO domain", grammar.helo, "RFC 5321 §4.1.1.1", "HELO crepes.fr", "handshake",
            ("250.hello", "501.path_too_long", *_ALWAYS), misplaced_else="503.no_service",
        ),
        Command(
            "EHLO", "EHLO domain", grammar.ehlo, "RFC 5321 §4.1.1.1", "EHLO crepes.fr", "handshake",
            ("250.extensions", *_NOT_HERE, "550.ehlo_refused", "501.path_too_long", *_ALWAYS),
            misplaced_else="503.no_service", capability="EHLO",
        ),
        Command(
            "STARTTLS", "STARTTLS", grammar.starttls, "RFC 3207 §4", "STARTTLS", "handshake",
            ("220.tls", "454.tls", *_NOT_HERE, "503.need_hello", "503.in_tls", "503.in_transaction", *_ALWAYS),
            misplaced=_BEFORE_HELLO, misplaced_else="503.in_transaction", capability="STARTTLS",
        ),
        Command(
            "AUTH", "AUTH mechanism [initial-response]", grammar.auth, "RFC 4954 §4", "AUTH PLAIN", "handshake",
            (
                "235.authenticated", "334.challenge", "501.auth_base64", "501.auth_no_initial", "501.auth_cancelled",
                "504.mechanism", "500.auth_line_too_long", "454.auth", "535.wrong", "538.need_tls", *_NOT_HERE,
                "503.need_hello", "503.authenticated", "503.in_transaction", *_ALWAYS,
            ),
            misplaced=_BEFORE_HELLO, misplaced_else="503.in_transaction", capability="AUTH",
        ),
        Command(
            "MAIL", "MAIL FROM:<address> [parameters]", grammar.mail, "RFC 5321 §4.1.1.2",
            "MAIL FROM:<alice@crepes.fr>", "transfer",
            (
                "250.sender", "503.need_hello", "503.sender_given", "503.chunks_begun", "530.need_auth", "552.too_big",
                "553.not_yours", "553.need_smtputf8", "550.relaying", "451.greylisted", *_DISK,
                "421.too_many_messages", "554.refused", "555.parameter", "501.parameter_value", "501.path_too_long",
                *_ALWAYS,
            ),
            misplaced=_ONCE_SENT, misplaced_else="503.sender_given",
        ),
        Command(
            "RCPT", "RCPT TO:<address> [parameters]", grammar.rcpt, "RFC 5321 §4.1.1.3", "RCPT TO:<bob@hamburger.edu>",
            "transfer",
            (
                "250.recipient", "251.recipient", "503.need_hello", "503.need_mail", "503.chunks_begun",
                "550.no_such_user", "550.relaying", "551.user_not_local", "450.greylisted", "450.mailbox_busy",
                "451.greylisted", "452.mailbox_full", "552.mailbox_full", "452.too_many_recipients",
                "452.too_many_domains", "553.need_smtputf8", "554.refused", *_DISK, "555.parameter",
                "501.parameter_value", "501.path_too_long", *_ALWAYS,
            ),
            misplaced=_ONCE_SENT, misplaced_else="503.need_mail",
        ),
        Command(
            "DATA", "DATA", grammar.data, "RFC 5321 §4.1.1.4", "DATA", "transfer",
            (
                "354.go_on", "250.accepted", "503.need_hello", "503.need_mail", "503.need_rcpt", "503.chunks_begun",
                "503.need_bdat", *_CONTENT, *_ALWAYS,
            ),
            misplaced=_ONCE_SENT | {MAIL: "503.need_rcpt"}, misplaced_else="503.need_mail",
        ),
        Command(
            "BDAT", "BDAT octets [LAST]", grammar.bdat, "RFC 3030 §2", "BDAT 20 LAST", "transfer",
            (
                "250.chunk", "250.accepted", *_NOT_HERE, "503.need_hello", "503.need_mail", "503.need_rcpt", *_CONTENT,
                *_ALWAYS,
            ),
            misplaced=_BEFORE_HELLO | {MAIL: "503.need_rcpt"}, misplaced_else="503.need_mail", capability="CHUNKING",
        ),
        Command(
            "RSET", "RSET", grammar.rset, "RFC 5321 §4.1.1.5", "RSET", "transfer", ("250.reset", *_ALWAYS),
            misplaced_else="503.no_service",
        ),
        Command(
            "NOOP", "NOOP [words]", grammar.noop, "RFC 5321 §4.1.1.9", "NOOP", "handshake", ("250.noop", *_ALWAYS),
            misplaced_else="503.no_service",
        ),
        Command(
            "VRFY", "VRFY user [SMTPUTF8]", grammar.vrfy, "RFC 5321 §4.1.1.6", "VRFY bob", "handshake",
            (
                "250.user", "252.cannot_verify", "550.no_such_user", "551.user_not_local", "553.ambiguous",
                "553.utf8_reply", "555.parameter", *_ALWAYS,
            ),
            misplaced_else="503.no_service",
        ),
        Command(
            "EXPN", "EXPN list [SMTPUTF8]", grammar.expn, "RFC 5321 §4.1.1.7", "EXPN students", "handshake",
            (
                "250.list", "252.cannot_expand", "550.no_such_list", "553.utf8_reply", "555.parameter", *_NOT_HERE,
                *_ALWAYS,
            ),
            misplaced_else="503.no_service", capability="EXPN",
        ),
        Command(
            "ETRN", "ETRN node", grammar.etrn, "RFC 1985 §5", "ETRN hamburger.edu", "transfer",
            (
                "250.queue_started", "251.queue_empty", "252.queue_pending", "253.queue_counted", "458.queue_failed",
                "459.node_refused", *_NOT_HERE, "503.need_hello", "503.in_transaction", *_ALWAYS,
            ),
            misplaced=_BEFORE_HELLO, misplaced_else="503.in_transaction", capability="ETRN",
        ),
        Command(
            "HELP", "HELP [verb]", grammar.help_, "RFC 5321 §4.1.1.8", "HELP MAIL", "handshake",
            ("214.help", "504.no_help", *_NOT_HERE, *_ALWAYS), misplaced_else="503.no_service", capability="HELP",
        ),
        Command(
            "QUIT", "QUIT", grammar.quit_, "RFC 5321 §4.1.1.10", "QUIT", "close", ("221.closing", *_ALWAYS),
        ),
    )
}  # fmt: skip

# What an observer takes a BDAT for whose octets cannot be counted: nothing follows it, and refused it moves nothing.
UNREADABLE_CHUNK = "BDAT unreadable"

# What answers nothing: the greeting, and a line that is no command.
UNASKED = (
    "220.ready", "421.busy", "421.too_many_sessions", "521.no_mail", "554.no_service", "500.empty", "500.unknown",
)  # fmt: skip

# Known to the standards, spoken by nobody here: 502, not 500 (RFC 5321 §4.2.4).
NOT_OFFERED = frozenset({"SEND", "SOML", "SAML", "TURN", "ATRN", "BURL"})

# Octets no line of commands may exceed, whatever a server's limit: what AUTH may have (RFC 4954 §4), for responses too.
LONGEST_LINE = 12288


# What a server can say in EHLO, in the order it says it.
CAPABILITIES = {
    "PIPELINING": "RFC 2920",
    "SIZE": "RFC 1870",
    "8BITMIME": "RFC 6152",
    "BINARYMIME": "RFC 3030",
    "CHUNKING": "RFC 3030",
    "SMTPUTF8": "RFC 6531",
    "DSN": "RFC 3461",
    "FUTURERELEASE": "RFC 4865",
    "ETRN": "RFC 1985",
    "EXPN": "RFC 5321 §4.1.1.7",
    "STARTTLS": "RFC 3207",
    "AUTH": "RFC 4954",
    "LIMITS": "RFC 9422",
    "ENHANCEDSTATUSCODES": "RFC 2034",
    "HELP": "RFC 5321 §4.1.1.8",
}
# A capability that means nothing without another.
NEEDS = {"BINARYMIME": "CHUNKING"}
# What a host offers unless its plan says otherwise: what a lab can do without a relay or a certificate.
OFFERED = frozenset({"EHLO", "PIPELINING", "SIZE", "8BITMIME", "CHUNKING", "AUTH", "ENHANCEDSTATUSCODES", "HELP"})
EVERYTHING = frozenset({"EHLO", *CAPABILITIES})

_PARAMETER_RFCS = {row.name: row.rfc for rows in PARAMETERS.values() for row in rows.values()}
_LIMIT_RFCS = dict.fromkeys(("RCPTMAX", "MAILMAX", "RCPTDOMAINMAX"), "RFC 9422 §3")
_BODY_RFCS = {"7BIT": "RFC 6152 §2"}

TABLE = Table(
    protocol="smtp",
    port=25,
    rfc="RFC 5321",
    states=STATES,
    initial=CONNECT,
    state_names={
        CONNECT: "connect", WAIT: "wait for HELO", TLS: "TLS handshake", READY: "ready", AUTH: "authenticating",
        MAIL: "MAIL", RCPT: "RCPT", DATA: "DATA", BDAT: "BDAT", BARRED: "no service", CLOSED: "closed",
    },
    commands=COMMANDS,
    replies=REPLIES,
    moves=MOVES,
    # Whatever may be looked up: extensions, the parameters they bring, limits and login methods.
    capabilities=_PARAMETER_RFCS | _LIMIT_RFCS | _BODY_RFCS | sasl.MECHANISMS | CAPABILITIES,
    not_offered=NOT_OFFERED,
    parameters=PARAMETERS,
    secret=frozenset({"AUTH"}),
)  # fmt: skip
