"""From trained weights to the folder of a network as the zoo lays it out.

Run it as a program (`python -m embedded.export WEIGHTS.npz FOLDER --steps N`): TensorFlow numbers
the functions of a process, so only a fresh process writes the same bytes each time.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded import LABELS, NAME
from embedded.network import SIDE, Tensor, decode, tinynet
from embedded.pipeline import pipeline_config
from embedded.training import Folded, folded_layer
from embedded.without_keras import tf

MOST_DETECTIONS = 100
LEAST_SCORE = 0.01
MOST_OVERLAP = 0.5
MANTISSA_BITS = 7


def rounded(values: npt.NDArray[np.float32], bits: int = MANTISSA_BITS) -> npt.NDArray[np.float32]:
    """Finite float32 values rounded to `bits` bits of mantissa, so that they compress well."""
    dropped = 23 - bits
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32)
    up = whole + np.uint32(1 << (dropped - 1))
    return (up >> np.uint32(dropped) << np.uint32(dropped)).view(np.float32)


class Detector(tf.Module):  # type: ignore[misc]
    """What the SavedModel holds: variables and one function, called as the zoo's networks are."""

    def __init__(self, weights: Folded) -> None:
        super().__init__(name="detector")
        self.weights = {
            name: tf.Variable(rounded(value), name=name) for name, value in sorted(weights.items())
        }

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")]
    )
    def __call__(self, input_tensor: Tensor) -> dict[str, Tensor]:
        """Detections in a picture, uint8 [1, height, width, 3]."""
        picture, share = letterbox(input_tensor)
        logits, codes = tinynet(folded_layer(self.weights), picture)
        boxes = decode(codes[0]) / (SIDE * tf.tile(share, [2]))
        scores = tf.sigmoid(logits[0])
        return _named(boxes, scores, *select(boxes, scores))


def letterbox(picture: Tensor) -> tuple[Tensor, Tensor]:
    """The picture at its own proportions within 320x320, black to the right of it or below.

    Returns float32 [1, 320, 320, 3], and the shares (y, x) of it that the picture fills.
    """
    size = tf.cast(tf.shape(picture)[1:3], tf.float32)
    fitted = tf.maximum(tf.round(size * SIDE / tf.reduce_max(size)), 1.0)
    whole = tf.cast(fitted, tf.int32)
    # Averaging (antialias) keeps thin strokes of large photographs, which sampling would lose.
    small = tf.image.resize(picture, whole, antialias=True)
    padded = tf.pad(small, [[0, 0], [0, SIDE - whole[0]], [0, SIDE - whole[1]], [0, 0]])
    return tf.ensure_shape(padded, [1, SIDE, SIDE, 3]), fitted / SIDE


def select(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Non-maximum suppression class by class: anchors and classes (from 0) of what is found, best
    first.

    boxes [1600, 4] in units of the picture, scores [1600, number of classes].
    """
    classes = scores.shape[-1]
    best, places = tf.math.top_k(tf.reshape(scores, [-1]), 4 * MOST_DETECTIONS)
    anchors, labels = places // classes, places % classes
    # Boxes of different classes are set far apart, so that they never suppress each other.
    apart = tf.gather(clipped(boxes), anchors) + tf.cast(labels, tf.float32)[:, None] * 2.0
    kept = tf.image.non_max_suppression(apart, best, MOST_DETECTIONS, MOST_OVERLAP, LEAST_SCORE)
    return tf.gather(anchors, kept), tf.gather(labels, kept)


def clipped(boxes: Tensor) -> Tensor:
    return tf.clip_by_value(boxes, 0.0, 1.0)


def _named(boxes: Tensor, scores: Tensor, anchors: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """The eight outputs of the zoo's SSD networks, all float32, with a batch dimension of one.

    Column 0 of the class scores stands for the background; the network has no such output, so it
    is 0. Rows past `num_detections` are zero, with class 1.
    """
    columns = tf.pad(scores, [[0, 0], [1, 0]])
    chosen = tf.gather_nd(scores, tf.stack([anchors, labels], axis=1))
    return {
        "detection_anchor_indices": _filled(tf.cast(anchors, tf.float32)),
        "detection_boxes": _filled(tf.gather(clipped(boxes), anchors)),
        "detection_classes": _filled(tf.cast(labels, tf.float32)) + 1.0,
        "detection_multiclass_scores": _filled(tf.gather(columns, anchors)),
        "detection_scores": _filled(chosen),
        "num_detections": tf.cast(tf.shape(anchors), tf.float32),
        "raw_detection_boxes": boxes[None],
        "raw_detection_scores": columns[None],
    }


def _filled(rows: Tensor) -> Tensor:
    """Rows [n, ..] made [1, 100, ..] with zeros."""
    missing = MOST_DETECTIONS - tf.shape(rows)[0]
    padded = tf.pad(rows, [[0, missing]] + [[0, 0]] * (len(rows.shape) - 1))
    return tf.ensure_shape(padded, [MOST_DETECTIONS, *rows.shape[1:]])[None]


def export(
    weights: Folded,
    folder: Path,
    steps: int,
    name: str = NAME,
    labels: Sequence[str] = LABELS,
    **training: Any,
) -> None:
    """Writes checkpoint, SavedModel and pipeline.config into a folder that is new or empty.

    labels: the network's classes in the order of their ids, from 1.
    training: what else pipeline.config tells of the training, as `pipeline_config` takes it.
    """
    detector = Detector(weights)
    tf.saved_model.save(detector, str(folder / "saved_model"), signatures=detector.__call__)
    _tidy(folder / "saved_model")
    tf.train.Checkpoint(model=detector).write(str(folder / "checkpoint" / "ckpt-0"))
    (folder / "checkpoint" / "checkpoint").write_bytes(  # by hand, as TensorFlow adds the time
        b'model_checkpoint_path: "ckpt-0"\nall_model_checkpoint_paths: "ckpt-0"\n'
    )
    (folder / "pipeline.config").write_bytes(
        pipeline_config(steps, name, labels, **training).encode()
    )


def _tidy(saved_model: Path) -> None:
    """Leaves what the zoo's archives hold, the same bytes each time."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    (saved_model / "fingerprint.pb").unlink(missing_ok=True)
    if (saved_model / "assets").exists():
        (saved_model / "assets").rmdir()
    graph = saved_model / "saved_model.pb"
    message: Any = SavedModel.FromString(graph.read_bytes())
    graph.write_bytes(message.SerializeToString(deterministic=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="folded weights, written by embedded.train")
    parser.add_argument("folder", type=Path, help="folder to fill")
    parser.add_argument("--steps", type=int, required=True, help="steps of the training")
    arguments = parser.parse_args()
    with np.load(arguments.weights) as stored:
        export(dict(stored), arguments.folder, arguments.steps)


if __name__ == "__main__":
    main()
