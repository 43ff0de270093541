"""A session for tests whose screen needs a real lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.session import Session


@pytest.fixture
def session() -> Iterator[Session]:
    """Without a lab; the screen starts one, which ends with the test."""
    session = Session()
    yield session
    session.stop()
