"""The reference: what a word of mail means, from the tables' rows and the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.sasl.mechanisms import MECHANISMS
from mailtutor.protocols.smtp.parameters import BODIES
from mailtutor.protocols.smtp.table import CAPABILITIES
from mailtutor.protocols.spec import Command, Parameter, Reply, Table, Wording
from mailtutor.reading.explain import is_about_line
from mailtutor.reading.statuses import Status, status
from mailtutor.reading.terms import TERMS, terms_for
from mailtutor.text.catalogue import Words

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
# A command as people say it, by its verb.
_AS_WRITTEN = {"MAIL FROM": "MAIL", "RCPT TO": "RCPT"}
# What Received says a message came by (RFC 3848, RFC 6531 §4.3). "SMTP" alone is the protocol itself.
_TRANSMISSION = re.compile(r"(?:(ESMTP|LMTP)|(UTF8)(?:SMTP|LMTP))(S?)(A?)")
TRANSMISSIONS = tuple(
    f"{base}{secured}{login}"
    for base in ("ESMTP", "UTF8SMTP", "LMTP", "UTF8LMTP")
    for secured in ("", "S")
    for login in ("", "A")
)
_CODE = re.compile(r"([2-5])([0-5])[0-9]")
# Words that stand in lines of a protocol and are no rows of its table, by the group of the catalogue they are in.
_GROUPS = {
    "imap": (
        "item", "search", "status", "data", "code", "flag", "result", "sort", "modifier", "option", "attribute",
        "resource",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One meaning of a word.

    kind: "protocol", "command", "not-offered", "status" (what a reply's first word says by itself), "reply", "header",
    "code", "enhanced", "term", "fault" or "transmission" (how a message came, as Received says it); of what a server
    offers "extension" (SMTP) or "capability" (POP3, IMAP), and what comes with SMTP's: "parameter", "value", "method"
    and "limit"; a word of IMAP's lines: its group ("item", "search", "code", ...). rfc: empty where the tables name
    none.
    facts: label key → text, in order; the labels are keys below `cli.label`.
    """

    kind: str
    protocol: str
    word: str
    title: str
    what: str
    rfc: str
    facts: tuple[tuple[str, str], ...] = ()


def look_up(word: str, say: Words, protocol: str = "") -> list[Page]:
    """Every meaning of `word`, in one protocol or in all; none when it is not known."""
    pages: list[Page] = []
    for name, entry in PROTOCOLS.items():
        if protocol in ("", name):
            pages += _in_table(entry.table, word, say)
            pages += _in_lines(entry.table, word, say)
    if protocol in ("", "smtp"):
        pages += _codes(word, say, known=any(page.kind == "reply" for page in pages))
    if protocol in ("", "smtp"):
        pages += _transmission(word, say)
    if not protocol:
        pages += _header(word, say)
        pages += _terms(word, say)
        pages += _fault(word, say)
    return pages


def _in_table(table: Table, word: str, say: Words) -> Iterator[Page]:
    upper = _AS_WRITTEN.get(word.upper().rstrip(":"), word.upper())
    if upper == table.protocol.upper():
        yield _protocol(table, say)
    if upper in table.not_offered:
        what = say("cli.explain.not_offered_what", verb=upper)
        yield Page("not-offered", table.protocol, upper, say("cli.explain.not_offered"), what, "")
    for verb, row in table.commands.items():
        if verb == upper:
            yield _command(table, row, say)
    status = upper if f"reply.status.{upper}" in say else f"-{upper}"  # a shell takes -ERR for an option
    if any(reply.code == status for reply in table.replies.values()) and f"reply.status.{status}" in say:
        what = say(f"reply.status.{status}")
        yield Page("status", table.protocol, status, say("reply.status_word"), what, table.rfc)
    for reply in table.replies.values():
        bracketed = reply.enhanced.upper() if not _ENHANCED.fullmatch(reply.enhanced) else ""
        if (
            upper in (reply.code, reply.key.upper())
            or status == reply.code
            or (bracketed and upper.strip("[]") == bracketed.split(" ")[0])
        ):
            yield _reply(table, reply, say)
    # "SIZE=1000" is SIZE with a value; "AUTH=PLAIN" is IMAP's own name.
    named = {name.upper(): name for name in table.capabilities}
    name = named.get(upper) or named.get(upper.partition("=")[0], "")
    if name and (name not in table.commands or _parameters(table, name)):
        yield _capability(table, name, say)


def _in_lines(table: Table, word: str, say: Words) -> Iterator[Page]:
    """A word of a command's arguments or of an answer; `BODY[TEXT]` is `BODY[]`, `[CLOSED]` is CLOSED."""
    upper = word.upper().removeprefix("\\")
    upper = upper.strip("[]") if upper.startswith("[") else re.sub(r"\[.*", "[]", upper)
    for group in _GROUPS.get(table.protocol, ()):
        # BODY.PEEK is nothing without its brackets.
        for name in (upper, *([f"{upper}[]"] if f"{table.protocol}.{group}.{upper}.what" not in say else [])):
            what = say.get(f"{table.protocol}.{group}.{name}.what")
            if what:
                yield Page(group, table.protocol, name, say(f"{table.protocol}.word.{group}"), what, "")


def _protocol(table: Table, say: Words) -> Page:
    rows = table.commands.values()
    listed = [f"{row.verb} · {say(f'{table.protocol}.command.{row.verb}.title')}  [{row.rfc}]" for row in rows]
    title = say(f"cli.explain.{table.protocol}")
    facts = (("commands", "\n".join(["", *listed])),)
    return Page("protocol", table.protocol, table.protocol.upper(), title, "", table.rfc, facts)


def _command(table: Table, row: Command, say: Words) -> Page:
    states = [_state(table, state, say) for state in table.states if row.verb in table.moves.get(state, {})]
    known = [table.replies[key] for key in row.replies if key in table.replies]
    replies = dict.fromkeys(_wire(reply, row.verb) for reply in known if not is_about_line(reply.key))
    broken = dict.fromkeys(reply.code for reply in known if is_about_line(reply.key))
    if broken:
        replies[say("reply.line_errors", codes=", ".join(broken))] = None
    return Page(
        "command", table.protocol, row.verb,
        say(f"{table.protocol}.command.{row.verb}.title"), say(f"{table.protocol}.command.{row.verb}.what"), row.rfc,
        (
            ("syntax", row.syntax), ("example", row.example), ("states", ", ".join(states)),
            ("replies", "\n".join(replies)),
        ),
    )  # fmt: skip


def _state(table: Table, state: str, say: Words) -> str:
    return say.get(f"{table.protocol}.state.{state}.title") or table.state_names.get(state, state)


def _parameters(table: Table, name: str) -> list[Parameter]:
    return [rows[name] for rows in table.parameters.values() if name in rows]


def _capability(table: Table, name: str, say: Words) -> Page:
    """An extension, or what comes with one: a parameter, a value of one, a limit, a login method."""
    kind, title = _kind_of_capability(table, name, say)
    facts = []
    for row in _parameters(table, name):
        facts += [("syntax", f"{row.verb} … {row.syntax}"), ("of_extension", row.capability)]
    verbs = [verb for verb, row in table.commands.items() if row.capability == name]
    rows = [row for rows in table.parameters.values() for row in rows.values() if row.capability == name]
    if kind == "extension" and (verbs or rows):
        facts.append(("brings", ", ".join([*verbs, *(f"{row.syntax} ({row.verb})" for row in rows)])))
        facts = [fact for fact in facts if fact[0] == "brings"]
    what, rfc = say.get(f"{table.protocol}.capability.{name}.what"), table.capabilities[name]
    if kind == "parameter":
        rfc = _parameters(table, name)[0].rfc
    return Page(kind, table.protocol, name, title, what, rfc, tuple(facts))


def _kind_of_capability(table: Table, name: str, say: Words) -> tuple[str, str]:
    if table.protocol != "smtp":
        return "capability", say("cli.label.capability")
    if name in CAPABILITIES and name not in table.commands:
        return "extension", say("cli.label.extension")
    parameters = _parameters(table, name)
    if parameters:
        return "parameter", say("cli.label.parameter", verb=" / ".join(row.verb for row in parameters))
    if name in MECHANISMS:
        return "method", say("cli.label.method")
    if name in BODIES:
        return "value", say("cli.label.value", parameter="BODY")
    return "limit", say("cli.label.limit")


class _Blanks(dict[str, str]):
    """Stands in for the facts a reply is filled with: `{path}` shows as `<path>`."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def _wire(reply: Reply, verb: str = "…") -> str:
    """A reply's line, with the names of what is filled in. verb: the command it answers."""
    enhanced = f" {reply.enhanced}" if _ENHANCED.fullmatch(reply.enhanced) else ""
    words = reply.words(Wording.EXTENDED, _Blanks(verb=verb))[0]
    return f"{reply.code}{enhanced} {words}".strip()


def _reply(table: Table, reply: Reply, say: Words) -> Page:
    verbs = [verb for verb, row in table.commands.items() if reply.key in row.replies]
    return Page(
        "reply", table.protocol, reply.code, _wire(reply), say.get(f"{table.protocol}.reply.{reply.key}.what"),
        table.rfc,
        (("answers", ", ".join(verbs)),) if verbs else (),
    )  # fmt: skip


def _codes(word: str, say: Words, *, known: bool) -> Iterator[Page]:
    """Any code of the form the standard gives, also one our own servers never say."""
    code = _CODE.fullmatch(word)
    if code is not None:
        first, second = say(f"reply.first.{code[1]}"), say.get(f"reply.second.{code[2]}")
        named = say.get(f"code.{word}")
        if named or not known:
            yield Page(
                "code", "smtp", word, first, named or say("cli.explain.unlisted"), "RFC 5321 §4.2",
                (("first_digit", f"{code[1]}: {first}"), ("second_digit", f"{code[2]}: {second or '-'}")),
            )  # fmt: skip
    found = status(word, say)
    if found is not None:
        yield _enhanced(found)


def _enhanced(found: Status) -> Page:
    kind, subject, *detail = found.code.split(".")
    facts = [("class", f"{kind}: {found.result}"), ("subject", f"{subject}: {found.about}")]
    if found.detail:
        facts.append(("detail", f"{detail[0]}: {found.detail}"))
    said = [_wire(reply) for reply in PROTOCOLS["smtp"].table.replies.values() if reply.enhanced == found.code]
    if said:
        facts.append(("said_with", "\n".join(["", *said])))
    return Page("enhanced", "smtp", found.code, found.result, found.detail or found.about, found.rfc, tuple(facts))


def _transmission(word: str, say: Words) -> Iterator[Page]:
    found = _TRANSMISSION.fullmatch(word.upper())
    if found is None:
        return
    base, utf8, secured, login = found.groups()
    name = base or ("LMTP" if "LMTP" in word.upper() else "ESMTP")
    letters = (("utf8", utf8), ("secured", secured), ("login", login))
    yield Page(
        "transmission", "smtp", word.upper(), say("cli.transmission.title"), say(f"cli.transmission.{name}"),
        "RFC 6531 §4.3" if utf8 else "RFC 3848",
        tuple((f"transmission_{label}", say(f"cli.transmission.{label}")) for label, letter in letters if letter),
    )  # fmt: skip


def _terms(word: str, say: Words) -> Iterator[Page]:
    for term in terms_for(word):
        also = say.get(f"term.{term}.also")
        yield Page(
            "term", "mail", say(f"term.{term}.name"), say("cli.label.term"), say(f"term.{term}.what"), TERMS[term],
            (("also", also),) if also else (),
        )  # fmt: skip


def _fault(word: str, say: Words) -> Iterator[Page]:
    """What can be broken on purpose: the catalogue has words for every kind."""
    kind = word.lower().replace(" ", "-").replace("_", "-")
    if f"fault.{kind}.title" in say:
        what = f"{say(f'fault.{kind}.title')}. {say(f'fault.{kind}.what')}"
        yield Page("fault", "lab", kind, say("cli.label.fault"), what, "")


def _header(word: str, say: Words) -> Iterator[Page]:
    name = word.rstrip(":").lower()
    if f"header.{name}.what" in say:
        yield Page(
            "header", "message", say(f"header.{name}.name"), say("cli.label.header"), say(f"header.{name}.what"),
            say(f"header.{name}.rfc"),
        )  # fmt: skip
