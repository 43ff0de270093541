"""The domain name system (RFC 1035), as far as a mail server asks it: whose mail server is it, and where does it stand.

message.py reads and writes a datagram, table.py names what is asked and how it turns out, observer.py makes lines of
datagrams, and spans.py takes a line apart for the reader. There are no engines: one datagram asks, one answers, and
the lab's resolver looks into a zone in between. To add a record type: a row in `message.Type` and `table.py`, how its
data is read and written, and its words.
"""

from mailtutor.protocols.dns.observer import DnsObserver
from mailtutor.protocols.dns.spans import spans
from mailtutor.protocols.dns.table import TABLE

__all__ = ["TABLE", "DnsObserver", "spans"]
