"""Where a box and its label lie on a picture, and how much two of them overlap.

A label and its score stand on a coloured plate at the box's edge. Lengths are in the units of the
drawing: the picture's longer side has `LONGEST` of them. Scores are whole percents, rounded down,
so that a box is shown exactly if its printed score reaches the threshold.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tasks.core.text import printable
from tasks.inference.results import Detection, GroundTruth, Place
from tasks.pages.charts import short

LONGEST = 640
LEAST, SURE = 5, 50
"""Percents: the lowest score that the page can show, and the one that it opens with."""

MOST = 100
"""Boxes of one network on one picture, the best first."""

PLATE = 18.0  # height
MARGIN = 5.0
CHARACTER = 7.8  # of the monospaced font at 13 units
GROWN = 1.6  # how much page.css enlarges plates where a wide picture is small
LABEL = 32
Labels = dict[str, int]
"""label → its number on the page, in the order of the page's list."""

COLOURS = 7
"""In page.css, as `.c0` to `.c6`: Okabe's and Ito's, as on the pictures of smoke runs."""


class Label(Struct, frozen=True):
    """A label of the page: as printed on pictures, its width there, its colour's number."""

    text: str
    width: float
    colour: int


class Frame(Struct, frozen=True):
    """A box: the left upper corner, width and height."""

    x: float
    y: float
    width: float
    height: float


class Position(Struct, frozen=True):
    """Where a plate is fixed: it grows from there to the left if `end`, downwards if `below`."""

    x: float
    y: float
    end: bool
    below: bool

    @property
    def code(self) -> int:
        return self.end + 2 * self.below


class AnnotatedBox(Struct, frozen=True):
    """An annotated object on a picture; `label` is its number."""

    label: int
    frame: Frame
    position: Position


class DetectedBox(Struct, frozen=True):
    """One detection on one picture.

    Attributes:
        label: its number.
        percent: its score.
        right: whether an annotated object is there; None if that can't be said.
    """

    label: int
    percent: int
    frame: Frame
    position: Position
    right: bool | None


def whole_percent(score: float) -> int:
    if not math.isfinite(score):
        return 0
    return max(0, min(100, math.floor(score * 100 + 1e-9)))


def overlap(one: Place, other: Place) -> float:
    """Intersection over union of two boxes, each two opposite corners in any unit."""

    def area(top: float, left: float, bottom: float, right: float) -> float:
        return max(0.0, bottom - top) * max(0.0, right - left)

    common = area(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
    union = area(*one) + area(*other) - common
    return common / union if union > 0 else 0.0


def drawing_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the drawing of a picture of this many pixels."""
    width, height = (max(1, side) for side in size)
    scale = LONGEST / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def frame_of(place: Place, size: tuple[int, int]) -> Frame:
    """The box inside a drawing of `size`; what is beyond the edge is cut off."""
    inside = [min(max(side, 0.0), 1.0) if math.isfinite(side) else 0.0 for side in place]
    top, bottom = sorted(inside[::2])
    left, right = sorted(inside[1::2])
    width, height = size
    x, y = round(left * width, 1), round(top * height, 1)
    return Frame(x, y, round(right * width - x, 1), round(bottom * height - y, 1))


def detected_position(frame: Frame, size: tuple[int, int], plate: float) -> Position:
    """Above the box if there is room, even for a grown plate; else below it; else inside. `plate`
    is its width."""
    x, end = _side(frame, size, plate)
    bottom, has_room = _below(frame, size)
    if frame.y >= PLATE * GROWN:
        return Position(x, frame.y, end, below=False)
    return Position(x, bottom if has_room else frame.y, end, below=True)


def annotated_position(frame: Frame, size: tuple[int, int], plate: float) -> Position:
    """At the lower edge, where few detections have their plate."""
    x, end = _side(frame, size, plate)
    bottom, has_room = _below(frame, size)
    return Position(x, bottom, end, below=has_room)


def _below(frame: Frame, size: tuple[int, int]) -> tuple[float, bool]:
    """The lower edge of a box, and whether there is room for a plate below it."""
    bottom = round(frame.y + frame.height, 1)
    return bottom, bottom + PLATE * GROWN <= size[1]


def _side(frame: Frame, size: tuple[int, int], plate: float) -> tuple[float, bool]:
    """Where a plate is fixed, and whether it grows to the left: at the box's side, towards the
    middle of the picture, and moved as far as it must be to stay whole when it has grown. Of one
    that is wider than the picture the beginning is cut off: the score stands at its end."""
    width, height = size
    whole = plate * (GROWN if width > height else 1)
    end = frame.x + frame.width / 2 > width / 2
    right = min(max(frame.x + frame.width, whole), width)
    return round(right if end else min(frame.x, width - whole), 1), end


def plate_text(label: str) -> str:
    """A label as it is printed on a picture: one line, of bounded length."""
    return short(printable(label), LABEL)


def printed(labels: Iterable[str]) -> tuple[Label, ...]:
    """The labels of a page, in the order of their numbers."""
    texts = map(plate_text, labels)
    return tuple(Label(one, text_width(one), n % COLOURS) for n, one in enumerate(texts))


def text_width(text: str) -> float:
    """Of text in the plates' font; Chinese and the like are twice as wide."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return round((len(text) + wide) * CHARACTER, 1)


def plate_width(label: str, behind: str = "") -> float:
    """Of the plate of a label as it is printed, and of what is printed behind it."""
    return round(text_width(label) + text_width(behind) + 2 * MARGIN, 1)


def behind(percent: int, right: bool | None) -> str:
    """What is printed behind a label: the score, and a cross if it is wrong."""
    return f" {percent / 100:.2f}" + (" ✕" if right is False else "")


def annotated_boxes(
    truth: Sequence[GroundTruth], labels: Labels, size: tuple[int, int]
) -> tuple[AnnotatedBox, ...]:
    made = []
    for mark in truth:
        frame, plate = frame_of(mark.place, size), plate_width(plate_text(mark.label))
        position = annotated_position(frame, size, plate)
        made.append(AnnotatedBox(labels[mark.label], frame, position))
    return tuple(made)


def detected_boxes(
    found: Sequence[Detection],
    verdicts: Sequence[bool | None],
    labels: Labels,
    size: tuple[int, int],
) -> tuple[DetectedBox, ...]:
    """What the page can show of one network on one picture, best first."""
    made = []
    for one, right in zip(found[:MOST], verdicts, strict=False):
        percent = whole_percent(one.score)
        if percent >= LEAST:
            frame = frame_of(one.place, size)
            plate = plate_width(plate_text(one.label), behind(percent, right))
            position = detected_position(frame, size, plate)
            made.append(DetectedBox(labels[one.label], percent, frame, position, right))
    return tuple(made)
