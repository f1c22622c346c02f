"""Average precision: over the labels that both sides know, and as others compute it."""

from __future__ import annotations

import numpy as np
import pytest

from embedded import LABELS
from embedded.detector import Found
from embedded.scoring import Truth, average_precision
from tasks.inference.results import GroundTruth, Place, ProjectPicture, Rows
from tasks.measure.scoring import UnscoredError, score

PLACE = (0.1, 0.1, 0.5, 0.5)
HALF = (0.1, 0.1, 0.5, 0.35)  # 5/8 of PLACE
ELSEWHERE = (0.6, 0.6, 0.9, 0.9)


def pictured(*marked: tuple[str, Place], name: str = "a") -> ProjectPicture:
    truth = tuple(GroundTruth(*one) for one in marked)
    return ProjectPicture(name=name, path=name, sha256=name, size=(320, 240), truth=truth)


def test_what_is_found_where_it_is_is_right() -> None:
    found = score([pictured(("one", PLACE))], {"a": ((1, 0.9, PLACE),)}, {"one": 1})
    assert found.map == pytest.approx(1.0)
    assert found.map_50 == pytest.approx(1.0)


def test_a_box_that_is_half_right_counts_up_to_its_overlap() -> None:
    found = score([pictured(("one", PLACE))], {"a": ((1, 0.9, HALF),)}, {"one": 1})
    assert found.map_50 == pytest.approx(1.0)
    assert found.map == pytest.approx(0.3)  # right at 0.5, 0.55 and 0.6 of ten thresholds


def test_nothing_found_is_nothing_right() -> None:
    found = score([pictured(("one", PLACE))], {"a": ()}, {"one": 1})
    assert (found.map, found.map_50) == (0.0, 0.0)


def test_each_label_has_its_own_figure_and_counts_alike() -> None:
    picture = pictured(("one", PLACE), ("two", ELSEWHERE))
    found = score([picture], {"a": ((1, 0.9, PLACE),)}, {"two": 2, "one": 1})
    figures = [(one.label, round(one.ap_50, 6), one.boxes) for one in found.classes]
    assert figures == [("one", 1.0, 1), ("two", 0.0, 1)]
    assert found.map_50 == pytest.approx(0.5)


def test_labels_are_compared_by_name_whatever_their_numbers() -> None:
    found = score([pictured(("dog", PLACE))], {"a": ((18, 0.9, PLACE),)}, {"cat": 1, "dog": 18})
    assert found.map_50 == pytest.approx(1.0)


def test_classes_that_are_not_annotated_are_nobodys_fault() -> None:
    rows = ((1, 0.99, ELSEWHERE), (18, 0.9, PLACE))
    found = score([pictured(("dog", PLACE))], {"a": rows}, {"cat": 1, "dog": 18})
    assert found.map_50 == pytest.approx(1.0)


def test_a_claim_on_an_annotated_picture_without_such_an_object_is_wrong() -> None:
    pictures = [pictured(("one", PLACE)), pictured(name="b")]
    rows: dict[str, Rows] = {"a": ((1, 0.8, PLACE),), "b": ((1, 0.9, PLACE),)}
    assert score(pictures, rows, {"one": 1}).map_50 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("pictures", "labels", "why"),
    [
        ([], {"one": 1}, "none of the pictures is annotated"),
        ([pictured()], {"one": 1}, "the annotations hold no box"),
        ([pictured(("one", PLACE))], {}, "its labels are not known"),
        ([pictured(("one", PLACE))], {"dog": 18}, "it was not taught one"),
    ],
)
def test_what_can_t_be_judged_says_why(
    pictures: list[ProjectPicture], labels: dict[str, int], why: str
) -> None:
    with pytest.raises(UnscoredError, match=why):
        score(pictures, {"a": ()}, labels)


def test_it_agrees_with_the_embedded_networks_own_evaluation() -> None:
    """On random detections, some right, some not: two ways into pycocotools, one figure."""
    generator = np.random.default_rng(7)
    drawn = [random_picture(generator, str(number)) for number in range(12)]
    pictures = [picture for picture, _, _ in drawn]
    answers = {picture.sha256: rows for picture, rows, _ in drawn}
    found = score(pictures, answers, {label: n for n, label in enumerate(LABELS, 1)})
    own = average_precision([pair for _, _, pair in drawn])
    assert 0.1 < found.map < 0.9
    assert found.map == pytest.approx(own["map"], abs=1e-6)
    assert found.map_50 == pytest.approx(own["map50"], abs=1e-6)


def random_picture(
    generator: np.random.Generator, name: str
) -> tuple[ProjectPicture, Rows, tuple[Truth, Found]]:
    corners = generator.uniform(0, 0.6, (5, 2))
    boxes = np.concatenate([corners, corners + generator.uniform(0.1, 0.4, (5, 2))], axis=1)
    moved = boxes + generator.normal(0, 0.02, boxes.shape)
    classes = generator.integers(1, 4, 5)
    guesses = np.where(generator.uniform(size=5) < 0.8, classes, 1)
    scores = np.sort(generator.uniform(0.1, 1, 5))[::-1]
    picture = pictured(
        *((LABELS[c - 1], place(box)) for c, box in zip(classes, boxes, strict=True)), name=name
    )
    rows = tuple(
        (int(c), float(s), place(box)) for c, s, box in zip(guesses, scores, moved, strict=True)
    )
    unit = np.array([240, 320, 240, 320])
    truth = Truth((boxes * unit).astype(np.float32), classes)
    return (
        picture,
        rows,
        (truth, Found((moved * unit).astype(np.float32), guesses, scores.astype(np.float32))),
    )


def place(box: np.ndarray) -> Place:
    y0, x0, y1, x1 = box.tolist()
    return y0, x0, y1, x1
