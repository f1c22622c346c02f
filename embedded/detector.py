"""A loaded network, used as anybody would: plain `tf.saved_model.load`, none of our code."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded.pack import unpack

Signature = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """Detections in one picture, best first.

    boxes: float32 [n, 4], ymin, xmin, ymax, xmax in pixels; classes: int64 [n], 1..6;
    scores: float32 [n], 0..1.
    """

    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]


def load(folder: Path) -> Signature:
    """The serving signature of an unpacked network."""
    from embedded.without_keras import tf

    loaded = tf.saved_model.load(str(folder / "saved_model"))
    signature: Signature = loaded.signatures["serving_default"]
    return signature


def load_archive(archive: Path) -> Signature:
    """The serving signature of a packed network."""
    with tempfile.TemporaryDirectory() as name:
        return load(unpack(archive, Path(name)))


def detect(signature: Signature, picture: npt.NDArray[np.uint8]) -> Found:
    """Detections in a picture, uint8 [height, width, 3]."""
    from embedded.without_keras import tf

    outputs = signature(input_tensor=tf.constant(picture[None]))
    count = int(outputs["num_detections"].numpy()[0])
    height, width = picture.shape[:2]
    boxes = outputs["detection_boxes"].numpy()[0, :count]
    return Found(
        boxes * np.array([height, width, height, width], np.float32),
        outputs["detection_classes"].numpy()[0, :count].astype(np.int64),
        outputs["detection_scores"].numpy()[0, :count],
    )


def latencies(archive: Path, picture: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Seconds to load, for the first inference, and for the median of twenty more."""
    from embedded.without_keras import tf

    tf.constant(0)  # TensorFlow's own start is not the network's
    clock, times = time.perf_counter, []
    start = clock()
    signature = load_archive(archive)
    loaded = clock()
    detect(signature, picture)
    first = clock()
    for _ in range(20):
        before = clock()
        detect(signature, picture)
        times.append(clock() - before)
    return {"load": loaded - start, "first": first - loaded, "warm": float(np.median(times))}
