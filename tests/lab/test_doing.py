"""Every act of the table, carried out in a real lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mailtutor import acts
from mailtutor.acts import ACTS, NAMES, AnyAct, listed, named
from mailtutor.course.checks import evidence_since, met
from mailtutor.course.model import Check
from mailtutor.errors import MailtutorError, NetworkError, UsageError
from mailtutor.lab import saying
from mailtutor.lab.acts import Acts
from mailtutor.lab.doing import Doing
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.world import World
from mailtutor.spelling import spelled, spelling
from tests.lab.waiting import happens

StartLab = Callable[..., Lab]
BOB = "bob@hamburger.edu"


def done(lab: Lab, *written: str | AnyAct) -> str:
    """Has it all done; what was said of the last."""
    said = ""
    for act in listed(tuple(written)):
        said = str(Acts(lab).do(act).result(20))
    return said


def comes(lab: Lab, *patterns: dict[str, object], start: int = 0) -> None:
    """Waits until checks, as a lesson writes them, are met by what happened since `start`."""
    checks = [msgspec.convert(pattern, Check) for pattern in patterns]

    def is_so() -> bool:
        dialogue, world = Dialogue(), World()
        dialogue.take(list(lab.log), 0)
        world.take(lab.log)
        return all(met(checks, evidence_since(lab.log, dialogue, world, start)))

    happens(lab.log, is_so, patterns)


@pytest.mark.slow
def test_a_message_to_several_with_a_copy_nobody_sees(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(users=["carol@hamburger.edu=onions", "dave@crepes.fr=leeks"]))
    files = (
        acts.Attached(name="menu.txt", text="crêpes"),
        acts.Attached(name="crepe.png"),
        acts.Attached(name="x", octets=99),
    )
    done(
        lab,
        acts.Send(
            to=("bob",), cc=("dave",), bcc=("carol",), subject="去吗", body="今晚见。", attach=files, receipt=True
        ),
    )
    comes(
        lab,
        {"mailbox": {"user": BOB, "count": 1, "subject": "去吗"}},
        {"mailbox": {"user": "carol@hamburger.edu", "count": 1}},
        {"mailbox": {"user": "dave@crepes.fr", "count": 1}},
        {
            "message": {
                "server": "hamburger.edu", "header": {"To": "bob@", "Cc": "dave@", "Subject": "去吗"},
                "lacks": ["Bcc"], "decoded": ["今晚见", "crêpes"], "recipient": "carol@hamburger.edu",
                "sender": "alice@crepes.fr", "form": "7bit",
            }
        },
    )  # fmt: skip
    done(lab, "confirm-reading")
    comes(lab, {"message": {"server": "crepes.fr", "sender": "<>", "contains": "disposition-notification"}})
    comes(lab, {"mailbox": {"user": "alice@crepes.fr", "count": 1}})


@pytest.mark.slow
def test_reports_and_waiting_for_an_hour(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, acts.Send(notify=("success",), ret="hdrs", envid="E1", at="+2h", subject="Later"))
    comes(lab, {"queue": {"host": "crepes.fr", "count": 1, "state": "scheduled", "subject": "Later"}})
    done(lab, acts.Jump(by="1h"))
    comes(lab, {"queue": {"host": "crepes.fr", "count": 1, "state": "scheduled"}})
    done(lab, "jump")
    comes(lab, {"mailbox": {"user": BOB, "count": 1}}, {"mailbox": {"user": "alice@crepes.fr", "count": 1}})


@pytest.mark.slow
def test_many_on_one_connection_once_the_server_is_back_and_asks(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, acts.HostDown(cut=True), acts.Send(times=3, subject="Many"), acts.Speed(factor=2))
    comes(lab, {"queue": {"host": "crepes.fr", "count": 3, "state": "deferred", "attempts": 1}})
    comes(lab, {"lookup": {"name": "hamburger.edu", "type": "MX", "answer": "mail.hamburger.edu", "code": "NOERROR"}})
    start = len(lab.log)
    done(lab, "host-up", "etrn")
    one = {"server": "hamburger.edu", "client": "crepes.fr"}
    comes(lab, {"mailbox": {"user": BOB, "count": 3}}, {"connection": {**one, "messages": 3, "count": 1}}, start=start)
    comes(lab, {"command": {"verb": "ETRN", "server": "crepes.fr"}}, {"event": {"event": "delivered"}, "times": 3})


@pytest.mark.slow
def test_the_queue_is_minded(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, "host-down", acts.Send(subject="one"), acts.Send(subject="two"))
    done(lab, acts.Hold(subject="two"), acts.Recall(subject="one"))
    comes(lab, {"queue": {"host": "crepes.fr", "count": 1, "state": "held"}}, {"event": {"event": "recalled"}})
    with pytest.raises(MailtutorError, match="no such message waits"):
        done(lab, acts.Recall(subject="three"))
    done(lab, "host-up", "release", "flush")
    comes(lab, {"mailbox": {"user": BOB, "count": 1, "subject": "two"}}, {"event": {"event": "released"}})


@pytest.mark.slow
def test_days_pass_and_faults_come_and_go(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, acts.Fault(what="hamburger.edu:busy"), "send", acts.Jump(times=2))
    comes(lab, {"queue": {"host": "crepes.fr", "count": 1, "attempts": 3}}, {"fault": {"host": "hamburger.edu"}})
    done(lab, "mend", "flush")
    comes(lab, {"mailbox": {"user": BOB, "count": 1}}, {"fault": {"host": "hamburger.edu", "on": False}})
    done(lab, "five-days-away")
    comes(lab, {"event": {"event": "bounced"}})
    done(lab, "alice-imap")
    comes(lab, {"message": {"read": True, "server": "crepes.fr", "header": {"Content-Type": "multipart/report"}}})


@pytest.mark.slow
def test_secret_doors_and_clear_ones(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, acts.Send(service="smtps"), acts.Send(tls="required", subject="Again"))
    comes(lab, {"tls": {"server": "crepes.fr"}, "times": 2}, {"mailbox": {"user": BOB, "count": 2}})
    start = len(lab.log)
    assert done(lab, acts.Fetch(service="pop3s")) == "bob: 2 messages"
    assert done(lab, acts.Fetch(tls="required", delete=True)) == "bob: 2 messages"
    comes(lab, {"tls": {"protocol": "pop3"}, "times": 2}, {"mailbox": {"user": BOB, "count": 0}}, start=start)


@pytest.mark.slow
def test_bob_has_two_devices(start_lab: StartLab) -> None:
    lab = start_lab()
    done(lab, acts.Send(subject="A", attach=(acts.Attached(name="crepe.png"),)), acts.Send(subject="B"))
    comes(lab, {"mailbox": {"user": BOB, "count": 2}})
    done(lab, "phone-sync", "phone-open", "phone-attachment", "phone-mark")
    comes(lab, {"device": {"device": "phone", "count": 1, "subject": "A", "pending": "+\\Seen"}})
    done(lab, "phone-archive", "phone-sync")
    comes(
        lab,
        {"mailbox": {"user": BOB, "mailbox": "Archive", "count": 1}},
        {"mailbox": {"user": BOB, "mailbox": "Archive"}},
    )
    comes(lab, {"flags": {"user": BOB, "subject": "A", "has": ["\\Seen"], "lacks": ["\\Deleted"]}})
    done(lab, "laptop-pop3")
    comes(lab, {"device": {"device": "laptop", "count": 1, "holds": "whole"}})
    done(lab, "phone-delete", "phone-sync", "laptop-pop3-delete")
    comes(lab, {"mailbox": {"user": BOB, "count": 0}}, {"device": {"device": "phone", "count": 0}})


@pytest.mark.slow
def test_pictures_forms_and_fields(start_lab: StartLab) -> None:
    lab = start_lab()
    done(
        lab,
        "open-page",
        "open-page-wide",
        "send-pictures",
        "beside",
        "send-forms",
        acts.Grow(stage=5),
        acts.Send(form="8bit", body="é"),
    )
    comes(lab, {"message": {"server": "hamburger.edu", "form": "8bit"}}, {"mailbox": {"user": BOB, "count": 8}})
    comes(lab, {"connection": {"service": "http"}})


@pytest.mark.slow
def test_somebody_says_something(start_lab: StartLab) -> None:
    lab = start_lab()
    told = done(
        lab,
        acts.Say(console="hamburger.edu smtp", who="crepes.fr", lines=("EHLO x", "MAIL FROM:<a@crepes.fr>", "QUIT")),
    )
    assert told.startswith("hamburger.edu: 221")
    comes(lab, {"connection": {"client": "crepes.fr", "server": "hamburger.edu", "closed": True}})
    done(lab, acts.Say(console="hamburger.edu pop3", lines=("USER bob",), stay=True))
    with pytest.raises(MailtutorError, match="there is no door hamburger"):
        done(lab, acts.Say(console="hamburger.edu gopher", lines=("x",)))
    with pytest.raises(MailtutorError, match="no host"):
        done(lab, acts.HostDown(host="nowhere"))
    with pytest.raises(MailtutorError, match="no user"):
        done(lab, acts.Fetch(user="zoe"))
    with pytest.raises(MailtutorError, match="took none"):
        done(lab, acts.Send(to=("zoe@crepes.fr",)))
    with pytest.raises(MailtutorError, match="pictures"):
        done(lab, acts.Send(attach=(acts.Attached(name="no.such"),)))


def test_every_act_is_done_above() -> None:
    """An act that no test here has done is a promise."""
    source = Path(__file__).read_text(encoding="utf-8")
    for name, kind in ACTS.items():
        assert f'"{name}"' in source or f"acts.{kind.__name__}(" in source, name


@pytest.mark.parametrize(
    "text", [*NAMES, "fault hamburger.edu:busy", 'send to=a@b,c@d subject="Two words" times=3 receipt=yes', "jump 2h"]
)
def test_an_act_is_spelled_and_read_back(text: str) -> None:
    needs = {
        "fault": " hamburger.edu:busy",
        "speed": " 60",
        "grow": " 3",
        "say": ' console="crepes.fr smtp" lines="A b|QUIT"',
    }
    act = spelled(text + needs.get(text, ""))
    assert spelled(spelling(act)) == act


SLIPS = {
    "sing": "no act", "sing low": "no act", "send times=99": "times is 1 to 50", "send loud": "is not NAME=VALUE",
    "fetch delete=maybe": "yes or no", "jump 3y": "no span of time", "speed 0": "1 to 3600", "fault": "needs more",
    'send subject="': "No closing quotation", "send colour=red": "unknown field", "": "not enough values",
    "fetch service=smtp": "service is one of", "send tls=perhaps": "tls is one of", "open-page connections=9": "1 to 8",
}  # fmt: skip


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_of_the_pen_is_told(text: str) -> None:
    with pytest.raises(UsageError) as told:
        spelled(text)
    assert SLIPS[text] in str(told.value)


def test_what_needs_more_is_no_name_alone() -> None:
    with pytest.raises(ValueError, match="what = …"):
        named("fault")


def test_an_act_that_breaks_is_told_as_what_could_not_be_done(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nothing of the kind")

    monkeypatch.setattr(Doing, "_user", broken)
    with pytest.raises(MailtutorError, match="fetch could not be done: 'nothing of the kind'"):
        done(start_lab(), acts.Fetch())


def test_lines_in_clear_at_a_door_of_tls_are_given_up(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saying, "TLS_LIMIT_S", 0.01)
    with pytest.raises(NetworkError, match="hears nothing but TLS"):
        done(start_lab(), acts.Say(console="hamburger.edu smtps", lines=("EHLO x",)))


def test_a_server_that_never_answers_is_given_up_unless_lines_are_let_through_by_hand(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saying, "LIMIT_S", 0.01)
    lab = start_lab()
    with pytest.raises(NetworkError, match="has said nothing"):
        done(lab, acts.Say(console="crepes.fr http", lines=("GET",)))
    lab.set_pace("step")
    held = Acts(lab).do(acts.Say(console="hamburger.edu smtp", lines=("NOOP",)))
    happens(lab.log, lambda: bool(lab.held()), "a line is held")
    with pytest.raises(TimeoutError):
        held.result(0.1)
    lab.set_pace("run")
    assert "250" in str(held.result(20))
