"""LabelMe's shapes: which are boxes, which become one, which have no area."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.importing.data_sets import imported, lay, read


def shape(
    kind: str | None, *points: tuple[object, ...], label: object = "one"
) -> dict[str, object]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}}


def labelme(*shapes: object, name: str = "a.png") -> dict[str, object]:
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": name,
        "imageData": "QUJD",
        "imageHeight": 48,
        "imageWidth": 64,
    }


@pytest.mark.parametrize(
    ("one", "edges", "told"),
    [
        (shape("rectangle", (30.5, 40), (10, 20)), (10, 20, 30.5, 40), []),
        (shape("mask", (10, 20), (30, 40)), (10, 20, 30, 40), []),
        (shape("polygon", (5, 9), (7, 2), (1, 4)), (1, 2, 7, 9), ["1 polygon"]),
        (shape(None, (5, 9), (7, 2), (1, 4)), (1, 2, 7, 9), ["1 polygon"]),
        (shape("rotation", (5, 9), (7, 2), (1, 4), (3, 3)), (1, 2, 7, 9), ["1 turned box"]),
        (shape("circle", (20, 20), (23, 24)), (15, 15, 25, 25), ["1 circle"]),
    ],
)
def test_a_shape_is_its_box(
    tmp_path: Path, one: object, edges: tuple[float, ...], told: list[str]
) -> None:
    found = read(lay(tmp_path, {"a.png": 1, "a.json": labelme(one)}))
    assert found.boxes() == {"a.png": [("one", *edges)]}
    assert found.report.lines() == [f"{what}: only the box around is taken" for what in told]


def test_what_has_no_area_is_left_out_and_told(tmp_path: Path) -> None:
    shapes = [shape("point", (1, 2)), shape("line", (1, 2), (3, 4))]
    found = read(lay(tmp_path, {"a.png": 1, "a.json": labelme(*shapes)}))
    assert found.boxes() == {"a.png": []}
    assert found.report.lines() == [
        "1 shape: left out: a point has no area",
        "1 shape: left out: a line has no area",
    ]


@pytest.mark.parametrize(
    "name", ["a.png", "..\\photos\\a.png", "/home/me/photos/a.png", "gone.png"]
)
def test_the_picture_lies_where_it_lies_now(tmp_path: Path, name: str) -> None:
    files = {"photos/a.png": 1, "labels/a.json": labelme(shape("mask", (1, 2), (3, 4)), name=name)}
    assert read(lay(tmp_path, files)).boxes() == {"a.png": [("one", 1, 2, 3, 4)]}


def test_a_file_of_another_name_is_of_the_picture_that_it_names(tmp_path: Path) -> None:
    files = {"a.png": 1, "renamed.json": labelme(shape("mask", (1, 2), (3, 4)))}
    assert read(lay(tmp_path, files)).boxes() == {"a.png": [("one", 1, 2, 3, 4)]}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (shape("rectangle", (1, 2)), "a rectangle has 2 points of two numbers or more"),
        (shape("rectangle", (1, 2), (3,)), "a rectangle has 2 points of two numbers or more"),
        (shape("rectangle", (1, 2), (3, None)), "an edge of its box is not a number"),
        (shape("cuboid", (1, 2), (3, 4)), "there is no shape_type cuboid"),
        (shape("rectangle", (1, 2), (3, 4), label=""), "its label is empty"),
        (shape("rectangle", (1, 2), (3, 4), label=None), "label: expected str, got null"),
        ("x", "expected object, got str"),
    ],
)
def test_a_shape_that_is_none_leaves_its_picture_out(tmp_path: Path, one: object, why: str) -> None:
    files = {"a.png": 1, "a.json": labelme(shape("mask", (1, 2), (3, 4)), one)}
    done = imported(tmp_path, lay(tmp_path / "s", {**files, "b.png": 2, "b.json": labelme()}))
    assert re.search(r"a\.json, line 1, column \d+: shapes\[1\]: " + re.escape(why), done.said)
    assert set(done.files) == {"train/b.png", "train/b.xml"}
