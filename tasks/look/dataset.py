"""What is known of a project's annotated pictures: of each, and of all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from msgspec import Struct

from tasks.annotations.annotated import Annotated
from tasks.annotations.voc import Box
from tasks.checks.finding import Finding
from tasks.core.text import printable
from tasks.pages.boxes import overlap

OVERLAPPING, ONE_OBJECT = 0.5, 0.9
"""Intersection over union from which on two boxes of a picture are told of, and from which on two
of one label are taken to be of one object."""
MOST_COMPARED = 200
"""Boxes of a picture that are compared with one another."""


class PictureFacts(Struct, frozen=True):
    """One picture and its annotation.

    Attributes:
        split: `train` or `test`.
        size: (width, height) of the upright picture in pixels; None if it can't be read.
        boxes: in pixels of the upright picture.
        notes: what is wrong with it, or should be known, one line each.
        is_faulty: no record can be made of it.
        is_proposed: a network found the boxes, and nobody confirmed them: they count nowhere.
        overlapping: pairs of boxes that overlap by half or more.
    """

    path: Path
    split: str
    sha256: str
    size: tuple[int, int] | None
    boxes: tuple[Box, ...]
    notes: tuple[str, ...]
    is_faulty: bool
    is_proposed: bool
    overlapping: int

    @property
    def name(self) -> str:
        return printable(self.path.name)


class Dataset(Struct, frozen=True):
    """All of it; `findings` are the doctor's."""

    pictures: tuple[PictureFacts, ...]
    findings: tuple[Finding, ...]

    def boxes(self, split: str = "") -> Iterator[Box]:
        """The boxes of all pictures, or of those of a split."""
        for picture in self.confirmed:
            if split in ("", picture.split):
                yield from picture.boxes

    @property
    def confirmed(self) -> list[PictureFacts]:
        """The pictures whose boxes count."""
        return [one for one in self.pictures if not one.is_proposed]

    @property
    def duplicates(self) -> list[list[PictureFacts]]:
        """Pictures that are there more than once, byte for byte."""
        alike: dict[str, list[PictureFacts]] = {}
        for picture in self.pictures:
            if picture.sha256:
                alike.setdefault(picture.sha256, []).append(picture)
        return [same for same in alike.values() if len(same) > 1]

    def labels(self) -> Counter[tuple[str, str]]:
        """Count the boxes: (label, split) → how many."""
        return Counter((box.label, one.split) for one in self.confirmed for box in one.boxes)

    def pictures_of_labels(self) -> Counter[str]:
        """Count the pictures on which a label occurs."""
        return Counter(label for one in self.confirmed for label in {b.label for b in one.boxes})


def facts_of(read: Annotated, split: str) -> PictureFacts:
    """What the page keeps of a picture that was read."""
    faults = (*read.faults, *read.remarks)
    pairs = list(overlaps(read.boxes))
    twice = [box.label for box, other, share in pairs if is_one_object(box, other, share)]
    if twice:
        labels = ", ".join(sorted({printable(label) for label in twice}))
        faults = (*faults, f"two boxes lie on one another, of {labels}: one object twice?")
    if read.is_proposed and read.annotation is not None:
        network = printable(read.annotation.proposed_by)
        faults = (*faults, f"proposed by {network}, and nobody confirmed it")
    return PictureFacts(
        path=read.pair.picture,
        split=split,
        sha256=read.picture.sha256 if read.picture else "",
        size=read.picture.upright if read.picture else None,
        boxes=read.boxes,
        notes=faults,
        is_faulty=bool(read.faults),
        is_proposed=read.is_proposed,
        overlapping=len(pairs),
    )


def is_one_object(box: Box, other: Box, share: float) -> bool:
    return box.label == other.label and share >= ONE_OBJECT


def overlaps(boxes: Sequence[Box]) -> Iterator[tuple[Box, Box, float]]:
    """Pairs of boxes that overlap by half or more, and by how much."""
    for box, other in combinations(boxes[:MOST_COMPARED], 2):
        share = overlap(box.edges, other.edges)
        if share >= OVERLAPPING:
            yield box, other, share


def sizes(pictures: Iterable[PictureFacts]) -> list[tuple[tuple[int, int], int]]:
    """Sizes of pictures in pixels, and how many have each, the most frequent first."""
    return Counter(one.size for one in pictures if one.size).most_common()
