"""aiosmtplib, the asyncio client of PyPI.

It has no SCRAM, no PIPELINING, no BDAT; its `sendmail` passes DSN parameters on as they are given.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB, IMPLICIT_TLS
from tests.interop.conftest import OpenLab
from tests.interop.programs import MESSAGE, body, ca, delivered, fields, mailbox

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5"]


@asynccontextmanager
async def _session(lab: Lab, service: str = "submission") -> AsyncIterator[aiosmtplib.SMTP]:
    """A session under TLS, whichever way the door has it."""
    secure = service in IMPLICIT_TLS
    address, port = lab.directory.doors["crepes.fr", service]
    context = ssl.create_default_context(cafile=ca(lab))
    client = aiosmtplib.SMTP(
        hostname=address, port=port, timeout=20, local_hostname="agent.example", tls_context=context, use_tls=secure,
        start_tls=not secure,
    )  # fmt: skip
    async with client:
        assert client.transport is not None
        sock = client.transport.get_extra_info("socket")
        yield client
    # It does not wait for the end of TLS; the test's loop must not end before it.
    while sock.fileno() >= 0:  # noqa: ASYNC110  (nothing tells)
        await asyncio.sleep(0.005)


async def _log_in(client: aiosmtplib.SMTP, mechanism: str, password: str) -> int:
    await client.ehlo()
    match mechanism:
        case "PLAIN":
            return (await client.auth_plain("alice", password)).code
        case "LOGIN":
            return (await client.auth_login("alice", password)).code
        case _:
            return (await client.auth_crammd5("alice", password)).code


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("service", ["submission", "smtps"])
async def test_aiosmtplib_logs_in_and_sends(open_lab: OpenLab, service: str, mechanism: str) -> None:
    lab = open_lab()
    async with _session(lab, service) as client:
        assert await _log_in(client, mechanism, "baguette") == 235
        refused, _ = await client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE)
        assert refused == {}
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    assert body(message) == body(MESSAGE)
    assert "with ESMTPSA id" in fields(message, "Received")[-1]


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_is_refused(open_lab: OpenLab, mechanism: str) -> None:
    async with _session(open_lab()) as client:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as wrong:
            await _log_in(client, mechanism, "croissant")
        assert wrong.value.code == 535


async def test_aiosmtplib_asks_for_a_report(open_lab: OpenLab) -> None:
    lab = open_lab()
    async with _session(lab) as client:
        await client.login("alice", "baguette")
        await client.sendmail(
            "alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE, mail_options=["RET=HDRS", "ENVID=QQ314159"],
            rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob@hamburger.edu"],
        )  # fmt: skip
    delivered(lab, 2)
    (report,) = mailbox(lab, ALICE)
    assert b"Original-Envelope-Id: QQ314159" in report
    assert b"Action: delivered" in report


async def test_aiosmtplib_sends_many_messages_at_once(open_lab: OpenLab) -> None:
    lab = open_lab()
    async with _session(lab) as client:
        await client.login("alice", "baguette")
        for number in range(20):
            await client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], b"Subject: %d\r\n\r\nx\r\n" % number)
    delivered(lab, 20)
    assert sorted(int(fields(message, "Subject")[0]) for message in mailbox(lab, BOB)) == list(range(20))
