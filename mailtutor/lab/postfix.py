"""Debian's Postfix as the lab's receiver: a configuration, queue and spool of its own, at a port of the loopback.

/etc/postfix is not read. Postfix's master starts for root alone, gives up its rights by itself, and delivers into
Maildirs that belong to `nobody`; so the folder stands where all of them can go.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mailtutor.errors import NetworkError
from mailtutor.lab.outside import LIMIT_S, Program, free_port, program, wait_until_it_answers
from mailtutor.lab.plan import User

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
# Nothing is looked up in a name server, and no mail leaves the machine: all but the lab's own mailboxes is refused.
_MAIN = """\
compatibility_level = 3.6
myhostname = {host}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
default_transport = error:this lab sends no mail out
virtual_mailbox_domains = {host}
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_mailbox_base = {folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtputf8_enable = yes
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_security_level = may
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
"""


class Postfix(Program):
    """One instance. host: what it is called, and whose mail it takes. folder: where the mail goes, too, in `mail`, and
    where its certificate is. owner: user and group the mail belongs to."""

    def __init__(self, host: str, users: Sequence[User], folder: Path, owner: tuple[int, int]) -> None:
        super().__init__("postfix", folder / "postfix.log")
        self.port = free_port()
        self._folder, self._config = folder, folder / "postfix"
        boxes = " ".join(f"{{{user.address}={user.name}/Maildir/}}" for user in users)
        self._main = _MAIN.format(host=host, mailboxes=boxes, folder=folder, uid=owner[0], gid=owner[1])

    def start(self) -> None:
        """Runs it until it answers. Raises NetworkError that tells what it has written down."""
        for name, user in (("queue", "root"), ("data", "postfix")):
            (self._folder / name).mkdir(exist_ok=True)
            shutil.chown(self._folder / name, user)
        self._config.mkdir(exist_ok=True)
        (self._config / "main.cf").write_text(self._main)
        (self._config / "master.cf").write_text(_MASTER.format(port=self.port))
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": str(self._config), "LANG": "C.UTF-8"}
        checked = self._run(environment, program("postfix"), "-c", str(self._config), "check")
        if checked.returncode:
            raise self.failed(checked.stderr.decode(errors="replace"))
        found = self._run(environment, program("postconf"), "-c", str(self._config), "-h", "daemon_directory")
        master = f"{found.stdout.decode().strip()}/master"
        self.process = subprocess.Popen(  # noqa: S603 - a program of the system, and names of our own
            [master, "-d", "-c", str(self._config)], start_new_session=True, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until_it_answers(self)

    def _run(self, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603 - the same
                command, capture_output=True, timeout=LIMIT_S, check=False, env=environment
            )
        except (OSError, subprocess.SubprocessError) as wrong:
            raise NetworkError(
                "{name} did not start ({why})", "error.receiver.failed", name=self.name, why=str(wrong)
            ) from wrong

    def end(self) -> None:
        """The master and its children are a process group of their own."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.wait()
