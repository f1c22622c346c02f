"""Writes one record file: an annotated picture is a tf.Example of the Object Detection API.

Source of the keys: object_detection/data_decoders/tf_example_decoder.py and
dataset_tools/create_pascal_tf_record.py of tensorflow/models. The class ids are those of the label
map: where no label map is configured, the decoder goes by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO

from msgspec import Struct, field
from msgspec.structs import replace

from tasks.annotations.annotated import (
    Annotated,
    clipped_message,
    proposed_message,
)
from tasks.core.text import count, printable
from tasks.formats.tf_record import GROUP, Bytes, Floats, Ints, encode_example, frame
from tasks.pictures.pixels import stored


class Record(Struct):
    """What went into a record file so far.

    Attributes:
        faults: what keeps pairs from becoming examples, one line each, the file first. From the
            first one on nothing more is written.
        remarks: what the user should know and may mean, likewise.
        clipped: boxes that reached out of their pictures by less than a pixel.
        reencoded: pictures that were encoded anew.
        without_xml: pictures without XML.
        proposed: pictures that are left out, for no person has confirmed what a network proposed.
        digest: of the file.
    """

    faults: list[str]
    remarks: list[str] = field(default_factory=list)
    pictures: int = 0
    boxes: int = 0
    clipped: int = 0
    reencoded: int = 0
    without_xml: int = 0
    proposed: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, read: Annotated, framed: bytes, file: IO[bytes]) -> None:
        """Write a pair as `framed` by `framed_example`.

        Raises:
            OSError: the file can't be written.
        """
        if read.is_proposed:
            self.proposed += 1
            return
        self.pictures += 1
        self.boxes += len(read.boxes)
        self.clipped += read.clipped
        self.without_xml += not read.pair.annotations
        self.reencoded += read.picture is not None and read.picture.reencoded
        self.faults += read.faults
        self.remarks += read.remarks
        if not self.faults:
            file.write(framed)
            self.digest.update(framed)

    def summary(self, name: str) -> str:
        """`train.record: 40 pictures, 61 boxes`."""
        return f"{name}: {count(self.pictures, 'picture')}, {count(self.boxes, 'box')}"

    def notices(self, folder: str) -> list[str]:
        """What may not have been intended, a line each."""
        lines = []
        if self.without_xml:
            has = "has no boxes and counts" if self.without_xml == 1 else "have no boxes and count"
            pictures = count(self.without_xml, "picture")
            lines.append(f"{pictures} without XML {has} as background")
        if self.proposed:
            left_out = f"{proposed_message(self.proposed)}: left out"
            lines.append(f"{left_out}; save each in labelImg once it is right")
        if self.clipped:
            lines.append(clipped_message(self.clipped))
        if self.reencoded:
            were = f"{count(self.reencoded, 'picture')} {'was' if self.reencoded == 1 else 'were'}"
            lines.append(f"{were} encoded anew, upright and as TensorFlow decodes")
        return [f"{folder}: {line}" for line in lines]


def framed_example(read: Annotated, ids: Mapping[str, int]) -> tuple[Annotated, bytes]:
    """A pair, and its example as it stands in a record file; a pair that can't be stored has one
    fault more, and none with faults, or proposed by a network, has an example. `ids` are the labels
    that may occur."""
    if read.faults or read.is_proposed:
        return read, b""
    try:
        return read, frame(example(read, ids))
    except ValueError as error:
        fault = f"{printable(read.pair.picture.name)}: {error}"
        return replace(read, faults=(fault,)), b""


def example(read: Annotated, ids: Mapping[str, int]) -> bytes:
    """The encoded example of a pair that has no faults. Boxes are fractions of the upright picture.

    Raises:
        ValueError: the picture can't be stored.
    """
    picture, boxes = read.picture, read.boxes
    assert picture is not None
    content, kind = stored(read.content, picture)
    sha256 = hashlib.sha256(content).hexdigest() if picture.reencoded else picture.sha256
    width, height = picture.upright
    name = read.pair.picture.name.encode("utf-8", "surrogateescape")
    group = {GROUP: Bytes((read.pair.group.encode(),))} if read.pair.group else {}
    return encode_example(
        group
        | {
            "image/encoded": Bytes((content,)),
            "image/format": Bytes((kind.encode(),)),
            "image/filename": Bytes((name,)),
            "image/source_id": Bytes((name,)),
            "image/key/sha256": Bytes((sha256.encode(),)),
            "image/height": Ints((height,)),
            "image/width": Ints((width,)),
            "image/object/bbox/xmin": Floats(box.xmin / width for box in boxes),
            "image/object/bbox/xmax": Floats(box.xmax / width for box in boxes),
            "image/object/bbox/ymin": Floats(box.ymin / height for box in boxes),
            "image/object/bbox/ymax": Floats(box.ymax / height for box in boxes),
            "image/object/class/text": Bytes(box.label.encode() for box in boxes),
            "image/object/class/label": Ints(ids[box.label] for box in boxes),
            "image/object/difficult": Ints(int(box.difficult) for box in boxes),
            "image/object/truncated": Ints(int(box.truncated) for box in boxes),
            "image/object/view": Bytes(box.pose.encode() for box in boxes),
        }
    )
