"""A recorded login, said again to a real server, whatever its form and wherever it was left."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest

from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.redact import redacted
from mailtutor.reading.takeover import retold
from mailtutor.session import Session
from mailtutor.tui.retelling import Retelling
from tests.reading.conversations import events, rows_of


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    session.start()
    yield session
    session.stop()


def b64(text: str) -> bytes:
    return b64encode(text.encode())


SASL = {
    "smtp": (b"220 hi", b"AUTH", b"334 ", b"235 in"),
    "pop3": (b"+OK <1@x> hi", b"AUTH", b"+ ", b"+OK in"),
    "imap": (b"* OK hi", b"a1 AUTHENTICATE", b"+ ", b"a1 OK in"),
}
MECHANISMS = {
    "PLAIN": [(b"", b64("\0bob\0secret"))],
    "LOGIN": [(b64("Username:"), b64("bobby")), (b64("Password:"), b64("secret"))],
    "CRAM-MD5": [(b64("<1@x>"), b64("bob " + 32 * "0"))],
    "SCRAM-SHA-256": [
        (b"", b64("n,,n=bob,r=x")),
        (b64("r=xy,s=QSXC,i=4096"), b64("c=biws,r=xy,p=AAAA")),
        (b64("v=AAAA"), b""),
    ],
}
Said = list[tuple[str, bytes]]
FORMS: dict[str, tuple[str, Said]] = {
    "literals that are waited for": (
        "imap", [("S", b"* OK hi"), ("C", b"a1 LOGIN {5}"), ("S", b"+ go"), ("C", b"bobby {6}"), ("S", b"+ go"),
                 ("C", b"secret"), ("S", b"a1 OK in")],
    ),
    "literals that are not": (
        "imap", [("S", b"* OK hi"), ("C", b"a1 LOGIN {5+}\r\nbobby {6+}\r\nsecret"), ("S", b"a1 OK in")],
    ),
    "USER and PASS": (
        "pop3", [("S", b"+OK hi"), ("C", b"USER bob"), ("S", b"+OK"), ("C", b"PASS secret"), ("S", b"+OK in")],
    ),
    "APOP": ("pop3", [("S", b"+OK <1@x>"), ("C", b"APOP bob 0123"), ("S", b"+OK in")]),
}  # fmt: skip
for protocol, (hello, verb, asks, welcome) in SASL.items():
    for mechanism, steps in MECHANISMS.items():
        said: Said = [("S", hello), *([("C", b"EHLO x"), ("S", b"250 hi")] if protocol == "smtp" else [])]
        said.append(("C", verb + b" " + mechanism.encode()))
        said += [turn for asked, line in steps for turn in (("S", asks + asked), ("C", line))]
        FORMS[f"{protocol} {mechanism}"] = (protocol, [*said, ("S", welcome)])
IN = {"smtp": ("235", ""), "pop3": ("+OK", "transaction"), "imap": ("OK", "authenticated")}


def taken_over(session: Session, protocol: str, said: Said, typed: str = "") -> tuple[Retelling, Connection]:
    """Says it again to the lab's server; gives the conversation as far as it has come.
    typed: what is typed then."""
    rows = rows_of(redacted(events(protocol, *((who, line + b"\r\n") for who, line in said))))
    door, host = ("submission", session.hosts[0]) if protocol == "smtp" else (protocol, session.hosts[1])
    console = session.console(host.name, door)
    passwords = {user.name: user.password for user in host.users}
    retelling = Retelling(console, retold(rows, protocol, passwords, host.users[0].name))
    dialogue, beat = Dialogue(), threading.Event()
    session.log.subscribe(lambda *_: beat.set())

    def connection() -> Connection | None:
        dialogue.read(session.log)
        return dialogue.connections.get(console.conn) if console.conn else None

    wait(beat, lambda: retelling.go_on(connection()) or retelling.is_over)
    found = connection()
    assert found is not None
    if typed:
        heard = len(found.rows)
        console.send(typed)
        wait(beat, lambda: connection() is not None and len(found.rows) > heard and found.rows[-1].line.code != "")
    console.close()
    return retelling, found


def wait(beat: threading.Event, done: Callable[[], bool]) -> None:
    for _ in range(200):
        beat.clear()
        if done():
            return
        beat.wait(0.1)
    raise AssertionError("it was never said")


@pytest.mark.parametrize("form", FORMS)
def test_a_masked_login_works_in_the_form_it_had(session: Session, form: str) -> None:
    protocol, said = FORMS[form]
    retelling, connection = taken_over(session, protocol, said)
    code, state = IN[protocol]
    assert connection.rows[-1].line.code == code
    assert not state or connection.state == state
    assert retelling.first_difference is None
    assert not retelling.left_out


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("imap LOGIN", "imap CRAM-MD5")])
def test_at_every_line_of_it_the_server_waits_for_the_next(session: Session, form: str) -> None:
    protocol, said = FORMS[form]
    for count in [n for n in range(2, len(said)) if said[n][0] == "S"]:
        retelling, connection = taken_over(session, protocol, said[:count])
        assert not retelling.left_out
        assert connection.rows[-1].line.code.encode() in said[count][1].split()[:2]


@pytest.mark.parametrize(
    ("form", "count", "typed"),
    [
        ("literals that are waited for", 5, "pickles"),
        ("USER and PASS", 3, "PASS pickles"),
        ("pop3 LOGIN", 5, b64("pickles").decode()),
        ("imap PLAIN", 3, b64("\0bob\0pickles").decode()),
        ("smtp LOGIN", 7, b64("baguette").decode()),
    ],
)
def test_a_login_left_in_the_middle_is_ended_by_hand(session: Session, form: str, count: int, typed: str) -> None:
    protocol, said = FORMS[form]
    _, connection = taken_over(session, protocol, said[:count], typed)
    assert connection.rows[-1].line.code == IN[protocol][0]
