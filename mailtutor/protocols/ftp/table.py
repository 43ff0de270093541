"""The commands of FTP, their replies and the moves between states (RFC 959 §4, §5.4; RFC 2428, RFC 3659, RFC 4217)."""

from __future__ import annotations

from mailtutor.protocols.spec import Command, Move, Outcome, Reply, Table

CONNECT = "connect"
WAIT_USER = "wait_user"
WAIT_PASSWORD = "wait_password"  # noqa: S105 - a state
READY = "ready"
TRANSFER = "transfer"
TLS = "tls"
CLOSED = "closed"
STATES = (CONNECT, WAIT_USER, WAIT_PASSWORD, READY, TRANSFER, TLS, CLOSED)

_REPLIES = {
    "125": "Data connection already open; transfer starting.",
    "150": "File status okay; about to open data connection.",
    "200": "Command okay.",
    "202": "Command not implemented, superfluous at this site.",
    "211": "System status.",
    "213": "File status.",
    "214": "Help message.",
    "215": "UNIX Type: L8",
    "220": "Service ready for new user.",
    "221": "Service closing control connection.",
    "226": "Closing data connection.",
    "227": "Entering Passive Mode (h1,h2,h3,h4,p1,p2).",
    "229": "Entering Extended Passive Mode (|||port|)",
    "230": "User logged in, proceed.",
    "234": "Proceed with negotiation.",
    "250": "Requested file action okay, completed.",
    "257": '"PATHNAME" created.',
    "331": "User name okay, need password.",
    "332": "Need account for login.",
    "350": "Requested file action pending further information.",
    "421": "Service not available, closing control connection.",
    "425": "Can't open data connection.",
    "426": "Connection closed; transfer aborted.",
    "450": "Requested file action not taken.",
    "451": "Requested action aborted: local error in processing.",
    "452": "Requested action not taken. Insufficient storage space.",
    "500": "Syntax error, command unrecognized.",
    "501": "Syntax error in parameters or arguments.",
    "502": "Command not implemented.",
    "503": "Bad sequence of commands.",
    "504": "Command not implemented for that parameter.",
    "530": "Not logged in.",
    "550": "Requested action not taken. File unavailable.",
    "552": "Requested file action aborted. Exceeded storage allocation.",
    "553": "Requested action not taken. File name not allowed.",
}
REPLIES = {code: Reply(code, code, phrase) for code, phrase in _REPLIES.items()}

_OPENS = ("150", "125", "425", "450", "550", "530")
_STORES = ("150", "125", "425", "452", "553", "530")
_DONE = ("250", "550", "530")
# verb, what stands behind it, RFC, phase, example, replies
_ROWS = (
    ("USER", "user", "RFC 959 §4.1.1", "authorization", "USER bob", ("331", "230", "530")),
    ("PASS", "password", "RFC 959 §4.1.1", "authorization", "PASS pickles", ("230", "332", "530", "503")),
    ("ACCT", "account", "RFC 959 §4.1.1", "authorization", "ACCT 17", ("230", "202", "530")),
    ("AUTH", "TLS", "RFC 4217 §4", "authorization", "AUTH TLS", ("234", "502", "504")),
    ("PBSZ", "0", "RFC 4217 §9", "authorization", "PBSZ 0", ("200", "503")),
    ("PROT", "C|P", "RFC 4217 §9", "authorization", "PROT P", ("200", "504")),
    ("FEAT", "", "RFC 2389 §3", "handshake", "FEAT", ("211", "500", "502")),
    ("SYST", "", "RFC 959 §4.1.3", "handshake", "SYST", ("215", "500")),
    ("OPTS", "option", "RFC 2389 §4", "handshake", "OPTS UTF8 ON", ("200", "501")),
    ("TYPE", "A|I", "RFC 959 §3.1.1", "transfer", "TYPE I", ("200", "504", "530")),
    ("MODE", "S|B|C", "RFC 959 §3.4", "transfer", "MODE S", ("200", "504")),
    ("STRU", "F|R|P", "RFC 959 §3.1.2", "transfer", "STRU F", ("200", "504")),
    ("PWD", "", "RFC 959 §4.1.1", "transfer", "PWD", ("257", "550")),
    ("CWD", "path", "RFC 959 §4.1.1", "transfer", "CWD pictures", _DONE),
    ("CDUP", "", "RFC 959 §4.1.1", "transfer", "CDUP", _DONE),
    ("SIZE", "path", "RFC 3659 §4", "transfer", "SIZE crepes.png", ("213", "550")),
    ("MDTM", "path", "RFC 3659 §3", "transfer", "MDTM crepes.png", ("213", "550")),
    ("PORT", "h1,h2,h3,h4,p1,p2", "RFC 959 §4.1.2", "transfer", "PORT 127,0,0,4,195,80", ("200", "501", "530")),
    ("EPRT", "|1|address|port|", "RFC 2428 §2", "transfer", "EPRT |1|127.0.0.4|50000|", ("200", "501")),
    ("PASV", "", "RFC 959 §4.1.2", "transfer", "PASV", ("227", "425", "530")),
    ("EPSV", "", "RFC 2428 §3", "transfer", "EPSV", ("229", "425", "530")),
    ("LIST", "[path]", "RFC 959 §4.1.3", "transfer", "LIST", _OPENS),
    ("NLST", "[path]", "RFC 959 §4.1.3", "transfer", "NLST", _OPENS),
    ("MLSD", "[path]", "RFC 3659 §7", "transfer", "MLSD", _OPENS),
    ("RETR", "path", "RFC 959 §4.1.3", "transfer", "RETR crepes.png", _OPENS),
    ("STOR", "path", "RFC 959 §4.1.3", "transfer", "STOR crepes.png", _STORES),
    ("APPE", "path", "RFC 959 §4.1.3", "transfer", "APPE diary.txt", _STORES),
    ("REST", "octet", "RFC 3659 §5", "transfer", "REST 100", ("350", "501")),
    ("ABOR", "", "RFC 959 §4.1.3", "transfer", "ABOR", ("226", "426")),
    ("DELE", "path", "RFC 959 §4.1.3", "transfer", "DELE crepes.png", _DONE),
    ("MKD", "path", "RFC 959 §4.1.3", "transfer", "MKD pictures", ("257", "550")),
    ("RMD", "path", "RFC 959 §4.1.3", "transfer", "RMD pictures", _DONE),
    ("RNFR", "path", "RFC 959 §4.1.3", "transfer", "RNFR a.png", ("350", "550")),
    ("RNTO", "path", "RFC 959 §4.1.3", "transfer", "RNTO b.png", ("250", "553", "503")),
    ("STAT", "[path]", "RFC 959 §4.1.3", "transfer", "STAT", ("211", "213")),
    ("HELP", "[command]", "RFC 959 §4.1.3", "transfer", "HELP", ("214", "502")),
    ("NOOP", "", "RFC 959 §4.1.3", "transfer", "NOOP", ("200", "421")),
    ("QUIT", "", "RFC 959 §4.1.1", "close", "QUIT", ("221",)),
)
COMMANDS = {
    verb: Command(verb, f"{verb} {takes}".rstrip(), bytes.decode, rfc, example, phase, replies)
    for verb, takes, rfc, phase, example, replies in _ROWS
}
# What opens or uses the second connection.
TRANSFERS = frozenset({"LIST", "NLST", "MLSD", "RETR", "STOR", "APPE"})
# Whatever stands behind these is nobody's business.
SECRET = frozenset({"PASS", "ACCT"})

_ANYWHERE = ("FEAT", "SYST", "OPTS", "HELP", "NOOP")
_LOGIN = ("USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT")


def _moves() -> dict[str, dict[str, Move]]:
    start = {verb: Move(WAIT_USER) for verb in (*_ANYWHERE, "PBSZ", "PROT")}
    start |= {
        "USER": Move(READY, WAIT_PASSWORD),
        "AUTH": Move(TLS),
        "QUIT": Move(CLOSED),
    }
    password = {
        "PASS": Move(READY, WAIT_PASSWORD, WAIT_USER),
        "ACCT": Move(READY, "", WAIT_USER),
        "USER": Move(READY, WAIT_PASSWORD),
        "QUIT": Move(CLOSED),
    }
    ready = {verb: Move(READY) for verb in COMMANDS if verb not in _LOGIN}
    ready |= {verb: Move(READY, TRANSFER, READY) for verb in TRANSFERS}
    ready["USER"] = Move(READY, WAIT_PASSWORD)
    ready["QUIT"] = Move(CLOSED)
    during = {"ABOR": Move(READY), "STAT": Move(TRANSFER), "NOOP": Move(TRANSFER), "QUIT": Move(CLOSED)}
    return {
        CONNECT: {},
        WAIT_USER: start,
        WAIT_PASSWORD: password,
        READY: ready,
        TRANSFER: during,
        TLS: {},
        CLOSED: {},
    }


def outcome_of(code: str) -> Outcome:
    """By the first digit, as in SMTP, which took the digits from here; 1 says that the end is still to come."""
    outcomes = {"1": Outcome.GO_ON, "2": Outcome.SUCCESS, "3": Outcome.GO_ON, "4": Outcome.TRY_LATER}
    return outcomes.get(code[:1], Outcome.REFUSED)


MOVES = _moves()

TABLE = Table(
    protocol="ftp",
    port=21,
    rfc="RFC 959",
    states=STATES,
    initial=CONNECT,
    state_names={state: state.replace("_", " ") for state in STATES},
    commands=COMMANDS,
    replies=REPLIES,
    moves=MOVES,
    secret=SECRET,
)
