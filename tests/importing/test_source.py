"""Which picture a name means; what is never opened; which split a source names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.importing import source as module
from tasks.importing.source import search
from tests.importing.data_sets import lay


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_pictures_and_annotations_are_found_in_order_and_hidden_files_are_not(
    tmp_path: Path,
) -> None:
    files = {"b/2.JPG": 1, "a.png": 2, "b/1.txt": "", ".trash/c.png": 3, "b/.d.png": 4, "e.doc": ""}
    found = search([str(lay(tmp_path, files))])
    assert names(found.pictures, tmp_path) == ["a.png", "b/2.JPG"]
    assert names(found.files, tmp_path) == ["b/1.txt"]


def test_no_link_leads_out_of_the_source(tmp_path: Path) -> None:
    lay(tmp_path, {"secret/a.png": 1, "secret/a.xml": "", "s/b.png": 2})
    folder = tmp_path / "s"
    (folder / "a.png").symlink_to(tmp_path / "secret/a.png")
    (folder / "a.xml").symlink_to(tmp_path / "secret/a.xml")
    (folder / "all").symlink_to(tmp_path / "secret")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "again.png").symlink_to(folder / "b.png")
    found = search([str(folder)])
    assert names(found.pictures, folder) == ["again.png", "b.png"]
    assert found.files == []
    assert names(found.led_out, folder) == ["a.png", "a.xml", "circle.png", "gone.png"]


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "A.PNG",
        "x/a.png",
        "x\\a.png",
        "C:\\photos\\x\\a.png",
        "/home/x/a.png",
        "a",
        "../a.png",
    ],
)
def test_a_name_of_another_machine_means_the_picture_here(tmp_path: Path, name: str) -> None:
    found = search([str(lay(tmp_path, {"x/a.png": 1, "all.json": "", "x/b.png": 2}))])
    assert found.find(name, tmp_path / "all.json") == tmp_path / "x/a.png"


def test_a_name_as_addresses_have_it_means_the_picture_here(tmp_path: Path) -> None:
    found = search([str(lay(tmp_path, {"a b.png": 1}))])
    assert found.find("https://example.org/a%20b.png", tmp_path / "x").name == "a b.png"


def test_of_two_pictures_the_folders_that_are_named_tell(tmp_path: Path) -> None:
    found = search([str(lay(tmp_path, {"x/a.png": 1, "y/a.png": 2, "all.json": ""}))])
    assert found.find("data/y/a.png", tmp_path / "all.json") == tmp_path / "y/a.png"
    with pytest.raises(ValueError, match=r"its picture may be x/a\.png or y/a\.png"):
        found.find("a.png", tmp_path / "all.json")
    assert found.find("a.png", tmp_path / "y/all.json") == tmp_path / "y/a.png"


@pytest.mark.parametrize("name", ["", "/", "..", "c.png", "\0", "a.png/"])
def test_a_name_of_nothing_is_told(tmp_path: Path, name: str) -> None:
    found = search([str(lay(tmp_path, {"b.png": 1}))])
    with pytest.raises(ValueError, match=r"its picture .* is not there"):
        found.find(name, tmp_path / "x.json")


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train/a.png", "train"),
        ("images/train2017/a.png", "train"),
        ("Validation/deep/a.png", "valid"),
        ("val/images/a.png", "valid"),
        ("test_images/a.png", "test"),
        ("obj_train_data/a.png", "train"),
        ("train/test/a.png", "test"),
        ("trains/a.png", ""),
        ("trainval/a.png", ""),
        ("crash test/a.png", ""),
        ("train.png", ""),
        ("annotations/instances_val2017.json", "valid"),
        ("data/train_labels.csv", "train"),
        ("_annotations.coco.json", ""),
    ],
)
def test_folders_and_names_tell_the_split(tmp_path: Path, path: str, split: str) -> None:
    lay(tmp_path, {path: ""})
    assert search([str(tmp_path)]).split_of(tmp_path / path) == split


def test_the_folder_that_was_named_itself_tells_nothing(tmp_path: Path) -> None:
    folder = lay(tmp_path / "test", {"a.png": 1})
    assert search([str(folder)]).split_of(folder / "a.png") == ""


def test_a_file_that_is_named_has_its_pictures_around_it(tmp_path: Path) -> None:
    lay(tmp_path, {"annotations/x.json": "", "annotations/y.json": "", "images/a.png": 1})
    found = search([str(tmp_path / "annotations/x.json")])
    assert found.named == (tmp_path / "annotations/x.json",)
    assert names(found.pictures, tmp_path) == ["images/a.png"]


def test_whoever_names_a_list_of_labels_means_what_lies_around_it(tmp_path: Path) -> None:
    lay(tmp_path, {"data.yaml": "", "labels/a.txt": "", "images/a.png": 1})
    found = search([str(tmp_path / "data.yaml")])
    assert names(found.annotations, tmp_path) == ["data.yaml", "labels/a.txt"]
    assert names(found.pictures, tmp_path) == ["images/a.png"]


def test_annotations_and_pictures_may_be_named_apart(tmp_path: Path) -> None:
    lay(tmp_path, {"one/x.json": "", "two/a.png": 1, "one/b.png": 2})
    found = search([str(tmp_path / "one/x.json"), str(tmp_path / "two")])
    assert names(found.pictures, tmp_path) == ["two/a.png"]


def test_a_folder_that_is_named_twice_is_searched_once(tmp_path: Path) -> None:
    lay(tmp_path, {"s/t/a.png": 1})
    found = search([str(tmp_path / "s/t"), str(tmp_path / "s"), str(tmp_path / "s/../s")])
    assert len(found.pictures) == 1


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file or folder"):
        search([str(tmp_path / "none")])
    with pytest.raises(UsageError, match="no data set is named"):
        search([])


def test_a_folder_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    lay(tmp_path, {f"{number}.txt": "" for number in range(4)})
    with pytest.raises(UsageError, match="more than 3 files"):
        search([str(tmp_path)])
