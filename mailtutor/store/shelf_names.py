"""What a mailbox is called as a folder or file, and back.

Each level of a name is written in IMAP's modified UTF-7, as Dovecot does, and what a file cannot be called as % and two
hexadecimal digits. Names we did not write are taken as they are.
"""

from __future__ import annotations

import hashlib
import re

from mailtutor.protocols.imap.mailbox import MailboxNameError, decode_name, encode_name, normal

DELIMITER = "/"
# As the IMAP server has it: wildcards of LIST and control characters make a name nobody could ask for.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f%*\ud800-\udfff]")
_NAME_LIMIT = 255
# Octets of a file's name, `.mbox` and its like behind it not counted.
_FILE_LIMIT = 240

_IN_MAILDIR = re.compile(r'[.%<>:"|?\\]')
# A dot at an end would hide a folder or be lost; one before these would make a mailbox of a level above another.
_IN_TREE = re.compile(r'[%<>:"|?\\]|^\.|[. ]$|\.(?=(?:mbox|sbd)$)', re.IGNORECASE)
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")


def is_usable(name: str) -> bool:
    """Whether a mailbox may have this name."""
    return not _UNUSABLE.search(name) and len(name) <= _NAME_LIMIT and "" not in name.split(DELIMITER)


def inside(base: str, name: str) -> str:
    """Where a mailbox of another store goes: below `base` where one is given; "" as a name means the top itself."""
    return normal(DELIMITER.join(filter(None, (base, name))) or "INBOX", DELIMITER)


def maildir_folder(name: str) -> str:
    """`Archive/2026` to `.Archive.2026` (Maildir++); INBOX is the Maildir itself: ""."""
    if name == "INBOX":
        return ""
    return _short("".join(f".{_written(level, _IN_MAILDIR)}" for level in name.split(DELIMITER)))


def maildir_name(folder: str) -> str:
    """`.Archive.2026` to `Archive/2026`."""
    return DELIMITER.join(read(level) for level in folder[1:].split("."))


def tree_levels(name: str) -> list[str]:
    """The levels of a name as folders and a file."""
    return [_short(_written(level, _IN_TREE)) for level in name.split(DELIMITER)]


def _short(written: str) -> str:
    """What a file can be called: of a longer name the beginning, and what tells it from others that begin so."""
    if len(written) <= _FILE_LIMIT:
        return written
    start = re.sub(r"%.?$", "", written[: _FILE_LIMIT - 16])
    return f"{start}~{hashlib.sha256(written.encode()).hexdigest()[:12]}"


def _written(level: str, unusable: re.Pattern[str]) -> str:
    return unusable.sub(lambda found: f"%{ord(found.group()):02x}", encode_name(level).decode("ascii"))


def read(level: str) -> str:
    """One level read back."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), level)
    try:
        return decode_name(plain.encode("ascii"))
    except (MailboxNameError, UnicodeEncodeError):
        return level
