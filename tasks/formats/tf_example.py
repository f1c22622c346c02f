"""tf.Example as bytes.

Source: tensorflow/core/example/feature.proto (Example.features = 1, Features.feature = 1, a map of
key = 1 and value = 2; Feature.bytes_list = 1, float_list = 2, int64_list = 3; in each list
value = 1, numbers packed).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tasks.formats.protowire import fields, read_varint, varint

BYTES, FLOATS, INTS = 1, 2, 3
MOST_FEATURES = 1000


class Floats(tuple[float, ...]):
    """Numbers that are stored as float32; an empty list must say what it is a list of."""

    __slots__ = ()


class Ints(tuple[int, ...]):
    """Numbers that are stored as int64."""

    __slots__ = ()


class Texts(tuple[bytes, ...]):
    """Byte strings."""

    __slots__ = ()


def encode_example(features: Mapping[str, Floats | Ints | Texts]) -> bytes:
    """A tf.Example; keys in order, so that the same features give the same bytes."""
    entries = (
        _field(1, _field(1, key.encode()) + _field(2, _feature(features[key])))
        for key in sorted(features)
    )
    return _field(1, b"".join(entries))


def decode_example(message: bytes) -> dict[str, Floats | Ints | Texts]:
    """The features of a tf.Example.

    Raises:
        ValueError: it is none.
    """
    found: dict[str, Floats | Ints | Texts] = {}
    for number, features in fields(message):
        if number != 1 or isinstance(features, int):
            continue
        for kind, entry in fields(features):
            if kind == 1 and not isinstance(entry, int):
                key, value = _entry(entry)
                found[key] = value
        if len(found) > MOST_FEATURES:
            raise ValueError(f"it has more than {MOST_FEATURES} features")
    return found


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _feature(values: Floats | Ints | Texts) -> bytes:
    match values:
        case Texts():
            return _field(BYTES, b"".join(_field(1, value) for value in values))
        case Floats():
            packed, kind = struct.pack(f"<{len(values)}f", *values), FLOATS
        case Ints():
            packed, kind = b"".join(map(varint, values)), INTS
    return _field(kind, _field(1, packed) if packed else b"")


def _entry(entry: bytes) -> tuple[str, Floats | Ints | Texts]:
    parts = {number: value for number, value in fields(entry) if not isinstance(value, int)}
    try:
        key = parts.get(1, b"").decode()
    except UnicodeDecodeError as error:
        raise ValueError("a feature has a name that is no text") from error
    for kind, content in fields(parts.get(2, b"")):
        if not isinstance(content, int):
            return key, _list(kind, content)
    return key, Texts()


def _list(kind: int, content: bytes) -> Floats | Ints | Texts:
    values = [value for number, value in fields(content) if number == 1]
    if kind == BYTES:
        return Texts(value for value in values if not isinstance(value, int))
    if kind == FLOATS:
        joined = b"".join(value for value in values if not isinstance(value, int))
        if len(joined) % 4:
            raise ValueError("a list of numbers is cut short")
        return Floats(struct.unpack(f"<{len(joined) // 4}f", joined))
    numbers: list[int] = []
    for value in values:
        numbers += [value] if isinstance(value, int) else _unpacked(value)
    return Ints(number - 2**64 if number >> 63 else number for number in numbers)


def _unpacked(packed: bytes) -> list[int]:
    numbers, position = [], 0
    while position < len(packed):
        number, position = read_varint(packed, position)
        numbers.append(number)
    return numbers
