"""Trainer: the packages by which the networks of the zoo are trained, installed and tried.

`step` installs what requirements-train.lock names into the shared cache and has it build a model.
Only the trainings that need it wait for it: the embedded network's do not. They have their network
first, for nothing is installed on their behalf as long as none of them is here.
"""

from tasks.pipeline.job import WorkspaceJob
from tasks.pipeline.step import Clean, Work, WorkspaceStep


def _work() -> Work[WorkspaceJob]:
    from tasks.trainer import step

    return step


def _clean() -> Clean:
    from tasks.trainer.clean import clean

    return clean


STEP = WorkspaceStep(
    name="trainer",
    doc="install what train needs",
    work=_work,
    clean=_clean,
    runs_networks=True,
)
