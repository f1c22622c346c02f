"""What is asked of a detector's outputs, and what is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tasks.config.types import Expectation, Signature
from tasks.inference import saved_model
from tasks.inference.channel import FaultError
from tasks.smoke import checks

ZOO = Signature()
LABELS = {1: "person", 18: "dog"}


def outputs(**changes: object) -> dict[str, npt.NDArray[np.generic]]:
    """Five rows, two of them detections, the rest padding as the exporter writes it."""
    boxes = [[0.1, 0.1, 0.5, 0.4], [0.3, 0.5, 0.9, 0.9], [0.0] * 4, [0.0] * 4, [0.0] * 4]
    values: dict[str, object] = {
        "detection_boxes": [boxes],
        "detection_scores": [[0.9, 0.6, 0.0, 0.0, 0.0]],
        "detection_classes": [[18.0, 1.0, 1.0, 1.0, 1.0]],
        "num_detections": [2.0],
        "raw_detection_boxes": [[[-0.8, 0.0, 1.8, 1.0]]],
        **changes,
    }
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def failed(**changes: object) -> list[str]:
    found = checks.check_outputs(outputs(**changes), ZOO, 90)
    return [f"{check.name}: {check.detail}" for check in found if check.result == "failed"]


def test_sound_outputs_pass_every_check() -> None:
    assert failed() == []
    assert {check.result for check in checks.check_outputs(outputs(), ZOO, 90)} == {"passed"}


def test_a_network_that_finds_nothing_is_sound() -> None:
    assert failed(num_detections=[0.0]) == []


def test_padding_is_not_asked_anything() -> None:
    assert failed(detection_classes=[[18, 1, 0, 95, 0.5]]) == []
    assert failed(detection_scores=[[0.9, 0.6, 7.0, -1.0, 8.0]]) == []


def test_raw_boxes_may_reach_beyond_the_picture() -> None:
    assert failed(raw_detection_boxes=[[[-9.0, 0.0, 9.0, 1.0]]]) == []


def test_an_empty_box_is_no_fault() -> None:
    assert failed(detection_boxes=[[[0.5, 0.5, 0.5, 0.5]] * 5]) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detection_scores": [[0.6, 0.9, 0, 0, 0]]}, "row 1 scores higher than the row before"),
        ({"detection_scores": [[1.2, 0.9, 0, 0, 0]]}, "they reach from 0.9 to 1.2"),
        ({"detection_scores": [[0.9, -0.1, 0, 0, 0]]}, "they reach from -0.1 to 0.9"),
        ({"detection_classes": [[0, 1, 1, 1, 1]]}, "one is 0"),
        ({"detection_classes": [[1.5, 1, 1, 1, 1]]}, "one is 1.5"),
        ({"detection_classes": [[91, 1, 1, 1, 1]]}, "one is 91"),
        ({"num_detections": [6.0]}, "6 detections in 5 rows"),
        ({"num_detections": [1.5]}, "1.5 detections in 5 rows"),
        ({"num_detections": [-1.0]}, "-1 detections in 5 rows"),
        ({"num_detections": [float("nan")]}, "num_detections holds NaN or infinity"),
        ({"raw_detection_boxes": [[float("inf")]]}, "raw_detection_boxes holds NaN or infinity"),
        ({"detection_boxes": [[[0.1, 0.1, 1.1, 0.4]] * 5]}, "lies outside the picture"),
        ({"detection_boxes": [[[0.5, 0.1, 0.4, 0.4]] * 5]}, "ends before it begins"),
        ({"detection_boxes": [[[0.1, 0.5, 0.4, 0.4]] * 5]}, "ends before it begins"),
    ],
)
def test_each_fault_is_told(changes: dict[str, object], message: str) -> None:
    assert message in " | ".join(failed(**changes))


def test_rounding_at_the_edge_of_the_picture_is_no_fault() -> None:
    assert failed(detection_boxes=[[[-0.0005, 0, 1.0005, 1]] * 5]) == []


def test_without_a_pipeline_config_any_class_from_1_upwards_is_fine() -> None:
    found = saved_model.detections_in(outputs(detection_classes=[[400, 1, 1, 1, 1]]), ZOO)
    assert checks.check_classes(found, None).result == "passed"
    assert checks.check_classes(found, 90).result == "failed"


@pytest.mark.parametrize(
    "changes",
    [
        {"detection_boxes": np.zeros((1, 5, 3))},
        {"detection_boxes": np.zeros((5, 4))},
        {"detection_classes": np.zeros((1, 4))},
        {"detection_scores": np.zeros(5)},
        {"detection_scores": np.float32(1)},
        {"num_detections": np.zeros(2)},
    ],
)
def test_a_wrong_shape_ends_the_questions(changes: dict[str, object]) -> None:
    with pytest.raises(FaultError, match="its output"):
        list(checks.check_outputs(outputs(**changes), ZOO, 90))


def test_a_missing_output_is_named_with_those_that_are_there() -> None:
    there = outputs()
    del there["detection_scores"]
    with pytest.raises(FaultError, match=r"no output detection_scores; it has detection_boxes"):
        saved_model.detections_in(there, ZOO)


def test_numbered_outputs_and_classes_from_0_are_read_by_their_signature() -> None:
    odd = Signature(boxes="o3", classes="o2", scores="o1", count="", first_class=1)
    there = outputs()
    numbered = {
        "o1": there["detection_scores"],
        "o2": there["detection_classes"],
        "o3": there["detection_boxes"],
    }
    assert saved_model.detections_in(numbered, odd).classes.tolist() == [19, 2, 2, 2, 2]


def test_the_same_answer_twice_is_told_to_the_last_bit() -> None:
    first = saved_model.detections_in(outputs(), ZOO)
    assert checks.check_repeat(first, first).detail == "to the last bit"


def test_another_answer_to_the_same_picture_is_a_fault() -> None:
    first = saved_model.detections_in(outputs(), ZOO)
    fewer = saved_model.detections_in(outputs(num_detections=[1.0]), ZOO)
    other = saved_model.detections_in(outputs(detection_scores=[[0.8, 0.6, 0, 0, 0]]), ZOO)
    assert checks.check_repeat(first, fewer).detail == "2 detections, then 1"
    assert checks.check_repeat(first, other).detail == "scores or boxes differ by 0.1"


def test_other_boxes_for_the_same_picture_are_a_fault() -> None:
    first = saved_model.detections_in(outputs(), ZOO)
    other = saved_model.detections_in(outputs(detection_boxes=[[[0.1, 0.1, 0.5, 0.9]] * 5]), ZOO)
    assert checks.check_repeat(first, other).result == "failed"


def test_a_class_that_is_no_number_has_no_label() -> None:
    found = saved_model.detections_in(
        outputs(detection_classes=[[float("nan"), float("inf"), 1, 1, 1]]), ZOO
    )
    assert (
        checks.check_expected(found, LABELS, Expectation(label="dog", score=0)).result == "failed"
    )
    assert checks.count_hits(found, LABELS, found.boxes, ("dog", "person"), 0.5) == 0


def test_rounding_between_two_runs_is_no_fault() -> None:
    first = saved_model.detections_in(outputs(), ZOO)
    close = saved_model.detections_in(outputs(detection_scores=[[0.90001, 0.6, 0, 0, 0]]), ZOO)
    assert checks.check_repeat(first, close).result == "passed"


@pytest.mark.parametrize(
    ("label", "score", "result"),
    [("dog", 0.5, "passed"), ("dog", 0.95, "failed"), ("cat", 0.1, "failed")],
)
def test_the_expected_label_must_be_found(label: str, score: float, result: str) -> None:
    found = saved_model.detections_in(outputs(), ZOO)
    assert (
        checks.check_expected(found, LABELS, Expectation(label=label, score=score)).result == result
    )


def test_an_object_counts_only_where_it_is_and_as_what_it_is() -> None:
    found = saved_model.detections_in(outputs(), ZOO)
    there = np.array([[0.1, 0.1, 0.5, 0.4]], np.float32)
    elsewhere = np.array([[0.5, 0.1, 0.9, 0.4]], np.float32)
    assert checks.count_hits(found, LABELS, there, ("dog",), 0.5) == 1
    assert checks.count_hits(found, LABELS, elsewhere, ("dog",), 0.5) == 0
    assert checks.count_hits(found, LABELS, there, ("person",), 0.5) == 0
    assert checks.count_hits(found, LABELS, there, ("dog",), 0.95) == 0


def test_boxes_overlap_by_intersection_over_union() -> None:
    box = np.array([0.0, 0.0, 1.0, 1.0], np.float32)
    others = np.array([[0, 0, 1, 1], [0, 0, 1, 0.5], [2, 2, 3, 3]], np.float32)
    assert checks.overlaps(box, others).tolist() == [1.0, 0.5, 0.0]
    assert checks.overlaps(box[[0, 0, 0, 0]], box[None, [0, 0, 0, 0]]).tolist() == [0.0]
