"""What leaves the lab has no passwords in it, however the bytes were cut."""

from __future__ import annotations

import pytest

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.redact import redacted
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened

NOBODY = Endpoint("", "", 0)


def _trace(protocol: str, *said: tuple[str, bytes]) -> list[AnyEvent]:
    opened = Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=NOBODY, server=NOBODY)
    middle: list[AnyEvent] = [
        (FromClient if who == "C" else FromServer)(t=1, at=1, conn=1, data=data) for who, data in said
    ]
    return [opened, *middle, Closed(t=2, at=2, conn=1, by="client")]


def _bytes(events: list[AnyEvent], kind: type) -> bytes:
    return b"".join(
        event.data for event in events if isinstance(event, (FromClient, FromServer)) and type(event) is kind
    )


POP3 = [
    ("S", b"+OK ready\r\n"),
    ("C", b"USER bob\r\n"),
    ("S", b"+OK\r\n"),
    ("C", b"PASS pic kles\r\n"),
    ("S", b"+OK\r\n"),
]
SMTP = [
    ("S", b"220 x\r\n"), ("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", b"c2VjcmV0\r\n"),
    ("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", b"c2VjcmV0Mg==\r\n"), ("S", b"235 ok\r\n"),
]  # fmt: skip
IMAP = [
    ("S", b"* OK hi\r\n"), ("C", b"a LOGIN bob {6}\r\n"), ("S", b"+ go\r\n"), ("C", b"secret\r\n"), ("S", b"a OK\r\n"),
    ("C", b'b LOGIN "bob" "secret"\r\n'), ("S", b"b BAD\r\n"), ("C", b"c AUTHENTICATE PLAIN c2VjcmV0\r\n"),
    ("S", b"c NO\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "said", "secrets"),
    [
        ("pop3", POP3, [b"pic kles"]),
        ("smtp", SMTP, [b"c2VjcmV0", b"c2VjcmV0Mg=="]),
        ("imap", IMAP, [b"secret", b"c2VjcmV0"]),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_passwords_are_masked_and_all_else_stays(
    protocol: str, said: list[tuple[str, bytes]], secrets: list[bytes], size: int
) -> None:
    cut = [(who, data[at : at + size]) for who, data in said for at in range(0, len(data), size)]
    before = _trace(protocol, *cut)
    after = redacted(before)
    client = _bytes(after, FromClient)
    assert not any(secret in client for secret in secrets)
    assert len(client) == len(_bytes(before, FromClient))
    assert _bytes(after, FromServer) == _bytes(before, FromServer)


def test_a_redacted_trace_reads_like_the_real_one() -> None:
    before = _trace("imap", *IMAP)

    def kinds(events: list[AnyEvent]) -> list[tuple[str, str]]:
        dialogue = Dialogue()
        dialogue.take(events, 0)
        return [(row.line.kind.value, row.line.verb) for row in dialogue.rows]

    assert kinds(redacted(before)) == kinds(before)


def test_half_a_password_line_is_a_secret_too() -> None:
    after = redacted(
        _trace("pop3", ("S", b"+OK ready\r\n"), ("C", b"USER bob\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS pick"))
    )
    assert b"pick" not in _bytes(after, FromClient)


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("smtp", [b"EHLO x\r\n", b"AUTH PLAIN s3cr3t"]),
        ("smtp", [b" AUTH PLAIN s3cr3t\r\n"]),
        ("smtp", [b"AUTH\tPLAIN\ts3cr3t\r\n"]),
        ("smtp", [b"AUTH LOGIN\r\nYWxpY2U=\r\ns3cr3t\r\nNOOP\r\n"]),
        ("pop3", [b" PASS s3cr3t\r\n"]),
        ("pop3", [b"PASSs3cr3t\r\n"]),
        ("imap", [b"a  login alice s3cr3t\r\n"]),
        ("imap", [b"a authenticate plain\r\ns3cr3t\r\n"]),
    ],
)
def test_what_only_looks_like_a_login_is_masked_too(protocol: str, said: list[bytes]) -> None:
    greeting = {"smtp": b"220 x\r\n", "pop3": b"+OK x\r\n", "imap": b"* OK x\r\n"}[protocol]
    refusals = {"smtp": b"502 no\r\n", "pop3": b"-ERR no\r\n", "imap": b"a BAD no\r\n"}
    wire = [("S", greeting)]
    for data in said:
        wire += [("C", data), ("S", refusals[protocol])]
    assert b"s3cr3t" not in _bytes(redacted(_trace(protocol, *wire)), FromClient)
