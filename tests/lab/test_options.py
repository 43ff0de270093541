"""What is written on the command line reaches the servers, on real sockets; what is wrong is answered with what is
right."""

from __future__ import annotations

import smtplib

import pytest

from mailtutor.errors import MailtutorError, UsageError
from mailtutor.lab.agents.sender import submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB, textbook_plan
from mailtutor.protocols.smtp.table import EVERYTHING
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell
from mailtutor.trace.events import Appended, Attempted, Delivered, FromClient, Queued
from tests.conftest import StartLab
from tests.lab.client import DATA, Client
from tests.lab.waiting import wait_for

LETTER = b"Subject: x\r\n\r\nhi\r\n"


def _ehlo(lab: Lab, host: str, service: str = "smtp") -> str:
    with Client(lab, host, service) as client:
        client.hear()
        return client.say("EHLO x")


@pytest.mark.parametrize("extension", sorted(EVERYTHING - {"EHLO", "AUTH", "FUTURERELEASE"}))
def test_an_extension_is_offered_where_it_was_not_taken_away(start_lab: StartLab, extension: str) -> None:
    lab = start_lab(options=Options(without=[f"hamburger.edu:{extension.lower()}"]))
    here, there = _ehlo(lab, "hamburger.edu"), _ehlo(lab, "crepes.fr")
    assert extension in there
    assert extension not in here


def _imap(lab: Lab) -> list[str]:
    with Client(lab, "hamburger.edu", "imap") as client:
        client.hear()
        return client.say("a1 CAPABILITY").split()


def test_imap_and_pop3_extensions_are_taken_away_by_the_same_word(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(without=["condstore", "starttls", "literal+", "uidl"]))
    offered = _imap(lab)
    assert {"CONDSTORE", "STARTTLS", "LITERAL+"}.isdisjoint(offered)
    assert {"QRESYNC", "LITERAL-", "MOVE"} <= set(offered)
    assert "STARTTLS" not in _ehlo(lab, "hamburger.edu")


def test_a_mailbox_that_holds_what_is_allowed_takes_no_more(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["hamburger.edu:quota=20"]))
    with Client(lab, "hamburger.edu", "smtp") as client:
        client.hear()
        client.say("HELO x")
        for answer in ("250", "552"):
            client.say("MAIL FROM:<alice@crepes.fr>")
            assert client.say("RCPT TO:<bob@hamburger.edu>").startswith(answer)
            if answer == "250":
                client.say("DATA")
                assert client.say("Subject: x\r\n\r\nhow about pickles?\r\n.").startswith("250")


def test_without_auth_nobody_logs_in(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(without=["AUTH"]))
    assert "AUTH" not in _ehlo(lab, "crepes.fr", "submission")


def test_without_ehlo_our_server_falls_back_to_helo(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(without=["hamburger.edu:EHLO"]))
    _send(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    said = [row.line.verb for row in dialogue_of(lab.log).rows if row.line.source.value == "C"]
    assert "HELO" in said


def _send(lab: Lab, to: str = BOB.address) -> None:
    lab.submit(submit(lab.directory, lab.plan, ALICE, [to], LETTER, lab.means)).result()


def _said(lab: Lab) -> bytes:
    return b"".join(event.data for event in lab.log if isinstance(event, FromClient))


@pytest.mark.parametrize(("mechanism", "verb"), [("CRAM-MD5", b"AUTH CRAM-MD5"), ("", b"AUTH SCRAM-SHA-256")])
def test_the_agent_logs_in_as_it_is_told(start_lab: StartLab, mechanism: str, verb: bytes) -> None:
    lab = start_lab(options=Options(mechanism=mechanism))
    _send(lab)
    assert verb in _said(lab)


def test_with_pipelining_several_commands_come_in_one_piece(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(pipelining=True))
    _send(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    pieces = [event.data for event in lab.log if isinstance(event, FromClient) and event.data.startswith(b"MAIL")]
    assert len(pieces) == 2
    assert all(b"RCPT" in piece and b"DATA" in piece for piece in pieces)


def test_a_server_that_insists_on_tls_takes_no_mail_without(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(rules=["hamburger.edu:tls-required"]))
    with Client(lab) as client:
        client.hear()
        assert client.say(*DATA[:2]).startswith("530 5.7.0")
    with Client(lab, host="crepes.fr") as other:
        other.hear()
        assert other.say(*DATA[:2]).startswith("250")


def test_passwords_may_need_tls(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(rules=["passwords-need-tls"]))
    with Client(lab, "crepes.fr", "submission") as client:
        client.hear()
        heard = client.say("EHLO x")
        assert "AUTH CRAM-MD5 SCRAM-SHA-256\r\n" in heard
        assert client.say("AUTH PLAIN").startswith("538 5.7.11")
    with pytest.raises(MailtutorError):
        _send(lab)


def test_8_bit_octets_may_have_to_be_announced(start_lab: StartLab) -> None:
    for options, code in ((Options(), "250"), (Options(rules=["strict-7bit"]), "554 5.6.3")):
        with Client(start_lab(options=options)) as client:
            client.hear()
            assert client.say(*DATA, "Subject: x\r\n\r\ncrêpe\r\n.").startswith(code)


SMUGGLED = b"one\r\n\n.\nMAIL FROM:<boss@hamburger.edu>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\ntwo\r\n.\r\n"


def test_a_bare_lf_is_refused_and_nothing_behind_it_is_heard(start_lab: StartLab) -> None:
    lab = start_lab()
    with Client(lab) as client:
        client.hear()
        client.say(*DATA)
        client.sock.sendall(SMUGGLED)
        assert client.hear().startswith("550 5.6.0 Message refused: a bare CR or LF")
        assert client.say("NOOP").startswith("250")
        client.sock.sendall(b"NOOP\n")
        assert client.hear().startswith("500 5.5.2 Bare LF")
    assert not [event for event in lab.log if isinstance(event, Appended)]


def test_the_old_servers_way_lets_a_second_message_in(start_lab: StartLab) -> None:
    """SMTP smuggling (CVE-2023-51764): what the first server took for text, this one takes for an end."""
    lab = start_lab(options=Options(rules=["hamburger.edu:accept-bare-lf"]))
    with Client(lab) as client:
        client.hear()
        client.say(*DATA)
        client.sock.sendall(SMUGGLED)
        assert [client.hear()[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
        client.sock.sendall(b"NOOP\n")
        assert client.hear().startswith("250")
    wait_for(lab.log, lambda event: isinstance(event, Appended), count=2)


def test_a_list_reaches_its_members_and_expn_names_them(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=["hamburger.edu:students=alice,bob@hamburger.edu"]))
    with Client(lab) as client:
        client.hear()
        heard = client.say("EHLO x", "EXPN students")
        assert "alice@crepes.fr" in heard
        assert "bob@hamburger.edu" in heard
        assert client.say(DATA[1], "RCPT TO:<students@hamburger.edu>", "DATA", "hi\r\n.").startswith("250")
    delivered = wait_for(lab.log, lambda event: isinstance(event, Delivered), count=2)
    assert {event.host for event in delivered if isinstance(event, Delivered)} == {"hamburger.edu", "crepes.fr"}


def test_a_backup_keeps_the_mail_of_a_server_that_is_down(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(backups=["crepes.fr:hamburger.edu"]))
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    host, port = lab.directory.doors["crepes.fr", "smtp"]
    with smtplib.SMTP(host, port, timeout=10) as smtp:
        smtp.sendmail("a@example.org", [BOB.address], LETTER)
    (queued,) = wait_for(lab.log, lambda event: isinstance(event, Queued))
    assert isinstance(queued, Queued)
    assert queued.host == "crepes.fr"
    # It is an exchanger itself, and does not hand the mail to itself (RFC 5321 §5.1).
    (attempt,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(attempt, Attempted)
    assert attempt.outcome == "deferred"
    lab.submit(lab.switch("hamburger.edu", up=True)).result()
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def test_a_session_starts_its_lab_with_them() -> None:
    session = Session(options=Options(limits=["size=1M"], mechanism="CRAM-MD5"))
    session.start()
    try:
        assert "SIZE 1048576" in _ehlo(session.lab, "crepes.fr")
        session.send("alice", [BOB.address], "x", "y")
        assert b"AUTH CRAM-MD5" in _said(session.lab)
    finally:
        session.stop()


WRONG = [
    ({"limits": ["speed=1"]}, "no limit speed; there are: line, text-line, size"),
    ({"limits": ["size=lots"]}, "limit size takes 1 to 1073741824, such as size=10M, not 'lots'"),
    ({"limits": ["size=0"]}, "limit size takes 1"),
    ({"limits": ["idle=2w"]}, "such as idle=30s"),
    ({"limits": ["recipients=10M"]}, "such as recipients=100"),
    ({"limits": ["recipients"]}, "not ''"),
    ({"limits": ["burger.edu:size=1M"]}, "there are: crepes.fr, hamburger.edu"),
    ({"without": ["XCLIENT"]}, "no extension XCLIENT; there are: 8BITMIME, APOP"),
    ({"rules": ["be-nice"]}, "no rule be-nice; there are: tls-required"),
    ({"lists": ["students=carol"]}, "is no mailing list; write NAME=ADDRESS"),
    ({"lists": ["students"]}, "is no mailing list"),
    ({"lists": ["a b=bob"]}, "is no mailing list"),
    ({"lists": ["students=bob@ x"]}, "is no mailing list"),
    ({"lists": ["hamburger.edu:a=b@hamburger.edu", "hamburger.edu:b=a@hamburger.edu"]}, "list a reaches nobody"),
    ({"backups": ["crepes.fr"]}, "is no backup; write HOST:DOMAIN"),
    ({"backups": ["crepes.fr:crepes.fr"]}, "such as crepes.fr:hamburger.edu"),
]


@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_what_is_wrong_is_answered_with_what_is_right(settings: dict[str, list[str]], said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        Options(**settings).applied(textbook_plan())  # type: ignore[arg-type]
    assert said in str(wrong.value)
    assert tell(wrong.value, words("en")) == str(wrong.value)
    assert tell(wrong.value, words("zh")) != str(wrong.value)


@pytest.mark.parametrize("host", ["", "hamburger.edu:"])
def test_a_member_may_be_at_an_address_written_out(host: str) -> None:
    plan = Options(lists=[f"{host}all=alice@[IPv6:::1],bob"]).applied(textbook_plan())
    assert plan.hosts[1].lists == {"all": ("alice@[IPv6:::1]", BOB.address)}


@pytest.mark.parametrize(
    ("written", "octets"), [("size=64k", 1 << 16), ("size=1G", 1 << 30), ("size=100", 100), ("size=10M", 10 << 20)]
)
def test_sizes_have_units(written: str, octets: int) -> None:
    assert Options(limits=[written]).applied(textbook_plan()).hosts[0].limits.size == octets


@pytest.mark.parametrize(("written", "seconds"), [("idle=90", 90), ("idle=30S", 30), ("idle=2h", 7200)])
def test_times_have_units(written: str, seconds: float) -> None:
    assert set(Options(limits=[written]).applied(textbook_plan()).hosts[1].idle_s.values()) == {seconds}
