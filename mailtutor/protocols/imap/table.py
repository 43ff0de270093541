"""The law of IMAP: states, commands, moves and replies.

A command that has no move in a state is out of order there: that is the only place order is decided. A reply's
`enhanced` is its bracketed response code (RFC 3501 §7.1, RFC 5530), a template as its phrase is.

A tagged OK or NO moves as the table says; BAD means the command did not happen, so it moves only out of the two states
that are one command long (`CONTINUES`).
"""

from __future__ import annotations

from mailtutor.protocols.imap import grammar
from mailtutor.protocols.imap.replies import REPLIES
from mailtutor.protocols.spec import Command, Move, Outcome, Table

CONNECT = "connect"
TLS = "tls"
NOT_AUTHENTICATED = "not_authenticated"
AUTHENTICATING = "authenticating"
AUTHENTICATED = "authenticated"
SELECTED = "selected"
IDLE_AUTHENTICATED = "idle_authenticated"
IDLE = "idle"
LOGOUT = "logout"

STATES = (
    CONNECT,
    NOT_AUTHENTICATED,
    TLS,
    AUTHENTICATING,
    AUTHENTICATED,
    IDLE_AUTHENTICATED,
    SELECTED,
    IDLE,
    LOGOUT,
)
# Where the greeting leads (RFC 3501 §7.1.4, §7.1.5).
GREETINGS = {"OK": NOT_AUTHENTICATED, "PREAUTH": AUTHENTICATED, "BYE": LOGOUT}


def _stay(state: str, verbs: str) -> dict[str, Move]:
    return {verb.replace("_", " "): Move(state) for verb in verbs.split()}


# Legal wherever a command is: they say nothing about the state.
ANYWHERE = ("CAPABILITY", "NOOP", "ID")
_ANY = " ".join(ANYWHERE)
_MAILBOXES = (
    # what needs no mailbox open
    "CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE LIST LSUB NAMESPACE STATUS APPEND GETQUOTA GETQUOTAROOT"
)
_MESSAGES = (
    # what needs one
    "CHECK EXPUNGE SEARCH SORT FETCH STORE COPY MOVE UID_SEARCH UID_SORT UID_FETCH UID_STORE UID_COPY UID_MOVE "
    "UID_EXPUNGE"
)
# A SELECT that fails leaves no mailbox open, also not the one before (RFC 3501 §6.3.1).
_OPEN = {verb: Move(SELECTED, fail=AUTHENTICATED) for verb in ("SELECT", "EXAMINE")}
_LOGOUT = {"LOGOUT": Move(LOGOUT)}

MOVES = {
    CONNECT: {},
    NOT_AUTHENTICATED: {
        "LOGIN": Move(AUTHENTICATED),
        "AUTHENTICATE": Move(AUTHENTICATED, go_on=AUTHENTICATING),
        "STARTTLS": Move(TLS),
    }
    | _stay(NOT_AUTHENTICATED, _ANY)
    | _LOGOUT,
    TLS: {},
    AUTHENTICATING: {"AUTHENTICATE": Move(AUTHENTICATED, go_on=AUTHENTICATING, fail=NOT_AUTHENTICATED)},
    AUTHENTICATED: _OPEN
    | _stay(AUTHENTICATED, f"{_ANY} {_MAILBOXES}")
    | {"ENABLE": Move(AUTHENTICATED), "IDLE": Move(AUTHENTICATED, go_on=IDLE_AUTHENTICATED)}
    | _LOGOUT,
    IDLE_AUTHENTICATED: {"DONE": Move(AUTHENTICATED, fail=AUTHENTICATED)},
    SELECTED: _OPEN
    | _stay(SELECTED, f"{_ANY} {_MAILBOXES} {_MESSAGES}")
    | {"CLOSE": Move(AUTHENTICATED), "UNSELECT": Move(AUTHENTICATED), "IDLE": Move(SELECTED, go_on=IDLE)}
    | _LOGOUT,
    IDLE: {"DONE": Move(SELECTED, fail=SELECTED)},
    LOGOUT: {},
}

# In these states the reply to the command on the left ends what its last line began.
CONTINUES = {
    TLS: {},
    AUTHENTICATING: {"AUTHENTICATE": "AUTHENTICATE"},
    IDLE_AUTHENTICATED: {"IDLE": "DONE"},
    IDLE: {"IDLE": "DONE"},
}

OUTCOMES = {
    "OK": Outcome.SUCCESS,
    "PREAUTH": Outcome.SUCCESS,
    "+": Outcome.GO_ON,
    "NO": Outcome.REFUSED,
    "BAD": Outcome.REFUSED,
    "BYE": Outcome.REFUSED,
}


def after(state: str, verb: str, code: str) -> str:
    """The state after the command `verb` was answered with `code` ("OK", "NO", "BAD" or "+")."""
    continues = CONTINUES.get(state, {})
    if code == "BAD" and verb not in continues:
        return state
    return TABLE.after(state, continues.get(verb, verb), OUTCOMES[code])


_LINE = ("BAD.syntax", "BAD.line_too_long", "BAD.bare_lf", "BAD.bare_cr", "BAD.nul", "BAD.eight_bit", "BAD.not_utf8")
_USER = ("BAD.not_authenticated", *_LINE)
_NAMED = ("NO.no_mailbox", "NO.bad_name", *_USER)
_OPENED = ("BAD.not_authenticated", "BAD.not_selected", *_LINE)
_NUMBERED = ("BAD.no_such_message", "NO.gone", *_OPENED)

# What a command gets before it may be said, and after.
_EARLY = {NOT_AUTHENTICATED: "BAD.not_authenticated"}
_LATE = "BAD.authenticated"
_UNOPENED = "BAD.not_selected"

COMMANDS = {
    row.verb: row
    for row in (
        Command(
            "CAPABILITY", "CAPABILITY", grammar.capability, "RFC 3501 §6.1.1", "a1 CAPABILITY", "handshake",
            ("OK.completed", *_LINE),
        ),
        Command(
            "ID", "ID NIL | ID (\"name\" \"value\" ...)", grammar.id_, "RFC 2971 §3.1", 'a1 ID ("name" "telnet")',
            "handshake", ("OK.completed", *_LINE), capability="ID",
        ),
        Command(
            "LOGIN", "LOGIN user password", grammar.login, "RFC 3501 §6.2.3", "a1 LOGIN bob pickles", "handshake",
            ("OK.login", "NO.login", "NO.privacy", "NO.need_tls", _LATE, *_LINE), misplaced_else=_LATE,
        ),
        Command(
            "STARTTLS", "STARTTLS", grammar.starttls, "RFC 3501 §6.2.1", "a1 STARTTLS", "handshake",
            ("OK.tls", "NO.tls", "BAD.in_tls", _LATE, *_LINE), misplaced_else=_LATE, capability="STARTTLS",
        ),
        Command(
            "AUTHENTICATE", "AUTHENTICATE mechanism [initial-response]", grammar.authenticate, "RFC 3501 §6.2.2",
            "a1 AUTHENTICATE PLAIN", "handshake",
            (
                "OK.login", "+.challenge", "NO.login", "NO.mechanism", "NO.need_tls", "BAD.base64", "BAD.cancelled",
                "BAD.no_initial_response", _LATE, *_LINE,
            ),
            misplaced_else=_LATE,
        ),
        Command(
            "ENABLE", "ENABLE capability ...", grammar.enable, "RFC 5161 §3.1", "a2 ENABLE CONDSTORE", "handshake",
            ("OK.completed", "BAD.enable_late", *_USER), misplaced=_EARLY, misplaced_else="BAD.enable_late",
            capability="ENABLE",
        ),
        Command(
            "NAMESPACE", "NAMESPACE", grammar.namespace, "RFC 2342 §5", "a2 NAMESPACE", "transfer",
            ("OK.completed", *_USER), misplaced=_EARLY, capability="NAMESPACE",
        ),
        Command(
            "LIST", 'LIST [(options)] "reference" "pattern" [RETURN (options)]', grammar.list_,
            "RFC 3501 §6.3.8, RFC 5258", 'a2 LIST "" "*"', "transfer",
            ("OK.completed", "NO.bad_name", "BAD.need_capability", *_USER), misplaced=_EARLY,
        ),
        Command(
            "LSUB", 'LSUB "reference" "pattern"', grammar.lsub, "RFC 3501 §6.3.9", 'a2 LSUB "" "*"', "transfer",
            ("OK.completed", "NO.bad_name", *_USER), misplaced=_EARLY,
        ),
        Command(
            "SUBSCRIBE", "SUBSCRIBE mailbox", grammar.subscribe, "RFC 3501 §6.3.6", "a2 SUBSCRIBE friends",
            "transfer", ("OK.completed", "NO.cannot", "NO.bad_name", *_USER), misplaced=_EARLY,
        ),
        Command(
            "UNSUBSCRIBE", "UNSUBSCRIBE mailbox", grammar.unsubscribe, "RFC 3501 §6.3.7", "a2 UNSUBSCRIBE friends",
            "transfer", ("OK.completed", "NO.cannot", "NO.bad_name", *_USER), misplaced=_EARLY,
        ),
        Command(
            "CREATE", "CREATE mailbox [(USE (\\use))]", grammar.create, "RFC 3501 §6.3.3", "a2 CREATE friends",
            "transfer",
            (
                "OK.completed", "NO.exists", "NO.inbox", "NO.cannot", "NO.use_attribute", "NO.bad_name",
                "BAD.need_capability", *_USER,
            ),
            misplaced=_EARLY,
        ),
        Command(
            "DELETE", "DELETE mailbox", grammar.delete, "RFC 3501 §6.3.4", "a2 DELETE friends", "transfer",
            ("OK.completed", "NO.inbox", "NO.has_children", *_NAMED), misplaced=_EARLY,
        ),
        Command(
            "RENAME", "RENAME mailbox new-name", grammar.rename, "RFC 3501 §6.3.5", "a2 RENAME friends family",
            "transfer", ("OK.completed", "NO.exists", "NO.inbox", "NO.cannot", *_NAMED), misplaced=_EARLY,
        ),
        Command(
            "STATUS", "STATUS mailbox (items)", grammar.status, "RFC 3501 §6.3.10",
            "a2 STATUS INBOX (MESSAGES UNSEEN)", "transfer",
            ("OK.completed", "BAD.need_capability", *_NAMED), misplaced=_EARLY,
        ),
        Command(
            "GETQUOTA", "GETQUOTA root", grammar.getquota, "RFC 9208 §4.1.2", 'a2 GETQUOTA ""', "transfer",
            ("OK.completed", "NO.no_quota", *_USER), misplaced=_EARLY, capability="QUOTA",
        ),
        Command(
            "GETQUOTAROOT", "GETQUOTAROOT mailbox", grammar.getquotaroot, "RFC 9208 §4.1.3", "a2 GETQUOTAROOT INBOX",
            "transfer", ("OK.completed", *_NAMED), misplaced=_EARLY, capability="QUOTA",
        ),
        Command(
            "APPEND", "APPEND mailbox [(flags)] [\"date-time\"] {octets}", grammar.append, "RFC 3501 §6.3.11",
            "a2 APPEND INBOX (\\Seen) {42}", "transfer",
            (
                "OK.appended", "OK.completed", "+.literal", "NO.try_create", "NO.too_big", "NO.over_quota",
                "NO.utf8_header", "NO.too_many_flags",
                "BAD.literal_plus", "BAD.literal_minus", "BAD.need_capability", "BAD.need_enable",
                "BAD.flag", "BAD.recent", "NO.bad_name", *_USER,
            ),
            misplaced=_EARLY,
        ),
        Command(
            "SELECT", "SELECT mailbox [(CONDSTORE | QRESYNC (...))]", grammar.select, "RFC 3501 §6.3.1, RFC 7162",
            "a2 SELECT INBOX", "transfer",
            ("OK.read_write", "OK.read_only", "BAD.need_capability", "BAD.need_enable", *_NAMED), misplaced=_EARLY,
        ),
        Command(
            "EXAMINE", "EXAMINE mailbox [(CONDSTORE | QRESYNC (...))]", grammar.examine, "RFC 3501 §6.3.2, RFC 7162",
            "a2 EXAMINE INBOX", "transfer",
            ("OK.read_only", "BAD.need_capability", "BAD.need_enable", *_NAMED), misplaced=_EARLY,
        ),
        Command(
            "NOOP", "NOOP", grammar.noop, "RFC 3501 §6.1.2", "a3 NOOP", "transfer", ("OK.completed", *_LINE),
        ),
        Command(
            "FETCH", "FETCH messages items [(CHANGEDSINCE n)]", grammar.fetch, "RFC 3501 §6.4.5",
            "a3 FETCH 1 (FLAGS ENVELOPE)", "transfer",
            ("OK.completed", "NO.unknown_cte", "NO.too_much", "BAD.need_capability", *_NUMBERED),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "SEARCH", "SEARCH [RETURN (options)] [CHARSET charset] keys", grammar.search, "RFC 3501 §6.4.4, RFC 4731",
            "a3 SEARCH UNSEEN FROM alice", "transfer",
            ("OK.completed", "NO.bad_charset", "BAD.charset", "BAD.too_deep", "BAD.need_capability", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "SORT", "SORT (criteria) charset keys", grammar.sort, "RFC 5256 §3",
            "a3 SORT (REVERSE DATE) UTF-8 ALL", "transfer",
            ("OK.completed", "NO.bad_charset", "BAD.too_deep", "BAD.need_capability", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED, capability="SORT",
        ),
        Command(
            "STORE", "STORE messages [(UNCHANGEDSINCE n)] [+|-]FLAGS[.SILENT] (flags)", grammar.store,
            "RFC 3501 §6.4.6", "a3 STORE 1 +FLAGS (\\Deleted)", "transfer",
            (
                "OK.completed", "OK.modified", "NO.modified", "NO.read_only", "NO.too_many_flags", "BAD.flag",
                "BAD.recent", "BAD.need_capability", *_NUMBERED,
            ),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "COPY", "COPY messages mailbox", grammar.copy, "RFC 3501 §6.4.7", "a3 COPY 1 friends", "transfer",
            ("OK.copied", "OK.completed", "NO.try_create", "NO.over_quota", "NO.bad_name", *_NUMBERED),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "MOVE", "MOVE messages mailbox", grammar.move, "RFC 6851 §3.1", "a3 MOVE 1 friends", "transfer",
            (
                "OK.completed", "OK.expunged", "NO.try_create", "NO.read_only", "NO.over_quota", "NO.bad_name",
                *_NUMBERED,
            ),
            misplaced=_EARLY, misplaced_else=_UNOPENED, capability="MOVE",
        ),
        Command(
            "EXPUNGE", "EXPUNGE", grammar.expunge, "RFC 3501 §6.4.3", "a3 EXPUNGE", "transfer",
            ("OK.completed", "OK.expunged", "NO.read_only", *_OPENED), misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "CHECK", "CHECK", grammar.check, "RFC 3501 §6.4.1", "a3 CHECK", "transfer",
            ("OK.completed", *_OPENED), misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UID SEARCH", "UID SEARCH [RETURN (options)] [CHARSET charset] keys", grammar.uid_search,
            "RFC 3501 §6.4.8", "a3 UID SEARCH UNSEEN", "transfer",
            ("OK.completed", "NO.bad_charset", "BAD.charset", "BAD.too_deep", "BAD.need_capability", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UID SORT", "UID SORT (criteria) charset keys", grammar.uid_sort, "RFC 5256 §3",
            "a3 UID SORT (SUBJECT) UTF-8 UNSEEN", "transfer",
            ("OK.completed", "NO.bad_charset", "BAD.too_deep", "BAD.need_capability", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED, capability="SORT",
        ),
        Command(
            "UID FETCH", "UID FETCH uids items [(CHANGEDSINCE n [VANISHED])]", grammar.uid_fetch, "RFC 3501 §6.4.8",
            "a3 UID FETCH 1:* (FLAGS)", "transfer",
            (
                "OK.completed", "NO.gone", "NO.unknown_cte", "NO.too_much", "BAD.need_capability", "BAD.need_enable",
                *_OPENED,
            ),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UID STORE", "UID STORE uids [(UNCHANGEDSINCE n)] [+|-]FLAGS[.SILENT] (flags)", grammar.uid_store,
            "RFC 3501 §6.4.8", "a3 UID STORE 7 +FLAGS (\\Seen)", "transfer",
            (
                "OK.completed", "OK.modified", "NO.modified", "NO.read_only", "NO.too_many_flags", "BAD.flag",
                "BAD.recent", "NO.gone", "BAD.need_capability", *_OPENED,
            ),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UID COPY", "UID COPY uids mailbox", grammar.uid_copy, "RFC 3501 §6.4.8", "a3 UID COPY 7 friends",
            "transfer",
            ("OK.copied", "OK.completed", "NO.try_create", "NO.over_quota", "NO.bad_name", "NO.gone", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UID MOVE", "UID MOVE uids mailbox", grammar.uid_move, "RFC 6851 §3.2", "a3 UID MOVE 7 friends", "transfer",
            (
                "OK.completed", "OK.expunged", "NO.try_create", "NO.read_only", "NO.over_quota", "NO.bad_name",
                "NO.gone", *_OPENED,
            ),
            misplaced=_EARLY, misplaced_else=_UNOPENED, capability="MOVE",
        ),
        Command(
            "UID EXPUNGE", "UID EXPUNGE uids", grammar.uid_expunge, "RFC 4315 §2.1", "a3 UID EXPUNGE 7", "transfer",
            ("OK.completed", "OK.expunged", "NO.read_only", *_OPENED),
            misplaced=_EARLY, misplaced_else=_UNOPENED, capability="UIDPLUS",
        ),
        Command(
            "IDLE", "IDLE", grammar.idle, "RFC 2177 §3", "a4 IDLE", "transfer",
            ("+.idle", "OK.idle", "BAD.expected_done", *_USER), misplaced=_EARLY, capability="IDLE",
        ),
        Command(
            "DONE", "DONE", grammar.done, "RFC 2177 §3", "DONE", "transfer", ("OK.idle", "BAD.expected_done"),
            misplaced_else="BAD.only_in_idle", capability="IDLE",
        ),
        Command(
            "CLOSE", "CLOSE", grammar.close, "RFC 3501 §6.4.2", "a5 CLOSE", "transfer",
            ("OK.completed", *_OPENED), misplaced=_EARLY, misplaced_else=_UNOPENED,
        ),
        Command(
            "UNSELECT", "UNSELECT", grammar.unselect, "RFC 3691 §2", "a5 UNSELECT", "transfer",
            ("OK.completed", *_OPENED), misplaced=_EARLY, misplaced_else=_UNOPENED, capability="UNSELECT",
        ),
        Command(
            "LOGOUT", "LOGOUT", grammar.logout, "RFC 3501 §6.1.3", "a9 LOGOUT", "close",
            ("OK.completed", *_LINE),
        ),
    )
}  # fmt: skip

# Commands that change a mailbox: refused in one opened by EXAMINE.
CHANGES = frozenset({"STORE", "UID STORE", "EXPUNGE", "UID EXPUNGE", "MOVE", "UID MOVE"})
# While these are answered message numbers must not move (RFC 3501 §7.4.1, RFC 5256 §3).
NUMBERS_STAND = frozenset({"FETCH", "STORE", "SEARCH", "SORT"})
# Known to the standards, not spoken here.
NOT_OFFERED = frozenset(
    {
        "THREAD", "UID THREAD", "GETACL", "SETACL", "DELETEACL", "LISTRIGHTS", "MYRIGHTS", "SETQUOTA", "GETMETADATA",
        "SETMETADATA", "COMPRESS", "NOTIFY", "RESETKEY", "GENURLAUTH", "URLFETCH", "CATENATE", "UNAUTHENTICATE",
        "REPLACE", "UID REPLACE",
    }
)  # fmt: skip

# Octets a command line may have with its CRLF, literals not counted. RFC 2683 §3.2.1.5 asks servers for 8000 at least.
LINE_LIMIT = 64 * 1024
# Octets of a literal that is not a message, and literals in one command.
LITERAL_LIMIT = 64 * 1024
LITERALS_LIMIT = 100
# Keywords of one message: each has to be told whenever its flags are.
KEYWORDS_LIMIT = 100
# Octets a literal may have that is sent without asking, where LITERAL- is offered and LITERAL+ is not (RFC 7888 §5).
LITERAL_MINUS_LIMIT = 4096

CAPABILITIES = {
    "IMAP4rev1": "RFC 3501",
    "IMAP4rev2": "RFC 9051",
    "STARTTLS": "RFC 3501 §6.2.1",
    "LOGINDISABLED": "RFC 3501 §6.2.3",
    "AUTH=PLAIN": "RFC 4616",
    "AUTH=SCRAM-SHA-256": "RFC 7677",
    "SASL-IR": "RFC 4959",
    "LITERAL+": "RFC 7888",
    "LITERAL-": "RFC 7888",
    "ID": "RFC 2971",
    "ENABLE": "RFC 5161",
    "IDLE": "RFC 2177",
    "NAMESPACE": "RFC 2342",
    "CHILDREN": "RFC 3348",
    "LIST-EXTENDED": "RFC 5258",
    "LIST-STATUS": "RFC 5819",
    "SPECIAL-USE": "RFC 6154",
    "CREATE-SPECIAL-USE": "RFC 6154",
    "STATUS=SIZE": "RFC 8438",
    "UIDPLUS": "RFC 4315",
    "MOVE": "RFC 6851",
    "UNSELECT": "RFC 3691",
    "ESEARCH": "RFC 4731",
    "SEARCHRES": "RFC 5182",
    "SORT": "RFC 5256",
    "CONDSTORE": "RFC 7162",
    "QRESYNC": "RFC 7162",
    "BINARY": "RFC 3516",
    "QUOTA": "RFC 9208",
    "QUOTA=RES-STORAGE": "RFC 9208",
    "UTF8=ACCEPT": "RFC 6855",
}
# What a server offers where nobody says otherwise. LITERAL- is the smaller form of LITERAL+, never both (RFC 7888 §5);
# LOGINDISABLED is said where passwords need TLS.
OFFERED = tuple(name for name in CAPABILITIES if name not in ("LOGINDISABLED", "LITERAL-"))
# What the textbook's server knows.
CLASSIC = (
    "IMAP4rev1", "AUTH=PLAIN", "SASL-IR", "LITERAL+", "IDLE", "NAMESPACE", "UIDPLUS", "UNSELECT", "CHILDREN", "ID",
)  # fmt: skip
# What the greeting lists: what helps to log in. CAPABILITY tells all.
IN_GREETING = frozenset(
    {"IMAP4rev1", "IMAP4rev2", "STARTTLS", "LOGINDISABLED", "SASL-IR", "LITERAL+", "LITERAL-", "ID", "ENABLE", "IDLE"}
)
# Of no use once the client is logged in.
ONLY_BEFORE_LOGIN = ("AUTH=", "SASL-IR", "LOGINDISABLED", "STARTTLS")

TABLE = Table(
    protocol="imap",
    port=143,
    rfc="RFC 3501",
    states=STATES,
    initial=CONNECT,
    state_names={
        CONNECT: "connection established", NOT_AUTHENTICATED: "not authenticated",
        TLS: "TLS handshake", AUTHENTICATING: "authenticating", AUTHENTICATED: "authenticated", SELECTED: "selected",
        IDLE_AUTHENTICATED: "idle", IDLE: "idle in a mailbox", LOGOUT: "logout",
    },
    commands=COMMANDS,
    replies=REPLIES,
    moves=MOVES,
    capabilities=CAPABILITIES,
    not_offered=NOT_OFFERED,
    secret=frozenset({"LOGIN", "AUTHENTICATE"}),
)  # fmt: skip
