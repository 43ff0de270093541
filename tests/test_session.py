"""A session whose student's file cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.session import Session
from mailtutor.tui.app import TuiApp


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
