"""Python's own smtplib: every login method it has, STARTTLS and the TLS port, with the lab's authority.

It has no SCRAM, no PIPELINING and no BDAT.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import YONGHU, OpenLab
from tests.interop.programs import MESSAGE, body, ca, delivered, fields, mailbox

MECHANISMS = ["auth_plain", "auth_login", "auth_cram_md5"]


def _starttls(lab: Lab) -> smtplib.SMTP:
    smtp = smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=20)
    smtp.starttls(context=ssl.create_default_context(cafile=ca(lab)))
    return smtp


def _tls_port(lab: Lab) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=ca(lab))
    return smtplib.SMTP_SSL(*lab.directory.doors["crepes.fr", "smtps"], timeout=20, context=context)


def _clear(lab: Lab) -> smtplib.SMTP:
    return smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=20)


WAYS = [_starttls, _tls_port, _clear]


def _log_in(smtp: smtplib.SMTP, mechanism: str, password: str, *, initial: bool) -> None:
    smtp.ehlo("agent.example")
    smtp.user, smtp.password = "alice", password
    name = mechanism.removeprefix("auth_").replace("_", "-").upper()
    smtp.auth(name, getattr(smtp, mechanism), initial_response_ok=initial)


@pytest.mark.parametrize("initial", [True, False])
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("way", WAYS)
def test_smtplib_logs_in_and_sends(
    open_lab: OpenLab, way: Callable[[Lab], smtplib.SMTP], mechanism: str, initial: bool
) -> None:
    lab = open_lab()
    with way(lab) as smtp:
        _log_in(smtp, mechanism, "baguette", initial=initial)
        assert smtp.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE) == {}
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    assert body(message) == body(MESSAGE)
    assert f"with {'ESMTPA' if way is _clear else 'ESMTPSA'} id" in fields(message, "Received")[-1]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_refused_and_the_session_goes_on(open_lab: OpenLab, mechanism: str) -> None:
    lab = open_lab()
    with _starttls(lab) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            _log_in(smtp, mechanism, "croissant", initial=True)
        assert wrong.value.smtp_code == 535
        assert smtp.login("alice", "baguette")[0] == 235


def test_starttls_is_not_offered_twice_nor_forgotten(open_lab: OpenLab) -> None:
    with _starttls(open_lab()) as smtp:
        smtp.ehlo("agent.example")
        assert not smtp.has_extn("starttls")
        assert smtp.docmd("STARTTLS")[0] == 503


def test_smtplib_refuses_a_stranger(open_lab: OpenLab) -> None:
    lab = open_lab()
    smtp = smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=20)
    with pytest.raises(ssl.SSLCertVerificationError):
        smtp.starttls(context=ssl.create_default_context())
    smtp.close()


def test_smtplib_sends_a_chinese_message_to_a_chinese_address(open_lab: OpenLab) -> None:
    lab = open_lab()
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["To"], message["Subject"] = "alice@crepes.fr", "用户@例子.测试", "你好"
    message.set_content("饺子\n", cte="8bit")
    with _starttls(lab) as smtp:
        smtp.login("alice", "baguette")
        assert smtp.send_message(message) == {}
    delivered(lab)
    (arrived,) = mailbox(lab, YONGHU)
    assert fields(arrived, "Subject") == ["你好"]
    assert body(arrived).decode() == "饺子\n"
    # Written by crepes.fr and by 例子.测试 (RFC 6531 §4.3).
    assert [line.count("with UTF8SMTP") for line in fields(arrived, "Received")] == [1, 1]


def test_smtplib_learns_what_each_recipient_is_answered(open_lab: OpenLab) -> None:
    lab = open_lab()
    with smtplib.SMTP(*lab.directory.doors["hamburger.edu", "smtp"], timeout=20) as smtp:
        refused = smtp.sendmail("carol@example.org", ["nobody@hamburger.edu", "bob@hamburger.edu"], MESSAGE)
    assert refused == {"nobody@hamburger.edu": (550, b"5.1.1 nobody@hamburger.edu ... User unknown")}
    delivered(lab)
