"""What the pipeline.config and the settings say of a training."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.types import Config, Network, Project, Training
from tasks.core import receipts
from tasks.core.errors import TrainingError, UnreachableError
from tasks.core.paths import Workspace
from tasks.pipeline.job import TrainingJob
from tasks.pipeline.receipts import NetworkReceipt
from tasks.train.plan import config_path, must_be_trainable, plan_of
from tasks.training import trainers
from tasks.training.packages import folder_of, packages_for
from tests.support.projects import TAILORED


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    """A network that the Object Detection API trains."""
    network = Network(name="net", sources=("net.tar.gz",))
    project = Project(name="cube_faces", labels=("one",), networks=("net",), training=Training())
    config = Config(networks={"net": network}, projects={"cube_faces": project})
    made = TrainingJob(config, Workspace(tmp_path), project=project, network=network)
    config_path(made).parent.mkdir(parents=True)
    config_path(made).write_bytes(TAILORED)
    return made


def edited(job: TrainingJob, old: bytes, new: bytes) -> None:
    path = config_path(job)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


def test_the_files_number_of_steps_counts(job: TrainingJob) -> None:
    edited(job, b"num_steps: 1000", b"num_steps: 70")
    plan = plan_of(job)
    assert (plan.steps, plan.evaluate_every) == (70, 7)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b"num_steps: 1000", b"num_steps: 2000", True),
        (b"  # COCO", b"  # my own remark", True),
        (b"batch_size: 2\n", b"batch_size :   2\n", True),
        (b"batch_size: 2\n", b"batch_size: 4\n", False),
        (b"num_classes: 2", b"num_classes: 3", False),
    ],
)
def test_a_training_goes_on_unless_what_it_is_told_changes(
    job: TrainingJob, old: bytes, new: bytes, same: bool
) -> None:
    before = plan_of(job).basis
    edited(job, old, new)
    assert (plan_of(job).basis == before) is same


def test_a_missing_file_says_what_makes_it(job: TrainingJob) -> None:
    config_path(job).unlink()
    with pytest.raises(TrainingError, match="run `doit scaffold:cube_faces`"):
        plan_of(job)


def test_a_broken_file_is_named_with_its_line(job: TrainingJob) -> None:
    edited(job, b"num_steps: 1000", b"num_steps: }")
    with pytest.raises(TrainingError, match=r"pipeline\.config: .*line 8"):
        plan_of(job)


def test_a_file_that_the_api_would_refuse_is_named_with_its_line(job: TrainingJob) -> None:
    edited(job, b"num_classes", b"num_clases")
    with pytest.raises(TrainingError, match=r"pipeline\.config: line 3, .*num_clases") as caught:
        must_be_trainable(job)
    assert "`doit doctor:cube_faces` tells all that it finds" in str(caught.value)


def test_the_api_trains_it_with_packages_of_its_own(
    job: TrainingJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    assert trainers.module_of(job) == "tasks.training.api"
    with pytest.raises(TrainingError, match="are not installed; run `doit trainer`"):
        packages_for(job)
    receipt = job.workspace.receipt("trainer", "zoo")
    receipts.write(receipt, NetworkReceipt(status="deferred", definition="", reason="no registry"))
    with pytest.raises(UnreachableError, match="no registry"):
        packages_for(job)
    folder_of(job).mkdir(parents=True)
    receipts.write(receipt, NetworkReceipt(definition=""))
    assert packages_for(job) == folder_of(job)
