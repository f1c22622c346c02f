"""One pass over all pictures: which of them the page shows, and how many objects there are of each
label at each threshold. Only small numbers are kept of each picture: there may be thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from tasks.compare.boxes import LEAST, SURE, Labels, overlap, verdicts, whole_percent
from tasks.inference.results import Detection, PictureDetections

PICTURES = 60
"""How many the page shows at most."""

STEP = 5
THRESHOLDS = tuple(range(LEAST, 100, STEP))
"""What the slider can be set to, in percent."""


class Noted(Struct, frozen=True):
    """A picture of the survey; `oddity` counts where networks err or disagree."""

    name: str
    oddity: int


class Survey(Struct, frozen=True):
    """All pictures.

    Attributes:
        pictures: in the order of the set.
        labels: as the page lists them.
        counts: network → label → how many detections reach each of `THRESHOLDS`.
    """

    pictures: tuple[Noted, ...]
    labels: Labels
    counts: dict[str, dict[str, tuple[int, ...]]]


def survey(
    pictures: Iterable[PictureDetections],
    own_labels: Sequence[str],
    known: Mapping[str, Collection[str]],
) -> Survey:
    """Look at every picture once.

    `own_labels` are the project's; `known` says for each network that was judged by annotations
    which labels both sides know.
    """
    noted = list[Noted]()
    labels = set[str]()
    scores: dict[str, Counter[tuple[str, int]]] = {}
    for picture in pictures:
        noted.append(Noted(picture.name, oddity(picture, known)))
        labels.update(mark.label for mark in picture.truth or ())
        for network, found in picture.found.items():
            tally = scores.setdefault(network, Counter())
            for one in found:
                percent = whole_percent(one.score)
                if percent >= LEAST:
                    tally[one.label, percent] += 1
                    labels.add(one.label)
    counts = {network: _by_label(tally) for network, tally in scores.items()}
    return Survey(tuple(noted), labels_in_order(own_labels, labels), counts)


def labels_in_order(own: Sequence[str], found: Collection[str]) -> Labels:
    """The project's labels first, then the others that occur, by name."""
    ordered = dict.fromkeys((*own, *sorted(set(found) - set(own))))
    return {label: number for number, label in enumerate(ordered)}


def _by_label(tally: Counter[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    by_label: dict[str, list[int]] = {}
    for (label, percent), number in tally.items():
        row = by_label.setdefault(label, [0] * len(THRESHOLDS))
        for place, threshold in enumerate(THRESHOLDS):
            row[place] += number * (percent >= threshold)
    return {label: tuple(row) for label, row in by_label.items()}


def oddity(picture: PictureDetections, known: Mapping[str, Collection[str]]) -> int:
    """Objects that were missed or wrongly found, over all networks; where there are no annotations,
    objects that one network sees and another does not."""
    sure = {
        network: [one for one in found if whole_percent(one.score) >= SURE]
        for network, found in picture.found.items()
    }
    judged = {network: found for network, found in sure.items() if network in known}
    if picture.truth is not None and judged:
        return sum(_errors(picture, found, known[network]) for network, found in judged.items())
    lists = list(sure.values())
    return sum(_unshared(one, other) for one in lists for other in lists if one is not other)


def _errors(picture: PictureDetections, found: Sequence[Detection], known: Collection[str]) -> int:
    right = verdicts(found, picture.truth, known)
    marks = sum(mark.label in known for mark in picture.truth or ())
    return right.count(False) + marks - right.count(True)


def _unshared(some: Sequence[Detection], others: Sequence[Detection]) -> int:
    return sum(
        not any(a.label == b.label and overlap(a.place, b.place) >= 0.5 for b in others)
        for a in some
    )


def choose(pictures: Sequence[Noted], most: int = PICTURES) -> tuple[str, ...]:
    """At most `most` pictures, spread over the set: the set is cut into as many stretches, and of
    each the picture is taken on which networks err or disagree most."""
    if len(pictures) <= most:
        return tuple(one.name for one in pictures)
    edges = [len(pictures) * number // most for number in range(most + 1)]
    stretches = [pictures[a:b] for a, b in pairwise(edges)]
    return tuple(max(stretch, key=lambda one: one.oddity).name for stretch in stretches)
