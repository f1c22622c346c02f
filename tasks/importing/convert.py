"""A foreign picture as Pascal VOC has it: boxes in pixels of the upright picture, to a hundredth.

What is wrong with a box stays wrong: it is written as it was drawn, and counted, for the doctor to
name and a person to mend.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations.annotated import flaw, in_frame
from tasks.annotations.voc import Box
from tasks.core.spelling import spelled
from tasks.importing.types import ForeignPicture, Report
from tasks.pictures.pixels import Frame

DIGITS = 2  # behind the point; YOLO's six leave less than that of doubt in 8 000 pixels


class Converted(Struct, frozen=True):
    """A picture's boxes in pixels of the upright picture, which has this size."""

    boxes: tuple[Box, ...]
    size: tuple[int, int]


def converted(foreign: ForeignPicture, frame: Frame, report: Report) -> Converted:
    """The boxes in the frame that people see.

    Where the format states the picture's size, it tells whether they were drawn on the picture as
    it is stored; else they are taken for drawn upright, as tools have shown pictures since 2020.

    Raises:
        ValueError: they were drawn on a picture of another size.
    """
    boxes, size = foreign.boxes, frame.upright
    if foreign.in_fractions:
        boxes = tuple(_in_pixels(box, size) for box in boxes)
    in_pixels = None if foreign.in_fractions else foreign.size
    if boxes and in_pixels is None and frame.orientation != 1:
        report.remark("picture", "turned by EXIF; its boxes are taken for drawn upright")
    boxes, fault, _ = in_frame(boxes, in_pixels, frame)
    if fault and foreign.xml is None:
        raise ValueError(fault)
    boxes = tuple(map(_rounded, boxes))
    _tell_flaws(boxes, size, foreign, report)
    return Converted(boxes, size)


def _in_pixels(box: Box, size: tuple[int, int]) -> Box:
    width, height = size
    xmin, ymin, xmax, ymax = box.edges
    edges = {
        "xmin": xmin * width,
        "ymin": ymin * height,
        "xmax": xmax * width,
        "ymax": ymax * height,
    }
    return replace(box, **edges)


def _rounded(box: Box) -> Box:
    xmin, ymin, xmax, ymax = (round(edge, DIGITS) + 0.0 for edge in box.edges)
    return replace(box, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)


def _tell_flaws(
    boxes: tuple[Box, ...], size: tuple[int, int], foreign: ForeignPicture, report: Report
) -> None:
    for box in boxes:
        if what := flaw(box.edges, size):
            report.unsound(f"{foreign.where}: {spelled(box.label)}: {what}")
