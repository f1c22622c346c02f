"""Writes one record file: an annotated picture is a tf.Example of the Object Detection API.

Source of the keys: object_detection/data_decoders/tf_example_decoder.py and
dataset_tools/create_pascal_tf_record.py of tensorflow/models. The class ids are those of the label
map: where no label map is configured, the decoder goes by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct, field

from tasks.annotations.annotated import Annotated, clipped_message, read_pair
from tasks.annotations.folder import Pair
from tasks.core.files import size_and_mtime
from tasks.core.ownership import write_unless
from tasks.core.text import count, printable
from tasks.formats.tf_record import Floats, Ints, Texts, encode_example, frame
from tasks.pictures.pixels import stored
from tasks.pipeline.job import Progress


class RecordContents(Struct):
    """What went into a record.

    Attributes:
        clipped: boxes that reached out of their pictures by less than a pixel.
        reencoded: pictures that were encoded anew.
        without_xml: pictures without XML.
        faults, remarks: one line each, the file first.
        sha256: of the record.
    """

    pictures: int = 0
    boxes: int = 0
    clipped: int = 0
    reencoded: int = 0
    without_xml: int = 0
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    sha256: str = ""

    def add(self, read: Annotated) -> None:
        self.pictures += 1
        self.boxes += len(read.boxes)
        self.clipped += read.clipped
        self.without_xml += not read.pair.annotations
        self.reencoded += read.picture is not None and read.picture.reencoded
        self.faults += read.faults
        self.remarks += read.remarks

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
        if self.clipped:
            lines.append(clipped_message(self.clipped))
        if self.reencoded:
            were = f"{count(self.reencoded, 'picture')} {'was' if self.reencoded == 1 else 'were'}"
            lines.append(f"{were} encoded anew, upright and as TensorFlow decodes")
        return [f"{folder}: {line}" for line in lines]


def write_record(
    path: Path,
    pairs: Iterable[Pair],
    ids: Mapping[str, int],
    may_replace: Callable[[str], bool],
    progress: Progress,
    faults: Sequence[str] = (),
) -> RecordContents:
    """Write a record of all pairs, whole or not at all.

    Nothing is written if there are faults (`faults` are known before), or if `may_replace` says no;
    it is asked last, with the digest of what is about to stand there, when the new file waits
    beside the old one.

    Raises:
        OSError: a file can't be read or written.
    """
    contents, digest = RecordContents(faults=list(faults)), hashlib.sha256()

    def write(file: IO[bytes]) -> bool:
        for pair in pairs:
            framed = _framed(pair, ids, contents)
            if not contents.faults:
                file.write(framed)
                digest.update(framed)
            progress.advance(size_and_mtime(pair.picture)[0])
        contents.sha256 = "" if contents.faults else digest.hexdigest()
        return not contents.faults and may_replace(contents.sha256)

    write_unless(path, write)
    return contents


def _framed(pair: Pair, ids: Mapping[str, int], contents: RecordContents) -> bytes:
    """The pair's part of the file; empty if it has faults. `contents` is counted on."""
    read = read_pair(pair, ids)
    contents.add(read)
    try:
        return b"" if read.faults else frame(example(read, ids))
    except ValueError as error:
        contents.faults.append(f"{printable(pair.picture.name)}: {error}")
        return b""


def example(read: Annotated, ids: Mapping[str, int]) -> bytes:
    """The encoded example of a pair that has no faults. Boxes are fractions of the upright picture.

    Raises:
        ValueError: the picture can't be stored.
    """
    picture, boxes = read.picture, read.boxes
    assert picture is not None
    content, kind = stored(read.content, picture)
    width, height = picture.upright
    name = read.pair.picture.name.encode("utf-8", "surrogateescape")
    return encode_example(
        {
            "image/encoded": Texts((content,)),
            "image/format": Texts((kind.encode(),)),
            "image/filename": Texts((name,)),
            "image/source_id": Texts((name,)),
            "image/key/sha256": Texts((hashlib.sha256(content).hexdigest().encode(),)),
            "image/height": Ints((height,)),
            "image/width": Ints((width,)),
            "image/object/bbox/xmin": Floats(box.xmin / width for box in boxes),
            "image/object/bbox/xmax": Floats(box.xmax / width for box in boxes),
            "image/object/bbox/ymin": Floats(box.ymin / height for box in boxes),
            "image/object/bbox/ymax": Floats(box.ymax / height for box in boxes),
            "image/object/class/text": Texts(box.label.encode() for box in boxes),
            "image/object/class/label": Ints(ids[box.label] for box in boxes),
            "image/object/difficult": Ints(int(box.difficult) for box in boxes),
            "image/object/truncated": Ints(int(box.truncated) for box in boxes),
            "image/object/view": Texts(box.pose.encode() for box in boxes),
        }
    )
