"""What the lab's resolver knows: the names of the lab, as records. Data, no socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from mailtutor.lab.plan import Plan
from mailtutor.protocols.dns.message import LONGEST_DATAGRAM, Code, Message, Question, Record, Type, encode

# A host's mail exchanger stands under a name of its own, as it does nearly everywhere.
PREFERENCE = 10
_MOST_ALIASES = 8
# How a name can be broken: it does not exist, cannot be found out, or nobody answers at all.
TROUBLES = ("nxdomain", "servfail", "silent", "null-mx")


@lru_cache(maxsize=1024)
def ascii_name(domain: str) -> str:
    """A domain as the DNS has it: in small letters, Chinese as xn--… (RFC 3492). What cannot be written so stays."""
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return domain.lower()


def exchanger_of(domain: str) -> str:
    """The name of a domain's first mail exchanger."""
    return f"mail.{ascii_name(domain)}"


def records_of(plan: Plan, addresses: Mapping[str, str]) -> list[Record]:
    """Every name of a plan. addresses: host → where it listens. What `plan.zone` says about a name replaces ours."""
    found: list[Record] = []
    for host in plan.hosts:
        address = addresses[host.name]
        kind = Type.AAAA if ":" in address else Type.A
        exchanger = exchanger_of(host.name)
        found += [
            Record(ascii_name(host.name), Type.MX, exchanger, preference=PREFERENCE),
            Record(ascii_name(host.name), kind, address),
            Record(exchanger, kind, address),
        ]
    replaced = {(record.name.lower(), record.type) for record in plan.zone}
    return [*(record for record in found if (record.name.lower(), record.type) not in replaced), *plan.zone]


@dataclass(slots=True)
class Zone:
    """Records, and what is broken about a name: name → one of TROUBLES."""

    records: Sequence[Record] = ()
    troubles: dict[str, str] = field(default_factory=dict)

    def switch(self, domain: str, trouble: str) -> None:
        """Breaks a domain's name, or mends it: ""."""
        name = ascii_name(domain)
        if trouble:
            self.troubles[name] = trouble
        else:
            self.troubles.pop(name, None)

    def answer(self, query: Message) -> Message | None:
        """The answer to a query; None where there is to be none."""
        if len(query.questions) != 1 or query.is_response:
            return _reply(query, Code.FORMERR)
        question = query.questions[0]
        trouble = self.troubles.get(question.name.lower(), "")
        if trouble == "silent":
            return None
        if trouble in _CODES:
            return _reply(query, _CODES[trouble])
        if trouble == "null-mx" and question.type == Type.MX:
            return _reply(query, Code.NOERROR, [Record(question.name, Type.MX, "", preference=0)])
        return self._found(query, question)

    def _found(self, query: Message, question: Question) -> Message:
        answers: list[Record] = []
        name = question.name
        for _ in range(_MOST_ALIASES):
            here = self._at(name)
            wanted = [record for record in here if record.type == question.type]
            alias = next((record for record in here if record.type == Type.CNAME), None)
            if wanted or alias is None:
                break
            answers.append(alias)
            name = alias.data
        if not here and not answers and not self._is_above(name):
            return _reply(query, Code.NXDOMAIN)
        answers += wanted
        targets = [record.data for record in answers if record.type == Type.MX]
        return _fitting(query, answers, self._addresses(targets))

    def _at(self, name: str) -> list[Record]:
        return [record for record in self.records if record.name.lower() == name.lower()]

    def _is_above(self, name: str) -> bool:
        """Whether there are names below it: then it exists, and has nothing (RFC 8020 §2)."""
        return any(record.name.lower().endswith(f".{name.lower()}") for record in self.records)

    def _addresses(self, names: Iterable[str]) -> list[Record]:
        return [record for name in names for record in self._at(name) if record.type in (Type.A, Type.AAAA)]


_CODES = MappingProxyType({"nxdomain": Code.NXDOMAIN, "servfail": Code.SERVFAIL})


def _reply(query: Message, code: Code, answers: Sequence[Record] = (), additional: Sequence[Record] = ()) -> Message:
    return Message(
        query.id, query.questions, is_response=True, is_authoritative=True, code=code, answers=answers,
        additional=additional,
    )  # fmt: skip


def _fitting(query: Message, answers: list[Record], additional: list[Record]) -> Message:
    """An answer that a datagram can hold: first the additional records go, then it is marked as cut (RFC 2181 §9)."""
    whole = _reply(query, Code.NOERROR, answers, additional)
    if len(encode(whole)) <= LONGEST_DATAGRAM:
        return whole
    while answers and len(encode(_reply(query, Code.NOERROR, answers))) > LONGEST_DATAGRAM:
        answers = answers[:-1]
    return Message(
        query.id, query.questions, is_response=True, is_authoritative=True, is_truncated=True, answers=answers
    )
