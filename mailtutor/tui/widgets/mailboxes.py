"""Every mailbox with its messages; one of them is marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.reading.world import Mail, World
from mailtutor.tui.widgets.sheet import MARGIN, Sheet, blocks

_COLUMNS = ("uid", "flags", "size", "from", "subject")
_MARK, _NO_MARK = "▌ ", "  "


class Filed(NamedTuple):
    """A message where it lies."""

    host: str
    user: str
    mailbox: str
    uid: int


class MailboxSheet(Sheet, can_focus=True):
    """One block a mailbox."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, id="mailbox-up"),
        Binding("down", "move(1)", show=False, id="mailbox-down"),
        Binding("pageup", "move(-10)", show=False, id="mailbox-page-up"),
        Binding("pagedown", "move(10)", show=False, id="mailbox-page-down"),
        Binding("home", "move(-100000)", show=False, id="mailbox-first"),
        Binding("end", "move(100000)", show=False, id="mailbox-last"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._world = World()
        self._mails: list[Filed] = []
        self._cursor: Filed | None = None
        # The line each message is drawn on.
        self._tops: list[int] = []

    def show(self, world: World) -> None:
        """Draws this world."""
        self._world = world
        self.speak()

    @property
    def marked(self) -> Filed | None:
        """The message the mark is on: the one it was put on, else the newest of the first mailbox that has any."""
        return self._mails[self._at] if self._mails else None

    @property
    def _at(self) -> int:
        if self._cursor in self._mails:
            return self._mails.index(self._cursor)
        first = self._mails[0]
        return max(n for n, one in enumerate(self._mails) if one[:3] == first[:3])

    def action_move(self, step: int) -> None:
        """Marks another message."""
        if self._mails:
            self._cursor = self._mails[min(max(0, self._at + step), len(self._mails) - 1)]
            self.speak()
            self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        if not self._mails:
            return
        top, y, height = self._tops[self._at], self.scroll_offset.y, max(1, self.size.height - 1)
        if not y <= top < y + height:
            # The name of the mailbox and the head of its table stand two lines above its first message.
            self.scroll_to(y=max(0, top - 2) if top < y else top - height + 1, animate=False)

    def content(self) -> Content:
        """Name, head and messages of each."""
        world, words = self._world, self.words
        self._mails = [
            Filed(*key, uid) for key, mails in world.mailboxes.items() for uid in mails
        ]  # fmt: skip
        if not world.mailboxes:
            return Content.styled(words("screen.mailboxes.empty"), "$wire-quiet")
        marked = self.marked
        self._tops, parts = [], []
        for (host, user, mailbox), mails in world.mailboxes.items():
            owner = visible(user if "@" in user else f"{user}@{host}")
            parts.append(Content.styled(f"▣ {owner}  {visible(mailbox)}  ({len(mails)})", "bold"))
            for line, uid in self._lines(mails):
                if uid is None:
                    parts.append(Content.assemble(_NO_MARK, line))
                    continue
                is_marked = Filed(host, user, mailbox, uid) == marked
                self._tops.append(len(parts))
                mark = Content.styled(_MARK, "bold $accent") if is_marked else Content(_NO_MARK)
                parts.append(Content.assemble(mark, line.stylize("bold") if is_marked else line))
        return Content("\n").join(parts)

    def _lines(self, mails: dict[int, Mail]) -> Iterator[tuple[Content, int | None]]:
        """The head of the table, then each message with its UID."""
        if not mails:
            return
        rows = [[str(one.uid), " ".join(one.flags), str(one.size), one.sender, one.subject] for one in mails.values()]
        head = [self.words(f"screen.mailboxes.{name}") for name in _COLUMNS]
        yield from zip(
            blocks(head, rows, width=self.size.width - MARGIN - len(_MARK)), [None, *mails], strict=True
        )  # fmt: skip
