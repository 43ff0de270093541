"""What devices know beside what the server has: a fold over the trace, compared message by message."""

from __future__ import annotations

from mailtutor.reading.devices import ROSTER, Cell, Sign, compared
from mailtutor.reading.world import World
from mailtutor.trace.events import AnyEvent, Appended, DeviceMail, DeviceSynced, Expunged, Flagged

OF = {"t": 0.0, "at": 0.0, "host": "hamburger.edu", "user": "bob", "mailbox": "INBOX"}


def appended(uid: int) -> Appended:
    return Appended(uid=uid, size=9, subject=f"mail {uid}", **OF)  # type: ignore[arg-type]


def phone(*mails: DeviceMail, **more: object) -> DeviceSynced:
    return DeviceSynced(device="phone", protocol="imap", step="synchronised", mails=mails, **OF, **more)  # type: ignore[arg-type]


def mail(key: str, *flags: str, pending: tuple[str, ...] = ()) -> DeviceMail:
    return DeviceMail(key=key, holds="headers", subject=f"mail {key}", flags=flags, pending=pending)


def signs(*events: AnyEvent) -> dict[int, dict[str, Sign]]:
    """UID → device → sign."""
    world = World()
    world.take(events)
    (shared,) = compared(world)
    return {line.uid: {name: cell.sign for name, cell in line.cells.items() if cell.sign} for line in shared.lines}


def test_without_a_device_there_is_nothing_to_compare() -> None:
    world = World()
    world.take([appended(1)])
    assert compared(world) == []


def test_the_newest_stands_first_and_a_device_never_connected_knows_nothing() -> None:
    found = signs(appended(1), appended(2), phone(mail("1"), mail("2")))
    assert list(found) == [2, 1]
    assert found[1] == {"laptop": Sign.NEW, "phone": Sign.SAME}
    assert set(found[1]) == set(ROSTER)


def test_what_it_said_last_counts() -> None:
    assert signs(appended(1), phone(mail("1")), phone()) == {1: {"laptop": Sign.NEW, "phone": Sign.NEW}}


def test_each_difference_has_its_sign() -> None:
    flagged = Flagged(uid=2, flags=("\\Flagged",), **OF)  # type: ignore[arg-type]
    expunged = Expunged(uid=3, **OF)  # type: ignore[arg-type]
    known = phone(mail("1"), mail("2"), mail("3"), mail("4", pending=("+\\Seen",)))
    found = signs(*(appended(uid) for uid in range(1, 6)), known, flagged, expunged)
    assert [found[uid]["phone"].value for uid in range(1, 6)] == ["=", "✎", "−", "↑", "+"]
    assert "laptop" not in found[3]


def test_flags_are_no_business_of_pop3() -> None:
    whole = DeviceMail(key="1795.1", holds="whole")
    laptop = DeviceSynced(device="laptop", protocol="pop3", step="fetched", mails=(whole,), **OF)  # type: ignore[arg-type]
    flagged = Flagged(uid=1, flags=("\\Seen",), **OF)  # type: ignore[arg-type]
    assert signs(appended(1), laptop, flagged)[1]["laptop"] is Sign.SAME


def test_of_messages_older_than_the_trace_was_told_nothing_is_claimed() -> None:
    found = signs(appended(1), appended(2), appended(3), phone(mail("2"), more=1))
    assert [found[uid]["phone"] for uid in (1, 2, 3)] == [Sign.OLDER, Sign.SAME, Sign.NEW]


def test_a_message_without_a_unique_id_of_ours_is_passed_over_and_a_strange_device_has_its_column() -> None:
    odd = DeviceSynced(
        device="tablet",
        protocol="pop3",
        step="fetched",
        mails=(DeviceMail(key="no-uidl-x", holds="whole"),),
        **OF,  # type: ignore[arg-type]
    )
    world = World()
    world.take([appended(1), odd])
    (shared,) = compared(world)
    assert list(shared.devices) == ["laptop", "phone", "tablet"]
    assert shared.lines[0].cells["tablet"] == Cell(Sign.NEW)
