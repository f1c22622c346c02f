"""CSV: which column is which, pixels and fractions, and rows that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.data_sets import imported, lay, read

TUTORIAL = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
VOTT = '"image","xmin","ymin","xmax","ymax","label"\n'
OPEN_IMAGES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,"
    "IsDepiction,IsInside\n"
)
IN_PIXELS = ("one", 16, 12, 48, 36)
IN_FRACTIONS = ("one", 0.25, 0.25, 0.75, 0.75)


@pytest.mark.parametrize(
    ("table", "box"),
    [
        (f"{TUTORIAL}a.png,64,48,one,16,12,48,36\n", IN_PIXELS),
        (f'{VOTT}"a.png",16.0,12.0,48.0,36.0,"one"\n', IN_PIXELS),
        (f"{OPEN_IMAGES}a,xclick,one,1,0.25,0.75,0.25,0.75,0,1,0,0,0\n", IN_FRACTIONS),
        ("TRAIN,gs://bucket/a.png,one,0.25,0.25,,,0.75,0.75,,\n", IN_FRACTIONS),
        (
            '"image", "xmin", "ymin", "xmax", "ymax", "label" \n"a.png", 16, 12, 48, 36, "one" ',
            IN_PIXELS,
        ),
        ("image_path;label;x1;y1;x2;y2\nphotos\\a.png;one;16;12;48;36\n", IN_PIXELS),
        (
            "\ufefffile\tclass_name\tleft\ttop\tright\tbottom\r\na.png\tone\t16\t12\t48\t36\r\n",
            IN_PIXELS,
        ),
        ("one,16,12,32,24,a.png,64,48\n", IN_PIXELS),
        (
            "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n"
            "one,16,12,32,24,a.png,64,48\n",
            IN_PIXELS,
        ),
    ],
    ids=[
        *("tutorial", "VoTT", "Open Images", "AutoML", "blanks", "semicolons", "tabs"),
        *("makesense.ai", "makesense.ai with a first row"),
    ],
)
def test_each_set_of_columns_is_known(tmp_path: Path, table: str, box: tuple[object, ...]) -> None:
    found = read(lay(tmp_path, {"a.png": 1, "x.csv": table}))
    assert found.boxes() == {"a.png": [box]}
    assert found.pictures[0].in_fractions == (box == IN_FRACTIONS)
    assert not found.faults


def test_either_way_the_same_is_written(tmp_path: Path) -> None:
    tables = {
        "pixels": f"{VOTT}a.png,16,12,48,36,one\n",
        "fractions": f"{VOTT}a.png,0.25,0.25,0.75,0.75,one\n",
    }
    written = []
    for name, table in tables.items():
        source = lay(tmp_path / name / "s", {"a.png": 1, "x.csv": table})
        written.append(imported(tmp_path / name, source).files["train/a.xml"])
    assert written[0] == written[1]


def test_the_size_in_a_row_is_that_of_the_picture_as_annotated(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {"a.png": 1, "x.csv": f"{TUTORIAL}a.png,640,480,one,1,2,30,40\n"})
    assert "it was drawn on 640 × 480 pixels" in imported(tmp_path, source).said


def test_the_split_is_told_by_the_row_or_by_the_tables_name(tmp_path: Path) -> None:
    rows = "TRAIN,a.png,one,0.1,0.1,,,0.2,0.2,,\n"
    rows += "VALIDATION,b.png,,,,,,,,,\nUNASSIGNED,c.png,,,,,,,,,\n"
    found = read(lay(tmp_path / "s", {"a.png": 1, "b.png": 2, "c.png": 3, "x.csv": rows}))
    assert [(one.split, len(one.boxes)) for one in found.pictures] == [
        ("train", 1),
        ("valid", 0),
        ("", 0),
    ]
    named = {"a.png": 1, "test_labels.csv": f"{VOTT}a.png,1,2,3,4,one\n"}
    assert read(lay(tmp_path / "t", named)).pictures[0].split == "test"


def test_of_a_table_of_all_and_one_of_a_split_the_split_counts(tmp_path: Path) -> None:
    row = f"{VOTT}a.png,1,2,3,4,one\n"
    files = {"a.png": 1, "labels.csv": row, "test_labels.csv": row}
    done = imported(tmp_path, lay(tmp_path / "s", files), into=None)
    assert set(done.files) == {"test/a.png", "test/a.xml"}
    assert done.result.error is None


def test_open_images_groups_are_left_out_and_its_codes_have_names(tmp_path: Path) -> None:
    rows = "a,x,/m/01,1,0.1,0.2,0.1,0.2,0,1,0,0,0\na,x,/m/02,1,0.1,0.2,0.1,0.2,0,0,1,0,0\n"
    files = {"a.png": 1, "x.csv": OPEN_IMAGES + rows}
    files |= {"class-descriptions-boxable.csv": "/m/01,Traffic light\n/m/02,Person\n"}
    found = read(lay(tmp_path, files))
    [box] = found.pictures[0].boxes
    assert (box.label, box.truncated) == ("Traffic light", True)
    assert "1 group of objects: left out" in found.report.lines()[0]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a.png,1,2,3", "expected 6 cells; found 4"),
        ("a.png,1,2,3,nan,one", "its ymax is nan, not a number"),
        ("a.png,1,2,3,inf,one", "its ymax is inf, not a number"),
        ("a.png,1,2,3,-1e12,one", "an edge of its box is -1e+12, which no picture has"),
        ('a.png,1,2,"3,5",4,one', "its xmax is 3,5, with a comma"),
        ("a.png,1,2,3,4,", "its label is empty"),
        (",1,2,3,4,one", "it names no picture"),
        ("../../c.png,1,2,3,4,one", "its picture ../../c.png is not there"),
    ],
)
def test_a_row_that_can_not_be_read_is_told_with_its_line(
    tmp_path: Path, row: str, why: str
) -> None:
    lay(tmp_path, {"c.png": 3})
    files = {"a.png": 1, "b.png": 2, "x.csv": f"{VOTT}b.png,1,2,3,4,one\n\n{row}\n"}
    [fault] = read(lay(tmp_path / "s", files)).faults
    assert fault.startswith("x.csv, line 4: ")
    assert why in fault


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("a,b\n1,2\n", "its first line does not tell picture, label, xmin, ymin, xmax and ymax"),
        ("", "its first line does not tell"),
        (VOTT + "a.png,1,2,3,4," + "x" * 200_000, "field larger than field limit"),
        (VOTT.encode() + b"caf\xe9.png,1,2,3,4,one", "line 2 is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_table_that_is_none_is_one_line(tmp_path: Path, table: bytes | str, why: str) -> None:
    file = lay(tmp_path, {"a.png": 1, "x.csv": table}) / "x.csv"
    [fault] = read(file, format="csv").faults
    assert why in fault


def test_makesenses_rows_name_the_size_of_their_picture(tmp_path: Path) -> None:
    rows = "one,16,12,32,24,a.png,640,480\none,16,12,x,24,b.png,64,48\n"
    done = imported(tmp_path, lay(tmp_path / "s", {"a.png": 1, "b.png": 2, "x.csv": rows}))
    assert "x.csv, line 1: a.png: it was drawn on 640 × 480 pixels" in done.said
    assert "x.csv, line 2: its box width is x, not a number" in done.said
