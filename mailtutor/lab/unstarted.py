"""Why the system did not let a lab start, in words."""

from __future__ import annotations

import errno
from pathlib import Path

from mailtutor.errors import MailtutorError, StoreError

# What a disk says, as against a machine that is out of something else.
_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOENT)


def unstarted(wrong: OSError, folder: Path) -> MailtutorError:
    """folder: where it was writing, for an error that does not name the file."""
    if wrong.filename is not None or wrong.errno in _OF_A_DISK:
        return StoreError(
            "the lab cannot use {path} ({why}); make room, see to whom it and its folder belong, or put the lab"
            " elsewhere with --data or TMPDIR", "error.lab.unwritable", path=wrong.filename or folder, why=wrong,
        )  # fmt: skip
    return MailtutorError(
        "this machine does not let the lab start ({why}); end programs that are not needed, then try again",
        "error.lab.refused", why=wrong,
    )  # fmt: skip
