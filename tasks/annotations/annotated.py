"""A picture and its XML together: the boxes in the picture's own frame, and all that is wrong.

Tools that turn, scale or round leave edges that are a fraction of a pixel outside; those are moved
to the picture's edge. What is further out was drawn on another picture, or is wrong. Records,
doctor and measure all go by this.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations import voc
from tasks.annotations.folder import Pair, relative_name
from tasks.annotations.other_formats import why_not_background
from tasks.annotations.voc import Annotation, Box, Edges, plain
from tasks.core.files import read_head
from tasks.core.spelling import composed, spelled, suggestion
from tasks.core.text import count, printable
from tasks.pictures.pixels import ENDS_EARLY, LARGEST, Frame, Picture, examine, to_upright

LARGE = 8  # pixels a side: from here on no box of one pixel is meant, if there are no others
FRACTIONS = "all its boxes lie between 0 and 1: they look like fractions, and are read as pixels"
# What may be wrong with a box; see `flaw`.
NO_NUMBER = "an edge is not a number"
SWAPPED = "its corners are swapped"
NO_AREA = "the box has no area"
LEAVES = "the box leaves the picture"
NO_AREA_INSIDE = "the box has no area in the picture that a record could hold"


class Annotated(Struct, frozen=True):
    """What was made of a pair.

    Attributes:
        content: the picture's file; empty if it could not be read.
        described: the XML file, likewise.
        picture: None if it is not one.
        annotation: None if there is no XML, or none that could be read.
        boxes: in pixels of the upright picture, clipped to it, labels as the label map spells them.
        clipped: how many of them reached out of the picture, by less than a pixel.
        faults: what keeps the pair from becoming an example, one line each, the file first.
        remarks: what the user should know and may mean, likewise.
    """

    pair: Pair
    content: bytes = b""
    described: bytes = b""
    picture: Picture | None = None
    annotation: Annotation | None = None
    boxes: tuple[Box, ...] = ()
    clipped: int = 0
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_proposed(self) -> bool:
        """Whether a network found its boxes, and no person has confirmed them."""
        return self.annotation is not None and self.annotation.proposed_by != ""


def read_pair(
    pair: Pair, ids: Mapping[str, int], picture_of: Callable[[bytes], Picture] = examine
) -> Annotated:
    """Read both files and check them; `ids` are the labels that may occur, `picture_of` tells what
    a picture is, as `examine` does.

    Raises:
        OSError: a file can't be read.
    """
    return check_pair(pair, ids, read_head, picture_of)


def check_pair(
    pair: Pair,
    ids: Mapping[str, int],
    content_of: Callable[[Path, int], bytes],
    picture_of: Callable[[bytes], Picture] = examine,
) -> Annotated:
    """The same of files as `content_of` gives them: at most so many bytes, or one more.

    Raises:
        OSError: a file can't be read.
    """
    content, described, faults, remarks = b"", b"", list[str](), tuple[str, ...]()
    picture, annotation = None, None
    name = printable(pair.picture.name)
    xml = relative_name(pair.picture.parent, pair.xml) if pair.xml else ""
    try:
        content = content_of(pair.picture, LARGEST)
        picture = picture_of(content)
        remarks = (f"{name}: {ENDS_EARLY}",) if picture.ends_early else ()
    except ValueError as error:
        faults.append(f"{name}: {error}")
    try:
        if pair.xml:
            described = content_of(pair.xml, voc.LARGEST)
            annotation = voc.read_annotation(described)
    except ValueError as error:
        faults.append(f"{xml}: {error}")
    if why := why_not_background(pair):
        faults.append(f"{name}: {why}")
    read = Annotated(
        pair, content, described, picture, annotation, faults=tuple(faults), remarks=remarks
    )
    return _with_boxes(read, annotation, xml, ids) if annotation is not None else read


def _with_boxes(
    read: Annotated, annotation: Annotation, xml: str, ids: Mapping[str, int]
) -> Annotated:
    boxes = with_known_labels(annotation.boxes, ids)
    unknown = sorted({box.label for box in boxes} - ids.keys())
    faults = [f"label {spelled(u)} is not in the label map{suggestion(u, ids)}" for u in unknown]
    remarks, clipped = list[str](), 0
    if annotation.unsized and boxes:
        remarks.append(f"{annotation.unsized}: whether the picture was resized since can't be told")
    if turned := sum(turn != 0 for turn in annotation.turns):
        are = "box is" if turned == 1 else "boxes are"
        remarks.append(f"{turned} {are} turned by CVAT's `rotation`, and read as if not")
    if read.picture is not None:
        size = read.picture.upright
        boxes, fault, remark = in_frame(boxes, annotation.size, read.picture)
        remarks += [remark] if remark else []
        in_first_pixel = all(0 <= edge <= 1 for box in boxes for edge in box.edges)
        remarks += [FRACTIONS] if boxes and min(size) >= LARGE and in_first_pixel else []
        faults += [fault] if fault else [f for box in boxes if (f := _box_fault(box, size))]
        remarks += [f"{shown(boxes[again])} stands there twice" for again in repeated(boxes)]
        within = tuple(_clipped(box, size) for box in boxes)
        clipped = sum(box != before for box, before in zip(within, boxes, strict=True))
        boxes = within
    return replace(
        read,
        boxes=boxes,
        clipped=clipped,
        faults=(*read.faults, *(f"{xml}: {fault}" for fault in faults)),
        remarks=(*read.remarks, *(f"{xml}: {remark}" for remark in remarks)),
    )


def proposed_message(number: int) -> str:
    """What the user is told of that many pictures whose boxes nobody confirmed."""
    holds = "holds" if number == 1 else "hold"
    return f"{count(number, 'picture')} {holds} what a network proposed and nobody confirmed"


def clipped_message(number: int) -> str:
    """What the user is told of that many clipped boxes."""
    boxes, are = ("box reaches", "is") if number == 1 else ("boxes reach", "are")
    return f"{number} {boxes} out of the picture by less than a pixel and {are} clipped"


def with_known_labels(boxes: tuple[Box, ...], ids: Mapping[str, int]) -> tuple[Box, ...]:
    """With labels as the label map spells them, where only the code points of letters differ."""
    if all(box.label in ids for box in boxes):
        return boxes
    known = {composed(label): label for label in ids}
    return tuple(
        box if box.label in ids else replace(box, label=known.get(composed(box.label), box.label))
        for box in boxes
    )


def in_frame(
    boxes: tuple[Box, ...], size: tuple[int, int] | None, picture: Frame
) -> tuple[tuple[Box, ...], str, str]:
    """The boxes in the upright frame, and what is wrong, and what should be known; `size` is
    (width, height) of the picture as it was annotated, if that is known.

    A size that only the stored picture has was written by a labelImg of before 2020, which showed
    pictures as stored. Of a picture that is not turned, width and height that are swapped are a
    tool's mistake, if its boxes lie in the picture.
    """
    upright = picture.upright
    if size is None or size == upright:
        is_turned = picture.orientation != 1
        is_doubtful = is_turned and (picture.orientation <= 4 or picture.raw[0] == picture.raw[1])
        remark = "its picture is turned by EXIF; it is read as annotated upright"
        return boxes, "", remark if boxes and is_doubtful else ""
    if size == picture.raw:
        return tuple(_turned(box, picture) for box in boxes), "", ""
    if size == upright[::-1] and not any(flaw(box.edges, upright) for box in boxes):
        differ = f"its size is {shown_size(size)}, and the picture's {shown_size(upright)}"
        return boxes, "", f"{differ}: read as width and height swapped"
    return boxes, size_fault(size, upright), ""


def size_fault(size: tuple[int, int], upright: tuple[int, int]) -> str:
    """What is wrong with boxes that were drawn on a picture of another size, as a clause."""
    return f"it was drawn on {shown_size(size)} pixels, and the picture has {shown_size(upright)}"


def shown_size(size: tuple[int, int]) -> str:
    """`64 × 48`."""
    return f"{size[0]} × {size[1]}"


def _turned(box: Box, picture: Frame) -> Box:
    corners = [
        to_upright(x, y, picture.raw, picture.orientation)
        for x, y in ((box.xmin, box.ymin), (box.xmax, box.ymax))
    ]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    if box.xmin > box.xmax or box.ymin > box.ymax:  # turning must not mend what is wrong
        left, right, top, bottom = right, left, bottom, top
    return replace(box, xmin=left, xmax=right, ymin=top, ymax=bottom)


def _box_fault(box: Box, size: tuple[int, int]) -> str:
    what = flaw(box.edges, size)
    if not what:
        return ""
    of_size = f" of {shown_size(size)}" if what == LEAVES else ""
    return f"{shown(box)}: {what}{of_size}"


def shown(box: Box) -> str:
    """`one (1, 2) to (30, 40)`."""
    return f"{spelled(box.label)} {corners(box.edges)}"


def corners(edges: Edges) -> str:
    """`(1, 2) to (30, 40)`."""
    xmin, ymin, xmax, ymax = map(plain, edges)
    return f"({xmin}, {ymin}) to ({xmax}, {ymax})"


def repeated(boxes: Sequence[Box]) -> list[int]:
    """The boxes that are like one before them in all that is read of them."""
    first = dict[Box, int]()
    return [n for n, box in enumerate(boxes) if first.setdefault(box, n) != n]


def flaw(edges: Edges, size: tuple[float, float], pixel: tuple[float, float] = (1.0, 1.0)) -> str:
    """What is wrong with a box, one of the clauses about it above; "" if it is right once it is
    clipped.

    Args:
        size: (width, height) of the picture, in the unit of the edges.
        pixel: (width, height) of a pixel in that unit.
    """
    if not all(map(math.isfinite, edges)):
        return NO_NUMBER
    xmin, ymin, xmax, ymax = edges
    if xmin > xmax or ymin > ymax:
        return SWAPPED
    if xmin == xmax or ymin == ymax:
        return NO_AREA
    out = max(-xmin / pixel[0], (xmax - size[0]) / pixel[0])
    out = max(out, -ymin / pixel[1], (ymax - size[1]) / pixel[1])
    if out >= 1:
        return LEAVES
    fractions = (edge / side for edge, side in zip(inside(edges, size), size * 2, strict=True))
    xmin, ymin, xmax, ymax = array("f", fractions)  # as a record holds them, in 32 bits
    if xmin >= xmax or ymin >= ymax:
        return NO_AREA_INSIDE
    return ""


def _clipped(box: Box, size: tuple[int, int]) -> Box:
    if flaw(box.edges, size):
        return box
    xmin, ymin, xmax, ymax = inside(box.edges, size)
    return replace(box, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)


def inside(edges: Edges, size: tuple[float, float]) -> Edges:
    """The part of a box that lies in its picture."""
    sides = zip(edges, size * 2, strict=True)
    xmin, ymin, xmax, ymax = (min(max(edge, 0.0), float(side)) for edge, side in sides)
    return xmin, ymin, xmax, ymax
