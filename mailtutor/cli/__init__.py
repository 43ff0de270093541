"""Verbs and flags: the program without a screen, and the way into the one with it.

parser.py lists every verb with its flags and help; each verb's work stands in a module of its own, imported when the
verb is used, so that `mailtutor --version` and `--help` load neither Textual nor scapy. output.py prints.

Exit codes: 0 fine, 1 the thing asked for failed, 2 wrong usage or no terminal, 3 port or network, 4 a missing extra.
"""

from __future__ import annotations

import gc
import sys

# Objects made before somebody looks for garbage among them; Python's own 700 is for programs that load little.
_LOADED_AT_ONCE = 50_000


def entry() -> None:
    """The command `mailtutor`."""
    # Modules stay for good: to look through them a hundred times while they are loaded is a twelfth of the start.
    gc.set_threshold(_LOADED_AT_ONCE)
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Runs one command line; gives its exit code."""
    if arguments in (["--version"], ["-V"]):
        from mailtutor import __version__

        print(f"mailtutor {__version__}")
        return 0
    from mailtutor.cli.dispatch import run

    return run(arguments)
