"""What is done in each recorded dialogue."""

from __future__ import annotations

from mailtutor.lab.options import Options
from mailtutor.trace.events import Attempted, Bounced, Delivered
from tests.lab.waiting import put_in_queue
from tests.transcripts.studio import Scene, Studio, letter

SMTP, SUBMISSION = "hamburger.edu smtp", "crepes.fr submission"
POP3, IMAP = "hamburger.edu pop3", "hamburger.edu imap"
ENVELOPE = ("MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>")
KETCHUP = (
    b"From: Alice <alice@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>\r\nSubject: Ketchup\r\n"
    b"Date: Mon, 05 Oct 2026 18:00:00 +0200\r\nMessage-ID: <ketchup.1@crepes.fr>\r\n\r\nDo you like ketchup?\r\n"
)
PICKLES = KETCHUP.replace(b"Ketchup", b"Pickles").replace(b"ketchup", b"pickles")
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+A",
    "jIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4",
    "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAQABADASIA",
    "AhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAECBP/EAB0QAAICAwADAAAAAAAAAAAAAAECAwQA",
    "ESESMaH/xAAUAQEAAAAAAAAAAAAAAAAAAAAD/8QAFhEAAwAAAAAAAAAAAAAAAAAAABEh/9oADAMB",
    "AAIRAxEAPwDfYsGIhVAJPe4oLJkk8GA761hageRgyd5rWTXrusoZxoD7g1ixH//Z",
)
MIME = (
    "From: Alice <alice@crepes.fr>", "To: Bob <bob@hamburger.edu>", "Subject: A crepe",
    "Date: Mon, 05 Oct 2026 18:00:00 +0200", "Message-ID: <crepe.2@crepes.fr>", "MIME-Version: 1.0",
)  # fmt: skip
PICTURE = "\r\n".join(
    (
        *MIME, "Content-Type: multipart/mixed; boundary=cut", "",
        "--cut", "Content-Type: text/plain; charset=us-ascii", "",
        "Here is one.", "--cut", "Content-Type: image/jpeg; name=crepe.jpg", "Content-Transfer-Encoding: base64", "",
        *JPEG, "--cut--", "",
    )
).encode()  # fmt: skip


def esmtp(studio: Studio) -> None:
    """Alice's program hands in a letter: greeting, TLS, greeting again, login, the letter."""
    alice = studio.console(SUBMISSION, "alice@crepes.fr")
    studio.type(alice, "EHLO laptop.crepes.fr", "STARTTLS", "EHLO laptop.crepes.fr")
    studio.type(alice, "AUTH PLAIN AGFsaWNlAGJhZ3VldHRl", "MAIL FROM:<alice@crepes.fr> SIZE=300")
    studio.type(alice, "RCPT TO:<bob@hamburger.edu>", *letter(*KETCHUP.decode().split("\r\n")[:-1]))
    studio.leave(alice, "QUIT")


def ehlo_refused(studio: Studio) -> None:
    """A server of before 1995 does not know EHLO; the client falls back."""
    crepes = studio.console(SMTP, "crepes.fr")
    studio.type(crepes, "EHLO crepes.fr", "HELO crepes.fr", *ENVELOPE, *letter("Do you like ketchup?"))
    studio.leave(crepes, "QUIT")


def busy(studio: Studio) -> None:
    """Bob's server says 421; alice's waits and comes again."""
    studio.fault("hamburger.edu", "busy", on=True, detail="greeting")
    put_in_queue(studio.lab, content=KETCHUP)
    studio.wait_for(Attempted)
    studio.fault("hamburger.edu", "busy", on=False)
    studio.pass_time(3600)
    studio.wait_for(Delivered)
    studio.all_closed()


def bounce(studio: Studio) -> None:
    """Nobody of that name: alice's server writes to alice, who fetches the report."""
    put_in_queue(studio.lab, to=("carol@hamburger.edu",), content=KETCHUP.replace(b"Bob <bob@", b"Carol <carol@"))
    studio.wait_for(Bounced)
    studio.wait_for(Delivered)
    studio.all_closed()
    alice = studio.console("crepes.fr pop3", "alice@crepes.fr")
    studio.type(alice, "USER alice", "PASS baguette", "LIST", "RETR 1")
    studio.leave(alice, "QUIT")


def etrn(studio: Studio) -> None:
    """A letter waits at crepes.fr; hamburger.edu calls for it, and crepes.fr dials back."""
    studio.fault("hamburger.edu", "busy", on=True, detail="greeting")
    put_in_queue(studio.lab, content=KETCHUP)
    studio.wait_for(Attempted)
    studio.all_closed()
    studio.fault("hamburger.edu", "busy", on=False)
    hamburger = studio.console("crepes.fr smtp", "hamburger.edu")
    studio.type(hamburger, "EHLO hamburger.edu", "ETRN hamburger.edu")
    studio.wait_for(Delivered)
    studio.closed(-1)
    studio.leave(hamburger, "QUIT")


def three_messages(studio: Studio) -> None:
    """Three letters, one connection, one QUIT."""
    crepes = studio.console(SMTP, "crepes.fr")
    studio.type(crepes, "EHLO crepes.fr")
    for text in ("One.", "Two.", "Three."):
        studio.type(crepes, *ENVELOPE, *letter(text))
    studio.leave(crepes, "QUIT")


def pipelining(studio: Studio) -> None:
    """Envelope and DATA in one piece, the answers in another; then the text, and QUIT behind it."""
    crepes = studio.console(SMTP, "crepes.fr")
    studio.type(crepes, "EHLO crepes.fr")
    studio.octets(crepes, "\\r\\n".join((*ENVELOPE, "DATA", "")))
    studio.octets(crepes, "Do you like ketchup?\\r\\n.\\r\\nQUIT\\r\\n")
    studio.hand.wait(lambda: studio.hand.is_closed(crepes), "the goodbye")


def chunks(studio: Studio) -> None:
    """Two chunks, counted beforehand; a line with a lone dot needs no second one."""
    crepes = studio.console(SMTP, "crepes.fr")
    studio.type(crepes, "EHLO crepes.fr", *ENVELOPE, "BDAT 20", "Subject: chunks", "", "x", ".")
    studio.leave(crepes, "QUIT")


def jpeg(studio: Studio) -> None:
    """A picture in a letter, as the notes have it."""
    crepes = studio.console(SMTP, "crepes.fr")
    studio.type(crepes, "HELO crepes.fr", *ENVELOPE, *letter(*PICTURE.decode().split("\r\n")[:-1]))
    studio.leave(crepes, "QUIT")


def pop3_cut(studio: Studio) -> None:
    """Deleted, and cut off before QUIT: the next time both letters are there."""
    bob = studio.console(POP3, "bob@hamburger.edu")
    studio.type(bob, "USER bob", "PASS pickles", "LIST", "DELE 1", "LIST")
    studio.hand.hang_up(bob)
    again = studio.console(POP3, "bob@hamburger.edu")
    studio.type(again, "USER bob", "PASS pickles", "LIST")
    studio.leave(again, "QUIT")


def two_devices(studio: Studio) -> None:
    """The laptop keeps what it reads on the server, the tablet deletes, and the laptop finds nothing more."""
    laptop = studio.console(POP3, "bob@hamburger.edu")
    studio.type(laptop, "USER bob", "PASS pickles", "UIDL", "RETR 1")
    studio.leave(laptop, "QUIT")
    tablet = studio.console(POP3, "bob@hamburger.edu")
    studio.type(tablet, "USER bob", "PASS pickles", "UIDL", "RETR 1", "DELE 1")
    studio.leave(tablet, "QUIT")
    laptop = studio.console(POP3, "bob@hamburger.edu")
    studio.type(laptop, "USER bob", "PASS pickles", "UIDL")
    studio.leave(laptop, "QUIT")


def imap_parts(studio: Studio) -> None:
    """First who and what about, then what it consists of, then the text, and of the picture only the beginning."""
    bob = studio.console(IMAP, "bob@hamburger.edu")
    studio.type(bob, "a1 LOGIN bob pickles", "a2 SELECT INBOX", "a3 FETCH 1 (RFC822.SIZE ENVELOPE)")
    studio.type(bob, "a4 FETCH 1 BODYSTRUCTURE", "a5 FETCH 1 BODY.PEEK[1]", "a6 FETCH 1 BODY.PEEK[2]<0.76>")
    studio.leave(bob, "a7 LOGOUT")


def imap_idle(studio: Studio) -> None:
    """The phone idles; what the laptop does to a letter it hears at once."""
    phone = studio.console(IMAP, "bob@hamburger.edu")
    studio.type(phone, "p1 LOGIN bob pickles", "p2 SELECT INBOX", "p3 IDLE")
    laptop = studio.console(IMAP, "bob@hamburger.edu")
    studio.type(laptop, "l1 LOGIN bob pickles", "l2 SELECT INBOX", "l3 STORE 1 +FLAGS (\\Seen \\Flagged)")
    studio.hears(phone, b"* 1 FETCH")
    studio.type(laptop, "l4 STORE 2 +FLAGS (\\Deleted)")
    studio.hears(phone, b"* 2 FETCH")
    studio.type(laptop, "l5 EXPUNGE")
    studio.hears(phone, b"* 2 EXPUNGE")
    studio.type(phone, "DONE")
    studio.leave(phone, "p4 LOGOUT")
    studio.leave(laptop, "l6 LOGOUT")


def http_page(studio: Studio) -> None:
    """Bob's browser asks for the page, one of its pictures, one that is not there, and the picture once more."""
    bob = studio.console("crepes.fr http", "bob")
    host = "Host: www.crepes.fr"
    studio.request(bob, "GET / HTTP/1.1", host, "Accept: text/html")
    tag = studio.request(bob, "GET /crepe.png HTTP/1.1", host, "Accept: image/png")
    studio.request(bob, "GET /menu.png HTTP/1.1", host, "Accept: image/png")
    studio.request(bob, "GET /crepe.png HTTP/1.1", host, f"If-None-Match: {tag}", "Connection: close")
    studio.all_closed()


def smuggling(studio: Studio) -> None:
    """A dot between bare line feeds, and a second letter behind it: the server takes neither."""
    mallory = studio.console(SMTP, "mallory")
    studio.type(mallory, "EHLO mallory.example", *ENVELOPE, "DATA")
    studio.octets(
        mallory,
        "Subject: harmless\\r\\n\\r\\nHello\\n.\\nMAIL FROM:<admin@hamburger.edu>\\r\\n"
        "RCPT TO:<bob@hamburger.edu>\\r\\nDATA\\r\\nSubject: Your password\\r\\n\\r\\nSend it to me.\\r\\n.\\r\\n",
    )
    studio.leave(mallory, "QUIT")


SCENES = (
    Scene("esmtp-starttls-auth", "Alice's program hands in a letter: STARTTLS, then AUTH inside TLS",
          "Alice 的程序交信：先 STARTTLS，再在 TLS 里用 AUTH 登录", esmtp,
          service="submission"),
    Scene("ehlo-refused", "A server that does not know EHLO: the client falls back to HELO",
          "服务器不懂 EHLO：客户端退回 HELO", ehlo_refused, options=Options(without=("hamburger.edu:EHLO",))),
    Scene("busy-421-retry", "421: not now; an hour later the letter is taken", "421：现在不行；一小时后信收下了", busy),
    Scene("bounce", "550: nobody of that name; Alice's server writes her a report, which she fetches",
          "550：没有这个人；Alice 的服务器给她写报告，她取回来看", bounce),
    Scene("etrn", "Hamburger.edu calls for its mail with ETRN; crepes.fr dials back and delivers it",
          "hamburger.edu 用 ETRN 来要信；crepes.fr 回拨，把信送去", etrn),
    Scene("three-messages", "Three letters on one connection, and QUIT only after the last",
          "一条连接送三封信，最后一封之后才 QUIT", three_messages),
    Scene("pipelining", "PIPELINING: several commands in one piece, without waiting for the answers",
          "PIPELINING：几条命令一口气说完，不等回答", pipelining),
    Scene("bdat", "CHUNKING: BDAT counts octets instead of waiting for a dot",
          "CHUNKING：BDAT 数字节，不等那个点", chunks),
    Scene("jpeg-mail", "A picture in a letter: MIME and base64 inside DATA",
          "信里的图片：DATA 里的 MIME 和 base64", jpeg),
    Scene("pop3-cut", "POP3 cut off before QUIT: what was marked as deleted is still there",
          "POP3 在 QUIT 之前断线：打了删除标记的信还在", pop3_cut, seed=(KETCHUP, PICKLES),
          is_cut=True),
    Scene("two-devices", "Two devices by POP3: one keeps, one deletes, and the first finds nothing more",
          "两台设备用 POP3：一台保留，一台删除，第一台再来就没有了", two_devices, seed=(KETCHUP,)),
    Scene("imap-parts", "IMAP on demand: envelope, structure, one part, the beginning of another",
          "IMAP 按需取：信封、结构、一个部分、另一部分的开头", imap_parts, seed=(PICTURE,)),
    Scene("imap-idle", "IMAP with two sessions: one idles and hears what the other does",
          "IMAP 两个会话：一个 IDLE 等着，听到另一个做了什么", imap_idle, seed=(KETCHUP, PICKLES)),
    Scene("http-page", "Bob looks at a page: one connection, a request and an answer for each object",
          "Bob 看一个网页：一条连接，每个对象一问一答", http_page),
    Scene("smuggling-refused", "A smuggled letter: the dot between bare line feeds ends nothing, and 550 ends it all",
          "走私信件：光秃秃换行之间的点不算结尾，整封被 550 拒收", smuggling),
)  # fmt: skip
