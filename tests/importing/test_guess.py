"""A format is guessed where it is plain, and asked for where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.importing.guess import choose
from tasks.importing.source import search
from tests.importing.data_sets import lay, read
from tests.support.annotated import xml

YOLO = {"a.txt": "0 .5 .5 .5 .5", "classes.txt": "one"}
COCO: dict[str, object] = {"all.json": {"images": [], "annotations": [], "categories": []}}
VOC = {"a.xml": xml()}
LABELME = {"a.json": {"version": "5", "shapes": [], "imagePath": "a.png"}}
VIA_TABLE = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
    'region_attributes\na.png,9,"{}",1,0,"{""name"":""rect"",""x"":1}","{""class"":""one""}"\n'
)
VIA = {"via.json": {"a.png1": {"filename": "a.png", "regions": []}}}


def guessed(folder: Path, format: str | None = None) -> str:
    return choose(search([str(folder)]), format).name


@pytest.mark.parametrize(("files", "name"), [(YOLO, "yolo"), (COCO, "coco"), (VOC, "voc")])
def test_files_of_one_format_are_plain(tmp_path: Path, files: dict[str, object], name: str) -> None:
    notes = {"a.png": 1, "README.txt": "notes", "package.json": {"name": "x"}}
    assert guessed(lay(tmp_path, {**files, **notes})) == name


def test_what_is_said_is_taken_among_several(tmp_path: Path) -> None:
    folder = lay(tmp_path, {**YOLO, **VOC, **COCO, "a.png": 1})
    with pytest.raises(UsageError, match=r"say which counts: .*`--format yolo`") as error:
        guessed(folder)
    assert "\n" not in str(error.value)
    assert {guessed(folder, name) for name in ("yolo", "voc", "coco")} == {"yolo", "voc", "coco"}


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.png": 1}, "holds no annotations that are read"),
        ({"a.png": 1, **VIA}, "via.json is VIA, which is not read; export it as"),
        (
            {"a.png": 1, "via.csv": VIA_TABLE},
            "via.csv is VIA, which is not read; export it as COCO",
        ),
        ({"a.png": 1, "via.csv": f"#{VIA_TABLE}"}, "via.csv is VIA, which is not read; export it"),
        ({"a.xml": "<annotations><image/></annotations>"}, "a.xml is CVAT, which is not read"),
        ({"a.png": 1, "a.txt": ""}, "holds no annotations that are read"),
        ({"a.png": 1, "a.txt": "a note"}, "holds no annotations that are read"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, files: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        guessed(lay(tmp_path, files))


def test_a_format_that_there_is_not_is_told_with_those_there_are(tmp_path: Path) -> None:
    lay(tmp_path, {"a.png": 1, **YOLO})
    with pytest.raises(UsageError, match=r"--format: expected yolo, coco.*; found yolov8"):
        guessed(tmp_path, "yolov8")
    with pytest.raises(UsageError, match="holds no COCO"):
        guessed(tmp_path, "coco")


def test_coco_is_known_however_far_behind_its_pictures_stand(tmp_path: Path) -> None:
    one = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}
    content = {"annotations": [one] * 3000, "categories": [], "images": []}
    assert guessed(lay(tmp_path, {"a.png": 1, "x.json": content})) == "coco"


def test_xml_in_sixteen_bits_is_known(tmp_path: Path) -> None:
    content = xml().decode().encode("utf-16")
    assert guessed(lay(tmp_path, {"a.xml": content, "a.png": 1})) == "voc"


def test_a_list_of_labels_that_looks_like_coco_is_none(tmp_path: Path) -> None:
    notes = {"categories": [{"id": 0, "name": "one"}], "info": {"contributor": "Label Studio"}}
    files = {"classes.txt": "one\n", "notes.json": notes}
    found = read(lay(tmp_path, files | {"images/a.png": 1, "labels/a.txt": "0 .5 .5 .5 .5"}))
    assert [box.label for box in found.pictures[0].boxes] == ["one"]
