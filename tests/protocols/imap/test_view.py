"""Message numbers of one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.imap.flags import Flags
from mailtutor.protocols.imap.sequence import SequenceSet, compressed, parse_sequence
from mailtutor.protocols.imap.tokens import Cursor
from mailtutor.protocols.imap.view import FlagsChanged, Gone, Grown, Notice, View

SEEN = frozenset({"\\Seen"})
NONE: Flags = frozenset()


def rows(*uids: int) -> dict[int, Flags]:
    return dict.fromkeys(uids, NONE)


@dataclass(frozen=True)
class Row:
    flags: Flags
    modseq: int = 1


def kept(flags: Mapping[int, Flags]) -> dict[int, Row]:
    return {uid: Row(one) for uid, one in flags.items()}


def view_of(flags: Mapping[int, Flags], recent: Sequence[int] = ()) -> View:
    return View(sorted(flags), kept(flags), recent)


def refreshed(
    view: View, now: Mapping[int, Flags], gone: Sequence[int] = (), recent: Sequence[int] = ()
) -> list[Notice]:
    """The mailbox is `now` what is said, and any of it may have changed; what is not in `gone` and not there either is
    gone, and may not be told yet."""
    rows = {uid: row for uid, row in kept(now).items() if uid not in gone}
    return view.refresh(sorted(rows), rows, tuple(rows), gone, recent)


def sequence(text: str) -> SequenceSet:
    return parse_sequence(Cursor(text.encode()))


@pytest.mark.parametrize(
    ("text", "by_uid", "picked"),
    [
        ("1", False, [(1, 3)]),
        ("2:*", False, [(2, 5), (3, 9)]),
        ("*", False, [(3, 9)]),
        ("*:2,2,3:1", False, [(1, 3), (2, 5), (3, 9)]),
        ("5", True, [(2, 5)]),
        ("4:6,100", True, [(2, 5)]),
        ("100:*", True, [(3, 9)]),
        ("1,2", True, []),
    ],
)
def test_picking(text: str, picked: list[tuple[int, int]], *, by_uid: bool) -> None:
    assert view_of(rows(3, 5, 9)).pick(sequence(text), by_uid=by_uid) == picked


@pytest.mark.parametrize("text", ["4", "1:4", "9,1"])
def test_a_number_that_is_not_there(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as wrong:
        view_of(rows(3, 5, 9)).pick(sequence(text), by_uid=False)
    assert wrong.value.reply == "BAD.no_such_message"


def test_what_a_session_knows_of_its_mailbox() -> None:
    view = view_of({3: SEEN, 5: NONE}, recent=[5, 6])
    assert (len(view), view.largest_uid, view.number(5), view.number(4)) == (2, 5, 2, 0)
    assert view.shown(5, NONE) == {"\\Recent"}
    assert view_of({}).largest_uid == 0


def test_news_come_in_the_order_they_have_to_be_said() -> None:
    view = view_of(rows(3, 5, 9))
    assert refreshed(view, {5: SEEN, 10: NONE}, gone=[3, 9], recent=[10]) == [
        Gone(1, 3),
        Gone(2, 9),
        Grown(2, 1),
        FlagsChanged(1, 5, SEEN),
    ]
    assert refreshed(view, {5: SEEN, 10: NONE}, gone=[3, 9]) == []


def test_what_is_gone_stays_until_it_may_be_told() -> None:
    view = view_of(rows(3, 5))
    assert refreshed(view, {5: SEEN}) == [FlagsChanged(2, 5, SEEN)]
    assert (len(view), view.number(3)) == (2, 1)
    assert refreshed(view, {5: SEEN}, gone=[3]) == [Gone(1, 3)]


def test_what_the_client_was_told_is_no_news() -> None:
    view = view_of(rows(3), recent=[3])
    assert view.told(3, SEEN) == {"\\Seen", "\\Recent"}
    assert refreshed(view, {3: SEEN}) == []


MAILBOX = st.dictionaries(st.integers(1, 40), st.sampled_from([NONE, SEEN]), max_size=20)


@given(MAILBOX, st.lists(st.tuples(MAILBOX, st.booleans()), max_size=5))
def test_a_client_that_counts_along_agrees(
    start: Mapping[int, Flags], steps: list[tuple[dict[int, Flags], bool]]
) -> None:
    view = view_of(start)
    count, flags = len(view), [view.known(uid) for uid in view.uids]
    highest = max(start, default=0)
    for step, may_expunge in steps:
        # UIDs are never used again: what comes new is above all that was.
        now = {uid if uid in view.rows else uid + highest: value for uid, value in step.items()}
        highest = max([highest, *now])
        gone = [uid for uid in view.uids if uid not in now] if may_expunge else []
        for notice in refreshed(view, now, gone):
            if isinstance(notice, Gone):
                count -= 1
                del flags[notice.number - 1]
            elif isinstance(notice, Grown):
                flags += [view.known(uid) for uid in view.uids[count:]]
                count = notice.exists
            else:
                flags[notice.number - 1] = notice.flags
        assert count == len(view)
        assert flags == [view.known(uid) for uid in view.uids]
        if may_expunge:
            assert dict(zip(view.uids, flags, strict=True)) == now


@pytest.mark.parametrize("text", ["1", "*", "1:*", "2:4,7,9:*", "*:3"])
def test_a_set_is_written_as_it_was_read(text: str) -> None:
    assert str(sequence(text)) == text


def test_numbers_are_written_as_ranges() -> None:
    assert str(compressed([1, 2, 3, 7, 9, 10])) == "1:3,7,9:10"
