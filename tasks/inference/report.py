"""Smoke: what it asks of the TensorFlow process, what comes back, and what it leaves behind for
others to read: smoke.json and the receipt."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from tasks.config.types import Expectation, Signature
from tasks.pipeline.receipts import NetworkReceipt

Shape = tuple[int | None, ...] | None
"""Of a tensor: None in a place where any size goes; None for the whole if the rank is unknown."""


class LabelChecks(Struct, frozen=True, kw_only=True):
    """What is checked of the labels that the network finds.

    Attributes:
        expect: what must be found; None to check for nothing.
        scene: whether a digit of the drawn scene must be found where it is.
        skipped: why nothing, or less, is checked; "" if there is nothing to say.
    """

    expect: Expectation | None = None
    scene: bool = False
    skipped: str = ""


class SmokeRequest(Struct, frozen=True, kw_only=True):
    """Run one network.

    Attributes:
        folder: where it lies.
        saved_model: false if only the checkpoint can be read.
        checkpoint: path of the checkpoint's prefix below `folder`; "" if it has none.
        labels: class id → label; empty if they are not known.
        picture: path of the picture, or "" to draw the scene of the seed `scene`.
    """

    network: str
    folder: str
    saved_model: bool = True
    checkpoint: str = ""
    signature: Signature = Signature()
    labels: dict[int, str] = {}
    picture: str = ""
    scene: int = 0
    label_checks: LabelChecks = LabelChecks()


class Check(Struct, frozen=True):
    """One thing that was asked of the network, and what came of it."""

    name: str
    result: Literal["passed", "failed", "skipped"]
    detail: str = ""


class ReportedDetection(Struct, frozen=True, kw_only=True):
    """One object that the network found.

    Attributes:
        label: its name; the id as text if the network's labels are not known.
        id: class id, from 1.
        score: 0 to 1.
        box: ymin, xmin, ymax, xmax as parts of the picture's height and width.
        pixels: the same in pixels of the picture.
        drawn: whether the box was drawn.
    """

    label: str
    id: int
    score: float
    box: tuple[float, float, float, float]
    pixels: tuple[int, int, int, int]
    drawn: bool


class Tensor(Struct, frozen=True):
    """An input or output of the signature."""

    name: str
    dtype: str
    shape: Shape


class PictureInfo(Struct, frozen=True, kw_only=True):
    """The picture that the network was run on; size is (width, height) in pixels.

    Attributes:
        source: the file's path, or which scene was drawn.
        sha256: of the file; of a drawn scene, of its pixels (RGB, row by row).
        size: upright, as the file has it.
        run_size: as the network got it.
    """

    source: str
    sha256: str
    size: tuple[int, int]
    run_size: tuple[int, int]


class Checkpoint(Struct, frozen=True):
    """What was read of the checkpoint: how many tensors, how many numbers the float ones hold."""

    tensors: int
    parameters: int


class Seconds(Struct, frozen=True, kw_only=True):
    """Wall-clock times; None for what did not happen."""

    load: float | None = None
    first: float | None = None
    warm: float | None = None
    checkpoint: float | None = None


class Report(Struct, frozen=True, kw_only=True):
    """All that came of one run: the content of smoke.json.

    Attributes:
        applicable: false if the network has no SavedModel; then only its checkpoint was read.
        detections: found objects, best first, at most 100.
        left_out: found objects whose boxes were not drawn: of a low score, or too many.
        peak_memory: bytes that the process held at most while it ran this network (where the
            system can't say: since it started; None where it says nothing).
        threads: processors that TensorFlow may use.
        isolation: what kept the network from the rest of the machine (see SECURITY.md).
        worker: name of the worker of a cluster that ran it; absent if this machine did.
    """

    network: str
    applicable: bool = True
    picture: PictureInfo | None = None
    detections: tuple[ReportedDetection, ...] = ()
    found: int = 0
    left_out: int = 0
    checks: tuple[Check, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    seconds: Seconds = Seconds()
    checkpoint: Checkpoint | None = None
    threads: int = 0
    peak_memory: int | None = None
    tensorflow: str = ""
    python: str = ""
    isolation: str = ""
    worker: str | UnsetType = UNSET


class SmokeReply(Struct, frozen=True, kw_only=True):
    """What comes back of a request; `drawn` is the picture with its boxes as PNG."""

    report: Report
    drawn: bytes = b""
    summary: str = ""


class SmokeReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """A network was run.

    Attributes:
        applicable: false for a network that has no SavedModel: only its checkpoint was read.
        tree: digest of the network's tree that was run.
        picture: sha256 of the picture.
        summary: one line for the console.
    """

    applicable: bool = True
    tree: str = ""
    picture: str = ""
    tensorflow: str = ""
    summary: str = ""
