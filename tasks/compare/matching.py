"""Which detections are right: those that have an annotated object of their own. And what a network
takes for what: the label of each annotated object against that of what was found there, for which
the place alone counts; labels may differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from tasks.inference.results import Detection, GroundTruth
from tasks.pages.boxes import overlap

SAME = 0.5
"""Intersection over union from which on two boxes are of the same object."""

Pair = tuple[str | None, str | None]
"""The annotated label, and the one that was found: None where nothing is, or was found."""

NO_BOX, MISSED = "no box there", "missed"
OTHERS = ""
"""Stands for all labels that have no column; no label is empty."""
LABELS = 30
"""Labels that a matrix shows at most."""
SHADES = 4


def verdicts(
    found: Sequence[Detection], truth: Sequence[GroundTruth] | None, known: Collection[str]
) -> list[bool | None]:
    """For each detection whether it has an annotated object of its own: same label, IoU 0.5; None
    for a label that is not in `known`, and without annotations. The best detection chooses first,
    so what a lower score adds changes no verdict: they hold for every threshold."""
    if truth is None:
        return [None] * len(found)
    free = list(truth)
    right: list[bool | None] = []
    for one in found:
        if one.label not in known:
            right.append(None)
            continue
        same = [mark for mark in free if mark.label == one.label]
        best = max(same, key=lambda mark: overlap(mark.place, one.place), default=None)
        if best is None or overlap(best.place, one.place) < SAME:
            right.append(False)
        else:
            free.remove(best)
            right.append(True)
    return right


class Tally(Struct, frozen=True):
    """How well a network did on a picture: detections that are right or wrong, objects missed."""

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 if nothing was to be found, or was."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0


def tally(
    found: Sequence[Detection], truth: Sequence[GroundTruth], known: Collection[str]
) -> Tally:
    """What is annotated or found under a label that is not in `known` does not count."""
    judged = verdicts(found, truth, known)
    right = judged.count(True)
    return Tally(right, judged.count(False), sum(m.label in known for m in truth) - right)


# --- what a network takes for what --------------------------------------------------------------


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
