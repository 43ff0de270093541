"""Tasks as files: what is wrong with one is said with its place, and a message is judged by what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from mailtutor.course.problem import LessonError
from mailtutor.course.task import TOPICS, Task
from mailtutor.course.task_checks import standing
from mailtutor.course.task_loader import load_tasks
from mailtutor.errors import UsageError
from mailtutor.paths import content
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.world import World
from mailtutor.trace.log import Log
from mailtutor.trace.transcript import parse

WORDS = """
[en]
title = "T"
text = "t"
hints = ["h"]
[zh]
title = "题"
text = "文"
hints = ["示"]
"""
HEAD = 'topic = "smtp"\non = "hamburger.edu smtp"\nsolution = ["NOOP"]\nwrong = ["HELP"]\n'


def task_of(folder: Path, head: str, words: str = WORDS) -> Task:
    (folder / "01-mine.toml").write_text(HEAD + head + words, encoding="utf-8")
    return load_tasks(folder).all[0]


def is_done(task: Task, said: str) -> bool:
    events = parse(f"# protocol: smtp\n# server: hamburger.edu\n{said}".encode()).events()
    log, world = Log(), World()
    for event in events:
        log.append(event)
    world.take(events)
    return standing(task, log, dialogue_of(log), world).is_done


@pytest.mark.parametrize(
    ("head", "words", "line", "problem"),
    [
        ("check = []\n", WORDS, 0, "nothing is checked"),
        ("check = [{ rely = {} }]\n", WORDS, 5, "rely"),
        ("check = [{ tls = {} }]\n", WORDS.replace('hints = ["h"]', "hints = []"), 0, "hints"),
        ("check = [{ tls = {} }]\n", WORDS.replace('text = "t"\n', ""), 0, "text"),
        ("tls = \n", WORDS, 5, "not TOML"),
        ('check = [{ tls = {} }]\nseed = [{ user = "bob", file = "no.eml" }]\n', WORDS, 0, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_with_its_place(
    head: str, words: str, line: int, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(LessonError, match=problem) as wrong:
        task_of(tmp_path, head, words)
    assert wrong.value.line == line or not line


def test_a_task_is_found_by_number_and_name_and_a_wrong_name_is_answered() -> None:
    tasks = load_tasks(content("practice"))
    assert tasks.find("4") is tasks.find("first-letter") is tasks.find("04-first-letter")
    with pytest.raises(UsageError, match="did you mean first-letter"):
        tasks.find("frist-letter")
    with pytest.raises(UsageError, match="--tasks"):
        tasks.find("xyzzy")


def test_a_teachers_tasks_come_after_ours(tmp_path: Path) -> None:
    task_of(tmp_path, "check = [{ tls = {} }]\n")
    tasks = load_tasks(content("practice"), tmp_path).all
    assert tasks[-1].id == "mine"
    assert [task.number for task in tasks] == list(range(1, len(tasks) + 1))


def test_what_a_conversation_may_not_have_seen_spoils_it_and_another_one_does_not(tmp_path: Path) -> None:
    head = "check = [{ reply = { to = 'NOOP' } }]\nnever = [{ command = { verb = 'QUIT' } }]\n"
    task = task_of(tmp_path, head)
    said = "S: 220 x\nC: NOOP\nS: 250 fine\n"
    assert is_done(task, said)
    assert not is_done(task, f"{said}C: QUIT\nS: 221 bye\n")


def test_that_something_is_missing_is_asked_of_the_connection_that_has_the_rest(tmp_path: Path) -> None:
    head = "check = [{ reply = { to = 'NOOP' } }, { none = { command = { verb = 'RSET' } } }]\n"
    task = task_of(tmp_path, head)
    other = "# protocol.2: smtp\n# server.2: hamburger.edu\n+2\nC2: RSET\nS2: 250 fine\n"
    assert is_done(task, f"{other}C: NOOP\nS: 250 fine\n")
    assert not is_done(task, "C: RSET\nS: 250 fine\nC: NOOP\nS: 250 fine\n")


def test_everything_has_to_be_true_of_one_connection(tmp_path: Path) -> None:
    task = task_of(tmp_path, "check = [{ reply = { to = 'NOOP' } }, { reply = { to = 'RSET' } }]\n")
    two = "# protocol.2: smtp\n# server.2: hamburger.edu\nC: NOOP\nS: 250 fine\n+2\nC2: RSET\nS2: 250 fine\n"
    assert not is_done(task, two)
    assert is_done(task, "C: NOOP\nS: 250 fine\nC: RSET\nS: 250 fine\n")


def test_another_servers_door_does_not_count(tmp_path: Path) -> None:
    task = task_of(tmp_path, "check = [{ reply = { to = 'NOOP' } }]\n")
    assert not is_done(task, "# server: elsewhere.org\nC: NOOP\nS: 250 fine\n")


ENVELOPE = (
    "S: 220 x\nC: HELO me\nS: 250 hi\nC: MAIL FROM:<a@b.c>\nS: 250 ok\nC: RCPT TO:<bob@hamburger.edu>\nS: 250 ok\n"
)
NESTED = (
    "C: Subject: =?utf-8?B?5L2g5aW9?=\nC: MIME-Version: 1.0\nC: Content-Type: multipart/mixed; boundary=X\nC:\nC: --X\n"
    "C: Content-Type: text/plain; charset=utf-8\nC: Content-Transfer-Encoding: base64\nC:\nC: 5L2g5aW9\nC: --X\n"
    "C: Content-Type: image/gif; name=dot.gif\nC: Content-Transfer-Encoding: base64\nC:\nC: R0lGODlh\nC: --X--\n"
)


@pytest.mark.parametrize(
    ("pattern", "is_met"),
    [
        ("to = 'BOB@hamburger.edu'", True),
        ("to = 'carol@hamburger.edu'", False),
        ("header = { Subject = '你好' }", True),
        ("header = { Subject = '您好' }", False),
        ("header = { Date = '' }", False),
        ("hides = ['bob@hamburger.edu']", True),
        ("hides = ['carol@hamburger.edu']", False),
        ("line = '--X--'", True),
        ("line = '--'", False),
        ("seven_bit = true", True),
        ("part = [{ type = 'multipart/mixed' }, { type = 'text/plain', text = '你好', charset = 'UTF-8' }]", True),
        ("part = [{ type = 'text/plain' }, { type = 'text/plain' }]", False),
        ("part = [{ encoding = 'BASE64', name = 'dot.gif', begins = 'GIF89a', depth = 1 }]", True),
        ("part = [{ begins = 'GIF89a', depth = 2 }]", False),
        ("count = 2", False),
    ],
)
def test_a_message_is_judged_by_what_it_is(pattern: str, is_met: bool, tmp_path: Path) -> None:
    task = task_of(tmp_path, f"message = {{ {pattern} }}\n")
    said = f"{ENVELOPE}C: DATA\nS: 354 go on\n{NESTED}C: .\n"
    assert is_done(task, f"{said}S: 250 accepted\n") is is_met
    assert not is_done(task, f"{said}S: 554 refused\n")


def test_commands_in_one_piece_are_counted(tmp_path: Path) -> None:
    task = task_of(tmp_path, "together = 2\n")
    assert not is_done(task, "S: 220 x\nC: NOOP\nC: NOOP\nS: 250 fine\nS: 250 fine\n")


# Lines to type, one after the other in one paragraph.
RUN_ON = re.compile(r"(?:`[^`]+`(?:, |、)){3}")
TASKS = load_tasks(content("practice")).all


def test_there_are_enough_tasks_of_every_kind_and_each_has_its_own_name() -> None:
    assert len(TASKS) >= 30
    assert {task.outline.topic for task in TASKS} == set(TOPICS)
    assert len({task.id for task in TASKS}) == len(TASKS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_hint_of_several_lines_to_type_gives_each_its_own(task: Task) -> None:
    assert not any(RUN_ON.search(hint) for language in ("en", "zh") for hint in task.told(language).hints)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_task_is_told_in_both_languages_and_its_hints_lead_to_what_is_typed(task: Task) -> None:
    en, zh = task.told("en"), task.told("zh")
    assert len(en.hints) == 3
    assert re.search("[\u4e00-\u9fff]", zh.title + zh.text)
    assert not re.search("[\u4e00-\u9fff]", en.title)
    assert len(en.text.split()) <= 70
    assert all("`" in told.hints[-1] for told in (en, zh))
    assert cell_len(en.title) <= 40
    assert cell_len(zh.title) <= 40
