"""The texts of a lesson in one language: Markdown with one section a step.

# SMTP by hand              the lesson's title, and what follows it until the first step: what it is about

## say-hello                the step's id
**Introduce yourself**      its title, the first line
Text ...

:::hint                     hints unfold one by one, in this order
:::right                    says why the right answer is right, once it has been given
:::wrong too-early          answers the wrong answer of that name
:::option push              the words of a quiz's option
:::notes                    what the course notes say, a line `---`, what the standard says
:::                         ends a block

A lesson is also told as text, without a screen. Where the words depend on it, both stand in the same line:
`[[press b||read on]]` says the first on the screen, the second without one; either may be empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailtutor.course.problem import LessonError
from mailtutor.errors import Sentence

_BLOCK = re.compile(r":::([a-z]*)(?: +(\S+))?\s*")
_EITHER = re.compile(r"\[\[(.*?)\|\|(.*?)\]\]")
# What a terminal may take for an order; a line may end as Windows ends it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TITLE = re.compile(r"\*\*(.+)\*\*\s*")
_NAMED = frozenset({"wrong", "option"})
_NAMELESS = frozenset({"hint", "notes", "right"})


@dataclass(frozen=True, slots=True)
class Note:
    """Where the course notes and the standard differ."""

    notes: str
    standard: str


@dataclass(slots=True)
class Section:
    """The words of one step. line: where its heading stands in the file."""

    line: int
    title: str = ""
    body: str = ""
    hints: list[str] = field(default_factory=list)
    right: str = ""
    wrong: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Prose:
    """The words of a lesson. sections: in file order."""

    title: str = ""
    about: str = ""
    sections: dict[str, Section] = field(default_factory=dict)


def read_prose(text: str, file: str, *, plain: bool = False) -> Prose:
    """Reads a text file. plain: as it is told without a screen. Raises LessonError that names file and line."""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _CONTROL.search(line.removesuffix("\r")):
            character = f"U+{ord(found[0]):04X}"
            control = Sentence(
                "a control character ({character}) in the text; take it out", "error.lesson.control",
                character=character,
            )  # fmt: skip
            raise LessonError(file, number, control)
    chosen = _EITHER.sub(r"\2" if plain else r"\1", text)
    for number, line in enumerate(chosen.split("\n"), 1):
        if "[[" in line:
            open_ = Sentence(
                "`[[` without its end; write `[[on the screen||without one]]` in one line", "error.lesson.open_either"
            )
            raise LessonError(file, number, open_)
    return _Reader(chosen, file).read()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._file = file
        self._at = 0
        self._prose = Prose()

    def read(self) -> Prose:
        """The whole file."""
        about: list[str] = []
        while self._at < len(self._lines):
            line = self._take()
            if line.startswith("## "):
                self._section(line[3:].strip())
            elif line.startswith("# ") and not self._prose.title:
                self._prose.title = line[2:].strip()
            else:
                about.append(line)
        self._prose.about = _joined(about)
        if not self._prose.title:
            no_title = Sentence("no title; begin with a line `# The lesson's title`", "error.lesson.no_title")
            raise LessonError(self._file, 1, no_title)
        return self._prose

    def _take(self) -> str:
        self._at += 1
        return self._lines[self._at - 1]

    def _section(self, name: str) -> None:
        section = Section(self._at)
        if name in self._prose.sections:
            second = Sentence(
                "a second section `## {name}`; each step has one", "error.lesson.second_section", name=name
            )
            raise LessonError(self._file, self._at, second)
        self._prose.sections[name] = section
        body: list[str] = []
        while self._at < len(self._lines) and not self._lines[self._at].startswith("## "):
            line = self._take()
            if line.startswith(":::"):
                self._block(section, line)
            elif not section.title and line.strip():
                section.title = self._titled(line, name)
            else:
                body.append(line)
        if not section.title:
            empty = Sentence("section `## {name}` is empty", "error.lesson.empty_section", name=name)
            raise LessonError(self._file, section.line, empty)
        section.body = _joined(body)

    def _titled(self, line: str, name: str) -> str:
        found = _TITLE.fullmatch(line)
        if found is None:
            untitled = Sentence(
                "section `## {name}` begins with its title: `**The title**`", "error.lesson.section_title", name=name
            )
            raise LessonError(self._file, self._at, untitled)
        return found[1].strip()

    def _block(self, section: Section, first: str) -> None:
        start = self._at
        found = _BLOCK.fullmatch(first)
        kind, name = (found[1], found[2] or "") if found is not None else ("", "")
        if kind not in _NAMED | _NAMELESS or (kind in _NAMED) != bool(name):
            unknown = Sentence(
                "{line!r} begins no block; write `:::hint`, `:::right`, `:::notes`, `:::wrong NAME` or "
                "`:::option NAME`",
                "error.lesson.no_block",
                line=first.strip(),
            )
            raise LessonError(self._file, start, unknown)
        lines: list[str] = []
        while self._at < len(self._lines) and self._lines[self._at].strip() != ":::":
            lines.append(self._take())
            if lines[-1].startswith(("## ", ":::")):
                break
        else:
            if self._at < len(self._lines):
                self._at += 1
                self._put(section, kind, name, lines, start)
                return
        unclosed = Sentence(
            "block `{line}` has no end; close it with a line `:::`", "error.lesson.open_block", line=first.strip()
        )
        raise LessonError(self._file, start, unclosed)

    def _put(self, section: Section, kind: str, name: str, lines: list[str], start: int) -> None:
        text = _joined(lines)
        if not text:
            empty = Sentence("an empty block; write its text or take it out", "error.lesson.empty_block")
            raise LessonError(self._file, start, empty)
        if kind == "hint":
            section.hints.append(text)
        elif kind == "right":
            if section.right:
                raise LessonError(self._file, start, _second(":::right"))
            section.right = text
        elif kind == "notes":
            if lines.count("---") != 1:
                uncut = Sentence("notes need one line `---` between the notes and the standard", "error.lesson.notes")
                raise LessonError(self._file, start, uncut)
            cut = lines.index("---")
            section.notes.append(Note(_joined(lines[:cut]), _joined(lines[cut + 1 :])))
        else:
            named = section.wrong if kind == "wrong" else section.options
            if name in named:
                raise LessonError(self._file, start, _second(f":::{kind} {name}"))
            named[name] = text


def _second(block: str) -> Sentence:
    return Sentence("a second block `{line}` in one section", "error.lesson.second_block", line=block)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip()
