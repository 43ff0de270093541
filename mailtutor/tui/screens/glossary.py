"""The glossary: every word of mail that can be looked up, what it means, and the lessons that are about it.

Its words and meanings are the tables' (`reading.glossary`), the same that `mailtutor explain` prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mailtutor.course.lesson import Lesson
from mailtutor.course.mentions import Mentions
from mailtutor.errors import MailtutorError
from mailtutor.reading.glossary import GROUPS, Entry, glossary
from mailtutor.reading.reference import Page
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import GLOSSARY, bindings
from mailtutor.tui.contract import Stage
from mailtutor.tui.widgets.folding import Block, FoldedText
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.speaking import Speaking

_LESSON = "lesson:"


class GlossaryScreen(Speaking, ModalScreen[str | None]):
    """Gives the id of the lesson the student goes to, None for none. word: what to begin with."""

    MODE = GLOSSARY
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(GLOSSARY),
        Binding("down", "down", show=False, id="glossary.down"),
        Binding("up", "up", show=False, id="glossary.up"),
        Binding("pagedown", "page(1)", show=False, id="glossary.pagedown"),
        Binding("pageup", "page(-1)", show=False, id="glossary.pageup"),
        Binding("ctrl+l", "app.language", show=False, id="glossary.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="glossary.quit"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's name and type
    DEFAULT_CSS = """
    GlossaryScreen { align: center middle; }
    GlossaryScreen > Vertical {
        width: 96%; max-width: 130; height: 94%; max-height: 46;
        border: round $primary; background: $surface; padding: 0 1;
    }
    GlossaryScreen Input { border: none; height: 1; padding: 0; background: $panel; }
    GlossaryScreen Input:focus { border: none; background-tint: $background 0%; }
    GlossaryScreen #both { height: 1fr; }
    GlossaryScreen OptionList { width: 44; height: 1fr; border: none; background: $surface; padding: 0; }
    GlossaryScreen OptionList > .option-list--option-highlighted { background: $primary 20%; color: $foreground; }
    GlossaryScreen VerticalScroll { width: 1fr; height: 1fr; border-left: solid $panel; padding: 0 1; }
    GlossaryScreen.-narrow #both { layout: vertical; }
    GlossaryScreen.-narrow OptionList { width: 1fr; height: 8; }
    GlossaryScreen.-narrow VerticalScroll { border-left: none; border-top: solid $panel; padding: 0; }
    """

    def __init__(self, session: Stage, word: str = "") -> None:
        super().__init__()
        self._session = session
        self._word = word
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._mentions: Mentions | None = None
        # The lessons there are to choose from, once Enter was pressed on a word that several are about.
        self._choice: list[Lesson] = []
        self._input = Input()
        self._list = OptionList(markup=False)
        self._list.can_focus = False
        self._text = FoldedText()
        self._page = VerticalScroll(self._text, can_focus=False)
        self._keys = KeyBar(GLOSSARY)

    def compose(self) -> ComposeResult:
        """What is looked for, the words that fit, and what the marked one means."""
        with Vertical():
            yield self._input
            with Horizontal(id="both"):
                yield self._list
                yield self._page
        yield self._keys

    def on_mount(self) -> None:
        """Begins with the word that was asked for."""
        self.speak()
        if any(self._word.casefold() == entry.word.casefold() for entry in self._entries):
            self._input.value = self._word
        self._input.focus()
        self._load()

    @work(thread=True)
    def _load(self) -> None:
        """Reads the lessons beside: the words are there at once."""
        try:
            mentions = Mentions(self._session.lessons.lessons)
        except MailtutorError:
            return  # the course's home tells what is wrong with them
        self.app.call_from_thread(self._loaded, mentions)

    def _loaded(self, mentions: Mentions) -> None:
        self._mentions = mentions
        self._describe()

    def speak(self) -> None:
        """Draws it in the current language."""
        self._entries = glossary(self.words)
        self._input.placeholder = self.words("glossary.find")
        self._choice = []
        self._fill(self._input.value)

    # The list ---------------------------------------------------------------------------------------------------------

    def _fill(self, wanted: str) -> None:
        """The words that fit; one that is called just so comes first."""
        wanted = wanted.strip()
        fitting = [entry for entry in self._entries if entry.is_like(wanted)]
        fitting.sort(key=lambda entry: _nearness(entry, wanted))
        self._shown = fitting
        options: list[Option | None] = []
        group = ""
        for number, entry in enumerate(fitting):
            if not wanted and entry.group != group:
                group = entry.group
                options.append(Option(self._heading(group), disabled=True))
            options.append(Option(self._line(entry), id=str(number)))
        self._list.set_options(options)
        self._list.highlighted = next((at for at, one in enumerate(self._list.options) if not one.disabled), None)
        title = self.words("glossary.title", count=len(fitting), total=len(self._entries))
        self.query_one(Vertical).border_title = Content(title)
        self._describe()

    def _heading(self, group: str) -> Content:
        return Content.styled(self.words(f"glossary.group.{group}"), "bold underline")

    def _line(self, entry: Entry) -> Content:
        group = "" if entry.group not in _SAID else f"  {self.words(f'glossary.group.{entry.group}')}"
        return Content.assemble((visible(entry.word), "bold"), (group, "$wire-quiet"), f"  {visible(entry.title)}")

    @property
    def _marked(self) -> Entry | None:
        option = self._list.highlighted_option
        return self._shown[int(option.id)] if option is not None and option.id and option.id.isdigit() else None

    # What it means ----------------------------------------------------------------------------------------------------

    def _describe(self) -> None:
        entry = self._marked
        if entry is None:
            if not self._choice:
                self._text.show(Content.styled(self.words("glossary.nothing"), "$wire-quiet"))
            return
        first, *others = entry.pages(self.words)
        # What servers answer fills a page: the lessons come before it.
        blocks = [*self._told(first, self._lessons_told(entry))]
        for page in others:
            blocks += [Content(""), *self._told(page)]
        self._text.show(*blocks)
        self._page.scroll_home(animate=False)

    def _told(self, page: Page, between: Sequence[Content] = ()) -> list[Block | Content]:
        where = ", ".join(part for part in (page.protocol.upper(), page.rfc) if part)
        parts: list[Block | Content] = [
            Content.assemble(
                (page.word, "bold $accent"), f" · {page.title}  ", (f"[{where}]" if where else "", "$wire-quiet")
            )
        ]
        parts += [Content(page.what)] if page.what else []
        parts += between
        for label, text in page.facts:
            first, *rest = text.splitlines() or [""]
            named = self.words("cli.explain.labelled", label=self.words(f"cli.label.{label}"), text="").rstrip()
            parts.append(Block(Content.assemble((f"{named} ", "$wire-quiet"), first), "  "))
            parts += [Block(Content(f"  {line}"), "    ") for line in rest if line]
        return parts

    def _lessons_told(self, entry: Entry) -> list[Content]:
        if self._mentions is None:
            return []
        about = self._mentions.of(entry)
        if not about:
            return [Content.styled(self.words("glossary.no_lesson"), "$wire-quiet")]
        named = " · ".join(self._named(lesson) for lesson in about)
        enter = (
            self.words("glossary.enter_one", number=about[0].number)
            if len(about) == 1
            else self.words("glossary.enter_many")
        )
        lead = self.words("glossary.lessons", lessons="")
        return [Content.assemble((lead, "bold"), named), Content.styled(enter, "$accent")]

    def _named(self, lesson: Lesson) -> str:
        title = visible(lesson.prose(self.words.language).title)
        return self.words("glossary.lesson", number=lesson.number, title=title)

    # Keys -------------------------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Looks for what is typed."""
        self._choice = []
        self._fill(event.value)

    def on_input_submitted(self) -> None:
        """Enter in the line means the marked word."""
        self.action_glossary_open()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Says what it means."""
        self._describe()

    def on_option_list_option_selected(self) -> None:
        """A click is Enter."""
        self.action_glossary_open()

    def action_glossary_open(self) -> None:
        """To the lesson about the word; with several there is a choice."""
        option = self._list.highlighted_option
        if self._choice and option is not None and option.id:
            self.dismiss(option.id.removeprefix(_LESSON))
            return
        entry = self._marked
        about = self._mentions.of(entry) if entry is not None and self._mentions is not None else []
        if len(about) == 1:
            self.dismiss(about[0].id)
        elif entry is not None and about:
            self._choose(entry, about)

    def _choose(self, entry: Entry, about: Sequence[Lesson]) -> None:
        self._choice = list(about)
        self._list.set_options([Option(self._named(lesson), id=f"{_LESSON}{lesson.id}") for lesson in about])
        self._list.highlighted = 0
        self.query_one(Vertical).border_title = Content(self.words("glossary.choose", word=visible(entry.word)))

    def action_glossary_close(self) -> None:
        """Back to the words, then out."""
        if self._choice:
            self._choice = []
            self._fill(self._input.value)
        elif self._input.value:
            self._input.value = ""
        else:
            self.dismiss(None)

    def action_down(self) -> None:
        """The next word."""
        self._list.action_cursor_down()

    def action_up(self) -> None:
        """The word before."""
        self._list.action_cursor_up()

    def action_page(self, direction: int) -> None:
        """Turns the page of a long explanation."""
        self._page.scroll_relative(y=direction * max(1, self._page.size.height - 1), animate=False)


# Groups that are told beside the word: the same command means another thing in another protocol.
_SAID = frozenset(GROUPS) - {"term", "code", "enhanced", "header"}


def _nearness(entry: Entry, wanted: str) -> int:
    """0 for the word itself, then what begins so, then what holds it, then what its title holds."""
    word, wanted = entry.word.casefold(), wanted.casefold()
    if not wanted or word == wanted:
        return 0
    return 1 if word.startswith(wanted) else 2 if wanted in word else 3
