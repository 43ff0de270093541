"""Methods, status codes and header fields (RFC 9110 §9.3, §15; RFC 9112).

The rows have the shape of the mail protocols' so that views and explanations need no second way. Where those have a
state for every step, HTTP has one: every request stands for itself (RFC 9110 §3.3).
"""

from __future__ import annotations

from mailtutor.protocols.spec import Command, Move, Outcome, Reply, Table

OPEN = "open"
TUNNEL = "tunnel"
CLOSED = "closed"
STATES = (OPEN, TUNNEL, CLOSED)
REQUEST = "request"

_PHRASES = {
    "100": "Continue",
    "101": "Switching Protocols",
    "200": "OK",
    "201": "Created",
    "204": "No Content",
    "206": "Partial Content",
    "301": "Moved Permanently",
    "302": "Found",
    "303": "See Other",
    "304": "Not Modified",
    "307": "Temporary Redirect",
    "308": "Permanent Redirect",
    "400": "Bad Request",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "Not Found",
    "405": "Method Not Allowed",
    "408": "Request Timeout",
    "413": "Content Too Large",
    "414": "URI Too Long",
    "416": "Range Not Satisfiable",
    "421": "Misdirected Request",
    "426": "Upgrade Required",
    "429": "Too Many Requests",
    "431": "Request Header Fields Too Large",
    "500": "Internal Server Error",
    "501": "Not Implemented",
    "502": "Bad Gateway",
    "503": "Service Unavailable",
    "504": "Gateway Timeout",
    "505": "HTTP Version Not Supported",
}
REPLIES = {code: Reply(code, code, phrase) for code, phrase in _PHRASES.items()}

_USUAL = ("200", "304", "404", "500")
_METHODS = (
    ("GET", "RFC 9110 §9.3.1", ("200", "206", "301", "302", "304", "400", "401", "403", "404", "500", "503")),
    ("HEAD", "RFC 9110 §9.3.2", _USUAL),
    ("POST", "RFC 9110 §9.3.3", ("200", "201", "204", "303", "400", "401", "403", "404", "413", "500")),
    ("PUT", "RFC 9110 §9.3.4", ("200", "201", "204", "400", "401", "403", "413")),
    ("DELETE", "RFC 9110 §9.3.5", ("200", "204", "401", "403", "404")),
    ("CONNECT", "RFC 9110 §9.3.6", ("200", "403", "502")),
    ("OPTIONS", "RFC 9110 §9.3.7", ("200", "204", "405")),
    ("TRACE", "RFC 9110 §9.3.8", ("200", "405", "501")),
    ("PATCH", "RFC 5789 §2", ("200", "204", "400", "401", "403", "404")),
)
_TARGETS = {"CONNECT": "hamburger.edu:443", "OPTIONS": "*"}
COMMANDS = {
    verb: Command(
        verb,
        f"{verb} target HTTP/1.1",
        bytes.decode,
        rfc,
        f"{verb} {_TARGETS.get(verb, '/')} HTTP/1.1",
        REQUEST,
        replies,
    )
    for verb, rfc, replies in _METHODS
}

# Header fields with words of their own: as they are written, in small letters, to the last part of their key.
FIELDS = {
    name: name.replace("-", "_")
    for name in (
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-type",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "date",
        "server",
        "etag",
        "last-modified",
        "if-none-match",
        "if-modified-since",
        "cache-control",
        "location",
        "cookie",
        "set-cookie",
        "authorization",
        "www-authenticate",
        "proxy-authorization",
        "referer",
        "expect",
        "upgrade",
        "range",
    )
}
# Whoever has the value of one of these can come back as its owner.
SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

_PASSING = frozenset({"408", "425", "429", "502", "503", "504"})


def outcome_of(code: str) -> Outcome:
    """What a status code means for whoever asked. Here 5 is no "for good": it only says whose fault it was."""
    if code in _PASSING:
        return Outcome.TRY_LATER
    if code == "304" or code[:1] == "2":
        return Outcome.SUCCESS
    return Outcome.GO_ON if code[:1] in ("1", "3") else Outcome.REFUSED


TABLE = Table(
    protocol="http",
    port=80,
    rfc="RFC 9110",
    states=STATES,
    initial=OPEN,
    state_names={OPEN: "HTTP", TUNNEL: "tunnel", CLOSED: "closed"},
    commands=COMMANDS,
    replies=REPLIES,
    moves={
        OPEN: {verb: Move(TUNNEL if verb == "CONNECT" else OPEN, fail=OPEN) for verb in COMMANDS},
        TUNNEL: {},
        CLOSED: {},
    },
    sections={
        "reply": "RFC 9110 §15",
        "continuation": "RFC 9110 §5",
        "end": "RFC 9112 §2.1",
        "literal": "RFC 9112 §6",
        "data": "RFC 9112 §7.1",
        "unknown": "RFC 9112 §2.2",
    },
)
