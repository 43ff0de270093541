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
from mailtutor.protocols.imap.search import parse_charset, parse_keys, parse_returns
from mailtutor.protocols.imap.sequence import STAR, SequenceSet, parse_sequence
from mailtutor.protocols.imap.sort import parse_criteria
from mailtutor.protocols.imap.tokens import LIST_ATOM, Cursor, as_text

STATUS_ITEMS = (
    "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "SIZE", "HIGHESTMODSEQ", "DELETED",
    "DELETED-STORAGE",
)  # fmt: skip
# What LIST may ask for in front of the reference, and after RETURN (RFC 5258 §3, RFC 6154, RFC 5819).
SELECTION_OPTIONS = ("SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE")
RETURN_OPTIONS = ("SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS")
SPECIAL_USES = ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")
STORE_ACTIONS = {b"+": "add", b"-": "remove", b"": "set"}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}|=")
_ID_PAIRS = 30
_PATTERNS = 20
_UID = FetchItem("UID")
_MODSEQ = FetchItem("MODSEQ")


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
        return raw.decode() if cursor.utf8 and not _has_controls(raw) else decode_name(raw)
    except (MailboxNameError, UnicodeDecodeError):
        cursor.at = start
        cursor.fail("mailbox", "mailbox_name", "NO.bad_name")


def _has_controls(raw: bytes) -> bool:
    return any(octet < 0x20 or octet == 0x7F for octet in raw)


starttls = partial(alone, events.TlsAsked, "starttls")


def enable(data: bytes) -> events.EnableAsked:
    """`ENABLE 1*(SP capability)` (RFC 5161 §4)."""
    cursor = Cursor(data)
    names: list[str] = []
    while not names or (cursor.sees(b" ") and cursor.data[cursor.at :].strip(b" ")):
        cursor.space("enable", "capability")
        names.append(cursor.atom("capability", "capability"))
    cursor.end("enable")
    return events.EnableAsked(tuple(names))


def getquota(data: bytes) -> events.QuotaAsked:
    """`GETQUOTA SP quota-root-name` (RFC 9208 §7)."""
    cursor = Cursor(data)
    cursor.space("getquota", "quota_root")
    root = as_text(cursor.astring("quota-root-name", "quota_root"))
    cursor.end("getquota")
    return events.QuotaAsked(root)


def getquotaroot(data: bytes) -> events.QuotaRootAsked:
    """`GETQUOTAROOT SP mailbox` (RFC 9208 §7)."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.end("getquotaroot")
    return events.QuotaRootAsked(mailbox)


def login(data: bytes) -> events.LoginGiven:
    """`LOGIN SP userid SP password`."""
    cursor = Cursor(data)
    cursor.space("login", "user")
    user = cursor.astring("userid", "user")
    cursor.space("login", "password")
    password = cursor.astring("password", "password")
    cursor.end("login")
    return events.LoginGiven(as_text(user), as_text(password))


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
    """`SELECT SP mailbox [SP "(" "CONDSTORE" / "QRESYNC" SP "(" … ")" ")"]` (RFC 7162 §7)."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    condstore, resync = False, None
    if cursor.word(b" ("):
        cursor.at -= 1
        found = cursor.listed("select-params", lambda: _select_parameter(cursor))
        condstore = None in found
        resync = next((one for one in found if one is not None), None)
    cursor.end("examine" if read_only else "select")
    return events.SelectAsked(mailbox, read_only, condstore, resync)


def _select_parameter(cursor: Cursor) -> events.Resync | None:
    """What QRESYNC carries; None for CONDSTORE."""
    if cursor.word(b"CONDSTORE"):
        return None
    cursor.need(b"QRESYNC", "select-param", "select_parameter")
    cursor.space("select-param", "resync")
    cursor.need(b"(", "select-param-value", "resync")
    validity = cursor.number("uidvalidity", at_least=1)
    cursor.space("select-param-value", "modseq")
    modseq = cursor.modseq("mod-sequence-value")
    if not modseq:
        cursor.fail("mod-sequence-value", "modseq")
    known = matched = None
    if cursor.word(b" "):
        if not cursor.sees(b"("):
            known = _known(cursor)
        if known is None or cursor.word(b" "):
            cursor.need(b"(", "seq-match-data", "resync")
            numbers = _known(cursor)
            cursor.space("seq-match-data", "sequence_set")
            matched = numbers, _known(cursor)
            cursor.need(b")", "seq-match-data", "close_parenthesis")
    cursor.need(b")", "select-param-value", "close_parenthesis")
    return events.Resync(validity, modseq, known, matched)


def _known(cursor: Cursor) -> SequenceSet:
    """A set without `*`: the client knows what it knows (RFC 7162 §7, known-uids)."""
    start = cursor.at
    found = parse_sequence(cursor)
    if found.saved or any(STAR in pair for pair in found.ranges):
        cursor.at = start
        cursor.fail("known-uids", "known_uids")
    return found


def examine(data: bytes) -> events.SelectAsked:
    """`EXAMINE SP mailbox`."""
    return select(data, read_only=True)


def create(data: bytes) -> events.CreateAsked:
    """`CREATE SP mailbox [SP "(" "USE" SP "(" use *(SP use) ")" ")"]` (RFC 6154 §6)."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    use: tuple[str, ...] = ()
    if cursor.word(b" ("):
        cursor.need(b"USE", "create-param", "create_use")
        cursor.space("create-param", "special_use")
        use = cursor.listed("use-attr", lambda: _special_use(cursor), may_be_empty=True)
        cursor.need(b")", "create-params", "close_parenthesis")
    cursor.end("create")
    return events.CreateAsked(mailbox, use)


def _special_use(cursor: Cursor) -> str:
    cursor.need(b"\\", "use-attr", "special_use")
    name = "\\" + cursor.atom("use-attr", "special_use")
    return next((use for use in SPECIAL_USES if use.upper() == name.upper()), name)


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


def list_(data: bytes) -> events.ListAsked:
    """`LIST [SP selection] SP mailbox SP (list-mailbox / patterns) [SP "RETURN" SP "(" … ")"]` (RFC 5258 §6)."""
    cursor = Cursor(data)
    cursor.space("list", "reference")
    selection = None
    if cursor.sees(b"("):
        selection = frozenset(cursor.listed("list-select-opts", lambda: _selection(cursor), may_be_empty=True))
        if selection and selection <= {"RECURSIVEMATCH", "REMOTE"} and "RECURSIVEMATCH" in selection:
            cursor.fail("list-select-opts", "recursive_match")
        cursor.space("list", "reference")
    start = cursor.at
    reference = _decoded(cursor, start, cursor.astring("mailbox", "reference"))
    cursor.space("list", "pattern")
    several = cursor.sees(b"(")
    patterns = cursor.listed("patterns", lambda: _pattern(cursor)) if several else (_pattern(cursor),)
    if len(patterns) > _PATTERNS:
        cursor.fail("patterns", "pattern")
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    returning = cursor.word(b" RETURN ")
    if returning:
        found = cursor.listed("list-return-opts", lambda: _return_option(cursor), may_be_empty=True)
        returns = frozenset(name for name, _ in found)
        status = tuple(dict.fromkeys(item for _, items in found for item in items))
    cursor.end("list")
    extended = selection is not None or several or returning
    return events.ListAsked(reference, patterns, False, extended, selection or frozenset(), returns, status)


def lsub(data: bytes) -> events.ListAsked:
    """`LSUB SP mailbox SP list-mailbox`."""
    cursor = Cursor(data)
    cursor.space("lsub", "reference")
    start = cursor.at
    reference = _decoded(cursor, start, cursor.astring("mailbox", "reference"))
    cursor.space("lsub", "pattern")
    pattern = _pattern(cursor)
    cursor.end("lsub")
    return events.ListAsked(reference, (pattern,), subscribed=True)


def _pattern(cursor: Cursor) -> str:
    start = cursor.at
    written = cursor.match(LIST_ATOM)
    return _decoded(cursor, start, cursor.string("list-mailbox", "pattern") if written is None else written)


def _selection(cursor: Cursor) -> str:
    start = cursor.at
    name = cursor.atom("list-select-opt", "list_selection").upper()
    if name not in SELECTION_OPTIONS:
        cursor.at = start
        cursor.fail("list-select-opt", "list_selection")
    return name


def _return_option(cursor: Cursor) -> tuple[str, tuple[str, ...]]:
    """A word of RETURN_OPTIONS, and the items of STATUS."""
    start = cursor.at
    name = cursor.atom("return-option", "list_return").upper()
    if name not in RETURN_OPTIONS:
        cursor.at = start
        cursor.fail("return-option", "list_return")
    if name != "STATUS":
        return name, ()
    cursor.space("status-option", "open_parenthesis")
    return name, cursor.listed("status-option", lambda: _status_item(cursor))


def _status_item(cursor: Cursor) -> str:
    start = cursor.at
    name = cursor.atom("status-att", "status_item").upper()
    if name not in STATUS_ITEMS:
        cursor.at = start
        cursor.fail("status-att", "status_item")
    return name


def status(data: bytes) -> events.StatusAsked:
    """`STATUS SP mailbox SP "(" status-att *(SP status-att) ")"`."""
    cursor = Cursor(data)
    mailbox = _mailbox(cursor)
    cursor.space("status", "open_parenthesis")
    items = cursor.listed("status", lambda: _status_item(cursor))
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
    utf8 = cursor.word(b"UTF8 (")
    binary = cursor.sees(b"~")
    if utf8 and not binary:
        cursor.fail("utf8-literal", "literal8")
    content = cursor.literal(is_message=True)
    if utf8:
        cursor.need(b")", "append-data-ext", "close_parenthesis")
    cursor.end("append")
    return events.AppendAsked(mailbox, flags, arrived, content, binary, utf8)


def search(data: bytes, *, by_uid: bool = False) -> events.SearchAsked:
    """`SEARCH [SP "RETURN" SP "(" … ")"] [SP "CHARSET" SP astring] 1*(SP search-key)` (RFC 4731 §4)."""
    cursor = Cursor(data)
    cursor.space("search", "search_key")
    returns = parse_returns(cursor)
    saves = returns is not None and "SAVE" in returns
    charset = parse_charset(cursor, may_be_unknown=saves) if cursor.word(b"CHARSET ") else ""
    key = parse_keys(cursor)
    cursor.end("search")
    return events.SearchAsked(key, by_uid, returns, charset=charset)


def sort(data: bytes, *, by_uid: bool = False) -> events.SearchAsked:
    """`SORT SP sort-criteria SP charset 1*(SP search-key)` (RFC 5256 §5)."""
    cursor = Cursor(data)
    cursor.space("sort", "sort_criterion")
    criteria = parse_criteria(cursor)
    cursor.space("sort", "charset")
    charset = parse_charset(cursor)
    key = parse_keys(cursor)
    cursor.end("sort")
    return events.SearchAsked(key, by_uid, None, criteria, charset)


def fetch(data: bytes, *, by_uid: bool = False) -> events.FetchAsked:
    """`FETCH SP sequence-set SP items`. UID FETCH gives the UID whether it was asked for or not (§6.4.8)."""
    cursor = Cursor(data)
    cursor.space("fetch", "sequence_set")
    messages = parse_sequence(cursor)
    cursor.space("fetch", "fetch_item")
    items = parse_items(cursor)
    changed_since, vanished = _fetch_modifiers(cursor, by_uid=by_uid)
    cursor.end("fetch")
    if by_uid and _UID not in items:
        items = (_UID, *items)
    if changed_since is not None and _MODSEQ not in items:
        # Whoever asks what has changed is told how far (RFC 7162 §3.1.4.1).
        items = (*items, _MODSEQ)
    return events.FetchAsked(messages, items, by_uid, changed_since, vanished)


def _fetch_modifiers(cursor: Cursor, *, by_uid: bool) -> tuple[int | None, bool]:
    """`[SP "(" "CHANGEDSINCE" SP mod-sequence-value [SP "VANISHED"] ")"]` (RFC 7162 §7)."""
    if not cursor.word(b" ("):
        return None, False
    changed_since, vanished = None, False
    while True:
        if cursor.word(b"CHANGEDSINCE "):
            changed_since = cursor.modseq("mod-sequence-value")
        elif cursor.word(b"VANISHED"):
            vanished = True
        else:
            cursor.fail("fetch-modifier", "fetch_modifier")
        if not cursor.word(b" "):
            break
    if vanished and (changed_since is None or not by_uid):
        cursor.fail("rexpunges-fetch-mod", "vanished")
    cursor.need(b")", "fetch-modifiers", "close_parenthesis")
    return changed_since, vanished


def store(data: bytes, *, by_uid: bool = False) -> events.StoreAsked:
    """`STORE SP sequence-set SP ["+" / "-"] "FLAGS" [".SILENT"] SP (flag-list / flag *(SP flag))`."""
    cursor = Cursor(data)
    cursor.space("store", "sequence_set")
    messages = parse_sequence(cursor)
    cursor.space("store", "store_action")
    unchanged_since = None
    if cursor.word(b"("):
        cursor.need(b"UNCHANGEDSINCE ", "store-modifier", "store_modifier")
        unchanged_since = cursor.modseq("mod-sequence-valzer")
        cursor.need(b")", "store-modifiers", "close_parenthesis")
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
    return events.StoreAsked(messages, STORE_ACTIONS[sign], flags, silent, by_uid, unchanged_since)


def copy(data: bytes, *, by_uid: bool = False, move: bool = False) -> events.CopyAsked:
    """`COPY SP sequence-set SP mailbox`, or MOVE (RFC 6851 §5)."""
    cursor = Cursor(data)
    cursor.space("copy", "sequence_set")
    messages = parse_sequence(cursor)
    mailbox = _mailbox(cursor)
    cursor.end("move" if move else "copy")
    return events.CopyAsked(messages, mailbox, by_uid, move)


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
move = partial(copy, move=True)
uid_move = partial(copy, by_uid=True, move=True)
uid_sort = partial(sort, by_uid=True)
