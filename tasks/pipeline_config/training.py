"""The settings of a training, and the learning rate in step with its number of steps and batch.

The zoo's schedules are made for batches of 16 to 512 pictures and for tens of thousands of steps.
Left as they are they keep a short training in its warm-up from the first step to the last, or are
refused (`total_steps` below `warmup_steps`, a first rate above the base rate).

With a smaller batch the rate of a momentum optimizer shrinks in proportion (Goyal et al., Accurate,
Large Minibatch SGD, 2017: the linear scaling rule); else a loss that was steady at 64 pictures a
step runs away at 2. Adam's and RMSProp's steps do not grow with the gradient, and keep their rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from tasks.config.types import Override, Project, Training
from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.edit import Change, number


class TrainingSettings(Struct, frozen=True):
    """How a network is to be trained. `None`: as the network's own file says.

    Attributes:
        batch_size: pictures a step, over all devices together.
        replicas: devices that train together.
        learning_rate: the highest rate; None: the zoo's, made smaller with the batch.
        max_boxes: boxes of a picture that training looks at.
        evaluate_every: steps between two measurements; None: a tenth of all.
        patience: measurements without a new best after which to stop; 0: never.
        held_out: share of the pictures to measure by.
    """

    # The tutorial's own: they fit a laptop's memory and an hour or two.
    batch_size: int = 2
    num_steps: int = 1000
    device: Literal["cpu", "gpu", "tpu"] = "cpu"
    replicas: int = 1
    learning_rate: float | None = None
    max_detections: int | None = None
    max_detections_per_class: int | None = None
    max_boxes: int | None = None
    evaluate_every: int | None = None
    patience: int = 0
    held_out: float = 0.2
    overrides: dict[str, Override] = {}


DEFAULT = TrainingSettings()
# The embedded network is small, and learns from more pictures at once.
EMBEDDED = TrainingSettings(batch_size=16, num_steps=400)


def training_settings(
    project: Project, network: str, default: TrainingSettings = DEFAULT
) -> TrainingSettings:
    """The project's settings, with those that it has for this network in front."""
    general, own = project.training, project.training_of.get(network, Training())
    given: dict[str, Any] = {"overrides": general.overrides | own.overrides}
    for layer in (general, own):
        for name, value in asdict(layer).items():
            if value is not None and name != "overrides":
                given[name] = value
    return replace(default, **given)


# --- the learning rate --------------------------------------------------------------------------

OPTIMIZERS = ("momentum_optimizer", "rms_prop_optimizer", "adam_optimizer")
# The rates of each schedule; the first is its highest.
RATES = {
    "cosine_decay_learning_rate": ("learning_rate_base", "warmup_learning_rate"),
    "exponential_decay_learning_rate": (
        *("initial_learning_rate", "burnin_learning_rate", "min_learning_rate"),
    ),
    "manual_step_learning_rate": ("initial_learning_rate",),
    "constant_learning_rate": ("learning_rate",),
}
WARMUP_SHARE = 10  # a tenth of the training, at most


def schedule_changes(document: Document, settings: TrainingSettings) -> Iterator[Change]:
    """What keeps the schedule that the file has in step; nothing if none is known. A part that
    stands there more than once is a PathError."""
    for optimizer in OPTIMIZERS:
        for kind in RATES:
            where = f"train_config.optimizer.{optimizer}.learning_rate.{kind}"
            if document.has_message(where):
                yield from _rates(document, where, kind, _factor(document, where, kind, settings))
                yield from _steps(document, where, kind, settings.num_steps)


def _factor(document: Document, where: str, kind: str, settings: TrainingSettings) -> float:
    """By what the rates are multiplied."""
    if settings.learning_rate is not None:
        own = number(document, f"{where}.{RATES[kind][0]}")
        return settings.learning_rate / own if own > 0 else 1.0
    if "momentum_optimizer" not in where:
        return 1.0
    batch = number(document, "train_config.batch_size")
    return min(1.0, settings.batch_size / batch) if batch > 0 else 1.0


def _rates(document: Document, where: str, kind: str, factor: float) -> Iterator[Change]:
    """Six digits a rate: more would pretend that the zoo's float32 rates are exact."""
    if factor == 1:
        return
    why = "in proportion to the batch" if factor < 1 else "learning_rate of the project"
    count = document.count(f"{where}.schedule")
    steps = [f"{where}.schedule[{index}].learning_rate" for index in range(count)]
    for path in (*(f"{where}.{name}" for name in RATES[kind]), *steps):
        if (own := number(document, path)) or document.count(path):
            yield Change(path, float(f"{own * factor:.6g}"), why)


def _steps(document: Document, where: str, kind: str, num_steps: int) -> Iterator[Change]:
    if kind == "cosine_decay_learning_rate":
        yield from _cosine(document, where, num_steps)
        return
    scale = num_steps / (number(document, "train_config.num_steps") or num_steps)
    why = "in proportion to num_steps"
    if kind == "manual_step_learning_rate":
        last = 0
        for index in range(document.count(f"{where}.schedule")):
            path = f"{where}.schedule[{index}].step"
            last = max(last + 1, round(number(document, path) * scale))
            yield Change(path, last, why)
    elif kind == "exponential_decay_learning_rate":
        path = f"{where}.decay_steps"
        yield Change(path, max(1, round(number(document, path) * scale)), why)
        path = f"{where}.burnin_steps"
        if own := round(number(document, path)):
            yield Change(path, max(1, min(own, num_steps // WARMUP_SHARE)), "a tenth of num_steps")


def _cosine(document: Document, where: str, num_steps: int) -> Iterator[Change]:
    total = number(document, f"{where}.total_steps")
    yield Change(f"{where}.total_steps", num_steps, "the rate falls until num_steps")
    warmup = round(number(document, f"{where}.warmup_steps"))
    why = "a tenth of num_steps: not all of the training"
    yield Change(f"{where}.warmup_steps", min(warmup, num_steps // WARMUP_SHARE), why)
    path = f"{where}.hold_base_rate_steps"
    if hold := number(document, path):
        # What is held may not reach the end: the API divides by the steps that are left.
        held = min(round(hold * num_steps / max(1, total)), num_steps // 2)
        yield Change(path, held, "in proportion to num_steps")
