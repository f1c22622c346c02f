"""The generator of scenes: its pictures, boxes and labels."""

import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from embedded import LABELS
from embedded.handwriting import Ink, stroke_digit
from embedded.scenes import scene
from embedded.splits import EXAMPLES, TEST, TRAIN, VALIDATION

SOME = EXAMPLES.seeds(12, offset=100)


def _square(label: str, rng: np.random.Generator) -> Ink:
    sheet = np.zeros((96, 96), np.uint8)
    sheet[12:84, 20:76] = 255
    return sheet


def _nothing(label: str, rng: np.random.Generator) -> Ink:
    return np.zeros((96, 96), np.uint8)


def test_a_seed_gives_the_same_scene_again() -> None:
    first, second = scene(SOME[0]), scene(SOME[0])
    assert np.array_equal(first.picture, second.picture)
    assert np.array_equal(first.boxes, second.boxes)
    assert first.labels == second.labels
    assert not np.array_equal(first.picture, scene(SOME[1]).picture)


@pytest.mark.parametrize("size", [(320, 320), (640, 480), (200, 300)])
def test_boxes_lie_within_the_picture_and_have_a_label_each(size: tuple[int, int]) -> None:
    found = 0
    for seed in SOME:
        drawn = scene(seed, size=size)
        assert drawn.picture.shape == (size[1], size[0], 3)
        assert drawn.picture.dtype == np.uint8
        assert drawn.boxes.shape == (len(drawn.labels), 4)
        assert drawn.boxes.dtype == np.float32
        assert set(drawn.labels) <= set(LABELS)
        assert (drawn.boxes[:, :2] >= 0).all()
        assert (drawn.boxes[:, 2:] <= np.array([size[1], size[0]])).all()
        assert (drawn.boxes[:, :2] < drawn.boxes[:, 2:]).all()
        found += len(drawn.labels)
    assert found > len(SOME)


def test_boxes_hold_just_the_ink_that_is_seen() -> None:
    """Two scenes that differ by the ink alone: where they differ is where the boxes are."""
    checked = 0
    for seed in SOME:
        inked, blank = scene(seed, writer=_square), scene(seed, writer=_nothing)
        assert blank.labels == ()
        far = np.abs(inked.picture.astype(int) - blank.picture).max(axis=2) > 24
        outside = far.copy()
        for ymin, xmin, ymax, xmax in inked.boxes.astype(int):
            assert far[ymin:ymax, xmin:xmax].mean() > 0.3
            for edge in (
                far[ymin : ymin + 4, xmin:xmax],
                far[ymax - 4 : ymax, xmin:xmax],
                far[ymin:ymax, xmin : xmin + 4],
                far[ymin:ymax, xmax - 4 : xmax],
            ):
                assert edge.any()
            outside[max(0, ymin - 3) : ymax + 3, max(0, xmin - 3) : xmax + 3] = False
            checked += 1
        assert not outside.any()
    assert checked > len(SOME)


def test_only_the_labels_asked_for_are_drawn() -> None:
    drawn = [label for seed in SOME for label in scene(seed, labels=("one", "two")).labels]
    assert set(drawn) == {"one", "two"}


@pytest.mark.parametrize("wrong", [{"size": (63, 200)}, {"labels": ()}, {"labels": ("seven",)}])
def test_a_size_or_label_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="64x64"):
        scene(1, **wrong)


def test_every_label_can_be_written_by_hand() -> None:
    for label in LABELS:
        sheets = [stroke_digit(label, np.random.default_rng(seed)) for seed in range(5)]
        for sheet in sheets:
            assert sheet.shape == (96, 96)
            assert 0.02 < (sheet > 127).mean() < 0.5
            assert not sheet[[0, -1]].any()
            assert not sheet[:, [0, -1]].any()
        assert not np.array_equal(sheets[0], sheets[1])


def test_training_validation_and_test_share_nothing() -> None:
    splits = [TRAIN, VALIDATION, TEST]
    seeds = [(s.first_seed, s.first_seed + s.most_scenes) for s in [*splits, EXAMPLES]]
    for ranges in (seeds, [s.real_digits for s in splits]):
        assert all(first < end for first, end in ranges)
        assert all(end <= first for (_, end), (first, _) in pairwise(sorted(ranges)))


def test_a_split_gives_no_seed_beyond_its_own() -> None:
    with pytest.raises(ValueError, match="scenes only"):
        TEST.seeds(2, offset=TEST.most_scenes - 1)


def test_a_scene_of_strokes_needs_neither_tensorflow_nor_scikit_learn() -> None:
    code = (
        "import sys; from embedded.scenes import scene; scene(1); "
        "sys.exit(bool({'tensorflow', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_real_handwriting_comes_from_the_rows_of_its_split() -> None:
    pytest.importorskip("sklearn")
    from embedded.real_digits import _samples, real_writer

    sheet = real_writer(TEST)("three", np.random.default_rng(3))
    assert sheet.shape == (96, 96)
    assert 0.02 < (sheet > 127).mean() < 0.6
    assert sum(map(len, _samples(TEST.real_digits).values())) < 497
