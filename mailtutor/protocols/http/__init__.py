"""HTTP/1.1 (RFC 9110, RFC 9112), as far as it is read beside mail: who asks, who answers, and what the bytes are for.

table.py names the methods, the status codes and the header fields that have words of their own; framing.py tells where
a message ends, with h11 to read its head; observer.py makes lines of a conversation; spans.py takes a line apart for
the reader. There are no engines here: the lab's web server is a library's. To add a header field: its row in `table.py`
and its words.
"""

from mailtutor.protocols.http.observer import HttpObserver
from mailtutor.protocols.http.spans import spans
from mailtutor.protocols.http.table import TABLE

__all__ = ["TABLE", "HttpObserver", "spans"]
