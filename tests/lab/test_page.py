"""The lab's page over HTTP: bob's browser, and clients that mean no good."""

from __future__ import annotations

import http.client
import socket
import time

import pytest

from mailtutor.errors import MailtutorError, NetworkError, UsageError
from mailtutor.lab import site
from mailtutor.lab.acts import Acts
from mailtutor.lab.agents.browser import pictures_of
from mailtutor.lab.clock import ManualClock
from mailtutor.lab.gate import Held
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import IDLE_S
from mailtutor.lab.services.http import HEAD_LIMIT, HEAD_S
from mailtutor.reading.dialogue import Connection, dialogue_of
from mailtutor.trace.events import Closed, FromClient, Opened
from tests.conftest import StartLab
from tests.lab.waiting import LIMIT_S, do, wait_for


def _heard(lab: Lab, said: bytes) -> bytes:
    """All the server answers to these octets, until it or we have no more to say."""
    with socket.create_connection(lab.directory.doors["crepes.fr", "http"], LIMIT_S) as sock:
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)
        heard = b""
        while part := sock.recv(65536):
            heard += part
        return heard


def _visits(lab: Lab) -> list[Connection]:
    return [one for one in dialogue_of(lab.log).connections.values() if one.protocol == "http"]


@pytest.mark.parametrize("connections", [1, 2, 4])
def test_the_browser_fetches_the_page_and_its_ten_pictures(start_lab: StartLab, connections: int) -> None:
    lab = start_lab()
    page, *pictures = Acts(lab).browse(connections)
    assert page.target == "/"
    assert {one.target[1:]: one.content for one in pictures} == site.pictures()
    assert len(pictures) == 10
    wait_for(lab.log, lambda event: isinstance(event, Closed), count=connections)
    visits = _visits(lab)
    assert [one.client.name for one in visits] == ["bob@hamburger.edu"] * connections
    assert {one.server.name for one in visits} == {"crepes.fr"}
    assert {one.closed_by for one in visits} == {"client"}
    asked = [row.line.text for one in visits for row in one.rows if row.line.verb and row.line.text.startswith(b"GET")]
    assert len(asked) == 11
    answered = [row.line.code for one in visits for row in one.rows if row.line.code]
    assert answered == ["200"] * 11


def test_every_octet_of_a_visit_is_in_the_trace(start_lab: StartLab) -> None:
    lab = start_lab()
    heard = _heard(lab, b"GET /egg.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    (visit,) = _visits(lab)
    assert heard.endswith(site.pictures()["egg.png"])
    assert visit.bytes_from_server == len(heard)
    assert b"".join(row.line.raw for row in visit.rows if row.line.source == "S") == heard


def test_a_client_of_the_standard_library_keeps_its_connection(start_lab: StartLab) -> None:
    lab = start_lab()
    client = http.client.HTTPConnection(*lab.directory.doors["crepes.fr", "http"], timeout=LIMIT_S)
    statuses = []
    for target in ("/", "/nowhere", "/../pyproject.toml", "/%2e%2e/README.md"):
        client.request("GET", target)
        answer = client.getresponse()
        statuses.append(answer.status)
        answer.read()
    assert statuses == [200, 404, 404, 404]
    client.request("GET", "/")
    answer = client.getresponse()
    tag = answer.headers["ETag"]
    answer.read()
    client.request("GET", "/", headers={"If-None-Match": tag})
    assert client.getresponse().status == 304
    client.close()
    assert len([event for event in lab.log if isinstance(event, Opened)]) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"EHLO crepes.fr\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \x00\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 2 * HEAD_LIMIT + b"\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b", b"405"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"z" * 300_000, b"405"),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"GET /%00%1b[2J HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET http://crepes.fr/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    ],
    ids=["mail", "no host", "tls", "huge head", "two lengths", "post", "endless post", "method", "controls", "outside"],
)
def test_what_is_no_request_is_refused_and_nobody_else_is_kept(start_lab: StartLab, said: bytes, status: bytes) -> None:
    lab = start_lab()
    try:
        assert _heard(lab, said).startswith(b"HTTP/1.1 " + status)
    except ConnectionError:
        # What we still say is not read any more, so TCP may say so before the answer is read.
        assert len(said) > HEAD_LIMIT
    assert _heard(lab, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert not lab.notices


def test_requests_sent_ahead_are_answered_in_their_order(start_lab: StartLab) -> None:
    lab = start_lab()
    names = ["egg.png", "milk.png", "crepe.png"] * 60
    heard = _heard(lab, b"".join(b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % name.encode() for name in names))
    sizes = [int(line[16:]) for line in heard.split(b"\r\n") if line.lower().startswith(b"content-length: ")]
    assert sizes == [len(site.pictures()[name]) for name in names]


def test_a_request_of_two_lengths_is_refused_and_what_hides_behind_it_is_not_answered(start_lab: StartLab) -> None:
    lab = start_lab()
    hidden = b"GET /egg.png HTTP/1.1\r\nHost: x\r\n\r\n"
    said = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    heard = _heard(lab, said)
    assert heard.startswith(b"HTTP/1.1 400")
    assert heard.count(b"HTTP/1.1 ") == 1
    assert b"image/png" not in heard


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (b"http://crepes.fr/egg.png", b"image/png"), (b"HTTP://crepes.fr", b"text/html"),
        (b"http://crepes.fr:8025/", b"text/html"),
    ],
)  # fmt: skip
def test_a_target_may_be_a_whole_address(start_lab: StartLab, target: bytes, kind: bytes) -> None:
    heard = _heard(start_lab(), b"GET " + target + b" HTTP/1.1\r\nHost: crepes.fr\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200")
    assert kind in heard


def test_nobody_opens_a_hundred_connections(start_lab: StartLab) -> None:
    with pytest.raises(UsageError):
        Acts(start_lab()).browse(100)


def test_who_says_a_request_too_slowly_is_sent_away(start_lab: StartLab) -> None:
    lab = start_lab(clock=ManualClock())
    clock = lab.clock
    assert isinstance(clock, ManualClock)
    door = lab.directory.doors["crepes.fr", "http"]
    with socket.create_connection(door, LIMIT_S) as slow, socket.create_connection(door, LIMIT_S) as silent:
        for count, octets in enumerate((b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"X-Patience: none\r\n"), 1):
            slow.sendall(octets)
            wait_for(lab.log, lambda event: isinstance(event, FromClient), count=count)
            do(lab, lambda: clock.advance(HEAD_S - 1))
        assert slow.recv(65536).startswith(b"HTTP/1.1 408")
        wait_for(lab.log, lambda event: isinstance(event, Closed))
        do(lab, lambda: clock.advance(IDLE_S["http"]))
        assert silent.recv(65536) == b""


def test_a_page_that_was_half_said_is_still_answered_when_the_student_lets_it_go(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace("step")
    asked = Acts(lab).act("open-page")
    held = _until_held(lab)
    assert held.raw == b"GET / HTTP/1.1\r\n"
    lab.set_pace("run")
    assert "11" in asked.result(LIMIT_S)


def _until_held(lab: Lab) -> Held:
    wait_for(lab.log, lambda event: isinstance(event, Opened))
    until = time.monotonic() + LIMIT_S
    while not lab.held() and time.monotonic() < until:
        do(lab, lambda: None)
    return lab.held()[0]


def test_a_crowd_is_told_to_come_back(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["crepes.fr:sessions=1"]))
    door = lab.directory.doors["crepes.fr", "http"]
    with socket.create_connection(door, LIMIT_S) as first:
        wait_for(lab.log, lambda event: isinstance(event, Opened))
        assert _heard(lab, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 503")
        first.sendall(b"GET /milk.png HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200")


def test_only_the_host_that_has_a_page_has_the_door(start_lab: StartLab) -> None:
    lab = start_lab()
    hosts = lab.ready_facts()["hosts"]
    assert isinstance(hosts, dict)
    assert hosts["crepes.fr"]["http"] == lab.directory.doors["crepes.fr", "http"][1]
    assert hosts["hamburger.edu"]["http"] is None


def test_a_browser_leaves_other_servers_alone() -> None:
    page = "<img src=/a.png><img src='b.png'><img src=//elsewhere/c.png><img src=http://x/d.png><IMG SRC=/a.png>"
    assert pictures_of(page + "<img src='/e\r\nX: y'><img src='/\u2603'><img><img src") == ["/a.png", "/b.png"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"220 crepes.fr ESMTP\r\n\r\n", MailtutorError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", MailtutorError),
        (b"", NetworkError),
    ],
    ids=["mail", "half", "nothing"],
)
def test_a_server_that_speaks_no_http_is_an_error_with_a_sentence(
    start_lab: StartLab, said: bytes, error: type[Exception]
) -> None:
    lab = start_lab()
    with socket.create_server(("127.0.0.1", 0)) as server:
        lab.directory.doors["crepes.fr", "http"] = server.getsockname()
        lab.directory.homes.clear()
        asked = Acts(lab).act("open-page")
        other, _ = server.accept()
        with other:
            other.recv(65536)
            other.sendall(said)
        with pytest.raises(error):
            asked.result(LIMIT_S)
