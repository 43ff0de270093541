"""TLS on real sockets: Python's own clients against every door, our agents among themselves, and what goes wrong."""

from __future__ import annotations

import dataclasses
import imaplib
import poplib
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.lab.agents import imap, pop3
from mailtutor.lab.agents.sender import submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.lab.tls import CA_NAME
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.events import Attempted, Delivered, FromClient, TlsBegun, TlsFailed
from tests.conftest import StartLab
from tests.lab.waiting import put_in_queue, wait_for

MESSAGE = b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: secret\r\n\r\nhi\r\n"


def trusting(lab: Lab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(lab._data / CA_NAME))


def set_tls(lab: Lab, tls: Tls) -> None:
    """As `--tls`: for what is sent from now on."""
    lab.plan = dataclasses.replace(lab.plan, tls=tls)
    for host in lab.hosts.values():
        host.relay._policy = dataclasses.replace(host.relay._policy, tls=tls)


def test_every_door_speaks_tls_with_python(start_lab: StartLab) -> None:
    lab = start_lab()
    doors, context = lab.directory.doors, trusting(lab)
    with smtplib.SMTP(*doors["crepes.fr", "submission"], timeout=10) as smtp:
        smtp._host = "crepes.fr"  # type: ignore[attr-defined]
        smtp.starttls(context=context)
        smtp.login("alice", "baguette")
        smtp.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    for host, service in (("hamburger.edu", "pop3s"), ("hamburger.edu", "imaps"), ("crepes.fr", "smtps")):
        sock = socket.create_connection(doors[host, service], 10)
        with context.wrap_socket(sock, server_hostname=host) as tls:
            assert tls.recv(3) in (b"+OK", b"* O", b"220")
            assert tls.version() == "TLSv1.3"
    assert len([event for event in lab.log if isinstance(event, TlsBegun)]) == 4
    assert not [event for event in lab.log if isinstance(event, FromClient) and event.data.startswith(b"\x16\x03")]


def test_poplib_and_imaplib_over_tls(start_lab: StartLab) -> None:
    lab = start_lab()
    context = trusting(lab)
    context.check_hostname = False  # they connect by address
    pop = poplib.POP3_SSL(*lab.directory.doors["hamburger.edu", "pop3s"], context=context, timeout=10)
    pop.user("bob")
    pop.pass_("pickles")
    assert pop.stat() == (0, 0)
    pop.quit()
    address, port = lab.directory.doors["hamburger.edu", "imaps"]
    with imaplib.IMAP4_SSL(address, port, ssl_context=context, timeout=10) as box:
        assert box.login("bob", "pickles")[0] == "OK"


def test_the_whole_way_under_tls(start_lab: StartLab) -> None:
    lab = start_lab()
    set_tls(lab, Tls.REQUIRED)
    lab.submit(submit(lab.directory, lab.plan, ALICE, [BOB.address], MESSAGE, lab.means)).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    trust = lab.means.trusted()
    (by_pop,) = lab.submit(pop3.download(lab.directory, BOB, delete=False, trust=trust)).result()
    (by_imap,) = lab.submit(imap.download(lab.directory, BOB, delete=False, trust=trust)).result()
    assert by_pop == by_imap
    assert b"with ESMTPSA id" in by_pop
    assert b"with ESMTPS id" in by_pop
    ways = [c for c in dialogue_of(lab.log).connections.values() if c.protocol != "dns"]
    assert [c.tls for c in ways] == ["TLSv1.3"] * 4


def test_submission_over_implicit_tls(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(submit(lab.directory, lab.plan, ALICE, [BOB.address], MESSAGE, lab.means, service="smtps")).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


@pytest.mark.parametrize(
    ("certificate", "said"), [("expired", "expired"), ("other-name", "Hostname mismatch"), ("self-made", "issuer")]
)
def test_our_agents_refuse_a_wrong_certificate_and_the_pane_says_why(
    start_lab: StartLab, certificate: str, said: str
) -> None:
    lab = start_lab()
    set_tls(lab, Tls.REQUIRED)
    lab.submit(lab.set_fault("crepes.fr", "certificate", on=True, detail=certificate)).result()
    with pytest.raises(MailtutorError, match=said):
        lab.submit(submit(lab.directory, lab.plan, ALICE, [BOB.address], MESSAGE, lab.means)).result()
    if certificate != "other-name":  # a name is looked at after the handshake's own checks, and refused without words
        (failed,) = wait_for(lab.log, lambda event: isinstance(event, TlsFailed))
        assert isinstance(failed, TlsFailed)
        assert "certificate" in failed.why or "unknown ca" in failed.why
    lab.submit(lab.set_fault("crepes.fr", "certificate", on=False)).result()
    lab.submit(submit(lab.directory, lab.plan, ALICE, [BOB.address], MESSAGE, lab.means)).result()


def test_mail_waits_where_tls_is_required_and_not_to_be_had(start_lab: StartLab) -> None:
    lab = start_lab()
    set_tls(lab, Tls.REQUIRED)
    lab.submit(lab.set_fault("hamburger.edu", "no-tls", on=True)).result()
    put_in_queue(lab)
    (attempt,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(attempt, Attempted)
    assert attempt.outcome == "deferred"
    set_tls(lab, Tls.OFFERED)
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def test_words_said_in_clear_behind_starttls_are_never_heard(start_lab: StartLab) -> None:
    """CVE-2011-0411, RFC 3207 §6; with the gate at work, too."""
    lab = start_lab()
    for pace in ("run", "slow"):
        with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], 10) as sock:
            sock.recv(500)
            sock.sendall(b"EHLO x\r\n")
            sock.recv(2000)
            lab.set_pace(pace)
            sock.sendall(b"STARTTLS\r\nHELO evil\r\nMAIL FROM:<evil@x>\r\n")
            assert sock.recv(500).startswith(b"220")
            lab.set_pace("run")
            with trusting(lab).wrap_socket(sock, server_hostname="hamburger.edu") as tls:
                tls.sendall(b"NOOP\r\nRCPT TO:<bob@hamburger.edu>\r\nEHLO y\r\n")
                heard = b""
                while b"HELP" not in heard:
                    heard += tls.recv(2000)
                assert heard.startswith(b"250 ")
                assert b"\r\n503 " in heard
                assert b"STARTTLS" not in heard
                assert b"sender" not in heard.lower()


def test_a_client_that_talks_instead_of_shaking_hands_is_told_nothing(start_lab: StartLab, tmp_path: Path) -> None:
    lab = start_lab()
    with socket.create_connection(lab.directory.doors["hamburger.edu", "imaps"], 10) as sock:
        sock.sendall(b"a LOGIN bob pickles\r\n")
        while sock.recv(500):
            pass
    (failed,) = wait_for(lab.log, lambda event: isinstance(event, TlsFailed))
    assert isinstance(failed, TlsFailed)
    assert failed.why
    with socket.create_connection(lab.directory.doors["hamburger.edu", "imaps"], 10):
        pass  # gone before a word
    wait_for(lab.log, lambda event: isinstance(event, TlsFailed), count=2)
