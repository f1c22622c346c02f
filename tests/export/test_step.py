"""What an export needs; the way to one is gone in `end_to_end/test_own_detector.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.types import Config, Network, Project
from tasks.core import receipts
from tasks.core.errors import TrainingError
from tasks.core.paths import Workspace
from tasks.export import step
from tasks.pipeline.job import Silent, TrainingJob
from tasks.training.receipt import TrainReceipt


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    network = Network(name="net", sources=("net.tar.gz",), trainer="embedded")
    project = Project(name="cube_faces", labels=("one",), networks=("net",))
    config = Config(networks={"net": network}, projects={"cube_faces": project})
    return TrainingJob(config, Workspace(tmp_path), project=project, network=network)


def test_what_was_not_trained_is_not_exported(job: TrainingJob) -> None:
    with pytest.raises(TrainingError, match="not trained; run `doit train:cube_faces:net`"):
        step.run(job, Silent())


def test_a_training_without_best_weights_is_named_with_what_to_do(job: TrainingJob) -> None:
    receipts.write(job.workspace.receipt("train", job.name), TrainReceipt(definition="d"))
    with pytest.raises(TrainingError, match="holds no best weights any more; run `doit train:"):
        step.run(job, Silent())


def test_a_training_that_was_begun_again_and_killed_is_not_exported(job: TrainingJob) -> None:
    receipts.write(job.workspace.receipt("train", job.name), TrainReceipt(definition=""))
    with pytest.raises(TrainingError, match="not finished; run `doit train:cube_faces:net`"):
        step.run(job, Silent())
