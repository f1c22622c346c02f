"""The learning rate, in step with the number of steps and the batch.

The zoo's schedules are made for batches of 16 to 512 pictures and for tens of thousands of steps.
Left as they are they keep a short training in its warm-up from the first step to the last, or are
refused (`total_steps` below `warmup_steps`, a first rate above the base rate).

With a smaller batch the rate of a momentum optimizer shrinks in proportion (Goyal et al., Accurate,
Large Minibatch SGD, 2017: the linear scaling rule); else a loss that was steady at 64 pictures a
step runs away at 2. Adam's and RMSProp's steps do not grow with the gradient, and keep their rate.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.formats.textproto.edit import Document
from tasks.pipeline_config.apply import Change
from tasks.pipeline_config.recipe import Recipe

OPTIMIZERS = ("momentum_optimizer", "rms_prop_optimizer", "adam_optimizer")
# Which rate of a schedule is its highest, and the others that move along; (field, its default).
RATES = {
    "cosine_decay_learning_rate": (("learning_rate_base", 0.002), ("warmup_learning_rate", 0.0002)),
    "exponential_decay_learning_rate": (
        ("initial_learning_rate", 0.002),
        ("burnin_learning_rate", 0.0),
        ("min_learning_rate", 0.0),
    ),
    "manual_step_learning_rate": (("initial_learning_rate", 0.002),),
    "constant_learning_rate": (("learning_rate", 0.002),),
}
BATCH_DEFAULT = 32
WARMUP_DEFAULT = 10_000
WARMUP_SHARE = 10  # a tenth of the training, at most


def changes(document: Document, recipe: Recipe) -> Iterator[Change]:
    """What keeps the schedule that is really there in step; nothing if none is known.

    Raises:
        PathError: a part stands there more than once.
    """
    for optimizer in OPTIMIZERS:
        for kind in RATES:
            where = f"train_config.optimizer.{optimizer}.learning_rate.{kind}"
            if document.has_message(where):
                yield from _rates(document, where, kind, factor(document, where, kind, recipe))
                yield from _steps(document, where, kind, recipe.num_steps)


def factor(document: Document, where: str, kind: str, recipe: Recipe) -> float:
    """By what the rates are multiplied."""
    name, default = RATES[kind][0]
    if recipe.learning_rate is not None:
        own = number(document, f"{where}.{name}", default)
        return recipe.learning_rate / own if own > 0 else 1.0
    if "momentum_optimizer" not in where:
        return 1.0
    batch = number(document, "train_config.batch_size", BATCH_DEFAULT)
    return min(1.0, recipe.batch_size / batch) if batch > 0 else 1.0


def _rates(document: Document, where: str, kind: str, by: float) -> Iterator[Change]:
    why = "in proportion to the batch" if by <= 1 else "learning_rate of the project"
    for name, default in RATES[kind]:
        path = f"{where}.{name}"
        if by != 1 and (default or document.count(path)):
            yield Change(path, rounded(number(document, path, default) * by), why)
    for index in range(document.count(f"{where}.schedule") if by != 1 else 0):
        path = f"{where}.schedule[{index}].learning_rate"
        yield Change(path, rounded(number(document, path, 0.002) * by), why)


def _steps(document: Document, where: str, kind: str, num_steps: int) -> Iterator[Change]:
    if kind == "cosine_decay_learning_rate":
        yield from _cosine(document, where, num_steps)
        return
    scale = num_steps / max(1, number(document, "train_config.num_steps", num_steps))
    why = "in proportion to num_steps"
    if kind == "manual_step_learning_rate":
        last = 0
        for index in range(document.count(f"{where}.schedule")):
            path = f"{where}.schedule[{index}].step"
            last = max(last + 1, round(number(document, path, 0) * scale))
            yield Change(path, last, why)
    elif kind == "exponential_decay_learning_rate":
        path = f"{where}.decay_steps"
        yield Change(path, max(1, round(number(document, path, 4_000_000) * scale)), why)
        path = f"{where}.burnin_steps"
        if own := round(number(document, path, 0)):
            yield Change(path, max(1, min(own, num_steps // WARMUP_SHARE)), "a tenth of num_steps")


def _cosine(document: Document, where: str, num_steps: int) -> Iterator[Change]:
    own = number(document, f"{where}.total_steps", 4_000_000)
    yield Change(f"{where}.total_steps", num_steps, "the rate falls until num_steps")
    warmup = round(number(document, f"{where}.warmup_steps", WARMUP_DEFAULT))
    why = "a tenth of num_steps: not all of the training"
    yield Change(f"{where}.warmup_steps", min(warmup, num_steps // WARMUP_SHARE), why)
    path = f"{where}.hold_base_rate_steps"
    if hold := number(document, path, 0):
        # What is held may not reach the end: the API divides by the steps that are left.
        held = min(round(hold * num_steps / max(1, own)), num_steps // 2)
        yield Change(path, held, "in proportion to num_steps")


def number(document: Document, path: str, default: float) -> float:
    """The number at a path, or the field's default if there is none."""
    value = document.get(path)
    return value if isinstance(value, (int, float)) and value == value else default


def rounded(rate: float) -> float:
    """Six digits: more would pretend that the zoo's float32 rates are exact."""
    return float(f"{rate:.6g}")
