"""Killed at any instant, the next `--write` or `--undo` finishes the job, and no original is lost.

The child counts its own calls that touch the disk (by an audit hook) and sends itself SIGKILL at
one of them: so every instant can be tried, and tried again.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tasks.core.errors import TodError
from tasks.core.paths import Workspace
from tasks.mend import step
from tasks.pipeline.job import Silent
from tests.support.annotated import picture, xml
from tests.support.projects import project_job, scaffold, tree

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "shutil.rmtree"}
INSTANTS = 8  # of each scene in the suite; all of them were tried, which takes a minute
Tree = dict[str, bytes | str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose pictures have a fault of each kind, the label map made."""
    root = tmp_path_factory.mktemp("death") / "workspace"
    root.mkdir()
    there = Path.cwd()
    os.chdir(root)
    try:
        job = project_job(Workspace(Path()))
        scaffold(job)
    finally:
        os.chdir(there)
    images = root / "cube_faces/images/train"
    for name, kind in (("a.png", "PNG"), ("b.webp", "WEBP"), ("c.jpg", "WEBP")):
        (images / name).write_bytes(picture(kind))
    (images / "a.xml").write_bytes(xml(("one", 1, 2, 300, 40), ("one", 5, 5, 5, 9)))
    (images / "b.webp.xml").write_bytes(xml(("one", 30, 40, 1, 2), filename="b.webp"))
    (images / "c.xml").write_bytes(xml(("one", 1, 2, 30, 40), size=(500, 500)))
    return root


def mend(**options: object) -> None:
    job = msgspec.structs.replace(project_job(Workspace(Path())), options=options)
    step.run(job, Silent())


def killed_at(instant: int | None, *, failing: bool = False, **options: object) -> int:
    """Mend in a process that is killed at its `instant`-th call, or whose call fails as on a full
    disk; how many calls it made, or none if it was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        made = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal made
            if event in EVENTS:
                made += 1
                if made - 1 == instant and failing:
                    raise OSError(errno.ENOSPC, "No space left on device")
                if made - 1 == instant:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            mend(**options)
        except TodError:
            os._exit(1)
        except BaseException:
            os._exit(2)
        os.write(writer, str(made).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        told = stream.read()
    status = os.waitpid(child, 0)[1]
    assert status == signal.SIGKILL or os.waitstatus_to_exitcode(status) in (0, 1)
    return int(told or 0)


def files(root: Path) -> Tree:
    """The pictures and XML."""
    return tree(root / "cube_faces/images")


def images_and_kept(root: Path) -> set[object]:
    """All contents that there are, in the project and in the folders of originals."""
    return set(tree(root / "cube_faces").values())


@pytest.fixture
def scene(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[Path, Tree]]:
    """Makes another copy of the workspace, and makes it the current folder."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # SIGKILL loses no written byte
    number = 0

    def make() -> tuple[Path, Tree]:
        nonlocal number
        number += 1
        root = tmp_path / str(number)
        shutil.copytree(project, root)
        monkeypatch.chdir(root)
        return root, files(root)

    return make


def instants(total: int) -> list[int]:
    if os.environ.get("TOD_TEST_ALL_INSTANTS"):
        return list(range(total))
    return sorted(random.Random(7).sample(range(total), min(INSTANTS, total)))


def test_a_killed_mending_is_finished_or_undone_by_the_next(
    scene: Callable[[], tuple[Path, Tree]],
) -> None:
    scene()
    mend(write=True)  # what is imported, is imported by now
    root, before = scene()
    total = killed_at(None, write=True)
    mended = files(root)
    assert total
    assert mended != before
    for instant in instants(total):
        root, before = scene()
        assert killed_at(instant, write=True) == 0
        assert {c for c in before.values() if c != "folder"} <= images_and_kept(root)
        mend(write=True)
        assert files(root) == mended, instant
        mend(undo=True)
        assert files(root) == before, instant

        root, before = scene()
        killed_at(instant, write=True)
        if files(root) == before and not list((root / "cube_faces").glob("mended/2*")):
            continue  # it had not begun: there is nothing to undo
        mend(undo=True)
        assert files(root) == before, instant


def test_a_killed_undo_is_finished_by_the_next_undo_or_mending(
    scene: Callable[[], tuple[Path, Tree]],
) -> None:
    root, before = scene()
    mend(write=True)
    mended = files(root)
    total = killed_at(None, undo=True)
    assert total
    assert files(root) == before
    for instant in instants(total):
        for then in ({"undo": True}, {"write": True}):
            root, before = scene()
            mend(write=True)
            assert killed_at(instant, undo=True) == 0
            assert {c for c in before.values() if c != "folder"} <= images_and_kept(root)
            if "undo" in then and not list((root / "cube_faces").glob("mended/2*/manifest.json")):
                assert files(root) == before  # it had come to its end
                continue
            mend(**then)
            assert files(root) == (before if "undo" in then else mended), instant
            assert not list(root.glob("cube_faces/mended/.preparing*"))


def test_what_can_not_be_written_is_one_line_and_the_next_mending_ends_as_an_undisturbed_one(
    scene: Callable[[], tuple[Path, Tree]],
) -> None:
    scene()
    mend(write=True)
    root, before = scene()
    total = killed_at(None, write=True)
    mended = files(root)
    for instant in instants(total):
        root, before = scene()
        killed_at(instant, failing=True, write=True)
        assert {c for c in before.values() if c != "folder"} <= images_and_kept(root)
        mend(write=True)
        assert files(root) == mended, instant
        assert not list(root.glob("cube_faces/mended/.preparing*"))
        killed_at(instant, failing=True, undo=True)
        assert {c for c in before.values() if c != "folder"} <= images_and_kept(root)
        while list(root.glob("cube_faces/mended/2*/manifest.json")):
            mend(undo=True)  # twice, if a picture could not be read the first time
        assert files(root) == before, instant


def test_a_file_that_was_edited_before_the_mending_was_finished_stays(
    scene: Callable[[], tuple[Path, Tree]],
) -> None:
    root, _ = scene()
    total, run = 0, None
    while run is None or not list(run.glob("new/**/a.xml")):
        root, _ = scene()
        killed_at(total, write=True)
        run = next((root / "cube_faces/mended").glob("2*"), None)
        total += 1
    edited = root / "cube_faces/images/train/a.xml"
    edited.write_bytes(xml(("two", 1, 2, 3, 4)))
    before = edited.read_bytes()
    mend(write=True)
    assert edited.read_bytes() == before
    mend(undo=True)
    assert edited.read_bytes() == before
