"""A lesson with a mistake in it is found out by playing it; the one to begin with has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.course.loader import load_lesson
from mailtutor.course.player import Player
from mailtutor.course.skeleton import FILES
from mailtutor.proving import prove
from mailtutor.session import Session
from mailtutor.trace.events import FaultSwitched


def written(folder: Path, was: str = "", becomes: str = "") -> Path:
    """The lesson to begin with, with something else in its outline."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("LESSON-ID", folder.name), encoding="utf-8")
    outline = folder / "lesson.toml"
    text = outline.read_text(encoding="utf-8")
    assert was in text
    outline.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    return folder


def problems(folder: Path, was: str = "", becomes: str = "") -> list[str]:
    """What is wrong with it, without the folder's name."""
    return [str(one).split("lesson.toml, ")[-1] for one in prove(load_lesson(written(folder, was, becomes)), 1.5)]


@pytest.mark.slow
def test_a_new_lesson_is_a_good_one(tmp_path: Path) -> None:
    assert problems(tmp_path / "90-new") == []


@pytest.mark.slow
def test_a_prediction_that_the_server_does_not_bear_out_is_found(tmp_path: Path) -> None:
    (told,) = problems(tmp_path / "90-new", "solution = 503", "solution = 354")
    assert told.endswith("the server answers 503, not 354")


SENT = 'do = { act = "send", subject = "Lunch", body = "At noon?" }'
HELLO = 'check = [{ reply = { to = "HELO", outcome = "success", server = "hamburger.edu" } }]'
COUNTED = '{ mailbox = { user = "bob@hamburger.edu", count = 1 } },'
NONE = '{ none = { event = { event = "bounced" } } },'
WAY = 'wrong_way = ["host-down", "send", "jump"]\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("count = 1 }", "count = 0 }", "line 20: step.1.check (see-it): check 2 (mailbox) is met before"),
        (HELLO, 'check = [{ reply = { code = 250 } }]', "step.2.check (say-hello): check 1 (reply) is met by anybody"),
        ('solution = ["HELO crepes.fr"]', 'solution = ["EHLO x"]', "step.2.check (say-hello): the solution does not"),
        (SENT, 'do = { act = "send", to = ["zoe@crepes.fr"] }', "step.1.do (see-it): crepes.fr took none"),
        (COUNTED, NONE, "step.1.check (see-it): nothing shows that check 2 (none) can fail"),
        (SENT, f'{SENT}\nwrong_way = {{ act = "send" }}', "step.1.wrong_way (see-it): the wrong way does it, too"),
        (f"    {COUNTED}\n]", f"    {NONE}\n]\n{WAY}", "the wrong way does not do what check 2"),
        ("hamburger.edu smtp", "hamburger.edu ftp", "step.2.console (say-hello)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    found = problems(tmp_path / "90-new", was, becomes)
    assert [one for one in found if told in one], found


@pytest.mark.slow
def test_a_none_that_was_seen_to_fail_is_good(tmp_path: Path) -> None:
    way = 'wrong_way = "five-days-away"\n'
    assert problems(tmp_path / "90-new", f"    {COUNTED}\n]", f"    {NONE}\n]\n{way}") == []


@pytest.mark.slow
def test_a_step_that_hangs_on_its_connection_is_found(tmp_path: Path) -> None:
    """The step before says QUIT, and what is typed again says so, too."""
    folder = written(tmp_path / "90-new", 'solution = ["HELO crepes.fr"]', 'solution = ["HELO crepes.fr", "QUIT"]')
    found = [str(one) for one in prove(load_lesson(folder), 1.5)]
    assert [one for one in found if "step.3.check (too-early): the solution does not meet" in one], found


@pytest.mark.slow
def test_a_secret_fault_acts_and_nobody_tells(tmp_path: Path) -> None:
    was = 'plan = "crepes-and-hamburger"'
    folder = written(tmp_path / "90-new", was, f'{was}\nsecret_faults = ["hamburger.edu:mailbox-full"]\nspeed = 60')
    session = Session(net="127.0.49.")
    session.start_lesson(load_lesson(folder))
    try:
        assert session.speed == 60
        session.act("send").result(20)
        console = session.console("hamburger.edu", "smtp")
        player = Player(session, load_lesson(folder))
        player.say(console, ["HELO x", "MAIL FROM:<a@crepes.fr>", "RCPT TO:<bob@hamburger.edu>"])
        said = [row.line.text for row in player.evidence(0).rows if row.line.verb == "RCPT"]
        assert any(line.startswith(b"452") for line in said)
        assert not [event for event in session.log if isinstance(event, FaultSwitched)]
        session.reveal().result(20)
        session.reveal().result(20)
        told = [event for event in session.log if isinstance(event, FaultSwitched)]
        assert [(event.fault, event.on) for event in told] == [("mailbox-full", True)]
    finally:
        session.stop()
