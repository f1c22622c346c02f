"""In TensorFlow's process: one network, on many pictures, and how long it takes.

A picture is timed from its pixels in memory to its boxes in memory, as a batch of one. The first
run on each picture is not counted: TensorFlow prepares itself for the network, and for each size.
A network that can't be run or answers with NaN, and a picture that changed, are a FaultError.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tasks.config.types import Signature
from tasks.inference import machine, saved_model
from tasks.inference.channel import FaultError, Updates
from tasks.inference.input_picture import LoadedPicture, open_picture
from tasks.inference.measuring import MeasureReply, MeasureRequest, PictureTimed
from tasks.inference.results import Figures, Latency, PictureResult, Rows

MOST = 100
"""Detections kept of a picture: COCO's average precision counts no more."""
RUNS = 30
LEAST_RUNS = 5
BUDGET = 60.0
"""Seconds after which no further run is timed, if there were `LEAST_RUNS`."""

_kept: dict[tuple[str, Signature], saved_model.Loaded] = {}  # one at most: `MeasureRequest.keep`


def handle(body: bytes, updates: Updates) -> MeasureReply:
    """Run the network of a request; what is found on each picture is sent at once."""
    import tensorflow as tf

    request = msgspec.json.decode(body, type=MeasureRequest)
    warm_up()
    kept = _kept.get((request.folder, request.signature)) if request.keep else None
    _kept.clear()
    machine.reset_peak_memory()
    before = machine.used_memory()
    if kept is None:
        updates.phase("load")
    loaded, load = saved_model.timed(lambda: kept or _load(tf, request))
    if request.keep:
        _kept[request.folder, request.signature] = loaded
    runner = Runner(tf, loaded, request.signature)
    updates.phase("time")
    timed = runner.time(request.sample, updates) if request.sample else None
    peak = machine.peak_memory()
    updates.phase("detect")
    for path, sha256 in request.pictures:
        updates.partial(runner.detect(path, sha256))
    if timed is None:
        return MeasureReply(None)
    first, latency = timed
    grown = None if peak is None or before is None else max(0, peak - before)
    return MeasureReply(
        Figures(
            load=load,
            first=first,
            latency=latency,
            peak_memory=peak,
            grown_memory=grown,
            machine=machine.this_machine(tf),
            measured=datetime.date.today().isoformat(),
        )
    )


def _load(tf: Any, request: MeasureRequest) -> saved_model.Loaded:
    return saved_model.load(tf, Path(request.folder, "saved_model"), request.signature)


@cache
def warm_up() -> None:
    """Let TensorFlow make itself ready, once in a process: no network shall pay for it."""
    import tensorflow as tf

    kernel = tf.ones([3, 3, 3, 3])
    blur = tf.function(lambda picture: tf.nn.conv2d(picture, kernel, 1, "SAME"), autograph=False)
    for _ in range(2):
        blur(tf.zeros([1, 64, 64, 3])).numpy()


class Runner:
    """Runs a loaded network on pictures."""

    def __init__(self, tf: Any, loaded: saved_model.Loaded, signature: Signature) -> None:
        self._tf, self._loaded, self._signature = tf, loaded, signature

    def detect(self, path: str, sha256: str) -> PictureResult:
        """What the network finds on a picture."""
        try:
            picture = open_picture(Path(path))
        except FaultError as fault:
            return PictureResult(sha256, fault=fault.why)
        if picture.info.sha256 != sha256:
            why = f"{path} changed while the networks were run"
            raise FaultError(why, "run doit again", transient=True)
        answer, _ = self._run(picture)
        return PictureResult(sha256, rows(saved_model.detections_in(answer, self._signature)))

    def time(self, sample: tuple[str, ...], updates: Updates) -> tuple[float, Latency]:
        """Seconds of the very first run, and the latency.

        Each picture is run again and again while it is in memory: pictures of many megapixels are
        many bytes, and would count as the network's.
        """
        began, times, first, used = time.perf_counter(), list[float](), 0.0, 0
        for path in sample:
            if len(times) >= LEAST_RUNS and time.perf_counter() - began > BUDGET:
                break
            updates.partial(PictureTimed())
            try:
                picture = open_picture(Path(path))
            except FaultError:
                continue  # `detect` reports it
            _, cold = self._run(picture)
            first = first or cold
            used += 1
            times += self._again(picture, -(-RUNS // len(sample)), began)
        if not times:
            raise FaultError("there is no picture to time it on", "see the pictures' own faults")
        low, median, high = np.percentile(times, (10, 50, 90)).tolist()
        return first, Latency(median=median, low=low, high=high, runs=len(times), pictures=used)

    def _again(self, picture: LoadedPicture, times: int, began: float) -> Iterator[float]:
        for number in range(times):
            if number >= LEAST_RUNS and time.perf_counter() - began > BUDGET:
                return
            yield self._run(picture)[1]

    def _run(self, picture: LoadedPicture) -> tuple[saved_model.Arrays, float]:
        return saved_model.run(self._tf, self._loaded, picture.pixels)


def rows(found: saved_model.Detections) -> Rows:
    """The best detections."""
    boxes, scores, classes = (a[:MOST] for a in (found.boxes, found.scores, found.classes))
    if not all(np.isfinite(values).all() for values in (boxes, scores, classes)):
        raise FaultError("it answers with NaN or infinity", "`doit smoke` says more")
    columns = zip(classes.tolist(), scores.tolist(), boxes.tolist(), strict=True)
    return tuple((int(number), score, tuple(box)) for number, score, box in columns)
