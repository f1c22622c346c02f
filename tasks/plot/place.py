"""Where labels go, so that none covers another, a point or the front. Pure geometry, in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

# Directions in the order of preference, degrees anticlockwise from the right: the free half of the
# plot is above the front, on the left.
ABOVE = (180, 150, 120, 210, 90, 60, 30, 0, 240, 330, 270, 300)
BELOW = (330, 300, 0, 270, 240, 30, 210, 60, 90, 180, 120, 150)
NEAR, FARTHEST, STEP = 1.0, 8.0, 0.5


class Box(Struct, frozen=True):
    """A rectangle; y grows upward."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def within(self, other: Box) -> bool:
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top


class Label(Struct, frozen=True):
    """A text to place.

    Attributes:
        x, y: the centre of its point.
        width, height: of the text.
        reach: how near to the centre it may come.
        directions: in which it may lie, the best first.
    """

    x: float
    y: float
    width: float
    height: float
    reach: float
    directions: tuple[int, ...] = ABOVE


class Placed(Struct, frozen=True):
    """Where a label went; `far` if a line should lead to its point."""

    box: Box
    far: bool


def place(labels: Sequence[Label], taken: Sequence[Box], frame: Box) -> tuple[Placed | None, ...]:
    """A place for each label in turn, the nearest that is free; None where all is full.

    Args:
        taken: what no label may cover.
        frame: what no label may leave.
    """
    texts, placed = list[Box](), list[Placed | None]()
    for label in labels:
        found = _first_free(label, taken, texts, frame)
        placed.append(found)
        if found is not None:
            texts.append(found.box)
    return tuple(placed)


def _first_free(
    label: Label, taken: Sequence[Box], texts: Sequence[Box], frame: Box
) -> Placed | None:
    x, y, reach = label.x, label.y, label.reach
    here = Box(x - reach, y - reach, x + reach, y + reach)
    boxes = [*taken, *texts]
    # What a leader must not cross. It begins within its own point, and may leave the front there.
    others = [*(box for box in taken if not box.meets(here)), *texts]
    steps = int((FARTHEST - NEAR) / STEP) + 1
    for distance in (NEAR + STEP * at for at in range(steps)):
        for direction in label.directions:
            box = _box(label, direction, distance * label.reach)
            if not box.within(frame) or any(box.meets(other) for other in boxes):
                continue
            far = distance > NEAR
            line = along([(x, y), leader_end(label, box)], 2) if far else []
            if not any(piece.meets(other) for piece in line for other in others):
                return Placed(box, far)
    return None


def leader_end(label: Label, box: Box) -> tuple[float, float]:
    """Where a line from the label's point meets its text: the nearest place of the box."""
    x = min(max(label.x, box.left), box.right)
    return x, min(max(label.y, box.bottom), box.top)


def _box(label: Label, direction: int, distance: float) -> Box:
    """The label's box when it lies in that direction: its nearest edge is that far away."""
    across, up = math.cos(math.radians(direction)), math.sin(math.radians(direction))
    x, y = label.x + across * distance, label.y + up * distance
    left = x - label.width * (1 - across) / 2
    bottom = y - label.height * (1 - up) / 2
    return Box(left, bottom, left + label.width, bottom + label.height)


def along(points: Sequence[tuple[float, float]], thickness: float) -> list[Box]:
    """Boxes that cover a line from point to point."""
    boxes, half = [], thickness / 2
    for (x0, y0), (x1, y1) in pairwise(points):
        pieces = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / thickness))
        for at in range(pieces + 1):
            x, y = x0 + (x1 - x0) * at / pieces, y0 + (y1 - y0) * at / pieces
            boxes.append(Box(x - half, y - half, x + half, y + half))
    return boxes
