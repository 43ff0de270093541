"""From the command to the first useful paint, beside an empty Textual app, in turns. Goal: at most twice as long."""

from __future__ import annotations

import statistics
import sys
import tempfile

from tests.bench.terminal import Terminal

RUNS = 9
EMPTY = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Empty(App):\n    def compose(self): yield Static('READYMARK')\nEmpty().run()"
)


def run() -> None:
    """Prints both medians and the ratio of the pairs."""
    ours, empty = [], []
    with tempfile.TemporaryDirectory() as home:
        environment = {"MAILTUTOR_HOME": home, "MAILTUTOR_LANG": "en"}
        for _ in range(RUNS + 1):  # the first pair warms the file cache and is not counted
            with Terminal([sys.executable, "-m", "mailtutor"], environment) as terminal:
                ours.append(terminal.until(b"SMTP by hand"))
            with Terminal([sys.executable, "-c", EMPTY], environment) as terminal:
                empty.append(terminal.until(b"READYMARK"))
    ratios = [a / b for a, b in zip(ours[1:], empty[1:], strict=True)]
    print(
        f"startup: course home {statistics.median(ours[1:]) * 1e3:.0f} ms, empty Textual app"
        f" {statistics.median(empty[1:]) * 1e3:.0f} ms, ratio {statistics.median(ratios):.2f} (goal 2)"
    )
