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
                ("SIZE", "imap.status.SIZE"),
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
                ("\\Noselect", "imap.attribute.NOSELECT"),
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


EXTENDED = [
    ("ENABLE condstore X-NEW", "condstore=imap.capability.CONDSTORE X-NEW=capability"),
    ("SELECT x (CONDSTORE)", "x=mailbox CONDSTORE=imap.capability.CONDSTORE"),
    (
        "SELECT x (QRESYNC (67 90 41:211 (1,5 41,99)))",
        "x=mailbox QRESYNC=imap.capability.QRESYNC 67=uid_validity 90=modseq 41:211=known_uids"
        " 1,5=matched_numbers 41,99=matched_uids",
    ),
    (
        "SELECT x (QRESYNC (67 90 (1 41)))",
        "x=mailbox QRESYNC=imap.capability.QRESYNC 67=uid_validity 90=modseq 1=matched_numbers 41=matched_uids",
    ),
    ("SELECT x (FROB)", "x=mailbox FROB=parameter"),
    (
        "CREATE x (USE (\\Sent \\Odd))",
        "x=mailbox USE=imap.modifier.USE \\Sent=imap.attribute.SENT \\Odd=list_attribute",
    ),
    (
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" (a b) RETURN (CHILDREN STATUS (UNSEEN SIZE) X)',
        'SUBSCRIBED=imap.option.SUBSCRIBED RECURSIVEMATCH=imap.option.RECURSIVEMATCH ""=reference a=pattern b=pattern'
        " RETURN=imap.option.RETURN CHILDREN=imap.option.CHILDREN STATUS=imap.option.STATUS UNSEEN=imap.status.UNSEEN"
        " SIZE=imap.status.SIZE X=parameter",
    ),
    ('LIST "" %', '""=reference %=pattern'),
    (
        "UID FETCH 1:9 (FLAGS) (CHANGEDSINCE 12 VANISHED)",
        "1:9=uid_set FLAGS=imap.item.FLAGS CHANGEDSINCE=imap.modifier.CHANGEDSINCE 12=modseq"
        " VANISHED=imap.modifier.VANISHED",
    ),
    ("FETCH $ MODSEQ", "$=saved_result MODSEQ=imap.item.MODSEQ"),
    (
        "FETCH 1 (BINARY.PEEK[1.2]<0.5> binary[2] BINARY.SIZE[3])",
        "1=sequence_set BINARY.PEEK[1.2]<0.5>=imap.item.BINARY.PEEK[] binary[2]=imap.item.BINARY[]"
        " BINARY.SIZE[3]=imap.item.BINARY.SIZE[]",
    ),
    (
        "STORE 7 (UNCHANGEDSINCE 3) +FLAGS (\\Seen)",
        "7=sequence_set UNCHANGEDSINCE=imap.modifier.UNCHANGEDSINCE 3=modseq +FLAGS=store_action \\Seen=imap.flag.SEEN",
    ),
    ("STORE 7 FLAGS \\Seen work", "7=sequence_set FLAGS=store_action \\Seen=imap.flag.SEEN work=flag"),
    (
        "SEARCH RETURN (MIN SAVE) CHARSET UTF-8 NOT $ MODSEQ 9",
        "RETURN=imap.search.RETURN MIN=imap.result.MIN SAVE=imap.result.SAVE CHARSET=imap.search.CHARSET"
        " UTF-8=search_argument NOT=imap.search.NOT $=saved_result MODSEQ=imap.search.MODSEQ 9=search_argument",
    ),
    (
        "UID SORT (REVERSE DATE) UTF-8 UNSEEN",
        "REVERSE=imap.sort.REVERSE DATE=imap.sort.DATE UTF-8=charset UNSEEN=imap.search.UNSEEN",
    ),
    ("UID MOVE $ friends", "$=saved_result friends=mailbox"),
    ('GETQUOTA ""', '""=quota_root'),
    ("GETQUOTAROOT INBOX", "INBOX=mailbox"),
    ("APPEND x (\\Seen) ~{5+}", "x=mailbox \\Seen=imap.flag.SEEN ~{5+}=literal8"),
    ("APPEND x UTF8 (~{5}", "x=mailbox UTF8=utf8_literal ~{5}=literal8"),
]


@pytest.mark.parametrize(("text", "expected"), EXTENDED)
def test_commands_of_extensions(text: str, expected: str) -> None:
    line = said("a1 " + text)
    assert " ".join(f"{part}={name}" for part, name in parts(line)[2:]) == expected


TOLD = [
    ("* ENABLED CONDSTORE", "CONDSTORE=imap.capability.CONDSTORE"),
    (
        '* ESEARCH (TAG "a1") UID COUNT 3 ALL 1:3 PARTIAL 9',
        'TAG=correlator "a1"=command_tag UID=imap.result.UID COUNT=imap.result.COUNT 3=search_result'
        " ALL=imap.result.ALL 1:3=search_result PARTIAL=parameter 9=search_result",
    ),
    ("* SORT 3 1 (MODSEQ 9)", "3=search_result 1=search_result MODSEQ=imap.result.MODSEQ 9=search_result"),
    ("* VANISHED (EARLIER) 41,43:116", "EARLIER=earlier 41,43:116=uid_set"),
    ("* VANISHED 405", "405=uid_set"),
    (
        '* QUOTA "bob" (STORAGE 10 512 MESSAGE 2 9)',
        '"bob"=quota_root STORAGE=imap.resource.STORAGE 10=used 512=limit MESSAGE=imap.resource.MESSAGE 2=used 9=limit',
    ),
    ("* QUOTAROOT INBOX bob", "INBOX=mailbox bob=quota_root"),
    (
        '* LIST (\\NonExistent) "/" work ("CHILDINFO" ("SUBSCRIBED"))',
        '\\NonExistent=imap.attribute.NONEXISTENT "/"=delimiter work=mailbox "CHILDINFO"=list_extra'
        ' "SUBSCRIBED"=imap.option.SUBSCRIBED',
    ),
    ('* NAMESPACE (("" "/")) NIL NIL', '""=namespace "/"=namespace NIL=namespace NIL=namespace'),
    ("* STATUS x (SIZE 3 DELETED 0)", "x=mailbox SIZE=imap.status.SIZE 3=count DELETED=imap.status.DELETED 0=count"),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_answers_of_extensions(text: str, expected: str) -> None:
    line = said(text, Source.SERVER)
    assert " ".join(f"{part}={name}" for part, name in parts(line)[2:]) == expected
    assert parts(line)[1][1].startswith("imap.data.")


def test_a_message_tells_its_modification_sequence() -> None:
    line = said("* 5 FETCH (MODSEQ (12) BINARY[1] ~{9}", Source.SERVER)
    assert parts(line)[3:] == [
        ("MODSEQ", "imap.item.MODSEQ"),
        ("(12)", "item_value"),
        ("BINARY[1]", "imap.item.BINARY[]"),
        ("~{9}", "literal8"),
    ]


@pytest.mark.parametrize("code", ["HIGHESTMODSEQ 7", "MODIFIED 7,9", "CLOSED", "NOMODSEQ", "USEATTR"])
def test_response_codes_of_extensions(code: str) -> None:
    line = said(f"* OK [{code}] so it is", Source.SERVER)
    assert parts(line)[2] == (f"[{code}]", f"imap.code.{code.split(' ')[0]}")


def test_an_answer_goes_on_after_a_name_in_a_literal() -> None:
    line = said(" (UNSEEN 5)", Source.SERVER, "* STATUS {2}\r\nab")
    assert parts(line) == [("UNSEEN", "imap.status.UNSEEN"), ("5", "count")]


def test_parameters_go_on_after_a_name_in_a_literal() -> None:
    line = said(" (CONDSTORE)", before="a1 SELECT {2+}\r\nab")
    assert parts(line) == [("CONDSTORE", "imap.capability.CONDSTORE")]


def test_names_in_utf8_are_shown_as_they_are() -> None:
    assert [span.value for span in spans(said('a1 SELECT "发件箱"'))][2] == "发件箱"
    assert [span.value for span in spans(Line(Source.CLIENT, Kind.COMMAND, b'a1 SELECT "\xff"', "SELECT"))][2] == ""


def test_what_is_encrypted_has_no_pieces() -> None:
    assert spans(Line(Source.CLIENT, Kind.CIPHERTEXT, b"\x16\x03\x01\x00\x01\n")) == ()


SECRETS = [
    (["a1 LOGIN bob hungry"], "hungry"),
    (['a1 LOGIN "bob" "so hungry"'], '"so hungry"'),
    (["a1 LOGIN bob so hungry"], "so hungry"),
    (["LOGIN bob hungry"], "hungry"),
    (["a1 LOGIN {3+}", "bob {6+}", "hungry"], "bob hungry"),
    (["a1 LOGIN {3+}", "bob hungry"], "bob hungry"),
    (["a1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk="], "AGJvYgBodW5ncnk="),
    (["a1 AUTHENTICATE PLAIN", "AGJvYgBodW5ncnk="], "AGJvYgBodW5ncnk="),
    (["a1 AUTHENTICATE SCRAM-SHA-256", "biws", "Yz1i"], "biws Yz1i"),
    (["a1 AUTHENTICATE SCRAM-SHA-256 biws", "Yz1i"], "biws Yz1i"),
    (["a1 LOGIN (bob hungry"], "bob hungry"),
    (["a1 LOGIN bob (hungry)"], "(hungry)"),
    (["a1 LOGIN ~{3+}", "bob ~{6+}", "hungry"], "bob hungry"),
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
    for _, expected in (*EXTENDED, *TOLD):
        parted = [part.rpartition("=")[2] for part in expected.split(" ")]
        names |= {name if name.startswith("imap.") else F + name for name in parted}
    assert [name for name in sorted(names) if f"{name}.what" not in known] == []
