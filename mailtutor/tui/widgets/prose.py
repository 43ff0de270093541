"""Text for reading: the small part of Markdown that lessons use, drawn as one text.

Lessons may come from a teacher's folder and are untrusted: they pass `visible` and never Textual's own markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.folding import Block, FoldedText

if TYPE_CHECKING:
    from markdown_it.token import Token

_BULLET, _QUOTE, _NUMBER = "• ", "▎ ", "#"
_STYLES = {"strong_open": "bold", "em_open": "italic"}


class Prose(VerticalScroll, can_focus=False):
    """A scrolling text."""

    DEFAULT_CSS = """
    Prose { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = FoldedText()
        self._shown: tuple[str, bool] = ("", False)

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def show(self, text: str, *, dense: bool = False) -> None:
        """Shows this Markdown from its beginning. dense: paragraphs follow at once, where there are few lines."""
        if (text, dense) != self._shown:
            self._shown = (text, dense)
            self._text.show(*(block for block in prose(text) if block.content.plain or not dense))
            self.scroll_home(animate=False)

    def scroll_to_block(self, beginning: str) -> None:
        """Shows the last paragraph that begins so from its first line, and the end where it is not long."""
        self.scroll_to(y=self._text.line_of(beginning), animate=False, immediate=True)


def prose(text: str) -> list[Block]:
    """Markdown as blocks: paragraphs, bold, italic, code, lists, quotes, code blocks, headings."""
    # Imported for the first text: a list of lessons is on the screen before anything about one of them is.
    from markdown_it import MarkdownIt

    safe = "\n".join(visible(line) for line in text.split("\n"))
    reader = _Reader()
    for token in MarkdownIt("commonmark", {"html": False}).parse(safe):
        reader.take(token)
    return reader.blocks


class _Reader:
    """Turns Markdown's tokens into blocks. Paragraphs stand apart, the items of a list close together."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._depth: list[str] = []
        self._number = 0
        self._in_heading = False
        self._in_list = False

    def take(self, token: Token) -> None:
        """One token."""
        if token.type == "bullet_list_open":
            self._enter(_BULLET)
        elif token.type == "ordered_list_open":
            self._enter(_NUMBER)
            self._number = int(token.attrs.get("start", 1)) - 1
        elif token.type == "blockquote_open":
            self._enter(_QUOTE)
        elif token.type in ("bullet_list_close", "ordered_list_close", "blockquote_close"):
            self._depth.pop()
            self._in_list = False
        elif token.type == "list_item_open":
            self._number += 1
        elif token.type == "heading_open":
            self._in_heading = True
        elif token.type in ("fence", "code_block"):
            self._add(Content.styled(token.content.rstrip("\n"), "$wire-client"), "  ")
        elif token.type == "inline":
            body = _inline(token, "bold" if self._in_heading else "")
            lead = self._depth[-1] if self._depth else ""
            self._add(body, f"{self._number}. " if lead == _NUMBER else lead)
            self._in_heading = False
            self._in_list = lead in (_BULLET, _NUMBER)

    def _enter(self, kind: str) -> None:
        self._depth.append(kind)
        self._in_list = False

    def _add(self, body: Content, lead: str) -> None:
        if self.blocks and not self._in_list:
            self.blocks.append(Block(Content("")))
        # The sign stands once; the lines after it are set in as far, a quotation's bar goes all the way down.
        rest = lead if lead == _QUOTE else " " * cell_len(lead)
        self.blocks.append(Block(Content.assemble((lead, "$accent"), body), rest, "$accent"))


def _inline(token: Token, base: str) -> Content:
    parts: list[Content] = []
    styles = [base] if base else []
    for child in token.children or []:
        if child.type in _STYLES:
            styles.append(_STYLES[child.type])
        elif child.type in ("strong_close", "em_close"):
            styles.pop()
        elif child.type == "code_inline":
            parts.append(Content.styled(child.content, "$wire-client on $panel"))
        elif child.type == "softbreak":
            # Chinese has no spaces: a line of the source that ends in a Chinese character goes on at once.
            wide = bool(parts) and cell_len(parts[-1].plain[-1:]) == 2
            parts.append(Content("" if wide else " "))
        elif child.type == "hardbreak":
            parts.append(Content("\n"))
        elif child.content:
            parts.append(Content.styled(child.content, " ".join(styles)))
    return Content("").join(parts)
