"""Faults where they strike: each at the stages it has, by DATA as by BDAT; lines that lose; lessons that begin so."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from mailtutor.course.model import Lab as LessonLab
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.lab import faults
from mailtutor.lab.clock import ManualClock
from mailtutor.lab.faults import KINDS, MOST_LOSSES, SEGMENT, STAGES, Faults, Link, checked, choices, parsed
from mailtutor.lab.lab import Lab
from mailtutor.protocols.lines import Source
from mailtutor.protocols.smtp.table import REPLIES
from mailtutor.session import Session
from mailtutor.trace.events import Attempted, Delivered, FaultSwitched, FromClient
from tests.conftest import StartLab
from tests.lab.waiting import do, put_in_queue, wait_for

HOST = "hamburger.edu"
# What DESIGN §4 names, and the fault that does it.
DESIGNED = {
    "host down": "down",
    "port closed": "port-closed",
    "421": "busy",
    "greylisting 451": "greylisting",
    "mailbox full 452": "mailbox-full",
    "too big 552": "too-big",
    "unknown user 550": "unknown-user",
    "EHLO refused": "no-ehlo",
    "connection cut at a chosen line": "cut",
    "slow link": "slow",
    "lossy link": "lossy",
    "TLS certificate wrong": "certificate",
    "clock skew": "clock-skew",
}
# Faults that are an answer, with each stage they can be given at.
SAID = [(kind.name, detail) for kind in KINDS.values() if kind.reply for detail in kind.details if detail in STAGES]


def switch(lab: Lab, kind: str, detail: str = "", *, on: bool = True) -> None:
    lab.submit(lab.set_fault(HOST, kind, on=on, detail=detail)).result()


@contextmanager
def visit(lab: Lab) -> Iterator[smtplib.SMTP]:
    with closing(smtplib.SMTP(*lab.directory.doors[HOST, "smtp"], timeout=10)) as smtp:
        smtp.ehlo("x.example")
        yield smtp


def transact(smtp: smtplib.SMTP, chunks: list[bytes]) -> tuple[str, bytes]:
    """One message by BDAT; gives at which stage it was refused, "" for nowhere, and with which code."""
    for stage, line in (("mail", "MAIL FROM:<a@x.example>"), ("rcpt", "RCPT TO:<bob@hamburger.edu>")):
        smtp.send(f"{line}\r\n")
        code, _ = smtp.getreply()
        if code >= 400:
            return stage, b"%d" % code
    for number, chunk in enumerate(chunks, 1):
        last = number == len(chunks)
        smtp.send(b"BDAT %d%b\r\n%b" % (len(chunk), b" LAST" if last else b"", chunk))
        code, _ = smtp.getreply()
        if code >= 400:
            return ("last chunk" if last else "first chunk" if number == 1 else "later chunk"), b"%d" % code
    return "", b"%d" % code


def test_every_fault_the_design_names_is_there() -> None:
    assert set(DESIGNED.values()) <= set(KINDS)


def test_every_fault_that_is_an_answer_is_one_of_the_tables() -> None:
    assert {kind.reply for kind in KINDS.values() if kind.reply} <= set(REPLIES)


@pytest.mark.parametrize("chunks", [[b"a\r\n"], [b"a\r\n", b"b\r\n"], [b"a\r\n", b"b\r\n", b"c\r\n"]])
@pytest.mark.parametrize(("kind", "stage"), [pair for pair in SAID if pair[1] in ("mail", "rcpt", "data", "end")])
def test_a_fault_strikes_bdat_as_it_strikes_data(
    start_lab: StartLab, kind: str, stage: str, chunks: list[bytes]
) -> None:
    lab = start_lab()
    expected = {"data": "last chunk" if len(chunks) == 1 else "first chunk", "end": "last chunk"}.get(stage, stage)
    with visit(lab) as smtp:
        switch(lab, kind, stage)
        assert transact(smtp, chunks) == (expected, REPLIES[KINDS[kind].reply].code.encode())
        switch(lab, kind, on=False)
        if kind != "busy":  # 421 hangs up; all others leave the session in step
            smtp.rset()
            assert transact(smtp, chunks) == ("", b"250")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
def test_greylisting_lets_in_who_comes_again_later(start_lab: StartLab, stage: str) -> None:
    clock = ManualClock()
    lab = start_lab(clock=clock)
    switch(lab, "greylisting", stage)
    with visit(lab) as smtp:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPException, match="451"):
                smtp.sendmail("a@x.example", ["bob@hamburger.edu"], "x\r\n")
            smtp.rset()
        do(lab, lambda: clock.advance(faults.GREYLIST_S))
        wait_for(lab.log, lambda event: isinstance(event, FaultSwitched))
        assert smtp.sendmail("a@x.example", ["bob@hamburger.edu"], "x\r\n") == {}


@pytest.mark.parametrize("stage", KINDS["cut"].details)
def test_a_cut_leaves_no_message_but_at_the_end(start_lab: StartLab, stage: str) -> None:
    lab = start_lab()
    with visit(lab) as smtp:
        switch(lab, "cut", stage)
        says: Callable[[], object] = partial(transact, smtp, [b"a\r\n", b"b\r\n"])
        if stage == "hello":
            says = partial(smtp.ehlo, "again")
        elif stage == "greeting":
            says = partial(smtplib.SMTP, *lab.directory.doors[HOST, "smtp"], timeout=10)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            says()
    switch(lab, "cut", on=False)
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert len([event for event in lab.log if isinstance(event, Delivered)]) == (2 if stage == "end" else 1)


@pytest.mark.parametrize("classic", [False, True])
def test_half_a_message_passes_and_nothing_is_kept_of_it(start_lab: StartLab, classic: bool) -> None:
    """The header and a line of text cross, the rest does not; the relay sends all of it again."""
    lab = start_lab(classic=classic)
    switch(lab, "cut", "body")
    put_in_queue(lab, content=b"Subject: half\r\n\r\nheard\r\nunheard\r\n")
    (attempt,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(attempt, Attempted)
    assert attempt.outcome == "deferred"
    said = b"".join(event.data for event in lab.log if isinstance(event, FromClient))
    assert said.endswith(b"Subject: half\r\n\r\nheard\r\n")
    assert not [event for event in lab.log if isinstance(event, Delivered)]
    switch(lab, "cut", on=False)
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


# A line that loses ------------------------------------------------------------------------------------------------


def link(detail: str, seed: int = 1) -> Link:
    broken = Faults(ManualClock())
    if detail:
        broken.switch(HOST, "lossy", on=True, detail=checked("lossy", detail))
    return Link(broken, HOST, seed)


def test_a_sound_line_takes_no_time() -> None:
    sound = link("")
    assert sound.is_sound
    assert [sound.crossing_s(Source.CLIENT, 10) for _ in range(100)] == [0.0] * 100


def test_each_loss_of_the_same_segment_doubles_the_wait() -> None:
    """RFC 6298 §5.5."""
    waits = {faults.RETRANSMIT_S * (2**losses - 1) for losses in range(MOST_LOSSES + 1)}
    assert set(_crossings(link("60%"), 3000)) == waits


@pytest.mark.parametrize(("detail", "part"), [("10%", 0.1), ("30%", 0.3), ("60%", 0.6)])
def test_as_many_segments_are_lost_as_was_asked_for(detail: str, part: float) -> None:
    crossings = _crossings(link(detail), 4000)
    assert abs(sum(wait > 0 for wait in crossings) / len(crossings) - part) < 0.03


def test_the_seed_decides_what_is_lost() -> None:
    assert _crossings(link("30%", 7), 50) == _crossings(link("30%", 7), 50)
    assert _crossings(link("30%", 7), 50) != _crossings(link("30%", 8), 50)


def test_lines_said_in_one_breath_share_a_segment() -> None:
    lossy = link("60%")
    firsts = _crossings(link("60%"), 200)
    found = [(lossy.crossing_s(side, 20), lossy.crossing_s(side, 20)) for side in _sides(200)]
    assert [first for first, _ in found] == firsts
    assert {second for _, second in found} == {0.0}
    assert any(lossy.crossing_s(Source.CLIENT, SEGMENT) for _ in range(50)), "a full segment is one of its own"


def _sides(count: int) -> list[Source]:
    return [Source.CLIENT, Source.SERVER] * (count // 2)


def _crossings(one: Link, count: int) -> list[float]:
    return [one.crossing_s(side, 20) for side in _sides(count)]


def test_mail_crosses_a_lossy_line_whole(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "RETRANSMIT_S", 0.001)
    lab = start_lab()
    switch(lab, "lossy", "60%")
    content = b"".join(b"line %d of the message\r\n" % number for number in range(300))
    put_in_queue(lab, content=content)
    (attempt,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(attempt, Attempted)
    assert attempt.outcome == "delivered"
    with smtplib.SMTP(*lab.directory.doors[HOST, "smtp"], timeout=10) as smtp:
        assert smtp.noop()[0] == 250


# Where faults come from ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "detail"), list(choices()))
def test_every_fault_can_be_written_on_the_command_line(kind: str, detail: str) -> None:
    text = f"{HOST}:{kind}" + (f"={detail}" if detail else "")
    assert parsed(text, ("crepes.fr", HOST)) == (HOST, kind, checked(kind, detail))


@pytest.mark.parametrize("detail", ["30", "0%", "nonsense"])
def test_a_loss_nobody_offers_is_refused(detail: str) -> None:
    with pytest.raises(UsageError, match="30%, 10%, 60%"):
        checked("lossy", detail)


def test_a_lesson_can_begin_broken() -> None:
    session = Session()
    (lesson, *_) = session.lessons.lessons
    wanted = msgspec.toml.decode('faults = ["hamburger.edu:busy=rcpt", "crepes.fr:lossy"]', type=LessonLab)
    outline = msgspec.structs.replace(lesson.outline, lab=wanted)
    try:
        session.start_lesson(replace(lesson, outline=outline))
        switched = [(e.host, e.fault, e.detail) for e in session.log if isinstance(e, FaultSwitched) and e.on]
        assert switched == [(HOST, "busy", "rcpt"), ("crepes.fr", "lossy", "30%")]
        wrong = msgspec.structs.replace(outline, lab=LessonLab(faults=("busy=lunch",)))
        with pytest.raises(MailtutorError, match="greeting"):
            session.start_lesson(replace(lesson, outline=wrong))
        assert not session.is_running
    finally:
        session.stop()


def test_a_host_can_begin_broken_from_the_command_line(tmp_path: Path) -> None:
    session = Session(tmp_path, faults=[(HOST, "lossy", "10%")])
    try:
        session.start()
        assert session.lab.faults.now_on() == ((HOST, "lossy", "10%"),)
    finally:
        session.stop()
