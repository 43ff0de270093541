"""Postfix as the neighbour that hands mail to our port 25, and as a client that submits.

Its client never sends BDAT, whatever it is offered (only its server knows CHUNKING), and looks for a host name in a
certificate, not for an address. Our resolver answers at a port of its own, where no system library asks; so Postfix is
told where to go, and who stands there.
"""

from __future__ import annotations

import socket

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from mailtutor.protocols.dns.message import Record, Type
from mailtutor.protocols.smtp.table import EVERYTHING
from mailtutor.trace.events import FromClient, Opened
from tests.interop.conftest import EXAMPLE, YONGHU, OpenLab, StartPostfix
from tests.interop.postfix import Postfix
from tests.interop.programs import attempted, body, ca, delivered, fields, mailbox, run, said, starts

pytestmark = [pytest.mark.slow]
LETTER = b"From: carol@example.org\nTo: bob@hamburger.edu\nSubject: pickles\n\n.dotted\n..\n.\nHow about pickles?\n"


def _sender(
    lab: Lab, start_postfix: StartPostfix, host: str = "hamburger.edu", service: str = "smtp", **settings: str
) -> Postfix:
    """A Postfix with carol@example.org's mailbox, which hands everything else to a host of the lab."""
    address, port = lab.directory.doors[host, service]
    return start_postfix(
        relayhost=f"[{address}]:{port}",
        **{
            "myhostname": "mx.example.org", "virtual_mailbox_domains": "example.org",
            "virtual_mailbox_maps": "inline:{ {carol@example.org=carol/} }", **settings,
        },
    )  # fmt: skip


def _tls(lab: Lab, level: str, host: str = "hamburger.edu", service: str = "smtp") -> dict[str, str]:
    """Settings for a TLS level; "verify" and "secure" look for the host's name under the lab's authority."""
    address, port = lab.directory.doors[host, service]
    policy = f"{level} match={host}" if level in ("verify", "secure") else level
    return {
        "smtp_tls_security_level": "may",
        "smtp_tls_CAfile": str(ca(lab)),
        "smtp_tls_policy_maps": f"inline:{{ {{[{address}]:{port}={policy}}} }}",
    }


def _arrived(lab: Lab, postfix: Postfix) -> bytes:
    postfix.wait_for(r"dsn=2\.\d\.\d, status=sent")
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    return message


@pytest.mark.parametrize("discarded", ["", "pipelining"])
@pytest.mark.parametrize("chunking", [True, False])
@pytest.mark.parametrize("level", ["none", "encrypt", "verify"])
def test_postfix_brings_mail(
    open_lab: OpenLab, start_postfix: StartPostfix, level: str, chunking: bool, discarded: str
) -> None:
    offered = EVERYTHING if chunking else EVERYTHING - {"CHUNKING", "BINARYMIME"}
    lab = open_lab(per_host={"offered": offered})
    postfix = _sender(lab, start_postfix, **_tls(lab, level), smtp_discard_ehlo_keywords=discarded)
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    message = _arrived(lab, postfix)
    assert body(message) == body(LETTER)
    assert fields(message, "Return-Path") == ["<carol@example.org>"]
    last, first = fields(message, "Received")
    assert last.startswith("from mx.example.org ([127.0.")
    assert f"by hamburger.edu with {'ESMTP' if level == 'none' else 'ESMTPS'} id" in last
    assert "by mx.example.org (Postfix, from userid" in first
    if level != "none":
        kind = "Verified" if level == "verify" else "(Trusted|Untrusted|Verified)"
        postfix.wait_for(f"{kind} TLS connection established to ")
    assert not any(line.startswith("BDAT") for line in said(lab, "smtp"))
    groups = [event.data for event in lab.log if isinstance(event, FromClient) and b"MAIL FROM" in event.data]
    assert (b"RCPT TO" in groups[0]) == (discarded == "")


@pytest.mark.parametrize("certificate", ["other-name", "expired", "self-made"])
def test_postfix_hands_nothing_to_who_cannot_show_who_he_is(
    open_lab: OpenLab, start_postfix: StartPostfix, certificate: str
) -> None:
    lab = open_lab()
    lab.submit(lab.set_fault("hamburger.edu", "certificate", on=True, detail=certificate)).result()
    postfix = _sender(lab, start_postfix, **_tls(lab, "verify"))
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    postfix.wait_for("status=deferred .*(Server certificate not|not verified)")
    assert mailbox(lab, BOB) == []


def test_postfix_goes_on_in_clear_where_tls_fails(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    lab.submit(lab.set_fault("hamburger.edu", "no-tls", on=True)).result()
    postfix = _sender(lab, start_postfix, **_tls(lab, "may"))
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    assert "with ESMTP id" in fields(_arrived(lab, postfix), "Received")[0]


@pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
def test_tls_of_either_version(open_lab: OpenLab, start_postfix: StartPostfix, protocol: str) -> None:
    lab = open_lab()
    versions = f">={protocol}, <={protocol}"
    postfix = _sender(lab, start_postfix, **_tls(lab, "encrypt"), smtp_tls_mandatory_protocols=versions)
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    _arrived(lab, postfix)
    postfix.wait_for(f"TLS connection established to .*: {protocol} with cipher")


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_postfix_submits_with_a_password(open_lab: OpenLab, start_postfix: StartPostfix, mechanism: str) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["crepes.fr", "submission"]
    postfix = _sender(
        lab, start_postfix, "crepes.fr", "submission", **_tls(lab, "verify", "crepes.fr", "submission"),
        smtp_sasl_auth_enable="yes", smtp_sasl_security_options="noanonymous", smtp_sasl_mechanism_filter=mechanism,
        smtp_sasl_password_maps=f"inline:{{ {{[{address}]:{port}=alice:baguette}} }}",
    )  # fmt: skip
    postfix.sendmail(LETTER, "bob@hamburger.edu", sender="alice@crepes.fr")
    message = _arrived(lab, postfix)
    assert f"AUTH {mechanism.upper()}" in " ".join(said(lab, "submission"))
    assert "by crepes.fr with ESMTPSA id" in fields(message, "Received")[1]


def test_postfix_submits_at_the_tls_port(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["crepes.fr", "smtps"]
    postfix = _sender(
        lab, start_postfix, "crepes.fr", "smtps",
        **_tls(lab, "verify", "crepes.fr", "smtps") | {"smtp_tls_security_level": "encrypt"},
        smtp_tls_wrappermode="yes", smtp_sasl_auth_enable="yes", smtp_sasl_security_options="noanonymous",
        smtp_sasl_password_maps=f"inline:{{ {{[{address}]:{port}=alice:baguette}} }}",
    )  # fmt: skip
    postfix.sendmail(LETTER, "bob@hamburger.edu", sender="alice@crepes.fr")
    assert "by crepes.fr with ESMTPSA id" in fields(_arrived(lab, postfix), "Received")[1]


def test_postfix_is_told_that_it_has_to_log_in(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix, "crepes.fr", "submission")
    postfix.sendmail(LETTER, "bob@hamburger.edu", sender="alice@crepes.fr")
    assert "530 5.7.0" in postfix.wait_for("status=bounced")


def test_a_report_of_success_goes_back(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    lab.zone.records = [
        *lab.zone.records,
        Record("example.org", Type.MX, "mx.example.org", preference=10),
        Record("mx.example.org", Type.A, postfix.address),
    ]
    lab.directory.doors["example.org", "smtp"] = (postfix.address, postfix.port)
    postfix.sendmail(LETTER, "bob@hamburger.edu", "-N", "success", "-V", "QQ314159", "-R", "hdrs")
    _arrived(lab, postfix)
    assert starts(said(lab, "smtp"), "MAIL FROM:<carol@example.org>", "RCPT TO:<bob@hamburger.edu>")
    assert any("RET=HDRS" in line and "ENVID=QQ314159" in line for line in said(lab, "smtp"))
    assert any("ORCPT=rfc822;bob@hamburger.edu NOTIFY=SUCCESS" in line for line in said(lab, "smtp"))
    (report,) = postfix.mailbox("carol")
    assert attempted(lab)[0].outcome == "delivered"
    assert fields(report, "Return-Path") == ["<>"]
    assert b"Original-Envelope-Id: QQ314159" in report
    assert b"Original-Recipient: rfc822;" in report
    assert b"Action: delivered" in report
    assert b"How about pickles?" not in report


@pytest.mark.parametrize("level", ["none", "encrypt"])
def test_chinese_addresses_and_headers(open_lab: OpenLab, start_postfix: StartPostfix, level: str) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix, EXAMPLE, **_tls(lab, level, EXAMPLE))
    letter = "From: carol@example.org\nTo: 用户@例子.测试\nSubject: 你好\n\n饺子\n".encode()
    postfix.sendmail(letter, "用户@例子.测试", "-O", "SMTPUTF8=yes")
    postfix.wait_for("status=sent")
    (message,) = mailbox(lab, YONGHU)
    assert fields(message, "Subject") == ["你好"]
    assert body(message).decode() == "饺子\n"
    assert f"by 例子.测试 with {'UTF8SMTP' if level == 'none' else 'UTF8SMTPS'} id" in fields(message, "Received")[0]


def test_a_host_without_smtputf8_gets_no_chinese_address(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab(per_host={"offered": EVERYTHING - {"SMTPUTF8"}})
    postfix = _sender(lab, start_postfix, EXAMPLE)
    postfix.sendmail(LETTER, "用户@例子.测试")
    assert "SMTPUTF8 is required" in postfix.wait_for("status=bounced")


@pytest.mark.parametrize("offered", [True, False])
def test_eight_bits(open_lab: OpenLab, start_postfix: StartPostfix, offered: bool) -> None:
    lab = open_lab(per_host={"offered": EVERYTHING if offered else EVERYTHING - {"8BITMIME", "SMTPUTF8"}})
    postfix = _sender(lab, start_postfix)
    head = b"Subject: dumplings\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    postfix.sendmail(head + "Content-Transfer-Encoding: 8bit\n\n饺子\n".encode(), "bob@hamburger.edu", "-B8BITMIME")
    message = _arrived(lab, postfix)
    if offered:
        assert any("BODY=8BITMIME" in line for line in said(lab, "smtp"))
        assert body(message).decode() == "饺子\n"
    else:
        assert fields(message, "Content-Transfer-Encoding") == ["quoted-printable"]
        assert body(message) == b"=E9=A5=BA=E5=AD=90\n"


@pytest.mark.parametrize("level", ["none", "encrypt"])
def test_five_megabytes(open_lab: OpenLab, start_postfix: StartPostfix, level: str) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix, **_tls(lab, level))
    letter = b"Subject: large\n\n" + b"".join(b".%074d\n" % number for number in range(66_000))
    postfix.sendmail(letter, "bob@hamburger.edu")
    assert body(_arrived(lab, postfix)) == body(letter)


def test_more_than_we_take(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix, message_size_limit="30000000", virtual_mailbox_limit="40000000")
    postfix.sendmail(b"Subject: x\n\n" + (b"x" * 76 + b"\n") * 150_000, "bob@hamburger.edu")
    # Refused by what EHLO told it, before a word of the message is sent.
    assert "message size" in postfix.wait_for("status=bounced")
    assert not starts(said(lab, "smtp"), "DATA")


def test_lines_longer_than_they_may_be(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    long = b"x" * 3000
    head = b"Subject: s\nX-Folded: " + b"\n ".join([b"f" * 70] * 100) + b"\nX-Long: " + b"h" * 1500
    postfix.sendmail(head + b"\n\n" + long + b"\n." + b"." * 998 + b"\n", "bob@hamburger.edu")
    message = _arrived(lab, postfix)
    # Postfix breaks them with a line end and a space (smtp_line_length_limit).
    assert max(len(line) for line in message.split(b"\r\n")) <= 998
    assert fields(message, "X-Folded") == [" ".join(["f" * 70] * 100)]
    assert body(message).partition(b"\n.")[0].replace(b"\n ", b"") == long


def test_bare_line_ends_are_mended_before_they_reach_us(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    said_to_postfix = (
        b"EHLO x\r\n", b"MAIL FROM:<carol@example.org>\r\n", b"RCPT TO:<bob@hamburger.edu>\r\n", b"DATA\r\n",
        b"Subject: x\r\n\r\nbare\nline\r\nstray\rreturn\r\n\n.\nMAIL FROM:<evil@example.org>\r\n.\r\n", b"QUIT\r\n",
    )  # fmt: skip
    with socket.create_connection((postfix.address, postfix.port), timeout=20) as sock, sock.makefile("rb") as replies:
        replies.readline()
        for piece in said_to_postfix:
            sock.sendall(piece)
            while replies.readline()[3:4] == b"-":
                pass
    arrived = body(_arrived(lab, postfix))
    assert b"bare\nline\n" in arrived
    assert b"stray" in arrived
    assert b"\r" not in arrived
    # Whatever stood behind the bare LF . LF is text, or was never a message: nobody else wrote to bob.
    assert not starts(said(lab, "smtp"), "MAIL FROM:<evil@example.org>")


def test_postfix_learns_that_nobody_has_that_name(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    postfix.sendmail(LETTER, "nobody@hamburger.edu")
    assert "550 5.1.1" in postfix.wait_for("to=<nobody@hamburger.edu>.*status=bounced")
    (report,) = postfix.mailbox("carol")
    assert b"Diagnostic-Code: smtp; 550 5.1.1 nobody@hamburger.edu" in report


@pytest.mark.parametrize("stage", ["greeting", "hello", "mail", "rcpt", "data", "end"])
def test_postfix_waits_out_a_busy_server(open_lab: OpenLab, start_postfix: StartPostfix, stage: str) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix, minimal_backoff_time="1s", queue_run_delay="1s")
    lab.submit(lab.set_fault("hamburger.edu", "busy", on=True, detail=stage)).result()
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    postfix.wait_for("status=deferred")
    lab.submit(lab.set_fault("hamburger.edu", "busy", on=False)).result()
    postfix.command("postqueue", "-c", str(postfix.folder), "-f")
    _arrived(lab, postfix)


def test_a_wire_cut_after_the_final_dot_makes_a_duplicate(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    lab.submit(lab.set_fault("hamburger.edu", "cut", on=True, detail="end")).result()
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    postfix.wait_for("status=deferred .*lost connection .* while sending end of data")
    lab.submit(lab.set_fault("hamburger.edu", "cut", on=False)).result()
    postfix.command("postqueue", "-c", str(postfix.folder), "-f")
    postfix.wait_for("status=sent")
    assert len(mailbox(lab, BOB)) == 2


def test_postfix_falls_back_to_helo(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    lab.submit(lab.set_fault("hamburger.edu", "no-ehlo", on=True)).result()
    postfix = _sender(lab, start_postfix)
    postfix.sendmail(LETTER, "bob@hamburger.edu")
    assert "with SMTP id" in fields(_arrived(lab, postfix), "Received")[0]
    assert starts(said(lab, "smtp"), "EHLO", "HELO", "MAIL", "QUIT")


def test_port_25_relays_for_nobody(open_lab: OpenLab, start_postfix: StartPostfix) -> None:
    lab = open_lab()
    postfix = _sender(lab, start_postfix)
    postfix.sendmail(LETTER, "alice@crepes.fr")
    assert "550 5.7.1" in postfix.wait_for("status=bounced")


@pytest.mark.parametrize("level", ["none", "encrypt"])
def test_a_heap_of_mail_over_few_connections(open_lab: OpenLab, start_postfix: StartPostfix, level: str) -> None:
    lab = open_lab()
    reuse = {"smtp_connection_cache_destinations": "static:all", "smtp_tls_connection_reuse": "yes"}
    postfix = _sender(lab, start_postfix, **_tls(lab, level), **reuse)
    done = run(
        "smtp-source", "-s", "5", "-m", "200", "-d", "-l", "500", "-f", "carol@example.org", "-t", "bob@hamburger.edu",
        f"{postfix.address}:{postfix.port}",
    )  # fmt: skip
    assert done.returncode == 0
    delivered(lab, 200)
    assert len(mailbox(lab, BOB)) == 200
    assert len([event for event in lab.log if isinstance(event, Opened)]) < 200
