"""The numbers in a tar's headers, read strictly: `tarfile` takes all that `int` takes."""

from __future__ import annotations

import re
import tarfile
from typing import Self

SIZE, MTIME = slice(124, 136), slice(136, 148)


class StrictHeader(tarfile.TarInfo):
    """A header whose size and mtime are written as tar writes numbers: octal digits, or base 256.

    Raises:
        tarfile.HeaderError: on reading one that is not.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        for field in (buf[SIZE], buf[MTIME]):
            text = bytes(field).partition(b"\0")[0]
            if field[0] not in (0x80, 0xFF) and not re.fullmatch(rb" *[0-7]* *", text):
                raise tarfile.HeaderError("a number is not written as tar writes them")
        return found


def has_plain_size(member: tarfile.TarInfo) -> bool:
    """Whether an extended header that gives the size gives a plain number."""
    size = member.pax_headers.get("size")
    return size is None or re.fullmatch(r"[0-9]+", size) is not None
