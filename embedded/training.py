"""Training: batches, weights, AdamW, averaged weights, batch norm folded at the end."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from embedded.assign import assign
from embedded.augment import Picture, Rows, augment
from embedded.losses import loss
from embedded.network import LAYERS, ConvLayer, Tensor, tinynet
from embedded.render import Scenes
from embedded.without_keras import tf

BATCH = 16
PEAK_RATE, LAST_RATE, WARM_UP = 3e-3, 1e-5, 300
DECAY = 0.02
AVERAGING = 0.999
STATISTICS = 0.03  # share of a batch in the running mean and variance of batch norm
EPSILON = 1e-3
SEED = 1

Weights = dict[str, Any]
"""tf.Variable by name, `<layer>/<part>`."""
Folded = dict[str, npt.NDArray[np.float32]]
"""float32 arrays by name, `<layer>/kernel` and `<layer>/bias`."""
Batch = tuple[npt.NDArray[Any], ...]


class Annotated(Protocol):
    """Pictures and their boxes, as `render.Scenes` has them."""

    @property
    def pictures(self) -> Sequence[Picture] | npt.NDArray[np.uint8]: ...

    @property
    def boxes(self) -> Sequence[Rows] | npt.NDArray[np.float32]: ...


def batches(scenes: Annotated, steps: range, size: int = BATCH) -> Iterator[Batch]:
    """A batch (pictures, classes, boxes) of `size` for each of these steps, made by threads
    ahead of its use.

    Each batch has a generator of its own, seeded by its number, so threads cannot change it.
    """

    def make(step: int) -> Batch:
        rng = np.random.default_rng([SEED, step])
        chosen = rng.integers(0, len(scenes.pictures), size)
        changed = [augment(scenes.pictures[i], scenes.boxes[i], rng) for i in chosen]
        targets = [assign(rows) for _, rows in changed]
        return (
            np.stack([picture for picture, _ in changed]),
            np.stack([classes for classes, _ in targets]),
            np.stack([boxes for _, boxes in targets]),
        )

    with ThreadPoolExecutor(2) as pool:
        numbers = iter(steps)
        waiting = [pool.submit(make, step) for step in islice(numbers, 6)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(make, step) for step in islice(numbers, 1)]


def new_weights() -> Weights:
    """Fresh weights: He's normal kernels; the class bias makes finds rare at first."""
    rng = np.random.default_rng(SEED)
    weights: Weights = {}
    for name, c in LAYERS.items():
        fan = c.kernel**2 * c.inputs
        deviation = 0.01 if c.is_output else np.sqrt(2 / fan)
        kernel = rng.normal(0, deviation, (c.kernel, c.kernel, c.inputs, c.outputs))
        weights[f"{name}/kernel"] = tf.Variable(kernel.astype(np.float32))
        weights[f"{name}/bias"] = tf.Variable(
            tf.fill([c.outputs], -4.0 if name == "classes" else 0.0)
        )
        if not c.is_output:
            weights[f"{name}/scale"] = tf.Variable(tf.ones([c.outputs]))
            weights[f"{name}/mean"] = tf.Variable(tf.zeros([c.outputs]), trainable=False)
            weights[f"{name}/variance"] = tf.Variable(tf.ones([c.outputs]), trainable=False)
    return weights


def training_layer(weights: Weights) -> ConvLayer:
    """Layers with batch norm over the batch, which keep running statistics."""

    def conv(name: str, x: Tensor) -> Tensor:
        c = LAYERS[name]
        x = tf.nn.conv2d(x, weights[f"{name}/kernel"], c.stride, "SAME")
        if c.is_output:
            return x + weights[f"{name}/bias"]
        x, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, weights[f"{name}/scale"], weights[f"{name}/bias"], epsilon=EPSILON
        )
        for part, value in (("mean", mean), ("variance", variance)):
            kept = weights[f"{name}/{part}"]
            kept.assign_add(STATISTICS * (value - kept))
        return tf.nn.relu(x)

    return conv


def fold(weights: dict[str, npt.NDArray[np.float32]]) -> Folded:
    """The same network without batch norm: its scales and shifts go into kernels and biases."""
    folded: Folded = {}
    for name, c in LAYERS.items():
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        if not c.is_output:
            factor = weights[f"{name}/scale"] / np.sqrt(weights[f"{name}/variance"] + EPSILON)
            kernel, bias = kernel * factor, bias - weights[f"{name}/mean"] * factor
        folded[f"{name}/kernel"], folded[f"{name}/bias"] = kernel, bias
    return folded


def folded_layer(weights: dict[str, Any]) -> ConvLayer:
    """Layers of a folded network."""

    def conv(name: str, x: Tensor) -> Tensor:
        c = LAYERS[name]
        x = tf.nn.conv2d(x, weights[f"{name}/kernel"], c.stride, "SAME") + weights[f"{name}/bias"]
        return x if c.is_output else tf.nn.relu(x)

    return conv


def learning_rate(
    step: Tensor, steps: int, peak: float = PEAK_RATE, warm_up: int = WARM_UP
) -> Tensor:
    """Rises to `peak` over `warm_up` steps, then falls along a cosine."""
    rise = tf.minimum(1.0, (step + 1.0) / warm_up)
    fall = 0.5 * (1.0 + tf.cos(np.pi * step / steps))
    return rise * (LAST_RATE + (peak - LAST_RATE) * fall)


@dataclass(frozen=True)
class State:
    """All that a training carries from one step to the next, as variables by name.

    weights: what is trained, and the running statistics of batch norm if there are any.
    averages: the moving averages of these, which are what is exported.
    first, second: AdamW's moments of what is trained.
    """

    weights: Weights
    averages: Weights
    first: Weights
    second: Weights

    @classmethod
    def beginning(cls, weights: Weights) -> "State":
        trained = {name: w for name, w in weights.items() if w.trainable}
        return cls(
            weights=weights,
            averages={name: tf.Variable(w) for name, w in weights.items()},
            first={name: tf.Variable(tf.zeros_like(w)) for name, w in trained.items()},
            second={name: tf.Variable(tf.zeros_like(w)) for name, w in trained.items()},
        )

    def averaged(self) -> dict[str, npt.NDArray[np.float32]]:
        return {name: average.numpy() for name, average in self.averages.items()}


def make_step(
    state: State, conv: ConvLayer, rate: Callable[[Tensor], Tensor]
) -> Callable[..., Tensor]:
    """One step of AdamW on a batch, `step(number, pictures, classes, boxes)`, which gives the loss;
    it also moves the averages towards the weights.

    conv applies a layer of `state.weights`; rate gives the learning rate of a step.
    """
    weights, first, second = state.weights, state.first, state.second
    trained = {name: weights[name] for name in first}

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def step(number: Tensor, pictures: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            value = loss(*tinynet(conv, pictures), classes, boxes)
        gradients = dict(zip(trained, tape.gradient(value, list(trained.values())), strict=True))
        limit, _ = tf.clip_by_global_norm(list(gradients.values()), 10.0)
        pace = rate(number)
        first_share, second_share = 1 - 0.9 ** (number + 1), 1 - 0.999 ** (number + 1)
        for (name, weight), gradient in zip(trained.items(), limit, strict=True):
            m, v = first[name], second[name]
            m.assign_add(0.1 * (gradient - m))
            v.assign_add(0.001 * (tf.square(gradient) - v))
            ahead = (m / first_share) / (tf.sqrt(v / second_share) + 1e-8)
            decay = DECAY if name.endswith("/kernel") else 0.0
            weight.assign_sub(pace * (ahead + decay * weight))
        keep = tf.minimum(AVERAGING, (1.0 + number) / (10.0 + number))
        for name, average in state.averages.items():
            average.assign_add((1 - keep) * (weights[name] - average))
        return value

    compiled: Callable[..., Tensor] = step
    return compiled


def train(scenes: Scenes, steps: int, report: Callable[[int, float], None]) -> Folded:
    """Trains from scratch and returns the averaged, folded weights.

    report(step, mean loss since the last report) is called every 100 steps. All chance comes from
    NumPy's generators with fixed seeds; TensorFlow adds none.
    """
    state = State.beginning(new_weights())
    step = make_step(state, training_layer(state.weights), partial(learning_rate, steps=steps))
    values = []
    for number, batch in enumerate(batches(scenes, range(steps))):
        values.append(step(tf.constant(float(number)), *map(tf.constant, batch)))
        if (number + 1) % 100 == 0 or number + 1 == steps:
            report(number + 1, float(np.mean(values)))
            values = []
    return fold(state.averaged())
