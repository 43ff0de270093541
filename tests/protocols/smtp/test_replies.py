"""Every reply of the table, provoked: by what a client says, or by what the world answers."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.table import EVERYTHING, MOVES, PARAMETERS, REPLIES, TABLE, UNASKED
from mailtutor.protocols.spec import Wording
from mailtutor.text.catalogue import words
from tests.protocols.smtp.talk import FIELDS, Post, open_post

EHLO = b"EHLO x\r\n"
MAIL = EHLO + b"MAIL FROM:<a@b.c>\r\n"
RCPT = MAIL + b"RCPT TO:<bob@hamburger.edu>\r\n"
DATA = RCPT + b"DATA\r\n"
LOGIN = b"AUTH PLAIN " + b64encode(b"\0alice\0baguette") + b"\r\n"
ALL = {"offered": EVERYTHING, "mechanisms": ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")}


@dataclass
class Case:
    """What is said, to which server; fault: the event that is answered with this reply."""

    said: bytes
    settings: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def _full(**settings: Any) -> dict[str, Any]:
    return {**ALL, **settings}


CASES = {
    "220.ready": Case(b""),
    "220.tls": Case(EHLO + b"STARTTLS\r\n", _full()),
    "221.closing": Case(b"QUIT\r\n"),
    "421.shutdown": Case(MAIL, fault="SenderNamed"),
    "421.idle": Case(MAIL, fault="SenderNamed"),
    "421.busy": Case(b"", {"greeting": "421.busy"}),
    "421.too_many_sessions": Case(b"", {"greeting": "421.too_many_sessions"}),
    "421.too_many_errors": Case(b"WHAT\r\n" * 3, {"limits": Limits(errors=2)}),
    "421.too_many_messages": Case(MAIL + b"RSET\r\nMAIL FROM:<a@b.c>\r\n", {"limits": Limits(messages=1)}),
    "454.tls": Case(EHLO + b"STARTTLS\r\n", _full(), "TlsAsked"),
    "521.no_mail": Case(b"", {"greeting": "521.no_mail"}),
    "554.no_service": Case(b"", {"greeting": "554.no_service"}),
    "250.hello": Case(b"HELO x\r\n"),
    "250.extensions": Case(EHLO, {"offered": {"EHLO"}}),
    "250.sender": Case(MAIL),
    "250.recipient": Case(RCPT),
    "251.recipient": Case(RCPT, fault="RecipientNamed"),
    "250.accepted": Case(DATA + b"hi\r\n.\r\n"),
    "250.chunk": Case(RCPT + b"BDAT 2\r\nhi", _full()),
    "250.reset": Case(b"RSET\r\n"),
    "250.noop": Case(b"NOOP\r\n"),
    "250.user": Case(b"VRFY bob\r\n"),
    "250.list": Case(b"EXPN students\r\n", _full()),
    "250.queue_started": Case(EHLO + b"ETRN hamburger.edu\r\n", _full()),
    "251.queue_empty": Case(EHLO + b"ETRN @hamburger.edu\r\n", _full(), "QueueRunAsked"),
    "252.queue_pending": Case(EHLO + b"ETRN #bob\r\n", _full(), "QueueRunAsked"),
    "253.queue_counted": Case(EHLO + b"ETRN hamburger.edu\r\n", _full(), "QueueRunAsked"),
    "252.cannot_verify": Case(b"VRFY bob\r\n", fault="VerifyAsked"),
    "252.cannot_expand": Case(b"EXPN all\r\n", _full(), "ExpandAsked"),
    "214.help": Case(b"HELP\r\n"),
    "235.authenticated": Case(EHLO + LOGIN, _full()),
    "334.challenge": Case(EHLO + b"AUTH LOGIN\r\n", _full()),
    "354.go_on": Case(DATA),
    "450.greylisted": Case(RCPT, fault="RecipientNamed"),
    "450.mailbox_busy": Case(RCPT, fault="RecipientNamed"),
    "451.greylisted": Case(RCPT, fault="RecipientNamed"),
    "451.local": Case(DATA + b".\r\n", fault="MessageReceived"),
    "452.too_many_recipients": Case(RCPT + b"RCPT TO:<carol@hamburger.edu>\r\n", {"limits": Limits(recipients=1)}),
    "452.too_many_domains": Case(RCPT + b"RCPT TO:<carol@crepes.fr>\r\n", {"limits": Limits(domains=1)}),
    "452.mailbox_full": Case(RCPT, fault="RecipientNamed"),
    "452.no_room": Case(MAIL, fault="SenderNamed"),
    "454.auth": Case(EHLO + LOGIN, _full(), "AuthAttempted"),
    "458.queue_failed": Case(EHLO + b"ETRN hamburger.edu\r\n", _full(), "QueueRunAsked"),
    "459.node_refused": Case(EHLO + b"ETRN hamburger.edu\r\n", _full(), "QueueRunAsked"),
    "500.unknown": Case(b"FROBNICATE\r\n"),
    "500.empty": Case(b"\r\n"),
    "500.line_too_long": Case(b"NOOP " + b"x" * 600 + b"\r\n"),
    "500.auth_line_too_long": Case(EHLO + b"AUTH PLAIN\r\n" + b"A" * 12_300 + b"\r\n", _full()),
    "500.bare_lf": Case(b"NOOP\n"),
    "500.bare_cr": Case(b"NO\rOP\r\n"),
    "500.not_ascii": Case("NOOP ü\r\n".encode()),
    "500.not_utf8": Case(EHLO + b"MAIL FROM:<\xff@b.c> SMTPUTF8\r\n", _full()),
    "501.syntax": Case(b"HELO\r\n"),
    "501.path_too_long": Case(EHLO + b"MAIL FROM:<" + b"a" * 65 + b"@b.c>\r\n"),
    "501.parameter_value": Case(EHLO + b"MAIL FROM:<a@b.c> SIZE=ten\r\n"),
    "501.auth_cancelled": Case(EHLO + b"AUTH PLAIN\r\n*\r\n", _full()),
    "501.auth_no_initial": Case(EHLO + b"AUTH CRAM-MD5 eA==\r\n", _full()),
    "501.auth_base64": Case(EHLO + b"AUTH PLAIN\r\n!\r\n", _full()),
    "502.not_offered": Case(EHLO + b"STARTTLS\r\n"),
    "503.need_hello": Case(b"MAIL FROM:<a@b.c>\r\n"),
    "503.need_mail": Case(EHLO + b"RCPT TO:<bob@hamburger.edu>\r\n"),
    "503.need_rcpt": Case(MAIL + b"DATA\r\n"),
    "503.sender_given": Case(MAIL + b"MAIL FROM:<a@b.c>\r\n"),
    "503.authenticated": Case(EHLO + LOGIN + LOGIN, _full()),
    "503.in_transaction": Case(MAIL + LOGIN, _full()),
    "503.in_tls": Case(EHLO + b"STARTTLS\r\n", _full(tls=True)),
    "503.chunks_begun": Case(RCPT + b"BDAT 2\r\nhiDATA\r\n", _full()),
    "503.need_bdat": Case(
        EHLO + b"MAIL FROM:<a@b.c> BODY=BINARYMIME\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n", _full()
    ),
    "503.no_service": Case(EHLO, {"greeting": "554.no_service"}),
    "504.mechanism": Case(EHLO + b"AUTH KERBEROS_V4\r\n", _full()),
    "504.no_help": Case(b"HELP FROBNICATE\r\n"),
    "530.need_auth": Case(MAIL, _full(auth_required=True)),
    "530.need_tls": Case(MAIL, _full(tls_required=True)),
    "535.wrong": Case(EHLO + b"AUTH PLAIN " + b64encode(b"\0alice\0wrong") + b"\r\n", _full()),
    "538.need_tls": Case(EHLO + LOGIN, _full(plaintext_needs_tls=True)),
    "550.ehlo_refused": Case(EHLO, fault="ClientNamed"),
    "550.no_such_user": Case(MAIL + b"RCPT TO:<nobody@hamburger.edu>\r\n"),
    "550.no_such_list": Case(b"EXPN nobody\r\n", _full()),
    "550.not_content": Case(DATA + b".\r\n", fault="MessageReceived"),
    "550.bare_line_end": Case(DATA + b"a\nb\r\n.\r\n"),
    "550.nul": Case(DATA + b"a\0b\r\n.\r\n"),
    "550.text_line_too_long": Case(DATA + b"x" * 999 + b"\r\n.\r\n"),
    "550.relaying": Case(RCPT, fault="RecipientNamed"),
    "551.user_not_local": Case(RCPT, fault="RecipientNamed"),
    "552.header_too_big": Case(DATA + b"A: 1234567890\r\n.\r\n", {"limits": Limits(header=10)}),
    "552.too_many_fields": Case(DATA + b"A: 1\r\nB: 2\r\n.\r\n", {"limits": Limits(header_fields=1)}),
    "552.too_big": Case(EHLO + b"MAIL FROM:<a@b.c> SIZE=11\r\n", {"limits": Limits(size=10)}),
    "552.mailbox_full": Case(RCPT, fault="RecipientNamed"),
    "553.not_yours": Case(MAIL, fault="SenderNamed"),
    "553.need_smtputf8": Case(EHLO + "MAIL FROM:<爱丽丝@b.c>\r\n".encode(), _full()),
    "553.utf8_reply": Case(EHLO + "VRFY 鲍勃\r\n".encode(), _full()),
    "553.ambiguous": Case(b"VRFY b\r\n", fault="VerifyAsked"),
    "554.eight_bit": Case(DATA + "é\r\n.\r\n".encode(), {"strict_7bit": True}),
    "554.loop": Case(DATA + b".\r\n", fault="MessageReceived"),
    "554.refused": Case(DATA, fault="DataBegun"),
    "555.parameter": Case(EHLO + b"MAIL FROM:<a@b.c> WHATEVER=1\r\n"),
}


def _play(case: Case, key: str) -> tuple[Post, list[bytes]]:
    post = open_post(greeted=False, **case.settings)
    if case.fault:
        post.faults[case.fault] = key
    return post, post.feed(case.said).splitlines()


@pytest.mark.parametrize("key", sorted(REPLIES))
def test_every_reply_can_be_had(key: str) -> None:
    post, said = _play(CASES[key], key)
    row = REPLIES[key]
    lines = row.words(Wording.EXTENDED, {**FIELDS, "host": "h", "client": "x", "extensions": ""})
    last = said[-1].decode()
    assert last[:4] == f"{row.code} "
    fixed = [part for part in row.phrase.split("\n")[-1].replace("}", "{").split("{")[::2] if part]
    assert all(part in last for part in fixed) or not lines[-1], (last, fixed)
    if row.enhanced and post.server.extended:
        assert last.startswith(f"{row.code} {row.enhanced}")
    assert post.closed == (row.code in ("221", "421", "521"))


def test_there_is_a_case_for_every_reply() -> None:
    assert set(CASES) == set(REPLIES)


@pytest.mark.parametrize("stage", ["ClientNamed", "SenderNamed", "RecipientNamed", "DataBegun", "MessageReceived"])
@pytest.mark.parametrize("key", ["421.shutdown", "451.greylisted", "452.mailbox_full", "552.too_big", "550.relaying"])
def test_any_stage_takes_any_answer_and_the_session_stays_in_step(stage: str, key: str) -> None:
    post = open_post()
    post.faults[stage] = key
    said = b""
    for line in (EHLO, b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<bob@hamburger.edu>\r\n", b"DATA\r\n"):
        said = post.feed(line)
    if said.startswith(b"354"):
        said = post.feed(b"hi\r\n.\r\n")
    if key.startswith("421"):
        assert post.closed
        return
    post.faults.clear()
    post.feed(b"RSET\r\n" + EHLO)
    assert post.feed(DATA.removeprefix(EHLO) + b"hi\r\n.\r\n").endswith(b"(Q1)\r\n")


def test_every_reply_belongs_to_a_command_or_to_none() -> None:
    used = {key for row in TABLE.commands.values() for key in row.replies}
    assert used | set(UNASKED) == set(REPLIES)


def test_every_move_leads_to_a_state() -> None:
    for state, moves in MOVES.items():
        assert state in TABLE.states
        for move in moves.values():
            assert {move.ok, move.go_on or move.ok, move.fail or move.ok} <= set(TABLE.states)


def test_every_command_misplaced_gets_one_of_its_own_replies() -> None:
    for verb, row in TABLE.commands.items():
        for state in TABLE.states:
            if len(MOVES[state]) > 1 and verb not in MOVES[state]:
                assert TABLE.misplaced(verb, state) in row.replies, (verb, state)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_can_be_looked_up_has_a_name_and_words(language: str) -> None:
    text = words(language)
    names = {*TABLE.capabilities, *(name for rows in PARAMETERS.values() for name in rows)}
    wanted = [f"smtp.capability.{name}.{part}" for name in names for part in ("title", "what")]
    wanted += [f"reply.enhanced.detail.{row.enhanced[2:]}" for row in REPLIES.values() if row.enhanced]
    wanted += [f"code.{row.code}" for row in REPLIES.values()]
    assert [key for key in wanted if key not in text] == []


@pytest.mark.parametrize("key", sorted(REPLIES))
def test_a_reply_without_its_facts_says_less_and_breaks_nothing(key: str) -> None:
    post = open_post()
    post.feed(EHLO)
    post.server.receive_data(b"MAIL FROM:<a@b.c>\r\n")
    post.server.next_event()
    post.server.reply(key)
    assert post.server.data_to_send()[:3].decode() == REPLIES[key].code
