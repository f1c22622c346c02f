"""Which program trains which networks, and what it leaves."""

from __future__ import annotations

from pathlib import Path

from tasks.core.removal import Removal
from tasks.pipeline.job import TrainingJob

RUN_NOTE = "run.json"
"""In the folder of a training: what it stands on."""


def module_of(job: TrainingJob) -> str:
    """The trainer of a network: `python -m MODULE REQUEST`."""
    return "embedded.finetune" if job.network.trainer == "embedded" else "tasks.training.api"


def has_best(run: Path) -> bool:
    """Whether a training left its best weights in this folder, by either trainer."""
    return (run / "best.npz").is_file() or (run / "best" / "checkpoint").is_file()


def name_training(removal: Removal, run: Path) -> set[Path]:
    """Tell that a folder stays because it holds a training, if it does; which paths that covers.
    Its pipeline.config is none of them: scaffold made it."""
    if not (run / RUN_NOTE).is_file():
        return set()
    removal.stay(run, "it holds a training; remove it yourself if you no longer want it")
    return {run, *run.rglob("*")} - {run / "pipeline.config"}
