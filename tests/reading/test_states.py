"""The figure of a protocol comes from its table; a conversation stands in it where its lines say."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Dialogue, Row
from mailtutor.reading.states import Cause, Passage, Standing, chart, standing, ways
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, FromClient, FromServer, TlsBegun
from mailtutor.trace.transcript import parse
from tests.reading.test_explain import rows as printed
from tests.reading.test_phase import IMAP, POP3, read

EN = words("en")
SMTP, POP = PROTOCOLS["smtp"].table, PROTOCOLS["pop3"].table
RETR = (
    (True, b"RETR 1\r\n"), (False, b"+OK 9 octets\r\n"), (False, b"Hi\r\n"), (False, b".\r\n"),
)  # fmt: skip


def arrivals(rows: list[Row], protocol: str) -> list[tuple[str, str, str]]:
    """Every state that was come to, and by what; read on from line to line and all at once."""
    table = PROTOCOLS[protocol].table
    now: Standing | None = None
    since = 0
    found: list[tuple[str, str, str]] = []
    for count in range(1, len(rows) + 1):
        now = standing(table, rows, count, "", since, now)
        assert now == standing(table, rows, count)
        since, came = count, now.arrived
        if came is not None and (came.end, came.verb, came.code) not in found[-1:]:
            found.append((came.end, came.verb, came.code))
    return found


@pytest.mark.parametrize(
    ("protocol", "spine", "beside"),
    [
        (
            "smtp", "connect wait ready mail rcpt data closed",
            {"connect": "barred", "ready": "tls auth", "rcpt": "bdat"},
        ),
        ("pop3", "connect authorization user_given transaction update closed", {"authorization": "authenticating tls"}),
        (
            "imap", "connect not_authenticated authenticated selected logout",
            {"authenticated": "idle_authenticated", "selected": "idle"},
        ),
        ("dns", "open", {}),
    ],
)  # fmt: skip
def test_the_spine_is_how_a_conversation_usually_goes(protocol: str, spine: str, beside: dict[str, str]) -> None:
    drawn = chart(PROTOCOLS[protocol].table)
    assert " ".join(drawn.spine) == spine
    assert {state: " ".join(drawn.beside(state)) for state in beside} == beside


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
def test_every_state_has_a_place_and_every_move_that_leads_elsewhere_an_arrow(protocol: str) -> None:
    table = PROTOCOLS[protocol].table
    drawn = chart(table)
    assert set(drawn.places) == set(table.states)
    assert all((place.beside, state) in drawn.edges for state, place in drawn.places.items() if place.beside)
    for state, moves in table.moves.items():
        for move in moves.values():
            # What only the end of an exchange gets is an arrow from there.
            starts = {state, move.go_on or state}
            assert move.ok == state or any((start, move.ok) in drawn.edges for start in starts)
            assert all((state, end) in drawn.edges for end in (move.go_on, move.fail) if end not in ("", state))


@pytest.mark.parametrize(
    ("protocol", "ask", "agree"), [("smtp", b"STARTTLS\r\n", b"220 go\r\n"), ("pop3", b"STLS\r\n", b"+OK go\r\n")]
)
def test_tls_leads_where_the_client_begins_anew(protocol: str, ask: bytes, agree: bytes) -> None:
    greeting = agree.replace(b"go", b"ready")
    hello = ((True, b"EHLO a\r\n"), (False, b"250 a\r\n")) if protocol == "smtp" else ()
    turns = ((False, greeting), *hello, (True, ask), (False, agree))
    events: list[AnyEvent] = list(parse(f"# protocol: {protocol}\n".encode()).events()[:1])
    events += [(FromClient if client else FromServer)(t=0, at=0, conn=1, data=data) for client, data in turns]
    events.append(TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="x"))
    dialogue = Dialogue()
    dialogue.take(events, 0)
    table, rows = PROTOCOLS[protocol].table, dialogue.connections[1].rows
    now = standing(table, rows, len(rows))
    assert now.arrived == Passage("tls", now.state, Cause.TLS)
    assert chart(table).edges["tls", now.state].cause is Cause.TLS


def test_the_textbooks_dialogue_goes_down_the_spine_and_round() -> None:
    assert arrivals(printed(), "smtp") == [
        ("wait", "", "220"), ("ready", "HELO", "250"), ("mail", "MAIL", "250"), ("rcpt", "RCPT", "250"),
        ("data", "DATA", "354"), ("ready", ".", "250"), ("closed", "QUIT", "221"),
    ]  # fmt: skip


def test_pop3_goes_back_on_a_wrong_password_and_updates_after_quit() -> None:
    assert arrivals(read("pop3", POP3), "pop3") == [
        ("authorization", "", "+OK"), ("user_given", "USER", "+OK"), ("authorization", "PASS", "-ERR"),
        ("user_given", "USER", "+OK"), ("transaction", "PASS", "+OK"), ("update", "QUIT", "+OK"),
    ]  # fmt: skip


def test_imap_waits_aside_and_comes_back() -> None:
    assert arrivals(read("imap", IMAP), "imap")[2:5] == [
        ("selected", "SELECT", "OK"), ("idle", "IDLE", "+"), ("selected", "IDLE", "OK"),
    ]  # fmt: skip


def test_a_refusal_and_a_command_that_changes_nothing_leave_the_conversation_where_it_is() -> None:
    rows = read("smtp", ((False, b"220 a\r\n"), (True, b"DATA\r\n"), (False, b"503 no\r\n")))
    now = standing(SMTP, rows, len(rows))
    assert now.last == Passage("wait", "wait", Cause.COMMAND, "DATA", "503", Outcome.REFUSED)
    assert now.arrived == Passage("connect", "wait", Cause.GREETING, "", "220", Outcome.SUCCESS)


def test_a_command_without_its_answer_is_asked() -> None:
    rows = printed()
    said = next(number for number, row in enumerate(rows, 1) if row.line.verb == "MAIL")
    assert [standing(SMTP, rows, count).asked for count in (said - 1, said, said + 1)] == ["", "MAIL", ""]


def test_the_dot_ends_a_listing_whose_status_came_before_it() -> None:
    rows = read("pop3", (*POP3[:9], *RETR))
    seen = [standing(POP, rows, count) for count in range(len(rows) - 3, len(rows) + 1)]
    assert [now.asked for now in seen] == ["RETR", "RETR", "RETR", ""]
    assert seen[-1].last == Passage("transaction", "transaction", Cause.COMMAND, "RETR", "+OK", Outcome.SUCCESS)


def test_a_connection_that_is_cut_ends_without_a_word_and_without_update() -> None:
    now = standing(POP, read("pop3", POP3), 9, "closed")
    assert now == Standing("closed", Passage("transaction", "closed", Cause.END), now.last)
    assert standing(POP, [], 0) == Standing("connect")


@pytest.mark.parametrize(
    ("protocol", "state", "first", "ends"),
    [
        ("smtp", "ready", [("MAIL", "mail")], [("QUIT", "closed")]),
        ("smtp", "rcpt", [("DATA", "data"), ("RCPT", "rcpt")], [("QUIT", "closed")]),
        ("pop3", "authorization", [("USER", "user_given"), ("APOP", "transaction")], [("QUIT", "closed")]),
        ("pop3", "transaction", [("STAT", "transaction")], [("QUIT", "update")]),
        ("imap", "authenticated", [("SELECT", "selected")], [("LOGOUT", "logout")]),
        ("imap", "idle", [("DONE", "selected")], []),
    ],
)
def test_what_leads_on_is_listed_first(
    protocol: str, state: str, first: list[tuple[str, str]], ends: list[tuple[str, str]]
) -> None:
    legal, refused = ways(PROTOCOLS[protocol].table, state, EN)
    listed = [(way.said.verb, way.end) for way in legal]
    assert listed[: len(first)] == first
    assert set(ends) <= set(listed[1:])
    assert not {verb.verb for verb in refused} & {verb for verb, _ in listed}


def test_in_a_chunk_the_next_one_comes_first_and_what_is_refused_is_told() -> None:
    legal, refused = ways(SMTP, "bdat", EN, {"CHUNKING"})
    assert legal[0].said.verb == "BDAT"
    assert [verb.refusal.code for verb in refused if verb.refusal and verb.verb == "MAIL"] == ["503"]
