"""What a new user gets from the first `doit`, with no internet."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from embedded.scenes import scene
from tasks.smoke.picture import SCENE
from tests.end_to_end.conftest import EMBEDDED, TUTORIAL, First, did


def test_it_ends_well(first: First) -> None:
    assert first.finished.code == 0, first.finished.said


def test_the_embedded_network_is_installed_as_the_tutorial_wants_it(first: First) -> None:
    folder = first.checkout.root / "pre-trained" / EMBEDDED
    assert (folder / "pipeline.config").is_file()
    assert (folder / "checkpoint/ckpt-0.index").is_file()
    assert (folder / "saved_model/variables/variables.index").is_file()


def test_the_project_is_ready_for_pictures(first: First) -> None:
    project = first.checkout.root / "cube_faces"
    assert (project / "images/train").is_dir()
    assert (project / "images/test").is_dir()
    assert {path.name for path in (project / "training").iterdir() if path.is_dir()} == {
        EMBEDDED,
        TUTORIAL,
    }
    label_map = (project / "training/label_map.pbtxt").read_text()
    assert label_map.index("one") < label_map.index("two")


def test_the_picture_shows_the_digits_that_are_there(first: First) -> None:
    """Judged by the scene itself, not by what smoke says of its own work."""
    results = first.checkout.root / "results" / EMBEDDED
    told = json.loads((results / "smoke.json").read_text())
    drawn = scene(SCENE, size=tuple(told["picture"]["size"]))
    height, width = drawn.picture.shape[:2]
    found = [each for each in told["detections"] if each["drawn"]]
    right = [
        (box, label)
        for box, label in zip(drawn.boxes, drawn.labels, strict=True)
        if any(
            each["label"] == label
            and overlap(box, np.array(each["box"]) * (height, width, height, width)) > 0.5
            for each in found
        )
    ]
    assert len(right) == len(drawn.labels) == len(found)
    with Image.open(results / "smoke.png") as picture:
        picture.verify()


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes [ymin, xmin, ymax, xmax]."""
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(np.prod(sides))
    return common / float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - common)


def test_the_network_out_of_reach_is_deferred_with_what_to_do(first: First) -> None:
    said = first.finished.out
    assert f"deferred:  {TUTORIAL}: " in said
    assert "TOD_OFFLINE" in said
    assert "doit adopt" in said


def test_no_archive_lies_in_the_tree_but_the_shipped_one(first: First) -> None:
    archives = [path.parent.name for path in first.checkout.root.rglob("*.tar.gz")]
    assert archives == ["embedded"]


def test_each_step_is_told_in_one_line(first: First) -> None:
    assert did(first.finished) == {
        *(f"{step}:{EMBEDDED}" for step in ("download", "verify", "extract", "smoke")),
        "scaffold:cube_faces",
    }


def test_nothing_of_tensorflows_start_up_is_shown(first: First) -> None:
    for chatter in ("cuda", "oneDNN", "absl", "AVX2", "WARNING"):
        assert chatter not in first.finished.said
