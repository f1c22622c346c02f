"""What lies around a picture: which annotation is its own, and when it is background."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.annotations.annotated import Annotated, read_pair
from tasks.annotations.folder import listing
from tasks.annotations.neighbours import common_faults
from tests.support.annotated import picture, xml

XML = xml(("one", 1, 2, 30, 40))
YOLO = b"0 0.5 0.5 0.2 0.2\n1 .25 0.5 1e-1 0.2\n"


def train(root: Path, files: Mapping[str, bytes]) -> Path:
    """A project's files, as seen from its `images/train`, which is the answer."""
    folder = root / "project" / "images" / "train"
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, Annotated]:
    return {one.picture.name: read_pair(one, {"one": 1}) for one in listing(folder).pairs}


@pytest.mark.parametrize(
    ("image", "note"),
    [
        ("a.png", "a.xml"),
        ("a.png", "a.png.xml"),
        ("a.png", "A.xml"),
        ("a.png", "a.XML"),
        ("IMG_1.PNG", "img_1.xml"),
        ("a.PNG", "a.png.xml"),
        ("caf\u00e9.png", "cafe\u0301.xml"),
        ("a.b.png", "a.b.xml"),
        ("a.png", "Annotations/a.xml"),
        ("a.png", "labels/a.png.xml"),
        ("a.png", "../a.xml"),
        ("a.png", "../Annotations/a.xml"),
        ("a.png", "../annotations/train/a.xml"),
        ("a.png", "../../Annotations/a.xml"),
        ("a.png", "../../labels/train/a.xml"),
    ],
)
def test_an_annotation_is_found_where_it_is_plain_whose_it_is(
    tmp_path: Path, image: str, note: str
) -> None:
    folder = train(tmp_path, {image: picture(), note: XML, "other.png": picture(size=(9, 9))})
    found = read(folder)
    assert found[image].faults == ()
    assert len(found[image].boxes) == 1
    assert not found["other.png"].boxes
    assert not found["other.png"].faults
    assert [path.name for path in listing(folder).bare] == ["other.png"]
    assert not listing(folder).lonely


NOT_PLAIN = {
    "two names": {"a.xml": XML, "a.png.xml": XML},
    "two cases": {"A.xml": XML, "a.PNG.xml": XML},
    "two folders": {"Annotations/a.xml": XML, "labels/a.xml": XML},
    "two pictures": {"A.PNG": picture(), "Annotations/a.xml": XML},
    "two splits": {"../test/a.png": picture(), "../Annotations/a.xml": XML},
    "left behind": {"../test/a.xml": XML},
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_an_annotation_that_is_not_plainly_its_own_is_an_error(tmp_path: Path, case: str) -> None:
    folder = train(tmp_path, {"a.png": picture(), **NOT_PLAIN[case]})
    (fault,) = read(folder)["a.png"].faults
    assert "be its annotation" in fault
    assert listing(folder).bare == []


def test_another_folders_annotation_of_a_picture_of_its_own_is_not_looked_at(
    tmp_path: Path,
) -> None:
    beside = {"../test/a.png": picture(), "../test/a.xml": XML}
    folder = train(tmp_path, {"a.png": picture(), **beside})
    assert [path.name for path in listing(folder).bare] == ["a.png"]


LABELME = json.dumps({"version": "5", "shapes": [], "imagePath": "a.png"}).encode()
CREATEML = b'[{"image": "a.png", "annotations": [{"label": "one", "coordinates": {"x": 1}}]}]'
COCO = b'{"images": [{"file_name": "a.png"}], "annotations": [], "categories": []}'
VIA = b'{"a.png1": {"filename": "a.png", "regions": []}}'


@pytest.mark.parametrize(
    ("note", "content", "words"),
    [
        (
            "a.txt",
            YOLO,
            "it is annotated in YOLO (a.txt): convert it to Pascal VOC, or save an XML",
        ),
        ("a.txt", b"", "annotated in YOLO"),
        ("A.TXT", YOLO, "annotated in YOLO (A.TXT)"),
        ("labels/a.txt", YOLO, "annotated in YOLO (labels/a.txt)"),
        ("../../labels/train/a.txt", YOLO, "annotated in YOLO (../../labels/train/a.txt)"),
        ("a.txt", b"a photo of a cube", "annotated in a text format (a.txt)"),
        ("a.json", LABELME, "annotated in LabelMe (a.json)"),
        ("a.json", CREATEML, "annotated in CreateML"),
        ("a.json", COCO, "annotated in COCO"),
        ("a.png.json", b"{}", "annotated in a JSON format (a.png.json)"),
    ],
)
def test_a_picture_that_is_annotated_in_another_format_is_an_error(
    tmp_path: Path, note: str, content: bytes, words: str
) -> None:
    folder = train(tmp_path, {"a.png": picture(), note: content, "b.png": picture(), "b.xml": XML})
    (fault,) = read(folder)["a.png"].faults
    assert fault.startswith("a.png: ")
    assert words in fault


def test_other_formats_beside_an_xml_do_no_harm(tmp_path: Path) -> None:
    files = {"a.png": picture(), "a.xml": XML, "a.txt": YOLO, "a.json": LABELME}
    folder = train(tmp_path, {**files, "classes.txt": b"one", "_annotations.coco.json": COCO})
    assert read(folder)["a.png"].faults == ()
    assert common_faults(listing(folder)) == []


@pytest.mark.parametrize(
    ("note", "content", "words"),
    [
        (
            "_annotations.coco.json",
            COCO,
            "_annotations.coco.json: 1 picture without XML may be ann",
        ),
        ("_annotations.coco.json", COCO, "there, in COCO (a.png): convert it to Pascal VOC, or"),
        ("via_region_data.json", VIA, "in VIA (a.png)"),
        (
            "data.csv",
            b"filename,width\na.png,64\n",
            "data.csv: 1 picture without XML may be annotat",
        ),
        (
            "../train_labels.csv",
            b"image\r\nimages/train/a.png,1\r\n",
            "../train_labels.csv: 1 pict",
        ),
        (
            "../../labels.csv",
            b"a.png,one\n",
            "../../labels.csv: 1 picture without XML may be annot",
        ),
        ("../../annotations/train.json", COCO, "../../annotations/train.json: 1 picture"),
        ("classes.txt", b"one\ntwo\n", "classes.txt: 1 picture without XML may be annotated there"),
        ("renamed.xml", xml(("one", 1, 2, 30, 40), filename="a.png"), "in an XML of another name"),
    ],
)
def test_one_file_that_annotates_bare_pictures_is_an_error(
    tmp_path: Path, note: str, content: bytes, words: str
) -> None:
    folder = train(tmp_path, {"a.png": picture(), note: content, "b.png": picture(), "b.xml": XML})
    (fault,) = common_faults(listing(folder))
    assert words in fault
    (folder / "a.xml").write_bytes(xml())
    assert common_faults(listing(folder)) == []


def test_files_that_speak_of_no_bare_picture_do_no_harm(tmp_path: Path) -> None:
    data = {"data.csv": b"day,rain\n1,2\n", "meta.json": b'{"camera": "x", "of": "bb.png"}'}
    folder = train(tmp_path, {"b.png": picture(), **data, "z.xml": xml(filename="z.png")})
    assert common_faults(listing(folder)) == []


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_pipes_links_and_folders_under_these_names_are_told_and_not_waited_for(
    tmp_path: Path,
) -> None:
    folder = train(tmp_path, {f"{name}.png": picture() for name in "abcd"})
    os.mkfifo(folder / "a.xml")
    (folder / "b.xml").symlink_to(folder / "nothing.xml")
    (folder / "c.xml").mkdir()
    (folder / "d.txt").symlink_to("/dev/zero")
    os.mkfifo(folder / "e.png")
    (folder / "f.png").symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "common.csv")
    found = read(folder)
    for name in "abcd":
        assert (
            "stands where its annotation may be, and is no file" in found[f"{name}.png"].faults[0]
        )
    assert found["e.png"].faults == ("e.png: it is no file",)
    assert found["f.png"].faults == ("f.png: it is a link that leads nowhere",)
    assert common_faults(listing(folder)) == []


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    folder = train(
        tmp_path, {"a.png": picture(), "b.png": picture(), "a.xml": b"<", "b.json": b"{"}
    )
    for name in ("a.xml", "b.json"):
        os.truncate(folder / name, 40_000_000_000)
    found = read(folder)
    assert found["a.png"].faults == ("a.xml: it is larger than 8 MB",)
    assert "annotated in a JSON format" in found["b.png"].faults[0]


def test_what_a_record_depends_on_has_names_that_differ(tmp_path: Path) -> None:
    files = {"a.png": picture(), "Annotations/a.xml": XML, "b.png": picture(), "b.txt": YOLO}
    folder = train(tmp_path, {**files, "z.xml": XML, "c.png": picture(), "data.csv": b""})
    assert sorted(listing(folder).files) == [
        *("Annotations/a.xml", "a.png", "b.png", "b.txt", "c.png", "data.csv", "z.xml"),
    ]
