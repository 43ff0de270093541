"""The law of POP3: states, commands, moves and replies (RFC 1939; CAPA by RFC 2449, STLS by RFC 2595, AUTH by RFC 5034,
UTF8 by RFC 6856).

A command that has no move in a state is out of order there: that is the only place order is decided. A success of
QUIT after login leads to UPDATE, where marked messages are removed; every other end of a session leads past it.
"""

from __future__ import annotations

from mailtutor.errors import GrammarError
from mailtutor.protocols.pop3 import grammar
from mailtutor.protocols.spec import Command, Move, Outcome, Reply, Table

CONNECT = "connect"
AUTHORIZATION = "authorization"
USER_GIVEN = "user_given"
AUTHENTICATING = "authenticating"
# STLS was answered: TLS comes next, and no line before it.
TLS = "tls"
TRANSACTION = "transaction"
UPDATE = "update"
CLOSED = "closed"

STATES = (CONNECT, AUTHORIZATION, USER_GIVEN, AUTHENTICATING, TLS, TRANSACTION, UPDATE, CLOSED)
# Nothing is said after these.
OVER = frozenset({UPDATE, CLOSED})

_AFTER_LOGIN = ("STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL", "CAPA")

MOVES: dict[str, dict[str, Move]] = {
    CONNECT: {},
    AUTHORIZATION: {
        "USER": Move(USER_GIVEN),
        "APOP": Move(TRANSACTION),
        "AUTH": Move(TRANSACTION, go_on=AUTHENTICATING),
        "STLS": Move(TLS),
        "UTF8": Move(AUTHORIZATION),
        "CAPA": Move(AUTHORIZATION),
        "QUIT": Move(CLOSED),
    },
    # RFC 1939 §7 gives PASS one chance: a refusal needs USER again. A second USER corrects a mistyped name; the
    # standard does not ask for it, but servers take it and a person needs it.
    USER_GIVEN: {
        "USER": Move(USER_GIVEN, fail=AUTHORIZATION),
        "PASS": Move(TRANSACTION, fail=AUTHORIZATION),
        "CAPA": Move(USER_GIVEN),
        "QUIT": Move(CLOSED),
    },
    AUTHENTICATING: {"AUTH": Move(TRANSACTION, go_on=AUTHENTICATING, fail=AUTHORIZATION)},
    # TLS stands: the client begins anew, and may not have heard what was said before (RFC 2595 §4).
    TLS: {},
    # RFC 1939 §6: whether or not everything could be removed, the session ends.
    TRANSACTION: {verb: Move(TRANSACTION) for verb in _AFTER_LOGIN} | {"QUIT": Move(UPDATE, fail=UPDATE)},
    UPDATE: {},
    CLOSED: {},
}

REPLIES = {
    reply.key: reply
    for reply in (
        Reply("ok.greeting", "+OK", "{host} POP3 server ready", "POP3 server ready"),
        Reply("ok.greeting_stamped", "+OK", "{host} POP3 server ready {stamp}"),
        Reply("ok.tls", "+OK", "begin TLS"),
        Reply("ok.mechanisms", "+OK", "mechanisms follow"),
        Reply("ok.utf8", "+OK", "UTF-8 from now on"),
        Reply("go_on.challenge", "+", "{challenge}"),
        Reply("ok.user", "+OK", "now the password", ""),
        Reply("ok.maildrop", "+OK", "maildrop has {messages} ({octets} octets)", "user successfully logged on"),
        Reply("ok.capabilities", "+OK", "capability list follows"),
        Reply("ok.count", "+OK", "{count} {octets}"),
        Reply("ok.list", "+OK", "{messages} ({octets} octets)", ""),
        Reply("ok.list_one", "+OK", "{number} {size}"),
        Reply("ok.uids", "+OK", "unique-id listing follows", ""),
        Reply("ok.uid_one", "+OK", "{number} {uid}"),
        Reply("ok.message", "+OK", "{size} octets", ""),
        Reply("ok.top", "+OK", "top of message follows", ""),
        Reply("ok.deleted", "+OK", "message {number} deleted", ""),
        Reply("ok.reset", "+OK", "maildrop has {messages} ({octets} octets)", ""),
        Reply("ok.noop", "+OK", ""),
        Reply("ok.quit_update", "+OK", "{host} POP3 server signing off ({left})", "POP3 server signing off"),
        Reply("ok.quit", "+OK", "{host} POP3 server signing off", "POP3 server signing off"),
        Reply("err.no_such_message", "-ERR", "no such message, only {messages} in maildrop"),
        Reply("err.deleted", "-ERR", "message {number} already deleted"),
        Reply("err.gone", "-ERR", "message {number} cannot be read any more"),
        Reply("err.unreadable", "-ERR", "message {number} cannot be read now; try again later", None, "SYS/TEMP"),
        Reply("err.not_removed", "-ERR", "some deleted messages not removed"),
        Reply("err.auth", "-ERR", "invalid user name or password", None, "AUTH", then="USER"),
        Reply("err.in_use", "-ERR", "maildrop already locked: another session has it open", None, "IN-USE"),
        Reply("err.sys_temp", "-ERR", "maildrop cannot be opened now; try again later", None, "SYS/TEMP"),
        Reply("err.sys_perm", "-ERR", "maildrop is damaged: somebody has to mend it", None, "SYS/PERM"),
        # Not IN-USE, which is said of a maildrop (RFC 2449 §8.1.2): it is the server that is short (RFC 3206 §4).
        Reply("err.too_many_sessions", "-ERR", "too many connections from your address", None, "SYS/TEMP"),
        Reply("err.login_delay", "-ERR", "wait {seconds} seconds between two logins", None, "LOGIN-DELAY"),
        Reply("err.need_tls", "-ERR", "passwords need TLS here: STLS first", then="STLS"),
        Reply("err.in_tls", "-ERR", "TLS stands already"),
        Reply("err.tls_unavailable", "-ERR", "no TLS now", None, "SYS/TEMP"),
        Reply("err.mechanism", "-ERR", "{mechanism} is no way to log in here; CAPA lists those there are"),
        Reply("err.base64", "-ERR", "that is no base64 of what {mechanism} says"),
        Reply("err.cancelled", "-ERR", "login cancelled"),
        Reply("err.user_is_given", "-ERR", "the name is given: PASS comes next"),
        Reply("err.utf8", "-ERR", "this message needs UTF8: say UTF8 before you log in", None, "UTF8"),
        Reply("err.log_in_first", "-ERR", "log in first: USER, then PASS"),
        Reply("err.user_first", "-ERR", "USER comes before PASS"),
        Reply("err.logged_in", "-ERR", "already logged in"),
        Reply("err.missing", "-ERR", "{verb} needs an argument: {syntax}"),
        Reply("err.surplus", "-ERR", "too many arguments: {syntax}"),
        Reply("err.syntax", "-ERR", "bad argument: {syntax}"),
        Reply("err.unknown", "-ERR", "unknown command"),
        Reply("err.not_offered", "-ERR", "{verb} is not offered here"),
        Reply("err.line_too_long", "-ERR", "line too long: at most {limit} octets with its CRLF"),
        Reply("err.bare_lf", "-ERR", "bare LF: a line ends with CRLF (with nc, use nc -C)"),
        Reply("err.bare_cr", "-ERR", "bare CR inside a line: CR stands only before LF"),
        Reply("err.not_ascii", "-ERR", "commands are printable ASCII"),
    )
}

_LINE = ("err.line_too_long", "err.bare_lf", "err.bare_cr", "err.not_ascii")
_ALONE = ("err.surplus", *_LINE)
_NUMBERED = ("err.no_such_message", "err.deleted", "err.missing", "err.surplus", "err.syntax", *_LINE)
_LOGIN = (
    "ok.maildrop", "err.auth", "err.in_use", "err.sys_temp", "err.sys_perm", "err.login_delay", "err.need_tls",
    "err.logged_in",
)  # fmt: skip
_LISTING = ("err.no_such_message", "err.deleted", "err.surplus", "err.syntax", *_LINE)
_FIRST = "err.log_in_first"

# Replies that may have the same words, and the states each is said in.
SAID_IN = {
    "ok.quit": frozenset({AUTHORIZATION, USER_GIVEN}),
    "ok.quit_update": frozenset({TRANSACTION}),
}

COMMANDS = {
    row.verb: row
    for row in (
        Command(
            "USER", "USER name", grammar.user, "RFC 1939 §7", "USER bob", "authorization",
            ("ok.user", "err.need_tls", "err.logged_in", "err.missing", "err.surplus", "err.syntax", *_LINE),
            misplaced_else="err.logged_in", capability="USER",
        ),
        Command(
            "PASS", "PASS string", grammar.pass_, "RFC 1939 §7", "PASS pickles", "authorization",
            (
                *_LOGIN, "err.user_first", "err.missing", *_LINE,
            ),
            misplaced={AUTHORIZATION: "err.user_first"}, misplaced_else="err.logged_in", capability="USER",
        ),
        Command(
            "APOP", "APOP name digest", grammar.apop, "RFC 1939 §7", "APOP bob c4c9334bac560ecc979e58001b3e22fb",
            "authorization", (*_LOGIN, "err.user_is_given", "err.missing", "err.surplus", "err.syntax", *_LINE),
            misplaced={USER_GIVEN: "err.user_is_given"}, misplaced_else="err.logged_in", capability="APOP",
        ),
        Command(
            "AUTH", "AUTH [mechanism [initial-response]]", grammar.auth, "RFC 5034 §4", "AUTH PLAIN AGJvYgBwaWNrbGVz",
            "authorization",
            (
                *_LOGIN, "go_on.challenge", "ok.mechanisms", "err.mechanism", "err.base64", "err.cancelled",
                "err.user_is_given", "err.surplus", "err.syntax", *_LINE,
            ),
            misplaced={USER_GIVEN: "err.user_is_given"}, misplaced_else="err.logged_in", capability="SASL",
        ),
        Command(
            "STLS", "STLS", grammar.stls, "RFC 2595 §4", "STLS", "authorization",
            ("ok.tls", "err.in_tls", "err.tls_unavailable", "err.user_is_given", "err.logged_in", *_ALONE),
            misplaced={USER_GIVEN: "err.user_is_given"}, misplaced_else="err.logged_in", capability="STLS",
        ),
        Command(
            "UTF8", "UTF8", grammar.utf8, "RFC 6856 §2.1", "UTF8", "authorization",
            ("ok.utf8", "err.user_is_given", "err.logged_in", *_ALONE),
            misplaced={USER_GIVEN: "err.user_is_given"}, misplaced_else="err.logged_in", capability="UTF8",
        ),
        Command(
            "CAPA", "CAPA", grammar.capa, "RFC 2449 §5", "CAPA", "authorization", ("ok.capabilities", *_ALONE),
        ),
        Command(
            "STAT", "STAT", grammar.stat, "RFC 1939 §5", "STAT", "transaction", ("ok.count", _FIRST, *_ALONE),
            misplaced_else=_FIRST,
        ),
        Command(
            "LIST", "LIST [msg]", grammar.list_, "RFC 1939 §5", "LIST", "transaction",
            ("ok.list", "ok.list_one", _FIRST, *_LISTING), misplaced_else=_FIRST,
        ),
        Command(
            "UIDL", "UIDL [msg]", grammar.uidl, "RFC 1939 §7", "UIDL", "transaction",
            ("ok.uids", "ok.uid_one", _FIRST, *_LISTING), misplaced_else=_FIRST, capability="UIDL",
        ),
        Command(
            "TOP", "TOP msg n", grammar.top, "RFC 1939 §7", "TOP 1 0", "transaction",
            ("ok.top", "err.gone", "err.unreadable", "err.utf8", _FIRST, *_NUMBERED), misplaced_else=_FIRST,
            capability="TOP",
        ),
        Command(
            "RETR", "RETR msg", grammar.retr, "RFC 1939 §5", "RETR 1", "transaction",
            ("ok.message", "err.gone", "err.unreadable", "err.utf8", _FIRST, *_NUMBERED), misplaced_else=_FIRST,
        ),
        Command(
            "DELE", "DELE msg", grammar.dele, "RFC 1939 §5", "DELE 1", "transaction",
            ("ok.deleted", _FIRST, *_NUMBERED), misplaced_else=_FIRST,
        ),
        Command(
            "RSET", "RSET", grammar.rset, "RFC 1939 §5", "RSET", "transaction", ("ok.reset", _FIRST, *_ALONE),
            misplaced_else=_FIRST,
        ),
        Command(
            "NOOP", "NOOP", grammar.noop, "RFC 1939 §5", "NOOP", "transaction", ("ok.noop", _FIRST, *_ALONE),
            misplaced_else=_FIRST,
        ),
        Command(
            "QUIT", "QUIT", grammar.quit_, "RFC 1939 §4, §6", "QUIT", "update",
            ("ok.quit_update", "ok.quit", "err.not_removed", *_ALONE),
        ),
    )
}  # fmt: skip

# Known to the standards, not spoken here (RFC 6856 §3, RFC 1460).
NOT_OFFERED = frozenset({"LANG", "RPOP"})

# Where the greeting leads. RFC 1939 §4 knows a positive one only; a server that cannot serve says -ERR and closes.
GREETINGS = {"+OK": AUTHORIZATION, "-ERR": CLOSED}

# Octets a command line may have with its CRLF (RFC 2449 §4).
LINE_LIMIT = 255
# The same of a line that answers a challenge (RFC 5034 §4).
RESPONSE_LIMIT = 12288

# A success of these is followed by lines up to a dot (RFC 1939 §3); the second group only when it named no message, or
# no mechanism.
_ALWAYS_LINES = frozenset({"RETR", "TOP", "CAPA"})
_LINES_UNLESS_NAMED = frozenset({"LIST", "UIDL", "AUTH"})

CAPABILITIES = {
    "USER": "RFC 2449 §6.2",
    "SASL": "RFC 5034 §3",
    "STLS": "RFC 2595 §4",
    "TOP": "RFC 2449 §6.1",
    "UIDL": "RFC 2449 §6.8",
    "RESP-CODES": "RFC 2449 §6.4",
    "LOGIN-DELAY": "RFC 2449 §6.5",
    "AUTH-RESP-CODE": "RFC 3206 §6",
    "PIPELINING": "RFC 2449 §6.6",
    "EXPIRE": "RFC 2449 §6.7",
    "UTF8": "RFC 6856 §2",
    "IMPLEMENTATION": "RFC 2449 §6.9",
}
# What CAPA lists after the tag, unless a server has something else to say.
CAPABILITY_PARAMETERS = {"EXPIRE": "NEVER", "IMPLEMENTATION": "mailtutor"}
# What a server offers where nobody says otherwise. APOP is in no list: the greeting tells of it (RFC 1939 §7).
OFFERED = frozenset({*CAPABILITIES, "APOP"})
# What the textbook's server knows.
CLASSIC = frozenset({"USER", "TOP", "UIDL"})

# Response codes that say the same login may work later (RFC 2449 §8.1, RFC 3206 §4).
_PASSING = ("IN-USE", "LOGIN-DELAY", "SYS/TEMP")


def has_lines(verb: str, *, has_argument: bool) -> bool:
    """Whether a success of this command is followed by lines up to a dot."""
    return verb in _ALWAYS_LINES or (verb in _LINES_UNLESS_NAMED and not has_argument)


def moves(verb: str, *, has_argument: bool) -> bool:
    """Whether a success of this command leads anywhere: AUTH alone only asks."""
    return has_argument or verb != "AUTH"


def outcome_of(code: str, response_code: str) -> Outcome:
    """What "+OK" or "-ERR" with this bracketed code ("" for none) means for whoever asked. Codes know no case, and
    may have more levels than we know (RFC 2449 §8)."""
    if code == "+OK":
        return Outcome.SUCCESS
    if code == "+":
        return Outcome.GO_ON
    levels = response_code.upper()
    passing = any(levels == known or levels.startswith(f"{known}/") for known in _PASSING)
    return Outcome.TRY_LATER if passing else Outcome.REFUSED


def is_understood(verb: str, raw: bytes) -> bool:
    """Whether a line is the command it begins with. What is not understood has not happened, so its refusal moves
    nothing; a refused QUIT would otherwise end the session."""
    if verb not in COMMANDS or not grammar.is_plain(raw, LINE_LIMIT):
        return False
    try:
        COMMANDS[verb].parse(raw.removesuffix(b"\r\n")[len(verb) :])
    except GrammarError:
        return False
    return True


TABLE = Table(
    protocol="pop3",
    port=110,
    rfc="RFC 1939",
    states=STATES,
    initial=CONNECT,
    state_names={
        CONNECT: "connect", AUTHORIZATION: "AUTHORIZATION", USER_GIVEN: "AUTHORIZATION, user given",
        AUTHENTICATING: "AUTHORIZATION, logging in", TLS: "TLS",
        TRANSACTION: "TRANSACTION", UPDATE: "UPDATE", CLOSED: "closed",
    },
    commands=COMMANDS,
    replies=REPLIES,
    moves=MOVES,
    capabilities=CAPABILITIES,
    not_offered=NOT_OFFERED,
    secret=frozenset({"PASS", "APOP", "AUTH"}),
)  # fmt: skip
