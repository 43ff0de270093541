"""STARTTLS (RFC 9051 §6.2.1), passwords that need it, SASL-IR (RFC 4959) and SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.imap import ImapObserver, events, table
from mailtutor.protocols.imap.server import ImapServer, Security
from mailtutor.protocols.lines import Source
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import ScramClient, scram_keys

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
BOB = "AGJvYgBodW5ncnk="


class Door:
    """A server and what it said last; one that is asked for TLS grants it."""

    def __init__(
        self, *, tls: bool = False, strict: bool = False, capabilities: tuple[str, ...] = table.OFFERED
    ) -> None:
        security = Security(tls, "nonce", passwords_need_tls=strict)
        self.server = ImapServer("hamburger.edu", capabilities=capabilities, security=security)
        self.server.greet()
        self.greeting = self.server.data_to_send()

    def say(self, *lines: str) -> list[str]:
        self.server.receive_data("".join(line + "\r\n" for line in lines).encode())
        return self.answer()

    def answer(self) -> list[str]:
        server = self.server
        while (event := server.next_event()) is not NEED_DATA and event is not CLOSE:
            match event:
                case AuthAttempted():
                    right = event.username == "bob" and event.proves("hungry")
                    server.reply("OK.login" if right else "NO.login")
                case ScramKeysAsked():
                    server.scram_keys(scram_keys("hungry", SALT))
                case events.TlsAsked():
                    server.reply("OK.tls")
                case events.Polled():
                    server.done()
                case _:
                    raise AssertionError(event)
            if server.state == table.TLS:
                break
        return server.data_to_send().decode().splitlines()

    def start_tls(self) -> StartTls:
        self.server.receive_data(b"s1 STARTTLS\r\n")
        assert self.answer() == ["s1 OK Begin TLS negotiation now"]
        order = self.server.next_event()
        assert isinstance(order, StartTls)
        self.server.tls_started()
        return order

    def capabilities(self) -> set[str]:
        listed, done = self.say("c1 CAPABILITY")
        assert done == "c1 OK CAPABILITY completed"
        return set(listed.split()[2:])


# STARTTLS -------------------------------------------------------------------------------------------------------------


def test_capabilities_are_others_once_tls_stands() -> None:
    door = Door()
    before = door.capabilities()
    assert "STARTTLS" in before
    assert b"STARTTLS" in door.greeting
    assert door.start_tls() == StartTls()
    assert door.capabilities() == before - {"STARTTLS"}
    assert door.say("a1 LOGIN bob hungry")[-1].startswith("a1 OK [CAPABILITY IMAP4rev1 ")


def test_what_came_in_clear_behind_starttls_is_never_heard() -> None:
    door = Door()
    door.server.receive_data(b"a1 STARTTLS\r\na2 LOGIN mallory evil\r\na3 NO")
    assert door.answer() == ["a1 OK Begin TLS negotiation now"]
    assert door.server.next_event() == StartTls(b"a2 LOGIN mallory evil\r\na3 NO")
    door.server.receive_data(b"OP\r\na4 NOOP\r\n")
    assert door.server.data_to_send() == b""
    door.server.tls_started()
    assert door.server.next_event() is NEED_DATA
    assert door.say("b1 NOOP") == ["b1 OK NOOP completed"]


def test_nothing_is_read_between_the_ok_and_tls() -> None:
    door = Door()
    door.server.receive_data(b"a1 STARTTLS\r\n")
    door.answer()
    assert door.server.state == table.TLS
    door.server.receive_data(b"a2 LOGIN bob hungry\r\n")
    assert isinstance(door.server.next_event(), StartTls)
    assert door.server.next_event() in (NEED_DATA, CLOSE)
    assert door.server.data_to_send() == b""


def test_a_handshake_that_fails_ends_the_session() -> None:
    door = Door()
    door.server.receive_data(b"a1 STARTTLS\r\n")
    door.answer()
    door.server.next_event()
    door.server.tls_failed()
    door.server.receive_data(b"a2 LOGIN bob hungry\r\n")
    assert door.server.next_event() is CLOSE


def test_tls_begins_once_and_before_the_login() -> None:
    door = Door()
    with pytest.raises(LocalProtocolError):
        door.server.tls_started()
    door.start_tls()
    assert door.say("a1 STARTTLS")[0].startswith("a1 BAD ")
    door = Door()
    door.say("a1 LOGIN bob hungry")
    assert door.say("a2 STARTTLS")[0].startswith("a2 BAD ")
    assert "STARTTLS" not in door.capabilities()


def test_tls_from_the_first_byte_offers_no_starttls() -> None:
    door = Door(tls=True, strict=True)
    assert b"STARTTLS" not in door.greeting
    assert not {"STARTTLS", "LOGINDISABLED"} & door.capabilities()
    assert door.say("a1 STARTTLS")[0].startswith("a1 BAD ")
    assert door.say("a2 LOGIN bob hungry")[-1].startswith("a2 OK ")


def test_tls_that_is_refused_leaves_the_session_as_it_was() -> None:
    door = Door()
    door.server.receive_data(b"a1 STARTTLS\r\na2 NOOP\r\n")
    assert isinstance(door.server.next_event(), events.TlsAsked)
    door.server.reply("NO.tls")
    assert isinstance(door.server.next_event(), events.Polled)
    door.server.done()
    assert door.server.data_to_send().decode().splitlines() == [
        "a1 NO [UNAVAILABLE] TLS is not available now",
        "a2 OK NOOP completed",
    ]
    assert door.server.state == table.NOT_AUTHENTICATED


def test_the_observer_ends_where_the_server_does() -> None:
    observer = ImapObserver()
    for source, data in (
        (Source.SERVER, b"* OK ready\r\n"),
        (Source.CLIENT, b"a1 STARTTLS\r\n"),
        (Source.SERVER, b"a1 OK Begin TLS negotiation now\r\n"),
    ):
        observer.observe(source, data)
    assert observer.state == table.TLS


# Passwords that need TLS ----------------------------------------------------------------------------------------------


def test_no_password_is_taken_in_clear_where_that_is_the_rule() -> None:
    door = Door(strict=True)
    assert b"LOGINDISABLED" in door.greeting
    assert b"AUTH=PLAIN" not in door.greeting
    offered = door.capabilities()
    assert {"LOGINDISABLED", "STARTTLS", "AUTH=SCRAM-SHA-256"} <= offered
    assert "AUTH=PLAIN" not in offered
    for command in ("LOGIN bob hungry", "AUTHENTICATE PLAIN", f"AUTHENTICATE PLAIN {BOB}"):
        assert door.say(f"a1 {command}")[0].startswith("a1 NO [PRIVACYREQUIRED] "), command
    assert door.server.state == table.NOT_AUTHENTICATED
    door.start_tls()
    offered = door.capabilities()
    assert "AUTH=PLAIN" in offered
    assert "LOGINDISABLED" not in offered
    assert door.say(f"a2 AUTHENTICATE PLAIN {BOB}")[-1].startswith("a2 OK ")


def test_a_mechanism_that_hides_the_password_needs_no_tls() -> None:
    door = Door(strict=True)
    client = ScramClient("bob", "hungry", "rOprNGfwEbeRWgbNEkqO")
    assert scram(door, client, initial=True)[-1].startswith("a1 OK ")


# SASL-IR --------------------------------------------------------------------------------------------------------------


def test_plain_with_and_without_an_initial_response() -> None:
    door = Door()
    assert door.say(f"a1 AUTHENTICATE PLAIN {BOB}")[-1].startswith("a1 OK ")
    door = Door()
    assert door.say("a1 AUTHENTICATE PLAIN") == ["+ "]
    assert door.say(BOB)[-1].startswith("a1 OK ")
    assert door.say("a2 AUTHENTICATE PLAIN")[0].startswith("a2 BAD ")


def test_an_initial_response_of_nothing_is_an_equals_sign() -> None:
    assert Door().say("a1 AUTHENTICATE PLAIN =")[0].startswith(("a1 BAD ", "a1 NO "))


def test_an_initial_response_where_it_is_not_offered_is_bad() -> None:
    door = Door(capabilities=tuple(name for name in table.OFFERED if name != "SASL-IR"))
    assert door.say(f"a1 AUTHENTICATE PLAIN {BOB}")[0].startswith("a1 BAD ")
    assert door.say("a2 AUTHENTICATE PLAIN") == ["+ "]


@pytest.mark.parametrize("response", ["*", "!!!", "AAA", "AGJvYg==", "", "AGJvYgBodW5ncnk= x"])
def test_a_response_that_is_cancelled_or_makes_no_sense_is_bad(response: str) -> None:
    door = Door()
    door.say("a1 AUTHENTICATE PLAIN")
    assert door.say(response)[0].startswith("a1 BAD ")
    assert door.say("a2 LOGIN bob hungry")[-1].startswith("a2 OK ")


def test_mechanisms_that_are_unknown_or_wrong_are_refused() -> None:
    door = Door()
    assert door.say("a1 AUTHENTICATE GSSAPI")[0].startswith("a1 NO ")
    assert door.say("a2 AUTHENTICATE EXTERNAL =")[0].startswith("a2 NO ")
    assert door.say("a3 AUTHENTICATE PLAIN AGJvYgB3cm9uZw==")[0].startswith("a3 NO [AUTHENTICATIONFAILED] ")
    assert door.say("a4 LOGIN bob wrong")[0].startswith("a4 NO [AUTHENTICATIONFAILED] ")


# SCRAM ----------------------------------------------------------------------------------------------------------------


def scram(door: Door, client: ScramClient, *, initial: bool) -> list[str]:
    """The whole exchange; gives the last answer."""
    first = b64encode(client.first()).decode()
    if initial:
        (challenge,) = door.say(f"a1 AUTHENTICATE SCRAM-SHA-256 {first}")
    else:
        assert door.say("a1 AUTHENTICATE SCRAM-SHA-256") == ["+ "]
        (challenge,) = door.say(first)
    (final,) = door.say(b64encode(client.final(b64decode(challenge.removeprefix("+ ")))).decode())
    if not final.startswith("+ "):
        return [final]
    client.verify(b64decode(final.removeprefix("+ ")))
    return door.say("")


@pytest.mark.parametrize("initial", [True, False])
def test_scram_proves_each_side_to_the_other(initial: bool) -> None:
    door = Door()
    said = scram(door, ScramClient("bob", "hungry", "rOprNGfwEbeRWgbNEkqO"), initial=initial)
    assert said[-1].startswith("a1 OK [CAPABILITY ")
    assert door.server.username == "bob"
    assert door.server.state == table.AUTHENTICATED
    assert b"hungry" not in "".join(said).encode()


@pytest.mark.parametrize("initial", [True, False])
def test_scram_with_a_wrong_password_proves_nothing(initial: bool) -> None:
    door = Door()
    said = scram(door, ScramClient("bob", "wrong", "abc"), initial=initial)
    assert said[-1].startswith("a1 NO [AUTHENTICATIONFAILED] ")
    assert scram(door, ScramClient("bob", "hungry", "abc"), initial=initial)[-1].startswith("a1 OK ")


def test_each_scram_exchange_has_its_own_nonce() -> None:
    door, challenges = Door(), set[str]()
    for _ in range(2):
        (challenge,) = door.say("a1 AUTHENTICATE SCRAM-SHA-256 " + b64encode(b"n,,n=bob,r=same").decode())
        challenges.add(challenge)
        assert door.say("*")[0].startswith("a1 BAD ")
    assert len(challenges) == 2


@pytest.mark.parametrize(
    "first", [b"", b"n,,n=bob", b"p=tls-unique,,n=bob,r=abc", b"x,,n=bob,r=abc", b"n,,r=abc,n=bob", b"\xff"]
)
def test_a_first_message_of_scram_that_is_wrong_ends_the_exchange(first: bytes) -> None:
    door = Door()
    door.say("a1 AUTHENTICATE SCRAM-SHA-256")
    assert door.say(b64encode(first).decode())[0].split()[:2] in (["a1", "BAD"], ["a1", "NO"])
    assert door.server.state == table.NOT_AUTHENTICATED
