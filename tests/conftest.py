"""What every test may lean on: a home of its own, English, and real labs on real sockets that end with the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import Plan, moved, textbook_plan
from mailtutor.protocols.spec import Wording

StartLab = Callable[..., Lab]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAILTUTOR_LANG", "en")


def _at_home(plan: Plan) -> Plan:
    """The plan at addresses no other test process uses: a host switched off must not find another's in its place."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 10
    return moved(plan, f"127.0.{worker}.")


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[StartLab]:
    """Starts labs: `start_lab(classic=True)`."""
    started: list[Lab] = []

    def start(*, classic: bool = False, data: Path | None = None, **settings: object) -> Lab:
        wording = Wording.CLASSIC if classic else Wording.EXTENDED
        seed = settings.pop("seed", ())
        options = settings.pop("options", Options())
        plan = _at_home(textbook_plan(wording=wording, seed=seed))  # type: ignore[arg-type]
        plan = options.applied(plan)  # type: ignore[attr-defined]
        lab = Lab(plan, data or tmp_path / f"lab{len(started)}", **settings)  # type: ignore[arg-type]
        started.append(lab)
        lab.start()
        return lab

    yield start
    for lab in started:
        lab.stop()
