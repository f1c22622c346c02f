"""CreateML: one JSON, a list with an entry for each picture; boxes by centre and size.

Source: Apple's documentation of MLObjectDetector.DataSource; labelImg, libs/create_ml_io.py. Apple
names the keys `image` and `annotations`, or `imagefilename` and `annotation`. Numbers are pixels,
unless whoever trains says that they are fractions, which the file does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Raw, Struct

from tasks.annotations.voc import MOST_BOXES, Box
from tasks.importing.json_file import JsonFile, part_as, read_json
from tasks.importing.source import Source
from tasks.importing.types import (
    FRACTIONS,
    ForeignPicture,
    Listed,
    Report,
    are_fractions,
    edges_of,
    label_of,
)


class Entry(Struct):
    image: str | None = None
    imagefilename: str | None = None
    annotations: list[Raw] | None = None
    annotation: list[Raw] | None = None


class Coordinates(Struct):
    x: float | None
    y: float | None
    width: float | None
    height: float | None


class Annotation(Struct):
    label: str
    coordinates: Coordinates


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these files list."""
    for path in files:
        try:
            entries = _read_file(path, source.shown(path), report)
        except ValueError as error:
            report.fault(source.shown(path), error)
            continue
        in_fractions = are_fractions(box for entry in entries for box in entry.boxes)
        report.remark("file", FRACTIONS, int(in_fractions))
        yield from source.listed(path, entries, report, in_fractions=in_fractions)


def _read_file(path: Path, shown: str, report: Report) -> list[Listed]:
    file, found = read_json(path, shown), list[Listed]()
    for number, part in enumerate(file.decoded(list[Raw]), 1):
        where = file.where(part, f"entry {number}")
        try:
            entry = part_as(part, Entry)
            name = entry.image or entry.imagefilename
            if not name:
                raise ValueError("it names no `image`")
        except ValueError as error:
            report.fault(where, error)
            continue
        one = Listed(where, name)
        _add_boxes(one, entry.annotations or entry.annotation or [], file)
        found.append(one)
    return found


def _add_boxes(to: Listed, items: Sequence[Raw], file: JsonFile) -> None:
    if len(items) > MOST_BOXES:
        to.faults.append(f"{to.where}: it has more than {MOST_BOXES} boxes")
        return
    for number, part in enumerate(items):
        try:
            to.boxes.append(_box(part_as(part, Annotation)))
        except ValueError as error:
            to.faults.append(f"{file.where(part, f'annotations[{number}]')}: {error}")


def _box(one: Annotation) -> Box:
    at = one.coordinates
    x, y, width, height = edges_of(at.x, at.y, at.width, at.height)
    edges = edges_of(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Box(label_of(one.label), *edges)
