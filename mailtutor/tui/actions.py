"""The one table of actions: keys, key bar, help screen and palette are all made from it.

An action's words are `screen.action.ID.label` (a word for the bar) and `screen.action.ID.what` (a sentence). A screen
that has a method `action_ID` and lists the mode here has the action. `typing` is the key that works while an input has
the focus, where plain letters are text. Keys that terminals, tmux or shells keep for themselves (ctrl+a, b, s, z) are
never the only way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character

HOME, LESSON, LAB, REPLAY, PRACTICE, LETTER = "home", "lesson", "lab", "replay", "practice", "letter"
ATTACH = "attach"
WIRES = frozenset({LESSON, LAB, REPLAY, PRACTICE, ATTACH})
LIVE = frozenset({LESSON, LAB, PRACTICE})
EVERYWHERE = WIRES | {HOME, LETTER}
# No modes of their own: what the keys do in addition while this view is in front.
QUEUE, DEVICES, LADDER, DIFFERENCES, MESSAGE = "queue", "devices", "ladder", "differences", "message"
GROWTH, BESIDE, PACKETS = "growth", "beside", "packets"
# The same in the list of tasks, which stands over practice, and in that of the recorded dialogues.
TASKS, RECORDINGS = "tasks", "recordings"
# The same in the glossary, which stands over everything.
GLOSSARY = "glossary"
# The same, while the wire is presented to a room.
PRESENTING = "presenting"
PLACES = (
    LESSON,
    LAB,
    REPLAY,
    PRACTICE,
    ATTACH,
    LETTER,
    QUEUE,
    DEVICES,
    LADDER,
    DIFFERENCES,
    MESSAGE,
    GROWTH,
    BESIDE,
    PACKETS,
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the student can do. weight: the smaller, the further left in the bar; 0 is not in the bar."""

    id: str
    keys: str
    modes: frozenset[str]
    weight: int = 0
    typing: str = ""
    shown: str = ""

    def with_keys(self, keys: str | None) -> Action:
        """The same action on other keys; None leaves it as it is."""
        return self if keys is None else replace(self, keys=keys, shown="")

    @property
    def all_keys(self) -> str:
        """Every key, as Textual writes them; "" where the palette is the only way."""
        return ",".join(keys for keys in (self.keys, self.typing) if keys)

    def key(self, *, while_typing: bool) -> str:
        """The key to show, or "" where there is none then."""
        if while_typing:
            return readable(self.typing.split(",")[0])
        return self.shown or readable(self.keys.split(",")[0])


ACTIONS = (
    Action("open", "enter", frozenset({HOME}), 1),
    Action("next", "enter", frozenset({LESSON}), 1, "ctrl+n"),
    Action("send", "1", frozenset({LAB, LESSON}), 2),
    Action("fetch_pop3", "2", frozenset({LAB, LESSON}), 3),
    Action("fetch_imap", "3", frozenset({LAB, LESSON}), 3),
    Action("alice_imap", "6", frozenset({LAB, LESSON}), 7),
    Action("open_page", "7", frozenset({LAB, LESSON}), 10),
    Action("send_pictures", "8", frozenset({LAB, LESSON}), 10),
    Action("faults", "f", frozenset({LAB, LESSON}), 4),
    Action("host_down", "4", frozenset({LAB, LESSON}), 8),
    Action("flush", "5", frozenset({LAB, LESSON}), 9),
    Action("act", "colon", frozenset({LAB, LESSON}), 10, shown=":"),
    Action("jump", "j", frozenset({LAB, LESSON}), 10),
    Action("clock_faster", "plus,equals_sign", frozenset({LAB, LESSON}), 13, shown="+"),
    Action("clock_slower", "minus", frozenset({LAB, LESSON}), 13, shown="-"),
    Action("history", "enter", frozenset({QUEUE}), 1),
    Action("hold", "h", frozenset({QUEUE}), 1),
    Action("recall", "x", frozenset({QUEUE}), 1),
    Action("try_now", "t", frozenset({QUEUE}), 1),
    Action("try_all", "T", frozenset({QUEUE}), 1),
    Action("laptop_keep", "k", frozenset({DEVICES}), 1),
    Action("laptop_delete", "x", frozenset({DEVICES}), 1),
    Action("phone_sync", "y", frozenset({DEVICES}), 1),
    Action("phone_open", "o", frozenset({DEVICES}), 1),
    Action("phone_attachment", "a", frozenset({DEVICES}), 1),
    Action("phone_mark", "u", frozenset({DEVICES}), 1),
    Action("phone_archive", "v", frozenset({DEVICES}), 1),
    Action("phone_delete", "z", frozenset({DEVICES}), 1),
    Action("to_scale", "z", frozenset({LADDER}), 1),
    Action("unfold", "x", frozenset({LADDER}), 1),
    Action("other", "o", frozenset({DIFFERENCES}), 1),
    Action("difference", "x", frozenset({DIFFERENCES}), 1),
    Action("other_file", "f", frozenset({DIFFERENCES}), 1),
    Action("message_open", "enter", frozenset({MESSAGE}), 1),
    Action("message_defect", "x", frozenset({MESSAGE}), 1),
    Action("message_other", "o", frozenset({MESSAGE}), 1),
    Action("message_hop", "h", frozenset({MESSAGE}), 1),
    Action("message_save", "w", frozenset({MESSAGE}), 1),
    Action("message_play", "y", frozenset({MESSAGE}), 1),
    Action("own_text", "e", frozenset({LETTER}), 2),
    Action("own_file", "f", frozenset({LETTER}), 2),
    Action("beside_run", "enter", frozenset({BESIDE}), 1),
    Action("beside_wide", "o", frozenset({BESIDE}), 1),
    Action("beside_forms", "t", frozenset({BESIDE}), 1),
    Action("beside_delay", "x", frozenset({BESIDE}), 1),
    Action("packet_open", "enter", frozenset({PACKETS}), 1),
    Action("packet_follow", "o", frozenset({PACKETS}), 1),
    Action("packet_numbers", "x", frozenset({PACKETS}), 1),
    Action("packet_save", "w", frozenset({PACKETS}), 1),
    Action("packet_octets_back", "left_square_bracket", frozenset({PACKETS}), shown="["),
    Action("packet_octets_on", "right_square_bracket", frozenset({PACKETS}), shown="]"),
    Action("growth_send", "enter", frozenset({GROWTH}), 1),
    Action("growth_other", "o", frozenset({GROWTH}), 1),
    Action("growth_own", "e", frozenset({GROWTH}), 1),
    # What a presenter's remote control presses.
    Action("next_line", "pagedown", frozenset({PRESENTING}), 1, shown="PgDn"),
    Action("line_before", "pageup", frozenset({PRESENTING}), 1, shown="PgUp"),
    Action("play", "space", frozenset({REPLAY}), 1),
    Action("compare", "v", frozenset({REPLAY}), 5),
    Action("faster", "plus,equals_sign", frozenset({REPLAY}), 3, shown="+"),
    Action("slower", "minus", frozenset({REPLAY}), 4, shown="-"),
    Action("take_over", "t", frozenset({LAB, REPLAY}), 6),
    Action("take_over", "T", frozenset({PRACTICE}), 21),
    Action("predict", "p", frozenset({LAB, PRACTICE}), 5, "ctrl+r"),
    Action("play_server", "v", frozenset({LAB}), 7),
    Action("console", "t", frozenset({PRACTICE, LESSON}), 1),
    Action("tasks", "j", frozenset({PRACTICE}), 2, "ctrl+n"),
    Action("task_open", "enter", frozenset({TASKS}), 1),
    Action("task_hint", "h", frozenset({TASKS}), 2),
    Action("recording_open", "enter", frozenset({RECORDINGS}), 1),
    Action("list_close", "escape", frozenset({TASKS, RECORDINGS}), 3),
    Action("protocol", "o", frozenset({PRACTICE}), 4, "f6"),
    Action("raw", "backslash", frozenset({PRACTICE}), 9, "ctrl+backslash", shown="\\"),
    # A terminal sends the same octet for both keys, here and below.
    Action("base64", "6", frozenset({PRACTICE}), 9, "ctrl+6,ctrl+circumflex_accent"),
    Action("coach", "7", frozenset({PRACTICE}), 4, "ctrl+7,ctrl+underscore"),
    Action("reconnect", "n", frozenset({PRACTICE}), 5, "f7"),
    Action("step", "space", LIVE, 4, "f8"),
    Action("edit_line", "E", frozenset({LAB, PRACTICE}), 12),
    Action("drop_line", "X", frozenset({LAB, PRACTICE}), 12),
    Action("run", "r", LIVE, 11, "f5"),
    Action("slow", "s", LIVE, 12, "f9"),
    Action("one_connection", "a", LIVE, 13),
    Action("previous", "p", frozenset({LESSON}), 20),
    Action("hint", "h", frozenset({LESSON, PRACTICE}), 4, "f3"),
    Action("skip", "J", frozenset({LESSON}), 21, "f6"),
    Action("redo", "Q", frozenset({LESSON}), 22, "f7"),
    Action("back", "left,comma", WIRES - {REPLAY}, 14, "f11", shown="←"),
    Action("forward", "right,full_stop", WIRES - {REPLAY}, 15, "f12", shown="→"),
    Action("back", "left,comma", frozenset({REPLAY}), 2, "f11", shown="←"),
    Action("forward", "right,full_stop", frozenset({REPLAY}), 2, "f12", shown="→"),
    Action("back_command", "less_than_sign", WIRES, shown="<"),
    Action("forward_command", "greater_than_sign", WIRES, shown=">"),
    Action("back_phase", "left_parenthesis", WIRES, shown="("),
    Action("forward_phase", "right_parenthesis", WIRES, shown=")"),
    Action("back_mark", "left_curly_bracket", WIRES, shown="{"),
    Action("forward_mark", "right_curly_bracket", WIRES, shown="}"),
    Action("live", "g", WIRES, 16, "ctrl+g"),
    Action("explain", "question_mark", WIRES, 6, "f4", shown="?"),
    Action("bytes", "b", WIRES, 7, "f10"),
    Action("ladder", "l", WIRES, 8, "ctrl+y"),
    Action("text", "w", WIRES, 5, "f2"),
    Action("queue", "q", WIRES, 17),
    Action("mailboxes", "m", WIRES, 18),
    Action("devices", "e", WIRES, 18),
    Action("states", "S", WIRES, 18, "ctrl+o"),
    Action("eve", "i", WIRES, 18),
    Action("statistics", "number_sign", WIRES, 18, shown="#"),
    Action("packets", "N", WIRES, 18),
    Action("capture", "Y", LIVE | {ATTACH}, 18),
    Action("marks", "M", WIRES, 18),
    Action("message", "A", WIRES, 18),
    Action("growth", "G", frozenset({LAB}), 18),
    Action("beside", "H", WIRES, 18),
    Action("bookmark", "K", WIRES, 18),
    Action("differences", "D", WIRES, 18),
    Action("save", "W", WIRES, 18),
    Action("save_secrets", "U", WIRES),
    Action("leg", "d", WIRES, 18),
    Action("only_this", "O", WIRES, 18),
    Action("only_errors", "exclamation_mark", WIRES, 18, shown="!"),
    Action("line_ends", "I", WIRES, 18),
    Action("find", "slash", WIRES, 19, shown="/"),
    Action("find_next", "n", WIRES - {PRACTICE}),
    Action("copy", "c", WIRES),
    Action("copy_all", "C", WIRES),
    Action("copy_bytes", "B", WIRES),
    Action("places", "apostrophe", WIRES, shown="'"),
    Action("present", "P", WIRES),
    Action("present", "P", frozenset({PRESENTING}), 1),
    Action("older", "left_square_bracket", WIRES, shown="["),
    Action("newer", "right_square_bracket", WIRES, shown="]"),
    Action("leave", "escape", EVERYWHERE, 30, "escape"),
    Action("reset", "R", frozenset({LESSON})),
    Action("language", "ctrl+l", EVERYWHERE, 40, "ctrl+l"),
    Action("theme", "ctrl+t", EVERYWHERE, 0, "ctrl+t"),
    Action("glossary", "L", EVERYWHERE),
    Action("glossary_open", "enter", frozenset({GLOSSARY}), 1, "enter"),
    Action("glossary_close", "escape", frozenset({GLOSSARY}), 2, "escape"),
    Action("picture", "V", EVERYWHERE),
    Action("report", "", EVERYWHERE),
    Action("tour", "", EVERYWHERE),
    Action("ascii", "", EVERYWHERE),
    Action("motion", "", EVERYWHERE),
    Action("help", "f1", EVERYWHERE, 41, "f1"),
    Action("palette", "ctrl+p", EVERYWHERE, 42, "ctrl+p"),
    Action("quit", "ctrl+q,ctrl+c", EVERYWHERE, 43, "ctrl+q"),
)

# What the app itself does; everything else a screen does.
OF_APP = frozenset(
    {"language", "theme", "glossary", "picture", "report", "tour", "ascii", "motion", "help", "palette", "quit"}
)


# Taken before the focused widget sees them: an input would copy on ctrl+c, the palette's key must always work, and who
# presents turns lines, not pages.
_FIRST = frozenset({"ctrl+c", "ctrl+q", "ctrl+p", "ctrl+l", "pagedown", "pageup"})


def of_mode(mode: str, keys: Mapping[str, str] = MappingProxyType({})) -> Iterator[Action]:
    """The actions of a mode, in table order. keys: those that have other keys than the table says."""
    return (action.with_keys(keys.get(action.id)) for action in ACTIONS if mode in action.modes)


def bindings(mode: str) -> list[BindingType]:
    """The key bindings of a screen; each has an id, so that a user can remap it."""
    found: list[BindingType] = []
    for action in of_mode(mode):
        owner = "app" if action.id in OF_APP else "screen"
        keys = dict.fromkeys(action.all_keys.split(",")) if action.all_keys else {}
        found += [
            Binding(
                key, f"{owner}.{action.id}", action.id, show=False, priority=key in _FIRST, id=f"{mode}.{action.id}"
            )
            for key in keys
        ]
    return found


def elsewhere(mode: str) -> list[BindingType]:
    """Bindings for the letters and signs that do something only in other modes or views: here they say so."""
    return idle({key for action in of_mode(mode) for key in action.all_keys.split(",")})


def idle(taken: set[str]) -> list[BindingType]:
    """The same for a screen with these keys of its own, Textual's names: all the others tell what they do where."""
    told = set(taken)
    found: list[BindingType] = []
    for action in ACTIONS:
        for key in action.keys.split(","):
            if key in told or key in _MOVES or not key_to_character(key):
                continue
            told.add(key)
            found.append(Binding(key, f"screen.elsewhere('{key}')", action.id, show=False))
    return found


# Keys of lists and texts, too.
_MOVES = frozenset({"enter", "space", "escape", ""})


_READABLE = {
    "left": "←", "right": "→", "slash": "/", "question_mark": "?", "comma": ",", "full_stop": ".", "plus": "+",
    "minus": "-", "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "escape": "esc",
    "backslash": "\\",
}  # fmt: skip


def normal(key: str) -> str:
    """A key as Textual names it: `question_mark` for `?`."""
    if len(key) != 1 or key.isalnum():
        return key
    name = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def readable(key: str) -> str:
    """A key as it is printed on the bar: `^p`, `F1`, `esc`."""
    if key.startswith("ctrl+"):
        return "^" + readable(key.removeprefix("ctrl+"))
    if key.startswith("f") and key[1:].isdigit():
        return key.upper()
    character = key_to_character(key) or ""
    return _READABLE.get(key) or (character if character.strip() else key)
