"""imapfilter follows rules written in Lua, with its own IMAP client in C."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    IMAPS,
    SECOND,
    SEED,
    STARTTLS,
    THIRD,
    WAYS,
    Way,
    changing,
    contents,
    flags,
    folders,
    on_another_device,
    server,
    verbs,
)
from tests.interop.programs import MESSAGE, ca, run

RULES = """
boxes, below = bob:list_all()
for _, name in ipairs(boxes) do print('box', name) end
bob:create_mailbox('friends')
bob:subscribe_mailbox('friends')
inbox = bob.INBOX
exist, recent, unseen, next = inbox:check_status()
print('status', exist, unseen, next)
found = inbox:contain_subject('pickles') * inbox:is_unseen()
found:mark_flagged()
found:add_flags({ 'label' })
inbox:contain_body('ketchup'):move_messages(bob.friends)
found:copy_messages(bob.friends)
for _, message in ipairs(bob.friends:select_all()) do
  box, uid = table.unpack(message)
  print('subject', box[uid]:fetch_field('Subject'))
end
(inbox:is_smaller(10000) * inbox:contain_subject('mustard')):delete_messages()
"""


def imapfilter(lab: Lab, folder: Path, way: Way, rules: str, *, password: str = BOB.password) -> tuple[int, str]:
    """Follows the rules once; gives what it ends with and what it has said."""
    address, port = server(lab, way)
    secure = "" if way is STARTTLS else "ssl = 'auto',"
    (folder / "rules.lua").write_text(
        f"options.timeout = 20\noptions.starttls = true\noptions.certificates = true\n"
        f"bob = IMAP {{ server = '{address}', port = {port}, username = 'bob', password = '{password}', {secure} }}\n"
        f"{rules}"
    )
    home = {**os.environ, "HOME": str(folder), "IMAPFILTER_HOME": str(folder), "SSL_CERT_FILE": str(ca(lab))}
    done = run("imapfilter", "-c", f"{folder}/rules.lua", "-t", str(ca(lab)), env=home)
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("way", WAYS)
def test_imapfilter_follows_rules(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    on_another_device(lab, "APPEND INBOX {@third}", third=THIRD)
    ended, told = imapfilter(lab, tmp_path, way, RULES)
    assert ended == 0
    assert "box\tINBOX" in told
    assert "status\t3\t3\t4" in told
    assert "subject\tSubject: ketchup" in told
    assert folders(lab) == {"INBOX", "friends"}
    assert contents(lab) == [MESSAGE]
    assert flags(lab) == [{"\\Flagged", "label"}]
    assert contents(lab, "friends") == [SECOND, MESSAGE]
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


def test_the_second_time_the_rules_find_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    rules = "bob.INBOX:contain_subject('ketchup'):move_messages(bob.friends)"
    assert imapfilter(lab, tmp_path, IMAPS, f"bob:create_mailbox('friends')\n{rules}")[0] == 0
    before = len(verbs(lab, IMAPS))
    assert imapfilter(lab, tmp_path, IMAPS, rules)[0] == 0
    assert changing(verbs(lab, IMAPS)[before:]) == []
    assert contents(lab, "friends") == [SECOND]


def test_a_wrong_password_changes_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    imapfilter(lab, tmp_path, IMAPS, "bob.INBOX:select_all():delete_messages()", password="ketchup")
    assert contents(lab) == [MESSAGE, SECOND]
