"""In TensorFlow's process: run one network, check its outputs, and report."""

from __future__ import annotations

import io
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from PIL import Image

from tasks.inference import machine, saved_model
from tasks.inference.channel import Updates
from tasks.inference.input_picture import LoadedPicture, draw_scene, open_picture, other_shape
from tasks.inference.report import (
    Check,
    Report,
    ReportedDetection,
    Seconds,
    SmokeReply,
    SmokeRequest,
)
from tasks.inference.saved_model import Arrays, Detections, Loaded, detections_in
from tasks.smoke import checks
from tasks.smoke.draw import LEAST_SCORE, MOST_BOXES, draw

SCENE_SIZE = (640, 480)
MOST_DETECTIONS = 100


def handle(body: bytes, updates: Updates) -> SmokeReply:
    """Run the network of a request and read its checkpoint; see `inference.channel.Request`."""
    import tensorflow as tf

    request = msgspec.json.decode(body, type=SmokeRequest)
    machine.reset_peak_memory()
    if request.saved_model:
        reply = _run(tf, request, updates)
        return replace(reply, report=_completed(tf, request, updates, reply.report))
    skipped = Check("inference", "skipped", "no SavedModel: inference not applicable")
    report = Report(network=request.network, applicable=False, checks=(skipped,))
    report = _completed(tf, request, updates, report)
    read = f"{report.checkpoint.tensors} tensors read" if report.checkpoint else "no checkpoint"
    return SmokeReply(report=report, summary=f"{skipped.detail}; {read}")


def _run(tf: Any, request: SmokeRequest, updates: Updates) -> SmokeReply:
    if request.picture:
        picture = open_picture(Path(request.picture))
    else:
        picture = draw_scene(request.scene, SCENE_SIZE)
    updates.phase("load")
    folder = Path(request.folder, "saved_model")
    loaded, load = saved_model.timed(lambda: saved_model.load(tf, folder, request.signature))
    updates.phase("run")
    first, cold = saved_model.run(tf, loaded, picture.pixels)
    again, warm = saved_model.run(tf, loaded, picture.pixels)
    found = detections_in(first, request.signature)
    results = tuple(_checks(tf, request, loaded, picture, first, again))
    detections = tuple(_reported(request, picture, found))
    report = Report(
        network=request.network,
        picture=picture.info,
        detections=detections,
        found=len(found.scores),
        left_out=len(found.scores) - sum(one.drawn for one in detections),
        checks=results,
        inputs=loaded.inputs,
        outputs=loaded.outputs,
        seconds=Seconds(load=load, first=cold, warm=warm),
    )
    times = f"load {load:.1f} s, warm " + (f"{warm * 1000:.0f} ms" if warm < 1 else f"{warm:.1f} s")
    summary = f"{_summary(request, picture, found, detections)}; {times}"
    drawn = draw(Image.fromarray(picture.pixels), [one for one in detections if one.drawn])
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG", compress_level=1)
    return SmokeReply(report=report, drawn=buffer.getvalue(), summary=summary)


def _completed(tf: Any, request: SmokeRequest, updates: Updates, report: Report) -> Report:
    """The report with what the checkpoint holds, and with what it was all measured on."""
    updates.phase("read the checkpoint")
    checkpoint, seconds, check = None, 0.0, Check("checkpoint", "skipped", "it has none")
    if request.checkpoint:
        prefix = Path(request.folder, request.checkpoint)
        checkpoint, seconds = saved_model.timed(lambda: saved_model.read_checkpoint(tf, prefix))
        check = Check("checkpoint", "passed", f"all {checkpoint.tensors} tensors read")
    return replace(
        report,
        checks=(*report.checks, check),
        checkpoint=checkpoint,
        seconds=replace(report.seconds, checkpoint=seconds),
        threads=machine.processors(),
        peak_memory=machine.peak_memory(),
        tensorflow=tf.__version__,
        python=platform.python_version(),
    )


def _checks(
    tf: Any,
    request: SmokeRequest,
    loaded: Loaded,
    picture: LoadedPicture,
    first: Arrays,
    again: Arrays,
) -> Iterator[Check]:
    """All checks of what the network answered to the same picture twice."""
    signature, labels = request.signature, request.label_checks
    classes = saved_model.number_of_classes(Path(request.folder) / "pipeline.config")
    found = detections_in(first, signature)
    yield from checks.check_outputs(first, signature, classes)
    yield checks.check_repeat(found, detections_in(again, signature))
    name = "picture of another shape"
    if loaded.any_size:
        outputs, _ = saved_model.run(tf, loaded, other_shape(picture.pixels))
        others = checks.check_outputs(outputs, signature, classes)
        faults = [f"{each.name}: {each.detail}" for each in others if each.result == "failed"]
        yield checks.check(name, "; ".join(faults))
    else:
        yield Check(name, "skipped", "its input has one size only")
    if labels.skipped:
        yield Check("labels", "skipped", labels.skipped)
    if labels.expect:
        yield checks.check_expected(found, request.labels, labels.expect)
    if labels.scene:
        hits, known = _hits(request, picture, found)
        fault = "" if hits or not known else "none of the scene's digits was found where it is"
        yield checks.check("finds digits where they are", fault, f"{hits} of {known}")


def _hits(request: SmokeRequest, picture: LoadedPicture, found: Detections) -> tuple[int, int]:
    """How many of the scene's digits were found, and how many there are."""
    assert picture.boxes is not None
    expect = request.label_checks.expect
    least = expect.score if expect else LEAST_SCORE
    hits = checks.count_hits(found, request.labels, picture.boxes, picture.names, least)
    return hits, len(picture.names)


def _reported(
    request: SmokeRequest, picture: LoadedPicture, found: Detections
) -> Iterator[ReportedDetection]:
    """The best detections, those with drawn boxes marked."""
    width, height = picture.info.size
    unit = np.array([height, width, height, width])
    rows = zip(found.boxes, found.scores, found.classes, strict=True)
    for number, (box, score, class_id) in enumerate(rows):
        if number == MOST_DETECTIONS or not np.isfinite([*box, score, class_id]).all():
            return
        y0, x0, y1, x1 = (round(float(value), 5) for value in box)
        py0, px0, py1, px1 = (int(value) for value in np.rint(box * unit))
        yield ReportedDetection(
            label=request.labels.get(int(class_id), str(int(class_id))),
            id=int(class_id),
            score=round(float(score), 4),
            box=(y0, x0, y1, x1),
            pixels=(py0, px0, py1, px1),
            drawn=bool(score >= LEAST_SCORE and number < MOST_BOXES),
        )


def _summary(
    request: SmokeRequest,
    picture: LoadedPicture,
    found: Detections,
    detections: Sequence[ReportedDetection],
) -> str:
    """What was found, in a few words."""
    drawn = [f"{one.label} {one.score:.2f}" for one in detections if one.drawn]
    best = ", ".join(drawn[:4]) + (", …" if len(drawn) > 4 else "")
    if request.label_checks.scene:
        hits, known = _hits(request, picture, found)
        return f"{hits} of {known} digits found: {best or 'none'}"
    if drawn:
        return f"{len(drawn)} {'box' if len(drawn) == 1 else 'boxes'}: {best}"
    first = f" (best: {detections[0].label} {detections[0].score:.2f})" if detections else ""
    return f"no box scores {LEAST_SCORE} or more{first}"
