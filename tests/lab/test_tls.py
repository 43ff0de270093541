"""TLS without a socket, and the lab's authority."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.lab.tls import CA_NAME, Authority, Certificate, Tls, TlsError, unchecked

NAME = "hamburger.edu"


def shake(client: Tls, server: Tls) -> None:
    client.begin()
    for _ in range(4):
        server.feed(client.pull())
        client.feed(server.pull())


def pair(authority: Authority, certificate: Certificate = Certificate.GOOD, name: str = NAME) -> tuple[Tls, Tls]:
    client = Tls(authority.client(), server_side=False, name=name)
    return client, Tls(authority.server(NAME, ["127.0.0.3"], certificate), server_side=True)


def test_what_is_put_in_on_one_side_comes_out_on_the_other(tmp_path: Path) -> None:
    client, server = pair(Authority(tmp_path))
    shake(client, server)
    assert client.is_open
    assert server.is_open
    client.wrap(b"EHLO crepes.fr\r\n" * 10_000)
    wire = client.pull()
    assert b"EHLO" not in wire
    inside = b"".join(server.feed(wire[at : at + 1000]) for at in range(0, len(wire), 1000))
    assert inside == b"EHLO crepes.fr\r\n" * 10_000
    assert client.version == server.version == "TLSv1.3"
    assert client.cipher == server.cipher
    client.end()
    assert server.feed(client.pull()) == b""
    assert server.is_over


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (Certificate.OTHER_NAME, "Hostname mismatch"),
        (Certificate.EXPIRED, "certificate has expired"),
        (Certificate.SELF_MADE, "unable to get local issuer certificate"),
    ],
)
def test_a_wrong_certificate_is_refused_and_says_why(tmp_path: Path, certificate: Certificate, said: str) -> None:
    authority = Authority(tmp_path)
    client, server = pair(authority, certificate)
    with pytest.raises(TlsError, match=said):
        shake(client, server)
    careless = Tls(unchecked(), server_side=False, name=NAME)
    shake(careless, Tls(authority.server(NAME, [], certificate), server_side=True))
    assert careless.is_open


def test_the_server_learns_that_the_client_turned_away(tmp_path: Path) -> None:
    client, server = pair(Authority(tmp_path), Certificate.EXPIRED)
    with pytest.raises(TlsError):
        shake(client, server)
    with pytest.raises(TlsError, match="certificate expired"):
        server.feed(client.pull())


def test_words_in_clear_are_no_handshake(tmp_path: Path) -> None:
    _, server = pair(Authority(tmp_path))
    with pytest.raises(TlsError) as wrong:
        server.feed(b"EHLO crepes.fr\r\n")
    assert wrong.value.reason


def test_the_authority_is_the_same_the_next_time_and_its_key_is_private(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    certificate = (tmp_path / CA_NAME).read_bytes()
    client, _ = pair(first)
    _, server = pair(Authority(tmp_path))
    shake(client, server)
    assert (tmp_path / CA_NAME).read_bytes() == certificate
    if os.name == "posix":
        assert [file.stat().st_mode & 0o077 for file in tmp_path.glob("*.key")] == [0]


def test_a_damaged_authority_is_replaced(tmp_path: Path) -> None:
    Authority(tmp_path)
    (tmp_path / CA_NAME).write_text("junk")
    client, server = pair(Authority(tmp_path))
    shake(client, server)
    assert client.is_open
