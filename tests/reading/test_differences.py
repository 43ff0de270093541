"""Two conversations beside each other: where they part, and what is only worded otherwise."""

from __future__ import annotations

from mailtutor.reading.dialogue import Dialogue, Row
from mailtutor.reading.differences import (
    MOST,
    differences,
    first_difference,
    next_difference,
    takes_course,
)
from mailtutor.reading.renewed import lasting
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened, TlsBegun

HERE = Endpoint("a", "127.0.0.2", 4000), Endpoint("b", "127.0.0.3", 2525)
TLS = TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="X")


def rows(protocol: str, *said: str | TlsBegun) -> list[Row]:
    """`C: …` and `S: …`."""
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=HERE[0], server=HERE[1])
    ]
    for line in said:
        if isinstance(line, TlsBegun):
            events.append(line)
        else:
            kind = FromClient if line.startswith("C") else FromServer
            events.append(kind(t=0, at=0, conn=1, data=line[3:].encode() + b"\r\n"))
    dialogue = Dialogue()
    dialogue.take(events, 0)
    return dialogue.connections[1].rows


HELLO = ("S: 220 b", "C: EHLO a", "S: 250-b", "S: 250-SIZE", "S: 250 STARTTLS")
ACCEPTED = (*HELLO, "C: MAIL FROM:<a@b>", "S: 250 ok", "C: RCPT TO:<c@d>", "S: 250 fine", "C: QUIT", "S: 221 bye")
REFUSED = (*HELLO, "C: MAIL FROM:<x@b>", "S: 250 ok", "C: RCPT TO:<c@d>", "S: 550 no", "C: QUIT", "S: 221 bye")
KEEP = (
    "S: +OK",
    "C: USER b",
    "S: +OK",
    "C: PASS p",
    "S: +OK",
    "C: RETR 1",
    "S: +OK",
    "S: a: b",
    "S: .",
    "C: QUIT",
    "S: +OK",
)
DELETE = (*KEEP[:9], "C: DELE 1", "S: +OK gone", *KEEP[9:])


def test_accepted_and_refused_part_at_the_code_and_not_at_other_words() -> None:
    pairs = differences(rows("smtp", *ACCEPTED), rows("smtp", *REFUSED))
    assert [pair.what for pair in pairs] == ["same"] * 5 + ["wording", "same", "same", "code", "same", "same"]
    first = first_difference(pairs)
    assert first == 8
    assert takes_course(pairs[first])
    assert [next_difference(pairs, after) for after in (0, 5, 8)] == [5, 8, 5]


def test_plain_and_starttls_part_where_tls_is_asked_for() -> None:
    secured = (*HELLO, "C: STARTTLS", "S: 220 go", TLS, *HELLO[1:], *ACCEPTED[5:])
    left, right = rows("smtp", *ACCEPTED), rows("smtp", *secured)
    pairs = differences(left, right)
    only_right = [right[pair.right].line.text for pair in pairs if pair.what == "right" and pair.right is not None]
    assert b"STARTTLS" in only_right
    assert b"220 go" in only_right
    assert any(pair.right is not None and right[pair.right].n == 8 for pair in pairs if pair.what == "right")
    assert [pair.what for pair in pairs].count("same") == len(ACCEPTED)


def test_keeping_and_deleting_part_at_dele() -> None:
    left, right = rows("pop3", *KEEP), rows("pop3", *DELETE)
    pairs = differences(left, right)
    assert [pair.what for pair in pairs if pair.what != "same"] == ["right", "right"]
    assert first_difference(pairs) == 9
    assert [pair.what for pair in differences(right, left)].count("left") == 2


def test_what_is_the_same_has_no_difference_and_every_row_stands_once() -> None:
    for one, two in ((ACCEPTED, ACCEPTED), (ACCEPTED, REFUSED), (KEEP[:3], KEEP), (KEEP, ())):
        left, right = rows("pop3", *one), rows("pop3", *two)
        pairs = differences(left, right)
        assert [pair.left for pair in pairs if pair.left is not None] == list(range(len(left)))
        assert [pair.right for pair in pairs if pair.right is not None] == list(range(len(right)))
    same = differences(left, left)
    assert first_difference(same) is None
    assert next_difference(same, 0) is None


def test_another_command_and_only_other_words() -> None:
    noop, rset = (*HELLO, "C: NOOP", "S: 250 ok"), (*HELLO, "C: RSET", "S: 250 ok")
    pairs = differences(rows("smtp", *noop), rows("smtp", *rset))
    assert [pair.what for pair in pairs[5:]] == ["other", "other"]
    words = differences(rows("smtp", "S: 220 a"), rows("smtp", "S: 220 b"))
    assert first_difference(words) == 0
    assert not takes_course(words[0])


def test_very_long_conversations_are_cut() -> None:
    long = rows("smtp", *["C: NOOP", "S: 250 ok"] * (MOST // 2 + 5))
    assert len(differences(long[:40], long)) == MOST


def test_the_same_code_is_no_other_code() -> None:
    one = rows("smtp", "S: 220 b", "C: EHLO a", "S: 250-b", "S: 250-SIZE 1", "S: 250 DSN")
    two = rows("smtp", "S: 220 b", "C: EHLO a", "S: 250-b", "S: 250-SIZE 2", "S: 250 DSN")
    assert [pair.what for pair in differences(one, two)] == ["same", "same", "same", "wording", "same"]


def filed(date: str, number: str, ident: str, boundary: str, subject: str = "Hi") -> list[Row]:
    """A letter as a server files it."""
    return rows(
        "smtp", *HELLO, "C: MAIL FROM:<a@b>", "S: 250 ok", "C: RCPT TO:<c@d>", "S: 250 fine", "C: DATA", "S: 354 go",
        "C: Received: from b ([127.0.0.2])", f"C: \tby d with ESMTP id {number}", f"C: \tfor <c@d>; {date}",
        f"C: Message-ID: <{ident}@crepes.fr>", f"C: Date: {date}", f"C: Subject: {subject}",
        f'C: Content-Type: multipart/mixed; boundary="{boundary}"', "C: ", f"C: --{boundary}", "C: x",
        f"C: --{boundary}--", "C: .", f"S: 250 2.0.0 Message accepted for delivery ({number})", "C: QUIT", "S: 221 bye",
    )  # fmt: skip


ONE = ("Sun, 29 Nov 2026 15:50:46 +0000", "Q1", "2e9c1073335b43ab", "=====112233==")
TWO = ("Mon, 30 Nov 2026 05:51:00 +0000", "Q27", "11aa1073335b43ff", "=====445566==")


def test_what_changes_every_time_is_no_difference() -> None:
    pairs = differences(filed(*ONE), filed(*TWO))
    assert first_difference(pairs) is None
    assert [pair.what for pair in pairs].count("renewed") == 8
    assert {pair.what for pair in pairs} == {"same", "renewed"}
    other = differences(filed(*ONE), filed(*TWO, subject="Ho"))
    assert [pair.what for pair in other].count("wording") + [pair.what for pair in other].count("other") == 1
    assert first_difference(other) == 16
    assert next_difference(other, 16) == 16


def test_an_address_and_a_number_a_person_chose_are_differences() -> None:
    for one, two in (
        ("C: MAIL FROM:<alice01@b>", "C: MAIL FROM:<alice02@b>"),
        ("S: 250-SIZE 1000", "S: 250-SIZE 2000"),
        ("C: HELO a1", "C: HELO a2"),
    ):
        assert lasting(one.encode()) != lasting(two.encode())
    for one, two in (
        ("+OK hi <6793c67a23b4831eee628f6c@b>", "+OK hi <0093c67a23b4831eee628f6d@b>"),
        ("* OK [UIDVALIDITY 1795967444] x", "* OK [UIDVALIDITY 1] x"),
        ("334 PDE3OTU5Njc0NDRAYj4=", "334 PDE3OTU5Njc0NDRAYz4="),
        ('INTERNALDATE "29-Nov-2026 15:50:46 +0000"', 'INTERNALDATE " 1-Dec-2026 15:50:47 +0100"'.replace('" 1', '"1')),
    ):
        assert lasting(one.encode()) == lasting(two.encode())
