"""Which folder of the project pictures go to, by what the source says of them and what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.annotations.sharing import listing_of
from tasks.core.errors import UsageError
from tasks.core.paths import SPLITS
from tasks.importing.source import search
from tests.annotations.test_sharing import scene
from tests.importing.data_sets import Heard, Imported, imported, lay
from tests.support.projects import project_job

ONE = "0 .5 .5 .25 .5\n"
UNSAID: dict[str, object] = {"a.png": 1, "a.txt": ONE, "classes.txt": "one\ntwo\n"}
WITH_VALID: dict[str, object] = {
    "classes.txt": "one",
    "train/a.png": 1,
    "train/a.txt": ONE,
    "valid/b.png": 2,
    "valid/b.txt": ONE,
}


def pictures(done: Imported) -> list[str]:
    return [name for name in done.files if name.endswith("png")]


def test_where_nothing_says_what_pictures_are_for_they_are_shared_out(tmp_path: Path) -> None:
    heard = Heard()
    lay(tmp_path / "workspace/cube_faces/images", {"train/.gitkeep": "", "test/.gitkeep": ""})
    done = imported(tmp_path, lay(tmp_path / "s", UNSAID), into=None, progress=heard)
    assert pictures(done) == ["a.png"]
    assert heard.notes[-1] == "1 picture: 1 into cube_faces/images, copied unless there already"
    assert "what is in cube_faces/images is shared out, and stays there: 20% to test" in done.said
    again = imported(tmp_path, tmp_path / "s", into=None)
    assert pictures(again) == ["a.png"]
    assert "none of them new" in again.said


def test_a_project_with_its_own_two_folders_keeps_to_them(tmp_path: Path) -> None:
    lay(tmp_path / "workspace/cube_faces/images/test", {"z.png": 9})
    done = imported(tmp_path, lay(tmp_path / "s", UNSAID), into=None)
    assert pictures(done) == ["test/z.png", "train/a.png"]
    assert "to test with" not in done.said


def test_without_a_test_set_it_is_told_what_to_do(tmp_path: Path) -> None:
    said = imported(tmp_path, lay(tmp_path / "s", UNSAID), into="train").said
    assert "cube_faces/images/test holds no picture to test with: move some there" in said


@pytest.mark.parametrize("into", [None, "train", "test"])
def test_how_many_boxes_of_each_label_go_to_each_split_is_told(
    tmp_path: Path, into: str | None
) -> None:
    files: dict[str, object] = {"classes.txt": "one\na b\n"}
    for shade in range(12):
        files |= {f"{shade}.png": scene(shade), f"{shade}.txt": ONE * 2 + f"1 {ONE[2:]}"}
    done = imported(tmp_path, lay(tmp_path / "s", files), into=into, labels=("one", "a b"))
    job = project_job(done.workspace, labels=("one", "a b"))
    found = [len(listing_of(job, split).pairs) for split in SPLITS]
    assert sum(found) == 12
    at = done.result.lines.index("boxes   train    test")
    assert done.result.lines[at + 1 : at + 3] == (
        f"one  {2 * found[0]:>8}{2 * found[1]:>8}",
        f"a b  {found[0]:>8}{found[1]:>8}",
    )


def test_of_many_labels_the_most_frequent_are_counted_by_name(tmp_path: Path) -> None:
    names = "\n".join(f"label {number}" for number in range(20))
    boxes = "".join(f"{number} .5 .5 .25 .5\n" * (number + 1) for number in range(20))
    source = lay(tmp_path / "s", {"a.png": 1, "a.txt": boxes, "classes.txt": names})
    lines = imported(tmp_path, source).result.lines
    at = lines.index("boxes      train    test")
    assert lines[at + 1] == "label 19      20       0"
    assert lines[at + 13] == "and 36 boxes of 8 more labels"


def test_what_becomes_of_a_validation_set_is_told(tmp_path: Path) -> None:
    heard, source = Heard(), lay(tmp_path / "s", WITH_VALID)
    assert pictures(imported(tmp_path, source, into=None, progress=heard)) == [
        "test/b.png",
        "train/a.png",
    ]
    why = "is taken to test with, as there is no test set"
    assert heard.notes[-1] == f"its validation set (1 picture) {why}"
    lay(source, {"test/c.png": 3, "test/c.txt": ONE})
    imported(tmp_path / "other", source, into=None, progress=heard)
    why = "goes to train, of which a training holds out its own share"
    assert heard.notes[-1] == f"its validation set (1 picture) {why}"


@pytest.mark.parametrize(
    ("there", "into", "why"),
    [
        ("train/z.png", "images", "those in images would not be used"),
        ("z.png", "train", "`--into images` shares these out, too"),
    ],
)
def test_pictures_that_would_not_be_used_are_refused(
    tmp_path: Path, there: str, into: str, why: str
) -> None:
    lay(tmp_path / "workspace/cube_faces/images", {there: 9})
    with pytest.raises(UsageError, match=why):
        imported(tmp_path, lay(tmp_path / "s", UNSAID), into=into)
    images = tmp_path / "workspace/cube_faces/images"
    assert [path for path in images.rglob("*") if path.is_file()] == [images / there]


@pytest.mark.parametrize(
    ("told", "folder", "split"),
    [
        ("train: images/a", "images/a", "train"),
        ("val: ../images/a", "images/a", "valid"),
        ("path: /content/datasets/x\ntest: images/a/", "images/a", "test"),
        ("train: [images/b, images/a]", "images/a", "train"),
        ("train: C:\\x\\images\\a", "images/a", ""),
        ("val: images", "images/a", "valid"),
        ("train: images/a\nval: images/a", "images/a", ""),
        ("train: ../../../etc\nval: /\ntest:", "images/a", ""),
        ("train: images/valid", "images/valid", "train"),
        ("train: {a: b}\nval: [[x]]", "images/a", ""),
    ],
)
def test_a_yaml_tells_what_folders_are_for(
    tmp_path: Path, told: str, folder: str, split: str
) -> None:
    source = lay(tmp_path, {"data.yaml": f"names: [one]\n{told}\n", f"{folder}/a.png": 1})
    found = search([str(source)])
    assert found.split_of(source / folder / "a.png") == split


def test_a_yaml_may_name_lists_of_pictures(tmp_path: Path) -> None:
    told = "names: [one]\ntrain: /home/someone/data/Train_abs.txt\nval: lists/mine.txt\n"
    lists = {"Train_abs.txt": "/home/someone/a.png\n", "lists/mine.txt": "x/b.png\n"}
    files = {"data.yaml": told, "pics/a.png": 1, "pics/b.png": 2, "pics/c.png": 3}
    source = lay(tmp_path, files | lists)
    found = search([str(source)])
    splits = [found.split_of(source / f"pics/{name}.png") for name in "abc"]
    assert splits == ["train", "valid", ""]


def test_a_yaml_that_can_not_be_read_tells_nothing(tmp_path: Path) -> None:
    source = lay(tmp_path, {"data.yaml": "names: [one\ntrain: {", "images/a.png": 1})
    assert search([str(source)]).split_of(source / "images/a.png") == ""


def test_the_setting_says_how_pictures_are_taken_and_the_option_goes_before_it(
    tmp_path: Path,
) -> None:
    source = lay(tmp_path / "s", UNSAID)
    linked = imported(tmp_path, source, settings={"import_pictures": "link"})
    images = linked.workspace.images("cube_faces", "train")
    assert (images / "a.png").samefile(source / "a.png")
    other = imported(
        tmp_path / "other",
        source,
        settings={"import_pictures": "link"},
        options={"pictures": "copy"},
    )
    images = other.workspace.images("cube_faces", "train")
    assert not (images / "a.png").samefile(source / "a.png")
