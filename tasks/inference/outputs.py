"""What a detector's outputs mean.

They are those that the Object Detection API's exporter gives a SavedModel: boxes [1, N, 4]
normalised (ymin, xmin, ymax, xmax), scores and classes [1, N], a count [1], all float32; the first
`count` rows are detections, scores falling, the rest is padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.config.types import Signature
from tasks.inference.messages import FaultError

Floats = npt.NDArray[np.float32]
Outputs = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Found:
    """The detections of one picture: boxes [n, 4], scores [n], classes [n] (ids), best first."""

    boxes: Floats
    scores: Floats
    classes: Floats


def core(outputs: Outputs, signature: Signature) -> tuple[Floats, Floats, Floats, float]:
    """Boxes [N, 4], scores [N], classes [N] and the count, once names and shapes are right.

    Raises:
        FaultError: one is missing or has another shape; nothing further can be asked then.
    """
    names = [signature.boxes, signature.scores, signature.classes]
    asked = [*names, signature.count] if signature.count else names
    missing = [name or "(no name)" for name in asked if name not in outputs]
    if missing:
        raise FaultError(
            f"it has no output {', '.join(missing)}; it has {', '.join(sorted(outputs))}",
            "name them under `signature` in its catalogue entry",
        )
    boxes, scores, classes = (np.asarray(outputs[name], np.float32) for name in names)
    rows = scores.shape[-1] if scores.ndim else 0
    wanted = {
        signature.boxes: (1, rows, 4),
        signature.scores: (1, rows),
        signature.classes: (1, rows),
    }
    for name, shape in wanted.items():
        if outputs[name].shape != shape:
            raise FaultError(
                f"its output {name} has shape {list(outputs[name].shape)}, not {list(shape)}"
            )
    count = np.ravel(outputs[signature.count]) if signature.count else np.array([rows])
    if count.shape != (1,):
        raise FaultError(f"its output {signature.count} holds {count.size} numbers, not one")
    return boxes[0], scores[0], classes[0], float(count[0])


def found(outputs: Outputs, signature: Signature) -> Found:
    """The detections, without the padding.

    Raises:
        FaultError: as in `core`.
    """
    boxes, scores, classes, count = core(outputs, signature)
    whole = int(count) if np.isfinite(count) else 0
    rows = slice(0, max(0, min(whole, len(scores))))
    return Found(boxes[rows], scores[rows], classes[rows] + signature.first_class)
