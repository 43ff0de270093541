"""`mailtutor doctor`: what this machine allows, and what to do about what it does not."""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from mailtutor import paths
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.lab.plan import SERVICES, STANDARD_PORTS, textbook_plan
from mailtutor.text.catalogue import Words, words


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. key: below `cli.doctor`. ok: it works. needed: the course cannot do without it."""

    key: str
    ok: bool
    needed: bool
    detail: str = ""


def run(args: argparse.Namespace) -> int:
    """Prints the findings; fails when something needed is missing."""
    say = words(language())
    findings = _look()
    is_fine = all(finding.ok for finding in findings if finding.needed)
    if args.json:
        print_json({"findings": [_facts(finding, say) for finding in findings]})
    else:
        cells = max(cell_len(_title(finding, say)) for finding in findings)
        print(say("cli.doctor.legend"), end="\n\n")
        for finding in findings:
            print(_text(finding, say, cells))
        print(f"\n{say('cli.doctor.fine' if is_fine else 'cli.doctor.missing')}")
    return 0 if is_fine else 1


def _facts(finding: Finding, say: Words) -> dict[str, object]:
    return {"check": finding.key, "ok": finding.ok, "needed": finding.needed, "detail": finding.detail,
            "advice": "" if finding.ok else say(f"cli.doctor.{finding.key}.advice")}  # fmt: skip


def _text(finding: Finding, say: Words, cells: int) -> str:
    """A row of the table: a mark, what was looked at, what was found; below it what to do."""
    mark = "✔" if finding.ok else "✘" if finding.needed else "–"
    found = finding.detail
    if finding.key == "ports" and found:
        found = say("cli.doctor.ports.taken", ports=", ".join(dict.fromkeys(re.findall(r":(\d+)", found))))
    line = f"{mark} {set_cell_size(_title(finding, say), cells)}  {found}".rstrip()
    if not finding.ok and not found:
        return f"{mark} {set_cell_size(_title(finding, say), cells)}  {say(f'cli.doctor.{finding.key}.advice')}"
    return line if finding.ok else f"{line}\n  {' ' * cells}  {say(f'cli.doctor.{finding.key}.advice')}"


def _title(finding: Finding, say: Words) -> str:
    return say(f"cli.doctor.{finding.key}.title")


def _look() -> list[Finding]:
    plan = textbook_plan()
    addresses = [host.address for host in plan.hosts] + list(plan.agent_addresses.values())
    # A host whose address this system lacks listens on 127.0.0.1.
    doors = ["127.0.0.1", *(host.address for host in plan.hosts if _can_bind(host.address, 0))]
    taken = [f"{address}:{port}" for _, port in SERVICES.values() for address in doors if not _can_bind(address, port)]
    refused = [str(port) for port in STANDARD_PORTS.values() if not _can_bind("127.0.0.1", port)]
    size = os.get_terminal_size() if sys.stdout.isatty() else None
    return [
        Finding("python", sys.version_info >= (3, 11), True, sys.version.split()[0]),
        Finding("addresses", all(_can_bind(address, 0) for address in addresses), False, ", ".join(addresses)),
        Finding("ports", not taken, False, ", ".join(taken)),
        Finding("low_ports", not refused, False, ", ".join(refused)),
        Finding("capture", _can_capture(), False),
        Finding("terminal", size is not None, False, f"{size.columns}×{size.lines}" if size else ""),
        Finding("size", size is not None and size.columns >= 80 and size.lines >= 24, False),
        Finding("colours", _colours(), False, os.environ.get("COLORTERM") or os.environ.get("TERM", "")),
        Finding("unicode", "utf" in (sys.stdout.encoding or "").lower(), False, sys.stdout.encoding or ""),
        Finding("home", _can_write(), True, str(paths.home())),
    ]


def _can_bind(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _can_capture() -> bool:
    """Whether raw packets may be read (Linux: a packet socket; elsewhere it takes an administrator)."""
    family = getattr(socket, "AF_PACKET", None)
    if family is None:
        return hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        socket.socket(family, socket.SOCK_RAW, 0).close()
    except OSError:
        return False
    return True


def _colours() -> bool:
    term = os.environ.get("TERM", "")
    return os.environ.get("COLORTERM", "") in ("truecolor", "24bit") or "256" in term or os.name == "nt"


def _can_write() -> bool:
    folder = paths.home()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
