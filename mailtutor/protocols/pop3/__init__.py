"""POP3 (RFC 1939) with CAPA, response codes, STLS, AUTH and UTF8 (RFC 2449, 3206, 2595, 5034, 6856), without a socket.

table.py is the law: states, commands, moves, replies, and which answers have several lines. grammar.py reads a
command line, events.py names what was said, server.py and client.py are the two engines, observer.py reads other
people's conversations and spans.py takes a line apart for the reader. To add an extension (LANG):
a row in the table, its grammar, its event.
"""

from mailtutor.protocols.pop3.observer import Pop3Observer
from mailtutor.protocols.pop3.spans import spans
from mailtutor.protocols.pop3.table import TABLE

__all__ = ["TABLE", "Pop3Observer", "spans"]
