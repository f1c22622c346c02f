"""How good a network's detections are: COCO's average precision, by pycocotools.

Only labels that both sides know are judged, each by its name: a network may count its classes in
another way than the project does.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from tasks.inference.results import Accuracy, ClassAccuracy, Place, ProjectPicture, Rows

Answers = Mapping[str, Rows]
"""sha256 of a picture → what the network found on it."""


class UnscoredError(Exception):
    """Why a network can't be scored, as a clause."""


def score(
    pictures: Sequence[ProjectPicture], answers: Answers, labels: Mapping[str, int]
) -> Accuracy:
    """Score one network, or raise an UnscoredError; `labels` are its own: label → class id."""
    judged = [one for one in pictures if one.truth is not None and one.sha256 in answers]
    present = Counter(marked.label for one in judged for marked in one.truth or ())
    if not judged:
        raise UnscoredError("none of the pictures is annotated")
    if not present:
        raise UnscoredError("the annotations hold no box")
    if not labels:
        raise UnscoredError("its labels are not known; name them in its table of the configuration")
    shared = sorted((label for label in present if label in labels), key=labels.__getitem__)
    if not shared:
        raise UnscoredError(f"it was not taught {_listed(present)}")
    return _accuracy(judged, answers, {label: labels[label] for label in shared}, present)


def _accuracy(
    pictures: Sequence[ProjectPicture],
    answers: Answers,
    ids: Mapping[str, int],
    present: Mapping[str, int],
) -> Accuracy:
    precision = _precision(_truth(pictures, ids), _results(pictures, answers, ids))
    rows = zip(ids, precision, strict=True)
    classes = tuple(ClassAccuracy(label, *figures, present[label]) for label, figures in rows)
    return Accuracy(
        map=sum(one.ap for one in classes) / len(classes),
        map_50=sum(one.ap_50 for one in classes) / len(classes),
        classes=classes,
        pictures=len(pictures),
        boxes=sum(one.boxes for one in classes),
        unknown=tuple(label for label in present if label not in ids),
        pycocotools=version("pycocotools"),
    )


def _precision(truth: dict[str, Any], results: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Of each class, by id: its average precision over IoU 0.5 to 0.95, and at 0.5.

    The figures are pycocotools' own arrays: [IoU, recall, class, area, detections], of which the
    area `all` and the limit of 100 detections are taken, as COCO's first two figures do.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = truth
        known.createIndex()
        found = known.loadRes(results) if results else COCO()
        evaluation = COCOeval(known, found, "bbox")
        evaluation.params.catIds = sorted(one["id"] for one in truth["categories"])
        evaluation.params.imgIds = sorted(one["id"] for one in truth["images"])
        evaluation.evaluate()
        evaluation.accumulate()
    figures = evaluation.eval["precision"][:, :, :, 0, -1]
    return [
        (float(figures[:, :, k].mean()), float(figures[0, :, k].mean()))
        for k in range(figures.shape[2])
    ]


def _truth(pictures: Sequence[ProjectPicture], ids: Mapping[str, int]) -> dict[str, Any]:
    annotations = [
        {"image_id": number, "category_id": ids[one.label], "iscrowd": 0, **_area(one.place, size)}
        for number, size, marked in ((n, p.size, p.truth or ()) for n, p in enumerate(pictures))
        for one in marked
        if one.label in ids
    ]
    return {
        "info": {},
        "images": [{"id": number} for number in range(len(pictures))],
        "categories": [{"id": number, "name": label} for label, number in ids.items()],
        "annotations": [{"id": number, **one} for number, one in enumerate(annotations, start=1)],
    }


def _results(
    pictures: Sequence[ProjectPicture], answers: Answers, ids: Mapping[str, int]
) -> list[dict[str, Any]]:
    known = set(ids.values())
    return [
        {"image_id": number, "category_id": class_id, "score": score, **_area(place, picture.size)}
        for number, picture in enumerate(pictures)
        for class_id, score, place in answers[picture.sha256]
        if class_id in known
    ]


def _area(place: Place, size: tuple[int, int]) -> dict[str, Any]:
    """A box as COCO has it: x, y, width, height in pixels, and its area."""
    width, height = size
    y0, x0, y1, x1 = place
    box = [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height]
    return {"bbox": box, "area": box[2] * box[3]}


def _listed(labels: Mapping[str, int]) -> str:
    names = list(labels)
    more = f" and {len(names) - 6} more of the label map" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more
