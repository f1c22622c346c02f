"""Labels cover neither one another nor anything else."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tasks.plot.place import BELOW, Box, Label, along, place

FRAME = Box(0, 0, 400, 300)
REACH = 8.0


def label(x: float, y: float, width: float = 60, height: float = 10) -> Label:
    return Label(x, y, width, height, REACH)


def point(x: float, y: float) -> Box:
    return Box(x - 4, y - 4, x + 4, y + 4)


def test_a_lonely_label_is_left_of_its_point() -> None:
    [placed] = place([label(200, 150)], [point(200, 150)], FRAME)
    assert placed is not None
    assert placed.box == Box(132, 145, 192, 155)
    assert not placed.far


def test_a_label_below_is_right_of_its_point_and_lower() -> None:
    [placed] = place([Label(200, 150, 60, 10, REACH, BELOW)], [point(200, 150)], FRAME)
    assert placed is not None
    assert placed.box.right - 200 > 200 - placed.box.left
    assert placed.box.top < 150


def test_at_the_left_edge_it_goes_to_another_side() -> None:
    [placed] = place([label(10, 150)], [point(10, 150)], FRAME)
    assert placed is not None
    assert placed.box.within(FRAME)


def test_where_all_is_full_there_is_none() -> None:
    assert place([label(200, 150)], [FRAME], FRAME) == (None,)


def test_a_line_is_covered_from_end_to_end() -> None:
    boxes = along([(0, 0), (10, 0), (10, 10)], 2)
    for x, y in ((0, 0), (5, 0), (10, 0), (10, 5), (10, 10)):
        assert any(Box(x - 0.1, y - 0.1, x + 0.1, y + 0.1).meets(box) for box in boxes)


COORDINATE = st.integers(0, 400).map(float)


@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=15))
def test_no_label_meets_a_point_or_a_label_or_leaves_the_frame(
    centres: list[tuple[float, float]],
) -> None:
    points = [point(*centre) for centre in centres]
    placed = place([label(*centre) for centre in centres], points, FRAME)
    boxes = [found.box for found in placed if found is not None]
    assert all(box.within(FRAME) for box in boxes)
    assert not any(box.meets(other) for box in boxes for other in points)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
