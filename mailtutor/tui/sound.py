"""Plays a sound that came in a message, by a program of the machine's own, when the student asks for it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

# Programs that play a file and end, with the types of sound they know; () for whatever they make of it.
_PLAYERS = {
    "paplay": (), "pw-play": (), "afplay": (), "aplay": ("wav", "x-wav", "wave", "vnd.wave", "basic"),
}  # fmt: skip
_SUFFIXES = {
    "wav": ".wav", "x-wav": ".wav", "wave": ".wav", "vnd.wave": ".wav", "basic": ".au", "mpeg": ".mp3", "ogg": ".ogg",
    "flac": ".flac", "mp4": ".m4a", "aac": ".aac", "aiff": ".aiff", "x-aiff": ".aiff",
}  # fmt: skip


def player_for(type: str) -> str:
    """The program for sound of that type ("audio/wav"), with its path; "" where the machine has none."""
    subtype = type.partition("/")[2]
    if subtype not in _SUFFIXES:
        return ""
    fit = (name for name, types in _PLAYERS.items() if not types or subtype in types)
    return next((path for path in map(shutil.which, fit) if path), "")


class Playing:
    """A sound that is played; at most one at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, player: str, type: str, content: Iterable[bytes]) -> int:
        """Plays to its end, or until `stop`; gives how the program ended. Blocks; raises OSError."""
        with tempfile.TemporaryDirectory(prefix="mailtutor-") as folder:
            file = Path(folder) / f"sound{_SUFFIXES[type.partition('/')[2]]}"
            with file.open("wb") as written:
                written.writelines(content)
            nowhere = subprocess.DEVNULL
            # Its output would be written across the screen.
            self._process = subprocess.Popen([player, str(file)], stdin=nowhere, stdout=nowhere, stderr=nowhere)  # noqa: S603 - a fixed list of programs, and a name of our own
            try:
                return self._process.wait()
            finally:
                self._process = None

    def stop(self) -> bool:
        """Ends it; gives whether there was one."""
        process = self._process
        if process is None:
            return False
        process.terminate()
        return True
