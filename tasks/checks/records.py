"""Record files: whole, and in agreement with the label map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import nan
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations.annotated import flaw
from tasks.annotations.label_map import LabelMap
from tasks.annotations.record_state import why_record_stale
from tasks.annotations.voc import plain
from tasks.checks.finding import Finding, error, ok, warning
from tasks.checks.pictures import SplitReport
from tasks.core import receipts
from tasks.core.files import is_file, open_file
from tasks.core.ownership import path_state
from tasks.core.spelling import spelled, suggestion
from tasks.core.text import count, shortened
from tasks.formats.tf_record import Feature, decode_example, read_frames
from tasks.pipeline.job import ProjectJob

Features = Mapping[str, Feature]
LONGEST = 200  # characters of a label that are looked at for a message
EDGES = ("xmin", "ymin", "xmax", "ymax")


class Read(Struct):
    """What a record file holds."""

    examples: int = 0
    boxes: int = 0
    faults: list[str] = field(default_factory=list)


def findings(job: ProjectJob, report: SplitReport, labels: LabelMap) -> Iterator[Finding]:
    """The row of one record file."""
    path = job.workspace.record_file(job.name, report.split)
    again = f"run `doit records:{job.name}`"
    if path.exists() and not is_file(path):
        yield error(path.name, "is not a file", f"move it away and {again}")
        return
    try:
        with open_file(path) as file:
            read = contents(read_frames(file), labels.ids)
    except FileNotFoundError:
        if report.found.is_annotated:
            yield error(path.name, "is not there yet", again)
        return
    except OSError as failure:
        yield error(path.name, f"can't be read: {failure.strerror}", again)
        return
    except ValueError as fault:
        yield error(path.name, f"is damaged: {fault}", f"remove it and {again}")
        return
    result = f"{count(read.examples, 'picture')}, {count(read.boxes, 'box')}"
    whose = "" if _is_ours(job, path) else "; it is yours"
    if read.faults:
        yield error(path.name, f"{result}{whose}", f"remove it and {again}", read.faults)
    elif not read.examples:
        yield error(path.name, "holds nothing", f"remove it and {again}")
    elif (
        (why := why_record_stale(job, report.split, labels)) is not None
        and report.found.is_annotated
        and not whose
    ):
        yield warning(path.name, f"{result}; but {why}", again)
    else:
        yield ok(path.name, f"{result}, whole{whose}")


def _is_ours(job: ProjectJob, path: Path) -> bool:
    receipt = receipts.read(job.workspace.receipt("records", job.name), receipts.Receipt)
    key = path.relative_to(job.workspace.root).as_posix()
    written = receipt.output(key).written if receipt else ()
    return path_state(job.workspace.root, path).is_ours(written)


def contents(frames: Iterator[bytes], ids: Mapping[str, int]) -> Read:
    """Count and judge all examples.

    Raises:
        ValueError: a frame or an example is damaged.
    """
    read = Read()
    for number, frame in enumerate(frames, 1):
        features = decode_example(frame)
        read.examples += 1
        read.boxes += len(features.get("image/object/bbox/xmin", ()))
        read.faults += [f"picture {number}: {fault}" for fault in faults(features, ids)]
    return read


def faults(features: Features, ids: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with one example."""
    if not any(features.get("image/encoded", ())):
        yield "it holds no picture"
    edges = [features.get(f"image/object/bbox/{edge}", ()) for edge in EDGES]
    labels = features.get("image/object/class/label", ())
    texts = [_text(text) for text in features.get("image/object/class/text", ())]
    lengths = {len(values) for values in (*edges, labels, texts)}
    if len(lengths) > 1:
        yield "it has not as many labels as boxes"
        return
    pixel = (1 / _side(features, "width"), 1 / _side(features, "height"))
    for box in zip(*edges, strict=True):
        xmin, ymin, xmax, ymax = (v if isinstance(v, float) else nan for v in box)
        if what := flaw((xmin, ymin, xmax, ymax), (1, 1), pixel):
            place = f"({plain(xmin)}, {plain(ymin)}) to ({plain(xmax)}, {plain(ymax)})"
            yield f"a box from {place}, in fractions of its picture: {what}"
    for text, number in sorted(set(zip(texts, labels, strict=True)), key=str):
        if text not in ids:
            label = shortened(spelled(text[:LONGEST]))
            yield f"the label {label} is not in the label map{suggestion(text[:LONGEST], ids)}"
        elif ids[text] != number:
            yield f"{spelled(text)} has the id {number!r}, and {ids[text]} in the label map"


def _side(features: Features, side: str) -> int:
    """Width or height in pixels; a great number, which forgives nothing, if it is not result."""
    result = features.get(f"image/{side}", ())
    return result[0] if result and isinstance(result[0], int) and result[0] > 0 else 2**24


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
