"""Pictures that can't be taken, and those that nothing annotates: each is told once, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.annotations import examined
from tasks.pictures.pixels import ENDS_EARLY
from tests.annotations.test_sharing import scene
from tests.importing.data_sets import SIZE, imported, lay, shaded
from tests.importing.test_import import ONE, YOLO
from tests.support.annotated import picture, xml
from tests.support.projects import project_job


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no picture", "it is not a PNG, JPEG, GIF or BMP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "it is HEIC, which TensorFlow does not decode"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "it starts as WEBP and is damaged"),
        (b"", "it is empty"),
        (picture()[:20], "it starts as PNG and is damaged"),
    ],
)
def test_what_is_no_picture_is_told_and_the_rest_goes_on(
    tmp_path: Path, content: bytes, why: str
) -> None:
    source = lay(tmp_path / "s", {**YOLO, "b.png": content, "b.txt": ONE})
    done = imported(tmp_path, source)
    assert f"b.txt: b.png: {why}" in done.said
    assert set(done.files) == {"train/a.png", "train/a.xml"}


def test_a_picture_that_is_cut_short_is_told_and_one_with_something_behind_it_is_taken(
    tmp_path: Path,
) -> None:
    whole, noise = picture("JPEG", size=SIZE), scene(1, "JPEG", size=(600, 480))
    cut = {
        "b.jpg": whole[: len(whole) * 3 // 4],
        "d.jpg": noise[: len(noise) // 2] + b"\xff\xd9",
        "e.png": scene(1)[:2000],
    }
    pictures = {**cut, "c.jpg": whole + b"a film \xff\xda"}
    source = lay(tmp_path / "s", {**YOLO, **pictures, **dict.fromkeys(("b.txt", "c.txt"), ONE)})
    lay(source, dict.fromkeys(("d.txt", "e.txt"), ONE))
    done = imported(tmp_path, source)
    assert set(done.files) == {"train/a.png", "train/a.xml", "train/c.jpg", "train/c.xml"}
    told = str(done.result.error)
    assert "b.txt: b.jpg: it starts as JPEG and is damaged" in told
    assert f"d.txt: d.jpg: {ENDS_EARLY}" in told
    assert "e.txt: e.png: it is damaged: " in told


def test_a_picture_is_decoded_once_for_the_import_and_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = imported(tmp_path, lay(tmp_path / "s", YOLO))
    monkeypatch.setattr(examined, "examine", None)
    imported(tmp_path, tmp_path / "s")
    job = project_job(done.workspace)
    with examined.remembering(job) as picture_of:
        assert picture_of(shaded(1)).raw == SIZE


def test_a_picture_that_is_empty_is_told_as_that_alone(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{name}.png"} for n, name in enumerate("ab")]
    whole = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "one"}]}
    done = imported(tmp_path, lay(tmp_path / "s", {"a.png": 1, "b.png": b"", "x.json": whole}))
    assert [line for line in done.result.lines if line.startswith("1 picture: ")] == [
        "1 picture: without boxes, so background"
    ]
    assert "b.png: it is empty" in str(done.result.error)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", '{"images": [{"id": 1, "file_name": "b.png"'),
        ("x.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\nb.png,64,48,one,1,2,3\n"),
        ("y.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\n\0\xff"),
    ],
)
def test_each_picture_is_told_once_and_for_its_true_reason(
    tmp_path: Path, name: str, content: str
) -> None:
    files = {"a.png": 1, "b.png": 2, "c.png": b"", "d.png": 3, name: content.encode("latin-1")}
    files["d.xml"] = xml(filename="d.png")
    format = "coco" if name.endswith("json") else "csv"
    source = lay(tmp_path / "s", files)
    done = imported(tmp_path, source, options={"format": format})
    assert done.result.error is not None
    told = [line for line in done.result.lines if ": left " in line]
    assert "1 picture: left alone: an XML of that name is there" in told
    if name == "x.csv":
        assert "1 picture: left out because of faults in annotations" in told
        assert "2 pictures: left out for want of an annotation" in told
    else:
        assert "3 pictures: left out: in no annotation that can be read" in told
    assert "background" not in done.said
