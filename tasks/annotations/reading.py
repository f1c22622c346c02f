"""Files of other people: what stands under a name may be a pipe, a link to nothing, or huge."""

from __future__ import annotations

import os
from errno import EINVAL, EISDIR, ELOOP, ENOENT
from pathlib import Path

from tasks.core.files import open_file

LARGEST = 256_000_000  # bytes of anything that is read whole or hashed


def state(path: Path) -> tuple[int, int]:
    """Size and time of change in nanoseconds, links followed where they lead anywhere.

    Raises:
        OSError: it is not there, or can't be looked at.
    """
    try:
        status = os.stat(path)
    except OSError:
        status = os.lstat(path)
    return status.st_size, status.st_mtime_ns


def head(path: Path, most: int) -> bytes:
    """The file, or one byte more than `most` of it. A pipe is not waited for.

    Raises:
        ValueError: it is not a file.
        OSError: it can't be read.
    """
    try:
        file = open_file(path)
    except OSError as error:
        if error.errno in (ENOENT, ELOOP) and path.is_symlink():
            raise ValueError("it is a link that leads nowhere") from None
        if error.errno in (EINVAL, EISDIR):
            raise ValueError("it is not a file") from None
        raise
    with file:
        return file.read(most + 1)
