"""From flags to what they change about a lab."""

from __future__ import annotations

import argparse

from mailtutor.lab.options import OWN, Options


def options_of(args: argparse.Namespace) -> Options:
    """What `serve` and `lab` were told about their servers, and `send` about its agent."""
    hosts = {
        "limits": args.limit, "without": args.without, "rules": args.rule, "lists": args.list, "backups": args.backup,
    } if hasattr(args, "limit") else {}  # fmt: skip
    mechanism = "" if args.auth == "best" else args.auth
    receiver = getattr(args, "receiver", OWN)
    return Options(**hosts, mechanism=mechanism, pipelining=args.pipelining, receiver=receiver)
