"""Winding: every view shows a prefix of the trace."""

from __future__ import annotations

from pathlib import Path

from mailtutor.store.archive import Archive
from mailtutor.trace.events import Appended, Closed, FaultSwitched
from mailtutor.trace.log import Log
from mailtutor.tui.viewpoint import Viewpoint, state_of
from tests.tui.stage import alice_bob


def viewpoint() -> Viewpoint:
    log = Log()
    for event in alice_bob():
        log.append(event)
    found = Viewpoint(log)
    found.read()
    return found


def test_winding_back_and_on_again_ends_where_it_began() -> None:
    view = viewpoint()
    total = len(view.moments)
    for _ in range(total + 3):
        view.wind(-1)
    assert view.last_row() is None
    assert view.connections() == []
    shown = []
    while not view.is_live:
        view.wind(1)
        row = view.last_row()
        shown.append(row.line.raw if row is not None else b"")
    assert len(shown) == total
    assert shown[0] == b"220 hamburger.edu\r\n"


def test_the_state_is_the_one_at_the_moment_shown() -> None:
    view = viewpoint()
    connection = view.connections()[0]
    assert state_of(connection, view.shown(connection)) == "closed"
    view.go(view.moments[3])
    assert state_of(connection, view.shown(connection)) == "ready"
    view.go(view.moments[4])
    assert state_of(connection, view.shown(connection)) == "mail"


def test_a_connection_is_open_until_the_moment_it_closed() -> None:
    view = viewpoint()
    connection = view.connections()[0]
    assert not view.is_open(connection)
    view.wind(-1)
    assert view.is_open(connection)


def test_the_world_is_the_one_at_the_moment_shown() -> None:
    view = viewpoint()
    view.log.append(Appended(t=9, at=9, host="h", user="bob", mailbox="INBOX", uid=1, size=3))
    view.read()
    assert view.world().count("h") == 1
    view.wind(-1)
    assert view.world().count("h") == 0


def test_new_events_do_not_move_a_view_of_the_past() -> None:
    view = viewpoint()
    view.wind(-2)
    before = view.end
    view.log.append(Closed(t=9, at=9, conn=1, by="client"))
    view.read()
    assert view.end == before
    assert view.is_wound_back


def test_a_recording_is_never_behind_of_now() -> None:
    view = viewpoint()
    view.is_recording = True
    view.wind(-2)
    assert not view.is_wound_back


def test_what_has_left_the_memory_is_read_from_the_archive(tmp_path: Path) -> None:
    log = Log(keep_bytes=4000)
    archive = Archive(log, tmp_path)
    for event in alice_bob() * 5:
        log.append(event)
    assert log.first > 0
    found = Viewpoint(log)
    assert len(found.read()) > 0
    assert found.read_to == len(log)
    for _ in range(len(found.moments) + 1):
        found.wind(-1)
    assert found.end == 0
    archive.close()


def test_faults_are_those_of_the_moment_shown() -> None:
    view = viewpoint()
    view.log.append(FaultSwitched(t=9, at=9, host="h", fault="busy", on=True, detail="rcpt"))
    view.log.append(FaultSwitched(t=9, at=9, host="h", fault="busy", on=False))
    view.read()
    assert view.faults() == {}
    view.wind(-1)
    assert view.faults() == {("h", "busy"): "rcpt"}
    view.wind(-1)
    assert view.faults() == {}


def test_going_to_the_last_moment_is_being_live_whatever_else_was_recorded_after_it() -> None:
    log = Log()
    for event in alice_bob():
        log.append(event)
    viewpoint = Viewpoint(log)
    viewpoint.read()
    assert viewpoint.moments[-1] < viewpoint.read_to  # the connection was closed
    viewpoint.go(viewpoint.moments[-2])
    assert not viewpoint.is_live
    viewpoint.go(viewpoint.moments[-1])
    assert viewpoint.is_live
