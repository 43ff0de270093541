"""A Postfix of one's own: own configuration, queue and spool folders, a loopback address, a high port.

It is run as the lab runs its own, with services and settings that are the tests': it relays, for several domains.
/etc/postfix is not read: no map in here is one of the system's. Postfix's daemons run as the user `postfix` and its
mailboxes belong to `nobody`, so the folder stands where all of them can go.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import trustme

from mailtutor.lab.outside import Folder, Program
from mailtutor.lab.postfix import MASTER, START
from tests.interop.programs import LIMIT_S, answers_at, free_port, path_of

_NOBODY = pwd.getpwnam("nobody")
_TLSPROXY = "tlsproxy unix - - n - 0 tlsproxy\n"
# What is the same for every instance. Nothing is looked up: names in brackets are addresses.
_MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "hamburger.edu",
    "mydestination": "",
    # 127.0.0.2 and the like are on no interface of their own; master.cf and smtp_bind_address name ours.
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "mynetworks": "127.0.0.0/8",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "virtual_mailbox_domains": "hamburger.edu 例子.测试",
    "virtual_mailbox_maps": "inline:{ {bob@hamburger.edu=bob/} {用户@例子.测试=yonghu/} }",
    "virtual_minimum_uid": "1",
    "virtual_uid_maps": f"static:{_NOBODY.pw_uid}",
    "virtual_gid_maps": f"static:{_NOBODY.pw_gid}",
    "smtputf8_enable": "yes",
    "smtputf8_autodetect_classes": "all",
    "smtp_dns_support_level": "disabled",
    "smtp_tls_loglevel": "1",
    "smtpd_peername_lookup": "no",
    "in_flow_delay": "0",
}


class Postfix:
    """One instance, from `with` to its end. settings: for main.cf."""

    def __init__(self, address: str, settings: Mapping[str, str]) -> None:
        self.address = address
        self.port = free_port(address)
        self._folder = Folder("mailtutor-postfix-")
        self.folder = self._folder.path
        self.folder.chmod(0o711)
        self._settings = settings
        self._program = Program("postfix", self._folder, self.folder / "log")

    def __enter__(self) -> Postfix:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._program.end()
        print("postfix:", self.log)
        self._folder.let_go()

    def _start(self) -> None:
        folder = self.folder
        for name, owner in (("queue", "root"), ("data", "postfix"), ("mail", "nobody")):
            (folder / name).mkdir()
            shutil.chown(folder / name, owner)
        authority = trustme.CA(organization_name="postfix")
        certificate = authority.issue_cert("hamburger.edu", "mail.hamburger.edu")
        pem = certificate.private_key_pem.bytes() + b"".join(part.bytes() for part in certificate.cert_chain_pems)
        (folder / "server.pem").write_bytes(pem)
        (folder / "server.pem").chmod(0o600)
        main = {
            **_MAIN,
            "queue_directory": f"{folder}/queue",
            "data_directory": f"{folder}/data",
            "virtual_mailbox_base": f"{folder}/mail",
            "maillog_file": f"{folder}/log",
            "maillog_file_prefixes": str(folder),
            "smtp_bind_address": self.address,
            "smtpd_tls_chain_files": f"{folder}/server.pem",
            **self._settings,
        }
        (folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        (folder / "master.cf").write_text(MASTER.format(listen=f"{self.address}:{self.port}") + _TLSPROXY)
        self._program.launch(["/bin/sh", "-c", START, "sh", str(folder)], self._env())
        self.wait_until(lambda: answers_at(self.address, self.port), "it answers")

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MAIL_CONFIG": str(self.folder), "LANG": "C.UTF-8"}

    def command(self, *command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One of Postfix's own commands, about this instance."""
        return subprocess.run(
            [path_of(command[0]), *command[1:]], input=given, capture_output=True, timeout=LIMIT_S, check=False,
            env=self._env(),
        )  # fmt: skip

    def sendmail(self, content: bytes, to: str, *options: str, sender: str = "carol@example.org") -> None:
        """Hands a message in as a local program does. Lines end with LF."""
        done = self.command("sendmail", "-C", str(self.folder), "-i", "-f", sender, *options, "--", to, given=content)
        assert done.returncode == 0, done.stderr

    @property
    def log(self) -> str:
        """What it has written down."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, pattern: str) -> str:
        """The first log line with this in it, as soon as it is there."""
        self.wait_until(lambda: bool(re.search(pattern, self.log)), f"its log has {pattern}")
        return next(line for line in self.log.splitlines() if re.search(pattern, line))

    def wait_until(self, done: Callable[[], bool], what: str) -> None:
        """Another program's files tell nobody when they change, so they are looked at."""
        end = time.monotonic() + LIMIT_S
        while not done():
            assert time.monotonic() < end, f"not within {LIMIT_S} s: {what}\n{self.log}"
            time.sleep(0.02)

    def mailbox(self, name: str, count: int = 1) -> list[bytes]:
        """The messages in a mailbox, once there are so many."""
        new = self.folder / "mail" / name / "new"
        self.wait_until(lambda: new.exists() and len(list(new.iterdir())) >= count, f"{count} messages for {name}")
        return [path.read_bytes() for path in sorted(new.iterdir(), key=lambda path: path.stat().st_mtime_ns)]
