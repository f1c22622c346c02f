"""One network, examined: what a trial asks for, in its trial, and the report of it."""

from __future__ import annotations

import io
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from tasks.inference import inference, memory, outputs
from tasks.inference.machine import processors
from tasks.inference.messages import Checkpoint, Talk
from tasks.inference.pictures import Subject, draw_scene, open_picture, other_shape
from tasks.inference.report import Check, Detection, Examined, Report, Seconds, Trial
from tasks.smoke import checks
from tasks.smoke.draw import LEAST_SCORE, MOST_BOXES, Box, draw

SCENE_SIZE = (640, 480)
MOST_DETECTIONS = 100

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of running a network."""

    loaded: inference.Loaded
    detections: outputs.Found
    checks: tuple[Check, ...]
    seconds: dict[str, float] = field(default_factory=dict)


def handle(body: bytes, talk: Talk) -> Examined:
    """Carry out a trial; see `engine.messages.Order`.

    Raises:
        FaultError: as `examine`.
    """
    return examine(msgspec.json.decode(body, type=Trial), talk.phase)


def examine(trial: Trial, tell: Tell) -> Examined:
    """Run the network of a trial and read its checkpoint; `tell` hears each phase.

    Raises:
        FaultError: it can't be run, or not be asked anything; checks that fail are in the report.
    """
    import tensorflow as tf

    memory.forget_peak()
    if not trial.saved_model:
        return _checkpoint_only(tf, trial, tell)
    subject = _subject(trial)
    tell("load")
    began = time.perf_counter()
    folder = Path(trial.folder)
    loaded = inference.load(tf, folder / "saved_model", trial.signature)
    load_seconds = time.perf_counter() - began
    tell("run")
    ran = _run(tf, trial, loaded, subject)
    ran.seconds["load"] = load_seconds
    tell("read the checkpoint")
    checkpoint, ran.seconds["checkpoint"] = inference.timed(lambda: _checkpoint(tf, trial))
    return _answer(tf, trial, subject, ran, checkpoint)


def _checkpoint_only(tf: Any, trial: Trial, tell: Tell) -> Examined:
    tell("read the checkpoint")
    checkpoint, seconds = inference.timed(lambda: _checkpoint(tf, trial))
    skipped = Check("inference", "skipped", "no SavedModel: inference not applicable")
    report = Report(
        network=trial.network,
        applicable=False,
        checks=(skipped, *_checkpoint_checks(checkpoint)),
        checkpoint=checkpoint,
        seconds=Seconds(checkpoint=seconds),
        **_surroundings(tf),
    )
    read = f"{checkpoint.tensors} tensors read" if checkpoint else "no checkpoint"
    return Examined(report=report, summary=f"{skipped.detail}; {read}")


def _subject(trial: Trial) -> Subject:
    if trial.picture:
        return open_picture(Path(trial.picture))
    return draw_scene(trial.scene, SCENE_SIZE)


def _run(tf: Any, trial: Trial, loaded: inference.Loaded, subject: Subject) -> Ran:
    clock = time.perf_counter
    first, first_seconds = inference.run(tf, loaded, subject.pixels, clock)
    again, warm_seconds = inference.run(tf, loaded, subject.pixels, clock)
    classes = inference.number_of_classes(Path(trial.folder) / "pipeline.config")
    detections = outputs.found(first, trial.signature)
    asked = [
        *checks.sound(first, trial.signature, classes),
        checks.repeated(detections, outputs.found(again, trial.signature)),
        _other_shape(tf, trial, loaded, subject, classes),
        *_label_checks(trial, subject, detections),
    ]
    return Ran(loaded, detections, tuple(asked), {"first": first_seconds, "warm": warm_seconds})


def _other_shape(
    tf: Any, trial: Trial, loaded: inference.Loaded, subject: Subject, classes: int | None
) -> Check:
    """Whether a picture of another shape gives sound outputs, too."""
    name = "picture of another shape"
    if not loaded.any_size:
        return Check(name, "skipped", "its input has one size only")
    answer, _ = inference.run(tf, loaded, other_shape(subject.pixels), time.perf_counter)
    failed = [c for c in checks.sound(answer, trial.signature, classes) if c.result == "failed"]
    return checks.passed(name, "; ".join(f"{check.name}: {check.detail}" for check in failed))


def _label_checks(trial: Trial, subject: Subject, detections: outputs.Found) -> Iterator[Check]:
    if trial.unasked:
        yield Check("labels", "skipped", trial.unasked)
    if trial.expect:
        yield checks.expected(detections, trial.labels, trial.expect)
    if trial.scene_labels:
        hits, known = _hits(trial, subject, detections)
        fault = "" if hits or not known else "none of the scene's digits was found where it is"
        yield checks.passed("finds digits where they are", fault, f"{hits} of {known}")


def _hits(trial: Trial, subject: Subject, detections: outputs.Found) -> tuple[int, int]:
    assert subject.boxes is not None
    least = trial.expect.score if trial.expect else LEAST_SCORE
    hits = checks.right(detections, trial.labels, subject.boxes, subject.names, least)
    return hits, len(subject.names)


def _checkpoint(tf: Any, trial: Trial) -> Checkpoint | None:
    if not trial.checkpoint:
        return None
    return inference.read_checkpoint(tf, Path(trial.folder, trial.checkpoint))


def _checkpoint_checks(checkpoint: Checkpoint | None) -> tuple[Check, ...]:
    if checkpoint is None:
        return (Check("checkpoint", "skipped", "it has none"),)
    return (Check("checkpoint", "passed", f"all {checkpoint.tensors} tensors read"),)


def _answer(
    tf: Any, trial: Trial, subject: Subject, ran: Ran, checkpoint: Checkpoint | None
) -> Examined:
    listed = tuple(_listed(trial, subject, ran.detections))
    drawn = sum(detection.drawn for detection in listed)
    report = Report(
        network=trial.network,
        picture=subject.shown,
        detections=listed,
        found=len(ran.detections.scores),
        left_out=len(ran.detections.scores) - drawn,
        checks=ran.checks + _checkpoint_checks(checkpoint),
        inputs=ran.loaded.inputs,
        outputs=ran.loaded.outputs,
        seconds=Seconds(**ran.seconds),
        checkpoint=checkpoint,
        **_surroundings(tf),
    )
    summary = f"{_told(trial, subject, ran.detections, listed)}; {_times(report.seconds)}"
    return Examined(report=report, drawn=_png(subject, listed), summary=summary)


def _listed(trial: Trial, subject: Subject, found: outputs.Found) -> Iterator[Detection]:
    """The best detections, those with drawn boxes marked."""
    width, height = subject.shown.size
    unit = np.array([height, width, height, width])
    rows = zip(found.boxes, found.scores, found.classes, strict=True)
    for number, (box, score, class_id) in enumerate(rows):
        if number == MOST_DETECTIONS or not np.isfinite([*box, score, class_id]).all():
            return
        y0, x0, y1, x1 = (float(value) for value in box)
        py0, px0, py1, px1 = (int(value) for value in np.rint(box * unit))
        yield Detection(
            label=trial.labels.get(int(class_id), str(int(class_id))),
            id=int(class_id),
            score=round(float(score), 4),
            box=(round(y0, 5), round(x0, 5), round(y1, 5), round(x1, 5)),
            pixels=(py0, px0, py1, px1),
            drawn=bool(score >= LEAST_SCORE and number < MOST_BOXES),
        )


def _png(subject: Subject, detections: tuple[Detection, ...]) -> bytes:
    boxes = [Box(d.label, d.id, d.score, d.box) for d in detections if d.drawn]
    buffer = io.BytesIO()
    draw(Image.fromarray(subject.pixels), boxes).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _told(
    trial: Trial, subject: Subject, found: outputs.Found, listed: tuple[Detection, ...]
) -> str:
    """What was found, in a few words."""
    drawn = [f"{d.label} {d.score:.2f}" for d in listed if d.drawn]
    shown = ", ".join(drawn[:4]) + (", …" if len(drawn) > 4 else "")
    if trial.scene_labels:
        hits, known = _hits(trial, subject, found)
        return f"{hits} of {known} digits found: {shown or 'none'}"
    if drawn:
        return f"{len(drawn)} {'box' if len(drawn) == 1 else 'boxes'}: {shown}"
    best = f" (best: {listed[0].label} {listed[0].score:.2f})" if listed else ""
    return f"no box scores {LEAST_SCORE} or more{best}"


def _times(seconds: Seconds) -> str:
    assert seconds.load is not None
    assert seconds.warm is not None
    warm = f"{seconds.warm * 1000:.0f} ms" if seconds.warm < 1 else f"{seconds.warm:.1f} s"
    return f"load {seconds.load:.1f} s, warm {warm}"


def _surroundings(tf: Any) -> dict[str, Any]:
    return {
        "threads": processors(),
        "peak_memory": memory.peak(),
        "tensorflow": tf.__version__,
        "python": platform.python_version(),
    }
