"""`mailtutor lesson check` and `lesson new`: for who writes lessons."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.cli.serve import leaving
from mailtutor.course.loader import load_lesson, problems_of
from mailtutor.course.problem import LessonError
from mailtutor.course.skeleton import FILES
from mailtutor.course.widths import too_wide
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.proving import prove
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

_NAME = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*")


def run(args: argparse.Namespace) -> int:
    """0 when every lesson is as it should be, or the new one is written."""
    if args.act == "new":
        return _new(args)
    with leaving():
        return _check(args)


def _check(args: argparse.Namespace) -> int:
    say = words(language())
    is_good = True
    for folder in _folders(args.folders):
        problems = list(_problems(folder))
        is_good = is_good and not problems
        if args.json:
            found = [{"file": one.file, "line": one.line, "problem": tell(one.problem, say)} for one in problems]
            print_json({"lesson": folder.name, "ok": not problems, "problems": found})
            continue
        print(visible(say("cli.lesson.bad" if problems else "cli.lesson.good", lesson=folder.name)), flush=True)
        for problem in problems:
            print("  " + visible(tell(problem, say)))
    return 0 if is_good else 1


def _folders(named: list[str]) -> Iterator[Path]:
    """Lessons, and what lies in folders of lessons."""
    for name in named:
        folder = Path(name).absolute()
        if not folder.is_dir():
            raise UsageError("{folder} is no folder", "error.lesson.no_folder", folder=name)
        inner = sorted(path.parent for path in folder.glob("*/lesson.toml"))
        if not inner or (folder / "lesson.toml").exists():
            yield folder
        else:
            yield from inner


def _problems(folder: Path) -> Iterator[LessonError]:
    """What can be read of it first; what is wrong there would only be found again by playing it."""
    problems = problems_of(folder)
    yield from problems
    if problems:
        return
    lesson = load_lesson(folder)
    yield from too_wide(lesson)
    try:
        yield from prove(lesson)
    except MailtutorError as wrong:
        yield LessonError(str(folder / "lesson.toml"), 0, wrong.sentence)


def _new(args: argparse.Namespace) -> int:
    say = words(language())
    if not _NAME.fullmatch(args.name):
        raise UsageError(
            "{name!r} is no name for a lesson; write small letters, digits and hyphens, such as 90-our-own-server",
            "error.lesson.name", name=args.name,
        )  # fmt: skip
    folder = Path(args.lessons or ".") / args.name
    try:
        folder.mkdir(parents=True)
        for name, text in FILES.items():
            (folder / name).write_text(text.replace("LESSON-ID", args.name), encoding="utf-8", newline="\n")
    except FileExistsError as there:
        raise MailtutorError("{folder} is there already", "error.lesson.exists", folder=folder) from there
    except OSError as wrong:
        raise MailtutorError(
            "{folder} cannot be written ({why})", "error.lesson.unwritten", folder=folder, why=wrong
        ) from wrong
    print(visible(say("cli.lesson.written", folder=folder)))
    return 0
