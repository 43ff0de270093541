"""The event loops the lab and its taps run in, and what is told of what went wrong in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mailtutor.errors import Sentence


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where there is one (not on Windows): it takes in mail nearly half as fast again."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def described(fault: dict[str, Any]) -> str:
    """What a loop's exception handler was given, in one line."""
    error = fault.get("exception")
    return f"{fault['message']}: {error!r}" if error is not None else str(fault["message"])


def heed_faults(loop: asyncio.AbstractEventLoop, tell: Callable[[Sentence], None]) -> None:
    """A defect of ours in one conversation is told, and does not write over the screen. That somebody left in the
    middle of a handshake is none."""

    def heed(_: asyncio.AbstractEventLoop, fault: dict[str, Any]) -> None:
        if not isinstance(fault.get("exception"), OSError):  # of which TLS errors and time limits are kinds
            tell(Sentence(f"defect: {described(fault)}"))

    loop.set_exception_handler(heed)
