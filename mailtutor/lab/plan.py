"""Which hosts and users a lab has: data, no sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mailtutor.protocols.dns.message import Record
from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.table import EVERYTHING
from mailtutor.protocols.spec import Wording

# The door's name to the protocol behind it and the friendly port it tries first.
SERVICES = MappingProxyType(
    {
        "smtp": ("smtp", 2525),
        "submission": ("smtp", 2587),
        "smtps": ("smtp", 2465),
        "pop3": ("pop3", 2110),
        "pop3s": ("pop3", 2995),
        "imap": ("imap", 2143),
        "imaps": ("imap", 2993),
        "http": ("http", 8025),
    }
)
# What real servers stand behind.
REAL_SERVICES = ("smtp", "pop3", "imap")
# Doors where TLS begins before a word is said (RFC 8314 §3).
IMPLICIT_TLS = frozenset({"smtps", "pop3s", "imaps"})
# Seconds a server waits for its client before it ends the session, by protocol: the least the standards allow
# (RFC 5321 §4.5.3.2.7, RFC 1939 §3, RFC 3501 §5.4; IDLE is no exception, RFC 2177 §3). HTTP leaves it to the server
# (RFC 9112 §9.5).
IDLE_S = MappingProxyType({"smtp": 300.0, "pop3": 600.0, "imap": 1800.0, "http": 60.0})
# How an SMTP server may be stricter, or laxer, than usual: `SmtpServer` has what each means.
RULES = ("tls-required", "passwords-need-tls", "strict-7bit", "accept-bare-lf")
STANDARD_PORTS = MappingProxyType(
    {"smtp": 25, "submission": 587, "smtps": 465, "pop3": 110, "pop3s": 995, "imap": 143, "imaps": 993, "http": 80}
)


# Octets a user may keep where nobody says otherwise: too many for anybody to be asked about at each message.
QUOTA = 1 << 30


@dataclass(frozen=True, slots=True)
class User:
    """A person with a mailbox. The password is the lab's and is shown on the screen."""

    name: str
    domain: str
    password: str

    @property
    def address(self) -> str:
        """`name@domain`."""
        return f"{self.name}@{self.domain}"


@dataclass(frozen=True, slots=True)
class SeedMail:
    """A message that is in a mailbox before anything happens."""

    user: str
    content: bytes
    mailbox: str = "INBOX"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One mail server. address: tried first; where the system lacks it, 127.0.0.1 with other ports. idle_s: as IDLE_S.
    offered, pop3_offered, imap_offered: the extensions of each protocol it offers. limits: what its SMTP server takes.
    rules: of RULES, those it keeps. lists: name → addresses a message to it goes to. backs_up: domains it takes mail
    for and hands on to those who are nearer (RFC 5321 §3.6.1). login_delay_s: seconds of the lab's time between two
    POP3 logins of one user; 0 for none (RFC 2449 §6.5). expire_days: days after which its POP3 server throws mail away,
    None for never; 0: what was read is gone after QUIT (RFC 2449 §6.7). quota_octets: what each user may keep.
    has_page: whether it serves the lab's page by HTTP, too. is_real: whether Postfix and Dovecot answer at its doors.
    """

    name: str
    address: str
    users: tuple[User, ...]
    idle_s: Mapping[str, float] = field(default_factory=lambda: IDLE_S)
    offered: frozenset[str] = EVERYTHING
    pop3_offered: frozenset[str] = pop3.OFFERED
    imap_offered: tuple[str, ...] = imap.OFFERED
    limits: Limits = field(default_factory=Limits)
    rules: frozenset[str] = frozenset()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    backs_up: tuple[str, ...] = ()
    login_delay_s: int = 0
    expire_days: int | None = None
    quota_octets: int = QUOTA
    has_page: bool = False
    is_real: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        """The names of its doors."""
        if self.is_real:
            return REAL_SERVICES
        return tuple(service for service in SERVICES if service != "http" or self.has_page)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole lab. agent_addresses: user address → where that user's own machine stands.

    zone: what the resolver knows besides the hosts, or instead of what it would say of a name. tls: whether our agents
    and relays ask for STARTTLS. mechanism: of the agents' AUTH, "" for the best both sides know. pipelining: whether
    agents and relays say several commands at once; one at a time is easier to follow.
    """

    hosts: tuple[HostPlan, ...]
    wording: Wording = Wording.EXTENDED
    real_ports: bool = False
    seed: tuple[SeedMail, ...] = ()
    agent_addresses: dict[str, str] = field(default_factory=dict)
    zone: tuple[Record, ...] = ()
    tls: Tls = Tls.NEVER
    mechanism: str = "PLAIN"
    pipelining: bool = False

    def host(self, name: str) -> HostPlan:
        """The host of that name. Raises KeyError."""
        return next(host for host in self.hosts if host.name == name)

    def user(self, address: str) -> User:
        """The user of `name` or `name@domain`. Raises KeyError."""
        for host in self.hosts:
            for user in host.users:
                if address in (user.name, user.address):
                    return user
        raise KeyError(address)


def moved(plan: Plan, net: str) -> Plan:
    """The plan with its hosts and agents in another network of this machine, such as "127.0.7.", so that a server which
    is switched off never finds another lab's in its place."""

    def there(address: str) -> str:
        return address.replace("127.0.0.", net)

    return replace(
        plan,
        hosts=tuple(replace(host, address=there(host.address)) for host in plan.hosts),
        agent_addresses={user: there(address) for user, address in plan.agent_addresses.items()},
    )


ALICE = User("alice", "crepes.fr", "baguette")
BOB = User("bob", "hamburger.edu", "pickles")


def textbook_plan(
    *,
    wording: Wording = Wording.EXTENDED,
    real_ports: bool = False,
    seed: tuple[SeedMail, ...] = (),
    tls: Tls = Tls.NEVER,
) -> Plan:
    """alice at crepes.fr, bob at hamburger.edu: four hosts, as the textbook draws them."""
    return Plan(
        hosts=(
            HostPlan("crepes.fr", "127.0.0.2", (ALICE,), has_page=True),
            HostPlan("hamburger.edu", "127.0.0.3", (BOB,)),
        ),
        wording=wording,
        real_ports=real_ports,
        seed=seed,
        agent_addresses={ALICE.address: "127.0.0.4", BOB.address: "127.0.0.5"},
        tls=tls,
    )
