"""dig, BIND's question-asker, against the lab's resolver.

The resolver answers over UDP only and knows no EDNS: an OPT record in a question is passed over, which RFC 6891 §7
allows a server that does not implement it to do with FORMERR; dig takes either.
"""

from __future__ import annotations

import subprocess

import pytest

from mailtutor.lab.lab import Lab
from tests.interop.conftest import EXAMPLE, OpenLab
from tests.interop.programs import run


def _dig(lab: Lab, *options: str) -> subprocess.CompletedProcess[bytes]:
    address, port = lab.resolver.door
    return run("dig", f"@{address}", "-p", str(port), "+tries=1", "+time=5", *options)


@pytest.mark.parametrize("edns", ["+noedns", "+edns=0"])
def test_dig_is_told_who_takes_mail(open_lab: OpenLab, edns: str) -> None:
    lab = open_lab()
    done = _dig(lab, edns, "hamburger.edu", "MX")
    assert done.returncode == 0
    said = done.stdout.decode()
    assert "status: NOERROR" in said
    assert "flags: qr aa" in said
    address = lab.directory.doors["hamburger.edu", "smtp"][0]
    lines = [line.split() for line in said.splitlines() if line.startswith(("hamburger.edu.", "mail.hamburger.edu."))]
    assert [line[3:] for line in lines] == [["MX", "10", "mail.hamburger.edu."], ["A", address]]
    assert "malformed" not in said
    assert "WARNING: Message" not in said


def test_dig_finds_addresses(open_lab: OpenLab) -> None:
    lab = open_lab()
    for host in ("crepes.fr", "hamburger.edu"):
        done = _dig(lab, "+short", f"mail.{host}", "A")
        assert done.stdout.decode().split() == [lab.directory.doors[host, "smtp"][0]]


def test_dig_asks_for_a_chinese_domain(open_lab: OpenLab) -> None:
    lab = open_lab()
    done = _dig(lab, "+short", EXAMPLE.encode("idna").decode(), "MX")
    assert done.stdout == b"10 mail.xn--fsqu00a.xn--0zwm56d.\n"


def test_a_name_nobody_has_does_not_exist(open_lab: OpenLab) -> None:
    assert b"status: NXDOMAIN" in _dig(open_lab(), "nowhere.example", "MX").stdout


def test_a_name_without_such_a_record_has_nothing(open_lab: OpenLab) -> None:
    said = _dig(open_lab(), "hamburger.edu", "TXT").stdout
    assert b"status: NOERROR" in said
    assert b"ANSWER: 0" in said


@pytest.mark.parametrize(
    ("trouble", "said"),
    [("servfail", b"status: SERVFAIL"), ("nxdomain", b"status: NXDOMAIN"), ("null-mx", b"MX\t0 .")],
)
def test_dig_sees_what_is_switched_on(open_lab: OpenLab, trouble: str, said: bytes) -> None:
    lab = open_lab()
    lab.submit(lab.set_fault("hamburger.edu", "dns", on=True, detail=trouble)).result()
    assert said in _dig(lab, "hamburger.edu", "MX").stdout


def test_the_resolver_takes_no_tcp(open_lab: OpenLab) -> None:
    done = _dig(open_lab(), "+tcp", "hamburger.edu", "MX")
    assert done.returncode == 9  # "no reply from server"
    assert b"connection refused" in done.stdout + done.stderr
