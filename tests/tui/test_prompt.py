"""The line the student types, and the coach above it, without a lab."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from mailtutor.reading.coach import advise
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.text.catalogue import words
from mailtutor.trace.events import Endpoint
from mailtutor.tui.widgets.prompt import Prompt
from mailtutor.tui.widgets.speaking import SpeakingApp
from tests.reading.test_explain import spoken
from tests.tui.stage import shown


class Prompting(SpeakingApp):
    """An app that is nothing but the prompt."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = Prompt()

    def compose(self) -> ComposeResult:
        """The prompt."""
        yield self.prompt


def connection(state: str, *turns: tuple[bool, bytes]) -> Connection:
    """An SMTP connection on which this was said; True is the client."""
    rows = [Row(number, 0, 1, line) for number, line in enumerate(spoken("smtp", *turns))]
    end = Endpoint("h", "127.0.0.3", 25)
    return Connection(1, "smtp", "smtp", end, end, opened_n=0, rows=rows, state=state)


def speaking(protocol: str, state: str, *turns: tuple[bool, bytes]) -> Connection:
    """The same in another protocol."""
    rows = [Row(number, 0, 1, line) for number, line in enumerate(spoken(protocol, *turns))]
    end = Endpoint("h", "127.0.0.3", 25)
    return Connection(1, protocol, protocol, end, end, opened_n=0, rows=rows, state=state)


GREETED = ((False, b"220 h\r\n"), (True, b"HELO me\r\n"), (False, b"250 h\r\n"))


@pytest.mark.parametrize(
    ("line", "reply", "said"),
    [
        ("MAIL FROM:<a@b>", "250 ok", "✔ MAIL is right: envelope: from"),
        ("MAIL FROM:<a@b>", "550 no", "✘ MAIL: correct as written, but the server refused it: 550 no"),
        ("MAIL FROM:<a@b>", "451 wait", "↻ MAIL: correct as written, but the server says not now: 451 wait"),
        ("MAIL FROM:<a@b>", "555 no", "✘ MAIL: the server cannot take the line as it is written: 555 no"),
        ("MAIL FROM:<a@b>", "501 no", "✘ MAIL: the server cannot take the line as it is written: 501 no"),
        ("MAIL FROM:a@b", "250 ok", "! This server took it all the same (250 ok); another one may not."),
        ("MAIL FROM:a@b", "501 no", "✘ MAIL is right; what follows stops making sense here:"),
    ],
)
async def test_the_verdict_follows_the_server(line: str, reply: str, said: str) -> None:
    app = Prompting()
    async with app.run_test(size=(90, 16)) as pilot:
        before = connection("ready", *GREETED)
        app.prompt.advise(advise(line.encode(), "smtp", "ready", words("en")), line, len(before.rows))
        app.prompt.follow(before, is_open=True)
        await pilot.pause()
        assert "server" not in shown(app)
        turns = (*GREETED, (True, f"{line}\r\n".encode()), (False, f"{reply}\r\n".encode()))
        app.prompt.follow(connection("ready", *turns), is_open=True)
        await pilot.pause()
        assert said in shown(app)


async def test_the_answer_to_an_earlier_line_of_the_same_words_does_not_count() -> None:
    app = Prompting()
    async with app.run_test(size=(90, 16)) as pilot:
        refused = (*GREETED, (True, b"MAIL FROM:<a@b>\r\n"), (False, b"550 no\r\n"))
        so_far = connection("ready", *refused)
        advice = advise(b"MAIL FROM:<a@b>", "smtp", "ready", words("en"))
        app.prompt.advise(advice, "MAIL FROM:<a@b>", len(so_far.rows))
        app.prompt.follow(so_far, is_open=True)
        await pilot.pause()
        assert "✔ MAIL" in shown(app)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_in_a_login_the_line_awaited_is_told(language: str) -> None:
    app = Prompting()
    async with app.run_test(size=(120, 16)) as pilot:
        app.language = language
        said = ((False, b"+OK ready\r\n"), (True, b"AUTH PLAIN\r\n"), (False, b"+ \r\n"))
        app.prompt.follow(speaking("pop3", "authenticating", *said), is_open=True)
        await pilot.pause()
        assert "NUL" in shown(app)
        assert words(language)("screen.typing.credentials") in shown(app)
        assert words(language)("screen.typing.text") not in shown(app)


async def test_a_refused_login_tells_whose_mailboxes_live_here() -> None:
    app = Prompting()
    async with app.run_test(size=(120, 16)) as pilot:
        said = ((False, b"+OK ready\r\n"), (True, b"USER alice\r\n"), (False, b"+OK now the password\r\n"))
        app.prompt.follow(speaking("pop3", "user_given", *said), is_open=True)
        app.prompt.advise(advise(b"PASS x", "pop3", "user_given", words("en")), "PASS x", 3)
        refused = (*said, (True, b"PASS x\r\n"), (False, b"-ERR [AUTH] invalid user name or password\r\n"))
        app.prompt.follow(speaking("pop3", "authorization", *refused), is_open=True, residents=("bob",))
        await pilot.pause()
        assert "Here at h live the mailboxes of: bob." in shown(app)


BEGUN = {
    "smtp": (
        (False, b"220 h\r\n"), (True, b"EHLO me\r\n"),
        (False, b"250-h\r\n"), (False, b"250-STARTTLS\r\n"), (False, b"250 AUTH PLAIN\r\n"),
    ),
    "pop3": ((False, b"+OK ready\r\n"),),
    "imap": ((False, b"* OK ready\r\n"),),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("protocol", "state", "line", "reply", "then", "example"),
    [
        ("pop3", "authorization", "PASS x", "-ERR [AUTH] invalid user name or password", "USER", "USER bob"),
        ("pop3", "authorization", "USER bob", "-ERR passwords need TLS here: STLS first", "STLS", "STLS"),
        ("smtp", "ready", "MAIL FROM:<a@b>", "530 5.7.0 Authentication required", "AUTH", "AUTH PLAIN"),
        ("smtp", "ready", "MAIL FROM:<a@b>", "530 5.7.0 Must issue a STARTTLS command first", "STARTTLS", "STARTTLS"),
        ("smtp", "ready", "AUTH PLAIN AGEAYg==", "535 5.7.8 Wrong user name or password", "AUTH", "AUTH PLAIN"),
        ("imap", "not_authenticated", "a1 LOGIN bob x", "a1 NO [AUTHENTICATIONFAILED] Wrong", "LOGIN", "a2 LOGIN bob"),
    ],
)
async def test_a_refusal_that_has_a_way_on_names_the_next_command(
    language: str, protocol: str, state: str, line: str, reply: str, then: str, example: str
) -> None:
    app = Prompting()
    app.language = language
    async with app.run_test(size=(120, 16)) as pilot:
        begun = BEGUN[protocol]
        said = (*begun, (True, f"{line}\r\n".encode()), (False, f"{reply}\r\n".encode()))
        before = "user_given" if line.startswith("PASS") else state
        app.prompt.advise(advise(line.encode(), protocol, before, words(language)), line, len(begun))
        app.prompt.follow(speaking(protocol, state, *said), is_open=True)
        await pilot.pause()
        say = words(language)
        again = say("screen.coach.then_again", verb=then)
        next_one = say("screen.coach.then", verb=then, title=say(f"{protocol}.command.{then}.title"))
        assert (again if f"{then} " in line else next_one) in shown(app)
        assert f"{say('screen.typing.example')} {example}".replace("： ", "：") in shown(app)


async def test_what_only_ehlo_tells_of_is_not_the_next_command_to_a_server_that_was_told_helo() -> None:
    app = Prompting()
    async with app.run_test(size=(120, 16)) as pilot:
        said = (*GREETED, (True, b"MAIL FROM:<a@b>\r\n"), (False, b"530 5.7.0 Authentication required\r\n"))
        app.prompt.advise(advise(b"MAIL FROM:<a@b>", "smtp", "ready", words("en")), "MAIL FROM:<a@b>", len(GREETED))
        app.prompt.follow(connection("ready", *said), is_open=True)
        await pilot.pause()
        assert "Next, say EHLO: " in shown(app)
        assert "for example EHLO crepes.fr" in shown(app)


async def test_nothing_for_a_uid_is_called_no_error() -> None:
    app = Prompting()
    async with app.run_test(size=(120, 16)) as pilot:
        said = ((False, b"* OK ready\r\n"), (True, b"a4 UID FETCH 99 FLAGS\r\n"), (False, b"a4 OK done\r\n"))
        app.prompt.advise(advise(b"a4 UID FETCH 99 FLAGS", "imap", "selected", words("en")), "a4 UID FETCH 99 FLAGS", 1)
        app.prompt.follow(speaking("imap", "selected", *said), is_open=True)
        await pilot.pause()
        assert words("en")("screen.coach.nothing") in shown(app)
        assert "for example a5 FETCH 1" in shown(app)
        assert "…  LOGOUT" in shown(app)


async def test_of_a_long_line_the_place_where_it_went_wrong_is_shown() -> None:
    app = Prompting()
    async with app.run_test(size=(80, 16)) as pilot:
        line = "MAIL FROM:<" + "a" * 60 + "@b!" + "x" * 100
        app.prompt.advise(advise(line.encode(), "smtp", "ready", words("en")), line)
        await pilot.pause()
        echo = next(row for row in shown(app).split("\n") if "▲" in row)
        understood, _, rest = echo.rpartition("▲")
        assert "…aaa" in understood
        assert rest.startswith("!xxx")
        assert rest.endswith("…")
        assert "type MAIL FROM:<alice@crepes.fr>" in shown(app)
