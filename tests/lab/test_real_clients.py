"""Programs nobody here wrote, against our servers."""

from __future__ import annotations

import imaplib
import poplib
import shutil
import smtplib
import socket
import ssl
import subprocess

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.tls import CA_NAME
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.events import Closed, Delivered
from tests.conftest import StartLab
from tests.lab.waiting import wait_for

MESSAGE = "From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: pickles\r\n\r\n.dotted\r\nHow about pickles?\r\n"


def _send_by_smtplib(lab: Lab) -> None:
    with smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=10) as smtp:
        smtp.login("alice", "baguette")
        assert smtp.has_extn("size")
        assert smtp.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE) == {}
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def test_smtplib_sends_and_poplib_reads_and_deletes(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    pop = poplib.POP3(*lab.directory.doors["hamburger.edu", "pop3"], timeout=10)
    assert {"UIDL", "TOP", "USER"} <= set(pop.capa())
    pop.user("bob")
    pop.pass_("pickles")
    assert pop.stat()[0] == 1
    _, lines, _ = pop.retr(1)
    assert lines[-2:] == [b".dotted", b"How about pickles?"]
    assert pop.top(1, 1)[1][-1] == b".dotted"
    assert len(pop.uidl()[1]) == 1
    pop.dele(1)
    pop.quit()
    pop = poplib.POP3(*lab.directory.doors["hamburger.edu", "pop3"], timeout=10)
    pop.user("bob")
    pop.pass_("pickles")
    assert pop.stat() == (0, 0)
    pop.quit()


def test_poplib_logs_in_by_a_digest_and_inside_tls(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    door = lab.directory.doors["hamburger.edu", "pop3"]
    pop = poplib.POP3(*door, timeout=10)
    pop.apop("bob", "pickles")
    assert pop.stat()[0] == 1
    pop.quit()
    pop = poplib.POP3(*door, timeout=10)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        pop.apop("bob", "ketchup")
    context = ssl.create_default_context(cafile=str(lab._data / CA_NAME))
    pop.stls(context)
    assert "STLS" not in pop.capa()
    pop.utf8()
    pop.user("bob")
    pop.pass_("pickles")
    assert pop.retr(1)[1][-1] == b"How about pickles?"
    pop.quit()
    connection = next(c for c in dialogue_of(lab.log).connections.values() if c.protocol == "pop3" and c.tls)
    assert connection.state in ("update", "closed")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl; the interop tests have it")
@pytest.mark.parametrize("mechanism", ["+APOP", "PLAIN", "LOGIN", "CRAM-MD5"])
def test_curl_reads_with_every_login_it_has(start_lab: StartLab, mechanism: str) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    address, port = lab.directory.doors["hamburger.edu", "pop3"]
    command = ["curl", "-sS", "--max-time", "10", "-u", "bob:pickles", "--login-options", f"AUTH={mechanism}"]
    done = subprocess.run([*command, f"pop3://{address}:{port}/1"], capture_output=True, timeout=20, check=False)
    assert b"How about pickles?" in done.stdout, done.stderr


def test_imaplib_reads_flags_copies_and_expunges(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    imap = imaplib.IMAP4(*lab.directory.doors["hamburger.edu", "imap"], timeout=10)
    imap.login("bob", "pickles")
    assert imap.create("Archiv")[0] == "OK"
    assert imap.select("INBOX") == ("OK", [b"1"])
    assert imap.search(None, "SUBJECT", "pickles") == ("OK", [b"1"])
    _, data = imap.fetch("1", "(FLAGS BODY.PEEK[TEXT])")
    assert isinstance(data[0], tuple)
    assert data[0][1] == b".dotted\r\nHow about pickles?\r\n"
    assert imap.copy("1", "Archiv")[0] == "OK"
    assert imap.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
    assert imap.expunge() == ("OK", [b"1"])
    assert imap.select("Archiv") == ("OK", [b"1"])
    assert imap.append("INBOX", "\\Seen", "", b"Subject: kept\r\n\r\nhello\r\n")[0] == "OK"
    assert imap.status("INBOX", "(MESSAGES UNSEEN)")[1] == [b"INBOX (MESSAGES 1 UNSEEN 0)"]
    assert sorted(line.split()[-1] for line in imap.list()[1] if isinstance(line, bytes)) == [b"Archiv", b"INBOX"]
    imap.logout()


def test_a_mailbox_of_large_messages_comes_whole(start_lab: StartLab) -> None:
    lab = start_lab()
    imap = imaplib.IMAP4(*lab.directory.doors["hamburger.edu", "imap"], timeout=10)
    imap.login("bob", "pickles")
    messages = [b"Subject: %d\r\n\r\n" % number + b"%d" % number * 300_000 for number in range(5)]
    for message in messages:
        assert imap.append("INBOX", "", "", message)[0] == "OK"
    imap.select("INBOX")
    _, data = imap.fetch("1:*", "BODY.PEEK[]")
    assert [part[1] for part in data if isinstance(part, tuple)] == messages
    imap.logout()


def test_two_imap_sessions_agree_at_once(start_lab: StartLab) -> None:
    lab = start_lab()
    door = lab.directory.doors["hamburger.edu", "imap"]
    first, second = imaplib.IMAP4(*door, timeout=10), imaplib.IMAP4(*door, timeout=10)
    for imap in (first, second):
        imap.login("bob", "pickles")
        imap.select("INBOX")
    first.append("INBOX", "", "", b"Subject: a\r\n\r\n")
    second.noop()
    assert second.response("EXISTS")[1][-1] == b"1"
    second.store("1", "+FLAGS", "\\Flagged")
    assert b"\\Flagged" in first.fetch("1", "FLAGS")[1][0]  # type: ignore[operator]
    for imap in (first, second):
        imap.logout()


def test_idle_hears_of_new_mail(start_lab: StartLab) -> None:
    lab = start_lab()
    door = lab.directory.doors["hamburger.edu", "imap"]
    with socket.create_connection(door, timeout=10) as sock, sock.makefile("rwb") as file:
        file.write(b"a LOGIN bob pickles\r\nb SELECT INBOX\r\nc IDLE\r\n")
        file.flush()
        while not file.readline().startswith(b"+"):
            pass
        _send_by_smtplib(lab)
        assert file.readline() == b"* 1 EXISTS\r\n"
        assert file.readline() == b"* 1 RECENT\r\n"
        file.write(b"DONE\r\n")
        file.flush()
        assert file.readline().startswith(b"c OK")


def test_what_strangers_say_is_in_the_trace(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    first = dialogue_of(lab.log).connections[1]
    assert first.client.name == ""
    verbs = [row.line.verb for row in first.rows if row.line.source is Source.CLIENT and row.line.verb]
    # smtplib takes CRAM-MD5 where it is offered: a challenge, and an answer to it.
    assert verbs == ["EHLO", "AUTH", "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_and_reads(start_lab: StartLab) -> None:
    lab = start_lab()
    address, port = lab.directory.doors["crepes.fr", "submission"]
    sent = subprocess.run(
        ["curl", "-sS", "--max-time", "20", f"smtp://{address}:{port}", "--user", "alice:baguette", "--mail-from",
         "alice@crepes.fr", "--mail-rcpt", "bob@hamburger.edu", "-T", "-"],
        input=MESSAGE.encode(), capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert (sent.returncode, sent.stderr) == (0, b"")
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    for scheme, path in (("pop3", "/1"), ("imap", "/INBOX;MAILINDEX=1")):
        address, port = lab.directory.doors["hamburger.edu", scheme]
        read = subprocess.run(
            ["curl", "-sS", "--max-time", "20", f"{scheme}://{address}:{port}{path}", "--user", "bob:pickles"],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        assert read.returncode == 0, read.stderr
        assert read.stdout.endswith(b".dotted\r\nHow about pickles?\r\n")


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
def test_nc_typed_into_a_port_gets_its_answers(start_lab: StartLab) -> None:
    lab = start_lab()
    address, port = lab.directory.doors["hamburger.edu", "smtp"]
    typed = b"HELO me\nMAIL FROM:<me@example.org>\nRCPT TO:<bob@hamburger.edu>\nDATA\nhello\n.\nQUIT\n"
    said = subprocess.run(
        ["nc", "-C", "-N", "-w", "10", address, str(port)], input=typed, capture_output=True, timeout=30, check=False
    )
    assert [line[:3] for line in said.stdout.splitlines()] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]


def test_a_connection_cut_in_the_middle_of_a_message_delivers_nothing(start_lab: StartLab) -> None:
    lab = start_lab()
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        sock.sendall(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nhalf")
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert not [event for event in lab.log if isinstance(event, Delivered)]


def test_a_pop3_connection_cut_before_quit_deletes_nothing(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_by_smtplib(lab)
    with socket.create_connection(lab.directory.doors["hamburger.edu", "pop3"], timeout=10) as sock:
        sock.sendall(b"USER bob\r\nPASS pickles\r\nDELE 1\r\n")
        file = sock.makefile("rb")
        for _ in range(4):
            assert file.readline().startswith(b"+OK")
        file.close()
    wait_for(lab.log, lambda event: isinstance(event, Closed), count=3)
    pop = poplib.POP3(*lab.directory.doors["hamburger.edu", "pop3"], timeout=10)
    pop.user("bob")
    pop.pass_("pickles")
    assert pop.stat()[0] == 1
    pop.quit()


def test_pop3_sends_and_counts_what_imap_appended_with_crlf_only(start_lab: StartLab) -> None:
    lab = start_lab()
    imap = imaplib.IMAP4(*lab.directory.doors["hamburger.edu", "imap"], timeout=10)
    imap.login("bob", "pickles")
    # Not imap.append: that would mend the line ends.
    imap.literal = b"Subject: b\n\nbare\n.\nafter"  # type: ignore[assignment]
    imap._simple_command("APPEND", "INBOX")
    imap.logout()
    pop = poplib.POP3(*lab.directory.doors["hamburger.edu", "pop3"], timeout=10)
    pop.user("bob")
    pop.pass_("pickles")
    answer, lines, _ = pop.retr(1)
    assert lines == [b"Subject: b", b"", b"bare", b".", b"after"]
    assert answer.split()[1] == str(sum(len(line) + 2 for line in lines)).encode()
    assert pop.noop().startswith(b"+OK")
    pop.quit()
