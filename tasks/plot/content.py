"""What the plot shows: every network of the catalogue, as a point or by name. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from tasks.config.types import Family
from tasks.zoo.entries import Entry, pareto_front


class Point(Struct, frozen=True):
    """One network on the plot.

    Attributes:
        ms: published time for a picture, milliseconds.
        mAP: published, in percent: of keypoints if `hollow`, else of boxes.
        hollow: only a keypoint or mask mAP is published, which can't be compared with one of boxes.
        best: on the Pareto front.
        marked: a project of the workspace uses it.
    """

    name: str
    title: str
    family: Family
    ms: float
    accuracy: float
    hollow: bool = False
    best: bool = False
    marked: bool = False


class Content(Struct, frozen=True):
    """All that is drawn.

    Attributes:
        points: in the catalogue's order.
        silent: titles of the zoo's networks of which speed or mAP is not published.
        silent_of_yours: the same of the workspace's other networks, by name.
    """

    points: tuple[Point, ...]
    silent: tuple[str, ...]
    silent_of_yours: tuple[str, ...]


def content(entries: Sequence[Entry], wanted: Collection[str]) -> Content:
    """Sort the rows into what can be drawn and what can only be named.

    A network of the user's own that no project uses and that has no figures is neither.
    """
    best = {entry.name for entry in pareto_front(entries)}
    points, silent, yours = list[Point](), list[str](), list[str]()
    for entry in entries:
        accuracy, hollow = _accuracy(entry)
        if entry.speed_ms is not None and accuracy is not None:
            marked = entry.name in wanted
            points.append(
                Point(
                    name=entry.name,
                    title=entry.title or entry.name,
                    family=entry.family,
                    ms=entry.speed_ms,
                    accuracy=accuracy,
                    hollow=hollow,
                    best=entry.name in best,
                    marked=marked,
                )
            )
        elif entry.origin == "zoo":
            silent.append(entry.title or entry.name)
        elif entry.name in wanted:
            yours.append(entry.name)
    return Content(tuple(points), tuple(silent), tuple(yours))


def _accuracy(entry: Entry) -> tuple[float | None, bool]:
    if entry.map_boxes is not None:
        return entry.map_boxes, False
    other = entry.map_keypoints if entry.map_keypoints is not None else entry.map_masks
    return other, other is not None
