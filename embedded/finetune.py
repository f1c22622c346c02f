"""Teaches the embedded network the pictures and labels of a project: no second environment, minutes
on two cores.

    python -m embedded.finetune REQUEST.json

REQUEST.json is a `Request`, or, with `"verb": "export"`, an `Export`. What happens is told on
standard output, one JSON object a line, each with its `kind`:

    begin       step, steps, pictures, held_out, resumed
    step        step, loss (mean since the last such line), rate, seconds (a step)
    evaluation  step, map, map_50, best (whether it is the best so far)
    final       map, map_50 (of the best, on the test pictures)
    end         step, reason: steps, patience, signal or nan
    fault       why

The network starts from the shipped one's weights; an output whose label that one knows starts from
its, others from nothing. Every file in the run's folder appears whole: after a kill the training
goes on from the last one.
"""

import json
import os
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded import LABELS
from embedded.detector import Found
from embedded.export import clipped, export, select
from embedded.network import LAYERS, SIDE, decode, tinynet
from embedded.records import Examples, examples
from embedded.scoring import Truth, average_precision
from embedded.training import BATCH, Folded, State, batches, folded_layer, learning_rate, make_step
from embedded.without_keras import tf

PEAK_RATE = 2e-3
STATE, BEST = "state.npz", "best.npz"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP

Say = Callable[..., None]
Find = Callable[[npt.NDArray[np.uint8]], Found]


@dataclass(frozen=True)
class Request:
    """What is to be done.

    network: folder of the network to start from, as extracted.
    labels: label -> class id, from 1.
    train, held_out, test: record files to learn from, to measure by on the way, and to measure by
        once at the end. Where the second is empty, the last weights count as the best.
    run: folder of the training; what is there is gone on with.
    steps: batches of batch_size pictures.
    evaluate_every: steps between two measurements, each of which leaves a checkpoint.
    patience: measurements without a new best after which to stop; 0: never.
    rate: the highest learning rate.
    device: `cpu` or `gpu`.
    """

    network: str
    labels: dict[str, int]
    train: list[str]
    held_out: list[str]
    test: list[str]
    run: str
    steps: int
    evaluate_every: int = 50
    patience: int = 0
    rate: float = PEAK_RATE
    batch_size: int = BATCH
    report_every: int = 10
    device: str = "cpu"


@dataclass(frozen=True)
class Export:
    """What is to be exported.

    run: folder of the training, whose best weights are taken.
    folder: a new or empty one, which becomes the network's.
    name, labels: of the network.
    steps: that it was trained for.
    batch_size, rate: as in `Request`, of that training.
    planned: steps that were asked; its learning rate was made for them.
    parent: the network that it started from.
    """

    run: str
    folder: str
    name: str
    labels: dict[str, int]
    steps: int
    batch_size: int = BATCH
    rate: float = 0.0
    planned: int = 0
    parent: str = ""


def starting_weights(network: Path, labels: dict[str, int]) -> Folded:
    """The shipped network's weights, with an output for each class id."""
    reader = tf.train.load_checkpoint(str(network / "checkpoint" / "ckpt-0"))
    weights = {
        f"{layer}/{part}": reader.get_tensor(
            f"model/weights/{layer}.S{part}/.ATTRIBUTES/VARIABLE_VALUE"
        )
        for layer in LAYERS
        for part in ("kernel", "bias")
    }
    known_kernel, known_bias = weights["classes/kernel"], weights["classes/bias"]
    count = max(labels.values())
    rng = np.random.default_rng(1)
    kernel = rng.normal(0, 0.01, (*known_kernel.shape[:3], count)).astype(np.float32)
    bias = np.full(count, -4.0, np.float32)  # finds are rare at first
    for label, number in labels.items():
        if label in LABELS:
            kernel[..., number - 1] = known_kernel[..., LABELS.index(label)]
            bias[number - 1] = known_bias[LABELS.index(label)]
    return {**weights, "classes/kernel": kernel, "classes/bias": bias}


def finder(weights: dict[str, Any]) -> Find:
    """What a network with these weights, as they are when it is asked, finds on a picture, uint8
    [320, 320, 3]."""
    conv = folded_layer(weights)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.uint8)], autograph=False
    )
    def find(picture: Any) -> Any:
        logits, codes = tinynet(conv, picture)
        boxes, scores = decode(codes[0]) / SIDE, tf.sigmoid(logits[0])
        anchors, labels = select(boxes, scores)
        chosen = tf.gather_nd(scores, tf.stack([anchors, labels], axis=1))
        return tf.gather(clipped(boxes), anchors) * SIDE, labels + 1, chosen

    def found(picture: npt.NDArray[np.uint8]) -> Found:
        boxes, labels, scores = find(tf.constant(picture[None]))
        return Found(boxes.numpy(), labels.numpy().astype(np.int64), scores.numpy())

    return found


class Run:
    """The folder of a training: the state of its last checkpoint, and the best weights so far.

    step: batches done; best: the highest mAP so far, below 0 before the first measurement; bad:
    measurements since then.
    """

    def __init__(self, folder: Path, weights: Folded) -> None:
        self.folder = folder
        self.state = State.beginning({name: tf.Variable(w) for name, w in weights.items()})
        self.step, self.best, self.bad = 0, -1.0, 0

    def restore(self) -> bool:
        """Take up the last checkpoint, if there is one.

        Raises ValueError if it can't be read, or is of another network.
        """
        path = self.folder / STATE
        if not path.exists():
            return False
        try:
            with path.open("rb") as file, np.load(file) as stored:
                for name, variable in self._variables():
                    variable.assign(stored[name])
                self.step, self.bad = int(stored["step"]), int(stored["bad"])
                if (self.folder / BEST).exists():
                    self.best = float(stored["best"])
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            why = f"{path} can't be gone on with ({error}); remove it to begin anew"
            raise ValueError(why) from error
        return True

    def save(self) -> None:
        """Write a checkpoint."""
        arrays = {name: variable.numpy() for name, variable in self._variables()}
        counts = {"step": self.step, "best": self.best, "bad": self.bad}
        write_whole(self.folder / STATE, {**arrays, **counts})

    def take(self, value: float, counts: bool = True) -> bool:
        """Note a measurement; say whether it is the best so far, whose weights are then kept. One
        that does not count is not held against the patience."""
        if value <= self.best:
            self.bad += counts
            return False
        self.best, self.bad = value, 0
        write_whole(self.folder / BEST, {**self.state.averaged(), "step": self.step})
        return True

    def _variables(self) -> Iterator[tuple[str, Any]]:
        for part in fields(self.state):
            for name, variable in getattr(self.state, part.name).items():
                yield f"{part.name}/{name}", variable


def write_whole(path: Path, arrays: dict[str, Any]) -> None:
    """Write an .npz file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def use_device(device: str) -> None:
    """Have TensorFlow work on this device. Raises ValueError if it is not here."""
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device != "gpu":
        raise ValueError(f"device {device} is asked for; this network is trained on cpu or gpu")
    elif not tf.config.list_physical_devices("GPU"):
        raise ValueError("device gpu is asked for, and TensorFlow sees none here")


def train(request: Request, say: Say, stopped: Callable[[], bool]) -> str:
    """Train until the steps are done, or something ends it before; the reason, see the module."""
    use_device(request.device)
    learned, held_out = examples(request.train), examples(request.held_out)
    if not learned.boxes:
        raise ValueError("the records hold no picture")
    if not any(map(len, learned.boxes)):
        raise ValueError("no picture to train on has a box: annotate some, then run doit again")
    run = Run(Path(request.run), starting_weights(Path(request.network), request.labels))
    resumed = run.restore()
    rate = partial(
        learning_rate, steps=request.steps, peak=request.rate, warm_up=warm_up(request.steps)
    )
    step = make_step(run.state, folded_layer(run.state.weights), rate)
    find = finder(run.state.averages)
    say("begin", step=run.step, steps=request.steps, resumed=resumed)
    since, losses = time.monotonic(), list[float]()
    first = run.step + 1  # told by itself: its graph is built on the way
    for batch in batches(learned, range(run.step, request.steps), request.batch_size):
        losses.append(float(step(tf.constant(float(run.step)), *map(tf.constant, batch))))
        if not np.isfinite(losses[-1]):
            return "nan"
        run.step += 1
        last = run.step == request.steps or stopped()
        if last or run.step == first or run.step % request.report_every == 0:
            seconds = (time.monotonic() - since) / len(losses)
            say(
                "step",
                step=run.step,
                loss=float(np.mean(losses)),
                seconds=seconds,
                rate=float(rate(tf.constant(float(run.step)))),
            )
            since, losses = time.monotonic(), []
        if run.step % request.evaluate_every == 0 or run.step == request.steps:
            _measure(run, find, held_out, request, say)
            since = time.monotonic()
            if request.patience and run.bad >= request.patience:
                return "patience"
        if stopped():
            run.save()
            return "signal"
    if not (run.folder / BEST).exists():  # it was lost after the last step
        _measure(run, find, held_out, request, say)
    return "steps"


def warm_up(steps: int) -> int:
    """Steps in which the learning rate rises."""
    return max(1, min(50, steps // 5))


def _measure(
    run: Run,
    find: Find,
    held_out: Examples,
    request: Request,
    say: Say,
) -> None:
    """Measure on the pictures held out, and leave a checkpoint. Where these hold no box there is
    nothing to choose by: the last weights count as the best."""
    if figures := precision(find, held_out, request.labels):
        best = run.take(figures["map"], counts=run.step > warm_up(request.steps))
        say("evaluation", step=run.step, map=figures["map"], map_50=figures["map50"], best=best)
    else:
        run.take(float(run.step))
    run.save()


def precision(find: Find, some: Examples, labels: dict[str, int]) -> dict[str, float]:
    """COCO's mAP on examples; nothing where these hold no box."""
    truth = [Truth(rows[:, :4], rows[:, 4].astype(np.int64) + 1) for rows in some.boxes]
    if not any(len(one.classes) for one in truth):
        return {}
    pairs = list(zip(truth, map(find, some.pictures), strict=True))
    return average_precision(pairs, sorted(labels.values()))


def test(request: Request, say: Say) -> None:
    """Measure the best weights on the test pictures."""
    weights = best_weights(Path(request.run))
    find = finder({name: tf.constant(value) for name, value in weights.items()})
    if figures := precision(find, examples(request.test), request.labels):
        say("final", map=figures["map"], map_50=figures["map50"])


def best_weights(run: Path) -> Folded:
    """The best weights of a training."""
    with np.load(run / BEST) as stored:
        return {name: stored[name] for name in stored if name != "step"}


def _export(asked: Export) -> None:
    names = {number: label for label, number in asked.labels.items()}
    labels = [names.get(number, "(no label)") for number in range(1, max(names) + 1)]
    weights, folder = best_weights(Path(asked.run)), Path(asked.folder)
    export(weights, folder, asked.steps, asked.name, labels, **_training(asked))


def _training(asked: Export) -> dict[str, Any]:
    """What pipeline.config tells of the training."""
    return {
        "batch_size": asked.batch_size,
        "rate": asked.rate or PEAK_RATE,
        "warm_up": warm_up(asked.planned or asked.steps),
        "parent": asked.parent,
    }


def main() -> int:
    stop: list[int] = []
    for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
        signal.signal(number, lambda number, _frame: stop.append(number))
    channel = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes to the log

    def say(kind: str, **values: object) -> None:
        try:
            os.write(channel, json.dumps({"kind": kind, **values}).encode() + b"\n")
        except OSError:  # whoever started this is gone
            stop.append(signal.SIGTERM)

    try:
        asked = json.loads(Path(sys.argv[1]).read_bytes())
        if asked.pop("verb") == "export":
            _export(Export(**asked))
            reason = "steps"
        else:
            request = Request(**asked)
            reason = train(request, say, lambda: bool(stop))
            if reason in ("steps", "patience"):
                test(request, say)
    except Exception as error:  # TensorFlow's own among them; the whole story is in the log
        traceback.print_exc()
        say("fault", why=str(error).strip().partition("\n")[0] or type(error).__name__)
        return 1
    say("end", reason=reason)
    return 128 + stop[0] if reason == "signal" else int(reason == "nan")


if __name__ == "__main__":
    sys.exit(main())
