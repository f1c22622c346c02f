"""How a network is trained: how long, on what, and how it is measured on the way.

What the Object Detection API is told stands in the network's pipeline.config, whoever wrote it
there: the settings of the project are tailored into it, and the user's edits count.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from tasks.core import receipts
from tasks.core.errors import TrainingError
from tasks.core.files import LARGEST_STATE, read_file
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError, tokens
from tasks.pipeline.job import TrainingJob
from tasks.pipeline_config.schema import SHAPE
from tasks.pipeline_config.trainable import first_fault
from tasks.pipeline_config.training import EMBEDDED, TrainingSettings, training_settings

MEASUREMENTS = 10
"""On the way, unless the settings say how many steps lie between two."""
LENGTHS = {
    *("num_steps", "total_steps", "warmup_steps", "hold_base_rate_steps"),
    *("decay_steps", "burnin_steps", "step"),
}
"""Fields of a pipeline.config that say how long; with more steps a training goes on."""


class Plan(Struct, frozen=True):
    """How a network is trained.

    Attributes:
        steps: of the whole training.
        evaluate_every: steps between two measurements.
        patience: measurements without a new best after which it is stopped; 0: never.
        held_out: share of the pictures to measure by.
        rate: the highest learning rate; None for the trainer's own.
        device: `cpu`, `gpu` or `tpu`.
        replicas: devices that train together.
        batch_size: pictures a step, of the embedded network; the others' stands in their file.
        basis: digest of all but these that decides what comes of it.
    """

    steps: int
    evaluate_every: int
    patience: int
    held_out: float
    rate: float | None
    device: str
    replicas: int
    batch_size: int
    basis: str


def config_path(job: TrainingJob) -> Path:
    """The pipeline.config that the network is trained by."""
    return job.workspace.training(job.project.name, job.network.name) / "pipeline.config"


def plan_of(job: TrainingJob) -> Plan:
    """The plan, by the settings and by the pipeline.config.

    Raises:
        TrainingError: that file is missing, or is none.
    """
    if job.network.trainer == "embedded":
        asked = training_settings(job.project, job.network.name, EMBEDDED)
        return _plan(asked, asked.num_steps, receipts.digest((asked.batch_size,)))
    asked = training_settings(job.project, job.network.name)
    document = _document(job)
    steps = document.get("train_config.num_steps")
    return _plan(asked, steps if isinstance(steps, int) else 0, _basis(document.text))


def must_be_trainable(job: TrainingJob) -> None:
    """Raises:
    TrainingError: the Object Detection API would refuse the pipeline.config; says in which line.
    """
    if job.network.trainer != "embedded" and (why := first_fault(_document(job))):
        todo = f"mend it; `doit doctor:{job.project.name}` tells all that it finds"
        raise TrainingError(job.name, f"{config_path(job).as_posix()}: {why}", todo)


def _document(job: TrainingJob) -> Document:
    path = config_path(job)
    try:
        return Document.read(read_file(path, LARGEST_STATE), SHAPE)
    except FileNotFoundError:
        todo = f"run `doit scaffold:{job.project.name}`"
        raise TrainingError(job.name, f"there is no {path.as_posix()}", todo) from None
    except (OSError, TextError) as error:
        raise TrainingError(job.name, f"{path.as_posix()}: {error}", "mend it") from error


def _plan(asked: TrainingSettings, steps: int, basis: str) -> Plan:
    return Plan(
        steps=steps,
        evaluate_every=asked.evaluate_every or max(1, steps // MEASUREMENTS),
        patience=asked.patience,
        held_out=asked.held_out,
        rate=asked.learning_rate,
        device=asked.device,
        replicas=asked.replicas,
        batch_size=asked.batch_size,
        basis=basis,
    )


def _basis(config: str) -> str:
    """Digest of a pipeline.config but for its comments, its layout, and how long it trains."""
    kept: list[str] = []
    length = ""
    for token in tokens(config):
        if token.kind == "name":
            length = token.text if token.text in LENGTHS else ""
        if not (length and token.kind == "number"):
            kept.append(token.text)
    return receipts.digest(kept)
