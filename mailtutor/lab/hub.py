"""What the sessions of one mailbox have to agree on: that it has changed (IDLE), and to whom a message is \\Recent."""

from __future__ import annotations

from collections.abc import Callable

from mailtutor.lab.board import Board
from mailtutor.store.database import Database
from mailtutor.store.mailboxes import INBOX, Mailbox

# Messages, and mailboxes, that are kept in memory where nobody has them open.
ROOM = 50_000
MOST_BOARDS = 32


class Hub:
    """Watchers by mailbox, whatever its name is by now. In the loop's thread only."""

    def __init__(self) -> None:
        self._watchers: dict[int, list[Callable[[], None]]] = {}
        self._inboxes: dict[tuple[str, str], int] = {}
        self._shown: dict[int, int] = {}
        self._boards: dict[int, Board] = {}

    def board(self, database: Database, box: Mailbox) -> Board:
        """The mailbox in memory, read anew as far as it has changed. Those nobody has open are kept as long as there is
        room, the last ones used first."""
        board = self._boards.pop(box.id, None) or Board(database, box)
        board.load()
        self._boards[box.id] = board
        held = sum(len(one.uids) for one in self._boards.values())
        for number, one in tuple(self._boards.items()):
            if (held > ROOM or len(self._boards) > MOST_BOARDS) and one is not board and number not in self._watchers:
                held -= len(one.uids)
                del self._boards[number]
        return board

    def watch(self, box: Mailbox, tell: Callable[[], None]) -> Callable[[], None]:
        """Calls `tell` at every change; gives the function that ends it."""
        if box.name == INBOX:
            self._inboxes[box.host, box.user] = box.id
        self._watchers.setdefault(box.id, []).append(tell)

        def leave() -> None:
            watchers = self._watchers[box.id]
            watchers.remove(tell)
            if not watchers:
                del self._watchers[box.id]

        return leave

    def touched(self, mailbox_id: int) -> None:
        """Something in that mailbox is different now."""
        for tell in tuple(self._watchers.get(mailbox_id, ())):
            tell()

    def changed(self, host: str, user: str, mailbox: str) -> None:
        """The same for whoever knows a user's INBOX by its name: the one mailbox that is always the same."""
        assert mailbox == INBOX
        if (host, user) in self._inboxes:
            self.touched(self._inboxes[host, user])

    # \Recent (RFC 3501 §2.3.2). Asked and answered in one step, so that no two sessions get the same message.

    def recent_from(self, box: Mailbox) -> int:
        """The first UID no session was shown yet."""
        return max(box.recent_from, self._shown.get(box.id, 0))

    def claim_recent(self, box: Mailbox, uid: int) -> int:
        """The same; from now on the asking session was shown all messages below `uid`."""
        start = self.recent_from(box)
        self._shown[box.id] = max(start, uid)
        return start
