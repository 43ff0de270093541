"""An argument parser that speaks the student's language.

argparse has its own words: headings, and errors made of English templates. The headings are replaced; an error is
recognised by its template and said anew. One that a later Python words otherwise stays as it is.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# argparse's template, its `%s` as named groups, to the key below `cli.usage`.
_ERRORS = {
    r"the following arguments are required: (?P<names>.*)": "required",
    r"unrecognized arguments: (?P<names>.*)": "unrecognized",
    r"one of the arguments (?P<names>.*) is required": "one_required",
    r"argument (?P<name>.*?): expected one argument": "one_value",
    r"argument (?P<name>.*?): expected at least one argument": "some_values",
    r"argument (?P<name>.*?): not allowed with argument (?P<other>.*)": "not_with",
    r"argument (?P<name>.*?): ignored explicit argument (?P<value>.*)": "no_value",
    r"argument (?P<name>.*?): invalid choice: (?P<value>.*) \(choose from (?P<choices>.*)\)": "choice",
    r"argument (?P<name>.*?): invalid float value: (?P<value>.*)": "number",
    r"argument (?P<name>.*?): invalid int value: (?P<value>.*)": "whole_number",
    r"ambiguous option: (?P<name>.*) could match (?P<names>.*)": "ambiguous",
}
_HEADINGS = {"positional arguments": "arguments", "options": "options"}


class Parser(argparse.ArgumentParser):
    """A parser whose help and errors are in the language of `say`; a wrong command line is answered in one line."""

    def __init__(self, *, say: Words, **settings: Any) -> None:
        super().__init__(**settings, add_help=False, formatter_class=_formatter(say))
        self._say = say
        self.add_argument("-h", "--help", action="help", help=say("cli.usage.help"))

    def error(self, message: str) -> NoReturn:
        """What was wrong, and where the right way is described."""
        print(f"{self.prog}: {visible(self._told(message))}", file=sys.stderr)
        self.exit(2)

    def _told(self, message: str) -> str:
        what = message
        for template, key in _ERRORS.items():
            found = re.fullmatch(template, message, re.DOTALL)
            if found is not None:
                what = self._say(f"cli.usage.{key}", **found.groupdict())
                break
        return self._say("cli.usage.see", what=what, program=self.prog)


def _formatter(say: Words) -> type[argparse.RawDescriptionHelpFormatter]:
    class Formatter(argparse.RawDescriptionHelpFormatter):
        def add_usage(
            self,
            usage: str | None,
            actions: Iterable[argparse.Action],
            groups: Iterable[argparse._MutuallyExclusiveGroup],
            prefix: str | None = None,
        ) -> None:
            super().add_usage(usage, actions, groups, say("cli.usage.usage") + " " if prefix is None else prefix)

        def start_section(self, heading: str | None) -> None:
            key = _HEADINGS.get(heading or "")
            super().start_section(say(f"cli.usage.{key}") if key else heading)

    return Formatter
