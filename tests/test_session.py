"""A session whose student's file cannot be used."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from mailtutor import paths
from mailtutor.cli.dispatch import run
from mailtutor.errors import StoreError
from mailtutor.session import Session
from mailtutor.store import database
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from tests.tui.stage import shown, until


@pytest.fixture
def barred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that cannot be made: a file stands where its folder would."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "file" / "home"))
    return tmp_path


def test_without_a_home_a_student_may_learn_and_is_told_that_nothing_is_kept(barred: Path) -> None:
    session = Session()
    try:
        assert session.results() == {}
        session.set_result("02-x", "a", "done")
        assert session.results() == {("02-x", "a"): ("done", "")}
        assert ["neither shown nor kept" in trouble for trouble in session.troubles] == [True]
    finally:
        session.stop()


def test_without_a_home_there_is_no_empty_report(barred: Path) -> None:
    session = Session()
    try:
        with pytest.raises(StoreError, match="cannot be used as a folder"):
            session.report("en")
    finally:
        session.stop()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["home", "lesson", "practice"])
async def test_without_a_home_the_screen_says_so_and_opens(barred: Path, start: str) -> None:
    session = Session(net="127.0.47.")
    try:
        app = TuiApp(session, start, {"lesson": "01-who-is-who"} if start == "lesson" else None)
        told: list[str] = []
        app.notify = lambda message, **_: told.append(message)  # type: ignore[method-assign]
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(500):
                await pilot.pause()
                if any("neither shown nor kept" in one for one in told) or app._exception is not None:
                    break
            assert app._exception is None
        assert any("neither shown nor kept" in one for one in told)
    finally:
        session.stop()


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home whose file of progress has no room left on its disk, from the moment it is opened."""
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "home"))
    path = paths.progress_file()
    database.Database(path).close()
    connect = database._connect

    def capped(name: Path, timeout_s: float = 10) -> sqlite3.Connection:
        db = connect(name, timeout_s)
        if name == path:
            db.execute("PRAGMA max_page_count=1")  # as many as there are
        return db

    monkeypatch.setattr(database, "_connect", capped)
    session = Session()
    for said in ("x" * 1000, ""):  # until not even the smallest fits
        while not session.troubles:
            session.set_result("no-lesson", "s", "done", said)
        session.troubles.clear()
    session.stop()


@pytest.mark.usefixtures("full")
def test_what_cannot_be_saved_is_told_once_and_the_session_goes_on() -> None:
    session = Session()
    try:
        session.note("02-x", "a", "shown")
        session.set_result("02-x", "a", "done", "y" * 1000)
        session.set_result("02-x", "b", "done", "y" * 1000)
        (told,) = session.troubles
        assert "is not saved" in told
        assert "full" in told
        assert str(paths.progress_file()) in told
        assert ("02-x", "a") not in session.results()
    finally:
        session.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("full")
async def test_a_lesson_on_a_full_disk_says_so_once_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    tell = LessonScreen.tell

    def noted(screen: LessonScreen, said: object, *, severe: bool = False) -> None:
        told.append(str(said))
        tell(screen, said, severe=severe)

    monkeypatch.setattr(LessonScreen, "tell", noted)
    session = Session(net="127.0.47.")
    try:
        app = TuiApp(session, "lesson", {"lesson": "01-who-is-who"})
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            screen = app.screen
            assert isinstance(screen, LessonScreen)
            await until(pilot, lambda: "is not saved" in shown(app), "why")
            for index in (1, 2):
                await until(pilot, lambda: screen._is_begun, "the lab")
                await pilot.press("J")
                await until(pilot, lambda at=index: screen.index == at, "the next step")  # type: ignore[misc]
            screen._tell_troubles()
        assert len(session.troubles) == 1
        assert sum("is not saved" in one for one in told) == 1
    finally:
        session.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("full")
def test_a_lesson_as_text_on_a_full_disk_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("!\n" * 30))
    assert run(["run", "01-who-is-who", "--plain"]) == 0
    assert capsys.readouterr().err.count("is not saved") == 1
