"""A measured project, made up: pictures, detections of two networks, and their figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import msgspec
from msgspec.structs import replace
from PIL import Image

from tasks.config.types import Config, Network, Project
from tasks.core import receipts
from tasks.core.paths import Workspace
from tasks.inference.machine import Machine
from tasks.inference.report import Check, Checkpoint, Report, SmokeReceipt, Tensor
from tasks.inference.results import (
    Accuracy,
    ClassAccuracy,
    Comparison,
    Detection,
    Figures,
    GroundTruth,
    Latency,
    PictureDetections,
    Place,
    Result,
)
from tasks.pipeline.job import ProjectJob, Silent
from tasks.pipeline.receipts import ExtractReceipt
from tasks.training.history import Row, to_csv
from tasks.training.receipt import TrainReceipt

SSD, RCNN = "ssd_small_320x320", "faster_rcnn_large_640x640"
EXPORT = f"cube_faces-{SSD}"  # what came of the training of SSD
LABELS = ("one", "two")
MACHINE = Machine(
    processor="Example CPU 3000",
    device="CPU",
    threads=2,
    memory=8_300_000_000,
    system="Linux x86_64",
    python="3.11.9",
    tensorflow="2.21.0",
)
NETWORKS = {
    SSD: Network(
        name=SSD,
        title="SSD Small 320x320",
        family="SSD",
        sources=("https://example.org/ssd.tar.gz",),
        speed_ms=19,
        map_boxes=20.2,
        input_size=(320, 320),
        resizer="fixed_shape",
        labels=LABELS,
        licence="Apache-2.0",
    ),
    RCNN: Network(
        name=RCNN,
        title="Faster R-CNN Large 640x640",
        family="Faster R-CNN",
        sources=("https://example.org/rcnn.tar.gz", "archives/rcnn.tar.gz"),
        speed_ms=53,
        map_boxes=29.3,
        input_size=(640, 640),
        resizer="keep_aspect_ratio",
        labels=LABELS,
        licence="Apache-2.0",
        notes=("Its archive holds no pipeline.config of its own size.",),
    ),
}


def figures(median: float = 0.0123, *, machine: Machine = MACHINE) -> Figures:
    latency = Latency(median=median, low=median * 0.94, high=median * 1.3, runs=30, pictures=10)
    return Figures(
        load=median * 80,
        first=median * 30,
        latency=latency,
        peak_memory=612_000_000,
        grown_memory=104_000_000,
        machine=machine,
        measured="2026-11-27",
    )


def accuracy(value: float = 0.87, labels: Sequence[str] = LABELS) -> Accuracy:
    classes = tuple(ClassAccuracy(one, value - 0.01, min(1.0, value + 0.1), 12) for one in labels)
    return Accuracy(
        map=value,
        map_50=min(1.0, value + 0.11),
        classes=classes,
        pictures=9,
        boxes=24,
        pycocotools="2.0.11",
    )


def measured(network: str = SSD, **fields: object) -> Result:
    usual: dict[str, object] = {
        "figures": figures(),
        "found": 3,
        "accuracy": accuracy(),
        "size": 1_900_000,
        "tree": "7d" * 32,
        "archive_sha256": "a0" * 32,
    }
    return Result(network=network, status="measured", **{**usual, **fields})  # type: ignore[arg-type]


def comparison(*results: Result, **fields: object) -> Comparison:
    usual: dict[str, object] = {
        "project": "cube_faces",
        "pictures": 2,
        "annotated": 2,
        "drawn": False,
        "results": results or (measured(SSD), measured(RCNN, figures=figures(0.48))),
    }
    return Comparison(**{**usual, **fields})  # type: ignore[arg-type]


def sight(
    name: str = "a.png",
    *,
    truth: tuple[GroundTruth, ...] | None = (GroundTruth("one", (0.1, 0.1, 0.5, 0.5)),),
    size: tuple[int, int] = (64, 48),
    found: dict[str, tuple[Detection, ...]] | None = None,
) -> PictureDetections:
    """A picture under images/test; `found` by network."""
    detections = found or {SSD: (Detection("one", 0.91, (0.1, 0.1, 0.5, 0.5)),), RCNN: ()}
    path = f"cube_faces/images/test/{name}"
    return PictureDetections(name=name, path=path, size=size, truth=truth, found=detections)


def trained(job: ProjectJob) -> ProjectJob:
    """The job after a training of `SSD` that was exported: its history, its receipt, its entry."""
    parent, name, project = NETWORKS[SSD], f"{job.name}:{SSD}", job.project
    export = replace(
        parent, name=EXPORT, title=f"{parent.title}, fine-tuned", parent=SSD, project=job.name
    )
    rows = [
        Row(time=n, step=n, loss=1 - n / 100, losses={"box_loss": 0.4 - n / 200}, rate=0.01)
        for n in range(10, 90, 10)
    ]
    rows += [Row(time=n, step=n, map=0.5 + n / 1000, map_50=0.8) for n in (20, 40, 60)]
    path = job.workspace.training_results(name) / "history.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_csv(sorted(rows, key=lambda row: row.step)))
    receipt = TrainReceipt(
        definition="d",
        asked=80,
        steps=80,
        best_step=60,
        map=0.56,
        map_50=0.8,
        trained=48,
        held_out=12,
    )
    receipts.write(job.workspace.receipt("train", name), receipt)
    config = Config(networks={**job.config.networks, EXPORT: export}, projects=job.config.projects)
    return replace(job, config=config, project=replace(project, exports=(EXPORT,)))


def job_of(
    workspace: Workspace, *networks: str, known: dict[str, Network] | None = None
) -> ProjectJob:
    """The job that compares these networks in a project of two labels."""
    names = networks or (SSD, RCNN)
    project = Project(name="cube_faces", labels=LABELS, networks=names)
    config = Config(networks=known or NETWORKS, projects={"cube_faces": project})
    return ProjectJob(config, workspace, project=project)


def seeing(
    *all_of_them: PictureDetections,
) -> Callable[[ProjectJob, Sequence[str] | None], Iterator[PictureDetections]]:
    """What stands in for the measurement's own notes."""

    def sights(job: ProjectJob, names: Sequence[str] | None) -> Iterator[PictureDetections]:
        by_name = {one.name: one for one in all_of_them}
        yield from all_of_them if names is None else (by_name[name] for name in names)

    return sights


def leave(job: ProjectJob, left: Comparison, *sights: PictureDetections) -> None:
    """Have the measurement done: its receipt, comparison.json, and the pictures."""
    place = job.workspace.comparison(job.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(msgspec.json.encode(left))
    receipts.write(job.workspace.receipt("measure", job.name), receipts.Receipt(definition="d"))
    for one in sights:
        path = job.workspace.root / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(png(one.size))


@cache
def png(size: tuple[int, int] = (64, 48)) -> bytes:
    stream = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(stream, "PNG")
    return stream.getvalue()


def make(job: ProjectJob, left: Comparison, *sights: PictureDetections) -> str:
    """The page's HTML."""
    from tasks.compare import step

    leave(job, left, *sights)
    step.make(job, seeing(*sights), Silent())
    return job.workspace.comparison_page(job.name).read_text(encoding="utf-8")


def render(networks: dict[str, Network], left: Comparison, *sights: PictureDetections) -> str:
    """The same with nothing on any disk: no file system and no JSON holds every name."""
    from tasks.compare.inputs import PageInputs, known_labels
    from tasks.compare.page import page_of, render
    from tasks.compare.summary import summarize
    from tasks.pages.thumbnails import from_bytes

    inputs = PageInputs(
        comparison=left,
        networks=networks,
        builds={},
        summary=summarize(sights, LABELS, known_labels(left.results)),
        pictures=tuple((one, from_bytes(png())) for one in sights),
        tree=("p/",),
    )
    return render(page_of(inputs)).decode("utf-8")


def built(workspace: Workspace, network: str, *checks: Check) -> None:
    """What extract and smoke leave of a network."""
    receipts.write(workspace.receipt("extract", network), ExtractReceipt(definition="d"))
    receipts.write(workspace.receipt("smoke", network), SmokeReceipt(definition="d"))
    report = Report(
        network=network,
        checks=checks or (Check("loads", "passed"), Check("finds", "passed", "one 0.98")),
        inputs=(Tensor("input_tensor", "uint8", (1, None, None, 3)),),
        outputs=(Tensor("detection_boxes", "float32", (1, 100, 4)),),
        checkpoint=Checkpoint(412, 28_300_000),
        tensorflow="2.21.0",
    )
    place = workspace.smoke_json(network)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(msgspec.json.encode(report))


def believable(
    truth: Sequence[GroundTruth],
    chance: random.Random,
    *,
    noise: float,
    missed: float,
    labels: Sequence[str],
) -> tuple[Detection, ...]:
    """Detections as a network makes them: most objects, somewhat off, and some of nothing."""
    found = []
    for mark in truth:
        if chance.random() > missed:
            score = min(0.999, max(0.06, chance.gauss(0.9 - 2 * noise, 0.12)))
            wrong = chance.random() < noise
            label = chance.choice(labels) if wrong else mark.label
            found.append(Detection(label, score, _moved(mark.place, chance, noise)))
    for _ in range(chance.randrange(1, 7)):
        y, x = chance.random() * 0.8, chance.random() * 0.8
        place = (y, x, y + 0.05 + chance.random() * 0.15, x + 0.05 + chance.random() * 0.15)
        score = chance.random() ** 3 * 0.62 + 0.02
        found.append(Detection(chance.choice(labels), score, place))
    return tuple(sorted(found, key=lambda one: -one.score))


def _moved(place: Place, chance: random.Random, noise: float) -> Place:
    height, width = place[2] - place[0], place[3] - place[1]
    y0, x0, y1, x1 = (
        edge + chance.gauss(0, noise) * side
        for edge, side in zip(place, (height, width, height, width), strict=True)
    )
    return y0, x0, y1, x1


def annotated_places(xml: Path) -> tuple[GroundTruth, ...]:
    """What labelImg's XML marks."""
    from tasks.annotations.voc import read_annotation

    read = read_annotation(xml.read_bytes())
    assert read.size is not None
    width, height = read.size
    return tuple(
        GroundTruth(b.label, (b.ymin / height, b.xmin / width, b.ymax / height, b.xmax / width))
        for b in read.boxes
    )
