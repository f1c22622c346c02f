"""A picture and its XML: which belongs to which, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.annotations.annotated import Annotated, read_pair
from tasks.annotations.folder import listing
from tasks.annotations.voc import Box
from tests.support.annotated import Edges, picture, turned, xml

IDS = {"one": 1, "two": 2}


def pair(folder: Path, content: bytes, annotation: bytes | None) -> Annotated:
    (folder / "a.png").write_bytes(content)
    if annotation is not None:
        (folder / "a.xml").write_bytes(annotation)
    return read_pair(listing(folder).pairs[0], IDS)


def test_names_without_their_suffix_join_picture_and_xml(tmp_path: Path) -> None:
    for name in ("a.png", "a.xml", "b.JPG", "c.xml", "d.gif", "d.png", "classes.txt", ".e.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "more").mkdir()
    found = listing(tmp_path)
    assert [(p.picture.name, p.xml and p.xml.name) for p in found.pairs] == [
        ("a.png", "a.xml"),
        ("b.JPG", None),
        ("d.gif", None),
        ("d.png", None),
    ]
    assert [path.name for path in found.lonely] == ["c.xml"]
    assert [[path.name for path in twins] for twins in found.twins] == [["d.gif", "d.png"]]
    assert [path.name for path in found.folders] == ["more"]


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert listing(tmp_path / "nothing").pairs == ()


def test_a_sound_pair_has_no_faults(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), xml(("one", 1, 2, 64, 48)))
    assert found.boxes == (Box("one", 1, 2, 64, 48),)
    assert found.faults == found.remarks == ()


def test_a_picture_without_xml_has_no_boxes_and_no_faults(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), None)
    assert found.annotation is None
    assert not found.boxes
    assert not found.faults


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (("one", 30, 2, 30, 40), "no area"),
        (("one", 30, 40, 50, 40), "no area"),
        (("one", 30, 2, 20, 40), "no area"),
        (("one", 1, 2, 65, 40), "leaves the picture of 64 × 48"),
        (("one", 1, 2, 30, 49), "leaves the picture"),
        (("one", -1, 2, 30, 40), "leaves the picture"),
        (("One", 1, 2, 30, 40), "label One is not in the label map; did you mean one?"),
        (("seven", 1, 2, 30, 40), "label seven is not in the label map (one, two)"),
    ],
)
def test_a_wrong_box_is_a_fault(tmp_path: Path, box: Edges, words: str) -> None:
    found = pair(tmp_path, picture(), xml(box))
    assert len(found.faults) == 1
    assert found.faults[0].startswith("a.xml: ")
    assert words in found.faults[0]


def test_a_picture_that_was_resized_after_it_was_annotated_is_a_fault(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), xml(("one", 1, 2, 200, 200), size=(640, 480)))
    assert found.faults == ("a.xml: it was drawn on 640 × 480 pixels, and the picture has 64 × 48",)


def test_faults_of_picture_and_xml_are_both_told(tmp_path: Path) -> None:
    found = pair(tmp_path, b"no picture", b"no xml")
    assert [fault.partition(":")[0] for fault in found.faults] == ["a.png", "a.xml"]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_drawn_on_the_stored_picture_are_turned_with_it(
    tmp_path: Path, orientation: int
) -> None:
    upright = pair(tmp_path, turned(orientation), xml(("one", 1, 2, 30, 40), size=(48, 64)))
    assert upright.boxes == (Box("one", 1, 2, 30, 40),)
    raw = pair(tmp_path, turned(orientation), xml(("one", 4, 2, 60, 40), size=(64, 48)))
    box = raw.boxes[0]
    assert raw.faults == ()
    assert (box.xmax - box.xmin, box.ymax - box.ymin) == (38, 56)


def test_a_turn_that_the_size_does_not_tell_is_remarked(tmp_path: Path) -> None:
    found = pair(tmp_path, turned(3), xml(("one", 1, 2, 30, 40)))
    assert found.faults == ()
    assert "turned by EXIF" in found.remarks[0]
