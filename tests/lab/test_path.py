"""The whole path, on real sockets: alice's agent, her server, his server, bob's agent."""

from __future__ import annotations

import errno
import re
import socket
import sys
import time
from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError, NetworkError, StoreError
from mailtutor.lab.agents import imap, pop3
from mailtutor.lab.agents.sender import submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB, SeedMail
from mailtutor.message.compose import compose
from mailtutor.paths import content
from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Wording
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.events import Attempted, Delivered, Queued
from mailtutor.trace.transcript import parse
from tests.conftest import StartLab
from tests.lab.script import recite
from tests.lab.waiting import wait_for


def _message(subject: str = "Ketchup?", body: str = "Do you like ketchup?\n.dot\n") -> bytes:
    return compose(
        sender=ALICE.address, recipients=[BOB.address], subject=subject, body=body, at=1_700_000_000.0,
        message_id=f"{subject.encode().hex()}@crepes.fr",
    )  # fmt: skip


def _send(lab: Lab, message: bytes, to: str = BOB.address) -> None:
    lab.submit(submit(lab.directory, lab.plan, ALICE, [to], message, lab.means)).result()


def _fetch(lab: Lab, *, delete: bool = False) -> list[bytes]:
    return lab.submit(pop3.download(lab.directory, BOB, delete=delete)).result()


@pytest.mark.parametrize("classic", [False, True])
def test_a_message_goes_from_alice_to_bob(start_lab: StartLab, classic: bool) -> None:
    lab = start_lab(classic=classic)
    _send(lab, _message())
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    (received,) = _fetch(lab)
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b"Do you like ketchup?\r\n.dot\r\n"
    lines = head.split(b"\r\n")
    assert lines[0] == b"Return-Path: <alice@crepes.fr>"
    hops = [line for line in lines if line.startswith(b"Received:")]
    assert [hop.split()[2] for hop in hops] == [b"crepes.fr", b"alice.crepes.fr"]


def test_the_trace_names_all_four_programs(start_lab: StartLab) -> None:
    lab = start_lab()
    _send(lab, _message())
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    _fetch(lab)
    ends = [(c.client.name, c.server.name, c.service) for c in dialogue_of(lab.log).connections.values()]
    assert ends == [
        ("alice@crepes.fr", "crepes.fr", "submission"),
        ("crepes.fr", "resolver", "dns"),
        ("crepes.fr", "hamburger.edu", "smtp"),
        ("bob@hamburger.edu", "hamburger.edu", "pop3"),
    ]


def test_imap_leaves_the_mail_and_marks_it_seen(start_lab: StartLab) -> None:
    lab = start_lab()
    _send(lab, _message())
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    first = lab.submit(imap.download(lab.directory, BOB, delete=False)).result()
    again = lab.submit(imap.download(lab.directory, BOB, delete=False)).result()
    assert first == again
    assert b"ketchup" in first[0]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a listening socket cannot be held closed")
def test_a_server_that_is_switched_off_keeps_its_port_and_refuses(start_lab: StartLab) -> None:
    lab = start_lab()
    door = lab.directory.doors["hamburger.edu", "smtp"]
    with socket.create_connection(door, 5) as talking:
        talking.recv(10)
        lab.submit(lab.switch("hamburger.edu", up=False)).result()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(door, 5)
        with pytest.raises(OSError, match=str(errno.EADDRINUSE)):
            socket.create_server(door)  # as another lab would, which would then be given this one's mail
    lab.submit(lab.switch("hamburger.edu", up=True)).result()
    assert lab.directory.doors["hamburger.edu", "smtp"] == door
    with socket.create_connection(door, 5) as talking:
        assert talking.recv(3) == b"220"
    lab.stop()
    socket.create_server(door).close()


def test_mail_waits_while_the_receiver_is_down_and_arrives_when_it_is_back(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    _send(lab, _message())
    (tried,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(tried, Attempted)
    assert (tried.outcome, tried.attempt) == ("deferred", 1)
    assert tried.next_try_s > 0
    lab.submit(lab.switch("hamburger.edu", up=True)).result()
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    assert len(_fetch(lab)) == 1
    last = wait_for(lab.log, lambda event: isinstance(event, Attempted) and event.outcome == "delivered")[0]
    assert isinstance(last, Attempted)
    assert last.queue_id == tried.queue_id
    assert last.attempt > tried.attempt


def test_what_was_queued_survives_a_restart(start_lab: StartLab, tmp_path: Path) -> None:
    lab = start_lab(data=tmp_path / "kept")
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    _send(lab, _message())
    wait_for(lab.log, lambda event: isinstance(event, Attempted))
    lab.stop()
    again = start_lab(data=tmp_path / "kept")
    again.submit(again.flush()).result()
    wait_for(again.log, lambda event: isinstance(event, Delivered))
    assert len(_fetch(again)) == 1


def test_three_queued_messages_leave_on_one_connection(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    for number in range(3):
        _send(lab, _message(f"number {number}"))
    wait_for(lab.log, lambda event: isinstance(event, Attempted), count=3)
    lab.submit(lab.switch("hamburger.edu", up=True)).result()
    lab.submit(lab.flush()).result()
    arrived = wait_for(lab.log, lambda event: isinstance(event, Delivered), count=3)
    assert len({event.conn for event in arrived if isinstance(event, Delivered)}) == 1


def test_a_refused_recipient_comes_back_as_a_report(start_lab: StartLab) -> None:
    lab = start_lab()
    _send(lab, _message(), to="nobody@hamburger.edu")
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.host == "crepes.fr")
    (report,) = lab.submit(pop3.download(lab.directory, ALICE, delete=False)).result()
    assert b"multipart/report; report-type=delivery-status" in report
    assert b"Final-Recipient: rfc822; nobody@hamburger.edu" in report
    assert b"Status: 5.1.1" in report
    assert report.startswith(b"Return-Path: <>")


def test_an_unknown_domain_comes_back_too(start_lab: StartLab) -> None:
    lab = start_lab()
    _send(lab, _message(), to="bob@nowhere.example")
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.host == "crepes.fr")
    (tried,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(tried, Attempted)
    assert tried.outcome == "refused"


def test_the_textbook_dialogue_is_word_for_word(start_lab: StartLab) -> None:
    lab = start_lab(classic=True)
    transcript = parse((content("transcripts") / "alice-bob.txt").read_bytes())
    said = [turn.data.rstrip(b"\r\n") for turn in transcript.turns if turn.from_client]
    lines = lab.submit(
        recite(lab.directory, name="crepes.fr", host="hamburger.edu", service="smtp", protocol="smtp", said=said)
    ).result()
    live = [(line.source is Source.CLIENT, line.raw) for line in lines]
    assert live == [(turn.from_client, turn.data) for turn in transcript.turns]
    (mail,) = _fetch(lab)
    assert mail.endswith(b"Do you like ketchup?\r\nHow about pickles?\r\n")


def test_the_textbook_pop3_dialogue_differs_only_where_the_notes_leave_lines_out(start_lab: StartLab) -> None:
    seed = tuple(SeedMail(BOB.address, b"x" * 70 + b"\r\n" + b"y" * (size - 74) + b"\r\n") for size in (498, 912))
    lab = start_lab(classic=True, seed=seed)
    transcript = parse((content("transcripts") / "bob-pop3.txt").read_bytes())
    said = [b"user bob", b"pass pickles"]
    said += [turn.data.rstrip(b"\r\n") for turn in transcript.turns if turn.from_client]
    lines = lab.submit(
        recite(lab.directory, name=BOB.address, host="hamburger.edu", service="pop3", protocol="pop3", said=said)
    ).result()
    start = next(index for index, line in enumerate(lines) if line.raw == b"list\r\n")
    live = [
        line.raw for line in lines[start:] if not (line.kind is Kind.REPLY and line.verb in ("LIST", "RETR", "DELE"))
    ]
    live = [raw for raw in live if not raw.startswith((b"x", b"y"))]
    printed = [turn.data for turn in transcript.turns if not turn.data.startswith(b"(message")]
    assert live == printed


def test_port_25_relays_for_nobody(start_lab: StartLab) -> None:
    lab = start_lab()
    lines = lab.submit(
        recite(
            lab.directory, name="you", host="crepes.fr", service="smtp", protocol="smtp",
            said=[b"HELO x", b"MAIL FROM:<a@b.c>", b"RCPT TO:<bob@hamburger.edu>", b"RCPT TO:<alice@crepes.fr>"],
        )
    ).result()  # fmt: skip
    assert [line.code for line in lines if line.code] == ["220", "250", "250", "550", "250"]


def test_every_message_has_an_id_of_its_own_which_is_an_atom(start_lab: StartLab) -> None:
    lab = start_lab()
    one = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        sock.sendall(b"EHLO x\r\n" + one * 20 + b"QUIT\r\n")
        while sock.recv(65536):
            pass
    messages = lab.submit(pop3.download(lab.directory, BOB, delete=False)).result()
    ids = [re.findall(rb" with E?SMTP id (\S+)", message)[0] for message in messages]
    assert len(set(ids)) == 20
    # RFC 5321 §4.4: Atom, which has no dot in it.
    assert all(re.fullmatch(rb"[0-9a-f-]+", one) for one in ids)


def test_alice_may_not_send_as_bob(start_lab: StartLab) -> None:
    lab = start_lab()
    said = [b"EHLO x", b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl", b"MAIL FROM:<bob@hamburger.edu>"]
    lines = lab.submit(
        recite(lab.directory, name="you", host="crepes.fr", service="submission", protocol="smtp", said=said)
    ).result()
    assert lines[-1].code == "553"


def test_one_folder_holds_one_lab(start_lab: StartLab, tmp_path: Path) -> None:
    start_lab(data=tmp_path / "one")
    with pytest.raises(StoreError, match="another mailtutor"):
        start_lab(data=tmp_path / "one")


def test_a_taken_port_moves_to_the_next_and_says_so(start_lab: StartLab, tmp_path: Path) -> None:
    first = start_lab()
    second = start_lab()
    assert first.directory.doors["crepes.fr", "smtp"][1] == 2525
    port = second.directory.doors["crepes.fr", "smtp"][1]
    assert port != 2525
    assert f"2525 (smtp uses {port})" in second.notices[0]


def test_an_address_of_another_machine_is_refused_in_words(tmp_path: Path, start_lab: StartLab) -> None:
    with pytest.raises(NetworkError, match="--host"):
        start_lab(bind_address="192.0.2.1")


def test_a_stopped_server_is_reported_not_awaited(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    with pytest.raises(MailtutorError, match="does not answer"):
        _fetch(lab)


def test_queueing_is_recorded_before_the_server_says_250(start_lab: StartLab) -> None:
    lab = start_lab()
    _send(lab, _message())
    dialogue = dialogue_of(lab.log)
    (queued,) = [n for n, event in enumerate(lab.log) if isinstance(event, Queued)]
    accepted = next(row.n for row in dialogue.rows if row.conn == 1 and row.line.verb == "." and row.line.code)
    assert queued < accepted


def test_the_clock_of_a_lab_starts_with_it(start_lab: StartLab) -> None:
    lab = start_lab()
    assert 0 <= lab.clock.now() < 60
    assert abs(lab.clock.wall() - time.time()) < 60
    assert lab.plan.wording is Wording.EXTENDED
