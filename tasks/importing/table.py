"""CSV: a row for each box, with the picture's name, the label and the four edges. Which column is
which is told by the first row. AutoML's tables have none, and begin each row with a split; those of
makesense.ai may have none.

    filename,width,height,class,xmin,ymin,xmax,ymax      the Object Detection API's xml_to_csv.py
    image,xmin,ymin,xmax,ymax,label                      VoTT
    ImageID,Source,LabelName,…,XMin,XMax,YMin,YMax,…     Open Images
    TRAIN,a.jpg,one,0.1,0.2,,,0.5,0.6,,                  AutoML, TensorFlow Lite Model Maker
    one,10,20,30,40,a.jpg,640,480                        makesense.ai: a corner and the size; newer
                                                         ones begin label_name,bbox_x,bbox_y,…

Whether numbers are pixels or fractions is told by all of a table together: no table is of boxes of
which none is larger than a pixel.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tasks.annotations.folder import KNOWN, OTHER
from tasks.annotations.voc import MOST_BOXES, Box, Edges, number
from tasks.core.text import count
from tasks.importing.source import Source
from tasks.importing.text import text_of
from tasks.importing.types import (
    FRACTIONS,
    ForeignPicture,
    Listed,
    Report,
    Split,
    are_fractions,
    edges_of,
    label_of,
    place,
    size_of,
)

COLUMNS = {
    "picture": (
        "filename",
        "image",
        "imageid",
        "imagename",
        "imagepath",
        "filepath",
        "path",
        "file",
    ),
    "label": ("class", "label", "labelname", "classname", "category", "name"),
    "xmin": ("xmin", "x1", "left", "bboxx"),
    "ymin": ("ymin", "y1", "top", "bboxy"),
}
OTHER_CORNER = {
    "xmax": ("xmax", "x2", "right"),
    "ymax": ("ymax", "y2", "bottom"),
}
BOX_SIZE = {
    "box width": ("bboxwidth",),
    "box height": ("bboxheight",),
}
MORE_COLUMNS = {
    "width": ("width", "imagewidth"),
    "height": ("height", "imageheight"),
    "truncated": ("istruncated", "truncated"),
    "difficult": ("isdifficult", "difficult"),
    "group": ("isgroupof",),
}
SIDES = ("width", "height")
EDGES = ("xmin", "ymin", "xmax", "ymax")
AUTOML = {"split": 0, "picture": 1, "label": 2, "xmin": 3, "ymin": 4, "xmax": 7, "ymax": 8}
MAKESENSE = {
    name: column
    for column, name in enumerate(
        ("label", "xmin", "ymin", "box width", "box height", "picture", "width", "height")
    )
}
AUTOML_SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validate": "valid",
    "validation": "valid",
    "test": "test",
    "unassigned": "",
}
DELIMITERS = ",;\t"
# Open Images' labels, which another table gives names.
CODE = re.compile(r"/[mg]/\w+\Z")

Columns = Mapping[str, int]


def columns_of(line: str) -> Columns | None:
    """What stands in which column, by a table's first line; None if it is no table of boxes."""
    [row] = list(csv.reader([line], delimiter=_delimiter(line), skipinitialspace=True)) or [[]]
    if len(row) >= 9 and row[0].strip().lower() in AUTOML_SPLITS:
        return AUTOML
    if len(row) == 8 and row[5].lower().strip().endswith(KNOWN + OTHER) and _are_numbers(row[1:5]):
        return MAKESENSE
    names = [re.sub("[^a-z0-9]", "", cell.lower()) for cell in row]
    found = {
        column: next((names.index(name) for name in aliases if name in names), -1)
        for column, aliases in (COLUMNS | OTHER_CORNER | BOX_SIZE | MORE_COLUMNS).items()
    }
    columns = {column: at for column, at in found.items() if at >= 0}
    has_ends = columns.keys() >= OTHER_CORNER.keys() or columns.keys() >= BOX_SIZE.keys()
    return columns if columns.keys() >= COLUMNS.keys() and has_ends else None


def _are_numbers(cells: Sequence[str]) -> bool:
    with suppress(ValueError):
        return len([number(cell.strip()) for cell in cells]) == len(cells)
    return False


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these tables name."""
    names = _names_of_codes(source)
    for path in files:
        try:
            listed = _read_table(path, source.shown(path), names, report)
        except (ValueError, csv.Error) as error:
            report.fault(source.shown(path), error)
            continue
        in_fractions = are_fractions(box for one in listed for box in one.boxes)
        report.remark("table", FRACTIONS, int(in_fractions))
        yield from source.listed(path, listed, report, in_fractions=in_fractions)


def _read_table(path: Path, shown: str, names: Mapping[str, str], report: Report) -> list[Listed]:
    text = text_of(path)
    first = next(iter(text.splitlines()), "")
    columns = columns_of(first)
    if columns is None:
        raise ValueError("its first line does not tell picture, label, xmin, ymin, xmax and ymax")
    has_names = columns is not AUTOML and columns is not MAKESENSE
    listed = dict[str, Listed]()
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(first), skipinitialspace=True
    )
    for row in rows:
        if not any(row) or (rows.line_num == 1 and has_names):
            continue
        where = place(shown, rows.line_num)
        name = row[columns["picture"]].strip() if len(row) > columns["picture"] else ""
        if not name:
            report.fault(where, "it names no picture")
            continue
        one = listed.setdefault(name, Listed(where, name))
        try:
            _add(_Row(row, columns), one, names, report)
        except ValueError as error:
            one.faults.append(f"{where}: {error}")
    return list(listed.values())


class _Row(Struct):
    cells: list[str]
    columns: Columns

    def text(self, column: str) -> str:
        """What stands in a column; "" if the table has none."""
        at = self.columns.get(column)
        return "" if at is None else self.cells[at].strip()

    def number(self, column: str) -> float:
        try:
            return number(self.text(column))
        except ValueError as error:
            raise ValueError(f"its {column} is {error}") from None

    def ticked(self, column: str) -> bool:
        return self.text(column).lower() in ("1", "true", "yes")


def _add(row: _Row, to: Listed, names: Mapping[str, str], report: Report) -> None:
    most = max(row.columns.values()) + 1
    if len(row.cells) < most:
        raise ValueError(f"expected {count(most, 'cell')}; found {len(row.cells)}")
    to.split = to.split or AUTOML_SPLITS.get(row.text("split").lower(), "")
    if row.columns.keys() >= set(SIDES):
        size = size_of(*(row.number(side) if row.text(side) else None for side in SIDES))
        if to.size not in (None, size):
            raise ValueError("its picture has another size in a row before")
        to.size = size
    if not row.text("label") and not any(map(row.text, (*EDGES, *BOX_SIZE))):
        return  # background
    if row.ticked("group"):
        report.remark("group of objects", "left out: a box can't say that it stands for many")
        return
    if len(to.boxes) >= MOST_BOXES:
        raise ValueError(f"its picture has more than {MOST_BOXES} boxes")
    label = label_of(names.get(row.text("label"), row.text("label")))
    xmin, ymin, xmax, ymax = _edges(row)
    difficult, truncated = row.ticked("difficult"), row.ticked("truncated")
    to.boxes.append(Box(label, xmin, ymin, xmax, ymax, difficult, truncated))


def _edges(row: _Row) -> Edges:
    if row.columns.keys() >= OTHER_CORNER.keys():
        return edges_of(*map(row.number, EDGES))
    xmin, ymin, width, height = map(row.number, ("xmin", "ymin", *BOX_SIZE))
    return edges_of(xmin, ymin, xmin + width, ymin + height)


def _names_of_codes(source: Source) -> dict[str, str]:
    """Open Images' codes and the names that they stand for, from `class-descriptions.csv`."""
    names = dict[str, str]()
    for path in source.files:
        if path.suffix.lower() == ".csv" and "class" in path.name.lower():
            try:
                rows = list(csv.reader(io.StringIO(text_of(path, 16_000_000))))
            except (ValueError, csv.Error):
                continue
            names |= {row[0]: row[1] for row in rows if len(row) == 2 and CODE.match(row[0])}
    return names
