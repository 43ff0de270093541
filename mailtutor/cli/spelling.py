"""`mailtutor message --text`: a text of the student's own in each character set, in base64 and quoted-printable."""

from __future__ import annotations

from mailtutor.cli.output import print_json
from mailtutor.errors import UsageError
from mailtutor.message.bits import encode, quoted
from mailtutor.message.charset_table import Written, written
from mailtutor.message.dsn import quoted_printable
from mailtutor.reading.spelling import group_line, padding_told, quoted_line
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Characters of a text that is spelled out, and octets of it in a row.
_LONGEST = 1000
_SHOWN = 24


def print_text(text: str, say: Words, *, as_json: bool) -> int:
    """Prints the character sets, then the UTF-8 of the text bit by bit."""
    if len(text) > _LONGEST or not _is_sound(text):
        raise UsageError(
            "{flag} takes up to {most} characters of sound text", "error.message.text", flag="--text", most=_LONGEST
        )
    octets = text.encode()
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
                "base64": [
                    {"octets": one.octets.hex(), "bits": one.bits, "sixes": one.sixes, "characters": one.characters}
                    for one in groups
                ],
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
    return 0


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
