"""What two IMAP servers said, made comparable: whatever a server may word, count or order in its own way is made the
same on both sides, and what is left is taken apart into differences."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from tests.interop.imap_talk import Answer

_CONDITION = re.compile(rb"^(\*|a) (OK|NO|BAD|BYE|PREAUTH)( \[[^\]]*\])?.*$", re.DOTALL)
# Numbers that need only grow, and values that say nothing of the server's understanding.
_OWN = (
    (re.compile(rb"UIDVALIDITY \d+"), b"UIDVALIDITY #"),
    (re.compile(rb"(APPENDUID|COPYUID) \d+"), rb"\1 #"),
    (re.compile(rb"HIGHESTMODSEQ \d+"), b"HIGHESTMODSEQ #"),
    (re.compile(rb"MODSEQ \(\d+\)"), b"MODSEQ (#)"),
    (re.compile(rb"MODSEQ \d+(?=\)?$)"), b"MODSEQ #"),
    (re.compile(rb"\[CAPABILITY [^\]]*\]"), b"[CAPABILITY #]"),
    # Everybody has a name of its own (RFC 2971 §3.3).
    (re.compile(rb"^\* ID \(.*\)$"), b"* ID (#)"),
    # The character sets are named by whoever wants to (RFC 3501 §7.1).
    (re.compile(rb"\[BADCHARSET [^\]]*\]"), b"[BADCHARSET]"),
    # Two ways to write a day (RFC 3501 §9, date-day-fixed).
    (re.compile(rb'INTERNALDATE " (\d)-'), rb'INTERNALDATE "0\1-'),
    # Codes Dovecot adds for developers; no code is ever due (RFC 5530 §1).
    (re.compile(rb" \[(ALERT|CLIENTBUG)\]"), b""),
)
# Said again whenever they change, by who likes to; due when a mailbox is opened alone (RFC 3501 §7.2.6, §7.3.2).
_MAY_BE_SAID = re.compile(r"\* (FLAGS |OK \[PERMANENTFLAGS|\d+ RECENT)")
# May come in any order while a mailbox is opened (RFC 3501 §6.3.1).
_OF_A_MAILBOX = re.compile(r"\* (FLAGS|\d+ (EXISTS|RECENT)|OK \[(?!CLOSED))")
_LISTED = re.compile(r"\* (LIST|LSUB) ")
_EXPUNGED = re.compile(r"\* (\d+) EXPUNGE$")
_HIGHEST = "* OK [HIGHESTMODSEQ #]"
_TOKEN = re.compile(rb'~?\{(\d+)\}\r\n|"(?:[^"\\]|\\.)*"|[()]|[^\s()"\[{]+(?:\[[^\]]*\](?:<\d+>)?)?| ', re.DOTALL)
_IN_PARENTHESES = re.compile(rb"(FLAGS|LIST|LSUB|ENABLED) \(([^()]*)\)")
_LONG = 100
_AND = " ... "
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+| ')
# Where a text says nothing of its character set (RFC 2045 §5.2), Dovecot says it.
_PLAIN = (b'"text" "plain" NIL', b'"text" "plain" ("charset" "us-ascii")')


def shown(answer: Answer) -> list[str]:
    """An answer's lines, comparable."""
    said = [_line(line) for line in answer.lines]
    verb = answer.command.split(": ")[-1].split(" ")[0]
    if verb in ("SELECT", "EXAMINE"):
        places = [at for at, line in enumerate(said) if _OF_A_MAILBOX.match(line)]
        for at, line in zip(places, sorted(said[at] for at in places), strict=True):
            said[at] = line
    else:
        said = [line for line in said if not _MAY_BE_SAID.match(line)]
    return _expunged(_listed(said))


def differences(theirs: Answer, ours: Answer) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What only they said, and what only we said; of lines that are nearly the same, the words that differ."""
    one, other = shown(theirs), shown(ours)
    if _HIGHEST not in one and ours.command.split(": ")[-1].startswith(("SELECT", "EXAMINE")):
        # Due in every mailbox (RFC 7162 §3.1.2.1); Dovecot keeps it back until somebody has asked for numbers.
        other = [line for line in other if line != _HIGHEST]
    if one and other and one[-1] == "a NO" and other[-1].startswith("a NO ["):
        # A code more helps, and is never due (RFC 5530 §1).
        other[-1] = "a NO"
    if one == other:
        return None
    only_theirs: list[str] = []
    only_ours: list[str] = []
    for kind, start, end, from_, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "replace" and end - start == to - from_:
            for line, counterpart in zip(one[start:end], other[from_:to], strict=True):
                left, right = _words_apart(line, counterpart)
                only_theirs += left
                only_ours += right
        elif kind != "equal":
            only_theirs += map(_short, one[start:end])
            only_ours += map(_short, other[from_:to])
    return tuple(only_theirs), tuple(only_ours)


def _short(line: str) -> str:
    return line if len(line) <= _LONG else f"{line[:50]} [...] {line[-30:]}"


def _words_apart(line: str, counterpart: str) -> tuple[list[str], list[str]]:
    if min(len(line), len(counterpart)) < 60:
        return [_short(line)], [_short(counterpart)]
    one, other = _WORD.findall(line), _WORD.findall(counterpart)
    start = line.split(" FETCH")[0]
    left, right = [start], [start]
    for kind, at, end, from_, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind != "equal":
            left.append(_short("".join(one[max(0, at - 2) : end]).strip()))
            right.append(_short("".join(other[max(0, from_ - 2) : to]).strip()))
    return [_AND.join(left)], [_AND.join(right)]


def _line(line: bytes) -> str:
    line = line.removesuffix(b"\r\n")
    if line.startswith(b"+"):
        return "+"
    if condition := _CONDITION.match(line):
        line = b" ".join((condition[1], condition[2])) + (condition[3] or b"")
        if b"PERMANENTFLAGS" in line:
            line = line.replace(b"[PERMANENTFLAGS", b"[FLAGS")
            line = _in_order(line).replace(b"[FLAGS", b"[PERMANENTFLAGS")
    elif re.match(rb"\* \d+ FETCH \(", line):
        head, items = line.split(b"(", 1)
        line = _in_order(head + b"(" + b" ".join(sorted(_items(b"(" + items))) + b")")
    elif re.match(rb"\* (FLAGS|LIST|LSUB) ", line):
        line = re.sub(rb'^(\* (?:LIST|LSUB) \([^)]*\) "/" )"([A-Za-z0-9&+,/-]+)"', rb"\1\2", _in_order(line))
    elif line.startswith(b"* STATUS "):
        head, _, items = line.rpartition(b" (")
        words = items.removesuffix(b")").split()
        pairs = sorted(b" ".join(pair) for pair in zip(words[::2], words[1::2], strict=True))
        line = head + b" (" + b" ".join(pairs) + b")"
    elif line.startswith(b"* ENABLED"):
        line = b" ".join((b"* ENABLED", *sorted(line.split()[2:])))
    for pattern, instead in _OWN:
        line = pattern.sub(instead, line)
    return line.decode("utf-8", "backslashreplace").replace("\r\n", "¶")


def _in_order(line: bytes) -> bytes:
    """Flags have no order."""

    def ordered(found: re.Match[bytes]) -> bytes:
        return found[1] + b" (" + b" ".join(sorted(found[2].split())) + b")"

    return _IN_PARENTHESES.sub(ordered, line)


def _items(text: bytes) -> list[bytes]:
    """`(A 1 B (2 3))` → `A 1`, `B (2 3)`; a literal becomes a string. FETCH's items have no order."""
    values = [b""]
    depth, at = 1, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return [text]
        token, at = found[0], found.end()
        if found[1] is not None:
            count = int(found[1])
            quoted = text[at : at + count].replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            token, at = b'"' + quoted + b'"', at + count
        depth += (token == b"(") - (token == b")")
        if depth == 0:
            break
        if depth == 1 and token == b" ":
            values.append(b"")
        else:
            values[-1] += token
    return [
        name
        + b" "
        + (value.lower().replace(b"nil", b"NIL").replace(*_PLAIN) if name in (b"BODY", b"BODYSTRUCTURE") else value)
        for name, value in zip(values[::2], values[1::2], strict=False)
    ]


def _listed(said: list[str]) -> list[str]:
    """What LIST tells of mailboxes has no order; a STATUS stays with its mailbox."""
    groups: list[list[str]] = []
    for line in said:
        if line.startswith("* STATUS") and groups:
            groups[-1].append(line)
        else:
            groups.append([line])
    groups.sort(key=lambda group: (0, group[0]) if _LISTED.match(group[0]) else (1, ""))
    return [line for group in groups for line in group]


def _expunged(said: list[str]) -> list[str]:
    """The messages one answer takes away have no order either: `* 2 EXPUNGE` twice, or `* 3` and `* 2`, both become
    `* 2,3 EXPUNGE`, numbered as they were before."""
    gone: list[int] = []
    rest: list[str] = []
    place: int | None = None
    for line in said:
        found = _EXPUNGED.match(line)
        if found is None:
            rest.append(line)
            continue
        number = int(found[1])
        for earlier in sorted(gone):
            number += earlier <= number
        gone.append(number)
        place = len(rest) if place is None else place
    if place is not None:
        rest.insert(place, f"* {','.join(map(str, sorted(gone)))} EXPUNGE")
    return rest
