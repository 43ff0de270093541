"""IMAP4rev1 (RFC 3501), without a socket.

table.py is the law: states, commands, moves; replies.py holds its replies. tokens.py and grammar.py read a command's
arguments (the harder ones in fetch.py, search.py, sequence.py, flags.py, mailbox.py); events.py names what a command
means. server.py and client.py are the two engines, observer.py reads other people's conversations, spans.py takes a
line apart for the reader. What FETCH and SEARCH ask of a message is answered here, too, as pure functions: section.py,
answers.py, matching.py; view.py keeps the message numbers of one session.
To add an extension: a row in the table, its grammar, its event.
"""

from mailtutor.protocols.imap.observer import ImapObserver
from mailtutor.protocols.imap.spans import spans
from mailtutor.protocols.imap.table import TABLE

__all__ = ["TABLE", "ImapObserver", "spans"]
