"""A Dovecot of one's own: own configuration, sockets and mail folders, a loopback address, a high port.

It is run as the lab runs its own, with settings that are the tests': quota, special mailboxes, no TLS, and nobody waits
who has mistyped a password. /etc/dovecot is not read. Dovecot's login processes run as users of their own and its mail
belongs to `nobody`, so the folder stands where all of them can go.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from types import TracebackType

from mailtutor.lab.outside import Folder, Program
from mailtutor.lab.plan import User
from tests.interop.programs import LIMIT_S, answers_at, free_port, path_of

_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = {address}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain scram-sha-256
auth_failure_delay = 0
mail_plugins = quota
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
# A session sees at once what another has done.
mailbox_idle_check_interval = 1 secs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Archive {{
    special_use = \\Archive
  }}
  mailbox Drafts {{
    special_use = \\Drafts
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
protocol imap {{
  mail_plugins = quota imap_quota
  mail_max_userip_connections = 50
}}
plugin {{
  quota = count:User quota
  quota_rule = *:storage=1G
  quota_vsizes = yes
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
# Who has mistyped a password does not wait.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    """One instance, from `with` to its end. users: who may log in, by name alone. more: lines of configuration."""

    def __init__(self, address: str, users: Sequence[User], more: str = "") -> None:
        self.address = address
        self.port = free_port(address)
        self.pop3_port = free_port(address)
        self._more = more
        self._folder = Folder("mailtutor-dovecot-")
        self.folder = self._folder.path
        self.folder.chmod(0o711)
        self._users = users
        self._program = Program("dovecot", self._folder, self.folder / "log")

    def __enter__(self) -> Dovecot:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._program.end()
        print("dovecot:", self.log)
        self._folder.let_go()

    def _start(self) -> None:
        (self.folder / "mail").mkdir()
        shutil.chown(self.folder / "mail", "nobody", "nogroup")
        (self.folder / "users").write_text("".join(f"{user.name}:{user.password}\n" for user in self._users))
        config = self.folder / "dovecot.conf"
        config.write_text(
            _CONFIG.format(folder=self.folder, address=self.address, port=self.port, pop3_port=self.pop3_port)
            + self._more
        )
        self._program.launch([path_of("dovecot"), "-F", "-c", str(config)])
        end = time.monotonic() + LIMIT_S
        while not answers_at(self.address, self.port):
            assert self._program.process is not None
            assert self._program.process.poll() is None, f"dovecot ended: {self.log}"
            assert time.monotonic() < end, f"not within {LIMIT_S} s: it answers\n{self.log}"
            time.sleep(0.02)

    @property
    def log(self) -> str:
        """What it has written down."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""
