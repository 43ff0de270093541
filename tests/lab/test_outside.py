"""Programs of somebody else's under their wardens, with `sleep` for a server."""

from __future__ import annotations

import sys

import pytest

from mailtutor.errors import NetworkError
from mailtutor.lab.outside import Folder, Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="real servers run on Linux only")


def test_a_folder_is_there_until_it_is_let_go_and_its_programs_have_ended() -> None:
    folder = Folder("mailtutor-test-")
    server = Program("sleep", folder, folder.path / "log")
    server.launch(["sleep", "600"])
    assert server.process is not None
    assert server.process.poll() is None
    server.end()
    assert server.process.poll() is not None
    assert server.log.exists()
    folder.let_go()
    assert not folder.path.exists()


def test_what_was_told_to_end_before_it_has_started_does_not_start() -> None:
    folder = Folder("mailtutor-test-")
    server = Program("sleep", folder, folder.path / "log")
    server.end()
    with pytest.raises(NetworkError, match="sleep did not start"):
        server.launch(["sleep", "600"])
    assert server.process is None
    folder.let_go()
    assert not folder.path.exists()


def test_what_a_program_says_before_it_ends_is_told() -> None:
    folder = Folder("mailtutor-test-")
    server = Program("sh", folder, folder.path / "log")
    server.launch(["sh", "-c", "echo no such setting >&2; exit 3"])
    assert server.process is not None
    assert server.process.wait() == 3
    assert "no such setting" in str(server.failed())
    server.end()
    folder.let_go()
