"""The application: modes, language, theme. What is shown where is the screens' business."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.events import Resize
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen

from mailtutor import paths
from mailtutor.errors import MailtutorError
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import LANGUAGES
from mailtutor.text.telling import tell
from mailtutor.tui import keymap, settings, theme
from mailtutor.tui.actions import DEVICES, LIVE, OF_APP, bindings, of_mode
from mailtutor.tui.ascii import AsciiFilter
from mailtutor.tui.clean import CleanFilter
from mailtutor.tui.contract import Stage
from mailtutor.tui.screens.home import HomeScreen
from mailtutor.tui.screens.small import LEAST_HEIGHT, LEAST_WIDTH, SmallScreen
from mailtutor.tui.widgets.speaking import SpeakingApp

if TYPE_CHECKING:
    from textual.command import Provider

    from mailtutor.trace.events import AnyEvent


def _actions() -> type[Provider]:
    """What the palette lists; imported when it is opened."""
    from mailtutor.tui.palette import ActionsProvider

    return ActionsProvider


# Seconds a thread may go on while another one waits to run.
SWITCH_S = 0.001
# Seconds between two looks whether the terminal is still there.
TERMINAL_LOOK_S = 1.0


class TuiApp(SpeakingApp):
    """mailtutor on the screen. start: "home", "lesson", "lab", "replay", "practice" or "letter", with what that mode
    takes."""

    TITLE = "mailtutor"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    COMMANDS = {_actions}  # noqa: RUF012 - Textual's name and type
    CSS = """
    Screen { background: $background; }
    ModalScreen { background: $background 30%; }
    Input > .input--placeholder, Input > .input--suggestion { color: $wire-quiet; }
    ToastRack, CommandPalette SearchIcon { display: none; }
    """

    def __init__(
        self, session: Stage, start: str = "home", where: dict[str, Any] | None = None, *, ascii: bool = False
    ) -> None:
        super().__init__()
        self.session = session
        self._start = start
        self._where = where or {}
        self.settings = settings.load(paths.settings_file())
        # The system may say so for all programs, and a flag for this run.
        self._clean = CleanFilter()
        self._signs = AsciiFilter(enabled=ascii or self.settings.ascii)
        self._own = keymap.load(paths.keys_file())
        self.own_keys = self._own.keys
        self._small: SmallScreen | None = None
        self._tour_waits = False
        for each in theme.THEMES:
            self.register_theme(each)

    @property
    def draws_ascii(self) -> bool:
        """Whether every sign is drawn in ASCII."""
        return self._signs.enabled

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Textual's own themes, which the palette offers too, lack our colours."""
        return theme.DARK.variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes before it is written."""
        signs = [self._signs] if self._signs.enabled else []
        return [*super().get_line_filters(), *signs, self._clean]

    def on_mount(self) -> None:
        """Opens the mode that was asked for."""
        self.theme = self.settings.theme if self.settings.theme in theme.NAMES else theme.NAMES[0]
        wanted = os.environ.get("MAILTUTOR_LANG", "")[:2].lower()
        self.language = wanted if wanted in LANGUAGES else self.settings.language
        self._hold_still()
        if self.own_keys:
            self.set_keymap(self._own.bindings())
        if not self.is_headless:
            self._heed_signals()
        self.push_screen(self.screen_for(self._start, self._where))
        self.call_after_refresh(self._tell_problems)
        self.call_after_refresh(lambda: self._fit_window(self.size))
        if self.shows_tour and not self.settings.toured:
            self.call_after_refresh(self.action_tour)

    def _tell_problems(self) -> None:
        problems: list[str] = list(self._own.problems)
        if self._start in ("lesson", "practice"):  # home tells them itself, once it has them
            self.session.results()
            problems += self.session.troubles
        for problem in problems:
            self.notify(visible(tell(problem, self.words)), severity="warning", markup=False, timeout=15)

    @property
    def shows_tour(self) -> bool:
        """Whether the tour comes by itself, the first time: to a person who opens the course."""
        return self._start == "home" and not self.is_headless

    def on_resize(self, event: Resize) -> None:
        """Another size, which may be too small."""
        self._fit_window(event.size)

    def _fit_window(self, size: Size) -> None:
        """Where nothing can be read a sentence says so."""
        if len(self.screen_stack) < 2:
            return  # nothing is open yet
        is_small = size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT
        if is_small and self._small is None:
            self._small = SmallScreen()
            self.push_screen(self._small, self._fits)
        elif not is_small and self._small is not None and self.screen is self._small:
            self._small.dismiss()

    def _fits(self, _: None) -> None:
        """There is room again."""
        self._small = None
        if self._tour_waits:
            self.call_after_refresh(self.action_tour)

    def _heed_signals(self) -> None:
        """Being told to end is leaving: the terminal is put back and the lab stopped."""
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                with contextlib.suppress(NotImplementedError):  # Windows has neither these nor a way to wait for them
                    loop.add_signal_handler(number, self._end)

        if os.name == "posix" and os.isatty(0):
            self.set_interval(TERMINAL_LOOK_S, self._look_for_terminal)

    def _look_for_terminal(self) -> None:
        """A terminal may go without a word: not every parent hands SIGHUP on."""
        if not os.isatty(0):
            self._end()

    def _end(self) -> None:
        """Once: who is told twice is leaving already."""
        if not self._exit:
            self.exit(0)

    def screen_for(self, mode: str, where: dict[str, Any]) -> Screen[None]:
        """A new screen of a mode. The modes are imported when first needed: the home is painted before."""
        if mode == "lab":
            from mailtutor.tui.screens.lab import LabScreen

            return LabScreen(self.session, **where)
        if mode == "practice":
            from mailtutor.tui.screens.practice import PracticeScreen

            return PracticeScreen(self.session, **where)
        if mode == "replay":
            from mailtutor.tui.screens.replay import ReplayScreen

            return ReplayScreen(self.session, **where)
        if mode == "attach":
            from mailtutor.tui.screens.attach import AttachScreen

            return AttachScreen(self.session, **where)
        if mode == "lesson":
            from mailtutor.tui.screens.lesson import LessonScreen

            return LessonScreen(self.session, **where)
        if mode == "letter":
            from mailtutor.tui.screens.message import MessageScreen

            return MessageScreen(**where)
        return HomeScreen(self.session)

    def on_home_screen_chosen(self, event: HomeScreen.Chosen) -> None:
        """The student goes somewhere from home."""
        kind, _, rest = event.place.partition(":")
        if kind == "lesson":
            self.push_screen(self.screen_for("lesson", {"lesson": rest}))
            return
        if kind in ("glossary", "report"):
            getattr(self, f"action_{kind}")()
            return
        mode, _, rest = event.place.partition("-")
        if mode == "tasks":
            self._open_tasks()
        elif mode == "recordings":
            self._open_recordings()
        elif mode == "growth":
            self.push_screen(self.screen_for("lab", {"view": mode}))
        elif mode == "replay":
            self.push_screen(self.screen_for(mode, {"name": rest, "events": _transcript(rest)}))
        else:
            self.push_screen(self.screen_for(mode, {"protocol": rest} if rest else {}))

    def _open_tasks(self) -> None:
        """Practice with the first task that is open."""
        from mailtutor.tui.taskdesk import done_before

        try:
            tasks, done = self.session.tasks.all, done_before(self.session)
        except MailtutorError as wrong:
            self.notify(visible(tell(wrong, self.words)), severity="error", markup=False, timeout=30)
            return
        task = next((task for task in tasks if task.id not in done), tasks[0])
        self.push_screen(self.screen_for("practice", {"task": task}))

    def _open_recordings(self) -> None:
        """A list of them; the chosen one is played."""
        from mailtutor.tui.screens.recordings import RecordingsScreen

        def chosen(name: str | None) -> None:
            if name is not None:
                self.push_screen(self.screen_for("replay", {"name": name, "events": _transcript(name)}))

        self.push_screen(RecordingsScreen(), chosen)

    async def action_go_home(self) -> None:
        """Leaves the current mode. The lab that nobody looks at any more ends. Who came for one message or one
        server alone goes."""
        if self._start in ("letter", "attach") and len(self.screen_stack) <= 2:
            self.exit(0)
            return
        if len(self.screen_stack) > 2:
            await self.pop_screen()
        else:
            await self.switch_screen(HomeScreen(self.session))
        if not self._is_watched:
            threading.Thread(target=self._end_lab, name="ends the lab").start()

    @property
    def _is_watched(self) -> bool:
        """Whether a screen shows what happens in the lab."""
        return any(getattr(screen, "follows_session", False) for screen in self.screen_stack)

    def _end_lab(self) -> None:
        from mailtutor.tui.screens.running_lab import STARTING

        with STARTING:
            if not self._is_watched:  # a lab that was still to start has its screen by now
                self.session.end_lab()

    def action_language(self) -> None:
        """The other language, at once."""
        self.language = LANGUAGES[(LANGUAGES.index(self.language) + 1) % len(LANGUAGES)]
        self.settings.language = self.language
        self._remember()

    def action_theme(self) -> None:
        """The next look."""
        at = theme.NAMES.index(self.theme) if self.theme in theme.NAMES else -1
        self.theme = theme.NAMES[(at + 1) % len(theme.NAMES)]
        self.settings.theme = self.theme
        self._remember()
        self.notify(self.words(f"screen.theme.{self.theme}"), markup=False, timeout=2)

    def action_ascii(self) -> None:
        """Frames and signs in ASCII, or as they are meant."""
        self._signs.enabled = self.settings.ascii = not self._signs.enabled
        self._remember()
        self.refresh_css(animate=False)
        self.notify(self.words(f"habit.ascii.{'on' if self._signs.enabled else 'off'}"), markup=False, timeout=2)

    def action_motion(self) -> None:
        """Nothing moves by itself, or what does may."""
        self.settings.still = not self.settings.still
        self._hold_still()
        self._remember()
        self.notify(self.words(f"habit.motion.{'off' if self.settings.still else 'on'}"), markup=False, timeout=2)

    def _hold_still(self) -> None:
        if self.settings.still:
            self.animation_level = "none"
        self.set_class(self.settings.still, "-still")

    def action_glossary(self) -> None:
        """Every word that can be looked up, and the lessons about it."""
        from mailtutor.tui.screens.glossary import GlossaryScreen

        if not isinstance(self.screen, GlossaryScreen):
            word = getattr(self.screen, "word_in_front", "")
            self.push_screen(GlossaryScreen(self.session, word), self._to_lesson)

    def _to_lesson(self, lesson: str | None) -> None:
        """From wherever the student is; the way back leads there."""
        if lesson:
            self.push_screen(self.screen_for("lesson", {"lesson": lesson}))

    def action_picture(self) -> None:
        """Keeps a picture of the screen for the report."""
        lesson = getattr(self.screen, "lesson", None)
        step = getattr(self.screen, "step", None)
        where, at = (lesson.id, step.id) if lesson is not None and step is not None else ("", "")
        try:
            path = self.session.keep_picture(where, at, self.export_screenshot())
        except MailtutorError as wrong:
            self.notify(visible(tell(wrong, self.words)), severity="error", markup=False)
            return
        self.notify(self.words("report.picture_kept", path=visible(str(path))), markup=False)

    def action_report(self) -> None:
        """Writes the student's report into this folder, once it is known whose it is."""
        from mailtutor.tui.screens.naming import NamingScreen

        self.push_screen(NamingScreen(self.session.student_name()), self._report)

    def _report(self, name: str | None) -> None:
        if name is None:
            return
        path = Path(f"mailtutor-report-{time.strftime('%Y%m%d-%H%M%S')}.html").absolute()
        try:
            self.session.name_student(name)
            self.session.write_report(path, self.language)
        except MailtutorError as wrong:
            self.notify(visible(tell(wrong, self.words)), severity="error", markup=False)
            return
        self.notify(self.words("report.written", path=visible(str(path))), markup=False, timeout=15)

    def action_tour(self) -> None:
        """The program in a minute."""
        from mailtutor.tui.screens.tour import TourScreen

        # Nothing can be read, and nothing may stand over the sentence that says so.
        self._tour_waits = self._small is not None
        if self._tour_waits:
            return
        self.settings.toured = True
        self._remember()
        if not isinstance(self.screen, TourScreen):
            self.push_screen(TourScreen())

    def _remember(self) -> None:
        try:
            settings.save(paths.settings_file(), self.settings)
        except OSError as wrong:
            self.notify(self.words("screen.settings.unwritable", why=wrong.strerror or ""), markup=False)

    def action_help(self) -> None:
        """All keys of this mode, with a sentence each."""
        from mailtutor.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.mode, getattr(self.screen, "pane_in_front", "")))

    def action_command_palette(self) -> None:
        """The library's own key for it leads to the same."""
        self.action_palette()

    def action_palette(self) -> None:
        """Every action by name."""
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.words("screen.palette.ask"), id="--command-palette"))

    @property
    def mode(self) -> str:
        """The mode of the screen in front."""
        return str(getattr(self.screen, "MODE", "home"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette offers the same actions as the keys, and what bob's devices do without their view."""
        mode = str(getattr(screen, "MODE", "home"))
        of_view = of_mode(DEVICES if mode in LIVE else "", self.own_keys)
        for action in (*of_mode(mode, self.own_keys), *of_view):
            if action.id == "palette":
                continue
            key = action.key(while_typing=False)
            label = self.words(f"screen.action.{action.id}.label")
            title = f"{label} ({key})" if key else label
            owner: Any = self if action.id in OF_APP else screen
            yield SystemCommand(
                title, self.words(f"screen.action.{action.id}.what"), getattr(owner, f"action_{action.id}")
            )


def _transcript(name: str) -> Sequence[AnyEvent]:
    from mailtutor.trace.transcript import parse

    file = paths.content("transcripts") / f"{name}.txt"
    return parse(file.read_bytes(), file.name).events()


def run(session: Stage, start: str, *, ascii: bool = False, **where: Any) -> int:
    """Opens the screen and stays until the student leaves; gives the exit code. The lab ends with it."""
    # The lab's thread answers between two strokes of the brush: with Python's usual 5 ms each of its turns may wait as
    # long for the painter, and mail is taken in at little more than half the rate.
    sys.setswitchinterval(SWITCH_S)
    app = TuiApp(session, start, where, ascii=ascii)
    try:
        return app.run() or app.return_code or 0
    finally:
        session.stop()
