"""`doit clean` and the records: ours go, the user's stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.paths import SPLITS, Cache, Workspace
from tasks.pipeline.job import ProjectJob, Silent
from tasks.records import step
from tasks.records.clean import clean as clean_records
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.wiring import clean
from tests.support.annotated import fill
from tests.support.projects import project_job, scaffold, tree


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A scaffolded project whose pictures are records."""
    made = project_job(workspace)
    scaffold(made)
    for shade, split in enumerate(SPLITS):
        fill(workspace.images(made.name, split), shade=9 * shade)
    step.run(made, Silent())
    return made


def cleaned(job: ProjectJob, *, dryrun: bool = False) -> list[str]:
    said: list[str] = []
    assert clean_records(job.workspace, job.name, dryrun, said.append) == []
    return said


def test_records_and_what_is_known_of_them_go(job: ProjectJob) -> None:
    said = cleaned(job)
    assert "removed cube_faces/training/train.record" in said
    left = tree(job.workspace.root)
    assert not [name for name in left if "record" in name]
    assert "cube_faces/images/train/a.png" in left
    assert "cube_faces/training/label_map.pbtxt" in left


def test_a_list_that_was_too_long_to_be_told_goes_too(job: ProjectJob) -> None:
    for number in range(12):
        (job.workspace.images(job.name, "train") / f"z{number}.xml").write_bytes(b"")
    step.run(job, Silent())
    whole = job.workspace.whole_list("records", job.name)
    assert whole.exists()
    cleaned(job)
    assert not whole.parent.exists()


def test_a_dry_run_removes_nothing(job: ProjectJob) -> None:
    before = tree(job.workspace.root)
    assert "would remove cube_faces/training/train.record" in cleaned(job, dryrun=True)
    assert tree(job.workspace.root) == before


def test_a_record_that_was_changed_stays_and_is_named(job: ProjectJob) -> None:
    path = job.workspace.record_file(job.name, "train")
    path.write_bytes(b"mine")
    assert "kept cube_faces/training/train.record: it was changed" in cleaned(job)
    assert path.read_bytes() == b"mine"


def test_a_record_that_the_user_made_stays(job: ProjectJob) -> None:
    job.workspace.receipt("records", job.name).unlink()
    assert cleaned(job) == []
    assert job.workspace.record_file(job.name, "train").exists()


def test_nothing_goes_through_a_link(job: ProjectJob, tmp_path: Path) -> None:
    training = job.workspace.training(job.name)
    training.rename(tmp_path / "elsewhere")
    training.symlink_to(tmp_path / "elsewhere")
    cleaned(job)
    assert (tmp_path / "elsewhere/train.record").exists()


def test_cleaning_the_project_alone_says_how_the_records_go(job: ProjectJob) -> None:
    said: list[str] = []
    clean_scaffold(job.workspace, job.name, False, said.append)
    assert (
        "kept cube_faces/training/train.record: `doit clean records:cube_faces` removes it" in said
    )
    assert job.workspace.record_file(job.name, "train").exists()


def test_a_project_that_is_configured_no_more_is_cleaned_too(job: ProjectJob, cache: Cache) -> None:
    said: list[str] = []
    assert clean.clean_rest(job.workspace, cache, [], [], False, said.append) == []
    assert not job.workspace.record_file(job.name, "train").exists()
    assert not job.workspace.seen(job.name).exists()
    assert "cube_faces/images/train/a.png" in tree(job.workspace.root)


def test_what_other_projects_noted_is_left_to_them(job: ProjectJob, cache: Cache) -> None:
    clean.clean_rest(job.workspace, cache, [], [job.name], False, lambda line: None)
    assert job.workspace.seen(job.name).exists()
    assert job.workspace.receipt("records", job.name).exists()
