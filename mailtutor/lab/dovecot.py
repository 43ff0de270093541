"""Debian's Dovecot as the lab's mailbox server: a configuration, sockets and mail of its own, at ports of the loopback.

/etc/dovecot is not read.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mailtutor.lab.outside import Program, free_port, program, wait_until_it_answers
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

    def __init__(self, users: Sequence[User], folder: Path, owner: tuple[int, int]) -> None:
        super().__init__("dovecot", folder / "dovecot.log")
        self.port, self.pop3_port = free_port(), free_port()
        self._folder, self._users, self._owner = folder, users, owner

    def start(self) -> None:
        """Runs it until it answers. Raises NetworkError that tells what it has written down."""
        users = self._folder / "users"
        users.touch(mode=0o600)
        shutil.chown(users, "dovecot")  # passwords are for its login server alone, which is that user
        users.write_text("".join(f"{user.name}:{user.password}\n" for user in self._users))
        config = self._folder / "dovecot.conf"
        uid, gid = self._owner
        config.write_text(
            _CONFIG.format(folder=self._folder, port=self.port, pop3_port=self.pop3_port, uid=uid, gid=gid)
        )
        # In a session of its own: what a terminal tells its programs at its end is not for it. What it says of its
        # configuration before it has a log goes there, too.
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(  # noqa: S603 - a program of the system, and names of our own
                [program("dovecot"), "-F", "-c", str(config)], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip
        wait_until_it_answers(self)
        wait_until_it_answers(self, self.pop3_port)

    def end(self) -> None:
        """The master ends its children."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.wait()
