"""The lab's name server over real datagrams, and the lookup of who takes a domain's mail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from mailtutor.lab.clock import ManualClock
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import textbook_plan
from mailtutor.lab.resolver import TIMEOUT_S, Exchanger, Lookup, NoExchangerError, Resolver
from mailtutor.lab.tap import Recorder
from mailtutor.lab.zone import Zone, records_of
from mailtutor.protocols.dns.message import Code, Message, Question, Record, Type, encode, parse
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.log import Log

ADDRESSES = {"crepes.fr": "127.0.0.2", "hamburger.edu": "127.0.0.3"}


class Asked:
    """A resolver, and crepes.fr asking it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.log = Log()
        self.directory = Directory(homes={"crepes.fr": "127.0.0.1"})
        self.zone = Zone(records_of(textbook_plan(), ADDRESSES))
        self.resolver = Resolver(self.zone, Recorder(self.log, self.clock), self.directory)
        self.lookup = Lookup("crepes.fr", self.resolver, self.directory, self.clock)

    def said(self) -> list[str]:
        rows = [row for c in dialogue_of(self.log).connections.values() for row in c.rows]
        return [row.line.text.decode() for row in rows]

    async def fails(self, domain: str) -> NoExchangerError:
        with pytest.raises(NoExchangerError) as wrong:
            await self.lookup.exchangers(domain)
        return wrong.value


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    made = Asked()
    await made.resolver.start("127.0.0.1", 0)
    yield made
    made.resolver.stop()


async def test_a_domain_s_exchangers_come_with_their_addresses(asked: Asked) -> None:
    assert await asked.lookup.exchangers("hamburger.edu") == [Exchanger("mail.hamburger.edu", "127.0.0.3", 10)]
    assert asked.said() == [
        "MX? hamburger.edu",
        "NOERROR MX hamburger.edu (1)",
        "hamburger.edu 300 IN MX 10 mail.hamburger.edu",
        "mail.hamburger.edu 300 IN A 127.0.0.3",
    ]
    (connection,) = dialogue_of(asked.log).connections.values()
    assert (connection.client.name, connection.server.name, connection.closed_by) == ("crepes.fr", "resolver", "client")


async def test_the_lowest_preference_comes_first(asked: Asked) -> None:
    asked.zone.records = [
        *(Record("a.example", Type.MX, f"m{number}.a.example", preference=number) for number in (30, 5, 20)),
        *(Record(f"m{number}.a.example", Type.A, f"127.0.1.{number}") for number in (30, 5, 20)),
    ]
    assert [one.preference for one in await asked.lookup.exchangers("a.example")] == [5, 20, 30]


async def test_without_an_exchanger_the_domain_itself_is_asked(asked: Asked) -> None:
    """RFC 5321 §5.1: the implicit MX."""
    asked.zone.records = [Record("a.example", Type.A, "127.0.1.1")]
    assert await asked.lookup.exchangers("a.example") == [Exchanger("a.example", "127.0.1.1", 0, implicit=True)]
    assert [line for line in asked.said() if "?" in line] == ["MX? a.example", "A? a.example"]


@pytest.mark.parametrize(
    ("trouble", "reply", "for_good"),
    [
        ("nxdomain", "550 5.1.2 there is no domain hamburger.edu (NXDOMAIN)", True),
        ("servfail", "451 4.4.3 hamburger.edu: SERVFAIL", False),
        ("null-mx", "556 5.1.10 hamburger.edu takes no mail (null MX)", True),
    ],
)
async def test_trouble_is_told_apart(asked: Asked, trouble: str, reply: str, for_good: bool) -> None:
    asked.zone.troubles["hamburger.edu"] = trouble
    wrong = await asked.fails("hamburger.edu")
    assert (wrong.reply, wrong.for_good) == (reply, for_good)


async def test_a_resolver_that_is_silent_is_asked_twice(asked: Asked) -> None:
    asked.zone.troubles["hamburger.edu"] = "silent"
    failing = asyncio.create_task(asked.fails("hamburger.edu"))
    while not failing.done():
        await asyncio.sleep(0.01)
        asked.clock.advance(TIMEOUT_S / 4)
    assert (await failing).for_good is False
    assert asked.said() == ["MX? hamburger.edu", "MX? hamburger.edu"]
    (connection,) = dialogue_of(asked.log).connections.values()
    assert connection.closed_by == "lost"


async def test_a_name_that_is_none_and_one_nobody_has(asked: Asked) -> None:
    assert (await asked.fails("a..b")).for_good
    assert "NXDOMAIN" in (await asked.fails("nowhere.example")).reply


async def test_an_address_written_out_is_asked_of_nobody(asked: Asked) -> None:
    assert await asked.lookup.exchangers("[127.0.0.3]") == [Exchanger("[127.0.0.3]", "127.0.0.3", 0)]
    assert asked.said() == []


@pytest.mark.parametrize(
    ("literal", "address"), [("[ipv6:::1]", "::1"), ("[IPv6:0:0::1]", "::1"), ("[127.0.0.03]", "127.0.0.3")]
)
async def test_an_address_may_be_written_in_several_ways(asked: Asked, literal: str, address: str) -> None:
    (found,) = await asked.lookup.exchangers(literal)
    assert found.address == address


@pytest.mark.parametrize("domain", ["[tag:foo]", "[300.0.0.1]", ".".join(["é1"] * 60) + ".x"])
async def test_what_can_be_no_address_and_no_name_is_refused_for_good(asked: Asked, domain: str) -> None:
    wrong = await asked.fails(domain)
    assert (wrong.for_good, wrong.reply[:9]) == (True, "550 5.1.2")
    assert asked.said() == []


async def test_a_chinese_domain_is_asked_for_in_its_ascii_form(asked: Asked) -> None:
    asked.zone.records = [Record("xn--fsqu00a.xn--0zwm56d", Type.A, "127.0.1.1")]
    (found,) = await asked.lookup.exchangers("例子.测试")
    assert found.address == "127.0.1.1"


class Lying(Resolver):
    """Sends a false answer ahead of each true one."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = parse(data)
        lie = Record("hamburger.edu", Type.MX, "evil.example", preference=0)
        other = Message((query.id + 1) % 65536, query.questions, is_response=True, answers=[lie])
        assert self._transport is not None
        self._transport.sendto(encode(other), addr)
        super().datagram_received(data, addr)


async def test_an_answer_to_another_question_is_not_believed() -> None:
    asked = Asked()
    lying = Lying(asked.zone, Recorder(asked.log, asked.clock), asked.directory)
    await lying.start("127.0.0.1", 0)
    lookup = Lookup("crepes.fr", lying, asked.directory, asked.clock)
    assert (await lookup.exchangers("hamburger.edu"))[0].name == "mail.hamburger.edu"
    lying.stop()


async def ask_from_outside(door: tuple[str, int], datagram: bytes) -> Message:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, door)
        await loop.sock_sendall(sock, datagram)
        return parse(await asyncio.wait_for(loop.sock_recv(sock, 2000), 5))


async def test_a_stranger_is_answered_too(asked: Asked) -> None:
    answer = await ask_from_outside(asked.resolver.door, encode(Message(5, [Question("crepes.fr", Type.A)])))
    assert (answer.id, [record.data for record in answer.answers]) == (5, ["127.0.0.2"])
    answer = await ask_from_outside(asked.resolver.door, b"\x12\x34junk")
    assert (answer.id, answer.code) == (0x1234, Code.FORMERR)
    assert [c.closed_by for c in dialogue_of(asked.log).connections.values()] == ["client", "client"]


def test_a_name_with_others_below_it_exists() -> None:
    zone = Zone([Record("mail.a.example", Type.A, "127.0.0.1")])
    for name, code in (("a.example", Code.NOERROR), ("b.example", Code.NXDOMAIN)):
        answer = zone.answer(Message(1, [Question(name, Type.MX)]))
        assert answer is not None
        assert (answer.code, list(answer.answers)) == (code, [])


def test_an_answer_too_long_for_a_datagram_is_cut_and_says_so() -> None:
    zone = Zone([Record("a.example", Type.MX, f"{'m' * 50}{number}.example", preference=1) for number in range(40)])
    answer = zone.answer(Message(1, [Question("a.example", Type.MX)]))
    assert answer is not None
    assert answer.is_truncated
    assert len(encode(answer)) <= 512
    assert answer.answers


def test_an_alias_leads_to_what_it_stands_for() -> None:
    zone = Zone([Record("www.a.example", Type.CNAME, "a.example"), Record("a.example", Type.A, "127.0.0.9")])
    answer = zone.answer(Message(1, [Question("www.a.example", Type.A)]))
    assert answer is not None
    assert [record.data for record in answer.answers] == ["a.example", "127.0.0.9"]
