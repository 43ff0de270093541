"""One step of a lesson as it is told: its text, its question or its line, what came of it, the key to press next."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Do, Predict, Quiz, Read, Reflect, Type, Watch
from mailtutor.course.prose import Section
from mailtutor.reading.coach import Advice
from mailtutor.reading.visible import visible
from mailtutor.tui.act_keys import WITH_KEYS, key_for
from mailtutor.tui.contract import Stage
from mailtutor.tui.lesson_text import marks, step_text
from mailtutor.tui.screens.acting import ActingScreen
from mailtutor.tui.widgets.folding import Block, FoldedText
from mailtutor.tui.widgets.prompt import Prompt
from mailtutor.tui.widgets.prose import Prose, prose
from mailtutor.tui.widgets.question import Question


class StepScreen(ActingScreen):
    """A screen that shows the step a lesson is at, in the current language. It knows nothing of the lab."""

    DEFAULT_CSS = """
    StepScreen #marks { height: 1; padding: 0 1; }
    StepScreen #feedback { height: auto; padding: 0 1; display: none; }
    StepScreen #held { height: 1; padding: 0 1; display: none; color: $warning; text-style: bold; }
    StepScreen #question, StepScreen #prompt { display: none; }
    StepScreen.-asking #question, StepScreen.-typing #prompt { display: block; }
    StepScreen.-narrow.-done #question { display: none; }
    StepScreen.-typing.-short #meaning { height: 8; }
    StepScreen.-typing.-short.-view-meaning #meaning { height: 1fr; }
    StepScreen.-narrow.-asking #meaning, StepScreen.-narrow.-typing #meaning { display: none; }
    StepScreen.-narrow.-view-meaning #meaning { display: block; }
    StepScreen.-narrow #side, StepScreen.-narrow.-view-text #side { max-height: 100%; }
    StepScreen.-narrow #text { height: auto; max-height: 3; }
    StepScreen.-narrow.-silent #text { max-height: 30vh; }
    StepScreen.-narrow.-typing #text { max-height: 6; }
    StepScreen.-narrow.-asking #text { max-height: 6; }
    StepScreen.-narrow.-corrected #text, StepScreen.-narrow.-done #text { max-height: 3; }
    StepScreen.-narrow.-view-text #text { height: 1fr; max-height: 100%; }
    """

    def __init__(self, session: Stage, *, lesson: str) -> None:
        super().__init__(session)
        self.lesson: Lesson = session.lessons.find(lesson)
        self.index = 0
        self.is_done = False
        self.prompt = Prompt(id="prompt")
        self.question = Question(id="question")
        self._text = Prose(id="text")
        self._marks = Static(markup=False, id="marks")
        self._held = Static(markup=False, id="held")
        self._feedback_text = FoldedText(id="feedback")
        self._feedback: tuple[str, str] = ("", "")
        self._done: set[str] = set()
        self._skipped: set[str] = set()
        self._hints = 0
        # Whether the student is still to say what a reply will be: nothing on the screen may tell it.
        self._is_guessing = False

    def side(self) -> ComposeResult:
        """Where we are, and the step's text."""
        yield self._marks
        yield self._text

    def below(self) -> ComposeResult:
        """What came of it, then the question or the prompt."""
        yield self._held
        yield self._feedback_text
        yield self.question
        yield self.prompt

    @property
    def step(self) -> AnyStep:
        """The current step."""
        return self.lesson.steps[self.index]

    @property
    def _results(self) -> dict[str, str]:
        return dict.fromkeys(self._skipped, "skipped") | dict.fromkeys(self._done, "done")

    def _keep_secret(self, guessing: bool) -> None:
        self._is_guessing = self.meaning.tells_no_answers = guessing
        self.meaning.speak()

    def _focus_answer(self) -> None:
        """Where the student answers or types, so that the next key is heard there."""
        if isinstance(self.step, (Quiz, Reflect)) and not self.is_done:
            self.question.take_focus()
        elif isinstance(self.step, Type):
            self.prompt.input.focus()

    def speak(self) -> None:
        """Draws all of the step's words in the current language."""
        texts = self.lesson.prose(self.words.language)
        section = texts.sections[self.step.id]
        self.bar.title(visible(f"{self.lesson.number} · {texts.title}"))
        # With few lines for the text, its title stands beside the marks.
        folded = self.is_folded
        title = section.title if folded else ""
        self._marks.update(marks(self.lesson, self.index, self._results, self.words, title))
        self._text.show(step_text(self.step, section, self._hints, self.words, titled=not folded), dense=folded)
        self.call_after_refresh(self._fit_text, folded=folded)
        self._ask()
        self.set_class(self.is_done, "-done")
        kind, text = self._feedback
        if not text and self.is_done:
            kind, text = "right", self._praise(section)
        elif not text:
            text = self._prompting()
        style = {"right": "bold $success", "wrong": "bold $wire-refused"}.get(kind, "$accent")
        blocks = prose(text)
        self._feedback_text.show(*(Block(block.content.stylize_before(style), block.lead) for block in blocks))
        self._feedback_text.display = bool(text)

    def _praise(self, section: Section) -> str:
        """That the step is done, and after a question why its answer is right."""
        if section.right:
            return f"✔ {section.right} {self.words('screen.lesson.leads_on')}"
        return self.words("screen.lesson.done")

    def _fit_text(self, *, folded: bool) -> None:
        """A hint that was asked for is seen."""
        if self.is_attached and folded and self._hints:
            self._show_hint()

    def _show_hint(self) -> None:
        """Scrolls to the newest hint, or to the solution."""
        is_hint = self._hints <= len(self.lesson.section(self.words.language, self.step.id).hints)
        lead = self.words("screen.lesson.hint", number=self._hints) if is_hint else self.words("screen.lesson.solution")
        self._text.scroll_to_block(lead)

    def on_resize(self) -> None:
        """Folded or not, the text is another one."""
        self.speak()

    def show_view(self, view: str) -> None:
        """The text view unfolds the text."""
        super().show_view(view)
        self.speak()
        if self.view == "wire":
            self._focus_answer()

    def _prompting(self) -> str:
        """The one thing to do next."""
        if self.slow.is_on:
            return self.words("screen.lesson.watching")
        return self.words(f"screen.lesson.todo.{type(self.step).__name__.lower()}")

    def _ask(self) -> None:
        step, section = self.step, self.lesson.section(self.words.language, self.step.id)
        if isinstance(step, Quiz):
            choices = [(name, section.options.get(name, name)) for name in step.options]
            self.question.ask(step.form, choices)
        elif isinstance(step, Reflect):
            self.question.ask("reflect")
        elif isinstance(step, Predict):
            self.question.ask("predict", [(code, code) for code in step.choices])

    def _light(self) -> None:
        step = self.step
        if self.slow.is_on and not self.is_done:
            self.keybar.light("run")
        elif self.is_done or isinstance(step, (Read, Watch)):
            self.keybar.light("next")
        elif isinstance(step, Do):
            self.keybar.light(key_for(step.acts[0]))
        else:
            self.keybar.light("")
        needed = {key_for(act) for act in step.acts} if isinstance(step, Do) else set()
        needless = [key for key in WITH_KEYS if key not in needed]
        if isinstance(step, Do):
            needless = [key for key in needless if key not in ("send", "fetch_pop3", "fetch_imap")]
        if not isinstance(step, Type):
            needless.append("console")
        # Where something is to be answered or done first, the key does not lead on.
        leads_on = self.is_done or (isinstance(step, (Read, Watch)) and not self.slow.is_on)
        self.keybar.hide(*needless, *(() if leads_on else ("next",)))

    def _advise(self, advice: Advice | None, line: str = "", since: int = 0) -> None:
        """What the coach has to correct needs the lines the step's text had."""
        self.prompt.advise(advice, line, since)
        self.set_class(advice is not None and not advice.is_right, "-corrected")
