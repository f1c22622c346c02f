"""What can be asked of a detector's outputs, as pure functions over arrays.

The first `count` rows are detections (see `inference.outputs`). Not checked are the padding behind
them (its class is not 0 but whatever the exporter adds to it), raw boxes (they reach beyond the
picture) and the number of detections (a sound network may find nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tasks.config.types import Expectation, Signature
from tasks.core.spelling import composed
from tasks.inference.outputs import Floats, Found, Outputs, core, found
from tasks.inference.report import Check

BOX_TOLERANCE = 1e-3  # clipped boxes miss 0 and 1 by rounding
SCORE_TOLERANCE = 1e-4  # neighbours in a sorted list
RERUN_TOLERANCE = 1e-3  # a GPU may add in another order; a CPU does not
OVERLAP = 0.5  # intersection over union from which on a box counts as right, as in Pascal VOC


def passed(name: str, fault: str, detail: str = "") -> Check:
    """The check `name`: passed unless there is a fault."""
    return Check(name, "failed", fault) if fault else Check(name, "passed", detail)


def finite(outputs: Outputs) -> Check:
    """Every number of every output is finite."""
    bad = [
        name
        for name, value in sorted(outputs.items())
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all()
    ]
    return passed("all outputs finite", f"{', '.join(bad)} holds NaN or infinity" if bad else "")


def counted(outputs: Outputs, signature: Signature) -> Check:
    """The count is a whole number from 0 to the number of rows."""
    _, scores, _, count = core(outputs, signature)
    fine = 0 <= count <= len(scores) and count == int(count)
    return passed("count", "" if fine else f"{count:g} detections in {len(scores)} rows")


def scored(detections: Found) -> Check:
    """Scores lie in 0 to 1 and fall."""
    scores = detections.scores
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1 + SCORE_TOLERANCE):
        return passed("scores", f"they reach from {scores.min():.3g} to {scores.max():.3g}")
    rises = np.flatnonzero(np.diff(scores) > SCORE_TOLERANCE)
    return passed(
        "scores", f"row {rises[0] + 1} scores higher than the row before" if len(rises) else ""
    )


def boxed(detections: Found) -> Check:
    """Boxes lie inside the picture and are not turned inside out; they may be empty."""
    boxes = detections.boxes
    out = (boxes < -BOX_TOLERANCE) | (boxes > 1 + BOX_TOLERANCE)
    if out.any():
        row = int(np.flatnonzero(out.any(axis=1))[0])
        return passed("boxes", f"box {row} lies outside the picture: {_numbers(boxes[row])}")
    turned = np.flatnonzero((boxes[:, :2] > boxes[:, 2:]).any(axis=1))
    fault = (
        f"box {turned[0]} ends before it begins: {_numbers(boxes[turned[0]])}"
        if len(turned)
        else ""
    )
    return passed("boxes", fault)


def classed(detections: Found, classes: int | None) -> Check:
    """Class ids are whole numbers from 1 to `classes` (None: no upper bound is known)."""
    ids = detections.classes
    upper = np.inf if classes is None else classes
    wrong = ids[(ids != np.round(ids)) | (ids < 1) | (ids > upper)]
    bound = "; pipeline.config gives no number of classes" if classes is None else ""
    limit = f"1 to {classes}" if classes is not None else "1 upwards"
    return passed(
        f"class ids {limit}", f"one is {wrong[0]:g}" if len(wrong) else "", bound.strip("; ")
    )


def sound(outputs: Outputs, signature: Signature, classes: int | None) -> Iterator[Check]:
    """All that can be asked of the outputs of one picture.

    Raises:
        FaultError: as in `core`.
    """
    detections = found(outputs, signature)
    yield finite(outputs)
    yield counted(outputs, signature)
    yield scored(detections)
    yield boxed(detections)
    yield classed(detections, classes)


def repeated(first: Found, second: Found) -> Check:
    """The same picture gave the same detections twice."""
    pairs = zip(
        (first.boxes, first.scores, first.classes),
        (second.boxes, second.scores, second.classes),
        strict=True,
    )
    name = "same picture, same answer"
    if len(first.scores) != len(second.scores):
        return passed(name, f"{len(first.scores)} detections, then {len(second.scores)}")
    if all(np.array_equal(a, b, equal_nan=True) for a, b in pairs):
        return passed(name, "", "to the last bit")
    apart = max(
        float(np.abs(first.scores - second.scores).max()),
        float(np.abs(first.boxes - second.boxes).max()),
    )
    return passed(
        name,
        f"scores or boxes differ by {apart:.2g}" if apart > RERUN_TOLERANCE else "",
        "but for rounding",
    )


def expected(detections: Found, labels: Mapping[int, str], expect: Expectation) -> Check:
    """The expected label was found with its least score."""
    name = f"finds a {expect.label} scored {expect.score:.2f} or more"
    scores = [
        float(score)
        for score, number in zip(detections.scores, detections.classes, strict=True)
        if label_of(number, labels) == composed(expect.label)
    ]
    if not scores:
        return passed(name, "none was found")
    return passed(name, "" if max(scores) >= expect.score else f"the best scores {max(scores):.2f}")


def label_of(class_id: float, labels: Mapping[int, str]) -> str | None:
    """The label of a class id as the network gave it, which may be no whole number at all."""
    return labels.get(int(class_id)) if np.isfinite(class_id) else None


def overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box [4] with others [n, 4]; 0 where both are empty."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - common
    return np.asarray(
        np.divide(common, area, out=np.zeros_like(common), where=area > 0), np.float32
    )


def right(
    detections: Found,
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
        hits += bool((overlap(box, detections.boxes)[sure & same] >= OVERLAP).any())
    return hits


def _numbers(box: Floats) -> str:
    return ", ".join(f"{value:.3g}" for value in box)
