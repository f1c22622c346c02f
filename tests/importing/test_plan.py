"""Names in the project: nothing is overwritten, one XML is one picture's, twice is as once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.annotations.folder import Listing, Pair
from tasks.importing.plan import Names, target_split

TRAIN, TEST = Path("images/train"), Path("images/test")


OTHER, SAME = "another digest", "the digest of all that is there"


def names(*pictures: Path, xml: bool = True, unpaired: tuple[Path, ...] = ()) -> Names:
    found = Names(lambda path: SAME)
    for folder in (TRAIN, TEST):
        here = [path for path in pictures if path.parent == folder]
        pairs = tuple(Pair(path, path.with_suffix(".xml") if xml else None) for path in here)
        listed = Listing(folder, pairs, tuple(p for p in unpaired if p.parent == folder))
        found.add(listed, [5 for _ in pairs])
    return found


def test_a_name_that_is_free_is_kept() -> None:
    target = names().place(Path("x/a.JPG"), 5, OTHER, TRAIN)
    assert (target.picture, target.xml, target.is_there) == (
        TRAIN / "a.JPG",
        TRAIN / "a.xml",
        False,
    )


@pytest.mark.parametrize("here", ["a.jpg", "a.png", "A.JPG"])
def test_another_picture_of_that_stem_keeps_its_name(here: str) -> None:
    found = names(TRAIN / here)
    assert found.place(Path("a.jpg"), 5, OTHER, TRAIN).picture.name == "a-2.jpg"
    assert found.place(Path("y/a.jpg"), 5, OTHER, TRAIN).picture.name == "a-3.jpg"


def test_an_annotation_without_a_picture_keeps_its_name() -> None:
    found = names(unpaired=(TRAIN / "a.xml",))
    assert found.place(Path("a.jpg"), 5, OTHER, TRAIN).picture.name == "a-2.jpg"
    assert found.place(Path("a.jpg"), 5, OTHER, TEST).picture.name == "a.jpg"


def test_a_picture_that_is_there_stays_under_whatever_name_and_split() -> None:
    found = names(TEST / "renamed.jpg")
    target = found.place(Path("a.jpg"), 5, SAME, TRAIN)
    assert target.is_there
    assert target.xml == TEST / "renamed.xml"
    assert found.place(Path("b.jpg"), 5, SAME, TRAIN).picture == TRAIN / "b.jpg"


def test_of_equal_pictures_each_finds_the_one_that_it_made() -> None:
    there = (TRAIN / "b.jpg", TRAIN / "a-2.jpg", TRAIN / "a.jpg", TEST / "a.jpg")
    found = names(*there)
    order = [("a.jpg", TRAIN), ("a.jpg", TRAIN), ("b.jpg", TRAIN), ("a.jpg", TEST)]
    placed = [found.place(Path(name), 5, SAME, folder).picture for name, folder in order]
    assert placed == [TRAIN / "a.jpg", TRAIN / "a-2.jpg", TRAIN / "b.jpg", TEST / "a.jpg"]


def test_what_is_there_is_read_once_and_only_if_its_size_fits() -> None:
    read = list[Path]()

    def digest_of(path: Path) -> str:
        read.append(path)
        return path.name

    found = Names(digest_of)
    pairs = tuple(Pair(TRAIN / f"{number}.bmp", None) for number in range(100))
    found.add(Listing(TRAIN, pairs), [number % 2 for number in range(100)])
    for number in range(0, 100, 2):
        assert found.place(Path("x.bmp"), 0, f"{number}.bmp", TRAIN).is_there
    assert len(read) == 50


def test_what_a_source_validates_by_is_tested_with_if_it_has_nothing_else() -> None:
    assert target_split("valid", "train", has_test=False) == "test"
    assert target_split("valid", "test", has_test=True) == "train"
    assert target_split("", "test", has_test=True) == "test"
    assert target_split("train", "test", has_test=True) == "train"
