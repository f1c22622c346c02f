"""What smoke asks of the TensorFlow process, and what comes back."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tasks.config.types import Expectation, Signature
from tasks.inference.messages import Checkpoint, PictureInfo, Tensor


class SmokeRequest(Struct, frozen=True, kw_only=True):
    """Run one network.

    Attributes:
        network: its name.
        folder: where it lies.
        saved_model: false if only the checkpoint can be read.
        checkpoint: path of the checkpoint's prefix below `folder`; "" if it has none.
        signature: how its inputs and outputs are called.
        labels: class id → label; empty if they are not known.
        picture: path of the picture, or "" to draw the scene of the seed `scene`.
        expect: what must be found; None to ask for nothing.
        scene_labels: whether the network must find a digit of the scene where it is.
        unasked: why nothing, or less, is asked of the labels; "" if there is nothing to say.
    """

    network: str
    folder: str
    saved_model: bool = True
    checkpoint: str = ""
    signature: Signature = Signature()
    labels: dict[int, str] = {}
    picture: str = ""
    scene: int = 0
    expect: Expectation | None = None
    scene_labels: bool = False
    unasked: str = ""


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


class SmokeReply(Struct, frozen=True, kw_only=True):
    """What came of a trial.

    Attributes:
        drawn: the picture with its boxes as PNG; empty if there is none.
        summary: one line.
    """

    report: Report
    drawn: bytes = b""
    summary: str = ""
