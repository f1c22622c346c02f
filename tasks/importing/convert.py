"""A foreign picture as Pascal VOC has it: boxes in pixels of the upright picture, to a hundredth.

What is wrong with a box stays wrong: it is written as it was drawn, and counted, for the doctor to
name and a person to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations import voc
from tasks.annotations.annotated import flaw, in_frame
from tasks.annotations.voc import Box
from tasks.core.spelling import spelled
from tasks.importing.text import content_of
from tasks.importing.types import ForeignPicture, Report
from tasks.pictures.convert import converted as encoded_anew
from tasks.pictures.convert import is_convertible
from tasks.pictures.pixels import ENDS_EARLY, LARGEST, Frame, Picture

DIGITS = 2  # behind the point; YOLO's six leave less than that of doubt in 8 000 pixels


class Converted(Struct, frozen=True):
    """A picture and its boxes as they go into a project.

    Attributes:
        name: of the file, whose suffix is that of its kind if it was encoded anew.
        content: the file's bytes, and their digest.
        is_anew: they are others than the source's.
        boxes: in pixels of the upright picture, which has this size.
        xml: the annotation, if it is Pascal VOC already and can stay as it is.
        flaws: boxes that are not sound, a line each.
    """

    name: str
    content: bytes
    sha256: str
    is_anew: bool
    boxes: tuple[Box, ...]
    size: tuple[int, int]
    xml: bytes = b""
    flaws: tuple[str, ...] = ()


def converted(
    foreign: ForeignPicture, picture_of: Callable[[bytes], Picture], report: Report
) -> Converted:
    """Read a picture, and bring its boxes into the frame that people see. A picture that TensorFlow
    does not decode is encoded anew where that can be done.

    Args:
        picture_of: tells what a picture is, as `examine` does.

    Raises:
        ValueError: it is no picture, is not whole, or its boxes were drawn on one of another size.
    """
    path, content = foreign.path, content_of(foreign.path, LARGEST)
    xml = content_of(foreign.xml, voc.LARGEST) if foreign.xml else b""
    anew = encoded_anew(content, path.suffix) if is_convertible(content) else None
    picture = anew.picture if anew else picture_of(content)
    if picture.ends_early:
        raise ValueError(ENDS_EARLY)
    boxes, size = upright_boxes(foreign, picture, report), picture.upright
    flaws = _flaws(boxes, size, foreign)
    if not boxes:
        report.remark("picture", "without boxes, so background")
    if anew is None:
        return Converted(path.name, content, picture.sha256, False, boxes, size, xml, flaws)
    report.remark("picture", "not of a kind that TensorFlow decodes, so encoded anew")
    xml = xml if picture.orientation == 1 else b""  # else its size is that of another file
    name, digest = path.with_suffix(anew.suffix).name, sha256(anew.content).hexdigest()
    return Converted(name, anew.content, digest, True, boxes, size, xml, flaws)


def upright_boxes(foreign: ForeignPicture, frame: Frame, report: Report) -> tuple[Box, ...]:
    """The boxes in pixels of the upright picture.

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
        report.remark("picture", "turned by EXIF; the boxes are taken for drawn upright")
    boxes, fault, _ = in_frame(boxes, in_pixels, frame)
    if boxes and not fault and in_pixels == size[::-1] != size and frame.orientation == 1:
        said = "with width and height swapped in its annotation; the boxes are taken as they stand"
        report.remark("picture", f"{said}: look at them, as it may have been turned since")
    if fault and foreign.xml is None:
        raise ValueError(fault)
    return tuple(map(_rounded, boxes))


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


def _flaws(
    boxes: tuple[Box, ...], size: tuple[int, int], foreign: ForeignPicture
) -> tuple[str, ...]:
    found = ((box, flaw(box.edges, size)) for box in boxes)
    return tuple(f"{foreign.where}: {spelled(box.label)}: {what}" for box, what in found if what)
