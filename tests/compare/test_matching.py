"""Which detections are right."""

from __future__ import annotations

import pytest

from tasks.compare.matching import verdicts
from tasks.inference.results import Detection, GroundTruth, Place

HERE: Place = (0.1, 0.1, 0.5, 0.5)
NEAR: Place = (0.12, 0.1, 0.5, 0.5)
AWAY: Place = (0.6, 0.6, 0.9, 0.9)


def found(*rows: tuple[str, float, Place]) -> tuple[Detection, ...]:
    return tuple(Detection(*row) for row in rows)


@pytest.mark.parametrize(
    ("detections", "verdict"),
    [
        (found(("one", 0.9, NEAR)), [True]),
        (found(("one", 0.9, AWAY)), [False]),
        (found(("two", 0.9, HERE)), [False]),
        (found(("cat", 0.9, HERE)), [None]),
        (found(("one", 0.9, NEAR), ("one", 0.8, HERE)), [True, False]),
        (found(("one", 0.9, AWAY), ("one", 0.8, HERE)), [False, True]),
        ((), []),
    ],
)
def test_the_best_detection_takes_an_annotated_object(
    detections: tuple[Detection, ...], verdict: list[bool | None]
) -> None:
    assert verdicts(detections, (GroundTruth("one", HERE),), {"one", "two"}) == verdict


def test_without_annotations_nothing_is_judged() -> None:
    assert verdicts(found(("one", 0.9, HERE)), None, {"one"}) == [None]


def test_a_picture_annotated_as_empty_judges() -> None:
    assert verdicts(found(("one", 0.9, HERE)), (), {"one"}) == [False]
