"""Whatever is in a trace stays data in what it is exported as: in Python, in the shell and in Markdown."""

from __future__ import annotations

import ast
import shlex
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mailtutor.reading import retelling
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.markdown import markdown
from mailtutor.reading.retellable import conversations
from mailtutor.reading.scripts import pytest_file, script
from mailtutor.reading.swaks import swaks
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun
from tests.reading.conversations import events

# What somebody would put in to become code, beside any octets.
NASTY = [
    b"'''",
    b'"""',
    b"\\",
    b"\\'",
    b"'",
    b'"',
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\x1b[2J",
    b"$(id)",
    b"`id`",
    b"; id #",
    b"| id",
    b"%s%n",
    b"{0}",
    b"{__import__('os')}",
    b"<script>alert(1)</script>",
    b"]]>",
    b"-->",
    b"<!--",
    b"</pre>",
    b"&lt;",
    b'" onload="x',
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xff\xfe",
    b"--pipe=id",
    b"-x",
    b"@/etc/passwd",
    b"```",
    b"|",
    b"\\|",
    b"[x](javascript:y)",
    b"![x](y)",
    b"\x0c",
    b"# coding: utf-7",
    b"EOF",
    b"*****",
    b"{5}\r\n*****",
    b"\x85",
]
TEXT = st.lists(st.one_of(st.sampled_from(NASTY), st.binary(max_size=6)), max_size=5).map(b"".join)
SMTP = st.lists(
    st.one_of(
        TEXT,
        TEXT.map(b"EHLO %b\r\n".__mod__),
        TEXT.map(b"MAIL FROM:<%b>\r\n".__mod__),
        TEXT.map(b"RCPT TO:<%b>\r\n".__mod__),
        TEXT.map(b"DATA\r\n%b\r\n.\r\n".__mod__),
        TEXT.map(b"AUTH PLAIN %b\r\n".__mod__),
        TEXT.map(b"AUTH LOGIN\r\n%b\r\n".__mod__),
        TEXT.map(b"USER %b\r\nPASS *****\r\n".__mod__),
        TEXT.map(b"a LOGIN %b *****\r\n".__mod__),
        TEXT.map(b"APOP %b\r\n".__mod__),
        st.just(b"a APPEND INBOX {3}\r\n"),
        st.just(b"AUTH CRAM-MD5\r\n"),
        st.just(b"a AUTHENTICATE PLAIN *****\r\n"),
    ),
    max_size=6,
)
ANSWERS = st.one_of(
    st.sampled_from(
        [b"250 ok\r\n", b"354 go\r\n", b"235 in\r\n", b"+OK hi\r\n", b"+ go\r\n", b"a OK done\r\n", b"334 x\r\n"]
    ),
    TEXT.map(b"250 %b\r\n".__mod__),
)


@st.composite
def traces(draw: st.DrawFn) -> list[AnyEvent]:
    """Hostile conversations, with hostile hosts."""
    name = draw(TEXT).decode("utf-8", "surrogateescape")
    protocol = draw(st.sampled_from(["smtp", "pop3", "imap"]))
    found: list[AnyEvent] = [
        Opened(
            t=0,
            at=0,
            conn=1,
            protocol=protocol,
            service=name,
            client=Endpoint(draw(st.sampled_from(["", name + "@x"])), "", 0),
            server=Endpoint(name, draw(st.sampled_from(["", "127.0.0.1", name])), draw(st.integers(0, 65535))),
        )
    ]
    found.append(
        FromServer(t=0, at=0, conn=1, data=draw(st.sampled_from([b"220 hi\r\n", b"+OK hi\r\n", b"* OK hi\r\n"])))
    )
    for said in draw(SMTP):
        found.append(FromClient(t=0, at=0, conn=1, data=said))
        found.append(FromServer(t=0, at=0, conn=1, data=draw(ANSWERS)))
    return [*found, Closed(t=0, at=0, conn=1, by="client")]


def _read(happened: Sequence[AnyEvent]) -> Dialogue:
    dialogue = Dialogue()
    dialogue.take(happened, 0)
    return dialogue


def _connections(happened: Sequence[AnyEvent]) -> list[Connection]:
    return list(_read(happened).connections.values())


# All that a connection's function may name.
ALLOWED = {
    "base64", "imaplib", "os", "poplib", "smtplib", "server", "reply", "heard", "smtp", "pop3", "imap", "Imap",
    "SealedImap", "Pop3", "context", "password", "wire", "plain", "cram_md5", "apop", "scram_first", "scram_final",
    "quoted", "host", "port", "int", "len", "self", "timeout", "TIMEOUT_S",
}  # fmt: skip
_OWN = "connection_1"


@settings(max_examples=300, deadline=None)
@given(traces())
def test_of_a_trace_only_constants_come_into_a_script(happened: list[AnyEvent]) -> None:
    connections = _connections(happened)
    for text in (script(connections, words("en")), pytest_file(connections, words("zh"))):
        compile(text, "again.py", "exec")
        for function in (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)):
            if not function.name.endswith(_OWN):
                continue
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            assert names <= ALLOWED
        code = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
        assert code.isascii()
        assert not any(ord(one) < 0x20 and one != "\n" for one in text)


@settings(max_examples=200, deadline=None)
@given(traces())
def test_the_script_has_every_octet_that_is_not_made_anew(happened: list[AnyEvent]) -> None:
    connections = _connections(happened)
    constants = {
        node.value if isinstance(node.value, bytes) else str(node.value).encode("utf-8", "surrogatepass")
        for node in ast.walk(ast.parse(script(connections, words("en"))))
        if isinstance(node, ast.Constant)
    }
    for one in conversations(connections):
        for said in one.said:
            if not said.mechanism:
                assert said.turn.data in constants or said.turn.data[:-2] in constants


@settings(max_examples=200, deadline=None)
@given(traces())
def test_a_shell_reads_of_a_trace_only_words(happened: list[AnyEvent]) -> None:
    text = swaks(_connections(happened), words("en"))
    for command in text.split("\nprintf ")[1:]:
        parts = shlex.split("printf " + command.split("\n#")[0], comments=False)
        assert parts[0] == "printf"
        assert parts[2:4] == ["|", "swaks"]
        assert all(part.startswith("--") for part in parts[4:])
        names = [part.partition("=")[0] for part in parts[4:]]
        assert set(names) <= {
            "--server",
            "--port",
            "--from",
            "--to",
            "--helo",
            "--protocol",
            "--auth",
            "--auth-user",
            "--auth-password",
            "--data",
            "--no-data-fixup",
        }


MESSAGES = st.lists(st.one_of(TEXT, st.just(b"-n\r\n")), max_size=4).map(b"".join)


@settings(max_examples=40, deadline=None)
@given(MESSAGES)
def test_printf_writes_the_message_octet_for_octet(message: bytes) -> None:
    message = b"x" + message.replace(b"\r", b"").replace(b"\n", b"")
    happened = events(
        "smtp",
        ("S", b"220 hi\r\n"),
        ("C", b"EHLO x\r\n"),
        ("S", b"250 x\r\n"),
        ("C", b"MAIL FROM:<a@b>\r\n"),
        ("S", b"250 x\r\n"),
        ("C", b"RCPT TO:<c@d>\r\n"),
        ("S", b"250 x\r\n"),
        ("C", b"DATA\r\n"),
        ("S", b"354 x\r\n"),
        ("C", message + b"\r\n.\r\n"),
        ("S", b"250 x\r\n"),
    )
    text = swaks(_connections(happened), words("en"))
    (line,) = [line for line in text.splitlines() if line.startswith("printf ")]
    written = subprocess.run(["sh", "-c", line.split(" | swaks ")[0]], capture_output=True, check=True).stdout
    assert written == message + b"\r\n."


@settings(max_examples=200, deadline=None)
@given(traces(), st.sampled_from(["en", "zh"]))
def test_markdown_shows_each_line_as_code_and_obeys_none(happened: list[AnyEvent], language: str) -> None:
    dialogue = _read(happened)
    say = words(language)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(dialogue, say))
    inline = [child for token in tokens for child in token.children or ()]
    assert not [
        one for one in [*tokens, *inline] if one.type in ("html_block", "html_inline", "link_open", "image", "fence")
    ]
    shown = [one.content for one in inline if one.type == "code_inline"]
    said = [retelling.said(row, say) for row in dialogue.told]
    assert [one.strip() for one in shown] == [one.strip() for one in said]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_relay_is_left_to_do_its_work_again(language: str) -> None:
    def opened(conn: int, client: str, server: str) -> AnyEvent:
        return Opened(
            t=0,
            at=0,
            conn=conn,
            protocol="smtp",
            service="smtp",
            client=Endpoint(client, "", 0),
            server=Endpoint(server, "", 25),
        )

    happened = [opened(1, "alice@crepes.fr", "crepes.fr"), opened(2, "crepes.fr", "hamburger.edu")]
    told = conversations(_connections(happened))
    assert [one.conn for one in told] == [1]
    assert "1" in script(_connections(happened), words(language)).split("import")[0]
    assert [one.conn for one in conversations(_connections(happened[1:]))] == [2]


def test_swaks_takes_over_login_tls_chunks_and_parameters() -> None:
    happened = events(
        "smtp", ("S", b"220 hi\r\n"), ("C", b"EHLO x\r\n"), ("S", b"250 x\r\n"), ("C", b"STARTTLS\r\n"),
        ("S", b"220 go\r\n"),
    )  # fmt: skip
    happened.append(TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="X"))
    happened += events(
        "smtp", ("C", b"EHLO x\r\n"), ("S", b"250 x\r\n"), ("C", b"AUTH PLAIN **********\r\n"), ("S", b"235 in\r\n"),
        ("C", b"MAIL FROM:<> SIZE=9\r\n"), ("S", b"250 x\r\n"), ("C", b"RCPT TO:<c@d>\r\n"), ("S", b"250 x\r\n"),
        ("C", b"BDAT 4 LAST\r\n.hi\n"), ("S", b"250 x\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 x\r\n"),
    )[1:]  # fmt: skip
    text = swaks(_connections(happened), words("en"))
    (line,) = [line for line in text.splitlines() if line.startswith("printf ")]
    options = shlex.split(line)
    assert {"--tls", "--auth=PLAIN", "--auth-user=bob", "--from=<>", "--to=c@d"} <= {*options}
    assert "--auth-password=$MAIL_PASSWORD" in options
    assert words("en")("export.swaks.parameters") in text
    assert words("en")("export.swaks.verify") in text
    assert shlex.split(line)[1] == "..hi\\n\\r\\n."
