"""What a trainer tells of its work: one JSON object a line on its standard output."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Reason = Literal["steps", "patience", "signal", "nan"]
"""Why a training ended: its steps are done; no measurement was better for too long; it was stopped;
the loss was no longer a number."""


class Message(Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """The base of all."""


class Begin(Message, frozen=True, kw_only=True):
    """The model stands.

    Attributes:
        step: steps done before, in earlier runs.
        steps: of the whole training.
        resumed: it goes on from a checkpoint of its own.
        replicas: devices that train together.
        seconds: that this took.
    """

    step: int
    steps: int
    resumed: bool
    replicas: int = 1
    seconds: float = 0.0


class Step(Message, frozen=True, kw_only=True):
    """Some steps were done.

    Attributes:
        step: the last of them.
        loss: mean of the total loss over them.
        losses: the same of its parts, by name.
        rate: learning rate of the last.
        seconds: that a step took, on average.
    """

    step: int
    loss: float
    losses: dict[str, float] = {}
    rate: float
    seconds: float


class Evaluation(Message, frozen=True, kw_only=True):
    """The network was measured on the pictures held out.

    Attributes:
        map, map_50: COCO's mAP over IoU 0.5 to 0.95, and at 0.5.
        best: it is the best so far, and its weights are kept.
    """

    step: int
    map: float
    map_50: float
    best: bool


class Final(Message, frozen=True, kw_only=True):
    """The best weights were measured on the test pictures, once the training was done."""

    map: float
    map_50: float


class End(Message, frozen=True, kw_only=True):
    """The trainer is done, and its last checkpoint is written."""

    reason: Reason


class Fault(Message, frozen=True, kw_only=True):
    """The trainer could not go on; `why` is one line."""

    why: str


Told: TypeAlias = Begin | Step | Evaluation | Final | End | Fault
