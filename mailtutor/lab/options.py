"""What the command line may change about a plan: tables of names, and the readers of what is written.

Everything is written `[HOST:]WHAT`; without a host it holds for all. A wrong word is answered with those that are
right.
To add a limit or a rule: a row here or in `plan.RULES`, and the place that heeds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from mailtutor.errors import GrammarError, UsageError
from mailtutor.lab.outside import check_permitted
from mailtutor.lab.plan import RULES, HostPlan, Plan, User
from mailtutor.lab.zone import PREFERENCE, ascii_name, exchanger_of
from mailtutor.protocols.dns.message import Record, Type
from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp import grammar
from mailtutor.protocols.smtp.limits import HEADER_LIMITS
from mailtutor.protocols.smtp.table import EVERYTHING, LONGEST_LINE

_OCTETS = MappingProxyType({"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30})
_SECONDS = MappingProxyType({"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400})
_COUNT = MappingProxyType({"": 1})
_DAYS = MappingProxyType({"": 1, "d": 1})
_VALUE = re.compile(r"([0-9]{1,12})([A-Za-z]?)")
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with a name. units: what may stand behind the number, and how much it is. least, most: of the value;
    a least of 0 is no limit at all, but with `expire`. field: of `Limits`; "" for what is the host's own, see
    _OF_HOSTS."""

    name: str
    units: Mapping[str, int]
    least: int
    most: int
    example: str
    field: str = ""


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        row.name: row
        for row in (
            Limit("line", _OCTETS, 16, LONGEST_LINE, "512", "line"),
            Limit("text-line", _OCTETS, 3, 1 << 20, "1000", "text_line"),
            Limit("size", _OCTETS, 1, 1 << 30, "10M", "size"),
            Limit("recipients", _COUNT, 0, 1_000_000, "100", "recipients"),
            Limit("domains", _COUNT, 0, 1_000_000, "10", "domains"),
            Limit("messages", _COUNT, 0, 1_000_000, "10", "messages"),
            Limit("errors", _COUNT, 0, 1_000_000, "20", "errors"),
            Limit("release", _SECONDS, 1, 4 * _DAY_S, "1h", "release"),
            Limit("sessions", _COUNT, 0, 1_000_000, "50", "sessions"),
            *(
                Limit(name, _COUNT if field == "header_fields" else _OCTETS, 0, most, example, field)
                for name, (field, most, example) in HEADER_LIMITS.items()
            ),
            Limit("idle", _SECONDS, 1, _DAY_S, "30s"),
            Limit("login-delay", _SECONDS, 0, _DAY_S, "60s"),
            Limit("quota", _OCTETS, 1, 1 << 40, "1M"),
            Limit("expire", _DAYS, 0, 36500, "30d"),
        )
    }
)

_Change = Callable[[HostPlan], HostPlan]

_OF_HOSTS: Mapping[str, Callable[[HostPlan, int], HostPlan]] = MappingProxyType(
    {
        "idle": lambda host, number: replace(host, idle_s=dict.fromkeys(host.idle_s, float(number))),
        "login-delay": lambda host, number: replace(host, login_delay_s=number),
        "quota": lambda host, number: replace(host, quota_octets=number),
        "expire": lambda host, number: replace(host, expire_days=number),
    }
)


# What may answer at the doors of the last host.
OWN, REAL = "own", "postfix+dovecot"


@dataclass(frozen=True, slots=True)
class Options:
    """As they were written; each a sequence, for each may be given several times.

    limits: `[HOST:]NAME=VALUE`. without: `[HOST:]EXTENSION`. rules: `[HOST:]RULE`. lists: `[HOST:]NAME=ADDRESS,…`.
    backups: `HOST:DOMAIN`, the host takes mail for the domain when the domain's own server does not.
    users: `NAME@HOST=PASSWORD`, people beside alice and bob. mechanism, pipelining: as a Plan has them.
    receiver: what answers at the doors of the last host, OWN or REAL.
    """

    limits: Sequence[str] = ()
    without: Sequence[str] = ()
    rules: Sequence[str] = ()
    lists: Sequence[str] = ()
    backups: Sequence[str] = ()
    users: Sequence[str] = ()
    mechanism: str = "PLAIN"
    pipelining: bool = False
    receiver: str = OWN

    def applied(self, plan: Plan) -> Plan:
        """The plan with all of it. Raises UsageError that names what is allowed."""
        plan = replace(plan, mechanism=self.mechanism, pipelining=self.pipelining)
        if self.receiver == REAL:
            check_permitted()
            plan = replace(plan, hosts=(*plan.hosts[:-1], replace(plan.hosts[-1], is_real=True)))
        for text in self.users:
            plan = _with_user(plan, text)
        for texts, read in (
            (self.limits, _limit), (self.without, _without), (self.rules, _rule), (self.lists, _list(plan)),
        ):  # fmt: skip
            for text in texts:
                plan = _changed(plan, text, read)
        _check_lists(plan)
        for text in self.backups:
            plan = _backed_up(plan, text)
        return plan


def _with_user(plan: Plan, text: str) -> Plan:
    """A further person, whose agent stands where the first of that server's users has one."""
    address, _, password = text.partition("=")
    name, _, domain = address.rpartition("@")
    host = next((one for one in plan.hosts if one.name == domain), None)
    if host is None or not password.isascii() or not password or " " in password or not _is_path(address):
        hosts = ", ".join(one.name for one in plan.hosts)
        raise UsageError(
            "{text!r} is no user; write NAME@HOST=PASSWORD with a host of {hosts}, such as carol@hamburger.edu=onions",
            "error.option.user", text=text, hosts=hosts,
        )  # fmt: skip
    if any(user.name.casefold() == name.casefold() for one in plan.hosts for user in one.users):
        raise UsageError("there is a user {name} already", "error.option.second_user", name=name)
    changed = replace(host, users=(*host.users, User(name, domain, password)))
    first = plan.agent_addresses.get(host.users[0].address, "") if host.users else ""
    homes = {**plan.agent_addresses, address: first} if first else plan.agent_addresses
    return replace(plan, hosts=tuple(changed if one is host else one for one in plan.hosts), agent_addresses=homes)


def _changed(plan: Plan, text: str, read: Callable[[str], _Change]) -> Plan:
    names, what = _aimed(plan, text)
    change = read(what)
    return replace(plan, hosts=tuple(change(host) if host.name in names else host for host in plan.hosts))


def _aimed(plan: Plan, text: str) -> tuple[Sequence[str], str]:
    """At which hosts it is aimed, and what is left of it."""
    host, colon, what = text.partition(":")
    names = [one.name for one in plan.hosts]
    if not colon or "=" in host:  # a colon behind the sign is the value's own: x=a@[IPv6:::1]
        return names, text
    if host not in names:
        raise UsageError(
            "no host {host} here; there are: {hosts}", "error.fault.host", host=host, hosts=", ".join(names)
        )
    return [host], what


def _limit(text: str) -> _Change:
    name, _, value = text.partition("=")
    row = LIMITS.get(name)
    if row is None:
        raise UsageError(
            "no limit {name}; there are: {names}", "error.option.limit", name=name, names=", ".join(LIMITS)
        )
    number = _number(row, value)
    if not row.field:
        return lambda host: _OF_HOSTS[name](host, number)
    return lambda host: replace(host, limits=replace(host.limits, **{row.field: number}))


def _number(row: Limit, value: str) -> int:
    found = _VALUE.fullmatch(value)
    unit = row.units.get(_unit(row, found[2])) if found is not None else None
    if found is None or unit is None or not row.least <= int(found[1]) * unit <= row.most:
        raise UsageError(
            "limit {name} takes {least} to {most}, such as {name}={example}, not {value!r}", "error.option.value",
            name=row.name, least=row.least, most=row.most, example=row.example, value=value,
        )  # fmt: skip
    return int(found[1]) * unit


def _unit(row: Limit, letter: str) -> str:
    """10m octets can only be 10M, and 30S only 30s."""
    return letter.upper() if row.units is _OCTETS else letter.lower()


def _without(text: str) -> _Change:
    """In whatever protocol it is offered: STARTTLS is SMTP's and IMAP's."""
    everything = {name.upper(): name for name in (*EVERYTHING, *pop3.OFFERED, *imap.OFFERED)}
    name = everything.get(text.upper(), "")
    if not name:
        raise UsageError(
            "no extension {name}; there are: {names}", "error.option.extension", name=text,
            names=", ".join(sorted(everything.values())),
        )  # fmt: skip

    def change(host: HostPlan) -> HostPlan:
        kept = tuple(one for one in host.imap_offered if one != name)
        if name == "LITERAL+" and kept != host.imap_offered:
            kept = (*kept, "LITERAL-")  # the same for small ones, never both (RFC 7888 §5)
        return replace(host, offered=host.offered - {name}, pop3_offered=host.pop3_offered - {name}, imap_offered=kept)

    return change


def _rule(text: str) -> _Change:
    if text not in RULES:
        raise UsageError("no rule {name}; there are: {names}", "error.option.rule", name=text, names=", ".join(RULES))
    return lambda host: replace(host, rules=host.rules | {text})


def _list(plan: Plan) -> Callable[[str], _Change]:
    """Members may be written as users of the lab: `bob` is bob@hamburger.edu."""

    def read(text: str) -> _Change:
        name, _, written = text.partition("=")
        members = tuple(_member(plan, text, one.strip()) for one in written.split(","))
        if not _is_path(f"{name}@x"):
            raise _no_list(text)
        return lambda host: replace(host, lists={**host.lists, name: members})

    return read


def _member(plan: Plan, text: str, written: str) -> str:
    if "@" not in written:
        try:
            return plan.user(written).address
        except KeyError as unknown:
            raise _no_list(text) from unknown
    if not _is_path(written):
        raise _no_list(text)
    return written


def _is_path(address: str) -> bool:
    """Whether SMTP could carry it."""
    try:
        grammar.rcpt(f" TO:<{address}>".encode())
    except GrammarError:
        return False
    return True


def _no_list(text: str) -> UsageError:
    return UsageError(
        "{text!r} is no mailing list; write NAME=ADDRESS,ADDRESS, such as students=alice,bob@hamburger.edu",
        "error.option.list",
        text=text,
    )


def _check_lists(plan: Plan) -> None:
    """A list may hold lists; one that holds nothing but lists that come back to it reaches nobody."""
    for host in plan.hosts:
        for name in host.lists:
            if not _reaches(host, name.lower(), set()):
                raise UsageError(
                    "the mailing list {name} reaches nobody: it holds only lists that come back to it",
                    "error.option.empty_list",
                    name=name,
                )


def _reaches(host: HostPlan, name: str, seen: set[str]) -> bool:
    """Whether a list has a member that is no list of the same host."""
    seen.add(name)
    inner = {one.lower(): members for one, members in host.lists.items()}
    for member in inner[name]:
        local, _, domain = member.lower().rpartition("@")
        if local not in inner or ascii_name(domain) != ascii_name(host.name):
            return True
        if local not in seen and _reaches(host, local, seen):
            return True
    return False


def _backed_up(plan: Plan, text: str) -> Plan:
    """The domain's mail exchangers are then its own server and, less wanted, the other (RFC 5321 §5.1)."""
    names = [host.name for host in plan.hosts]
    keeper, _, domain = text.partition(":")
    if keeper not in names or domain not in names or keeper == domain:
        raise UsageError(
            "{text!r} is no backup; write HOST:DOMAIN of two of {hosts}, such as crepes.fr:hamburger.edu",
            "error.option.backup",
            text=text,
            hosts=", ".join(names),
        )
    records = [
        Record(ascii_name(domain), Type.MX, exchanger_of(domain), preference=PREFERENCE),
        Record(ascii_name(domain), Type.MX, exchanger_of(keeper), preference=2 * PREFERENCE),
    ]
    hosts = (replace(host, backs_up=(*host.backs_up, domain)) if host.name == keeper else host for host in plan.hosts)
    return replace(plan, hosts=tuple(hosts), zone=(*plan.zone, *(one for one in records if one not in plan.zone)))
