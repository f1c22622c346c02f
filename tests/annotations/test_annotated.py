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
    assert [path.name for path in found.unpaired] == ["c.xml"]
    assert [[path.name for path in twins] for twins in found.same_stem] == [["d.gif", "d.png"]]
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
        (("one", 30, 2, 20, 40), "one (30, 2) to (20, 40): its corners are swapped"),
        (("one", 1, 40, 20, 2), "its corners are swapped"),
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


def test_a_box_that_was_turned_in_cvat_is_told(tmp_path: Path) -> None:
    noted = (
        "<attributes><attribute><name>rotation</name><value>30.5</value></attribute></attributes>"
    )
    found = pair(tmp_path, picture(), xml(("one", 20, 20, 40, 28), more=noted))
    assert found.remarks == ("a.xml: 1 box is turned by CVAT's `rotation`, and read as if not",)
    straight = noted.replace("30.5", "0.0")
    assert not pair(tmp_path, picture(), xml(("one", 20, 20, 40, 28), more=straight)).remarks


def test_a_picture_that_was_resized_after_it_was_annotated_is_a_fault(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), xml(("one", 1, 2, 200, 200), size=(640, 480)))
    assert found.faults == ("a.xml: it was drawn on 640 × 480 pixels, and the picture has 64 × 48",)


def drawn_at(*edges: str, size: str = "") -> bytes:
    """An annotation whose numbers stand in it as they are given."""
    names = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{name}>{edge}</{name}>" for name, edge in zip(names, edges, strict=True))
    size = size or "<size><width>64</width><height>48</height></size>"
    inner = f"{size}<object><name>one</name><bndbox>{box}</bndbox></object>"
    return f"<annotation>{inner}</annotation>".encode()


def test_a_box_that_is_less_than_a_pixel_outside_is_clipped_and_counted(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), drawn_at("10.5", "-1.4e-13", "64.00000000000001", "48"))
    assert found.boxes == (Box("one", 10.5, 0, 64, 48),)
    assert (found.clipped, found.faults, found.remarks) == (1, (), ())
    found = pair(tmp_path, picture(), drawn_at("-0.99", "0", "64.99", "48.9"))
    assert (found.boxes, found.clipped) == ((Box("one", 0, 0, 64, 48),), 1)
    assert pair(tmp_path, picture(), drawn_at("-0.0", "0", "64", "48")).clipped == 0


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        (("1", "2", "65", "40"), "one (1, 2) to (65, 40): the box leaves the picture of 64 × 48"),
        (("1", "2", "65.00000000000001", "40"), "to (65.00000000000001, 40): the box leaves"),
        (("-1000000.5", "2", "30", "40"), "one (-1000000.5, 2) to (30, 40): the box leaves"),
        (("1e300", "2", "2e300", "40"), "one (1e+300, 2) to (2e+300, 40): the box leaves"),
        (("10", "2", "9.999999", "40"), "one (10, 2) to (9.999999, 40): its corners are swapped"),
        (
            ("64.2", "2", "64.8", "40"),
            "(64.2, 2) to (64.8, 40): the box has no area in the picture",
        ),
        (("30", "2", "30.00000000001", "40"), "the box has no area in the picture"),
        (("10", "2", "10", "40"), "one (10, 2) to (10, 40): the box has no area"),
    ],
)
def test_the_numbers_that_are_told_do_not_contradict_what_is_said_of_them(
    tmp_path: Path, edges: tuple[str, ...], words: str
) -> None:
    (fault,) = pair(tmp_path, picture(), drawn_at(*edges)).faults
    assert words in fault


def test_boxes_that_look_like_fractions_are_a_remark(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), drawn_at("0.1", "0.2", "0.5", "1"))
    assert not found.faults
    assert found.remarks == (
        "a.xml: all its boxes lie between 0 and 1: they look like fractions, and are read as"
        " pixels",
    )
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    size = "<size><width>2</width><height>2</height></size>"
    assert not pair(tiny, picture(size=(2, 2)), drawn_at("0", "0", "1", "1", size=size)).remarks


def test_a_size_that_can_not_be_read_is_a_remark(tmp_path: Path) -> None:
    size = "<size><width>64 px</width><height>48</height></size>"
    found = pair(tmp_path, picture(), drawn_at("1", "2", "30", "40", size=size))
    assert not found.faults
    assert found.remarks == (
        "a.xml: its width is 64 px, not a number: whether the picture was resized since can't be"
        " told",
    )


def test_width_and_height_that_are_swapped_are_a_remark_if_the_boxes_fit(tmp_path: Path) -> None:
    found = pair(tmp_path, picture(), xml(("one", 1, 2, 30, 40), size=(48, 64)))
    assert (found.boxes, found.faults) == ((Box("one", 1, 2, 30, 40),), ())
    differ = "its size is 48 × 64, and the picture's 64 × 48"
    assert f"{differ}: read as width and height swapped" in found.remarks[0]
    found = pair(tmp_path, picture(), xml(("one", 1, 2, 30, 60), size=(48, 64)))
    assert "it was drawn on 48 × 64 pixels" in found.faults[0]


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize("known", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("written", [COMPOSED, DECOMPOSED])
def test_a_label_is_the_label_maps_however_its_letters_are_composed(
    tmp_path: Path, known: str, written: str
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "a.xml").write_bytes(xml((written, 1, 2, 30, 40)))
    found = read_pair(listing(tmp_path).pairs[0], {known: 1})
    assert not found.faults
    assert found.boxes[0].label == known


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("ONE", "label ONE is not in the label map; did you mean one?"),
        ("оne", "did you mean one? It holds U+043E (cyrillic small letter o)"),
        ("ｏｎｅ", "did you mean one? It holds U+FF4F (fullwidth latin small letter o), U+FF4E"),
        ("o\u200dne", "label o[U+200D]ne is not in the label map; did you mean one?"),
        ("one\ufe0f", "label one[U+FE0F] is not in the label map; did you mean one?"),
        ("tw0", "label tw0 is not in the label map; did you mean two?"),
    ],
)
def test_a_label_that_looks_like_another_is_told_by_what_differs(
    tmp_path: Path, label: str, words: str
) -> None:
    (fault,) = pair(tmp_path, picture(), xml((label, 1, 2, 30, 40))).faults
    assert words in fault


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


def test_a_jpeg_whose_pixels_end_early_is_a_remark(tmp_path: Path) -> None:
    whole = picture("JPEG", (640, 480))
    found = pair(tmp_path, whole[: len(whole) * 3 // 4] + b"\xff\xd9", xml(size=(640, 480)))
    assert found.faults == ()
    assert "its last pixels are missing, and grey stands in their place" in found.remarks[0]
