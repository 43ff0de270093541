"""Tasks of the practice console done by telnet and netcat: what counts is what crosses the door, whoever dials it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from mailtutor.course.task_loader import load_tasks
from mailtutor.paths import content
from tests.interop.programs import LIMIT_S, path_of

TASKS = load_tasks(content("practice"))
# Nothing is typed into a prompt, a handshake or a second window.
ALONE = ("say-hello", "first-letter", "delete-for-good", "look-inside", "lone-dot", "file-it", "a-picture", "log-in")


class Typist:
    """Types into a program, each line when the one before has been answered: telnet drops what comes too early."""

    def __init__(self, program: str, address: str, port: int) -> None:
        crlf = ["-C"] if program == "nc" else []
        self._process = subprocess.Popen(
            [path_of(program), *crlf, address, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def hear(self, *beginnings: str) -> None:
        """Reads until a line begins with one of these."""
        assert self._process.stdout is not None
        for line in iter(self._process.stdout.readline, b""):
            print(line)
            if line.decode("ascii", "replace").startswith(beginnings):
                return
        pytest.fail(f"{beginnings} never came")

    def type(self, line: str) -> None:
        """A line and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Closes the window."""
        self._process.kill()
        self._process.communicate(timeout=LIMIT_S)


def say(typist: Typist, lines: Sequence[str], service: str) -> None:
    """Each line, and the end of its answer where it has one."""
    in_text = False
    for line in lines:
        typist.type(line)
        if service == "imap":
            typist.hear(line.split()[0] + " ")
        elif service == "pop3":
            typist.hear("+OK")
        elif not in_text or line == ".":
            typist.hear("250 ", "354 ", "235 ", "221 ")
            in_text = line == "DATA"


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("program", ["telnet", "nc"])
def test_a_task_is_done_with_a_real_program_in_another_window(program: str, name: str) -> None:
    task = TASKS.find(name)
    command = [sys.executable, "-m", "mailtutor", "practice", "--task", name, "--plain", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        ready = json.loads(waiting.stdout.readline())
        typist = Typist(program, ready["address"], ready["port"])
        try:
            typist.hear("220 ", "+OK ", "* OK ")
            say(typist, [line for line in task.outline.solution if isinstance(line, str)], task.service)
            assert json.loads(waiting.stdout.readline()) == {"event": "done", "task": name}
            assert waiting.wait(LIMIT_S) == 0
        finally:
            typist.end()
            waiting.kill()
