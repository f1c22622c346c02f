"""What the network is taught: changed pictures, anchors' targets."""

import numpy as np

from embedded.assign import CELLS, DO_NOT_CARE, NOTHING, STRIDE, assign
from embedded.augment import IGNORED, Picture, Rows, augment
from embedded.render import MOST_BOXES, Scenes, rows_of
from embedded.scenes import SIDE, scene
from embedded.splits import EXAMPLES


def _rows(*boxes: tuple[float, ...]) -> Rows:
    rows = np.zeros((MOST_BOXES, 5), np.float32)
    rows[:, 4] = -1
    for i, box in enumerate(boxes):
        rows[i] = box
    return rows


def _bright_box(ymin: int, xmin: int, ymax: int, xmax: int) -> Picture:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[ymin:ymax, xmin:xmax] = 255
    return picture


def test_boxes_follow_what_is_in_a_changed_picture() -> None:
    picture, rows = _bright_box(100, 120, 180, 170), _rows((100, 120, 180, 170, 3))
    checked = 0
    for seed in range(60):
        changed, moved = augment(picture, rows, np.random.default_rng(seed))
        assert changed.shape == (SIDE, SIDE, 3)
        assert changed.dtype == np.uint8
        if moved[0, 4] != 3:
            assert moved[0, 4] in (IGNORED, -1)
            continue
        y, x = moved[0, :4].reshape(2, 2).mean(axis=0).astype(int)
        centre, corner = changed[y, x].astype(int), changed[0, 0].astype(int)
        line = np.abs(changed[y].astype(int) - centre).sum(axis=1) < 90
        if np.abs(centre - corner).sum() < 200 or line.all():
            continue
        assert abs(np.flatnonzero(line)[0] - moved[0, 1]) < 3
        assert abs(np.flatnonzero(line)[-1] + 1 - moved[0, 3]) < 3
        checked += 1
    assert checked > 25


def test_changing_a_picture_leaves_the_original_as_it_is() -> None:
    drawn = scene(EXAMPLES.first_seed)
    picture, rows = drawn.picture.copy(), rows_of(drawn)
    before = rows.copy()
    for seed in range(20):
        augment(picture, rows, np.random.default_rng(seed))
    assert np.array_equal(picture, drawn.picture)
    assert np.array_equal(rows, before)


def test_the_anchors_about_a_digits_middle_answer_for_it() -> None:
    classes, boxes = assign(_rows((80, 120, 120, 150, 4)))
    found = np.flatnonzero(classes == 4)
    assert set(classes) == {4, NOTHING}
    centres = np.stack(np.divmod(found, CELLS), axis=1) * STRIDE + STRIDE / 2
    assert (np.abs(centres - [100, 135]) <= STRIDE).all()
    assert len(found) in (4, 6)
    assert (boxes[found] == [80, 120, 120, 150]).all()


def test_the_smallest_digit_still_has_an_anchor_even_in_a_corner() -> None:
    for box in ((0, 0, 3, 3), (317, 317, 320, 320), (100, 101, 102, 106)):
        classes, _ = assign(_rows((*box, 0)))
        assert (classes == 0).sum() >= 1


def test_a_cut_digit_is_neither_right_nor_wrong() -> None:
    classes, _ = assign(_rows((0, 100, 24, 130, IGNORED), (40, 40, 80, 80, 2)))
    grid = classes.reshape(CELLS, CELLS)
    assert grid[1, 14] == DO_NOT_CARE
    assert (classes == 2).sum() >= 4
    assert grid[30, 30] == NOTHING


def test_a_scene_fits_the_rows_it_is_kept_in() -> None:
    drawn = scene(EXAMPLES.first_seed + 3)
    rows = rows_of(drawn)
    assert isinstance(Scenes(drawn.picture[None], rows[None]).boxes, np.ndarray)
    assert (rows[:, 4] >= 0).sum() == len(drawn.labels)
