"""Listens at an interface beside everything else: a thread takes the packets as they come, whoever wants them fetches
them when there is time. What nobody fetches is let go, the oldest first, and counted."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Sequence

from mailtutor.capture.container import Frame
from mailtutor.capture.live import Sniffer
from mailtutor.errors import MailtutorError

# Octets that wait to be fetched.
MOST_WAITING = 32 * 1024 * 1024
_FRAME_COST = 200


class Listener:
    """A context manager would end too early: `start` and `stop`. problem: what ended it before it was stopped."""

    def __init__(self, interface: str, ports: Sequence[int], *, most: int = MOST_WAITING) -> None:
        self.interface = interface
        self.problem: MailtutorError | None = None
        self._sniffer = Sniffer(interface, ports)
        self._most = most
        self._waiting: deque[Frame] = deque()
        self._cost = self._dropped = 0
        self._lock = threading.Lock()
        self._stop: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_listening(self) -> bool:
        """Whether it still does."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def missed(self) -> int:
        """Packets that came and were not kept: too many for the kernel, or for whoever should have fetched them."""
        return self._dropped + self._sniffer.missed

    def start(self) -> None:
        """Begins. Raises as `Sniffer` does."""
        self._sniffer.__enter__()
        stopped, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, args=(stopped,), name="listens", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends; what came before may still be fetched. May be called twice."""
        if self._thread is not None and self._stop is not None:
            self._stop.close()
            self._thread.join()
            self._thread = None
            self._sniffer.__exit__()

    def fetch(self, most: int) -> list[Frame]:
        """So many of what came, the oldest first."""
        with self._lock:
            found = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._cost -= sum(_cost(frame) for frame in found)
        return found

    def _listen(self, stopped: socket.socket) -> None:
        with stopped, selectors.DefaultSelector() as ends:
            ends.register(self._sniffer.fileno(), selectors.EVENT_READ)
            ends.register(stopped, selectors.EVENT_READ)
            try:
                while stopped not in {key.fileobj for key, _ in ends.select()}:
                    for frame in self._sniffer.waiting():
                        self._keep(frame)
            except MailtutorError as wrong:
                self.problem = wrong

    def _keep(self, frame: Frame) -> None:
        with self._lock:
            self._waiting.append(frame)
            self._cost += _cost(frame)
            while self._cost > self._most:
                self._cost -= _cost(self._waiting.popleft())
                self._dropped += 1


def _cost(frame: Frame) -> int:
    return _FRAME_COST + len(frame.data)
