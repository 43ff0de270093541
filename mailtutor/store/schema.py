"""The tables. Changing them means a new VERSION and a step that brings older files along."""

from __future__ import annotations

# "mtut": tells our files from other programs' (PRAGMA application_id).
APPLICATION_ID = 0x6D747574
VERSION = 1

# Flags and sizes stand in a narrow table of their own, so that listing a mailbox does not page through message bodies.
STATEMENTS = (
    """
    CREATE TABLE body (
        id INTEGER PRIMARY KEY,
        content BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        user TEXT NOT NULL,
        name TEXT NOT NULL,
        uid_validity INTEGER NOT NULL,
        uid_next INTEGER NOT NULL DEFAULT 1,
        highest_modseq INTEGER NOT NULL DEFAULT 1,
        recent_from INTEGER NOT NULL DEFAULT 1,
        subscribed INTEGER NOT NULL DEFAULT 1,
        UNIQUE (host, user, name)
    )
    """,
    """
    CREATE TABLE message (
        mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
        uid INTEGER NOT NULL,
        body_id INTEGER NOT NULL REFERENCES body (id),
        size INTEGER NOT NULL,
        crlf_size INTEGER NOT NULL,
        received_at REAL NOT NULL,
        flags TEXT NOT NULL DEFAULT '',
        modseq INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (mailbox_id, uid)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX message_body ON message (body_id)",
    # A validity once used must not come back, also not after the mailbox that had it was deleted.
    "CREATE TABLE validity (last INTEGER NOT NULL)",
    "INSERT INTO validity VALUES (0)",
    """
    CREATE TABLE queued (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        host TEXT NOT NULL,
        sender TEXT NOT NULL,
        body_id INTEGER NOT NULL REFERENCES body (id),
        queued_at REAL NOT NULL
    )
    """,
    """
    CREATE TABLE queued_recipient (
        queued_id INTEGER NOT NULL REFERENCES queued (id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try_at REAL NOT NULL,
        last_reply TEXT NOT NULL DEFAULT '',
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
)
