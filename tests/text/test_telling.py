"""What goes wrong is said in the language of the moment, and in English to scripts."""

from __future__ import annotations

import ast
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailtutor
from mailtutor.course.problem import LessonError, at_key
from mailtutor.errors import MailtutorError, MissingExtraError, NetworkError, Sentence, StoreError, UsageError
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell
from mailtutor.trace.codec import HEADER, load
from mailtutor.trace.transcript import parse

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


def bare_errors(source: str) -> Iterator[int]:
    """The lines of a module that make an error for people of words no other language has: text, and no key."""
    kinds = {kind.__name__ for kind in (MailtutorError, UsageError, NetworkError, MissingExtraError, StoreError)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            first = node.args[0] if node.args else None
            # What is put together of sentences already told, "a (b)", has no words of its own.
            parts = first.values if isinstance(first, ast.JoinedStr) else [first]
            said = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            if len(node.args) < 2 and any(character.isalpha() for character in said):
                yield node.lineno


def test_a_bare_error_is_found() -> None:
    assert list(bare_errors('raise UsageError("no such thing")')) == [1]
    assert list(bare_errors('raise StoreError(f"{path} is damaged")')) == [1]
    assert list(bare_errors('raise UsageError("{a} is", "error.a", a=1)\nraise UsageError(f"{a} ({b})")')) == []


def test_every_error_for_people_can_be_said_in_every_language() -> None:
    root = Path(mailtutor.__file__).parent
    found = [
        f"{file.relative_to(root).as_posix()}:{line}"
        for file in sorted(root.rglob("*.py"))
        for line in bare_errors(file.read_text(encoding="utf-8"))
    ]
    # The store's own file is being reworked; what it says goes the same way.
    assert found == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\n", "x 第 1 行：不是 UTF-8；请把文件存成 UTF-8 文本"),
        (b"hello\n", "x 第 1 行：每行以 C:（客户端）、S:（服务器）或 #（说明）开头"),
        (b"C: a\n", "x 第 1 行：没有写协议；请在第一行加上例如 `# protocol: smtp`"),
        (b"# port: big\n", "x 第 1 行：port 应当是数字，而不是 'big'"),
        (b"# closed: no\n", "x 第 1 行：closed 只能是 client、server 或 lost，而不是 'no'"),
        (b"C: a\\nb\n", "x 第 1 行：\\n 只能写在行尾；后面请另起一行"),
        (b"C: \\q\n", "x 第 1 行：\\q 没有意义；反斜杠写成 \\\\，一个字节写成 \\xNN"),
    ],
)
def test_what_is_wrong_with_a_transcript_is_said_in_chinese_too(data: bytes, told: str) -> None:
    with pytest.raises(MailtutorError) as wrong:
        parse(data, "x")
    assert tell(wrong.value, ZH) == told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"{}\n"], "x 不是 mailtutor 的记录：第一行没有这样写"),
        ([HEADER + b"\n", b"[]\n"], "x 第 2 行：这不是记录里的事件"),
    ],
)
def test_what_is_wrong_with_a_trace_is_said_in_chinese_too(lines: list[bytes], told: str) -> None:
    with pytest.raises(MailtutorError) as wrong:
        load(lines, "x")
    assert tell(wrong.value, ZH).startswith(told)
