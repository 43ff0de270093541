"""The course's home: which lessons there are, how far the student has come, and where else to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mailtutor.course.groups import GROUPS
from mailtutor.errors import MailtutorError
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import HOME, bindings, elsewhere
from mailtutor.tui.contract import Stage
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.signpost import signpost
from mailtutor.tui.widgets.bar import Bar
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.notice import BRIEF_S, Notice
from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking

if TYPE_CHECKING:
    from mailtutor.course.lesson import Lesson

ELSEWHERE = (
    "lab", "tasks", "practice-smtp", "practice-pop3", "practice-imap", "replay-alice-bob", "replay-bob-pop3",
    "recordings", "letter", "growth", "glossary", "report",
)  # fmt: skip


class HomeScreen(Speaking, Screen[None]):
    """A list and what the marked entry is about."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(HOME), *elsewhere(HOME)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's name and type
    DEFAULT_CSS = """
    HomeScreen #hints { height: auto; max-height: 2; padding: 0 2; color: $wire-quiet; }
    HomeScreen.-noticed #hints { display: none; }
    HomeScreen #welcome { height: auto; padding: 1 2 0 2; }
    HomeScreen #choice { height: 1fr; padding: 1 1 0 1; }
    HomeScreen OptionList { width: 1fr; height: 1fr; border: none; background: $background; padding: 0; }
    HomeScreen OptionList:focus { border: none; background-tint: $background 0%; }
    HomeScreen OptionList > .option-list--option-highlighted,
    HomeScreen OptionList:focus > .option-list--option-highlighted { background: $primary 20%; color: $foreground; }
    HomeScreen #about { width: 46; height: 1fr; border-left: solid $panel; padding: 0 2; }
    HomeScreen.-narrow #choice { layout: vertical; padding: 0 1; }
    HomeScreen.-narrow #about { width: 1fr; height: 6; border-left: none; border-top: solid $panel; padding: 0 1; }
    HomeScreen.-narrow #welcome { padding: 0 2; }
    """

    class Chosen(Message):
        """Where the student goes: "lesson:ID" or one of ELSEWHERE."""

        def __init__(self, place: str) -> None:
            super().__init__()
            self.place = place

    def __init__(self, session: Stage) -> None:
        super().__init__()
        self.session = session
        self._bar = Bar()
        self._welcome = Static(markup=False, id="welcome")
        self._list = OptionList(markup=False)
        self._about = Prose(id="about")
        self._hints = FoldedText(id="hints")
        self._keybar = KeyBar(HOME)
        self._lessons: dict[str, Lesson] = {}
        self._finished: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """Welcome over list and description."""
        yield self._bar
        yield self._welcome
        with Horizontal(id="choice"):
            yield self._list
            yield self._about
        yield self._hints
        yield Notice()
        yield self._keybar

    def on_mount(self) -> None:
        """Loads the lessons once the rest has been painted: they bring the protocols' tables with them."""
        self._list.focus()
        self._keybar.light("open")
        self.call_after_refresh(self._load)

    @work(thread=True)
    def _load(self) -> None:
        try:
            lessons = self.session.lessons.lessons
        except MailtutorError as wrong:
            self.app.call_from_thread(self._failed, wrong)
            return
        self.app.call_from_thread(self._loaded, lessons)

    def _failed(self, wrong: MailtutorError) -> None:
        self.notify(visible(tell(wrong, self.words)), severity="error", markup=False, timeout=30)

    def _loaded(self, lessons: Sequence[Lesson]) -> None:
        self._lessons = {lesson.id: lesson for lesson in lessons}
        self.speak()
        for trouble in self.session.troubles:
            self.notify(visible(tell(trouble, self.words)), severity="warning", markup=False, timeout=30)

    def on_screen_resume(self) -> None:
        """The student comes back from a lesson: progress has changed."""
        self.speak()

    def speak(self) -> None:
        """Draws everything in the current language, the mark where it was."""
        results = self.session.results() if self._lessons else {}
        self._bar.title(self.words("screen.home.title"))
        self._hints.show(Content(self.words("screen.home.hints")))
        entries: list[Option | None] = []
        finished: dict[str, int] = {}
        for lesson in self._lessons.values():
            done = sum(results.get((lesson.id, step.id), ("", ""))[0] == "done" for step in lesson.steps)
            finished[lesson.id] = done
        for group in GROUPS:
            members = [lesson for lesson in self._lessons.values() if lesson.outline.group == group]
            if members:
                entries.append(Option(self._group_line(group, members, finished), disabled=True))
            entries += [
                Option(self._lesson_line(lesson, finished[lesson.id]), id=f"lesson:{lesson.id}") for lesson in members
            ]
        entries.append(None)
        entries += [Option(self._elsewhere_line(place), id=place) for place in ELSEWHERE]
        # Who has come further is led on; who has not stays where the mark was.
        marked = self._marked if finished == self._finished else self._leads_to(finished) or self._marked
        self._finished = finished
        self._list.set_options(entries)
        if marked:
            self._list.highlighted = self._list.get_option_index(marked)
        self._draw_welcome(marked)

    def _leads_to(self, finished: dict[str, int]) -> str:
        """The next lesson that is not finished: from where the student was, else from the last that was begun."""
        ids = list(self._lessons)
        here = self._marked.removeprefix("lesson:")
        begun = [name for name in ids if finished[name]]
        start = ids.index(here) if here in ids and here in begun else ids.index(begun[-1]) if begun else 0
        order = [*ids[start:], *ids[:start]]
        return next((f"lesson:{name}" for name in order if finished[name] < len(self._lessons[name].steps)), "")

    @property
    def _marked(self) -> str:
        option = self._list.highlighted_option
        return (option.id or "") if option is not None else ""

    def _draw_welcome(self, marked: str) -> None:
        """Names what Enter does now: it follows the mark."""
        if not self._lessons:
            self._welcome.update(Content.styled(self.words("screen.home.welcome") + "\n", "bold"))
            return
        lines = [Content.styled(self.words("screen.home.welcome"), "bold")]
        through = sum(self._is_through(lesson) for lesson in self._lessons.values())
        if through == len(self._lessons):
            lines.append(Content(self.words("screen.home.finished")))
        elif through:
            told = self.words("screen.home.progress", done=through, total=len(self._lessons))
            lines[0] = Content.assemble(lines[0], (f"  {told}", "$wire-quiet"))
        if marked:
            lines.append(
                Content.assemble(
                    (f" {self.words('screen.home.enter')} ", "bold reverse $accent"),
                    f"  {self._enter_leads_to(marked)}",
                )
            )
        self._welcome.update(Content("\n").join(lines))

    def _enter_leads_to(self, marked: str) -> str:
        lesson = self._lessons.get(marked.removeprefix("lesson:"))
        if lesson is None:
            return self.words("screen.home.open", title=self.words(f"screen.home.place.{marked}.title"))
        done = self._finished[lesson.id]
        key = "again" if done == len(lesson.steps) else "continue" if done else "start"
        title = visible(lesson.prose(self.words.language).title)
        return self.words(f"screen.home.{key}", number=lesson.number, title=title)

    def _is_through(self, lesson: Lesson) -> bool:
        return self._finished.get(lesson.id, 0) == len(lesson.steps)

    def _group_line(self, group: str, members: Sequence[Lesson], finished: Mapping[str, int]) -> Content:
        """A part of the course, and how many of its lessons are done."""
        done = sum(finished[lesson.id] == len(lesson.steps) for lesson in members)
        title = self.words(f"screen.home.group.{group}")
        return Content.assemble((f"─ {title} ", "bold $accent"), (f"{done}/{len(members)}", "$wire-quiet"))

    def _lesson_line(self, lesson: Lesson, done: int) -> Content:
        total = len(lesson.steps)
        mark, style = ("✔", "bold $success") if done == total else ("●", "$accent") if done else ("○", "$wire-quiet")
        title = visible(lesson.prose(self.words.language).title)
        facts = self.words("screen.home.facts", minutes=lesson.outline.minutes, done=done, total=total)
        return Content.assemble(
            (f"{mark} ", style), (f"{lesson.number:>2}  {title}", "bold"), (f"   {facts}", "$wire-quiet")
        )

    def _elsewhere_line(self, place: str) -> Content:
        return Content.assemble(("▸ ", "$accent"), self.words(f"screen.home.place.{place}.title"))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Says what the entry is about, once the list is seen."""
        self._draw_welcome(event.option_id or "")
        self.call_after_refresh(self._draw_about)

    def _draw_about(self) -> None:
        place = self._marked
        if not place:
            return
        lesson = self._lessons.get(place.removeprefix("lesson:"))
        if lesson is None:
            self._about.show(self.words(f"screen.home.place.{place}.what"))
            return
        prose = lesson.prose(self.words.language)
        facts = [self.words("screen.home.minutes", minutes=lesson.outline.minutes)]
        needs = lesson.outline.needs
        missing = [name for name in needs if name in self._lessons and not self._is_through(self._lessons[name])]
        if missing:
            facts.append(self.words("screen.home.needs_first", lessons=self._named(missing)))
        elif needs:
            facts.append(self.words("screen.home.needs", lessons=self._named(needs)))
        narrow = self.has_class("-narrow")
        told = (" " if narrow else "\n\n").join(facts)
        self._about.show("\n\n".join([f"**{prose.title}**", prose.about, told]), dense=narrow)

    def _named(self, lessons: Sequence[str]) -> str:
        """Lessons as the list shows them: "2 SMTP by hand"."""
        found = [self._lessons[name] for name in lessons if name in self._lessons]
        return ", ".join(
            self.words("screen.home.lesson", number=one.number, title=one.prose(self.words.language).title)
            for one in found
        )

    def on_resize(self) -> None:
        """Few lines are used another way."""
        self._draw_about()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter goes there."""
        if event.option_id:
            self.post_message(self.Chosen(event.option_id))

    def action_open(self) -> None:
        """Goes where the mark is."""
        self._list.action_select()

    def action_elsewhere(self, key: str) -> None:
        """A key that does nothing here says what it does where."""
        if told := signpost(key, self.words, self.own_keys):
            self.notify(told, markup=False, timeout=BRIEF_S)

    def action_leave(self) -> None:
        """There is nothing further out but the end: once too often is soon pressed."""

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                self.app.exit(0)

        self.app.push_screen(ConfirmScreen("escape", self.words("screen.home.confirm_leave")), answered)
