"""`mailtutor mailbox import` and `mailtutor mailbox export`: mail from other programs, and for them."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from mailtutor import paths
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.errors import MailtutorError, Sentence, UsageError
from mailtutor.lab.lab import DATABASE_NAME
from mailtutor.lab.plan import textbook_plan
from mailtutor.reading.visible import visible
from mailtutor.store import mailboxes
from mailtutor.store.database import Database
from mailtutor.store.exchange import Imported, Importer, export
from mailtutor.store.lock import Lock
from mailtutor.store.shelf_names import is_usable
from mailtutor.store.sources import form_of, items
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

# Problems that are told in the one line of an error; --json has more of them.
_TOLD = 3


def run(args: argparse.Namespace) -> int:
    """Imports or exports; 0 when all of it was done."""
    return _import(args) if args.action == "import" else _export(args)


def _import(args: argparse.Namespace) -> int:
    host, user, address = _owner(args.user)
    if args.mailbox and not is_usable(args.mailbox):
        raise UsageError(
            "{name}: a mailbox cannot be called that; no %, *, // or control characters, at most 255 characters",
            "error.mailbox.bad_name",
            name=args.mailbox,
        )
    # All are looked at before any is read.
    sources = [(Path(name), args.form or _form(Path(name))) for name in args.paths]
    with _database(args) as database:
        importer = Importer(database, host, user, time.time())
        for path, form in sources:
            importer.take(items(path, form), args.mailbox)
    if not importer.done.mailboxes and not importer.done.skipped:
        path, form = sources[0]
        raise MailtutorError(
            "there is no {form} in {path}; leave out --from, or name another",
            "error.mailbox.nothing",
            form=form,
            path=path,
        )
    _print_imported(importer.done, address, as_json=args.json)
    if importer.done.skipped:
        raise _not_all(importer.done)
    return 0


def _print_imported(done: Imported, address: str, *, as_json: bool) -> None:
    say = words(language())
    added, known = (sum(getattr(one, name) for one in done.mailboxes.values()) for name in ("added", "known"))
    if as_json:
        boxes = {name: {"added": one.added, "known": one.known} for name, one in done.mailboxes.items()}
        problems = [{"path": problem.where, "why": tell(problem.why, say)} for problem in done.problems]
        print_json({"event": "imported", "user": address, "added": added, "known": known, "mailboxes": boxes,
                    "skipped": done.skipped, "problems": problems})  # fmt: skip
        return
    for name, one in done.mailboxes.items():
        print(say("cli.mailbox.imported", mailbox=visible(name), added=one.added, known=one.known))


def _not_all(done: Imported) -> MailtutorError:
    told: list[object] = [
        Sentence("{where}: {why}", "error.mailbox.problem", where=problem.where, why=problem.why)
        for problem in done.problems[:_TOLD]
    ]
    if done.skipped > len(told):
        told.append(Sentence("and {count} more", "error.mailbox.more", count=done.skipped - len(told)))
    return MailtutorError(
        "{count} not imported: {problems}", "error.mailbox.skipped", count=done.skipped, problems=tuple(told)
    )


def _form(path: Path) -> str:
    try:
        form = form_of(path)
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong
    if not form:
        raise UsageError(
            "{path} looks like no Maildir, no mbox and no .eml; say which it is with --from",
            "error.mailbox.no_form",
            path=path,
        )
    return form


def _export(args: argparse.Namespace) -> int:
    host, user, address = _owner(args.user)
    path = Path(args.output)
    with _database(args, must_exist=True) as database:
        boxes = database.read(lambda db: mailboxes.all_of(db, host, user))
        if not args.all:
            wanted = database.read(lambda db: mailboxes.find(db, host, user, args.mailbox))
            if wanted is None:
                names = ", ".join(box.name for box in boxes) or "–"
                raise MailtutorError(
                    "{user} has no mailbox {name}; there are: {names}", "error.mailbox.none", user=address,
                    name=args.mailbox, names=names,
                )  # fmt: skip
            boxes = [wanted]
        done = export(database, boxes, args.form, path, alone=not args.all)
    messages, without_flags = (
        sum(getattr(one, name) for one in done.values()) for name in ("messages", "without_flags")
    )
    if args.json:
        print_json({"event": "exported", "user": address, "to": args.form, "path": args.output, "messages": messages,
                    "mailboxes": {name: one.messages for name, one in done.items()},
                    "without_flags": without_flags})  # fmt: skip
        return 0
    say = words(language())
    for name, one in done.items():
        print(say("cli.mailbox.exported", mailbox=visible(name), count=one.messages))
    if without_flags:
        print(say("cli.mailbox.without_flags", count=without_flags))
    return 0


def _owner(name: str) -> tuple[str, str, str]:
    """The host, the name there and the address of a user."""
    plan = textbook_plan()
    try:
        user = plan.user(name)
    except KeyError as unknown:
        raise UsageError(
            "there is no user {user}; {flag} takes alice or bob", "error.cli.no_user", user=name, flag="--user"
        ) from unknown
    host = next(host for host in plan.hosts if user in host.users)
    return host.name, user.name, user.address


@contextlib.contextmanager
def _database(args: argparse.Namespace, *, must_exist: bool = False) -> Iterator[Database]:
    """The lab's database, and nobody else's until the end."""
    data = Path(args.data) if args.data else paths.lab_data()
    if must_exist and not (data / DATABASE_NAME).is_file():
        raise MailtutorError(
            "no lab has kept its mail in {folder}; name its folder with --data", "error.mailbox.no_lab", folder=data
        )
    lock = Lock(data / "lab.lock")
    try:
        database = Database(data / DATABASE_NAME)
        try:
            yield database
        finally:
            database.close()
    finally:
        lock.release()
