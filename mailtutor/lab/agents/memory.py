"""What a device keeps on its disk: one file of JSON for each user and protocol, replaced whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from mailtutor.errors import MailtutorError, Sentence, StoreError
from mailtutor.lab.plan import User
from mailtutor.store.database import make_folder

T = TypeVar("T")

# Files some visit is about to replace. In one loop's thread only, and a lab's folder has one lab.
_claimed: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Memory:
    """A device's own folder within a lab's. name: of letters and hyphens, such as "laptop"."""

    folder: Path
    name: str

    def load(self, user: User, protocol: str, kind: type[T]) -> T | None:
        """What is remembered; None where there is nothing. Raises StoreError for a file that cannot be read."""
        path = self._path(user, protocol)
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise StoreError(
                "{path} is damaged ({why}); move it away, and the device begins anew",
                "error.agent.memory_damaged",
                path=path,
                why=str(wrong),
            ) from wrong
        except OSError as wrong:
            raise _unusable(path, wrong) from wrong

    def save(self, user: User, protocol: str, what: object) -> None:
        """Keeps it. Raises StoreError where it cannot be written, and the file is as it was."""
        path = self._path(user, protocol)
        make_folder(path.parent)
        new = path.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(what))
            os.replace(new, path)
        except OSError as wrong:
            raise _unusable(path, wrong) from wrong

    @contextmanager
    def claimed(self, user: User, protocol: str) -> Iterator[None]:
        """Nobody else may change it meanwhile. Raises MailtutorError where somebody is about to."""
        path = self._path(user, protocol)
        if path in _claimed:
            raise MailtutorError(
                "the {device} is still talking to the server: let the wire run (r), then try again",
                "error.agent.device_busy",
                device=Sentence(self.name, f"screen.devices.{self.name}"),
            )
        _claimed.add(path)
        try:
            yield
        finally:
            _claimed.discard(path)

    def _path(self, user: User, protocol: str) -> Path:
        return self.folder / "devices" / self.name / f"{user.address}.{protocol}.json"


def _unusable(path: Path, wrong: OSError) -> StoreError:
    return StoreError(
        "{folder} cannot be used as a folder ({why}); name another with --data",
        "error.store.folder_unusable",
        folder=path.parent,
        why=wrong,
    )
