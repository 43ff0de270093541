"""The registry of enhanced status codes (RFC 5248), and where each is defined.

A code is class.subject.detail: "5.1.1". The registry lists subject and detail; the class, 2, 4 or 5, says how it went.
Words are `reply.enhanced.detail.SUBJECT.DETAIL` in the catalogue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from mailtutor.text.catalogue import Words

# Subject → how many details RFC 3463 gives it, from 0 on.
_OF_RFC_3463 = {0: 1, 1: 9, 2: 5, 3: 6, 4: 8, 5: 6, 6: 6, 7: 8}
_LATER = {
    "RFC 3886": ("1.9",),
    "RFC 4468": ("6.6",),
    "RFC 4954": ("5.6", "7.8", "7.9", "7.11", "7.12"),
    "RFC 5248": ("7.10", "7.13", "7.14"),
    "RFC 6531": ("6.7", "6.8", "6.9"),
    "RFC 6710": ("3.6", "7.15", "7.16"),
    "RFC 7293": ("7.17", "7.18", "7.19"),
    "RFC 7372": ("7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26"),
    "RFC 7505": ("1.10", "7.27"),
    "RFC 8617": ("7.29",),
    "RFC 8689": ("7.30",),
    "IANA": ("6.10", "7.28"),
}
REGISTRY = MappingProxyType(
    {f"{subject}.{detail}": "RFC 3463" for subject, count in _OF_RFC_3463.items() for detail in range(count)}
    | {code: rfc for rfc, codes in _LATER.items() for code in codes}
)

_CODE = re.compile(r"([245xX])\.(\d{1,3})(?:\.(\d{1,3}|[xX]))?")


@dataclass(frozen=True, slots=True)
class Status:
    """A code in words. detail: "" where none was asked for. rfc: where it is defined; of one that is not listed, what
    to do with it."""

    code: str
    result: str
    about: str
    detail: str
    rfc: str


def status(code: str, say: Words) -> Status | None:
    """What "5.1.1", "4.7" or "X.7.1" means; None for what is no such code.

    A code that is not listed is taken for the subject's own, X.subject.0 (RFC 3463 §2).
    """
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    kind, subject, detail = found.groups()
    result = say.get(f"reply.enhanced.class.{kind}") or say("reply.enhanced.any_class")
    about = say.get(f"reply.enhanced.subject.{subject}") or say("reply.enhanced.other")
    if detail is None or not detail.isdigit():
        return Status(code, result, about, "", "RFC 3463 §3")
    listed = f"{subject}.{detail}"
    if listed in REGISTRY:
        return Status(code, result, about, say(f"reply.enhanced.detail.{listed}"), REGISTRY[listed])
    whole = f"{subject}.0" if f"{subject}.0" in REGISTRY else "0.0"
    what = say("reply.enhanced.unlisted", code=f"{kind}.{whole}", what=say(f"reply.enhanced.detail.{whole}"))
    return Status(code, result, about, what, "RFC 3463 §2")
