"""A protocol's states as a figure, and where in it a conversation stands.

Drawn from the table alone. The *spine* is the way a conversation usually goes, from the connection to its end: from
each state the first command of the table that leads on, then an intermediate reply that does. Every other state stands
beside the one that leads to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Move, Outcome, Table
from mailtutor.reading.dialogue import Row, TlsRow
from mailtutor.reading.explain import NextVerb, next_verbs
from mailtutor.text.catalogue import Words


class Cause(StrEnum):
    """What makes a conversation pass from one state to another."""

    COMMAND = "command"
    GREETING = "greeting"
    TLS = "tls"
    END = "end"


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow. verbs: the commands whose success takes it; refused: those whose refusal does."""

    start: str
    end: str
    cause: Cause = Cause.COMMAND
    verbs: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a state is drawn. rank: its place on the spine, from 0, or that of the state it stands beside."""

    state: str
    rank: int
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """All states and arrows of a protocol. spine: states in the order they are usually passed through. ends: the
    states after which nothing is said."""

    spine: tuple[str, ...]
    places: Mapping[str, Place]
    edges: Mapping[tuple[str, str], Edge]
    ends: frozenset[str]

    def beside(self, state: str) -> tuple[str, ...]:
        """The states drawn beside this one."""
        return tuple(name for name, place in self.places.items() if place.beside == state)

    def farewell(self) -> tuple[str, ...]:
        """The commands that lead to the end of the spine from wherever a command may be said."""
        found = (edge.verbs for (_, end), edge in self.edges.items() if end == self.spine[-1])
        return tuple(dict.fromkeys(verb for verbs in found for verb in verbs))


@dataclass(frozen=True, slots=True)
class Passage:
    """What happened last: an answer, or what needs none. start and end are the same where it moved nothing.

    verb: of the command answered, as the table writes it or as it was said; "" for the greeting and the like.
    """

    start: str
    end: str
    cause: Cause
    verb: str = ""
    code: str = ""
    outcome: Outcome = Outcome.NONE


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands. arrived: how it came into its state. last: the last exchange, moved or not. asked:
    the command that has not been answered yet."""

    state: str
    arrived: Passage | None = None
    last: Passage | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A command that may be said now, and the state its success leads to."""

    said: NextVerb
    end: str


def chart(table: Table) -> Chart:
    """The figure of a protocol."""
    spine, ends = _spine(table), _ends(table)
    edges = {(edge.start, edge.end): edge for edge in _edges(table, spine, ends)}
    places = {state: Place(state, rank) for rank, state in enumerate(spine)}
    for state in table.states:
        if state not in places:
            comes_from = (start for start, end in edges if end == state and start in spine)
            parent = min(comes_from, key=spine.index, default=spine[0])
            places[state] = Place(state, spine.index(parent), parent)
    return Chart(spine, places, edges, ends)


def standing(
    table: Table, rows: Sequence[Row], shown: int, state: str = "", since: int = 0, known: Standing | None = None
) -> Standing:
    """After the first `shown` rows of one connection. state: where the connection is by now, where it ended without a
    word. `known` is where it stood after the first `since` rows, for a caller who goes on from there."""
    here = rows[shown - 1].line.after if shown else table.initial
    arrived = last = None
    asked = ""
    for index in range(shown - 1, since - 1, -1):
        line = rows[index].line
        moved = line.before != line.after
        if last is None and not asked and line.source is Source.CLIENT and line.kind in (Kind.COMMAND, Kind.END):
            asked = line.verb
        if last is None and (moved or _is_answer(line)):
            last = _passage(rows, index)
        if moved:
            arrived = _passage(rows, index)
            break
    if known is not None:
        asked = asked or ("" if last is not None else known.asked)
        arrived, last = arrived or known.arrived, last or known.last
    if state and state != here:
        over = Passage(here, state, Cause.END)
        return Standing(state, over, over)
    return Standing(here, arrived, last, asked)


def ways(
    table: Table, state: str, words: Words, offered: Collection[str] = ()
) -> tuple[tuple[Way, ...], tuple[NextVerb, ...]]:
    """What may be said in `state`, the most natural first; and what would be refused. offered: as of `next_verbs`."""
    told = next_verbs(table, state, words, offered)
    here = table.moves.get(state, {})
    legal = [Way(verb, _leads_to(table, state, verb.verb, here[verb.verb])) for verb in told if verb.refusal is None]
    drawn = chart(table)
    legal.sort(key=lambda way: _unlikeliness(table, drawn, state, way))
    return tuple(legal), tuple(verb for verb in told if verb.refusal is not None)


# The figure -----------------------------------------------------------------------------------------------------------


def _ends(table: Table) -> frozenset[str]:
    """The states after the last one in which something may be said."""
    talking = [number for number, state in enumerate(table.states) if table.moves.get(state)]
    return frozenset(table.states[max(talking, default=0) + 1 :])


def _spine(table: Table) -> tuple[str, ...]:
    order = {state: number for number, state in enumerate(table.states)}
    path = [table.initial]
    if not table.moves.get(table.initial):
        path += table.states[1:2]
    while onward := _onward(table, path[-1], order):
        path.append(onward)
    ends = _ends(table)
    last = (move.ok for state in reversed(path) for move in table.moves.get(state, {}).values() if move.ok in ends)
    return tuple(dict.fromkeys([*path, *(end for end in [next(last, "")] if end), table.states[-1]]))


def _onward(table: Table, state: str, order: Mapping[str, int]) -> str:
    here = table.moves.get(state, {})
    moves = [here[verb] for verb in table.commands if verb in here]
    # An exchange that ends where it began leads nowhere, as a login or IDLE.
    candidates = [move.ok for move in moves] + [move.go_on for move in moves if move.go_on and move.ok != state]
    return next((there for there in candidates if order[there] > order[state] and table.moves.get(there)), "")


def _edges(table: Table, spine: Sequence[str], ends: Collection[str]) -> list[Edge]:
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for state, moves in table.moves.items():
        for key, move in moves.items():
            verb = _verb(table, key)
            for end in _successes(table, state, key, move):
                found.setdefault((state, end), ([], []))[0].append(verb)
            if move.fail and move.fail != state:
                found.setdefault((state, move.fail), ([], []))[1].append(verb)
    edges = [
        Edge(start, end, Cause.COMMAND, tuple(dict.fromkeys(verbs)), tuple(dict.fromkeys(refused)))
        for (start, end), (verbs, refused) in found.items()
    ]
    return edges + _silent(table, spine, ends, {end for _, end in found})


def _silent(table: Table, spine: Sequence[str], ends: Collection[str], reached: Collection[str]) -> list[Edge]:
    """What no command does: the greeting, the end, and TLS, after which the client begins anew (RFC 3207 §4.2)."""
    found = []
    if not table.moves.get(spine[0]):
        found += [Edge(spine[0], end, Cause.GREETING) for end in spine[1:2]]
        unreached = (state for state in table.states if state not in reached and state not in spine)
        found += [Edge(spine[0], state, Cause.GREETING, refused=("",)) for state in unreached]
    quiet = [state for state in table.states if not table.moves.get(state) and state not in (spine[0], *ends)]
    found += [Edge(state, spine[1], Cause.TLS) for state in quiet]
    if len(spine) > 1 and spine[-2] in ends:
        found.append(Edge(spine[-2], spine[-1], Cause.END))
    return found


def _successes(table: Table, state: str, key: str, move: Move) -> list[str]:
    """Where a success leads; loops are no arrows. What only an exchange's last line gets is that line's arrow."""
    found = [move.go_on] if move.go_on and move.go_on != state else []
    if move.ok != state and (not move.go_on or key in table.moves.get(move.go_on, {})):
        found.append(move.ok)
    return found


def _verb(table: Table, key: str) -> str:
    """The command a key of the moves belongs to."""
    first = key.partition(" ")[0]
    return first if key not in table.commands and first in table.commands else key


# What may be said -----------------------------------------------------------------------------------------------------


def _leads_to(table: Table, state: str, verb: str, move: Move) -> str:
    return move.go_on if move.go_on and (move.ok == state or verb not in table.moves[move.go_on]) else move.ok


def _unlikeliness(table: Table, drawn: Chart, state: str, way: Way) -> tuple[int, int]:
    """On along the spine, on by another way, what belongs here, aside, the end, back, and what is legal anywhere. Who
    stands aside goes on by going back."""
    place, there = drawn.places[state], drawn.places[way.end]
    holders = sum(way.said.verb in moves for moves in table.moves.values())
    everywhere = all(way.said.verb in moves for moves in table.moves.values() if len(moves) > 1)
    if way.end == state:
        return (6 if everywhere else 2), holders
    if way.end in drawn.ends:
        return 4, 0
    if there.beside:
        return 3, 0
    if there.rank > place.rank:
        return (0 if there.rank == place.rank + 1 else 1), 0
    return (1 if place.beside else 5), holders


# What happened --------------------------------------------------------------------------------------------------------


def _is_answer(line: Line) -> bool:
    if line.source is Source.CLIENT or not line.last:
        return False
    return line.kind is Kind.END or (bool(line.code) and line.kind in (Kind.GREETING, Kind.REPLY, Kind.CONTINUATION))


def _passage(rows: Sequence[Row], index: int) -> Passage:
    line = rows[index].line
    if isinstance(rows[index], TlsRow):
        return Passage(line.before, line.after, Cause.TLS)
    if line.kind is Kind.GREETING:
        return Passage(line.before, line.after, Cause.GREETING, "", line.code, line.outcome)
    said = line
    if line.kind is Kind.END and line.source is Source.SERVER:
        # The dot that ends a listing: its status stands before it.
        before = (rows[at].line for at in range(index - 1, -1, -1))
        said = next((other for other in before if other.code and other.verb == line.verb), line)
    return Passage(line.before, line.after, Cause.COMMAND, line.verb, said.code, said.outcome)
