"""Any bytes can be written, and come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import UsageError
from mailtutor.reading.escapes import meant, spelled


@given(st.binary(max_size=60))
def test_bytes_come_back_and_are_printable(raw: bytes) -> None:
    assert meant(spelled(raw)) == raw
    assert spelled(raw).isprintable()


def test_what_can_be_read_stands_as_it_is() -> None:
    assert spelled("a1 STORE 1 (\\Seen) 你\x00\r\n".encode()) == "a1 STORE 1 (\\\\Seen) 你\\x00\\r\\n"
    assert meant("\\xff\\x0A\\t") == b"\xff\n\t"
    assert meant("\\0bob\\0pickles") == b"\0bob\0pickles"


@pytest.mark.parametrize("text", ["\\", "a\\q", "\\x1", "\\xgg"])
def test_a_backslash_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="means nothing here"):
        meant(text)
