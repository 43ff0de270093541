"""Where our server and Dovecot 2.3 answer the same line otherwise, and why ours is right, or as right.

A row is one answer: what only they said, what only we said ("..." joins the words that differ in a line that is
otherwise the same, "[...]" stands for what is left out of a long one).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """A command of a scene, what either says to it, and why both may."""

    scene: str
    command: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    why: str


DIFFERENCES = (
    Difference(
        "before login",
        "2: ENABLE CONDSTORE",
        ("* ENABLED", "a OK"),
        ("a BAD",),
        "ENABLE is for the authenticated state (RFC 5161 §3.1)",
    ),
    Difference(
        "login with literals",
        "NOOP nonsense",
        ("a OK",),
        ("a BAD",),
        "An argument the grammar knows nothing of is BAD (RFC 3501 §7.1.3)",
    ),
    Difference(
        "login with literals",
        "ENABLE XYZZY",
        (),
        ("* ENABLED",),
        "ENABLED is said even where nothing was enabled (RFC 5161 §3.2)",
    ),
    Difference(
        "login with literals", "ENABLE", ("a OK",), ("a BAD",), "ENABLE names one capability at least (RFC 5161 §4)"
    ),
    Difference(
        "login with literals",
        "2: SELECT INBOX nonsense",
        (
            "* 0 EXISTS",
            "* 0 RECENT",
            "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [HIGHESTMODSEQ #]",
            "* OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)]",
            "* OK [UIDNEXT 1]",
            "* OK [UIDVALIDITY #]",
            "a OK [READ-WRITE]",
        ),
        ("a BAD",),
        "An argument the grammar knows nothing of is BAD (RFC 3501 §7.1.3)",
    ),
    Difference(
        "mailboxes",
        "CREATE INBOX",
        ("a NO [ALREADYEXISTS]",),
        ("a NO [CANNOT]",),
        "ALREADYEXISTS or CANNOT, both say it: INBOX is there, and it always will be (RFC 5530 §3)",
    ),
    Difference(
        "mailboxes",
        "CREATE inbox",
        ("a NO [ALREADYEXISTS]",),
        ("a NO [CANNOT]",),
        "ALREADYEXISTS or CANNOT, both say it: INBOX is there, and it always will be (RFC 5530 §3)",
    ),
    Difference(
        "mailboxes",
        'LIST "" "&U,*"',
        ("a OK",),
        ("a NO [CANNOT]",),
        "A pattern that is no modified UTF-7 cannot match, and NO says so (RFC 3501 §6.3.8)",
    ),
    Difference(
        "mailboxes",
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
        ('* LIST () "/" work (CHILDINFO ("SUBSCRIBED"))',),
        ('* LIST () "/" work ("CHILDINFO" ("SUBSCRIBED"))',),
        "The tag is an astring (RFC 5258 §6, mbox-list-extended-item-tag); the RFC's examples have the quotes",
    ),
    Difference(
        "mailboxes",
        'LIST "" job*',
        ('* LIST (\\HasChildren) "/" job',),
        ('* LIST (\\HasChildren \\Noselect) "/" job',),
        (
            "A name whose mailbox is deleted stays while others are below it, as \\Noselect (RFC 3501 §6.3.4); "
            "Dovecot says it only where it asks the file system"
        ),
    ),
    Difference(
        "mailboxes",
        'LIST "" *',
        ('* LIST (\\HasChildren) "/" job',),
        ('* LIST (\\HasChildren \\Noselect) "/" job',),
        (
            "A name whose mailbox is deleted stays while others are below it, as \\Noselect (RFC 3501 §6.3.4); "
            "Dovecot says it only where it asks the file system"
        ),
    ),
    Difference(
        "mailboxes",
        "SUBSCRIBE nothing",
        ("a NO",),
        ("a OK",),
        "A server may look whether the mailbox is there, and need not (RFC 3501 §6.3.6)",
    ),
    Difference(
        "odd mailboxes",
        'LIST "" *',
        ('* LIST (\\HasChildren \\Noselect) "/" deep', '* LIST (\\HasChildren \\Noselect) "/" deep/er'),
        ('* LIST (\\HasChildren) "/" deep', '* LIST (\\HasChildren) "/" deep/er'),
        "Missing superiors are made as mailboxes of their own, as RFC 3501 §6.3.3 advises; Dovecot only names them",
    ),
    Difference(
        "odd mailboxes",
        'LIST "" * RETURN (CHILDREN)',
        ('* LIST (\\HasChildren \\NonExistent) "/" deep', '* LIST (\\HasChildren \\NonExistent) "/" deep/er'),
        ('* LIST (\\HasChildren) "/" deep', '* LIST (\\HasChildren) "/" deep/er'),
        "Missing superiors are made as mailboxes of their own, as RFC 3501 §6.3.3 advises; Dovecot only names them",
    ),
    Difference(
        "odd mailboxes",
        "STATUS deep/er (MESSAGES)",
        ("a NO",),
        ("* STATUS deep/er (MESSAGES 0)", "a OK"),
        "Missing superiors are made as mailboxes of their own, as RFC 3501 §6.3.3 advises; Dovecot only names them",
    ),
    Difference(
        "odd mailboxes",
        "DELETE deep/er",
        ("a NO [NONEXISTENT]",),
        ("a OK",),
        "Missing superiors are made as mailboxes of their own, as RFC 3501 §6.3.3 advises; Dovecot only names them",
    ),
    Difference(
        "odd mailboxes",
        'CREATE "a*b"',
        ("a OK",),
        ("a NO [CANNOT]",),
        "Wildcards in a name are legal but advised against (RFC 3501 §5.1): LIST could not ask for it",
    ),
    Difference(
        "odd mailboxes",
        'CREATE "a%b"',
        ("a OK",),
        ("a NO [CANNOT]",),
        "Wildcards in a name are legal but advised against (RFC 3501 §5.1): LIST could not ask for it",
    ),
    Difference(
        "odd mailboxes",
        'DELETE ""',
        ("a NO [CANNOT]",),
        ("a NO [NONEXISTENT]",),
        "There is no such mailbox (RFC 5530 §3, NONEXISTENT), nor can there be one (CANNOT)",
    ),
    Difference(
        "odd mailboxes",
        "2: RENAME INBOX INBOX",
        ("a NO [ALREADYEXISTS]",),
        ("a NO [CANNOT]",),
        "ALREADYEXISTS or CANNOT, both say it: INBOX is there, and it always will be (RFC 5530 §3)",
    ),
    Difference(
        "odd mailboxes",
        "2: RENAME one INBOX",
        ("a NO [ALREADYEXISTS]",),
        ("a NO [CANNOT]",),
        "ALREADYEXISTS or CANNOT, both say it: INBOX is there, and it always will be (RFC 5530 §3)",
    ),
    Difference(
        "odd mailboxes",
        "2: RENAME one one/two",
        ("a NO",),
        ("a OK",),
        "Only a name that is taken is in the way (RFC 3501 §6.3.5); what was one is one/two, below a new one",
    ),
    Difference(
        "odd mailboxes",
        '2: LIST "" one*',
        ('* LIST (\\HasNoChildren) "/" one',),
        ('* LIST (\\HasChildren) "/" one', '* LIST (\\HasNoChildren) "/" one/two'),
        "Only a name that is taken is in the way (RFC 3501 §6.3.5); what was one is one/two, below a new one",
    ),
    Difference(
        "a mailbox deleted while open",
        "NOOP",
        ("* BYE", ""),
        ("a OK",),
        "RFC 2180 §3 lets a server end the session, or go on with what is left of the mailbox",
    ),
    Difference(
        "renaming INBOX",
        "RENAME INBOX old",
        ("a NO [CANNOT]",),
        ("a OK",),
        (
            "RENAME of INBOX moves its messages (RFC 3501 §6.3.5); Dovecot refuses it here as other mailboxes "
            "are below INBOX"
        ),
    ),
    Difference(
        "renaming INBOX",
        "STATUS INBOX (MESSAGES UIDNEXT)",
        ("* STATUS INBOX (MESSAGES 3 UIDNEXT 4)",),
        ("* STATUS INBOX (MESSAGES 0 UIDNEXT 4)",),
        (
            "RENAME of INBOX moves its messages (RFC 3501 §6.3.5); Dovecot refuses it here as other mailboxes "
            "are below INBOX"
        ),
    ),
    Difference(
        "renaming INBOX",
        "STATUS old (MESSAGES UIDNEXT)",
        ("a NO",),
        ("* STATUS old (MESSAGES 3 UIDNEXT 4)", "a OK"),
        (
            "RENAME of INBOX moves its messages (RFC 3501 §6.3.5); Dovecot refuses it here as other mailboxes "
            "are below INBOX"
        ),
    ),
    Difference(
        "renaming INBOX",
        'LIST "" *',
        (),
        ('* LIST (\\HasNoChildren) "/" old',),
        (
            "RENAME of INBOX moves its messages (RFC 3501 §6.3.5); Dovecot refuses it here as other mailboxes "
            "are below INBOX"
        ),
    ),
    Difference(
        "renaming INBOX",
        "RENAME INBOX old",
        ("a NO [CANNOT]",),
        ("a NO [ALREADYEXISTS]",),
        (
            "RENAME of INBOX moves its messages (RFC 3501 §6.3.5); Dovecot refuses it here as other mailboxes "
            "are below INBOX"
        ),
    ),
    Difference(
        "status",
        "STATUS inbox (UNSEEN)",
        ("* STATUS inbox (UNSEEN 10)",),
        ("* STATUS INBOX (UNSEEN 10)",),
        "INBOX has no case (RFC 3501 §5.1); Dovecot repeats the client's letters",
    ),
    Difference(
        "status",
        "STATUS INBOX (DELETED)",
        ("a BAD",),
        ("* STATUS INBOX (DELETED 1)", "a OK"),
        "DELETED came with RFC 9051 §6.3.11, which Dovecot 2.3 does not know",
    ),
    Difference(
        "status",
        "STATUS INBOX (MESSAGES UNSEEN RECENT)",
        ("* STATUS INBOX (MESSAGES 11 RECENT 11 UNSEEN 10)",),
        ("* STATUS INBOX (MESSAGES 11 RECENT 0 UNSEEN 10)",),
        "STATUS is not for the open mailbox (RFC 3501 §6.3.10); to the sessions to come nothing is recent any more",
    ),
    Difference(
        "status",
        "GETQUOTAROOT INBOX",
        ('* QUOTAROOT INBOX "User quota"', '* QUOTA "User quota" (STORAGE 4 1048576)'),
        ("* QUOTAROOT INBOX bob", "* QUOTA bob (STORAGE 4 1048576)"),
        "The root's name is the server's choice (RFC 9208)",
    ),
    Difference(
        "status",
        "GETQUOTAROOT nothing",
        ('* QUOTAROOT nothing "User quota"', '* QUOTA "User quota" (STORAGE 4 1048576)', "a OK"),
        ("a NO [NONEXISTENT]",),
        "A mailbox that is not there has no quota root (RFC 9208 §4.1.3)",
    ),
    Difference(
        "append",
        "APPEND nothing {@bare}",
        (),
        ("+",),
        "NO may come before the message or after it (RFC 3501 §6.3.11, §7.5)",
    ),
    Difference(
        "append",
        "FETCH 7 (INTERNALDATE)",
        ('* 7 FETCH (INTERNALDATE "17-Jul-1996 09:44:25 +0000")',),
        ('* 7 FETCH (INTERNALDATE "17-Jul-1996 02:44:25 -0700")',),
        "The same moment; we keep the zone it was given in (RFC 3501 §2.3.3)",
    ),
    Difference(
        "append nonsense",
        'APPEND INBOX "1-Jan-2020 10:00:00 +0000" {@bare}',
        ("+", "a OK [APPENDUID # 1]"),
        ("a BAD",),
        (
            "A date, and what is around it, is as the grammar has it: two places for the day, and it exists (RFC "
            "3501 §9, date-time)"
        ),
    ),
    Difference(
        "append nonsense",
        'APPEND INBOX "31-Feb-2020 10:00:00 +0000" {@bare}',
        ("+", "a OK [APPENDUID # 2]"),
        ("a BAD",),
        (
            "A date, and what is around it, is as the grammar has it: two places for the day, and it exists (RFC "
            "3501 §9, date-time)"
        ),
    ),
    Difference(
        "append nonsense",
        'APPEND INBOX "01-Jan-2020 25:00:00 +0000" {@bare}',
        ("+", "a OK [APPENDUID # 3]"),
        ("a BAD",),
        (
            "A date, and what is around it, is as the grammar has it: two places for the day, and it exists (RFC "
            "3501 §9, date-time)"
        ),
    ),
    Difference(
        "opening",
        "STORE 1 +FLAGS (\\Flagged)",
        ("a OK",),
        ("a NO",),
        "What EXAMINE opened is read-only (RFC 3501 §6.3.2), and NO says that nothing was done",
    ),
    Difference(
        "opening",
        "EXPUNGE",
        ("a OK",),
        ("a NO",),
        "What EXAMINE opened is read-only (RFC 3501 §6.3.2), and NO says that nothing was done",
    ),
    Difference(
        "opening",
        "UID EXPUNGE 1",
        ("a OK",),
        ("a NO",),
        "What EXAMINE opened is read-only (RFC 3501 §6.3.2), and NO says that nothing was done",
    ),
    Difference(
        "opening",
        "SELECT INBOX (XYZZY)",
        ("* OK [CLOSED]",),
        (),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "opening",
        "CLOSE",
        ("a BAD",),
        ("a OK",),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "fetch",
        "FETCH 1:* ENVELOPE",
        ('* 7 ... NIL "MISSING_MAILBOX" ... NIL "MISSING_MAILBOX"',),
        ('* 7 ... NIL "" ... NIL ""',),
        "An address that cannot be read has an empty name; NIL would be a group (RFC 3501 §7.4.2)",
    ),
    Difference(
        "fetch",
        "FETCH 1:* BODYSTRUCTURE",
        (
            "* 2 ... 24 1 ... 13 0",
            '* 3 ... 9 0 ... "7bit" 343 ... 8 1',
            "* 9 ... 5 0",
            '* 10 ... BODYSTRUCTURE ( ... "7bit" 0 ... 0 0 NIL NIL NIL NIL) "mixed"',
            "* 11 ... 1 0 ... ) 3 ... 1 0 ... ) 3",
        ),
        (
            "* 2 ... 24 2 ... 13 1",
            '* 3 ... 9 1 ... "7bit" 341 ... 8 2',
            "* 9 ... 5 1",
            '* 10 ... BODYSTRUCTURE ... "7bit" 19 ... 19 1',
            "* 11 ... 1 1 ... ) 4 ... 1 1 ... ) 4",
        ),
        (
            "Lines: we count one that has no CRLF at its end, Dovecot does not (RFC 3501 §7.4.2 leaves it open); "
            "the CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC "
            "2046 §5.1.1); a multipart without a boundary is text (RFC 2045 §5.2)"
        ),
    ),
    Difference(
        "fetch",
        "FETCH 1:* BODY",
        (
            "* 2 ... 24 1 ... 13 0",
            '* 3 ... 9 0 ... "7bit" 343 ... 8 1',
            "* 9 ... 5 0",
            '* 10 ... BODY ( ... "7bit" 0 ... 0 0) "mixed"',
            "* 11 ... 1 0 ... ) 3 ... 1 0 ... ) 3",
        ),
        (
            "* 2 ... 24 2 ... 13 1",
            '* 3 ... 9 1 ... "7bit" 341 ... 8 2',
            "* 9 ... 5 1",
            '* 10 ... BODY ... "7bit" 19 ... 19 1',
            "* 11 ... 1 1 ... ) 4 ... 1 1 ... ) 4",
        ),
        (
            "Lines: we count one that has no CRLF at its end, Dovecot does not (RFC 3501 §7.4.2 leaves it open); "
            "the CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC "
            "2046 §5.1.1); a multipart without a boundary is text (RFC 2045 §5.2)"
        ),
    ),
    Difference(
        "fetch sections",
        "FETCH 1:* BODY.PEEK[1]",
        (
            '* 2 ... BODY[1] "--inner¶Content-Type: text/plain; charset [...] bit¶¶<p>Crepes</p>¶--inner--¶"',
            '* 10 FETCH (BODY[1] "")',
        ),
        (
            '* 2 ... BODY[1] "--inner¶Content-Type: text/plain; charset [...] 8bit¶¶<p>Crepes</p>¶--inner--"',
            '* 10 FETCH (BODY[1] "text all the same¶")',
        ),
        (
            "The CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC 2046 "
            "§5.1.1); a multipart without a boundary is text (RFC 2045 §5.2)"
        ),
    ),
    Difference(
        "fetch sections",
        "FETCH 1:* BODY.PEEK[1.MIME]",
        ('* 10 FETCH (BODY[1.MIME] "")',),
        ('* 10 FETCH (BODY[1.MIME] "From: a@b.example¶Subjec [...] tent-Type: multipart/mixed¶¶")',),
        "The header of a message that is no multipart is that of its part 1 (RFC 3501 §6.4.5)",
    ),
    Difference(
        "fetch sections",
        "FETCH 2 (BODY.PEEK[1.1] BODY.PEEK[1.2] BODY.PEEK[2] BODY.PEEK[1.1.MIME] BODY.PEEK[2.MIME] BODY.PEEK[3])",
        ('* 2 ... BODY[3] ""',),
        ("* 2 ... BODY[3] NIL",),
        "A part that is not there is NIL rather than empty (RFC 3501 §9, nstring)",
    ),
    Difference(
        "fetch sections",
        "FETCH 2 BODY.PEEK[1.1.1]",
        ('* 2 FETCH (BODY[1.1.1] "Cr=C3=AApes are =¶thin.")',),
        ("* 2 FETCH (BODY[1.1.1] NIL)",),
        "Part numbers go on inside a multipart or a message alone (RFC 3501 §6.4.5); what is not there is NIL",
    ),
    Difference(
        "fetch sections",
        "FETCH 2 BODY.PEEK[1.HEADER]",
        ('* 2 FETCH (BODY[1.HEADER] "")',),
        ("* 2 FETCH (BODY[1.HEADER] NIL)",),
        "HEADER and TEXT are of a message, not of a multipart (RFC 3501 §6.4.5); what is not there is NIL",
    ),
    Difference(
        "fetch sections",
        "FETCH 2 BODY.PEEK[1.TEXT]",
        ('* 2 FETCH (BODY[1.TEXT] "")',),
        ("* 2 FETCH (BODY[1.TEXT] NIL)",),
        "HEADER and TEXT are of a message, not of a multipart (RFC 3501 §6.4.5); what is not there is NIL",
    ),
    Difference(
        "fetch sections",
        "FETCH 3 (BODY.PEEK[2] BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] BODY.PEEK[2.MIME])",
        (
            (
                '* 3 ... BODY[2.TEXT] "--b2¶Content-Type: text/plain¶¶one¶t [...] ncoding: '
                'base64¶¶AAEC¶--b2--¶"'
                ' ... BODY[2] "From: carol@example.org¶To: bob@hamburger [...] ncoding: base64¶¶AAEC¶--b2--¶"'
            ),
        ),
        (
            (
                '* 3 ... BODY[2.TEXT] "--b2¶Content-Type: text/plain¶¶one¶t [...] Encoding: '
                'base64¶¶AAEC¶--b2--"'
                ' ... BODY[2] "From: carol@example.org¶To: bob@hamburger [...] Encoding: base64¶¶AAEC¶--b2--"'
            ),
        ),
        "The CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC 2046 §5.1.1)",
    ),
    Difference(
        "fetch sections",
        "FETCH 3 (BODY.PEEK[2.1] BODY.PEEK[2.2] BODY.PEEK[2.1.MIME] BODY.PEEK[2.2.MIME] BODY.PEEK[2.3])",
        ('* 3 ... BODY[2.3] ""',),
        ("* 3 ... BODY[2.3] NIL",),
        "A part that is not there is NIL rather than empty (RFC 3501 §9, nstring)",
    ),
    Difference(
        "fetch sections",
        "FETCH 3 BODY.PEEK[2.1.1]",
        ('* 3 FETCH (BODY[2.1.1] "one¶two")',),
        ("* 3 FETCH (BODY[2.1.1] NIL)",),
        "Part numbers go on inside a multipart or a message alone (RFC 3501 §6.4.5); what is not there is NIL",
    ),
    Difference(
        "fetch sections",
        "FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject from X-None)]",
        ("* 1 ... (SUBJECT ... SUBJECT FROM ... FROM X-NONE",),
        ("* 1 ... (Subject ... Subject from ... from X-None",),
        "Field names have no case (RFC 3501 §6.4.5); we repeat the client's letters",
    ),
    Difference(
        "fetch sections",
        'FETCH 1 BODY.PEEK[HEADER.FIELDS ("Subject")]',
        ('* 1 ... ("SUBJECT"',),
        ("* 1 ... (Subject",),
        "An astring is written either way (RFC 3501 §9, header-fld-name)",
    ),
    Difference(
        "fetch sections",
        "FETCH 1 BODY.PEEK[]<5.0>",
        ('* 1 FETCH (BODY[]<5> "")', "a OK"),
        ("a BAD",),
        "The grammar wants a number from 1 on after the point, and a point at all (RFC 3501 §9, partial)",
    ),
    Difference(
        "fetch sections",
        "FETCH 1 BODY.PEEK[]<5>",
        ('* 1 FETCH (BODY[]<5> " Wed, 17 Jul 1996 02:23:25 - [...]  line of text.¶And pickles.¶")', "a OK"),
        ("a BAD",),
        "The grammar wants a number from 1 on after the point, and a point at all (RFC 3501 §9, partial)",
    ),
    Difference(
        "fetch sections",
        "FETCH 1 BODY.PEEK[0]",
        ('* 1 FETCH (BODY[0] "")', "a OK"),
        ("a BAD",),
        "Parts are counted from 1 (RFC 3501 §9, section-part)",
    ),
    Difference(
        "fetch sections",
        "FETCH 2 BINARY.SIZE[2]<1.3>",
        ("* 2 FETCH (BINARY.SIZE[2] 8)", "a OK"),
        ("a BAD",),
        "A size is of the whole part: no <> after it (RFC 3516 §7)",
    ),
    Difference(
        "fetch sections",
        "FETCH 1 BINARY.PEEK[9]",
        ('* 1 FETCH (BINARY[9] "")',),
        ("* 1 FETCH (BINARY[9] NIL)",),
        "A part that is not there is NIL rather than empty (RFC 3501 §9, nstring)",
    ),
    Difference(
        "search",
        "SEARCH SENTBEFORE 9-Feb-1994",
        ("* SEARCH 2 3 4 6 8",),
        ("* SEARCH 2 3",),
        "A message without Date: was sent on no day (RFC 3501 §6.4.4); Dovecot takes 1970 for it",
    ),
    Difference(
        "search",
        "SEARCH BODY inside",
        ("* SEARCH",),
        ("* SEARCH 3",),
        "The header of a forwarded message is in the body of the one around it (RFC 3501 §6.4.4)",
    ),
    Difference(
        "search",
        "SEARCH NOT (SEEN FLAGGED)",
        ("* SEARCH 2 3 4 5 6 7 8 9 10 11",),
        ("* SEARCH 1 2 3 4 5 6 7 8 9 10 11",),
        "NOT of a list is NOT of all of it together (RFC 3501 §6.4.4); message 1 is seen and not flagged",
    ),
    Difference(
        "search",
        "SEARCH ON 31-Feb-1994",
        ("* SEARCH", "a OK"),
        ("a BAD",),
        "There is no such day: BAD, so that the client learns it (RFC 3501 §7.1.3)",
    ),
    Difference(
        "search",
        "STORE $ +FLAGS (mark)",
        (
            "* 1 FETCH (FLAGS (\\Recent \\Seen mark) MODSEQ (#))",
            "* 2 FETCH (FLAGS ($label \\Flagged \\Recent mark) MODSEQ (#))",
        ),
        (
            "* 1 FETCH (FLAGS (\\Recent \\Seen mark) MODSEQ (#) UID 1)",
            "* 2 FETCH (FLAGS ($label \\Flagged \\Recent mark) MODSEQ (#) UID 2)",
        ),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "sort",
        "SORT (DATE) ALL",
        ("a BAD",),
        ("a NO [BADCHARSET]",),
        "ALL stands where the charset belongs (RFC 5256 §3); both say that it cannot be",
    ),
    Difference(
        "store",
        "STORE 1 +FLAGS (\\Flagged)",
        (),
        ("* 1 FETCH (FLAGS (\\Flagged \\Recent \\Seen))",),
        "Without .SILENT the flags are told, changed or not (RFC 3501 §6.4.6)",
    ),
    Difference(
        "store",
        "STORE 2 FLAGS (\\SEEN LABEL)",
        ("* 2 FETCH (FLAGS (\\Recent \\Seen label))",),
        ("* 2 FETCH (FLAGS (LABEL \\Recent \\Seen))",),
        "Keywords are case-insensitive (RFC 3501 §9, note 1): LABEL is label",
    ),
    Difference(
        "store",
        "STORE 1 +FLAGS",
        ("a OK",),
        ("a BAD",),
        "There is a flag, or an empty list (RFC 3501 §9, store-att-flags)",
    ),
    Difference(
        "store",
        "STORE 3 FLAGS (pickles)",
        ("* 3 FETCH (FLAGS (\\Recent pickles) MODSEQ (#))",),
        ("* 3 FETCH (FLAGS (\\Recent pickles) MODSEQ (#) UID 3)",),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "store",
        "STORE 3 -FLAGS.SILENT (Pickles)",
        ("* 3 FETCH (MODSEQ (#))",),
        ("* 3 FETCH (MODSEQ (#) UID 3)",),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "copy and move",
        "MOVE 1 other",
        ("* OK [COPYUID # 6 10]", "* 1 EXPUNGE", "a OK"),
        ("a NO",),
        (
            "What EXAMINE opened is read-only (RFC 3501 §6.3.2), and NO says that nothing was done (RFC 6851 "
            "§3.1 removes from the source)"
        ),
    ),
    Difference(
        "expunge",
        "SELECT INBOX",
        (
            "* FLAGS ($label \\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [PERMANENTFLAGS ($label \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] ... ($label",
        ),
        (
            "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [PERMANENTFLAGS ($label \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] ... (",
        ),
        "FLAGS names the keywords in use (RFC 3501 §7.2.6); no message has $label any more",
    ),
    Difference(
        "expunge",
        "SELECT INBOX",
        (
            "* FLAGS ($label \\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [PERMANENTFLAGS ($label \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] ... ($label",
        ),
        (
            "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [PERMANENTFLAGS ($label \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] ... (",
        ),
        "FLAGS names the keywords in use (RFC 3501 §7.2.6); no message has $label any more",
    ),
    Difference(
        "expunge",
        "EXPUNGE now",
        ("a OK",),
        ("a BAD",),
        "An argument the grammar knows nothing of is BAD (RFC 3501 §7.1.3)",
    ),
    Difference(
        "condstore switched on late",
        "STORE 1 -FLAGS (\\Flagged)",
        ("* 1 FETCH (FLAGS (\\Recent \\Seen) MODSEQ (#))",),
        ("* 1 FETCH (FLAGS (\\Recent \\Seen) MODSEQ (#) UID 1)",),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "condstore switched on late",
        "ENABLE CONDSTORE",
        ("* ENABLED CONDSTORE", "a OK"),
        ("a BAD",),
        "Not after a mailbox was opened; a server need not look (RFC 5161 §3.1)",
    ),
    Difference(
        "qresync",
        "SELECT INBOX (QRESYNC (<validity> 1))",
        ("* OK [CLOSED]",),
        (),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "qresync",
        "UNSELECT",
        ("a BAD",),
        ("a OK",),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "qresync",
        "SELECT INBOX (QRESYNC (0 1))",
        (
            "* OK [CLOSED]",
            "* 0 RECENT",
            "* 4 EXISTS",
            "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)",
            "* OK [HIGHESTMODSEQ #]",
            "* OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)]",
            "* OK [UIDNEXT 7]",
            "* OK [UIDVALIDITY #]",
            "* OK [UNSEEN 1]",
            "a OK [READ-WRITE]",
        ),
        ("a BAD",),
        "A UIDVALIDITY is 1 at least (RFC 3501 §9, nz-number)",
    ),
    Difference(
        "qresync",
        "SELECT INBOX (QRESYNC (<validity>))",
        ("* OK [CLOSED]",),
        (),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "qresync",
        "SELECT INBOX",
        (),
        ("* OK [CLOSED]",),
        (
            "BAD means that nothing was done (RFC 3501 §7.1.3), so the open mailbox stays open; Dovecot has "
            "closed it by then"
        ),
    ),
    Difference(
        "two sessions",
        "2: FETCH 2 (FLAGS UID)",
        ("* 2 FETCH (FLAGS (\\Deleted) UID 2)", "a OK"),
        ("a NO [EXPUNGEISSUED]",),
        (
            "Expunged by the other session: NO with EXPUNGEISSUED is what RFC 2180 §4.1 and RFC 5530 §3 have for "
            "it; Dovecot keeps the message a while"
        ),
    ),
    Difference(
        "two sessions",
        "2: SEARCH ALL",
        ("* SEARCH 1 2 3",),
        ("* SEARCH 1 3",),
        "What is expunged is not found (RFC 2180 §4)",
    ),
    Difference(
        "two sessions",
        "2: UID SEARCH ALL",
        ("* SEARCH 1 2 3",),
        ("* SEARCH 1 3",),
        "What is expunged is not found (RFC 2180 §4)",
    ),
    Difference(
        "two sessions",
        "FETCH 1:* (FLAGS)",
        ("* 1 FETCH (FLAGS (\\Flagged \\Recent \\Seen gone))",),
        (),
        "Flags another session has changed are told once, not twice (RFC 3501 §7.4.2)",
    ),
    Difference(
        "idle with qresync",
        "DONE",
        ("* OK [HIGHESTMODSEQ #]",),
        (),
        "Told in between for the client's comfort; due after EXPUNGE alone (RFC 7162 §3.2.7)",
    ),
    Difference(
        "odder messages",
        "FETCH 1:* ENVELOPE",
        (
            (
                '* 1 ... "Mon, 14 Feb 1994 12:00 +0000" "leading spaces and tab" ... (("missing at sign" '
                '... NIL "MISSING_MAILBOX" ... "MISSING_MAILBOX" "MISSING_DOMAIN"'
            ),
            '* 5 ... NIL "two"',
            '* 11 ... NIL "a b c"',
        ),
        (
            (
                '* 1 ... "Mon, 14 Feb 1994 12:00 +0000" "leading spaces and\ttab" ... ((NIL ... NIL '
                '"missing at sign" ... "missing at sign" ""'
            ),
            '* 5 ... NIL "one"',
            '* 11 ... NIL "a b\tc"',
        ),
        (
            "Unfolding takes away line ends alone, tabs stay (RFC 5322 §2.2.3); of two fields that may be there "
            "once we take the first; an address that cannot be read is told as it stands (RFC 3501 §7.4.2)"
        ),
    ),
    Difference(
        "odder messages",
        "FETCH 1:* BODYSTRUCTURE",
        (
            (
                '* 2 ... ( ... "a" "name*" "utf-8\'\'%e4%bd%a0.pdf" ... ("filename" ... "filename" '
                '"verylong.pdf" ... ) ( ... ("en")'
            ),
            '* 3 ... "text" ""',
            '* 4 ... ("" ... "" "" ... "" NIL ... 3',
            "* 6 ... 5 0 ... 5 0",
            '* 7 ... BODYSTRUCTURE ( ... "7bit" 0 ... 0 0 ... NIL) "mixed" ("boundary" "zz" ... "zz") NIL NIL NIL))',
            '* 8 ... "html" ("charset" "us-ascii")',
            "* 10 ... 1 0 ... 1 0",
        ),
        (
            (
                '* 2 ... ("name*" "utf-8\'\'%e4%bd%a0.pdf" ... "a" ... ("filename*0" ... "filename*0" '
                '"very" "filename*1" "long.pdf" ... ) ... "en"'
            ),
            '* 3 ... "text" "plain"',
            '* 4 ... ("text" ... "text" "plain" ... "plain" ("charset" "us-ascii") ... 3 1',
            "* 6 ... 5 1 ... 5 1",
            '* 7 ... BODYSTRUCTURE ... "7bit" 24 ... 24 1 ... NIL) ... ))',
            '* 8 ... "html" NIL',
            "* 10 ... 1 1 ... 1 1",
        ),
        (
            "Parameters are told as they are written, filename*0 too, for the client to join (RFC 2231 §3); a "
            "language alone needs no list (RFC 3501 §9, body-fld-lang); a type that cannot be read "
            "is text/plain (RFC 2045 §5.2); a multipart without a part is text; lines are counted as above"
        ),
    ),
    Difference(
        "odder messages",
        "FETCH 1:* BODY.PEEK[1]",
        ('* 6 FETCH (BODY[1] "--abc¶¶inner¶--abc--¶")', '* 7 FETCH (BODY[1] "")'),
        ('* 6 FETCH (BODY[1] "--abc¶¶inner¶--abc--")', '* 7 FETCH (BODY[1] "nothing but a preamble¶")'),
        (
            "The CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC 2046 "
            "§5.1.1); a multipart without a part is text (RFC 2045 §5.2)"
        ),
    ),
    Difference(
        "odder messages",
        "FETCH 6 (BODY.PEEK[1] BODY.PEEK[1.1] BODY.PEEK[2])",
        ('* 6 ... BODY[1] "--abc¶¶inner¶--abc--¶"',),
        ('* 6 ... BODY[1] "--abc¶¶inner¶--abc--"',),
        "The CRLF before a boundary belongs to the boundary, also after a nested multipart (RFC 2046 §5.1.1)",
    ),
    Difference(
        "odder messages",
        "FETCH 3 BINARY.PEEK[1]",
        ("* 3 FETCH (UID 3)",),
        (),
        "NO [UNKNOWN-CTE] says it all (RFC 3516)",
    ),
    Difference(
        "odd lines",
        'LIST "a/b" ""',
        ('* LIST (\\Noselect) "/" a/',),
        ('* LIST (\\Noselect) "/" ""',),
        "The root of a name that is not rooted may be empty (RFC 3501 §6.3.8)",
    ),
    Difference(
        "odd lines",
        'DELETE "a/b/"',
        ("a NO [CANNOT]",),
        ("a NO [NONEXISTENT]",),
        "Either says it (RFC 5530 §3): no mailbox is called that, and none can be",
    ),
    Difference(
        "odd lines",
        'SELECT "a/c/"',
        ("a NO [CANNOT]",),
        ("a NO [NONEXISTENT]",),
        "Either says it (RFC 5530 §3): no mailbox is called that, and none can be",
    ),
    Difference(
        "odd lines",
        'STATUS "INBOX/" (MESSAGES)',
        ("a NO [CANNOT]",),
        ("a NO [NONEXISTENT]",),
        "Either says it (RFC 5530 §3): no mailbox is called that, and none can be",
    ),
    Difference(
        "odd lines",
        'SEARCH SUBJECT "ba\\d"',
        ("* SEARCH", "a OK"),
        ("a BAD",),
        "A backslash in a string stands before a quote or a backslash alone (RFC 3501 §9, QUOTED-CHAR)",
    ),
    Difference(
        "odd lines",
        "SEARCH KEYWORD \\Seen",
        ("* SEARCH", "a OK"),
        ("a BAD",),
        "A keyword is an atom, without a backslash (RFC 3501 §9, flag-keyword)",
    ),
    Difference(
        "condstore",
        "STORE 1 (UNCHANGEDSINCE <start>) +FLAGS (\\Flagged)",
        ("* 1 FETCH (FLAGS (\\Flagged \\Recent \\Seen) MODSEQ (#))",),
        ("* 1 FETCH (FLAGS (\\Flagged \\Recent \\Seen) MODSEQ (#) UID 1)",),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "condstore",
        "STORE 1:3 (UNCHANGEDSINCE <start>) +FLAGS.SILENT (one)",
        ("* 2 FETCH (MODSEQ (#))", "* 3 FETCH (MODSEQ (#))"),
        ("* 2 FETCH (MODSEQ (#) UID 2)", "* 3 FETCH (MODSEQ (#) UID 3)"),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
    Difference(
        "condstore",
        "STORE 1 +FLAGS.SILENT (three)",
        ("* 1 FETCH (MODSEQ (#))",),
        ("* 1 FETCH (MODSEQ (#) UID 1)",),
        (
            "Once CONDSTORE is on, a server that could do QRESYNC tells the UID, too (RFC 7162 §3.2.4); theirs "
            "does after ENABLE QRESYNC"
        ),
    ),
)
