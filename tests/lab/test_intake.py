"""Mail from several sessions at once: one commit, every session its own answer, and nobody held up by the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import Callable
from typing import TypeVar

import pytest

from mailtutor.errors import StoreError
from mailtutor.lab import intake
from mailtutor.lab.delivery import Accepted, Filing
from mailtutor.lab.intake import Intake
from mailtutor.store import mailboxes
from mailtutor.store.queue import Envelope
from mailtutor.trace.events import Appended
from tests.conftest import StartLab
from tests.lab.client import DATA, Client
from tests.lab.house import MESSAGE, House

T = TypeVar("T")


def _filing(house: House) -> Filing:
    return house.delivery.filing(Envelope("alice@crepes.fr"), house.delivery.plan.users, (), MESSAGE)


def _uids(house: House) -> list[int]:
    box = house.database.read(lambda db: mailboxes.find(db, "hamburger.edu", "bob", "INBOX"))
    return house.database.read(lambda db: mailboxes.uids(db, box.id)) if box else []


class _Counting:
    """Commits at once, counted."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, *, able: bool = True) -> None:
        self.count = 0
        self._able = able
        self._really = house.database.at_once
        monkeypatch.setattr(house.database, "at_once", self._at_once)

    def _at_once(self, job: Callable[[sqlite3.Connection], T]) -> T | None:
        if not self._able:
            return None
        self.count += 1
        return self._really(job)


async def _hand_in(house: House, count: int, *, coming: int = 0) -> list[Accepted | Exception | None]:
    """What so many are told that hand in at once. coming: so many have begun a message and do not go on."""
    shared = Intake(house.database, lambda waiting: coming + count > waiting)
    told: list[Accepted | Exception | None] = []
    everybody = asyncio.Event()

    def tell(accepted: Accepted | None, error: Exception | None) -> None:
        told.append(accepted or error)
        if len(told) == count:
            everybody.set()

    for _ in range(count):
        shared.hand_in([_filing(house)], tell)
    await everybody.wait()
    return told


async def test_what_is_handed_in_together_is_one_commit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = _Counting(house, monkeypatch)
    told = await _hand_in(house, 5)
    assert commits.count == 1
    assert [one.filed[0][1] for one in told if isinstance(one, Accepted)] == _uids(house) == [1, 2, 3, 4, 5]
    assert len(house.happened(Appended)) == 5


async def test_who_does_not_go_on_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = _Counting(house, monkeypatch)
    await asyncio.wait_for(_hand_in(house, 2, coming=3), 5)
    assert commits.count == 1


async def test_one_commit_does_not_hold_the_loop_for_a_crowd(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = _Counting(house, monkeypatch)
    monkeypatch.setattr(intake, "MOST", 2)
    assert len(await _hand_in(house, 5)) == 5
    assert commits.count == 3


async def test_where_the_disk_is_slow_the_writer_takes_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _Counting(house, monkeypatch, able=False)
    told = await _hand_in(house, 3)
    assert all(isinstance(one, Accepted) for one in told)
    assert _uids(house) == [1, 2, 3]


async def test_what_could_not_be_written_is_said_to_each(house: House) -> None:
    house.database.close()
    assert [type(one) for one in await _hand_in(house, 2)] == [StoreError, StoreError]
    assert house.happened(Appended) == []


async def test_a_defect_of_one_keeps_no_other_waiting(house: House) -> None:
    shared = Intake(house.database, lambda _: False)
    faults: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(str(fault["exception"])))
    told = asyncio.Event()

    def broken(accepted: Accepted | None, error: Exception | None) -> None:
        raise ValueError("no")

    shared.hand_in([_filing(house)], broken)
    shared.hand_in([_filing(house)], lambda *_: told.set())
    await asyncio.wait_for(told.wait(), 5)
    assert faults == ["no"]


def _begin(client: Client) -> None:
    client.hear()
    assert client.say(*DATA).startswith("354")


def test_what_is_said_while_an_answer_is_on_its_way_is_answered_after_it(start_lab: StartLab) -> None:
    lab = start_lab()
    with Client(lab) as one, Client(lab) as other:
        _begin(one)
        _begin(other)  # so that neither is alone
        rest = "".join(f"{line}\r\n" for line in DATA[1:])
        one.sock.sendall(f"Subject: 1\r\n\r\none\r\n.\r\n{rest}".encode())
        replies = [one.hear() for _ in range(4)]
        assert [reply[:3] for reply in replies] == ["250", "250", "250", "354"]
        assert "accepted" in replies[0]
        assert one.say("two\r\n.").startswith("250")
        assert one.say("QUIT").startswith("221")


def test_who_hangs_up_behind_the_final_dot_has_sent_it(start_lab: StartLab) -> None:
    lab = start_lab()
    with Client(lab) as other:
        _begin(other)
        with Client(lab) as one:
            _begin(one)
            one.sock.sendall(b"Subject: 1\r\n\r\none\r\n.\r\n")
            one.sock.shutdown(socket.SHUT_WR)
            assert one.hear().startswith("250")
            assert one.hear() == ""
        assert other.say("two\r\n.").startswith("250")


def test_a_line_cut_behind_the_final_dot_says_nothing_of_what_was_filed(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "cut", on=True, detail="end")).result()
    with Client(lab) as other, Client(lab) as one:
        _begin(other)
        _begin(one)
        one.sock.sendall(b"Subject: 1\r\n\r\none\r\n.\r\n")
        heard = ""
        with contextlib.suppress(ConnectionError):
            heard = one.hear()
        assert heard == ""
    assert [event.uid for event in lab.log if isinstance(event, Appended)] == [1]
