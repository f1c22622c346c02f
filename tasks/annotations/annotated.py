"""A picture and its XML together: the boxes in the picture's own frame, and all that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from tasks.annotations import pictures, voc
from tasks.annotations.folder import Pair
from tasks.annotations.pictures import Picture
from tasks.annotations.voc import Annotation, Box
from tasks.look import shown


class Annotated(Struct, frozen=True):
    """What was made of a pair.

    Attributes:
        content: the picture's file; empty if it could not be read.
        picture: None if it is not one.
        annotation: None if there is no XML, or none that could be read.
        boxes: in pixels of the upright picture.
        faults: what keeps the pair from becoming an example, one line each, the file first.
        remarks: what the user should know and may mean, likewise.
    """

    pair: Pair
    content: bytes = b""
    picture: Picture | None = None
    annotation: Annotation | None = None
    boxes: tuple[Box, ...] = ()
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_pair(pair: Pair, ids: Mapping[str, int]) -> Annotated:
    """Read both files and judge them; `ids` are the labels that may occur.

    Raises:
        OSError: a file can't be read.
    """
    content = _bytes(pair.picture, pictures.LARGEST)
    faults: list[str] = []
    picture = annotation = None
    try:
        picture = pictures.examine(content)
    except ValueError as error:
        faults.append(f"{shown(pair.picture.name)}: {error}")
    try:
        if pair.xml:
            annotation = voc.read_annotation(_bytes(pair.xml, voc.LARGEST))
    except ValueError as error:
        faults.append(f"{_name(pair.xml)}: {error}")
    found = Annotated(pair, content, picture, annotation, faults=tuple(faults))
    return _joined(found, ids) if annotation is not None else found


def _joined(found: Annotated, ids: Mapping[str, int]) -> Annotated:
    assert found.annotation is not None
    name, annotation = _name(found.pair.xml), found.annotation
    faults = [*found.faults, *(f"{name}: {f}" for f in label_faults(annotation.boxes, ids))]
    boxes, remarks = annotation.boxes, []
    if found.picture is not None:
        boxes, fault, remark = _in_frame(annotation, found.picture)
        remarks = [f"{name}: {remark}"] if remark else []
        width, height = found.picture.upright
        wrong = [fault] if fault else [_box_fault(box, width, height) for box in boxes]
        faults += [f"{name}: {fault}" for fault in wrong if fault]
    return msgspec.structs.replace(found, boxes=boxes, faults=tuple(faults), remarks=tuple(remarks))


def label_faults(boxes: Iterable[Box], ids: Mapping[str, int]) -> list[str]:
    """A line for each label that is not in the label map."""
    unknown = sorted({box.label for box in boxes} - ids.keys())
    return [f"label {label} is not in the label map{_meant(label, ids)}" for label in unknown]


def _meant(label: str, ids: Mapping[str, int]) -> str:
    folded = [known for known in ids if known.casefold() == label.casefold()]
    near = folded or difflib.get_close_matches(label, ids, n=1)
    return f"; did you mean {near[0]}?" if near else f" ({', '.join(list(ids)[:8])})"


def _in_frame(annotation: Annotation, picture: Picture) -> tuple[tuple[Box, ...], str, str]:
    """The boxes in the upright frame, and what is wrong, and what should be known.

    A size that is only the stored picture's tells of a labelImg of before 2020, which showed
    pictures as stored.
    """
    size, boxes = annotation.size, annotation.boxes
    if size in (None, picture.upright):
        doubtful = picture.orientation in (2, 3, 4) or (
            picture.orientation != 1 and picture.raw[0] == picture.raw[1]
        )
        remark = "its picture is turned by EXIF; taken for annotated upright" if doubtful else ""
        return boxes, "", remark if boxes else ""
    if size == picture.raw:
        return tuple(_turned(box, picture) for box in boxes), "", ""
    fault = f"it was drawn on {_told(size)} pixels, and the picture has {_told(picture.upright)}"
    return boxes, fault, ""


def _told(size: tuple[int, int] | None) -> str:
    return f"{size[0]} × {size[1]}" if size else "unknown"


def _turned(box: Box, picture: Picture) -> Box:
    corners = [
        pictures.to_upright(x, y, picture.raw, picture.orientation)
        for x, y in ((box.xmin, box.ymin), (box.xmax, box.ymax))
    ]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    if box.xmin > box.xmax or box.ymin > box.ymax:  # turning must not mend what is wrong
        left, right, top, bottom = right, left, bottom, top
    return msgspec.structs.replace(box, xmin=left, xmax=right, ymin=top, ymax=bottom)


def _box_fault(box: Box, width: int, height: int) -> str:
    place = f"{box.label} ({box.xmin:g}, {box.ymin:g}) to ({box.xmax:g}, {box.ymax:g})"
    if box.xmin >= box.xmax or box.ymin >= box.ymax:
        return f"{place}: the box has no area"
    if box.xmin < 0 or box.ymin < 0 or box.xmax > width or box.ymax > height:
        return f"{place}: the box leaves the picture of {width} × {height}"
    return ""


def _bytes(path: Path, most: int) -> bytes:
    """The file, or its beginning if it is larger than anything that is accepted."""
    with open(path, "rb") as file:
        return file.read(most + 1)


def _name(path: Path | None) -> str:
    return shown(path.name) if path else ""
