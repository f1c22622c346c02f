"""Which program trains which networks, and in which environment."""

from __future__ import annotations

from pathlib import Path

from tasks.pipeline.job import Progress, TrainingJob


def module_of(job: TrainingJob) -> str:
    """The trainer of a network: `python -m MODULE REQUEST`."""
    return "embedded.finetune" if job.network.trainer == "embedded" else "tasks.training.api"


def has_best(run: Path) -> bool:
    """Whether a training left its best weights in this folder, by either trainer."""
    return (run / "best.npz").is_file() or (run / "best" / "checkpoint").is_file()


def have_ready(job: TrainingJob, progress: Progress) -> Path | None:
    """The folder of packages that the trainer needs besides this environment's, installed if need
    be; None if it needs none.

    Raises:
        UnreachableError, TrainingError, OSError: as `packages.have_ready`.
    """
    if job.network.trainer == "embedded":
        return None
    from tasks.training import packages

    return packages.have_ready(job, job.workspace.log("trainer", job.name), progress)
