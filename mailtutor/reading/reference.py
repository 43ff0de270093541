"""The reference: what a word of mail means, from the tables' rows and the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Command, Reply, Table, Wording
from mailtutor.text.catalogue import Words

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_CODE = re.compile(r"([2-5])([0-9])[0-9]")


@dataclass(frozen=True, slots=True)
class Page:
    """One meaning of a word.

    kind: "protocol", "command", "not-offered", "reply", "capability", "header", "code" or "enhanced". rfc: empty where
    the tables name none. facts: label key → text, in order; the labels are keys below `cli.label`.
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
    if protocol in ("", "smtp"):
        pages += _codes(word, say, known=any(page.kind == "reply" for page in pages))
    if not protocol:
        pages += _header(word, say)
    return pages


def _in_table(table: Table, word: str, say: Words) -> Iterator[Page]:
    upper = word.upper()
    if upper == table.protocol.upper():
        yield _protocol(table, say)
    if upper in table.not_offered:
        what = say("cli.explain.not_offered_what", verb=upper)
        yield Page("not-offered", table.protocol, upper, say("cli.explain.not_offered"), what, "")
    for verb, row in table.commands.items():
        if verb == upper:
            yield _command(table, row, say)
    for reply in table.replies.values():
        bracketed = reply.enhanced.upper() if not _ENHANCED.fullmatch(reply.enhanced) else ""
        if upper in (reply.code, reply.key.upper()) or (bracketed and upper.strip("[]") == bracketed.split(" ")[0]):
            yield _reply(table, reply, say)
    for name, rfc in table.capabilities.items():
        if name.upper() == upper and upper not in table.commands:
            what = say.get(f"{table.protocol}.capability.{name}.what")
            yield Page("capability", table.protocol, name, say("cli.label.capability"), what, rfc)


def _protocol(table: Table, say: Words) -> Page:
    rows = table.commands.values()
    listed = [f"{row.verb} · {say(f'{table.protocol}.command.{row.verb}.title')}  [{row.rfc}]" for row in rows]
    title = say(f"cli.explain.{table.protocol}")
    facts = (("commands", "\n".join(["", *listed])),)
    return Page("protocol", table.protocol, table.protocol.upper(), title, "", table.rfc, facts)


def _command(table: Table, row: Command, say: Words) -> Page:
    states = [_state(table, state, say) for state in table.states if row.verb in table.moves.get(state, {})]
    replies = dict.fromkeys(_wire(table.replies[key]) for key in row.replies if key in table.replies)
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


class _Blanks(dict[str, str]):
    """Stands in for the facts a reply is filled with: `{path}` shows as `<path>`."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def _wire(reply: Reply) -> str:
    enhanced = f" {reply.enhanced}" if _ENHANCED.fullmatch(reply.enhanced) else ""
    words = reply.words(Wording.EXTENDED, _Blanks())[0]
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
    enhanced = _ENHANCED.fullmatch(word)
    if enhanced is not None:
        kind, subject, detail = enhanced.groups()
        what = say.get(f"reply.enhanced.detail.{subject}.{detail}") or say("reply.enhanced.other")
        about = say.get(f"reply.enhanced.subject.{subject}") or say("reply.enhanced.other")
        result = say(f"reply.enhanced.class.{kind}")
        yield Page(
            "enhanced", "smtp", word, result, what, "RFC 3463",
            (("class", f"{kind}: {result}"), ("subject", f"{subject}: {about}"), ("detail", f"{detail}: {what}")),
        )  # fmt: skip


def _header(word: str, say: Words) -> Iterator[Page]:
    name = word.rstrip(":").lower()
    if f"header.{name}.what" in say:
        yield Page(
            "header", "message", say(f"header.{name}.name"), say("cli.label.header"), say(f"header.{name}.what"),
            say(f"header.{name}.rfc"),
        )  # fmt: skip
