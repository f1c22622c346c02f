"""Which detections are right: those that have an annotated object of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from tasks.inference.results import Detection, GroundTruth, Place

SAME = 0.5
"""Intersection over union from which on two boxes are of the same object."""


def verdicts(
    found: Sequence[Detection], truth: Sequence[GroundTruth] | None, known: Collection[str]
) -> list[bool | None]:
    """For each detection whether it has an annotated object of its own: same label, IoU 0.5; None
    for a label that is not in `known`, and without annotations. The best detection chooses first,
    so what a lower score adds changes no verdict: they hold for every threshold."""
    if truth is None:
        return [None] * len(found)
    free = list(truth)
    right: list[bool | None] = []
    for one in found:
        if one.label not in known:
            right.append(None)
            continue
        same = [mark for mark in free if mark.label == one.label]
        best = max(same, key=lambda mark: overlap(mark.place, one.place), default=None)
        if best is None or overlap(best.place, one.place) < SAME:
            right.append(False)
        else:
            free.remove(best)
            right.append(True)
    return right


class Tally(Struct, frozen=True):
    """How well a network did on a picture: detections that are right or wrong, objects missed."""

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 if nothing was to be found, or was."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0


def tally(
    found: Sequence[Detection], truth: Sequence[GroundTruth], known: Collection[str]
) -> Tally:
    """What is annotated or found under a label that is not in `known` does not count."""
    judged = verdicts(found, truth, known)
    right = judged.count(True)
    return Tally(right, judged.count(False), sum(m.label in known for m in truth) - right)


def overlap(one: Place, other: Place) -> float:
    """Intersection over union."""

    def area(top: float, left: float, bottom: float, right: float) -> float:
        return max(0.0, bottom - top) * max(0.0, right - left)

    common = area(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
    union = area(*one) + area(*other) - common
    return common / union if union > 0 else 0.0
