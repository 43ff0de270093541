"""Sessions of FTP as lines, and lines as parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.explain import explain
from mailtutor.text.catalogue import words

C, S = Source.CLIENT, Source.SERVER
Said = tuple[Source, bytes]
SESSION: list[Said] = [
    (S, b"220-Welcome\r\n not a code\r\n220 ready\r\n"),
    (C, b"USER bob\r\n"),
    (S, b"331 password?\r\n"),
    (C, b"PASS pickles\r\n"),
    (S, b"230 in\r\n"),
    (C, b"PASV\r\n"),
    (S, b"227 Entering Passive Mode (127,0,0,4,195,80).\r\n"),
    (C, b"RETR crepes.png\r\n"),
    (S, b"150 coming\r\n"),
    (S, b"226 done\r\n"),
    (C, b"QUIT\r\n"),
    (S, b"221 bye\r\n"),
]


def read(said: list[Said], protocol: str = "ftp") -> list[Line]:
    observer = PROTOCOLS[protocol].observer()
    return [line for source, data in said for line in observer.observe(source, data)] + observer.finish()


def test_a_session_passes_through_its_states() -> None:
    lines = [line for line in read(SESSION) if line.source is S and line.last]
    assert [(line.verb, line.code, line.after) for line in lines] == [
        ("", "220", "wait_user"),
        ("USER", "331", "wait_password"),
        ("PASS", "230", "ready"),
        ("PASV", "227", "ready"),
        ("RETR", "150", "transfer"),
        ("RETR", "226", "ready"),
        ("QUIT", "221", "closed"),
    ]


def test_a_reply_of_several_lines_ends_with_its_own_code_and_a_space() -> None:
    greeting = read(SESSION)[:3]
    assert [(line.kind, line.code, line.last) for line in greeting] == [
        (Kind.GREETING, "220", False),
        (Kind.GREETING, "220", False),
        (Kind.GREETING, "220", True),
    ]


def test_a_transfer_that_cannot_open_its_connection_leaves_the_session_ready() -> None:
    lines = read([*SESSION[:8], (S, b"425 no\r\n")])
    assert (lines[-1].outcome, lines[-1].after) == (Outcome.TRY_LATER, "ready")


@pytest.mark.parametrize(
    ("source", "line", "address", "port"),
    [
        (S, b"227 Entering Passive Mode (127,0,0,4,195,80).\r\n", "127.0.0.4", "50000"),
        (S, b"229 Entering Extended Passive Mode (|||50000|)\r\n", "", "50000"),
        (C, b"PORT 127,0,0,5,195,81\r\n", "127.0.0.5", "50001"),
        (C, b"EPRT |1|127.0.0.5|50001|\r\n", "127.0.0.5", "50001"),
    ],
)
def test_where_the_second_connection_goes_is_named(source: Source, line: bytes, address: str, port: str) -> None:
    (said,) = [found for found in read([(source, line)]) if found.raw == line]
    named = {
        span.key.rpartition(".")[2]: span.value or line[span.start : span.end].decode()
        for span in PROTOCOLS["ftp"].spans(said)
    }
    assert (named.get("address", ""), named["port"]) == (address, port)


@pytest.mark.parametrize(
    "line",
    [b"PASS pickles\r\n", b" pass  pickles\r\n", b"ACCT pickles", b"PSAS pickles\r\n", b"pickles\r\n", b"pickles"],
)
def test_a_password_is_a_secret_however_it_is_said(line: bytes) -> None:
    (said,) = read([(C, line)])
    assert [line[span.start : span.end] for span in PROTOCOLS["ftp"].spans(said) if span.secret] == [b"pickles"]


def test_half_a_session_finds_its_state() -> None:
    lines = read(SESSION[7:9])
    assert (lines[-1].verb, lines[-1].after) == ("RETR", "transfer")


def test_after_auth_both_sides_are_sealed() -> None:
    record = b"\x16\x03\x03\x00\x02hi"
    lines = read([(S, b"220 x\r\n"), (C, b"AUTH TLS\r\n"), (S, b"234 go\r\n"), (C, record), (S, record[:6])])
    assert [(line.kind, line.oddity) for line in lines[-2:]] == [
        (Kind.CIPHERTEXT, ""),
        (Kind.CIPHERTEXT, "wire.cut"),
    ]


def test_what_crosses_the_second_connection_is_content_to_the_last_octet() -> None:
    file = b"\x89PNG\r\n\x1a\n\x00" + b"x" * 40_000
    lines = read([(S, file)], "ftp_data")
    assert b"".join(line.raw for line in lines) == file
    assert {line.kind for line in lines} == {Kind.LITERAL}


def test_every_line_is_explained_in_both_languages() -> None:
    for language in ("en", "zh"):
        for protocol, said in (("ftp", SESSION), ("ftp_data", [(S, b"\x89PNG\r\n")])):
            for line in read(said, protocol):
                told = explain(line, protocol, words(language))
                assert told.headline
                assert told.what
                assert told.rfc.startswith("RFC 959")
                assert all(piece.name and not piece.name.startswith("ftp") for piece in told.pieces)


_TURNS = st.lists(
    st.one_of(
        st.sampled_from([*SESSION, (C, b"AUTH TLS\r\n"), (S, b"234 go\r\n"), (C, b"\x16\x03\x03\x00\x02hi")]),
        st.tuples(st.sampled_from([C, S]), st.binary(max_size=20)),
    ),
    max_size=12,
)


@pytest.mark.parametrize("protocol", ["ftp", "ftp_data"])
@given(turns=_TURNS)
def test_however_the_bytes_are_cut_the_lines_are_the_same_and_none_is_lost(protocol: str, turns: list[Said]) -> None:
    whole = read(turns, protocol)
    pieces = read([(source, said[i : i + 1]) for source, said in turns for i in range(len(said))], protocol)
    for side in Source:
        # What is sealed and yet no record of TLS is shown as it comes.
        assert [line for line in whole if line.source is side and line.kind is not Kind.CIPHERTEXT] == [
            line for line in pieces if line.source is side and line.kind is not Kind.CIPHERTEXT
        ]
        said = b"".join(data for source, data in turns if source is side)
        for lines in (whole, pieces):
            assert b"".join(line.raw for line in lines if line.source is side) == said
    for line in whole:
        ends = [0]
        for span in PROTOCOLS[protocol].spans(line):
            assert ends[-1] <= span.start <= span.end <= len(line.raw)
            ends.append(span.end)
