"""The ways of `ways` in words: a table, and a picture of every connection, for the command line and the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mailtutor.reading.ways import FILE, MAIL, PAGE, Leg, Strand, Way
from mailtutor.text.catalogue import Words

KINDS = (PAGE, MAIL, FILE)
# Milliseconds from one side to the other: about from one continent to the next.
DELAY_MS = 50.0
_ARROWS = {"out": "═▶", "in": "◀═", "": "  "}


def table(ways: Mapping[str, Way], words: Words, delay_ms: float = DELAY_MS) -> tuple[list[str], list[list[str]]]:
    """A head, and a row for each fact: its name, then what it is on each way there is."""
    shown = [ways[kind] for kind in KINDS if kind in ways]
    head = ["", *(words(f"ways.kind.{way.kind}") for way in shown)]
    rows = [[words(f"ways.fact.{name}", ms=f"{delay_ms:g}"), *(tell(way, words, delay_ms) for way in shown)]
            for name, tell in _FACTS.items()]  # fmt: skip
    return head, rows


def strands(ways: Mapping[str, Way], words: Words) -> list[list[str]]:
    """A row for each sort of connection: the way, who opened it to whom, words, files, how many."""
    rows = []
    for kind in KINDS:
        for leg in ways[kind].legs if kind in ways else ():
            rows += [_strand(kind, leg, strand, words) for strand in leg.strands]
    return rows


def strand_head(words: Words) -> list[str]:
    """What stands above the columns of `strands`."""
    return [words(f"ways.strand.{name}") for name in ("way", "opener", "to", "words", "files", "count")]


def _strand(kind: str, leg: Leg, strand: Strand, words: Words) -> list[str]:
    says = "◀─▶" if strand.has_talk else ""
    carries = f"{_ARROWS[strand.flow]} {_octets(leg.content)}" if strand.flow else ""
    return [words(f"ways.kind.{kind}"), strand.opener, f"─▶ {strand.other}", says, carries, f"×{strand.count}"]


def facts(way: Way, delay_ms: float) -> dict[str, object]:
    """For JSON; octets and seconds are numbers."""
    return {
        "push": way.is_push, "in_band": way.in_band, "connections": way.connections, "units": way.units,
        "files": way.files, "octets_before": way.before, "octets_encoded": way.after, "octets": way.octets,
        "round_trips": way.trips, "wait_s": round(way.wait_s(delay_ms / 1000), 6),
        "legs": [
            {
                "protocol": leg.protocol, "client": leg.client, "server": leg.server, "giver": leg.giver,
                "push": leg.is_push, "in_band": leg.in_band, "commands": leg.commands, "replies": leg.replies,
                "octets_talk": leg.talk, "octets_content": leg.content, "round_trips": leg.trips,
                "connections": [
                    {
                        "opener": one.opener, "other": one.other, "talk": one.has_talk, "content": one.flow,
                        "count": one.count,
                    }
                    for one in leg.strands
                ],
            }
            for leg in way.legs
        ],
    }  # fmt: skip


# One fact a row -------------------------------------------------------------------------------------------------------


def _opener(way: Way, words: Words, _: float) -> str:
    return _each(short(leg.client) for leg in way.legs)


def _giver(way: Way, words: Words, _: float) -> str:
    return _each(short(leg.giver) for leg in way.legs)


def _direction(way: Way, words: Words, _: float) -> str:
    return words("ways.push" if way.is_push else "ways.pull")


def _band(way: Way, words: Words, _: float) -> str:
    return words("ways.in_band" if way.in_band else "ways.out_of_band")


def _units(way: Way, words: Words, _: float) -> str:
    return words(f"ways.units.{way.kind}" if way.units != 1 else f"ways.unit.{way.kind}", count=way.units)


def _encoded(way: Way, words: Words, _: float) -> str:
    grown = f" (+{way.growth:.0%})" if way.after > way.before else ""
    return f"{_octets(way.after)}{grown}"


def _trips(way: Way, words: Words, _: float) -> str:
    return f"{way.trips}{_parts([leg.trips for leg in way.legs])}"


def _wait(way: Way, words: Words, delay_ms: float) -> str:
    return f"{way.wait_s(delay_ms / 1000):,.2f} s"


def _sum(count: Callable[[Leg], int]) -> Callable[[Way, Words, float], str]:
    def tell(way: Way, words: Words, _: float) -> str:
        each = [count(leg) for leg in way.legs]
        return f"{sum(each)}{_parts(each)}"

    return tell


_FACTS: Mapping[str, Callable[[Way, Words, float], str]] = {
    "opener": _opener,
    "giver": _giver,
    "direction": _direction,
    "band": _band,
    "connections": _sum(lambda leg: leg.connections),
    "commands": _sum(lambda leg: leg.commands),
    "replies": _sum(lambda leg: leg.replies),
    "units": _units,
    "files": lambda way, words, _: str(way.files),
    "before": lambda way, words, _: _octets(way.before),
    "encoded": _encoded,
    "talk": lambda way, words, _: _octets(sum(leg.talk for leg in way.legs)),
    "octets": lambda way, words, _: _octets(way.octets),
    "trips": _trips,
    "wait": _wait,
}


def short(name: str) -> str:
    """`bob` for `bob@hamburger.edu`."""
    return name.partition("@")[0]


def _each(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _parts(each: Sequence[int]) -> str:
    return f" ({' + '.join(map(str, each))})" if len(each) > 1 else ""


def _octets(count: int) -> str:
    return f"{count:,}"
