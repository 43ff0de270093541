"""What dumpcap saw of programs nobody here wrote: all of it is understood, and TLS opens with curl's own keys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtutor.capture.opening import dissected
from mailtutor.capture.reading import Reading
from mailtutor.lab.plan import BOB
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import Gap, TlsBegun
from tests.interop.capturing import captured
from tests.interop.conftest import StartPostfix, _net
from tests.interop.dovecot import Dovecot
from tests.interop.programs import path_of, run

LETTER = (
    b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: crepes\r\n\r\n.dotted\r\n" + b"x" * 60_000 + b"\r\n"
)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """With mail for bob."""
    with Dovecot(f"127.0.{_net()}.9", [BOB]) as running:
        yield running


def _understood(reading: Reading) -> Dialogue:
    """Nothing is missing, broken, or unknown."""
    assert reading.problem is None
    assert not [event for event in reading.events if isinstance(event, Gap)]
    dialogue = Dialogue()
    dialogue.take(reading.events, 0)
    assert [row.line.raw for row in dialogue.rows if row.line.kind is Kind.UNKNOWN] == []
    return dialogue


def _curl(*arguments: str, given: bytes = b"", keys: Path | None = None) -> bytes:
    login = ("--user", f"{BOB.name}:{BOB.password}")
    env = {"SSLKEYLOGFILE": str(keys)} if keys is not None else None
    done = run(path_of("curl"), "--silent", "--show-error", *login, *arguments, given=given, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_swaks_and_smtp_source_talk_to_postfix(start_postfix: StartPostfix, tmp_path: Path) -> None:
    postfix = start_postfix()
    letter = tmp_path / "letter.eml"
    letter.write_bytes(LETTER)
    with captured(tmp_path / "lo.pcapng", postfix.address, []) as capture:
        swaks = ("--server", postfix.address, "--port", str(postfix.port), "--from", "alice@crepes.fr")
        done = run(path_of("swaks"), *swaks, "--to", "bob@hamburger.edu", "--data", f"@{letter}")
        assert done.returncode == 0, done.stdout
        where = f"{postfix.address}:{postfix.port}"
        to = ("-s", "3", "-m", "12", "-l", "4000", "-f", "alice@crepes.fr", "-t", "bob@hamburger.edu")
        assert run(path_of("smtp-source"), *to, where).returncode == 0
    dialogue = _understood(dissected(capture.file))
    assert len(dialogue.connections) >= 13
    assert {one.protocol for one in dialogue.connections.values()} == {"smtp"}
    taken = [row for row in dialogue.rows if row.line.verb == "." and row.line.code == "250"]
    assert len(taken) == 13
    swaks_said = next(iter(dialogue.connections.values()))
    assert swaks_said.bytes_from_client > 60_000


def test_curl_talks_to_dovecot_by_imap_and_pop3(dovecot: Dovecot, tmp_path: Path) -> None:
    where = f"{dovecot.address}:{dovecot.port}"
    letter = tmp_path / "letter.eml"
    letter.write_bytes(LETTER)
    with captured(tmp_path / "lo.pcapng", dovecot.address, []) as capture:
        _curl("-T", str(letter), f"imap://{where}/INBOX")
        assert len(_curl(f"imap://{where}/INBOX;MAILINDEX=1")) > 60_000
        assert len(_curl(f"pop3://{dovecot.address}:{dovecot.pop3_port}/1")) > 60_000
        _curl(f"imap://{where}/INBOX?ALL")
    dialogue = _understood(dissected(capture.file))
    assert sorted(one.protocol for one in dialogue.connections.values()) == ["imap", "imap", "imap", "pop3"]


def test_mbsync_reads_dovecot(dovecot: Dovecot, tmp_path: Path) -> None:
    where = f"{dovecot.address}:{dovecot.port}"
    letter = tmp_path / "letter.eml"
    letter.write_bytes(LETTER)
    _curl("-T", str(letter), f"imap://{where}/INBOX")
    config = tmp_path / "mbsyncrc"
    config.write_text(
        f"IMAPAccount bob\nHost {dovecot.address}\nPort {dovecot.port}\nUser {BOB.name}\nPass {BOB.password}\n"
        "SSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount bob\n\nMaildirStore near\n"
        f"Path {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n"
    )
    (tmp_path / "mail").mkdir()
    with captured(tmp_path / "lo.pcapng", dovecot.address, []) as capture:
        done = run(path_of("mbsync"), "-c", str(config), "-a")
        assert done.returncode == 0, done.stderr
    dialogue = _understood(dissected(capture.file))
    assert {one.protocol for one in dialogue.connections.values()} == {"imap"}
    assert any("FETCH" in row.line.verb for row in dialogue.rows)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_opens_with_the_keys_that_curl_kept(start_postfix: StartPostfix, tmp_path: Path, version: str) -> None:
    postfix = start_postfix(smtpd_tls_security_level="may")
    keys, letter = tmp_path / "keys", tmp_path / "letter.eml"
    letter.write_bytes(LETTER)
    with captured(tmp_path / "lo.pcapng", postfix.address, []) as capture:
        command = (
            f"--tlsv{version}", "--tls-max", version, "--ssl-reqd", "--insecure", "--mail-from", "alice@crepes.fr",
            "--mail-rcpt", "bob@hamburger.edu", "-T", str(letter), f"smtp://{postfix.address}:{postfix.port}/crepes.fr",
        )  # fmt: skip
        _curl_without_login(*command, keys=keys)
    closed = dissected(capture.file)
    begun = [event for event in closed.events if isinstance(event, TlsBegun)]
    assert [event.version for event in begun] == [f"TLSv{version}"]
    dialogue = _understood(closed)
    assert not [row for row in dialogue.rows if row.line.verb == "MAIL"]
    opened = _understood(dissected(capture.file, keys))
    assert [row.line.code for row in opened.rows if row.line.verb == "." and row.line.code] == ["250"]
    assert b".." in next(row.line.raw for row in opened.rows if row.line.raw.startswith(b"..dotted"))


def _curl_without_login(*arguments: str, keys: Path) -> None:
    env = {"SSLKEYLOGFILE": str(keys), "PATH": str(Path(shutil.which("curl") or "/usr/bin/curl").parent)}
    done = run(path_of("curl"), "--silent", "--show-error", *arguments, env=env)
    assert done.returncode == 0, done.stderr
