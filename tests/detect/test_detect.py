"""Which pictures are meant, and what is left of what was found on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from tasks.core.errors import UsageError
from tasks.core.paths import Workspace
from tasks.detect import command
from tasks.detect.annotate import voc
from tasks.detect.command import Choice
from tasks.detect.pictures import pictures_of
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.measuring import MeasureReply, MeasureRequest
from tasks.inference.results import Detection, PictureResult
from tasks.pipeline.job import Silent
from tests.support.annotated import picture, turned
from tests.support.projects import install, project_job

FOUND = Detection("one", 0.9, (0.25, 0.1, 0.75, 1.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "more").mkdir(parents=True)
    for name in ("b.png", "a.JPG", "more/c.bmp", "notes.txt", "a.xml"):
        (made / name).write_bytes(b"")
    return made


def test_a_folder_means_the_pictures_in_it_and_below(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in pictures_of([str(folder)])]
    assert names == ["a.JPG", "b.png", "more/c.bmp"]


def test_files_folders_and_patterns_mean_each_picture_once(folder: Path) -> None:
    words = [f"{folder}/b.png", str(folder), f"{folder}/**/*.bmp"]
    assert [path.name for path in pictures_of(words)] == ["b.png", "a.JPG", "c.bmp"]


def test_a_file_that_is_named_is_tried_whatever_its_ending(folder: Path) -> None:
    assert [path.name for path in pictures_of([f"{folder}/notes.txt"])] == ["notes.txt"]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("photos/none.png", "there is no file or folder"),
        ("photos/*.tif", r"no file matches .*\*\.tif"),
        ("empty", "holds no pictures"),
    ],
)
def test_what_names_no_picture_is_refused(folder: Path, word: str, why: str) -> None:
    (folder.parent / "empty").mkdir()
    with pytest.raises(UsageError, match=why):
        pictures_of([str(folder.parent / word)])


def test_no_word_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="no pictures are named"):
        pictures_of([])


@pytest.mark.parametrize("threshold", ["2", "-0.1", "half", "nan", ""])
def test_a_threshold_that_is_none_is_refused(threshold: str) -> None:
    with pytest.raises(UsageError, match="expected a number from 0 to 1"):
        command.parse({"threshold": threshold})


def test_results_never_go_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("of the user's")
    with pytest.raises(UsageError, match="is there already"):
        command.parse({"out": str(tmp_path)})
    assert command.parse({"out": str(tmp_path / "new")}).out == tmp_path / "new"


def test_an_annotation_names_its_network_and_has_labelimgs_pixels() -> None:
    root = ET.fromstring(voc(Path("photos/a.png"), (200, 100), [FOUND], "net"))
    assert root.findtext("source/annotation") == "proposed by net"
    assert (root.findtext("size/width"), root.findtext("size/height")) == ("200", "100")
    assert [side.text for side in root.findall("object/bndbox/*")] == ["20", "25", "200", "75"]


def test_a_box_at_the_edge_begins_at_pixel_one() -> None:
    edge = Detection("one", 0.9, (0.0, 0.0, 1.0, 1.0))
    root = ET.fromstring(voc(Path("a.png"), (200, 100), [edge], "net"))
    assert [side.text for side in root.findall("object/bndbox/*")] == ["1", "1", "200", "100"]


ROWS = ((1, 0.9, (0.25, 0.0, 0.75, 0.5)), (7, 0.3, (0.0, 0.0, 1.0, 1.0)), (1, 0.01, (0, 0, 1, 1)))


def test_a_turned_photograph_is_drawn_and_counted_upright(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    path.write_bytes(turned(6, (64, 48)))
    out = tmp_path / "out"
    out.mkdir()
    found = command._take(4, path, ROWS, {1: "one"}, Choice(voc=True), out, "net")
    assert found.size == (48, 64)
    assert [(one.label, one.score) for one in found.boxes] == [("one", 0.9), ("7", 0.3)]
    results = json.loads(command._coco_results([found]))
    assert results[0] == {
        "image_id": 4,
        "category_id": 1,
        "bbox": [0.0, 16.0, 24.0, 32.0],
        "score": 0.9,
    }
    index = json.loads(command._coco_index([found], {1: "one"}))
    assert index["images"] == [{"id": 4, "file_name": str(path), "width": 48, "height": 64}]
    assert len(ET.parse(out / "voc/phone.xml").findall("object")) == 1


def test_two_pictures_of_one_name_are_both_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for number, place in enumerate(("a", "b"), 1):
        (tmp_path / place).mkdir()
        path = tmp_path / place / "same.png"
        path.write_bytes(picture())
        command._take(number, path, (), {}, Choice(), out, "net")
    assert sorted(path.name for path in out.iterdir()) == ["same-2.jpg", "same.jpg"]


class ReadsNothing:
    """Stands in for TensorFlow's process: no picture can be used."""

    def run(
        self,
        request: Request,
        kind: type[MeasureReply],
        limit: float,
        phase: Callable[[str], None],
        part: Callable[[msgspec.Raw], None],
    ) -> MeasureReply:
        asked = msgspec.json.decode(request.body, type=MeasureRequest)
        for path, sha256 in asked.pictures:
            fault = PictureResult(sha256, fault=f"the picture {path} can't be used: it is none")
            part(msgspec.Raw(msgspec.json.encode(fault)))
        return MeasureReply(None)


def test_when_no_picture_can_be_read_it_is_told_and_nothing_is_left(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "shared", ReadsNothing)
    install(workspace, "net")
    broken, mine = tmp_path / "broken.jpg", tmp_path / "mine"
    broken.write_bytes(b"no picture")
    mine.mkdir()
    config = project_job(workspace, "net").config
    asked = ([str(broken)], {"out": str(mine)}, config, workspace, Silent())
    with pytest.raises(UsageError, match=r"no picture could be read: .*broken\.jpg can't be used"):
        command.detect(config.networks["net"], *asked)
    assert mine.is_dir()
    assert not any(mine.iterdir())
