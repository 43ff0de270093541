"""The student's own keys: `keys.toml` in the user's folder, read when the screen opens.

    [keys]
    ladder = "L"
    step = "space,f8"

Each name is an action's id (`actions.py`; F1 shows them all), each value one or more keys with commas between, as
Textual writes them: a character, or a name such as `f8`, `ctrl+g`, `pageup`. What the action's keys were before works
no more; with "" it has none but in the palette. The key that works while typing stays, unless another takes it. Keys
that move about (arrows up and down, tab, enter, esc, pages) stay what they are. What cannot be used is left out and
told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textual.keys import Keys, key_to_character

from mailtutor.errors import Sentence
from mailtutor.tui.actions import ACTIONS, normal

# Those in angle brackets stand for what no keyboard sends.
_NAMED = frozenset(key.value for key in Keys if not key.value.startswith("<"))
# Of what is no key so many characters are told.
_QUOTED = 60
_MODIFIERS = ("ctrl+", "alt+", "shift+", "super+", "meta+")


# What moves about, chooses and leaves, in every list and every line: no action takes it that has not had it always. The
# last three are what terminals make of tab, enter and backspace.
_NAVIGATION = frozenset(
    {
        "up", "down", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "enter", "escape", "backspace",
        "ctrl+i", "ctrl+m", "ctrl+h",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keymap:
    """Action id → its keys, as Textual writes them. problems: what in the file could not be used."""

    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Sentence, ...] = ()

    def bindings(self) -> dict[str, str]:
        """The same for Textual: the id of a binding → all its keys."""
        found: dict[str, str] = {}
        for action in ACTIONS:
            if action.id in self.keys:
                keys = ",".join(dict.fromkeys(action.with_keys(self.keys[action.id]).all_keys.split(",")))
                found |= {f"{mode}.{action.id}": keys for mode in action.modes}
        return found


def load(file: Path) -> Keymap:
    """Reads the file; without one nothing is changed. Never raises: a wrong line keeps no screen from opening."""
    try:
        text = file.read_text(encoding="utf-8-sig")  # as editors on Windows write it
    except FileNotFoundError:
        return Keymap()
    except (OSError, UnicodeDecodeError) as wrong:
        return Keymap(problems=(_unreadable(file, wrong),))
    try:
        table = tomllib.loads(text).get("keys", {})
    except (ValueError, RecursionError) as wrong:
        return Keymap(problems=(_unreadable(file, wrong),))
    if not isinstance(table, dict):
        return Keymap(problems=(_unreadable(file, "[keys]"),))
    return _checked(file, table)


def _unreadable(file: Path, why: object) -> Sentence:
    return Sentence("{file}: cannot be read ({why}); the usual keys work", "error.keys.unreadable", file=file, why=why)


def _checked(file: Path, table: Mapping[str, object]) -> Keymap:
    actions = {action.id: action for action in ACTIONS}
    keys: dict[str, str] = {}
    problems: list[Sentence] = []
    for name, value in table.items():
        if name not in actions:
            problems.append(Sentence("{file}: there is no action {name}", "error.keys.no_action", file=file, name=name))
            continue
        own = [normal(key.strip()) for key in value.split(",")] if isinstance(value, str) else []
        if own == [""]:
            keys[name] = ""
            continue
        if "" in own:
            problems.append(
                Sentence(
                    "{file}: for {name} a key is missing beside a comma; the key itself is called comma",
                    "error.keys.missing", file=file, name=name,
                )
            )  # fmt: skip
            continue
        bad = next((key for key in own if not _is_key(key)), None if own else _quoted(value))
        if bad is not None:
            problems.append(
                Sentence(
                    "{file}: {pressed} for {name} is no key", "error.keys.no_key", file=file, pressed=bad, name=name
                )
            )
            continue
        needed = next((key for key in own if key in _NAVIGATION and key not in _usual(name)), None)
        if needed is not None:
            problems.append(
                Sentence(
                    "{file}: {pressed} cannot be {name}: it moves about, chooses or leaves everywhere",
                    "error.keys.navigation", file=file, pressed=needed, name=name,
                )
            )  # fmt: skip
            continue
        keys[name] = ",".join(own)
    for name, key, other in _clashes(keys):
        keys.pop(name, None)
        problems.append(
            Sentence(
                "{file}: {pressed} cannot be {name}, it is {other}", "error.keys.taken",
                file=file, pressed=key, name=name, other=other,
            )
        )  # fmt: skip
    return Keymap(keys, tuple(problems))


def _quoted(value: object) -> str:
    """The beginning of what stands where keys should."""
    try:
        return str(value)[:_QUOTED]
    except (ValueError, RecursionError):  # numbers of thousands of digits, tables in tables in tables
        return "…"


def _usual(name: str) -> set[str]:
    """The keys an action has where nobody says otherwise, in any mode."""
    return {key for action in ACTIONS if action.id == name for key in action.all_keys.split(",")}


def _is_key(key: str) -> bool:
    bare = key
    for modifier in _MODIFIERS:
        bare = bare.removeprefix(modifier)
    character = key_to_character(bare) or ""
    return key in _NAMED or bare in _NAMED or (character.isprintable() and normal(character) == bare)


def _clashes(keys: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(own action, key, other action) for every key that two actions of one mode would share."""
    modes = {mode for action in ACTIONS for mode in action.modes}
    told: set[str] = set()
    for mode in sorted(modes):
        taken: dict[str, str] = {}
        here = [action for action in ACTIONS if mode in action.modes]
        # The usual ones first, so that it is the student's own that gives way.
        for action in sorted(here, key=lambda action: action.id in keys):
            for key in action.with_keys(keys.get(action.id)).all_keys.split(","):
                if not key:
                    continue
                other = taken.setdefault(key, action.id)
                if other != action.id and action.id in keys and action.id not in told:
                    told.add(action.id)
                    yield action.id, key, other
