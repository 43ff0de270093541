"""The page beside the mail, counted by tshark; and a web client nobody here wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailtutor.lab import site
from mailtutor.lab.acts import Acts
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.protocols.lines import Kind, Source
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.ways import Way, ways
from mailtutor.trace.events import Closed
from tests.interop.capturing import Capture, captured
from tests.interop.conftest import OpenLab
from tests.interop.programs import door, run
from tests.lab.waiting import wait_for


def _addresses(lab: Lab) -> dict[str, str]:
    hosts = {name: lab.directory.doors[name, "smtp"][0] for name in ("crepes.fr", "hamburger.edu")}
    return hosts | {user.address: lab.directory.homes[user.address] for user in (ALICE, BOB)}


def _ports(lab: Lab, *services: tuple[str, str]) -> str:
    return " or ".join(f"tcp.port == {lab.directory.doors[service][1]}" for service in services)


WAYS = {
    "page": (("crepes.fr", "http"),),
    "mail": (("crepes.fr", "submission"), ("hamburger.edu", "smtp")),
}


@pytest.mark.parametrize("connections", [1, 4])
def test_tshark_counts_the_same_connections_and_octets(open_lab: OpenLab, tmp_path: Path, connections: int) -> None:
    lab = open_lab()
    where = _addresses(lab)
    names = {address: name for name, address in where.items()}
    first, *others = where.values()
    with captured(tmp_path / "lo.pcapng", first, others) as capture:
        Acts(lab).page_and_mail(connections)
    found = ways(dialogue_of(lab.log))
    for kind, services in WAYS.items():
        way, here = found[kind], f"({_ports(lab, *services)})"
        syns = capture.fields(f"{here} and tcp.flags.syn == 1 and tcp.flags.ack == 0", ["ip.src", "ip.dst"])
        opened = [(one.opener, one.other) for leg in way.legs for one in leg.strands for _ in range(one.count)]
        assert sorted((names[src], names[dst]) for src, dst in syns) == sorted(opened)
        assert _payload(capture, here) == way.octets
    _look_inside(capture, lab, found)


def _payload(capture: Capture, here: str) -> int:
    """Octets of TCP's payload; nothing is lost on the loopback, but a segment that is sent again is no new octet."""
    sent = capture.fields(f"{here} and tcp.len > 0 and not tcp.analysis.retransmission", ["tcp.len"])
    return sum(int(size) for (size,) in sent)


def _look_inside(capture: Capture, lab: Lab, found: dict[str, Way]) -> None:
    """What tshark's own dissectors make of it."""
    http, submission, smtp = (
        lab.directory.doors[door][1]
        for door in (("crepes.fr", "http"), ("crepes.fr", "submission"), ("hamburger.edu", "smtp"))
    )
    decode = [f"tcp.port=={http},http", f"tcp.port=={submission},smtp", f"tcp.port=={smtp},smtp"]
    (page,) = found["page"].legs
    asked = capture.fields("http.request", ["http.request.uri"], decode=decode)
    answered = capture.fields("http.response", ["http.response.code", "http.content_length_header"], decode=decode)
    assert len(asked) == page.commands == len(answered) == page.replies
    assert sorted(uri for (uri,) in asked) == sorted(["/", *(f"/{name}" for name in site.pictures())])
    assert sum(int(size) for _, size in answered) == page.content
    mailed = capture.fields("smtp.req.command", ["smtp.req.command"], decode=decode)
    assert len([1 for row in mailed for _ in row[0].split(",")]) == sum(leg.commands for leg in found["mail"].legs)


def test_curl_opens_the_page_and_what_it_says_is_seen(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    url = f"http://{door(lab, 'crepes.fr', 'http')}"
    names = ["", *site.pictures()]
    targets = [word for name in names for word in ("-o", str(tmp_path / (name or "page")), f"{url}/{name}")]
    done = run("curl", "-sS", "--max-time", "20", "-v", *targets)
    assert done.returncode == 0
    assert {name: (tmp_path / name).read_bytes() for name in site.pictures()} == site.pictures()
    assert (tmp_path / "page").read_bytes() == site.files()[site.PAGE]
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    (visit,) = dialogue_of(lab.log).connections.values()
    # curl tells with > and < what it said and heard; not of the bodies.
    told = [line.decode(errors="replace") for line in done.stderr.splitlines() if re.match(rb"[<>] ?", line)]
    shown = [
        ("> " if row.line.source is Source.CLIENT else "< ") + row.line.text.decode(errors="replace")
        for row in visit.rows
        if row.line.kind is not Kind.LITERAL
    ]
    assert [line.rstrip() for line in told] == [line.rstrip() for line in shown]
    assert ways(dialogue_of(lab.log))["page"].connections == 1


def test_curl_hears_what_is_wrong_with_a_request(open_lab: OpenLab) -> None:
    lab = open_lab()
    url = f"http://{door(lab, 'crepes.fr', 'http')}"
    said = "%{http_code} %{http_version}"
    for options, status in (
        (("/nowhere",), "404 1.1"),
        (("/", "--data", "name=bob&password=pickles"), "405 1.1"),
        (("/", "-H", f"X-Long: {'x' * 40_000}"), "400 1.1"),
        (("/", "--http1.0"), "200 1.1"),
        (("/", "--head"), "200 1.1"),
    ):
        path, *others = options
        done = run("curl", "-sS", "--max-time", "20", "-o", "/dev/null", "-w", said, *others, url + path)
        assert done.stdout.decode() == status, options
