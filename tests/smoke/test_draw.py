"""Boxes are drawn where they belong, and their labels can be read."""

from __future__ import annotations

import pytest
from PIL import Image

from tasks.inference.report import ReportedDetection
from tasks.smoke.draw import (
    PALETTE,
    Rectangle,
    colours_of,
    draw,
    drawn_size,
    frame_of,
    ink_on,
    place_plate,
)


def box(
    class_id: int = 1, place: tuple[float, float, float, float] = (0.25, 0.25, 0.75, 0.75)
) -> ReportedDetection:
    return ReportedDetection(
        label="dog", id=class_id, score=0.9, box=place, pixels=(0, 0, 0, 0), drawn=True
    )


def count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    counted = picture.getcolors(1 << 24) or []
    return sum(int(number) for number, each in counted if each == colour)


def test_the_frame_lies_around_the_box_and_leaves_its_inside_alone() -> None:
    drawn = draw(Image.new("RGB", (1000, 1000), "white"), [box()])
    assert PALETTE[0] in {drawn.getpixel((x, 500)) for x in range(230, 250)}
    assert PALETTE[0] in {drawn.getpixel((500, y)) for y in range(750, 770)}
    inside = drawn.crop((260, 260, 740, 740))
    assert inside.getcolors() == [(480 * 480, (255, 255, 255))]


def test_the_picture_that_was_given_stays_as_it_is() -> None:
    picture = Image.new("RGB", (800, 600), "white")
    draw(picture, [box()])
    assert picture.getcolors() == [(800 * 600, (255, 255, 255))]


def test_no_boxes_leave_the_picture_alone() -> None:
    drawn = draw(Image.new("RGB", (800, 600), "white"), [])
    assert drawn.getcolors() == [(800 * 600, (255, 255, 255))]


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((64, 48), (720, 540)),
        ((1024, 636), (1024, 636)),
        ((4000, 3000), (1920, 1440)),
        ((1, 5000), (1, 1920)),
    ],
)
def test_small_pictures_are_enlarged_and_large_ones_shrunk(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    assert drawn_size(size) == drawn


@pytest.mark.parametrize("size", [(64, 48), (320, 320), (1024, 636), (3000, 400), (100, 5000)])
def test_a_label_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    with_label = draw(Image.new("RGB", size, "white"), [box()])
    assert count(with_label, PALETTE[0]) > 50


@pytest.mark.parametrize(
    "place",
    [(0, 0, 1, 1), (0.5, 0.5, 0.5, 0.5), (-0.001, -0.001, 1.001, 1.001), (0.99, 0.99, 1, 1)],
)
def test_boxes_at_the_edge_empty_or_a_little_outside_are_drawn(
    place: tuple[float, float, float, float],
) -> None:
    assert count(draw(Image.new("RGB", (800, 600), "white"), [box(place=place)]), PALETTE[0]) > 50


def test_a_frame_never_leaves_the_picture() -> None:
    assert frame_of(box(place=(-0.1, -0.1, 1.1, 1.1)), (100, 50), 3) == (0, 0, 99, 49)


def test_each_of_seven_classes_has_a_colour_of_its_own() -> None:
    assert len(set(colours_of([1, 8, 15, 22, 29, 36, 43]).values())) == 7


def test_a_class_has_the_same_colour_on_every_picture_if_it_is_free() -> None:
    assert colours_of([1, 2, 3])[3] == colours_of([3])[3] == colours_of([6, 3])[3]


def test_more_classes_than_colours_share() -> None:
    assert len(colours_of(range(1, 30))) == 29


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""

    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", PALETTE)
def test_text_stands_out_from_its_plate(colour: tuple[int, int, int]) -> None:
    assert contrast(colour, ink_on(colour)) >= 4.5  # what WCAG 2 asks of text


def test_a_plate_stands_above_its_box_if_there_is_room() -> None:
    assert place_plate((60, 20), (100, 100, 200, 200), (400, 400), [], []) == (100, 80, 160, 100)


def test_a_plate_stays_inside_the_picture() -> None:
    for frame in [(0.0, 0.0, 50.0, 50.0), (380.0, 380.0, 399.0, 399.0), (0.0, 0.0, 399.0, 399.0)]:
        left, top, right, bottom = place_plate((60, 20), frame, (400, 400), [], [frame])
        assert left >= 0
        assert top >= 0
        assert right <= 400
        assert bottom <= 400


def test_plates_of_the_same_box_do_not_hide_one_another() -> None:
    frame = (100.0, 100.0, 200.0, 200.0)
    plates: list[Rectangle] = []
    for _ in range(4):
        plates.append(place_plate((60, 20), frame, (400, 400), plates, [frame]))
    assert len(set(plates)) == 4
