"""Where boxes and plates go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.inference.results import Detection, Place
from tasks.pages.boxes import (
    GROWN,
    MOST,
    PLATE,
    Frame,
    Position,
    annotated_position,
    behind,
    detected_boxes,
    detected_position,
    drawing_size,
    frame_of,
    plate_text,
    plate_width,
    text_width,
    whole_percent,
)

SIZE = (640, 480)
HERE: Place = (0.1, 0.1, 0.5, 0.5)
NEAR: Place = (0.12, 0.1, 0.5, 0.5)
AWAY: Place = (0.6, 0.6, 0.9, 0.9)


@pytest.mark.parametrize(
    ("score", "percent"),
    [(0.5, 50), (0.29, 29), (0.4999, 49), (0.9999, 99), (1.0, 100), (1.7, 100), (-1, 0)],
)
def test_a_score_is_rounded_down_so_that_it_never_seems_to_reach_a_threshold(
    score: float, percent: int
) -> None:
    assert whole_percent(score) == percent


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_what_is_no_score_counts_as_none(score: float) -> None:
    assert whole_percent(score) == 0


@pytest.mark.parametrize(
    ("size", "drawing"),
    [
        ((640, 480), (640, 480)),
        ((64, 48), (640, 480)),
        ((3000, 4000), (480, 640)),
        ((9, 9000), (1, 640)),
    ],
)
def test_every_picture_is_drawn_in_the_same_units(
    size: tuple[int, int], drawing: tuple[int, int]
) -> None:
    assert drawing_size(size) == drawing


@pytest.mark.parametrize(
    ("place", "frame"),
    [
        ((0.25, 0.5, 0.5, 0.75), Frame(320, 120, 160, 120)),
        ((-0.5, -0.5, 1.5, 1.5), Frame(0, 0, 640, 480)),
        ((0.5, 0.75, 0.25, 0.5), Frame(320, 120, 160, 120)),
        ((float("nan"), 0, float("inf"), 1), Frame(0, 0, 640, 0)),
    ],
)
def test_a_box_stays_in_its_picture(place: Place, frame: Frame) -> None:
    assert frame_of(place, SIZE) == frame


@pytest.mark.parametrize("x", [0, 100, 300, 500, 630])
@pytest.mark.parametrize("y", [0, 20, 200, 470])
@pytest.mark.parametrize("height", [8, 100, 480])
def test_a_plate_stays_in_its_picture_even_when_it_has_grown(x: int, y: int, height: int) -> None:
    frame = Frame(x, y, 10, min(height, 480 - y))
    position = detected_position(frame, SIZE, 100)
    edge = position.y + PLATE * GROWN * (1 if position.below else -1)
    assert 0 <= edge <= SIZE[1]
    assert (frame.x + 5 > SIZE[0] / 2) == position.end


@pytest.mark.parametrize("place", [detected_position, annotated_position])
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (640, 100), (640, 640)])
@pytest.mark.parametrize("part", [0, 0.3, 0.49, 0.51, 0.9])
def test_so_does_the_plate_of_the_longest_label(
    place: Callable[[Frame, tuple[int, int], float], Position], size: tuple[int, int], part: float
) -> None:
    plate = plate_width(plate_text("x" * 500), behind(100, False))
    grown = plate * (GROWN if size[0] > size[1] else 1)
    position = place(Frame(part * size[0], 40, 10, 10), size, plate)
    left, right = (
        (position.x - grown, position.x) if position.end else (position.x, position.x + grown)
    )
    assert left >= -0.1
    assert right <= size[0] + 0.1


@pytest.mark.parametrize("x", [0, 40, 90])
def test_a_picture_that_is_too_narrow_shows_the_plates_end_with_the_score(x: int) -> None:
    position = detected_position(Frame(x, 100, 10, 10), (100, 640), 300)
    assert position.x + (0 if position.end else 300) == 100


def test_a_label_is_printed_on_one_line_of_bounded_length() -> None:
    assert plate_text("a\nb") == "a\\nb"
    assert len(plate_text("x" * 500)) == 32
    assert text_width("骰") == 2 * text_width("a")


def found(*rows: tuple[str, float, Place]) -> tuple[Detection, ...]:
    return tuple(Detection(*row) for row in rows)


def test_low_scores_and_all_but_the_best_hundred_are_not_drawn() -> None:
    many = found(*[("one", 0.9, HERE)] * 150)
    assert len(detected_boxes(many, [None] * 150, {"one": 0}, SIZE)) == MOST
    assert not detected_boxes(found(("one", 0.049, HERE)), [None], {"one": 0}, SIZE)
