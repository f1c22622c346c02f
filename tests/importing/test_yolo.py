"""YOLO's .txt: boxes, polygons, labels from each kind of list; what is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tests.importing.data_sets import lay, read

ONE = "0 0.5 0.5 0.25 0.5\n"
IN_FRACTIONS = ("one", 0.375, 0.25, 0.625, 0.75)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classes.txt", "one\ntwo\n"),
        ("classes.txt", b"\xef\xbb\xbfone\r\ntwo\r\n\r\n"),
        ("obj.names", "one\ntwo"),
        ("_darknet.labels", "one\ntwo"),
        ("coco.names", "one\ntwo"),
        ("data.yaml", "train: ../train\nnc: 2\nnames: [one, two]\n"),
        ("data.yaml", "names:\n  1: two\n  0: one\n"),
        ("dataset.yml", "names:\n- 'one'\n- two\n"),
    ],
)
def test_the_labels_are_told_by_each_kind_of_list(
    tmp_path: Path, name: str, content: bytes | str
) -> None:
    folder = lay(tmp_path, {"a.png": 1, "a.txt": f"{ONE}1 .5 .5 1 1\n", name: content})
    assert read(folder).boxes() == {"a.png": [IN_FRACTIONS, ("two", 0, 0, 1, 1)]}
    assert read(folder).pictures[0].in_fractions


def test_a_label_of_a_yaml_file_is_what_is_written_there(tmp_path: Path) -> None:
    """`no` and `1` are labels, and not the values that YAML would make of them."""
    folder = lay(
        tmp_path, {"a.png": 1, "a.txt": "0 .5 .5 1 1\n1 .5 .5 1 1", "data.yaml": "names: [no, 1]"}
    )
    assert [label for label, *_ in read(folder).boxes()["a.png"]] == ["no", "1"]


def test_labels_lie_as_their_pictures_do(tmp_path: Path) -> None:
    """`labels/train/a.txt` is of `images/train/a.png`, and not of `images/val/a.png`."""
    two = "1 0.5 0.5 0.25 0.5\n"
    files = {"images/train/a.png": 1, "labels/train/a.txt": ONE}
    files |= {"images/val/a.png": 2, "labels/val/a.txt": two, "data.yaml": "names: [one, two]"}
    found = read(lay(tmp_path, files)).pictures
    assert [(one.path.parent.name, one.boxes[0].label) for one in found] == [
        ("train", "one"),
        ("val", "two"),
    ]
    assert [one.split for one in found] == ["train", "valid"]


def test_a_list_of_pictures_tells_their_split(tmp_path: Path) -> None:
    files: dict[str, object] = {f"obj_data/{name}.png": number for number, name in enumerate("abc")}
    files |= {f"obj_data/{name}.txt": ONE for name in "abc"}
    files |= {
        "obj.names": "one",
        "train.txt": "data/obj_data/a.png\n",
        "test.txt": "obj_data\\b.png",
    }
    assert [one.split for one in read(lay(tmp_path, files)).pictures] == ["train", "test", ""]


def test_an_empty_file_is_background(tmp_path: Path) -> None:
    files = {"a.png": 1, "a.txt": ONE, "b.png": 2, "b.txt": "", "classes.txt": "one"}
    assert read(lay(tmp_path, files)).boxes() == {"a.png": [IN_FRACTIONS], "b.png": []}


def test_a_polygon_is_taken_as_its_box_and_told(tmp_path: Path) -> None:
    files = {"a.png": 1, "a.txt": "0 .1 .2 .5 .3 .4 .9\n", "classes.txt": "one"}
    found = read(lay(tmp_path, files))
    assert found.boxes() == {"a.png": [("one", 0.1, 0.2, 0.5, 0.9)]}
    assert found.report.lines() == ["1 polygon: only the box around is taken"]


def test_keypoints_and_scores_are_left_out_and_told(tmp_path: Path) -> None:
    pose = {
        "a.png": 1,
        "a.txt": "0 .5 .5 .25 .5 .1 .1 2\n",
        "data.yaml": "names: [one]\nkpt_shape: [1, 3]",
    }
    found = read(lay(tmp_path / "pose", pose))
    assert found.boxes() == {"a.png": [IN_FRACTIONS]}
    assert found.report.lines() == ["1 keypoint annotation: only the box is taken"]
    scored = {"a.png": 1, "a.txt": "0 .5 .5 .25 .5 .93\n", "classes.txt": "one"}
    found = read(lay(tmp_path / "scored", scored))
    assert found.boxes() == {"a.png": [IN_FRACTIONS]}
    assert found.report.lines() == ["1 score: left out"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0 0.5 0.5 0.25", "expected a label's number and four fractions; found 4 words"),
        ("0 32 24 16 24", "expected fractions of the picture's sides; found 32"),
        ("0 nan .5 .5 .5", "a number is nan, not a number"),
        ("0 0,5 0,5 0,2 0,2", "a number is 0,5, with a comma: write a decimal point"),
        ("0 1e999 .5 .5 .5", "a number is 1e999, too large a number"),
        ("2 .5 .5 .5 .5", "there is no label 2: classes.txt has 2 labels, from 0 on"),
        ("-1 .5 .5 .5 .5", "there is no label -1"),
        ("one .5 .5 .5 .5", "the label's number is one, not a number"),
        ("0 .1 .1 .2 .2 .3 .3 .4", "expected pairs of fractions; found 7 of them"),
    ],
)
def test_a_line_that_is_no_box_is_told_with_its_number(tmp_path: Path, line: str, why: str) -> None:
    files = {"a.png": 1, "a.txt": f"{ONE}\n{line}\n", "classes.txt": "one\ntwo"}
    [fault] = read(lay(tmp_path, files)).faults
    assert fault.startswith("a.txt, line 3: ")
    assert why in fault


def test_a_text_without_a_picture_is_told_and_notes_are_not(tmp_path: Path) -> None:
    files = {
        "a.png": 1,
        "a.txt": ONE,
        "b.txt": ONE,
        "README.txt": "Thank you",
        "classes.txt": "one",
    }
    assert read(lay(tmp_path, files)).faults == ["b.txt: there is no picture of its name"]


def test_without_a_list_of_labels_it_is_said_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"put a classes\.txt there"):
        read(lay(tmp_path, {"a.png": 1, "a.txt": ONE}))


def test_a_list_of_labels_that_can_not_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    files = {"a.png": 1, "a.txt": "0 .5 .5 .5 .5", "data.yaml": "nc: 1\nnames: [one\ntrain: x\n"}
    with pytest.raises(UsageError, match=r"data\.yaml: line 3: .*mend it"):
        read(lay(tmp_path, files))


def test_lists_that_differ_are_never_chosen_between(tmp_path: Path) -> None:
    files = {"a.png": 1, "a.txt": ONE, "classes.txt": "one", "data.yaml": "names: [two]"}
    with pytest.raises(UsageError, match="tell different labels"):
        read(lay(tmp_path / "beside", files))
    files = {"p/a.png": 1, "p/a.txt": ONE, "q/classes.txt": "one", "r/classes.txt": "two"}
    [fault] = read(lay(tmp_path / "apart", files)).faults
    assert fault == "p/a.txt: its labels may be those of q/classes.txt or of r/classes.txt"


def test_each_folder_goes_by_the_nearest_list(tmp_path: Path) -> None:
    files = {"p/a.png": 1, "p/a.txt": ONE, "p/classes.txt": "one"}
    files |= {"q/b.png": 2, "q/b.txt": ONE, "q/classes.txt": "two"}
    found = read(lay(tmp_path, files)).boxes()
    assert {name: boxes[0][0] for name, boxes in found.items()} == {"a.png": "one", "b.png": "two"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("names: [[one]]", "expected `names` to be a list of labels"),
        ("names: {one: 0}", "expected `names` to be a list of labels"),
        ("names: {99999999999: one}", "expected `names` to be a list of labels"),
        ("names: [one", "line 1: "),
        ("names: " + "[" * 5000, "it is nested too deep"),
        (b"names: [caf\xe9]", "line 1 is not UTF-8: save it as UTF-8"),
        ("names: [" + "one, " * 60_000 + "]", "it is larger than 0.256 MB"),
        ("x: &x [one]\nnames: !!python/object/apply:os.system ['true']", None),
    ],
)
def test_a_yaml_file_is_never_more_than_lists_and_texts(
    tmp_path: Path, content: bytes | str, why: str | None
) -> None:
    files = {"a.png": 1, "a.txt": ONE, "data.yaml": content, "s/classes.txt": "one"}
    faults = read(lay(tmp_path, files)).faults
    assert [fault.split(": ", 1)[0] for fault in faults] == ["data.yaml"] * bool(why)
    assert not why or why in faults[0]
