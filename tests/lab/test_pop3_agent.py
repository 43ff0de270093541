"""bob's POP3 agent on two devices: what each has, what it fetches, and by what door it comes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError, NetworkError, StoreError
from mailtutor.lab.agents.pop3 import Device, download, synchronise
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import BOB, IMPLICIT_TLS, SeedMail
from mailtutor.protocols.lines import Source
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.store import mailboxes
from mailtutor.trace.events import Closed, FromClient
from tests.conftest import StartLab
from tests.lab.waiting import wait_for

ONE, TWO, THREE = (b"Subject: %b\r\n\r\nhi\r\n" % name for name in (b"one", b"two", b"three"))
SEED = (SeedMail("bob@hamburger.edu", ONE), SeedMail("bob@hamburger.edu", TWO))


def fetch(lab: Lab, *, delete: bool = False, **how: object) -> list[bytes]:
    """What the agent brings home."""
    return lab.submit(download(lab.directory, BOB, delete=delete, **how)).result()  # type: ignore[arg-type]


def fetch_on(lab: Lab, device: Device, *, delete: bool = False) -> list[bytes]:
    """What a device has not had yet."""
    return lab.submit(synchronise(device, lab.directory, BOB, delete=delete)).result()


def arrives(lab: Lab, content: bytes) -> None:
    """A message is in bob's maildrop."""

    def put(db: sqlite3.Connection) -> int:
        return mailboxes.deliver(db, BOB.domain, BOB.name, content, 1.0, 1.0)

    lab.hosts[BOB.domain].delivery.database.write(put).result()


def said(lab: Lab) -> list[str]:
    """The agent's verbs of its last session."""
    rows = [row for row in dialogue_of(lab.log).rows if row.line.source is Source.CLIENT]
    return [row.line.verb for row in rows if row.conn == rows[-1].conn]


def test_what_was_fetched_before_is_not_fetched_again(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    known: set[str] = set()
    assert fetch(lab, known=known) == [ONE, TWO]
    assert said(lab) == ["USER", "PASS", "UIDL", "RETR", "RETR", "QUIT"]
    assert fetch(lab, known=known) == []
    assert said(lab) == ["USER", "PASS", "UIDL", "QUIT"]
    arrives(lab, THREE)
    assert fetch(lab, known=known) == [THREE]
    assert len(known) == 3


def test_without_a_memory_everything_comes_every_time(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    assert fetch(lab) == fetch(lab) == [ONE, TWO]
    assert said(lab) == ["USER", "PASS", "LIST", "RETR", "RETR", "QUIT"]
    assert fetch(lab, delete=True) == [ONE, TWO]
    assert fetch(lab) == []


def test_two_devices_fetch_each_for_itself_and_remember_over_runs(start_lab: StartLab, tmp_path: Path) -> None:
    laptop, phone = Device(tmp_path, "laptop"), Device(tmp_path, "phone")
    lab = start_lab(seed=SEED, data=tmp_path / "lab")
    assert fetch_on(lab, laptop) == [ONE, TWO]
    lab.stop()
    lab = start_lab(data=tmp_path / "lab")
    assert fetch_on(lab, Device(tmp_path, "laptop")) == []
    arrives(lab, THREE)
    assert fetch_on(lab, laptop) == [THREE]
    # Who deletes takes the mail from the other, who knows of it no more.
    assert fetch_on(lab, phone, delete=True) == [ONE, TWO, THREE]
    assert phone.known(BOB) == set()
    assert len(laptop.known(BOB)) == 3
    assert fetch_on(lab, laptop) == []
    assert laptop.known(BOB) == set()


def test_mail_that_is_known_is_deleted_without_being_fetched_again(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    known: set[str] = set()
    fetch(lab, known=known)
    assert fetch(lab, delete=True, known=known) == []
    assert said(lab) == ["USER", "PASS", "UIDL", "DELE", "DELE", "QUIT"]
    assert known == set()
    assert fetch(lab) == []


def test_a_server_without_uidl_is_asked_for_everything(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED, options=Options(without=["UIDL"]))
    known = {"of another server"}
    assert fetch(lab, known=known) == fetch(lab, known=known) == [ONE, TWO]
    assert said(lab) == ["USER", "PASS", "UIDL", "LIST", "RETR", "RETR", "QUIT"]
    assert known == {"of another server"}


def test_a_session_that_breaks_is_not_remembered(start_lab: StartLab, tmp_path: Path) -> None:
    lab = start_lab(seed=SEED)
    device = Device(tmp_path, "laptop")

    class Vanished(Pop3Server):
        def send_message(self, content: bytes) -> None:
            if content == TWO:
                self.reply("err.gone")
            else:
                super().send_message(content)

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("mailtutor.lab.services.pop3.Pop3Server", Vanished)
        with pytest.raises(MailtutorError, match="RETR"):
            fetch_on(lab, device, delete=True)
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert device.known(BOB) == set()
    assert fetch_on(lab, device) == [ONE, TWO]


def test_a_refusal_is_told_with_its_code(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["login-delay=60"]))
    assert fetch(lab) == []
    with pytest.raises(MailtutorError, match=r"PASS with: -ERR \[LOGIN-DELAY\] wait 60 seconds"):
        fetch(lab)


def test_a_header_in_utf8_is_asked_for_in_utf8(start_lab: StartLab) -> None:
    chinese = "Subject: 番茄酱\r\n\r\nhi\r\n".encode()
    lab = start_lab(seed=(*SEED, SeedMail("bob@hamburger.edu", chinese)))
    assert fetch(lab, delete=True) == [ONE, TWO, chinese]
    assert said(lab)[:3] == ["UTF8", "USER", "PASS"]
    assert fetch(lab) == []


# TLS ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_the_agent_shows_its_password_only_inside_tls(start_lab: StartLab, service: str) -> None:
    lab = start_lab(seed=SEED)
    assert fetch(lab, trust=lab.means.trusted(), service=service) == [ONE, TWO]
    (way,) = dialogue_of(lab.log).connections.values()
    assert way.tls == "TLSv1.3"
    assert said(lab)[0] == ("USER" if service in IMPLICIT_TLS else "STLS")


def test_without_stls_the_agent_says_nothing_more_where_it_must_have_tls(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    lab.submit(lab.set_fault(BOB.domain, "no-tls", on=True)).result()
    with pytest.raises(MailtutorError, match="STLS"):
        fetch(lab, trust=lab.means.trusted())
    assert b"PASS" not in b"".join(event.data for event in lab.log if isinstance(event, FromClient))
    assert fetch(lab, trust=lab.means.trusted(), tls=Tls.OFFERED) == [ONE, TWO]
    assert said(lab)[:3] == ["STLS", "USER", "PASS"]


def test_a_wrong_certificate_ends_it(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    lab.submit(lab.set_fault(BOB.domain, "certificate", on=True, detail="expired")).result()
    for tls in (Tls.OFFERED, Tls.REQUIRED):
        with pytest.raises(NetworkError, match="expired"):
            fetch(lab, trust=lab.means.trusted(), tls=tls)


# The device's file --------------------------------------------------------------------------------------------------


def test_a_memory_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "devices").write_bytes(b"in the way")
    with pytest.raises(StoreError, match="--data"):
        Device(tmp_path, "laptop").remember(BOB, {"1.1"})
    (tmp_path / "devices").unlink()
    Device(tmp_path, "laptop").remember(BOB, {"1.1", "1.2"})
    assert Device(tmp_path, "laptop").known(BOB) == {"1.1", "1.2"}
    assert Device(tmp_path, "phone").known(BOB) == set()
