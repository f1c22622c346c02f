"""What an import leaves in the project, what it never touches, and what it tells."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from tasks.annotations.annotated import read_pair
from tasks.annotations.folder import listing
from tasks.annotations.voc import Box
from tasks.annotations.voc_writer import annotation
from tasks.core.errors import DiskError, UsageError
from tasks.importing import command, write
from tasks.pictures.pixels import LONGEST_SIDE
from tests.importing.data_sets import SIZE, Heard, imported, lay, shaded
from tests.support.annotated import picture, turned, xml

ONE = "0 0.5 0.5 0.25 0.5\n"
YOLO: dict[str, object] = {"a.png": 1, "a.txt": ONE, "classes.txt": "one\ntwo\n"}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_what_is_written_is_what_labelimg_writes(tmp_path: Path) -> None:
    done = imported(tmp_path, lay(tmp_path / "s", YOLO))
    assert set(done.files) == {"train/a.png", "train/a.xml"}
    assert done.files["train/a.png"] == shaded(1)
    annotation = done.annotation("train/a.xml")
    assert (annotation.filename, annotation.size) == ("a.png", SIZE)
    [box] = annotation.boxes
    assert (box.label, box.edges) == ("one", (24, 12, 40, 36))
    [pair] = listing(done.workspace.images("cube_faces", "train")).pairs
    read = read_pair(pair, {"one": 1})
    assert not read.faults
    assert not read.remarks


def test_the_format_is_told_before_anything_is_written(tmp_path: Path) -> None:
    heard = Heard()
    imported(tmp_path, lay(tmp_path / "s", YOLO), progress=heard)
    assert heard.notes == [
        "YOLO: 1 file, as a.txt (by its files)",
        "1 picture: 1 into cube_faces/images/train, copied unless there already",
    ]


def test_nothing_of_the_source_is_changed_and_twice_is_as_once(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {**YOLO, "b.png": 1, "b.txt": ONE, "x/a.png": 3, "x/a.txt": ONE})
    before = snapshot(source)
    first = imported(tmp_path, source)
    after = snapshot(first.workspace.root)
    second = imported(tmp_path, source)
    assert snapshot(source) == before
    assert snapshot(second.workspace.root) == after
    assert set(second.files) == {
        f"train/{name}.{kind}" for name in ("a", "b", "a-2") for kind in ("png", "xml")
    }
    assert "a.png is a-2.png" in first.said
    assert "none of them new; 0 XML files written" in second.said


def test_files_of_the_users_stay(tmp_path: Path) -> None:
    mine = {"a.png": 9, "a.xml": xml(("two", 1, 1, 5, 5)), "c.xml": "mine"}
    images = lay(tmp_path / "workspace/cube_faces/images/train", mine)
    before = snapshot(images)
    source = lay(tmp_path / "s", {**YOLO, "c.png": 3, "c.txt": ONE})
    done = imported(tmp_path, source)
    assert before.items() <= snapshot(images).items()
    assert {"train/a-2.png", "train/a-2.xml", "train/c-2.png", "train/c-2.xml"} <= set(done.files)


def test_an_annotation_that_was_corrected_since_stays_and_is_told(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    first = imported(tmp_path, source)
    path = first.workspace.images("cube_faces", "train") / "a.xml"
    path.write_bytes(xml(("two", 1, 1, 5, 5)))
    second = imported(tmp_path, source)
    assert path.read_bytes() == xml(("two", 1, 1, 5, 5))
    assert "1 XML file differs from the source's, and stays: train/a.xml" in second.said


def test_a_picture_that_was_moved_to_test_since_stays_there(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    images = imported(tmp_path, source).workspace.images("cube_faces", "train")
    for name in ("a.png", "a.xml"):
        (images / name).rename(images.parent / "test" / name)
    assert set(imported(tmp_path, source).files) == {"test/a.png", "test/a.xml"}


def test_labelimgs_own_yolo_files_in_the_project_become_xml_beside_them(tmp_path: Path) -> None:
    images = lay(tmp_path / "workspace/cube_faces/images/test", YOLO)
    done = imported(tmp_path, images)
    assert set(done.files) == {"test/a.png", "test/a.txt", "test/classes.txt", "test/a.xml"}
    assert done.result.error is None


@pytest.mark.parametrize("folders", [("",), ("train/", "test/")])
def test_what_an_import_made_in_place_is_not_held_for_the_source_afterwards(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    files: dict[str, object] = {"classes.txt": "one\ntwo\n"}
    for shade, folder in enumerate(folders):
        files |= {f"{folder}a{shade}.png": shade, f"{folder}a{shade}.txt": ONE}
    images = lay(tmp_path / "workspace/cube_faces/images", files)
    first = imported(tmp_path, images, into=None).files
    assert len(first) == 1 + 3 * len(folders)
    again = imported(tmp_path, images, into=None)
    assert again.files == first
    assert again.result.error is None


def test_the_sources_own_split_is_kept_and_into_goes_before_it(tmp_path: Path) -> None:
    files: dict[str, object] = {"classes.txt": "one"}
    for number, split in enumerate(("train", "valid", "test")):
        files |= {f"{split}/{split}.png": number, f"{split}/{split}.txt": ONE}
    source = lay(tmp_path / "s", files)
    pictures = [
        name for name in imported(tmp_path, source, into=None).files if name.endswith("png")
    ]
    assert pictures == ["test/test.png", "train/train.png", "train/valid.png"]
    other = imported(tmp_path / "other", source, options={"into": "test"})
    assert {name.split("/")[0] for name in other.files} == {"test"}


def test_a_picture_with_an_annotation_that_can_not_be_read_is_left_out_whole(
    tmp_path: Path,
) -> None:
    source = lay(tmp_path / "s", {**YOLO, "b.png": 2, "b.txt": f"{ONE}0 0 0\n"})
    done = imported(tmp_path, source)
    assert set(done.files) == {"train/a.png", "train/a.xml"}
    assert done.result.error is not None
    assert "b.txt, line 2: expected a label's number and four fractions" in done.said
    (source / "b.txt").write_text(ONE)
    assert "train/b.xml" in imported(tmp_path, source).files


@pytest.mark.parametrize("how", ["copy", "link", "refer"])
def test_a_picture_that_tensorflow_does_not_decode_is_encoded_anew(
    tmp_path: Path, how: str
) -> None:
    source = lay(tmp_path / "s", {**YOLO, "b.webp": picture("WEBP", lossless=True), "b.txt": ONE})
    done = imported(tmp_path, source, options={"pictures": how})
    assert {"train/b.png", "train/b.xml"} <= set(done.files)
    assert done.annotation("train/b.xml").filename == "b.png"
    assert done.files["train/b.png"].startswith(b"\x89PNG")
    told = "1 picture: not of a kind that TensorFlow decodes, so encoded anew"
    assert told in done.result.lines
    assert imported(tmp_path, source, options={"pictures": how}).files == done.files


def test_pictures_that_nothing_annotates_are_left_out_and_counted(tmp_path: Path) -> None:
    done = imported(tmp_path, lay(tmp_path / "s", {**YOLO, "b.png": 2}))
    assert "1 picture: left out for want of an annotation" in done.said
    assert done.result.error is None
    assert "train/b.png" not in done.files


def test_a_box_that_is_not_sound_is_written_as_drawn_and_told(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {**YOLO, "a.txt": f"{ONE}0 1.5 .5 .25 .5\n0 .5 .5 0 .5\n"})
    done = imported(tmp_path, source)
    assert done.annotation("train/a.xml").boxes[1].edges == (88, 12, 104, 36)
    assert "2 boxes are not sound: a.txt: one: the box leaves the picture" in done.said
    assert done.result.error is None


def test_labels_that_the_project_lacks_come_with_the_line_to_write(tmp_path: Path) -> None:
    source = lay(
        tmp_path / "s", {**YOLO, "classes.txt": 'One\n"x"', "b.png": 2, "b.txt": "1 .5 .5 1 1"}
    )
    said = imported(tmp_path, source).said
    assert '2 labels that cube_faces lacks: "x", One' in said
    assert "spelled as there: `doit mend:cube_faces --rename One=one --write`" in said
    assert r'[projects.cube_faces]: `labels = ["one", "two", "\"x\""]`' in said
    said = imported(tmp_path / "other", source, labels={"one": 1, "two": 7}).said
    assert r'labels = { "one" = 1, "two" = 7, "\"x\"" = 8 }' in said


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes there alone")
def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    for kind in ("png", "txt"):
        (source / f"a.{kind}").rename(
            os.fsdecode(os.fsencode(source) + f"/b\n\xe9.{kind}".encode("latin-1"))
        )
    done = imported(tmp_path, source)
    assert done.result.error is None
    assert set(done.files) == {f"train/b\n\udce9.{kind}" for kind in ("png", "xml")}


def test_a_hard_link_is_the_same_file(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    done = imported(tmp_path, source, options={"pictures": "link"})
    images = done.workspace.images("cube_faces", "train")
    assert (images / "a.png").samefile(source / "a.png")
    assert not (images / "a.png").is_symlink()
    assert imported(tmp_path, source, options={"pictures": "link"}).files == done.files


def test_a_picture_that_is_referred_to_stays_where_it_is_and_is_read_from_there(
    tmp_path: Path,
) -> None:
    source = lay(tmp_path / "s", YOLO)
    done = imported(tmp_path, source, options={"pictures": "refer"})
    images = done.workspace.images("cube_faces", "train")
    assert (images / "a.png").readlink() == (source / "a.png").resolve()
    [pair] = listing(images).pairs
    assert not read_pair(pair, {"one": 1}).faults


def test_where_links_can_not_be_made_another_way_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise OSError(18, os.strerror(18))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(DiskError, match="it is on another disk; `--pictures copy` copies"):
        imported(tmp_path, lay(tmp_path / "s", YOLO), options={"pictures": "link"})
    images = tmp_path / "workspace/cube_faces/images"
    assert [path.name for path in images.rglob("*") if path.is_file()] == []


def test_a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "free_space", lambda folder: 10)
    with pytest.raises(DiskError, match=r"the pictures take .* and 10 B are free"):
        imported(tmp_path, lay(tmp_path / "s", YOLO))
    assert not (tmp_path / "workspace").exists()


def test_an_import_that_is_killed_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: write.Writer) -> None:
        raise KeyboardInterrupt

    source = lay(tmp_path / "s", YOLO)
    with monkeypatch.context() as patch:
        patch.setattr(write.Writer, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            imported(tmp_path, source)
    images = tmp_path / "workspace/cube_faces/images"
    assert [path.name for path in images.rglob("*") if path.is_file()] == []
    assert "train/a.xml" in imported(tmp_path, source).files


def test_fractions_are_those_of_the_upright_picture(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {**YOLO, "a.png": turned(6, (64, 48))})
    done = imported(tmp_path, source)
    annotation = done.annotation("train/a.xml")
    assert (annotation.size, annotation.boxes[0].edges) == ((48, 64), (18, 16, 30, 48))
    assert "1 picture: turned by EXIF; the boxes are taken for drawn upright" in done.said


@pytest.mark.parametrize(
    ("size", "edges"), [((64, 48), (28, 10, 43, 40)), ((48, 64), (10, 5, 40, 20))]
)
def test_a_size_tells_on_which_side_up_boxes_were_drawn(
    tmp_path: Path, size: tuple[int, int], edges: tuple[int, ...]
) -> None:
    image = {"id": 1, "file_name": "a.jpg", "width": size[0], "height": size[1]}
    one = {"image_id": 1, "category_id": 1, "bbox": [10, 5, 30, 15]}
    whole = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "one"}]}
    source = lay(tmp_path / "s", {"a.jpg": turned(6, (64, 48)), "x.json": whole})
    annotation = imported(tmp_path, source).annotation("train/a.xml")
    assert (annotation.size, annotation.boxes[0].edges) == ((48, 64), edges)


def test_boxes_of_a_picture_that_was_resized_are_refused(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "a.png", "width": 640, "height": 480}
    one = {"image_id": 1, "category_id": 1, "bbox": [10, 5, 30, 15]}
    whole = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "one"}]}
    done = imported(tmp_path, lay(tmp_path / "s", {"a.png": 1, "x.json": whole}))
    assert "it was drawn on 640 × 480 pixels, and the picture has 64 × 48" in done.said
    assert not done.files


@pytest.mark.parametrize("width", [2_000_000, 10**30, -64, 64.5])
def test_a_stated_size_that_no_picture_has_is_told(tmp_path: Path, width: float) -> None:
    image = {"id": 1, "file_name": "a.png", "width": width, "height": 48}
    one = {"image_id": 1, "category_id": 1, "bbox": [10, 5, 30, 15]}
    coco = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "one"}]}
    labelme = {"shapes": [], "imagePath": "a.png", "imageWidth": width, "imageHeight": 48}
    table = f"filename,width,height,class,xmin,ymin,xmax,ymax\na.png,{width},48,one,1,2,30,40\n"
    for name, content in {"x.json": coco, "a.json": labelme, "x.csv": table}.items():
        done = imported(tmp_path, lay(tmp_path / f"in-{name}", {"a.png": 1, name: content}))
        assert f"the stated side of its picture is {width:g}, which no picture has" in done.said
        assert not done.files


@pytest.mark.parametrize("content", [b"", b"null", b"[" * 100_000, b"<annotation>", b"\0"])
@pytest.mark.parametrize("format", ["voc", "labelme"])
def test_each_annotation_that_can_not_be_read_is_told(
    tmp_path: Path, format: str, content: bytes
) -> None:
    sound: bytes | object = xml()
    if format == "labelme":
        sound = {"shapes": [], "imagePath": "a.png"}
    suffix = "xml" if format == "voc" else "json"
    files = {"a.png": 1, f"a.{suffix}": sound, "b.png": 2, f"b.{suffix}": content, "c.png": 3}
    done = imported(tmp_path, lay(tmp_path / "s", files))
    assert str(done.result.error).split("\n")[1].startswith(f"b.{suffix}: ")
    assert "1 picture: left out because of faults in annotations" in done.said
    assert "1 picture: left out for want of an annotation" in done.said


def test_annotations_that_name_no_picture_are_told(tmp_path: Path) -> None:
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    done = imported(tmp_path, lay(tmp_path / "s", {"a.png": 1, "x.csv": header}))
    assert "x.csv: it names no picture" in str(done.result.error)


def test_pascal_voc_is_taken_as_it_is(tmp_path: Path) -> None:
    mine = xml(("one", 1, 2, 30, 40), more="<difficult>1</difficult>").replace(
        b"<difficult>0</difficult>", b""
    )
    files = {"JPEGImages/a.png": 1, "Annotations/a.xml": mine}
    files |= {"deep/er/b.png": 2, "deep/er/renamed.xml": xml(filename="b.png")}
    files |= {"ImageSets/Main/test.txt": "a\n", "ImageSets/Main/train.txt": "b\n"}
    done = imported(tmp_path, lay(tmp_path / "s", files), into=None)
    assert done.files["test/a.xml"] == mine
    assert done.annotation("train/b.xml").boxes == ()
    assert done.result.error is None


def test_of_boxes_that_were_turned_in_cvat_the_boxes_around_are_written(tmp_path: Path) -> None:
    turned_by = (
        "<attributes><attribute><name>rotation</name><value>{}</value></attribute></attributes>"
    )
    boxes = [xml(("one", 20, 20, 40, 28), more=turned_by.format(angle)) for angle in (90, 0)]
    assert boxes[1] != xml(("one", 20, 20, 40, 28))
    files = {"a.png": 1, "a.xml": boxes[0], "b.png": 2, "b.xml": boxes[1]}
    done = imported(tmp_path, lay(tmp_path / "s", files))
    assert done.annotation("train/a.xml").boxes[0].edges == (26, 14, 34, 34)
    assert b"rotation" not in done.files["train/a.xml"]
    assert done.files["train/b.xml"] == boxes[1]
    assert "1 turned box: only the box around is taken" in done.result.lines
    assert imported(tmp_path, tmp_path / "s").files == done.files


def test_what_a_network_proposed_stays_a_proposal_and_is_told(tmp_path: Path) -> None:
    kind = annotation(Path("a.png"), SIZE, [Box("one", 1, 2, 30, 40)], proposed_by="a network")
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = picture("WEBP", size=SIZE, exif=exif)
    upright = annotation(Path("b.webp"), SIZE[::-1], [Box("one", 1, 2, 30, 40)], "a network")
    files = {"a.png": 1, "a.xml": kind, "b.webp": sideways, "b.xml": upright}
    done = imported(tmp_path, lay(tmp_path / "s", files))
    assert done.annotation("train/a.xml").proposed_by == "a network"
    assert done.annotation("train/b.xml").proposed_by == "a network"
    assert "2 pictures hold what a network proposed and nobody confirmed" in done.said


def test_xml_that_is_none_or_of_no_picture_is_told(tmp_path: Path) -> None:
    files = {"a.png": 1, "a.xml": xml(), "b.xml": "<annotation>", "c.xml": xml(filename="c.png")}
    done = imported(tmp_path, lay(tmp_path / "s", files))
    assert "b.xml: no element found, line 1" in done.said
    assert "c.xml: its picture c.png is not there" in done.said
    assert set(done.files) == {"train/a.png", "train/a.xml"}


def test_one_picture_in_two_annotations_is_told(tmp_path: Path) -> None:
    boxes = [{"image_id": 1, "category_id": 1, "bbox": [n, 0, 9, 9]} for n in (0, 1)]
    files: dict[str, object] = {"a.png": 1}
    for number, box in enumerate(boxes):
        files[f"{number}.json"] = {
            "images": [{"id": 1, "file_name": "a.png"}],
            "annotations": [box],
            "categories": [{"id": 1, "name": "one"}],
        }
    done = imported(tmp_path, lay(tmp_path / "s", files))
    place = "line 1: images[0]"
    assert f"1.json, {place}: its picture is annotated in 0.json, {place}, too" in done.said
    assert done.annotation("train/a.xml").boxes[0].xmin == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"pictures": "move"}, "--pictures: expected copy, link, refer; found move"),
        ({"into": "val"}, "--into: expected train, test, images; found val"),
        ({"project": "dice"}, "there is no project dice; there is: cube_faces"),
    ],
)
def test_an_option_that_is_none_is_told(tmp_path: Path, options: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        imported(tmp_path, lay(tmp_path / "s", YOLO), options=options)


def test_a_number_that_no_picture_has_is_not_written(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "a.png"}
    one = {"image_id": 1, "category_id": 1, "bbox": [10 * LONGEST_SIDE, 5, 30, 15]}
    whole = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "one"}]}
    done = imported(tmp_path, lay(tmp_path / "s", {"a.png": 1, "x.json": whole}))
    assert "an edge of its box is 1e+07, which no picture has" in done.said
    assert not done.files


def test_width_and_height_that_are_swapped_are_told(tmp_path: Path) -> None:
    swapped = xml(("one", 4, 5, 20, 30), size=SIZE[::-1], filename="a.png")
    source = lay(tmp_path / "s", {"Annotations/a.xml": swapped, "JPEGImages/a.png": 1})
    done = imported(tmp_path, source)
    assert "1 picture: with width and height swapped in its annotation" in done.said
    assert done.annotation("train/a.xml").boxes[0].edges == (4, 5, 20, 30)
