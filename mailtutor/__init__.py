"""mailtutor: learn how e-mail works by watching it happen.

The map. A room may import what stands to its right, never back; rooms joined by | do not know each other.

    __main__ > cli > tui > session > lab | course > store > reading
      > protocols | trace | text > message > errors | paths

errors, paths   what can go wrong, in words; where files live
message         RFC 5322 and MIME, pure
protocols       SMTP, POP3, IMAP without sockets: a table, a server, a client and an observer each; DNS to be read
trace           the record of everything that happened: bytes and world events, never meaning
text            the words for people, English and Chinese side by side
reading         what a trace means: lines, explanations, hints, queue and mailboxes as of any moment
store           the only SQL: mailboxes, queue, users, progress
lab             real sockets: hosts, listeners, tap, gate, relay, resolver, TLS, faults, agents
course          lessons: loading, checking
session         the application without a screen
tui             the screen (Textual), imported by nobody but the command that opens it
cli             verbs and flags

Importing this package imports nothing else.
"""

__version__ = "0.1.0"
