"""Which lines are left when only trouble is shown."""

from __future__ import annotations

import pytest

from mailtutor.reading.dialogue import Dialogue, Row
from mailtutor.reading.trouble import Trouble
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened, TlsFailed

HERE = Endpoint("a", "127.0.0.2", 4000), Endpoint("b", "127.0.0.3", 2525)


def rows(protocol: str, *said: bytes) -> list[Row]:
    """Server first, then in turn."""
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=HERE[0], server=HERE[1])
    ]
    for number, data in enumerate(said):
        kind = FromClient if number % 2 else FromServer
        events.append(kind(t=0, at=0, conn=1, data=data))
    dialogue = Dialogue()
    dialogue.take(events, 0)
    return dialogue.connections[1].rows


SMTP = (
    b"220 x\r\n", b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n",
    b"250 x\r\n250 ok\r\n550 no\r\n250 ok\r\n", b"DATA\r\n", b"354 x\r\n", b"a: b\r\n\r\nhi\r\n.\r\n",
    b"452 full\r\n", b"QUIT\r\n", b"221 bye\r\n",
)  # fmt: skip
IMAP = (
    b"* OK x\r\n", b"a LOGIN b {3}\r\n", b"+ go\r\n", b"pic\r\n", b"a NO bad\r\n", b"a1 NOOP\r\n", b"a1 OK x\r\n",
)  # fmt: skip
POP3 = (b"+OK x\r\n", b"USER b\r\n", b"+OK\r\n", b"PASS x\r\n", b"-ERR no\r\n")
LOGIN = (
    b"220 x\r\n",
    b"AUTH LOGIN\r\n",
    b"334 VXNlcm5hbWU6\r\n",
    b"YQ==\r\n",
    b"535 no\r\n",
    b"FOO\r\n",
    b"500 what\r\n",
)


@pytest.mark.parametrize(
    ("protocol", "said", "left"),
    [
        ("smtp", SMTP, ["RCPT TO:<c@d>", "550 no", ".", "452 full"]),
        ("imap", IMAP, ["a LOGIN b {3}", "pic", "", "a NO bad"]),
        ("pop3", POP3, ["PASS x", "-ERR no"]),
        ("smtp", LOGIN, ["AUTH LOGIN", "535 no", "FOO", "500 what"]),
    ],
)
def test_replies_that_refuse_or_defer_and_their_commands_are_left(
    protocol: str, said: tuple[bytes, ...], left: list[str]
) -> None:
    found, all_rows = Trouble(), rows(protocol, *said)
    found.read(all_rows, len(all_rows))
    texts = [all_rows[index].line.text.decode() for index in found.rows]
    assert [text for text in texts if text != "YQ=="] == left


def test_looking_bit_by_bit_and_back_finds_the_same() -> None:
    all_rows, found = rows("smtp", *SMTP), Trouble()
    for shown in [*range(len(all_rows) + 1), 5, 8, 2]:
        found.read(all_rows, shown)
        fresh = Trouble()
        fresh.read(all_rows, shown)
        assert found.rows == fresh.rows
    assert not found.read(all_rows, 3)


def test_a_failed_handshake_is_trouble_and_a_stray_refusal_too() -> None:
    dialogue = Dialogue()
    opened = Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=HERE[0], server=HERE[1])
    refusal = FromServer(t=0, at=0, conn=1, data=b"554 go away\r\n421 bye\r\n")
    dialogue.take([opened, refusal, TlsFailed(t=0, at=0, conn=1, why="x")], 0)
    found = Trouble()
    found.read(dialogue.connections[1].rows, 3)
    assert found.rows == [0, 1, 2]
