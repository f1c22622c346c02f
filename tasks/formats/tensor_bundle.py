"""How long a checkpoint's data files must be, read from its `.index`.

A checkpoint `ckpt-0` is a TensorFlow tensor bundle: `ckpt-0.index` lists each tensor's place in
`ckpt-0.data-00000-of-00001`, so the last place's end is that file's exact length. TensorFlow itself
is not used: it takes seconds to import.

Sources of the format: tensorflow/core/protobuf/tensor_bundle.proto (BundleHeaderProto,
BundleEntryProto), tensorflow/core/lib/io/table_format.txt and leveldb's doc/table_format.md
(blocks, footer), https://protobuf.dev/programming-guides/encoding, google/snappy's
format_description.txt. Snappy is read here, in 25 lines, because a library would be a compiled
dependency for files of a few kilobytes.

Every function takes hostile bytes: sizes are bounded, and all faults are ValueErrors.
"""

from __future__ import annotations

from collections.abc import Iterator

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
SNAPPY = 1
LARGEST_INFLATED = 4 << 20  # all blocks of an index together; the zoo's are below 1 MB
LONGEST_KEY = LONGEST_VALUE = 4096
MOST_SHARDS = 1000


def is_index(content: bytes) -> bool:
    """Whether these bytes end as an index does."""
    return len(content) >= FOOTER and content[-8:] == MAGIC.to_bytes(8, "little")


def data_lengths(index: bytes) -> tuple[int, ...]:
    """The length in bytes that each data file (`.data-00000-of-00002`, …) must have.

    Raises:
        ValueError: these bytes are not an index.
    """
    entries = _entries(index)
    header = next(entries, None)
    if header is None or header[0] != b"":
        raise ValueError("it has no header entry")
    shards = _numbers(header[1]).get(1, 1)
    if not 1 <= shards <= MOST_SHARDS:
        raise ValueError(f"it names {shards} data files")
    lengths = [0] * shards
    for _, value in entries:
        place = _numbers(value)
        shard, end = place.get(3, 0), place.get(4, 0) + place.get(5, 0)
        if shard >= shards:
            raise ValueError(f"an entry lies in data file {shard} of {shards}")
        lengths[shard] = max(lengths[shard], end)
    return tuple(lengths)


def shapes(index: bytes) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor, by its name.

    Raises:
        ValueError: these bytes are not an index.
    """
    return {
        name.decode(errors="replace"): tuple(
            _numbers(dimension).get(1, 0) for shape in _parts(value) for dimension in _parts(shape)
        )
        for name, value in _entries(index)
        if name
    }


def _parts(message: bytes) -> list[bytes]:
    """The contents of field 2, in BundleEntryProto the shape, in TensorShapeProto a dimension."""
    return [part for number, part in _fields(message) if number == 2 and isinstance(part, bytes)]


def _entries(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The table's keys and values, in order: the footer leads to the index block, that one to the
    data blocks."""
    if not is_index(index):
        raise ValueError("it does not end as an index file does")
    footer = index[-FOOTER:]
    _, _, position = _handle(footer, 0)  # of the metaindex block, which TensorFlow leaves empty
    offset, size, _ = _handle(footer, position)
    room = LARGEST_INFLATED
    for _, value in _block_entries(_block(index, offset, size, room)):
        offset, size, _ = _handle(value, 0)
        block = _block(index, offset, size, room)
        room -= len(block)
        yield from _block_entries(block)


def _handle(data: bytes, position: int) -> tuple[int, int, int]:
    """Where a block begins, its size, and where this handle of it ends."""
    offset, position = _varint(data, position)
    return offset, *_varint(data, position)


def _block(index: bytes, offset: int, size: int, room: int) -> bytes:
    """A block's content. Its checksum isn't compared: the archive's digests cover these bytes."""
    end = offset + size
    if end + 5 > len(index):  # one byte of kind, four of checksum
        raise ValueError("a block lies outside of it")
    content = index[offset:end]
    if index[end] == SNAPPY:
        return unsnappy(content, room)
    if index[end] != 0:
        raise ValueError(f"a block is compressed in an unknown way ({index[end]})")
    if len(content) > room:
        raise ValueError("its blocks are too large")
    return content


def _block_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys share their beginning with the one before; the restart points at the end are for
    searching."""
    if len(block) < 4:
        raise ValueError("a block is too short")
    restarts = int.from_bytes(block[-4:], "little")
    end, position, key = len(block) - 4 - 4 * restarts, 0, b""
    if end < 0:
        raise ValueError("a block has more restart points than bytes")
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        size, position = _varint(block, position)
        if shared + unshared > LONGEST_KEY or size > LONGEST_VALUE:
            raise ValueError("an entry is too long")
        if shared > len(key) or position + unshared + size > end:
            raise ValueError("an entry lies outside of its block")
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + size]
        position += size


def _numbers(message: bytes) -> dict[int, int]:
    """The varint fields of a protobuf message, field number → value."""
    return {number: value for number, value in _fields(message) if isinstance(value, int)}


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(field number, value) of a protobuf message: bytes, or a number; fixed-width fields as their
    bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            number, position = _varint(message, position)
            yield tag >> 3, number
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"a field is of unknown kind {kind}")
        size = 8 if kind == 1 else 4
        if kind == 2:
            size, position = _varint(message, position)
        if position + size > len(message):
            raise ValueError("a field is cut short")
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position`, and where it ends."""
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


def unsnappy(data: bytes, most: int) -> bytes:
    """Inflate a raw snappy block of at most `most` bytes.

    Raises:
        ValueError: these bytes are not such a block.
    """
    length, position = _varint(data, 0)
    if length > most:
        raise ValueError("its blocks are too large")
    out = bytearray()
    while position < len(data) and len(out) <= length:
        tag, position = data[position], position + 1
        if tag & 3 == 0:
            size, position = _literal(data, tag, position)
            out += data[position : position + size]
            position += size
        else:
            size, offset, position = _copy(data, tag, position)
            begin = len(out) - offset
            if not 0 <= begin < len(out):
                raise ValueError("a copy begins outside of its block")
            out += (out[begin : begin + size] * (size // offset + 1))[:size]
    if len(out) != length:
        raise ValueError("a block is not as long as it says")
    return bytes(out)


def _literal(data: bytes, tag: int, position: int) -> tuple[int, int]:
    """(size, position) of a literal; from 61 bytes on, the size stands behind the tag."""
    size = tag >> 2
    width = max(0, size - 59)
    if width:
        size = int.from_bytes(data[position : position + width], "little")
    return size + 1, position + width


def _copy(data: bytes, tag: int, position: int) -> tuple[int, int, int]:
    """(size, offset back from the end, position) of a copy; offsets have 11, 16 or 32 bits."""
    width = (0, 1, 2, 4)[tag & 3]
    low = int.from_bytes(data[position : position + width], "little")
    if width == 1:
        return 4 + (tag >> 2 & 7), (tag >> 5) << 8 | low, position + width
    return (tag >> 2) + 1, low, position + width
