"""A host of the lab whose doors lead to real servers: Postfix takes its mail, Dovecot gives it out.

They listen where nobody looks; at the lab's own doors the tap stands in front of them, so that what is said to them is
in the trace like everything else. Nothing is held up there: the gate has no say over who is not ours.
"""

from __future__ import annotations

import asyncio
import pwd
import socket
from pathlib import Path

from mailtutor.lab.attach import Attachment, Pair, Target
from mailtutor.lab.dovecot import Dovecot
from mailtutor.lab.host import Host, Surroundings
from mailtutor.lab.listener import Door, hold
from mailtutor.lab.outside import Folder, check_permitted, place
from mailtutor.lab.plan import HostPlan
from mailtutor.lab.postfix import Postfix
from mailtutor.lab.unstarted import unstarted
from mailtutor.lab.zone import exchanger_of
from mailtutor.trace.events import Endpoint

# Whose the mail is: nobody's who could log in.
_OWNER = "nobody"
# Each server has users of its own, who must come through to what is theirs; nobody else needs to see what there is.
_THROUGH = 0o711


class RealHost(Host):
    """Its mail is in files of its own, gone with the lab; the lab's store and its mailbox view know nothing of it."""

    def __init__(self, plan: HostPlan, around: Surroundings) -> None:
        super().__init__(plan, around)
        self._folder: Folder | None = None
        self._postfix: Postfix | None = None
        self._dovecot: Dovecot | None = None

    async def start(self, address: str) -> list[str]:  # type: ignore[override]
        """Starts the servers, then opens the doors in front of them."""
        check_permitted()
        try:
            self._make_servers()
        except OSError as wrong:  # not on the lab's disk, perhaps
            raise unstarted(wrong, self._folder.path if self._folder is not None else Path("/tmp")) from wrong  # noqa: S108
        await asyncio.to_thread(self._start_servers)
        return list(await super().start(address))

    async def stop(self, *, cut: bool = False) -> None:
        """Closes the doors and ends the servers; what they have filed stays until `release`."""
        await super().stop(cut=cut)
        await asyncio.to_thread(self._end_servers)

    def release(self) -> None:
        """Gives the ports away, and the mail up."""
        super().release()
        if self._folder is not None:
            self._folder.let_go()
            self._folder = None

    @property
    def maildir(self) -> Path:
        """Where the users' Maildirs are."""
        assert self._folder is not None
        return self._folder.path / "mail"

    def _make_servers(self) -> None:
        """All that is written is written before they start, so that nothing is once they are told to end."""
        if self._folder is None:
            self._folder = Folder("mailtutor-real-")
            self._fill(self._folder.path)
        owner = pwd.getpwnam(_OWNER)
        mine = owner.pw_uid, owner.pw_gid
        self._postfix = Postfix(self.plan.name, self.plan.users, self._folder, mine)
        self._dovecot = Dovecot(self.plan.users, self._folder, mine)

    def _fill(self, folder: Path) -> None:
        folder.chmod(_THROUGH)
        place(folder / "mail", 0o700, _OWNER, pwd.getpwnam(_OWNER).pw_gid)
        pem = folder / "server.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(self._around.authority.pem(self.plan.name, (exchanger_of(self.plan.name),)))

    def _start_servers(self) -> None:
        assert self._postfix is not None
        assert self._dovecot is not None
        self._postfix.start()
        self._dovecot.start()

    def _end_servers(self) -> None:
        for server in (self._postfix, self._dovecot):
            if server is not None:
                server.end()

    def _door(self, sock: socket.socket, protocol: str, service: str) -> Door:
        assert self._postfix is not None
        assert self._dovecot is not None
        ports = {"smtp": self._postfix.port, "pop3": self._dovecot.pop3_port, "imap": self._dovecot.port}
        target = Target("127.0.0.1", ports[protocol], protocol, service)
        return _RealDoor(sock, _LabTap(self._around, self.plan.name, target))


class _LabTap(Attachment):
    """A tap that writes the lab's own log, and knows who comes."""

    def __init__(self, around: Surroundings, host: str, target: Target) -> None:
        super().__init__(around.recorder.log, target, recorder=around.recorder)
        self._directory = around.directory
        self._host = host
        self._peers: dict[Pair, tuple[str, int]] = {}

    def ends(self, pair: Pair, transport: asyncio.BaseTransport) -> tuple[Endpoint, Endpoint]:
        """By the names of the lab."""
        peer, here = (transport.get_extra_info(end)[:2] for end in ("peername", "sockname"))
        self._peers[pair] = peer
        self._directory.seen(peer, pair.conn)
        name = self._directory.name_of(*peer)
        return Endpoint(name, *peer), Endpoint(self._host, *here)

    def forget(self, pair: Pair) -> None:
        """It is over."""
        super().forget(pair)
        peer = self._peers.pop(pair, None)
        if peer is not None:
            self._directory.forget(*peer)


class _RealDoor:
    """A door with a tap behind it. Has what a `Listener` has."""

    def __init__(self, sock: socket.socket, tap: Attachment) -> None:
        self._sock, self._tap = sock, tap

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Lets visitors in."""
        await self._tap.start_at(self._sock.dup())

    async def stop(self, *, cut: bool = False) -> socket.socket | None:
        """Closes the door; whoever is inside is cut off. Gives the port, still held where the system can do that."""
        await self._tap.stop()
        return hold(self._sock)
