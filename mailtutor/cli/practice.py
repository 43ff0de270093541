"""`mailtutor practice`: the console to type into, the list of its tasks, and a task done with other programs.

--tasks --json prints one object for each task, `{"task": ID, "number": N, "topic": T, "title": T, "text": T,
"host": H, "service": S, "done": BOOL}`. --plain --json prints `{"event": "ready", "task": ID, "host": H, "service": S,
"address": A, "port": P, "users": {NAME: PASSWORD}}`, and `{"event": "done", "task": ID}` once it is done.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from mailtutor.cli.output import print_json, tell_troubles
from mailtutor.cli.parser import PROTOCOLS, language
from mailtutor.cli.place import target_of
from mailtutor.cli.serve import leaving
from mailtutor.course.task import Task
from mailtutor.course.task_checks import standing
from mailtutor.errors import UsageError
from mailtutor.lab.attach import Target
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.visible import visible
from mailtutor.reading.world import World
from mailtutor.session import Session
from mailtutor.text.catalogue import words

# Under this name the results of tasks are kept, where those of a lesson have its id.
KEPT_AS = "practice"


def run(args: argparse.Namespace) -> int:
    """Lists the tasks, waits for one, or opens the console."""
    session = Session(lessons=Path(args.lessons) if args.lessons else None)
    if args.tasks:
        return _list(session, args.protocol or "", as_json=args.json)
    if args.json and not args.plain:
        raise UsageError("--json goes with --tasks or --plain: the screen prints nothing", "error.task.json")
    task = _task(session, args)
    if args.plain:
        if task is None:
            raise UsageError("--plain wants a task to wait for: name one with --task", "error.task.nothing")
        return _wait(session, task, as_json=args.json)
    far = _far(args) if args.connect else None
    from mailtutor.cli.screen import open_practice

    return open_practice(session, ascii=args.ascii, protocol=args.protocol or "smtp", task=task, far=far)


def _task(session: Session, args: argparse.Namespace) -> Task | None:
    """The one that is named; MIME is typed only in tasks, so the first of its own that is open."""
    if args.task:
        return session.tasks.find(args.task)
    if args.protocol != "mime":
        return None
    done, of_mime = _done(session), session.tasks.of_topic("mime")
    return next((task for task in of_mime if task.id not in done), of_mime[0])


def _done(session: Session) -> set[str]:
    return {task for (kept, task), (result, _) in session.results().items() if kept == KEPT_AS and result == "done"}


def _far(args: argparse.Namespace) -> Target:
    """The server of somebody else's that is to be practised on."""
    if args.task or args.protocol == "mime":
        raise UsageError("tasks are done on the lab's servers: leave out --task, or --connect", "error.task.far")
    unknown = UsageError(
        "nobody knows what is spoken at port {port}; say smtp, pop3 or imap before --connect", "error.task.protocol",
        port=args.connect.rpartition(":")[2],
    )  # fmt: skip
    asked = "cli.practice.ask"
    target = target_of(args.connect, "--connect", args.protocol or "", unknown, anywhere=args.anywhere, ask=asked)
    if target.protocol not in PROTOCOLS:
        raise unknown
    return target


def _list(session: Session, topic: str, *, as_json: bool) -> int:
    say, speak = words(language()), language()
    done = _done(session)
    tell_troubles(session.troubles)
    for task in session.tasks.of_topic(topic):
        told = task.told(speak)
        if as_json:
            print_json(
                {
                    "task": task.id,
                    "number": task.number,
                    "topic": task.outline.topic,
                    "title": told.title,
                    "text": told.text,
                    "host": task.host,
                    "service": task.service,
                    "done": task.id in done,
                }
            )
        else:
            mark = "✔" if task.id in done else "○"
            topic_name = say(f"practice.topic.{task.outline.topic}")
            print(f"{mark} {task.number:2}  {topic_name:4}  {task.id:<18}  {visible(told.title)}")
    session.stop()
    return 0


def _wait(session: Session, task: Task, *, as_json: bool) -> int:
    """Starts the lab and tells where to dial; gives 0 when what happened there is what the task wants."""
    with leaving():
        try:
            session.start_task(task)
            _tell(session, task, as_json=as_json)
            _until_done(session, task)
            session.set_result(KEPT_AS, task.id, "done")
            tell_troubles(session.troubles)
        finally:
            session.stop()
    if as_json:
        print_json({"event": "done", "task": task.id})
    else:
        print(f"✔ {words(language())('practice.plain.done')}")
    return 0


def _tell(session: Session, task: Task, *, as_json: bool) -> None:
    host = next(host for host in session.hosts if host.name == task.host)
    port, users = host.ports[task.service], {user.name: user.password for user in host.users}
    if as_json:
        print_json(
            {
                "event": "ready",
                "task": task.id,
                "host": host.name,
                "service": task.service,
                "address": host.address,
                "port": port,
                "users": users,
            }
        )
        sys.stdout.flush()
        return
    say = words(language())
    told = task.told(language())
    total = len(session.tasks.all)
    print(say("practice.plain.task", number=task.number, total=total, title=visible(told.title)))
    print(visible(told.text))
    print(say("practice.plain.dial", host=host.name, command=f"telnet {host.address} {port}"))
    if task.service != "smtp":
        print(say("practice.plain.who", users=", ".join(f"{name} / {password}" for name, password in users.items())))
    print(say("practice.plain.waiting"), flush=True)


def _until_done(session: Session, task: Task) -> None:
    log, news = session.log, threading.Condition()
    dialogue, world, read = Dialogue(), World(), 0

    def tell(_: int, __: object) -> None:
        with news:
            news.notify_all()

    end = log.subscribe(tell)
    try:
        with news:
            while True:
                events = log.since(read)
                dialogue.take(events, read)
                world.take(events)
                read += len(events)
                if standing(task, log, dialogue, world).is_done:
                    return
                news.wait()
    finally:
        end()
