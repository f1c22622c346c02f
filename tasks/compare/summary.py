"""One pass over all pictures: which of them the page shows, and how many objects there are of each
label at each threshold. Only small numbers are kept of each picture: there may be thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from tasks.compare.matching import SAME, Pair, pairs, tally
from tasks.inference.results import Detection, PictureDetections
from tasks.pages.boxes import LEAST, SURE, Labels, overlap, whole_percent

PICTURES = 60
"""How many the page shows at most."""

STEP = 5
THRESHOLDS = tuple(range(LEAST, 100, STEP))
"""What the slider can be set to, in percent."""


class PictureSummary(Struct, frozen=True):
    """One picture: `errors` counts where networks err or disagree on it; see `errors_on`. `f1` is
    that of each watched network which is judged on it."""

    name: str
    errors: int
    f1: dict[str, float] = {}


class Summary(Struct, frozen=True):
    """All pictures.

    Attributes:
        pictures: in the order of the set.
        labels: as the page lists them.
        counts: network → label → how many detections reach each of `THRESHOLDS`.
        confusion: watched network that is judged → how often it took what for what.
    """

    pictures: tuple[PictureSummary, ...]
    labels: Labels
    counts: dict[str, dict[str, tuple[int, ...]]]
    confusion: dict[str, Counter[Pair]] = {}


def summarize(
    pictures: Iterable[PictureDetections],
    own_labels: Sequence[str],
    known: Mapping[str, Collection[str]],
    watched: Collection[str] = (),
) -> Summary:
    """Read every picture once.

    `own_labels` are the project's; `known` holds, for each network with a mAP, the labels that both
    it and the annotations know. Of the networks in `watched` more is wanted: how they did on each
    picture, and what they took for what.
    """
    confusion = {network: Counter[Pair]() for network in watched if network in known}
    summaries = list[PictureSummary]()
    labels = set[str]()
    scores: dict[str, Counter[tuple[str, int]]] = {}
    for picture in pictures:
        f1 = _watch(picture, known, confusion)
        summaries.append(PictureSummary(picture.name, errors_on(picture, known), f1))
        labels.update(mark.label for mark in picture.truth or ())
        for network, found in picture.found.items():
            reached = scores.setdefault(network, Counter())
            for one in found:
                percent = whole_percent(one.score)
                if percent >= LEAST:
                    reached[one.label, percent] += 1
                    labels.add(one.label)
    # The project's labels first, then the others that occur, by name.
    ordered = dict.fromkeys((*own_labels, *sorted(labels.difference(own_labels))))
    return Summary(
        pictures=tuple(summaries),
        labels={label: number for number, label in enumerate(ordered)},
        counts={network: _by_label(reached) for network, reached in scores.items()},
        confusion=confusion,
    )


def _watch(
    picture: PictureDetections,
    known: Mapping[str, Collection[str]],
    confusion: Mapping[str, Counter[Pair]],
) -> dict[str, float]:
    """Count into `confusion`; network → its F1 on this picture."""
    f1 = dict[str, float]()
    for network, counted in confusion.items():
        if picture.truth is not None and network in picture.found:
            sure = sure_ones(picture.found[network])
            f1[network] = tally(sure, picture.truth, known[network]).f1
            counted.update(pairs(sure, picture.truth))
    return f1


def _by_label(reached: Counter[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    by_label: dict[str, list[int]] = {}
    for (label, percent), number in reached.items():
        row = by_label.setdefault(label, [0] * len(THRESHOLDS))
        for place, threshold in enumerate(THRESHOLDS):
            row[place] += number * (percent >= threshold)
    return {label: tuple(row) for label, row in by_label.items()}


def errors_on(picture: PictureDetections, known: Mapping[str, Collection[str]]) -> int:
    """Objects that were missed or wrongly found, over all networks; where there are no annotations,
    objects that one network finds and another does not."""
    sure = {network: sure_ones(found) for network, found in picture.found.items()}
    judged = {network: found for network, found in sure.items() if network in known}
    if picture.truth is not None and judged:
        tallies = (tally(found, picture.truth, known[name]) for name, found in judged.items())
        return sum(one.wrong + one.missed for one in tallies)
    lists = list(sure.values())
    return sum(_unshared(one, other) for one in lists for other in lists if one is not other)


def sure_ones(found: Sequence[Detection]) -> list[Detection]:
    """The detections that the page opens with."""
    return [one for one in found if whole_percent(one.score) >= SURE]


def _unshared(some: Sequence[Detection], others: Sequence[Detection]) -> int:
    return sum(
        not any(a.label == b.label and overlap(a.place, b.place) >= SAME for b in others)
        for a in some
    )


def choose(pictures: Sequence[PictureSummary], most: int = PICTURES) -> tuple[str, ...]:
    """The names of at most `most` pictures, spread over the set: the set is cut into as many
    stretches, and of each the picture is taken on which networks err or disagree most."""
    if len(pictures) <= most:
        return tuple(one.name for one in pictures)
    edges = [len(pictures) * number // most for number in range(most + 1)]
    stretches = [pictures[a:b] for a, b in pairwise(edges)]
    return tuple(max(stretch, key=lambda one: one.errors).name for stretch in stretches)


def worst_first(
    pictures: Sequence[PictureSummary], network: str, most: int = PICTURES
) -> tuple[str, ...]:
    """The names of the pictures on which this network's F1 is lowest; where it is not judged last.
    Equal ones stay in the order of the set."""
    ordered = sorted(pictures, key=lambda one: one.f1.get(network, 2.0))
    return tuple(one.name for one in ordered[:most])
