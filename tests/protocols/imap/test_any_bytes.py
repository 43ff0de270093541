"""Whatever is sent: nothing raises, nothing is lost, and how it was cut makes no difference."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA
from mailtutor.protocols.imap import ImapObserver, spans, table
from mailtutor.protocols.imap.client import ImapClient
from mailtutor.protocols.imap.server import ImapServer
from mailtutor.protocols.lines import Line, Source
from tests.protocols.imap.world import World

# Every command of the table, by its example and with its arguments cut off.
EXAMPLES = [row.example.encode() + b"\r\n" for row in table.COMMANDS.values()]
VERBS = [b"a1 " + verb.encode() + b" " for verb in table.COMMANDS]
CLIENT_PIECES = st.sampled_from(
    [
        *EXAMPLES,
        *VERBS,
        b"a1 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2\r\n",
        b"a2 SELECT INBOX (QRESYNC (3857529045 1 1:7 (1:2 4,7)))\r\n",
        b"a3 UID FETCH 1:* (FLAGS MODSEQ BINARY.SIZE[1] BINARY[]) (CHANGEDSINCE 1 VANISHED)\r\n",
        b"a3 SEARCH RETURN (MIN MAX ALL COUNT SAVE) $ MODSEQ 1\r\n",
        b"a3 SORT (REVERSE SUBJECT DATE CC) UTF-8 ",
        b"a4 UID STORE $ (UNCHANGEDSINCE 1) -FLAGS.SILENT (\\Seen)\r\n",
        b"a5 APPEND INBOX UTF8 (~{3+}\r\n",
        b'a6 LIST (SUBSCRIBED RECURSIVEMATCH) "" (% *) RETURN (CHILDREN STATUS (SIZE))\r\n',
        b"a6 AUTHENTICATE SCRAM-SHA-256 biwsbj1ib2Iscj1hYmM=\r\n",
        b"RETURN (",
        b"(CHANGEDSINCE ",
        b"$",
        b"a1 ",
        b"a1 LOGIN bob hungry\r\n",
        b"a1 SELECT INBOX\r\n",
        b"a1 AUTHENTICATE PLAIN\r\n",
        b"AGJvYgBodW5ncnk=\r\n",
        b"a2 IDLE\r\n",
        b"DONE\r\n",
        b"a3 FETCH 1:* (FLAGS BODY[] ENVELOPE BODYSTRUCTURE)\r\n",
        b"a3 UID FETCH * BODY.PEEK[HEADER.FIELDS (",
        b"a4 STORE 1 +FLAGS (\\Deleted)\r\n",
        b"a4 EXPUNGE\r\n",
        b"a5 APPEND INBOX {3}\r\n",
        b"a5 APPEND INBOX (\\Seen) {3+}\r\n",
        b"a6 SEARCH OR NOT (SUBJECT ",
        b"a6 COPY 1 friends\r\n",
        b'a7 LIST "" *\r\n',
        b"a7 CLOSE\r\n",
        b"a8 LOGOUT\r\n",
        b"UID ",
        b"{5}\r\n",
        b"{2+}\r\n",
        b"~{2}\r\n",
        b'"',
        b"\\",
        b"(",
        b")",
        b"[",
        b"*",
        b"1:*",
        b"&",
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
    ]
)
SERVER_PIECES = st.sampled_from(
    [
        b"* OK [CAPABILITY IMAP4rev1] hi\r\n",
        b"* PREAUTH hi\r\n",
        b"* BYE bye\r\n",
        b"* 3 EXISTS\r\n",
        b"* 2 FETCH (FLAGS (\\Seen) BODY[] {4}\r\n",
        b"* 2 FETCH (ENVELOPE ((NIL) ",
        b'* LIST () "/" {3}\r\n',
        b"* STATUS x (MESSAGES 1)\r\n",
        b"* VANISHED (EARLIER) 1:3,7\r\n",
        b'* ESEARCH (TAG "a1") UID MIN 1 ALL 1:3 MODSEQ 4\r\n',
        b"* SORT 3 1 2 (MODSEQ 9)\r\n",
        b"* 2 FETCH (MODSEQ (9) BINARY[1] ~{2}\r\n",
        b'* LIST (\\NonExistent) "/" x ("CHILDINFO" ("SUBSCRIBED"))\r\n',
        b"* QUOTA bob (STORAGE 1 2)\r\n",
        b"* QUOTAROOT x bob\r\n",
        b"* ENABLED QRESYNC\r\n",
        b"* ",
        b"a1 OK done\r\n",
        b"a2 NO no\r\n",
        b"a3 BAD {5}\r\n",
        b"+ go\r\n",
        b"+\r\n",
        b"(",
        b")",
        b'"',
        b"{1}\r\n",
        b"\r\n",
        b"\n",
        b"\xff\0",
    ]
)


def stream(pieces: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(pieces, st.binary(max_size=4)), max_size=25).map(b"".join)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def served(chunks: list[bytes], *, past_login: bool) -> tuple[bytes, str, object]:
    """What a server says to these chunks, its state, and the mailboxes afterwards."""
    world, server = World(), ImapServer("hamburger.edu")
    server.greet()
    if past_login:
        server.receive_data(b"z1 LOGIN bob hungry\r\nz2 SELECT INBOX\r\n")
    said = world.settle(server)
    for chunk in chunks:
        server.receive_data(chunk)
        said += world.settle(server)
    server.receive_eof()
    said += world.settle(server)
    assert world.closed
    return said, server.state, world.boxes


@given(stream(CLIENT_PIECES), st.integers(1, 9), st.booleans())
@example(b"a5 APPEND INBOX {3+}\r\n\r\nx\r\n", 1, True)
def test_a_server_says_the_same_however_its_input_is_cut(data: bytes, size: int, past_login: bool) -> None:
    whole = served([data], past_login=past_login)
    assert served(cut(data, size), past_login=past_login) == whole
    if b"~{" not in whole[0]:
        assert b"\0" not in whole[0]


def observed(turns: list[tuple[Source, bytes]], size: int = 0) -> list[Line]:
    observer = ImapObserver()
    lines = []
    for source, data in turns:
        for chunk in cut(data, size or len(data) or 1):
            lines += observer.observe(source, chunk)
    return lines + observer.finish()


SIDES = st.one_of(
    stream(CLIENT_PIECES).map(lambda data: (Source.CLIENT, data)),
    stream(SERVER_PIECES).map(lambda data: (Source.SERVER, data)),
)


@given(st.lists(SIDES, max_size=6), st.integers(1, 9))
def test_an_observer_reads_anything_and_loses_no_byte(turns: list[tuple[Source, bytes]], size: int) -> None:
    lines = observed(turns)
    assert observed(turns, size) == lines
    for source in Source:
        said = b"".join(data for side, data in turns if side is source)
        assert b"".join(line.raw for line in lines if line.source is source) == said


@given(st.lists(SIDES, max_size=6))
def test_spans_lie_inside_their_line_in_order(turns: list[tuple[Source, bytes]]) -> None:
    for line in observed(turns):
        end = 0
        for span in spans(line):
            assert end <= span.start < span.end <= len(line.raw)
            end = span.end


def told(chunks: list[bytes]) -> list[object]:
    client = ImapClient()
    found: list[object] = []
    try:
        for chunk in chunks:
            client.receive_data(chunk)
            while (event := client.next_event()) is not NEED_DATA:
                found.append(event)
    except RemoteProtocolError as wrong:
        found.append(str(wrong))
    return found


@given(stream(SERVER_PIECES), st.integers(1, 9))
def test_a_client_hears_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    assert told(cut(data, size)) == told([data])
