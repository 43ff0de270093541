"""The tables. Changing them means a new VERSION and a step that brings older files along."""

from __future__ import annotations

# "mtut": tells our files from other programs' (PRAGMA application_id).
APPLICATION_ID = 0x6D747574
VERSION = 4

# The domain of a queued recipient, in small letters: what follows the last @. An expression, so that it can be indexed
# in files that exist already.
DOMAIN = "lower(substr(address, length(rtrim(address, replace(address, '@', ''))) + 1))"

# Made whenever a file is opened, for an index changes nothing of what a file means: what a relay asks at every arrival
# must not cost more when much waits.
INDEXES = (
    f"CREATE INDEX IF NOT EXISTS queued_for ON queued_recipient ({DOMAIN}, next_try_at)",
    "CREATE INDEX IF NOT EXISTS queued_until ON queued_recipient (next_try_at)",
)

# What IMAP tells of a message's structure, in IMAP's words, written when it is first asked for: it never changes.
_OUTLINE = """
    CREATE TABLE outline (
        body_id INTEGER PRIMARY KEY REFERENCES body (id) ON DELETE CASCADE,
        envelope BLOB NOT NULL,
        structure BLOB NOT NULL
    )
    """

# A message's bytes. Numbers are not AUTOINCREMENT, for that is one more page to write for every message: `spent` has
# those that must not come again.
_BODY = """
    CREATE TABLE {name} (
        id INTEGER PRIMARY KEY,
        content BLOB NOT NULL
    )
    """

# changed: its flags have been, so that `modseq` is not of its arrival. shared: other messages, or the queue, may refer
# to the same bytes. What is neither, as most mail, stands in no index: each is a page to write before the 250. That is
# also why nothing here REFERENCES body: SQLite looks for who refers to what it deletes, and would want the index.
_MESSAGE = """
    CREATE TABLE {name} (
        mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        uid INTEGER NOT NULL,
        body_id INTEGER NOT NULL,
        size INTEGER NOT NULL,
        crlf_size INTEGER NOT NULL,
        received_at REAL NOT NULL,
        zone_min INTEGER NOT NULL DEFAULT 0,
        flags TEXT NOT NULL DEFAULT '',
        modseq INTEGER NOT NULL DEFAULT 1,
        changed INTEGER NOT NULL DEFAULT 0,
        shared INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (mailbox_id, uid)
    ) WITHOUT ROWID
    """
# What a student did in the course, one after the other: `progress` has what came of it.
_JOURNAL = """
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        lesson TEXT NOT NULL,
        step TEXT NOT NULL,
        kind TEXT NOT NULL,
        said TEXT NOT NULL DEFAULT ''
    )
    """
_MESSAGE_INDEXES = (
    "CREATE INDEX message_changed ON message (mailbox_id, modseq) WHERE changed",
    "CREATE INDEX message_shared ON message (body_id) WHERE shared",
)

_QUEUED = """
    CREATE TABLE {name} (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        host TEXT NOT NULL,
        sender TEXT NOT NULL,
        body_id INTEGER NOT NULL,
        queued_at REAL NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        body TEXT NOT NULL DEFAULT '',
        utf8 INTEGER NOT NULL DEFAULT 0,
        ret TEXT NOT NULL DEFAULT '',
        envid TEXT NOT NULL DEFAULT ''
    )
    """

# What brings a file of an older version to the next one: version → statements. Foreign keys are off meanwhile, or no
# table that others refer to could be made anew.
STEPS = {
    1: (
        "ALTER TABLE mailbox ADD COLUMN messages INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE mailbox ADD COLUMN octets INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE mailbox ADD COLUMN special_use TEXT NOT NULL DEFAULT ''",
        "UPDATE mailbox SET messages = (SELECT count(*) FROM message WHERE mailbox_id = mailbox.id),"
        " octets = (SELECT coalesce(sum(size), 0) FROM message WHERE mailbox_id = mailbox.id)",
        _OUTLINE,
    ),
    2: (
        "CREATE TABLE spent (last INTEGER NOT NULL)",
        "INSERT INTO spent VALUES (coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'body'), 0))",
        _MESSAGE.format(name="newer_message"),
        "INSERT INTO newer_message SELECT mailbox_id, uid, body_id, size, crlf_size, received_at, zone_min, flags,"
        " modseq, 1, (SELECT count(*) FROM message other WHERE other.body_id = message.body_id) > 1"
        " OR body_id IN (SELECT body_id FROM queued) FROM message",
        "DROP TABLE message",
        "ALTER TABLE newer_message RENAME TO message",
        *_MESSAGE_INDEXES,
        _QUEUED.format(name="newer_queued"),
        "INSERT INTO newer_queued"
        " SELECT id, host, sender, body_id, queued_at, held, body, utf8, ret, envid FROM queued",
        "DELETE FROM sqlite_sequence WHERE name = 'newer_queued'",
        "INSERT INTO sqlite_sequence SELECT 'newer_queued', seq FROM sqlite_sequence WHERE name = 'queued'",
        "DROP TABLE queued",
        "ALTER TABLE newer_queued RENAME TO queued",
        _BODY.format(name="newer_body"),
        "INSERT INTO newer_body SELECT id, content FROM body",
        "DROP TABLE body",
        "ALTER TABLE newer_body RENAME TO body",
    ),
    3: (_JOURNAL,),
}

# AUTOINCREMENT: a number once used never means something else, for open sessions remember numbers of what others may
# have removed.
#
# Flags and sizes stand in a narrow table of their own, so that listing a mailbox does not page through message bodies.
STATEMENTS = (
    _BODY.format(name="body"),
    "CREATE TABLE spent (last INTEGER NOT NULL)",
    "INSERT INTO spent VALUES (0)",
    """
    CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        host TEXT NOT NULL,
        user TEXT NOT NULL,
        name TEXT NOT NULL,
        uid_validity INTEGER NOT NULL,
        uid_next INTEGER NOT NULL DEFAULT 1,
        highest_modseq INTEGER NOT NULL DEFAULT 1,
        recent_from INTEGER NOT NULL DEFAULT 1,
        messages INTEGER NOT NULL DEFAULT 0,
        octets INTEGER NOT NULL DEFAULT 0,
        special_use TEXT NOT NULL DEFAULT '',
        UNIQUE (host, user, name)
    )
    """,
    _OUTLINE,
    # Names, not mailboxes: a subscription outlives its mailbox and may come before it (RFC 3501 §6.3.6).
    """
    CREATE TABLE subscription (
        host TEXT NOT NULL,
        user TEXT NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (host, user, name)
    ) WITHOUT ROWID
    """,
    _MESSAGE.format(name="message"),
    *_MESSAGE_INDEXES,
    # What was removed lately, so that an open session need not read the whole mailbox to learn of it.
    """
    CREATE TABLE expunged (
        mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        modseq INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        PRIMARY KEY (mailbox_id, modseq, uid)
    ) WITHOUT ROWID
    """,
    # A validity once used must not come back, also not after the mailbox that had it was deleted.
    "CREATE TABLE validity (last INTEGER NOT NULL)",
    "INSERT INTO validity VALUES (0)",
    _QUEUED.format(name="queued"),
    # scheduled: when it was to leave, 0 for at once. Files that have 1 there were written when it was only said that it
    # was, and read right: a time long past, and a try still to come.
    """
    CREATE TABLE queued_recipient (
        queued_id INTEGER NOT NULL REFERENCES queued (id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try_at REAL NOT NULL,
        last_reply TEXT NOT NULL DEFAULT '',
        tried_at REAL NOT NULL DEFAULT 0,
        notify TEXT NOT NULL DEFAULT '',
        orcpt TEXT NOT NULL DEFAULT '',
        warned INTEGER NOT NULL DEFAULT 0,
        scheduled REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (queued_id, address)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE progress (
        lesson TEXT NOT NULL,
        step TEXT NOT NULL,
        result TEXT NOT NULL,
        answer TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL,
        PRIMARY KEY (lesson, step)
    ) WITHOUT ROWID
    """,
    _JOURNAL,
)
