"""What stays for good is not looked through for garbage."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """Modules and long dialogues stay for good: to look through them for garbage holds up the wire and the screen, 25
    ms for the modules, 150 ms beside a million lines. What a dialogue makes stays, too, and is looked through less
    often. For a program on a terminal, which ends when the student leaves. Asked again it keeps what has come since.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
