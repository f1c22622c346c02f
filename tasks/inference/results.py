"""What came of running a project's networks on its pictures: figures, and what was found where.

`Comparison` is the content of `results/<project>/comparison.json`. Detections are many, so they
stay in the build's own notes and are read picture by picture (see `notes.detections`).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tasks.inference.machine import Machine

Place = tuple[float, float, float, float]
"""ymin, xmin, ymax, xmax as parts of the upright picture's height and width."""

SURE = 0.5
"""Score from which on a detection is counted as an object that the network claims to see."""


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


class PictureDetections(Struct, frozen=True, kw_only=True):
    """One picture, and what each network saw on it.

    Attributes:
        name: the file's name; `path` is relative to the workspace.
        sha256: of the file, as the networks saw it.
        size: width and height of the upright picture, in pixels.
        truth: annotated objects; None if the picture is not annotated.
        found: network → its detections, best first; a network that failed is not in it.
    """

    name: str
    path: str
    sha256: str = ""
    size: tuple[int, int]
    truth: tuple[GroundTruth, ...] | None
    found: dict[str, tuple[Detection, ...]]
