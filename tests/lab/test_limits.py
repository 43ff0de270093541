"""Every limit has a default, an option and a reply of its own, on real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import NetworkError
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import LIMITS, Options
from mailtutor.lab.plan import HostPlan, textbook_plan
from mailtutor.protocols.lines import Kind
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.reading.dialogue import dialogue_of
from tests.conftest import StartLab
from tests.lab.client import DATA, Client

BEFORE_RCPT = DATA[:2]


def test_no_default_is_below_what_the_standard_asks_for() -> None:
    """RFC 5321 §4.5.3.1."""
    limits = Limits()
    assert limits.size >= 64 * 1024
    assert limits.line >= 512
    assert limits.text_line >= 1000
    assert limits.recipients >= 100
    assert limits.errors
    assert limits.sessions > 500
    idle_s = HostPlan("x", "127.0.0.2", ()).idle_s
    assert min(idle_s[protocol] for protocol in ("smtp", "pop3", "imap")) >= 300


def _limited(start_lab: StartLab, *limits: str) -> Lab:
    return start_lab(options=Options(limits=limits))


@pytest.mark.parametrize(
    ("limit", "said", "reply"),
    [
        ("line=40", ("EHLO x", "NOOP " + "x" * 40), "500 5.5.2 Line too long: at most 40 octets with its CRLF"),
        ("size=1K", ("EHLO x", "MAIL FROM:<a@b.c> SIZE=1025"), "552 5.3.4 Message too big: at most 1024 octets"),
        ("size=1K", (*DATA, "x" * 80 + ("\r\n" + "x" * 80) * 12 + "\r\n."), "552 5.3.4"),
        ("text-line=20", (*DATA, "x" * 19 + "\r\n."), "550 5.6.0 Message refused: a line of more than 20 octets"),
        ("recipients=1", (*BEFORE_RCPT, *["RCPT TO:<bob@hamburger.edu>"] * 2), "452 4.5.3"),
        ("messages=1", ("EHLO x", DATA[1], "RSET", DATA[1]), "421 4.7.0 hamburger.edu At most 1 messages"),
        ("errors=2", ("EHLO x", "WHAT", "WHAT", "WHAT"), "421 4.7.0 hamburger.edu Too many errors"),
    ],
)
def test_a_limit_is_kept_and_says_so(start_lab: StartLab, limit: str, said: tuple[str, ...], reply: str) -> None:
    with Client(_limited(start_lab, limit)) as client:
        client.hear()
        heard = client.say(*said)
        assert heard.startswith(reply)
        if reply.startswith("421"):
            assert client.hear() == ""
        else:
            assert client.say("NOOP").startswith("250")


def test_domains_are_counted_over_the_recipients_of_a_session(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["domains=1"], backups=["hamburger.edu:crepes.fr"]))
    with Client(lab) as client:
        client.hear()
        assert client.say(*DATA[:3]).startswith("250")
        assert client.say("RCPT TO:<alice@crepes.fr>").startswith("452 4.5.3 Recipients of too many domains; at most 1")


def test_who_says_nothing_is_told_421_and_let_go(start_lab: StartLab) -> None:
    with Client(_limited(start_lab, "idle=1s")) as client:
        assert client.hear().startswith("220")
        assert client.hear() == "421 hamburger.edu Nothing heard for too long, closing connection\r\n"
        assert client.hear() == ""


@pytest.mark.parametrize(("service", "word"), [("pop3", "-ERR"), ("imap", "* BYE")])
def test_the_idle_time_is_the_same_at_the_other_doors(start_lab: StartLab, service: str, word: str) -> None:
    with Client(_limited(start_lab, "idle=1s"), service=service) as client:
        client.hear()
        assert client.hear().startswith(word) == (service == "imap")
        assert client.hear() == ""


def test_too_many_sessions_of_one_address_are_refused_at_the_door(start_lab: StartLab) -> None:
    lab = _limited(start_lab, "sessions=2")
    with Client(lab) as first, Client(lab, service="submission") as second:
        assert first.hear().startswith("220")
        assert second.hear().startswith("220")
        with Client(lab) as third:
            assert third.hear() == "421 hamburger.edu Too many connections from your address\r\n"
            assert third.hear() == ""
        with Client(lab, host="crepes.fr") as elsewhere:
            assert elsewhere.hear().startswith("220")
        assert first.say("QUIT").startswith("221")
        assert first.hear() == ""
        _until_there_is_room(lab)


@pytest.mark.parametrize(
    ("service", "greeting", "refusal", "bye"),
    [
        ("pop3", "+OK", "-ERR [SYS/TEMP] too many connections from your address\r\n", "QUIT"),
        ("imap", "* OK", "* BYE [UNAVAILABLE] Too many connections from your address\r\n", "a1 LOGOUT"),
    ],
)
def test_each_protocol_has_its_own_words_for_it(
    start_lab: StartLab, service: str, greeting: str, refusal: str, bye: str
) -> None:
    """Sessions are counted for each protocol: who reads may still send."""
    lab = _limited(start_lab, "sessions=1")
    with Client(lab, service=service) as first, Client(lab) as other:
        assert first.hear().startswith(greeting)
        assert other.hear().startswith("220")
        with Client(lab, service=service) as second:
            assert second.hear() == refusal
            assert second.hear() == ""
        first.say(bye)
        while first.hear():
            pass
        _until_there_is_room(lab, service, greeting)
    lines = [row.line for talk in dialogue_of(lab.log).connections.values() for row in talk.rows]
    assert Kind.GREETING in {line.kind for line in lines if line.raw.decode() == refusal}


def _until_there_is_room(lab: Lab, service: str = "smtp", greeting: str = "220") -> None:
    """The server counts a session down a moment after its client has seen the end."""
    for _ in range(100):
        with Client(lab, service=service) as again:
            if again.hear().startswith(greeting):
                return
    pytest.fail("a session that ended is still counted")


def test_a_limit_holds_for_the_host_it_names_alone(start_lab: StartLab) -> None:
    lab = _limited(start_lab, "size=2M", "hamburger.edu:size=1M", "hamburger.edu:recipients=100")
    for host, size in (("hamburger.edu", 1 << 20), ("crepes.fr", 2 << 20)):
        with Client(lab, host=host) as client:
            client.hear()
            assert f"SIZE {size}\r\n" in client.say("EHLO x")


def test_every_limit_of_the_engine_can_be_named() -> None:
    assert {row.field for row in LIMITS.values()} - {""} == set(Limits.__dataclass_fields__)


def test_a_lab_that_is_not_ready_in_time_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtutor.lab.lab._START_LIMIT_S", 0)
    with pytest.raises(NetworkError, match="was not ready after 0 s"):
        Lab(textbook_plan(), tmp_path).start()
