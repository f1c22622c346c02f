"""Training records, as the Object Detection API has them, as pictures that the network learns from.

A record is a TFRecord file of tf.train.Example; the keys are those of the API's decoder.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded.augment import Rows
from embedded.network import SIDE
from embedded.without_keras import tf

_CORNERS = ("ymin", "xmin", "ymax", "xmax")
_FLOATS = {f"image/object/bbox/{c}": tf.io.VarLenFeature(tf.float32) for c in _CORNERS}
_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/object/class/label": tf.io.VarLenFeature(tf.int64),
    **_FLOATS,
}


@dataclass(frozen=True)
class Examples:
    """Annotated pictures as the network sees them: letterboxed to 320x320.

    pictures: uint8 [n, 320, 320, 3], RGB; in a file without a name rather than in memory.
    boxes: of each picture float32 [k, 5]: ymin, xmin, ymax, xmax in its 320x320 pixels, and the
        class from 0 (its id in the records less one).
    """

    pictures: npt.NDArray[np.uint8]
    boxes: Sequence[Rows]


def examples(files: Sequence[str]) -> Examples:
    """Reads all records of these files.

    Raises ValueError, with the file's name, if one can't be read or is no such record.
    """
    boxes: list[Rows] = []
    with tempfile.TemporaryFile() as stream:
        for file in files:
            try:
                for picture, rows in _read(file):
                    stream.write(picture.tobytes())
                    boxes.append(rows)
            except (tf.errors.OpError, ValueError) as error:
                raise ValueError(f"{file}: {str(error).splitlines()[0]}") from error
        stream.flush()
        shape = (len(boxes), SIDE, SIDE, 3)
        if not boxes:
            return Examples(np.zeros(shape, np.uint8), boxes)
        return Examples(np.memmap(stream, np.uint8, "r", shape=shape), boxes)


def _read(file: str) -> Iterator[tuple[npt.NDArray[np.uint8], Rows]]:
    for record in tf.data.TFRecordDataset(file):
        example = tf.io.parse_single_example(record, _FEATURES)
        picture = tf.io.decode_image(example["image/encoded"], 3, expand_animations=False)
        yield _example(picture, example)


def _example(picture: Any, example: dict[str, Any]) -> tuple[npt.NDArray[np.uint8], Rows]:
    from embedded.export import letterbox  # as the network itself does

    small, share = letterbox(picture[None])
    corners = [tf.sparse.to_dense(example[key]).numpy() for key in _FLOATS]
    places = np.stack(corners, axis=-1) * np.tile(share.numpy(), 2) * SIDE
    classes = tf.sparse.to_dense(example["image/object/class/label"]).numpy() - 1
    rows = np.concatenate([places, classes[:, None]], axis=1).astype(np.float32)
    return np.clip(np.rint(small[0].numpy()), 0, 255).astype(np.uint8), rows
