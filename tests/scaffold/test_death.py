"""Killed at any instant, scaffold is finished by the next run as if nothing had happened."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks.annotations.label_map import label_map_path
from tasks.config.types import Training
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.core.receipts import Output
from tasks.pipeline.job import ProjectJob, Silent
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold import step
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.scaffold.files import digest_of
from tests.support.projects import install, project_job, scaffold, tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
Jobs = tuple[ProjectJob, ProjectJob]
DEADLY = ("mkdir", "replace", "unlink", "rmdir", "fsync")


def killed_at(instant: int, job: ProjectJob) -> bool:
    """Run scaffold in a process that is killed right before its `instant`-th change to the disk."""
    child = os.fork()
    if child == 0:
        clock = itertools.count()
        for name in DEADLY:
            setattr(os, name, _deadly(getattr(os, name), clock, instant))
        step.run(job, Silent())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status)


def _deadly(
    real: Callable[..., Any], clock: itertools.count[int], instant: int
) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if next(clock) == instant:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    return call


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Jobs]:
    """Makes another workspace, and makes it the current folder, as it is for doit."""
    numbers = itertools.count()
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # SIGKILL loses no written byte

    def make() -> Jobs:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        monkeypatch.chdir(folder)
        return before_and_after()

    return make


def before_and_after() -> Jobs:
    """A project, and what its configuration becomes: a file to write, to update, and to remove."""
    workspace = Workspace(Path())
    install(workspace, "a")
    install(workspace, "b")
    return (
        project_job(workspace, "a"),
        project_job(workspace, "b", labels=("one", "two", "three")),
    )


def test_a_killed_scaffold_is_finished_by_the_next(fresh: Callable[[], Jobs]) -> None:
    first, second = fresh()
    scaffold(first)
    at_first = tree(first.workspace.root)
    scaffold(second)
    at_last = tree(second.workspace.root)
    for instant in itertools.count():
        first, second = fresh()
        died = killed_at(instant, first)
        assert scaffold_if_needed(first) == ()
        assert tree(first.workspace.root) == at_first, instant
        died_again = killed_at(instant, second)
        assert scaffold_if_needed(second) == ()
        assert tree(second.workspace.root) == at_last, instant
        if not died and not died_again:
            break
    assert instant > 15


def test_killed_twice_and_configured_anew_between_nothing_is_taken_for_the_users(
    fresh: Callable[[], Jobs],
) -> None:
    """The first kill left a file that the receipt only intends; the second comes anywhere."""
    for instant in itertools.count():
        first, _ = fresh()
        scaffold(first)
        place, key = (
            first.workspace.receipt("scaffold", "cube_faces"),
            label_map_path(first).as_posix(),
        )
        Path(key).write_bytes(b"written, and then killed")
        done = receipts.read(place, ScaffoldReceipt)
        assert done is not None
        announced = Output(done.output(key).sha256, digest_of(b"written, and then killed"))
        outputs = {**done.outputs, key: announced}
        receipts.write(place, msgspec.structs.replace(done, definition="", outputs=outputs))
        third = project_job(first.workspace, "b", labels=("three",))
        died = killed_at(instant, third)
        assert scaffold_if_needed(third) == (), instant
        assert b"three" in Path(key).read_bytes()
        if not died:
            break
    assert instant > 10


def scaffold_if_needed(job: ProjectJob) -> tuple[str, ...]:
    return () if step.why_stale(job) is None else scaffold(job)


def test_what_a_killed_scaffold_made_is_cleaned(fresh: Callable[[], Jobs]) -> None:
    for instant in itertools.count():
        first, _ = fresh()
        died = killed_at(instant, first)
        assert clean_scaffold(first.workspace, "cube_faces", False, lambda line: None) == []
        assert not first.workspace.project("cube_faces").exists(), instant
        if not died:
            break
    assert instant > 10


def test_killed_while_an_edited_config_is_brought_up_to_date_no_value_changes_hands(
    fresh: Callable[[], Jobs],
) -> None:
    """Afterwards what we wrote is still ours: it follows the next change of the settings."""
    for instant in itertools.count():
        first, _ = fresh()
        scaffold(first)
        config = first.workspace.root / "cube_faces/training/a/pipeline.config"
        config.write_bytes(b"# mine\n" + config.read_bytes())
        jobs = [
            project_job(first.workspace, "a", training=Training(batch_size=batch))
            for batch in (8, 4)
        ]
        was_killed = killed_at(instant, jobs[0])
        assert config.read_bytes().startswith(b"# mine\n")
        assert scaffold(jobs[1]) == ()
        assert b"batch_size: 4" in config.read_bytes()
        if not was_killed:
            assert instant > 4
            return
