"""`mailtutor message`: a message taken apart, printed.

--json prints one object on one line. Spans are `[start, end]` in octets of the message as it was given:

    {"message": NAME, "octets": N,
     "parts": [{"number": "1.2", "depth": N, "type": T, "charset": C, "encoding": E, "name": FILE_NAME,
                "header": SPAN, "body": SPAN, "preamble": SPAN|null, "epilogue": SPAN|null, "delimiters": [SPAN…],
                "fields": [{"name": N, "value": UNFOLDED, "span": SPAN, "value_at": N,
                            "pieces": [{"key": K, "span": SPAN, "value": DECODED}…]}…],
                "parameters": [{"name": N, "value": V, "charset": C, "language": L}…],
                "steps": [{"key": "raw"|"transfer"|"charset"|"type", "name": N, "rfc": R, "octets": N|null,
                           "characters": N|null, "ok": BOOL}…],
                "defects": [{"key": K, "span": SPAN, "count": N, "detail": D, "what": SENTENCE, "rfc": R}…]}…],
     "path": [{"from": F, "address": A, "by": B, "via": V, "with": W, "id": I, "for": F, "at": TIME|null,
               "delay_s": S|null, "linked": BOOL|null, "facts": ["tls"…], "span": SPAN}…],
     "envelope": {"sender": A|null, "recipients": [A…]|null, "differences": [{"key": K, "header": A, "envelope": A}…]},
     "links": [{"part": N, "span": SPAN, "cid": C, "names": N|null}…],
     "report": null|{"kind": "dsn"|"mdn", "part": N, "groups": [[{"name": N, "value": V}…]…]}}

--screen opens the same as a list to walk through, down to the bits; --text and --octets as a message that has them in
every character set and encoding; with --shelf the first of ours, from which o leads
to the others.

With --part the object holds `message` and the one part instead of all. --shelf prints one object for each of our own,
`{"name": N, "file": PATH, "shows": SENTENCE}`; --save one for each file, `{"event": "saved", "part": N, "path": P,
"octets": N, "wanted": NAME}`; --build-up one for each stage, `{"event": "grown", "stage": N, "field": LINE, "reply": R,
"octets": N, "sees": "encoded"|"rubbish"|"text"|"picture"|"nothing", "sample": TEXT, "description": D, "id": I}`;
--text `{"text": T, "charsets": […], "base64": […], "words": [LINE…], "quoted": […]}`;
--octets `{"file": F, "octets": N, "on_the_wire": {"base64": N, "quoted": N}, "base64": […]}`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection
from pathlib import Path

from mailtutor.cli.letters import print_message, print_part, print_raw
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.cli.saving import save
from mailtutor.cli.spelling import octets_of, print_octets, print_text, sound
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.message.anatomy import Anatomy, Node, open_message
from mailtutor.message.beside import envelope_of
from mailtutor.message.specimen import of_file, of_text
from mailtutor.reading.letter_facts import message_facts, part_facts
from mailtutor.reading.shelf import names, shelf_file
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words, words

# Octets of a message that is opened.
MOST = 256 * 1024 * 1024


def run(args: argparse.Namespace) -> int:
    """Prints what is asked for; 0 whatever is wrong with the message."""
    say = words(language())
    if args.shelf and not args.screen:
        return _shelf(say, as_json=args.json)
    if args.screen and args.build_up is not None:
        raise UsageError("--screen opens a message: name one, or --shelf", "error.message.only_messages")
    if args.screen and (args.text or args.octets):
        return _open_own(args, say)
    if args.text:
        return print_text(args.text, say, as_json=args.json)
    if args.octets:
        return print_octets(args.octets, say, as_json=args.json)
    if args.build_up is not None:
        # Late: nothing else here needs a lab.
        from mailtutor.cli.building import build_up

        return build_up(args.build_up, say, as_json=args.json)
    if not args.file and not args.shelf:
        raise UsageError("name a message to take apart, or --shelf to see those of ours", "error.message.nothing")
    name, raw = _read(names()[0] if args.shelf else args.file)
    anatomy = open_message(raw)
    node = _part(anatomy, args.part) if args.part else None
    if args.save:
        return save(anatomy, node, Path(args.save), say, as_json=args.json)
    sender, recipients = _envelope(anatomy, args)
    if args.screen:
        # Late: nothing else here needs a lab or a screen.
        from mailtutor.cli.screen import open_letter

        return open_letter(name, raw, sender, recipients, ascii=args.ascii)
    if args.json:
        facts = message_facts(anatomy, sender, recipients, say) if node is None else {"part": part_facts(node, say)}
        print_json({"message": name, **facts})
    elif args.raw:
        print_raw(node or anatomy.root)
    elif node is not None:
        print_part(node, say, ascii=args.ascii)
    else:
        print_message(name, anatomy, sender, recipients, say)
    return 0


def _open_own(args: argparse.Namespace, say: Words) -> int:
    """A text or a file of the student's own, written in every way, on the screen."""
    from mailtutor.cli.screen import open_letter

    now = time.time()
    if args.text:
        name, own = say("screen.message.own_text"), of_text(sound(args.text), now)
    else:
        name = Path(args.octets).name
        own = of_file(name, octets_of(args.octets), now)
    return open_letter(name, own.raw, None, None, missing=own.missing, ascii=args.ascii)


def _shelf(say: Words, *, as_json: bool) -> int:
    for name in names():
        shows = say(f"shelf.{name}.shows")
        if as_json:
            print_json({"name": name, "file": str(shelf_file(name)), "shows": shows})
        else:
            print(f"{name:<22} {shows}")
    return 0


def _read(name: str) -> tuple[str, bytes]:
    """The name to show and the bytes of a message."""
    if name == "-":
        raw = sys.stdin.buffer.read(MOST + 1)
    else:
        path = Path(name)
        # Of two of the same name the one here is meant.
        found = path if path.exists() else shelf_file(name)
        if found is None:
            ours = ", ".join(names())
            raise UsageError("there is no message {name}; our own are: {ours}", "error.message.none", name=name,
                             ours=ours)  # fmt: skip
        try:
            with found.open("rb") as file:
                raw = file.read(MOST + 1)
        except OSError as wrong:
            raise MailtutorError(
                "{path} cannot be read ({why})", "error.file.unreadable", path=name, why=wrong
            ) from wrong
    if len(raw) > MOST:
        raise MailtutorError(
            "{name} is larger than {most} MiB; that is more than is looked at", "error.message.too_large", name=name,
            most=MOST // 1024 // 1024,
        )  # fmt: skip
    return name, raw


def _part(anatomy: Anatomy, number: str) -> Node:
    node = anatomy.find(number)
    if node is None:
        some = ", ".join(one.number for one in anatomy.nodes[:20])
        raise UsageError(
            "there is no part {number}; there are: {parts}", "error.message.no_part", number=visible(number), parts=some
        )
    return node


def _envelope(anatomy: Anatomy, args: argparse.Namespace) -> tuple[str | None, Collection[str] | None]:
    sender, recipients = envelope_of(anatomy.root.part.header)
    if args.envelope_from is not None:
        sender = args.envelope_from.strip("<>")
    return sender, args.envelope_to or recipients
