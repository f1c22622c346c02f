"""Whether a training has room here, on the disk and in memory, looked at before it begins."""

from __future__ import annotations

import shutil
from pathlib import Path

from tasks.core.errors import DiskError, TrainingError
from tasks.core.files import human_size
from tasks.inference.machine import free_memory
from tasks.pipeline.job import TrainingJob
from tasks.pipeline.receipts import receipt_of

CHECKPOINTS = 5  # with the optimizer's state, each is some twice as large as the weights
TENSORFLOW = 500_000_000
"""Bytes of memory that TensorFlow takes with nothing to compute. What a training needs above that
is known only once it runs; with less than this none does."""
COPIES = 4  # weights, gradients, and two numbers a weight for the optimizer


def must_have_room(job: TrainingJob, folder: Path) -> None:
    """Several checkpoints of the network in `folder`, its records once more, and its weights in
    memory must have room.

    Raises:
        DiskError: the disk has not.
        TrainingError: the memory has not.
    """
    files = extracted.files if (extracted := receipt_of(job.workspace, job.network.name)) else {}
    record = job.workspace.record_file(job.project.name, "train")
    need = CHECKPOINTS * sum(file.size for file in files.values())
    need += record.stat().st_size if record.exists() else 0
    if need > (free := shutil.disk_usage(folder).free):
        why = f"its checkpoints and records need {human_size(need)}, {human_size(free)} are free"
        raise DiskError(job.name, why, f"make room where {folder.as_posix()} lies")
    weights = sum(file.size for path, file in files.items() if path.startswith("checkpoint/"))
    need, here = TENSORFLOW + COPIES * weights, free_memory()
    if here is not None and need > here:
        why = f"it needs at least {human_size(need)} of memory, {human_size(here)} are free"
        raise TrainingError(job.name, why, "end other programs, or train a smaller network")
