"""A picture and its XML together: the boxes in the picture's own frame, and all that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from tasks.annotations import frame, voc
from tasks.annotations.folder import Pair, relative_name
from tasks.annotations.neighbours import why_not_background
from tasks.annotations.numbers import plain
from tasks.annotations.reading import head
from tasks.annotations.voc import Annotation, Box
from tasks.core.spelling import composed, spelled, suggestion
from tasks.core.text import printable
from tasks.pictures import pixels
from tasks.pictures.stored import Picture, examine, to_upright

LARGE = 8  # pixels a side: from here on no box of one pixel is meant, if there are no others
ENDS_EARLY = "its last pixels are missing, and grey stands in their place: was it copied whole?"
FRACTIONS = "all its boxes lie between 0 and 1: they look like fractions, and are read as pixels"


class Annotated(Struct, frozen=True):
    """What was made of a pair.

    Attributes:
        content: the picture's file; empty if it could not be read.
        picture: None if it is not one.
        annotation: None if there is no XML, or none that could be read.
        boxes: in pixels of the upright picture, clipped to it, labels as the label map spells them.
        clipped: how many of them reached out of the picture, by less than a pixel.
        faults: what keeps the pair from becoming an example, one line each, the file first.
        remarks: what the user should know and may mean, likewise.
    """

    pair: Pair
    content: bytes = b""
    picture: Picture | None = None
    annotation: Annotation | None = None
    boxes: tuple[Box, ...] = ()
    clipped: int = 0
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_pair(pair: Pair, ids: Mapping[str, int]) -> Annotated:
    """Read both files and judge them; `ids` are the labels that may occur.

    Raises:
        OSError: a file can't be read.
    """
    content, faults, remarks = b"", list[str](), tuple[str, ...]()
    picture = annotation = None
    name = printable(pair.picture.name)
    try:
        content = head(pair.picture, pixels.LARGEST)
        picture = examine(content)
        remarks = (f"{name}: {ENDS_EARLY}",) if picture.ends_early else ()
    except ValueError as error:
        faults.append(f"{name}: {error}")
    try:
        if pair.xml:
            annotation = voc.read_annotation(head(pair.xml, voc.LARGEST))
    except ValueError as error:
        faults.append(f"{_name(pair)}: {error}")
    if why := why_not_background(pair):
        faults.append(f"{name}: {why}")
    found = Annotated(pair, content, picture, annotation, faults=tuple(faults), remarks=remarks)
    return _joined(found, ids) if annotation is not None else found


def _joined(found: Annotated, ids: Mapping[str, int]) -> Annotated:
    assert found.annotation is not None
    name, annotation = _name(found.pair), found.annotation
    drawn = _as_known(annotation.boxes, ids)
    faults = label_faults(drawn, ids)
    remarks = []
    if annotation.unsized and drawn:
        remarks.append(f"{annotation.unsized}: whether the picture was resized since can't be told")
    boxes = drawn
    if found.picture is not None:
        size = found.picture.upright
        drawn, fault, remark = _in_frame(drawn, annotation.size, found.picture)
        remarks += [remark] if remark else []
        remarks += [FRACTIONS] if _look_like_fractions(drawn, size) else []
        faults += [fault] if fault else [f for box in drawn if (f := _box_fault(box, size))]
        boxes = tuple(_clipped(box, size) for box in drawn)
    return msgspec.structs.replace(
        found,
        boxes=boxes,
        clipped=sum(box != before for box, before in zip(boxes, drawn, strict=True)),
        faults=(*found.faults, *(f"{name}: {fault}" for fault in faults)),
        remarks=(*found.remarks, *(f"{name}: {remark}" for remark in remarks)),
    )


def _look_like_fractions(boxes: tuple[Box, ...], size: tuple[int, int]) -> bool:
    """Whether all boxes lie within the first pixel of a picture that has many."""
    is_large = bool(boxes) and min(size) >= LARGE
    return is_large and all(0 <= edge <= 1 for box in boxes for edge in box.edges)


def clipped_message(number: int) -> str:
    """What the user is told of that many clipped boxes."""
    boxes = "box reaches" if number == 1 else "boxes reach"
    return f"{number} {boxes} out of the picture by less than a pixel, and the edge is taken"


def _as_known(boxes: tuple[Box, ...], ids: Mapping[str, int]) -> tuple[Box, ...]:
    """With labels as the label map spells them, where only the code points of letters differ."""
    if all(box.label in ids for box in boxes):
        return boxes
    known = {composed(label): label for label in ids}
    return tuple(
        box
        if box.label in ids
        else msgspec.structs.replace(box, label=known.get(composed(box.label), box.label))
        for box in boxes
    )


def label_faults(boxes: Iterable[Box], ids: Mapping[str, int]) -> list[str]:
    """A line for each label that is not in the label map."""
    unknown = sorted({box.label for box in boxes} - ids.keys())
    return [
        f"label {spelled(one)} is not in the label map{suggestion(one, ids)}" for one in unknown
    ]


def _in_frame(
    boxes: tuple[Box, ...], size: tuple[int, int] | None, picture: Picture
) -> tuple[tuple[Box, ...], str, str]:
    """The boxes in the upright frame, and what is wrong, and what should be known.

    A size that only the stored picture has was written by a labelImg of before 2020, which showed
    pictures as stored. Of a picture that is not turned, width and height that are swapped are a
    tool's mistake, if its boxes lie in the picture.
    """
    upright = picture.upright
    if size is None or size == upright:
        doubtful = picture.orientation in (2, 3, 4) or (
            picture.orientation != 1 and picture.raw[0] == picture.raw[1]
        )
        remark = "its picture is turned by EXIF; taken for annotated upright" if doubtful else ""
        return boxes, "", remark if boxes else ""
    if size == picture.raw:
        return tuple(_turned(box, picture) for box in boxes), "", ""
    drawn, actual = (f"{width} × {height}" for width, height in (size, upright))
    if size == upright[::-1] and not any(frame.flaw(box.edges, upright) for box in boxes):
        return boxes, "", f"its size is {drawn}, and the picture's {actual}: taken for swapped"
    return boxes, f"it was drawn on {drawn} pixels, and the picture has {actual}", ""


def _turned(box: Box, picture: Picture) -> Box:
    corners = [
        to_upright(x, y, picture.raw, picture.orientation)
        for x, y in ((box.xmin, box.ymin), (box.xmax, box.ymax))
    ]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    if box.xmin > box.xmax or box.ymin > box.ymax:  # turning must not mend what is wrong
        left, right, top, bottom = right, left, bottom, top
    return msgspec.structs.replace(box, xmin=left, xmax=right, ymin=top, ymax=bottom)


def _box_fault(box: Box, size: tuple[int, int]) -> str:
    what = frame.flaw(box.edges, size)
    if not what:
        return ""
    xmin, ymin, xmax, ymax = map(plain, box.edges)
    place = f"{spelled(box.label)} ({xmin}, {ymin}) to ({xmax}, {ymax})"
    return f"{place}: {what}" + (f" of {size[0]} × {size[1]}" if what.endswith("picture") else "")


def _clipped(box: Box, size: tuple[int, int]) -> Box:
    if frame.flaw(box.edges, size):
        return box
    xmin, ymin, xmax, ymax = frame.clipped(box.edges, size)
    return msgspec.structs.replace(box, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)


def _name(pair: Pair) -> str:
    """The annotation's name, as seen from the picture's folder."""
    return relative_name(pair.picture.parent, pair.xml) if pair.xml else ""
