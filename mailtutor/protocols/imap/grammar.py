"""The arguments of IMAP commands (RFC 3501 §9 and the RFCs of the extensions).

Each parser gets the bytes after the verb, literals included, and gives an event. It raises GrammarError at the place
where the line stops making sense, or LiteralAwaited where the line ends by announcing a literal (tokens.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from mailtutor.protocols.imap import events
from mailtutor.protocols.imap.fetch import FetchItem, parse_items
from mailtutor.protocols.imap.flags import parse_flag, parse_flag_list
from mailtutor.protocols.imap.mailbox import MailboxNameError, decode_name, normal
from mailtutor.protocols.imap.search import parse_search
from mailtutor.protocols.imap.sequence import parse_sequence
from mailtutor.protocols.imap.tokens import LIST_ATOM, Cursor, as_text

STATUS_ITEMS = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")
STORE_ACTIONS = {b"+": "add", b"-": "remove", b"": "set"}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}|=")
_ID_PAIRS = 30


def alone(event: Callable[[], object], rule: str, data: bytes) -> object:
    """A command that takes nothing."""
    Cursor(data).end(rule)
    return event()


capability = partial(alone, events.CapabilityAsked, "command-any")
noop = partial(alone, events.Polled, "command-any")
logout = partial(alone, events.LogoutAsked, "command-any")
check = partial(alone, events.Polled, "command-select")
close = partial(alone, partial(events.CloseAsked, expunge=True), "command-select")
unselect = partial(alone, partial(events.CloseAsked, expunge=False), "command-select")
expunge = partial(alone, events.ExpungeAsked, "command-select")
idle = partial(alone, events.IdleBegun, "idle")
namespace = partial(alone, events.NamespaceAsked, "namespace")
done = partial(alone, partial(events.IdleEnded, "OK.idle"), "idle")


def _mailbox(cursor: Cursor) -> str:
    """SP mailbox, as text."""
    cursor.space("mailbox", "mailbox")
    start = cursor.at
    return normal(_decoded(cursor, start, cursor.astring("mailbox", "mailbox")))


def _decoded(cursor: Cursor, start: int, raw: bytes) -> str:
    """A name that is not modified UTF-7 names nothing: refused with NO, at the place where it started."""
    try:
        return decode_name(raw)
    except MailboxNameError:
        cursor.at = start
        cursor.fail("mailbox", "mailbox_name", "NO.bad_name")


def login(data: bytes) -> events.LoginAttempted:
    """`LOGIN SP userid SP password`."""
    cursor = Cursor(data)
    cursor.space("login", "user")
    user = cursor.astring("userid", "user")
    cursor.space("login", "password")
    password = cursor.astring("password", "password")
    cursor.end("login")
    return events.LoginAttempted("LOGIN", as_text(user), as_text(password))


def authenticate(data: bytes) -> events.AuthenticateBegun:
    """`AUTHENTICATE SP auth-type [SP (base64 / "=")]` (RFC 4959 §3)."""
    cursor = Cursor(data)
    cursor.space("authenticate", "mechanism")
    mechanism = cursor.atom("auth-type", "mechanism").upper()
    initial = None
    if not cursor.at_end:
        cursor.space("initial-resp", "base64")
        initial = cursor.match(_BASE64)
        if initial is None:
            cursor.fail("initial-resp", "base64")
    cursor.end("authenticate")
    return events.AuthenticateBegun(mechanism, initial)


def id_(data: bytes) -> events.IdGiven:
    """`ID SP ("(" *(string SP nstring) ")" / "NIL")` (RFC 2971 §3)."""
    cursor = Cursor(data)
    cursor.space("id", "id_list")
    if cursor.word(b"NIL"):
        cursor.end("id")
        return events.IdGiven({})

    def word() -> str:
        return "" if cursor.word(b"NIL") else as_text(cursor.string("id-params-list", "string"))

    words = cursor.listed("id-params-list", word, may_be_empty=True)
    cursor.end("id")
    if len(words) % 2 or len(words) > 2 * _ID_PAIRS:
        cursor.fail("id-params-list", "id_list")
    return events.IdGiven(dict(zip(words[::2], words[1::2], strict=True)))


def select(data: bytes, *, read_only: bool = False) -> events.SelectAsked:
    """`SELECT SP mailbox`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.end("examine" if read_only else "select")
    return events.SelectAsked(mailbox, read_only)


def examine(data: bytes) -> events.SelectAsked:
    """`EXAMINE SP mailbox`."""
    return select(data, read_only=True)


def create(data: bytes) -> events.CreateAsked:
    """`CREATE SP mailbox`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.end("create")
    return events.CreateAsked(mailbox)


def delete(data: bytes) -> events.DeleteAsked:
    """`DELETE SP mailbox`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.end("delete")
    return events.DeleteAsked(mailbox)


def rename(data: bytes) -> events.RenameAsked:
    """`RENAME SP mailbox SP mailbox`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    new_name = _mailbox(cursor)
    cursor.end("rename")
    return events.RenameAsked(mailbox, new_name)


def subscribe(data: bytes, *, subscribed: bool = True) -> events.SubscribeAsked:
    """`SUBSCRIBE SP mailbox`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.end("subscribe" if subscribed else "unsubscribe")
    return events.SubscribeAsked(mailbox, subscribed)


def unsubscribe(data: bytes) -> events.SubscribeAsked:
    """`UNSUBSCRIBE SP mailbox`."""
    return subscribe(data, subscribed=False)


def list_(data: bytes, *, subscribed: bool = False) -> events.ListAsked:
    """`LIST SP mailbox SP list-mailbox`."""
    cursor = Cursor(data)
    rule = "lsub" if subscribed else "list"
    cursor.space(rule, "reference")
    start = cursor.at
    reference = _decoded(cursor, start, cursor.astring("mailbox", "reference"))
    cursor.space(rule, "pattern")
    start = cursor.at
    written = cursor.match(LIST_ATOM)
    pattern = _decoded(cursor, start, cursor.string("list-mailbox", "pattern") if written is None else written)
    cursor.end(rule)
    return events.ListAsked(reference, pattern, subscribed)


def lsub(data: bytes) -> events.ListAsked:
    """`LSUB SP mailbox SP list-mailbox`."""
    return list_(data, subscribed=True)


def status(data: bytes) -> events.StatusAsked:
    """`STATUS SP mailbox SP "(" status-att *(SP status-att) ")"`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.space("status", "open_parenthesis")

    def item() -> str:
        start = cursor.at
        name = cursor.atom("status-att", "status_item").upper()
        if name not in STATUS_ITEMS:
            cursor.at = start
            cursor.fail("status-att", "status_item")
        return name

    items = cursor.listed("status", item)
    cursor.end("status")
    return events.StatusAsked(mailbox, tuple(dict.fromkeys(items)))


def append(data: bytes) -> events.AppendAsked:
    """`APPEND SP mailbox [SP flag-list] [SP date-time] SP literal`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.space("append", "literal")
    flags = frozenset[str]()
    if cursor.sees(b"("):
        flags = parse_flag_list(cursor)
        cursor.space("append", "literal")
    arrived = None
    if cursor.sees(b'"'):
        arrived = cursor.date_time()
        cursor.space("append", "literal")
    content = cursor.literal(is_message=True)
    cursor.end("append")
    return events.AppendAsked(mailbox, flags, arrived, content)


def search(data: bytes, *, by_uid: bool = False) -> events.SearchAsked:
    """`SEARCH [SP "CHARSET" SP astring] 1*(SP search-key)`."""
    cursor = Cursor(data)
    cursor.space("search", "search_key")
    key = parse_search(cursor)
    cursor.end("search")
    return events.SearchAsked(key, by_uid)


def fetch(data: bytes, *, by_uid: bool = False) -> events.FetchAsked:
    """`FETCH SP sequence-set SP items`. UID FETCH gives the UID whether it was asked for or not (§6.4.8)."""
    cursor = Cursor(data)
    cursor.space("fetch", "sequence_set")
    messages = parse_sequence(cursor)
    cursor.space("fetch", "fetch_item")
    items = parse_items(cursor)
    cursor.end("fetch")
    uid = FetchItem("UID")
    if by_uid and uid not in items:
        items = (uid, *items)
    return events.FetchAsked(messages, items, by_uid)


def store(data: bytes, *, by_uid: bool = False) -> events.StoreAsked:
    """`STORE SP sequence-set SP ["+" / "-"] "FLAGS" [".SILENT"] SP (flag-list / flag *(SP flag))`."""
    cursor = Cursor(data)
    cursor.space("store", "sequence_set")
    messages = parse_sequence(cursor)
    cursor.space("store", "store_action")
    sign = cursor.match(re.compile(rb"[+-]")) or b""
    cursor.need(b"FLAGS", "store-att-flags", "store_action")
    silent = cursor.word(b".SILENT")
    cursor.space("store-att-flags", "flag")
    if cursor.sees(b"("):
        flags = parse_flag_list(cursor)
    else:
        found = [parse_flag(cursor)]
        while cursor.word(b" ") and not cursor.at_end:
            found.append(parse_flag(cursor))
        flags = frozenset(found)
    cursor.end("store")
    return events.StoreAsked(messages, STORE_ACTIONS[sign], flags, silent, by_uid)


def copy(data: bytes, *, by_uid: bool = False) -> events.CopyAsked:
    """`COPY SP sequence-set SP mailbox`."""
    cursor = Cursor(data)
    cursor.space("copy", "sequence_set")
    messages = parse_sequence(cursor)
    mailbox = _mailbox(cursor)
    cursor.end("copy")
    return events.CopyAsked(messages, mailbox, by_uid)


def uid_expunge(data: bytes) -> events.ExpungeAsked:
    """`UID EXPUNGE SP sequence-set` (RFC 4315 §4)."""
    cursor = Cursor(data)
    cursor.space("uid-expunge", "sequence_set")
    messages = parse_sequence(cursor)
    cursor.end("uid-expunge")
    return events.ExpungeAsked(messages)


uid_search = partial(search, by_uid=True)
uid_fetch = partial(fetch, by_uid=True)
uid_store = partial(store, by_uid=True)
uid_copy = partial(copy, by_uid=True)
