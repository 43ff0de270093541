"""Debian's Postfix as the lab's receiver: a configuration, queue and spool of its own, at a port of the loopback.

/etc/postfix is not read. Postfix's master starts for root alone, gives up its rights by itself, and delivers into
Maildirs that belong to `nobody`; so the folder stands where all of them can go.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mailtutor.lab.outside import Folder, Program, free_port, place, program, wait_until_it_answers
from mailtutor.lab.plan import User

# What master runs. listen: address and port.
MASTER = """\
{listen} inet n - n - - smtpd
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


# A shell's words, $1 its configuration. Its own check makes the queue's folders; the shell then becomes the master.
START = 'postfix -c "$1" check && exec "$(postconf -c "$1" -h daemon_directory)/master" -d -c "$1"'


class Postfix(Program):
    """One instance. host: what it is called, and whose mail it takes. folder: where the mail goes, too, in `mail`, and
    where its certificate is. owner: user and group the mail belongs to."""

    def __init__(self, host: str, users: Sequence[User], folder: Folder, owner: tuple[int, int]) -> None:
        super().__init__("postfix", folder, folder.path / "postfix.log")
        self.port = free_port()
        self._config = folder.path / "postfix"
        for name, user, mode in (("queue", "root", 0o711), ("data", "postfix", 0o700), ("postfix", "root", 0o750)):
            place(folder.path / name, mode, user, "postfix")
        boxes = " ".join(f"{{{user.address}={user.name}/Maildir/}}" for user in users)
        main = _MAIN.format(host=host, mailboxes=boxes, folder=folder.path, uid=owner[0], gid=owner[1])
        for name, text in (("main.cf", main), ("master.cf", MASTER.format(listen=f"127.0.0.1:{self.port}"))):
            (self._config / name).write_text(text)
            (self._config / name).chmod(0o644)

    def start(self) -> None:
        """Runs it until it answers. Raises NetworkError that tells what it has written down."""
        path = f"{Path(program('postfix')).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "MAIL_CONFIG": str(self._config), "LANG": "C.UTF-8"}
        self.launch(["/bin/sh", "-c", START, "sh", str(self._config)], environment)
        wait_until_it_answers(self)
