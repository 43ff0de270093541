"""The line the student types: history with ↑↓, completion with Tab, and the coach's answer above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.coach import (
    Advice,
    answer_to,
    completions,
    expects_command,
    is_about_nothing,
    likely_next,
    takes_commands,
)
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.examples import example, next_tag
from mailtutor.reading.explain import next_verbs, reply_of
from mailtutor.reading.login_lines import LOGINS, wanted
from mailtutor.reading.offers import offered
from mailtutor.reading.smtp_lines import Chunk, chunk_coming
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import PRACTICE, of_mode
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking

# Of a long line this many cells are shown before and after the place where it stopped making sense.
_READ_CELLS, _UNREAD_CELLS = 24, 16
# To these the line is not right as it is written, whatever grammar says (RFC 5321 §4.2.2).
_MISWRITTEN = frozenset({"500", "501", "555"})
# Name and password were not taken: whose mailboxes live here is worth knowing.
_LOGIN_REFUSED = frozenset({"err.auth", "NO.login"})
# Which lines of the coach say where a line went wrong.
_WHERE = ("read", "path", "expected", "note")
_SAYS_PASSWORD = LOGINS | {"PASS", "LOGIN", "APOP"}


class CommandInput(Input):
    """An input that remembers what was typed and completes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", show=False, id="history-back"),
        Binding("down", "recall(1)", show=False, id="history-on"),
        Binding("tab", "complete", show=False, id="complete"),
    ]

    def __init__(self) -> None:
        super().__init__(select_on_focus=False)
        self.history: list[str] = []
        self.protocol = ""
        self.state = ""
        self.rows: Sequence[Row] = ()
        self._at = 0
        self._stem: tuple[str, int] = ("", -1)

    def remember(self, line: str) -> None:
        """Keeps a line that was sent."""
        if line and (not self.history or self.history[-1] != line):
            self.history.append(line)
        self._at = len(self.history)

    def action_recall(self, step: int) -> None:
        """An earlier or later line of the history."""
        self._at = min(len(self.history), max(0, self._at + step))
        self._put(self.history[self._at] if self._at < len(self.history) else "")

    def action_complete(self) -> None:
        """The next line that starts as what was typed and is legal now; again, the one after."""
        stem, last = self._stem
        found = completions(stem, self.protocol, self.state, self.rows) if self.protocol else ()
        if last < 0 or last >= len(found) or self.value != found[last]:
            stem, last = self.value, -1
            found = completions(stem, self.protocol, self.state, self.rows) if self.protocol else ()
        if not found:
            return
        last = (last + 1) % len(found)
        self._stem = (stem, last)
        self._put(found[last])

    def _put(self, line: str) -> None:
        self.value = line
        self.cursor_position = len(line)


# Verbs a hint names, the one that takes leave always the last; the whole table is one key away.
_HINTED = 12


class Prompt(Speaking, Vertical):
    """Coach above input. `Typed` says which line was sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "screen.page_dialogue(-1)", show=False, id="prompt.page-up"),
        Binding("pagedown", "screen.page_dialogue(1)", show=False, id="prompt.page-down"),
    ]
    DEFAULT_CSS = """
    Prompt { height: auto; border-top: solid $panel; border-title-color: $accent; }
    Prompt > #advice { height: auto; max-height: 8; padding: 0 1; }
    Prompt > CommandInput { border: none; height: 1; background: $surface; padding: 0 1; }
    Prompt > CommandInput:focus { border: none; background: $panel; background-tint: $background 0%; }
    """

    class Typed(Message):
        """A line to send."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.input = CommandInput()
        self._advice_text = FoldedText(id="advice")
        self._advice: Advice | None = None
        # The line the advice is about, the row it was said at, and what the server said to it.
        self._said: tuple[str, int] = ("", 0)
        self._answer: Line | None = None
        self._ready = False
        self._in_literal = False
        self._chunk: Chunk | None = None
        # The door's name: what a refusal means hangs on it.
        self._service = ""
        self._offers: frozenset[str] = frozenset()
        # TLS stands: only EHLO tells what the server offers inside (RFC 3207 §4.2).
        self._secured = False
        # What the server has offered, and the number of rows it was read from.
        self._offered: frozenset[str] = frozenset()
        self._offered_at = 0
        self._message = ""
        # What the next line of IMAP would be tagged with; whose host this is, and who has a mailbox on it.
        self._tag = ""
        self._host = ""
        self._residents: tuple[str, ...] = ()
        self._is_empty = False
        # On a small screen only what is needed is said, and this key is named for the rest; "": everything is said.
        self._folded_by = ""
        # What comes before the student may type.
        self._awaited = ""
        # The key that leads back to the line once it has been left.
        self._left_by = ""
        # Octets are typed, and this key leads back to lines; "": lines are typed.
        self._raw_by = ""
        # Whether it is told how long the server took for its answer, and what it took, in seconds.
        self.tells_time = False
        self._took_s: float | None = None

    def compose(self) -> ComposeResult:
        """What the coach says, then the input."""
        yield self._advice_text
        yield self.input

    def at(
        self,
        protocol: str,
        state: str,
        *,
        is_open: bool,
        in_literal: bool = False,
        chunk: Chunk | None = None,
        offers: frozenset[str] = frozenset(),
    ) -> None:
        """Where the conversation is: what Tab completes and what the hints list. chunk: see `chunk_coming`. offers: see
        `offered`."""
        now = (protocol, state, is_open, in_literal, chunk, offers)
        if now != (self.input.protocol, self.input.state, self._ready, self._in_literal, self._chunk, self._offers):
            self.input.protocol, self.input.state, self._ready, self._in_literal, self._chunk, self._offers = now
            self.speak()

    @property
    def offers(self) -> frozenset[str]:
        """The extensions the server has named by now."""
        return self._offers

    def follow(self, connection: Connection, *, is_open: bool, residents: tuple[str, ...] = ()) -> None:
        """The same, read from the connection; once the server has answered, its answer has the last word. residents:
        who has a mailbox at its host, where that is known."""
        protocol, state, rows = connection.protocol, connection.state, connection.rows
        self.input.rows, self._host, self._residents = rows, connection.server.name, residents
        in_literal = takes_commands(protocol, state) and not expects_command(protocol, state, rows)
        if len(rows) != self._offered_at and takes_commands(protocol, state):
            tag = next_tag(rows) if protocol == "imap" else ""
            if tag != self._tag:
                self._tag = tag
                self.speak()
            # Not for every line of a letter: it is read back to the last EHLO.
            self._offered_at, self._offered = len(rows), offered(rows) if protocol == "smtp" else frozenset()
        self._service = connection.service
        chunk = chunk_coming(rows) if protocol == "smtp" and in_literal else None
        self.at(protocol, state, is_open=is_open, in_literal=in_literal, chunk=chunk, offers=self._offered)
        if bool(connection.tls) != self._secured:
            self._secured = bool(connection.tls)
            self.speak()
        if self._advice is not None and self._answer is None:
            line, since = self._said
            self._answer = answer_to(line.encode("utf-8", "surrogateescape"), rows, since)
            if self._answer is not None:
                self._took_s = _lasted(rows, since, self._answer)
                self._is_empty = is_about_nothing(line.encode("utf-8", "surrogateescape"), rows, since)
                self.speak()

    def advise(self, advice: Advice | None, line: str = "", since: int = 0) -> None:
        """Shows what the coach says about `line`, said at row `since` of its connection; None takes it away."""
        self._advice, self._said, self._answer, self._is_empty = advice, (line, since), None, False
        self._took_s = None
        self._message = ""
        self.speak()

    def tell(self, sentence: str) -> None:
        """Says something else, as that the server has hung up."""
        self._message = sentence
        self.speak()

    def fold(self, key: str) -> None:
        """Says in three lines what matters, and that `key` tells the rest; with "" everything."""
        if key != self._folded_by:
            self._folded_by = key
            self.speak()

    def wait_for(self, what: str) -> None:
        """Nothing can be typed before `what`, a name below `screen.typing.waiting`, has come about; "" ends it."""
        if what != self._awaited:
            self._awaited = what
            self.speak()

    @property
    def is_raw(self) -> bool:
        """Whether what is typed goes out as it is written."""
        return bool(self._raw_by)

    def type_raw(self, key: str) -> None:
        """From now on octets are typed as `escapes` spells them, and `key` ends it; with "" lines again."""
        self._raw_by = key
        self.border_title = Content(self.words("practice.raw.title", pressed=key)) if key else ""
        self.speak()

    def put_back(self, line: str) -> None:
        """Nobody listens yet: the line waits for the student to press Enter again."""
        self.input.value = line
        self.input.cursor_position = len(line)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter sends, an empty line too."""
        event.stop()
        self.input.remember(event.value)
        self.input.value = ""
        self.post_message(self.Typed(event.value))

    def speak(self) -> None:
        """Draws coach and hints in the current language."""
        lines: list[Content] = []
        if self._message:
            lines.append(Content.styled(self._message, "$warning"))
        elif self._advice is not None:
            lines += self._folded(self._coach(self._advice))
        protocol, state = self.input.protocol, self.input.state
        if self._awaited:
            self.input.placeholder = self.words(f"screen.typing.waiting.{self._awaited}")
        elif not self._ready:
            self.input.placeholder = self.words("screen.typing.closed")
        elif self._chunk is not None:
            self.input.placeholder = self.words("screen.typing.chunk")
            still = self.words("screen.typing.octets", left=self._chunk.left, size=self._chunk.size)
            lines.append(Content.styled(still, "$accent"))
        elif self._in_literal:
            self.input.placeholder = self.words("screen.typing.literal")
        elif protocol and not takes_commands(protocol, state):
            lines += self._inside(protocol, state)
        else:
            self.input.placeholder = self.words("screen.typing.command")
            hints = self._hints(protocol, state) if protocol else []
            # The last of them is the line to type; what the coach has to correct names one itself.
            lines += hints if not self._folded_by or len(lines) < 2 else hints[1:]
        if self._raw_by and self._ready and not self._awaited:
            self.input.placeholder = self.words("practice.raw.placeholder")
        if self._left_by and not self._awaited:
            self.input.placeholder = self.words("screen.typing.left", pressed=self._left_by)
        self._advice_text.show(*lines)
        self._advice_text.display = bool(lines)

    def on_descendant_focus(self) -> None:
        """What can be typed is said again."""
        self._left_by = ""
        self.speak()

    def on_descendant_blur(self) -> None:
        """What is typed now goes elsewhere: the key that leads back is named."""
        back = (action for action in of_mode(PRACTICE, self.own_keys) if action.id == "console")
        self._left_by = next(back).key(while_typing=False)
        self.speak()

    def _inside(self, protocol: str, state: str) -> list[Content]:
        """What a line is that is no command."""
        logs_in = bool(LOGINS & set(PROTOCOLS[protocol].table.legal(state)))
        kind = "idle" if state.startswith("idle") else "credentials" if logs_in else "text"
        self.input.placeholder = self.words(f"screen.typing.{kind}")
        # What the coach has to correct says itself what is wanted.
        told = self._advice is not None and self._advice.problem == "login"
        return [Content.styled(wanted(self.input.rows, self.words), "$accent")] if logs_in and not told else []

    def _hints(self, protocol: str, state: str) -> list[Content]:
        table = PROTOCOLS[protocol].table
        legal = [verb for verb in next_verbs(table, state, self.words, self._offers) if verb.refusal is None]
        if not legal:
            return []
        named = [verb.verb for verb in legal]
        if len(named) > _HINTED:
            leave = next((verb for verb in named if verb in ("LOGOUT", "QUIT")), "")
            named = [*[verb for verb in named if verb != leave][: _HINTED - 1], "…", leave]
        found = [self._led("screen.typing.legal", "  ".join(named).strip(), "bold $wire-client")]
        if self._advice is None or not self._advice.example:
            then = self._leads_on
            rows = self.input.rows
            line = likely_next(table, state, "EHLO" if self._secured else "", rows)
            if any(verb.verb == then for verb in legal):
                line = example(then, table, rows)
            found.append(self._led("screen.typing.example", line, "bold $accent"))
        return found

    def _folded(self, parts: list[tuple[str, Content]]) -> list[Content]:
        """What is wrong, where, and what to type: as much as a small screen has room for."""
        kept = parts
        if self._folded_by:
            where = next((name for name, _ in parts if name in _WHERE), "")
            kept = [part for part in parts if part[0] in ("verdict", where, "type")]
        lines = [line for _, line in kept]
        if len(kept) < len(parts):
            more = self.words("screen.coach.more", pressed=self._folded_by)
            lines[-1] = Content.assemble(lines[-1], (f"   {more}", "$wire-quiet"))
        return lines

    def _coach(self, advice: Advice) -> list[tuple[str, Content]]:
        """Each line with what it is about."""
        if advice.is_right:
            holds = self._answer is None or self._answer.outcome in (Outcome.SUCCESS, Outcome.GO_ON)
            notes = [advice.note] if holds else [self._reason(advice), self._way_on(advice)]
            notes.append(advice.hint)
            notes.append(self.words("screen.coach.nothing") if self._is_empty else "")
            return [("verdict", self._verdict(advice)), *(("note", Content(note)) for note in notes if note)]
        headline = Content.assemble(
            ("✘ ", "bold $wire-refused"),
            (advice.headline, "bold"),
            (f"   {advice.rfc}{self._time() if not self._folded_by else ''}", "$wire-quiet"),
        )
        lines = [("verdict", headline)]
        if self._answer is not None and self._answer.outcome in (Outcome.SUCCESS, Outcome.GO_ON):
            taken = self.words("screen.coach.accepted", reply=visible(self._answer.text))
            lines.append(("taken", Content.styled(f"! {taken}", "$warning")))
        if advice.understood:
            lines.append(("read", self._read(advice)))
        if advice.expected:
            rule = self.words("screen.coach.rule", rule=advice.rule) if advice.rule else ""
            rule = rule if rule.startswith("（") or not rule else f"  {rule}"
            lines.append(("expected", Content.assemble(advice.expected, (rule, "$wire-quiet"))))
        if advice.syntax:
            lines.append(("syntax", self._led("screen.coach.syntax", advice.syntax, "bold")))
        if advice.path and advice.problem == "too-early":
            # What is possible now stands in the hints, which know what the server offers.
            lines.append(("path", self._led("screen.coach.path", " → ".join(advice.path), "")))
        if advice.example:
            lines.append(("type", self._led("screen.coach.type", advice.example, "bold $wire-client")))
        return lines

    def _read(self, advice: Advice) -> Content:
        """The line up to where it stopped making sense, and how it goes on."""
        return Content.assemble(
            (_lead(self.words("screen.coach.read")), "$wire-quiet"),
            (_end_of(advice.understood, _READ_CELLS), "$success"),
            ("▲", "bold $wire-refused"),
            (_beginning_of(advice.rest, _UNREAD_CELLS), "underline $wire-refused"),
        )

    def _led(self, key: str, text: str, style: str) -> Content:
        """A text behind the words that lead to it."""
        return Content.assemble((_lead(self.words(key)), "$wire-quiet"), (text, style) if style else text)

    def _verdict(self, advice: Advice) -> Content:
        """What became of a line that is right as it is written: the server may still have refused it."""
        outcome = self._answer.outcome if self._answer is not None else Outcome.NONE
        key = {Outcome.REFUSED: "screen.coach.refused", Outcome.TRY_LATER: "screen.coach.later"}.get(outcome, "")
        if self._answer is not None and self._answer.code in _MISWRITTEN:
            key = "screen.coach.miswritten"
        if self._answer is None or not key:
            return Content.assemble(("✔ ", "bold $success"), advice.headline, (self._time(), "$wire-quiet"))
        sentence = self.words(key, verb=advice.verb, reply=visible(self._answer.text))
        sign = "✘ " if outcome is Outcome.REFUSED else "↻ "
        return Content.assemble((sign, f"bold $wire-{outcome}"), sentence, (self._time(), "$wire-quiet"))

    def _time(self) -> str:
        """How long the server took."""
        if self._took_s is None or not self.tells_time:
            return ""
        return "   " + self.words("practice.answer.after", ms=f"{self._took_s * 1000:.1f}")

    def _reason(self, advice: Advice) -> str:
        """Why a line that is right is refused at this door, where that can be told."""
        code = self._answer.code if self._answer is not None else ""
        key = "screen.coach.reason"
        if self._answer is not None and advice.verb in _SAYS_PASSWORD and self._host:
            reply = reply_of(self._answer, PROTOCOLS[self.input.protocol].table)
            if reply is not None and reply.key in _LOGIN_REFUSED:
                known = "screen.coach.residents" if self._residents else "screen.coach.residents_unknown"
                return self.words(known, host=self._host, users=", ".join(self._residents))
        return self.words.get(f"{key}.{self._service}-{advice.verb}-{code}") or self.words.get(
            f"{key}.{advice.verb}-{code}"
        )

    @property
    def _leads_on(self) -> str:
        """The command that leads on from the server's answer; "" where it refused nothing, or none is known to."""
        reply = reply_of(self._answer, PROTOCOLS[self.input.protocol].table) if self._answer is not None else None
        then = reply.then if reply is not None else ""
        # What leads on in SMTP is an extension: only EHLO tells whether it is offered.
        return "EHLO" if then and self.input.protocol == "smtp" and not self._offers else then

    def _way_on(self, advice: Advice) -> str:
        """The same in words."""
        then = self._leads_on
        if not then:
            return ""
        key = "screen.coach.then_again" if then == advice.verb else "screen.coach.then"
        return self.words(key, verb=then, title=self.words.get(f"{self.input.protocol}.command.{then}.title"))


def _lasted(rows: Sequence[Row], since: int, answer: Line) -> float | None:
    """Seconds from the line said at row `since` to the end of its answer; None where one of them is not there."""
    said = next((row.t for row in rows[since:] if row.line.source is Source.CLIENT), None)
    answered = next((row.t for row in rows[since:] if row.line is answer), None)
    return answered - said if said is not None and answered is not None else None


def _lead(words: str) -> str:
    """Words before a text: a full-width mark keeps its own distance."""
    return words if words.endswith(("：", "，", "；")) else f"{words} "


def _end_of(text: str, cells: int) -> str:
    """The last `cells` cells of a text, with a mark where something is left out."""
    kept = text
    while cell_len(kept) > cells - (kept is not text):
        kept = kept[1:]
    return kept if kept is text else f"…{kept}"


def _beginning_of(text: str, cells: int) -> str:
    """The first `cells` cells of a text, with a mark where something is left out."""
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"
