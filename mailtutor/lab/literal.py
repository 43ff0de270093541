"""Address literals: an address written where a domain would stand, `[127.0.0.3]` or `[IPv6:::1]` (RFC 5321 §4.1.3)."""

from __future__ import annotations

import ipaddress
import re

_IPV4 = re.compile(r"\[([0-9]{1,3}(?:\.[0-9]{1,3}){3})\]")
_IPV6 = re.compile(r"\[ipv6:([^\]]+)\]", re.IGNORECASE)


def is_literal(domain: str) -> bool:
    """Whether it is written as one, of whatever kind."""
    return domain.startswith("[")


def address_in(domain: str) -> str:
    """The IP address a literal names, in its shortest form; "" for a domain, and for what names none."""
    try:
        if found := _IPV4.fullmatch(domain):
            # The grammar lets zeros stand in front, which Python takes for a mistake.
            return str(ipaddress.IPv4Address(".".join(str(int(number)) for number in found[1].split("."))))
        if found := _IPV6.fullmatch(domain):
            return str(ipaddress.IPv6Address(found[1]))
    except ValueError:
        return ""
    return ""
