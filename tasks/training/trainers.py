"""Which program trains which networks, and in which environment."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from tasks.pipeline.job import TrainingJob


class Trainer(Struct, frozen=True):
    """A trainer: `python -m MODULE REQUEST`.

    Attributes:
        packages: folder of packages that it needs besides those of this environment, if any.
    """

    module: str
    packages: Path | None = None


def trainer_of(job: TrainingJob) -> Trainer:
    """The trainer of a network."""
    if job.network.trainer == "embedded":
        return Trainer("embedded.finetune")
    return Trainer("tasks.training.api")
