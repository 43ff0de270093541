"""What people expect of any program: own keys, going to a pane, copying, presenting, a tour, small windows, ASCII."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from mailtutor import paths
from mailtutor.text.catalogue import LANGUAGES, words
from mailtutor.tui import keymap
from mailtutor.tui.actions import ACTIONS
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.small import SmallScreen
from mailtutor.tui.screens.stage import VIEWS
from mailtutor.tui.screens.tour import CARDS, TourScreen
from tests.tui.stage import FakeStage, alice_bob, lines, shown, stage, until


def write_keys(text: str) -> Path:
    """A keys.toml in this test's own folder."""
    file = paths.keys_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


async def dialogue(pilot: Pilot[int], app: TuiApp) -> None:
    """The textbook's dialogue is on the screen."""
    await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")


async def test_an_own_key_does_what_the_usual_one_did_and_the_bar_shows_it() -> None:
    write_keys('[keys]\nladder = "$,f24"\nqueue = "%"\n')
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(200, 40)) as pilot:
        await dialogue(pilot, app)
        assert "$ ladder" in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert stage(app).view == "wire"
        await pilot.press("dollar_sign")
        await until(pilot, lambda: stage(app).view == "ladder", "the ladder")
        await pilot.press("f24")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")
        await pilot.press("percent_sign")
        await until(pilot, lambda: stage(app).view == "queue", "the queue")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[keys\n", "cannot be read"),
        ("keys = 3\n", "cannot be read"),
        ('[keys]\nfly = "x"\n', "there is no action fly"),
        ("[keys]\nladder = 7\n", "7 for ladder is no key"),
        ('[keys]\nladder = "ctrl+nonsense"\n', "ctrl+nonsense for ladder is no key"),
        ('[keys]\nladder = "r"\n', "r cannot be ladder, it is run"),
        ('[keys]\nladder = "L,tab"\n', "tab cannot be ladder: it moves about"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(text: str, told: str) -> None:
    own = keymap.load(write_keys(text))
    assert not own.keys
    assert [told in problem for problem in own.problems] == [True]
    assert str(paths.keys_file()) in own.problems[0]


def test_two_actions_can_change_keys() -> None:
    own = keymap.load(write_keys('[keys]\nladder = "r"\nrun = "l"\n'))
    assert own.keys == {"ladder": "r", "run": "l"}
    assert not own.problems


async def test_a_wrong_file_of_keys_is_told_and_the_usual_keys_work() -> None:
    write_keys('[keys]\nfly = "x"\n')
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "there is no action fly" in shown(app), "the problem")
        await pilot.press("l")
        await until(pilot, lambda: stage(app).view == "ladder", "the ladder")


def test_every_action_can_have_another_key() -> None:
    for action in ACTIONS:
        own = keymap.load(write_keys(f'[keys]\n{action.id} = "f20"\n'))
        assert own.keys == {action.id: "f20"}, action.id
        assert all(keys.split(",")[0] == "f20" for keys in own.bindings().values())


async def test_a_letter_goes_to_any_pane_or_view() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("apostrophe")
        await until(pilot, lambda: " 1   crepes.fr → hamburger.edu  SMTP" in shown(app), "the list")
        number = next(line.split("│")[1].split()[0] for line in shown(app).splitlines() if "   queue" in line)
        await pilot.press(number)
        await until(pilot, lambda: stage(app).view == "queue", "the queue")
        await pilot.press("apostrophe", "escape")
        await until(pilot, lambda: "Go to" not in shown(app), "the list gone")
        assert stage(app).view == "queue"


async def test_what_is_copied_is_in_a_file_too() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("home", "c")
        await until(pilot, lambda: paths.copied_file().exists(), "the file")
        assert paths.copied_file().read_text(encoding="utf-8") == "S: 220 hamburger.edu\n"
        await pilot.press("B")
        await until(pilot, lambda: "32 32 30" in paths.copied_file().read_text(encoding="utf-8"), "the octets")
        assert paths.copied_file().read_text(encoding="utf-8").endswith("0d 0a\n")
        await pilot.press("C")
        await until(pilot, lambda: "C: QUIT" in paths.copied_file().read_text(encoding="utf-8"), "all of it")


async def test_a_presenter_needs_one_key() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob(), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("P")
        await until(pilot, lambda: stage(app).has_class("-presenting"), "room")
        await until(pilot, lambda: "PgDn next line  PgUp line before  P present no more" in shown(app), "the keys")
        for count in (1, 2, 3):
            await pilot.press("pagedown")
            await until(pilot, lambda: len(lines(app)._flow) and lines(app)._shown == count, "the next line")  # noqa: B023
        await pilot.press("pageup")
        await until(pilot, lambda: lines(app)._shown == 2, "the one before")
        assert "tape" not in shown(app)
        await pilot.press("P")
        await until(pilot, lambda: not stage(app).has_class("-presenting"), "as before")
        await until(pilot, lambda: "PgDn" not in shown(app), "the usual keys")


async def test_a_live_line_waits_for_the_presenter() -> None:
    session = FakeStage(alice_bob())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("P")
        await until(pilot, lambda: session.pace == "step", "the wire held")
        await pilot.press("P")
        await until(pilot, lambda: session.pace == "run", "the wire let go")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_tour_has_a_card_for_each_thing_and_ends(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        app.action_tour()
        for number in range(1, len(CARDS) + 1):
            mark = f"{number} of {len(CARDS)}" if language == "en" else f"{number} / {len(CARDS)}"
            await until(pilot, lambda: mark in shown(app), mark)  # noqa: B023
            await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, TourScreen), "the end")
    assert TuiApp(FakeStage(), "home").settings.toured


@pytest.mark.parametrize("size", [(59, 24), (80, 14), (1, 1)])
async def test_a_window_too_small_says_so_and_grows_again(size: tuple[int, int]) -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await dialogue(pilot, app)
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: isinstance(app.screen, SmallScreen), "the sentence")
        if size[0] > 50:
            await until(pilot, lambda: "make it larger" in " ".join(shown(app).split()), "the words")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not isinstance(app.screen, SmallScreen), "the screen again")
        await dialogue(pilot, app)


async def test_a_window_that_grew_under_the_palette_shows_its_screen_again() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await dialogue(pilot, app)
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: isinstance(app.screen, SmallScreen), "the sentence")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: not isinstance(app.screen, SmallScreen), "the palette")
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await dialogue(pilot, app)


async def test_a_window_that_is_too_small_from_the_start_says_so() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(40, 12)) as pilot:
        await until(pilot, lambda: "make it larger" in " ".join(shown(app).split()), "the words")


@pytest.mark.parametrize("where", ["home", "lab", "practice"])
async def test_in_ascii_nothing_else_is_drawn(where: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), where, ascii=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await until(pilot, lambda: "mailtutor" in shown(app), "the screen")
        others = {one for one in shown(app) if not one.isascii()}
        assert others <= set("中文")


async def test_ascii_and_stillness_are_remembered() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await dialogue(pilot, app)
        app.action_ascii()
        app.action_motion()
        await until(pilot, lambda: "crepes.fr ] hamburger.edu" in shown(app), "ASCII")
    kept = TuiApp(FakeStage(), "home").settings
    assert kept.ascii
    assert kept.still


@pytest.mark.parametrize(("key", "title"), [("", "▸ The wire"), ("l", "▸ The ladder"), ("S", "▸ The states")])
async def test_help_begins_with_what_is_looked_at(key: str, title: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await dialogue(pilot, app)
        if key:
            await pilot.press(key)
        await pilot.press("f1")
        await until(pilot, lambda: title in shown(app), "the help")


def test_every_view_has_help_of_its_own() -> None:
    for language in LANGUAGES:
        for view in VIEWS:
            assert words(language).get(f"habit.pane.{view}.what"), (language, view)


@pytest.mark.parametrize("pressed", ["<any>", "\\u001b", "LATIN SMALL LETTER A", "nonsense"])
def test_what_no_keyboard_sends_is_no_key(pressed: str) -> None:
    assert not keymap.load(write_keys(f'[keys]\nladder = "{pressed}"\n')).keys


@pytest.mark.parametrize("pressed", ["up", "shift+tab", "pagedown", "escape", "enter", "ctrl+i", "backspace"])
def test_keys_that_move_about_stay_what_they_are(pressed: str) -> None:
    own = keymap.load(write_keys(f'[keys]\nladder = "{pressed}"\nqueue = "%"\n'))
    assert list(own.keys) == ["queue"]
    assert [problem.key for problem in own.problems] == ["error.keys.navigation"]


def test_what_has_such_a_key_of_its_own_may_keep_it() -> None:
    own = keymap.load(write_keys('[keys]\nleave = "escape,f24"\nnext = "enter,f23"\n'))
    assert not own.problems
    assert set(own.keys) == {"leave", "next"}


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "\ufeff[keys]\nladder = 'L'\n"])
def test_any_file_of_keys_lets_the_screen_open(text: str) -> None:
    own = keymap.load(write_keys(text))
    assert bool(own.keys) is not bool(own.problems)


async def test_what_was_copied_is_its_owners_alone() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("home", "c")
        await until(pilot, lambda: paths.copied_file().exists(), "the file")
    assert paths.copied_file().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "7" * 5000, f"[keys]\nladder = {'7' * 5000}\n", f"[keys]\nladder = 0x{'f' * 5000}\n",
        f"[keys.ladder{'.a' * 5000}]\n", f"[keys]\n{'7' * 5000} = 'x'\n",
    ],
)  # fmt: skip
def test_numbers_and_tables_beyond_reason_are_told(text: str) -> None:
    own = keymap.load(write_keys(text))
    assert len(own.problems) == 1
    assert not own.keys


@pytest.mark.parametrize("pressed", ["l,,", ",", "l,", ",l", "l, ,m"])
def test_a_key_that_is_missing_beside_a_comma_is_told(pressed: str) -> None:
    own = keymap.load(write_keys(f'[keys]\nladder = "{pressed}"\n'))
    assert [problem.key for problem in own.problems] == ["error.keys.missing"]
    assert not own.keys


async def test_an_action_can_be_without_a_key_and_the_key_goes_to_another() -> None:
    write_keys('[keys]\nladder = ""\nrun = ""\nqueue = "l"\n')
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        assert not keymap.load(paths.keys_file()).problems
        await dialogue(pilot, app)
        await pilot.press("l")
        await until(pilot, lambda: stage(app).view == "queue", "the queue")


async def test_the_key_of_an_action_without_one_does_nothing_and_the_help_opens() -> None:
    write_keys('[keys]\nladder = ""\n')
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("l")
        await pilot.pause()
        assert stage(app).view == "wire"
        await pilot.press("f1")
        await until(pilot, lambda: len(app.screen_stack) > 2, "the help")
