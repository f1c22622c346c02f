"""How long a network is trained, and how it is measured on the way."""

from __future__ import annotations

from msgspec import Struct

from tasks.pipeline.job import TrainingJob
from tasks.pipeline_config.recipe import recipe

MEASUREMENTS = 10
"""On the way, unless the settings say how many steps lie between two."""


class Plan(Struct, frozen=True):
    """See `config.types.Training`; `learning_rate` is None for the trainer's own."""

    steps: int
    batch_size: int
    evaluate_every: int
    patience: int
    held_out: float
    learning_rate: float | None


def plan_of(job: TrainingJob) -> Plan:
    """What the project's settings say of this network."""
    asked = recipe(job.project, job.network.name, embedded=job.network.trainer == "embedded")
    return Plan(
        steps=asked.num_steps,
        batch_size=asked.batch_size,
        evaluate_every=asked.evaluate_every or max(1, asked.num_steps // MEASUREMENTS),
        patience=asked.patience,
        held_out=asked.held_out,
        learning_rate=asked.learning_rate,
    )
