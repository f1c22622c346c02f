"""Checks of a detector's outputs, as pure functions over arrays.

The first `count` rows are detections (see `inference.saved_model`). Not checked are the padding
behind them (its class is not 0 but whatever the exporter adds to it), raw boxes (they reach beyond
the picture) and the number of detections (a sound network may find nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tasks.config.types import Expectation, Signature
from tasks.core.spelling import composed
from tasks.inference.report import Check
from tasks.inference.saved_model import Detections, Floats, Outputs, detections_in, required_outputs

BOX_TOLERANCE = 1e-3  # clipped boxes miss 0 and 1 by rounding
SCORE_TOLERANCE = 1e-4  # neighbours in a sorted list
RERUN_TOLERANCE = 1e-3  # a GPU may add in another order; a CPU does not
OVERLAP = 0.5  # intersection over union from which on a box counts as right, as in Pascal VOC


def check(name: str, fault: str, detail: str = "") -> Check:
    """The check `name`: passed unless there is a fault."""
    return Check(name, "failed", fault) if fault else Check(name, "passed", detail)


def check_outputs(outputs: Outputs, signature: Signature, classes: int | None) -> Iterator[Check]:
    """Every check of the outputs of one picture."""
    found = detections_in(outputs, signature)
    bad = [
        name
        for name, value in sorted(outputs.items())
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all()
    ]
    yield check("all outputs finite", f"{', '.join(bad)} holds NaN or infinity" if bad else "")
    _, scores, _, count = required_outputs(outputs, signature)
    fits = 0 <= count <= len(scores) and count == int(count)
    yield check("count", "" if fits else f"{count:g} detections in {len(scores)} rows")
    yield check("scores", _fault_of_scores(found.scores))
    yield check("boxes", _fault_of_boxes(found.boxes))
    yield check_classes(found, classes)


def _fault_of_scores(scores: Floats) -> str:
    """Scores lie in 0 to 1 and fall."""
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1 + SCORE_TOLERANCE):
        return f"they reach from {scores.min():.3g} to {scores.max():.3g}"
    rises = np.flatnonzero(np.diff(scores) > SCORE_TOLERANCE)
    return f"row {rises[0] + 1} scores higher than the row before" if len(rises) else ""


def _fault_of_boxes(boxes: Floats) -> str:
    """Boxes lie inside the picture and are not turned inside out; they may be empty."""
    outside = ((boxes < -BOX_TOLERANCE) | (boxes > 1 + BOX_TOLERANCE)).any(axis=1)
    reversed_ = (boxes[:, :2] > boxes[:, 2:]).any(axis=1)
    for bad, what in ((outside, "lies outside the picture"), (reversed_, "ends before it begins")):
        if bad.any():
            row = int(bad.argmax())
            return f"box {row} {what}: {', '.join(f'{value:.3g}' for value in boxes[row])}"
    return ""


def check_classes(detections: Detections, classes: int | None) -> Check:
    """Class ids are whole numbers from 1 to `classes` (None: no upper bound is known)."""
    ids = detections.classes
    name, upper, detail = f"class ids 1 to {classes}", float(classes or 0), ""
    if classes is None:
        name, upper = "class ids 1 upwards", np.inf
        detail = "pipeline.config gives no number of classes"
    wrong = ids[(ids != np.round(ids)) | (ids < 1) | (ids > upper)]
    return check(name, f"one is {wrong[0]:g}" if len(wrong) else "", detail)


def check_repeat(first: Detections, second: Detections) -> Check:
    """The same picture gave the same detections twice."""
    name = "same picture, same answer"
    if len(first.scores) != len(second.scores):
        return check(name, f"{len(first.scores)} detections, then {len(second.scores)}")
    fields = ("boxes", "scores", "classes")
    pairs = {field: (getattr(first, field), getattr(second, field)) for field in fields}
    if all(np.array_equal(*pair, equal_nan=True) for pair in pairs.values()):
        return check(name, "", "to the last bit")
    apart = max(float(np.abs(np.subtract(*pairs[field])).max()) for field in ("scores", "boxes"))
    fault = f"scores or boxes differ by {apart:.2g}" if apart > RERUN_TOLERANCE else ""
    return check(name, fault, "but for rounding")


def check_expected(detections: Detections, labels: Mapping[int, str], expect: Expectation) -> Check:
    """The expected label was found with its least score."""
    name = f"finds a {expect.label} scored {expect.score:.2f} or more"
    scores = [
        float(score)
        for score, number in zip(detections.scores, detections.classes, strict=True)
        if label_of(number, labels) == composed(expect.label)
    ]
    if not scores:
        return check(name, "none was found")
    return check(name, "" if max(scores) >= expect.score else f"the best scores {max(scores):.2f}")


def label_of(class_id: float, labels: Mapping[int, str]) -> str | None:
    """The label of a class id as the network gave it, which may be no whole number at all."""
    return labels.get(int(class_id)) if np.isfinite(class_id) else None


def overlaps(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box [4] with others [n, 4]; 0 where both are empty."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - common
    return np.asarray(
        np.divide(common, area, out=np.zeros_like(common), where=area > 0), np.float32
    )


def count_hits(
    detections: Detections,
    labels: Mapping[int, str],
    boxes: Floats,
    names: tuple[str, ...],
    score: float,
) -> int:
    """How many of the known objects were found where they are: boxes [n, 4] normalised, n names."""
    sure = detections.scores >= score
    hits = 0
    for box, name in zip(boxes, names, strict=True):
        same = np.array([label_of(number, labels) == name for number in detections.classes], bool)
        hits += bool((overlaps(box, detections.boxes)[sure & same] >= OVERLAP).any())
    return hits
