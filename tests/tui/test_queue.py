"""The queue, minded as a mail administrator does; and the lab's time, in which it waits."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.world import Waiting
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Attempted, Bounced, Queued, Warned
from mailtutor.tui.app import TuiApp
from mailtutor.tui.lasting import lasting
from mailtutor.tui.widgets.queue import MOST_ROWS
from tests.tui.stage import FakeStage, shown, stage, until

EN, ZH = words("en"), words("zh")


def queued(number: int, recipient: str = "bob@hamburger.edu", due_in_s: float = 0.0) -> Queued:
    return Queued(
        t=0, at=1000, host="crepes.fr", queue_id=f"Q{number}", sender="alice@crepes.fr", recipients=(recipient,),
        size=500, due_in_s=due_in_s,
    )  # fmt: skip


def tried(number: int, attempt: int, outcome: str = "deferred", reply: str = "451 come back later") -> Attempted:
    return Attempted(
        t=0, at=1000, host="crepes.fr", queue_id=f"Q{number}", recipient="bob@hamburger.edu",
        to_host="hamburger.edu", outcome=outcome, reply=reply, attempt=attempt,
        next_try_s=80 if outcome == "deferred" else 0,
    )  # fmt: skip


def waiting() -> list[AnyEvent]:
    return [queued(1), tried(1, 1, reply="450 mailbox busy"), tried(1, 2), queued(2), tried(2, 1)]


def test_how_long_something_lasts_takes_two_units_at_most() -> None:
    assert [lasting(s, EN) for s in (0.4, 12, 60, 245, 7800, 86400, 273_600)] == [
        "0 s", "12 s", "1 min", "4 min 5 s", "2 h 10 min", "1 d", "3 d 4 h",
    ]  # fmt: skip
    assert lasting(245, ZH) == "4 分 5 秒"


async def test_the_wait_counts_down_in_the_labs_time() -> None:
    session = FakeStage(waiting())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q")
        await until(pilot, lambda: "1 min 20 s" in shown(app), "the whole wait")
        session.wall += 50
        await until(pilot, lambda: "30 s" in shown(app), "the rest of it")
        session.wall += 50
        await until(pilot, lambda: " now " in shown(app), "nothing left")


async def test_enter_unfolds_every_attempt_and_folds_it_again() -> None:
    session = FakeStage(waiting())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "enter")
        await until(pilot, lambda: "try 1 at hamburger.edu: ↻ 450 mailbox busy" in shown(app), "the first try")
        assert "try 2 at hamburger.edu: ↻ 451 come back" in shown(app)
        assert "taken over by crepes.fr, 500 octets" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "try 1 at" not in shown(app), "folded")


async def test_a_history_tells_of_the_warning_and_of_the_report() -> None:
    of = {"host": "crepes.fr", "queue_id": "Q1", "recipient": "bob@hamburger.edu"}
    events = [
        *waiting()[:3], Warned(t=0, at=15_400, waited_s=14_400, **of), tried(1, 3, "refused", "4.4.7 given up"),
        Bounced(t=0, at=400_000, reason="4.4.7 given up", **of),
    ]  # fmt: skip
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("q", "enter")
        await until(pilot, lambda: "takes long (4 h by now)" in shown(app), "the warning")
        assert "the sender gets a report: 4.4.7 given up" in shown(app)
        assert "✘ returned" in shown(app)


async def test_a_history_tells_of_what_was_filed_at_its_time() -> None:
    filed = msgspec.structs.replace(tried(1, 1, "delivered", ""), to_host="crepes.fr")
    app = TuiApp(FakeStage([queued(1), filed]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("q", "enter")
        await until(pilot, lambda: "its time had come: delivered into a mailbox" in shown(app), "the end of the wait")


async def test_the_marked_message_is_held_and_released() -> None:
    session = FakeStage(waiting())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "down", "h")
        await until(pilot, lambda: "Q2 is held" in shown(app), "the message held")
        await until(pilot, lambda: "▌ ❚❚ held" in shown(app), "what is seen of it")
        await pilot.press("h")
        await until(pilot, lambda: "Q2 may go on" in shown(app), "the message released")
        await until(pilot, lambda: "❚❚ held" not in shown(app), "what is seen of it")


async def test_recalling_asks_first_and_any_other_key_leaves_the_message() -> None:
    session = FakeStage(waiting())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "x")
        await until(pilot, lambda: "Press x again to take Q1" in shown(app), "the question")
        assert "sandbox" in app.export_screenshot()  # the rest of the screen stays
        await pilot.press("n")
        await until(pilot, lambda: "Press x again" not in shown(app), "no question")
        assert "recalled" not in shown(app)
        await pilot.press("x", "x")
        await until(pilot, lambda: "✘ recalled" in shown(app), "the message recalled")


async def test_a_message_on_its_way_cannot_be_recalled() -> None:
    session = FakeStage(waiting())
    session.is_on_its_way = True
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "x", "x")
        await until(pilot, lambda: "on its way at this moment" in shown(app), "the answer")


async def test_trying_now_asks_the_host_of_the_message_or_all_hosts() -> None:
    session = FakeStage(waiting())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "t")
        assert session.acts == ["flush crepes.fr"]
        await pilot.press("T")
        assert session.acts[1:] == ["flush crepes.fr", "flush hamburger.edu"]


async def test_what_is_over_and_what_is_past_cannot_be_changed() -> None:
    session = FakeStage([queued(1), tried(1, 1, "delivered", "250 ok"), queued(2), tried(2, 1)])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "end", "h")
        await until(pilot, lambda: "Nothing can be done about Q1" in shown(app), "the answer")
        await pilot.press("left", "home", "h")
        await until(pilot, lambda: "You are looking back" in shown(app), "the answer in the past")
        assert "❚❚ held" not in shown(app)


async def test_the_queue_opens_on_what_waits() -> None:
    session = FakeStage([queued(1), tried(1, 1)])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "up")
        session.log.append(tried(1, 2, "delivered", "250 ok"))
        session.log.append(queued(2))
        await until(pilot, lambda: "Q2" in shown(app), "the new message")
        await pilot.press("q", "q", "h")
        await until(pilot, lambda: "Q2" in shown(app) and "❚❚ held" in shown(app), "the one that waits held")


async def test_the_key_bar_shows_what_the_keys_do_in_the_queue() -> None:
    app = TuiApp(FakeStage(waiting()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: "h hold" in shown(app), "the queue's keys")
        bar = shown(app).split("\n")[-1]
        assert all(key in bar for key in ("enter history", "x recall", "t now", "T all"))
        await pilot.press("q")
        await until(pilot, lambda: "h hold" not in shown(app), "the wire's keys")


async def test_a_scheduled_message_says_when_it_leaves_in_both_languages() -> None:
    session = FakeStage([queued(1, due_in_s=3700)])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q")
        await until(pilot, lambda: "… scheduled" in shown(app) and "1 h 1 min" in shown(app), "the schedule")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "… 定时发送" in shown(app) and "1 小时 1 分" in shown(app), "in Chinese")


async def test_a_long_queue_scrolls_with_the_mark() -> None:
    session = FakeStage([event for number in range(60) for event in (queued(number), tried(number, 1))])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "end")
        await until(pilot, lambda: "Q59" in shown(app), "the last message")
        await pilot.press("home")
        await until(pilot, lambda: "Q0" in shown(app) and "next try in" in shown(app), "the first message")


async def test_a_very_long_queue_says_how_much_is_left_out() -> None:
    session = FakeStage([queued(number) for number in range(MOST_ROWS + 7)])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("q", "end")
        await pilot.press("pagedown")
        stage(app).queue.scroll_end(animate=False)
        await until(pilot, lambda: "… and 7 more" in shown(app), "the count")


# The lab's time ------------------------------------------------------------------------------------------------------


async def test_the_labs_time_runs_faster_and_the_bar_says_so() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        assert "lab ×" not in shown(app)
        for speed in (10, 60, 600, 3600, 3600):
            await pilot.press("plus")
            assert session.speed == speed
        await until(pilot, lambda: "lab ×3600" in shown(app), "the speed")
        for _ in range(5):
            await pilot.press("minus")
        assert session.speed == 1
        await until(pilot, lambda: "lab ×" not in shown(app), "the usual speed")


async def test_a_jump_says_how_far_and_to_what() -> None:
    session = FakeStage(waiting())
    session.next_event_s = 80
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("j")
        await until(pilot, lambda: "Jumped 1 min 20 s: crepes.fr tries again." in shown(app), "the jump")
        session.next_event_s = 0
        await pilot.press("j")
        await until(pilot, lambda: "nothing to jump to" in shown(app), "no jump")


@pytest.mark.slow
async def test_a_real_queue_is_held_jumped_over_and_recalled(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("4")
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the server off")
        await pilot.press("1", "q")
        await until(pilot, lambda: "↻ waiting" in shown(app), "the message waiting")
        await pilot.press("j")
        await until(pilot, lambda: "crepes.fr tries again." in shown(app), "the jump")
        await until(pilot, lambda: stage(app).queue.marked.attempts == 2, "another try")  # type: ignore[union-attr]
        await pilot.press("h")
        await until(pilot, lambda: "❚❚ held" in shown(app), "the message held")
        await pilot.press("j")
        await until(pilot, lambda: "nothing to jump to" in shown(app), "nothing that waits for a time")
        await pilot.press("x", "x")
        await until(pilot, lambda: "✘ recalled" in shown(app), "the message recalled")


@pytest.mark.slow
async def test_three_messages_wait_for_a_server_and_leave_on_one_connection(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver off, three messages, a jump while it is off, the receiver on, a jump: one connection brings all.

    The machine's time stands still, so that the lab's only jumps.
    """
    monkeypatch.setattr(
        "mailtutor.lab.clock.time", SimpleNamespace(monotonic=lambda: 0.0, time=lambda: 1_700_000_000.0)
    )
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")

        def waiting() -> list[Waiting]:
            return list(stage(app).viewpoint.live_world.queue.values())

        def rows() -> str:
            """What the queue shows; a message about something else may lie over it on the screen."""
            return stage(app).queue.content().plain

        await pilot.press("4")
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the server off")
        await pilot.press("q")
        for count in (1, 2, 3):
            await pilot.press("1")
            deferred = ["deferred"] * count
            await until(pilot, lambda: [row.state for row in waiting()] == deferred, "the message waiting")  # noqa: B023
        await until(pilot, lambda: rows().count("↻ waiting") == 3, "three rows")
        before = session.wall
        await pilot.press("j")
        await until(pilot, lambda: "Jumped 5 s: crepes.fr tries again." in shown(app), "the jump")
        assert session.wall == before + 5
        await until(pilot, lambda: [row.attempts for row in waiting()] == [2, 2, 2], "a try in vain")
        await pilot.press("4")
        await until(pilot, lambda: "✘ hamburger.edu down" not in shown(app), "the server on")
        await pilot.press("j")
        await until(pilot, lambda: rows().count("✔ delivered") == 3, "all three delivered")
    attempts = [event for event in session.log if isinstance(event, Attempted)]
    assert attempts[-1].at == before + 5 + 10
    delivered = [event.conn for event in attempts if event.outcome == "delivered"]
    assert len(delivered) == 3
    assert set(delivered) == {c.conn for c in dialogue_of(session.log).connections.values() if c.service == "smtp"}
    assert len(set(delivered)) == 1


@pytest.mark.slow
async def test_a_whole_wait_passes_in_a_moment_when_time_runs_fast(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("4")
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the server off")
        await pilot.press("1", "q", *["plus"] * 4)
        await until(pilot, lambda: "lab ×3600" in shown(app), "the speed")
        await until(pilot, lambda: stage(app).viewpoint.live_world.queue, "the message")
        row = next(iter(stage(app).viewpoint.live_world.queue))
        await until(pilot, lambda: stage(app).viewpoint.live_world.queue[row].attempts > 4, "many tries")


def test_what_lasts_beyond_reason_is_told_by_its_bound() -> None:
    assert [lasting(s, EN) for s in (8.64e9, 8.7e9, 1e308, float("inf"), -1e308)] == [
        "100000 d", "> 100000 d", "> 100000 d", "> 100000 d", "< 0 d",
    ]  # fmt: skip


@pytest.mark.parametrize("at", [1e308, -1e308, 1e17])
async def test_times_no_calendar_has_are_drawn_as_unknown(at: float) -> None:
    events: list[AnyEvent] = [queued(1), msgspec.structs.replace(tried(1, 1), at=at, next_try_s=1e308)]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("q", "enter")
        await until(pilot, lambda: "--:--:--  try 1 at" in shown(app), "the try")
