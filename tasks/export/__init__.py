"""Export: a training's best weights as a network like any other of the catalogue.

step       have the trainer export, pack, and enter it in the catalogue
card       what the archive says of itself: a model card, and the catalogue's entry
clean      `doit clean export`
"""

from pathlib import Path

from tasks.core.paths import Workspace
from tasks.pipeline.job import TrainingJob
from tasks.pipeline.step import Clean, TrainingStep, Work


def _work() -> Work[TrainingJob]:
    from tasks.export import step

    return step


def _clean() -> Clean:
    from tasks.export.clean import clean

    return clean


def _results(workspace: Workspace, name: str) -> tuple[Path, ...]:
    return (workspace.exported(name),)


STEP = TrainingStep(
    name="export",
    doc="pack what was trained",
    work=_work,
    clean=_clean,
    reads=("train",),
    needs=("trainer",),
    runs_networks=True,
    results=_results,
)
