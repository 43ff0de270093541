"""Postfix as the neighbour our relay hands mail to: hamburger.edu and 例子.测试 are its domains.

It offers no BINARYMIME, no LIMITS and no REQUIRETLS; CHUNKING it does offer, and our relay uses BDAT with it where a
policy says so.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailtutor.lab.agents.sender import submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE
from mailtutor.protocols.smtp.courier import Tls
from tests.interop.conftest import EXAMPLE, OpenLab, StartPostfix
from tests.interop.postfix import Postfix
from tests.interop.programs import MESSAGE, attempted, body, delivered, fields, mailbox
from tests.lab.waiting import put_in_queue

pytestmark = [pytest.mark.slow]
EIGHT_BIT = b"Subject: dumplings\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" + (
    "Content-Transfer-Encoding: 8bit\r\n\r\n饺子\r\n".encode()
)


def _neighbours(lab: Lab, start_postfix: StartPostfix, **settings: str) -> Postfix:
    """Postfix behind the names of both other hosts; what it has to report goes back to crepes.fr."""
    address, port = lab.directory.doors["crepes.fr", "smtp"]
    postfix = start_postfix(relayhost=f"[{address}]:{port}", **{"smtpd_tls_security_level": "may", **settings})
    for host in ("hamburger.edu", EXAMPLE):
        lab.directory.doors[host, "smtp"] = (postfix.address, postfix.port)
    return postfix


def _in_chunks(lab: Lab, octets: int) -> None:
    relay = lab.hosts["crepes.fr"].relay
    relay._policy = replace(relay._policy, chunk_size=octets)


@pytest.mark.parametrize("chunk_size", [0, 7, 4096])
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("tls", [Tls.NEVER, Tls.REQUIRED])
def test_postfix_stores_what_the_relay_was_given(
    open_lab: OpenLab, start_postfix: StartPostfix, tls: Tls, pipelining: bool, chunk_size: int
) -> None:
    lab = open_lab(tls=tls, pipelining=pipelining)
    postfix = _neighbours(lab, start_postfix)
    _in_chunks(lab, chunk_size)
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
    tried = attempted(lab)[0]
    assert (tried.outcome, tried.reply[:10]) == ("delivered", "250 2.0.0 ")
    (message,) = postfix.mailbox("bob")
    assert body(message) == body(MESSAGE)
    assert fields(message, "Return-Path") == ["<alice@crepes.fr>"]
    (received,) = fields(message, "Received")
    assert received.startswith("from crepes.fr (unknown [127.0.")
    assert f"with {'ESMTPS' if tls is Tls.REQUIRED else 'ESMTP'} id" in received
    quit_line = postfix.wait_for(r"disconnect from .* quit=1")
    assert ("starttls=1" in quit_line) == (tls is Tls.REQUIRED)
    assert ("bdat=" in quit_line) == (chunk_size > 0)
    assert "improper command pipelining" not in postfix.log


def test_each_server_on_the_way_writes_its_line(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab(tls=Tls.OFFERED)
    postfix = _neighbours(lab, start_postfix)
    lab.submit(submit(lab.directory, lab.plan, ALICE, ["bob@hamburger.edu"], MESSAGE, lab.means)).result()
    (message,) = postfix.mailbox("bob")
    last, first = fields(message, "Received")
    assert "by hamburger.edu (Postfix) with ESMTPS id" in last
    assert "by crepes.fr with ESMTPSA id" in first
    assert body(message) == body(MESSAGE)


@pytest.mark.parametrize(
    ("tls", "level", "outcome"),
    [(Tls.OFFERED, "none", "delivered"), (Tls.REQUIRED, "none", "refused"), (Tls.OFFERED, "encrypt", "delivered"),
     (Tls.NEVER, "encrypt", "refused")],
)  # fmt: skip
def test_tls_where_only_one_side_insists(
    open_lab: OpenLab, start_postfix: StartPostfix, tls: Tls, level: str, outcome: str
) -> None:
    lab = open_lab(tls=tls)
    _neighbours(lab, start_postfix, smtpd_tls_security_level=level)
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
    assert attempted(lab)[0].outcome == outcome


@pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
def test_tls_of_either_version(open_lab: OpenLab, start_postfix: StartPostfix, protocol: str) -> None:
    lab = open_lab(tls=Tls.REQUIRED)
    postfix = _neighbours(lab, start_postfix, smtpd_tls_loglevel="1", smtpd_tls_protocols=f">={protocol}, <={protocol}")
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
    assert attempted(lab)[0].outcome == "delivered"
    postfix.wait_for(f"TLS connection established from .* {protocol} with cipher")


def test_a_report_of_success_comes_back(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab(pipelining=True)
    _neighbours(lab, start_postfix)
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE, notify="SUCCESS,FAILURE", ret="HDRS", envid="QQ314159+=")
    assert attempted(lab)[0].outcome == "delivered"
    delivered(lab)
    (report,) = mailbox(lab, ALICE)
    assert fields(report, "Return-Path") == ["<>"]
    assert "report-type=delivery-status" in fields(report, "Content-Type")[0]
    assert b"Original-Envelope-Id: QQ314159+=" in report
    assert b"Final-Recipient: rfc822; bob@hamburger.edu" in report
    assert b"Action: delivered" in report
    # RET=HDRS: the header and no more.
    assert b"How about pickles?" not in report


def test_nobody_hears_of_what_was_to_be_kept_quiet(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    # What it has accepted it hands on, and is refused: so it is Postfix who would report.
    address, port = lab.directory.doors["crepes.fr", "smtp"]
    onward = f"inline:{{ {{bob@hamburger.edu=smtp:[{address}]:{port}}} }}"
    postfix = _neighbours(lab, start_postfix, transport_maps=onward)
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE, notify="NEVER")
    assert attempted(lab)[0].outcome == "delivered"
    postfix.wait_for(r"status=bounced .*Relaying denied")
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE, notify="FAILURE")
    delivered(lab)
    (report,) = mailbox(lab, ALICE)
    assert b"Status: 5.7.1" in report


def test_where_postfix_offers_no_dsn_our_relay_reports(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    _neighbours(lab, start_postfix, smtpd_discard_ehlo_keywords="dsn")
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE, notify="SUCCESS")
    delivered(lab)
    (report,) = mailbox(lab, ALICE)
    assert b"Action: relayed" in report


@pytest.mark.parametrize("pipelining", [True, False])
def test_postfix_knows_no_such_user(open_lab: OpenLab, start_postfix: StartPostfix, pipelining: bool) -> None:
    lab = open_lab(pipelining=pipelining)
    postfix = _neighbours(lab, start_postfix)
    put_in_queue(lab, ["nobody@hamburger.edu", "bob@hamburger.edu"], MESSAGE)
    outcomes = {one.recipient: one.outcome for one in attempted(lab, 2)}
    assert outcomes == {"nobody@hamburger.edu": "refused", "bob@hamburger.edu": "delivered"}
    assert len(postfix.mailbox("bob")) == 1
    delivered(lab)
    (report,) = mailbox(lab, ALICE)
    assert b"Status: 5.1.1" in report


@pytest.mark.parametrize("pipelining", [True, False])
def test_not_now_is_tried_again(open_lab: OpenLab, start_postfix: StartPostfix, pipelining: bool) -> None:
    lab = open_lab(pipelining=pipelining)
    _neighbours(
        lab, start_postfix,
        smtpd_recipient_restrictions="check_recipient_access inline:{ {bob@hamburger.edu=defer come back} }",
    )  # fmt: skip
    put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
    tried = attempted(lab)[0]
    assert tried.outcome == "deferred"
    assert tried.reply.startswith("450 ")


@pytest.mark.parametrize("chunk_size", [0, 4096])
@pytest.mark.parametrize("pipelining", [True, False])
def test_more_recipients_than_postfix_takes_at_once(
    open_lab: OpenLab, start_postfix: StartPostfix, pipelining: bool, chunk_size: int
) -> None:
    lab = open_lab(pipelining=pipelining)
    postfix = _neighbours(
        lab, start_postfix, smtpd_recipient_limit="5", smtpd_recipient_overshoot_limit="1000",
        virtual_mailbox_maps="static:all/",
    )  # fmt: skip
    _in_chunks(lab, chunk_size)
    everybody = [f"user{number}@hamburger.edu" for number in range(12)]
    put_in_queue(lab, everybody, MESSAGE)
    # 452: the others in a transaction of their own (RFC 5321 §4.5.3.1.10).
    for tries in (12, 19, 21):
        tried = attempted(lab, tries)
        lab.submit(lab.flush()).result()
    assert sorted(one.recipient for one in tried if one.outcome == "delivered") == sorted(everybody)
    assert len(postfix.mailbox("all", 12)) == 12


@pytest.mark.parametrize("chunk_size", [0, 5])
@pytest.mark.parametrize("pipelining", [True, False])
def test_chinese_addresses_and_headers(
    open_lab: OpenLab, start_postfix: StartPostfix, pipelining: bool, chunk_size: int
) -> None:
    lab = open_lab(pipelining=pipelining)
    postfix = _neighbours(lab, start_postfix)
    _in_chunks(lab, chunk_size)
    content = "From: alice@crepes.fr\r\nTo: 用户@例子.测试\r\nSubject: 你好\r\n\r\n饺子\r\n".encode()
    put_in_queue(lab, ["用户@例子.测试"], content, body="8BITMIME", utf8=True)
    assert attempted(lab)[0].outcome == "delivered"
    (message,) = postfix.mailbox("yonghu")
    assert fields(message, "Subject") == ["你好"]
    assert fields(message, "Delivered-To") == ["用户@例子.测试"]
    assert body(message).decode() == "饺子\n"
    assert "with UTF8SMTP" in fields(message, "Received")[0]


def test_a_report_about_a_chinese_address_comes_back(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    _neighbours(lab, start_postfix)
    put_in_queue(lab, ["用户@例子.测试"], MESSAGE, notify="SUCCESS", utf8=True)
    delivered(lab)
    (report,) = mailbox(lab, ALICE)
    assert b"Action: delivered" in report
    assert "用户@例子.测试" in report.decode()


def test_where_postfix_does_without_smtputf8_the_sender_is_told(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    _neighbours(lab, start_postfix, smtputf8_enable="no")
    put_in_queue(lab, ["用户@hamburger.edu"], MESSAGE)
    assert attempted(lab)[0].outcome == "refused"
    delivered(lab)
    assert b"Status: 5.6.7" in mailbox(lab, ALICE)[0]


@pytest.mark.parametrize(("discarded", "outcome"), [("none", "delivered"), ("8bitmime", "refused")])
def test_eight_bits_go_where_they_are_taken(
    open_lab: OpenLab, start_postfix: StartPostfix, discarded: str, outcome: str
) -> None:
    lab = open_lab()
    postfix = _neighbours(lab, start_postfix, smtpd_discard_ehlo_keywords="" if discarded == "none" else discarded)
    put_in_queue(lab, ["bob@hamburger.edu"], EIGHT_BIT, body="8BITMIME")
    assert attempted(lab)[0].outcome == outcome
    if outcome == "delivered":
        assert body(postfix.mailbox("bob")[0]).decode() == "饺子\n"


@pytest.mark.parametrize("chunk_size", [0, 65536])
def test_five_megabytes(open_lab: OpenLab, start_postfix: StartPostfix, chunk_size: int) -> None:
    lab = open_lab(tls=Tls.REQUIRED, pipelining=True)
    postfix = _neighbours(lab, start_postfix)
    _in_chunks(lab, chunk_size)
    content = b"Subject: large\r\n\r\n" + b"".join(b".%074d\r\n" % number for number in range(66_000))
    put_in_queue(lab, ["bob@hamburger.edu"], content)
    assert attempted(lab)[0].outcome == "delivered"
    assert body(postfix.mailbox("bob")[0]) == body(content)


def test_more_than_postfix_takes_is_not_even_sent(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _neighbours(lab, start_postfix, message_size_limit="50000", virtual_mailbox_limit="60000")
    put_in_queue(lab, ["bob@hamburger.edu"], b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 50_000)
    assert attempted(lab)[0].outcome == "refused"
    delivered(lab)
    assert b"Status: 5.3.4" in mailbox(lab, ALICE)[0]
    assert "mail=" not in postfix.wait_for(r"disconnect from .* quit=1")


@pytest.mark.parametrize("content", [b"Subject: x\r\n\r\nbare\nline\r\n", b"Subject: x\r\n\r\nsmuggled\n.\r\nMAIL\r\n"])
def test_the_relay_emits_no_bare_line_end(open_lab: OpenLab, start_postfix: StartPostfix, content: bytes) -> None:
    lab = open_lab()
    postfix = _neighbours(lab, start_postfix)
    put_in_queue(lab, ["bob@hamburger.edu"], content)
    # It could only go as BINARYMIME, which Postfix does not offer.
    assert attempted(lab)[0].outcome == "refused"
    assert "data=" not in postfix.wait_for(r"disconnect from .* quit=1")


def test_lines_as_long_as_they_may_be(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _neighbours(lab, start_postfix)
    content = b"Subject: " + b"s" * 989 + b"\r\n\r\n" + b"." * 998 + b"\r\n" + b"x" * 998 + b"\r\n"
    put_in_queue(lab, ["bob@hamburger.edu"], content)
    assert attempted(lab)[0].outcome == "delivered"
    (message,) = postfix.mailbox("bob")
    assert body(message) == body(content)
    assert fields(message, "Subject") == ["s" * 989]


@pytest.mark.parametrize("pipelining", [True, False])
def test_one_connection_carries_many_messages(open_lab: OpenLab, start_postfix: StartPostfix, pipelining: bool) -> None:
    lab = open_lab(tls=Tls.REQUIRED, pipelining=pipelining)
    postfix = _neighbours(lab, start_postfix)
    for number in range(30):
        content = b"Subject: %d\r\n\r\nx\r\n" % number
        put_in_queue(lab, ["bob@hamburger.edu"], content, due_at=lab.clock.wall() + 60)
    lab.submit(lab.flush()).result()
    assert {one.outcome for one in attempted(lab, 30)} == {"delivered"}
    assert sorted(int(fields(message, "Subject")[0]) for message in postfix.mailbox("bob", 30)) == list(range(30))
    assert "mail=30" in postfix.wait_for(r"disconnect from .* quit=1")
