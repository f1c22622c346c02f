"""A source that is imported a second time, after it or the project changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import UserFilesError
from tasks.mend import journal, step
from tasks.pipeline.job import ProjectJob, Silent
from tests.importing.data_sets import Imported, imported, lay
from tests.support.annotated import picture, xml
from tests.support.projects import project_job

ONE, OTHER, OUTSIDE = "0 .5 .5 .25 .5\n", "1 .5 .5 .5 .5\n", "0 .9 .5 .5 .5\n"
YOLO: dict[str, object] = {"a.png": 1, "a.txt": ONE, "classes.txt": "one\ntwo\n"}
AGAIN = "doit import {} --project cube_faces --into train --replace"


def mend(done: Imported, **options: object) -> None:
    job = project_job(done.workspace, labels=("one", "two"))
    step.run(ProjectJob(job.config, done.workspace, project=job.project, options=options), Silent())


def test_a_source_that_was_corrected_since_is_told_with_the_command_that_takes_it(
    tmp_path: Path,
) -> None:
    source = lay(tmp_path / "s", {**YOLO, "b.png": 2, "b.txt": ONE})
    before = imported(tmp_path, source).files
    lay(source, {"b.txt": OTHER})
    second = imported(tmp_path, source)
    assert second.files == before
    assert "1 XML file differs from the source's, and stays: train/b.xml" in second.said
    assert f"`{AGAIN.format(source)}`" in second.said


def test_what_is_replaced_is_kept_and_undo_brings_it_back(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    done = imported(tmp_path, source)
    before, mine = done.files, xml(("two", 1, 1, 5, 5))
    path = done.workspace.images("cube_faces", "train") / "a.xml"
    path.write_bytes(mine)
    replaced = imported(tmp_path, source, options={"replace": "yes"})
    assert replaced.files == before
    assert "1 XML file replaced: train/a.xml" in replaced.said
    assert "not sound" not in replaced.said
    run = journal.last_run(done.workspace.mended("cube_faces"))
    assert run is not None
    kept = run / journal.ORIGINALS / "cube_faces/images/train/a.xml"
    assert kept.read_bytes() == mine
    assert "differ" not in imported(tmp_path, source).said
    mend(done, undo=True)
    assert path.read_bytes() == mine


def test_boxes_that_are_not_sound_are_told_where_they_replace_others(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    imported(tmp_path, source)
    lay(source, {"a.txt": OUTSIDE})
    assert "not sound" not in imported(tmp_path, source).said
    assert "1 box is not sound" in imported(tmp_path, source, options={"replace": "yes"}).said


def test_what_was_mended_since_is_not_held_against_the_source(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", {**YOLO, "a.txt": OUTSIDE})
    done = imported(tmp_path, source)
    assert "1 box is not sound" in done.said
    before = done.files
    mend(done, write=True)
    mended = done.files
    assert mended != before
    again = imported(tmp_path, source, options={"replace": "yes"})
    assert again.files == mended
    assert "1 XML file was mended since, and stays" in again.said
    assert "not sound" not in again.said
    assert "replaced" not in again.said


def test_what_was_replaced_is_no_mending_of_the_former_source(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    imported(tmp_path, source)
    lay(source, {"a.txt": OTHER})
    imported(tmp_path, source, options={"replace": "yes"})
    lay(source, {"a.txt": ONE})
    assert "1 XML file differs from the source's" in imported(tmp_path, source).said


def test_a_picture_that_was_encoded_anew_since_is_not_taken_twice(tmp_path: Path) -> None:
    two_bytes_more = picture("BMP") + b"\0\0"
    source = lay(tmp_path / "s", {**YOLO, "b.bmp": two_bytes_more, "b.txt": ONE})
    done = imported(tmp_path, source)
    mend(done, write=True)
    mended = imported(tmp_path, source)
    names = {"train/a.png", "train/a.xml", "train/b.png", "train/b.xml"}
    assert set(mended.files) == names
    assert "none of them new" in mended.said


def test_a_picture_whose_annotation_is_wrong_is_told_from_one_that_has_none(
    tmp_path: Path,
) -> None:
    files = {**YOLO, "b.png": 2, "b.txt": "0 x", "c.png": 3, "d.png": 4}
    done = imported(tmp_path, lay(tmp_path / "s", files))
    assert "1 picture: left out because of faults in annotations" in done.result.lines
    assert "2 pictures: left out for want of an annotation" in done.result.lines
    head, fault = str(done.result.error).split("\n")
    assert head == "cube_faces: 1 fault; mend it and import again, what is done stays:"
    assert fault.startswith("b.txt, line 1: ")


def test_what_a_killed_import_began_to_replace_is_finished_first(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    done = imported(tmp_path, source)
    path = done.workspace.images("cube_faces", "train") / "a.xml"
    before = path.read_bytes()
    root, folder = done.workspace.root, done.workspace.mended("cube_faces")
    with journal.preparing(root, folder) as prepared:
        prepared.add(journal.FileChange(path, before, b"half way"))
        prepared.finish(("replaced",), "import")
    imported(tmp_path, lay(source, {"a.txt": OTHER}), options={"replace": "yes"})
    assert done.annotation("train/a.xml").boxes[0].label == "two"
    assert len(list(folder.iterdir())) == 2


def test_originals_that_can_not_be_read_stop_no_import(tmp_path: Path) -> None:
    source = lay(tmp_path / "s", YOLO)
    done = imported(tmp_path, source)
    lay(done.workspace.mended("cube_faces") / "2026-01-01T0101", {"manifest.json": "{"})
    lay(source, {"a.txt": OTHER})
    assert "1 XML file differs" in imported(tmp_path, source).said
    with pytest.raises(UserFilesError, match="it can't be read"):
        imported(tmp_path, source, options={"replace": "yes"})
