"""A recorded login, made ready to be said again: in the form it had, with a password that is known.

A password that was masked when the trace was saved cannot be said as it stands, nor one that the fresh server does not
know; a proof that hangs on the server's challenge (CRAM-MD5, SCRAM, APOP) has to be made anew while it is said. What
was refused shall be refused again: stars stay stars there. A mechanism nobody here speaks is given up for a login that
needs no challenge.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line
from mailtutor.protocols.sasl import mechanisms
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.proof import NONCE, Person, Proof, Turn

SASL = frozenset({"AUTH", "AUTHENTICATE"})
# In the place of a password that was refused.
_WRONG = "*******"
_STARS = re.compile(rb"\*+")
# The arguments of a LOGIN: a literal, a quoted string, an atom.
_LOGIN = re.compile(rb"[^ \r\n]+ +LOGIN +", re.IGNORECASE)
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n")
_WORD = re.compile(rb'"((?:[^"\\\r\n]|\\.)*)"|([^ \r\n]+)')
_ATOM = re.compile(rb"[A-Za-z0-9._@+\-]+")
# What a client says before it is asked to go on (a literal that is waited for), or all it says.
_ASKING = re.compile(rb".*?\{\d+\}\r\n|.+\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Users:
    """Who can log in where it is said. passwords: by name. usual: who it was, where the login does not tell."""

    protocol: str
    passwords: Mapping[str, str]
    usual: str = ""

    def person(self, said: str) -> Person | None:
        """Who a login can be for; without a name that is known, the only user there is."""
        for name in (said, said.partition("@")[0], self.usual):
            if name in self.passwords:
                return Person(name, self.passwords[name])
        if len(self.passwords) != 1:
            return None
        ((name, password),) = self.passwords.items()
        return Person(name, password)

    def chosen(self, said: str, password: str | None, answer: Line | None) -> Person | None:
        """Who is to be named instead; None where the login can be said as it was. password: None where it cannot be
        read or repeated."""
        if answer is not None and answer.outcome is Outcome.REFUSED:
            return Person(said or self.usual, _WRONG) if password is None else None
        person = self.person(said)
        is_known = person == Person(said.partition("@")[0], password or "")
        worked = answer is not None and answer.outcome is Outcome.SUCCESS
        return person if password is None or (worked and not is_known) else None

    def knows(self, mechanism: str) -> bool:
        """Whether a server of ours speaks it."""
        offered = PROTOCOLS[self.protocol].table.capabilities
        return mechanism in mechanisms.MECHANISMS and (self.protocol != "imap" or f"AUTH={mechanism}" in offered)

    def plainly(self, answer: Line | None, tag: bytes = b"") -> list[Turn]:
        """A login that needs no challenge, in the place of one that worked. tag: of IMAP."""
        person = self.person("")
        if person is None:
            return []
        if self.protocol == "pop3":
            user = _spoken(f"USER {person.name}".encode(), None)
            return [user, _spoken(f"PASS {person.password}".encode(), answer)]
        if self.protocol == "imap":
            return [_spoken(b" ".join([tag, b"LOGIN", _quoted(person.name), _quoted(person.password)]), answer)]
        return [_spoken(b"AUTH PLAIN " + b64encode(mechanisms.plain_response(person.name, person.password)), answer)]


def login_length(turns: Sequence[Turn]) -> int:
    """How many turns the login takes that the first of them begins; 0 where it begins none."""
    first = turns[0]
    if first.verb == "USER":
        return 2 if len(turns) > 1 and turns[1].verb == "PASS" else 0
    if first.verb in ("PASS", "APOP"):
        return 1
    if first.kind is not Kind.COMMAND or first.verb not in (*SASL, "LOGIN"):
        return 0
    goes_on = Kind.LITERAL if first.verb == "LOGIN" else Kind.CONTINUATION
    return next((n for n, turn in enumerate(turns) if n and turn.kind is not goes_on), len(turns))


def said_again(login: Sequence[Turn], users: Users) -> list[Turn]:
    """The same login, as it can be said now; as it was, where it can."""
    first = login[0]
    if first.verb in ("USER", "PASS"):
        return _user_and_pass(login, users)
    if first.verb == "APOP":
        return _apop(first, users)
    return _login(login, users) if first.verb == "LOGIN" else _sasl(login, users)


# POP3 -------------------------------------------------------------------------------------------------------------


def _user_and_pass(login: Sequence[Turn], users: Users) -> list[Turn]:
    passed = login[-1]
    name = login[0].said[5:].strip().decode("utf-8", "replace") if len(login) > 1 else users.usual
    said = passed.said[5:]
    password = None if _STARS.fullmatch(said) else said.decode("utf-8", "replace")
    person = users.chosen(name, password, passed.answer)
    if person is None:
        return list(login)
    told = [_reworded(passed, f"PASS {person.password}".encode())]
    return told if len(login) == 1 else [_reworded(login[0], f"USER {person.name}".encode()), *told]


def _apop(turn: Turn, users: Users) -> list[Turn]:
    words = turn.said.split()
    person = users.chosen(words[1].decode("utf-8", "replace"), None, turn.answer) if len(words) > 1 else None
    if person is None:
        return [turn]
    return [replace(turn, proof=Proof("APOP", person))]


# LOGIN of IMAP ----------------------------------------------------------------------------------------------------


def _login(login: Sequence[Turn], users: Users) -> list[Turn]:
    """Name and password may each be a literal that is waited for: one turn more each (RFC 3501 §6.2.3)."""
    whole = b"".join(turn.data for turn in login)
    arguments = _arguments(whole)
    name, password = ([_content(raw) for raw in arguments] + [b"", b""])[:2]
    is_masked = any(_STARS.fullmatch(said) for said in (name, password))
    named = b"" if _STARS.fullmatch(name) else name
    said = None if is_masked else password.decode("utf-8", "replace")
    person = users.chosen(named.decode("utf-8", "replace"), said, login[-1].answer if len(arguments) > 1 else None)
    if person is None:
        return list(login)
    parts = _ASKING.findall(_rewritten(whole, (person.name.encode(), person.password.encode())))
    if len(parts) != len(login):
        return list(login)
    return [replace(turn, data=data, said=_first_line(data)) for turn, data in zip(login, parts, strict=True)]


def _arguments(whole: bytes) -> list[bytes]:
    """What stands for the name and for the password, as far as they were said."""
    found: list[bytes] = []
    at = head.end() if (head := _LOGIN.match(whole)) else len(whole)
    while at < len(whole) and len(found) < len(("name", "password")):
        literal = _LITERAL.match(whole, at)
        word = literal or _WORD.match(whole, at)
        if word is None or (literal is not None and literal.end() == len(whole)):
            break
        end = literal.end() + int(literal[1]) if literal is not None else word.end()
        found.append(whole[at:end])
        at = end + 1 if whole[end : end + 1] == b" " else end
    return found


def _content(argument: bytes) -> bytes:
    literal, word = _LITERAL.match(argument), _WORD.match(argument)
    if literal is not None:
        return argument[literal.end() :]
    return re.sub(rb"\\(.)", rb"\1", word[1]) if word is not None and word[1] is not None else argument


def _rewritten(whole: bytes, new: Sequence[bytes]) -> bytes:
    """The same command with other arguments, each in the form it had."""
    head = _LOGIN.match(whole)
    out, at = (head[0], head.end()) if head is not None else (b"", 0)
    for value in new:
        literal = _LITERAL.match(whole, at)
        word = _WORD.match(whole, at)
        if literal is not None:
            out += b"{%d%b}\r\n" % (len(value), literal[2])
            if literal.end() == len(whole):
                return out
            out, at = out + value, min(literal.end() + int(literal[1]), len(whole))
        elif word is not None:
            out, at = out + _quoted(value), word.end()
        if whole[at : at + 1] == b" ":
            out, at = out + b" ", at + 1
    return out + whole[at:]


# SASL -------------------------------------------------------------------------------------------------------------


def _sasl(login: Sequence[Turn], users: Users) -> list[Turn]:
    words = login[0].said.split()
    words = words[1:] if users.protocol == "imap" else words
    if len(words) < len((b"AUTH", b"mechanism")):
        return list(login)
    mechanism = words[1].decode("ascii", "replace").upper()
    responses = [*words[2:3], *(turn.said.strip() for turn in login[1:])]
    answer = login[-1].answer
    is_over = answer is not None and answer.kind is not Kind.CONTINUATION and answer.outcome is not Outcome.GO_ON
    if not users.knows(mechanism):
        worked = is_over and answer is not None and answer.outcome is Outcome.SUCCESS
        return (users.plainly(answer, login[0].said.split()[0]) if worked else []) or list(login)
    is_masked = any(len(said) > 1 and _STARS.fullmatch(said) for said in responses)
    name, password = _read(mechanism, responses)
    if not responses or responses[-1] == b"*" or (not is_masked and mechanism in ("PLAIN", "LOGIN") and not password):
        return list(login)  # not begun, given up, or begun and in clear
    person = users.chosen(name, None if is_masked else password, answer if is_over else None)
    if person is None:
        return list(login)
    told = list(login)
    for number, said in enumerate(responses):
        at = number if len(words) > len((b"AUTH", b"mechanism")) else number + 1
        told[at] = _response(told[at], mechanism, number, said, person)
    return told


def _read(mechanism: str, responses: Sequence[bytes]) -> tuple[str, str | None]:
    """Name and password as they were said; None for a password that is not there to be read."""
    try:
        said = [b64decode(response, validate=True) for response in responses]
        if mechanism == "PLAIN":
            _, name, password = mechanisms.plain_fields(said[0])
            return name, password
        if mechanism == "LOGIN":
            return said[0].decode(), said[1].decode() if len(said) > 1 else None
        if mechanism == "CRAM-MD5":
            return mechanisms.cram_fields(said[0])[0], None
        scram = mechanisms.ScramServer(NONCE)
        scram.client_first(said[0])
        return scram.username, None
    except (ValueError, IndexError, mechanisms.SaslError):
        return "", None


def _response(turn: Turn, mechanism: str, number: int, said: bytes, person: Person) -> Turn:
    """One response of the login, with what has to stand in it."""
    if mechanism == "CRAM-MD5" or (mechanism.startswith("SCRAM") and number == 1):
        return replace(turn, proof=Proof(mechanism, person))
    if mechanism == "PLAIN" and number == 0:
        token = mechanisms.plain_response(person.name, person.password)
    elif mechanism == "LOGIN":
        token = (person.name if number == 0 else person.password).encode()
    elif mechanism.startswith("SCRAM") and number == 0:
        token = mechanisms.ScramClient(person.name, person.password, NONCE).first()
    else:
        return turn
    return _reworded(turn, turn.said.removesuffix(said) + b64encode(token))


# Words ------------------------------------------------------------------------------------------------------------


def _quoted(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return raw if _ATOM.fullmatch(raw) else b'"' + re.sub(rb'(["\\])', rb"\\\1", raw) + b'"'


def _first_line(data: bytes) -> bytes:
    return data.split(b"\r\n", 1)[0]


def _reworded(turn: Turn, said: bytes) -> Turn:
    """The same turn with another line; where its end was not said, without one."""
    return replace(turn, data=said + turn.data[len(turn.data.rstrip(b"\r\n")) :], said=said)


def _spoken(said: bytes, answer: Line | None) -> Turn:
    return Turn(said + b"\r\n", said, Kind.COMMAND, said.split()[0].decode(), False, True, answer)
