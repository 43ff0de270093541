"""What a line means: parts, digits, standards, what may come next."""

from __future__ import annotations

import pytest

from mailtutor import paths
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.compare import compare
from mailtutor.reading.dialogue import Dialogue, Row
from mailtutor.reading.explain import Explanation, explain, gloss, next_verbs, reply_of
from mailtutor.reading.phase import PhaseTrack, phase_of, phases
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.trace.transcript import parse

EN = words("en")
SMTP = PROTOCOLS["smtp"].table


def rows(name: str = "alice-bob") -> list[Row]:
    dialogue = Dialogue()
    dialogue.take(parse((paths.content("transcripts") / f"{name}.txt").read_bytes()).events(), 0)
    return dialogue.rows


def line(start: str) -> Line:
    return next(row.line for row in rows() if row.line.raw.startswith(start.encode()))


def told(start: str) -> Explanation:
    return explain(line(start), "smtp", EN)


def spoken(protocol: str, *turns: tuple[bool, bytes]) -> list[Line]:
    """A short dialogue, read back; True is the client."""
    dialogue = Dialogue()
    events: list[AnyEvent] = list(parse(f"# protocol: {protocol}\n".encode()).events()[:1])
    for is_client, data in turns:
        events.append((FromClient if is_client else FromServer)(t=0, at=0, conn=1, data=data))
    dialogue.take(events, 0)
    return [row.line for row in dialogue.rows]


def test_a_command_is_taken_apart_and_its_answers_are_listed() -> None:
    found = told("RCPT")
    assert found.headline.startswith("RCPT")
    assert found.rfc == "RFC 5321 §4.1.1.3"
    assert [piece.text for piece in found.pieces][:2] == ["RCPT", "TO:"]
    assert "bob" in [piece.text for piece in found.pieces]
    assert found.answers[0].code == "250"
    assert "550" in [answer.code for answer in found.answers]


def test_every_byte_of_a_line_but_spaces_belongs_to_a_part() -> None:
    for row in rows():
        covered = {at for piece in explain(row.line, "smtp", EN).pieces for at in range(piece.start, piece.end)}
        missing = {at for at in range(len(row.line.raw)) if at not in covered and row.line.raw[at : at + 1] != b" "}
        assert not missing, row.line.raw


def test_each_digit_of_a_reply_has_its_meaning() -> None:
    digits = told("354").digits
    assert [digit.text for digit in digits] == ["3", "5", "4"]
    assert digits[0].what == EN("reply.first.3")
    assert digits[1].what == EN("reply.second.5")


def test_an_enhanced_status_code_is_explained_number_by_number() -> None:
    lines = spoken("smtp", (False, b"220 h\r\n"), (True, b"RCPT TO:<x@y>\r\n"), (False, b"550 5.1.1 no\r\n"))
    enhanced = explain(lines[-1], "smtp", EN).enhanced
    assert [number.text for number in enhanced] == ["5", "1", "1"]
    assert enhanced[2].what == "no such mailbox"


def test_a_reply_is_recognised_by_its_words() -> None:
    sender = reply_of(line("250 alice@crepes.fr"), SMTP)
    recipient = reply_of(line("250 bob@"), SMTP)
    assert sender is not None
    assert recipient is not None
    assert (sender.key, recipient.key) == ("250.sender", "250.recipient")


def test_a_reply_in_other_words_is_the_usual_one_of_its_command() -> None:
    lines = spoken("smtp", (False, b"220 h\r\n"), (True, b"HELO a\r\n"), (False, b"250 mx.example at your service\r\n"))
    reply = reply_of(lines[-1], SMTP)
    assert reply is not None
    assert reply.key == "250.hello"


def test_after_a_reply_the_next_verbs_are_listed_and_the_others_refused() -> None:
    found = told("250 alice@crepes.fr")
    legal = [verb.verb for verb in found.next_verbs if verb.refusal is None]
    refused = {verb.verb: verb.refusal.code for verb in found.next_verbs if verb.refusal is not None}
    assert "RCPT" in legal
    assert refused["DATA"] == "503"


def test_the_commands_of_offered_extensions_are_listed_too() -> None:
    line = spoken("smtp", (False, b"220 h\r\n"), (True, b"EHLO c\r\n"), (False, b"250 STARTTLS\r\n"))[-1]
    assert "STARTTLS" not in [verb.verb for verb in explain(line, "smtp", EN).next_verbs]
    assert "STARTTLS" in [verb.verb for verb in explain(line, "smtp", EN, {"STARTTLS"}).next_verbs]


def test_an_unknown_command_is_said_to_be_unknown() -> None:
    found = explain(spoken("smtp", (False, b"220 h\r\n"), (True, b"FROBNICATE\r\n"))[-1], "smtp", EN)
    assert found.headline == EN("reply.headline.unknown")
    assert not found.answers


def test_a_bare_line_feed_is_named() -> None:
    found = explain(spoken("smtp", (False, b"220 h\r\n"), (True, b"HELO a\n"))[-1], "smtp", EN)
    assert found.oddity == EN("wire.bare_lf.what")


def test_the_status_of_pop3_is_explained() -> None:
    found = explain(spoken("pop3", (False, b"+OK ready\r\n"))[0], "pop3", EN)
    assert [digit.text for digit in found.digits] == ["+OK"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_line_of_both_printed_dialogues_has_a_gloss(language: str) -> None:
    for name, protocol in (("alice-bob", "smtp"), ("bob-pop3", "pop3")):
        for row in rows(name):
            assert gloss(row.line, protocol, words(language)), row.line.raw


def test_the_phases_follow_each_other() -> None:
    seen: list[str] = []
    all_rows = rows()
    track = PhaseTrack(all_rows, SMTP)
    for count in range(1, len(all_rows) + 1):
        here = track.at(count)
        if not seen or seen[-1] != here:
            seen.append(here)
    assert tuple(seen) == phases(SMTP) == ("handshake", "transfer", "close")


def test_the_reply_to_the_final_dot_belongs_to_the_transfer() -> None:
    assert phase_of(line("250 Message"), SMTP) == "transfer"
    assert phase_of(line("220"), SMTP) == "handshake"


def test_noop_belongs_to_no_phase() -> None:
    lines = spoken("smtp", (False, b"220 h\r\n"), (True, b"NOOP\r\n"), (False, b"250 ok\r\n"))
    assert phase_of(lines[-1], SMTP) == ""


def test_a_dialogue_is_the_same_as_itself() -> None:
    lines = [row.line for row in rows()]
    assert all(pair.is_same for pair in compare(lines, lines))


def test_what_only_the_live_server_says_stands_alone() -> None:
    printed = spoken("pop3", (True, b"list\r\n"), (False, b"1 498\r\n"))
    live = spoken("pop3", (True, b"list\r\n"), (False, b"+OK\r\n1 498\r\n"))
    pairs = compare(printed, live)
    assert [pair.is_same for pair in pairs] == [True, False, True]
    assert pairs[1].recorded is None


def test_a_different_answer_stands_beside_the_printed_one() -> None:
    printed = spoken("smtp", (False, b"220 a\r\n"))
    live = spoken("smtp", (False, b"421 b\r\n"))
    (pair,) = compare(printed, live)
    assert pair.recorded is not None
    assert pair.live is not None
    assert pair.live.outcome is Outcome.TRY_LATER
    assert not pair.is_same


def test_a_live_line_that_differs_only_in_a_date_is_the_same_and_not_exact() -> None:
    said = ((True, b"EHLO me\r\n"), (False, b"250 FUTURERELEASE 9 2026-12-02T15:50:46Z\r\n"))
    later = ((True, b"EHLO me\r\n"), (False, b"250 FUTURERELEASE 9 2027-01-02T05:00:46Z\r\n"))
    one = spoken("smtp", (False, b"220 hi\r\n"), *said)
    two = spoken("smtp", (False, b"220 ho\r\n"), *later)
    assert [(pair.is_same, pair.is_exact) for pair in compare(one, two)] == [
        (False, False),
        (True, True),
        (True, False),
    ]


@pytest.mark.parametrize("said", [b"+OK POP3 server signing off\r\n", b"+OK signing off\r\n"])
def test_the_reply_to_quit_is_chosen_by_state(said: bytes) -> None:
    login = ((True, b"USER bob\r\n"), (False, b"+OK\r\n"), (True, b"PASS x\r\n"), (False, b"+OK\r\n"))
    quit_ = ((True, b"QUIT\r\n"), (False, said))
    after = spoken("pop3", (False, b"+OK ready\r\n"), *login, *quit_)
    without = spoken("pop3", (False, b"+OK ready\r\n"), *quit_)
    assert explain(after[-1], "pop3", EN).what == EN("pop3.reply.ok.quit_update.what")
    assert explain(without[-1], "pop3", EN).what == EN("pop3.reply.ok.quit.what")


def test_inside_a_message_there_are_no_commands() -> None:
    found = told("354")
    assert found.next_verbs == ()
    assert found.state_what == EN("smtp.state.data.what")
    imap = PROTOCOLS["imap"].table
    assert [verb.verb for verb in next_verbs(imap, "idle", EN)] == ["DONE"]
    assert next_verbs(imap, "authenticating", EN) == ()


def test_auth_is_not_among_the_hints() -> None:
    assert "AUTH" not in [verb.verb for verb in next_verbs(SMTP, "ready", EN)]


def test_a_command_not_offered_is_known() -> None:
    found = explain(spoken("smtp", (False, b"220 h\r\n"), (True, b"TURN\r\n"))[-1], "smtp", EN)
    assert found.what == EN("reply.coach.not_offered", verb="TURN")


def test_a_bye_that_was_asked_for_refuses_nothing() -> None:
    greeting = (False, b"* OK ready\r\n")
    asked = spoken("imap", greeting, (True, b"a1 LOGOUT\r\n"), (False, b"* BYE bye\r\n"))
    sudden = spoken("imap", greeting, (False, b"* BYE going down\r\n"))
    assert EN("reply.outcome.refused") not in explain(asked[-1], "imap", EN).headline
    assert (asked[-1].outcome, sudden[-1].outcome) == (Outcome.NONE, Outcome.REFUSED)


@pytest.mark.parametrize(
    ("protocol", "turns"),
    [
        ("imap", ((False, b"* OK\r\n"), (True, b"a1 NOOP\n"), (False, b"a1 BAD Bare LF: a line ends with CR LF"))),
        ("smtp", ((False, b"220 h\r\n"), (True, b"HELO a\n"), (False, b"500 5.5.2 Bare LF: a line ends with CR LF"))),
        ("pop3", ((False, b"+OK\r\n"), (True, b"CAPA\n"), (False, b"-ERR bare LF: a line ends with CRLF"))),
    ],
)
def test_a_reply_about_the_line_itself_lists_no_commands(protocol: str, turns: tuple[tuple[bool, bytes], ...]) -> None:
    end = b" (with nc, use nc -C)\r\n"
    *before, (who, said) = turns
    found = explain(spoken(protocol, *before, (who, said + end))[-1], protocol, EN)
    assert "LF" in found.what
    assert found.next_verbs == ()


def test_what_a_state_brings_is_named_first_and_what_leads_elsewhere_before_the_rest() -> None:
    imap = PROTOCOLS["imap"].table
    named = [verb.verb for verb in next_verbs(imap, "selected", EN) if verb.refusal is None]
    assert {"FETCH", "SEARCH", "STORE", "MOVE", "EXPUNGE", "LOGOUT"} <= set(named[:12])
    assert named.index("LOGOUT") < named.index("CAPABILITY")
    assert [verb.verb for verb in next_verbs(imap, "authenticated", EN)][:2] == ["SELECT", "EXAMINE"]
    assert next_verbs(SMTP, "rcpt", EN)[0].verb == "DATA"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_untagged_status_is_called_what_it_is(language: str) -> None:
    say = words(language)
    turns = ((False, b"* OK hi\r\n"), *((False, b"* " + code + b" x\r\n") for code in (b"OK", b"NO", b"BAD", b"BYE")))
    lines = spoken("imap", *turns)[1:]
    told = [gloss(line, "imap", say) for line in lines]
    assert told == [say(f"imap.untagged.{line.code}.gloss") for line in lines]
    assert told[-1] == {"en": "the server closes", "zh": "服务器要关闭"}[language]
    found = explain(lines[-1], "imap", say)
    assert found.headline == f"BYE · {told[-1]}"
    data = spoken("imap", (False, b"* OK hi\r\n"), (False, b"* 3 EXISTS\r\n"))[-1]
    assert gloss(data, "imap", say) == say("reply.gloss.untagged")


@pytest.mark.parametrize("octets", [b"\x1b", "用".encode("gbk"), b" a"])
def test_a_reply_of_a_megabyte_is_explained_by_its_beginning_and_its_end(octets: bytes) -> None:
    huge = Line(Source.SERVER, Kind.REPLY, b"250 " + octets * 500_000 + b"\r\n", code="250", verb="NOOP")
    explained = reply_of(huge, SMTP)
    assert explained is not None
    assert explained.code == "250"


def test_a_refusal_in_the_greeting_is_told_as_the_hosts() -> None:
    said = spoken("smtp", (False, b"521 b.example does not accept mail\r\n"))[0]
    assert "whole host" in explain(said, "smtp", EN).digits[0].what
