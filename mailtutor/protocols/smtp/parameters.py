"""What may follow the address in MAIL and RCPT: one row a parameter. A parameter whose extension was not offered is
answered with 555, one with a wrong value with 501 (RFC 5321 §4.1.1.11)."""

from __future__ import annotations

import re
from datetime import datetime

from mailtutor.protocols.smtp.xtext import UTF8_XTEXT, XTEXT, from_xtext
from mailtutor.protocols.spec import Parameter

BODIES = {"7BIT": "8BITMIME", "8BITMIME": "8BITMIME", "BINARYMIME": "BINARYMIME"}
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,20}")
_SECONDS = re.compile(r"[0-9]{1,9}")
# RFC 3339 §5.6, without fractions.
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE)
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*")
# RFC 3461 §4.4: the identifier may have 100 characters, §4.2: the address 500.
_ENVID_LIMIT = 100
_ORCPT_LIMIT = 500


def _is_xtext(value: str) -> bool:
    return bool(value) and XTEXT.fullmatch(value) is not None


def _is_envid(value: str) -> bool:
    """Decoded it is printable US-ASCII (RFC 3461 §4.4): it comes back in a report's header."""
    said = from_xtext(value)
    return len(value) <= _ENVID_LIMIT and _is_xtext(value) and said.isascii() and said.isprintable()


def _is_notify(value: str) -> bool:
    words = value.upper().split(",")
    return _NOTIFY.fullmatch(value) is not None and len(set(words)) == len(words)


def moment(value: str) -> float:
    """Seconds since 1970 of a date-time of RFC 3339. Raises ValueError for what is none."""
    if _MOMENT.fullmatch(value) is None:
        raise ValueError(value)
    return datetime.fromisoformat(value.upper()).timestamp()


def _is_moment(value: str) -> bool:
    try:
        moment(value)
    except (ValueError, OverflowError):
        return False
    return True


def _is_orcpt(value: str) -> bool:
    kind, semicolon, address = value.partition(";")
    if not semicolon or not address or len(value) > _ORCPT_LIMIT or _ADDRESS_TYPE.fullmatch(kind) is None:
        return False
    pattern = UTF8_XTEXT if kind.lower() == "utf-8" else XTEXT
    return pattern.fullmatch(address) is not None and from_xtext(address).isprintable()


_ROWS = (
    Parameter(
        "SIZE", "MAIL", "SIZE", "SIZE=octets", lambda value: _SIZE.fullmatch(value) is not None, "RFC 1870 §3", 26
    ),
    Parameter(
        "BODY", "MAIL", "8BITMIME", "BODY=7BIT|8BITMIME|BINARYMIME", lambda value: value.upper() in BODIES,
        "RFC 6152 §2, RFC 3030 §3", 17,
    ),
    Parameter("AUTH", "MAIL", "AUTH", "AUTH=address|<>", _is_xtext, "RFC 4954 §5", 500),
    Parameter("SMTPUTF8", "MAIL", "SMTPUTF8", "SMTPUTF8", None, "RFC 6531 §3.4", 10),
    Parameter(
        "RET", "MAIL", "DSN", "RET=FULL|HDRS", lambda value: value.upper() in ("FULL", "HDRS"), "RFC 3461 §4.3", 9
    ),
    Parameter("ENVID", "MAIL", "DSN", "ENVID=identifier", _is_envid, "RFC 3461 §4.4", 107),
    # The two exclude each other, so the octets are those of the longer.
    Parameter(
        "HOLDFOR", "MAIL", "FUTURERELEASE", "HOLDFOR=seconds", lambda value: _SECONDS.fullmatch(value) is not None,
        "RFC 4865", 0,
    ),
    Parameter("HOLDUNTIL", "MAIL", "FUTURERELEASE", "HOLDUNTIL=date-time", _is_moment, "RFC 4865", 36),
    Parameter("NOTIFY", "RCPT", "DSN", "NOTIFY=NEVER|SUCCESS,FAILURE,DELAY", _is_notify, "RFC 3461 §4.1", 29),
    Parameter("ORCPT", "RCPT", "DSN", "ORCPT=rfc822;address", _is_orcpt, "RFC 3461 §4.2", 500),
)  # fmt: skip

PARAMETERS = {
    verb: {row.name: row for row in _ROWS if row.verb == verb} for verb in dict.fromkeys(row.verb for row in _ROWS)
}
