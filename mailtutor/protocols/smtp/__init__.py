"""SMTP (RFC 5321) and message submission (RFC 6409), without a socket.

table.py is the law: states, commands, moves, replies. grammar.py reads a command's arguments, events.py names what a
command means, server.py and client.py are the two engines, observer.py reads other people's conversations and
spans.py takes a line apart for the reader. To add an extension: a row in the table, its grammar, its event.
"""

from mailtutor.protocols.smtp.observer import SmtpObserver
from mailtutor.protocols.smtp.spans import spans
from mailtutor.protocols.smtp.table import TABLE

__all__ = ["TABLE", "SmtpObserver", "spans"]
