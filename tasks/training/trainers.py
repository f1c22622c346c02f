"""Which program trains which networks, and what it leaves."""

from __future__ import annotations

from pathlib import Path

from tasks.pipeline.job import TrainingJob


def module_of(job: TrainingJob) -> str:
    """The trainer of a network: `python -m MODULE REQUEST`."""
    return "embedded.finetune" if job.network.trainer == "embedded" else "tasks.training.api"


def has_best(run: Path) -> bool:
    """Whether a training left its best weights in this folder, by either trainer."""
    return (run / "best.npz").is_file() or (run / "best" / "checkpoint").is_file()
