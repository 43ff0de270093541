"""FTP's control connection (RFC 959), as far as it is read beside mail: commands and replies, and nothing else. What is
fetched crosses a second connection; see the package `ftp_data`.

table.py names the commands and replies, observer.py reads a conversation, spans.py takes a line apart for the reader.
There are no engines: our sessions come from transcripts.
"""

from mailtutor.protocols.ftp.observer import FtpObserver
from mailtutor.protocols.ftp.spans import spans
from mailtutor.protocols.ftp.table import TABLE

__all__ = ["TABLE", "FtpObserver", "spans"]
