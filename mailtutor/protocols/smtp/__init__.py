"""SMTP (RFC 5321) and message submission (RFC 6409), without a socket.

table.py is the law: states, commands, moves, and what a host may offer; replies.py and parameters.py are parts of it.
grammar.py reads a command's arguments, events.py names what a command means. server.py is the server's engine; body.py,
auth.py and limits.py are its message, its login and its patience. client.py says single commands, courier.py a whole
conversation. sasl.py and xtext.py serve both sides. observer.py reads other people's conversations, ciphertext.py what
is left of them under TLS; spans.py and login_spans.py take a line apart for the reader.

To add an extension: its rows in the tables, its grammar, its event; a host offers it by name.
"""

from mailtutor.protocols.smtp.observer import SmtpObserver
from mailtutor.protocols.smtp.spans import spans
from mailtutor.protocols.smtp.table import TABLE

__all__ = ["TABLE", "SmtpObserver", "spans"]
