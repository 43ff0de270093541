"""Debian's Dovecot as the lab's mailbox server: a configuration, sockets and mail of its own, at ports of the loopback.

/etc/dovecot is not read.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from mailtutor.lab.outside import Folder, Program, free_port, program, wait_until_it_answers
from mailtutor.lab.plan import User

_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
mailbox_idle_check_interval = 1 secs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot(Program):
    """One instance, for the mail in `folder`/mail. users: who may log in, by name. owner: as of Postfix."""

    def __init__(self, users: Sequence[User], folder: Folder, owner: tuple[int, int]) -> None:
        super().__init__("dovecot", folder, folder.path / "dovecot.log")
        self.port, self.pop3_port = free_port(), free_port()
        self._config = folder.path / "dovecot.conf"
        passwords = folder.path / "users"
        for path in (passwords, self._config):
            path.touch(mode=0o600)
        shutil.chown(passwords, "dovecot")  # they are for its login server alone, which is that user
        passwords.write_text("".join(f"{user.name}:{user.password}\n" for user in users))
        ports = {"port": self.port, "pop3_port": self.pop3_port}
        self._config.write_text(_CONFIG.format(folder=folder.path, uid=owner[0], gid=owner[1], **ports))

    def start(self) -> None:
        """Runs it until it answers. Raises NetworkError that tells what it has written down."""
        self.launch([program("dovecot"), "-F", "-c", str(self._config)])
        wait_until_it_answers(self)
        wait_until_it_answers(self, self.pop3_port)
