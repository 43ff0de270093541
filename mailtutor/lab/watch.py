"""A tap in front of somebody else's server, in a thread of its own: a busy screen does not slow what passes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from mailtutor.errors import Sentence
from mailtutor.lab.attach import Attachment, Closure, Target
from mailtutor.lab.loop import heed_faults, new_loop
from mailtutor.trace.log import Log

_LIMIT_S = 10.0


class Watch:
    """`start`, look at `log`, `stop`. listens: where programs are to connect, once it was started. tell: whom to say
    in words what a student should hear of; called in the watch's thread."""

    def __init__(self, target: Target, *, closure: Closure = Closure.PASSED, folder: Path | None = None) -> None:
        self.log = Log()
        self.target, self.closure = target, closure
        self.listens = ("", 0)
        self.tell: Callable[[Sentence], None] = lambda notice: None
        self._attachment = Attachment(
            self.log, target, closure=closure, folder=folder, tell=lambda notice: self.tell(notice)
        )
        self._loop = new_loop()
        heed_faults(self._loop, lambda notice: self.tell(notice))
        self._thread = threading.Thread(target=self._run, name="mailtutor watch", daemon=True)

    @property
    def authority(self) -> Path | None:
        """Whose certificates are shown where TLS is ended here: a file that programs are made to trust."""
        return self._attachment.authority.path if self._attachment.authority is not None else None

    def start(self, host: str, port: int) -> None:
        """Opens the door. Raises NetworkError, nothing left running."""
        self._thread.start()
        try:
            self.listens = asyncio.run_coroutine_threadsafe(self._attachment.start(host, port), self._loop).result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every conversation and closes the door. May be called twice."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._attachment.stop(), self._loop).result(_LIMIT_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LIMIT_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
