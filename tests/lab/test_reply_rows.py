"""A test for every row of SMTP's reply table: what a server of the lab is made to say, over a real socket.

Each is looked at as it crossed the wire: the code, the enhanced code where the client was offered it, and, read back
from the trace, the row of the table (and so the key of the words) that a student is shown. What no server of the lab
has an occasion to say is asked of the engine alone, with the reason beside it; a row nobody provokes fails the test.
"""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mailtutor.lab.clock import LabClock, ManualClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import IMPLICIT_TLS, HostPlan, textbook_plan
from mailtutor.lab.tls import CA_NAME
from mailtutor.protocols.lines import Line, Source
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.table import EVERYTHING, REPLIES, TABLE
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.explain import reply_of
from mailtutor.text.catalogue import words
from mailtutor.trace.events import Attempted
from tests.conftest import _at_home
from tests.lab.waiting import do, put_in_queue, wait_for
from tests.protocols.smtp.talk import open_post
from tests.protocols.smtp.test_replies import CASES as ENGINE_CASES

HAMBURGER, CREPES = "hamburger.edu", "crepes.fr"
EHLO = b"EHLO x.example\r\n"
MAIL = EHLO + b"MAIL FROM:<a@x.example>\r\n"
RCPT = MAIL + b"RCPT TO:<bob@hamburger.edu>\r\n"
DATA = RCPT + b"DATA\r\n"
LOGIN = b"AUTH PLAIN " + b64encode(b"\0alice\0baguette") + b"\r\n"
WRONG = b"AUTH PLAIN " + b64encode(b"\0alice\0wrong") + b"\r\n"
SUBMITTED: dict[str, Any] = {"host": CREPES, "service": "submission"}


@dataclass(frozen=True)
class Case:
    """How a host is made to say it. said: everything the client says, in one breath; then it says no more, and hears
    all there is. plan: what is different about the host. faults: (kind, detail) switched on. before: what happens in
    the lab before the client comes; after: once everything said was answered, before the last word."""

    said: bytes = b""
    host: str = HAMBURGER
    service: str = "smtp"
    plan: dict[str, Any] = field(default_factory=dict)
    faults: tuple[tuple[str, str], ...] = ()
    before: Callable[[Lab], object] | None = None
    after: Callable[[Lab], object] | None = None


def _fault(said: bytes, kind: str, detail: str = "") -> Case:
    return Case(said, faults=((kind, detail),))


def _limited(said: bytes, **limits: int) -> Case:
    return Case(said, plan={"limits": Limits(**limits)})


def _without(said: bytes, *extensions: str) -> Case:
    return Case(said, plan={"offered": EVERYTHING - set(extensions)})


def _ruled(said: bytes, rule: str, **where: Any) -> Case:
    return Case(said, plan={"rules": frozenset({rule})}, **where)


def _waiting(lab: Lab) -> None:
    """Mail for hamburger.edu, which does not answer, waits at crepes.fr."""
    lab.submit(lab.switch(HAMBURGER, up=False)).result()
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Attempted))


def _idle(lab: Lab) -> None:
    clock = lab.clock
    assert isinstance(clock, ManualClock)
    do(lab, lambda: clock.advance(1000))


def _down(lab: Lab) -> None:
    lab.submit(lab.switch(HAMBURGER, up=False))


def _crowd(lab: Lab) -> socket.socket:
    return socket.create_connection(lab.directory.doors[HAMBURGER, "smtp"], 10)


CASES = {
    "220.ready": Case(),
    "220.tls": Case(EHLO + b"STARTTLS\r\n"),
    "221.closing": Case(b"QUIT\r\n"),
    "421.shutdown": Case(EHLO, after=_down),
    "421.idle": Case(EHLO, after=_idle),
    "421.busy": _fault(b"", "busy", "greeting"),
    "421.too_many_sessions": Case(plan={"limits": Limits(sessions=1)}, before=_crowd),
    "421.too_many_errors": _limited(EHLO + b"WHAT\r\n" * 3, errors=2),
    "421.too_many_messages": _limited(MAIL + b"RSET\r\nMAIL FROM:<a@b.c>\r\n", messages=1),
    "454.tls": _fault(EHLO + b"STARTTLS\r\n", "no-tls"),
    "250.hello": Case(b"HELO x.example\r\n"),
    "250.extensions": Case(EHLO),
    "250.sender": Case(MAIL),
    "250.recipient": Case(RCPT),
    "250.accepted": Case(DATA + b"hi\r\n.\r\n"),
    "250.chunk": Case(RCPT + b"BDAT 4\r\nhi\r\n"),
    "250.reset": Case(EHLO + b"RSET\r\n"),
    "250.noop": Case(EHLO + b"NOOP\r\n"),
    "250.user": Case(EHLO + b"VRFY bob\r\n"),
    "250.list": Case(EHLO + b"EXPN students\r\n", plan={"lists": {"students": ("bob@hamburger.edu", "a@b.c")}}),
    "251.queue_empty": Case(EHLO + b"ETRN nobody.example\r\n"),
    "253.queue_counted": Case(EHLO + b"ETRN hamburger.edu\r\n", host=CREPES, before=_waiting),
    "252.cannot_verify": Case(EHLO + b"VRFY somebody@elsewhere.example\r\n"),
    "214.help": Case(EHLO + b"HELP\r\n"),
    "235.authenticated": Case(EHLO + LOGIN, **SUBMITTED),
    "334.challenge": Case(EHLO + b"AUTH LOGIN\r\n", **SUBMITTED),
    "354.go_on": Case(DATA),
    "451.greylisted": _fault(RCPT, "greylisting"),
    "451.local": _fault(DATA + b"hi\r\n.\r\n", "local-error", "end"),
    "452.too_many_recipients": _limited(RCPT + b"RCPT TO:<postmaster@hamburger.edu>\r\n", recipients=1),
    "452.too_many_domains": _limited(RCPT + b"RCPT TO:<alice@crepes.fr>\r\n", domains=1),
    "452.mailbox_full": _fault(RCPT, "mailbox-full", "rcpt"),
    "458.queue_failed": Case(EHLO + b"ETRN #hamburger.edu\r\n"),
    "500.unknown": Case(EHLO + b"FROB\r\n"),
    "500.empty": Case(EHLO + b"\r\n"),
    "500.line_too_long": Case(EHLO + b"NOOP " + b"x" * 600 + b"\r\n"),
    "500.auth_line_too_long": Case(EHLO + b"AUTH PLAIN\r\n" + b"A" * 12_300 + b"\r\n", **SUBMITTED),
    "500.bare_lf": Case(EHLO + b"NOOP\n"),
    "500.bare_cr": Case(EHLO + b"NO\rOP\r\n"),
    "500.not_ascii": Case(EHLO + "NOOP ü\r\n".encode()),
    "500.not_utf8": Case(EHLO + b"MAIL FROM:<\xff@b.c> SMTPUTF8\r\n"),
    "501.syntax": Case(EHLO + b"HELO\r\n"),
    "501.path_too_long": Case(EHLO + b"MAIL FROM:<" + b"a" * 65 + b"@b.c>\r\n"),
    "501.parameter_value": Case(EHLO + b"MAIL FROM:<a@b.c> SIZE=ten\r\n"),
    "501.auth_cancelled": Case(EHLO + b"AUTH PLAIN\r\n*\r\n", **SUBMITTED),
    "501.auth_no_initial": Case(EHLO + b"AUTH CRAM-MD5 eA==\r\n", **SUBMITTED),
    "501.auth_base64": Case(EHLO + b"AUTH PLAIN\r\n!\r\n", **SUBMITTED),
    "502.not_offered": _without(EHLO + b"STARTTLS\r\n", "STARTTLS"),
    "503.need_hello": Case(b"MAIL FROM:<a@b.c>\r\n"),
    "503.need_mail": Case(EHLO + b"RCPT TO:<bob@hamburger.edu>\r\n"),
    "503.need_rcpt": Case(MAIL + b"DATA\r\n"),
    "503.sender_given": Case(MAIL + b"MAIL FROM:<a@b.c>\r\n"),
    "503.authenticated": Case(EHLO + LOGIN + LOGIN, **SUBMITTED),
    "503.in_transaction": Case(EHLO + LOGIN + b"MAIL FROM:<alice@crepes.fr>\r\n" + LOGIN, **SUBMITTED),
    "503.in_tls": Case(EHLO + b"STARTTLS\r\n", host=CREPES, service="smtps"),
    "503.chunks_begun": Case(RCPT + b"BDAT 4\r\nhi\r\nDATA\r\n"),
    "503.need_bdat": Case(MAIL[:-2] + b" BODY=BINARYMIME\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n"),
    "504.mechanism": Case(EHLO + b"AUTH KERBEROS_V4\r\n", **SUBMITTED),
    "504.no_help": Case(EHLO + b"HELP FROB\r\n"),
    "530.need_auth": Case(MAIL, **SUBMITTED),
    "530.need_tls": _ruled(MAIL, "tls-required"),
    "535.wrong": Case(EHLO + WRONG, **SUBMITTED),
    "538.need_tls": _ruled(EHLO + LOGIN, "passwords-need-tls", **SUBMITTED),
    "550.ehlo_refused": _fault(EHLO, "no-ehlo"),
    "550.no_such_user": Case(MAIL + b"RCPT TO:<nobody@hamburger.edu>\r\n"),
    "550.no_such_list": Case(EHLO + b"EXPN nobody\r\n"),
    "550.bare_line_end": Case(DATA + b"a\nb\r\n.\r\n"),
    "550.nul": Case(DATA + b"a\0b\r\n.\r\n"),
    "550.text_line_too_long": Case(DATA + b"x" * 999 + b"\r\n.\r\n"),
    "550.relaying": Case(MAIL + b"RCPT TO:<somebody@elsewhere.example>\r\n"),
    "552.header_too_big": _limited(DATA + b"A: 1234567890\r\n.\r\n", header=10),
    "552.too_many_fields": _limited(DATA + b"A: 1\r\nB: 2\r\n.\r\n", header_fields=1),
    "552.too_big": _limited(EHLO + b"MAIL FROM:<a@b.c> SIZE=11\r\n", size=10),
    "553.not_yours": Case(EHLO + LOGIN + b"MAIL FROM:<bob@hamburger.edu>\r\n", **SUBMITTED),
    "553.need_smtputf8": Case(EHLO + "MAIL FROM:<爱丽丝@b.c>\r\n".encode()),
    "553.utf8_reply": Case(EHLO + "VRFY 鲍勃\r\n".encode()),
    "554.eight_bit": _ruled(DATA + "é\r\n.\r\n".encode(), "strict-7bit"),
    "554.loop": Case(DATA + b"Received: from a by b\r\n" * 100 + b"\r\nx\r\n.\r\n"),
    "554.refused": _fault(DATA, "refused", "data"),
    "555.parameter": Case(EHLO + b"MAIL FROM:<a@b.c> WHATEVER=1\r\n"),
}

# What only the engine can be made to say, and why no server of the lab says it.
ENGINE_ONLY = {
    "251.recipient": "no user of the lab has moved and left an address",
    "551.user_not_local": "no user of the lab has moved and left an address",
    "552.mailbox_full": "a lab's mailboxes have room again; the fault says 452, which is tried again",
    "450.mailbox_busy": "our store lets many sessions into one mailbox at a time",
    "450.greylisted": "the lab's greylisting says 451, as most do",
    "452.no_room": "a disk that is full is a trouble of the store's: 451.local",
    "454.auth": "a lab's passwords are in its plan; nothing about them can be out of order",
    "550.not_content": "the lab has no filter that reads mail",
    "553.ambiguous": "a name in the lab is a user's or nobody's",
    "252.cannot_expand": "the lab tells the members of all its lists",
    "250.queue_started": "the lab counts what it starts: 253",
    "252.queue_pending": "the lab counts what it starts: 253",
    "459.node_refused": "the lab starts the queue for whoever asks",
    "521.no_mail": "every host of the lab takes mail",
    "554.no_service": "every host of the lab takes mail",
    "503.no_service": "every host of the lab takes mail",
}


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """A lab as the case wants it."""
    case: Case = CASES[request.param]

    def changed(host: HostPlan) -> HostPlan:
        return replace(host, **case.plan) if host.name == case.host else host

    plan = _at_home(textbook_plan())
    plan = replace(plan, hosts=tuple(changed(host) for host in plan.hosts))
    running = Lab(plan, tmp_path / "lab", clock=ManualClock() if case.after is _idle else LabClock())
    running.start()
    yield running
    running.stop()


def _hear(lab: Lab, case: Case) -> bytes:
    """Everything the host says."""
    sock = socket.create_connection(lab.directory.doors[case.host, case.service], 10)
    if case.service in IMPLICIT_TLS:
        context = ssl.create_default_context(cafile=str(lab._data / CA_NAME))
        sock = context.wrap_socket(sock, server_hostname=case.host)
    with sock:
        sock.sendall(case.said)
        if case.after is None:
            # Over TLS, and where TLS begins, there is no half of a connection to close: NOOP's answer would be one too
            # many, so what is awaited is told apart by its words.
            if case.service in IMPLICIT_TLS or b"STARTTLS" in case.said:
                return _until(sock, case.said.count(b"\r\n") + 1)
            sock.shutdown(socket.SHUT_WR)
        else:
            begun = _until(sock, case.said.count(b"\r\n") + 1)
            case.after(lab)
            return begun + _rest(sock)
        return _rest(sock)


def _until(sock: socket.socket, replies: int) -> bytes:
    """So many replies."""
    heard = b""
    while sum(line[3:4] == b" " for line in heard.splitlines()) < replies or not heard.endswith(b"\n"):
        came = sock.recv(65536)
        assert came, heard
        heard += came
    return heard


def _rest(sock: socket.socket) -> bytes:
    heard = b""
    while came := sock.recv(65536):
        heard += came
    return heard


def _last_reply(lab: Lab, case: Case) -> Line:
    """The last line of the host's in the trace."""
    connections = dialogue_of(lab.log).connections.values()
    connection = [one for one in connections if (one.service, one.server.name) == (case.service, case.host)][-1]
    return [row.line for row in connection.rows if row.line.source is Source.SERVER][-1]


@pytest.mark.parametrize(("lab", "key"), [(key, key) for key in CASES], indirect=["lab"])
def test_the_lab_says_every_row_of_the_table(lab: Lab, key: str) -> None:
    case, row = CASES[key], REPLIES[key]
    for kind, detail in case.faults:
        lab.submit(lab.set_fault(case.host, kind, on=True, detail=detail)).result()
    kept = case.before(lab) if case.before is not None else None
    heard = _hear(lab, case)
    if isinstance(kept, socket.socket):
        kept.close()
    last = heard.decode().splitlines()[-1]
    greeted_by_ehlo = b"250-PIPELINING" in heard or b"250-SIZE" in heard
    expected = f"{row.code} {row.enhanced}".rstrip() if greeted_by_ehlo else row.code
    assert last.startswith(expected + " ") or last == expected, last
    # Enhanced codes are for who was offered them.
    assert greeted_by_ehlo or not row.enhanced or not last.startswith(f"{row.code} {row.enhanced} ")
    line = _last_reply(lab, case)
    assert line.raw == f"{last}\r\n".encode()
    found = reply_of(line, TABLE)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("key", sorted(ENGINE_ONLY))
def test_the_engine_says_what_the_lab_has_no_occasion_for(key: str) -> None:
    case, row = ENGINE_CASES[key], REPLIES[key]
    post = open_post(greeted=False, **case.settings)
    if case.fault:
        post.faults[case.fault] = key
    last = post.feed(case.said).decode().splitlines()[-1]
    assert last.startswith(f"{row.code} {row.enhanced} " if row.enhanced and post.server.extended else f"{row.code} ")


def test_every_row_of_the_table_is_provoked_and_at_one_place() -> None:
    """A row that is added needs a case here, or a reason why the lab cannot say it."""
    assert set(CASES) | set(ENGINE_ONLY) == set(REPLIES)
    assert not set(CASES) & set(ENGINE_ONLY)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", sorted(REPLIES))
def test_every_row_has_words_for_people(key: str, language: str) -> None:
    assert f"smtp.reply.{key}.what" in words(language)
