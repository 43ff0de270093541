"""What a POP3 server's service decides: who may log in and when, what is thrown away, what a broken store means."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from mailtutor.errors import StoreError, UsageError
from mailtutor.lab.faults import Faults
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB, textbook_plan
from mailtutor.lab.services.pop3 import Maildrops, Pop3Service, Pop3Settings
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.spec import Wording
from mailtutor.store import mailboxes
from mailtutor.trace.events import Expunged
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.house import MESSAGE, House

DAY_S = 86400
LOGIN = ("USER bob", "PASS pickles")
DELAYED = "-ERR [LOGIN-DELAY] wait 60 seconds between two logins"


class Server:
    """A server with bob's and alice's maildrops, fed by hand."""

    def __init__(self, folder: Path, **plan: object) -> None:
        self.house = House(folder)
        delivery = self.house.delivery
        delivery.plan = replace(delivery.plan, users=(BOB, replace(ALICE, domain=BOB.domain)), **plan)  # type: ignore[arg-type]
        self.maildrops = Maildrops()

    def session(self) -> Session:
        """A client that has been greeted."""
        house = self.house
        settings = Pop3Settings(Faults(house.clock))
        service = Pop3Service(house.delivery, self.maildrops, house.recorder, house.hub, Wording.EXTENDED, settings)
        return Session(service)

    async def has(self, *messages: bytes) -> None:
        """These arrive for bob, now."""

        def put(db: sqlite3.Connection, message: bytes) -> int:
            return mailboxes.deliver(db, "hamburger.edu", "bob", message, 1.0, self.house.clock.wall())

        for message in messages:
            self.house.database.write(lambda db, message=message: put(db, message)).result()  # type: ignore[misc]


class Session:
    """One session."""

    def __init__(self, service: Pop3Service) -> None:
        self.service = service
        service.engine.greet()
        service.engine.data_to_send()

    async def say(self, *lines: str) -> list[str]:
        """What is answered to these lines."""
        engine = self.service.engine
        engine.receive_data("".join(f"{line}\r\n" for line in lines).encode())
        while (event := engine.next_event()) is not NEED_DATA and event is not CLOSE:
            if not self.service.answer(event):
                await self.service.handle(event)
        return engine.data_to_send().decode().splitlines()

    async def leave(self) -> None:
        """The connection ends, however."""
        await self.service.ended()


# LOGIN-DELAY --------------------------------------------------------------------------------------------------------


async def test_a_user_waits_between_two_logins_by_the_labs_clock(tmp_path: Path) -> None:
    server = Server(tmp_path, login_delay_s=60)
    assert (await server.session().say(*LOGIN, "QUIT"))[1].startswith("+OK maildrop")
    session = server.session()
    server.house.clock.advance(59)
    assert await session.say(*LOGIN) == ["+OK now the password", DELAYED]
    assert (await session.say("USER bob", "PASS wrong"))[1].startswith("-ERR [AUTH]")
    server.house.clock.advance(1)
    # Neither what failed nor who was sent away begins the time anew.
    assert (await session.say(*LOGIN))[1].startswith("+OK maildrop")


async def test_the_delay_is_each_users_own_and_the_same_for_every_way_in(tmp_path: Path) -> None:
    server = Server(tmp_path, login_delay_s=60)
    assert (await server.session().say(*LOGIN))[1].startswith("+OK maildrop")
    assert (await server.session().say("USER alice", "PASS baguette"))[1].startswith("+OK maildrop")
    assert await server.session().say("AUTH PLAIN AGJvYgBwaWNrbGVz") == [DELAYED]


async def test_login_delay_is_told_only_where_there_is_one(tmp_path: Path) -> None:
    assert "LOGIN-DELAY 60" in await Server(tmp_path / "a", login_delay_s=60).session().say("CAPA")
    assert not [line for line in await Server(tmp_path / "b").session().say("CAPA") if "DELAY" in line]


def test_login_delay_is_an_option(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["hamburger.edu:login-delay=1m"]))
    for answer in ("+OK maildrop", DELAYED):
        with Client(lab, service="pop3") as client:
            client.hear()
            assert client.say(*LOGIN).startswith(answer)
            client.say("QUIT")
    with Client(lab, host="crepes.fr", service="pop3") as elsewhere:
        elsewhere.hear()
        assert elsewhere.say("USER alice", "PASS baguette").startswith("+OK")


# EXPIRE -------------------------------------------------------------------------------------------------------------


async def test_mail_older_than_the_host_keeps_it_is_gone_before_it_is_numbered(tmp_path: Path) -> None:
    server = Server(tmp_path, expire_days=30)
    await server.has(MESSAGE)
    server.house.clock.advance(20 * DAY_S)
    await server.has(b"young\r\n")
    server.house.clock.advance(10 * DAY_S + 1)
    said = await server.session().say(*LOGIN, "LIST", "CAPA")
    assert said[1:5] == ["+OK maildrop has 1 message (7 octets)", "+OK 1 message (7 octets)", "1 7", "."]
    assert "EXPIRE 30" in said
    (gone,) = server.house.happened(Expunged)
    assert isinstance(gone, Expunged)
    assert gone.uid == 1


async def test_nothing_expires_where_nobody_said_so_nor_for_a_wrong_password(tmp_path: Path) -> None:
    server = Server(tmp_path / "never")
    await server.has(MESSAGE)
    server.house.clock.advance(50_000 * DAY_S)
    said = await server.session().say(*LOGIN, "CAPA")
    assert said[1].startswith("+OK maildrop has 1 message")
    assert "EXPIRE NEVER" in said

    server = Server(tmp_path / "month", expire_days=30)
    await server.has(MESSAGE)
    server.house.clock.advance(31 * DAY_S)
    assert (await server.session().say("USER bob", "PASS wrong"))[1].startswith("-ERR [AUTH]")
    assert not server.house.happened(Expunged)


async def test_with_expire_0_what_was_fetched_goes_at_quit_and_not_when_the_line_is_cut(tmp_path: Path) -> None:
    server = Server(tmp_path, expire_days=0)
    await server.has(MESSAGE, MESSAGE)
    cut = server.session()
    await cut.say(*LOGIN, "RETR 1")
    await cut.leave()
    said = await server.session().say(*LOGIN, "STAT", "RETR 1", "QUIT")
    assert said[2].startswith("+OK 2 ")
    assert said[-1].endswith("(1 message left)")
    assert (await server.session().say(*LOGIN, "STAT"))[2].startswith("+OK 1 ")


@pytest.mark.parametrize(
    ("limit", "setting"),
    [("login-delay=60", ("login_delay_s", 60)), ("expire=30d", ("expire_days", 30)), ("expire=0", ("expire_days", 0))],
)
def test_both_can_be_written_on_the_command_line(limit: str, setting: tuple[str, int]) -> None:
    one, other = Options(limits=[f"hamburger.edu:{limit}"]).applied(textbook_plan()).hosts[::-1]
    assert getattr(one, setting[0]) == setting[1]
    assert getattr(other, setting[0]) in (None, 0)
    with pytest.raises(UsageError, match="such as"):
        Options(limits=[limit.split("=")[0] + "=soon"]).applied(textbook_plan())


# The maildrop -------------------------------------------------------------------------------------------------------


async def test_ids_stay_over_sessions_and_are_never_used_again(tmp_path: Path) -> None:
    server = Server(tmp_path)
    await server.has(b"one\r\n", b"two\r\n", b"three\r\n")
    first = await server.session().say(*LOGIN, "UIDL", "DELE 3", "QUIT")
    await server.has(b"four\r\n")
    second = await server.session().say(*LOGIN, "UIDL", "QUIT")
    assert second[3:5] == first[3:5]
    assert second[5].removeprefix("3 ") not in {line[2:] for line in first[3:6]}


async def test_one_session_at_a_time_has_the_maildrop(tmp_path: Path) -> None:
    server = Server(tmp_path)
    first, second = server.session(), server.session()
    await first.say(*LOGIN)
    assert (await second.say(*LOGIN))[1].startswith("-ERR [IN-USE]")
    await first.leave()
    assert (await second.say(*LOGIN))[1].startswith("+OK maildrop")


# A broken store -----------------------------------------------------------------------------------------------------


def _broken(cause: Exception) -> StoreError:
    wrong = StoreError("no")
    wrong.__cause__ = cause
    return wrong


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (sqlite3.OperationalError("database is locked"), "SYS/TEMP"),
        (sqlite3.DatabaseError("database disk image is malformed"), "SYS/PERM"),
    ],
)
@pytest.mark.parametrize("expire_days", [None, 30])
async def test_a_store_that_cannot_be_read_is_the_servers_fault_and_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: Exception, code: str, expire_days: int | None
) -> None:
    server = Server(tmp_path, expire_days=expire_days)
    session = server.session()
    with monkeypatch.context() as broken:

        def read(_: object) -> object:
            raise _broken(cause)

        broken.setattr(server.house.database, "read", read)
        assert (await session.say(*LOGIN))[1].startswith(f"-ERR [{code}] ")
    assert (await session.say(*LOGIN))[1].startswith("+OK maildrop")


async def test_a_message_that_cannot_be_read_now_may_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path)
    await server.has(MESSAGE)
    session = server.session()
    await session.say(*LOGIN)
    with monkeypatch.context() as broken:

        def read(_: object) -> object:
            raise StoreError("no")

        broken.setattr(server.house.database, "read", read)
        assert await session.say("RETR 1") == ["-ERR [SYS/TEMP] message 1 cannot be read now; try again later"]
    assert (await session.say("RETR 1"))[0].startswith("+OK ")


async def test_a_message_removed_by_another_program_is_gone_for_good(tmp_path: Path) -> None:
    server = Server(tmp_path)
    await server.has(MESSAGE)
    session = server.session()
    await session.say(*LOGIN)
    database = server.house.database
    inbox = database.read(lambda db: mailboxes.find(db, "hamburger.edu", "bob", "INBOX"))
    assert inbox is not None
    database.write(lambda db: mailboxes.expunge(db, inbox.id, [1])).result()
    assert await session.say("RETR 1") == ["-ERR message 1 cannot be read any more"]


async def test_an_update_that_fails_still_lets_the_maildrop_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path)
    await server.has(MESSAGE)
    session = server.session()
    await session.say(*LOGIN, "DELE 1")

    async def commit(*_: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr("mailtutor.lab.services.pop3.commit", commit)
    assert await session.say("QUIT") == ["-ERR some deleted messages not removed"]
    assert (await server.session().say(*LOGIN, "STAT"))[2].startswith("+OK 1 ")
