"""From a command line to the module that does it, and from an error to one line and an exit code."""

from __future__ import annotations

import importlib
import os
import sys

from mailtutor.cli.parser import build, language, with_verb
from mailtutor.errors import MailtutorError
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

# Verb → the module of this package whose `run(args)` does it.
MODULES = {
    "course": "screen", "lab": "screen", "practice": "practice", "replay": "replay", "serve": "serve", "send": "mail",
    "fetch": "mail", "explain": "explain", "lessons": "lessons", "lesson": "lesson",
    "doctor": "doctor", "mailbox": "mailbox", "run": "run",
    "message": "message", "beside": "beside", "dissect": "dissect", "export": "export", "attach": "attach",
    "capture": "capture", "report": "report", "grade": "grade",
}  # fmt: skip


def run(arguments: list[str]) -> int:
    """Runs one command line; gives its exit code."""
    if sys.stdout is None or sys.stderr is None:  # started with them closed
        sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
        sys.stderr = sys.stderr or sys.stdout
    try:
        args = build().parse_args(with_verb(arguments))
    except SystemExit as ended:  # argparse ends the program itself, for --help too
        return int(ended.code or 0)
    try:
        module = importlib.import_module(f"mailtutor.cli.{MODULES[args.verb]}")
        code: int = module.run(args)
        sys.stdout.flush()
        return code
    except MailtutorError as wrong:
        print(f"mailtutor: {visible(tell(wrong, words(language())))}", file=sys.stderr)
        return wrong.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as wrong:
        print(f"mailtutor: {visible(tell(wrong, words(language())))}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
