"""The TFRecord file: for each record its length (8 bytes), the length's checksum (4), the record,
the record's checksum (4), little-endian. The checksum is a CRC-32C, rotated and shifted.

Source: tensorflow/core/lib/io/record_writer.h and tensorflow/core/lib/hash/crc32c.h (the mask).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

LARGEST = 1 << 30


def frame(record: bytes) -> bytes:
    """One record with all that surrounds it."""
    length = struct.pack("<Q", len(record))
    return b"".join((length, _check(length), record, _check(record)))


def read_frames(file: IO[bytes]) -> Iterator[bytes]:
    """The records of a file, one after the other.

    Raises:
        ValueError: the file is cut short or damaged; says at which record.
        OSError: it can't be read.
    """
    number = 0
    while head := file.read(12):
        number += 1
        if len(head) < 12:
            raise ValueError(f"record {number} is cut short")
        if head[8:] != _check(head[:8]):
            if number == 1:
                raise ValueError("it is not a TFRecord file")
            raise ValueError(f"record {number} is damaged (checksum of its length)")
        size = int.from_bytes(head[:8], "little")
        if size > LARGEST:
            raise ValueError(f"record {number} says that it is {size} bytes long")
        body = file.read(size + 4)
        if len(body) < size + 4:
            raise ValueError(f"record {number} is cut short")
        if body[size:] != _check(body[:size]):
            raise ValueError(f"record {number} is damaged (checksum)")
        yield body[:size]


def _check(content: bytes) -> bytes:
    import google_crc32c

    crc = google_crc32c.value(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
