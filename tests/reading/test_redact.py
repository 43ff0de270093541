"""What leaves the lab has no passwords in it, however the bytes were cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols import skim
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Source
from mailtutor.protocols.skim import Skimming
from mailtutor.reading import redact
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.redact import Redactor, redacted
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


HTTP = [
    ("C", b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Ym9iOnBpY2tsZXM=\r\nCookie: seen=c2VjcmV0\r\n\r\n"),
    ("S", b"HTTP/1.1 204 No Content\r\n\r\n"),
]
FORM = [
    ("C", b"POST /login?user=bob&passwd=hunter2&x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n\r\n"),
    ("C", b"name=bob&geheim=hunter2&x"),
    ("S", b"HTTP/1.1 204 No Content\r\n\r\n"),
]
FTP = [
    ("S", b"220 x\r\n"), ("C", b"USER bob\r\n"), ("S", b"331 password?\r\n"), ("C", b"hunter2\r\n"),
    ("S", b"500 ?\r\n"), ("C", b"PASS hunter2\r\n"), ("S", b"230 ok\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "said", "secrets"),
    [
        ("http", HTTP, [b"Ym9iOnBpY2tsZXM=", b"c2VjcmV0"]),
        ("http", FORM, [b"hunter2"]),
        # Without a Host nobody believes the head, nor what it says of the body.
        ("http", [("C", said.replace(b"Host: x", b"X-Gone: 1")) for who, said in FORM if who == "C"], [b"hunter2"]),
        ("ftp", FTP, [b"hunter2"]),
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


GREETINGS = {"smtp": b"220 x\r\n", "pop3": b"+OK x\r\n", "imap": b"* OK x\r\n"}
REFUSALS = {"smtp": b"500 5.5.2 no\r\n", "pop3": b"-ERR no\r\n", "imap": b"* BAD no\r\n"}


def _typed(protocol: str, *lines: str, refusal: bytes = b"") -> bytes:
    """What is left of the client's lines when a server refuses each."""
    wire = [("S", GREETINGS[protocol])]
    for line in lines:
        wire += [("C", line.encode() + b"\r\n"), ("S", refusal or REFUSALS[protocol])]
    return _bytes(redacted(_trace(protocol, *wire)), FromClient)


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap"])
@pytest.mark.parametrize(
    "line",
    [
        "AUTHPLAIN s3cr3t", "AUTH  PLAIN   s3cr3t", "auth plain s3cr3t", "Auth\tLogin\ts3cr3t", "AUTH s3cr3t",
        "AUTH=PLAIN s3cr3t", "AUTH PLAIN x s3cr3t", "AUTH XOAUTH2 s3cr3t", "AUTH-PLAIN s3cr3t", "AUHT PLAIN s3cr3t",
        "AUTH NEWEST-METHOD s3cr3t", "AUTHENTICATE PLAIN s3cr3t", "SASL PLAIN s3cr3t",
        "LOGON bob s3cr3t", "logon s3cr3t", "LOGIN bob s3cr3t", "LOGIN s3cr3t", "LOIGN bob s3cr3t", "LOGIN:s3cr3t",
        "signin bob s3cr3t",
        "PASSWORD s3cr3t", "password: s3cr3t", "PASSWD s3cr3t", "PASS s3cr3t", "PASS  a s3cr3t b", "pass=s3cr3t",
        "PSAS s3cr3t", "PAS s3cr3t", "PASSs3cr3t", "PWD s3cr3t", "PASS PLAIN s3cr3t", "Pass phrase s3cr3t",
        "USER bob s3cr3t", "user bob/x s3cr3t", "APOP bob s3cr3t", "USERNAME bob s3cr3t",
        "s3cr3t", " s3cr3t", "\ts3cr3t ", "bob s3cr3t", "s3cr3t bob", "C: PASS s3cr3t", "-> AUTH PLAIN s3cr3t",
        "my pass is s3cr3t", "口令 s3cr3t", "口令s3cr3t", "\"PASS\" s3cr3t", "1 LOGIN bob s3cr3t", "a1 PASS s3cr3t",
        "a LOGON bob s3cr3t", "a s3cr3t", "a login  bob  s3cr3t", ". LOGIN bob s3cr3t", 'a LOGIN "bob x" s3cr3t',
        "a LOGIN bob s3cr3t {3}", "a LOGIN bob s3cr3t}",
    ],
)  # fmt: skip
def test_a_password_in_any_clothes_is_masked(protocol: str, line: str) -> None:
    left = _typed(protocol, line)
    assert b"s3cr3t" not in left
    assert len(left) == len(line.encode()) + 2


@pytest.mark.parametrize(
    ("protocol", "lines"),
    [
        ("smtp", ["EHLO x", "AUTH LOGIN", "NOOP", "s3cr3t"]),
        ("smtp", ["EHLO x", "AUTH PLAIN", "QUIT s3cr3t"]),
        ("smtp", ["EHLO x", "AUTH LOGIN", "Rests3cr3t"]),
        ("pop3", ["USER bob", "NOOP", "s3cr3t", "Listen s3cr3t"]),
        ("pop3", ["USER bob", "Passs3cr3t"]),
        ("imap", ["a LOGIN bob x", "b NOOP", "s3cr3t", "c Seletc s3cr3t"]),
        ("imap", ["a LOGON bob {6+}", "s3cr3t"]),
        ("imap", ["a LOGON {3+}", "bob {6+}", "s3cr3t"]),
    ],
)
def test_once_a_login_was_begun_all_that_is_not_right_is_masked(protocol: str, lines: list[str]) -> None:
    assert b"s3cr3t" not in _typed(protocol, *lines)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "said",
    [
        [("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", b"*\r\n"), ("S", b"501 5.7.0 no\r\n"),
         ("C", b"s3cr3t\r\n"), ("S", b"500 5.5.2 Command not recognized: S3CR3T\r\n")],
        [("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", b"s3cr3t\r\n"), ("S", b"501 5.5.2 no\r\n"),
         ("C", b"s3cr3t\r\n"), ("S", b"500 5.5.2 Command not recognized: S3CR3T\r\n")],
        [("C", b"AUTH LOGIN\r\nYm9i\r\ns3cr3t\r\nQUIT\r\n"), ("S", b"504 no\r\n500 S3CR3T?\r\n500 s3cr3t?\r\n")],
        [("C", b"AUTH s3cr3t\r\n"), ("S", b"504 5.5.4 Mechanism S3CR3T is not offered\r\n")],
        [("C", b"AUTH PLAIN s3cr3t\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"), ("S", b"235 ok\r\n250 a\r\n250 b\r\n")],
        [("C", b"s3cr3t!x\r\n"), ("S", b"500 5.5.2 Command not recognized: S3CR3T\r\n")],
        [("C", b"STARTTLS\r\nAUTH PLAIN s3cr3t\r\n"), ("S", b"220 go\r\n")],
        [("C", b"AUTH PLAIN s3cr")],
    ],
)  # fmt: skip
def test_neither_side_tells_a_password(said: list[tuple[str, bytes]], size: int) -> None:
    cut = [(who, data[at : at + size]) for who, data in said for at in range(0, len(data), size)]
    after = redacted(_trace("smtp", ("S", b"220 x\r\n"), ("C", b"EHLO x\r\n"), ("S", b"250 x\r\n"), *cut))
    both = (_bytes(after, FromClient) + _bytes(after, FromServer)).lower()
    assert b"s3cr" not in both
    if said[0][1].endswith(b"RCPT TO:<c@d>\r\n"):
        assert b"mail from:<a@b>\r\nrcpt to:<c@d>\r\n" in both


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("smtp", "HELLO crepes.fr"), ("smtp", "MAILFROM:<alice@crepes.fr>"), ("smtp", "RCTP TO:<bob@hamburger.edu>"),
        ("smtp", "MAIL FORM:<alice@crepes.fr>"), ("smtp", "RETR 1"), ("smtp", "MAIL FROM:<a@b.c> AUTH=<>"),
        ("smtp", "AUTH PLAIN"), ("smtp", "USER bob"), ("smtp", "TURN"), ("smtp", ""), ("smtp", "HELP AUTH"),
        ("pop3", "USER bob"), ("pop3", "STAT now"), ("pop3", "LSIT"), ("pop3", "EHLO x"), ("pop3", "AUTH PLAIN"),
        ("imap", "a LOGIN bob {6}"), ("imap", "a1 SELCT INBOX"), ("imap", "SELECT INBOX"), ("imap", "a UID FETCH 1 x"),
        ("imap", "a AUTHENTICATE PLAIN"), ("imap", "a CAPABILITY"), ("imap", "a STARTTLS"),
    ],
)  # fmt: skip
def test_what_is_only_a_slip_stays_to_be_seen(protocol: str, line: str) -> None:
    assert _typed(protocol, line) == line.encode() + b"\r\n"


def test_after_a_login_that_succeeded_slips_stay_again() -> None:
    said = [("C", b"AUTH PLAIN xxxx\r\n"), ("S", b"235 ok\r\n"), ("C", b"MIAL FROM:<a@b>\r\n"), ("S", b"500 no\r\n")]
    after = redacted(_trace("smtp", ("S", b"220 x\r\n"), ("C", b"EHLO x\r\n"), ("S", b"250 x\r\n"), *said))
    assert _bytes(after, FromClient) == b"EHLO x\r\nAUTH PLAIN ****\r\nMIAL FROM:<a@b>\r\n"


def test_letters_are_left_alone() -> None:
    body = b"Subject: PASS s3cr3t\r\n\r\nLOGIN bob hello\r\nhello\r\n.\r\n"
    said = [("C", b"MAIL FROM:<a@b>\r\n"), ("S", b"250 ok\r\n"), ("C", b"RCPT TO:<c@d>\r\n"), ("S", b"250 ok\r\n"),
            ("C", b"DATA\r\n"), ("S", b"354 go\r\n"), ("C", body), ("S", b"250 ok\r\n")]  # fmt: skip
    before = _trace("smtp", ("S", b"220 x\r\n"), ("C", b"HELO x\r\n"), ("S", b"250 x\r\n"), *said)
    assert _bytes(redacted(before), FromClient) == _bytes(before, FromClient)


# Messages are passed over ---------------------------------------------------------------------------------------------

_MAIL = [
    ("S", b"220 x\r\n"),
    ("C", b"EHLO x\r\n"),
    ("S", b"250 x\r\n"),
    ("C", b"MAIL FROM:<a@b>\r\n"),
    ("S", b"250 ok\r\n"),
    ("C", b"RCPT TO:<c@d>\r\n"),
    ("S", b"250 ok\r\n"),
]
_LETTER = b"Subject: x\r\n\r\n..\r\n.x\r\n\n.\nAUTH PLAIN no\r\n\r\r\n"
_LOGIN = b"AUTH PLAIN s3cr3t\r\n"
_BDAT = b"BDAT %d LAST\r\n" % len(_LETTER) + _LETTER
BEHIND = {
    "smtp": [
        *_MAIL,
        ("C", b"DATA\r\n"),
        ("S", b"354 go\r\n"),
        ("C", _LETTER + b".\r\n" + _LOGIN),
        ("S", b"250 ok\r\n235 ok\r\n"),
    ],
    "smtp without waiting": [
        *_MAIL,
        ("C", b"DATA\r\n" + _LETTER + b".\r\n" + _LOGIN),
        ("S", b"354 go\r\n250 ok\r\n235 ok\r\n"),
    ],
    "smtp to a careless server": [
        *_MAIL,
        ("C", b"DATA\r\n"),
        ("S", b"354 go\r\n"),
        ("C", b"hi\n.\nAUTH PLAIN s3c"),
        ("S", b"250 ok\r\n"),
        ("C", b"r3t\r\n"),
    ],
    "smtp in chunks": [*_MAIL, ("C", _BDAT + _LOGIN), ("S", b"250 ok\r\n235 ok\r\n")],
    "pop3": [
        ("S", b"+OK x\r\n"),
        ("C", b"RETR 1\r\nPASS s3cr3t\r\nRETR 2\r\n"),
        ("S", b"+OK\r\n" + _LETTER + b".\r\n-ERR no\r\n"),
        ("C", b"PASS s3cr3t\r\n"),
    ],
    "imap": [
        ("S", b"* OK x\r\n"),
        ("C", b"a1 APPEND INBOX {%d+}\r\n" % len(_LETTER) + _LETTER + b"\r\na2 LOGIN bob s3cr3t\r\n"),
        ("S", b"* 1 FETCH (BODY[] {%d}\r\n" % len(_LETTER) + _LETTER + b")\r\na1 OK\r\na2 OK\r\n"),
        ("C", b"LOGIN APPEND x {6+}\r\ns3cr3t\r\na LOGIN bob {6+}\r\ns3cr3t\r\n"),
    ],
}


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("name", BEHIND)
def test_a_login_behind_a_message_is_masked_and_the_message_stays(name: str, size: int) -> None:
    cut = [(who, data[at : at + size]) for who, data in BEHIND[name] for at in range(0, len(data), size)]
    before = _trace(name.split()[0], *cut)
    after = redacted(before)
    client = _bytes(after, FromClient)
    assert b"s3cr3t" not in client
    assert len(client) == len(_bytes(before, FromClient))
    assert client.count(_LETTER) == _bytes(before, FromClient).count(_LETTER)
    assert _bytes(after, FromServer) == _bytes(before, FromServer)


_SAID = {
    "smtp": [
        b"DATA\r\n",
        b"354 go\r\n",
        b"250 ok\r\n",
        b"BDAT 9\r\n",
        b"AUTH PLAIN s3cr3t\r\n",
        b"AUTH LOGIN\r\n",
        b"334 \r\n",
    ],
    "pop3": [
        b"RETR 1\r\n",
        b"+OK\r\n",
        b"-ERR no\r\n",
        b"USER bob\r\n",
        b"PASS s3cr3t\r\n",
        b"AUTH PLAIN\r\n",
        b"+ \r\n",
    ],
    "imap": [
        b"a1 APPEND x {9}\r\n",
        b"+ go\r\n",
        b"a LOGIN bob {6}\r\n",
        b"a1 OK\r\n",
        b"a LOGON b {9+}\r\n",
        b"* 1 FETCH ({9}\r\n",
        b"LOGIN APPEND x {9+}\r\n",
    ],
}
_LINES = [
    b".\r\n",
    b"..\r\n",
    b".\n",
    b".\r\r\n",
    b"\r",
    b"\n",
    b".",
    b"\r\n",
    b"s3cr3t",
    b"text\r\n",
    b"a line that is long\r\n",
]


@st.composite
def _traffic(draw: st.DrawFn) -> tuple[str, list[tuple[str, bytes]], list[int]]:
    protocol = draw(st.sampled_from(sorted(_SAID)))
    words = st.one_of(st.sampled_from(_SAID[protocol]), st.sampled_from(_LINES), st.binary(min_size=1, max_size=9))
    said = draw(st.lists(st.tuples(st.sampled_from("CS"), words), max_size=25))
    return protocol, said, draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))


def _cut(said: list[tuple[str, bytes]], sizes: list[int]) -> list[tuple[str, bytes]]:
    pieces: list[tuple[str, bytes]] = []
    for who, data in said:
        at = 0
        while at < len(data):
            size = sizes[len(pieces) % len(sizes)]
            pieces.append((who, data[at : at + size]))
            at += size
    return pieces


def _sides(events: list[AnyEvent]) -> list[tuple[str, bytes]]:
    """What was said in turn, neighbours of one side together."""
    turns: list[tuple[str, bytes]] = []
    for event in events:
        if isinstance(event, (FromClient, FromServer)):
            who = type(event).__name__
            before = turns.pop()[1] if turns and turns[-1][0] == who else b""
            turns.append((who, before + event.data))
    return turns


@given(_traffic())
def test_a_saved_trace_is_the_same_however_the_bytes_were_cut(
    traffic: tuple[str, list[tuple[str, bytes]], list[int]],
) -> None:
    protocol, said, sizes = traffic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skim, "_LINE_LIMIT", 8)
        assert _sides(redacted(_trace(protocol, *_cut(said, sizes)))) == _sides(redacted(_trace(protocol, *said)))


@pytest.mark.parametrize("size", [1000, 16_384, 1_000_000])
def test_a_line_without_an_end_is_kept_whole_and_not_waited_for(size: int) -> None:
    long = b"x" * 300_000
    cut = [("C", long[at : at + size]) for at in range(0, len(long), size)]
    data = [*_MAIL, ("C", b"DATA\r\n"), ("S", b"354 go\r\n")]
    redactor = redact.Redactor()
    left = [safe for event in _trace("smtp", *data, *cut)[:-1] for safe in redactor.take(event)]
    assert _bytes(left, FromClient).endswith(b"DATA\r\n" + long)
    left = redacted(_trace("smtp", *data, *cut, ("C", b".\r"), ("C", b"\n.\r\n" + _LOGIN), ("S", b"250 ok\r\n")))
    assert _bytes(left, FromClient).endswith(long + b".\r\n.\r\nAUTH PLAIN ******\r\n")


@given(_traffic())
def test_to_pass_over_messages_hides_what_reading_every_line_would(
    traffic: tuple[str, list[tuple[str, bytes]], list[int]],
) -> None:
    protocol, said, _ = traffic
    skimmed = redacted(_trace(protocol, *said))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redact, "_may_skim", lambda observer: False)
        read = redacted(_trace(protocol, *said))
    for kind in (FromClient, FromServer):
        assert _bytes(skimmed, kind) == _bytes(read, kind)


def test_every_protocol_with_messages_can_be_skimmed() -> None:
    assert all(isinstance(PROTOCOLS[name].observer(), Skimming) for name in _SAID)


def test_a_login_mistyped_after_a_literal_nobody_wanted_is_masked() -> None:
    said = [
        ("S", b"* OK x\r\n"),
        ("C", b"a1 APPEND x {20}\r\n"),
        ("S", b"a1 NO no\r\n"),
        ("C", b"b LOGON bob s3cr3t\r\n"),
    ]
    assert b"s3cr3t" not in _bytes(redacted(_trace("imap", *said)), FromClient)


def test_a_login_after_an_end_only_this_server_takes_for_one_is_masked_whatever_stood_behind_it() -> None:
    said = [
        *_MAIL,
        ("C", b"DATA\n"),
        ("S", b"354 go\r\n"),
        ("C", b"hi\n.\nNOOP\n"),
        ("S", b"250 ok\r\n250 ok\r\n"),
        ("C", b"AUTH PLAIN s3cr3t\n"),
        ("S", b"235 ok\r\n"),
    ]
    assert b"s3cr3t" not in _bytes(redacted(_trace("smtp", *said)), FromClient)


def test_of_a_connection_without_its_beginning_nothing_is_told() -> None:
    said = FromClient(t=0, at=0, conn=9, data=b"PASS geheim\r\nSTAT\r\n")
    (safe,) = Redactor().take(said)
    assert isinstance(safe, FromClient)
    assert safe.data == b"***********\r\n****\r\n"


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap", "ftp"])
@given(argument=st.from_regex(rb"[ -~]{0,20}", fullmatch=True))
def test_the_table_names_every_command_whose_arguments_may_be_a_secret(protocol: str, argument: bytes) -> None:
    entry = PROTOCOLS[protocol]
    tag = b"a1 " if protocol == "imap" else b""
    for verb in entry.table.commands:
        (line, *_) = entry.observer().observe(Source.CLIENT, b"%b%b %b\r\n" % (tag, verb.encode(), argument))
        if line.verb == verb and any(span.secret for span in entry.spans(line)):
            assert verb in entry.table.secret
