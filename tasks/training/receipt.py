"""The receipt of a training, which `train` writes and `export` reads."""

from __future__ import annotations

from tasks.pipeline.receipts import NetworkReceipt
from tasks.training.messages import Reason


class TrainReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """A network was fine-tuned on a project's pictures.

    Attributes:
        asked: steps that were asked; fewer are done where `patience` ended the training.
        steps: steps that were done.
        ended: why it ended.
        best_step: steps that were done when its best weights were kept.
        map, map_50: mAP of these on the pictures held out; below 0 if none were.
        test_map, test_map_50: the same on the test pictures, measured once, at the end.
        trained, held_out: pictures to learn from, and to measure by.
    """

    asked: int = 0
    steps: int = 0
    ended: Reason = "steps"
    best_step: int = 0
    map: float = -1.0
    map_50: float = -1.0
    test_map: float = -1.0
    test_map_50: float = -1.0
    trained: int = 0
    held_out: int = 0
