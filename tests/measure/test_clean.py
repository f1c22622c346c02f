"""`doit clean` and what was measured."""

from __future__ import annotations

from tasks import clean
from tasks.job import ProjectJob, Silent
from tasks.measure import step
from tests.support.projects import tree


def cleaned(job: ProjectJob, *, dryrun: bool = False) -> list[str]:
    said: list[str] = []
    assert clean.clean_measure(job.workspace, job.name, dryrun, said.append) == []
    return said


def files(job: ProjectJob) -> dict[str, bytes | str]:
    """All but the locks, which a whole `doit clean` takes."""
    found = tree(job.workspace.root).items()
    return {name: what for name, what in found if what != "folder" and "turns" not in name}


def test_all_that_was_measured_goes_and_nothing_else(job: ProjectJob) -> None:
    before = files(job)
    step.run(job, Silent())
    assert "removed results/cube_faces/comparison.json" in cleaned(job)
    assert files(job) == before


def test_a_dry_run_removes_nothing(job: ProjectJob) -> None:
    step.run(job, Silent())
    before = tree(job.workspace.root)
    assert "would remove results/cube_faces/comparison.json" in cleaned(job, dryrun=True)
    assert tree(job.workspace.root) == before


def test_a_comparison_that_was_changed_stays_and_is_named(job: ProjectJob) -> None:
    step.run(job, Silent())
    place = job.workspace.comparison(job.name)
    place.write_bytes(b"mine")
    assert "kept results/cube_faces/comparison.json: it was changed" in cleaned(job)
    assert place.read_bytes() == b"mine"
