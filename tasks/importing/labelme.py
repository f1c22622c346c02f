"""LabelMe: a JSON for each picture, with shapes of several kinds in pixels. The copy of the picture
that it may hold is not read.

Source: labelme, _label_file.py and utils/shape.py; it shows pictures upright (utils/image.py,
apply_exif_orientation) and notes the size that it shows. X-AnyLabeling writes `difficult`
besides, and `rotation` for a turned rectangle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Raw, Struct

from tasks.annotations.voc import MOST_BOXES, Box, Edges
from tasks.core.text import shortened
from tasks.importing.json_file import JsonFile, Where, part_as, read_json
from tasks.importing.source import Source
from tasks.importing.types import (
    BOX_AROUND,
    TURNED,
    ForeignPicture,
    Report,
    edges_of,
    label_of,
    size_of,
    unread,
)

LARGEST = 128_000_000
AROUND = {"polygon": 3, "oriented_rectangle": 4, "rotation": 4, "circle": 2}
"""Shapes of which only the box around is taken → points that they have at least."""
BOXES = {"rectangle": 2, "mask": 2}
WITHOUT_AREA = {"point", "points", "line", "linestrip"}


class File(Struct, rename="camel"):
    shapes: list[Raw] | None = None
    image_path: str | None = None
    image_width: float | None = None
    image_height: float | None = None


class Shape(Struct):
    label: str
    points: list[list[float | None]]
    shape_type: str | None = None
    difficult: bool | None = None


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these files annotate: those that are called like them, which people rename
    together; else those that they name."""
    for path in files:
        where: str | Where = source.shown(path)
        picture = None
        try:
            picture = source.of_stem(path.stem, path)
            file = read_json(path, source.shown(path), LARGEST)
            whole = file.decoded(File)
            if whole.shapes is None:
                raise ValueError("it has no `shapes`")
            where = file.where("imageWidth")
            size = size_of(whole.image_width, whole.image_height)
            where = file.where("imagePath")
            picture = picture or source.find(whole.image_path or "", path)
        except ValueError as error:
            yield from unread(picture, where, error, report)
            continue
        boxes, faults = _boxes(file, whole.shapes, report)
        yield ForeignPicture(
            path=picture,
            where=file.shown,
            boxes=tuple(boxes),
            size=size,
            split=source.split_of(picture),
            faults=tuple(faults),
        )


def _boxes(file: JsonFile, shapes: Sequence[Raw], report: Report) -> tuple[list[Box], list[str]]:
    boxes, faults = list[Box](), list[str]()
    for number, part in enumerate(shapes):
        try:
            if number == MOST_BOXES:
                raise ValueError(f"there are more than {MOST_BOXES} shapes")
            boxes += _box(part_as(part, Shape), report)
        except ValueError as error:
            faults.append(f"{file.where(part, f'shapes[{number}]')}: {error}")
        if number == MOST_BOXES:
            break
    return boxes, faults


def _box(shape: Shape, report: Report) -> list[Box]:
    """The box of a shape; none of one that has no area."""
    kind = shape.shape_type or "polygon"
    if kind in WITHOUT_AREA:
        report.remark("shape", f"left out: a {kind} has no area")
        return []
    least = BOXES.get(kind) or AROUND.get(kind)
    if least is None:
        raise ValueError(f"there is no shape_type {shortened(kind)}")
    if len(shape.points) < least or any(len(point) != 2 for point in shape.points):
        raise ValueError(f"a {kind} has {least} points of two numbers or more")
    if kind in AROUND:
        is_turned = kind in ("oriented_rectangle", "rotation")
        report.remark(TURNED if is_turned else kind, BOX_AROUND)
    edges = _circle(shape.points) if kind == "circle" else _around(shape.points)
    return [Box(label_of(shape.label), *edges, difficult=bool(shape.difficult))]


def _around(points: Sequence[Sequence[float | None]]) -> Edges:
    flat = edges_of_points(points)
    xs, ys = flat[::2], flat[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def edges_of_points(points: Sequence[Sequence[float | None]]) -> list[float]:
    """x and y of each point in turn.

    Raises:
        ValueError: one is no number that a picture could have.
    """
    return [edge for x, y in points for edge in edges_of(x, y, x, y)[:2]]


def _circle(points: Sequence[Sequence[float | None]]) -> Edges:
    """The first point is its centre, the second one lies on it."""
    x, y, on_x, on_y = edges_of_points(points[:2])
    radius = math.dist((x, y), (on_x, on_y))
    return x - radius, y - radius, x + radius, y + radius
