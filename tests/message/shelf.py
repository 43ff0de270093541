"""Writes our own messages, one of each shape: `python -m tests.message.shelf`.

They are content, in `transcripts/messages`; here is what they are made from, so that those in GBK or base64 can be
changed, too. A test compares the two.
"""

from __future__ import annotations

import base64
from pathlib import Path

from mailtutor.message.dsn import Action, Fate, quoted_printable, report
from tests.message.media import bottle, png, tone

FOLDER = Path(__file__).resolve().parents[2] / "transcripts" / "messages"
ALICE, BOB = "Alice <alice@crepes.fr>", "Bob <bob@hamburger.edu>"
MIME = "MIME-Version: 1.0"
CHINESE = "你好，鲍勃！\r\n星期六中午一起吃可丽饼好吗？\r\n爱丽丝\r\n"
TRADITIONAL = "鮑勃你好！\r\n星期六中午一起吃可麗餅好嗎？\r\n愛麗絲\r\n"


def head(number: int, subject: str, *more: str, sender: str = ALICE, to: str = BOB) -> list[str]:
    """The fields every letter has. number: the day of March 2026 on which it was written."""
    days = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    return [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {days[(number - 1) % 7]}, {number} Mar 2026 10:15:00 +0100",
        f"Message-ID: <march-{number}@crepes.fr>",
        *more,
    ]


def letter(fields: list[str], *body: str) -> bytes:
    """Fields and lines of a body, as UTF-8 with CR LF."""
    return "".join(f"{line}\r\n" for line in (*fields, "", *body)).encode()


def picture() -> bytes:
    """A PNG of 8 × 8 pixels, red like ketchup, whose data are not compressed, so that it is the same everywhere."""
    return png(8, 8, (b"\0" + b"\xc8\x10\x10" * 8) * 8)


def in_base64(data: bytes) -> list[str]:
    """Lines of 76 characters."""
    return base64.encodebytes(data).decode().splitlines()


def in_quoted(data: bytes) -> list[str]:
    """Lines of quoted-printable."""
    return quoted_printable(data).decode().split("\r\n")


def chinese(day: int, charset: str, text: str = CHINESE) -> bytes:
    """The same letter in a Chinese character set, the subject, too."""
    word = base64.b64encode(text.splitlines()[0].encode(charset)).decode()
    fields = head(
        day, f"=?{charset}?B?{word}?=", MIME, f"Content-Type: text/plain; charset={charset}",
        "Content-Transfer-Encoding: base64",
    )  # fmt: skip
    return letter(fields, *in_base64(text.encode(charset)))


def texts() -> dict[str, bytes]:
    """Single texts."""
    eight = [MIME, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    utf8 = [MIME, "Content-Type: text/plain; charset=utf-8"]
    latin1 = "Les crêpes sont prêtes à midi : jambon, fromage et beaucoup de crème."
    return {
        "plain": letter(head(1, "Pickles"), "Hello Bob,", "", "do you have pickles left?", "", "Alice"),
        "encoded-subject": letter(
            head(
                2,
                "=?utf-8?B?5Y+v5Li96aW8?= =?utf-8?Q?_et_cr=C3=AApes?= at noon",
                MIME,
                sender="=?iso-8859-1?Q?Andr=E9e_Cr=EApe?= <alice@crepes.fr>",
            ),
            "Two words and some ASCII make one subject.",
        ),
        "latin1-quoted": letter(
            head(
                3, "Crepes at noon", MIME, "Content-Type: text/plain; charset=iso-8859-1",
                "Content-Transfer-Encoding: quoted-printable",
            ),
            *in_quoted(latin1.encode("iso-8859-1")),
        ),
        "utf8-base64": chinese(4, "utf-8"),
        "gbk": chinese(5, "gbk"),
        "gb18030": chinese(6, "gb18030", CHINESE + "𠮷\r\n"),
        "big5": chinese(7, "big5", TRADITIONAL),
        "eight-bit": letter(head(8, "Eight bits", *eight), "Voilà : une crêpe, 一张可丽饼。"),
        "smtputf8": letter(
            head(9, "可丽饼 à midi", *eight, sender="爱丽丝 <爱丽丝@crepes.fr>"),
            "Even the address is UTF-8: no encoded words.",
        ),
        "flowed": letter(
            head(10, "As wide as you like", *utf8[:1], "Content-Type: text/plain; charset=us-ascii; format=flowed"),
            "This paragraph was written as one line of text, and the program that ",
            "sent it broke it where it liked, with a space before each break. Yours ",
            "may join it and fold it anew.",
            "",
            "> So may it be with what is quoted, ",
            "> level by level.",
        ),
        "calendar": letter(
            head(11, "Crepes", MIME, 'Content-Type: text/calendar; charset=utf-8; method="REQUEST"'),
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//crepes.fr//oven//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
            "UID:noon-1@crepes.fr", "DTSTAMP:20260311T091500Z", "DTSTART:20260314T110000Z", "DTEND:20260314T120000Z",
            "SUMMARY:Crepes", "ORGANIZER:mailto:alice@crepes.fr", "ATTENDEE:mailto:bob@hamburger.edu", "END:VEVENT",
            "END:VCALENDAR",
        ),
        "old-forms": letter(
            [
                "From: Alice (who else?) <@relay.example.com:alice@crepes.fr>", "To : bob @ hamburger . edu",
                "Subject: A subject that goes", " on in the next line", "\tand in one more",
                "Date: Thu, 12 Mar 26 10:15 GMT", "Message-ID: <march-12@crepes.fr>",
            ],
            "Folded lines, two digits of a year, a route, spaces around the signs: all of it was once usual.",
        ),
    }  # fmt: skip


def multiparts() -> dict[str, bytes]:
    """Messages with parts."""
    png = ["Content-Type: image/png; name=ketchup.png", "Content-Transfer-Encoding: base64"]
    page = "<p>Here it is: <b>ketchup</b>.</p>"
    both = [
        'Content-Type: multipart/alternative; boundary="inner"', "", "--inner", "Content-Type: text/plain", "",
        "Here it is: KETCHUP.", "--inner", "Content-Type: text/html", "", page, "--inner--",
    ]  # fmt: skip
    return {
        "alternative": letter(
            head(13, "Ketchup", MIME, 'Content-Type: multipart/alternative; boundary="=_crepe"'),
            "--=_crepe", "Content-Type: text/plain; charset=us-ascii", "", "Ketchup is red.", "--=_crepe",
            "Content-Type: text/html; charset=us-ascii", "", "<p>Ketchup is <b>red</b>.</p>", "--=_crepe--",
        ),
        "attachment": letter(
            head(14, "The ketchup", MIME, "Content-Type: multipart/mixed; boundary=cut-here"),
            "This line is for programs that know no MIME.", "--cut-here", "Content-Type: text/plain", "",
            "See what I found.", "--cut-here", *png, "Content-Disposition: attachment; filename=ketchup.png", "",
            *in_base64(picture()), "--cut-here--", "And nobody shows this one.",
        ),
        "related": letter(
            head(15, "A page", MIME, 'Content-Type: multipart/related; boundary=page; type="text/html"'),
            "--page", "Content-Type: text/html; charset=utf-8", "",
            '<p>Look: <img src="cid:ketchup-15@crepes.fr" alt="ketchup"></p>', "--page", *png,
            "Content-ID: <ketchup-15@crepes.fr>", "Content-Disposition: inline; filename=ketchup.png",
            "Content-Description: a bottle, seen from very near", "", *in_base64(picture()), "--page--",
        ),
        "picture": letter(
            head(
                12, "The picnic", MIME, "Content-Type: image/png; name=picnic.png",
                "Content-Transfer-Encoding: base64", "Content-Disposition: inline; filename=picnic.png",
                "Content-Description: ketchup and a pickle",
            ),
            *in_base64(bottle()),
        ),
        "sound": letter(
            head(13, "Listen", MIME, "Content-Type: multipart/mixed; boundary=bell"),
            "--bell", "Content-Type: text/plain", "", "That is the bell.", "--bell", "Content-Type: audio/wav",
            "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=bell.wav", "",
            *in_base64(tone()), "--bell--",
        ),
        "nested": letter(
            head(16, "Parts in parts", MIME, "Content-Type: multipart/mixed; boundary=outer"),
            "--outer", "Content-Type: multipart/related; boundary=middle", "", "--middle", *both, "--middle", *png,
            "Content-ID: <ketchup-16@crepes.fr>", "", *in_base64(picture()), "--middle--", "--outer",
            "Content-Type: text/csv; charset=utf-8; name=prices.csv", "Content-Disposition: attachment", "",
            "ketchup,2.50", "pickles,3.20", "--outer--",
        ),
        "forwarded": letter(
            head(17, "Fwd: Pickles", MIME, "Content-Type: multipart/mixed; boundary=fwd", sender=BOB, to=ALICE),
            "--fwd", "Content-Type: text/plain", "", "You asked me this already.", "--fwd",
            "Content-Type: message/rfc822", "", *texts()["plain"].decode().splitlines(), "--fwd--",
        ),
        "digest": letter(
            head(18, "Two letters in one", MIME, "Content-Type: multipart/digest; boundary=next"),
            "--next", "", "From: alice@crepes.fr", "Date: Mon, 16 Mar 2026 09:00:00 +0100", "Subject: One", "",
            "The first.", "--next", "", "From: bob@hamburger.edu", "Date: Mon, 16 Mar 2026 09:30:00 +0100",
            "Subject: Two", "", "The second.", "--next--",
        ),
        "signed": letter(
            head(
                19, "Believe me", MIME,
                'Content-Type: multipart/signed; protocol="application/pgp-signature";',
                '\tmicalg=pgp-sha256; boundary=sig',
            ),
            "--sig", "Content-Type: text/plain", "", "The crepes are mine.", "--sig",
            "Content-Type: application/pgp-signature; name=signature.asc", "", "-----BEGIN PGP SIGNATURE-----", "",
            *in_base64(b"This looks like a signature, and is none."), "-----END PGP SIGNATURE-----", "--sig--",
        ),
        "file-name-2231": letter(
            head(20, "The menu", MIME, "Content-Type: multipart/mixed; boundary=menu"),
            "--menu", "Content-Type: text/plain; charset=utf-8",
            "Content-Disposition: attachment;", " filename*0*=utf-8'fr'carte%20des%20cr%C3%AApes%20;",
            " filename*1*=et%20des%20galettes%20;", ' filename*2="2026.txt"', "Content-Transfer-Encoding: base64", "",
            *in_base64("Galette complète, 9 €\r\n".encode()), "--menu--",
        ),
    }  # fmt: skip


def reports() -> dict[str, bytes]:
    """What programs write about messages."""
    failed = Fate(
        "nobody@hamburger.edu", "5.1.1", "550 5.1.1 nobody@hamburger.edu ... User unknown", "hamburger.edu",
        original="rfc822;nobody@hamburger.edu",
    )  # fmt: skip
    at = 1774084500.0
    return {
        "dsn": report(
            Action.FAILED, host="crepes.fr", sender="alice@crepes.fr", fates=[failed],
            original=letter(head(21, "Anybody there?", to="nobody@hamburger.edu"), "Hello?"), at=at + 4, unique="r21",
            arrived_at=at, envid="march-21",
        ),
        "mdn": letter(
            head(
                22, "Read: Pickles", MIME,
                "Content-Type: multipart/report; report-type=disposition-notification;", "\tboundary=read",
                sender=BOB, to=ALICE,
            ),
            "--read", "Content-Type: text/plain", "", "Bob's program has shown him your letter.", "--read",
            "Content-Type: message/disposition-notification", "", "Reporting-UA: fryer.hamburger.edu; Fryer 1.0",
            "Original-Recipient: rfc822; bob@hamburger.edu", "Final-Recipient: rfc822; bob@hamburger.edu",
            "Original-Message-ID: <march-1@crepes.fr>",
            "Disposition: manual-action/MDN-sent-manually; displayed", "--read--",
        ),
        "mailing-list": letter(
            [
                "Return-Path: <students-bounces@hamburger.edu>",
                *head(
                    23, "[students] Crepes for all", "List-Id: Students <students.hamburger.edu>",
                    "List-Unsubscribe: <mailto:students-leave@hamburger.edu>", "Delivered-To: bob@hamburger.edu",
                    to="students@hamburger.edu",
                ),
            ],
            "One letter, and the list's server made a copy for everybody.",
        ),
    }  # fmt: skip


def odd() -> dict[str, bytes]:
    """What should make a reader careful, and what is broken."""
    hops = (
        ("from mx.example.com (mx.example.com [192.0.2.25])", "hamburger.edu", "ESMTPS", "h4", "09:20:41 +0000"),
        ("from filter.example.com (filter.example.com [192.0.2.7]", "mx.example.com", "ESMTP", "g3", "09:14:10 +0000"),
        ("from crepes.fr (crepes.fr [127.0.0.2])", "filter.example.com", "ESMTPS", "f2", "17:15:08 +0800"),
        ("from [127.0.0.1] (alice.crepes.fr [127.0.0.1])", "crepes.fr", "ESMTPSA", "e1", "10:15:05 +0100"),
    )
    received = [
        line
        for start, by, with_, number, clock in hops
        for line in (
            f"Received: {start}{'' if start.endswith(')') else ')'}", f"\tby {by} with {with_} id {number};",
            f"\tTue, 24 Mar 2026 {clock}",
        )
    ]  # fmt: skip
    mixed = [MIME, "Content-Type: multipart/mixed; boundary=b"]
    text = ["--b", "Content-Type: text/plain", ""]
    return {
        "long-path": letter([*received, *head(24, "The long way")], "Four servers, four clocks, three time zones."),
        "groups": letter(
            head(
                25, "Everybody", "Cc: Cooks: alice@crepes.fr, \"Fry, Bob\" <bob@hamburger.edu> (he fries);,",
                "\tundisclosed-recipients:;", to="Nobody in particular:;",
            ),
            "A group may have members, or none at all.",
        ),
        "spoofed-from": letter(
            [
                "Return-Path: <prizes@example.net>",
                "Received: from localhost (unknown [203.0.113.9]) by hamburger.edu with SMTP id s26;",
                "\tThu, 26 Mar 2026 09:15:02 +0000",
                *head(
                    26, "You have won", "Reply-To: prizes@example.org", "Delivered-To: bob@hamburger.edu",
                    sender='"alice@crepes.fr" <winner@example.net>',
                ),
            ],
            "Answer today and the crepes are yours for ever.",
        ),
        "hidden-copy": letter(
            [
                "Return-Path: <alice@crepes.fr>", "Delivered-To: bob@hamburger.edu",
                *head(27, "Between us", to="Carol <carol@example.com>"),
            ],
            "Bob has this letter, too, and the header does not say so.",
        ),
        "injection": letter(
            head(28, "=?utf-8?Q?Lunch=0D=0ABcc:_eve@example.com?=", MIME),
            "A careless program decodes the subject and writes it into a header of its own.",
        ),
        "broken-base64": letter(
            head(29, "Holes", MIME, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"),
            "VGhlcmUgYXJlIGhv*bGVzIGlu", "IHRoaXMgdGV4dCwgYW5kIGl0IHN0b3BzIG!9uIHRoZSB3YX",
        ),
        "never-closed": letter(
            head(30, "Cut off", *mixed), *text, "The first part is whole.", "--b",
            "Content-Type: image/png; name=ketchup.png", "Content-Transfer-Encoding: base64", "",
            *in_base64(picture())[:2],
        ),
        "no-boundary": letter(head(31, "Where?", MIME, "Content-Type: multipart/mixed"), *text, "Who knows?", "--b--"),
        "dangerous-name": letter(
            head(1, "A present", *mixed), *text, "Open it.", "--b",
            'Content-Type: application/octet-stream; name="=?utf-8?Q?nice=E2=80=AEgnp.exe?="',
            'Content-Disposition: attachment; filename="../../etc/pass\x1b[31mwd"', "", "boo", "--b--",
        ),
        "wrong-charset": letter(
            head(2, "It says ASCII", MIME, "Content-Type: text/plain; charset=us-ascii"), "It is not: crêpe, 可丽饼."
        ),
        "unknown-words": letter(
            head(
                3, "=?klingon-8?Q?nuqneH?=", MIME, "Content-Type: text/plain; charset=klingon-8",
                "Content-Transfer-Encoding: x-uuencode",
            ),
            "begin 644 note.txt", "#0F]B", "`", "end",
        ),
        "two-subjects": letter(
            [*head(4, "One subject"), "Subject: Another one", "this line is no field", "X-Odd: yes"],
            "Two subjects, a line that is no field, and which one is shown depends on the program.",
        ),
        "odd-lines": letter(head(5, "Line ends"), "x" * 1200, "a bare CR\rhere", "a bare LF\nthere", "a NUL\0 at last"),
        "empty": b"",
    }  # fmt: skip


def shelf() -> dict[str, bytes]:
    """Name → octets, of all of them."""
    return {**texts(), **multiparts(), **reports(), **odd()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, octets in shelf().items():
        (FOLDER / f"{name}.eml").write_bytes(octets)
