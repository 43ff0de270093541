"""smtp-source, Postfix's load generator, at port 25: what it was told is taken must be on the disk.

It says one command at a time and has no STARTTLS and no AUTH; the pipelined load beside it is a socket of ours.
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.programs import delivered, door, fields, mailbox, run

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize(
    ("sessions", "messages", "octets"), [(1, 50, 1024), (10, 400, 1024), (50, 300, 200), (4, 12, 300_000)]
)
def test_everything_taken_is_in_the_mailbox(
    open_lab: OpenLab, sessions: int, messages: int, octets: int, reuse: bool
) -> None:
    lab = open_lab()
    done = run(
        "smtp-source", "-s", str(sessions), "-m", str(messages), "-l", str(octets), "-S", "load",
        *(["-d"] if reuse else []), "-f", "carol@example.org", "-t", "bob@hamburger.edu",
        door(lab, "hamburger.edu", "smtp"),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    # Answered 250 means committed: nothing is waited for.
    found = mailbox(lab, BOB)
    assert len(found) == messages
    assert all(len(message) >= octets for message in found)
    assert len({fields(message, "Received")[0] for message in found}) == messages


def test_many_recipients_of_one_message(open_lab: OpenLab) -> None:
    lab = open_lab()
    done = run(
        "smtp-source", "-s", "2", "-m", "10", "-r", "100", "-f", "carol@example.org", "-t", "postmaster@hamburger.edu",
        door(lab, "hamburger.edu", "smtp"),
    )  # fmt: skip
    # It numbers its recipients: 1postmaster@…, whom nobody knows. To HELO, which it says, no code is enhanced.
    assert done.returncode != 0
    assert b"550 " in done.stderr
    assert mailbox(lab, BOB) == []


def test_a_whole_session_in_one_packet(open_lab: OpenLab) -> None:
    lab = open_lab()
    one = b"MAIL FROM:<carol@example.org>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nSubject: %d.%d\r\n\r\nx\r\n.\r\n"

    def load(number: int) -> list[bytes]:
        said = b"EHLO load\r\n" + b"".join(one % (number, message) for message in range(40)) + b"QUIT\r\n"
        with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=30) as sock:
            sock.sendall(said)
            heard = b"".join(iter(lambda: sock.recv(65536), b""))
        return re.findall(rb"^(\d{3}) ", heard, re.MULTILINE)

    with ThreadPoolExecutor(10) as pool:
        codes = list(pool.map(load, range(10)))
    assert codes == [[b"220", b"250", *[b"250", b"250", b"354", b"250"] * 40, b"221"]] * 10
    delivered(lab, 400)
    wanted = {f"{number}.{message}" for number in range(10) for message in range(40)}
    assert {fields(message, "Subject")[0] for message in mailbox(lab, BOB)} == wanted
