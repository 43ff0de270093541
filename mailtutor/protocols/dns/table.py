"""What is asked, and how it turns out (RFC 1035 §3.2.2, §4.1.1).

The rows have the shape of the mail protocols' so that views and explanations need no second way: a question is the
command, the response code the reply. A datagram leaves no state behind.
"""

from __future__ import annotations

from mailtutor.protocols.dns.message import Code
from mailtutor.protocols.spec import Command, Move, Outcome, Reply, Table

OPEN = "open"
LOOKUP = "lookup"

REPLIES = {
    reply.key: reply
    for reply in (
        Reply("noerror", "NOERROR", ""),
        Reply("nxdomain", "NXDOMAIN", ""),
        Reply("servfail", "SERVFAIL", ""),
        Reply("refused", "REFUSED", ""),
        Reply("formerr", "FORMERR", ""),
        Reply("notimp", "NOTIMP", ""),
    )
}

COMMANDS = {
    verb: Command(verb, f"{verb} name", bytes.decode, rfc, f"{verb} hamburger.edu", LOOKUP, tuple(REPLIES))
    for verb, rfc in (
        ("MX", "RFC 1035 §3.3.9"),
        ("A", "RFC 1035 §3.4.1"),
        ("AAAA", "RFC 3596 §2.1"),
        ("CNAME", "RFC 1035 §3.3.1"),
        ("NS", "RFC 1035 §3.3.11"),
        ("SOA", "RFC 1035 §3.3.13"),
        ("TXT", "RFC 1035 §3.3.14"),
        ("PTR", "RFC 1035 §3.3.12"),
    )
}

_OUTCOMES = {Code.NOERROR: Outcome.SUCCESS, Code.SERVFAIL: Outcome.TRY_LATER}


def outcome_of(code: int) -> Outcome:
    """What a response code means for whoever asked: SERVFAIL may pass, the others stay."""
    return _OUTCOMES.get(Code(code), Outcome.REFUSED) if code in Code.__members__.values() else Outcome.REFUSED


TABLE = Table(
    protocol="dns",
    port=53,
    rfc="RFC 1035",
    states=(OPEN,),
    initial=OPEN,
    state_names={OPEN: "UDP"},
    commands=COMMANDS,
    replies=REPLIES,
    moves={OPEN: {verb: Move(OPEN) for verb in COMMANDS}},
)
