"""COCO: one JSON with `images`, `annotations` and `categories`, joined by ids, which may have gaps
and stand in any order. `bbox` is x, y, width, height in pixels.

Source: cocodataset.org, data format; pycocotools, which checks nothing of a file and so is not used
to read it (an id that occurs twice, or that nothing has, passes there). The picture's size stands
in the file, and tells whether boxes were drawn on the picture as stored or upright.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Raw, Struct

from tasks.annotations.voc import MOST_BOXES, Box
from tasks.core.text import shortened
from tasks.importing.json_file import JsonFile, part_as, read_json
from tasks.importing.source import Source
from tasks.importing.types import (
    BOX_AROUND,
    TURNED,
    ForeignPicture,
    Listed,
    Report,
    around,
    edges_of,
    label_of,
    size_of,
)

Id = int | str


class File(Struct):
    images: list[Raw] | None = None
    annotations: list[Raw] | None = None
    categories: list[Raw] | None = None


class Image(Struct):
    id: Id
    file_name: str
    width: float | None = None
    height: float | None = None


class Category(Struct):
    id: Id
    name: str


class Annotation(Struct):
    category_id: Id | None = None
    bbox: list[float | None] | None = None
    iscrowd: float | None = None
    attributes: Raw = Raw(b"null")


class Attributes(Struct):
    """CVAT's: `bbox` is turned clockwise about its centre by so many degrees."""

    rotation: float | None = None


class Owner(Struct):
    """Whose an annotation is, whatever else is wrong with it."""

    image_id: Id


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these files list."""
    for path in files:
        try:
            listed = _read_file(path, source.shown(path), report)
        except ValueError as error:
            report.fault(source.shown(path), error)
            continue
        yield from source.listed(path, listed, report)


def _read_file(path: Path, shown: str, report: Report) -> list[Listed]:
    file = read_json(path, shown)
    whole = file.decoded(File)
    if whole.images is None:
        raise ValueError("it lists no `images`: name COCO's annotations, not results")
    labels = _labels(file, whole.categories or [], report)
    listed = _images(file, whole.images, report)
    for number, part in enumerate(whole.annotations or []):
        try:
            owner = str(part_as(part, Owner).image_id)
            if owner not in listed:
                raise ValueError(f"there is no image {shortened(owner)}")
        except ValueError as error:
            report.fault(file.where(part, f"annotations[{number}]"), error)
            continue
        try:
            _add(part_as(part, Annotation), listed[owner], labels, report)
        except ValueError as error:
            where = file.where(part, f"annotations[{number}]")
            listed[owner].faults.append(f"{where}: {error}")
    return list(listed.values())


def _add(annotation: Annotation, to: Listed, labels: dict[str, str], report: Report) -> None:
    if annotation.iscrowd:
        report.remark("crowd region", "left out: a box can't say that it stands for many")
        return
    if len(to.boxes) >= MOST_BOXES:
        raise ValueError(f"its picture has more than {MOST_BOXES} boxes")
    box, turn = _box(annotation, labels), _turn(annotation.attributes)
    if turn:
        report.remark(TURNED, BOX_AROUND)
        box = around(box, turn)
    to.boxes.append(box)


def _turn(attributes: Raw) -> float:
    if b'"rotation"' not in bytes(attributes):
        return 0.0
    try:
        return (part_as(attributes, Attributes).rotation or 0.0) % 360
    except ValueError:  # another tool's, of that name
        return 0.0


def _labels(file: JsonFile, items: Sequence[Raw], report: Report) -> dict[str, str]:
    """id → label; "" for an id that has two."""
    labels = dict[str, str]()
    for number, part in enumerate(items):
        try:
            category = part_as(part, Category)
            label, key = label_of(category.name), str(category.id)
            if labels.setdefault(key, label) != label:
                labels[key] = ""
                raise ValueError(f"the id {shortened(key)} has two names")
        except ValueError as error:
            report.fault(file.where(part, f"categories[{number}]"), error)
    return labels


def _images(file: JsonFile, items: Sequence[Raw], report: Report) -> dict[str, Listed]:
    listed = dict[str, Listed]()
    for number, part in enumerate(items):
        where = file.where(part, f"images[{number}]")
        try:
            image = part_as(part, Image)
        except ValueError as error:
            report.fault(where, error)
            continue
        new = Listed(where, image.file_name)
        try:
            new.size = size_of(image.width, image.height)
        except ValueError as error:
            new.faults.append(f"{where}: {error}")
        before = listed.setdefault(str(image.id), new)
        if before.name != new.name:
            twice = f"{where}: the id {shortened(str(image.id))} is another image's, too"
            before.faults.append(twice)
    return listed


def _box(annotation: Annotation, labels: dict[str, str]) -> Box:
    label = labels.get(str(annotation.category_id))
    if not label:
        what = "no category" if label is None else "no category of one name"
        raise ValueError(f"there is {what} {shortened(str(annotation.category_id))}")
    if annotation.bbox is None:
        raise ValueError("it has no bbox")
    if len(annotation.bbox) != 4 or None in annotation.bbox:
        raise ValueError("its bbox is not four numbers")
    x, y, width, height = (side or 0.0 for side in annotation.bbox)
    return Box(label, *edges_of(x, y, x + width, y + height))
