"""Train: fine-tune a project's networks on its pictures.

step       whether to train, from where to where, and the receipt
plan       how long, on what, and how it is measured on the way
room       whether the disk and the memory have room for it
run        the folder of a training: begun, gone on with, or set aside for a new one
clean      `doit clean train`

The work is done by a trainer, in a process of its own; see `training`.
"""

from pathlib import Path

from tasks.core.paths import Workspace
from tasks.pipeline.job import TrainingJob
from tasks.pipeline.step import Clean, TrainingStep, Work


def _work() -> Work[TrainingJob]:
    from tasks.train import step

    return step


def _clean() -> Clean:
    from tasks.train.clean import clean

    return clean


def _results(workspace: Workspace, name: str) -> tuple[Path, ...]:
    return (workspace.training_results(name) / "curve.png",)


STEP = TrainingStep(
    name="train",
    doc="fine-tune on your pictures",
    work=_work,
    clean=_clean,
    reads=("extract", "records"),
    needs=("extract", "scaffold", "trainer"),  # in this order: see `trainer`
    runs_networks=True,
    results=_results,
)
