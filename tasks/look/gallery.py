"""The pictures of the page: those with something to be told of them first."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tasks.annotations.voc import Box
from tasks.core.text import count
from tasks.inference.results import GroundTruth
from tasks.look.dataset import Dataset, PictureFacts
from tasks.pages.boxes import (
    AnnotatedBox,
    Label,
    Labels,
    annotated_boxes,
    drawing_size,
    plate_text,
    printed,
)
from tasks.pages.thumbnails import thumbnail

MOST = 200
"""Pictures on the page."""


class Picture(Struct, frozen=True, kw_only=True):
    """A picture with its boxes.

    Attributes:
        size: of the drawing, in its own units.
        image: a data: address; "" if the picture can't be shown, and `missing` says why.
        notes: what is to be told of it.
        description: the boxes in words, for screen readers.
        labels: numbers of the labels that occur.
    """

    number: int
    name: str
    split: str
    size: tuple[int, int]
    image: str
    missing: str
    boxes: tuple[AnnotatedBox, ...]
    notes: tuple[str, ...]
    is_faulty: bool
    description: str
    labels: tuple[int, ...]


class Gallery(Struct, frozen=True):
    """The pictures; `introduction` says how many of how many they are."""

    introduction: str
    pictures: tuple[Picture, ...]
    labels: tuple[Label, ...]
    has_notes: bool


def gallery(dataset: Dataset) -> Gallery:
    """Choose and read the pictures."""
    names = sorted({box.label for one in dataset.pictures for box in one.boxes})
    numbers = {name: number for number, name in enumerate(names)}
    twins = {one.path: _twin(one, same) for same in dataset.duplicates for one in same}
    chosen = choice([(one, twins.get(one.path, "")) for one in dataset.pictures])
    pictures = [_picture(n, one, twin, numbers) for n, (one, twin) in enumerate(chosen)]
    return Gallery(
        _introduction(len(chosen), len(dataset.pictures)),
        tuple(pictures),
        printed(names),
        any(one.notes for one in pictures),
    )


def choice(pictures: Sequence[tuple[PictureFacts, str]]) -> list[tuple[PictureFacts, str]]:
    """What is faulty, then what has notes, then the others; of too many of these, some that lie
    evenly apart in the order of names."""
    noted = [one for one in pictures if one[0].notes or one[1]]
    noted.sort(key=lambda one: not one[0].is_faulty)
    rest = [one for one in pictures if not (one[0].notes or one[1])]
    room = max(0, MOST - len(noted))
    if len(rest) > room:
        rest = [rest[len(rest) * number // room] for number in range(room)]
    return [*noted[:MOST], *rest]


def _twin(picture: PictureFacts, same: Sequence[PictureFacts]) -> str:
    other = next(one for one in same if one is not picture)
    return f"the same picture as {other.split}/{other.name}"


def _introduction(shown: int, all_: int) -> str:
    if shown == all_:
        return f"All {count(all_, 'picture')}." if all_ > 1 else f"{count(all_, 'picture')}."
    return f"{shown:,} of {count(all_, 'picture')}; those with something to be told come first."


def _picture(number: int, one: PictureFacts, twin: str, numbers: Labels) -> Picture:
    small = thumbnail(one.path, one.sha256)
    size = drawing_size(one.size or (4, 3))
    marks = [_mark(box, one.size) for box in one.boxes] if one.size else []
    described = ", ".join(plate_text(mark.label) for mark in marks)
    return Picture(
        number=number,
        name=one.name,
        split=one.split,
        size=size,
        image=small.address,
        missing=small.missing,
        boxes=annotated_boxes(marks, numbers, size),
        notes=(*one.notes, *([twin] if twin else [])),
        is_faulty=one.is_faulty,
        description=described or "no boxes",
        labels=tuple(sorted({numbers[mark.label] for mark in marks})),
    )


def _mark(box: Box, size: tuple[int, int]) -> GroundTruth:
    xmin, ymin, xmax, ymax = box.edges
    width, height = size
    place = (ymin / height, xmin / width, ymax / height, xmax / width)
    return GroundTruth(box.label, place)
