"""Which hosts and users a lab has: data, no sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from mailtutor.protocols.spec import Wording

# The door's name to the protocol behind it and the friendly port it tries first.
SERVICES = MappingProxyType(
    {"smtp": ("smtp", 2525), "submission": ("smtp", 2587), "pop3": ("pop3", 2110), "imap": ("imap", 2143)}
)
STANDARD_PORTS = MappingProxyType({"smtp": 25, "submission": 587, "pop3": 110, "imap": 143})


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


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One mail server. address: tried first; where the system lacks it, 127.0.0.1 with other ports."""

    name: str
    address: str
    users: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole lab. agent_addresses: user address → where that user's own machine stands."""

    hosts: tuple[HostPlan, ...]
    wording: Wording = Wording.EXTENDED
    real_ports: bool = False
    seed: tuple[SeedMail, ...] = ()
    agent_addresses: dict[str, str] = field(default_factory=dict)

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


ALICE = User("alice", "crepes.fr", "baguette")
BOB = User("bob", "hamburger.edu", "pickles")


def textbook_plan(
    *, wording: Wording = Wording.EXTENDED, real_ports: bool = False, seed: tuple[SeedMail, ...] = ()
) -> Plan:
    """alice at crepes.fr, bob at hamburger.edu: four hosts, as the textbook draws them."""
    return Plan(
        hosts=(HostPlan("crepes.fr", "127.0.0.2", (ALICE,)), HostPlan("hamburger.edu", "127.0.0.3", (BOB,))),
        wording=wording,
        real_ports=real_ports,
        seed=seed,
        agent_addresses={ALICE.address: "127.0.0.4", BOB.address: "127.0.0.5"},
    )
