"""`mailtutor grade`: the reports of a class as one table, or as xAPI statements."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mailtutor.cli.output import print_objects
from mailtutor.cli.parser import language
from mailtutor.course.grading import columns, row, statements
from mailtutor.course.report import FORMAT, Report
from mailtutor.course.report_page import data_in
from mailtutor.errors import MailtutorError
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words, words

# A report with forty pictures has a few megabytes; what is larger is none.
_MOST_OCTETS = 64 * 1024 * 1024


class _NoReportError(Exception):
    """Why a file is none, as a key of the catalogue with its fields."""

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields


def run(args: argparse.Namespace) -> int:
    """A row for each report in the folder; what is none is named and passed over. Fails where there is none at all."""
    say = words(language())
    folder = Path(args.folder)
    found = dict(_reports(folder, say))
    if not found:
        raise MailtutorError(say("report.grade.nothing", path=visible(str(folder))))
    if args.xapi:
        print_objects(statement for report in found.values() for statement in statements(report))
        return 0
    if args.json:
        print_objects({"file": path.name, **msgspec.to_builtins(report)} for path, report in found.items())
        return 0
    table = io.StringIO()
    writer = csv.writer(table)
    names = columns(found.values())
    writer.writerow(["file", *(_cell(name) for name in names)])
    for path, report in found.items():
        told = row(report)
        writer.writerow([_cell(path.name), *(_cell(told.get(name, "")) for name in names)])
    sys.stdout.write(table.getvalue())
    return 0


def _cell(value: object) -> object:
    """A spreadsheet runs what begins like a formula: whoever handed the report in must not write one."""
    text = visible(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text


def _reports(folder: Path, say: Words) -> Iterator[tuple[Path, Report]]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".html", ".htm", ".json"))
    except OSError as wrong:
        raise MailtutorError(
            "{path} cannot be read ({why})", "error.file.unreadable", path=folder, why=wrong.strerror or wrong
        ) from wrong
    for path in files:
        try:
            yield path, _read(path)
        except _NoReportError as wrong:
            why = say(f"report.grade.{wrong.key}", **wrong.fields)
            print(say("report.grade.skipped", path=visible(str(path)), why=visible(why)), file=sys.stderr)


def _read(path: Path) -> Report:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_OCTETS:
            raise _NoReportError("foreign")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as wrong:
        raise _NoReportError("damaged", why=wrong.strerror or str(wrong)) from wrong
    except UnicodeDecodeError as wrong:
        raise _NoReportError("foreign") from wrong
    data = text if path.suffix.lower() == ".json" else data_in(text)
    if not data:
        raise _NoReportError("foreign")
    try:
        head = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise _NoReportError("damaged", why=wrong) from wrong
    made_by = head.get("format") if isinstance(head, dict) else None
    if not isinstance(made_by, str) or not made_by.startswith("mailtutor-report/"):
        raise _NoReportError("foreign")
    if made_by != FORMAT:
        raise _NoReportError("newer", format=made_by)
    try:
        return msgspec.convert(head, Report)
    except (msgspec.ValidationError, RecursionError) as wrong:
        raise _NoReportError("damaged", why=wrong) from wrong
