"""`doit clean` and what was measured."""

from __future__ import annotations

from tasks.core.errors import BrokenNetworkError
from tasks.measure import step
from tasks.measure.clean import clean as clean_measure
from tasks.pipeline.job import ProjectJob, Silent
from tests.measure.conftest import StandIn
from tests.support.annotated import fill
from tests.support.projects import project_job, tree


def cleaned(job: ProjectJob, *, dryrun: bool = False) -> list[str]:
    said: list[str] = []
    assert clean_measure(job.workspace, job.name, dryrun, said.append) == []
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


def test_what_another_project_needs_of_a_network_stays(job: ProjectJob, stand_in: StandIn) -> None:
    fill(job.workspace.images("dice", "test"), ["x", "y"], shade=9)
    twin = project_job(job.workspace, *job.config.networks.values(), name="dice")
    step.run(job, Silent())
    step.run(twin, Silent())
    cleaned(job)
    assert step.why_stale(twin) is None
    cleaned(twin)
    assert not job.workspace.network_notes("net").exists()


def test_what_was_noted_of_a_network_that_failed_goes(job: ProjectJob, stand_in: StandIn) -> None:
    stand_in.faults["net"], stand_in.error = "it can't be loaded", BrokenNetworkError
    step.run(job, Silent())
    assert job.workspace.network_notes("net").exists()
    cleaned(job)
    assert not job.workspace.network_notes("net").exists()


def test_a_comparison_that_was_changed_stays_and_is_named(job: ProjectJob) -> None:
    step.run(job, Silent())
    place = job.workspace.comparison(job.name)
    place.write_bytes(b"mine")
    assert "kept results/cube_faces/comparison.json: it was changed" in cleaned(job)
    assert place.read_bytes() == b"mine"
