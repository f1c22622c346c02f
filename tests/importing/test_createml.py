"""CreateML's list: centres and sizes, pixels or fractions, either of Apple's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.data_sets import lay, read


def box(x: object, y: object, width: object, height: object, label: object = "one") -> object:
    coordinates = {"x": x, "y": y, "width": width, "height": height}
    return {"label": label, "coordinates": coordinates}


@pytest.mark.parametrize("keys", [("image", "annotations"), ("imagefilename", "annotation")])
def test_boxes_are_told_by_centre_and_size(tmp_path: Path, keys: tuple[str, str]) -> None:
    entries = [{keys[0]: "a.png", keys[1]: [box(20, 30, 10, 5)]}, {keys[0]: "b.png", keys[1]: []}]
    found = read(lay(tmp_path, {"a.png": 1, "b.png": 2, "x.json": entries}), format="createml")
    assert found.boxes() == {"a.png": [("one", 15, 27.5, 25, 32.5)], "b.png": []}
    assert not found.pictures[0].in_fractions


def test_fractions_are_told_by_all_numbers_together(tmp_path: Path) -> None:
    entries = [{"image": "a.png", "annotations": [box(0.5, 0.5, 1, 1)]}]
    found = read(lay(tmp_path, {"a.png": 1, "x.json": entries}))
    assert found.pictures[0].in_fractions
    assert found.report.lines() == ["1 file: numbers read as fractions of the pictures' sides"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"annotations": []}, "x.json, line 1: entry 1: it names no `image`"),
        ({"image": "c.png"}, "x.json, line 1: entry 1: its picture c.png is not there"),
        ({"image": "a.png", "annotations": {}}, "entry 1: annotations: expected array | null"),
        (
            {"image": "a.png", "annotations": [box(1, 2, 3, None)]},
            "an edge of its box is not a number",
        ),
        (
            {"image": "a.png", "annotations": [box(1, 2, 3, "x")]},
            "x.json, line 1: annotations[0]: coordinates.height",
        ),
        ({"image": "a.png", "annotations": [{"label": "x"}]}, "missing required field coordinates"),
        ({"image": "a.png", "annotations": [box(1, 2, 3, 4, "\u202e")]}, "holds U+202E"),
        (7, "x.json, line 1: entry 1: expected object, got int"),
    ],
)
def test_what_can_not_be_read_is_told(tmp_path: Path, entry: object, why: str) -> None:
    file = lay(tmp_path, {"a.png": 1, "x.json": [entry]}) / "x.json"
    [fault] = read(file, format="createml").faults
    assert why in fault
