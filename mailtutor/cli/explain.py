"""`mailtutor explain`: what a word of mail means, and where it is defined."""

from __future__ import annotations

import argparse
import difflib

import msgspec

from mailtutor.cli.output import print_json
from mailtutor.cli.parser import PROTOCOLS as NAMES
from mailtutor.cli.parser import language
from mailtutor.errors import MailtutorError
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.reference import TRANSMISSIONS, Page, look_up
from mailtutor.reading.terms import spellings
from mailtutor.text.catalogue import Words, words

# How alike a word must be to one that is known to be taken for it.
_LIKENESS = 0.7


def run(args: argparse.Namespace) -> int:
    """Prints every meaning; fails where there is none."""
    protocol, word = _what_is_asked(args.words)
    say = words(language())
    pages = look_up(word, say, protocol)
    if not pages:
        raise MailtutorError(say("cli.explain.unknown", word=word, near=_near(word)))
    if args.json:
        print_json({"word": word, "meanings": [msgspec.to_builtins(page) for page in pages]})
    else:
        print("\n\n".join(_text(page, say) for page in pages))
    return 0


def _what_is_asked(given: list[str]) -> tuple[str, str]:
    if len(given) > 1 and given[0].lower() in NAMES:
        return given[0].lower(), " ".join(given[1:])
    return "", " ".join(given)


def _text(page: Page, say: Words) -> str:
    where = ", ".join(part for part in (page.protocol.upper(), page.rfc) if part)
    lines = [f"{page.word} · {page.title}  [{where}]"]
    lines += [page.what] if page.what else []
    for label, text in page.facts:
        first, *rest = text.splitlines() or [""]
        lines.append(f"  {say(f'cli.label.{label}')}: {first}".rstrip())
        lines += [f"    {line}" for line in rest]
    return "\n".join(lines)


def _near(word: str) -> str:
    known = {verb for entry in PROTOCOLS.values() for verb in (*entry.table.commands, *entry.table.capabilities)}
    # Commands are written in capitals, the words of people are not.
    spelled = {name.upper(): name for name in (*spellings(), *TRANSMISSIONS, *known)}
    found = [spelled[name] for name in difflib.get_close_matches(word.upper(), sorted(spelled), 3, _LIKENESS)]
    return ", ".join(found) or "RCPT, 550, UIDL"
