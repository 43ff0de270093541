"""The way of a message, in one line: who is connected to whom, and what lies where.

    alice ⌨ ──submission──▶ crepes.fr ✉q:0 ━━SMTP━━▶ hamburger.edu ▣2 ◀──IMAP── bob ⌨

The hop that spoke last is drawn with a heavy line, in colour, and so is one that is open. Where bob asks alice's
server, as for its page, that stands behind him once more: no arrow goes past a host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.reading.world import World
from mailtutor.tui.contract import Host
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.speaking import Speaking


@dataclass(frozen=True, slots=True)
class Hop:
    """One arrow. It points to the server, which is who was asked; a dialling agent on the right points left."""

    label: str
    is_lit: bool
    to_left: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: nodes with an arrow between each two."""

    nodes: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()


class Topology(Speaking):
    """The strip."""

    DEFAULT_CSS = """
    Topology { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._picture = Picture()

    def show(self, viewpoint: Viewpoint, hosts: Sequence[Host]) -> None:
        """The picture as of the viewpoint."""
        picture = _lab_picture(viewpoint, hosts) if len(hosts) > 1 else _trace_picture(viewpoint)
        if picture != self._picture:
            self._picture = picture
            self.refresh()

    def render(self) -> Content:
        """The nodes, with arrows as long as there is room."""
        nodes, hops = self._picture.nodes, self._picture.hops
        if not nodes:
            return Content("")
        room = self.content_size.width - sum(map(len, nodes))
        named = sum(len(hop.label) + 3 for hop in hops)
        tight = room < named + 2 * len(hops)
        dashes = 1 if tight else min(6, (room - named) // max(1, 2 * len(hops)))
        # Too little room for every name: the hop that speaks keeps its own.
        labels = ["" if tight and not hop.is_lit else hop.label for hop in hops]
        cramped = room < sum(len(label) + 3 + 2 * dashes for label in labels)
        parts: list[Content] = [Content.styled(nodes[0], "bold")]
        for hop, label, node in zip(hops, labels, nodes[1:], strict=True):
            line = ("━" if hop.is_lit else "─") * dashes
            shaft = line + label + ("" if cramped else line)
            arrow = f"◀{shaft}" if hop.to_left else f"{shaft}▶"
            parts.append(Content.styled(f" {arrow} ", "bold $accent" if hop.is_lit else "$wire-quiet"))
            parts.append(Content.styled(node, "bold"))
        return Content("").join(parts)


def _lab_picture(viewpoint: Viewpoint, hosts: Sequence[Host]) -> Picture:
    """alice, her server, bob's server, bob; whoever else has connected is in the panes."""
    sender, receiver = hosts[0], hosts[1]
    last = viewpoint.last_row_of_mail()
    spoke = last.conn if last is not None else 0
    talking = {
        (c.client.name, c.server.name, c.service)
        for c in viewpoint.connections()
        if c.conn == spoke or viewpoint.is_open(c)
    }
    world = viewpoint.world()
    alice, bob = _first_user(sender), _first_user(receiver)
    asked = {(client, server): service for client, server, service in sorted(talking)}
    # alice may read her own mail, too; bob's own server is not the only one he asks.
    of_alice, of_bob = asked.get((alice, sender.name), ""), asked.get((bob, receiver.name), "")
    nodes = [f"{_short(alice)} ⌨", _server(sender.name, world), _server(receiver.name, world), f"{_short(bob)} ⌨"]
    hops = [
        Hop(_label(of_alice) or "submission", bool(of_alice), to_left=False),
        Hop("SMTP", (sender.name, receiver.name, "smtp") in talking, to_left=False),
        Hop(_label(of_bob) or "POP3/IMAP", bool(of_bob), to_left=True),
    ]
    if abroad := asked.get((bob, sender.name), ""):
        nodes.append(sender.name)
        hops.append(Hop(_label(abroad), is_lit=True, to_left=False))
    return Picture(tuple(nodes), tuple(hops))


def _label(service: str) -> str:
    return service if service == "submission" else service.upper()


def _trace_picture(viewpoint: Viewpoint) -> Picture:
    """Without a lab: the two ends of the connection that spoke last."""
    last = viewpoint.last_row_of_mail()
    connections = viewpoint.connections()
    if not connections:
        return Picture()
    connection = viewpoint.dialogue.connections[last.conn] if last is not None else connections[-1]
    hop = Hop(connection.service.upper(), viewpoint.is_open(connection), to_left=False)
    names = (visible(end.name or end.address) for end in (connection.client, connection.server))
    return Picture(tuple(names), (hop,))


def _server(name: str, world: World) -> str:
    return f"{name} ✉{len(world.waiting(name))} ▣{world.count(name)}"


def _first_user(host: Host) -> str:
    return host.users[0].address if host.users else "?"


def _short(address: str) -> str:
    return address.partition("@")[0]
