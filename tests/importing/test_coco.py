"""COCO's JSON: ids with gaps in any order; crowds, empty pictures; what is refused, and where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from tests.importing.data_sets import imported, lay, read

IMAGES = [
    {"id": 70, "file_name": "b.png", "width": 64, "height": 48},
    {"id": 3, "file_name": "a.png", "width": 64, "height": 48},
]
CATEGORIES = [{"id": 90, "name": "two"}, {"id": 7, "name": "one"}]
ANNOTATIONS = [
    {"id": 5, "image_id": 3, "category_id": 7, "bbox": [10, 20, 30, 15.5], "iscrowd": 0},
    {"id": 1, "image_id": 3, "category_id": 90, "bbox": [0, 0, 64, 48], "iscrowd": 0},
]
WHOLE = {"annotations": ANNOTATIONS, "categories": CATEGORIES, "images": IMAGES}
PICTURES = {"a.png": 1, "b.png": 2}


def test_ids_may_have_gaps_and_stand_in_any_order(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {**PICTURES, "all.json": WHOLE})
    assert read(source).boxes() == {
        "b.png": [],
        "a.png": [("one", 10, 20, 40, 35.5), ("two", 0, 0, 64, 48)],
    }
    assert "1 picture: without boxes, so background" in imported(tmp_path, source).result.lines


def test_pycocotools_reads_the_same(tmp_path: Path) -> None:
    lay(tmp_path, {**PICTURES, "all.json": WHOLE})
    judge = COCO(tmp_path / "all.json")
    told = {}
    for number in judge.getImgIds():
        boxes = []
        for one in judge.loadAnns(judge.getAnnIds(imgIds=[number], iscrowd=False)):
            x, y, width, height = one["bbox"]
            [category] = judge.loadCats([one["category_id"]])
            boxes.append((category["name"], x, y, x + width, y + height))
        [image] = judge.loadImgs([number])
        told[image["file_name"]] = boxes
    ours = read(tmp_path).boxes()
    assert {name: sorted(boxes) for name, boxes in ours.items()} == {
        name: sorted(boxes) for name, boxes in told.items() if boxes
    } | {"b.png": []}


def test_crowds_are_left_out_and_told(tmp_path: Path) -> None:
    crowd = {**ANNOTATIONS[0], "iscrowd": 1, "segmentation": {"counts": "x", "size": [48, 64]}}
    found = read(lay(tmp_path, {**PICTURES, "x.json": {**WHOLE, "annotations": [crowd]}}))
    assert found.boxes() == {"b.png": [], "a.png": []}
    assert (
        "1 crowd region: left out: a box can't say that it stands for many" in found.report.lines()
    )


@pytest.mark.parametrize("noted", [{"rotation": 90.0}, {"occluded": False, "rotation": "450"}])
def test_of_a_turned_box_the_box_around_is_taken_and_told(
    tmp_path: Path, noted: dict[str, object]
) -> None:
    one = {**ANNOTATIONS[0], "bbox": [20, 20, 20, 8], "attributes": noted}
    found = read(lay(tmp_path, {**PICTURES, "x.json": {**WHOLE, "annotations": [one]}}))
    assert found.boxes()["a.png"] == [("one", 26, 14, 34, 34)]
    assert "1 turned box: only the box around is taken" in found.report.lines()


@pytest.mark.parametrize(
    "noted", [{"rotation": 0.0}, {"rotation": 360}, {"rotation": "left"}, ["rotation"], None, "x"]
)
def test_a_box_that_is_not_turned_is_taken_as_it_is(tmp_path: Path, noted: object) -> None:
    one = {**ANNOTATIONS[0], "attributes": noted}
    found = read(lay(tmp_path, {**PICTURES, "x.json": {**WHOLE, "annotations": [one]}}))
    assert found.boxes()["a.png"] == [("one", 10, 20, 40, 35.5)]
    assert not any("turned" in line for line in found.report.lines())


@pytest.mark.parametrize(
    "names",
    [("annotations/{}.json", "images/{}/a.png"), ("{0}/_annotations.coco.json", "{0}/a.png")],
)
def test_each_file_is_of_the_pictures_of_its_split(tmp_path: Path, names: tuple[str, str]) -> None:
    image = {"id": 1, "file_name": "a.png"}
    files: dict[str, object] = {}
    for number, split in enumerate(("train", "valid")):
        one = {"image_id": 1, "category_id": 1, "bbox": [number, 0, 9, 9]}
        whole = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "one"}]}
        files |= {names[0].format(split): whole, names[1].format(split): number}
    found = read(lay(tmp_path, files)).pictures
    assert [(one.split, one.boxes[0].xmin, one.path.parent.name) for one in found] == [
        ("train", 0, "train"),
        ("valid", 1, "valid"),
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bbox": [1, 2, 3]}, "its bbox is not four numbers"),
        ({"bbox": None}, "it has no bbox"),
        ({"bbox": [1, 2, None, 4]}, "its bbox is not four numbers"),
        ({"bbox": "here"}, "bbox: expected array | null, got str"),
        ({"bbox": [1, 2, 3e300, 4]}, "which no picture has"),
        ({"category_id": 8}, "there is no category 8"),
    ],
)
def test_a_picture_of_which_one_annotation_is_wrong_is_left_out_whole(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    wrong = [ANNOTATIONS[0], {**ANNOTATIONS[1], **change}]
    source = lay(tmp_path / "s", {**PICTURES, "x.json": {**WHOLE, "annotations": wrong}})
    done = imported(tmp_path, source)
    assert {"train/b.png", "train/b.xml"} == set(done.files)
    assert re.search(r"x\.json, line 1, column \d+: annotations\[1\]: ", done.said)
    assert why in done.said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"images": [{"id": 3}]}, "images[0]: object missing required field file_name"),
        (
            {"images": [*IMAGES, {"id": 3, "file_name": "b.png"}]},
            "the id 3 is another image's, too",
        ),
        ({"images": [IMAGES[1]], "annotations": [{"image_id": 70}]}, "there is no image 70"),
        (
            {"categories": [{"id": 7, "name": "one"}, {"id": 7, "name": "x"}]},
            "the id 7 has two names",
        ),
        ({"categories": [{"id": 7, "name": "o\u200bne"}]}, "its label holds U+200B"),
        ({"images": {}}, "line 1, column 230: images: expected array | null, got object"),
        ({"images": None}, "it lists no `images`"),
        (
            {"images": [{"id": 1, "file_name": "../../c.png"}]},
            "its picture ../../c.png is not there",
        ),
        (
            {"images": [{"id": 1, "file_name": "/etc/passwd"}]},
            "its picture /etc/passwd is not there",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    lay(tmp_path, {"c.png": 9})
    found = read(lay(tmp_path / "s", {**PICTURES, "x.json": {**WHOLE, **change}}), format="coco")
    assert any(why in fault for fault in found.faults), found.faults
    assert all(one.path.is_relative_to(tmp_path / "s") for one in found.pictures)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"images": [}', "it is not JSON in line 1, near }"),
        ('{"images": [', "it is not whole JSON"),
        ('{"images": ' + "[" * 100_000, "it is nested too deep"),
        (b'{"images": [{"id": 1, "file_name": "\xff"}]}', "images[0]: it is not"),
        ("", "it is empty"),
        ("[1, 2]", "expected object, got array"),
    ],
)
def test_a_file_that_is_no_json_is_one_line(tmp_path: Path, content: bytes | str, why: str) -> None:
    [fault] = read(lay(tmp_path, {**PICTURES, "x.json": content}) / "x.json", format="coco").faults
    assert why in fault
    assert "\n" not in fault


def test_nan_in_one_annotation_costs_one_picture(tmp_path: Path) -> None:
    text = json.dumps(
        {**WHOLE, "annotations": [{**ANNOTATIONS[0], "bbox": [1, float("nan"), 2, 3]}]}
    )
    found = read(lay(tmp_path, {**PICTURES, "x.json": text}))
    assert [(one.path.name, len(one.faults)) for one in found.pictures] == [
        ("b.png", 0),
        ("a.png", 1),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_believed(tmp_path: Path, encoding: str) -> None:
    named = {**WHOLE, "categories": [{"id": 90, "name": "two"}, {"id": 7, "name": "café"}]}
    content = json.dumps(named, ensure_ascii=False).encode(encoding)
    assert read(lay(tmp_path, {**PICTURES, "x.json": content})).boxes()["a.png"][0][0] == "café"
