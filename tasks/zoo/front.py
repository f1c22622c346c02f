"""The networks that no other beats: the Pareto front of speed against mAP."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.config.types import Output
from tasks.zoo.entries import Entry


def front(entries: Sequence[Entry], output: Output = "boxes") -> tuple[Entry, ...]:
    """Those for which no other is at least as fast and as accurate, and better in one; fastest
    first. Of rows with the same two figures all stay. A row that lacks a figure can't be judged.
    """
    judged = [
        (entry.speed_ms, -accuracy, entry)
        for entry in entries
        if entry.speed_ms is not None and (accuracy := entry.accuracy(output)) is not None
    ]
    judged.sort(key=lambda one: one[:2])
    kept: list[tuple[float, float, Entry]] = []
    for one in judged:
        if not kept or one[1] < kept[-1][1] or one[:2] == kept[-1][:2]:
            kept.append(one)
    return tuple(entry for _, _, entry in kept)
