"""A password of which a part was not captured."""

from __future__ import annotations

from mailtutor.reading.redact import redacted
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Gap, Opened

END = Endpoint("", "10.0.0.1", 1)


def test_what_follows_a_gap_may_be_the_end_of_a_password() -> None:
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol="pop3", service="pop3", client=END, server=END),
        FromServer(t=0, at=0, conn=1, data=b"+OK ready\r\n"),
        FromClient(t=0, at=0, conn=1, data=b"USER bob\r\nPASS ham"),
        Gap(t=0, at=0, conn=1, from_client=True, size=3),
        FromClient(t=0, at=0, conn=1, data=b"ger\r\nSTAT\r\n"),
    ]
    said = b"".join(event.data for event in redacted(events) if isinstance(event, FromClient))
    assert said == b"USER bob\r\nPASS ******\r\nSTAT\r\n"
