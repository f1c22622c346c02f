"""Measure: what it leaves behind for others to read, and what it saves between two runs.

`Comparison` is the content of `results/<project>/comparison.json`. Detections are many: they are
saved under `.tod/` and read picture by picture (see `detections`). What is saved holds for this
machine and this workspace only. A network's measurements stand under the digest of all that its
detections depend on; those under another one are dropped. They are saved while the network is at
work, so that one that takes hours goes on where it was stopped.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.core import receipts
from tasks.core.files import human_size, read_file, write_atomic
from tasks.core.receipts import Receipt
from tasks.inference.machine import Machine
from tasks.pipeline.job import ProjectJob

Place = tuple[float, float, float, float]
"""ymin, xmin, ymax, xmax as parts of the upright picture's height and width."""

SURE = 0.5
"""Score from which on a detection counts as found."""


class Latency(Struct, frozen=True, kw_only=True):
    """Wall-clock seconds of one picture, from pixels in memory to boxes in memory, batch of one.

    Attributes:
        median: of the warm runs; `low` and `high` are the tenth and ninetieth percentile.
        runs: how many there were, over how many `pictures`; first runs are not among them.
    """

    median: float
    low: float
    high: float
    runs: int
    pictures: int


class Figures(Struct, frozen=True, kw_only=True):
    """What one network took.

    Attributes:
        load: seconds until the SavedModel was in memory.
        first: seconds of the very first picture, which sets TensorFlow up for the network.
        peak_memory: bytes that the process, TensorFlow included, held at most; None if unknown.
        grown_memory: how much of that came with this network; None if unknown.
        measured: the day, as YYYY-MM-DD.
    """

    load: float
    first: float
    latency: Latency
    peak_memory: int | None
    grown_memory: int | None
    machine: Machine
    measured: str


class ClassAccuracy(Struct, frozen=True):
    """Average precision of one label: over IoU 0.5 to 0.95, at 0.5; and how many boxes it has."""

    label: str
    ap: float
    ap_50: float
    boxes: int


class Accuracy(Struct, frozen=True, kw_only=True):
    """COCO's average precision by pycocotools, 0 to 1, over the labels that both sides know.

    Attributes:
        map, map_50: mean over the labels: over IoU 0.5 to 0.95, and at 0.5.
        classes: by label, in the order of their ids.
        pictures, boxes: of the annotations that were compared with.
        unknown: labels of the annotations that the network does not know; not in the means.
        pycocotools: version.
    """

    map: float
    map_50: float
    classes: tuple[ClassAccuracy, ...]
    pictures: int
    boxes: int
    unknown: tuple[str, ...] = ()
    pycocotools: str = ""


class Result(Struct, frozen=True, kw_only=True):
    """One network of the project.

    Attributes:
        status: `failed` if it could not be run, `deferred` if it is not here yet; `why` says why.
        found: detections of score `SURE` or more on all pictures together.
        accuracy: None if it could not be judged; `unscored` then says why, as a clause.
        size: bytes under pre-trained/; 0 if it is not here.
        tree: digest of the extracted tree (`ExtractReceipt.tree`).
        archive_sha256: of the archive that it came from.
    """

    network: str
    status: Literal["measured", "failed", "deferred"]
    why: str = ""
    figures: Figures | None = None
    found: int = 0
    accuracy: Accuracy | None = None
    unscored: str = ""
    size: int = 0
    tree: str = ""
    archive_sha256: str = ""


class Comparison(Struct, frozen=True, kw_only=True):
    """All of a project.

    Attributes:
        pictures: how many the networks were run on.
        annotated: how many of them are annotated.
        drawn: the project has no test pictures yet, and drawn scenes stand in.
        unreadable: pictures that no network could be given, one line each, the file first.
        remarks: what is wrong with annotations that therefore don't count, likewise.
        results: in the order in which the project names its networks.
    """

    project: str
    pictures: int
    annotated: int
    drawn: bool
    unreadable: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()


class GroundTruth(Struct, frozen=True):
    """An annotated object."""

    label: str
    place: Place


class Detection(Struct, frozen=True):
    """An object that a network found; `label` is the id as text where it has no known label."""

    label: str
    score: float
    place: Place


Rows = tuple[tuple[int, float, Place], ...]
"""Detections, best first: class id, score, place."""


class MeasureReceipt(Receipt, frozen=True, kw_only=True):
    """A project's networks were run on its test pictures; those that `failed` may not fail another
    time. `networks` are all that the project names."""

    tensorflow: str = ""
    networks: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class PictureResult(Struct, frozen=True, tag="Seen"):
    """What a network found on one picture; `sha256` is the file's, `fault` says why the picture
    could not be given to it."""

    sha256: str
    rows: Rows = ()
    fault: str = ""


class NetworkMeasurements(Struct, rename={"pictures": "seen"}):
    """What one network found, and how long it took.

    Attributes:
        key: digest of what its detections depend on; see `running.key_of`.
        fault: why it can't be run, which would be the same another time.
        figures: digest of the pictures that it was timed on → what it took; the latest come last.
        pictures: sha256 of a picture → what was found on it.
    """

    key: str = ""
    fault: str = ""
    figures: dict[str, Figures] = {}
    pictures: dict[str, PictureResult] = {}


class ProjectPicture(Struct, frozen=True, kw_only=True):
    """One test picture.

    Attributes:
        name: the file's name; `path` is relative to the workspace.
        sha256: of the file that the networks were run on.
        size: width and height of the upright picture, in pixels.
        truth: what is annotated on it; None if nothing counts as annotated.
    """

    name: str
    path: str
    sha256: str
    size: tuple[int, int]
    truth: tuple[GroundTruth, ...] | None


class PictureDetections(ProjectPicture, frozen=True, kw_only=True):
    """One test picture, and what each network found on it.

    Attributes:
        found: network → its detections, best first; a network that failed is not in it.
    """

    sha256: str = ""
    found: dict[str, tuple[Detection, ...]]


class ProjectPictures(Struct, frozen=True, kw_only=True):
    """The pictures of a project, as they were when its networks were last run on them.

    Attributes:
        files: digest of the names, sizes and times of change of the pictures and their XML; "" if
            nothing is saved.
        drawn: the pictures are drawn scenes.
        unreadable, remarks: as in `Comparison`.
    """

    files: str = ""
    drawn: bool = False
    pictures: tuple[ProjectPicture, ...] = ()
    unreadable: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


LARGEST_SAVED = 256 << 20  # bytes: every box of every picture of a project

S = TypeVar("S", NetworkMeasurements, ProjectPictures)


def load_saved(path: Path, kind: type[S]) -> S:
    """What was saved at `path`; an empty one if it can't be read."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_SAVED), type=kind)
    except (OSError, ValueError):
        return kind()


def save(path: Path, content: NetworkMeasurements | ProjectPictures) -> None:
    """Save it; OSError where it can't be written, or would be more than `load_saved` reads.

    What was found is saved in the order of the pictures' digests: in which order it was found, and
    by whom, changes nothing.
    """
    if isinstance(content, NetworkMeasurements):
        content = replace(content, pictures=dict(sorted(content.pictures.items())))
    encoded = msgspec.json.encode(content)
    if len(encoded) > LARGEST_SAVED:
        why = f"what was found takes more than {human_size(LARGEST_SAVED)}: compare fewer pictures"
        raise OSError(errno.EFBIG, why, str(path))
    write_atomic(path, encoded)


def detections(
    job: ProjectJob, names: Collection[str] | None = None
) -> Iterator[PictureDetections]:
    """The pictures that the networks were last run on, in order, or those of these names alone. A
    network whose measurements were lost is in none of them; `measure.step.why_stale` says so."""
    receipt = receipts.read(job.workspace.receipt("measure", job.name), MeasureReceipt)
    place = job.workspace.network_notes
    networks = {
        name: (_labels(job, name), load_saved(place(name), NetworkMeasurements))
        for name in (receipt.measured if receipt else ())
    }
    project = load_saved(job.workspace.project_notes(job.name), ProjectPictures)
    for picture in project.pictures:
        if names is not None and picture.name not in names:
            continue
        found = {
            network: tuple(
                Detection(labels.get(number, str(number)), score, place)
                for number, score, place in saved.pictures[picture.sha256].rows
            )
            for network, (labels, saved) in networks.items()
            if picture.sha256 in saved.pictures
        }
        yield PictureDetections(**msgspec.structs.asdict(picture), found=found)


def _labels(job: ProjectJob, network: str) -> dict[int, str]:
    entry = job.config.networks.get(network)
    return {n: label for label, n in job.config.label_ids(entry).items()} if entry else {}
