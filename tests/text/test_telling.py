"""What goes wrong is said in the language of the moment, and in English to scripts."""

from __future__ import annotations

import ast
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailtutor
from mailtutor.course.problem import LessonError, at_key
from mailtutor.errors import MailtutorError, NetworkError, Sentence
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

EN, ZH = words("en"), words("zh")


def test_an_error_speaks_english_to_scripts_and_the_students_language_to_students() -> None:
    wrong = MailtutorError("{host} takes no IMAP clients now", "error.agent.no_imap", host="hamburger.edu")
    assert str(wrong) == tell(wrong, EN) == "hamburger.edu takes no IMAP clients now"
    assert tell(wrong, ZH) == "hamburger.edu 现在不接受 IMAP 客户端"


def test_a_sentence_without_a_key_is_said_as_it_is() -> None:
    assert tell(MailtutorError("a {brace} stays"), ZH) == "a {brace} stays"
    assert tell("plain", ZH) == "plain"
    assert tell(Sentence("{a}", "error.nothing.of_that_name", a=1), ZH) == "1"


def test_the_reason_of_the_system_is_said_too() -> None:
    why = OSError(errno.ECONNREFUSED, "Connection refused")
    fields = {"host": "h", "service": "smtp", "address": "127.0.0.3", "port": 25, "why": why}
    wrong = NetworkError(
        "{host} {service} does not answer at {address}:{port} ({why})", "error.lab.no_answer", **fields
    )
    assert str(wrong) == "h smtp does not answer at 127.0.0.3:25 (Connection refused)"
    assert tell(wrong, ZH).endswith("（连接被拒绝）")
    assert tell(OSError(errno.EXDEV, "Invalid cross-device link"), ZH) == "Invalid cross-device link"


def test_several_sentences_stand_in_one() -> None:
    moved = tuple(
        Sentence("{port} ({service} uses {now})", "error.lab.port_moved", port=port, service=service, now=port + 1)
        for port, service in ((2525, "smtp"), (2110, "pop3"))
    )
    notice = Sentence(
        "{host}: ports taken by another program: {ports}", "error.lab.ports_taken", host="crepes.fr", ports=moved
    )
    assert notice.endswith("program: 2525 (smtp uses 2526); 2110 (pop3 uses 2111)")
    assert tell(notice, ZH) == "crepes.fr：端口被别的程序占用：2525（smtp 改用 2526）; 2110（pop3 改用 2111）"


def test_a_problem_of_a_lesson_is_said_whole() -> None:
    problem = at_key("step.0.check", Sentence("nothing is checked", "error.lesson.no_check"))
    wrong = LessonError("lesson.toml", 7, problem)
    assert str(wrong) == "lesson.toml, line 7: step.0.check: nothing is checked"
    assert tell(wrong, ZH) == "lesson.toml 第 7 行：step.0.check：没有任何检查"
    assert tell(LessonError("text.zh.md", 0, problem), ZH).startswith("text.zh.md：")


def sentences() -> Iterator[tuple[str, int, str, str]]:
    """File, line, template and key of every sentence that is made in our code."""
    root = Path(mailtutor.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) >= 2:
                first, second = node.args[:2]
                if isinstance(first, ast.Constant) and isinstance(second, ast.Constant):
                    template, key = first.value, second.value
                    if isinstance(key, str) and key.startswith(("error.", "act.")):
                        yield str(file.relative_to(root)), node.lineno, str(template), key


def test_the_english_of_the_code_is_the_english_of_the_catalogue() -> None:
    found = list(sentences())
    assert len(found) > 50
    assert [(file, line, key) for file, line, template, key in found if EN.get(key) != template] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_has_a_name_for_people(language: str) -> None:
    for protocol, entry in PROTOCOLS.items():
        for state in entry.table.states:
            assert words(language).get(f"{protocol}.state.{state}.title"), (protocol, state)
