"""`mailtutor practice` without its screen: the list of tasks, and a task done by another program."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailtutor.cli.dispatch import run
from mailtutor.paths import content


def test_the_list_names_every_task_with_its_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["practice", "--tasks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["○", "1", "SMTP", "say-hello"]
    assert run(["practice", "pop3", "--tasks", "--json"]) == 0
    tasks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {task["topic"] for task in tasks} == {"pop3"}
    assert not any(task["done"] for task in tasks)
    assert len(lines) > len(tasks) > 1


def test_mime_has_tasks_and_no_door_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["practice", "mime", "--tasks"]) == 0
    assert {line.split()[2] for line in capsys.readouterr().out.splitlines()} == {"MIME"}
    assert run(["practice", "mime"]) == 2
    assert "terminal" in capsys.readouterr().err
    assert run(["practice", "mime", "--connect", "127.0.0.1:25"]) == 2
    assert "leave out --task" in capsys.readouterr().err


def test_an_unknown_task_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["practice", "--task", "first-leter"]) == 2
    assert "did you mean first-letter" in capsys.readouterr().err
    assert run(["practice", "--plain"]) == 2
    assert "--task" in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_screen_it_waits_until_another_program_has_done_the_task() -> None:
    command = [sys.executable, "-m", "mailtutor", "practice", "--task", "1", "--plain", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        ready = json.loads(waiting.stdout.readline())
        assert (ready["event"], ready["task"], ready["host"]) == ("ready", "say-hello", "hamburger.edu")
        with socket.create_connection((ready["address"], ready["port"]), timeout=10) as dialled:
            dialled.sendall(b"HELO elsewhere\r\nQUIT\r\n")
            assert json.loads(waiting.stdout.readline()) == {"event": "done", "task": "say-hello"}
        assert waiting.wait(20) == 0
    listed = subprocess.run([*command[:4], "--tasks"], capture_output=True, text=True, check=True)
    assert listed.stdout.startswith("✔  1")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--connect", "127.0.0.1:4000"], "port 4000"),
        (["--connect", "127.0.0.1:80"], "port 80"),
        (["--connect", "127.0.0.1"], "HOST:PORT"),
        (["--connect", "192.0.2.1:25", "--task", "1"], "leave out --task"),
        (["smtp", "--connect", "9.9.9.9:25"], "--anywhere"),
        (["smtp", "--connect", "9.9.9.9:25", "--anywhere"], "terminal"),
        (["--connect", "127.0.0.1:2143"], "terminal"),
        (["--json"], "--tasks or --plain"),
    ],
)
def test_whom_one_may_practise_on_is_asked_before_anybody_is_dialled(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["practice", *arguments]) == 2
    assert problem in capsys.readouterr().err


def until_there_is(folder: Path, pattern: str) -> None:
    """Another program's files tell nobody when they come, so they are looked for."""
    end = time.monotonic() + 20
    while not list(folder.glob(pattern)):
        assert time.monotonic() < end, f"no {pattern}"
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "verb",
    [
        ("practice", "mime", "--plain"),
        ("run", "2", "--plain"),
        ("lesson", "check", str(content("lessons"))),
        ("beside",),
        ("beside", "--text", "hi"),
        ("message", "--build-up"),
    ],
)
def test_being_told_to_end_ends_the_lab_too(verb: tuple[str, ...], number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mailtutor", *verb]
    labs = tmp_path / "labs"
    labs.mkdir()
    env = os.environ | {"TMPDIR": str(labs), "MAILTUTOR_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env) as waiting:
        until_there_is(labs, "*/ready.json")
        waiting.send_signal(number)
        waiting.send_signal(number)
        # Where a module was being made from text (a data class), Python ends as if by SIGINT though nothing is untold.
        assert waiting.wait(20) in (130, -signal.SIGINT)
    assert not list(labs.iterdir())
