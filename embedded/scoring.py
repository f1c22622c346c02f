"""Judging detections: COCO's average precision, and precision and recall at a threshold."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded import LABELS
from embedded.detector import Found
from embedded.scenes import Scene

IDS = tuple(range(1, len(LABELS) + 1))
"""The class ids of `embedded.LABELS`."""
SAME = 0.5
"""Intersection over union from which on a detection is the digit."""


@dataclass(frozen=True)
class Truth:
    """What is in a picture: boxes float32 [n, 4] in pixels, classes int64 [n], 1..6."""

    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """Digits found rightly, digits claimed, digits present."""

    right: int
    claimed: int
    present: int


Pairs = Sequence[tuple[Truth, Found]]


def truth_of(drawn: Scene) -> Truth:
    classes = [LABELS.index(label) + 1 for label in drawn.labels]
    return Truth(drawn.boxes, np.array(classes, np.int64))


def average_precision(pairs: Pairs, classes: Sequence[int] = IDS) -> dict[str, float]:
    """COCO's mAP over IoU 0.5 to 0.95 (`map`) and at 0.5 (`map50`) of these class ids, by
    pycocotools. Both are -1 where no picture holds one of them."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    results = _results(pairs, classes)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = _coco(pairs, classes)
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results) if results else COCO(), "bbox")
        evaluation.params.imgIds = list(range(len(pairs)))
        evaluation.params.catIds = sorted(classes)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {"map50": float(evaluation.stats[1]), "map": float(evaluation.stats[0])}


def _coco(pairs: Pairs, classes: Sequence[int]) -> dict[str, Any]:
    annotations = [
        {
            "image_id": i,
            "category_id": int(c),
            "bbox": _xywh(box),
            "iscrowd": 0,
            "area": float((box[2] - box[0]) * (box[3] - box[1])),
        }
        for i, (truth, _) in enumerate(pairs)
        for box, c in zip(truth.boxes, truth.classes, strict=True)
    ]
    return {
        "info": {},
        "images": [{"id": i} for i in range(len(pairs))],
        "categories": [{"id": number, "name": str(number)} for number in classes],
        "annotations": [{"id": i, **a} for i, a in enumerate(annotations, start=1)],
    }


def _results(pairs: Pairs, classes: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"image_id": i, "category_id": int(c), "bbox": _xywh(box), "score": float(score)}
        for i, (_, found) in enumerate(pairs)
        for box, c, score in zip(found.boxes, found.classes, found.scores, strict=True)
        if c in classes
    ]


def _xywh(box: npt.NDArray[np.float32]) -> list[float]:
    y0, x0, y1, x1 = (float(v) for v in box)
    return [x0, y0, x1 - x0, y1 - y0]


def judge(pairs: Pairs, threshold: float) -> Judged:
    """Counts over pictures; a digit is found once, by the best detection of its class."""
    right = claimed = present = 0
    for truth, found in pairs:
        sure = found.scores >= threshold
        right += matches(truth, found.boxes[sure], found.classes[sure])
        claimed += int(sure.sum())
        present += len(truth.classes)
    return Judged(right, claimed, present)


def matches(truth: Truth, boxes: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]) -> int:
    """How many detections (best first) are digits of their class, each digit counted once."""
    free = np.ones(len(truth.classes), bool)
    for box, c in zip(boxes, classes, strict=True):
        fits = np.where(free & (truth.classes == c), overlap(box, truth.boxes), 0.0)
        if fits.size and fits.max() >= SAME:
            free[int(fits.argmax())] = False
    return int((~free).sum())


def overlap(
    box: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Intersection over union of a box with each of others [n, 4]."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    result: npt.NDArray[np.float32] = shared / np.maximum(areas - shared, 1e-9)
    return result
