"""A Dovecot of our own for measuring beside: Maildir, synced, no TLS, ended with the block."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

USER, PASSWORD = "bob", "pickles"
_OWNER = "nobody"

_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_fsync = always
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  process_limit = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  process_limit = 1
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def dovecot(core: int = 0) -> Iterator[dict[str, tuple[str, int]]]:
    """Gives the doors by protocol. All of its processes run on `core`. Needs root, for it changes its user."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    owner = pwd.getpwnam(_OWNER)
    with tempfile.TemporaryDirectory() as home:
        ports = {"imap": _free_port(), "pop3": _free_port()}
        Path(home).chmod(0o755)
        mail = Path(home, "mail")
        mail.mkdir()
        os.chown(mail, owner.pw_uid, owner.pw_gid)
        configuration = Path(home, "dovecot.conf")
        configuration.write_text(
            _CONFIGURATION.format(home=home, password=PASSWORD, uid=owner.pw_uid, gid=owner.pw_gid, **ports)
        )
        command = [program, "-F", "-c", str(configuration)]
        if (os.cpu_count() or 1) > 1 and shutil.which("taskset"):
            command = ["taskset", "-c", str(core), *command]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(ports["imap"])
            yield {name: ("127.0.0.1", port) for name, port in ports.items()}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("Dovecot did not start")
