"""smtp-sink, Postfix's black hole, as the neighbour our relay hands mail to.

It offers no STARTTLS, SIZE, SMTPUTF8 or CHUNKING. What it refuses it refuses always; only its delays are left to
chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.trace.events import Bounced
from tests.interop.conftest import OpenLab
from tests.interop.programs import (
    MESSAGE,
    answers_at,
    attempted,
    body,
    delivered,
    fields,
    free_port,
    mailbox,
    running,
)
from tests.lab.waiting import put_in_queue, wait_for

EIGHT_BIT = MESSAGE + "饺子\r\n".encode()


@contextmanager
def _sink(lab: Lab, folder: Path, *options: str) -> Iterator[Callable[[], list[bytes]]]:
    """smtp-sink behind hamburger.edu's name; gives what it has taken, one text a message."""
    address = lab.directory.doors["hamburger.edu", "smtp"][0]
    port = free_port(address)
    dump = folder / "sink"
    dump.mkdir(exist_ok=True)
    template = f"{dump}/message."
    with running("smtp-sink", "-u", "root", "-d", template, *options, f"{address}:{port}", "100") as process:
        while not answers_at(address, port):
            assert process.poll() is None, process.stdout
        lab.directory.doors["hamburger.edu", "smtp"] = (address, port)
        yield lambda: [path.read_bytes() for path in sorted(dump.iterdir()) if path.stat().st_size]


def _only(found: Sequence[bytes]) -> bytes:
    (one,) = found
    return one


@pytest.mark.parametrize("pipelining", [True, False])
def test_the_relay_hands_over_what_it_was_given(open_lab: OpenLab, tmp_path: Path, pipelining: bool) -> None:
    lab = open_lab(pipelining=pipelining)
    with _sink(lab, tmp_path) as taken:
        put_in_queue(lab, ["bob@hamburger.edu", "eve@hamburger.edu"], MESSAGE)
        assert {one.outcome for one in attempted(lab, 2)} == {"delivered"}
        message = _only(taken())
    assert fields(message, "X-Client-Proto") == ["ESMTP"]
    assert fields(message, "X-Helo-Args") == ["crepes.fr"]
    assert fields(message, "X-Rcpt-Args") == ["<bob@hamburger.edu>", "<eve@hamburger.edu>"]
    # smtp-sink writes the final dot, too, and an empty line after it.
    assert body(message).startswith(body(MESSAGE))


@pytest.mark.parametrize("option", ["-e", "-P"])
def test_a_server_without_extensions_is_told_nothing_of_them(open_lab: OpenLab, tmp_path: Path, option: str) -> None:
    """-P: it greets as through a firewall of the nineties, which blots the greeting out with asterisks."""
    lab = open_lab(pipelining=True, tls=Tls.OFFERED)
    with _sink(lab, tmp_path, option) as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "delivered"
        message = _only(taken())
    assert fields(message, "X-Mail-Args") == ["<alice@crepes.fr>"]


@pytest.mark.parametrize("option", ["-f", "-q", "-Q"])
def test_a_server_that_will_not_have_ehlo(open_lab: OpenLab, tmp_path: Path, option: str) -> None:
    lab = open_lab(pipelining=True)
    with _sink(lab, tmp_path, option, "EHLO") as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        tried = attempted(lab)[0]
        if option == "-f":
            # 5yz: HELO is worth a try (RFC 5321 §3.2).
            assert tried.outcome == "delivered"
            assert fields(_only(taken()), "X-Client-Proto") == ["SMTP"]
        else:
            assert tried.outcome == "deferred"


def test_a_server_without_8bitmime_gets_no_8_bit_octets(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path, "-8") as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], EIGHT_BIT, body="8BITMIME")
        assert attempted(lab)[0].outcome == "refused"
        assert taken() == []
    delivered(lab)
    report = _only(mailbox(lab, ALICE))
    assert b"Status: 5.6.3" in report


def test_8bitmime_is_asked_for_where_it_is_offered(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path) as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], EIGHT_BIT, body="8BITMIME")
        assert attempted(lab)[0].outcome == "delivered"
        message = _only(taken())
    assert "BODY=8BITMIME" in fields(message, "X-Mail-Args")[0]
    assert body(message).startswith(body(EIGHT_BIT))


def test_an_address_in_chinese_needs_smtputf8(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path) as taken:
        put_in_queue(lab, ["用户@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "refused"
        assert taken() == []
    delivered(lab)
    assert b"Status: 5.6.7" in _only(mailbox(lab, ALICE))


def test_a_server_without_tls_gets_nothing_that_needs_tls(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(tls=Tls.REQUIRED)
    with _sink(lab, tmp_path) as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome != "delivered"
        assert taken() == []


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_a_hard_no_is_reported_to_the_sender(open_lab: OpenLab, tmp_path: Path, command: str, pipelining: bool) -> None:
    lab = open_lab(pipelining=pipelining)
    with _sink(lab, tmp_path, "-f", command, "-B", "554 5.7.1 go away"):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "refused"
        wait_for(lab.log, lambda event: isinstance(event, Bounced))
    delivered(lab)
    report = _only(mailbox(lab, ALICE))
    assert b"Status: 5.7.1" in report
    assert b"smtp; 554 5.7.1 go away" in report


@pytest.mark.parametrize(("said", "status"), [("550 no", b"5.0.0"), ("552 5.2.2 full", b"5.2.2")])
def test_a_report_has_a_status_also_where_the_server_gave_none(
    open_lab: OpenLab, tmp_path: Path, said: str, status: bytes
) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path, "-E", "-f", "RCPT", "-B", said):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "refused"
    delivered(lab)
    assert b"Status: " + status in _only(mailbox(lab, ALICE))


def test_not_even_a_hard_no_for_a_greeting_is_the_last_word(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path, "-f", "CONNECT"):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "deferred"


@pytest.mark.parametrize("option", ["-r", "-q", "-Q"])
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_soft_no_and_a_cut_wire_leave_the_mail_in_the_queue(
    open_lab: OpenLab, tmp_path: Path, command: str, option: str
) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path, option, command):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        tried = attempted(lab)[0]
    assert tried.outcome == "deferred"
    assert tried.next_try_s == 5


def test_what_was_refused_for_now_is_delivered_later(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    with _sink(lab, tmp_path, "-r", "RCPT"):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        attempted(lab)
    with _sink(lab, tmp_path) as taken:
        lab.submit(lab.flush()).result()
        assert [one.outcome for one in attempted(lab, 2)] == ["deferred", "delivered"]
        assert len(taken()) == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_slow_server_is_waited_for(open_lab: OpenLab, tmp_path: Path, pipelining: bool) -> None:
    lab = open_lab(pipelining=pipelining)
    # A command delayed with -W is answered after those that came behind it in the same group: then not in groups.
    with _sink(lab, tmp_path, "-w", "2", *([] if pipelining else ["-W", "RCPT:1"])) as taken:
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "delivered"
        assert len(taken()) == 1


def test_one_connection_carries_many_messages(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(pipelining=True)
    # The sink ends after two sessions: one looked whether it is there.
    with _sink(lab, tmp_path, "-n", "2") as taken:
        wanted = [b"Subject: %d\r\n\r\nx\r\n" % number for number in range(50)]
        for content in wanted:
            put_in_queue(lab, ["bob@hamburger.edu"], content, due_at=lab.clock.wall() + 60)
        lab.submit(lab.flush()).result()
        assert {one.outcome for one in attempted(lab, 50)} == {"delivered"}
        assert {int(fields(message, "Subject")[0]) for message in taken()} == set(range(50))


def test_a_server_that_is_slow_now_and_then_loses_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(pipelining=True)
    names = [f"user{number}@hamburger.edu" for number in range(15)]
    with _sink(lab, tmp_path, "-W", ".:1:20") as taken:
        for name in names:
            put_in_queue(lab, [name], MESSAGE)
        attempted(lab, 15)
        got = sorted(fields(message, "X-Rcpt-Args")[0].strip("<>") for message in taken())
    assert got == sorted(names)
