"""What a network takes for what: the label of each annotated object against that of what was found
there. Unlike a verdict (see `matching`), a pair asks for the place alone: labels may differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from tasks.compare.matching import SAME, overlap
from tasks.inference.results import Detection, GroundTruth

Pair = tuple[str | None, str | None]
"""The annotated label, and the one that was found: None where nothing is, or was found."""

NO_BOX, MISSED = "no box there", "missed"
OTHERS = ""
"""Stands for all labels that have no column; no label is empty."""
LABELS = 30
"""Labels that a matrix shows at most."""
SHADES = 4


class MatrixCell(Struct, frozen=True):
    """How often; `kind` is how page.css shades it: by its share of the row."""

    text: str
    kind: str


class Matrix(Struct, frozen=True):
    """One network's: a row for each annotated label, a column for each label that was found."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]


def pairs(sure: Sequence[Detection], truth: Sequence[GroundTruth]) -> Iterator[Pair]:
    """The objects of one picture. The best detection chooses first: of the objects that are left
    the one that it overlaps most, whatever the labels."""
    free = list(truth)
    for one in sorted(sure, key=lambda detection: -detection.score):
        best = max(free, key=lambda mark: overlap(mark.place, one.place), default=None)
        if best is None or overlap(best.place, one.place) < SAME:
            yield None, one.label
        else:
            free.remove(best)
            yield best.label, one.label
    yield from ((mark.label, None) for mark in free)


def matrix(title: str, counts: Mapping[Pair, int], ordered: Sequence[str]) -> Matrix:
    """The matrix of one network over the labels that are annotated, in the order of `ordered`;
    where there are many, over those with most errors. What is found under another label is in a
    column of its own."""
    labels = [one for one in ordered if any(one == annotated for annotated, _ in counts)]
    shown = _worst(labels, counts)
    caption = f"{title}: annotated (rows) and found (columns)"
    if len(shown) < len(labels):
        caption += f"; the {len(shown)} of {len(labels)} labels with most errors"
    grouped = _grouped(counts, shown)
    columns = dict[str | None, str]()  # as in a pair → its heading
    columns |= {label: label for label in shown}
    columns |= {OTHERS: "another label"} if any(found == OTHERS for _, found in grouped) else {}
    columns |= {None: MISSED}
    rows = ((label or NO_BOX, _row(label, columns, grouped)) for label in (*shown, None))
    return Matrix(caption, tuple(columns.values()), tuple(rows))


def _grouped(counts: Mapping[Pair, int], shown: Sequence[str]) -> Counter[Pair]:
    """The pairs of which the label that is annotated is shown, or none is."""
    grouped = Counter[Pair]()
    for (annotated, found), number in counts.items():
        if annotated is None or annotated in shown:
            grouped[annotated, found if found is None or found in shown else OTHERS] += number
    return grouped


def _worst(labels: Sequence[str], counts: Mapping[Pair, int]) -> list[str]:
    errors = Counter[str | None]()
    for (annotated, found), number in counts.items():
        if annotated != found:
            errors[annotated] += number
            errors[found] += number
    worst = set(sorted(labels, key=lambda one: -errors[one])[:LABELS])
    return [one for one in labels if one in worst]


def _row(
    annotated: str | None, columns: Iterable[str | None], grouped: Mapping[Pair, int]
) -> tuple[MatrixCell, ...]:
    numbers = {found: grouped.get((annotated, found), 0) for found in columns}
    whole = sum(numbers.values())
    return tuple(_cell((annotated, found), number, whole) for found, number in numbers.items())


def _cell(pair: Pair, number: int, whole: int) -> MatrixCell:
    annotated, found = pair
    if annotated is None and found is None:
        return MatrixCell("", "")  # nobody counts what is neither there nor found
    if not number:
        return MatrixCell("0", "none")
    kind = "right" if annotated == found else "wrong"
    return MatrixCell(f"{number:,}", f"{kind}-{math.ceil(number / whole * SHADES)}")
