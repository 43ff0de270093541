"""Loading lessons, and saying what is wrong with them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mailtutor.course.loader import load_lesson, load_lessons, problems_of
from mailtutor.course.problem import LessonError
from mailtutor.course.source import line_of
from mailtutor.errors import UsageError
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

OUTLINE = """id = "01-hello"
covers = ["F9"]
minutes = 3

[[lab.seed]]
user = "bob@hamburger.edu"
file = "one.eml"
size = 13

[[step]]
id = "look"
kind = "watch"
do = { act = "send", subject = "Hi" }
wrong_way = "flush"
check = [{ event = { event = "delivered", host = "hamburger.edu" } }]

[[step]]
id = "hello"
kind = "type"
console = "hamburger.edu smtp"
check = [{ reply = { to = "HELO", code = 250 } }]
solution = ["HELO x"]

[[step]]
id = "guess"
kind = "predict"
console = "hamburger.edu smtp"
type = "DATA"
ask = { code = [503, 354] }
check = [{ command = { protocol = "smtp", verb = "DATA" } }]
solution = 503
wrong = { 354 = "early" }

[[step]]
id = "pick"
kind = "quiz"
form = "choice"
options = ["a", "b"]
solution = "a"

[[step]]
id = "help"
kind = "do"
check = [{ mailbox = { user = "bob@hamburger.edu", count = 1 } }]
solution = ["send"]

[[step]]
id = "end"
kind = "reflect"
"""

TEXT = """# Hello

## look
**Look**

## hello
**Type**
:::hint
h
:::

## guess
**Guess**
:::wrong early
w
:::

## pick
**Pick**
:::option a
A
:::

## help
**Help**

## end
**End**
"""


def write(root: Path, *, outline: str = OUTLINE, en: str = TEXT, zh: str = TEXT, name: str = "01-hello") -> Path:
    """A lesson's folder."""
    folder = root / name
    folder.mkdir()
    (folder / "lesson.toml").write_text(outline, encoding="utf-8")
    (folder / "text.en.md").write_text(en, encoding="utf-8")
    (folder / "text.zh.md").write_text(zh, encoding="utf-8")
    (folder / "one.eml").write_text("A: b\n\ntext\n", encoding="utf-8", newline="")
    return folder


def test_a_lesson_is_loaded_with_texts_and_mail(tmp_path: Path) -> None:
    # "A: b", "" and "text": 4 + 0 + 4 octets and three line ends.
    lesson = load_lesson(write(tmp_path, outline=OUTLINE.replace("size = 13", "size = 14")))
    assert (lesson.id, lesson.number) == ("01-hello", 1)
    assert lesson.section("zh", "look").title == "Look"
    assert lesson.prose("fr") is lesson.prose("en")
    assert lesson.seeds[0].content == b"A: b\r\n\r\ntext\r\n"
    assert lesson.step("end").id == "end"
    with pytest.raises(KeyError):
        lesson.step("nowhere")


def test_what_earlier_steps_typed_is_known(tmp_path: Path) -> None:
    outline = OUTLINE.replace("size = 13", "size = 14")
    lesson = load_lesson(write(tmp_path, outline=outline))
    assert lesson.typed_before("hello") == ()
    assert lesson.typed_before("guess") == ("HELO x",)
    assert lesson.typed_before("end") == ()
    again = outline.replace('type = "DATA"', 'type = "DATA"\nfresh = true').replace("01-hello", "02-hello")
    assert load_lesson(write(tmp_path, outline=again, name="02-hello")).typed_before("guess") == ()


def problems(tmp_path: Path, old: str, new: str, *, where: str = "outline") -> list[str]:
    """The problems of the lesson with one thing changed, without the folder."""
    parts = {"outline": OUTLINE.replace("size = 13", "size = 14"), "en": TEXT, "zh": TEXT}
    assert old in parts[where]
    parts[where] = parts[where].replace(old, new, 1)
    folder = write(tmp_path, **parts)
    return [str(problem).replace(f"{folder}/", "") for problem in problems_of(folder)]


OUTLINES = [
    ('id = "01-hello"', 'id = "hello"', "lesson.toml, line 1: id: the lesson is in the folder 01-hello"),
    ('id = "01-hello"', 'id = "01-hello', "lesson.toml, line 1: not TOML"),
    ('["F9"]', '["X9"]', "lesson.toml, line 2: covers: 'X9' is no row"),
    ("minutes = 3", 'minutes = "x"', "lesson.toml, line 3: minutes: Expected `int`"),
    ("minutes = 3\n", "", "lesson.toml: the whole file: Object missing required field `minutes`"),
    ("minutes = 3", "minutes = 3\nhours = 1", "lesson.toml, line 4: hours: Object contains unknown field"),
    ("size = 14", "size = 15", "lesson.toml, line 8: lab.seed.0.size: one.eml has 14 octets"),
    ('file = "one.eml"', 'file = "../x"', "lesson.toml, line 5: lab.seed.0: file is a name inside"),
    ('file = "one.eml"', 'file = "two.eml"', "two.eml: cannot be read"),
    ('kind = "watch"', 'kind = "gaze"', "lesson.toml, line 12: step.0.kind: Invalid value 'gaze'"),
    (
        'wrong_way = "flush"',
        'wrong_way = "flash"',
        "lesson.toml, line 10: step.0: no act 'flash'; there are send, fetch",
    ),
    ('user = "bob@hamburger.edu"\nfile', 'user = "bob"\nfile', "lesson.toml, line 6: lab.seed.0.user: 'bob' is no"),
    ('act = "send"', 'act = "sent"', "lesson.toml, line 13: step.0.do.act: Invalid value 'sent'"),
    ('subject = "Hi"', 'subjekt = "Hi"', "lesson.toml, line 13: step.0.do.subjekt: Object contains unknown field"),
    ("{ mailbox = { user", "{ none = { mailbox = { user", "lesson.toml, line 44: not TOML"),
    ('"delivered"', '"flown"', "lesson.toml, line 15: step.0.check (look): event.event: 'flown' is none of"),
    ("host =", "hosts =", "lesson.toml, line 15: step.0.check (look): event.hosts: delivered has only"),
    ('id = "hello"', 'id = "look"', "lesson.toml, line 18: step.1.id: a second step 'look'"),
    ('"hamburger.edu smtp"', '"smtp"', "lesson.toml, line 20: step.1.console (hello): 'smtp' is not a host"),
    ('[{ reply = { to = "HELO", code = 250 } }]', "[]", "lesson.toml, line 21: step.1.check (hello): nothing"),
    ('to = "HELO"', 'to = "HULLO"', "lesson.toml, line 21: step.1.check (hello): 'HULLO' is no command of any"),
    ("code = 250", 'outcome = "fine"', "lesson.toml, line 21: step.1.check (hello): reply.outcome: 'fine'"),
    ('protocol = "smtp"', 'protocol = "smpt"', "lesson.toml, line 30: step.2.check (guess): protocol: 'smpt'"),
    ('verb = "DATA"', 'verb = "RETR"', "lesson.toml, line 30: step.2.check (guess): 'RETR' is no command of smtp"),
    ("{ command = {", "{ reply = {}, command = {", "lesson.toml, line 30: step.2.check.0: a check has exactly one"),
    ("solution = 503", "solution = 550", "lesson.toml, line 24: step.2: solution 550 is not one"),
    ('354 = "early"', '355 = "early"', "lesson.toml, line 24: step.2: wrong names what is no choice: 355"),
    ('solution = "a"', 'solution = "c"', "lesson.toml, line 34: step.3: solution is not one of the options"),
    ('form = "choice"', 'form = "order"', "lesson.toml, line 34: step.3: solution is not the options put in"),
    ('form = "choice"', 'form = "fill"', "lesson.toml, line 34: step.3: a fill-in has no options"),
]
# Three words of English in a row, but for what stands between quotes.
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")
QUOTED = re.compile(r"`[^`]*`|'[^']*'")


@pytest.mark.parametrize(("old", "new", "problem"), OUTLINES)
def test_problems_of_the_outline_name_file_line_and_key(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problems(tmp_path, old, new)[0].startswith(problem)


@pytest.mark.parametrize(("old", "new", "problem"), OUTLINES)
def test_problems_of_the_outline_are_said_in_chinese(tmp_path: Path, old: str, new: str, problem: str) -> None:
    outline = OUTLINE.replace("size = 13", "size = 14").replace(old, new, 1)
    told = tell(problems_of(write(tmp_path, outline=outline))[0], words("zh"))
    assert re.search("[\u4e00-\u9fff]", told.partition("lesson.toml")[2] or told), told
    assert not ENGLISH.search(QUOTED.sub("", told)), (told, problem)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("## look\n**Look**\n", "", "text.zh.md: no section `## look`"),
        ("## look", "## luck", "text.zh.md: no section `## look`"),
        ("## look", "## extra\n**E**\n## look", "text.zh.md, line 3: section `## extra` belongs to no step"),
        (":::wrong early", ":::wrong late", "text.zh.md, line 12: section `## guess` has no block `:::wrong early`"),
        ("**Look**\n", "**Look**\n:::right\nr\n:::\n", "text.zh.md, line 3: section `## look` has a block `:::right`"),
        ("w\n:::\n", "w\n:::\n:::right\nr\n:::\n", "text.zh.md, line 12: section `## guess` has 1 :::right blocks"),
        (":::option a", ":::option z", "text.zh.md, line 18: section `## pick`: `:::option z` is no option"),
        (":::hint\nh\n:::\n", "", "text.zh.md, line 6: section `## hello` has 0 :::hint blocks, text.en.md has 1"),
        ("**Look**", "Look", "text.zh.md, line 4: section `## look` begins with its title"),
        (
            "## look\n**Look**\n\n## hello\n**Type**\n:::hint\nh\n:::\n",
            "## hello\n**Type**\n:::hint\nh\n:::\n## look\n**Look**\n",
            "text.zh.md: the sections are not in the order of text.en.md",
        ),
    ],
)
def test_problems_of_the_texts_name_file_and_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problems(tmp_path, old, new, where="zh")[0].startswith(problem)


def test_a_wrong_answer_nobody_can_give_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, '\nwrong = { 354 = "early" }', "")
    assert "nothing in lesson.toml leads to `:::wrong early`" in found[0]


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, outline=OUTLINE.replace("size = 13", "size = 14"))
    (folder / "text.zh.md").write_bytes(b"\xff\xfe")
    assert "text.zh.md: not UTF-8" in str(problems_of(folder)[0])
    (folder / "text.zh.md").unlink()
    with pytest.raises(LessonError, match=r"text\.zh\.md: is missing"):
        load_lesson(folder)


def test_a_teacher_reads_what_is_wrong_in_chinese(tmp_path: Path) -> None:
    outline = OUTLINE.replace("size = 13", "size = 14").replace('to = "HELO"', 'to = "HULLO"')
    found = [tell(problem, words("zh")) for problem in problems_of(write(tmp_path, outline=outline))]
    assert found[0].endswith("lesson.toml 第 21 行：step.1.check（hello）：'HULLO' 不是 任何协议 的命令")


def test_load_stops_at_the_first_problem(tmp_path: Path) -> None:
    folder = write(tmp_path, outline=OUTLINE.replace("size = 13", "size = 14").replace('"F9"', '"X"'))
    with pytest.raises(LessonError, match="covers"):
        load_lesson(folder)


def catalogue(tmp_path: Path) -> Path:
    """Two lessons in one folder."""
    good = OUTLINE.replace("size = 13", "size = 14")
    write(tmp_path, outline=good)
    second = good.replace("01-hello", "02-bye").replace('["F9"]', '["F10", "F9"]\nneeds = ["01-hello"]')
    write(tmp_path, outline=second, name="02-bye")
    return tmp_path


@pytest.mark.parametrize("name", ["2", "02", "02-bye", "bye", " Bye "])
def test_a_lesson_is_found_by_number_or_name(tmp_path: Path, name: str) -> None:
    assert load_lessons(catalogue(tmp_path)).find(name).id == "02-bye"


def test_a_lesson_that_is_not_there_is_answered_with_one_that_is(tmp_path: Path) -> None:
    found = load_lessons(catalogue(tmp_path))
    with pytest.raises(UsageError, match="did you mean 01-hello"):
        found.find("01-helo")
    with pytest.raises(UsageError, match="there are 01-hello, 02-bye"):
        found.find("9")


def test_coverage_lists_rows_in_their_order(tmp_path: Path) -> None:
    assert load_lessons(catalogue(tmp_path)).coverage() == {"F9": ["01-hello", "02-bye"], "F10": ["02-bye"]}


def test_a_lesson_that_needs_a_missing_one_is_told_and_taught(tmp_path: Path) -> None:
    folder = write(
        tmp_path, outline=OUTLINE.replace("size = 13", "size = 14").replace("minutes", 'needs = ["x"]\nminutes')
    )
    found = load_lessons(folder.parent)
    assert ["no lesson 'x'" in str(problem) for problem in found.problems] == [True]
    assert [lesson.id for lesson in found.lessons] == ["01-hello"]


def test_a_broken_lesson_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    root = catalogue(tmp_path)
    (root / "02-bye" / "text.zh.md").unlink()
    found = load_lessons(root)
    assert [lesson.id for lesson in found.lessons] == ["01-hello"]
    assert [str(problem) for problem in found.problems] == [
        f"{root / '02-bye' / 'text.zh.md'}: is missing; write it with the sections of the other language"
    ]
    for name in ("2", "02-bye", "bye"):
        with pytest.raises(LessonError, match="is missing"):
            found.find(name)


def test_a_second_lesson_of_a_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = catalogue(tmp_path / "a"), catalogue(tmp_path / "b")
    found = load_lessons(one, other)
    assert len(found.lessons) == 2
    assert [problem.file for problem in found.problems] == [
        str(other / name / "lesson.toml") for name in ("01-hello", "02-bye")
    ]


def test_a_place_that_is_not_in_the_file_is_line_nothing() -> None:
    assert line_of("a = 1\n", ["step", 3, "x"]) == 0
    assert line_of("a = 1\n", ["b"]) == 0
    assert line_of("[lab]\nplan = 'x'\n", ["lab", "plan"]) == 2


GOOD = OUTLINE.replace("size = 13", "size = 14")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("minutes = 3", f"minutes = 3\nneeds = {'[' * 20_000}", "lesson.toml, line 4: brackets within brackets"),
        ("minutes = 3", f"minutes = {'1' * 5000}", "lesson.toml, line 3: not TOML: Exceeds the limit"),
        ('subject = "Hi"', 'at = "tomorrow"', "is no span of time"),
        ('subject = "Hi"', 'at = "+²s"', "is no span of time"),
        ('subject = "Hi"', 'attach = [{ name = "a", octets = 900000000000 }]', "octets is 0 to"),
        ('subject = "Hi"', 'attach = [{ name = "a", octets = -1 }]', "octets is 0 to"),
        ('["F9"]', f'["F{"9" * 5000}"]', "is no row"),
        ('["F9"]', '["F9999"]', "is no row"),
        ('file = "one.eml"', 'file = "one\\u0000.eml"', "cannot be read: "),
        ('file = "one.eml"', 'file = "."', "is no file"),
    ],
)
def test_what_would_break_the_program_is_told_and_the_others_go_on(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    write(tmp_path, outline=GOOD)
    assert old in GOOD
    bad = GOOD.replace(old, new).replace("01-hello", "02-bad")
    write(tmp_path, outline=bad, name="02-bad")
    found = load_lessons(tmp_path)
    assert [lesson.id for lesson in found.lessons] == ["01-hello"]
    assert len(found.problems) == 1
    assert told in str(found.problems[0])
    found.coverage()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_seed_that_would_be_waited_for_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "one.eml").unlink()
    os.mkfifo(folder / "one.eml")
    with pytest.raises(LessonError, match="is no file"):
        load_lesson(folder)


def test_a_seed_without_end_is_refused_unread(tmp_path: Path) -> None:
    folder = write(tmp_path)
    with (folder / "one.eml").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LessonError, match="at most"):
        load_lesson(folder)


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\x07", "\x00"])
def test_what_a_terminal_takes_for_an_order_is_refused_in_texts(tmp_path: Path, character: str) -> None:
    folder = write(tmp_path, outline=GOOD, zh=TEXT.replace("**Type**", f"**Ty{character}pe**"))
    with pytest.raises(LessonError, match=r"text.zh.md, line 7: a control character \(U\+00"):
        load_lesson(folder)


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    folder = write(tmp_path, outline=GOOD)
    (folder / "text.en.md").write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert load_lesson(folder).id == "01-hello"


@pytest.mark.parametrize("name", ["²", "9" * 5000, "٣"])
def test_a_number_that_is_none_names_no_lesson(tmp_path: Path, name: str) -> None:
    write(tmp_path, outline=GOOD)
    with pytest.raises(UsageError, match="no lesson"):
        load_lessons(tmp_path).find(name)


def test_a_folder_may_begin_with_any_sign(tmp_path: Path) -> None:
    write(tmp_path, outline=GOOD.replace("01-hello", "²-hello"), name="²-hello")
    assert load_lessons(tmp_path).find("hello").number == 0
