"""The envelope beside the header: whom SMTP was told, and what the letter says. Nothing makes them agree.

Words for people: `mime.beside.KEY`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mailtutor.message.address import Address, parse_addresses
from mailtutor.message.encodings import decode_words, to_text
from mailtutor.message.headers import Header

RFC: Mapping[str, str] = {
    "from_agrees": "RFC 5321 §2.3.1",
    "from_differs": "RFC 5322 §3.6.2",
    "null_sender": "RFC 5321 §4.5.5",
    "hidden": "RFC 5322 §3.6.3",
    "not_here": "RFC 5322 §3.6.3",
    "bcc_left": "RFC 5322 §3.6.3",
    "reply_elsewhere": "RFC 5322 §3.6.2",
    "name_lies": "RFC 5322 §3.4",
    "path_differs": "RFC 5321 §4.4",
    "sender_field": "RFC 5322 §3.6.2",
}
# What a careful reader should look at twice.
SUSPICIOUS = frozenset({"from_differs", "reply_elsewhere", "name_lies", "path_differs"})
_LIMIT = 16 * 1024
_ADDRESS = re.compile(r"[^\s<>\"',;:()@]+@[^\s<>\"',;:()@]+\.[^\s<>\"',;:()@]+")


@dataclass(frozen=True, slots=True)
class Beside:
    """One thing to see. header, envelope: the two addresses it is about, "" where there is none; untrusted."""

    key: str
    header: str = ""
    envelope: str = ""


def beside(header: Header, sender: str | None, recipients: Collection[str] | None) -> tuple[Beside, ...]:
    """sender, recipients: of the envelope; None where they are not known. "" is the null sender."""
    return tuple(_all(header, sender, recipients))


def envelope_of(header: Header) -> tuple[str | None, tuple[str, ...] | None]:
    """What the last server wrote down of the envelope: Return-Path, and Delivered-To or X-Original-To."""
    path = header.get("Return-Path")
    sender = None if path is None else "".join(_spelled(parse_addresses(path[:_LIMIT])))
    to = [one for name in ("Delivered-To", "X-Original-To") for value in header.all(name) for one in _read(value)]
    return sender, tuple(dict.fromkeys(to)) or None


def _all(header: Header, sender: str | None, recipients: Collection[str] | None) -> Iterator[Beside]:
    authors = _addresses(header, "From")
    shown = ", ".join(authors)
    if sender is not None:
        if not sender:
            yield Beside("null_sender", shown)
        elif _fold(sender) in map(_fold, authors):
            yield Beside("from_agrees", shown, sender)
        else:
            yield Beside("from_differs", shown, sender)
        path = header.get("Return-Path")
        written = None if path is None else "".join(_read(path))
        if written is not None and _fold(written) != _fold(sender):
            yield Beside("path_differs", written, sender)
    for name in _addresses(header, "Sender"):
        if _fold(name) not in map(_fold, authors):
            yield Beside("sender_field", name, shown)
    named = [one for field in ("To", "Cc") for one in _addresses(header, field)]
    if recipients is not None:
        known = set(map(_fold, named))
        for one in recipients:
            if _fold(one) not in known:
                yield Beside("hidden", "", one)
        reached = set(map(_fold, recipients))
        for one in named:
            if _fold(one) not in reached:
                yield Beside("not_here", one)
    for one in _addresses(header, "Bcc"):
        yield Beside("bcc_left", one)
    domains = {_fold(one).rpartition("@")[2] for one in authors}
    for one in _addresses(header, "Reply-To"):
        if domains and _fold(one).rpartition("@")[2] not in domains:
            yield Beside("reply_elsewhere", one, shown)
    yield from _lies(header)


def _lies(header: Header) -> Iterator[Beside]:
    """A display name that looks like another address."""
    for value in header.all("From"):
        for one in parse_addresses(value[:_LIMIT]):
            found = _ADDRESS.search(decode_words(one.name or b""))
            real = "".join(_spelled((one,)))
            if found is not None and _fold(found[0]) != _fold(real):
                yield Beside("name_lies", found[0], real)


def _addresses(header: Header, name: str) -> list[str]:
    return [one for value in header.all(name) for one in _read(value)]


def _read(value: bytes) -> list[str]:
    return _spelled(parse_addresses(value[:_LIMIT]))


def _spelled(addresses: Collection[Address]) -> list[str]:
    return [
        f"{to_text(one.mailbox or b'', 'utf-8')}@{to_text(one.host, 'utf-8')}"
        for one in addresses
        if one.host
    ]  # fmt: skip


def _fold(address: str) -> str:
    """Domains are alike whatever their case; so are, nearly everywhere, local parts."""
    return address.strip().lower()
