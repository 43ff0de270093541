"""`mailtutor explain`: what a word of mail means, and where it is defined."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

from mailtutor.cli.output import print_json
from mailtutor.cli.parser import PROTOCOLS as NAMES
from mailtutor.cli.parser import language
from mailtutor.course.lesson import Lesson
from mailtutor.course.loader import load_lessons
from mailtutor.course.mentions import Mentions
from mailtutor.errors import MailtutorError
from mailtutor.paths import content
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.glossary import Entry, glossary
from mailtutor.reading.reference import TRANSMISSIONS, Page, look_up
from mailtutor.reading.terms import spellings
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words, words

# How alike a word must be to one that is known to be taken for it.
_LIKENESS = 0.7


def run(args: argparse.Namespace) -> int:
    """Prints every meaning of every word that has one; fails where a word has none."""
    say = words(language())
    if not args.words:
        return _list(say, as_json=args.json)
    protocol, asked = _what_is_asked(args.words)
    pages, unknown = _meanings(asked, protocol, say)
    if args.json and pages:
        lessons = [lesson.id for lesson in _lessons(pages, say)]
        print_json(
            {"word": " ".join(asked), "meanings": [msgspec.to_builtins(page) for page in pages], "lessons": lessons}
        )
    elif pages:
        print("\n\n".join(_texts(pages, say)))
        if about := _lessons(pages, say):
            print(f"\n{say('glossary.lessons', lessons=' · '.join(_named(lesson, say) for lesson in about))}")
    if unknown:
        word = ", ".join(unknown)
        near = ", ".join(dict.fromkeys(name for one in unknown for name in _near(one)))
        raise MailtutorError(say("cli.explain.unknown" if near else "cli.explain.nowhere", word=word, near=near))
    return 0


def _list(say: Words, *, as_json: bool) -> int:
    """Everything there is to look up, group by group."""
    entries = glossary(say)
    if as_json:
        listed = [
            {"group": one.group, "word": one.word, "protocol": one.protocol, "title": one.title} for one in entries
        ]
        print_json({"words": listed})
        return 0
    for group, members in groupby(entries, key=lambda entry: entry.group):
        print(say(f"glossary.group.{group}"))
        for entry in members:
            print(f"  {visible(entry.word)} · {visible(entry.title)}".rstrip(" ·"))
        print()
    print(say("glossary.how"))
    return 0


def _lessons(pages: list[Page], say: Words) -> list[Lesson]:
    """The lessons about these words; a lesson that cannot be read is no reason to explain nothing."""
    meant = {(page.word.casefold(), page.protocol) for page in pages}
    found = [entry for entry in glossary(say) if any(_is_meant(entry, word, where) for word, where in meant)]
    try:
        mentions = Mentions(load_lessons(content("lessons"), reviewed=False).lessons)
    except MailtutorError:
        return []
    about = {lesson.id: lesson for entry in found for lesson in mentions.of(entry)}
    return [about[name] for name in sorted(about)]


def _is_meant(entry: Entry, word: str, protocol: str) -> bool:
    return entry.word.casefold() == word and entry.protocol in ("", protocol)


def _named(lesson: Lesson, say: Words) -> str:
    return say("glossary.lesson", number=lesson.number, title=visible(lesson.prose(say.language).title))


def _meanings(asked: list[str], protocol: str, say: Words) -> tuple[list[Page], list[str]]:
    """The meanings of the words asked for, as many taken together as have one ("MAIL FROM"); and the words that have
    none."""
    pages: list[Page] = []
    unknown: list[str] = []
    at = 0
    while at < len(asked):
        for end in range(len(asked), at, -1):
            found = look_up(" ".join(asked[at:end]), say, protocol)
            if found:
                break
        pages += [page for page in found if page not in pages]
        unknown += [] if found else asked[at:end]
        at = end
    return pages, unknown


def _what_is_asked(given: list[str]) -> tuple[str, list[str]]:
    if len(given) > 1 and given[0].lower() in NAMES:
        return given[0].lower(), given[1:]
    return "", given


def _texts(pages: list[Page], say: Words) -> Iterator[str]:
    """One text for each page; the replies behind a status are a line each, under it."""
    summed = {(page.protocol, page.word) for page in pages if page.kind == "status"}
    for page in pages:
        if page.kind == "status":
            replies = [one for one in pages if one.kind == "reply" and (one.protocol, one.word) == _home(page)]
            yield "\n".join([_text(page, say), *(f"  {_in_short(reply, say)}" for reply in replies)])
        elif page.kind != "reply" or _home(page) not in summed:
            yield _text(page, say)


def _home(page: Page) -> tuple[str, str]:
    return page.protocol, page.word


def _in_short(reply: Page, say: Words) -> str:
    """A reply in a line: its words, and the first sentence of what they mean."""
    first = re.split(r"(?<=[.。])(?: |$)|(?<=。)", reply.what, maxsplit=1)[0]
    return say("cli.explain.labelled", label=reply.title, text=first) if first else reply.title


def _text(page: Page, say: Words) -> str:
    where = ", ".join(part for part in (page.protocol.upper(), page.rfc) if part)
    lines = [f"{page.word} · {page.title}  [{where}]"]
    lines += [page.what] if page.what else []
    for label, text in page.facts:
        first, *rest = text.splitlines() or [""]
        lines.append(f"  {say('cli.explain.labelled', label=say(f'cli.label.{label}'), text=first)}".rstrip())
        lines += [f"    {line}" for line in rest]
    return "\n".join(lines)


def _near(word: str) -> list[str]:
    """The known words that are spelled much alike; none where nothing is near."""
    known = {verb for entry in PROTOCOLS.values() for verb in (*entry.table.commands, *entry.table.capabilities)}
    # Commands are written in capitals, the words of people are not.
    spelled = {name.upper(): name for name in (*spellings(), *TRANSMISSIONS, *known)}
    return [spelled[name] for name in difflib.get_close_matches(word.upper(), sorted(spelled), 3, _LIKENESS)]
