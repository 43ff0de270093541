"""Reading other people's conversations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.pop3 import Pop3Observer
from mailtutor.protocols.spec import Outcome
from tests.protocols.pop3.dialogue import LOGIN, check, turns


def read(script: str, observer: Pop3Observer | None = None) -> list[Line]:
    """The lines of a printed dialogue."""
    observer = observer or Pop3Observer()
    return [line for source, raw in turns(script) for line in observer.observe(source, raw)]


def sketch(lines: list[Line]) -> list[str]:
    """Lines as short words: kind and verb."""
    return [f"{line.kind} {line.verb}".strip() for line in lines]


def test_kinds_verbs_and_states_of_a_session() -> None:
    _, lines = check(
        LOGIN
        + """
        C: list
        S: +OK 2 messages (141 octets)
        S: 1 85
        S: 2 56
        S: .
        C: list 2
        S: +OK 2 56
        C: retr 9
        S: -ERR no such message, only 2 messages in maildrop
        C: quit
        S: +OK hamburger.edu POP3 server signing off (2 messages left)
        """,
        state="update",
    )
    assert sketch(lines) == [
        "greeting",
        "command USER", "reply USER", "command PASS", "reply PASS",
        "command LIST", "reply LIST", "data LIST", "data LIST", "end LIST",
        "command LIST", "reply LIST",
        "command RETR", "reply RETR",
        "command QUIT", "reply QUIT",
    ]  # fmt: skip
    assert [(line.before, line.after) for line in lines[:5]] == [
        ("connect", "authorization"),
        ("authorization", "authorization"),
        ("authorization", "user_given"),
        ("user_given", "user_given"),
        ("user_given", "transaction"),
    ]
    assert [line.last for line in lines[6:10]] == [False, False, False, True]
    assert lines[11].last
    assert lines[13].outcome is Outcome.REFUSED
    assert lines[-1].code == "+OK"


def test_pipelined_answers_are_matched_in_order() -> None:
    observer = Pop3Observer()
    observer.observe(Source.SERVER, b"+OK ready\r\n")
    observer.observe(Source.CLIENT, b"USER bob\r\nPASS x\r\nUIDL\r\nUIDL 1\r\nCAPA\r\nSTAT\r\n")
    lines = observer.observe(
        Source.SERVER, b"+OK\r\n+OK\r\n+OK\r\n1 a\r\n.\r\n+OK 1 a\r\n+OK\r\nTOP\r\n.\r\n+OK 1 5\r\n"
    )
    assert sketch(lines) == [
        "reply USER", "reply PASS", "reply UIDL", "data UIDL", "end UIDL", "reply UIDL",
        "reply CAPA", "data CAPA", "end CAPA", "reply STAT",
    ]  # fmt: skip


def test_a_status_inside_a_message_is_message() -> None:
    lines = read(LOGIN + "C: RETR 1\nS: +OK\nS: -ERR this is text\nS: ..\nS: +OK too\nS: .\nC: NOOP\nS: +OK")
    assert sketch(lines)[5:] == [
        "command RETR", "reply RETR", "data RETR", "data RETR", "data RETR", "end RETR", "command NOOP", "reply NOOP",
    ]  # fmt: skip


def test_only_crlf_dot_crlf_ends_a_message() -> None:
    observer = Pop3Observer()
    observer.observe(Source.CLIENT, b"RETR 1\r\n")
    lines = observer.observe(Source.SERVER, b"+OK\r\na\n.\r\n.\n.\r\nb\r\n.\r\n")
    assert [line.kind for line in lines] == [Kind.REPLY, *[Kind.DATA] * 5, Kind.END]
    assert lines[1].oddity == "wire.bare_lf"


def test_the_dialogue_of_the_course_notes_is_read_although_answers_are_left_out() -> None:
    lines = read(
        """
        C: list
        S: 1 498
        S: 2 912
        S: .
        C: retr 1
        S: (message 1)
        S: .
        C: dele 1
        C: retr 2
        S: (message 2)
        S: .
        C: dele 2
        C: quit
        S: +OK POP3 server signing off
        """
    )
    assert sketch(lines) == [
        "command LIST", "data LIST", "data LIST", "end LIST",
        "command RETR", "data RETR", "end RETR", "command DELE",
        "command RETR", "data RETR", "end RETR", "command DELE",
        "command QUIT", "reply QUIT",
    ]  # fmt: skip
    assert [line.oddity for line in lines if line.oddity] == [
        "pop3.oddity.no_status",
        "pop3.oddity.no_status",
        "pop3.oddity.unanswered",
        "pop3.oddity.no_status",
        "pop3.oddity.unanswered",
    ]
    assert [lines[1].after, lines[-1].after] == ["transaction", "update"]


def test_half_a_session_is_understood_from_what_is_accepted() -> None:
    observer = Pop3Observer()
    lines = read("C: STAT\nS: +OK 2 320\nC: DELE 1\nS: +OK\nC: QUIT\nS: +OK bye", observer)
    assert sketch(lines)[:2] == ["command STAT", "reply STAT"]
    assert observer.state == "update"


def test_a_server_heard_from_the_middle_is_unknown_until_a_status_comes() -> None:
    lines = read("S: end of some message\nS: .\nC: NOOP\nS: +OK")
    assert sketch(lines) == ["unknown", "unknown", "command NOOP", "reply NOOP"]


def test_a_client_that_does_not_wait_for_the_greeting() -> None:
    observer = Pop3Observer()
    lines = read("C: USER bob\nS: +OK POP3 server ready <1.2@x>\nS: +OK", observer)
    assert sketch(lines) == ["command USER", "greeting", "reply USER"]
    assert observer.state == "user_given"


def test_a_transcript_that_begins_with_the_first_command() -> None:
    observer = Pop3Observer()
    lines = read("C: USER bob\nS: +OK send PASS\nC: PASS x\nS: +OK maildrop ready", observer)
    assert sketch(lines) == ["command USER", "reply USER", "command PASS", "reply PASS"]
    assert observer.state == "transaction"


def test_a_refused_greeting_opens_nothing() -> None:
    observer = Pop3Observer()
    [line] = observer.observe(Source.SERVER, b"-ERR [SYS/TEMP] later\r\n")
    assert (line.kind, line.outcome, observer.state) == (Kind.GREETING, Outcome.TRY_LATER, "connect")


def test_commands_we_do_not_speak_are_answered_too() -> None:
    observer = Pop3Observer()
    lines = read(
        """
        S: +OK ready
        C: AUTH PLAIN
        S: +
        C: AGJvYgBodW5ncnk=
        S: +OK logged in
        C: STAT
        S: +OK 0 0
        C: XYZZY
        S: -ERR what?
        S: -ERR idle too long
        """,
        observer,
    )
    assert sketch(lines) == [
        "greeting", "command AUTH", "continuation AUTH", "continuation AUTH", "reply AUTH",
        "command STAT", "reply STAT", "command XYZZY", "reply XYZZY", "reply",
    ]  # fmt: skip
    assert observer.state == "transaction"


def test_what_was_cut_off_is_kept() -> None:
    observer = Pop3Observer()
    observer.observe(Source.SERVER, b"+OK rea")
    observer.observe(Source.CLIENT, b"PASS hung")
    lines = observer.finish()
    assert [(line.source, line.kind, line.raw, line.oddity) for line in lines] == [
        (Source.CLIENT, Kind.UNKNOWN, b"PASS hung", "wire.cut"),
        (Source.SERVER, Kind.UNKNOWN, b"+OK rea", "wire.cut"),
    ]
    assert observer.state == "closed"


def test_a_cut_answer_to_a_challenge_stays_one() -> None:
    observer = Pop3Observer()
    read("S: +OK\nC: AUTH PLAIN\nS: +", observer)
    observer.observe(Source.CLIENT, b"AGJv")
    assert sketch(observer.finish()) == ["continuation AUTH"]


def test_an_overlong_line_is_marked() -> None:
    [line] = Pop3Observer().observe(Source.CLIENT, b"X" * 70000 + b"\r\n")
    assert line.oddity == "wire.overlong"


SAID = st.sampled_from(
    [b"USER bob\r\n", b"PASS x\r\n", b"LIST\r\n", b"RETR 1\r\n", b"AUTH\r\n", b"+OK\r\n", b"+OK 1 2\r\n", b"-ERR\r\n",
     b"+ \r\n", b".\r\n", b"..\r\n", b"1 2\r\n", b"text\n", b"QUIT\r\n"]
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(Source), st.one_of(SAID, st.binary(max_size=30))), max_size=14))
def test_nothing_raises_no_byte_is_lost_and_splitting_changes_nothing(said: list[tuple[Source, bytes]]) -> None:
    whole, split = Pop3Observer(), Pop3Observer()
    lines = [line for source, data in said for line in whole.observe(source, data)] + whole.finish()
    bytewise = [
        line for source, data in said for i in range(len(data)) for line in split.observe(source, data[i : i + 1])
    ] + split.finish()
    assert lines == bytewise
    for side in Source:
        assert b"".join(line.raw for line in lines if line.source is side) == b"".join(
            data for source, data in said if source is side
        )


def test_a_challenge_is_forgotten_once_lines_without_a_status_show_that_much_was_left_out() -> None:
    observer = Pop3Observer()
    said = [(Source.CLIENT, b"LIST\r\n"), (Source.SERVER, b"+ \r\n"), (Source.SERVER, b"1 120\r\n")]
    for source, raw in [*said, (Source.CLIENT, b"USER bob\r\n")]:
        (line,) = observer.observe(source, raw)
    assert (line.kind, line.verb) == (Kind.COMMAND, "USER")


def test_who_skims_gets_a_message_together_and_its_end_alone() -> None:
    observer = Pop3Observer()
    observer.skims = True
    observer.observe(Source.SERVER, b"+OK ready\r\n")
    observer.observe(Source.CLIENT, b"RETR 1\r\nNOOP\r\n")
    lines = observer.observe(Source.SERVER, b"+OK\r\na\r\n..\r\nb\r\n.\r\n+OK\r\n")
    assert [(line.kind, line.raw, line.verb) for line in lines[-3:]] == [
        (Kind.DATA, b"a\r\n..\r\nb\r\n", "RETR"),
        (Kind.END, b".\r\n", "RETR"),
        (Kind.REPLY, b"+OK\r\n", "NOOP"),
    ]
