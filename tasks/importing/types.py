"""A picture and what another format says of it; what is to be told of a source."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from tasks.annotations.voc import Box, Edges, label_fault
from tasks.core.text import count, printable
from tasks.importing.json_file import Where
from tasks.pictures.pixels import LONGEST_SIDE

Split = Literal["train", "valid", "test", ""]
"""What the source itself takes a picture for; "" if it does not say."""

TURNED = "turned box"
FRACTIONS = "numbers read as fractions of the pictures' sides"
BOX_AROUND = "only the box around is taken"

ROUNDED = 0.01


class ForeignPicture(Struct, frozen=True, kw_only=True):
    """A picture and its boxes, as another format has them.

    Attributes:
        path: the picture's file.
        where: what annotates it, for messages: a file, and the line where there is one.
        boxes: in pixels of the picture that they were drawn on, or in fractions of its sides.
        in_fractions: they are fractions.
        size: (width, height) of the picture that they were drawn on; None if the format does not
            say.
        xml: the annotation's file if it is Pascal VOC already: it is taken as it is.
        proposed_by: the network that found the boxes, if nobody has confirmed them; else "".
        faults: why the picture can't be taken, a line each, file and line first.
    """

    path: Path
    where: str | Where
    boxes: tuple[Box, ...] = ()
    in_fractions: bool = False
    size: tuple[int, int] | None = None
    split: Split = ""
    xml: Path | None = None
    proposed_by: str = ""
    faults: tuple[str, ...] = ()


class Listed(Struct):
    """A picture that a file lists by its name, and what the file says of it; as in
    `ForeignPicture`."""

    where: str | Where
    name: str
    size: tuple[int, int] | None = None
    split: Split = ""
    boxes: list[Box] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Report(Struct):
    """What is to be told of a source.

    Attributes:
        faults: what could not be read, a line each, file and line first.
        remarks: (what, what became of it) → how many; what a format says and Pascal VOC can't, or
            the other way round.
    """

    faults: list[str] = field(default_factory=list)
    remarks: Counter[tuple[str, str]] = field(default_factory=Counter)

    def fault(self, where: object, why: object) -> None:
        self.faults.append(printable(f"{where}: {why}"))

    def remark(self, noun: str, what: str, number: int = 1) -> None:
        self.remarks[noun, what] += number

    def add(self, other: Report) -> None:
        """What another one tells, behind what this one does."""
        self.faults += other.faults
        self.remarks.update(other.remarks)

    def lines(self) -> list[str]:
        """`3 polygons: only the box around is taken`."""
        return [f"{count(n, noun)}: {what}" for (noun, what), n in self.remarks.items() if n]


def place(file: str, line: int) -> str:
    """Where a message is about: a file, and a line if there is one."""
    return f"{file}, line {line}" if line else file


def label_of(text: str) -> str:
    """A label as it is taken: without the blanks around it.

    Raises:
        ValueError: it can't be one; the message is a clause.
    """
    label = text.strip()
    if fault := label_fault(label):
        raise ValueError(f"its label {fault}")
    return label


def edges_of(*edges: float | None) -> Edges:
    """xmin, ymin, xmax, ymax, as they are given: whether they lie in the picture is not asked.

    Raises:
        ValueError: one is no number that a picture could have.
    """
    for edge in edges:
        if edge is None or not math.isfinite(edge):
            raise ValueError("an edge of its box is not a number")
        if abs(edge) > LONGEST_SIDE:
            raise ValueError(f"an edge of its box is {edge:g}, which no picture has")
    xmin, ymin, xmax, ymax = (float(edge) for edge in edges if edge is not None)
    return xmin, ymin, xmax, ymax


def around(box: Box, degrees: float) -> Box:
    """The upright box around one that is turned by so many degrees about its centre."""
    if not degrees:
        return box
    xmin, ymin, xmax, ymax = box.edges
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    x, y, width, height = (xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin
    across, down = (width * cos + height * sin) / 2, (width * sin + height * cos) / 2
    return replace(box, xmin=x - across, ymin=y - down, xmax=x + across, ymax=y + down)


def are_fractions(boxes: Iterable[Box]) -> bool:
    """Whether numbers that may be pixels or fractions are fractions: none is beyond 1 by more than
    tools round. No data set has boxes in pixels of which none is larger than that."""
    edges = [edge for box in boxes for edge in box.edges]
    return bool(edges) and all(-ROUNDED <= edge <= 1 + ROUNDED for edge in edges)


def size_of(width: float | None, height: float | None) -> tuple[int, int] | None:
    """(width, height) as a format states them; None where one is missing, or 0, as some tools write
    for what they don't know.

    Raises:
        ValueError: one is no number of pixels that a picture could have.
    """
    for side in (width, height):
        if side and (not 1 <= side <= LONGEST_SIDE or side % 1):
            raise ValueError(f"the stated side of its picture is {side:g}, which no picture has")
    return (int(width), int(height)) if width and height else None


def unread(
    picture: Path | None, shown: str | Where, why: object, report: Report
) -> list[ForeignPicture]:
    """What is given for an annotation file that can't be read: its picture, if it is known, with
    the fault; else the fault is told."""
    if picture is None:
        report.fault(shown, why)
        return []
    return [ForeignPicture(path=picture, where=shown, faults=(f"{shown}: {why}",))]
