"""The step: what is made, what is made again, and what is the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.annotations.record_receipt import RecordFile, RecordsReceipt
from tasks.core import receipts
from tasks.core.errors import AnnotationsError, DiskError, UserFilesError
from tasks.core.files import sha256_of
from tasks.core.paths import SPLITS, Workspace
from tasks.core.receipts import Output
from tasks.formats.tf_record import Bytes, Floats, Ints, decode_example, read_frames
from tasks.pipeline.job import Outcome, ProjectJob, Silent
from tasks.records import step
from tests.support.annotated import fill, picture, proposed, xml
from tests.support.projects import project_job, scaffold


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A scaffolded project with annotated pictures: a, b to train with and c to test with."""
    made = project_job(workspace)
    scaffold(made)
    fill(workspace.images(made.name, "train"), ("a", "b"))
    fill(workspace.images(made.name, "test"), ("c",), ("two", 3, 4, 50, 40), shade=9)
    return made


def run(job: ProjectJob) -> Outcome:
    return step.run(job, Silent())


def record(job: ProjectJob, split: str = "train") -> Path:
    return job.workspace.record_file(job.name, split)


def examples(job: ProjectJob, split: str = "train") -> list[dict[str, Floats | Ints | Bytes]]:
    with open(record(job, split), "rb") as file:
        return [decode_example(frame) for frame in read_frames(file)]


def images(job: ProjectJob, split: str = "train") -> Path:
    return job.workspace.images(job.name, split)


def test_both_folders_become_records(job: ProjectJob) -> None:
    outcome = run(job)
    assert outcome.kind == "built"
    assert outcome.note == "train.record: 2 pictures, 2 boxes; test.record: 1 picture, 1 box"
    assert outcome.lines == ()
    (first, second), (third,) = examples(job), examples(job, "test")
    assert first["image/filename"] == (b"a.png",)
    assert second["image/filename"] == (b"b.png",)
    assert third["image/object/class/text"] == (b"two",)
    assert third["image/object/class/label"] == (2,)
    assert first["image/encoded"] == (picture(),)
    assert first["image/object/bbox/xmax"] == pytest.approx((30 / 64,))
    assert first["image/object/bbox/ymax"] == pytest.approx((40 / 48,))
    assert step.why_stale(job) is None
    assert run(job) == Outcome("kept")


def test_ids_are_those_of_the_label_map_and_no_ordinals(workspace: Workspace) -> None:
    job = project_job(workspace, labels={"one": 5, "two": 9})
    fill(images(job), ("a",), ("two", 1, 1, 9, 9), ("one", 2, 2, 9, 9), ("two", 3, 3, 9, 9))
    run(job)
    assert examples(job)[0]["image/object/class/label"] == (9, 5, 9)


def test_a_label_map_that_the_user_changed_is_what_counts(job: ProjectJob) -> None:
    run(job)
    place = job.workspace.training(job.name) / "label_map.pbtxt"
    place.write_text("item { name: 'two' id: 1 }  # mine\nitem: < id: 2, name: \"one\" >")
    assert step.why_stale(job) == "the label map changed"
    lines = run(job).lines
    assert examples(job)[0]["image/object/class/label"] == (2,)
    assert "does not hold the configured labels" in lines[-1]
    assert step.why_stale(job) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("item { id: 1 name: 'one'", "line 1"),
        ("item { id: 1 }", "item 1 has no name"),
        ("item { name: 'one' }", "has no id"),
        ("item { id: 0 name: 'one' }", "ids count from 1"),
        ("item { id: 1 name: 'one' } item { id: 1 name: 'two' }", "another label has"),
        ("item { id: 1 name: 'one' } item { id: 2 name: 'one' }", "twice"),
        ("", "no item"),
    ],
)
def test_a_label_map_that_is_none_is_an_error(job: ProjectJob, text: str, words: str) -> None:
    (job.workspace.training(job.name) / "label_map.pbtxt").write_text(text)
    with pytest.raises(AnnotationsError, match=words):
        run(job)


def test_the_same_pictures_give_the_same_bytes(job: ProjectJob, tmp_path: Path) -> None:
    run(job)
    other = project_job(Workspace(tmp_path / "other"))
    fill(images(other), ("b", "a")[::-1])
    fill(images(other, "test"), ("c",), ("two", 3, 4, 50, 40), shade=9)
    run(other)
    for split in SPLITS:
        assert record(job, split).read_bytes() == record(other, split).read_bytes()


def test_only_the_record_whose_pictures_changed_is_made_again(job: ProjectJob) -> None:
    run(job)
    before = {split: record(job, split).stat().st_ino for split in SPLITS}
    (images(job) / "a.xml").write_bytes(xml(("two", 1, 2, 30, 40)))
    assert step.why_stale(job) == "cube_faces/images/train changed"
    outcome = run(job)
    assert outcome.note == "train.record: 2 pictures, 2 boxes"
    assert outcome.size == record(job).stat().st_size
    assert examples(job)[0]["image/object/class/text"] == (b"two",)
    assert record(job, "test").stat().st_ino == before["test"]
    assert step.why_stale(job) is None


@pytest.mark.parametrize("name", ["a.png", "a.xml"])
def test_a_touched_file_is_read_once_and_nothing_is_written(job: ProjectJob, name: str) -> None:
    run(job)
    before = record(job).stat().st_mtime_ns
    os.utime(images(job) / name, ns=(1, 1))
    assert step.why_stale(job) is not None
    assert run(job).kind == "kept"
    assert record(job).stat().st_mtime_ns == before
    assert step.why_stale(job) is None


def test_pictures_that_come_and_go_are_noticed(job: ProjectJob) -> None:
    run(job)
    fill(images(job), ("z",), shade=20)
    run(job)
    assert len(examples(job)) == 3
    for name in ("a.png", "a.xml"):
        (images(job) / name).unlink()
    run(job)
    assert [one["image/filename"] for one in examples(job)] == [(b"b.png",), (b"z.png",)]


def test_a_lost_record_is_made_again(job: ProjectJob) -> None:
    run(job)
    record(job).unlink()
    assert step.why_stale(job) == "cube_faces/training/train.record is missing"
    assert run(job).note == "train.record: 2 pictures, 2 boxes"


def test_a_project_without_pictures_says_what_to_add(workspace: Workspace) -> None:
    job = project_job(workspace)
    scaffold(job)
    for _ in range(2):
        outcome = run(job)
        assert outcome.kind == "kept"
        assert outcome.note == "no annotated pictures yet"
        assert outcome.lines == (
            "cube_faces/images/train is empty: put most of your pictures there, annotated with"
            " labelImg",
            "cube_faces/images/test is empty: put about one picture in ten there, annotated with"
            " labelImg",
        )
    assert not record(job).exists()
    assert step.why_stale(job) is not None


def test_pictures_that_nobody_annotated_make_no_record(workspace: Workspace) -> None:
    job = project_job(workspace)
    images(job).mkdir(parents=True)
    (images(job) / "a.png").write_bytes(picture())
    assert "1 picture, none annotated" in run(job).lines[0]
    assert not record(job).exists()


def test_a_picture_without_xml_is_background_and_told(job: ProjectJob) -> None:
    (images(job) / "m.png").write_bytes(picture(size=(30, 30)))
    outcome = run(job)
    assert "1 picture without XML has no boxes and counts as" in outcome.lines[0]
    assert examples(job)[2]["image/object/bbox/xmin"] == ()


def test_what_nobody_confirmed_is_left_out_and_told(job: ProjectJob) -> None:
    (images(job) / "m.png").write_bytes(picture())
    (images(job) / "m.xml").write_bytes(proposed(("one", 1, 2, 30, 40)))
    outcome = run(job)
    assert "1 picture holds what a network proposed and nobody confirmed: left" in outcome.lines[0]
    assert len(examples(job)) == 2
    (images(job) / "m.xml").write_bytes(xml(("one", 1, 2, 30, 40)))
    run(job)
    assert len(examples(job)) == 3


def test_a_picture_that_is_annotated_in_another_format_is_no_background(job: ProjectJob) -> None:
    run(job)
    (images(job) / "m.png").write_bytes(picture(size=(30, 30)))
    (images(job) / "m.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    with pytest.raises(AnnotationsError, match=r"m\.png: it is annotated in YOLO \(m\.txt\)"):
        run(job)
    (images(job) / "m.txt").unlink()
    assert "1 picture without XML has no boxes and counts as" in run(job).lines[0]
    (images(job) / "m.txt").write_text("0 0.5 0.5 0.2 0.2\n")  # also one that comes later
    assert step.why_stale(job) == "cube_faces/images/train changed"


def test_a_folder_that_is_annotated_in_another_format_is_an_error(workspace: Workspace) -> None:
    job = project_job(workspace)
    for split in SPLITS:
        images(job, split).mkdir(parents=True)
        (images(job, split) / "a.png").write_bytes(picture())
    (images(job) / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    coco = '{"images": [{"file_name": "a.png"}], "annotations": []}'
    (images(job, "test") / "_annotations.coco.json").write_text(coco)
    with pytest.raises(AnnotationsError) as caught:
        run(job)
    assert "images/train: a.png: it is annotated in YOLO" in str(caught.value)
    assert "images/test: _annotations.coco.json: 1 picture without XML" in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_a_pipe_in_the_place_of_the_label_map_is_one_line(job: ProjectJob) -> None:
    run(job)
    place = job.workspace.training(job.name) / "label_map.pbtxt"
    place.unlink()
    os.mkfifo(place)
    assert step.why_stale(job) == "the label map changed"
    with pytest.raises(AnnotationsError, match="it is not a file"):
        run(job)


def test_an_xml_of_another_name_or_folder_is_read_and_told(job: ProjectJob) -> None:
    (images(job) / "a.xml").rename(images(job) / "a.png.xml")
    (images(job) / "Annotations").mkdir()
    (images(job) / "b.xml").rename(images(job) / "Annotations" / "b.xml")
    outcome = run(job)
    assert outcome.note.startswith("train.record: 2 pictures, 2 boxes")
    told = "cube_faces/images/train: 2 pictures are read with XML as a.png.xml"
    assert outcome.lines == (told,)
    assert step.why_stale(job) is None
    (images(job) / "Annotations" / "b.xml").write_bytes(xml(("two", 1, 2, 30, 40), size=(64, 49)))
    assert step.why_stale(job) == "cube_faces/images/train changed"


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_pipes_and_links_to_nothing_are_told_and_not_waited_for(job: ProjectJob) -> None:
    os.mkfifo(images(job) / "p.png")
    (images(job) / "q.png").symlink_to("nothing")
    (images(job) / "r.png").write_bytes(picture(size=(30, 30)))
    os.mkfifo(images(job) / "r.xml")
    with pytest.raises(AnnotationsError) as caught:
        run(job)
    told = str(caught.value)
    assert "p.png: it is not a file" in told
    assert "q.png: it is a link that leads nowhere" in told
    assert "r.png: r.xml stands where its annotation may be, and is not a file" in told


def test_an_xml_without_picture_is_left_out_and_told(job: ProjectJob) -> None:
    (images(job) / "z.xml").write_bytes(xml(("one", 1, 2, 3, 4)))
    assert run(job).lines == ("cube_faces/images/train: z.xml has no picture and is left out",)
    assert len(examples(job)) == 2


def test_faults_keep_the_old_record_and_are_all_told(job: ProjectJob) -> None:
    run(job)
    before = sha256_of(record(job))
    (images(job) / "a.xml").write_bytes(xml(("seven", 1, 2, 300, 4)))
    (images(job) / "b.png").write_bytes(b"no picture")
    for _ in range(2):  # and again: nothing was noted as done
        with pytest.raises(AnnotationsError) as caught:
            run(job)
        told = str(caught.value).splitlines()
        assert told[0] == "cube_faces: 3 faults:"
        assert told[1].startswith("cube_faces/images/train: a.xml: label seven is not in the label")
        assert "leaves the picture" in told[2]
        assert told[3].startswith("cube_faces/images/train: b.png: it is not a PNG")
        assert sha256_of(record(job)) == before
        assert step.why_stale(job) == "it was not finished"


def test_a_list_that_is_cut_stands_whole_in_a_file_that_is_named(job: ProjectJob) -> None:
    names = [f"n{number:02}" for number in range(12)]
    fill(images(job), names, ("seven", 1, 2, 30, 40), shade=100)
    with pytest.raises(AnnotationsError) as caught:
        run(job)
    whole = job.workspace.root / ".tod/logs/records-cube_faces.all.log"
    told = str(caught.value).splitlines()
    assert told[0] == "cube_faces: 12 faults:"
    assert told[11].startswith(f"and 2 more; all of them: {whole}")
    assert len(whole.read_text().splitlines()) == 12
    assert "n11.xml: label seven" in whole.read_text()
    for name in names:
        (images(job) / f"{name}.png").unlink()
    lines = run(job).lines
    assert lines[9] == "cube_faces/images/train: n09.xml has no picture and is left out"
    assert lines[10] == f"and 2 more; all of them: {whole}"
    for name in names:
        (images(job) / f"{name}.xml").unlink()
    run(job)
    assert not whole.exists()


def test_faults_in_one_folder_do_not_keep_the_other_from_its_record(job: ProjectJob) -> None:
    (images(job) / "a.xml").write_bytes(b"<annotation>")
    with pytest.raises(AnnotationsError):
        run(job)
    assert len(examples(job, "test")) == 1
    assert not record(job).exists()
    fill(images(job), ("a",))
    assert run(job).note == "train.record: 2 pictures, 2 boxes"


def test_a_record_that_the_user_made_is_never_overwritten(job: ProjectJob) -> None:
    record(job).write_bytes(b"mine")
    lines = run(job).lines
    assert lines == (
        "cube_faces/training/train.record is yours and stays as it is; remove it to have it made"
        " anew",
    )
    assert record(job).read_bytes() == b"mine"
    assert step.why_stale(job) is None
    record(job).unlink()
    run(job)
    assert len(examples(job)) == 2


def test_a_record_that_the_user_changed_is_never_overwritten(job: ProjectJob) -> None:
    run(job)
    changed = record(job).read_bytes() * 2
    record(job).write_bytes(changed)
    fill(images(job), ("z",), shade=20)
    assert "is yours and stays" in run(job).lines[0]
    assert record(job).read_bytes() == changed


def test_a_link_in_the_records_place_is_the_users(job: ProjectJob, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"mine")
    record(job).symlink_to(tmp_path / "elsewhere")
    assert "is yours and stays" in run(job).lines[0]
    assert record(job).is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"


def test_a_folder_in_the_records_place_is_named(job: ProjectJob) -> None:
    record(job).mkdir()
    with pytest.raises(UserFilesError, match="is not a file"):
        run(job)


def test_a_run_that_was_killed_before_the_rename_is_done_again(job: ProjectJob) -> None:
    run(job)
    fill(images(job), ("z",), shade=20)
    place = job.workspace.receipt("records", job.name)
    before = receipts.read(place, RecordsReceipt)
    assert before is not None
    splits = {**before.splits, "train": RecordFile()}
    key = record(job).relative_to(job.workspace.root).as_posix()
    outputs = {**before.outputs, key: Output(before.output(key).sha256, "of what never came")}
    receipts.write(place, RecordsReceipt(definition="", splits=splits, outputs=outputs))
    assert step.why_stale(job) == "it was not finished"
    run(job)
    assert len(examples(job)) == 3


def test_a_run_that_was_killed_after_the_rename_takes_nothing_for_the_users(
    job: ProjectJob,
) -> None:
    run(job)
    place = job.workspace.receipt("records", job.name)
    digest = sha256_of(record(job))
    key = record(job).relative_to(job.workspace.root).as_posix()
    splits, outputs = {"train": RecordFile()}, {key: Output("of the one before", digest)}
    receipts.write(place, RecordsReceipt(definition="", splits=splits, outputs=outputs))
    fill(images(job), ("z",), shade=20)
    lines = run(job).lines
    assert lines == ()
    assert len(examples(job)) == 3


def test_pictures_that_are_gone_do_not_take_their_record_with_them(job: ProjectJob) -> None:
    run(job)
    for path in list(images(job).iterdir()):
        path.unlink()
    assert "stays, but" in run(job).lines[0]
    assert record(job).exists()
    assert step.why_stale(job) is None


def test_what_was_seen_can_be_lost(job: ProjectJob) -> None:
    run(job)
    before = record(job).stat().st_mtime_ns
    job.workspace.seen(job.name).write_text("{")
    assert run(job).kind == "kept"
    assert record(job).stat().st_mtime_ns == before


def test_a_damaged_receipt_makes_the_record_the_users(job: ProjectJob) -> None:
    run(job)
    job.workspace.receipt("records", job.name).write_text("{")
    assert run(job).lines == ()  # the very bytes that we would write: nothing to tell
    fill(images(job), ("z",), shade=20)
    assert "is yours and stays" in run(job).lines[0]


@pytest.mark.skipif(os.name == "nt", reason="such names can't be there")
def test_names_that_no_terminal_should_see_do_no_harm(job: ProjectJob) -> None:
    folder = os.fsencode(images(job))
    for name in (b"new\nline\x1b[2J.png", b"not-utf-8-\xff.png"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(picture(size=(9, len(name))))
    assert run(job).kind == "built"
    assert step.why_stale(job) is None
    assert {one["image/filename"] for one in examples(job)} >= {(b"not-utf-8-\xff.png",)}
    with open(folder + b"/new\nline\x1b[2J.png", "wb") as file:
        file.write(b"no picture")
    with pytest.raises(AnnotationsError) as caught:
        run(job)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_where_the_folder_must_be_is_one_line(job: ProjectJob) -> None:
    training = job.workspace.training(job.name)
    training.rename(training.with_name("elsewhere"))
    training.write_bytes(b"")
    with pytest.raises(DiskError) as caught:
        run(job)
    assert len(str(caught.value).splitlines()) == 1
    assert training.read_bytes() == b""
