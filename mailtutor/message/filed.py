"""A message as a file of its own: its line ends, and the flags a Maildir keeps in the file's name.

The letters after `:2,` are the Maildir's own (https://cr.yp.to/proto/maildir.html); small letters are keywords, as a
file `dovecot-keywords` beside them names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase

from mailtutor.message.lines import with_crlf

FORWARDED = "$Forwarded"
LETTERS = {
    "D": "\\Draft", "F": "\\Flagged", "P": FORWARDED, "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted",
}  # fmt: skip
_LETTER_OF = {flag.lower(): letter for letter, flag in LETTERS.items()}
# A colon cannot stand in a file name everywhere; others write ! or ; for it.
_INFO = re.compile(r"[:!;]2,([A-Za-z]*)[^/]*\Z")
_KEYWORD_LINE = re.compile(r"([0-9]{1,2}) (\S+)")
# An atom (RFC 3501 §9) that begins with no backslash.
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,100}")
_LINE_END = re.compile(rb"\r?\n")


def from_file(raw: bytes) -> bytes:
    """A message read from a file with either line end, with CRLF. A CR alone is left as it is."""
    return raw if raw.count(b"\n") == raw.count(b"\r\n") else _LINE_END.sub(b"\r\n", raw)


def to_lf(message: bytes) -> bytes:
    """A message for a file whose lines end in LF. `from_file` gives back the same, but for a CR before a line end."""
    if b"\r\r\n" in message:
        message = with_crlf(message)
    return message.replace(b"\r\n", b"\n")


def is_keyword(name: str) -> bool:
    """Whether IMAP has a flag of that name that is not one of the system's."""
    return _KEYWORD.fullmatch(name) is not None


def info_of(flags: Iterable[str], keywords: Sequence[str] = ()) -> tuple[str, int]:
    """What follows the unique part of a file's name, `2,FS`, and how many flags have no letter.

    keywords: those that have one, a first.
    """
    letters: list[str] = []
    lost = 0
    for flag in flags:
        if flag.lower() in _LETTER_OF:
            letters.append(_LETTER_OF[flag.lower()])
        elif flag in keywords:
            letters.append(ascii_lowercase[keywords.index(flag)])
        else:
            lost += 1
    return "2," + "".join(sorted(letters)), lost


def flags_of(file_name: str, keywords: Mapping[str, str]) -> frozenset[str]:
    """The flags in a file's name. keywords: small letter → keyword; a letter that is not there says nothing."""
    found = _INFO.search(file_name)
    if found is None:
        return frozenset()
    known = LETTERS | dict(keywords)
    return frozenset(known[letter] for letter in found[1] if letter in known)


def parse_keywords(text: str) -> dict[str, str]:
    """`dovecot-keywords`, lines of a number from 0 and a name: small letter → keyword."""
    found = (_KEYWORD_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {
        ascii_lowercase[int(one[1])]: one[2] for one in found if one and int(one[1]) < 26 and is_keyword(one[2])
    }  # fmt: skip


def keywords_text(keywords: Sequence[str]) -> str:
    """The same file written."""
    return "".join(f"{number} {name}\n" for number, name in enumerate(keywords))
