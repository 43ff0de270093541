"""Which lessons are about a word of the glossary: those in which it is typed, asked for, looked for or written.

Read from the lessons themselves, so that a new lesson is found without a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from mailtutor.course.lesson import LANGUAGES, Lesson
from mailtutor.course.model import AnyStep, Predict, Type
from mailtutor.reading.glossary import Entry

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+=.-]*")
_QUOTED = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")

# What is spoken at a door that is not called after it.
_SPOKEN = {"submission": "smtp", "smtps": "smtp", "pop3s": "pop3", "imaps": "imap"}


class Mentions:
    """What these lessons speak of."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self._spoken = [(lesson, _tokens(lesson), _marked(lesson), _protocols(lesson)) for lesson in lessons]

    def of(self, entry: Entry) -> list[Lesson]:
        """The lessons about a word, in the order of the course."""
        is_term = entry.group == "term"
        # A command is another one in another protocol: FTP has a DELE too.
        of_protocol = entry.group if entry.group == entry.protocol else ""
        return [
            lesson
            for lesson, tokens, marked, protocols in self._spoken
            if of_protocol in ("", *protocols)
            and (any(name in text for name in entry.names for text in marked) if is_term else entry.names & tokens)
        ]


def _tokens(lesson: Lesson) -> set[str]:
    """Every word that is typed, checked or set as code, in small letters."""
    said = [token for step in lesson.steps for text in _lines(step) for token in _TOKEN.findall(text)]
    quoted = [code for text in _texts(lesson) for code, _ in _QUOTED.findall(text)]
    return {token.casefold() for token in (*said, *(word for code in quoted for word in _TOKEN.findall(code)))}


def _protocols(lesson: Lesson) -> set[str]:
    """What is spoken in its dialogues."""
    found: set[str] = set()
    for step in lesson.steps:
        services = [step.console.split()[-1]] if isinstance(step, (Type, Predict)) else []
        for check in getattr(step, "check", ()):
            for pattern in msgspec.to_builtins(check).values():
                if isinstance(pattern, dict):
                    services += [str(pattern.get(name, "")) for name in ("service", "protocol")]
        found |= {_SPOKEN.get(service, service) for service in services}
    return found - {""}


def _marked(lesson: Lesson) -> list[str]:
    """What a lesson sets in bold or as code, its title and those of its steps: there it names what it is about."""
    found = [part for text in _texts(lesson) for pair in _QUOTED.findall(text) for part in pair if part]
    for language in LANGUAGES:
        prose = lesson.prose(language)
        found += [prose.title, *(section.title for section in prose.sections.values())]
    return [text.casefold() for text in found]


def _texts(lesson: Lesson) -> Iterator[str]:
    for language in LANGUAGES:
        prose = lesson.prose(language)
        yield prose.about
        for section in prose.sections.values():
            yield section.body


def _lines(step: AnyStep) -> Iterator[str]:
    if isinstance(step, Type):
        yield from step.solution
    elif isinstance(step, Predict):
        yield step.type
        yield str(step.solution)
    for check in getattr(step, "check", ()):
        facts = msgspec.to_builtins(check)
        for pattern in facts.values():
            if isinstance(pattern, dict):
                yield from (str(value) for name, value in pattern.items() if name in ("verb", "to", "code") and value)
