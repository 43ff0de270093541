"""What may be a password although no command says so: mistyped, out of place, in the wrong protocol, sent unasked.

The rule errs on the side of hiding. A line of the client keeps

- a command of its own protocol, with what stands behind it;
- a word that means a login, whatever the protocol ("PASSWORD", "auth", "LOGON"), or nearly does ("PSAS"), without what
  stands behind it: only a login method after AUTH, and a name where a password follows it, may be seen;
- as long as nobody has begun to log in, a command of another protocol, and what is nearly a command ("HELLO").

All else is hidden whole: a password typed when nobody asked for it looks like nothing known. What a server repeats of
it when it refuses the line is hidden too.
"""

from __future__ import annotations

import difflib
import re
from collections import deque
from functools import cache, lru_cache

from mailtutor.errors import GrammarError, Unfinished
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome, Table

# Byte offsets into a line: from the first hidden octet to the one after the last.
Hidden = tuple[int, int]

SPOKEN = ("smtp", "pop3", "imap")  # DNS is asked in octets, not in words

# Longest first, for a word may begin with another.
_LOGIN_WORDS = (
    "AUTHENTICATE", "AUTHENTICATION", "AUTHPLAIN", "AUTHLOGIN", "PASSPHRASE", "PASSWORD", "USERNAME", "PASSWD",
    "PASSWORT", "LOGIN", "LOGON", "SIGNIN", "LOGGIN", "APOP", "AUTH", "PASS", "SASL", "USER", "PWD",
)  # fmt: skip
_LONGEST = max(map(len, _LOGIN_WORDS))
_METHOD_FOLLOWS = frozenset({"AUTH", "AUTHENTICATE", "AUTHENTICATION", "SASL"})
_NAME_FOLLOWS = frozenset({"USER", "USERNAME", "APOP"})
_METHODS = frozenset(
    {
        "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM", "GSSAPI", "EXTERNAL", "ANONYMOUS", "XOAUTH2", "OAUTHBEARER",
        "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
    }
)  # fmt: skip
# How alike a word must be to one that means a login, and to a command.
_LIKE_LOGIN, _LIKE_COMMAND = 0.7, 0.65

_WORD = re.compile(rb"[^ \t\r\n]+")
_LETTERS = re.compile(rb"[A-Za-z0-9]+")
_ARGUMENT = re.compile(rb'[ \t]+("(?:[^"\\]|\\.)*"|[^ \t\r\n]+)')
_TAG = re.compile(rb"[A-Za-z]{0,2}[0-9]{0,6}|[.*]")
_LITERAL = re.compile(rb"~?\{\d+\+?\}\Z")
_AFTER_LOGIN = frozenset({"AUTH", "AUTHENTICATE", "LOGIN", "PASS", "APOP"})
_COMMANDS = frozenset({Kind.COMMAND, Kind.UNKNOWN})
# So many hidden words are looked for in what the server says, and none that is shorter.
_REMEMBERED = 64
_SHORTEST = 2


class Suspicion:
    """One conversation, line by line, in the order they were said."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._own = _verbs(table.protocol)
        # Commands that are kept whole as long as nobody logs in.
        self._plain = _plain_verbs(table.protocol)
        # Whether a login was begun and has not succeeded.
        self._in_login = False
        # Whether the next line goes on with a command whose literal has come, and whether that was a login.
        self._goes_on = False
        self._of_login = False
        # What the last command began with: in IMAP its tag.
        self._first = b""
        self._words: deque[bytes] = deque(maxlen=_REMEMBERED)

    def look(self, line: Line) -> list[Hidden]:
        """What of this line may be a secret; nothing in a line that carries mail."""
        if line.source is Source.SERVER:
            return self._repeated(line) if self._words or self._in_login or self._goes_on else []
        if self.passes(line):
            return []
        if line.kind is Kind.LITERAL or (line.kind in _COMMANDS and self._goes_on):
            hidden = self._whole(line.text) if self._of_login else []
        elif line.kind in _COMMANDS:
            self._of_login = False
            self._first = line.text.partition(b" ")[0]
            hidden = self._judged(line.text)
        else:
            return []
        self._goes_on = self._table.protocol == "imap" and not line.last
        for start, end in hidden:
            self._remember(line.text[start:end])
        return hidden

    def passes(self, line: Line) -> bool:
        """Whether a line is a command that nothing can be wrong with, as most are; it need not be looked at then."""
        return line.verb in self._plain and not self._in_login and line.kind is Kind.COMMAND

    # The client -----------------------------------------------------------------------------------------------------

    def _judged(self, text: bytes) -> list[Hidden]:
        first = _WORD.search(text)
        if first is None:
            return []
        word = self._verb_in(text, first)
        letters = _LETTERS.match(text, word.start(), word.end())
        name = letters.group().decode().upper() if letters else ""
        login = _login_word(name[:_LONGEST])
        if login and (name == login or not self._in_login):
            return self._login(text, login, word.start() + len(login), tagged=word is not first)
        if name in self._own:
            return self._arguments(text, name, word.end()) if self._in_login else []
        if not self._in_login and difflib.get_close_matches(name, _LOGIN_WORDS, 1, _LIKE_LOGIN):
            self._in_login = self._of_login = True
            return self._rest(text, word.end())
        if not self._in_login and (name in _every_verb() or _is_nearly(name, self._own)):
            return []
        tagged = word is not first and _TAG.fullmatch(first[0])
        return self._rest(text, word.start() if tagged else 0)

    def _verb_in(self, text: bytes, first: re.Match[bytes]) -> re.Match[bytes]:
        """Which word is the verb: in IMAP the one after the tag, unless the tag was forgotten."""
        if self._table.protocol != "imap":
            return first
        second = _WORD.search(text, first.end())
        word = first[0].decode("ascii", "replace").upper()
        return first if second is None or word in self._own or word in _LOGIN_WORDS else second

    def _login(self, text: bytes, word: str, at: int, *, tagged: bool) -> list[Hidden]:
        self._in_login = self._of_login = True
        argument = _ARGUMENT.match(text, at)
        if argument is not None:
            is_method = word in _METHOD_FOLLOWS and argument[1].decode("ascii", "replace").upper() in _METHODS
            is_name = word in _NAME_FOLLOWS or (tagged and word == "LOGIN")
            if is_method or is_name:
                at = argument.end()
        return self._rest(text, at)

    def _arguments(self, text: bytes, verb: str, at: int) -> list[Hidden]:
        """In the middle of a login a command is kept whole only where it is right."""
        row = self._table.commands.get(verb)
        if row is None or self._table.protocol == "imap":
            return []
        try:
            row.parse(text[at:])
        except (GrammarError, Unfinished):
            return self._rest(text, at)
        return []

    def _whole(self, text: bytes) -> list[Hidden]:
        return self._rest(text, 0)

    def _rest(self, text: bytes, at: int) -> list[Hidden]:
        """From `at` on, without the space before it and without the announcement of a literal: it must count right."""
        end = len(text)
        if self._table.protocol == "imap" and (literal := _LITERAL.search(text)):
            end = literal.start()
        while at < end and text[at : at + 1] in (b" ", b"\t"):
            at += 1
        return [(at, end)] if at < end else []

    # The server -----------------------------------------------------------------------------------------------------

    def _remember(self, secret: bytes) -> None:
        for word in _WORD.findall(secret):
            found = _LETTERS.match(word)
            self._words += {part for part in (word, found.group() if found else b"") if len(part) >= _SHORTEST}

    def _repeated(self, line: Line) -> list[Hidden]:
        if line.outcome is Outcome.SUCCESS and line.last and line.verb in _AFTER_LOGIN:
            self._in_login = False
        if self._goes_on and line.kind is Kind.REPLY and line.text.startswith(self._first + b" "):
            self._goes_on = False  # where a literal was announced it is not wanted
        if not self._words:
            return []
        if line.outcome not in (Outcome.REFUSED, Outcome.TRY_LATER) and line.kind is not Kind.UNKNOWN:
            return []
        start = len(line.code) if line.code and line.text.startswith(line.code.encode()) else 0
        either = b"|".join(map(re.escape, sorted(set(self._words), key=len, reverse=True)))
        pattern = re.compile(rb"(?<![A-Za-z0-9])(?:" + either + rb")(?![A-Za-z0-9])", re.IGNORECASE)
        return [found.span() for found in pattern.finditer(line.text, start)]


@lru_cache(1024)
def _login_word(name: str) -> str:
    """The word for a login that a word begins with, "" for none."""
    return next((one for one in _LOGIN_WORDS if name.startswith(one)), "")


@cache
def _verbs(protocol: str) -> frozenset[str]:
    """The first word of every command of a protocol, offered here or not."""
    table = PROTOCOLS[protocol].table
    return frozenset(verb.split()[0] for verb in (*table.commands, *table.not_offered))


@cache
def _plain_verbs(protocol: str) -> frozenset[str]:
    """Those of them that begin no login. None in IMAP: there the first word of a line may be a verb, and what is taken
    for the verb a password."""
    secret = PROTOCOLS[protocol].table.secret
    return frozenset(
        verb for verb in _verbs(protocol) if protocol != "imap" and verb not in secret and not _login_word(verb)
    )


@cache
def _every_verb() -> frozenset[str]:
    return frozenset().union(*(_verbs(protocol) for protocol in SPOKEN))


def _is_nearly(name: str, verbs: frozenset[str]) -> bool:
    return bool(difflib.get_close_matches(name, sorted(verbs), 1, _LIKE_COMMAND))
