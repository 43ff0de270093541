"""Every verb, its flags, and its help in the student's language."""

from __future__ import annotations

import argparse
import os
from functools import partial

from mailtutor import __version__
from mailtutor.cli.arguments import Parser
from mailtutor.text.catalogue import Words, words

VERBS = (
    "course",
    "run",
    "lab",
    "serve",
    "send",
    "fetch",
    "replay",
    "attach",
    "capture",
    "dissect",
    "export",
    "practice",
    "explain",
    "message",
    "beside",
    "lesson",
    "lessons",
    "report",
    "grade",
    "doctor",
    "mailbox",
)
PROTOCOLS = ("smtp", "pop3", "imap")
# What mailboxes are exchanged in with other programs, as `store.sources` has them.
FORMS = ("maildir", "mbox", "eml")
# What a trace can become, as `cli.export` makes it.
EXPORTS = ("pcap", "pcapng", "text", "json", "markdown", "html", "svg", "python", "pytest", "swaks")
# How a text beyond ASCII is written, as `message.compose` has them.
ENCODINGS = ("base64", "quoted-printable", "8bit", "utf8")
# How agents may log in; "best" for the best both sides know.
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "best")


def language() -> str:
    """The language to speak: MAILTUTOR_LANG, else what the system's locale says."""
    wanted = os.environ.get("MAILTUTOR_LANG") or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES")
    wanted = wanted or os.environ.get("LANG") or "en"
    return "zh" if wanted.lower().startswith("zh") else "en"


def with_verb(arguments: list[str]) -> list[str]:
    """`mailtutor` and `mailtutor 2` mean `mailtutor course` and `mailtutor course 2`."""
    if not arguments:
        return ["course"]
    first = next((word for word in arguments if not word.startswith("-")), "")
    if first == "explain":
        # A reply of POP3's, and no option.
        return ["ERR" if word.upper() == "-ERR" else word for word in arguments]
    if arguments[0] in ("-h", "--help", "-V", "--version") or first in VERBS:
        return arguments
    return ["course", *arguments]


def build() -> argparse.ArgumentParser:
    """The parser for a whole command line."""
    say = words(language())
    parser = Parser(say=say, prog="mailtutor", description=say("cli.program.what"), epilog=say("cli.program.more"))
    version = f"mailtutor {__version__}"
    parser.add_argument("-V", "--version", action="version", version=version, help=say("cli.usage.version"))
    verbs = parser.add_subparsers(dest="verb", metavar=say("cli.usage.command"), required=True)
    add = partial(_verb, verbs, say)
    _screens(add, say)
    _serve(add("serve"), say)
    _mail(add, say)
    _reading(add, say)
    _mailbox(add("mailbox"), say)
    return parser


def _verb(verbs: argparse._SubParsersAction[Parser], say: Words, name: str, *, below: str = "") -> Parser:
    key = f"cli.{below}{name}"
    return verbs.add_parser(
        name,
        say=say,
        help=say(f"{key}.what"),
        description="\n\n".join(filter(None, (say(f"{key}.what"), say.get(f"{key}.more")))),
        epilog=say("cli.example") + " " + say(f"{key}.example"),
    )


def _screens(add: partial[Parser], say: Words) -> None:
    course = add("course")
    course.add_argument("lesson", nargs="?", default="", help=say("cli.flag.lesson"))
    course.add_argument("--lessons", metavar="DIR", help=say("cli.flag.lessons"))
    run = add("run")
    run.add_argument("lesson", metavar="LESSON", help=say("cli.flag.lesson"))
    run.add_argument("--plain", action="store_true", help=say("cli.flag.plain"))
    run.add_argument("--lessons", metavar="DIR", help=say("cli.flag.lessons"))
    lab = add("lab")
    _data(lab, say)
    lab.add_argument("--classic", action="store_true", help=say("cli.flag.classic"))
    lab.add_argument("--real-ports", action="store_true", help=say("cli.flag.real_ports"))
    _receiver(lab, say)
    _tls(lab, say)
    _plan(lab, say)
    _fault(lab, say)
    practice = add("practice")
    practice.add_argument("protocol", nargs="?", choices=(*PROTOCOLS, "mime"), help=say("cli.flag.protocol"))
    practice.add_argument("--tasks", action="store_true", help=say("cli.flag.tasks"))
    practice.add_argument("--task", metavar="NAME", default="", help=say("cli.flag.task"))
    practice.add_argument("--connect", metavar="HOST:PORT", default="", help=say("cli.flag.connect"))
    practice.add_argument("--anywhere", action="store_true", help=say("cli.flag.anywhere"))
    practice.add_argument("--plain", action="store_true", help=say("cli.flag.task_plain"))
    practice.add_argument("--lessons", metavar="DIR", help=say("cli.flag.lessons"))
    _json(practice, say)
    for verb in (course, lab, practice):
        _signs(verb, say)


def _receiver(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--receiver", choices=("own", "postfix+dovecot"), default="own", help=say("cli.flag.receiver"))


def _signs(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--ascii", action="store_true", help=say("cli.flag.ascii"))


def _serve(serve: argparse.ArgumentParser, say: Words) -> None:
    _data(serve, say)
    serve.add_argument("--host", metavar="ADDR", default="", help=say("cli.flag.host"))
    serve.add_argument("--classic", action="store_true", help=say("cli.flag.classic"))
    serve.add_argument("--real-ports", action="store_true", help=say("cli.flag.real_ports"))
    _receiver(serve, say)
    _tls(serve, say)
    _plan(serve, say)
    _fault(serve, say)
    _json(serve, say)
    _trace(serve, say)


def _mail(add: partial[Parser], say: Words) -> None:
    send = add("send")
    send.add_argument("--from", dest="sender", metavar="USER", default="alice", help=say("cli.flag.from"))
    send.add_argument("--to", action="append", metavar="ADDR", required=True, help=say("cli.flag.to"))
    send.add_argument("--subject", metavar="S", default="", help=say("cli.flag.subject"))
    send.add_argument("--body", metavar="B", default="", help=say("cli.flag.body"))
    send.add_argument("--attach", action="append", metavar="FILE", default=[], help=say("cli.flag.attach"))
    send.add_argument("--html", action="store_true", help=say("cli.flag.html"))
    send.add_argument("--encoding", choices=ENCODINGS, default="", help=say("cli.flag.encoding"))
    send.add_argument("--at", metavar="TIME", default="", help=say("cli.flag.at"))
    fetch = add("fetch")
    fetch.add_argument("--user", metavar="USER", default="bob", help=say("cli.flag.user"))
    fetch.add_argument("--protocol", choices=("pop3", "imap"), default="pop3", help=say("cli.flag.fetch_protocol"))
    keep = fetch.add_mutually_exclusive_group()
    keep.add_argument("--keep", action="store_true", help=say("cli.flag.keep"))
    keep.add_argument("--delete", action="store_true", help=say("cli.flag.delete"))
    for verb in (send, fetch):
        verb.add_argument("--lab", metavar="FILE", default="", help=say("cli.flag.lab"))
        verb.add_argument("--classic", action="store_true", help=say("cli.flag.classic"))
        _tls(verb, say)
        _agents(verb, say)
        _data(verb, say)
        _json(verb, say)
        _trace(verb, say)


def _reading(add: partial[Parser], say: Words) -> None:
    replay = add("replay")
    replay.add_argument("file", metavar="FILE", nargs="?", default="", help=say("cli.flag.file"))
    replay.add_argument("--plain", action="store_true", help=say("cli.flag.plain"))
    replay.add_argument("--compare", metavar="OTHER", help=say("cli.flag.compare"))
    pace = replay.add_mutually_exclusive_group()
    pace.add_argument("--speed", metavar="X", type=float, default=1.0, help=say("cli.flag.speed"))
    pace.add_argument("--step", action="store_true", help=say("cli.flag.step"))
    _signs(replay, say)
    _json(replay, say)
    replay.add_argument("--keys", metavar="FILE", default="", help=say("cli.flag.keys"))
    attach = add("attach")
    attach.add_argument("--to", metavar="HOST:PORT", required=True, help=say("cli.flag.attach_to"))
    attach.add_argument("--listen", metavar="HOST:PORT", default="", help=say("cli.flag.attach_listen"))
    attach.add_argument("--protocol", choices=(*PROTOCOLS, "ftp", "http"), help=say("cli.flag.attach_protocol"))
    attach.add_argument("--tls", choices=("pass", "end"), default="pass", help=say("cli.flag.attach_tls"))
    attach.add_argument("--anywhere", action="store_true", help=say("cli.flag.anywhere"))
    attach.add_argument("--plain", action="store_true", help=say("cli.flag.plain"))
    _json(attach, say)
    _trace(attach, say)
    _signs(attach, say)
    capture = add("capture")
    capture.add_argument("-i", dest="interface", metavar="NAME", default="lo", help=say("cli.flag.interface"))
    capture.add_argument("--port", metavar="N", type=int, action="append", help=say("cli.flag.capture_port"))
    capture.add_argument("--write", metavar="FILE", default="", help=say("cli.flag.capture_write"))
    capture.add_argument("--keys", metavar="FILE", default="", help=say("cli.flag.keys"))
    capture.add_argument("--count", metavar="N", type=int, help=say("cli.flag.capture_count"))
    capture.add_argument("--with-passwords", action="store_true", help=say("cli.flag.with_passwords"))
    _json(capture, say)
    dissect = add("dissect")
    dissect.add_argument("file", metavar="FILE", help=say("cli.flag.capture_file"))
    dissect.add_argument("--keys", metavar="FILE", default="", help=say("cli.flag.keys"))
    dissect.add_argument("--trace", metavar="FILE", default="", help=say("cli.flag.dissect_trace"))
    _json(dissect, say)
    export = add("export")
    export.add_argument("file", metavar="TRACE", help=say("cli.flag.file"))
    export.add_argument("--to", choices=EXPORTS, help=say("cli.flag.to_form"))
    export.add_argument("-o", dest="output", metavar="FILE", default="", help=say("cli.flag.export_output"))
    export.add_argument("--lab-ports", action="store_true", help=say("cli.flag.lab_ports"))
    export.add_argument("--with-passwords", action="store_true", help=say("cli.flag.with_passwords"))
    explain = add("explain")
    explain.add_argument("words", nargs="*", metavar="WORD", help=say("cli.flag.word"))
    _json(explain, say)
    _message(add("message"), say)
    _beside(add("beside"), say)
    _lesson(add("lesson"), say)
    lessons = add("lessons")
    lessons.add_argument("--coverage", action="store_true", help=say("cli.flag.coverage"))
    lessons.add_argument("--lessons", metavar="DIR", help=say("cli.flag.lessons"))
    _json(lessons, say)
    report = add("report")
    report.add_argument("-o", dest="output", metavar="FILE", default="", help=say("cli.flag.report_output"))
    report.add_argument("--name", metavar="NAME", help=say("cli.flag.student"))
    report.add_argument("--lessons", metavar="DIR", help=say("cli.flag.lessons"))
    _json(report, say)
    grade = add("grade")
    grade.add_argument("folder", metavar="DIR", help=say("cli.flag.reports"))
    grade.add_argument("--xapi", action="store_true", help=say("cli.flag.xapi"))
    _json(grade, say)
    _json(add("doctor"), say)


def _message(message: argparse.ArgumentParser, say: Words) -> None:
    message.add_argument("file", nargs="?", default="", metavar="FILE", help=say("cli.flag.message_file"))
    instead = message.add_mutually_exclusive_group()
    instead.add_argument("--shelf", action="store_true", help=say("cli.flag.shelf"))
    instead.add_argument("--text", metavar="TEXT", default="", help=say("cli.flag.message_text"))
    instead.add_argument("--octets", metavar="FILE", default="", help=say("cli.flag.message_octets"))
    instead.add_argument("--build-up", metavar="TEXT", nargs="?", const="", help=say("cli.flag.build_up"))
    message.add_argument("--screen", action="store_true", help=say("cli.flag.message_screen"))
    _signs(message, say)
    message.add_argument("--part", metavar="N", default="", help=say("cli.flag.part"))
    message.add_argument("--raw", action="store_true", help=say("cli.flag.raw"))
    message.add_argument("--save", metavar="DIR", default="", help=say("cli.flag.save"))
    message.add_argument("--envelope-from", metavar="ADDR", help=say("cli.flag.envelope_from"))
    message.add_argument("--envelope-to", metavar="ADDR", action="append", help=say("cli.flag.envelope_to"))
    _json(message, say)


def _beside(beside: argparse.ArgumentParser, say: Words) -> None:
    beside.add_argument("--text", metavar="TEXT", default="", help=say("cli.flag.beside_text"))
    beside.add_argument("--connections", metavar="N", type=int, default=1, help=say("cli.flag.connections"))
    beside.add_argument("--delay", metavar="MS", type=float, default=50.0, help=say("cli.flag.delay"))
    beside.add_argument("--dialogue", action="store_true", help=say("cli.flag.dialogue"))
    _json(beside, say)
    _trace(beside, say)


def _mailbox(mailbox: argparse.ArgumentParser, say: Words) -> None:
    actions = mailbox.add_subparsers(
        dest="action", metavar=say("cli.usage.command"), required=True, parser_class=Parser
    )
    import_ = _verb(actions, say, "import", below="mailbox.")
    export = _verb(actions, say, "export", below="mailbox.")
    import_.add_argument("paths", nargs="+", metavar="PATH", help=say("cli.flag.import_path"))
    import_.add_argument("--from", dest="form", choices=FORMS, default="", help=say("cli.flag.import_from"))
    import_.add_argument("--mailbox", metavar="NAME", default="", help=say("cli.flag.import_mailbox"))
    which = export.add_mutually_exclusive_group()
    which.add_argument("--mailbox", metavar="NAME", default="INBOX", help=say("cli.flag.export_mailbox"))
    which.add_argument("--all", action="store_true", help=say("cli.flag.export_all"))
    export.add_argument("--to", dest="form", choices=FORMS, required=True, help=say("cli.flag.export_to"))
    export.add_argument("-o", "--output", metavar="PATH", required=True, help=say("cli.flag.export_path"))
    for action in (import_, export):
        action.add_argument("--user", metavar="USER", required=True, help=say("cli.flag.user"))
        _data(action, say)
        _json(action, say)


def _data(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--data", metavar="DIR", default="", help=say("cli.flag.data"))


def _tls(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--tls", choices=("never", "offered", "required"), default="never", help=say("cli.flag.tls"))


def _agents(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--auth", choices=MECHANISMS, default="PLAIN", help=say("cli.flag.auth"))
    verb.add_argument("--pipelining", action="store_true", help=say("cli.flag.pipelining"))


def _plan(verb: argparse.ArgumentParser, say: Words) -> None:
    """What a lab's servers are like; `cli.options` reads them."""
    _agents(verb, say)
    for name, metavar in (
        ("limit", "[HOST:]NAME=VALUE"),
        ("without", "[HOST:]EXTENSION"),
        ("rule", "[HOST:]RULE"),
        ("list", "[HOST:]NAME=ADDRESS,ADDRESS"),
        ("backup", "HOST:DOMAIN"),
    ):
        verb.add_argument(f"--{name}", action="append", metavar=metavar, default=[], help=say(f"cli.flag.{name}"))


def _fault(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--fault", action="append", metavar="HOST:KIND[=DETAIL]", default=[], help=say("cli.flag.fault"))


def _lesson(lesson: Parser, say: Words) -> None:
    below = lesson.add_subparsers(dest="act", metavar=say("cli.usage.command"), required=True)
    check = _verb(below, say, "check", below="lesson.")
    check.add_argument("folders", nargs="+", metavar="DIR", help=say("cli.flag.lesson_folder"))
    _json(check, say)
    new = _verb(below, say, "new", below="lesson.")
    new.add_argument("name", metavar="NAME", help=say("cli.flag.lesson_name"))
    new.add_argument("--lessons", metavar="DIR", default="", help=say("cli.flag.lessons"))


def _json(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--json", action="store_true", help=say("cli.flag.json"))


def _trace(verb: argparse.ArgumentParser, say: Words) -> None:
    verb.add_argument("--trace", metavar="FILE", default="", help=say("cli.flag.trace"))
    verb.add_argument("--with-passwords", action="store_true", help=say("cli.flag.with_passwords"))
