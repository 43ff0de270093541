"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house, its store closed in the end."""
    made = House(tmp_path)
    yield made
    made.database.close()
