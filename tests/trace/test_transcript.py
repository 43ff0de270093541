"""Dialogues as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import MailtutorError
from mailtutor.paths import content
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun
from mailtutor.trace.transcript import Transcript, Turn, parse, transcript_of

HEAD = "# protocol: smtp\n"


def read(body: str) -> list[bytes]:
    """The bytes of each turn of a transcript without its head."""
    return [turn.data for turn in parse((HEAD + body).encode()).turns]


def test_head_and_turns_are_read() -> None:
    found = parse(
        b"# Title: Hello\n# title.zh: \xe4\xbd\xa0\xe5\xa5\xbd\n# protocol: smtp\n\nS: 220 x\nC: QUIT\n# over\n"
    )
    assert found.title() == "Hello"
    assert found.title("zh") == "你好"
    assert found.title("fr") == "Hello"
    assert found.protocol == "smtp"
    assert found.turns == (Turn(False, b"220 x\r\n"), Turn(True, b"QUIT\r\n"))
    assert "over" not in found.meta


def test_a_file_from_windows_reads_the_same() -> None:
    assert parse(b"\xef\xbb\xbf# protocol: smtp\r\nS: 220\r\n").turns == (Turn(False, b"220\r\n"),)


def test_empty_lines_and_leading_spaces_of_a_turn_are_kept() -> None:
    assert read("C:\nC: \nC:  two\nC:none") == [b"\r\n", b"\r\n", b" two\r\n", b"none\r\n"]


def test_escapes_stand_for_bytes() -> None:
    assert read(r"C: \x1b[31m\\ \t\r\xff") == [b"\x1b[31m\\ \t\r\xff\r\n"]


def test_line_ends_that_are_not_crlf() -> None:
    assert read("C: lf\\n\nC: cut\\\nC: slash\\\\") == [b"lf\n", b"cut", b"slash\\\r\n"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"# protocol: smtp\nHELO\n", "x.txt, line 2: a line starts with C:"),
        (b"S: 220\n", "x.txt, line 1: no protocol"),
        (b"# protocol: smtp\nC: a\\q\n", r"x.txt, line 2: \\q means nothing"),
        (b"# protocol: smtp\nC: a\\nb\n", "x.txt, line 2: .*only at the end"),
        (b"# protocol: smtp\n# port: smtp\n", "x.txt, line 2: port is a number"),
        (b"# protocol: smtp\n# closed: bob\n", "x.txt, line 2: closed is"),
        (b"# protocol: smtp\nC: \xff\n", "x.txt, line 2: not UTF-8"),
    ],
)
def test_errors_name_file_and_line_and_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(MailtutorError, match=message):
        parse(data, "x.txt")


def test_a_transcript_becomes_events_with_regular_times() -> None:
    found = parse(b"# protocol: pop3\n# client: bob\n# server: h\n# port: 110\nS: +OK\nC: QUIT\n")
    client, server = Endpoint("bob", "", 0), Endpoint("h", "", 110)
    assert found.events(conn=3, t=10.0, at=100.0, step_s=2.0) == [
        Opened(t=10.0, at=100.0, conn=3, protocol="pop3", service="pop3", client=client, server=server),
        FromServer(t=12.0, at=102.0, conn=3, data=b"+OK\r\n"),
        FromClient(t=14.0, at=104.0, conn=3, data=b"QUIT\r\n"),
        Closed(t=16.0, at=106.0, conn=3, by="server"),
    ]


TWO = b"""# protocol: ftp
# client: bob
# server: h
# port: 21
# protocol.2: ftp_data
# port.2: 50000
# closed.2: client
C: RETR a
+2
S: 150 it comes
S2: one
-2
S: 226 done
"""


def test_a_second_connection_opens_and_closes_where_its_marks_are() -> None:
    found = parse(TWO)
    assert found.text().encode() == TWO
    events = found.events(conn=5, step_s=1.0)
    assert [(type(event), event.conn, event.t) for event in events] == [
        (Opened, 5, 0.0),
        (FromClient, 5, 1.0),
        (Opened, 6, 2.0),
        (FromServer, 5, 3.0),
        (FromServer, 6, 4.0),
        (Closed, 6, 5.0),
        (FromServer, 5, 6.0),
        (Closed, 5, 7.0),
    ]
    second = events[2]
    assert isinstance(second, Opened)
    assert (second.protocol, second.client.name, second.server) == ("ftp_data", "bob", Endpoint("h", "", 50000))
    assert [event.by for event in events if isinstance(event, Closed)] == ["client", "server"]


def test_a_second_connection_without_marks_opens_before_its_first_turn_and_ends_with_the_dialogue() -> None:
    events = parse(TWO.replace(b"+2\n", b"").replace(b"-2\n", b"")).events()
    assert [(type(event), event.conn) for event in events[2:5]] == [(FromServer, 1), (Opened, 2), (FromServer, 2)]
    assert [(type(event), event.conn) for event in events[-2:]] == [(Closed, 2), (Closed, 1)]


@pytest.mark.parametrize("line", [b"S3: x", b"+3", b"-3"])
def test_a_connection_the_head_does_not_name_is_an_error_with_its_line(line: bytes) -> None:
    with pytest.raises(MailtutorError, match=r"line 14.*protocol\.3"):
        parse(TWO + line + b"\n")


@pytest.mark.parametrize("name", ["ftp-passive", "ftp-active"])
def test_our_sessions_of_ftp_read_and_write_the_same_but_for_their_remarks(name: str) -> None:
    file = content("transcripts") / f"{name}.txt"
    found = parse(file.read_bytes(), name)
    again = parse(found.text().encode(), name)
    assert again == found
    assert {turn.conn for turn in found.turns} == {1, 2}


def test_one_connection_of_a_trace_becomes_text() -> None:
    end = Endpoint("", "127.0.0.1", 40000)
    host = Endpoint("h", "127.0.0.2", 2525)
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end, server=host),
        Opened(t=0, at=0, conn=2, protocol="smtp", service="submission", client=end, server=host),
        FromServer(t=1, at=1, conn=2, data=b"250-a\r\n25"),
        TlsBegun(t=1, at=1, conn=2, version="TLSv1.3", cipher="x"),
        FromServer(t=1, at=1, conn=1, data=b"other"),
        FromServer(t=2, at=2, conn=2, data=b"0 b \r\n"),
        FromClient(t=3, at=3, conn=2, data=b"caf\xc3\xa9\t\xe9\n"),
        FromClient(t=3, at=3, conn=2, data=b"QU"),
        Closed(t=4, at=4, conn=2, by="lost"),
    ]
    assert transcript_of(events, 2).text() == (
        "# protocol: smtp\n# service: submission\n# client: 127.0.0.1\n# server: h\n# port: 2525\n# closed: lost\n"
        "S: 250-a\nS: 25\\\n* TLS TLSv1.3 x\nS: 0 b\\x20\nC: café\\t\\xe9\\n\nC: QU\\\n"
    )
    with pytest.raises(MailtutorError, match="no connection 7"):
        transcript_of(events, 7)


def test_what_a_terminal_would_obey_is_written_visibly() -> None:
    text = Transcript((Turn(True, b"\x1b]0;x\x07\xc2\x9b1m \xe2\x80\xae\x00\r\n"),)).text()
    assert text == "C: \\x1b]0;x\\x07\\xc2\\x9b1m \\xe2\\x80\\xae\\x00\n"


def test_a_host_name_cannot_forge_a_turn() -> None:
    assert Transcript((), {"client": "x\nC: QUIT"}).text() == "# client: x?C: QUIT\n"


@given(st.lists(st.tuples(st.booleans(), st.one_of(st.binary(min_size=1), st.text(min_size=1).map(str.encode)))))
def test_any_bytes_come_back(said: list[tuple[bool, bytes]]) -> None:
    end = Endpoint("h", "", 25)
    events: list[AnyEvent] = [Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end, server=end)]
    events += [(FromClient if side else FromServer)(t=0, at=0, conn=1, data=data) for side, data in said]
    text = transcript_of(events, 1).text()
    again = parse(text.encode())
    assert again.text() == text
    assert merged([(turn.from_client, turn.data) for turn in again.turns]) == merged(said)


def merged(said: list[tuple[bool, bytes]]) -> list[tuple[bool, bytes]]:
    """Neighbours of the same side put together."""
    found: list[tuple[bool, bytes]] = []
    for side, data in said:
        if found and found[-1][0] == side:
            found[-1] = (side, found[-1][1] + data)
        else:
            found.append((side, data))
    return found


@pytest.mark.parametrize(("name", "turns"), [("alice-bob.txt", 15), ("bob-pop3.txt", 14)])
def test_the_dialogues_of_the_course_notes_read_and_write_the_same(name: str, turns: int) -> None:
    file = content("transcripts") / name
    found = parse(file.read_bytes(), str(file))
    assert len(found.turns) == turns
    assert found.text() == file.read_text(encoding="utf-8")
    assert found.title("zh") != found.title("en")


IN_TURN = """# protocol: smtp
# protocol.2: imap
# closed.2: client
S: 421 later
-1
+2
S2: * OK hi
*2 TLS TLSv1.3 TLS_AES_256_GCM_SHA384
C2: a1 NOOP
"""


def test_the_first_connection_may_close_before_another_opens_and_tls_begins_where_it_says() -> None:
    found = parse(IN_TURN.encode())
    assert found.text() == IN_TURN
    events = found.events()
    assert [(type(event).__name__, event.conn) for event in events] == [
        ("Opened", 1), ("FromServer", 1), ("Closed", 1), ("Opened", 2), ("FromServer", 2), ("TlsBegun", 2),
        ("FromClient", 2), ("Closed", 2),
    ]  # fmt: skip
    assert transcript_of(events, 1, 2).events() == events


def test_tls_needs_no_version_and_belongs_to_a_connection_the_head_names() -> None:
    found = parse(b"# protocol: smtp\nS: 220 go ahead\n* TLS\nC: EHLO me\n")
    assert [type(event).__name__ for event in found.events()] == [
        "Opened", "FromServer", "TlsBegun", "FromClient", "Closed",
    ]  # fmt: skip
    assert parse(found.text().encode()) == found
    with pytest.raises(MailtutorError, match=r"line 2.*protocol\.2"):
        parse(b"# protocol: smtp\n*2 TLS\n")
    with pytest.raises(MailtutorError, match="a line starts with"):
        parse(b"# protocol: smtp\n+1\n")


def test_a_trace_cannot_forge_a_turn_by_what_its_cipher_is_called() -> None:
    end = Endpoint("h", "", 25)
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end, server=end),
        TlsBegun(t=0, at=0, conn=1, version="x\nC: QUIT", cipher=""),
    ]
    assert transcript_of(events, 1).text().splitlines()[-1] == "* TLS x?C:?QUIT"
