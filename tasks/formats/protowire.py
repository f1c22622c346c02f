"""protobuf's wire format, read without a schema.

Source: https://protobuf.dev/programming-guides/encoding. What is read may be hostile: all faults
are ValueErrors.
"""

from __future__ import annotations

from collections.abc import Iterator


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(field number, value) of a message: bytes, or a number; fixed-width fields as their bytes.

    Raises:
        ValueError: it is cut short, or no message.
    """
    position = 0
    while position < len(message):
        tag, position = read_varint(message, position)
        kind = tag & 7
        if kind == 0:
            number, position = read_varint(message, position)
            yield tag >> 3, number
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"a field is of unknown kind {kind}")
        size = 8 if kind == 1 else 4
        if kind == 2:
            size, position = read_varint(message, position)
        if position + size > len(message):
            raise ValueError("a field is cut short")
        yield tag >> 3, message[position : position + size]
        position += size


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position`, and where it ended.

    Raises:
        ValueError: it is cut short, or too long.
    """
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("a number is cut short")
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & (2**64 - 1), position
    raise ValueError("a number is too long")
