"""Lines taken apart."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap import ImapObserver, spans
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.text.catalogue import words

F = "imap.field."


def parts(line: Line) -> list[tuple[str, str]]:
    """What each span covers, and its name without the common beginning."""
    return [
        (line.raw[span.start : span.end].decode(), span.key.removeprefix(F))
        for span in spans(line)
        if span.key != "wire.crlf"
    ]


def said(text: str, source: Source = Source.CLIENT, before: str = "") -> Line:
    """The last line an observer makes of this."""
    observer = ImapObserver()
    if before:
        observer.observe(source, before.encode())
    return observer.observe(source, text.encode() + b"\r\n")[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a1 NOOP", [("a1", "tag"), ("NOOP", "verb")]),
        ("a1", [("a1", "tag")]),
        ("a1 XYZZY plugh", [("a1", "tag"), ("XYZZY", "verb"), ("plugh", "argument")]),
        ("a1 login bob hungry", [("a1", "tag"), ("login", "verb"), ("bob", "user"), ("hungry", "password")]),
        ("a1 LOGIN {3}", [("a1", "tag"), ("LOGIN", "verb"), ("{3}", "literal")]),
        (
            "a1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=",
            [("a1", "tag"), ("AUTHENTICATE", "verb"), ("PLAIN", "mechanism"), ("AGJvYgBodW5ncnk=", "credentials")],
        ),
        ('a1 SELECT "In box"', [("a1", "tag"), ("SELECT", "verb"), ('"In box"', "mailbox")]),
        (
            "a1 UID FETCH 1:* (FLAGS body.peek[HEADER.FIELDS (To)]<0.9>)",
            [
                ("a1", "tag"),
                ("UID FETCH", "verb"),
                ("1:*", "uid_set"),
                ("FLAGS", "imap.item.FLAGS"),
                ("body.peek[HEADER.FIELDS (To)]<0.9>", "imap.item.BODY.PEEK[]"),
            ],
        ),
        (
            "a1 STORE 2 +FLAGS.SILENT (\\Seen work)",
            [
                ("a1", "tag"),
                ("STORE", "verb"),
                ("2", "sequence_set"),
                ("+FLAGS.SILENT", "store_action"),
                ("\\Seen", "imap.flag.SEEN"),
                ("work", "flag"),
            ],
        ),
        (
            'a1 APPEND x (\\Seen) "17-Jul-1996 02:44:25 -0700" {5+}',
            [
                ("a1", "tag"),
                ("APPEND", "verb"),
                ("x", "mailbox"),
                ("\\Seen", "imap.flag.SEEN"),
                ('"17-Jul-1996 02:44:25 -0700"', "date_time"),
                ("{5+}", "literal"),
            ],
        ),
        (
            "a1 SEARCH unseen FROM alice",
            [
                ("a1", "tag"),
                ("SEARCH", "verb"),
                ("unseen", "imap.search.UNSEEN"),
                ("FROM", "imap.search.FROM"),
                ("alice", "search_argument"),
            ],
        ),
        (
            "a1 STATUS x (MESSAGES SIZE)",
            [
                ("a1", "tag"),
                ("STATUS", "verb"),
                ("x", "mailbox"),
                ("MESSAGES", "imap.status.MESSAGES"),
                ("SIZE", "status_item"),
            ],
        ),
        ("a1 UID", [("a1", "tag"), ("UID", "verb")]),
    ],
)
def test_commands(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(said(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "* OK [UNSEEN 17] Message 17 is first unseen",
            [
                ("*", "untagged"),
                ("OK", "ok"),
                ("[UNSEEN 17]", "imap.code.UNSEEN"),
                ("Message 17 is first unseen", "words"),
            ],
        ),
        ("a1 NO [XFOO] sorry", [("a1", "tag"), ("NO", "no"), ("[XFOO]", "response_code"), ("sorry", "words")]),
        ("* 18 EXISTS", [("*", "untagged"), ("18", "count"), ("EXISTS", "imap.data.EXISTS")]),
        ("* 3 EXPUNGE", [("*", "untagged"), ("3", "message_number"), ("EXPUNGE", "imap.data.EXPUNGE")]),
        (
            "* SEARCH 2 84",
            [("*", "untagged"), ("SEARCH", "imap.data.SEARCH"), ("2", "search_result"), ("84", "search_result")],
        ),
        (
            '* LIST (\\Noselect) "/" foo',
            [
                ("*", "untagged"),
                ("LIST", "imap.data.LIST"),
                ("\\Noselect", "list_attribute"),
                ('"/"', "delimiter"),
                ("foo", "mailbox"),
            ],
        ),
        (
            "* STATUS x (MESSAGES 231)",
            [
                ("*", "untagged"),
                ("STATUS", "imap.data.STATUS"),
                ("x", "mailbox"),
                ("MESSAGES", "imap.status.MESSAGES"),
                ("231", "count"),
            ],
        ),
        (
            "* CAPABILITY IMAP4rev1 XYZ",
            [
                ("*", "untagged"),
                ("CAPABILITY", "imap.data.CAPABILITY"),
                ("IMAP4rev1", "imap.capability.IMAP4rev1"),
                ("XYZ", "capability"),
            ],
        ),
        (
            '* 12 FETCH (FLAGS (\\Seen) ENVELOPE (NIL "(") RFC822.SIZE 7 BODY[] {9}',
            [
                ("*", "untagged"),
                ("12", "message_number"),
                ("FETCH", "imap.data.FETCH"),
                ("FLAGS", "imap.item.FLAGS"),
                ("(\\Seen)", "item_value"),
                ("ENVELOPE", "imap.item.ENVELOPE"),
                ('(NIL "(")', "item_value"),
                ("RFC822.SIZE", "imap.item.RFC822.SIZE"),
                ("7", "item_value"),
                ("BODY[]", "imap.item.BODY[]"),
                ("{9}", "literal"),
            ],
        ),
        ("+ go ahead", [("+", "go_on"), ("go ahead", "words")]),
        ("nonsense", []),
    ],
)
def test_answers(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(said(text, Source.SERVER)) == expected


def test_the_rest_of_an_answer_after_a_literal() -> None:
    line = said(" UID 5)", Source.SERVER, "* 1 FETCH (BODY[] {2}\r\nab")
    assert parts(line) == [("UID", "imap.item.UID"), ("5", "item_value")]


def test_a_literal_shows_header_names() -> None:
    line = Line(Source.SERVER, Kind.LITERAL, b"Subject: x\r\n", "FETCH")
    assert parts(line) == [("Subject:", "header_name"), (" x", "literal_bytes")]


SECRETS = [
    (["a1 LOGIN bob hungry"], "hungry"),
    (['a1 LOGIN "bob" "so hungry"'], '"so hungry"'),
    (["a1 LOGIN bob so hungry"], "so hungry"),
    (["LOGIN bob hungry"], "hungry"),
    (["a1 LOGIN {3+}", "bob {6+}", "hungry"], "bob hungry"),
    (["a1 LOGIN {3+}", "bob hungry"], "bob hungry"),
    (["a1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk="], "AGJvYgBodW5ncnk="),
    (["a1 AUTHENTICATE PLAIN", "AGJvYgBodW5ncnk="], "AGJvYgBodW5ncnk="),
]


@pytest.mark.parametrize(("texts", "secret"), SECRETS)
def test_passwords_are_secret_however_they_are_said(texts: list[str], secret: str) -> None:
    observer = ImapObserver()
    lines = observer.observe(Source.CLIENT, "".join(text + "\r\n" for text in texts).encode())
    hidden = [line.raw[span.start : span.end] for line in lines for span in spans(line) if span.secret]
    assert b" ".join(hidden).decode() == secret


CUT = [
    ([], "a1 LOGIN bob hun", "hun"),
    (["a1 LOGIN {3+}"], "bo", "bo"),
    (["a1 LOGIN {3+}"], "bob hun", "bob hun"),
    (["a1 AUTHENTICATE PLAIN"], "AGJvYgBo", "AGJvYgBo"),
    (["a1 LOGIN bob hungry"], "a2 NOO", "hungry"),
]


@pytest.mark.parametrize(("texts", "cut", "secret"), CUT)
def test_half_a_password_is_a_secret_too(texts: list[str], cut: str, secret: str) -> None:
    observer = ImapObserver()
    lines = observer.observe(Source.CLIENT, ("".join(text + "\r\n" for text in texts) + cut).encode())
    lines += observer.finish()
    assert lines[-1].oddity == "wire.cut"
    hidden = [line.raw[span.start : span.end] for line in lines for span in spans(line) if span.secret]
    assert b" ".join(hidden).decode() == secret


def test_login_data_are_decoded_for_the_reader() -> None:
    (span,) = [span for span in spans(said("a1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=")) if span.secret]
    assert span.value == "\0bob\0hungry"
    assert [span.value for span in spans(said("a1 SELECT &U9FO9nux-"))][2] == "发件箱"


def test_a_secret_that_is_no_base64_is_still_one() -> None:
    (span,) = [span for span in spans(said("a1 AUTHENTICATE PLAIN hungry!")) if span.secret]
    assert (span.value, span.start, span.end) == ("", 22, 29)


def test_every_name_is_explained() -> None:
    known = words("en")
    samples = [*test_commands.pytestmark[0].args[1], *test_answers.pytestmark[0].args[1]]  # type: ignore[attr-defined]
    names = {name if name.startswith("imap.") else F + name for _, expected in samples for _, name in expected}
    assert [name for name in sorted(names) if f"{name}.what" not in known] == []
