"""What has left a log's memory is read back from the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.store.archive import STRIDE, Archive
from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.trace.log import Log


def _event(number: int) -> AnyEvent:
    kind = FromServer if number % 2 else FromClient
    return kind(t=number / 10, at=1e9 + number, conn=1, data=b"\xff\0 line %d\r\n" % number)


@pytest.fixture
def log() -> Log:
    """A log that remembers a handful of events."""
    return Log(keep_bytes=4000)


@pytest.fixture
def archive(log: Log, tmp_path: Path) -> Iterator[Archive]:
    made = Archive(log, tmp_path)
    yield made
    made.close()


def _fill(log: Log, count: int) -> None:
    for number in range(len(log), len(log) + count):
        log.append(_event(number))


def test_a_log_with_an_archive_gives_what_it_has_forgotten(log: Log, archive: Archive) -> None:
    count = 3 * STRIDE + 5
    _fill(log, count)
    assert log.first > STRIDE
    assert (log.oldest, archive.first) == (0, 0)
    assert list(log.read(0, count + 10)) == [_event(number) for number in range(count)]


@pytest.mark.parametrize("start", [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE + 7])
@pytest.mark.parametrize("length", [0, 1, STRIDE, STRIDE + 1])
def test_any_stretch_can_be_read(log: Log, archive: Archive, start: int, length: int) -> None:
    _fill(log, 3 * STRIDE + 100)
    assert list(archive.read(start, length)) == [_event(number) for number in range(start, start + length)]
    assert list(log.read(start, length)) == list(archive.read(start, length))


def test_what_waits_for_the_disk_can_be_read_and_holds_up_who_brings_more(
    log: Log, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, append = threading.Event(), archive._append

    def slow(lines: bytes) -> None:
        may_write.wait(20)
        append(lines)

    monkeypatch.setattr(archive, "_append", slow)
    monkeypatch.setattr("mailtutor.store.archive.MOST_WAITING", 3000)
    _fill(log, 20)
    assert not log.is_behind(1)
    _fill(log, 100)
    assert log.is_behind(1)
    assert list(log.read(3, 100)) == [_event(number) for number in range(3, 103)]
    may_write.set()
    while log.is_behind(1):
        pass
    assert list(log.read(3, 100)) == [_event(number) for number in range(3, 103)]


def test_what_the_memory_holds_never_sees_the_disk(log: Log, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(archive, "_append", never)
    _fill(log, 15)
    assert log.first == 0
    assert archive.read(0, 5) == []
    assert list(log.read(0, 5)) == [_event(number) for number in range(5)]


def test_a_stretch_may_lie_across_the_end_of_memory(log: Log, archive: Archive) -> None:
    _fill(log, 200)
    start = log.first - 3
    assert list(log.read(start, 6)) == [_event(number) for number in range(start, start + 6)]


def test_reading_and_writing_take_turns(log: Log, archive: Archive) -> None:
    for round_ in range(1, 6):
        _fill(log, 100)
        assert list(log.read(0, 1000)) == [_event(number) for number in range(100 * round_)]


def test_an_archive_made_late_begins_with_what_is_still_held(log: Log, tmp_path: Path) -> None:
    _fill(log, 100)
    first = log.first
    archive = Archive(log, tmp_path)
    _fill(log, 100)
    assert log.first > first
    assert log.oldest == archive.first == first
    assert list(log.read(first, 1000)) == [_event(number) for number in range(first, 200)]
    with pytest.raises(IndexError):
        log.read(first - 1, 5)
    with pytest.raises(IndexError):
        archive.read(first - 1, 5)
    archive.close()


def test_without_an_archive_a_log_goes_back_as_far_as_its_memory(log: Log) -> None:
    _fill(log, 100)
    assert log.oldest == log.first > 0
    with pytest.raises(IndexError):
        log.read(0, 5)
    assert list(log.read(log.first, 2)) == [_event(log.first), _event(log.first + 1)]
    assert list(log.read(99, 5)) == [_event(99)]


def test_a_closed_archive_leaves_no_file_and_no_log_with_holes(log: Log, tmp_path: Path) -> None:
    archive = Archive(log, tmp_path)
    _fill(log, 100)
    archive.close()
    assert list(tmp_path.iterdir()) == []
    assert archive.read(0, 5) == []
    assert log.oldest == log.first > 0


def test_with_a_full_disk_the_past_is_as_long_as_the_memory(
    log: Log, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(log, 100)
    assert log.oldest == 0

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_append", full)
    _fill(log, 100)
    while log.oldest == 0:
        pass
    for _ in range(2):
        assert log.oldest == log.first > 0
        assert list(log.read(log.oldest, 3)) == [_event(log.first + more) for more in range(3)]
        with pytest.raises(IndexError):
            log.read(log.first - 1, 3)
        _fill(log, 100)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        Archive(Log(), tmp_path / "missing")
