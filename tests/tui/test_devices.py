"""What bob's devices know, on the screen: beside the server, at any moment, and what they can be told to do."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Appended, DeviceMail, DeviceSynced, Expunged, Flagged
from mailtutor.tui.actions import DEVICES, LAB, of_mode
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.stage import StageScreen
from mailtutor.tui.widgets.devices import MOST_ROWS
from tests.tui.stage import FakeStage, shown, stage, until

OF = {"t": 0.0, "at": 0.0, "host": "hamburger.edu", "user": "bob", "mailbox": "INBOX"}
SIZES = [(80, 24), (120, 36)]


def appended(uid: int, subject: str) -> Appended:
    return Appended(uid=uid, size=9, subject=subject, **OF)  # type: ignore[arg-type]


def happened() -> list[AnyEvent]:
    """Four messages; the laptop has one, the phone three, of which one differs, one is gone, one is changed offline."""
    whole = DeviceMail(key="7.1", holds="whole", subject="Ketchup?")
    known = [
        DeviceMail(key="1", holds="text", subject="Ketchup?", flags=("\\Seen",)),
        DeviceMail(key="2", holds="headers", subject="Pickles", pending=("move Archive",)),
        DeviceMail(key="3", holds="headers", subject="酸黄瓜\x1b[2J"),
    ]
    return [
        appended(1, "Ketchup?"), appended(2, "Pickles"), appended(3, "酸黄瓜\x1b[2J"),
        DeviceSynced(device="laptop", protocol="pop3", step="fetched", mails=(whole,), **OF),  # type: ignore[arg-type]
        DeviceSynced(device="phone", protocol="imap", step="changed", mails=tuple(known), forgot=True, **OF),  # type: ignore[arg-type]
        Flagged(uid=1, flags=("\\Flagged",), **OF),  # type: ignore[arg-type]
        Expunged(uid=3, **OF),  # type: ignore[arg-type]
        appended(4, "News"),
    ]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_server_and_each_device_stand_side_by_side(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(happened()), "lab")
    say = words(language)
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("e")
        await until(pilot, lambda: "▣ bob@hamburger.edu  INBOX  (3)" in shown(app), "the mailbox")
        rows = {row.split()[0]: row for line in shown(app).splitlines() if (row := line.split("│")[-1]).split()}
        headers, text = say("screen.devices.holds.headers"), say("screen.devices.holds.text")
        assert rows["4"].split()[1:] == ["News", "·", "+", "+"]
        assert "\x1b" not in rows["3"]
        assert rows["3"].split()[-3:] == ["−", "−", headers]
        assert f"↑ {headers} {say('screen.devices.pending.move')} Archive" in rows["2"]
        assert f"✎ {text} \\Seen" in rows["1"]
        assert "\\Flagged" in rows["1"]
        starts = {cell_len(rows[uid].partition(sign)[0]) for uid, sign in (("1", "✎"), ("2", "↑"))}
        assert len(starts) == 1
        for sign in ("same", "new", "gone", "flags", "pending"):
            assert say(f"screen.devices.sign.{sign}").split()[0] in shown(app)
        assert "UIDVALIDITY" in shown(app)
        assert say("screen.action.laptop_keep.label") in shown(app).splitlines()[-1]
        await pilot.press("e")
        await until(pilot, lambda: "▣ bob" not in shown(app), "the wire again")


async def test_winding_back_shows_what_was_known_then() -> None:
    app = TuiApp(FakeStage(happened()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: "✎" in shown(app).partition("✎ other")[0], "the difference")
        await pilot.press("left", "left", "left", "left")
        await until(pilot, lambda: "phone (IMAP): has never been connected" in shown(app), "only the laptop")
        assert "= whole" in shown(app)
        await pilot.press("left")
        await until(pilot, lambda: "has read any mail yet" in shown(app), "no device")
        await pilot.press("g")
        await until(pilot, lambda: "UIDVALIDITY changed" in shown(app), "now")


async def test_a_large_mailbox_shows_its_newest() -> None:
    count = MOST_ROWS + 3
    mails = [appended(uid, f"mail {uid}") for uid in range(1, count + 1)]
    synced = DeviceSynced(device="phone", protocol="imap", step="synchronised", **OF)  # type: ignore[arg-type]
    app = TuiApp(FakeStage([*mails, synced]), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: f"mail {count}" in shown(app), "the newest")
        assert "… and 3 older ones" in stage(app).devices.content().plain


def test_the_keys_of_the_devices_have_a_method_on_every_screen_with_a_wire() -> None:
    assert all(hasattr(StageScreen, f"action_{action.id}") for action in of_mode(DEVICES))


async def test_every_key_of_the_view_has_its_device_act_and_says_what_came_of_it() -> None:
    session = FakeStage(happened())
    app = TuiApp(session, LAB)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("e")
        await pilot.pause()
        await pilot.press(*(action.keys for action in of_mode(DEVICES)))
        await until(pilot, lambda: len(session.acts) == 8, "every act")
        assert session.acts == [
            "laptop-pop3", "laptop-pop3-delete", "phone-sync", "phone-open", "phone-attachment", "phone-mark",
            "phone-archive", "phone-delete",
        ]  # fmt: skip
        assert "fine" in shown(app)


async def test_the_palette_has_them_without_the_view() -> None:
    app = TuiApp(FakeStage(happened()), LAB)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"archive")
        await until(pilot, lambda: "move the newest mail to Archive" in shown(app), "the action")


async def test_nothing_is_done_while_looking_back() -> None:
    session = FakeStage(happened())
    app = TuiApp(session, LAB)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("e", "left", "y")
        await until(pilot, lambda: "g returns to now" in shown(app), "the reason")
        assert session.acts == []


@pytest.mark.slow
async def test_with_real_servers_the_view_follows_what_the_devices_do(session: Session) -> None:
    app = TuiApp(session, LAB)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running and session.hosts, "the lab")
        await pilot.press("1", "e")
        await until(pilot, lambda: stage(app).viewpoint.live_world.count("hamburger.edu") == 1, "the mail")
        await pilot.press("y")
        await until(pilot, lambda: "= headers" in shown(app), "what the phone has")
        await pilot.press("u")
        await until(pilot, lambda: "↑ headers +\\Seen" in shown(app), "what it changed by itself")
        await pilot.press("x")
        await until(pilot, lambda: "− whole" in shown(app), "what only the laptop has")
        await pilot.press("y")
        await until(pilot, lambda: "in step" in shown(app), "the phone in step again")
        await until(pilot, lambda: "− headers" not in shown(app), "what the phone has no more")


async def test_a_time_no_calendar_has_is_drawn_as_unknown() -> None:
    events = [msgspec.structs.replace(event, at=1e308) for event in happened()]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: "--:--:--" in shown(app), "the devices")
