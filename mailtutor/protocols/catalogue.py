"""Finds a protocol by its name. The one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailtutor.protocols import dns, ftp, ftp_data, http, imap, pop3, smtp
from mailtutor.protocols.engine import Observer, SpanReader
from mailtutor.protocols.spec import Table


@dataclass(frozen=True, slots=True)
class Entry:
    """What a view needs of a protocol."""

    table: Table
    observer: Callable[[], Observer]
    spans: SpanReader


PROTOCOLS: Mapping[str, Entry] = {
    "smtp": Entry(smtp.TABLE, smtp.SmtpObserver, smtp.spans),
    "pop3": Entry(pop3.TABLE, pop3.Pop3Observer, pop3.spans),
    "imap": Entry(imap.TABLE, imap.ImapObserver, imap.spans),
    "dns": Entry(dns.TABLE, dns.DnsObserver, dns.spans),
    "ftp": Entry(ftp.TABLE, ftp.FtpObserver, ftp.spans),
    "ftp_data": Entry(ftp_data.TABLE, ftp_data.FtpDataObserver, ftp_data.spans),
    "http": Entry(http.TABLE, http.HttpObserver, http.spans),
}
