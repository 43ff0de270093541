"""Messages a mail program would rather not see, by name."""

from __future__ import annotations


def _crlf(text: str, encoding: str = "utf-8") -> bytes:
    return text.lstrip("\n").replace("\n", "\r\n").encode(encoding)


MESSAGES = {
    "plain": _crlf("""
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
Cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

One line of text.
And pickles.
"""),
    "nested": _crlf("""
From: alice@crepes.fr
To: bob@hamburger.edu
Subject: nested
Date: Mon, 7 Feb 1994 21:52:25 -0800
Message-ID: <nested@crepes.fr>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

A preamble nobody reads.
--outer
Content-Type: multipart/alternative; boundary=inner
Content-Language: en, fr

--inner
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable
Content-ID: <text@crepes.fr>
Content-Description: the text

Cr=C3=AApes are =
thin.
--inner
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: 8bit

<p>Crepes</p>
--inner--
--outer
Content-Type: image/png; name="dot.png"
Content-Disposition: attachment; filename="dot.png"; size=8
Content-Transfer-Encoding: base64
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Location: http://crepes.fr/dot.png

iVBORw0KGgo=
--outer--
An epilogue.
"""),
    "forwarded": _crlf("""
From: "Smith, Bob" <bob@hamburger.edu>
Sender: secretary@hamburger.edu
Reply-To: office@hamburger.edu, bob@hamburger.edu
To: alice@crepes.fr
Bcc: carol@example.org
In-Reply-To: <nested@crepes.fr>
Message-ID: <forwarded@hamburger.edu>
Subject: Fwd: nested
Date: Tue, 8 Feb 1994 09:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b1

--b1

see below
--b1
Content-Type: message/rfc822
Content-Disposition: inline

From: carol@example.org
To: bob@hamburger.edu
Subject: inside
Date: Sun, 6 Feb 1994 10:00:00 +0100
Message-ID: <inside@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b2

--b2
Content-Type: text/plain

one
two
--b2
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAEC
--b2--
--b1--
"""),
    "bare": b"Subject: no MIME at all\r\nFrom: a@b.example\r\n\r\nJust text.\r\n",
    "eightbit": (
        b"From: =?ISO-8859-1?Q?Keld_J=F8rn?= <keld@dkuug.example>\r\nTo: bob@hamburger.edu\r\n"
        b"Subject: =?utf-8?B?5L2g5aW9?= and raw \xe4\xbd\xa0\r\nDate: Wed, 9 Feb 1994 12:00:00 +0000\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"\xe4\xbd\xa0\xe5\xa5\xbd, world\r\n"
    ),
    "headless": b"\r\nNo header at all.\r\n",
    "groups": _crlf("""
From: "Joe Q. Public" <john.q.public@example.com>, @odd
To: A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;
Cc: Undisclosed recipients:;
Bcc: <@route.example,@other.example:mary@x.test>
Reply-To: pete(his account)@silly.test (Pete)
Subject: odd
 folded subject "with quotes"
Date: Thu, 10 Feb 1994 12:00:00 +0000
Message-ID: <groups@example.com>

x
"""),
    "empty": b"From: a@b.example\r\nSubject: nothing follows\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n",
    "unclosed": _crlf("""
From: a@b.example
Subject: the boundary is never closed
Date: Fri, 11 Feb 1994 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="zz"

--zz
Content-Type: text/plain

first
--zz
Content-Type: text/plain

second, and then nothing
"""),
    "boundless": _crlf("""
From: a@b.example
Subject: a multipart without a boundary
Date: Sat, 12 Feb 1994 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed

text all the same
"""),
    "digest": _crlf("""
From: list@example.org
To: bob@hamburger.edu
Subject: digest
Date: Sun, 13 Feb 1994 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/digest; boundary=dd

--dd

From: one@example.org
Subject: first of all

1
--dd

From: two@example.org
Subject: second

2
--dd--
"""),
    "crowd": b"From: crowd@example.org\r\nSubject: crowd\r\nDate: Mon, 14 Feb 1994 12:00:00 +0000\r\n\r\nshort\r\n",
    "second": b"From: two@example.org\r\nSubject: Re: crowd\r\nDate: Tue, 15 Feb 1994 12:00:00 +0000\r\n\r\nalso\r\n",
    "inbox": b"INBOX",
    "spaced": b"With space",
    "pickles": b"pickles",
    "nihao": "你好".encode(),
    "binary": b"From: a@b.example\r\nSubject: binary\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe\r\n",
    "comments": _crlf("""
From: (comment) Bob (inner (nested) one) <bob@hamburger.edu> (after)
To: "quoted \\"name\\"" <a@b.example>, a.b.c@d.example, =?utf-8?q?J=C3=B8rn?= <j@x.example>
Cc: one@example, <two@example.org>, three@[192.0.2.1], "odd local"@example.org
Reply-To:
Sender: missing at sign
Subject:    leading spaces and	tab
Date: Mon, 14 Feb 1994 12:00 +0000
In-Reply-To: <a@b> <c@d>
Message-ID: spaced <id@x.example> more

x
"""),
    "params": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: application/pdf; name*=utf-8''%E4%BD%A0.pdf; x="semi;colon"; bare=a b
Content-Disposition: attachment; filename*0="very"; filename*1="long.pdf"
Content-Transfer-Encoding: BASE64
Content-Language: en

AAAA
"""),
    "badtype": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: text
Content-Transfer-Encoding: unknown-thing

x
"""),
    "notype": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: ; charset=x

x
"""),
    "dupes": _crlf("""
From: first@b.example
From: second@b.example
Subject: one
Subject: two
To: a@b.example
To: c@d.example
no colon here
X-After: yes

x
"""),
    "prefix": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=ab

--ab
Content-Type: multipart/mixed; boundary=abc

--abc

inner
--abc--
--ab

outer
--ab--
"""),
    "noparts": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=zz

nothing but a preamble
"""),
    "emptyparts": _crlf("""
From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=zz

--zz
--zz

--zz
Content-Type: text/html

--zz--
"""),
    "headeronly": b"From: a@b.example\r\nSubject: no blank line\r\n",
    "rfc822multi": _crlf("""
From: a@b.example
Subject: outer
MIME-Version: 1.0
Content-Type: message/rfc822

Subject: inner
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=q

--q

A
--q

B
--q--
"""),
    "folded": _crlf("""
From: a@b.example
Subject: a
 b
	c
To: x@y.example,
 z@y.example
Content-Type: text/plain;
 charset=utf-8;
 format=flowed

x
"""),
}
