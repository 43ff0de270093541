"""mailtutor with its tap off, to see what the tap costs: `python -m tests.bench.untapped serve …`."""

from __future__ import annotations

import sys

from mailtutor.cli import main
from mailtutor.lab.tap import Tap
from mailtutor.protocols.lines import Source


def _overlook(tap: Tap, source: Source, data: bytes) -> None:
    """Instead of a record of the bytes that passed."""


if __name__ == "__main__":
    setattr(Tap, "record", _overlook)  # noqa: B010 - mypy would have a method stay as it is
    sys.exit(main(sys.argv[1:]))
