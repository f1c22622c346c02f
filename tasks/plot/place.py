"""Where labels go, so that none covers another, a point or the front. Pure geometry, in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def within(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


class Label(Struct, frozen=True):
    """A text to place: its anchor, its size, and the directions to be tried."""

    x: float
    y: float
    width: float
    height: float
    directions: tuple[int, ...] = ABOVE


class Placed(Struct, frozen=True):
    """Where a label went; `far` if a line should lead to its point."""

    box: Box
    far: bool


def place(
    labels: Sequence[Label], taken: Sequence[Box], frame: Box, reach: float
) -> tuple[Placed | None, ...]:
    """A place for each label in turn, the nearest that is free; None where all is full.

    Args:
        taken: what no label may cover.
        frame: what no label may leave.
        reach: distance of the nearest place from a point's centre.
    """
    boxes, placed = list(taken), list[Placed | None]()
    for label in labels:
        found = _first_free(label, boxes, frame, reach)
        placed.append(found)
        if found is not None:
            boxes.append(found.box)
    return tuple(placed)


def _first_free(label: Label, boxes: Sequence[Box], frame: Box, reach: float) -> Placed | None:
    steps = int((FARTHEST - NEAR) / STEP) + 1
    for distance in (NEAR + STEP * at for at in range(steps)):
        for direction in label.directions:
            box = _box(label, direction, distance * reach)
            if box.within(frame) and not any(box.meets(other) for other in boxes):
                return Placed(box, far=distance > NEAR + STEP)
    return None


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
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        pieces = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / thickness))
        for at in range(pieces + 1):
            x, y = x0 + (x1 - x0) * at / pieces, y0 + (y1 - y0) * at / pieces
            boxes.append(Box(x - half, y - half, x + half, y + half))
    return boxes
