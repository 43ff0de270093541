"""`mailtutor beside --text`: the same text written in four ways, sent to a server that takes all and to one that takes
ASCII only."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import asdict

from mailtutor.cli.mail import Arrivals, unwritten
from mailtutor.cli.output import columns, print_json
from mailtutor.cli.parser import language
from mailtutor.lab.options import Options
from mailtutor.message.compose import FORMS
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.forms import Hop, head, hops, row
from mailtutor.session import Session
from mailtutor.text.catalogue import Words, words
from mailtutor.text.telling import tell

# Characters of the text that are its subject, too: what SMTPUTF8 is needed for.
_SUBJECT = 60
_FROM, _TO = "alice", "bob@hamburger.edu"
# What the second hop does not offer.
LABS: tuple[tuple[str, ...], ...] = (
    (),
    ("hamburger.edu:SMTPUTF8",),
    ("hamburger.edu:8BITMIME", "hamburger.edu:SMTPUTF8"),
)


def run(text: str, args: argparse.Namespace) -> int:
    """Sends it four times to each of three labs, and prints every hop."""
    say = words(language())
    # What the shell gave may be no UTF-8; what is sent is.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    names = [say("ways.text.form"), *head(say)]
    for without in LABS:
        results = _sent(text, without)
        if args.json:
            for form, (found, failures) in results.items():
                print_json({
                    "event": "text", "form": form, "without": list(without), "hops": [asdict(hop) for hop in found],
                    "failures": {who: str(why) for who, why in failures.items()},
                })  # fmt: skip
            continue
        lacking = ", ".join(one.partition(":")[2] for one in without)
        print(say("ways.text.lacking", names=lacking) if without else say("ways.text.all"))
        rows = [line for form, (found, failures) in results.items() for line in _rows(form, found, failures, say)]
        columns([names, *rows])
        print()
    if not args.json:
        print(say("ways.text.how", octets=len(text.encode())))
    return 0


def _sent(text: str, without: tuple[str, ...]) -> dict[str, tuple[list[Hop], dict[str, str]]]:
    """By form: the hops, and what kept it from arriving."""
    found: dict[str, tuple[list[Hop], dict[str, str]]] = {}
    for form in FORMS:
        with contextlib.ExitStack() as stack:
            lab = Session(options=Options(without=without))
            stack.callback(lab.stop)
            lab.start()
            arrivals = Arrivals(lab.log, [_TO])
            try:
                lab.send(_FROM, [_TO], " ".join(text.split())[:_SUBJECT], text + "\n", form=form)
            except ValueError as wrong:
                raise unwritten(wrong) from wrong
            failures = arrivals.wait([_TO])
            found[form] = hops(dialogue_of(lab.log)), failures
    return found


def _rows(form: str, found: list[Hop], failures: dict[str, str], say: Words) -> list[list[str]]:
    ours = [hop for hop in found if hop.client]
    rows = [["" if number else form, *row(hop, say)] for number, hop in enumerate(ours)]
    rows += [["", "✘", "", "", "", "", tell(why, say)] for why in failures.values()]
    return rows
