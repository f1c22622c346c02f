"""What lies around a picture: which annotation is its own, and when it is background."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.annotations.annotated import Annotated, read_pair
from tasks.annotations.folder import listing
from tasks.annotations.other_formats import common_faults
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
        ("a.png", "bbox/a.xml"),
        ("a.png", "set 1/deep/er/A.png.XML"),
        ("a.png", "../Annotations/xmls/a.xml"),
        ("a.png", "../../annotations/voc/train/boxes/a.xml"),
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
    assert [path.name for path in listing(folder).unannotated] == ["other.png"]
    assert not listing(folder).unpaired


NOT_PLAIN = {
    "two names": {"a.xml": XML, "a.png.xml": XML},
    "two cases": {"A.xml": XML, "a.PNG.xml": XML},
    "two folders": {"Annotations/a.xml": XML, "labels/a.xml": XML},
    "two pictures": {"A.PNG": picture(), "Annotations/a.xml": XML},
    "two splits": {"../test/a.png": picture(), "../Annotations/a.xml": XML},
    "left behind": {"../test/a.xml": XML},
    "folders of any name": {"x/a.xml": XML, "y/z/a.xml": XML},
    "far away": {"../../bbox/train/a.xml": XML},
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_an_annotation_that_is_not_plainly_its_own_is_an_error(tmp_path: Path, case: str) -> None:
    folder = train(tmp_path, {"a.png": picture(), **NOT_PLAIN[case]})
    (fault,) = read(folder)["a.png"].faults
    assert "be its annotation" in fault
    assert listing(folder).unannotated == []


def test_another_folders_annotation_of_a_picture_of_its_own_is_not_looked_at(
    tmp_path: Path,
) -> None:
    beside = {"../test/a.png": picture(), "../test/a.xml": XML}
    folder = train(tmp_path, {"a.png": picture(), **beside})
    assert [path.name for path in listing(folder).unannotated] == ["a.png"]


LABELME = json.dumps({"version": "5", "shapes": [], "imagePath": "a.png"}).encode()
CREATEML = b'[{"image": "a.png", "annotations": [{"label": "one", "coordinates": {"x": 1}}]}]'
COCO = b'{"images": [{"file_name": "a.png"}], "annotations": [], "categories": []}'
CVAT = b'<annotations><image id="0" name="train/a.png"><box label="one"/></image></annotations>'
VIA = b'{"a.png1": {"filename": "a.png", "regions": []}}'


@pytest.mark.parametrize(
    ("note", "content", "words"),
    [
        (
            "a.txt",
            YOLO,
            "it is annotated in YOLO (a.txt): `doit import project/images --project project`",
        ),
        ("a.txt", b"", "annotated in YOLO"),
        ("A.TXT", YOLO, "annotated in YOLO (A.TXT)"),
        ("labels/a.txt", YOLO, "annotated in YOLO (labels/a.txt)"),
        ("../../labels/train/a.txt", YOLO, "annotated in YOLO (../../labels/train/a.txt)"),
        ("a.txt", b"a photo of a cube", "annotated in a text format (a.txt)"),
        ("a.json", LABELME, "annotated in LabelMe (a.json)"),
        ("a.json", CREATEML, "annotated in CreateML"),
        ("a.json", COCO, "annotated in COCO"),
        ("../../labels/train/a.txt", YOLO, "`doit import project/images project/labels --project"),
        ("a.png.json", b"{}", "annotated in a JSON format (a.png.json)"),
        ("a.csv", b"one,1,2,3,4", "annotated in CSV (a.csv)"),
        ("a.jsonl", b'{"label": 1}', "annotated in JSON Lines (a.jsonl)"),
        ("json/a.json", LABELME, "annotated in LabelMe (json/a.json)"),
        ("obj_train_data/a.txt", YOLO, "annotated in YOLO (obj_train_data/a.txt)"),
        ("../../any/a.txt", YOLO, "annotated in YOLO (../../any/a.txt)"),
        ("a.png.json", b'{"objects": [{"classTitle": "one"}]}', "annotated in Supervisely"),
        ("a.xml.txt", XML, "a.xml.txt is an annotation under another ending: rename it to a.xml"),
        ("a.xml.bak", XML, "a.xml.bak is an annotation under another ending"),
        ("A.XML.crdownload", XML, "A.XML.crdownload is an annotation under another ending"),
        ("a.png.xml.tmp", XML, "rename it to a.png.xml"),
        ("a.xml~", XML, "a.xml~ is an annotation under another ending"),
        ("a.json.part", LABELME, "a.json.part is an annotation under another ending"),
        ("voc/a.xml.old", XML, "voc/a.xml.old is an annotation under another ending"),
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
        ("_annotations.coco.json", COCO, "(a.png): `doit import project/images --project p"),
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
        ("../../annotations/train.json", COCO, "`doit import project/images project/annotations -"),
        ("classes.txt", b"one\ntwo\n", "classes.txt: 1 picture without XML may be annotated there"),
        ("renamed.xml", xml(("one", 1, 2, 30, 40), filename="a.png"), "in an XML of another name"),
        ("x/renamed.xml", xml(filename="A.PNG"), "x/renamed.xml: 1 picture without XML"),
        ("../../voc/odd.xml", xml(filename="a.png"), "in an XML of another name"),
        ("annotations.xml", CVAT, "annotations.xml: 1 picture without XML may be annotated there"),
        ("../annotations.xml", CVAT, "there, in CVAT (a.png)"),
        ("boxes.tsv", b"name\tx\na.png\t1", "boxes.tsv: 1 picture"),
        ("oid.csv", b"ImageID,Source,LabelName\na,x,/m/1\n", "in Open Images' CSV (a.png)"),
        ("metadata.jsonl", b'{"file_name": "a.png", "objects": {}}', "in JSON Lines (a.png)"),
        ("_annotations.train.jsonl", b'{"image": "a.png"}', "_annotations.train.jsonl: 1 picture"),
        ("output.manifest", b'{"source-ref": "s3://x/a.png"}', "in SageMaker Ground Truth (a.png)"),
        ("b-asset.json", b'{"asset": {"name": "a.png"}, "regions": []}', "in VoTT (a.png)"),
        ("ls.json", b'[{"image": "/data/upload/1/ab12cd34-a.png"}]', "(a.png)"),
        ("train.txt", b"images/a.png 10,20,30,40,0\n", "train.txt: 1 picture"),
        ("any/coco.json", COCO, "any/coco.json: 1 picture"),
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
    data = {
        "data.csv": b"day,rain\n1,2\n",
        "meta.json": b'{"camera": "x", "of": "bb.png", "name": "b"}',
        "more.json": b'["face-b.png", "a%2Fbb.png", "b.pngs"]',
        "train.txt": b"images/b.png\nimages/1.png\n",
        "../notes.csv": b"of\naa b.pngx\n",
    }
    files = {"b.png": picture(), "1.png": picture(), **data, "z.xml": xml(filename="z.png")}
    folder = train(tmp_path, {**files, "more/b.png": picture(), "more/b.xml": XML})
    (folder / "face-b.png").write_bytes(picture())
    (folder / "face-b.xml").write_bytes(XML)
    assert common_faults(listing(folder)) == []
    assert [path.name for path in listing(folder).unannotated] == ["1.png", "b.png"]
    assert [path.name for path in listing(folder).unpaired] == ["z.xml"]


NAMES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "escapes of JSON": ("caf\u00e9 \U0001f600.png", "x.json", {"encoding": "json"}),
    "an escaped slash": ("a.png", "x.json", {"content": b'["x\\/a.png", 1]'}),
    "a path of Windows in JSON": ("a.png", "x.json", {"content": b'["C:\\\\x\\\\a.png"]'}),
    "NFD": ("caf\u00e9.png", "x.json", {"name": "cafe\u0301.png"}),
    "NFC": ("cafe\u0301.png", "x.json", {"name": "caf\u00e9.png"}),
    "other case": ("a.png", "x.json", {"name": "A.PNG"}),
    "percent-encoding": ("\u00e9 1.png", "x.json", {"name": "http://h/x%2F%C3%A9%201.png?v=1"}),
    "a prefix": ("a 1.png", "x.json", {"name": "/data/local-files/?d=s/0af31bb2-a%201.png"}),
    "UTF-16": ("\u00e9.png", "x.json", {"encoding": "utf-16"}),
    "UTF-16 without mark": ("\u00e9.png", "x.json", {"encoding": "utf-16-be"}),
    "UTF-8 with mark": ("\u00e9.png", "x.csv", {"encoding": "utf-8-sig"}),
    "latin-1": ("\u00e9.png", "x.csv", {"encoding": "latin-1"}),
    "Excel's UTF-16": ("\u00e9.png", "x.csv", {"encoding": "utf-16"}),
    "windows-1251": ("\u043a\u0443\u0431.png", "x.csv", {"encoding": "cp1251"}),
    "Shift-JIS": ("\u8868.png", "x.json", {"encoding": "cp932"}),
    "gb2312": ("\u7acb.png", "x.csv", {"encoding": "gb18030"}),
    "entities of XML": ("\u00e9&.png", "x.xml", {"name": "&#233;&amp;.png"}),
    "blanks and commas": ("a, b (1).png", "x.csv", {}),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_name_is_found_however_it_is_written(tmp_path: Path, case: str) -> None:
    name, note, how = NAMES[case]
    told, encoding = how.get("name", name), how.get("encoding", "utf-8")
    text = f'["{told}", 1]'
    content = json.dumps([told]).encode() if encoding == "json" else text.encode(encoding)
    folder = train(tmp_path, {name: picture(), note: how.get("content", content)})
    (fault,) = common_faults(listing(folder))
    assert f"{note}: 1 picture without XML may be annotated there" in fault


def test_a_name_is_found_wherever_it_stands_in_a_long_file(tmp_path: Path) -> None:
    files = {"caf\u00e9.png": picture()}
    for place in range(999_970, 1_000_010, 7):
        files[f"{place}.json"] = b" " * place + b'"caf\\u00e9.png"'
    assert len(common_faults(listing(train(tmp_path, files)))) == len(files) - 1


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
        fault = found[f"{name}.png"].faults[0]
        assert "stands where its annotation may be, and is not a file" in fault
    assert found["e.png"].faults == ("e.png: it is not a file",)
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


def test_links_in_a_circle_around_the_pictures_are_neither_files_nor_folders(
    tmp_path: Path,
) -> None:
    folder = train(tmp_path, {"a.png": picture(), "a.xml": XML, "deep/notes.md": b""})
    for place in (folder, folder / "deep", folder.parent, folder.parents[1]):
        for name in ("circle", "circle.xml", "circle.png", "circle.csv"):
            (place / name).symlink_to(name)
    assert [len(one.boxes) for name, one in read(folder).items() if name == "a.png"] == [1]
