"""A trace as a Python script that says the same again, by smtplib, poplib and imaplib; and as a pytest test of the
codes it was answered with.

Every octet the clients said is said again, one turn after the other, each answer awaited. All that comes out of the
trace stands in the script as a constant (`repr` of bytes, `ascii` of text), never in a comment, so that nothing in it
can become code. Passwords that are masked are read from the environment when the script runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtutor.protocols.lines import Kind
from mailtutor.reading import script_pieces as pieces
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.retellable import Conversation, Said, conversations
from mailtutor.text.catalogue import Words

_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_PLAIN_LINE = re.compile(rb"[ -~]+\r\n")
_MANY = frozenset({"RETR", "TOP", "CAPA"})
_MANY_ALONE = frozenset({"LIST", "UIDL", "AUTH"})
# Masked words of a LOGIN: a literal with its octets, one whose octets come in the next turn, a string, an atom.
_MASKED = re.compile(rb"\{\d+(\+?)\}\r\n\*{2,}|\{\d+\}\r\n\Z|\"\*+\"|\*{2,}")


def script(connections: Sequence[Connection], words: Words) -> str:
    """The whole file, in ASCII but for its comments. Runs with Python 3.11 or newer and nothing else."""
    return _file(connections, words, is_test=False)


def pytest_file(connections: Sequence[Connection], words: Words) -> str:
    """The same as a file for pytest: a test for each connection."""
    return _file(connections, words, is_test=True)


def _file(connections: Sequence[Connection], words: Words, *, is_test: bool) -> str:
    told = conversations(connections)
    bodies = [_function(one, number, words, is_test=is_test) for number, one in enumerate(told, 1)]
    body = "\n\n".join(bodies)
    head = [] if is_test else ["#!/usr/bin/env python3"]
    head += [f"# {line}" for line in words(f"export.script.{'test' if is_test else 'script'}").splitlines()]
    left_out = len(connections) - len(told)
    head += [f"# {words('export.script.left_out', count=left_out)}"] if left_out else []
    uses = "\n".join(_helpers(told, body, is_test=is_test)) + "\n\n" + body
    frame = uses if is_test else uses + "\n\n" + _main(told)
    return "\n".join([*head, "", _imports(frame), "", "TIMEOUT_S = 30", "", frame]).rstrip() + "\n"


def _imports(text: str) -> str:
    names = ["base64", "argparse", "hashlib", "hmac", "imaplib", "os", "poplib", "re", "smtplib", "ssl"]
    return "\n".join(f"import {name}" for name in sorted(names) if re.search(rf"\b{name}\.", text))


def _helpers(told: Sequence[Conversation], body: str, *, is_test: bool) -> list[str]:
    """Those of the fixed parts that the conversations need."""
    used = [pieces.CHECK_TEST if is_test else pieces.CHECK_SCRIPT]
    protocols = {conversation.protocol for conversation in told}
    used += [
        part
        for name, part in (("smtp", pieces.SMTP), ("pop3", pieces.POP3), ("imap", pieces.IMAP))
        if name in protocols
    ]
    if any(one.protocol == "imap" and one.is_sealed for one in told):
        used.append(pieces.SEALED_IMAP)
    if any(one.has_tls for one in told):
        used.append(pieces.CONTEXT)
    mechanisms = {said.mechanism for one in told for said in one.said} - {""}
    if mechanisms:
        used.append(pieces.SECRETS)
    used += [text for name, text in pieces.LOGINS.items() if any(one.startswith(name) for one in mechanisms)]
    if "LOGIN*" in mechanisms:
        used.append(pieces.QUOTED)
    return [part.rstrip() + "\n" for part in used]


def _main(told: Sequence[Conversation]) -> str:
    lines = ["def main():", "    parser = argparse.ArgumentParser()"]
    for n, one in enumerate(told, 1):
        mark = _mark(n)
        lines.append(f'    parser.add_argument("--host{mark}", default={one.host!a})')
        lines.append(f'    parser.add_argument("--port{mark}", type=int, default={one.port})')
    lines.append("    given = parser.parse_args()")
    for n in range(1, len(told) + 1):
        mark = _mark(n).replace("-", "_")
        lines.append(f"    connection_{n}(given.host{mark}, given.port{mark})")
    return "\n".join([*lines, "", "", 'if __name__ == "__main__":', "    main()"])


def _mark(n: int) -> str:
    return "" if n == 1 else f"-{n}"


def _function(one: Conversation, number: int, words: Words, *, is_test: bool) -> str:
    """One connection, from its beginning to its end."""
    lines = [f"def {'test_' if is_test else ''}connection_{number}({'' if is_test else 'host, port'}):"]
    if is_test:
        mark = "" if number == 1 else f"_{number}"
        lines.append(f'host = os.environ.get("MAIL_HOST{mark}", {one.host!a})')
        lines.append(f'port = int(os.environ.get("MAIL_PORT{mark}", "{one.port}"))')
    lines += [f"# {words('export.script.torn')}"] if one.is_torn else []
    lines += _opened(one)
    tag = b""
    for at, said in enumerate(one.said):
        if said.turn.kind is Kind.COMMAND and said.turn.verb != "DONE":
            tag = (said.turn.said.split() or [b""])[0]
        lines += _said(one, said, tag, f"MAIL_LINE_{number}_{at + 1}")
        if said.begins_tls:
            lines.append(pieces.SECURE[one.protocol].format(name=ascii(one.name or one.host)))
    lines.append({"smtp": "server.close()", "pop3": "server.close()", "imap": "server.shutdown()"}[one.protocol])
    return "\n    ".join(lines) + "\n"


def _opened(one: Conversation) -> list[str]:
    """The connection, and the greeting."""
    name = ascii(one.name or one.host)
    code = _code(one.greeting)
    if one.protocol == "smtp":
        if not one.is_sealed:
            return ["server = smtplib.SMTP(timeout=TIMEOUT_S)", f"reply = heard(server.connect(host, port){code})"]
        return [
            "server = smtplib.SMTP_SSL(timeout=TIMEOUT_S, context=context())",
            f"server._host = {name}  # whose name its certificate must bear",
            f"reply = heard(server.connect(host, port){code})",
        ]
    if one.protocol == "pop3":
        if not one.is_sealed:
            return ["server = poplib.POP3(host, port, timeout=TIMEOUT_S)"]
        return [
            "class Pop3(poplib.POP3_SSL):",
            "    def _create_socket(self, timeout):",
            "        plain = poplib.POP3._create_socket(self, timeout)",
            f"        return self.context.wrap_socket(plain, server_hostname={name})",
            "",
            "server = Pop3(host, port, timeout=TIMEOUT_S, context=context())",
        ]
    if one.is_sealed:
        return [f"server = SealedImap(host, port, context(), {name})"]
    return ["server = Imap(host, port, timeout=TIMEOUT_S)"]


def _code(code: str) -> str:
    """The recorded code as a further argument, where there is one."""
    if not code:
        return ""
    return f", {int(code)}" if code.isdigit() and code.isascii() else f", {code!a}"


def _said(one: Conversation, said: Said, tag: bytes, wire: str) -> list[str]:
    """One turn, and what was answered."""
    turn = said.turn
    octets = _octets(said, one.user, wire)
    if not turn.is_answered:
        say = "server.sock.sendall" if one.protocol == "pop3" else "server.send"
        return [f"{say}({octets})"]
    code = _code(turn.answer.code if turn.answer is not None else "")
    if one.protocol == "smtp":
        if not said.mechanism and turn.kind is Kind.COMMAND and _PLAIN_LINE.fullmatch(turn.data):
            return [f"reply = heard(server.docmd({turn.data[:-2].decode()!a}){code})"]
        return [f"reply = heard(smtp(server, {octets}){code})"]
    if one.protocol == "pop3":
        lines = ", lines=True" if _has_lines(turn.verb, turn.said) else ""
        return [f"reply = heard(pop3(server, {octets}{lines}){code})"]
    return [f"reply = heard(imap(server, {octets}, {tag!r}){code})"]


def _has_lines(verb: str, said: bytes) -> bool:
    """Whether the answer has lines behind its status (RFC 1939 §3)."""
    return verb in _MANY or (verb in _MANY_ALONE and len(said.split()) == 1)


def _octets(said: Said, user: str, wire: str) -> str:
    """What is said, as an expression."""
    data, mechanism = said.turn.data, said.mechanism
    if not mechanism:
        lines = _LINE.findall(data)
        if len(lines) < 2:
            return repr(data)
        return "(\n        " + "\n        ".join(map(repr, lines)) + "\n    )"
    if mechanism == "LOGIN*":
        return _masked_login(said, user)
    end = repr(data[len(data.rstrip(b"\r\n")) :])
    who = f'os.environ.get("MAIL_USER", {user!a})'
    word = data.split()[-1] if data.split() else b""
    before = data.rstrip(b"\r\n").removesuffix(word)
    made = {
        ("PASS", 0): f"password({user!a})",
        ("APOP", 0): f"apop(server, {who})",
        ("PLAIN", 0): f"plain({who})",
        ("LOGIN", 0): f"base64.b64encode({who}.encode())",
        ("LOGIN", 1): f"base64.b64encode(password({who}))",
        ("CRAM-MD5", 0): f"cram_md5({who}, reply[1])",
        ("SCRAM-SHA-1", 0): f"scram_first({who})",
        ("SCRAM-SHA-1", 1): f'scram_final({who}, reply[1], "sha1")',
        ("SCRAM-SHA-256", 0): f"scram_first({who})",
        ("SCRAM-SHA-256", 1): f'scram_final({who}, reply[1], "sha256")',
        ("SCRAM-SHA-1", 2): "b''",
        ("SCRAM-SHA-256", 2): "b''",
    }.get((mechanism, said.step), f"wire({wire!a})")
    if mechanism == "APOP" or made.startswith("wire("):
        before = b""
    return " + ".join(filter(None, [repr(before) if before else "", made, end]))


def _masked_login(said: Said, user: str) -> str:
    """A LOGIN of IMAP's with the password in the place and in the form it had."""
    data, secret = said.turn.data, f"password({user!a})"
    parts: list[str] = []
    at = 0
    for found in _MASKED.finditer(data):
        parts.append(repr(data[at : found.start()]))
        at = found.end()
        if found[0].endswith(b"}\r\n"):
            parts.append(f'b"{{%d}}\\r\\n" % len({secret})' if _is_last(data, found) else repr(found[0]))
        elif found[0].startswith(b"{"):
            plus = (found[1] or b"").decode()
            parts.append(f'b"{{%d{plus}}}\\r\\n" % len({secret}) + {secret}')
        else:
            parts.append(secret if found.start() == 0 else f"quoted({secret}, {len(found[0])})")
    return " + ".join(part for part in [*parts, repr(data[at:])] if part != "b''")


def _is_last(data: bytes, found: re.Match[bytes]) -> bool:
    """Whether it announces the password: the name stands before it."""
    return found.end() == len(data) and len(data[: found.start()].split()) != len(("tag", "LOGIN"))
