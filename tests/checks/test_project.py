"""The doctor on whole projects: what is right, and every mistake that learners make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.checks.finding import Finding
from tasks.checks.project import check_project
from tasks.core.errors import AnnotationsError
from tasks.core.paths import Workspace
from tasks.formats.tf_record import Bytes, Floats, Ints, encode_example, frame
from tasks.pipeline.job import ProjectJob, Silent
from tasks.records import step as records
from tests.support.annotated import fill, picture, proposed, xml
from tests.support.projects import network, project_job, scaffold, tree


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A project with all that its pictures need, and no network."""
    made = project_job(workspace)
    scaffold(made)
    both = (("one", 1, 2, 30, 40), ("two", 5, 6, 50, 40))
    fill(workspace.images(made.name, "train"), tuple("abcdefgh"), *both)
    fill(workspace.images(made.name, "test"), ("y", "z"), *both, shade=90)
    records.run(made, Silent())
    return made


def told(job: ProjectJob, kind: str = "") -> list[str]:
    """The rows, each as one line."""
    return [_line(one) for one in check_project(job) if kind in ("", one.kind)]


def _line(one: Finding) -> str:
    details = "".join(f" | {text}" for text in one.details)
    return f"{one.kind} {one.subject}: {one.result}{details} -> {one.todo}"


def only(job: ProjectJob, kind: str) -> str:
    found = told(job, kind)
    assert len(found) == 1, found
    return found[0]


def images(job: ProjectJob, split: str = "train") -> Path:
    return job.workspace.images(job.name, split)


def test_a_sound_project_has_no_error(job: ProjectJob) -> None:
    assert told(job, "error") == []
    assert told(job, "ok") == [
        "ok train: 8 pictures, 16 boxes, all sound -> ",
        "ok test: 2 pictures, 4 boxes, all sound -> ",
        "ok split: 8 to train, 2 to test with (20%) -> ",
        "ok overlap: no picture is in both -> ",
        "ok label map: one 1, two 2 -> ",
        "ok labels: boxes in train+test: one 8+2, two 8+2 -> ",
        "ok train.record: 8 pictures, 16 boxes, whole -> ",
        "ok test.record: 2 pictures, 4 boxes, whole -> ",
    ]
    assert "no network that can be trained" in only(job, "warning")


def test_nothing_is_written(job: ProjectJob) -> None:
    (images(job) / "a.xml").write_text("broken")
    before = tree(job.workspace.root)
    check_project(job)
    assert tree(job.workspace.root) == before


def test_a_project_that_is_not_scaffolded_is_one_error(workspace: Workspace) -> None:
    assert "run `doit scaffold:cube_faces`" in only(project_job(workspace), "error")


def test_a_project_without_pictures_can_not_be_trained(workspace: Workspace) -> None:
    job = project_job(workspace)
    scaffold(job)
    assert "no pictures in cube_faces/images/train" in only(job, "error")
    assert "no evaluation" in told(job, "warning")[0]


def test_pictures_that_nobody_annotated_are_an_error(workspace: Workspace) -> None:
    job = project_job(workspace)
    scaffold(job)
    for split in ("train", "test"):
        (images(job, split) / "a.png").write_bytes(picture(size=(9, len(split))))
    assert "none of 1 picture in cube_faces/images/train is annotated" in told(job, "error")[0]


Change = Callable[[ProjectJob], object]


def write(name: str, content: bytes, split: str = "train") -> Change:
    return lambda job: (images(job, split) / name).write_bytes(content)


def label_map(content: bytes) -> Change:
    return lambda job: (job.workspace.training(job.name) / "label_map.pbtxt").write_bytes(content)


def record(change: Callable[[bytes], bytes]) -> Change:
    def write_changed(job: ProjectJob) -> None:
        path = job.workspace.record_file(job.name, "train")
        path.write_bytes(change(path.read_bytes()))

    return write_changed


ITEMS = b"item { id: 1 name: 'one' }\nitem { id: 2 name: 'two' }\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (write("a.png", b"<html>"), "a.png: it is not a PNG"),
        (write("a.png", picture()[:80]), "a.png: it is damaged"),
        (write("i.webp", b"RIFF\x10\0\0\0WEBPVP8 "), "i.webp: it is WebP, which TensorFlow"),
        (write("a.xml", b"<annotation>"), "a.xml: no element found, line 1"),
        (write("a.xml", xml(("One", 1, 2, 3, 4))), "did you mean one?"),
        (write("a.xml", xml(("one", 30, 2, 3, 4))), "(30, 2) to (3, 4): its corners are swapped"),
        (write("a.xml", xml(("one", 3, 2, 3, 4))), "the box has no area"),
        (write("a.xml", xml(("one", 1, 2, 300, 4))), "the box leaves the picture"),
        (write("a.xml", xml(("one", 1, 2, 3, 4), size=(640, 480))), "the picture has 64 × 48"),
        (label_map(b"item { id: 1 name: \xe2\x80\x9cone\xe2\x80\x9d }"), "typographic quote"),
        (label_map(b"\xef\xbb\xbf" + ITEMS), "byte order mark"),
        (label_map(b"<!DOCTYPE html><html><body>"), "label_map.pbtxt"),
        (label_map(b"item { id: 0 name: 'one' }"), "ids count from 1"),
        (label_map(b"item {\n id: 1\n name: one\n}"), "item 1: the name one lacks its quotes"),
        (label_map(ITEMS + b"item { id: 2 name: 'three' }"), "another label has"),
        (label_map(b"item { id: 2 name: 'one' } item { id: 1 name: 'two' }"), "one has the id 1"),
        (record(lambda content: content[:-3]), "record 8 is cut short"),
        (record(lambda content: content[:200] + b"x" + content[201:]), "record 1 is damaged"),
        (record(lambda content: b"id,name\n1,one\n2,two\n"), "it is not a TFRecord file"),
        (record(lambda content: b""), "holds nothing"),
    ],
)
def test_a_mistake_is_an_error_that_names_it(job: ProjectJob, change: Change, words: str) -> None:
    change(job)
    errors = told(job, "error")
    assert any(words in line for line in errors), errors
    assert all(line.partition("-> ")[2] for line in errors)


def test_a_box_that_is_less_than_a_pixel_outside_is_no_error(job: ProjectJob) -> None:
    (images(job) / "a.xml").write_bytes(xml(("one", 1, -0.25, 64.5, 40), ("two", 5, 6, 50, 40)))
    outcome = records.run(job, Silent())
    edge = "1 box reaches out of the picture by less than a pixel and is clipped"
    assert outcome.lines == (f"cube_faces/images/train: {edge}",)
    assert told(job, "error") == []
    assert told(job, "ok")[0] == f"ok train: 8 pictures, 16 boxes, all sound; {edge} -> "


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ((-0.01, 1.015), ""),  # of 64 pixels: less than one outside
        ((-0.02, 1.0), "the box leaves the picture"),
        ((0.5, 0.25), "(0.5, 0.125) to (0.25, 0.875), in fractions of its picture: its c"),
        ((float("nan"), 0.25), "an edge is not a number"),
    ],
)
def test_a_record_of_the_users_is_judged_by_the_same_rule(
    job: ProjectJob, edges: tuple[float, float], words: str
) -> None:
    left, right = edges
    example: dict[str, Floats | Ints | Bytes] = {
        "image/encoded": Bytes((picture(),)),
        "image/width": Ints((64,)),
        "image/height": Ints((48,)),
        "image/object/bbox/xmin": Floats((left,)),
        "image/object/bbox/ymin": Floats((0.125,)),
        "image/object/bbox/xmax": Floats((right,)),
        "image/object/bbox/ymax": Floats((0.875,)),
        "image/object/class/text": Bytes((b"one",)),
        "image/object/class/label": Ints((1,)),
    }
    job.workspace.record_file(job.name, "train").write_bytes(frame(encode_example(example)))
    errors = told(job, "error")
    assert words in "".join(errors)
    assert bool(errors) == bool(words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("k.txt", b"0 0.5 0.5 0.2 0.2", "k.png: it is annotated in YOLO (k.txt)"),
        (
            "_annotations.csv",
            b"k.png,1",
            "_annotations.csv: 1 picture without XML may be annotated",
        ),
    ],
)
def test_a_picture_that_is_annotated_in_another_format_is_an_error(
    job: ProjectJob, name: str, content: bytes, words: str
) -> None:
    write("k.png", picture(size=(33, 44)))(job)
    write(name, content)(job)
    assert words in only(job, "error")


def test_a_label_map_with_the_background_is_sound(job: ProjectJob) -> None:
    label_map(b"item { id: 0 name: 'background' }\n" + ITEMS)(job)
    records.run(job, Silent())
    assert told(job, "error") == []
    assert "ok label map: one 1, two 2 -> " in told(job, "ok")


def test_a_name_that_stands_twice_counts_as_the_api_reads_it(job: ProjectJob) -> None:
    label_map(b"item { id: 1 name: 'eins' name: 'one' }\nitem { name: 'two' id: 7 id: 2 }\n")(job)
    assert told(job, "error") == []
    row = told(job, "warning")[0]
    assert "label map: one 1, two 2 | line 1: item.name stands in line 1 too" in row
    assert "line 2: item.id stands in line 2 too: the last one counts" in row


def test_the_same_picture_in_both_folders_is_an_error(job: ProjectJob) -> None:
    (images(job, "test") / "y.png").write_bytes((images(job) / "c.png").read_bytes())
    assert any("train/c.png = test/y.png" in line for line in told(job, "error"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (write("m.png", picture(size=(20, 20))), "1 picture without XML, counted as background"),
        (write("m.xml", xml()), "XML without a picture | m.xml"),
        (write("a.xml", proposed(("one", 1, 2, 3, 4))), "a network proposed and nobody confirmed"),
        (write("a.gif", picture("GIF", mode="P")), "share one XML | a.gif and a.png"),
        (write("a.xml", xml(("one", 1, 2, 3, 4), filename="b.png")), "it is of b.png"),
        (lambda job: (images(job) / "more").mkdir(), "folders, which are not read | more"),
        (lambda job: fill(images(job), ("k",), shade=50), "but cube_faces/images/train changed"),
    ],
)
def test_what_may_be_meant_is_a_warning(job: ProjectJob, change: Change, words: str) -> None:
    change(job)
    assert any(words in line for line in told(job, "warning"))


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_pipes_in_the_place_of_files_are_told_and_not_waited_for(job: ProjectJob) -> None:
    training = job.workspace.training(job.name)
    for name in ("label_map.pbtxt", "train.record"):
        (training / name).unlink()
        os.mkfifo(training / name)
    errors = told(job, "error")
    assert any("label_map.pbtxt: it is not a file ->" in one for one in errors)
    assert any("train.record: is not a file ->" in one for one in errors)


def test_records_that_are_not_made_yet_are_an_error(job: ProjectJob) -> None:
    job.workspace.record_file(job.name, "test").unlink()
    assert only(job, "error") == (
        "error test.record: is not there yet -> run `doit records:cube_faces`"
    )


def test_the_same_picture_twice_in_a_folder_is_a_warning(job: ProjectJob) -> None:
    for name in ("k.png", "k.xml"):
        (images(job) / name).write_bytes((images(job) / name.replace("k", "a")).read_bytes())
    assert any("the same picture twice | a.png = k.png" in line for line in told(job, "warning"))


def test_a_label_that_never_occurs_is_a_warning(job: ProjectJob) -> None:
    fill(images(job), tuple("abcdefgh"), ("one", 1, 2, 30, 40))
    assert any("never in train: two" in line for line in told(job, "warning"))


def test_an_odd_split_is_a_warning(job: ProjectJob) -> None:
    fill(images(job, "test"), tuple("klmnopqrst"), shade=200)
    assert any("8 to train, 12 to test with (60%)" in line for line in told(job, "warning"))


def test_a_record_of_the_users_is_judged_and_said_to_be_theirs(job: ProjectJob) -> None:
    path = job.workspace.record_file(job.name, "train")
    path.write_bytes(path.read_bytes() * 2)
    assert "ok train.record: 16 pictures, 32 boxes, whole; it is yours -> " in told(job, "ok")


def test_a_picture_with_a_fault_is_not_counted_as_background_too(job: ProjectJob) -> None:
    (images(job) / "z.jpg").touch()
    (images(job) / "y.jpg").write_bytes(picture("JPEG", size=(32, 32)))
    assert "z.jpg: it is empty" in only(job, "error")
    assert any(
        "train: 1 picture without XML, counted as background | y" in row for row in told(job)
    )
    (images(job) / "_annotations.csv").write_text("filename\ny.jpg\n")
    assert not any("counted as background" in row for row in told(job))


def test_what_is_annotated_in_another_format_comes_with_the_command_that_takes_it(
    job: ProjectJob,
) -> None:
    for name in "ab":
        (images(job) / f"{name}.xml").unlink()
        (images(job) / f"{name}.txt").write_text("0 .5 .5 .2 .2\n")
    takes = "`doit import cube_faces/images --project cube_faces` takes what is annotated in other"
    assert only(job, "error").endswith(f"-> {takes} formats")
    (images(job) / "c.xml").write_text("")
    assert f"{takes} formats; annotate anew, or remove the rest" in told(job, "error")[0]


def test_of_many_faults_all_are_found(job: ProjectJob) -> None:
    for name in "abcdefgh":
        (images(job) / f"{name}.xml").write_text("")
    assert "8 faults in cube_faces/images/train | a.xml: it is empty" in told(job, "error")[0]
    assert "| h.xml: it is empty" in told(job, "error")[0]


def test_a_whole_record_is_not_called_unfinished_because_of_the_other(job: ProjectJob) -> None:
    (images(job, "test") / "y.xml").write_text("")
    with pytest.raises(AnnotationsError):
        records.run(job, Silent())
    assert "ok train.record: 8 pictures, 16 boxes, whole -> " in told(job, "ok")
    rows = told(job, "warning")
    assert any("test.record: 2 pictures, 4 boxes; but it was not finished" in one for one in rows)
    (images(job) / "a.xml").write_bytes(xml(("one", 1, 2, 31, 40), ("two", 5, 6, 50, 40)))
    rows = told(job, "warning")
    assert any("train.record: 8 pictures, 16 boxes; but cube_faces/images/t" in r for r in rows)


def test_a_network_that_is_not_here_is_a_warning(workspace: Workspace) -> None:
    from tests.support.projects import defer

    job = project_job(workspace, "a_network", network("another"))
    scaffold(job)
    defer(workspace, "another")
    warnings = told(job, "warning")
    assert any("a_network: is not here yet -> run `doit extract:a_network`" in w for w in warnings)
    assert any("another: is not here yet: no route ->" in w for w in warnings)
