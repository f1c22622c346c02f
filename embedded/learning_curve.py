"""How good the embedded network gets on how many pictures, fine-tuned and from scratch.

    python -m embedded.learning_curve                        10, 30, 100 and 300 pictures
    python -m embedded.learning_curve --counts 10 --steps 100

The task is new to it: its outputs begin from nothing, as those of labels that it does not know do.
Every row is one training with the settings of `doit train` (`embedded.finetune`), on scenes of 320
pixels, half of them in real handwriting, and is measured on 100 others. From scratch means the same
training from random weights.
"""

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from embedded import LABELS
from embedded.finetune import PEAK_RATE, finder, precision, starting_weights
from embedded.network import LAYERS
from embedded.pack import ARCHIVE, unpack
from embedded.records import Examples
from embedded.render import Scenes, render
from embedded.splits import EXAMPLES
from embedded.training import Folded, State, batches, folded_layer, learning_rate, make_step
from embedded.without_keras import tf

COUNTS = (10, 30, 100, 300)
STEPS, WARM_UP = 400, 50
TESTED = 100
REAL_PERCENT = 50
FIRST, FIRST_TESTED = 500_000, 600_000  # offsets in the split, apart from all other uses
IDS = {f"label {label}": number for number, label in enumerate(LABELS, 1)}


def examples_of(scenes: Scenes) -> Examples:
    return Examples(scenes.pictures, [rows[rows[:, 4] >= 0] for rows in scenes.boxes])


def random_weights() -> Folded:
    """He's normal kernels, as `training.new_weights` has them, without batch norm."""
    rng = np.random.default_rng(1)
    weights: Folded = {}
    for name, c in LAYERS.items():
        deviation = 0.01 if c.is_output else np.sqrt(2 / (c.kernel**2 * c.inputs))
        kernel = rng.normal(0, deviation, (c.kernel, c.kernel, c.inputs, c.outputs))
        weights[f"{name}/kernel"] = kernel.astype(np.float32)
        bias = -4.0 if name == "classes" else 0.0
        weights[f"{name}/bias"] = np.full(c.outputs, bias, np.float32)
    return weights


def trained(weights: Folded, learned: Examples, steps: int) -> Folded:
    """The averaged weights after a training."""
    state = State.beginning({name: tf.Variable(value) for name, value in weights.items()})
    rate = partial(learning_rate, steps=steps, peak=PEAK_RATE, warm_up=min(WARM_UP, steps // 5))
    step = make_step(state, folded_layer(state.weights), rate)
    for number, batch in enumerate(batches(learned, range(steps))):
        step(tf.constant(float(number)), *map(tf.constant, batch))
    return state.averaged()


def row(count: int, start: Folded, steps: int, tested: Examples) -> dict[str, float]:
    """One training, and what it came to."""
    learned = examples_of(render(EXAMPLES, EXAMPLES.seeds(count, FIRST), REAL_PERCENT))
    began = time.monotonic()
    weights = trained(start, learned, steps)
    seconds = time.monotonic() - began
    find = finder({name: tf.constant(value) for name, value in weights.items()})
    figures = precision(find, tested, IDS)
    return {**{name: round(value, 3) for name, value in figures.items()}, "seconds": round(seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="pictures")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches of 16 ({STEPS})")
    arguments = parser.parse_args()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        shipped = starting_weights(unpack(ARCHIVE, Path(folder)), IDS)
    tested = examples_of(render(EXAMPLES, EXAMPLES.seeds(TESTED, FIRST_TESTED), REAL_PERCENT))
    for count in arguments.counts:
        for name, start in (("fine-tuned", shipped), ("from scratch", random_weights())):
            found = {"pictures": count, "start": name, **row(count, start, arguments.steps, tested)}
            json.dump(found, sys.stdout)
            print(flush=True)


if __name__ == "__main__":
    main()
