"""aiosmtpd, the asyncio server of PyPI: as the neighbour of our relay, and as the server our agents submit to.

It offers SIZE, 8BITMIME, SMTPUTF8, STARTTLS, AUTH PLAIN and LOGIN; no PIPELINING, CHUNKING, DSN, enhanced codes,
CRAM-MD5 or SCRAM.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailtutor.errors import MailtutorError
from mailtutor.lab.agents.sender import Submitted, submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE
from mailtutor.lab.tls import Authority
from mailtutor.protocols.smtp.courier import Tls
from tests.interop.conftest import EXAMPLE, OpenLab
from tests.interop.programs import MESSAGE, attempted, delivered, free_port, mailbox
from tests.lab.waiting import put_in_queue

# It warns of AUTH without TLS, which these tests want.
pytestmark = [pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")]


class _Taken:
    """A handler that keeps what comes. said: the reply to a message or to RCPT, where it is not the usual one."""

    def __init__(self, *, to_rcpt: str = "", to_data: str = "") -> None:
        self.to_rcpt, self.to_data = to_rcpt, to_data
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_rcpt and address.startswith("nobody"):
            return self.to_rcpt
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data:
            return self.to_data
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 taken"


def _knows_alice(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (b"alice", b"baguette")
    return AuthResult(success=right, handled=right, auth_data=mechanism)


class _Controller(Controller):
    """Knows its connections."""

    def __init__(self, handler: _Taken, **settings: object) -> None:
        self.served: list[SMTP] = []
        super().__init__(handler, **settings)  # type: ignore[arg-type]

    def factory(self) -> SMTP:
        """One more connection."""
        self.served.append(super().factory())  # type: ignore[no-untyped-call]
        return self.served[-1]

    def stop(self, no_assert: bool = False) -> None:
        """Its loop must not end before they do."""
        while any(one.transport is not None for one in self.served):
            time.sleep(0.005)
        super().stop(no_assert)


@contextmanager
def _server(
    lab: Lab, handler: _Taken, host: str = "hamburger.edu", service: str = "smtp", **settings: object
) -> Iterator[None]:
    """aiosmtpd behind a door of the lab."""
    address = lab.directory.doors[host, service][0]
    controller = _Controller(handler, hostname=address, port=free_port(address), **settings)
    controller.start()
    lab.directory.doors[host, service] = (address, controller.port)
    try:
        yield
    finally:
        controller.stop()


def _certificate(lab: Lab, host: str) -> ssl.SSLContext:
    return Authority(lab._data).server(host)


def _submit(lab: Lab, to: str = "bob@hamburger.edu", service: str = "submission") -> Submitted:
    sending = submit(lab.directory, lab.plan, ALICE, [to], MESSAGE, lab.means, service=service)
    return lab.submit(sending).result(30)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("tls", [Tls.NEVER, Tls.OFFERED, Tls.REQUIRED])
def test_aiosmtpd_takes_what_the_relay_hands_over(open_lab: OpenLab, tls: Tls, pipelining: bool) -> None:
    lab, taken = open_lab(tls=tls, pipelining=pipelining), _Taken()
    with _server(lab, taken, tls_context=_certificate(lab, "hamburger.edu")):
        put_in_queue(lab, ["bob@hamburger.edu", "eve@hamburger.edu"], MESSAGE)
        assert {one.outcome for one in attempted(lab, 2)} == {"delivered"}
    (envelope,) = taken.envelopes
    assert envelope.content == MESSAGE
    assert (envelope.mail_from, envelope.rcpt_tos) == ("alice@crepes.fr", ["bob@hamburger.edu", "eve@hamburger.edu"])
    assert (taken.sessions[0].ssl is not None) == (tls is not Tls.NEVER)


def test_a_server_that_insists_on_tls(open_lab: OpenLab) -> None:
    lab, taken = open_lab(tls=Tls.NEVER), _Taken()
    with _server(lab, taken, tls_context=_certificate(lab, "hamburger.edu"), require_starttls=True):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "refused"
    assert not taken.envelopes


def test_chinese_addresses(open_lab: OpenLab) -> None:
    lab, taken = open_lab(), _Taken()
    with _server(lab, taken, EXAMPLE, enable_SMTPUTF8=True):
        put_in_queue(lab, ["用户@例子.测试"], MESSAGE, utf8=True)
        assert attempted(lab)[0].outcome == "delivered"
    assert taken.envelopes[0].rcpt_tos == ["用户@例子.测试"]
    assert taken.envelopes[0].smtp_utf8


def test_chinese_addresses_where_they_are_not_taken(open_lab: OpenLab) -> None:
    lab, taken = open_lab(), _Taken()
    with _server(lab, taken, EXAMPLE, enable_SMTPUTF8=False):
        put_in_queue(lab, ["用户@例子.测试"], MESSAGE, utf8=True)
        assert attempted(lab)[0].outcome == "refused"
    delivered(lab)
    assert b"Status: 5.6.7" in mailbox(lab, ALICE)[0]


@pytest.mark.parametrize(("reply", "outcome"), [("550 no such user", "refused"), ("450 mailbox is locked", "deferred")])
def test_one_recipient_in_two_is_refused(open_lab: OpenLab, reply: str, outcome: str) -> None:
    lab, taken = open_lab(), _Taken(to_rcpt=reply)
    with _server(lab, taken):
        put_in_queue(lab, ["nobody@hamburger.edu", "bob@hamburger.edu"], MESSAGE)
        found = {one.recipient: one.outcome for one in attempted(lab, 2)}
    assert found == {"nobody@hamburger.edu": outcome, "bob@hamburger.edu": "delivered"}
    assert taken.envelopes[0].rcpt_tos == ["bob@hamburger.edu"]


@pytest.mark.parametrize(("reply", "outcome"), [("554 spam", "refused"), ("451 later", "deferred")])
def test_the_message_is_refused(open_lab: OpenLab, reply: str, outcome: str) -> None:
    lab = open_lab()
    with _server(lab, _Taken(to_data=reply)):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == outcome


def test_more_than_it_takes_is_not_sent(open_lab: OpenLab) -> None:
    lab, taken = open_lab(), _Taken()
    with _server(lab, taken, data_size_limit=100):
        put_in_queue(lab, ["bob@hamburger.edu"], MESSAGE)
        assert attempted(lab)[0].outcome == "refused"
    delivered(lab)
    assert b"Status: 5.3.4" in mailbox(lab, ALICE)[0]


def test_many_messages_on_one_connection(open_lab: OpenLab) -> None:
    lab, taken = open_lab(tls=Tls.REQUIRED), _Taken()
    with _server(lab, taken, tls_context=_certificate(lab, "hamburger.edu")):
        for number in range(20):
            put_in_queue(lab, ["bob@hamburger.edu"], b"Subject: %d\r\n\r\nx\r\n" % number, due_at=lab.clock.wall() + 60)
        lab.submit(lab.flush()).result()
        attempted(lab, 20)
    assert len(taken.envelopes) == 20
    assert len({id(session) for session in taken.sessions}) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", ""])
@pytest.mark.parametrize("tls", [Tls.NEVER, Tls.REQUIRED])
def test_an_agent_logs_in_and_submits(open_lab: OpenLab, tls: Tls, mechanism: str) -> None:
    lab, taken = open_lab(tls=tls, mechanism=mechanism), _Taken()
    settings = {"tls_context": _certificate(lab, "crepes.fr")} if tls is Tls.REQUIRED else {"auth_require_tls": False}
    with _server(lab, taken, "crepes.fr", "submission", authenticator=_knows_alice, auth_required=True, **settings):
        assert _submit(lab).reply == "250 taken"
    assert taken.sessions[0].auth_data == (mechanism or "PLAIN")
    assert taken.envelopes[0].content == MESSAGE


def test_an_agent_with_a_wrong_password(open_lab: OpenLab) -> None:
    wrong = replace(ALICE, password="croissant")
    lab = open_lab()
    login = {"authenticator": _knows_alice, "auth_require_tls": False, "auth_required": True}
    with _server(lab, _Taken(), "crepes.fr", "submission", **login), pytest.raises(MailtutorError, match="535"):
        lab.submit(submit(lab.directory, lab.plan, wrong, ["bob@hamburger.edu"], MESSAGE, lab.means)).result(30)


def test_an_agent_looks_at_the_certificate(open_lab: OpenLab) -> None:
    lab, taken = open_lab(tls=Tls.REQUIRED), _Taken()
    with (
        _server(lab, taken, "crepes.fr", "submission", tls_context=_certificate(lab, "hamburger.edu")),
        pytest.raises(MailtutorError, match="Hostname mismatch"),
    ):
        _submit(lab)
    assert not taken.envelopes


def test_an_agent_at_the_tls_port(open_lab: OpenLab) -> None:
    lab, taken = open_lab(), _Taken()
    with _server(
        lab, taken, "crepes.fr", "smtps", ssl_context=_certificate(lab, "crepes.fr"), authenticator=_knows_alice,
        auth_required=True, auth_require_tls=False,
    ):  # fmt: skip
        assert _submit(lab, service="smtps").reply == "250 taken"
    assert taken.sessions[0].authenticated
