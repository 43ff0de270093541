"""`mailtutor message --text`: a text of the student's own in each character set, in base64 and quoted-printable, and as
header fields carry it. `--octets`: the same bits of a file."""

from __future__ import annotations

import base64
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from mailtutor.cli.output import print_json
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.message.bits import Group, encode, quoted
from mailtutor.message.charset_table import Written, written
from mailtutor.message.dsn import quoted_printable
from mailtutor.message.specimen import LARGEST_FILE, encoded_words
from mailtutor.reading.spelling import group_line, padding_told, quoted_line
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Characters of a text that is spelled out, and octets of it in a row.
_LONGEST = 1000
_SHOWN = 24
# Groups of a file that are spelled out.
_GROUPS = 16


def sound(text: str) -> str:
    """The text, if it can be spelled out. Raises UsageError."""
    if len(text) > _LONGEST or not _is_sound(text):
        raise UsageError(
            "{flag} takes up to {most} characters of sound text", "error.message.text", flag="--text", most=_LONGEST
        )
    return text


def print_text(text: str, say: Words, *, as_json: bool) -> int:
    """Prints the character sets, then the UTF-8 of the text bit by bit."""
    octets = sound(text).encode()
    rows, groups, encoded = written(text), list(encode(octets)), quoted_printable(octets)
    if as_json:
        print_json(
            {
                "text": text,
                "charsets": [
                    {
                        "charset": row.charset, "octets": None if row.octets is None else row.octets.hex(),
                        "missing": row.missing, "base64": row.base64, "quoted": row.quoted, "8bit": row.eight_bit,
                    }
                    for row in rows
                ],
                "base64": [_group_facts(one) for one in groups],
                "words": encoded_words(text).splitlines(),
                "quoted": [
                    {"kind": one.kind, "written": encoded[one.start : one.end].decode("ascii"),
                     "octets": one.octets.hex()}
                    for one in quoted(encoded, 0, len(encoded))
                ],
            }
        )  # fmt: skip
        return 0
    print(say("mime.view.in_charsets"))
    for row in rows:
        print(f"  {row.charset:<11} {_row(row, say)}")
    print(f"\nbase64 (utf-8): {say('mime.view.group')}")
    for group in groups:
        print("  " + "  ".join(filter(None, (group_line(group), padding_told(group, say)))))
    print("\nquoted-printable (utf-8)")
    for one in quoted(encoded, 0, len(encoded)):
        print(f"  {quoted_line(encoded, one, say)}")
    print(f"\n{say('mime.view.as_words')}")
    for line in encoded_words(text).splitlines():
        print(f"  {visible(line.strip())}")
    print(f"\n{say('mime.view.as_parameter')}\n  filename*=utf-8''{quote(text, safe='')}")
    return 0


def octets_of(name: str) -> bytes:
    """What a file of the student's own holds. Raises MailtutorError where it cannot be read, or is too large."""
    path = Path(name)
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE + 1)
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong
    if len(octets) > LARGEST_FILE:
        raise MailtutorError(
            "{name} is larger than {most} MiB; that is more than is looked at", "error.message.too_large", name=name,
            most=LARGEST_FILE // 1024 // 1024,
        )  # fmt: skip
    return octets


def print_octets(name: str, say: Words, *, as_json: bool) -> int:
    """Prints how large a file is in each encoding, and the base64 of its first octets bit by bit."""
    path, octets = Path(name), octets_of(name)
    as_base64, as_quoted = len(base64.encodebytes(octets).replace(b"\n", b"\r\n")), len(quoted_printable(octets))
    groups = list(islice(encode(octets), _GROUPS))
    if as_json:
        print_json(
            {"file": name, "octets": len(octets), "on_the_wire": {"base64": as_base64, "quoted": as_quoted},
             "base64": [_group_facts(one) for one in groups]}
        )  # fmt: skip
        return 0
    print(f"{visible(path.name)}: {say('mime.part.octets', count=len(octets))}")
    eight_bit = len(octets) if octets.count(0) == 0 else "–"
    print(say("mime.view.on_the_wire", base64=as_base64, quoted=as_quoted, eight_bit=eight_bit))
    print(f"\nbase64: {say('mime.view.group')}")
    for group in groups:
        print("  " + "  ".join(filter(None, (group_line(group), padding_told(group, say)))))
    if 3 * len(groups) < len(octets):
        print(f"  … {say('mime.view.more', count=-(-len(octets) // 3) - len(groups))}")
    return 0


def _group_facts(one: Group) -> dict[str, object]:
    return {"octets": one.octets.hex(), "bits": one.bits, "sixes": one.sixes, "characters": one.characters}


def _row(row: Written, say: Words) -> str:
    if row.octets is None:
        return say("mime.view.cannot", character=visible(row.missing))
    shown = row.octets[:_SHOWN].hex(" ") + (" …" if len(row.octets) > _SHOWN else "")
    eight_bit = "–" if row.eight_bit is None else row.eight_bit
    sizes = say("mime.view.on_the_wire", base64=row.base64, quoted=row.quoted, eight_bit=eight_bit)
    return f"{shown}\n  {'':<11} {sizes}"


def _is_sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
