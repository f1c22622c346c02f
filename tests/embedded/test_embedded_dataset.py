"""The annotated data set for learners."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from embedded.dataset import write
from embedded.scenes import scene

SEED = 4_000_500


def _boxes(path: Path) -> list[tuple[str, list[int]]]:
    return [
        (
            item.findtext("name", ""),
            [int(item.findtext(f"bndbox/{edge}", "")) for edge in ("ymin", "xmin", "ymax", "xmax")],
        )
        for item in ET.parse(path).iter("object")
    ]


def test_pictures_and_boxes_come_back_as_they_were_drawn(tmp_path: Path) -> None:
    write(tmp_path / "train", SEED, 3, (320, 240), ("one", "two"))
    assert sorted(p.name for p in (tmp_path / "train").iterdir()) == [
        "image000.png",
        "image000.xml",
        "image001.png",
        "image001.xml",
        "image002.png",
        "image002.xml",
    ]
    drawn = next(
        d
        for seed in range(SEED, SEED + 50)
        if (d := scene(seed, size=(320, 240), labels=("one", "two"))).labels
    )
    picture = np.asarray(Image.open(tmp_path / "train/image000.png"))
    assert np.array_equal(picture, drawn.picture)
    found = _boxes(tmp_path / "train/image000.xml")
    assert [name for name, _ in found] == list(drawn.labels)
    assert np.array_equal([box for _, box in found], np.maximum(drawn.boxes, 1))


def test_an_annotation_says_what_labelimg_says(tmp_path: Path) -> None:
    write(tmp_path, SEED, 1, (320, 240), ("one",))
    root = ET.parse(tmp_path / "image000.xml").getroot()
    assert [child.tag for child in root][:6] == [
        "folder",
        "filename",
        "path",
        "source",
        "size",
        "segmented",
    ]
    assert [e.text for e in root.findall("size/*")] == ["320", "240", "3"]
    assert [e.tag for e in root.findall("object[1]/*")] == [
        "name",
        "pose",
        "truncated",
        "difficult",
        "bndbox",
    ]
    assert [e.tag for e in root.findall("object[1]/bndbox/*")] == ["xmin", "ymin", "xmax", "ymax"]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        write(tmp_path, SEED, 1, (320, 240), ("one",))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.png"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "embedded.dataset", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_command_writes_both_parts_and_the_same_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        done = _run(str(tmp_path / name), "--train", "2", "--test", "1", "--size", "160x120")
        assert done.returncode == 0, done.stderr
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.png"))
    assert [str(f) for f in files] == [
        str(Path("test/image000.png")),
        str(Path("train/image000.png")),
        str(Path("train/image001.png")),
    ]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("wrong", [["--labels", "seven"], ["--size", "10x10"], ["--seed", "100"]])
def test_the_command_refuses_what_it_cannot_draw(tmp_path: Path, wrong: list[str]) -> None:
    done = _run(str(tmp_path / "out"), *wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_leaves_a_used_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test/mine.png").write_bytes(b"mine")
    done = _run(str(tmp_path), "--train", "1")
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert not (tmp_path / "train").exists()
