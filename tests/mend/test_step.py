"""What `doit mend` shows, writes and brings back, on real files."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TextIO

import msgspec
import pytest

from tasks.annotations.voc import read_annotation
from tasks.checks.project import check_project
from tasks.core.errors import UsageError, UserFilesError
from tasks.core.paths import Workspace
from tasks.core.temporary import token
from tasks.mend import journal, step
from tasks.mend.plan import Mended
from tasks.mend.table import KINDS, Tally, lines_of, page
from tasks.pipeline.job import ProjectJob, Silent
from tests.support.annotated import Edges, picture, turned, xml
from tests.support.projects import project_job, scaffold, tree


class Shown(Silent):
    """A progress that keeps what is shown."""

    text = ""

    def show(self, write: Callable[[TextIO], None]) -> None:
        stream = StringIO()
        write(stream)
        self.text = stream.getvalue()


@pytest.fixture
def job(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> ProjectJob:
    monkeypatch.chdir(workspace.root)
    made = project_job(Workspace(Path()))
    scaffold(made)
    return made


def mend(job: ProjectJob, **options: object) -> str:
    shown = Shown()
    assert step.run(msgspec.structs.replace(job, options=options), shown).kind == "built"
    return shown.text


def put(job: ProjectJob, name: str, *boxes: Edges, content: bytes = b"", **more: object) -> Path:
    """A picture and its XML in images/train; the path of the XML."""
    path = job.workspace.images(job.name, "train") / name
    path.write_bytes(content or picture())
    described = path.with_suffix(".xml")
    described.write_bytes(xml(*boxes, filename=name, **more))  # type: ignore[arg-type]
    return described


def boxes(path: Path) -> list[tuple[object, ...]]:
    return [(b.label, *b.edges) for b in read_annotation(path.read_bytes()).boxes]


def errors(job: ProjectJob) -> list[str]:
    """What the doctor says of the pictures in train."""
    rows = [one for one in check_project(job) if one.subject == "train" and one.kind == "error"]
    return [line for one in rows for line in (*one.details, one.todo)]


MENDED: list[tuple[str, tuple[Edges, ...], list[tuple[object, ...]]]] = [
    ("clipped", (("one", 1, 2, 300, 40),), [("one", 1, 2, 64, 40)]),
    ("clipped", (("one", -0.5, 2, 30, 40),), [("one", 0, 2, 30, 40)]),
    ("swapped", (("one", 30, 40, 1, 2),), [("one", 1, 2, 30, 40)]),
    ("swapped", (("one", 300, 2, 1, 40),), [("one", 1, 2, 64, 40)]),
    ("empty", (("one", 5, 5, 5, 9), ("two", 1, 2, 3, 4)), [("two", 1, 2, 3, 4)]),
    ("empty", (("one", 100, 2, 300, 40),), []),
    ("twice", (("one", 1, 2, 3, 4), ("two", 1, 2, 3, 4), ("one", 1, 2, 3, 4)), [
        ("one", 1, 2, 3, 4), ("two", 1, 2, 3, 4),
    ]),
    ("twice", (("one", 1, 2, 64, 4), ("one", 300, 2, 1, 4)), [("one", 1, 2, 64, 4)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "drawn", "right"), MENDED)
def test_a_box_is_mended_by_rule(
    job: ProjectJob,
    kind: str,
    drawn: tuple[Edges, ...],
    right: list[tuple[object, ...]],
) -> None:
    path = put(job, "a.png", *drawn)
    before = tree(job.workspace.root)
    shown = mend(job)
    assert any(line.startswith(kind) for line in shown.splitlines()), shown
    assert "nothing is written yet" in shown
    assert "`doit mend:cube_faces --write` does it" in shown
    assert tree(job.workspace.root) == before

    assert "`doit mend:cube_faces --undo` brings them back" in mend(job, write=True)
    assert boxes(path) == right
    assert errors(job) == []
    assert mend(job) == "cube_faces: nothing to mend\n"


def test_the_doctor_names_the_command_and_has_no_error_after_it(job: ProjectJob) -> None:
    put(job, "a.png", ("Two", 1, 2, 300, 40), ("one", 5, 5, 5, 9))
    command = "`doit mend:cube_faces --rename Two=two --write`"
    assert command in errors(job)[-1]
    assert command in " ".join(mend(job).split())
    mend(job, write=True, rename=["Two=two"])
    assert errors(job) == []


def test_what_no_rule_mends_is_left_and_named(job: ProjectJob) -> None:
    path = put(job, "a.png", ("three", 1, 2, 30, 40))
    before = path.read_bytes()
    said = " ".join(mend(job, write=True).split())
    assert "label three is not in the label map" in said
    assert path.read_bytes() == before
    assert not job.workspace.mended(job.name).exists()
    todo = errors(job)[-1]
    assert "mends what a rule can" not in todo
    assert 'add "three" to `labels` of [projects.cube_faces]' in todo
    for told in (said, todo):
        assert "`doit mend:cube_faces --rename three=LABEL --write`" in told


def test_width_and_height_that_are_swapped_are_a_kind_of_their_own(job: ProjectJob) -> None:
    put(job, "a.png", ("one", 1, 2, 30, 40), size=(48, 64))
    said = mend(job)
    assert "sides        1  width and height were swapped" in said
    assert "48 × 64 -> 64 × 48" in said
    put(job, "a.png", ("one", 1, 2, 60, 40), size=(48, 64))
    assert "sides" not in mend(job)


def test_labels_are_renamed_and_merged_several_at_once(job: ProjectJob) -> None:
    path = put(job, "a.png", ("a,b", 1, 2, 3, 4), ("b", 2, 2, 3, 4), ("one", 3, 2, 9, 4))
    mend(job, write=True, rename=["a,b=two", "b=one,one=two"])
    assert [box[0] for box in boxes(path)] == ["two", "one", "two"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rename": ["Two"]}, "names no two labels"),
        ({"rename": ["One=Two"]}, "Two is not in the label map; did you mean two?"),
        ({"rename": ["a=one,a=two"]}, "would become two labels"),
        ({"resized": "yes"}, "neither scale nor keep"),
        ({"undo": True, "write": True}, "goes alone"),
        ({"undo": True}, "nothing was mended"),
    ],
)
def test_wrong_options_are_one_line(job: ProjectJob, options: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError) as told:
        mend(job, **options)
    assert why in str(told.value)


def test_a_label_that_is_nowhere_is_said(job: ProjectJob) -> None:
    put(job, "a.png", ("Two", 1, 2, 3, 4))
    assert "no box is labelled Tow; did you mean Two?" in mend(job, rename=["Tow=two"])


# --- sizes ----------------------------------------------------------------------------------------


def test_a_size_that_can_not_be_meant_is_taken_from_the_picture(job: ProjectJob) -> None:
    other_shape = put(job, "a.png", ("one", 1, 2, 60, 40), size=(500, 500))
    too_small = put(job, "b.png", ("one", 1, 2, 60, 40), size=(32, 24))
    swapped = put(job, "c.png", ("one", 1, 2, 60, 40), size=(48, 64))
    mend(job, write=True)
    for path in (other_shape, too_small, swapped):
        assert read_annotation(path.read_bytes()).size == (64, 48)
        assert boxes(path) == [("one", 1, 2, 60, 40)]
    assert errors(job) == []


def test_of_a_picture_that_may_have_been_resized_the_user_decides(job: ProjectJob) -> None:
    path = put(job, "a.png", ("one", 2, 4, 40, 40), size=(128, 96))
    before = path.read_bytes()
    assert "`--resized scale` scales its boxes" in " ".join(mend(job, write=True).split())
    assert path.read_bytes() == before
    mend(job, write=True, resized="scale")
    assert boxes(path) == [("one", 1, 2, 20, 20)]
    mend(job, undo=True)
    mend(job, write=True, resized="keep")
    assert boxes(path) == [("one", 2, 4, 40, 40)]
    assert read_annotation(path.read_bytes()).size == (64, 48)


def test_boxes_that_an_old_labelimg_drew_on_the_picture_as_stored_are_mended_there(
    job: ProjectJob,
) -> None:
    path = put(job, "a.jpg", ("one", 1, 2, 300, 40), content=turned(6), size=(64, 48))
    mend(job, write=True)
    assert boxes(path) == [("one", 1, 2, 64, 40)]
    assert errors(job) == []


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "new"),
    [("a.webp", "WEBP", "a.png"), ("a.tif", "TIFF", "a.png"), ("a.jpg", "WEBP", "a.jpg")],
)
def test_a_picture_that_tensorflow_does_not_read_is_encoded_anew_beside_its_xml(
    job: ProjectJob, name: str, kind: str, new: str
) -> None:
    path = put(job, name, ("one", 1, 2, 30, 40), content=picture(kind))
    assert errors(job)
    before = tree(job.workspace.images(job.name, "train"))
    mend(job, write=True)
    assert errors(job) == []
    assert sorted(tree(path.parent)) == sorted([new, "a.xml"])
    assert read_annotation(path.read_bytes()).filename == new
    mend(job, undo=True)
    assert tree(path.parent) == before


def test_an_xml_that_has_the_whole_name_of_its_picture_goes_with_it(job: ProjectJob) -> None:
    path = put(job, "a.webp", ("one", 1, 2, 30, 40), content=picture("WEBP"))
    path.rename(path.with_name("a.webp.xml"))
    mend(job, write=True)
    assert sorted(tree(path.parent)) == ["a.png", "a.png.xml"]
    assert errors(job) == []


def test_a_name_that_is_taken_is_left_to_the_user(job: ProjectJob) -> None:
    put(job, "a.webp", ("one", 1, 2, 30, 40), content=picture("WEBP"))
    images = job.workspace.images(job.name, "train")
    (images / "a.xml").unlink()
    (images / "a.png").write_bytes(picture())
    before = tree(images)
    assert "it would be called a.png, which another file is" in " ".join(mend(job).split())
    mend(job, write=True)
    assert tree(images) == before


def test_boxes_of_a_turned_picture_turn_with_it(job: ProjectJob) -> None:
    damaged = turned(6)
    webp = picture("WEBP", exif=damaged[damaged.index(b"Exif") :][:40])
    path = put(job, "a.webp", ("one", 4, 2, 60, 40), content=webp, size=(64, 48))
    mend(job, write=True)
    said = read_annotation(path.read_bytes())
    assert said.size == (48, 64)
    assert boxes(path) == [("one", 8, 4, 46, 60)]
    assert errors(job) == []


@pytest.mark.parametrize(
    ("name", "content", "new"),
    [
        ("a.bmp", picture("BMP") + b"\0\0", "a.png"),
        ("a.png", picture()[:-12], "a.png"),
    ],
)
def test_a_picture_that_pillow_reads_and_tensorflow_refuses_is_encoded_anew(
    job: ProjectJob, name: str, content: bytes, new: str
) -> None:
    path = put(job, name, ("one", 1, 2, 30, 40), content=content)
    assert "picture" in mend(job, write=True)
    assert sorted(tree(path.parent)) == sorted([new, "a.xml"])


def test_the_other_name_of_a_hard_linked_picture_keeps_its_bytes(
    job: ProjectJob, tmp_path: Path
) -> None:
    path = put(job, "a.jpg", ("one", 1, 2, 300, 40), content=picture("WEBP"))
    others = [tmp_path / "photo", tmp_path / "xml"]
    os.link(path.with_suffix(".jpg"), others[0])
    os.link(path, others[1])
    before = [other.read_bytes() for other in others]
    mend(job, write=True)
    assert [other.read_bytes() for other in others] == before
    assert path.read_bytes() != before[1]


def test_a_link_is_replaced_and_comes_back_as_a_link(job: ProjectJob, tmp_path: Path) -> None:
    path = put(job, "a.png", ("one", 1, 2, 300, 40))
    mine = tmp_path / "mine.xml"
    path.rename(mine)
    path.symlink_to(mine)
    before = tree(path.parent), mine.read_bytes()
    mend(job, write=True)
    assert not path.is_symlink()
    assert mine.read_bytes() == before[1]
    mend(job, undo=True)
    assert (tree(path.parent), mine.read_bytes()) == before


# --- undoing --------------------------------------------------------------------------------------


def test_mendings_are_undone_one_after_the_other_byte_for_byte(job: ProjectJob) -> None:
    put(job, "a.png", ("Two", 1, 2, 300, 40))
    states = [tree(job.workspace.project(job.name))]
    mend(job, write=True)
    states.append(tree(job.workspace.project(job.name)))
    mend(job, write=True, rename=["Two=two"])
    assert len(list(job.workspace.mended(job.name).iterdir())) == 2
    while states:
        mend(job, undo=True)
        assert tree(job.workspace.project(job.name)) == states.pop()


def test_a_file_that_was_edited_since_is_named_and_nothing_is_brought_back(job: ProjectJob) -> None:
    path = put(job, "a.png", ("one", 1, 2, 300, 40))
    put(job, "b.png", ("one", 1, 2, 300, 40))
    mend(job, write=True)
    mended = path.read_bytes()
    path.write_bytes(b"edited")
    before = tree(job.workspace.project(job.name))
    with pytest.raises(UserFilesError, match=r"cube_faces/images/train/a\.xml was changed since"):
        mend(job, undo=True)
    assert tree(job.workspace.project(job.name)) == before
    path.write_bytes(mended)
    assert "2 files as before" in mend(job, undo=True)


def test_a_damaged_manifest_is_one_line(job: ProjectJob) -> None:
    put(job, "a.png", ("one", 1, 2, 300, 40))
    mend(job, write=True)
    [run] = job.workspace.mended(job.name).iterdir()
    (run / "manifest.json").write_text('{"state": "mended", "files": [{"path": "/etc/passwd"}]}')
    with pytest.raises(UserFilesError, match="the originals lie beside it"):
        mend(job, undo=True)


def test_the_table_names_a_few_and_a_file_has_all(job: ProjectJob) -> None:
    for number in range(9):
        put(job, f"{number}.png", ("one", 1, 2, 300 + number, 40))
    shown = mend(job)
    assert "and 5 more" in shown
    assert max(map(len, shown.splitlines())) <= 80
    whole = job.workspace.whole_list("mend", job.name)
    assert f"all of them: {whole}" in shown
    assert len(whole.read_text().splitlines()) == 9


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_its_terminal(width: int) -> None:
    tally = Tally()
    told = "train/a.xml: one (1, 2) to (300, 40) -> (1, 2) to (64, 40)"
    tally.add(Mended(tuple((kind, told) for kind in KINDS), left=("a fault of many words " * 9,)))
    todo = ["`doit mend:cube_faces --rename Two=two --write` renames labels " * 2]
    lines = lines_of(page("cube_faces: 7 changes", tally, todo, Path()), width)
    assert max(map(len, lines)) <= width
    assert sum(line.count("`doit mend:cube_faces --rename Two=two --write`") for line in lines) == 2


def test_what_a_killed_mending_left_is_told_before_anything_is_done(
    job: ProjectJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(job, "a.png", ("one", 1, 2, 300, 40))
    with monkeypatch.context() as patched:
        patched.setattr(journal, "mend", lambda root, run: (None, ()))  # killed before the first
        mend(job, write=True)
    said = mend(job)
    assert "; an earlier mending was not finished" in said.splitlines()[0]
    assert "nothing is written yet" not in said
    told = " ".join(said.split())
    assert "`doit mend:cube_faces --write` or `doit mend:cube_faces --undo` ends it" in told
    assert "was not finished, and is now" in mend(job, write=True)
    assert errors(job) == []
    assert "not finished" not in mend(job)


def test_what_a_mending_prepared_that_was_killed_before_it_began_is_told(
    job: ProjectJob,
) -> None:
    put(job, "a.png", ("one", 1, 2, 300, 40))
    left = job.workspace.mended(job.name) / f"{journal.PREPARING}-{token()}"
    left.mkdir(parents=True)
    (left / "lock").touch()
    assert "a mending was not finished, and had changed nothing yet" in mend(job)
    mend(job, write=True)
    assert not left.exists()
    assert "not finished" not in mend(job)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_left_and_told(job: ProjectJob) -> None:
    path = put(job, "a.png", ("one", 1, 2, 300, 40))
    for file in (path, path.with_suffix(".png")):
        file.rename(file.with_name(f"a\udcff{file.suffix}"))
    assert "its name is not UTF-8: rename it" in mend(job, write=True)
