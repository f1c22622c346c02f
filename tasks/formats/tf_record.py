"""TFRecord files, and the tf.Examples in them, by the protobuf library: TensorFlow itself takes
seconds to import.

A file holds for each record its length (8 bytes), the length's checksum (4), the record, and the
record's checksum (4), little-endian. The checksum is a CRC-32C, rotated and shifted.

Source: tensorflow/core/lib/io/record_writer.h and tensorflow/core/lib/hash/crc32c.h (the mask).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import IO, Any

LARGEST = 1 << 30  # bytes of a record
GROUP = "image/key/group"  # the same in records of pictures that look alike; see `sharing`

# The messages of tensorflow/core/example/feature.proto and example.proto.
SCHEMA = """
name: "tod_example.proto" package: "tod" syntax: "proto3"
message_type { name: "Example"
  field { name: "features" number: 1 type: TYPE_MESSAGE type_name: ".tod.Features" } }
message_type { name: "Features"
  field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".tod.Features.FeatureEntry" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".tod.Feature" } } }
message_type { name: "Feature" oneof_decl { name: "kind" }
  field { name: "bytes_list" number: 1 type: TYPE_MESSAGE type_name: ".tod.Bytes" oneof_index: 0 }
  field { name: "float_list" number: 2 type: TYPE_MESSAGE type_name: ".tod.Float" oneof_index: 0 }
  field { name: "int64_list" number: 3 type: TYPE_MESSAGE type_name: ".tod.Int64" oneof_index: 0 } }
message_type { name: "Bytes"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
message_type { name: "Float"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT } }
message_type { name: "Int64"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 } }
"""


class Floats(tuple[float, ...]):
    """Numbers that are stored as float32; an empty list must say what it is a list of."""


class Ints(tuple[int, ...]):
    """Numbers that are stored as int64."""


class Bytes(tuple[bytes, ...]):
    """Byte strings."""


Feature = Floats | Ints | Bytes
KINDS: dict[str, type[Feature]] = {"bytes_list": Bytes, "float_list": Floats, "int64_list": Ints}
FIELDS = {kind: field for field, kind in KINDS.items()}


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """A tf.Example; the same features in any order give the same bytes."""
    example = _example_class()()
    for key, values in features.items():
        field = getattr(example.features.feature[key], FIELDS[type(values)])
        field.SetInParent()  # an empty list has its kind, too
        field.value.extend(values)
    encoded: bytes = example.SerializeToString(deterministic=True)
    return encoded


def decode_example(message: bytes) -> dict[str, Feature]:
    """The features of a tf.Example; one without values of any kind counts as `Bytes`.

    Raises:
        ValueError: these bytes are not a tf.Example.
    """
    from google.protobuf.message import DecodeError

    try:
        example = _example_class().FromString(message)
    except DecodeError as error:
        raise ValueError("it holds bytes that are not a tf.Example") from error
    features: dict[str, Feature] = {}
    for key, feature in example.features.feature.items():
        field = feature.WhichOneof("kind") or "bytes_list"
        features[key] = KINDS[field](getattr(feature, field).value)
    return features


@cache
def _example_class() -> Any:  # made at run time; no stub knows it
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

    pool = descriptor_pool.DescriptorPool()  # our own: TensorFlow's protos may be loaded beside
    pool.Add(text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tod.Example"))


def frame(record: bytes) -> bytes:
    """One record with its length and checksums."""
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
